"""
Which token serves which account.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Protocol

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredLock, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ctrader_twisted.errors import (
    AccountNotFound,
    ConfigurationError,
    CTraderError,
    NotConnected,
    TokenRefused,
    TokensNotStored,
)
from ctrader_twisted.interfaces import ITokenStore, TokenPair
from ctrader_twisted.schema.messages import (
    ProtoOAClientPermissionScope,
    ProtoOACtidTraderAccount,
    ProtoOAGetAccountListByAccessTokenReq,
)
from ctrader_twisted.secret import Secret

__all__ = ["AccountInfo", "Grants"]

_PATIENCE = 30.0


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
    Reads the tokens from the store and learns from the account lists what they are good for. Each token's list is asked
    for once on a connection.

    @ivar known: what is known of each account, from the lists that came so far.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, store: ITokenStore, send: _Send) -> None:
        """
        @param clock: the reactor.
        @param store: where the tokens are.
        @param send: sends the requests for the lists.
        """
        self._clock = clock
        self._store = store
        self._send = send
        self._lock = DeferredLock()
        self._storing = DeferredLock()
        self.known: dict[int, AccountInfo] = {}
        self._lists: dict[Secret, list[AccountInfo] | TokenRefused] = {}

    def forget(self) -> None:
        """
        The connection is gone: what the tokens are good for may be another thing on the next one.
        """
        self._lists.clear()

    async def tokenFor(self, accountId: int) -> Secret:
        """
        Find the access token of an account.

        @param accountId: the account.
        @return: the token; with a single pair in the store, that pair's, unseen.
        @raise AccountNotFound: if no token covers the account.
        @raise TokenRefused: if none of the good tokens covers it, and another one is not good any more.
        @raise ConfigurationError: if there are no tokens.
        """
        pairs = await self._load()
        if len(pairs) == 1:
            return pairs[0].accessToken
        refusal = None
        for pair in pairs:
            found = await self._list(pair.accessToken)
            if isinstance(found, TokenRefused):
                refusal = found
            elif any(account.accountId == accountId for account in found):
                return pair.accessToken
        raise refusal or AccountNotFound(
            "CH_CTID_TRADER_ACCOUNT_NOT_FOUND",
            f"none of the {len(pairs)} stored tokens covers it",
            request="ProtoOAAccountAuthReq",
            accountId=accountId,
        )

    async def accounts(self) -> tuple[AccountInfo, ...]:
        """
        List the accounts of all tokens.

        @return: each account once, with the better permission where two tokens cover it.
        @raise ConfigurationError: if there are no tokens.
        @raise TokenRefused: if no token is good any more.
        """
        self._lists.clear()
        lists = [await self._list(pair.accessToken) for pair in await self._load()]
        good = [each for each in lists if not isinstance(each, TokenRefused)]
        if not good:
            raise next(each for each in lists if isinstance(each, TokenRefused))
        found: dict[int, AccountInfo] = {}
        for account in chain.from_iterable(good):
            known = found.get(account.accountId)
            if known is None or account.canTrade:
                found[account.accountId] = account
        return tuple(found.values())

    async def learn(self) -> None:
        """
        Fill L{known}, as far as that is possible now.
        """
        try:
            for pair in await self._load():
                await self._list(pair.accessToken)
        except CTraderError as error:
            self._log.debug("the accounts cannot be listed: {error}", error=error)

    async def renew(self, old: Secret, pair: TokenPair) -> None:
        """
        Put a new pair into the old one's place in the store. If the store does not hold the old one, it is left alone.

        @param old: the refresh token that bought the new pair.
        @param pair: the new pair.
        @raise TokensNotStored: if that fails; the error holds the new pair.
        """
        await self._storing.acquire()
        try:
            pairs = await self._load()
            if any(each.refreshToken == old for each in pairs):
                kept = tuple(pair if each.refreshToken == old else each for each in pairs)
                await self._store.save(kept).addTimeout(_PATIENCE, self._clock)
        except Exception as error:
            # Only of our own errors it is sure that they hold no secret.
            reason = error if isinstance(error, CTraderError) else type(error).__name__
            self._log.error("new tokens could not be stored: {reason}", reason=reason)
            raise TokensNotStored(f"the new tokens could not be stored: {reason}; store them from here", pair) from None
        finally:
            self._storing.release()

    async def _load(self) -> tuple[TokenPair, ...]:
        try:
            pairs = await self._store.load().addTimeout(_PATIENCE, self._clock)
        except TimeoutError:
            raise NotConnected(f"the token store has not answered for {_PATIENCE:g} s") from None
        if not pairs:
            raise ConfigurationError("the token store is empty; grant the application access first")
        return pairs

    async def _list(self, token: Secret) -> list[AccountInfo] | TokenRefused:
        await self._lock.acquire()
        try:
            if token not in self._lists:
                self._lists[token] = await self._ask(token)
            return self._lists[token]
        finally:
            self._lock.release()

    async def _ask(self, token: Secret) -> list[AccountInfo] | TokenRefused:
        try:
            answer = await self._send(ProtoOAGetAccountListByAccessTokenReq(accessToken=token.reveal()))
        except TokenRefused as error:
            self._log.warn("one of the stored tokens is refused: {error}", error=error)
            return error
        canTrade = answer.permissionScope == ProtoOAClientPermissionScope.SCOPE_TRADE
        found = [_info(account, canTrade) for account in answer.ctidTraderAccount]
        for account in found:
            known = self.known.get(account.accountId)
            if known is None or known.canTrade <= account.canTrade:
                self.known[account.accountId] = account
        return found


def _info(account: ProtoOACtidTraderAccount, canTrade: bool) -> AccountInfo:
    return AccountInfo(
        account.ctidTraderAccountId, account.traderLogin, account.isLive, account.brokerTitleShort, canTrade
    )
