"""
Deals: what was really bought and sold, each told once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Context, Decimal
from enum import Enum
from typing import Any, TypeVar

from attrs import evolve, frozen

from ctrader_twisted.schema.messages import ProtoOADeal, ProtoOADealStatus, ProtoOAExecutionEvent, ProtoOATradeSide
from ctrader_twisted.session.link import Registration
from ctrader_twisted.session.listeners import Listeners
from ctrader_twisted.trading.amounts import Amounts
from ctrader_twisted.units import moneyFromWire

__all__ = ["Deal", "Executions", "Side", "combined", "isFill", "isFilled", "readDeal"]

_KnownT = TypeVar("_KnownT")

_FILLS = (ProtoOADealStatus.FILLED, ProtoOADealStatus.PARTIALLY_FILLED)
_REMEMBERED = 10_000
_MEANS = Context(prec=28)


class Side(Enum):
    """
    The direction of a trade. The values are those of the schema.
    """

    BUY = ProtoOATradeSide.BUY
    SELL = ProtoOATradeSide.SELL


@frozen(kw_only=True)
class Deal:
    """
    One execution of an order. All money is in the deposit asset; a cost is negative.

    @ivar dealId: the server's number for it.
    @ivar orderId: the order that was executed.
    @ivar positionId: the position that it opened, enlarged, reduced or closed.
    @ivar symbolId: the symbol.
    @ivar side: the side of the order.
    @ivar volume: what was executed, in hundredths of a unit.
    @ivar price: the price of the execution, or the mean by volume if this stands for several; NaN if the server named
        none.
    @ivar executed: when, in milliseconds since 1970.
    @ivar commission: what this side of the trade cost.
    @ivar closedVolume: how much of the position it closed, in hundredths of a unit; 0 if it opened or enlarged one.
    @ivar entryPrice: the entry price of what it closed, or L{None} if it closed nothing.
    @ivar grossProfit: the profit by prices alone, or L{None} if it closed nothing.
    @ivar swap: the swap of what it closed, or L{None} if it closed nothing.
    @ivar totalCommission: the commission of what it closed, for opening and closing, or L{None} if it closed nothing.
    @ivar conversionFee: the fee for converting the profit, or L{None} if it closed nothing.
    @ivar balance: the account's balance after it, or L{None} if it closed nothing.
    @ivar label: the label of its order or position; empty if there is none, or if it is not known.
    @ivar recovered: whether it was made while the connection was down, and read afterwards.
    """

    dealId: int
    orderId: int
    positionId: int
    symbolId: int
    side: Side
    volume: int
    price: Decimal
    executed: int
    commission: Decimal
    closedVolume: int = 0
    entryPrice: Decimal | None = None
    grossProfit: Decimal | None = None
    swap: Decimal | None = None
    totalCommission: Decimal | None = None
    conversionFee: Decimal | None = None
    balance: Decimal | None = None
    label: str = ""
    recovered: bool = False

    @property
    def netProfit(self) -> Decimal | None:
        """
        @return: what the balance gained: profit, swap, commission of both sides and fee; L{None} if it closed nothing.
        """
        return _sum((self.grossProfit, self.swap, self.totalCommission, self.conversionFee))


def isFill(event: ProtoOAExecutionEvent) -> bool:
    """
    Tell whether something was executed; deals are also told of attempts that failed.

    @param event: an execution event.
    """
    return event.HasField("deal") and isFilled(event.deal)


def isFilled(deal: ProtoOADeal) -> bool:
    """
    Tell whether a deal executed something.

    @param deal: the server's message.
    """
    return deal.dealStatus in _FILLS


def readDeal(deal: ProtoOADeal, amounts: Amounts, *, label: str = "", recovered: bool = False) -> Deal:
    """
    Read a deal.

    @param deal: the server's message.
    @param amounts: reads its numbers.
    @param label: the label of its order or position.
    @param recovered: whether it was not told when it was made.
    @return: the deal.
    """
    price = amounts.price(deal.executionPrice, deal.symbolId)
    read: dict[str, Any] = {
        "dealId": deal.dealId,
        "orderId": deal.orderId,
        "positionId": deal.positionId,
        "symbolId": deal.symbolId,
        "side": Side(deal.tradeSide),
        "volume": deal.filledVolume,
        "price": Decimal("NaN") if price is None else price,
        "executed": deal.executionTimestamp,
        "commission": amounts.money(deal.commission, deal),
        "label": label,
        "recovered": recovered,
    }
    if deal.HasField("closePositionDetail"):
        read |= _closing(deal, amounts)
    return Deal(**read)


def _closing(deal: ProtoOADeal, amounts: Amounts) -> dict[str, Any]:
    detail = deal.closePositionDetail
    digits = amounts.digits(detail, amounts.digits(deal))
    return {
        "closedVolume": detail.closedVolume if detail.HasField("closedVolume") else deal.filledVolume,
        "entryPrice": amounts.price(detail.entryPrice, deal.symbolId),
        "grossProfit": moneyFromWire(detail.grossProfit, digits),
        "swap": moneyFromWire(detail.swap, digits),
        "totalCommission": moneyFromWire(detail.commission, digits),
        "conversionFee": moneyFromWire(detail.pnlConversionFee, digits),
        "balance": moneyFromWire(detail.balance, digits),
    }


def combined(deals: Sequence[Deal]) -> Deal:
    """
    Make one deal of all those of an order.

    @param deals: the deals, at least one.
    @return: the sums of volumes and money, and the mean prices by volume; all else is as in the last.
    """
    last = deals[-1]
    if len(deals) == 1:
        return last
    return evolve(
        last,
        volume=sum(deal.volume for deal in deals),
        price=_mean((deal.price, deal.volume) for deal in deals) or last.price,
        commission=sum((deal.commission for deal in deals), Decimal(0)),
        closedVolume=sum(deal.closedVolume for deal in deals),
        entryPrice=_mean((deal.entryPrice, deal.closedVolume) for deal in deals),
        grossProfit=_sum(deal.grossProfit for deal in deals),
        swap=_sum(deal.swap for deal in deals),
        totalCommission=_sum(deal.totalCommission for deal in deals),
        conversionFee=_sum(deal.conversionFee for deal in deals),
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def _mean(parts: Iterable[tuple[Decimal | None, int]]) -> Decimal | None:
    known = [(price, volume) for price, volume in parts if price is not None and volume]
    if not known:
        return None
    weighted = sum((price * volume for price, volume in known), Decimal(0))
    return _MEANS.divide(weighted, Decimal(sum(volume for _, volume in known)))


class Executions:
    """
    The deals of the account, those of other clients too, each told once and in order. The ids of the last 10,000 are
    remembered, so that a deal that is told twice counts once.

    @ivar forgotten: the time of the newest deal that was told and is not remembered any more, in milliseconds since
        1970; 0 if all are.
    """

    def __init__(self, amounts: Amounts) -> None:
        """
        @param amounts: reads the numbers.
        """
        self.forgotten = 0
        self._amounts = amounts
        self._heard: dict[int, None] = {}
        self._told: dict[int, Deal] = {}
        # What has to wait for older deals, which are being fetched.
        self._held: list[Deal] | None = None
        self._listeners: Listeners[Deal] = Listeners()

    def listen(self, listener: Callable[[Deal], object]) -> Registration:
        """
        Hear of each deal.

        @param listener: called with it.
        """
        return self._listeners.add(listener)

    def take(self, event: ProtoOAExecutionEvent) -> Deal | None:
        """
        Read the deal of an event.

        @param event: an execution event.
        @return: the deal, or L{None} if nothing was executed or an event has told of the deal before.
        """
        if not isFill(event) or event.deal.dealId in self._heard:
            return None
        _remember(self._heard, event.deal.dealId, None)
        label = event.order.tradeData.label or event.position.tradeData.label
        return readDeal(event.deal, self._amounts, label=label)

    def tell(self, deal: Deal) -> None:
        """
        Tell the listeners, unless they know the deal already; as long as older ones are being fetched, later.

        @param deal: the deal.
        """
        if deal.dealId in self._told:
            return
        dropped = _remember(self._told, deal.dealId, deal)
        if dropped is not None:
            self.forgotten = max(self.forgotten, dropped.executed)
        if self._held is None:
            self._listeners.tell(deal)
        else:
            self._held.append(deal)

    @property
    def isHolding(self) -> bool:
        """
        Whether deals are kept because older ones are being fetched.
        """
        return self._held is not None

    def hold(self) -> None:
        """
        Keep what comes, until L{release}: there may be older deals.
        """
        if self._held is None:
            self._held = []

    def told(self) -> tuple[Deal, ...]:
        """
        @return: the newest deals that were heard of, at most 10,000.
        """
        return tuple(self._told.values())

    def recover(self, messages: Iterable[ProtoOADeal], labelOf: Callable[[ProtoOADeal], str]) -> list[Deal]:
        """
        Take in deals that were fetched. They are told with the others.

        @param messages: the server's messages.
        @param labelOf: gives the label of a deal's position, as far as it is known.
        @return: those that were not known.
        """
        missed = [
            readDeal(message, self._amounts, label=labelOf(message), recovered=True)
            for message in messages
            if isFilled(message) and message.dealId not in self._told
        ]
        for deal in missed:
            self.tell(deal)
        return missed

    def release(self) -> None:
        """
        Tell what was kept, in the order of execution; nothing is kept from now on.
        """
        held, self._held = self._held or [], None
        for deal in sorted(held, key=lambda each: (each.executed, each.dealId)):
            self._listeners.tell(deal)


def _remember(known: dict[int, _KnownT], dealId: int, value: _KnownT) -> _KnownT | None:
    known[dealId] = value
    return known.pop(next(iter(known))) if len(known) > _REMEMBERED else None
