"""
An account link for tests of trading, and the server's messages about orders, positions and deals.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from ctrader_twisted.errors import ConnectionLost
from ctrader_twisted.market import Quote
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.listeners import Listeners
from ctrader_twisted.trading import Trading
from ctrader_twisted.units import Symbol
from test.marketlink import FakeLink, makeSymbol

__all__ = [
    "BUY",
    "CLOSED",
    "CREATED",
    "EURUSD",
    "OPEN",
    "SELL",
    "TradingLink",
    "closingDeal",
    "deal",
    "event",
    "order",
    "position",
    "protection",
    "setUpTrading",
    "trader",
]

NOW = 1_800_000_000_000
"""
The time at which the tests begin, in milliseconds since 1970.
"""

EURUSD = makeSymbol(1, "EURUSD", minVolume=100_000, maxVolume=1_000_000_000, stepVolume=100_000)

BUY, SELL = m.ProtoOATradeSide.BUY, m.ProtoOATradeSide.SELL
CREATED = m.ProtoOAPositionStatus.POSITION_STATUS_CREATED
OPEN = m.ProtoOAPositionStatus.POSITION_STATUS_OPEN
CLOSED = m.ProtoOAPositionStatus.POSITION_STATUS_CLOSED

_STATUS = {
    "ACCEPTED": "ACCEPTED",
    "REPLACED": "ACCEPTED",
    "PARTIAL_FILL": "ACCEPTED",
    "FILLED": "FILLED",
    "CANCELLED": "CANCELLED",
    "EXPIRED": "EXPIRED",
    "REJECTED": "REJECTED",
    "CANCEL_REJECTED": "ACCEPTED",
}


_QUESTIONS = (m.ProtoOAReconcileReq, m.ProtoOAOrderListReq, m.ProtoOAOrderDetailsReq, m.ProtoOADealListReq)


class TradingLink(FakeLink):
    """
    A link that can be reconciled too.

    @ivar questions: what is asked about orders and deals, apart from what is sent, with the Deferreds that wait.
    @ivar quotes: what the market data would tell, by the symbol's id.
    @ivar trader: the account's terms.
    """

    def __init__(self) -> None:
        super().__init__()
        self.quotes: dict[int, Quote] = {}
        self.trader: m.ProtoOATrader | None = None
        self.questions: list[tuple[Any, Deferred[Any]]] = []
        self._reconcilers: Listeners[Any] = Listeners()

    def _take(self, message: Any) -> Deferred[Any]:
        if not isinstance(message, _QUESTIONS) or type(message) in self.answers:
            return super()._take(message)
        answer: Deferred[Any] = Deferred()
        self.questions.append((message, answer))
        return answer

    def tell(self, result: Message | Exception) -> Any:
        """
        Answer the oldest question that was not given up.

        @return: the question.
        """
        message, waiting = self.questions.pop(0)
        while waiting.called:
            message, waiting = self.questions.pop(0)
        if isinstance(result, Exception):
            waiting.errback(result)
        else:
            waiting.callback(result)
        return message

    def lose(self, tellFirst: bool = False, maybeSent: bool = True) -> None:
        """
        The connection is lost.

        @param tellFirst: as of L{MarketLink.lose}.
        @param maybeSent: as of L{MarketLink.lose}.
        """
        questions, self.questions = self.questions, []
        super().lose(tellFirst, maybeSent)
        for message, waiting in questions:
            if not waiting.called:
                waiting.errback(ConnectionLost(type(message).__name__, 7, maybeSent=maybeSent, reason="test"))

    def onReconcile(self, step: Callable[[Any, Any], None]) -> Any:
        """
        Register a step of reconciling.
        """
        return self._reconcilers.add(lambda state: step(*state))

    def reconcile(self, *things: Any, balance: int = 1_000_000, **terms: Any) -> None:
        """
        The account is logged in.

        @param things: its positions and orders.
        @param balance: its money.
        @param terms: more of its description.
        """
        self.ready = True
        positions = [each for each in things if isinstance(each, m.ProtoOAPosition)]
        orders = [each for each in things if isinstance(each, m.ProtoOAOrder)]
        state = m.ProtoOAReconcileRes(ctidTraderAccountId=7, position=positions, order=orders)
        self.trader = trader(balance, **terms)
        self._reconcilers.tell((self.trader, state))

    def answerWith(self, told: m.ProtoOAExecutionEvent) -> Any:
        """
        Answer the oldest request as the wire does: the listeners have the event first.

        @return: the request.
        """
        self.push(told)
        return self.answer(told)

    def listeners(self) -> int:
        """
        Count what is registered.
        """
        return super().listeners() + len(self._reconcilers)


def setUpTrading(*symbols: Symbol) -> tuple[TradingLink, Clock, Trading]:
    """
    Make the trading of an account that is logged in.

    @param symbols: those that were looked up.
    @return: its link, its clock and itself.
    """
    link, clock = TradingLink(), Clock()
    known = {symbol.symbolId: symbol for symbol in symbols}

    def wallClock() -> int:
        return NOW + int(clock.seconds() * 1000)

    trading = Trading(
        link,
        clock=clock,
        randomness=Random(1),
        wallClock=wallClock,
        symbolById=known.get,
        quote=lambda symbol: link.quotes.get(symbol.symbolId),
        trader=lambda: link.trader,
    )
    link.reconcile()
    return link, clock, trading


def trader(balance: int, **fields: Any) -> m.ProtoOATrader:
    """
    Make an account's description.
    """
    return m.ProtoOATrader(
        ctidTraderAccountId=7, balance=balance, depositAssetId=2, **{"moneyDigits": 2, "balanceVersion": 5, **fields}
    )


def order(orderId: int, volume: int = 100_000, *, side: Any = BUY, kind: str = "MARKET", **fields: Any) -> Any:
    """
    Make an order; C{positionId} is 1,000 above C{orderId} by default.
    """
    data = m.ProtoOATradeData(symbolId=fields.pop("symbolId", 1), volume=volume, tradeSide=side)
    data.label, data.comment = fields.pop("label", ""), fields.pop("comment", "")
    return m.ProtoOAOrder(
        orderId=orderId,
        tradeData=data,
        orderType=getattr(m.ProtoOAOrderType, kind),
        orderStatus=m.ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED,
        **{"positionId": orderId + 1_000, **fields},
    )


def protection(orderId: int, positionId: int, volume: int = 100_000, **fields: Any) -> Any:
    """
    Make the protective order of a position.
    """
    return order(
        orderId, volume, side=SELL, kind="STOP_LOSS_TAKE_PROFIT", positionId=positionId, closingOrder=True, **fields
    )


def position(positionId: int, status: Any, volume: int = 0, *, at: int = 0, side: Any = BUY, **fields: Any) -> Any:
    """
    Make a position.

    @param at: the time of its last change.
    """
    data = m.ProtoOATradeData(symbolId=fields.pop("symbolId", 1), volume=volume, tradeSide=side)
    data.label, data.comment = fields.pop("label", ""), fields.pop("comment", "")
    for name in ("openTimestamp", "closeTimestamp"):
        if name in fields:
            setattr(data, name, fields.pop(name))
    isOpen = status == OPEN
    return m.ProtoOAPosition(
        positionId=positionId,
        tradeData=data,
        positionStatus=status,
        utcLastUpdateTimestamp=at or None,
        **{
            "price": 1.1 if isOpen else 0.0,
            "swap": 0,
            "commission": -3 if isOpen else 0,
            "usedMargin": 1120 if isOpen else 0,
            "moneyDigits": 2,
            **fields,
        },
    )


def deal(dealId: int, orderId: int, volume: int = 100_000, *, at: int = 1, side: Any = BUY, **fields: Any) -> Any:
    """
    Make a deal that opens something; C{positionId} is 1,000 above C{orderId} by default.
    """
    values: dict[str, Any] = {
        "positionId": orderId + 1_000,
        "filledVolume": volume,
        "symbolId": 1,
        "dealStatus": m.ProtoOADealStatus.FILLED,
        "executionPrice": 1.1,
        "commission": -3,
        "moneyDigits": 2,
        **fields,
    }
    return m.ProtoOADeal(
        dealId=dealId,
        orderId=orderId,
        volume=volume,
        createTimestamp=at,
        executionTimestamp=at,
        tradeSide=side,
        **values,
    )


def closingDeal(dealId: int, orderId: int, positionId: int, volume: int = 100_000, **fields: Any) -> Any:
    """
    Make a deal that closes something.
    """
    detail: dict[str, Any] = {
        "entryPrice": 1.1,
        "grossProfit": 500,
        "swap": -10,
        "commission": -6,
        "balance": 1_000_484,
        "balanceVersion": 6,
        "closedVolume": volume,
        "moneyDigits": 2,
    }
    detail |= {name: fields.pop(name) for name in (*detail, "pnlConversionFee") if name in fields}
    return deal(
        dealId,
        orderId,
        volume,
        side=SELL,
        positionId=positionId,
        executionPrice=fields.pop("executionPrice", 1.105),
        closePositionDetail=m.ProtoOAClosePositionDetail(**detail),
        **fields,
    )


def event(kind: str, theOrder: Any = None, thePosition: Any = None, theDeal: Any = None, **fields: Any) -> Any:
    """
    Make an execution event; the order gets the status that belongs to it.

    @param kind: the execution type, without the prefix C{ORDER_} if it has it.
    """
    name = f"ORDER_{kind}" if kind in _STATUS else kind
    if theOrder is not None:
        copy = m.ProtoOAOrder()
        copy.CopyFrom(theOrder)
        copy.orderStatus = getattr(m.ProtoOAOrderStatus, f"ORDER_STATUS_{_STATUS[kind]}")
        theOrder = copy
    return m.ProtoOAExecutionEvent(
        ctidTraderAccountId=7,
        executionType=getattr(m.ProtoOAExecutionType, name),
        order=theOrder,
        position=thePosition,
        deal=theDeal,
        **fields,
    )
