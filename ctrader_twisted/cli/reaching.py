"""
What C{ctrader doctor} finds between this machine and the server: names, the way there, certificates, the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.cli.findings import Report
from ctrader_twisted.cli.probes import Probes, Seen
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.oauth.services import LOOPBACK
from ctrader_twisted.profiles import Profile
from ctrader_twisted.wire.endpoints import DEMO_HOST, LIVE_HOST, PORT

__all__ = ["addressOf", "checkClock", "checkWay"]

_HOSTS = {"demo": DEMO_HOST, "live": LIVE_HOST}
_TOLERANCE = 5.0
_RESOLUTION = 0.5


def addressOf(profile: Profile) -> tuple[str, int]:
    """
    @param profile: a profile.
    @return: the host that it connects to, and the port.
    """
    _, host, *rest = re.split(r"(?<!\\):", profile.endpoint)
    port = int(rest[0]) if rest and rest[0].isdigit() else PORT
    return _HOSTS.get(host, host.replace("\\", "")), port


async def checkWay(report: Report, probes: Probes, host: str, port: int) -> Seen | None:
    """
    Check whether the server can be reached.

    @param report: where to tell of it.
    @param probes: look at the network.
    @param host: the server.
    @param port: its port.
    @return: the certificate that it shows; L{None} if it cannot be reached.
    """
    try:
        report.ok("DNS", f"{host} is {', '.join(await probes.addresses(host))}")
    except CTraderError as error:
        report.wrong("DNS", f"{_ended(error)} Check this machine's network and its name server.")
        return None
    try:
        seen = await probes.certificate(host, port)
    except CTraderError as error:
        advice = f"Check whether a firewall or a proxy keeps port {port} from you."
        if host in LOOPBACK:
            advice = "Check whether the simulator runs: ctrader sim"
        report.wrong("TCP and TLS", f"{_ended(error)} {advice}")
        return None
    report.ok("TCP and TLS", f"{host} answers at port {port}, with a certificate that {seen.issuer} has signed")
    return seen


async def checkClock(
    report: Report, probes: Probes, url: str, clock: IReactorTime, wallClock: Callable[[], int]
) -> None:
    """
    Compare this machine's clock with another one.

    @param report: where to tell of it.
    @param probes: look at the network.
    @param url: a page on a server that may tell the time.
    @param clock: the reactor.
    @param wallClock: milliseconds since 1970.
    """
    asked, begun = wallClock() / 1000, clock.seconds()
    try:
        there = await probes.time(url)
    except CTraderError as error:
        return report.skipped("clock", f"the token service would tell the time, but {error}")
    if there is None:
        return report.skipped("clock", "the token service does not tell the time")
    took = clock.seconds() - begun
    ahead = asked + took / 2 - there
    # Nobody knows when on its way the answer was made.
    tolerance = _TOLERANCE + took / 2 + _RESOLUTION
    if abs(ahead) <= tolerance:
        return report.ok("clock", f"it is right, to within {tolerance:.0f} s")
    moment = datetime.fromtimestamp(there, UTC)
    return report.wrong(
        "clock",
        f"it is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}: elsewhere it is {moment:%Y-%m-%d %H:%M:%S} "
        "UTC. Certificates, the expiry of tokens and the age of quotes depend on it; let the system set it by itself "
        "(NTP).",
    )


def _ended(error: CTraderError) -> str:
    # Some of the reasons that the system gives end with a full stop.
    return f"{str(error).rstrip('.')}."
