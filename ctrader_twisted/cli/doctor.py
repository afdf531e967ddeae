"""
C{ctrader doctor}: what stands between a profile and its accounts, and what to do about it. It changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from random import Random
from typing import Any

from attrs import frozen
from rich.console import Console

from ctrader_twisted.cli.findings import Report
from ctrader_twisted.cli.granting import checkAccount, checkHost, checkPairs, checkUnasked
from ctrader_twisted.cli.probes import Probes, Seen
from ctrader_twisted.cli.reaching import addressOf, checkClock, checkWay
from ctrader_twisted.cli.sharing import doubles, sharers
from ctrader_twisted.cli.using import ProfileChoice
from ctrader_twisted.cli.visit import authorise, visiting
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import CertificateRefused, ConfigurationError, CTraderError
from ctrader_twisted.profiles import Profile, ProfileFile
from ctrader_twisted.requests import ApplicationRequests
from ctrader_twisted.wire import OpenApiProtocol

__all__ = ["Doctor"]


@frozen
class Doctor:
    """
    Checks a profile, from its file to its accounts.

    @ivar reactor: the reactor.
    @ivar console: where to show what is found.
    @ivar probes: look at the network.
    @ivar wallClock: milliseconds since 1970.
    @ivar randomness: for ids.
    """

    reactor: Any
    console: Console
    probes: Probes
    wallClock: Callable[[], int]
    randomness: Random

    async def examine(self, file: ProfileFile, choice: ProfileChoice) -> None:
        """
        Check all that can be checked.

        @param file: the file of profiles.
        @param choice: which profile.
        @raise CTraderError: if anything is wrong.
        """
        report = Report(self.console)
        profile = _profile(report, file, choice)
        if profile is not None:
            pairs = await self._stored(report, profile)
            if pairs:
                await self._sharing(report, file, profile, pairs)
            await self._server(report, profile, pairs)
        if report.wrongs:
            raise CTraderError(f"checks that found something wrong: {report.wrongs}")

    async def _stored(self, report: Report, profile: Profile) -> tuple[TokenPair, ...]:
        try:
            pairs = await profile.tokenStore(self.reactor).load()
        except ConfigurationError as error:
            report.wrong("token store", error.explain())
            return ()
        where = "the keyring of this system" if profile.tokens is None else str(profile.tokens)
        if pairs:
            report.ok("token store", f"{where}, which nobody else can read")
        else:
            report.wrong("token store", f"{where} holds no tokens; to get some: ctrader login --profile {profile.name}")
        return pairs

    async def _sharing(self, report: Report, file: ProfileFile, profile: Profile, pairs: tuple[TokenPair, ...]) -> None:
        doubled = await doubles(self.reactor, file, profile, pairs)
        for name in doubled:
            report.wrong(
                "sharing",
                f"the profile {name} keeps the same tokens in another store; as soon as one renews them, they are dead "
                f"for the other. Give both the same tokens = ... in {file.path}",
            )
        if not doubled:
            shared = ", ".join(sharers(file, profile))
            report.ok("sharing", f"this store serves {shared}, too" if shared else "no other store holds these tokens")

    async def _server(self, report: Report, profile: Profile, pairs: tuple[TokenPair, ...]) -> None:
        host, port = addressOf(profile)
        seen = await checkWay(report, self.probes, host, port)
        await checkClock(report, self.probes, profile.services.tokenUrl, self.reactor, self.wallClock)
        async with AsyncExitStack() as stack:
            protocol = None if seen is None else await self._secured(report, profile, seen, stack)
            if protocol is not None and await _takesApplication(report, profile, protocol):
                await self._access(report, profile, pairs, protocol)
            else:
                checkUnasked(report, profile, pairs, self.wallClock())

    async def _secured(
        self, report: Report, profile: Profile, seen: Seen, stack: AsyncExitStack
    ) -> OpenApiProtocol | None:
        try:
            endpoint = profile.makeEndpoint(self.reactor)
            protocol = await stack.enter_async_context(visiting(self.reactor, endpoint, self.randomness))
        except CertificateRefused as error:
            report.wrong("certificate", f"{error}. {self._distrust(seen)}")
            return None
        except CTraderError as error:
            report.wrong("certificate", error.explain())
            return None
        report.ok("certificate", f"it is for this host, and {seen.issuer} is trusted; it ends on {seen.ends:%Y-%m-%d}")
        return protocol

    def _distrust(self, seen: Seen) -> str:
        now = datetime.fromtimestamp(self.wallClock() // 1000, UTC)
        if not seen.begins <= now <= seen.ends:
            return (
                f"It is valid from {seen.begins:%Y-%m-%d} to {seen.ends:%Y-%m-%d}, and this machine's clock says "
                f"{now:%Y-%m-%d}; see whether the clock is right."
            )
        return (
            f"{seen.issuer} has signed it. If that is a program on this machine or your company, it reads all that you "
            "send: make it leave this host alone, or use another network."
        )

    async def _access(
        self, report: Report, profile: Profile, pairs: tuple[TokenPair, ...], protocol: OpenApiProtocol
    ) -> None:
        requests = ApplicationRequests(protocol.request)
        taken = await checkPairs(report, requests, profile, pairs, self.wallClock())
        if not taken:
            return report.skipped("accounts", "without a token that the server takes, no account can be looked at")
        for account, pair in checkHost(report, profile, taken):
            await checkAccount(report, profile, protocol.request, account, pair)
        return None


def _profile(report: Report, file: ProfileFile, choice: ProfileChoice) -> Profile | None:
    try:
        profile = choice.read(file)
    except ConfigurationError as error:
        report.wrong("profile", error.explain())
        report.skipped("all else", "without a profile there is nothing to look at")
        return None
    report.ok("profile", f"{profile.name} in {file.path}, which nobody else can read")
    return profile


async def _takesApplication(report: Report, profile: Profile, protocol: OpenApiProtocol) -> bool:
    try:
        await authorise(ApplicationRequests(protocol.request), profile)
    except CTraderError as error:
        report.wrong("application", error.explain())
        return False
    report.ok("application", f"the server takes {profile.application.clientId}")
    return True
