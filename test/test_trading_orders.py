"""
Tests of placing orders and of following them.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import (
    Busy,
    ConnectionLost,
    IllegalValue,
    LoginNeeded,
    NotConnected,
    OrderRejected,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    RequestTimedOut,
    TokenRefused,
    TooManyRequests,
    serverError,
)
from ctrader_twisted.schema import messages as m
from ctrader_twisted.trading import Side, Trade, TradeStatus
from ctrader_twisted.trading.orderlife import OrderLife, Wanted
from ctrader_twisted.trading.orders import Orders
from ctrader_twisted.units import Lots, Units
from test.marketlink import makeSymbol
from test.tradinglink import (
    BUY,
    CLOSED,
    CREATED,
    EURUSD,
    OPEN,
    SELL,
    deal,
    event,
    order,
    position,
    protection,
    setUpTrading,
)

REQUEST = "ProtoOANewOrderReq"


class OrderTests(SynchronousTestCase):
    """
    One order, from asking to its end.
    """

    def setUp(self) -> None:
        """
        An account without positions.
        """
        self.link, self.clock, self.trading = setUpTrading(EURUSD)
        self.addCleanup(lambda: self.assertEqual(self.clock.getDelayedCalls(), []))

    def buy(self, **terms: Any) -> Deferred[Trade]:
        """
        Buy 0.01 lots.
        """
        return self.trading.buy(EURUSD, Lots("0.01"), **terms)

    def mine(self, orderId: int = 10, **fields: Any) -> Any:
        """
        Make the server's picture of the order that was sent last.
        """
        sent = self.link.sent[-1]
        return order(orderId, sent.volume, side=sent.tradeSide, clientOrderId=sent.clientOrderId, **fields)

    def accepted(self, orderId: int = 10) -> Any:
        """
        Make the first event of the order that was sent last.
        """
        return event("ACCEPTED", self.mine(orderId), position(orderId + 1_000, CREATED))

    def filled(self, orderId: int = 10, at: int = 100) -> Any:
        """
        Make the second event.
        """
        held = position(orderId + 1_000, OPEN, 100_000, at=at, openTimestamp=at)
        return event("FILLED", self.mine(orderId), held, deal(orderId + 500, orderId, at=at))

    def trade(self, **terms: Any) -> Trade:
        """
        Buy, and have it accepted.
        """
        bought = self.buy(**terms)
        self.link.answerWith(self.accepted())
        return self.successResultOf(bought)


class RequestTests(OrderTests):
    """
    What is sent, and what is not.
    """

    def test_plain(self) -> None:
        """
        A plain order carries symbol, side, volume and an id, and nothing that was not asked for.
        """
        self.buy()
        [sent] = self.link.sent
        self.assertEqual(len(sent.clientOrderId), 32)
        self.assertEqual(
            sent,
            m.ProtoOANewOrderReq(
                symbolId=1,
                orderType=m.ProtoOAOrderType.MARKET,
                tradeSide=m.ProtoOATradeSide.BUY,
                volume=100_000,
                clientOrderId=sent.clientOrderId,
            ),
        )

    def test_full(self) -> None:
        """
        Protection goes out as relative distances in 1/100000, pips or prices.
        """
        self.trading.sell(
            EURUSD,
            Units(2_000),
            stopLossPips="20.5",
            takeProfitDistance=Decimal("0.004"),
            trailing=True,
            label="L" * 100,
            comment="C" * 512,
            clientOrderId="I" * 50,
        )
        [sent] = self.link.sent
        self.assertEqual((sent.tradeSide, sent.volume), (SELL, 200_000))
        self.assertEqual((sent.relativeStopLoss, sent.relativeTakeProfit, sent.trailingStopLoss), (205, 400, True))
        self.assertEqual((sent.label, sent.comment, sent.clientOrderId), ("L" * 100, "C" * 512, "I" * 50))

    def test_otherLegs(self) -> None:
        """
        A stop loss can be a distance and a take profit pips, too.
        """
        self.buy(stopLossDistance=Decimal("0.001"), takeProfitPips=3)
        self.assertEqual((self.link.sent[0].relativeStopLoss, self.link.sent[0].relativeTakeProfit), (100, 30))

    def test_ids(self) -> None:
        """
        Each order has an id of its own.
        """
        for _ in range(100):
            self.buy()
        self.assertEqual(len({sent.clientOrderId for sent in self.link.sent}), 100)

    def test_illegal(self) -> None:
        """
        What cannot be ordered fails before anything is sent.
        """
        illegal: list[dict[str, Any]] = [
            {"label": "x" * 101},
            {"comment": "x" * 513},
            {"clientOrderId": "x" * 51},
            {"clientOrderId": ""},
            {"clientOrderId": "\ud800"},
            {"label": "x\udfff"},
            {"comment": "\ud800\udc00"},
            {"stopLossDistance": Decimal("1e20")},
            {"takeProfitPips": "1e20"},
            {"stopLossPips": 1, "stopLossDistance": Decimal("0.0001")},
            {"takeProfitPips": 1, "takeProfitDistance": Decimal("0.0001")},
            {"stopLossPips": "0.01"},
            {"stopLossDistance": Decimal("0.000001")},
            {"takeProfitPips": 0},
            {"trailing": True},
            {"trailing": True, "takeProfitPips": 5},
        ]
        for terms in illegal:
            self.failureResultOf(self.buy(**terms), IllegalValue)
        self.failureResultOf(self.trading.buy(EURUSD, Lots("0.001")), IllegalValue)
        self.failureResultOf(self.trading.sell(EURUSD, Units(1_500)), IllegalValue)
        self.failureResultOf(self.trading.sell(makeSymbol(2), Units("1e20")), IllegalValue)
        self.assertEqual(self.link.sent, [])

    def test_floats(self) -> None:
        """
        Floats are refused, and so are bare numbers as quantities.
        """
        self.failureResultOf(self.buy(stopLossPips=0.5), TypeError)
        self.failureResultOf(self.buy(takeProfitDistance=0.5), TypeError)
        self.failureResultOf(self.trading.buy(EURUSD, 1), TypeError)  # type: ignore[arg-type]
        self.assertEqual(self.link.sent, [])

    def test_idUsedBefore(self) -> None:
        """
        An id that was sent once is refused, also after a rejection; one that was refused here may be used again.
        """
        self.failureResultOf(self.buy(clientOrderId="mine", stopLossPips=0), IllegalValue)
        first = self.buy(clientOrderId="mine")
        self.link.answer(serverError("NOT_ENOUGH_MONEY", request=REQUEST))
        self.failureResultOf(first, OrderRejected)
        self.assertIn("mine", str(self.failureResultOf(self.buy(clientOrderId="mine"), IllegalValue).value))
        self.assertEqual(len(self.link.sent), 1)

    def test_notConnected(self) -> None:
        """
        Without a connection nothing is sent, and the id stays free.
        """
        self.link.ready = False
        self.failureResultOf(self.buy(clientOrderId="mine"), NotConnected)
        self.link.ready = True
        self.buy(clientOrderId="mine")
        self.assertEqual(len(self.link.sent), 1)

    def test_notSent(self) -> None:
        """
        What failed before it left passes as it is, and the id stays free.
        """
        for error in (ConnectionLost(REQUEST, 7, maybeSent=False, reason="x"), TooManyRequests("x")):
            bought = self.buy(clientOrderId="mine")
            self.link.answer(error)
            self.assertIs(self.failureResultOf(bought).value, error)


class AcceptanceTests(OrderTests):
    """
    From the request to the trade.
    """

    def test_accepted(self) -> None:
        """
        The order's Deferred fires with the trade when the server has accepted it, not before.
        """
        bought = self.buy(label="L", comment="C", clientOrderId="mine")
        self.assertNoResult(bought)
        self.link.answerWith(self.accepted())
        trade = self.successResultOf(bought)
        self.assertEqual((trade.clientOrderId, trade.label, trade.comment), ("mine", "L", "C"))
        self.assertEqual((trade.symbol, trade.side, trade.volume), (EURUSD, Side.BUY, 100_000))
        self.assertEqual((trade.orderId, trade.status, trade.fills), (10, TradeStatus.ACCEPTED, ()))
        self.assertEqual(trade.position.positionId, 1_010)
        self.assertIs(self.successResultOf(trade.whenAccepted()), trade)
        self.assertNoResult(trade.whenFilled())
        self.assertIn("EURUSD", repr(trade))

    def test_acceptedByEventAlone(self) -> None:
        """
        The event is enough while the request still waits; its late failure changes nothing.
        """
        bought = self.buy()
        self.link.push(self.accepted())
        trade = self.successResultOf(bought)
        self.link.answer(RequestTimedOut(REQUEST, 7, seconds=30))
        self.assertIs(trade.status, TradeStatus.ACCEPTED)

    def test_acceptedByAnswerAlone(self) -> None:
        """
        If the server does not repeat our id, the answer tells which order it is, and what was heard of it counts.
        """
        bought = self.buy()
        accepted, filled = self.accepted(), self.filled()
        for each in (accepted, filled):
            each.order.ClearField("clientOrderId")
            self.link.push(each)
        self.assertNoResult(bought)
        self.link.answer(accepted)
        trade = self.successResultOf(bought)
        self.assertIs(self.successResultOf(trade.whenFilled()), trade)
        self.assertEqual([fill.dealId for fill in trade.fills], [510])

    def test_acceptedByAnswerThenFilled(self) -> None:
        """
        An order that only the answer named is followed by its number.
        """
        bought = self.buy()
        accepted = self.accepted()
        accepted.order.ClearField("clientOrderId")
        self.link.answerWith(accepted)
        trade = self.successResultOf(bought)
        filled = trade.whenFilled()
        told = self.filled()
        told.order.ClearField("clientOrderId")
        self.link.push(told)
        self.assertIs(self.successResultOf(filled), trade)

    def test_answerUnheard(self) -> None:
        """
        An answer that no listener has had still accepts the order.
        """
        bought = self.buy()
        self.link.answer(self.accepted())
        self.assertEqual(self.successResultOf(bought).orderId, 10)

    def test_endUnheard(self) -> None:
        """
        An answer that no listener has had tells what became of the order.
        """
        bought = self.buy()
        self.link.answer(event("CANCELLED", self.mine()))
        self.assertEqual(self.failureResultOf(bought, OrderRejected).value.code, "ORDER_CANCELLED")
        bought = self.buy()
        self.link.answer(self.filled(11))
        trade = self.successResultOf(bought)
        self.assertIs(trade.status, TradeStatus.FILLED)
        self.assertIs(self.successResultOf(trade.whenFilled()), trade)
        bought = self.buy()
        self.link.answer(event("CANCEL_REJECTED", self.mine(12)))
        self.assertIs(self.successResultOf(bought).status, TradeStatus.ACCEPTED)

    def test_withoutPosition(self) -> None:
        """
        An acceptance may name no position; the fill does then.
        """
        bought = self.buy()
        self.link.answerWith(event("ACCEPTED", self.mine(positionId=0)))
        trade = self.successResultOf(bought)
        self.assertIs(self.assertRaises(OutcomeUnknown, lambda: trade.position).trade, trade)
        self.link.push(self.filled())
        self.assertEqual(trade.position.positionId, 1_010)

    def test_cancelled(self) -> None:
        """
        Cancelling the Deferred takes back neither the order nor anybody else's waiting.
        """
        bought = self.buy()
        [(_, waiting)] = self.link.pending
        bought.cancel()
        self.failureResultOf(bought, CancelledError)
        self.assertNoResult(waiting)
        self.link.answerWith(self.accepted())
        self.link.push(self.filled())
        self.assertEqual([held.positionId for held in self.trading.positions], [1_010])

    def test_foreign(self) -> None:
        """
        Orders of other clients are not taken for ours, even with the same id; nor is the protective order.
        """
        bought = self.buy(clientOrderId="mine")
        for foreign in (
            order(20, clientOrderId="other"),
            order(21, clientOrderId="mine", symbolId=2),
            order(22, 200_000, clientOrderId="mine"),
            order(23, side=SELL, clientOrderId="mine"),
            protection(24, 1_024, clientOrderId="mine"),
            order(25),
        ):
            self.link.push(event("ACCEPTED", foreign))
            self.link.push(event("REJECTED", foreign, errorCode="NO_QUOTES"))
        self.assertNoResult(bought)
        self.link.answerWith(self.accepted())
        self.assertEqual(self.successResultOf(bought).orderId, 10)

    def test_answerOfAnother(self) -> None:
        """
        An answer may tell of the protective order, or of any that does not fit: then the order's own is waited for.
        """
        for orderId, other in (
            (30, protection(31, 1_030)),
            (40, order(41, 200_000)),
            (50, order(51, clientOrderId="x")),
        ):
            bought = self.buy()
            self.link.answerWith(event("ACCEPTED", other))
            trade = self.failureResultOf(bought, OutcomeUnknown).value.trade
            assert isinstance(trade, Trade)
            self.assertEqual((trade.status, trade.orderId), (TradeStatus.UNKNOWN, None))
            self.assertIsInstance(self.link.questions[-1][0], m.ProtoOAReconcileReq)
            self.link.push(event("CANCELLED", other))
            filled = trade.whenFilled()
            self.link.push(self.filled(orderId))
            self.assertIs(self.successResultOf(filled), trade)
            self.assertEqual((trade.orderId, trade.position.positionId), (orderId, orderId + 1_000))
        self.trading.release()


class RefusalTests(OrderTests):
    """
    The server says no.
    """

    def test_refused(self) -> None:
        """
        What the server refuses for good is an L{OrderRejected} that keeps what the server said.
        """
        for code in ("NOT_ENOUGH_MONEY", "MARKET_CLOSED", "CHANNEL_IS_BLOCKED", "INVALID_REQUEST", "CH_SOMETHING_NEW"):
            bought = self.buy()
            self.link.answer(serverError(code, "why", request=REQUEST, accountId=7))
            error = self.failureResultOf(bought, OrderRejected).value
            self.assertEqual((error.code, error.description, error.request), (code, "why", REQUEST))

    def test_cause(self) -> None:
        """
        The error that it was made of is its cause, and the time to wait is kept.
        """
        bought = self.buy()
        refused = serverError("ENTITY_NOT_FOUND", request=REQUEST, retryAfter=3)
        self.link.answer(refused)
        error = self.failureResultOf(bought, OrderRejected).value
        self.assertEqual(error.retryAfter, 3)
        self.assertIs(error.__cause__, refused)

    def test_curable(self) -> None:
        """
        What was not executed and may succeed later keeps its class, whether an answer or an event tells.
        """
        for code, kind in (
            ("BLOCKED_PAYLOAD_TYPE", RateLimited),
            ("REQUEST_FREQUENCY_EXCEEDED", RateLimited),
            ("POSITION_LOCKED", Busy),
            ("PENDING_EXECUTION", Busy),
            ("NO_QUOTES", Busy),
            ("CONCURRENT_MODIFICATION", Busy),
            ("ACCOUNT_NOT_AUTHORIZED", LoginNeeded),
            ("CH_ACCESS_TOKEN_INVALID", TokenRefused),
        ):
            bought = self.buy()
            refused = serverError(code, request=REQUEST, retryAfter=3)
            self.link.answer(refused)
            self.assertIs(self.failureResultOf(bought, kind).value, refused)
            self.assertIsNone(refused.__cause__)
            bought = self.buy()
            self.link.push(event("REJECTED", self.mine(), errorCode=code))
            self.failureResultOf(bought, kind)
            self.setUp()

    def test_rejectedByEvent(self) -> None:
        """
        A rejection after the acceptance ends the trade; its empty position goes.
        """
        trade = self.trade()
        waiting = [trade.whenFilled(), trade.whenFilled()]
        done, closed = trade.whenDone(), trade.position.whenClosed()
        self.link.push(event("REJECTED", self.mine(), errorCode="NOT_ENOUGH_MONEY"))
        for each in (*waiting, trade.whenFilled()):
            self.assertEqual(self.failureResultOf(each, OrderRejected).value.code, "NOT_ENOUGH_MONEY")
        self.assertIs(self.successResultOf(done), trade)
        self.assertIs(self.successResultOf(trade.whenAccepted()), trade)
        self.assertEqual((trade.status, type(trade.error)), (TradeStatus.REJECTED, OrderRejected))
        self.assertEqual(self.successResultOf(closed).volume, 0)

    def test_rejectedAtOnce(self) -> None:
        """
        A rejection as the first event fails the order once, though the request fails as well.
        """
        bought = self.buy()
        self.link.push(event("REJECTED", self.mine(), errorCode="TRADING_BAD_VOLUME"))
        self.link.answer(serverError("TRADING_BAD_VOLUME", request=REQUEST))
        self.assertEqual(self.failureResultOf(bought, OrderRejected).value.code, "TRADING_BAD_VOLUME")

    def test_cancelledUnfilled(self) -> None:
        """
        An order that ends without a fill is an L{OrderRejected} for those who wait for it.
        """
        for kind, status in (("CANCELLED", TradeStatus.CANCELLED), ("EXPIRED", TradeStatus.EXPIRED)):
            trade = self.trade()
            filled = trade.whenFilled()
            self.link.push(event(kind, self.mine(), position(1_010, CLOSED)))
            self.assertEqual(self.failureResultOf(filled, OrderRejected).value.code, f"ORDER_{kind}")
            self.assertIs(trade.status, status)
            self.setUp()

    def test_cancelledUnheard(self) -> None:
        """
        An order whose end is the first that is heard of it fails, and its trade has no position.
        """
        bought = self.buy()
        self.link.answerWith(event("CANCELLED", self.mine(positionId=0)))
        self.failureResultOf(bought, OrderRejected)


class FillTests(OrderTests):
    """
    The fills of an order, in whatever order they come.
    """

    def test_filled(self) -> None:
        """
        The recorded sequence: accepted, filled, protected.
        """
        trade = self.trade()
        waiting = [trade.whenFilled(), trade.whenDone()]
        self.link.push(self.filled())
        for each in (*waiting, trade.whenFilled(), trade.whenDone()):
            self.assertIs(self.successResultOf(each), trade)
        self.assertIs(trade.status, TradeStatus.FILLED)
        self.assertEqual([(fill.dealId, fill.volume) for fill in trade.fills], [(510, 100_000)])
        self.assertIsNone(trade.position.stopLoss)
        protected = position(1_010, OPEN, 100_000, at=103, stopLoss=1.09, takeProfit=1.12)
        self.link.push(event("ACCEPTED", protection(11, 1_010, clientOrderId=trade.clientOrderId), protected))
        self.assertEqual((trade.position.stopLoss, trade.position.takeProfit), (Decimal("1.09"), Decimal("1.12")))
        self.assertEqual((trade.orderId, trade.status), (10, TradeStatus.FILLED))
        self.assertEqual(self.trading.orders, ())

    def test_anyOrder(self) -> None:
        """
        Acceptance, fill and protection may come in any order, and each twice, before the answer or after it.
        """
        for arrival in permutations(range(3)):
            for answered in range(4):
                self.setUp()
                bought = self.buy()
                protected = position(1_010, OPEN, 100_000, at=103, stopLoss=1.09)
                told = [self.accepted(), self.filled(), event("ACCEPTED", protection(11, 1_010), protected)]
                for count, index in enumerate(arrival):
                    if count == answered:
                        self.link.answer(told[0])
                    self.link.push(told[index])
                    self.link.push(told[index])
                if answered == 3:
                    self.link.answer(told[0])
                trade = self.successResultOf(bought)
                self.assertIs(self.successResultOf(trade.whenFilled()), trade)
                self.assertEqual(len(trade.fills), 1)
                [held] = self.trading.positions
                self.assertIs(trade.position, held)
                self.assertEqual((held.volume, held.stopLoss), (100_000, Decimal("1.09")), (arrival, answered))

    def test_partial(self) -> None:
        """
        Several fills add up; the trade is filled when the server says so.
        """
        bought = self.trading.buy(EURUSD, Lots("0.03"))
        self.link.answerWith(self.accepted())
        trade = self.successResultOf(bought)
        filled = trade.whenFilled()
        for count in (1, 2):
            held = position(1_010, OPEN, 100_000 * count, at=count)
            self.link.push(event("PARTIAL_FILL", self.mine(), held, deal(count, 10, at=count)))
        self.assertNoResult(filled)
        self.assertEqual(trade.position.volume, 200_000)
        self.link.push(event("FILLED", self.mine(), position(1_010, OPEN, 300_000, at=3), deal(3, 10, at=3)))
        self.successResultOf(filled)
        self.assertEqual(sum(fill.volume for fill in trade.fills), 300_000)

    def test_finalFillWithoutDeal(self) -> None:
        """
        The last event may repeat the deal of the last part: the trade is filled, and no deal counts twice.
        """
        trade = self.trade()
        told = self.filled()
        told.executionType = m.ProtoOAExecutionType.ORDER_PARTIAL_FILL
        self.link.push(told)
        self.link.push(self.filled())
        self.successResultOf(trade.whenFilled())
        self.assertEqual(len(trade.fills), 1)

    def test_partialThenCancelled(self) -> None:
        """
        An order that ends after a part was filled is no failure; its status tells.
        """
        bought = self.trading.buy(EURUSD, Lots("0.03"))
        self.link.answerWith(self.accepted())
        trade = self.successResultOf(bought)
        held = position(1_010, OPEN, 100_000, at=1)
        self.link.push(event("PARTIAL_FILL", self.mine(), held, deal(1, 10)))
        filled = trade.whenFilled()
        self.link.push(event("CANCELLED", self.mine(), held))
        self.assertEqual(self.successResultOf(filled).status, TradeStatus.CANCELLED)
        self.assertIsNone(trade.error)
        self.assertEqual(trade.position.volume, 100_000)

    def test_lateFill(self) -> None:
        """
        A fill that comes after the end of its order is a fill.
        """
        trade = self.trade()
        self.link.push(event("CANCELLED", self.mine()))
        self.failureResultOf(trade.whenFilled(), OrderRejected)
        self.link.push(self.filled())
        self.assertEqual(len(trade.fills), 1)
        self.successResultOf(trade.whenFilled())
        self.assertEqual(self.trading.positions, (trade.position,))

    def test_failedDeal(self) -> None:
        """
        A deal that the other side refused is no fill.
        """
        trade = self.trade()
        attempt = deal(1, 10, dealStatus=m.ProtoOADealStatus.REJECTED, filledVolume=0)
        self.link.push(event("REJECTED", self.mine(), None, attempt))
        self.assertEqual((trade.status, trade.fills), (TradeStatus.REJECTED, ()))

    def test_cancelRejected(self) -> None:
        """
        A cancel that was rejected changes nothing.
        """
        trade = self.trade()
        self.link.push(event("CANCEL_REJECTED", self.mine(), errorCode="ORDER_NOT_FOUND"))
        self.assertIs(trade.status, TradeStatus.ACCEPTED)

    def test_waitingCancelled(self) -> None:
        """
        One who stops waiting does not disturb the others.
        """
        trade = self.trade()
        one, other = trade.whenFilled(), trade.whenFilled()
        one.cancel()
        self.failureResultOf(one, CancelledError)
        self.link.push(self.filled())
        self.assertIs(self.successResultOf(other), trade)

    def test_manyForeign(self) -> None:
        """
        Thousands of other orders do not make it forget ours.
        """
        trade = self.trade()
        for orderId in range(2_000, 5_000):
            self.link.push(event("ACCEPTED", order(orderId)))
        self.link.push(self.filled())
        self.successResultOf(trade.whenFilled())

    def test_stateFirst(self) -> None:
        """
        Whoever is told finds the positions up to date.
        """
        trade = self.trade()
        seen: list[int] = []
        trade.whenFilled().addCallback(lambda _: seen.append(len(self.trading.positions)))
        self.trading.onExecution(lambda _: seen.append(len(self.trading.positions)))
        self.link.push(self.filled())
        self.assertEqual(seen, [1, 1])


class FollowedTests(SynchronousTestCase):
    """
    Which orders are kept.
    """

    def test_ended(self) -> None:
        """
        An order of ours is kept until it ends; then it is one of many.
        """
        orders = Orders()
        life = OrderLife(Wanted("mine", 1, BUY, 100_000))
        orders.expect(life)
        self.assertEqual(orders.unended(), (life,))
        mine = order(10, clientOrderId="mine")
        orders.apply(event("ACCEPTED", mine), None)
        self.assertEqual(orders.unended(), (life,))
        orders.apply(event("FILLED", mine), None)
        self.assertIs(life.status, TradeStatus.FILLED)
        self.assertEqual(orders.unended(), ())
        self.assertIs(orders.apply(event("CANCELLED", mine), None)[0], life)

    def test_manyUnknown(self) -> None:
        """
        Of those whose outcome stays unknown the last thousand are kept, and those on their way besides.
        """
        for accepted in (False, True):
            orders = Orders()
            lives = [OrderLife(Wanted(str(number), 1, BUY, 100_000)) for number in range(1_003)]
            for number, life in enumerate(lives):
                orders.expect(life)
                if accepted and number:
                    orders.apply(event("ACCEPTED", order(number, clientOrderId=str(number))), None)
                elif number:
                    life.status = TradeStatus.UNKNOWN
            waiting = lives[2].whenDone()
            orders.reconciled([])
            orders.expect(OrderLife(Wanted("last", 1, BUY, 100_000)))
            for each in (waiting, lives[1].whenDone()):
                self.failureResultOf(each, OutcomeUnknown)
            self.assertEqual(len(orders.unended()), 1_002)
            self.assertIn(lives[0], orders.unended())
            self.assertNotIn(lives[2], orders.unended())
            self.assertIn(lives[3], orders.unended())


class UnknownTests(OrderTests):
    """
    The order went out and no answer came.
    """

    def lost(self, **terms: Any) -> Trade:
        """
        Buy, and lose the connection.
        """
        bought = self.buy(**terms)
        self.link.lose()
        trade = self.failureResultOf(bought, OutcomeUnknown).value.trade
        assert isinstance(trade, Trade)
        return trade

    def test_causes(self) -> None:
        """
        Loss, timeout, failures behind the server's door and an answer that cannot be read all leave it open.
        """
        errors = (
            ConnectionLost(REQUEST, 7, maybeSent=True, reason="x"),
            RequestTimedOut(REQUEST, 7, seconds=1),
            serverError("TIMEOUT_ERROR", request=REQUEST),
            serverError("UNKNOWN_ERROR", request=REQUEST),
            serverError("CANT_ROUTE_REQUEST", request=REQUEST),
            serverError("CH_SERVER_NOT_REACHABLE", request=REQUEST),
            serverError("SERVER_IS_UNDER_MAINTENANCE", request=REQUEST),
            ProtocolError("garbage"),
            RuntimeError("a bug"),
        )
        for orderId, error in enumerate(errors, 10):
            bought = self.buy()
            self.link.answer(error)
            unknown = self.failureResultOf(bought, OutcomeUnknown).value
            self.assertIs(unknown.__cause__, error)
            self.assertNotIn("try once more", str(unknown))
            self.assertIs(unknown.trade.status, TradeStatus.UNKNOWN)
            done = unknown.trade.whenDone()
            self.link.push(self.filled(orderId))
            self.assertIs(self.successResultOf(done), unknown.trade)
        self.assertEqual(len(self.link.sent), len(errors))

    def test_learnsFromEvents(self) -> None:
        """
        The trade learns of acceptance and fill when they are heard.
        """
        bought = self.buy()
        self.link.answer(RequestTimedOut(REQUEST, 7, seconds=1))
        trade = self.failureResultOf(bought, OutcomeUnknown).value.trade
        accepted, filled = trade.whenAccepted(), trade.whenFilled()
        self.link.push(self.accepted())
        self.assertIs(self.successResultOf(accepted), trade)
        self.link.push(self.filled())
        self.assertIs(self.successResultOf(filled), trade)
        self.assertEqual(len(self.link.sent), 1)

    def test_foundByReconcile(self) -> None:
        """
        An order that the server holds after the login is ours by its id.
        """
        trade = self.lost()
        accepted = trade.whenAccepted()
        self.link.reconcile(self.mine(), position(1_010, CREATED))
        self.assertIs(self.successResultOf(accepted), trade)
        self.assertEqual((trade.orderId, trade.position.positionId), (10, 1_010))
        self.link.push(self.filled())
        self.successResultOf(trade.whenFilled())

    def test_filledAfterLogin(self) -> None:
        """
        A login may tell neither of a market order that is being executed nor of its empty position; the fill comes.
        """
        trade = self.trade()
        empty = trade.position
        self.link.push(event("ACCEPTED", order(30), position(1_030, CREATED)))
        self.link.lose()
        self.link.reconcile()
        filled = trade.whenFilled()
        self.link.push(self.filled())
        self.link.push(event("FILLED", order(30), position(1_030, OPEN, 100_000, at=100), deal(7, 30)))
        self.assertIs(self.successResultOf(filled), trade)
        self.assertIs(trade.position, empty)
        self.assertEqual([held.positionId for held in self.trading.positions], [1_010, 1_030])

    def test_partlyFilledBefore(self) -> None:
        """
        A position that was open before does not tell whether the rest was filled.
        """
        trade = self.trade()
        held = position(1_010, OPEN, 100_000, at=1)
        self.link.push(event("PARTIAL_FILL", self.mine(), held, deal(1, 10)))
        self.link.lose()
        self.link.reconcile(held)
        self.assertIs(trade.status, TradeStatus.UNKNOWN)

    def test_stillOnItsWay(self) -> None:
        """
        A login does not touch an order whose request still waits for its answer.
        """
        bought = self.buy()
        self.link.reconcile()
        self.assertNoResult(bought)
        self.link.answerWith(self.accepted())
        self.successResultOf(bought)

    def test_endedBefore(self) -> None:
        """
        A login does not touch what has ended.
        """
        trade = self.trade()
        self.link.push(self.filled())
        self.link.reconcile(self.mine())
        self.assertIs(trade.status, TradeStatus.FILLED)

    def test_startedAgain(self) -> None:
        """
        After a stop the next login tells; an order that it does not tell of can be waited for again.
        """
        trade = self.trade()
        self.trading.release()
        self.link.reconcile()
        filled = trade.whenFilled()
        self.assertNoResult(filled)
        self.link.push(self.filled())
        self.assertIs(self.successResultOf(filled), trade)

    def test_stoppedUnanswered(self) -> None:
        """
        An order that has no answer when the client is stopped may have been executed: that is never "nothing was sent".
        """
        bought = self.buy()
        self.trading.release()
        trade = self.failureResultOf(bought, OutcomeUnknown).value.trade
        self.link.answer(RequestTimedOut(REQUEST, 7, seconds=1))
        for each in (trade.whenAccepted(), trade.whenFilled(), trade.whenDone()):
            self.assertIs(self.failureResultOf(each, OutcomeUnknown).value.trade, trade)

    def test_misspelt(self) -> None:
        """
        An option that does not exist is an error at once, and nothing is sent.
        """
        with self.assertRaises(TypeError):
            self.trading.buy(EURUSD, Lots("0.10"), stopLosPips=20)  # type: ignore[call-arg]
        self.assertEqual(self.link.sent, [])

    def test_stopped(self) -> None:
        """
        When the client is stopped, an accepted order may still be filled: those who wait are told that its outcome is
        unknown, and so are those who ask later. The order is followed if the client starts again.
        """
        trade = self.trade()
        filled, done = trade.whenFilled(), trade.whenDone()
        self.trading.release()
        for each in (filled, done):
            unknown = self.failureResultOf(each, OutcomeUnknown).value
            self.assertIs(unknown.trade, trade)
            self.assertIn("stopped", str(unknown))
        self.failureResultOf(trade.whenFilled(), OutcomeUnknown)
        self.link.reconcile(self.mine())
        filled = trade.whenFilled()
        self.link.push(self.filled())
        self.assertIs(self.successResultOf(filled), trade)
