"""
Which token serves which account.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from itertools import chain

from attrs import frozen
from twisted.internet.defer import DeferredLock
from twisted.logger import Logger

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import AccountNotFound, ConfigurationError, CTraderError, GrantLost, TokenRefused
from ctrader_twisted.schema.messages import (
    ProtoOAClientPermissionScope,
    ProtoOACtidTraderAccount,
    ProtoOAGetAccountListByAccessTokenReq,
)
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.buying import Send
from ctrader_twisted.session.storing import Storing

__all__ = ["AccountInfo", "Grants"]


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

    def __init__(
        self, storing: Storing, send: Send, replace: Callable[[Secret, TokenRefused], Awaitable[None]]
    ) -> None:
        """
        @param storing: where the tokens are.
        @param send: sends the requests for the lists.
        @param replace: sees to another token in the store for one that the server refuses, or raises why there can be
            none; L{GrantLost} if only a person can help.
        """
        self._storing = storing
        self._send = send
        self._replace = replace
        self._lock = DeferredLock()
        self.known: dict[int, AccountInfo] = {}
        self._lists: dict[Secret, list[AccountInfo] | TokenRefused] = {}

    def forget(self) -> None:
        """
        The connection is gone: what the tokens are good for may be another thing on the next one.
        """
        self._lists.clear()

    def renewed(self, old: Secret, new: Secret) -> None:
        """
        A token has been replaced by one that is good for the same accounts.

        @param old: the token that is of no use any more.
        @param new: the one in its place.
        """
        found = self._lists.pop(old, None)
        if isinstance(found, list):
            self._lists[new] = found

    async def tokenFor(self, accountId: int) -> Secret:
        """
        Find the access token of an account. If none of the good ones covers it, those that are refused are renewed.

        @param accountId: the account.
        @return: the token; with a single pair in the store, that pair's, unseen.
        @raise AccountNotFound: if no token covers the account.
        @raise GrantLost: if none of the good tokens covers it, and another one is not good any more.
        @raise ConfigurationError: if there are no tokens.
        """
        found: Secret | None = None
        while found is None:
            pairs = await self._load()
            try:
                found = await self._findIn(pairs, accountId)
            except (AccountNotFound, GrantLost):
                # While the lists came, another pair may have come, too.
                if _tokens(await self._load()) == _tokens(pairs):
                    raise
        return found

    async def accounts(self) -> tuple[AccountInfo, ...]:
        """
        List the accounts of all tokens. Those that are refused are renewed.

        @return: each account once, with the better permission where two tokens cover it.
        @raise ConfigurationError: if there are no tokens.
        @raise TokenRefused: if no token is good any more.
        """
        self._lists.clear()
        for pair in await self._load():
            refusal = await self._list(pair.accessToken)
            if isinstance(refusal, TokenRefused):
                await self._tryToReplace(pair.accessToken, refusal)
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

    async def _findIn(self, pairs: tuple[TokenPair, ...], accountId: int) -> Secret | None:
        """
        @return: the token; L{None} if one was refused that has been renewed.
        """
        if len(pairs) == 1:
            return pairs[0].accessToken
        refused: dict[Secret, TokenRefused] = {}
        for pair in pairs:
            found = await self._list(pair.accessToken)
            if isinstance(found, TokenRefused):
                refused[pair.accessToken] = found
            elif any(account.accountId == accountId for account in found):
                return pair.accessToken
        if not refused:
            raise AccountNotFound(
                "CH_CTID_TRADER_ACCOUNT_NOT_FOUND",
                f"none of the {len(pairs)} stored tokens covers it",
                request="ProtoOAAccountAuthReq",
                accountId=accountId,
            )
        await self._replaceOne(refused)
        return None

    async def _tryToReplace(self, token: Secret, refusal: TokenRefused) -> None:
        try:
            await self._replace(token, refusal)
        except GrantLost as error:
            self._lists[token] = error
        except CTraderError as error:
            self._log.warn("tokens could not be renewed: {error}", error=error)

    async def _replaceOne(self, refused: Mapping[Secret, TokenRefused]) -> None:
        lost: GrantLost | None = None
        for token, refusal in refused.items():
            try:
                return await self._replace(token, refusal)
            except GrantLost as error:
                lost = error
        assert lost is not None
        raise lost

    async def _load(self) -> tuple[TokenPair, ...]:
        pairs = await self._storing.load()
        if not pairs:
            raise ConfigurationError("the token store is empty; grant the application access first, with ctrader login")
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


def _tokens(pairs: tuple[TokenPair, ...]) -> set[Secret]:
    return {pair.accessToken for pair in pairs}


def _info(account: ProtoOACtidTraderAccount, canTrade: bool) -> AccountInfo:
    return AccountInfo(
        account.ctidTraderAccountId, account.traderLogin, account.isLive, account.brokerTitleShort, canTrade
    )
