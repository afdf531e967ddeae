"""
C{ctrader sim}: a simulated exchange for the commands, with a profile of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import frozen
from rich.console import Console
from twisted.internet.defer import Deferred, execute

from ctrader_twisted.cli.terminal import say
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.oauth.changing import changeTokens
from ctrader_twisted.profiles import ProfileFile
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.faults.script import readScript
from ctrader_twisted.simulator.service import SimulatorService

__all__ = ["Wanted", "folderOf", "sim"]

_PROFILE = "sim"
_TOKENS = "tokens-sim.json"


@frozen
class Wanted:
    """
    What was said on the command line.

    @ivar directory: where the simulator lives; L{None} for a folder beside the file of profiles.
    @ivar port: the port for clients; 0 for a free one.
    @ivar oauthPort: the port for OAuth; 0 for a free one.
    @ivar seed: prices and credentials follow from it.
    @ivar speed: simulated seconds in a second.
    @ivar faults: a script of what is to go wrong; L{None} for nothing.
    """

    directory: Path | None
    port: int
    oauthPort: int
    seed: int
    speed: float
    faults: Path | None = None


def folderOf(directory: Path | None, file: ProfileFile) -> Path:
    """
    Find the folder in which a simulator lives.

    @param directory: what was said on the command line; L{None} for a folder beside the file of profiles.
    @param file: the file of profiles.
    """
    return (directory or file.path.parent / "sim").resolve()


async def sim(reactor: Any, console: Console, file: ProfileFile, wanted: Wanted) -> None:
    """
    Run a simulator until this is cancelled, and lead the profile to it.

    @param reactor: the reactor.
    @param console: where to tell how to go on.
    @param file: the file of profiles.
    @param wanted: what was said on the command line.
    @raise ConfigurationError: if its directory, a port, the profile, the tokens or the script cannot be used.
    @raise TokensBusy: if another process keeps the tokens locked.
    """
    folder = folderOf(wanted.directory, file)
    script = None if wanted.faults is None else readScript(wanted.faults)
    exchange = Exchange.default(reactor, seed=wanted.seed, epoch=int(reactor.seconds() * 1000), speed=wanted.speed)
    service = SimulatorService(
        reactor,
        exchange,
        Directory(folder, reactor),
        port=wanted.port,
        oauthPort=wanted.oauthPort,
        isRealTime=True,
        script=script,
    )
    service.startService()
    try:
        file.write(_PROFILE, {"simulator": str(folder), "tokens": _TOKENS})
        store = file.read(_PROFILE).tokenStoreWith(execute)
        await changeTokens(store, reactor, lambda pairs: _usable(exchange, pairs))
        _tell(console, folder, file, exchange)
        await Deferred()
    finally:
        await service.stopService()


def _usable(exchange: Exchange, pairs: tuple[TokenPair, ...]) -> tuple[TokenPair, ...]:
    """
    Leave stored pairs as they are if one of them is of use, and otherwise give one that is.
    """
    if any(_isGood(exchange, pair) for pair in pairs):
        return pairs
    grant = exchange.registry.grantNamed("trade")
    expires = round(grant.expires * 1000)
    return (TokenPair(grant.accessToken, grant.refreshToken, expires=expires, scope="trading", userId=grant.userId),)


def _isGood(exchange: Exchange, pair: TokenPair) -> bool:
    now = exchange.clock.seconds()
    return any(
        pair.refreshToken == grant.refreshToken or (pair.accessToken == grant.accessToken and now < grant.expires)
        for grant in exchange.registry.grants
    )


def _tell(console: Console, folder: Path, file: ProfileFile, exchange: Exchange) -> None:
    accountId = exchange.registry.grantNamed("trade").accountIds[0]
    say(console, f"The simulator runs. What a client needs to know of it stands in {folder / 'simulator.json'}")
    ahead = exchange.timeline.now() / 1000 - exchange.clock.seconds()
    if ahead >= 60:
        say(console, f"Its time is {ahead / 3600:.1f} hours ahead, so that its market was open when it started.")
    say(console, f"The profile {_PROFILE} in {file.path} leads to it. In another terminal:")
    for command in ("accounts", f"quotes EURUSD --account {accountId}", "login"):
        say(console, f"    ctrader {command} --profile {_PROFILE}", "green")
    say(console, "Ctrl-C ends it.")
