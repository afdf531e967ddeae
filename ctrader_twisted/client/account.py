"""
One account: its symbols, quotes, history, orders and positions.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import CTraderError, NotConnected
from ctrader_twisted.eventual import eventually
from ctrader_twisted.interfaces import RunBlocking
from ctrader_twisted.market import MarketData
from ctrader_twisted.requests import AccountRequests
from ctrader_twisted.schema.messages import ProtoOATrader, ProtoOATraderUpdatedEvent
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.session.link import Registration
from ctrader_twisted.trading import Estimates, Records, Trading
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.halt import HaltFile
from ctrader_twisted.trading.journal import OrderJournal
from ctrader_twisted.trading.limits import Limits
from ctrader_twisted.trading.restraint import Restraint
from ctrader_twisted.units import Asset

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["Account"]

_AnswerT = TypeVar("_AnswerT", bound=Message)
_EventT = TypeVar("_EventT", bound=Message)


class Account(MarketData, Trading, Records, Estimates, Restraint):
    """
    A trading account that is kept logged in. L{ctrader_twisted.client.Client.account} makes it.

    @ivar accountId: the account's C{ctidTraderAccountId}.
    @ivar requests: the raw requests of the account, each as a method.
    """

    _link: AccountSession
    _log = Logger()

    def __init__(
        self,
        link: AccountSession,
        clock: IReactorTime,
        wallClock: Callable[[], int],
        randomness: Random,
        *,
        limits: Limits,
        haltFile: HaltFile | None,
        journal: OrderJournal | None,
        runBlocking: RunBlocking,
    ) -> None:
        """
        @param link: the account's place in the session; it has not been reconciled yet.
        @param clock: the reactor.
        @param wallClock: milliseconds since 1970.
        @param randomness: for the ids of orders.
        @param limits: what it may not exceed.
        @param haltFile: where it is halted across restarts, if anywhere.
        @param journal: where its orders are written before they leave, if anywhere.
        @param runBlocking: runs what waits for the disk.
        """
        self.accountId = link.accountId
        self.requests = AccountRequests(self.request, link.accountId)
        self._link = link
        self._trader: ProtoOATrader | None = None
        link.onReconcile(lambda trader, state: self._traderReceived(trader))
        link.listen(ProtoOATraderUpdatedEvent, lambda event: self._traderReceived(event.trader))
        MarketData.__init__(self, link, clock=clock, wallClock=wallClock)
        Trading.__init__(
            self,
            link,
            clock=clock,
            randomness=randomness,
            wallClock=wallClock,
            symbolById=self._symbols.known,
            journal=journal,
            runBlocking=runBlocking,
            quote=self.quote,
            trader=lambda: self._trader,
        )
        Records.__init__(self, link, clock=clock, archive=Archive(link, wallClock))
        Estimates.__init__(self, link, clock=clock, symbols=self._symbols, quotes=self._quotes, books=self._books)
        Restraint.__init__(
            self,
            self._sources,
            limits,
            haltFile,
            watchEquity=self.watchEquity,
            wallClock=wallClock,
        )
        link.onEnded(self._ended)
        link.onRestore(lambda: Deferred.fromCoroutine(self._lookUpHeld()))

    def whenReady(self) -> Deferred[Account]:
        """
        Wait until the account is logged in, its state is known, and its subscriptions are restored.

        @return: fires with this account; fails with what refuses it.
        """
        return self._link.whenReady().addCallback(lambda _: self)

    @property
    def trader(self) -> ProtoOATrader | None:
        """
        The account's terms as the server sent them last: login, leverage, type, rights; L{None} before the first login.
        Its balance is that of the last login; L{balance} is current.
        """
        return self._trader

    def depositAsset(self) -> Deferred[Asset]:
        """
        Find out in which asset the account's money is counted.

        @return: fires with the asset.
        @raise NotConnected: (as a failure) if the account has never been logged in.
        """
        return eventually(self._findDepositAsset())

    def request(self, message: Request[_AnswerT], *, timeout: float | None = None) -> Deferred[_AnswerT]:
        """
        Send a raw request of this account.

        @param message: the request; its C{ctidTraderAccountId} is filled in.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fires with the answer, for a trading request with its first execution event; fails with the server's
            refusal, and with L{NotConnected} if the account is not logged in now.
        """
        return self._link.request(message, timeout=timeout)

    def listen(self, kind: type[_EventT], listener: Callable[[_EventT], None]) -> Registration:
        """
        Hear the raw events of one kind.

        @param kind: the class of the event, such as C{ProtoOASpotEvent}.
        @param listener: called with each such event that concerns this account: it names the account, or none, such as
            C{ProtoOAClientDisconnectEvent}.
        @return: an object whose C{stop()} ends it.
        """
        return self._link.listen(kind, listener)

    def onError(self, listener: Callable[[CTraderError], None]) -> Registration:
        """
        Hear of errors that the server tells unasked.

        @param listener: called with each error that names this account or none.
        @return: an object whose C{stop()} ends it.
        """
        return self._link.onError.add(listener)

    def release(self) -> None:
        """
        The account is not followed any more: all who wait for something in it are told.
        """
        super().release()
        self.releaseEstimates()
        # What was under way when the streams were ended may wait by now.
        self._patience.end(NotConnected("the client was stopped"))

    def _traderReceived(self, trader: ProtoOATrader) -> None:
        self._trader = trader

    async def _findDepositAsset(self) -> Asset:
        if self._trader is None:
            raise NotConnected(f"account {self.accountId} has not been logged in yet")
        return (await self._symbols.assets())[self._trader.depositAssetId]

    def _ended(self, error: CTraderError) -> None:
        self._patience.end(error)
        self.release()
        self.endStreams(error)

    async def _lookUpHeld(self) -> None:
        # Parts of a position that was opened elsewhere can be closed only when its symbol's volumes are known.
        asked = [self._symbols.symbol(symbolId) for symbolId in {position.symbolId for position in self.positions}]
        for found in asked:
            found.addErrback(self._notFound)
        for found in asked:
            await found

    def _notFound(self, failure: Failure) -> None:
        self._log.warn(
            "account {accountId}: the symbol of a position cannot be looked up: {error}",
            accountId=self.accountId,
            error=failure.getErrorMessage(),
        )
