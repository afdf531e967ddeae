"""
What an account has done in a span of time: deals, orders, and deposits and withdrawals.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen
from google.protobuf.message import Message

from ctrader_twisted.errors import HistoryFailed
from ctrader_twisted.market.patience import Patience
from ctrader_twisted.market.source import spanOf
from ctrader_twisted.schema.messages import ProtoOAChangeBalanceType, ProtoOADepositWithdraw, ProtoOAOrder
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.trading.amounts import Amounts
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.deals import Deal, Side, isFilled, readDeal
from ctrader_twisted.trading.orderlife import STATUSES, TradeStatus
from ctrader_twisted.trading.pending import OrderKind
from ctrader_twisted.units import moneyFromWire

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["CashFlow", "Past", "PastOrder"]

_AnswerT = TypeVar("_AnswerT", bound=Message)

_KINDS = {kind.value: kind for kind in OrderKind}
_BALANCE, _OUT = "BALANCE_", "WITHDRAW"


@frozen(kw_only=True)
class PastOrder:
    """
    An order as it was left, of any kind and status.

    @ivar orderId: the server's number for it.
    @ivar clientOrderId: the client's own id; empty if it had none.
    @ivar positionId: the position that it opened or was to open, or changed; L{None} if there is none.
    @ivar symbolId: the symbol.
    @ivar side: its side.
    @ivar kind: its kind; L{None} for the order that protects a position.
    @ivar status: how it ended; an order that waits is accepted.
    @ivar volume: what was ordered, in hundredths of a unit.
    @ivar executedVolume: what was executed of it, likewise.
    @ivar price: the price of its execution, or L{None}.
    @ivar limitPrice: its limit, or L{None}; of a protective order the take profit.
    @ivar stopPrice: its stop, or L{None}; of a protective order the stop loss.
    @ivar stopLoss: the stop loss as a price, or L{None}.
    @ivar takeProfit: the take profit as a price, or L{None}.
    @ivar opened: when it was made, in milliseconds since 1970, or L{None}.
    @ivar updated: when it changed last, likewise, or L{None}.
    @ivar expires: when it was to expire, likewise, or L{None}.
    @ivar isClosing: whether it could only close or reduce its position.
    @ivar isStopOut: whether the server made it for lack of margin.
    @ivar label: the client's mark on it; empty if there is none.
    @ivar comment: the client's words on it; empty if there are none.
    """

    orderId: int
    clientOrderId: str
    positionId: int | None
    symbolId: int
    side: Side
    kind: OrderKind | None
    status: TradeStatus
    volume: int
    executedVolume: int
    price: Decimal | None
    limitPrice: Decimal | None
    stopPrice: Decimal | None
    stopLoss: Decimal | None
    takeProfit: Decimal | None
    opened: int | None
    updated: int | None
    expires: int | None
    isClosing: bool
    isStopOut: bool
    label: str
    comment: str


@frozen(kw_only=True)
class CashFlow:
    """
    A change of the balance that no deal has made. Money is in the deposit asset.

    @ivar cashFlowId: the server's number for it.
    @ivar kind: what it was, in the schema's words, such as C{DEPOSIT} or C{WITHDRAW_INACTIVITY_FEE}.
    @ivar amount: what the balance gained; negative if it lost.
    @ivar balance: the balance after it.
    @ivar equity: the equity after it, or L{None} if the server did not say.
    @ivar moment: when, in milliseconds since 1970.
    @ivar note: words of the broker; empty if there are none.
    """

    cashFlowId: int
    kind: str
    amount: Decimal
    balance: Decimal
    equity: Decimal | None
    moment: int
    note: str


class _Patient:
    """
    Requests of an account that are asked again where that helps.
    """

    def __init__(self, link: AccountLink, patience: Patience, what: str, attempts: int, timeout: float | None) -> None:
        self._link = link
        self._patience = patience
        self._what = what
        self._attempts = attempts
        self._timeout = timeout

    async def request(self, message: Request[_AnswerT]) -> _AnswerT:
        return await self._patience.ask(
            self._what, lambda: self._link.request(message, timeout=self._timeout), self._attempts
        )


class Past:
    """
    Reads what the server remembers of an account over any span, as exact records.
    """

    def __init__(
        self,
        link: AccountLink,
        patience: Patience,
        wallClock: Callable[[], int],
        *,
        amounts: Amounts,
        lookUp: Callable[[int], Awaitable[object]],
    ) -> None:
        """
        @param link: the account.
        @param patience: asks it.
        @param wallClock: milliseconds since 1970.
        @param amounts: reads prices and money.
        @param lookUp: learns the specification of a symbol, so that prices get their digits.
        """
        self._link = link
        self._patience = patience
        self._wallClock = wallClock
        self._amounts = amounts
        self._lookUp = lookUp

    async def deals(
        self, start: datetime | int, end: datetime | int, attempts: int, timeout: float | None
    ) -> tuple[Deal, ...]:
        """
        @param start: an aware datetime or milliseconds since 1970, inside the span.
        @param end: likewise, outside the span.
        @param attempts: how often each page is asked for at most.
        @param timeout: seconds to wait for each page, or L{None} for the default.
        @return: what was executed, by time.
        """
        archive, first, last = self._archive("deals", start, end, attempts, timeout)
        deals = [deal for deal in await archive.deals(first, last) if isFilled(deal)]
        await self._learn({deal.symbolId for deal in deals}, attempts)
        return tuple(readDeal(deal, self._amounts) for deal in deals)

    async def orders(
        self, start: datetime | int, end: datetime | int, attempts: int, timeout: float | None
    ) -> tuple[PastOrder, ...]:
        """
        @param start: as in L{deals}.
        @param end: as in L{deals}.
        @param attempts: as in L{deals}.
        @param timeout: as in L{deals}.
        @return: the orders that changed last in the span, by their ids.
        """
        archive, first, last = self._archive("orders", start, end, attempts, timeout)
        orders = await archive.orders(first, last)
        await self._learn({order.tradeData.symbolId for order in orders}, attempts)
        return tuple(_readOrder(order, self._amounts) for order in orders)

    async def cashFlow(
        self, start: datetime | int, end: datetime | int, attempts: int, timeout: float | None
    ) -> tuple[CashFlow, ...]:
        """
        @param start: as in L{deals}.
        @param end: as in L{deals}.
        @param attempts: as in L{deals}.
        @param timeout: as in L{deals}.
        @return: deposits, withdrawals and the like, by time.
        """
        archive, first, last = self._archive("payments", start, end, attempts, timeout)
        return tuple(_readPayment(each, self._amounts) for each in await archive.payments(first, last))

    def _archive(
        self, what: str, start: datetime | int, end: datetime | int, attempts: int, timeout: float | None
    ) -> tuple[Archive, int, int]:
        span = spanOf(start, end)
        named = f"the {what} of account {self._link.accountId} from {span.start} to {span.end} ms since 1970"
        patient = _Patient(self._link, self._patience, named, attempts, timeout)
        return Archive(patient, self._wallClock), span.start, span.end - 1

    async def _learn(self, symbolIds: set[int], attempts: int) -> None:
        for symbolId in sorted(symbolIds):
            try:
                await self._patience.ask(f"symbol {symbolId}", partial(self._lookUp, symbolId), attempts)
            except HistoryFailed:
                # The broker may have it no more. Its prices are as the server prints them.
                continue


def _readOrder(order: ProtoOAOrder, amounts: Amounts) -> PastOrder:
    data = order.tradeData

    def price(name: str) -> Decimal | None:
        return amounts.price(getattr(order, name), data.symbolId)

    return PastOrder(
        orderId=order.orderId,
        clientOrderId=order.clientOrderId,
        positionId=_given(order, "positionId"),
        symbolId=data.symbolId,
        side=Side(data.tradeSide),
        kind=_KINDS.get(order.orderType),
        status=STATUSES.get(order.orderStatus, TradeStatus.UNKNOWN),
        volume=data.volume,
        executedVolume=order.executedVolume,
        price=price("executionPrice"),
        limitPrice=price("limitPrice"),
        stopPrice=price("stopPrice"),
        stopLoss=price("stopLoss"),
        takeProfit=price("takeProfit"),
        opened=_given(data, "openTimestamp"),
        updated=_given(order, "utcLastUpdateTimestamp"),
        expires=_given(order, "expirationTimestamp"),
        isClosing=order.closingOrder,
        isStopOut=order.isStopOut,
        label=data.label,
        comment=data.comment,
    )


def _readPayment(change: ProtoOADepositWithdraw, amounts: Amounts) -> CashFlow:
    kind = ProtoOAChangeBalanceType.Name(change.operationType).removeprefix(_BALANCE)
    digits = amounts.digits(change)
    # Servers differ in whether the amount of a withdrawal is negative.
    amount = -abs(change.delta) if kind.startswith(_OUT) else change.delta
    return CashFlow(
        cashFlowId=change.balanceHistoryId,
        kind=kind,
        amount=moneyFromWire(amount, digits),
        balance=moneyFromWire(change.balance, digits),
        equity=moneyFromWire(change.equity, digits) if change.HasField("equity") else None,
        moment=change.changeBalanceTimestamp,
        note=change.externalNote,
    )


def _given(message: Any, name: str) -> int | None:
    return int(getattr(message, name)) if message.HasField(name) else None
