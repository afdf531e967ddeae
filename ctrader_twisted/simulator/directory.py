"""
The folder in which a simulator lives across restarts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.files import replaceFile
from ctrader_twisted.simulator.state import dumpState, loadState

__all__ = ["Directory"]

_DELAY = 0.2


class Directory:
    """
    Keeps an exchange's state in C{state.json}, and tells clients in C{simulator.json} how to reach it.

    Every change is written within a fifth of a second, and at the end. A process that is killed loses no more than
    that; the files are replaced as a whole and never torn.

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
        self._address: dict[str, Any] | None = None
        self._saving: IDelayedCall | None = None

    def create(self) -> None:
        """
        Make the folder, for its owner alone, unless it is there.

        @raise ConfigurationError: if it cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"the directory {self.path} cannot be made: {error.strerror}") from error

    def load(self, exchange: Exchange) -> None:
        """
        Bring a new exchange to where the last one was, and keep its changes from now on.

        @param exchange: the exchange.
        @raise ConfigurationError: if the state is there and cannot be used.
        """
        if self._stateFile.exists():
            try:
                loadState(exchange, json.loads(self._stateFile.read_bytes()))
            except (OSError, ValueError, KeyError, TypeError, DecodeError) as error:
                words = f"{self._stateFile} cannot be used: {error!r}; move it away to begin anew"
                raise ConfigurationError(words) from error
        exchange.onChange.append(lambda: self._saveSoon(exchange))

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

    def _saveSoon(self, exchange: Exchange) -> None:
        if self._saving is None:
            self._saving = self._clock.callLater(_DELAY, self.save, exchange)

    def _write(self, exchange: Exchange) -> None:
        replaceFile(self._stateFile, json.dumps(dumpState(exchange)).encode())
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
                "accountType": "HEDGED",
            }
            for account in accounts
            if not account.terms.isLive
        ],
    }
