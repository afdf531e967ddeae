"""
C{twistd ctrader-sim}: the simulated exchange as a daemon.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from twisted.application.service import IService
from twisted.python.usage import Options as BaseOptions
from twisted.python.usage import UsageError

from ctrader_twisted.errors import ConfigurationError, StoreFailed
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.faults.script import Script, readScript
from ctrader_twisted.simulator.market.source import Recording
from ctrader_twisted.simulator.market.stored import readRecording
from ctrader_twisted.simulator.service import SimulatorService
from ctrader_twisted.tap.ending import Ending

__all__ = ["Options", "makeService"]

_SYMBOLS = tuple(symbol.name for symbol in Catalogue().symbols.values())


def _port(text: str) -> int:
    """
    Read a port number; twistd prints the words of the error.
    """
    if not (text.isascii() and text.isdigit() and int(text) < 65_536):
        raise ValueError(f"{text!r} is no port: give a number from 0 (any free port) to 65535.")
    return int(text)


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no seed: give a whole number.") from None


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 100_000:
        raise ValueError(f"{text!r} is no speed: give a number above 0, at most 100000.")
    return speed


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time: give one like 2020-01-01T22:00:00Z.") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: give a time like 2020-01-01T22:00:00Z.")
    return round(moment.timestamp() * 1000)


class Options(BaseOptions):
    """
    What can be chosen on the command line.
    """

    synopsis = "[options] --directory DIR"
    longdesc = (
        "Runs a simulated cTrader server on this computer. It keeps its state in DIR, and once it listens it writes "
        "DIR/simulator.json, which holds everything that a client needs to connect. Its time is the real one, unless "
        "the market is closed when it is started, as at weekends: then its time is set forward to an hour after the "
        "next opening, and stays ahead by that much, in later runs in DIR, too. With --replay or --replay-start it has "
        "a time of its own."
    )
    optParameters = [
        ["directory", "d", None, "The folder in which the simulator lives."],
        ["port", "p", 5035, "The port for clients; 0 for any free port.", _port],
        ["oauth-port", None, 5080, "The port for OAuth; 0 for any free port.", _port],
        ["seed", "s", 0, "Prices and credentials follow from this number.", _seed],
        ["replay-start", None, None, "Begin at this time, such as 2020-01-01T22:00:00Z.", _moment],
        ["speed", None, 1.0, "Simulated seconds in a second.", _speed],
        ["faults", "f", None, "A script of what is to go wrong, as TOML."],
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["replay"], self["replay-ask"] = {}, {}

    def opt_replay(self, text: str) -> None:
        """
        Replay recorded ticks, or bars of the bid: SYMBOL=FILE, or the folder of a dataset. May be given for several
        symbols.
        """
        self._addFile("replay", text)

    def opt_replay_ask(self, text: str) -> None:
        """
        Where a file to replay holds bars of the bid, those of the ask: SYMBOL=FILE.
        """
        self._addFile("replay-ask", text)

    def postOptions(self) -> None:
        """
        Check what only shows in the end.

        @raise UsageError: if no directory was given, or bars of the ask without those of the bid.
        """
        if self["directory"] is None:
            raise UsageError("Say where the simulator shall keep its state: --directory DIR.")
        for name in self["replay-ask"]:
            if name not in self["replay"]:
                raise UsageError(f"--replay-ask {name}: say where the bars of the bid are: --replay {name}=FILE.")

    def _addFile(self, option: str, text: str) -> None:
        name, separator, file = text.partition("=")
        if not separator or not file:
            raise UsageError(f"--{option} {text}: say SYMBOL=FILE, such as EURUSD=ticks.csv.")
        if name not in _SYMBOLS:
            raise UsageError(f"--{option} {text}: there is no symbol {name}; there are {', '.join(_SYMBOLS)}.")
        self[option][name] = Path(file)


class _PlainEnd(SystemExit, Exception):
    """
    Ends the process with a sentence in place of a traceback.

    It is an ordinary exception, too: of any other, twistd does not hear when it has gone into the background, and the
    process in the foreground waits for ever.
    """


class _PlainService(SimulatorService):
    """
    Ends the process with a sentence if it cannot start.
    """

    def startService(self) -> None:
        try:
            super().startService()
        except ConfigurationError as error:
            raise _PlainEnd(f"ctrader-sim: {error}") from error


def makeService(options: Mapping[str, Any]) -> IService:
    """
    Make the service. A termination signal is a clean end of the process, with status 0.

    @param options: what was chosen.
    @raise SystemExit: if a file to replay, or the script, cannot be used.
    """
    from twisted.internet import reactor

    script = _script(options["faults"])
    try:
        asks = options["replay-ask"]
        replay = {name: readRecording(name, path, asks.get(name)) for name, path in options["replay"].items()}
    except (ConfigurationError, StoreFailed) as error:
        raise SystemExit(f"ctrader-sim: {error}") from error
    Ending(reactor).prepare()
    return _makeService(reactor, options, replay, script)


def _script(file: str | None) -> Script | None:
    try:
        return None if file is None else readScript(Path(file))
    except ConfigurationError as error:
        raise SystemExit(f"ctrader-sim: {error}") from error


def _makeService(
    reactor: Any, options: Mapping[str, Any], replay: Mapping[str, Recording], script: Script | None = None
) -> SimulatorService:
    exchange = Exchange.default(
        reactor,
        seed=options["seed"],
        epoch=_epoch(reactor, options, replay),
        replay=replay,
        speed=options["speed"],
    )
    directory = Directory(Path(options["directory"]).resolve(), reactor)
    return _PlainService(
        reactor,
        exchange,
        directory,
        port=options["port"],
        oauthPort=options["oauth-port"],
        isRealTime=options["replay-start"] is None and not replay,
        script=script,
    )


def _epoch(reactor: Any, options: Mapping[str, Any], replay: Mapping[str, Recording]) -> int:
    """
    Begin where it was said, or with the first recorded tick, or else now; the service may set that forward.
    """
    if options["replay-start"] is not None:
        started: int = options["replay-start"]
        return started
    if replay:
        return min(prices.first for prices in replay.values())
    return int(reactor.seconds() * 1000)
