"""
What all trading shares: the accounts, the prices, the ids, the time, and the events that tell what happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Concatenate, NamedTuple, ParamSpec, Protocol

from attrs import define
from google.protobuf.message import Message
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ctrader_twisted.schema.messages import (
    ProtoOADeal,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAOrder,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOASymbol,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.rates import Rates
from ctrader_twisted.simulator.venue.rejections import Rejection

__all__ = ["Cause", "Ids", "Publish", "Venue"]

_P = ParamSpec("_P")


class Publish(Protocol):
    """
    Sends an event to whoever is logged in to an account.
    """

    def __call__(self, accountId: int, message: Message, clientMsgId: str | None = None) -> None:
        """
        @param accountId: the account.
        @param message: the event.
        @param clientMsgId: the id of the request that caused it.
        """


class Cause(NamedTuple):
    """
    Why something happens to an order.

    @ivar clientMsgId: the id of the request that caused it, or L{None}.
    @ivar isServerEvent: whether the server did it of itself.
    """

    clientMsgId: str | None
    isServerEvent: bool = False


@define
class Ids:
    """
    The next id of each kind. The spaces are apart, so that a client which mixes them up fails.
    """

    position: int = 2_000_001
    order: int = 3_000_001
    deal: int = 4_000_001
    cashFlow: int = 5_000_001
    bonus: int = 6_000_001

    def skip(self, count: int) -> None:
        """
        Leave some ids of each kind out.

        @param count: how many.
        """
        self.position += count
        self.order += count
        self.deal += count
        self.cashFlow += count
        self.bonus += count

    def newPosition(self) -> int:
        """
        @return: an id that no position has.
        """
        self.position += 1
        return self.position - 1

    def newOrder(self) -> int:
        """
        @return: an id that no order has.
        """
        self.order += 1
        return self.order - 1

    def newDeal(self) -> int:
        """
        @return: an id that no deal has.
        """
        self.deal += 1
        return self.deal - 1

    def newCashFlow(self) -> int:
        """
        @return: an id that no change of a balance has.
        """
        self.cashFlow += 1
        return self.cashFlow - 1

    def newBonus(self) -> int:
        """
        @return: an id that no change of a bonus has.
        """
        self.bonus += 1
        return self.bonus - 1


class Venue:
    """
    Where the accounts trade. What is done there stands in the other modules of this room.

    @ivar accounts: the accounts by id.
    @ivar catalogue: the symbols.
    @ivar market: their prices.
    @ivar rates: what assets are worth in each other.
    @ivar ids: the next ids.
    @ivar now: the simulated time, in milliseconds since 1970.
    @ivar settings: the delays.
    @ivar publish: where events go.
    @ivar changed: to be called whenever an account has changed.
    @ivar announcing: the ids of protective orders that are made, but that nobody was told of yet.
    @ivar executing: the ids of orders that are accepted, and executed a moment later.
    @ivar liquidity: for symbols by id, how much can be executed at once, in 1/100 of a unit: each number is one deal;
        everything in one deal where there is none.
    @ivar rejections: for symbols by id, how orders are turned down that were accepted.
    """

    def __init__(
        self,
        clock: IReactorTime,
        accounts: Iterable[TradingAccount],
        *,
        catalogue: Catalogue,
        market: Market,
        now: Callable[[], int],
        settings: Settings,
        publish: Publish,
        changed: Callable[[], None],
        speed: float = 1.0,
    ) -> None:
        """
        @param clock: the reactor.
        @param accounts: the accounts.
        @param catalogue: the symbols.
        @param market: their prices.
        @param now: gives the simulated time, in milliseconds since 1970.
        @param settings: the delays.
        @param publish: where events go.
        @param changed: called whenever an account has changed.
        @param speed: simulated seconds in a second of the clock.
        """
        self.accounts = {account.terms.accountId: account for account in accounts}
        self.catalogue = catalogue
        self.market = market
        self.rates = Rates(catalogue, market, atBid=settings.convertsAtBid)
        self.ids = Ids()
        self.now = now
        self.settings = settings
        self.publish = publish
        self.changed = changed
        self.announcing: set[int] = set()
        self.executing: set[int] = set()
        self.liquidity: dict[int, tuple[int, ...]] = {}
        self.rejections: dict[int, Rejection] = {}
        self._clock = clock
        self._speed = speed
        self._coming: set[IDelayedCall] = set()
        self._alarms: dict[Callable[[Venue], None], IDelayedCall] = {}

    def later(
        self, delay: float, work: Callable[Concatenate[Venue, _P], None], *args: _P.args, **kwargs: _P.kwargs
    ) -> None:
        """
        Do something after a delay, unless the venue stops before.

        @param delay: seconds of the clock.
        @param work: called with the venue and the arguments.
        """

        def due() -> None:
            self._coming.discard(call)
            work(self, *args, **kwargs)

        call = self._clock.callLater(delay, due)
        self._coming.add(call)

    def wakeAt(self, moment: int | None, work: Callable[[Venue], None]) -> None:
        """
        Do something at a moment of the simulated time, and not at the one that was asked for before.

        @param moment: milliseconds since 1970; L{None} for never.
        @param work: called with the venue.
        """
        if work in self._alarms:
            self._alarms.pop(work).cancel()
        if moment is None:
            return

        def due() -> None:
            del self._alarms[work]
            work(self)

        self._alarms[work] = self._clock.callLater(max(0, moment - self.now()) / 1000 / self._speed, due)

    def isAwaited(self, work: Callable[[Venue], None]) -> bool:
        """
        Tell whether something is to be done at a moment that is still to come.

        @param work: what L{wakeAt} was asked for.
        """
        return work in self._alarms

    def stop(self) -> None:
        """
        Drop what was to come.
        """
        for call in self._coming:
            call.cancel()
        self._coming.clear()
        for call in self._alarms.values():
            call.cancel()
        self._alarms.clear()
        self.announcing.clear()
        self.executing.clear()

    def available(self, order: ProtoOAOrder, volume: int) -> list[int]:
        """
        Find how much of an order can be executed at once.

        @param order: the order; a protective one is always executed whole.
        @param volume: how much of it is wanted, in 1/100 of a unit.
        @return: the volumes of the deals.
        """
        levels = self.liquidity.get(order.tradeData.symbolId)
        if levels is None or order.orderType == ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT:
            return [volume]
        volumes = []
        for level in levels:
            volumes.append(min(level, volume))
            volume -= volumes[-1]
        return [each for each in volumes if each]

    def rejectionOf(self, order: ProtoOAOrder) -> Rejection | None:
        """
        Find how an order is turned down that is to be executed now.

        @param order: the order; a protective one never is, nor is a stop-out.
        @return: L{None} if it is executed.
        """
        isOwn = order.isStopOut or order.orderType == ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT
        return None if isOwn else self.rejections.get(order.tradeData.symbolId)

    def tell(
        self,
        account: TradingAccount,
        kind: ProtoOAExecutionType,
        order: ProtoOAOrder,
        position: ProtoOAPosition | None,
        deal: ProtoOADeal | None = None,
        *,
        cause: Cause,
        errorCode: str | None = None,
    ) -> None:
        """
        Tell what has happened to an order.

        @param account: whose order it is.
        @param kind: what has happened.
        @param order: the order as it is now.
        @param position: its position as it is now; L{None} if there is none any more.
        @param deal: the deal that was made.
        @param cause: why it has happened.
        @param errorCode: why an order was rejected.
        """
        event = ProtoOAExecutionEvent(
            ctidTraderAccountId=account.terms.accountId,
            executionType=kind,
            order=order,
            position=position,
            deal=deal,
            isServerEvent=cause.isServerEvent,
            errorCode=errorCode,
        )
        self.publish(account.terms.accountId, event, cause.clientMsgId)
        self.changed()

    def price(self, symbolId: int, side: ProtoOATradeSide) -> int:
        """
        Find the price at which an order is executed now.

        @param symbolId: the symbol.
        @param side: the side of the order.
        @return: in 1/100000 of a price unit.
        @raise TradeRefusal: if there is none.
        """
        quote = self.market.quote(symbolId)
        if quote is None:
            raise TradeRefusal("NO_QUOTES", "There are no quotes for the symbol")
        return quote.ask if side == ProtoOATradeSide.BUY else quote.bid

    def stakes(self, account: TradingAccount) -> bool:
        """
        Tell whether the volumes of an account are stakes: 1/100 of the deposit asset for each pip.

        @param account: the account.
        """
        return account.betsOnSpreads and self.settings.volumesAreStakes

    def specification(self, account: TradingAccount, symbolId: int) -> ProtoOASymbol:
        """
        Give a symbol's whole specification as an account sees it.

        @param account: the account.
        @param symbolId: the symbol.
        @return: the message; not to be changed.
        """
        return self.catalogue.staked(symbolId) if self.stakes(account) else self.catalogue.full(symbolId)

    def worth(self, account: TradingAccount, symbolId: int) -> Fraction:
        """
        Find what a price unit is worth for each unit of a volume, or of a stake.

        @param account: the account.
        @param symbolId: the symbol.
        @return: in the account's deposit asset.
        @raise TradeRefusal: if a price for it is missing.
        """
        if self.stakes(account):
            return Fraction(10) ** self.catalogue.symbol(symbolId).pipPosition
        return self.quoteToDeposit(account, symbolId)

    def quoteToDeposit(self, account: TradingAccount, symbolId: int) -> Fraction:
        """
        Convert one of a symbol's quote asset into an account's deposit asset.

        @param account: the account.
        @param symbolId: the symbol.
        @raise TradeRefusal: if a price for it is missing.
        """
        symbol = self.catalogue.symbol(symbolId)
        return self.rates.rate(symbol.quoteAssetId, account.terms.depositAssetId)

    def baseToUsd(self, account: TradingAccount, symbolId: int) -> Fraction:
        """
        Convert one of a symbol's base asset, or what a stake of 1 moves, into dollars.

        @param account: the account.
        @param symbolId: the symbol.
        @raise TradeRefusal: if a price for it is missing.
        """
        if self.stakes(account):
            return self.baseToDeposit(account, symbolId) * self.rates.toUsd(account.terms.depositAssetId)
        return self.rates.toUsd(self.catalogue.symbol(symbolId).baseAssetId)

    def baseToDeposit(self, account: TradingAccount, symbolId: int) -> Fraction:
        """
        Convert one of a symbol's base asset, or what a stake of 1 moves, into an account's deposit asset.

        @param account: the account.
        @param symbolId: the symbol.
        @raise TradeRefusal: if a price for it is missing.
        """
        if self.stakes(account):
            return self.rates.middle(symbolId) * self.worth(account, symbolId)
        symbol = self.catalogue.symbol(symbolId)
        return self.rates.rate(symbol.baseAssetId, account.terms.depositAssetId)
