"""
Which token serves which account.
"""

from __future__ import annotations

from typing import Any, Protocol

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ctrader_twisted.errors import AccountNotFound, ConfigurationError, TokenRefused
from ctrader_twisted.interfaces import ITokenStore, TokenPair
from ctrader_twisted.schema.messages import (
    ProtoOAClientPermissionScope,
    ProtoOACtidTraderAccount,
    ProtoOAGetAccountListByAccessTokenReq,
)
from ctrader_twisted.secret import Secret

__all__ = ["AccountInfo", "Grants"]


class _Send(Protocol):
    """
    Sends a request that concerns no account.
    """

    def __call__(self, message: Any, /) -> Deferred[Any]: ...


@frozen
class AccountInfo:
    """
    One account that a token gives access to.

    @ivar accountId: its C{ctidTraderAccountId}, by which requests name it.
    @ivar traderLogin: the number that the trading platform shows; it is unique at one broker only.
    @ivar isLive: whether it is found at the live host.
    @ivar broker: the broker's short name, or an empty string.
    @ivar canTrade: whether the token allows trading.
    """

    accountId: int
    traderLogin: int
    isLive: bool
    broker: str
    canTrade: bool


class Grants:
    """
    Reads the tokens from the store and learns from the account lists what they are good for.
    """

    _log = Logger()

    def __init__(self, store: ITokenStore, send: _Send) -> None:
        """
        @param store: where the tokens are.
        @param send: sends the requests for the lists.
        """
        self._store = store
        self._send = send

    async def tokenFor(self, accountId: int) -> Secret:
        """
        Find the access token of an account.

        @param accountId: the account.
        @return: the token; with a single pair in the store, that pair's, unseen.
        @raise AccountNotFound: if no token covers the account.
        @raise ConfigurationError: if there are no tokens.
        """
        pairs = await self._load()
        if len(pairs) == 1:
            return pairs[0].accessToken
        for pair, accounts in await self._lists(pairs):
            if any(account.accountId == accountId for account in accounts):
                return pair.accessToken
        raise AccountNotFound(
            "CH_CTID_TRADER_ACCOUNT_NOT_FOUND",
            f"none of the {len(pairs)} stored tokens covers it",
            request="ProtoOAAccountAuthReq",
            accountId=accountId,
        )

    async def accounts(self) -> tuple[AccountInfo, ...]:
        """
        List the accounts of all tokens.

        @return: each account once.
        @raise ConfigurationError: if there are no tokens.
        @raise TokenRefused: if no token is good any more.
        """
        found: dict[int, AccountInfo] = {}
        for _, accounts in await self._lists(await self._load()):
            for account in accounts:
                known = found.get(account.accountId)
                if known is None or account.canTrade:
                    found[account.accountId] = account
        return tuple(found.values())

    async def _load(self) -> tuple[TokenPair, ...]:
        pairs = await self._store.load()
        if not pairs:
            raise ConfigurationError("the token store is empty; grant the application access first")
        return pairs

    async def _lists(self, pairs: tuple[TokenPair, ...]) -> list[tuple[TokenPair, list[AccountInfo]]]:
        lists = []
        refusal = None
        for pair in pairs:
            message = ProtoOAGetAccountListByAccessTokenReq(accessToken=pair.accessToken.reveal())
            try:
                answer = await self._send(message)
            except TokenRefused as error:
                self._log.warn("one of the stored tokens is refused: {error}", error=error)
                refusal = error
                continue
            canTrade = answer.permissionScope == ProtoOAClientPermissionScope.SCOPE_TRADE
            lists.append((pair, [_info(account, canTrade) for account in answer.ctidTraderAccount]))
        if refusal is not None and not lists:
            raise refusal
        return lists


def _info(account: ProtoOACtidTraderAccount, canTrade: bool) -> AccountInfo:
    return AccountInfo(
        account.ctidTraderAccountId, account.traderLogin, account.isLive, account.brokerTitleShort, canTrade
    )
