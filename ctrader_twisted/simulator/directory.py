"""
The folder in which a simulator lives across restarts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from google.protobuf.message import DecodeError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ctrader_twisted.durable import FileLock
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.schema.messages import ProtoOAAccountType
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.files import replaceFile
from ctrader_twisted.simulator.state import dumpState, loadState
from ctrader_twisted.simulator.steering import dumpMoves, loadMoves
from ctrader_twisted.simulator.worldtime import WorldTime, resumeTime

__all__ = ["Directory"]

_DELAY = 0.2


class Directory:
    """
    Keeps an exchange's state in C{state.json}, and tells clients in C{simulator.json} how to reach it.

    Every change is written within a fifth of a second, and at the end; new tokens are written before anybody is told of
    them. A process that is killed loses no more than that; the files are replaced as a whole and never torn. A lock
    keeps other simulators out.

    @ivar path: the folder; absolute.
    """

    _log = Logger()

    def __init__(self, path: Path, clock: IReactorTime) -> None:
        """
        @param path: the folder; absolute.
        @param clock: the reactor.
        """
        self.path = path
        self._clock = clock
        self._stateFile = path / "state.json"
        self._infoFile = path / "simulator.json"
        self._controlFile = path / "control.json"
        self._lock = FileLock(path / "lock")
        self._time: WorldTime | None = None
        self._keepsTime = False
        self._moves: dict[str, list[list[int]]] = {}
        self._address: dict[str, Any] | None = None
        self._saving: IDelayedCall | None = None
        self._listeners: list[tuple[list[Callable[[], None]], Callable[[], None]]] = []

    def create(self) -> None:
        """
        Make the folder, for its owner alone, unless it is there.

        @raise ConfigurationError: if it cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"the directory {self.path} cannot be made: {error.strerror}") from error

    def claim(self) -> None:
        """
        Keep other simulators out, until L{release} or the end of the process.

        @raise ConfigurationError: if there is another one already, or the folder cannot be used.
        """
        try:
            isOurs = self._lock.acquire()
        except OSError as error:
            raise ConfigurationError(f"the directory {self.path} cannot be used: {error.strerror}") from error
        if not isOurs:
            raise ConfigurationError(f"another simulator is running in {self.path}")

    def release(self) -> None:
        """
        Write nothing any more, and let others in.
        """
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None
        for listeners, listener in self._listeners:
            listeners.remove(listener)
        self._listeners.clear()
        self._controlFile.unlink(missing_ok=True)
        self._lock.release()

    def load(self, exchange: Exchange) -> None:
        """
        Bring a new exchange to where the last one was, and keep its changes from now on.

        @param exchange: the exchange.
        @raise ConfigurationError: if the state is there and cannot be used.
        """
        if self._stateFile.exists():
            try:
                state = json.loads(self._stateFile.read_bytes())
                loadState(exchange, state)
                self._time = None if state["time"] is None else WorldTime(**state["time"])
                # Earlier versions did not write it.
                self._moves = state.get("moves", {})
            except (OSError, ValueError, KeyError, TypeError, DecodeError) as error:
                raise self._broken(error) from error
        self._listen(exchange.onChange, lambda: self._saveSoon(exchange))
        self._listen(exchange.onCredentials, lambda: self.save(exchange))

    def continueTime(self, exchange: Exchange) -> float:
        """
        Let an exchange have the time of the reactor, but never an earlier one than the last exchange had here, and
        never one at which its market is closed. From now on this is kept.

        @param exchange: the exchange, after L{load}.
        @return: how far its time is ahead of the reactor's, in hours, rounded to tenths.
        @raise ConfigurationError: if the state cannot be used.
        """
        try:
            loadMoves(exchange, self._moves)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._broken(error) from error
        self._time = resumeTime(exchange, self._time)
        self._keepsTime = True
        return round(self._time.ahead / 3_600_000, 1)

    def announce(self, exchange: Exchange, *, port: int, oauthPort: int) -> None:
        """
        Save the state, and write C{simulator.json}; from then on it follows the tokens.

        @param exchange: the exchange.
        @param port: where it listens for clients.
        @param oauthPort: where it listens for OAuth.
        @raise OSError: if the files cannot be written.
        """
        web = f"http://127.0.0.1:{oauthPort}"
        self._address = {
            "host": "127.0.0.1",
            "port": port,
            "caFile": str(self.path / "ca.pem"),
            "oauth": {"authorizeUrl": f"{web}/apps/auth", "tokenUrl": f"{web}/apps/token"},
            "redirectUri": f"{web}/callback",
        }
        self._write(exchange)

    def announceControl(self, secret: Secret, oauthPort: int) -> None:
        """
        Write C{control.json}, from which its owner can control the simulator, until L{release}.

        @param secret: who knows it may.
        @param oauthPort: where it listens.
        @raise OSError: if the file cannot be written.
        """
        control = {"url": f"http://127.0.0.1:{oauthPort}/control/", "secret": secret.reveal()}
        replaceFile(self._controlFile, json.dumps(control).encode())

    def save(self, exchange: Exchange) -> None:
        """
        Write everything now. A failure is logged.

        @param exchange: the exchange.
        """
        if self._saving is not None and self._saving.active():
            self._saving.cancel()
        self._saving = None
        try:
            self._write(exchange)
        except OSError:
            self._log.failure("The state of the simulator cannot be saved in {path}", path=str(self.path))

    def _broken(self, error: Exception) -> ConfigurationError:
        return ConfigurationError(f"{self._stateFile} cannot be used: {error!r}; move it away to begin anew")

    def _listen(self, listeners: list[Callable[[], None]], listener: Callable[[], None]) -> None:
        listeners.append(listener)
        self._listeners.append((listeners, listener))

    def _saveSoon(self, exchange: Exchange) -> None:
        if self._saving is None:
            self._saving = self._clock.callLater(_DELAY, self.save, exchange)

    def _write(self, exchange: Exchange) -> None:
        if self._keepsTime:
            self._time = WorldTime.of(exchange)
            self._moves = dumpMoves(exchange)
        time = None if self._time is None else attrs.asdict(self._time)
        replaceFile(self._stateFile, json.dumps({**dumpState(exchange), "time": time, "moves": self._moves}).encode())
        if self._address is not None:
            replaceFile(self._infoFile, json.dumps({**self._address, **_credentials(exchange)}, indent=2).encode())


def _credentials(exchange: Exchange) -> dict[str, Any]:
    registry = exchange.registry
    application, grant = registry.applicationNamed("standard"), registry.grantNamed("trade")
    accounts = [exchange.venue.accounts[accountId] for accountId in grant.accountIds]
    return {
        "clientId": application.clientId,
        "clientSecret": application.clientSecret.reveal(),
        "accessToken": grant.accessToken.reveal(),
        "refreshToken": grant.refreshToken.reveal(),
        "accounts": [
            {
                "ctidTraderAccountId": account.terms.accountId,
                "traderLogin": account.terms.traderLogin,
                "isLive": account.terms.isLive,
                "depositAsset": exchange.catalogue.assets[account.terms.depositAssetId].name,
                "accountType": ProtoOAAccountType.Name(account.terms.accountType),
            }
            for account in accounts
            if not account.terms.isLive
        ],
    }
