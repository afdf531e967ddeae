"""
Tests of pending orders: placed, followed, cancelled and amended, whoever placed them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import (
    Busy,
    IllegalValue,
    NotConnected,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    PartlyDone,
    RequestTimedOut,
    serverError,
)
from ctrader_twisted.market import Quote
from ctrader_twisted.schema import messages as m
from ctrader_twisted.trading import OrderKind, PendingOrder, Side, TimeInForce, Trade, TradeStatus, TriggerMethod
from ctrader_twisted.trading.amendments import amendedOrder
from ctrader_twisted.trading.levels import Market
from ctrader_twisted.trading.options import OrderChanges
from ctrader_twisted.units import Lots, Units
from test.marketlink import makeSymbol
from test.tradinglink import (
    CLOSED,
    CREATED,
    EURUSD,
    NOW,
    OPEN,
    SELL,
    deal,
    event,
    order,
    position,
    setUpTrading,
)

CANCEL = "ProtoOACancelOrderReq"
STOP_LIMIT: dict[str, Any] = {
    "kind": "STOP_LIMIT",
    "stopPrice": 1.2,
    "slippageInPoints": 30,
    "stopTriggerMethod": m.ProtoOAOrderTriggerMethod.OPPOSITE,
    "relativeStopLoss": 500,
    "relativeTakeProfit": 900,
    "trailingStopLoss": True,
    "expirationTimestamp": NOW + 1_000_000,
    "timeInForce": m.ProtoOATimeInForce.GOOD_TILL_DATE,
}


class PendingCase(SynchronousTestCase):
    """
    An account that may hold the order 10.
    """

    def setUp(self) -> None:
        """
        An account without orders.
        """
        self.link, self.clock, self.trading = setUpTrading(EURUSD)
        self.addCleanup(lambda: self.assertEqual(self.clock.getDelayedCalls(), []))

    def told(self, orderId: int = 10, volume: int = 200_000, **fields: Any) -> Any:
        """
        Make the server's picture of an order.
        """
        return order(orderId, volume, **{"kind": "LIMIT", "limitPrice": 1.05, **fields})

    def hold(self, orderId: int = 10, volume: int = 200_000, **fields: Any) -> PendingOrder:
        """
        Have an order that another client has placed.
        """
        told = self.told(orderId, volume, **fields)
        self.link.push(event("ACCEPTED", told, position(orderId + 1_000, CREATED)))
        return self.trading.orders[-1]

    def end(self, kind: str, orderId: int = 10, **fields: Any) -> Any:
        """
        Make the last event of an order.
        """
        return event(kind, self.told(orderId), position(orderId + 1_000, CLOSED), **fields)


class PlacedTests(PendingCase):
    """
    Orders of our own.
    """

    def placed(self, **options: Any) -> Trade:
        """
        Place a limit order, and have it accepted.
        """
        placed = self.trading.limitOrder(Side.BUY, EURUSD, Lots("0.02"), "1.05", **options)
        told = self.told(clientOrderId=self.link.sent[-1].clientOrderId)
        self.link.answerWith(event("ACCEPTED", told, position(1_010, CREATED)))
        return self.successResultOf(placed)

    def test_kinds(self) -> None:
        """
        There is a method for each kind, and its words reach the wire.
        """
        trading = self.trading
        trading.limitOrder(Side.BUY, EURUSD, Lots("0.02"), "1.05", label="L")
        trading.stopOrder(Side.SELL, EURUSD, Units(1_000), "1.05", trigger=TriggerMethod.OPPOSITE)
        trading.stopLimitOrder(Side.BUY, EURUSD, Lots("0.02"), "1.05", slippagePoints=3)
        trading.marketRangeOrder(Side.SELL, EURUSD, Lots("0.02"), "1.05", slippagePips=3)
        self.assertEqual(
            [(OrderKind(sent.orderType).name, Side(sent.tradeSide).name, sent.volume) for sent in self.link.sent],
            [
                ("LIMIT", "BUY", 200_000),
                ("STOP", "SELL", 100_000),
                ("STOP_LIMIT", "BUY", 200_000),
                ("MARKET_RANGE", "SELL", 200_000),
            ],
        )
        self.assertTrue(all(sent.clientOrderId for sent in self.link.sent))

    def test_trade(self) -> None:
        """
        The trade of a pending order has the live order, which waits until the price comes.
        """
        trade = self.placed()
        self.assertEqual(self.trading.orders, (trade.order,))
        assert trade.order is not None
        self.assertEqual(
            (str(trade.units), str(trade.lots), str(trade.order.price)), ("2000 units", "0.02 lots", "1.05000")
        )
        done, filled = trade.order.whenDone(), trade.whenFilled()
        opened = position(1_010, OPEN, 200_000, at=5)
        self.link.push(event("FILLED", self.told(), opened, deal(1, 10, 200_000), isServerEvent=True))
        self.assertIs(self.successResultOf(done), trade.order)
        self.assertIs(self.successResultOf(filled), trade)
        self.assertEqual((trade.order.status, self.trading.orders), (TradeStatus.FILLED, ()))
        self.assertEqual(trade.position, self.trading.positions[0])

    def test_cancelled(self) -> None:
        """
        Scenario 86: a trade that is cancelled ends unfilled, and its empty position disappears without a profit.
        """
        trade = self.placed()
        ended, cancelled = trade.position.whenClosed(), trade.cancel()
        self.assertEqual(self.link.sent[-1], m.ProtoOACancelOrderReq(orderId=10))
        self.link.answerWith(self.end("CANCELLED"))
        self.assertIs(self.successResultOf(cancelled), trade)
        self.assertEqual((trade.status, trade.fills), (TradeStatus.CANCELLED, ()))
        self.successResultOf(ended)
        self.assertEqual((self.trading.orders, self.trading.positions), ((), ()))
        self.assertIs(self.successResultOf(trade.cancel()), trade)
        self.assertEqual(len(self.link.sent), 2)

    def test_foundAgain(self) -> None:
        """
        Scenario 80: an order whose answer was lost is found by its id, with the live order.
        """
        placed = self.trading.limitOrder(Side.BUY, EURUSD, Lots("0.02"), "1.05")
        told = self.told(clientOrderId=self.link.sent[-1].clientOrderId)
        self.link.lose()
        trade = self.failureResultOf(placed, OutcomeUnknown).value.trade
        assert isinstance(trade, Trade)
        self.assertIsNone(trade.order)
        self.link.reconcile(told, position(1_010, CREATED))
        self.assertEqual((self.trading.orders, trade.status), ((trade.order,), TradeStatus.ACCEPTED))

    def test_limitedRisk(self) -> None:
        """
        The account's terms count.
        """
        self.link.reconcile(isLimitedRisk=True)
        placed = self.trading.limitOrder(Side.BUY, EURUSD, Lots("0.02"), "1.05", stopLossPips=5)
        self.assertIn("limited risk", str(self.failureResultOf(placed, IllegalValue).value))

    def test_amended(self) -> None:
        """
        A trade is amended as its order is.
        """
        trade = self.placed()
        amended = trade.amend(price="1.06")
        self.assertEqual(self.link.sent[-1].limitPrice, 1.06)
        self.link.answerWith(event("REPLACED", self.told(limitPrice=1.06)))
        self.assertIs(self.successResultOf(amended), trade)

    def test_notWaiting(self) -> None:
        """
        A market order cannot be cancelled or amended, nor one that is not known to the server yet.
        """
        bought = self.trading.buy(EURUSD, Lots("0.01"))
        market = order(30, clientOrderId=self.link.sent[-1].clientOrderId)
        self.link.answerWith(event("ACCEPTED", market, position(1_030, CREATED)))
        trade = self.successResultOf(bought)
        self.failureResultOf(trade.cancel(), NotFound)
        self.failureResultOf(trade.amend(price="1.1"), NotFound)
        self.assertRaises(TypeError, trade.amend, prize="1.1")
        filled = position(1_030, OPEN, 100_000, at=5)
        self.link.push(event("FILLED", market, filled, deal(1, 30)))
        self.assertIs(self.successResultOf(trade.cancel()), trade)
        self.assertEqual(len(self.link.sent), 1)


class OrderStateTests(PendingCase):
    """
    What is known of an order.
    """

    def test_attributes(self) -> None:
        """
        A pending order tells all that the server does, prices and distances with the symbol's digits.
        """
        held = self.hold(**STOP_LIMIT, label="L", comment="C", clientOrderId="theirs")
        self.assertEqual((held.kind, held.side, held.symbol), (OrderKind.STOP_LIMIT, Side.BUY, EURUSD))
        self.assertEqual((str(held.price), str(held.stopPrice), held.slippagePoints), ("1.20000", "1.20000", 30))
        self.assertEqual((str(held.stopLossDistance), str(held.takeProfitDistance)), ("0.00500", "0.00900"))
        self.assertEqual((held.stopLoss, held.takeProfit, held.trailingStopLoss), (None, None, True))
        self.assertEqual((held.trigger, held.timeInForce), (TriggerMethod.OPPOSITE, TimeInForce.GOOD_TILL_DATE))
        self.assertEqual((held.expires, held.guaranteedStopLoss), (NOW + 1_000_000, False))
        self.assertEqual((held.units, held.lots, held.label), (Units(2_000), Lots("0.02"), "L"))
        self.assertIn("STOP_LIMIT", repr(held))

    def test_levels(self) -> None:
        """
        Levels that the server tells as prices are prices; of an unknown symbol, lots are not known.
        """
        held = self.hold(stopLoss=1.04, takeProfit=1.06, symbolId=9)
        self.assertEqual((held.stopLoss, held.takeProfit), (Decimal("1.04"), Decimal("1.06")))
        self.assertEqual((held.symbol, held.lots, held.units), (None, None, Units(2_000)))

    def test_sameObject(self) -> None:
        """
        It is one object all its life, across logins too, and ends with the last that was told.
        """
        held = self.hold()
        self.link.push(event("REPLACED", self.told(limitPrice=1.06)))
        self.link.lose()
        self.link.reconcile(self.told(limitPrice=1.07))
        self.assertEqual(self.trading.orders, (held,))
        done = held.whenDone()
        self.link.push(self.end("EXPIRED"))
        self.assertIs(self.successResultOf(done), held)
        self.assertIs(held.status, TradeStatus.EXPIRED)
        self.assertIs(self.successResultOf(held.whenDone()), held)
        self.link.push(event("REPLACED", self.told(limitPrice=1.01)))
        self.assertEqual((held.status, str(held.price)), (TradeStatus.EXPIRED, "1.05000"))

    def test_goneWhileAway(self) -> None:
        """
        If a login does not show it, it has ended in a way that was not heard; if a later one does, it waits again.
        """
        held = self.hold()
        done = held.whenDone()
        self.link.reconcile()
        self.successResultOf(done)
        self.assertIs(held.status, TradeStatus.UNKNOWN)
        self.link.reconcile(self.told())
        self.assertEqual((self.trading.orders, held.status), ((held,), TradeStatus.ACCEPTED))

    def test_stopped(self) -> None:
        """
        When the client is stopped, those who wait for its end are told.
        """
        held = self.hold()
        done = held.whenDone()
        self.trading.release()
        self.failureResultOf(done, NotConnected)
        self.failureResultOf(held.whenDone(), NotConnected)

    def test_byLabel(self) -> None:
        """
        Orders can be asked by symbol and label.
        """
        first, second = self.hold(label="a"), self.hold(11, symbolId=9)
        self.assertEqual(self.trading.ordersOf(), (first, second))
        self.assertEqual(self.trading.ordersOf(label="a"), (first,))
        self.assertEqual(self.trading.ordersOf(label=""), (second,))
        self.assertEqual(self.trading.ordersOf(symbol=EURUSD, label=""), ())


class CancelTests(PendingCase):
    """
    Cancelling.
    """

    def test_cancelled(self) -> None:
        """
        An order of another client is cancelled too; its Deferred fires when it waits no more.
        """
        held = self.hold()
        cancelled = held.cancel()
        self.assertNoResult(cancelled)
        self.link.answerWith(self.end("CANCELLED"))
        self.assertIs(self.successResultOf(cancelled), held)
        self.assertEqual((held.status, self.trading.orders), (TradeStatus.CANCELLED, ()))

    def test_alreadyEnded(self) -> None:
        """
        Scenario 83: an order that is not there any more is no failure; the server is asked how it ended.
        """
        for status, expected in (
            (m.ProtoOAOrderStatus.ORDER_STATUS_FILLED, TradeStatus.FILLED),
            (m.ProtoOAOrderStatus.ORDER_STATUS_CANCELLED, TradeStatus.CANCELLED),
        ):
            held = self.hold()
            cancelled = held.cancel()
            self.link.answer(serverError("ORDER_NOT_FOUND", request=CANCEL))
            self.assertNoResult(cancelled)
            ended = self.told()
            ended.orderStatus = status
            asked = self.link.tell(m.ProtoOAOrderDetailsRes(ctidTraderAccountId=7, order=ended))
            self.assertEqual(asked, m.ProtoOAOrderDetailsReq(orderId=10))
            self.assertIs(self.successResultOf(cancelled), held)
            self.assertEqual((held.status, self.trading.orders), (expected, ()))
            self.setUp()

    def test_howItEndedUnknown(self) -> None:
        """
        Scenario 83: if the server does not tell how it ended either, it does not wait all the same.
        """
        held = self.hold()
        cancelled, done = held.cancel(), held.whenDone()
        self.link.answer(serverError("ORDER_NOT_FOUND", request=CANCEL))
        self.link.tell(serverError("ORDER_NOT_FOUND", request="ProtoOAOrderDetailsReq"))
        self.successResultOf(cancelled)
        self.successResultOf(done)
        self.assertEqual((held.status, self.trading.orders), (TradeStatus.UNKNOWN, ()))

    def test_waitsAllTheSame(self) -> None:
        """
        An order that is not found and yet waits, as the server then says, is not cancelled: that is told.
        """
        held = self.hold()
        cancelled = held.cancel()
        self.link.answer(serverError("ORDER_NOT_FOUND", request=CANCEL))
        self.link.tell(m.ProtoOAOrderDetailsRes(ctidTraderAccountId=7, order=self.told()))
        self.failureResultOf(cancelled, Busy)
        self.assertEqual((held.status, self.trading.orders), (TradeStatus.ACCEPTED, (held,)))

    def test_ownAlreadyFilled(self) -> None:
        """
        Scenario 83: of an order of ours the trade learns by the same answer that it was filled.
        """
        placed = self.trading.limitOrder(Side.BUY, EURUSD, Lots("0.02"), "1.05")
        told = self.told(clientOrderId=self.link.sent[-1].clientOrderId)
        self.link.answerWith(event("ACCEPTED", told, position(1_010, CREATED)))
        trade = self.successResultOf(placed)
        cancelled, filled = trade.cancel(), trade.whenFilled()
        self.link.answer(serverError("ORDER_NOT_FOUND", request=CANCEL))
        told.orderStatus = m.ProtoOAOrderStatus.ORDER_STATUS_FILLED
        told.tradeData.label = "L"
        answer = m.ProtoOAOrderDetailsRes(ctidTraderAccountId=7, order=told, deal=[deal(1, 10, 200_000)])
        self.link.tell(answer)
        for fired in (cancelled, filled):
            self.assertIs(self.successResultOf(fired), trade)
        self.assertEqual([(each.dealId, each.label) for each in trade.fills], [(1, "L")])
        self.assertEqual(self.trading.orders, ())

    def test_race(self) -> None:
        """
        A cancel that is rejected because the order was just filled is no failure; the order has ended.
        """
        held = self.hold()
        cancelled = held.cancel()
        self.link.push(event("FILLED", self.told(), position(1_010, OPEN, 200_000, at=5), deal(1, 10, 200_000)))
        self.link.answer(serverError("UNABLE_TO_CANCEL_ORDER", request=CANCEL))
        self.assertIs(self.successResultOf(cancelled), held)
        self.assertIs(held.status, TradeStatus.FILLED)

    def test_refused(self) -> None:
        """
        An order that cannot be cancelled stays, and what may succeed later keeps its class.
        """
        for code, kind in (("UNABLE_TO_CANCEL_ORDER", OrderRejected), ("CONCURRENT_MODIFICATION", Busy)):
            held = self.hold()
            cancelled = held.cancel()
            self.link.answer(serverError(code, request=CANCEL))
            self.failureResultOf(cancelled, kind)
            self.assertEqual(self.trading.orders, (held,))

    def test_unknown(self) -> None:
        """
        Without an answer, or with one that does not tell of the end, the outcome is unknown and nothing is sent again.
        """
        held = self.hold()
        cancelled = held.cancel()
        self.link.answer(RequestTimedOut(CANCEL, 7, seconds=30))
        self.assertIs(self.failureResultOf(cancelled, OutcomeUnknown).value.trade, held)
        cancelled = held.cancel()
        self.link.answerWith(event("REPLACED", self.told()))
        self.failureResultOf(cancelled, OutcomeUnknown)
        self.assertEqual(len(self.link.sent), 2)
        self.trading.release()

    def test_deferredCancelled(self) -> None:
        """
        Cancelling the Deferred does not take the cancel back.
        """
        held = self.hold()
        cancelled = held.cancel()
        cancelled.cancel()
        self.failureResultOf(cancelled, CancelledError)
        self.link.answerWith(self.end("CANCELLED"))
        self.assertIs(held.status, TradeStatus.CANCELLED)

    def test_all(self) -> None:
        """
        All orders, or those of a label, are cancelled at once; one that is not there any more is no failure.
        """
        first, second, other = self.hold(label="a"), self.hold(11, label="a"), self.hold(12)
        cancelled = self.trading.cancelAll(label="a")
        self.assertEqual([sent.orderId for sent in self.link.sent], [10, 11])
        self.link.answerWith(self.end("CANCELLED"))
        self.link.answer(serverError("ORDER_NOT_FOUND", request=CANCEL))
        self.assertNoResult(cancelled)
        self.link.tell(serverError("ORDER_NOT_FOUND", request="ProtoOAOrderDetailsReq"))
        self.assertEqual(self.successResultOf(cancelled), (first, second))
        self.assertEqual(self.trading.orders, (other,))
        self.assertEqual(self.successResultOf(self.trading.cancelAll(label="a")), ())

    def test_allButOne(self) -> None:
        """
        If some cannot be cancelled, the error comes when all have ended, and tells which.
        """
        first, second = self.hold(), self.hold(11)
        cancelled = self.trading.cancelAll(symbol=EURUSD)
        self.link.answer(serverError("UNABLE_TO_CANCEL_ORDER", request=CANCEL))
        self.assertNoResult(cancelled)
        self.link.answerWith(self.end("CANCELLED", 11))
        error = self.failureResultOf(cancelled, PartlyDone).value
        self.assertEqual((error.done, list(error.failed)), ((second,), [first]))
        self.assertIsInstance(error.failed[first], OrderRejected)


class AmendTests(PendingCase):
    """
    Amending.
    """

    def amended(self, held: PendingOrder, **changes: Any) -> Any:
        """
        Amend an order and have that accepted.

        @return: what was sent.
        """
        amended = held.amend(**changes)
        sent = self.link.pending[0][0]
        self.link.answerWith(event("REPLACED", held.told))
        self.assertIs(self.successResultOf(amended), held)
        return sent

    def test_keeps(self) -> None:
        """
        Scenario 76: whatever is amended, all that was not named is sent again as it was.
        """
        whole = {
            "orderId": 10,
            "volume": 200_000,
            "stopPrice": 1.2,
            "expirationTimestamp": NOW + 1_000_000,
            "slippageInPoints": 30,
            "relativeStopLoss": 500,
            "relativeTakeProfit": 900,
            "guaranteedStopLoss": False,
            "trailingStopLoss": True,
            "stopTriggerMethod": m.ProtoOAOrderTriggerMethod.OPPOSITE,
        }
        changes: list[tuple[dict[str, Any], dict[str, Any]]] = [
            ({"price": "1.3"}, {"stopPrice": 1.3}),
            ({"quantity": Lots("0.05")}, {"volume": 500_000}),
            ({"expires": NOW + 5}, {"expirationTimestamp": NOW + 5}),
            ({"expires": None}, {"expirationTimestamp": None}),
            ({"stopLossPips": 20}, {"relativeStopLoss": 200}),
            ({"takeProfitDistance": Decimal("0.001")}, {"relativeTakeProfit": 100}),
            ({"takeProfit": None}, {"relativeTakeProfit": None}),
            ({"takeProfit": "1.25"}, {"relativeTakeProfit": None, "takeProfit": 1.25}),
            ({"stopLoss": None}, {"relativeStopLoss": None, "trailingStopLoss": None, "guaranteedStopLoss": None}),
            ({"trailing": False}, {"trailingStopLoss": False}),
            ({"trigger": TriggerMethod.TRADE}, {"stopTriggerMethod": m.ProtoOAOrderTriggerMethod.TRADE}),
            ({"slippagePips": 1}, {"slippageInPoints": 10}),
        ]
        for change, difference in changes:
            held = self.hold(**STOP_LIMIT)
            self.assertEqual(self.amended(held, **change), m.ProtoOAAmendOrderReq(**{**whole, **difference}))

    def test_guaranteed(self) -> None:
        """
        A stop loss can be guaranteed where the broker offers that.
        """
        sure = makeSymbol(1, guaranteedStopLoss=True)
        message = amendedOrder(self.told(stopLoss=1.04), {"guaranteedStopLoss": True}, sure, Market(None, NOW))
        self.assertEqual((message.guaranteedStopLoss, message.stopLoss), (True, 1.04))

    def test_limit(self) -> None:
        """
        A limit order keeps its limit and levels that are prices.
        """
        sent = self.amended(self.hold(stopLoss=1.04, takeProfit=1.06), quantity=Lots("0.03"))
        self.assertEqual((sent.limitPrice, sent.volume, sent.stopLoss, sent.takeProfit), (1.05, 300_000, 1.04, 1.06))
        self.assertFalse(sent.HasField("stopPrice") or sent.HasField("stopTriggerMethod"))

    def test_alreadySo(self) -> None:
        """
        "Nothing to amend." means that all is as it was asked for.
        """
        held = self.hold()
        amended = held.amend(price="1.05")
        self.link.answer(serverError("INVALID_REQUEST", "Nothing to amend.", request="ProtoOAAmendOrderReq"))
        self.assertIs(self.successResultOf(amended), held)

    def test_illegal(self) -> None:
        """
        What cannot be is refused before anything is sent.
        """
        self.link.quotes[1] = Quote(1, Decimal("1.1"), Decimal("1.1001"), NOW, NOW)
        limit = self.hold(executedVolume=100_000, stopLoss=1.04)
        stop = self.hold(11, kind="STOP", stopPrice=1.2)
        cases: list[tuple[PendingOrder, dict[str, Any]]] = [
            (limit, {"price": 105_000}),
            (limit, {"price": "1.03"}),
            (limit, {"quantity": Lots("0.01")}),
            (limit, {"quantity": Lots("0.001")}),
            (limit, {"expires": NOW - 1}),
            (limit, {"stopLoss": "1.06"}),
            (limit, {"stopLoss": "1.04", "stopLossPips": 1}),
            (limit, {"trigger": TriggerMethod.TRADE}),
            (limit, {"slippagePips": 1}),
            (limit, {"stopLoss": None, "trailing": True}),
            (limit, {"guaranteedStopLoss": True}),
            (stop, {"price": "1.05"}),
            (stop, {"slippagePoints": 1}),
            (stop, {"guaranteedStopLoss": True}),
            (self.hold(12, symbolId=9), {"price": "1.1"}),
        ]
        for held, changes in cases:
            self.failureResultOf(held.amend(**changes), IllegalValue)
        self.failureResultOf(limit.amend(price=1.05), TypeError)  # type: ignore[arg-type]
        self.assertRaises(TypeError, limit.amend, prize="1.05")
        self.assertEqual(self.link.sent, [])

    def test_gone(self) -> None:
        """
        Scenario 83: an order that is not there cannot be amended; it is gone here too.
        """
        held = self.hold()
        amended = held.amend(price="1.06")
        self.link.answer(serverError("ORDER_NOT_FOUND", request="ProtoOAAmendOrderReq"))
        self.link.tell(m.ProtoOAOrderDetailsRes(ctidTraderAccountId=7, order=_cancelled(self.told())))
        self.failureResultOf(amended, NotFound)
        self.assertIs(held.status, TradeStatus.CANCELLED)
        self.failureResultOf(held.amend(price="1.06"), NotFound)
        self.assertEqual(len(self.link.sent), 1)

    def test_refused(self) -> None:
        """
        Another refusal is one.
        """
        held = self.hold()
        amended = held.amend(price="1.06")
        self.link.answer(serverError("UNABLE_TO_AMEND_ORDER", request="ProtoOAAmendOrderReq"))
        self.failureResultOf(amended, OrderRejected)

    def test_oneAfterTheOther(self) -> None:
        """
        Two changes at once do not undo each other: the second is made of what the first has left.
        """
        held = self.hold(relativeStopLoss=500)
        first, second = held.amend(price="1.06"), held.amend(stopLossPips=10)
        self.assertEqual(len(self.link.sent), 1)
        self.link.answerWith(event("REPLACED", self.told(limitPrice=1.06, relativeStopLoss=500)))
        self.successResultOf(first)
        self.assertEqual((self.link.sent[1].limitPrice, self.link.sent[1].relativeStopLoss), (1.06, 100))
        self.link.answerWith(event("REPLACED", self.told(limitPrice=1.06, relativeStopLoss=100)))
        self.successResultOf(second)

    def test_sold(self) -> None:
        """
        The sides of a sold order's levels are the other way round.
        """
        told = self.told(side=SELL)
        changes: OrderChanges = {"stopLoss": "1.06", "takeProfit": "1.04"}
        message = amendedOrder(told, changes, EURUSD, Market(None, NOW))
        self.assertEqual((message.stopLoss, message.takeProfit), (1.06, 1.04))


def _cancelled(told: Any) -> Any:
    told.orderStatus = m.ProtoOAOrderStatus.ORDER_STATUS_CANCELLED
    return told
