"""
What C{ctrader doctor} finds at the server: whether it takes the tokens, and what they allow.
"""

from __future__ import annotations

from collections.abc import Iterable

from ctrader_twisted.cli.findings import Report
from ctrader_twisted.cli.tables import moment
from ctrader_twisted.cli.visit import Granted, granted
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import CTraderError, TokenRefused
from ctrader_twisted.profiles import Profile
from ctrader_twisted.requests import AccountRequests, ApplicationRequests
from ctrader_twisted.requests.asking import Send
from ctrader_twisted.schema.messages import ProtoOAAccessRights
from ctrader_twisted.session.grants import AccountInfo

__all__ = ["checkAccount", "checkHost", "checkPairs", "checkUnasked"]

_DAY = 86_400_000
_EXPIRED = "OA_AUTH_TOKEN_EXPIRED"

_RIGHTS: dict[int, str] = {
    ProtoOAAccessRights.CLOSE_ONLY: "positions can only be closed",
    ProtoOAAccessRights.NO_TRADING: "it may not be traded",
    ProtoOAAccessRights.NO_LOGIN: "it may not be used",
}


async def checkPairs(
    report: Report, requests: ApplicationRequests, profile: Profile, pairs: Iterable[TokenPair], now: int
) -> list[Granted]:
    """
    Check whether the server takes the stored pairs.

    @param report: where to tell of it.
    @param requests: of a connection, on which the application is logged in.
    @param profile: the profile.
    @param pairs: its pairs.
    @param now: the time, in milliseconds since 1970.
    @return: those that it takes.
    """
    taken = []
    for pair in pairs:
        try:
            found = await granted(requests, pair)
        except TokenRefused as error:
            _refused(report, profile, pair, error)
        except CTraderError as error:
            report.wrong(_nameOf(pair), error.explain())
        else:
            taken.append(found)
            scope = f"scope {found.pair.scope}"
            report.ok(_nameOf(found.pair), f"the server takes it; {scope}; {_described(pair, now)}")
    return taken


def checkUnasked(report: Report, profile: Profile, pairs: Iterable[TokenPair], now: int) -> None:
    """
    Tell what is known of the stored pairs when the server cannot be asked.

    @param report: where to tell of it.
    @param profile: the profile.
    @param pairs: its pairs.
    @param now: the time, in milliseconds since 1970.
    """
    for pair in pairs:
        if pair.refreshToken is None and pair.expires is not None and pair.expires <= now:
            report.wrong(_nameOf(pair), f"{_described(pair, now)}; {_anew(profile)}")
        else:
            report.skipped(_nameOf(pair), f"the server cannot be asked; {_described(pair, now)}")
    report.skipped("accounts", "the server cannot be asked")


def checkHost(report: Report, profile: Profile, found: Iterable[Granted]) -> list[tuple[AccountInfo, TokenPair]]:
    """
    Check whether accounts of the stored pairs live on the profile's host.

    @param report: where to tell of it.
    @param profile: the profile.
    @param found: what the pairs are good for.
    @return: the accounts on this host, each with a pair that covers it.
    """
    # Of two pairs for one account, the one that allows more counts.
    several = sorted(found, key=lambda each: each.pair.scope == "trading")
    everywhere = {account.accountId: (account, each.pair) for each in several for account in each.accounts}
    mine = [(account, pair) for account, pair in everywhere.values() if account.isLive == profile.isLive]
    here, there = ("live", "demo") if profile.isLive else ("demo", "live")
    counts = f"accounts on the {here} host, to which this profile connects: {len(mine)}; on the {there} host: "
    counts += str(len(everywhere) - len(mine))
    if mine:
        report.ok("host", counts)
    else:
        advice = f"use the profile {there}, or choose a {here} account: ctrader login --profile {profile.name}"
        report.wrong("host", f"{counts}; {advice}")
    return mine


async def checkAccount(report: Report, profile: Profile, send: Send, account: AccountInfo, pair: TokenPair) -> None:
    """
    Check what can be done with an account.

    @param report: where to tell of it.
    @param profile: the profile.
    @param send: of a connection, on which the application is logged in.
    @param account: the account.
    @param pair: a pair that covers it.
    """
    subject = f"account {account.accountId}"
    requests = AccountRequests(send, account.accountId)
    try:
        await requests.accountAuth(accessToken=pair.accessToken.reveal())
        rights = (await requests.trader()).trader.accessRights
    except CTraderError as error:
        report.wrong(subject, error.explain())
        return
    if rights in _RIGHTS:
        report.wrong(subject, f"the broker says that {_RIGHTS[rights]}; ask the broker")
    elif account.canTrade:
        report.ok(subject, "it can be traded")
    else:
        advice = f"to trade it: ctrader login --profile {profile.name} --scope trading"
        report.ok(subject, f"it can be looked at, and not traded, since the scope is accounts; {advice}")


def _nameOf(pair: TokenPair) -> str:
    return "token" if pair.userId is None else f"token of {pair.userId}"


def _described(pair: TokenPair, now: int) -> str:
    if pair.expires is None:
        expiry = "when it expires is not known"
    elif pair.expires <= now:
        expiry = f"it expired on {moment(pair.expires):%Y-%m-%d}"
    else:
        expiry = f"it expires on {moment(pair.expires):%Y-%m-%d}, in {(pair.expires - now) // _DAY} days"
    return f"{expiry}; it can{'not' if pair.refreshToken is None else ''} be renewed"


def _refused(report: Report, profile: Profile, pair: TokenPair, error: TokenRefused) -> None:
    isExpired = error.code == _EXPIRED
    if isExpired and pair.refreshToken is not None:
        report.ok(_nameOf(pair), "it has expired, and the next client or command renews it")
        return
    reason = "it has expired" if isExpired else "it was revoked, or another program has renewed it and kept the new one"
    report.wrong(_nameOf(pair), f"the server refuses it with {error.code}: {reason}; {_anew(profile)}")


def _anew(profile: Profile) -> str:
    return f"to get a new one: ctrader login --profile {profile.name}"
