"""
Tests of what is found out of orders and changes that went out and were not answered.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import ConnectionLost, NotFound, OrderRejected, OutcomeUnknown, RequestTimedOut, serverError
from ctrader_twisted.schema import messages as m
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.trading import PositionStatus, Side, Trade, TradeStatus, resolution
from ctrader_twisted.trading.archive import CLOCK_DOUBT
from ctrader_twisted.trading.changes import Before, Change, ChangeStatus
from ctrader_twisted.units import Lots
from test.tradinglink import (
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

REQUEST = "ProtoOANewOrderReq"
STATUS = m.ProtoOAOrderStatus


def listed(*orders: Any) -> m.ProtoOAOrderListRes:
    """
    Make the server's list of orders.
    """
    return m.ProtoOAOrderListRes(ctidTraderAccountId=7, order=orders, hasMore=False)


def held(*things: Any) -> m.ProtoOAReconcileRes:
    """
    Make the server's state.
    """
    positions = [each for each in things if isinstance(each, m.ProtoOAPosition)]
    orders = [each for each in things if isinstance(each, m.ProtoOAOrder)]
    return m.ProtoOAReconcileRes(ctidTraderAccountId=7, position=positions, order=orders)


def details(theOrder: Any, *deals: Any, status: Any = STATUS.ORDER_STATUS_FILLED) -> m.ProtoOAOrderDetailsRes:
    """
    Make the server's account of one order.
    """
    ended = m.ProtoOAOrder()
    ended.CopyFrom(theOrder)
    ended.orderStatus = status
    return m.ProtoOAOrderDetailsRes(ctidTraderAccountId=7, order=ended, deal=deals)


class ResolutionTests(SynchronousTestCase):
    """
    An account whose server answers what the test says.
    """

    def setUp(self) -> None:
        """
        An account without positions. Requests are not long on their way, but where a test says so.
        """
        self.patch(resolution, "_SLOWEST", 0.0)
        self.link, self.clock, self.trading = setUpTrading(EURUSD)
        self.addCleanup(self.checkTimers)

    def checkTimers(self) -> None:
        """
        After the release no timer is left.
        """
        self.trading.release()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def restore(self) -> None:
        """
        The steps of restoring run. The deals are read too; that is answered here.
        """
        for done in self.link.restore():
            self.assertIsNotNone(done)
        self.tellDeals()

    def tellDeals(self) -> None:
        """
        Answer what was asked about the account's deals.
        """
        reads = [each for each in self.link.questions if isinstance(each[0], m.ProtoOADealListReq)]
        for question in reads:
            self.link.questions.remove(question)
            question[1].callback(m.ProtoOADealListRes(ctidTraderAccountId=7, hasMore=False))

    def unknown(self, **terms: Any) -> Trade:
        """
        Buy, and hear nothing for too long.
        """
        bought = self.trading.buy(EURUSD, Lots("0.01"), **terms)
        self.link.answer(RequestTimedOut(REQUEST, 7, seconds=1))
        trade = self.failureResultOf(bought, OutcomeUnknown).value.trade
        assert isinstance(trade, Trade)
        return trade

    def accepted(self) -> Trade:
        """
        Buy, and have it accepted as order 10.
        """
        bought = self.trading.buy(EURUSD, Lots("0.01"))
        self.link.answerWith(event("ACCEPTED", self.mine(), position(1_010, CREATED)))
        return self.successResultOf(bought)

    def mine(self, orderId: int = 10, **fields: Any) -> Any:
        """
        Make the server's picture of the order that was sent last.
        """
        sent = self.link.sent[-1]
        return order(orderId, sent.volume, side=sent.tradeSide, clientOrderId=sent.clientOrderId, **fields)

    def look(self, *orders: Any, state: Any = None) -> None:
        """
        Answer one look at what the server holds.
        """
        self.tellDeals()
        self.assertIsInstance(self.link.tell(state or held()), m.ProtoOAReconcileReq)
        self.assertIsInstance(self.link.tell(listed(*orders)), m.ProtoOAOrderListReq)

    def detail(self, *deals: Any, state: Any = None) -> None:
        """
        Answer the question for the order's deals, and for what the server holds after them.
        """
        self.assertEqual(self.link.tell(details(self.mine(), *deals)).orderId, 10)
        self.assertIsInstance(self.link.tell(state or held()), m.ProtoOAReconcileReq)


class OrderResolutionTests(ResolutionTests):
    """
    New orders.
    """

    def test_filled(self) -> None:
        """
        Scenario 80: an order without an answer is found in the server's list by its id, and its deals are its fills.
        """
        trade = self.unknown()
        filled = trade.whenFilled()
        self.assertNoResult(filled)
        self.look(order(9, clientOrderId="another"), self.mine())
        self.detail(deal(1, 10, at=5))
        self.assertIs(self.successResultOf(filled), trade)
        self.assertEqual([fill.dealId for fill in trade.fills], [1])
        self.assertTrue(trade.fills[0].recovered)
        self.assertEqual(len(self.link.sent), 1)

    def test_working(self) -> None:
        """
        Scenario 80: one that still works is among the orders of the account.
        """
        trade = self.unknown()
        accepted = trade.whenAccepted()
        self.look(state=held(self.mine()))
        self.link.tell(details(self.mine(), status=STATUS.ORDER_STATUS_ACCEPTED))
        self.assertIs(self.successResultOf(accepted), trade)
        self.assertEqual((trade.status, trade.orderId), (TradeStatus.ACCEPTED, 10))
        self.assertEqual(self.link.questions, [])

    def test_endedUnfilled(self) -> None:
        """
        One that was refused, cancelled or has expired with nothing filled is told as such.
        """
        for name, status in (
            ("REJECTED", TradeStatus.REJECTED),
            ("CANCELLED", TradeStatus.CANCELLED),
            ("EXPIRED", TradeStatus.EXPIRED),
        ):
            trade = self.unknown()
            self.look(self.mine(len(name)))
            self.link.tell(details(self.mine(len(name)), status=getattr(STATUS, f"ORDER_STATUS_{name}")))
            self.assertIs(trade.status, status)
            self.assertEqual(self.failureResultOf(trade.whenFilled(), OrderRejected).value.code, f"ORDER_{name}")

    def test_absent(self) -> None:
        """
        Scenario 80: one that two complete reads do not show, the second a settling time after the loss, never came.
        """
        trade = self.unknown()
        accepted = trade.whenAccepted()
        self.look()
        self.clock.advance(4.9)
        self.assertEqual(self.link.questions, [])
        self.assertNoResult(accepted)
        self.clock.advance(0.2)
        self.look()
        self.assertEqual(self.failureResultOf(accepted, OrderRejected).value.code, "ORDER_ABSENT")
        self.assertIs(trade.status, TradeStatus.REJECTED)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_longUnderWay(self) -> None:
        """
        Nor is that said before a request that was sent half a minute ago could have come: it may be slow on its way.
        """
        self.patch(resolution, "_SLOWEST", 30.0)
        trade = self.unknown()
        accepted = trade.whenAccepted()
        self.look()
        self.clock.advance(29)
        self.assertEqual(self.link.questions, [])
        self.assertNoResult(accepted)
        self.clock.advance(1.1)
        self.look()
        self.failureResultOf(accepted, OrderRejected)

    def test_secondLook(self) -> None:
        """
        One that comes into the server's books after the first look is found by the second.
        """
        trade = self.unknown()
        self.look()
        self.clock.advance(5)
        self.look(self.mine())
        self.detail(deal(1, 10))
        self.assertIs(trade.status, TradeStatus.FILLED)

    def test_absentAndThereAfterAll(self) -> None:
        """
        If such an order is heard of all the same, it is the one of the trade, and that is logged as an error.
        """
        trade = self.unknown()
        self.look()
        self.clock.advance(5)
        self.look()
        self.link.push(event("FILLED", self.mine(), position(1_010, OPEN, 100_000), deal(1, 10)))
        self.assertIs(trade.status, TradeStatus.FILLED)
        self.successResultOf(trade.whenFilled())
        self.assertEqual(len(self.trading.positions), 1)

    def test_cameLate(self) -> None:
        """
        One that came so late that it was taken for absent, and was executed unheard, is found after the next login.
        """
        trade = self.unknown()
        self.look()
        self.clock.advance(5)
        self.look()
        self.failureResultOf(trade.whenFilled(), OrderRejected)
        self.link.lose()
        self.link.reconcile(position(1_010, OPEN, 100_000, at=50))
        self.restore()
        self.look(self.mine())
        self.detail(deal(1, 10), state=held(position(1_010, OPEN, 100_000, at=50)))
        self.assertIs(self.successResultOf(trade.whenFilled()), trade)
        self.assertEqual((trade.error, trade.position), (None, self.trading.positions[0]))
        self.link.lose()
        self.link.reconcile(position(1_010, OPEN, 100_000, at=50))
        self.restore()
        self.assertEqual(self.link.questions, [])

    def test_notSuspectedForEver(self) -> None:
        """
        An absent order is looked for after a login, and not any more an hour later.
        """
        self.unknown()
        self.look()
        self.clock.advance(5)
        self.look()
        for pause, asked in ((60, 1), (3600, 0)):
            self.clock.advance(pause)
            self.link.lose()
            self.link.reconcile()
            self.restore()
            self.assertEqual(len(self.link.questions), asked)
            if asked:
                self.look()

    def test_manySuspected(self) -> None:
        """
        No more than 1,000 absent orders are looked for.
        """
        trades = []
        for _ in range(2):
            trades += [self.unknown() for _ in range(600)]
            self.look()
            self.clock.advance(5)
            self.look()
        self.link.lose()
        self.link.reconcile()
        self.restore()
        sent = [trades[199], trades[200]]
        found = (order(number, clientOrderId=each.clientOrderId) for number, each in enumerate(sent, 10))
        self.look(*found)
        self.assertEqual([each.status for each in sent], [TradeStatus.REJECTED, TradeStatus.UNKNOWN])

    def test_answeredByItself(self) -> None:
        """
        Scenario 81: what its own events tell meanwhile is not overwritten, and ends the asking.
        """
        trade = self.unknown()
        self.look(self.mine())
        self.link.push(event("ACCEPTED", self.mine(), position(1_010, CREATED)))
        self.link.push(event("FILLED", self.mine(), position(1_010, OPEN, 100_000, at=9), deal(1, 10)))
        self.link.tell(details(self.mine(), status=STATUS.ORDER_STATUS_ACCEPTED))
        self.assertIs(trade.status, TradeStatus.FILLED)
        self.assertEqual(len(trade.fills), 1)
        self.assertEqual((self.link.questions, self.clock.getDelayedCalls()), ([], []))

    def test_endedWhileAway(self) -> None:
        """
        An accepted order that the server does not hold any more is asked for by its number; who waits for it hears of
        the fill, and its empty position is known to be closed.
        """
        trade = self.accepted()
        filled, closed = trade.whenFilled(), trade.position.whenClosed()
        self.link.lose()
        self.link.reconcile()
        self.restore()
        self.assertNoResult(filled)
        self.look()
        self.detail(deal(1, 10))
        self.assertIs(self.successResultOf(filled), trade)
        self.assertIs(self.successResultOf(closed), trade.position)

    def test_openedWhileAway(self) -> None:
        """
        If its position is open, it is the one of the trade.
        """
        trade = self.accepted()
        empty = trade.position
        self.link.lose()
        self.link.reconcile(position(1_010, OPEN, 100_000, at=50))
        self.restore()
        self.look()
        self.detail(deal(1, 10), state=held(position(1_010, OPEN, 100_000, at=50)))
        self.assertEqual((self.trading.positions, trade.position), ((empty,), empty))
        self.assertEqual(empty.volume, 100_000)

    def test_closedMeanwhile(self) -> None:
        """
        Scenario 80: a trade whose position was opened and closed unheard has that position, closed.
        """
        trade = self.unknown(label="mine")
        self.look(self.mine())
        self.detail(deal(1, 10))
        self.successResultOf(trade.whenFilled())
        self.assertEqual((trade.position.positionId, trade.position.status), (1_010, PositionStatus.CLOSED))
        self.assertIs(self.successResultOf(trade.position.whenClosed()), trade.position)
        self.assertEqual(self.trading.positions, ())

    def test_enlarged(self) -> None:
        """
        Scenario 80: on a netted account the order has enlarged a position that was there; the trade has that one, as
        the server holds it now, though no event told so.
        """
        self.link.push(event("FILLED", order(5), position(1_005, OPEN, 100_000, at=5), deal(2, 5)))
        trade = self.unknown()
        self.look(self.mine(positionId=1_005))
        self.link.tell(details(self.mine(positionId=1_005), deal(1, 10, positionId=1_005)))
        self.link.tell(held(position(1_005, OPEN, 200_000, at=9)))
        self.successResultOf(trade.whenFilled())
        self.assertEqual((trade.position,), self.trading.positions)
        self.assertEqual(trade.position.volume, 200_000)

    def test_lostAgain(self) -> None:
        """
        Scenario 80: after the next login the asking begins anew; what an earlier connection did not show is forgotten.
        """
        trade = self.unknown()
        self.look()
        self.link.lose()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.clock.advance(100)
        self.link.reconcile()
        self.restore()
        self.look()
        self.assertIs(trade.status, TradeStatus.UNKNOWN)
        self.clock.advance(5)
        self.link.tell(held())
        self.link.lose()
        self.link.reconcile()
        self.restore()
        self.look(self.mine())
        self.detail(deal(1, 10))
        self.assertIs(trade.status, TradeStatus.FILLED)

    def test_failing(self) -> None:
        """
        Questions that are refused are asked again with growing pauses, and not for ever: then those who wait are told
        that it cannot be found out. The next login tries anew.
        """
        trade = self.unknown()
        filled = trade.whenFilled()
        pauses = []
        while not filled.called:
            self.link.tell(serverError("CH_SERVER_NOT_REACHABLE", request="ProtoOAReconcileReq"))
            calls = self.clock.getDelayedCalls()
            if calls:
                pauses.append(calls[0].getTime() - self.clock.seconds())
                self.clock.advance(pauses[-1])
        self.assertEqual(pauses, [1, 2, 4, 8, 16, 32, 60])
        self.assertIs(self.failureResultOf(filled, OutcomeUnknown).value.trade, trade)
        self.failureResultOf(trade.whenDone(), OutcomeUnknown)
        (logged,) = self.flushLoggedErrors() or (None,)
        self.assertIsNone(logged)
        self.link.lose()
        self.link.reconcile()
        self.restore()
        again = trade.whenFilled()
        self.look(self.mine())
        self.detail(deal(1, 10))
        self.successResultOf(again)

    def test_givenUpForDays(self) -> None:
        """
        What could not be found out is looked for from when it was sent, however late the next login is.
        """
        trade = self.unknown()
        done = trade.whenDone()
        while not done.called:
            self.link.tell(serverError("CH_SERVER_NOT_REACHABLE", request="ProtoOAReconcileReq"))
            self.clock.advance(60)
        self.failureResultOf(done, OutcomeUnknown)
        self.link.lose()
        self.clock.advance(3 * 86_400)
        self.link.reconcile()
        self.restore()
        self.link.tell(held())
        asked = self.link.tell(listed(self.mine()))
        self.assertLessEqual(asked.fromTimestamp, NOW - CLOCK_DOUBT)
        self.detail(deal(1, 10))
        self.assertIs(trade.status, TradeStatus.FILLED)

    def test_amendedByOthers(self) -> None:
        """
        An order that waits, and whose volume another client has changed meanwhile, is not taken for absent.
        """
        bought = self.trading.limitOrder(Side.BUY, EURUSD, Lots("0.02"), "1.1")
        self.link.answer(RequestTimedOut(REQUEST, 7, seconds=1))
        trade: Any = self.failureResultOf(bought, OutcomeUnknown).value.trade
        mine = self.mine(kind="LIMIT", limitPrice=1.1)
        mine.tradeData.volume = 100_000
        self.look(state=held(mine))
        self.link.tell(details(mine, status=STATUS.ORDER_STATUS_ACCEPTED))
        self.assertEqual((trade.status, trade.orderId), (TradeStatus.ACCEPTED, 10))

    def test_historyLags(self) -> None:
        """
        If the server's history does not have all deals of an order yet, it is asked again.
        """
        trade = self.unknown()
        mine = self.mine(executedVolume=100_000)
        self.look(mine)
        self.link.tell(details(mine))
        self.assertIs(trade.status, TradeStatus.UNKNOWN)
        self.clock.advance(5)
        self.look(mine)
        self.link.tell(details(mine, deal(1, 10)))
        self.link.tell(held())
        self.assertEqual([each.dealId for each in trade.fills], [1])

    def test_doubtDuringALook(self) -> None:
        """
        What comes into doubt after a look has begun is not judged by what that look shows.
        """
        self.unknown()
        self.link.tell(held())
        self.clock.advance(3)
        self.unknown()
        self.link.tell(listed())
        self.clock.advance(0)
        self.look()

    def test_numberUnknown(self) -> None:
        """
        If the server does not know the number of an order that it had accepted, that cannot be found out.
        """
        trade = self.accepted()
        filled, closed = trade.whenFilled(), trade.position.whenClosed()
        self.link.lose()
        self.link.reconcile()
        self.restore()
        refusal = serverError("ORDER_NOT_FOUND", request="ProtoOAOrderDetailsReq")
        self.assertIsInstance(refusal, NotFound)
        for _ in range(2):
            self.look()
            self.link.tell(refusal)
            self.clock.advance(5)
        for each in (filled, closed):
            self.failureResultOf(each, OutcomeUnknown)
        self.assertIs(trade.status, TradeStatus.UNKNOWN)

    def test_stopped(self) -> None:
        """
        Scenario 37: a stop ends the asking, and those who wait are told at once.
        """
        trade = self.unknown()
        filled = trade.whenFilled()
        self.look()
        self.trading.release()
        self.failureResultOf(filled, OutcomeUnknown)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_listeners(self) -> None:
        """
        Deals that are found so are not told as executions: the reading of all deals tells them, each once.
        """
        heard: list[Any] = []
        self.trading.onExecution(heard.append)
        self.unknown()
        self.look(self.mine())
        self.detail(deal(1, 10))
        self.assertEqual(heard, [])


class ChangeTests(ResolutionTests):
    """
    Changes, which carry no id.
    """

    def test_close(self) -> None:
        """
        A close without an answer is resolved by the position.
        """
        self.link.push(event("FILLED", order(20), position(1_020, OPEN, 200_000, at=5), deal(2, 20, 200_000)))
        (mine,) = self.trading.positions
        for state, status in (
            ((position(1_020, OPEN, 200_000, at=5),), ChangeStatus.NOT_DONE),
            ((), ChangeStatus.DONE),
        ):
            closed = mine.close()
            self.link.answer(ConnectionLost("ProtoOAClosePositionReq", 7, maybeSent=True, reason="x"))
            unknown = self.failureResultOf(closed, OutcomeUnknown).value
            self.assertIs(unknown.trade, mine)
            resolved: Deferred[Change] = unknown.change.whenResolved()
            self.look(state=held(*state))
            if status is ChangeStatus.NOT_DONE:
                self.assertNoResult(resolved)
                self.clock.advance(5)
                self.look(state=held(*state))
            self.assertIs(self.successResultOf(resolved).status, status)
        self.assertEqual(len(self.link.sent), 2)

    def test_positionThen(self) -> None:
        """
        When the outcome is told, the position is as the server has shown it, though no event came.
        """
        self.link.push(event("FILLED", order(20), position(1_020, OPEN, 200_000, at=5), deal(2, 20, 200_000)))
        (mine,) = self.trading.positions
        for rest, left in (((position(1_020, OPEN, 100_000, at=9),), 100_000), ((), 0)):
            closed = mine.close(Lots("0.01"))
            self.link.answer(RequestTimedOut("ProtoOAClosePositionReq", 7, seconds=1))
            resolved = self.failureResultOf(closed, OutcomeUnknown).value.change.whenResolved()
            shown = resolved.addCallback(lambda change: (change.status, mine.volume))
            self.look(state=held(*rest))
            self.assertEqual(self.successResultOf(shown), (ChangeStatus.DONE, left))
        self.assertEqual(self.trading.positions, ())
        self.successResultOf(mine.whenClosed())

    def waiting(self) -> tuple[Trade, Any]:
        """
        Place an order that waits.
        """
        placed = self.trading.limitOrder(Side.BUY, EURUSD, Lots("0.01"), "1.1")
        mine = self.mine(kind="LIMIT", limitPrice=1.1, utcLastUpdateTimestamp=5)
        self.link.answerWith(event("ACCEPTED", mine, position(1_010, CREATED)))
        return self.successResultOf(placed), mine

    def test_amendedThen(self) -> None:
        """
        So is an order: the next amendment does not undo the one that was not answered. A later event is not undone.
        """
        trade, mine = self.waiting()
        for price, later, shown in (("1.2", None, "1.20000"), ("1.3", 1.4, "1.40000")):
            changed = trade.amend(price=price)
            self.link.answer(RequestTimedOut("ProtoOAAmendOrderReq", 7, seconds=1))
            self.failureResultOf(changed, OutcomeUnknown)
            mine.limitPrice, mine.utcLastUpdateTimestamp = float(price), mine.utcLastUpdateTimestamp + 1
            self.link.tell(held(mine))
            if later:
                newer = m.ProtoOAOrder()
                newer.CopyFrom(mine)
                newer.limitPrice, newer.utcLastUpdateTimestamp = later, 90
                self.link.push(event("REPLACED", newer, position(1_010, CREATED)))
            self.link.tell(listed())
            assert trade.order is not None
            self.assertEqual(str(trade.order.price), shown)

    def test_cancelledThen(self) -> None:
        """
        An order that was cancelled unheard is asked for, and has ended.
        """
        trade, mine = self.waiting()
        done = trade.whenDone()
        cancelled = trade.cancel()
        self.link.answer(RequestTimedOut("ProtoOACancelOrderReq", 7, seconds=1))
        self.failureResultOf(cancelled, OutcomeUnknown)
        mine.orderStatus = STATUS.ORDER_STATUS_CANCELLED
        self.look(mine)
        self.clock.advance(0)
        self.look(mine)
        self.link.tell(details(mine, status=STATUS.ORDER_STATUS_CANCELLED))
        self.assertIs(self.successResultOf(done).status, TradeStatus.CANCELLED)
        self.assertEqual(self.trading.orders, ())

    def test_untold(self) -> None:
        """
        At the stop those who wait are told that it is not known.
        """
        self.link.push(event("FILLED", order(20), position(1_020, OPEN, 200_000, at=5), deal(2, 20, 200_000)))
        closed = self.trading.positions[0].close()
        self.link.answer(RequestTimedOut("ProtoOAClosePositionReq", 7, seconds=1))
        resolved = self.failureResultOf(closed, OutcomeUnknown).value.change.whenResolved()
        self.trading.release()
        self.assertIs(self.successResultOf(resolved).status, ChangeStatus.UNTOLD)


class ComparisonTests(SynchronousTestCase):
    """
    What the state tells of each kind of change.
    """

    def check(self, message: Any, status: ChangeStatus, *things: Any, before: Before | None = None) -> None:
        """
        Compare one change with one state.
        """
        change = Change(message, None, before or Before(0, 0))
        orders = [each for each in things if isinstance(each, m.ProtoOAOrder)]
        self.assertIs(change.compare(held(*things), orders), status)

    def waiting(self, status: str = "ACCEPTED", **fields: Any) -> Any:
        """
        Make a limit order.
        """
        made = order(10, kind="LIMIT", **{"limitPrice": 1.1, **fields})
        made.orderStatus = getattr(STATUS, f"ORDER_STATUS_{status}")
        return made

    def test_cancel(self) -> None:
        """
        A cancelled order may have been cancelled by anybody; one that was filled will not be any more.
        """
        message = m.ProtoOACancelOrderReq(orderId=10)
        self.check(message, ChangeStatus.DONE, self.waiting("CANCELLED"))
        self.check(message, ChangeStatus.NOT_DONE, self.waiting("FILLED"))
        self.check(message, ChangeStatus.UNKNOWN, self.waiting())
        self.check(message, ChangeStatus.UNKNOWN)

    def test_amend(self) -> None:
        """
        An order is amended when all that was named is so, the stop loss in either form.
        """
        message = m.ProtoOAAmendOrderReq(orderId=10, volume=200_000, limitPrice=1.2, stopLoss=1.19)
        so: dict[str, Any] = {"volume": 200_000, "limitPrice": 1.2}
        self.check(message, ChangeStatus.DONE, self.waiting(**so, stopLoss=1.19))
        self.check(message, ChangeStatus.DONE, self.waiting(**so, relativeStopLoss=1_000))
        self.check(message, ChangeStatus.UNKNOWN, self.waiting(**so, relativeStopLoss=1_001))
        self.check(message, ChangeStatus.UNKNOWN, self.waiting(**so, relativeStopLoss=1_000, relativeTakeProfit=5))
        self.check(message, ChangeStatus.UNKNOWN, self.waiting())
        self.check(message, ChangeStatus.NOT_DONE, self.waiting("FILLED"))
        self.check(message, ChangeStatus.UNKNOWN)

    def test_protect(self) -> None:
        """
        Both levels and the trailing must be so; a level that trails may have moved.
        """
        message = m.ProtoOAAmendPositionSLTPReq(positionId=5, stopLoss=1.0)
        self.check(message, ChangeStatus.DONE, position(5, OPEN, 1, stopLoss=1.0))
        self.check(message, ChangeStatus.UNKNOWN, position(5, OPEN, 1, stopLoss=1.0, takeProfit=1.3))
        self.check(message, ChangeStatus.UNKNOWN, position(5, OPEN, 1, stopLoss=1.01))
        self.check(message, ChangeStatus.NOT_DONE, position(6, OPEN, 1, stopLoss=1.0))
        trailing = m.ProtoOAAmendPositionSLTPReq(positionId=5, stopLoss=1.0, trailingStopLoss=True)
        self.check(trailing, ChangeStatus.DONE, position(5, OPEN, 1, stopLoss=1.01, trailingStopLoss=True))
        self.check(trailing, ChangeStatus.UNKNOWN, position(5, OPEN, 1, stopLoss=1.0))

    def test_close(self) -> None:
        """
        Either the position holds so much less, or a closing order of as much was filled since.
        """
        message = m.ProtoOAClosePositionReq(positionId=5, volume=100)
        before = Before(300, 50)
        self.check(message, ChangeStatus.DONE, position(5, OPEN, 200), before=before)
        self.check(message, ChangeStatus.UNKNOWN, position(5, OPEN, 300), before=before)
        self.check(message, ChangeStatus.NOT_DONE, before=before)
        for updated, status in ((51, ChangeStatus.DONE), (50, ChangeStatus.NOT_DONE)):
            closing = order(9, 100, side=SELL, positionId=5, closingOrder=True, utcLastUpdateTimestamp=updated)
            closing.orderStatus = STATUS.ORDER_STATUS_FILLED
            self.check(message, status, closing, before=before)


class ExchangeTests(SynchronousTestCase):
    """
    The client against the simulator.
    """

    def setUp(self) -> None:
        """
        An exchange.
        """
        self.virtual = VirtualExchange()

    def pause(self, seconds: float) -> Deferred[None]:
        """
        Let time pass.
        """
        return deferLater(self.virtual.clock, seconds)

    async def deaf(self, account: Account, client: Client) -> Trade:
        """
        Buy on a connection that brings no answer, and lose it.
        """
        eurusd = await account.symbol("EURUSD")
        self.patch(self.virtual.exchange.connections[0], "send", lambda *_: None)
        bought = account.buy(eurusd, Lots("0.10"))
        await self.pause(1)
        self.virtual.endpoint.links[-1].cut()
        with self.assertRaises(OutcomeUnknown) as caught:
            await bought
        assert isinstance(caught.exception.trade, Trade)
        return caught.exception.trade

    def test_filledUnheard(self) -> None:
        """
        Scenario 80: an order that was filled unheard is known with its fills and its position after the reconnect, and
        its deal is told once.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            heard: list[Any] = []
            account.onExecution(heard.append)
            trade = await self.deaf(account, client)
            await trade.whenFilled()
            self.assertEqual(account.positions, (trade.position,))
            await account.whenReady()
            self.assertEqual([(each.dealId, each.recovered) for each in heard], [(trade.fills[0].dealId, True)])
            await trade.position.close()
            self.assertEqual([each.recovered for each in heard], [True, False])

        self.virtual.run(main)

    def test_absent(self) -> None:
        """
        Scenario 80: an order that was lost on its way is known to be absent, and is not sent again.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            eurusd = await account.symbol("EURUSD")
            self.virtual.endpoint.links[-1].freeze()
            bought = account.buy(eurusd, Lots("0.10"), timeout=2)
            with self.assertRaises(OutcomeUnknown) as caught:
                await bought
            trade = caught.exception.trade
            assert isinstance(trade, Trade)
            with self.assertRaises(OrderRejected):
                await trade.whenAccepted()
            self.assertEqual(trade.status, TradeStatus.REJECTED)
            self.assertEqual(account.positions, ())

        self.virtual.run(main)

    def test_closedWhileAway(self) -> None:
        """
        A position that was closed while away has its price and its time from the deal.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            eurusd = await account.symbol("EURUSD")
            trade = await account.buy(eurusd, Lots("0.10"))
            await trade.whenFilled()
            held = trade.position
            assert held is not None
            self.patch(self.virtual.exchange.connections[0], "send", lambda *_: None)
            closing = held.close()
            await self.pause(1)
            self.virtual.endpoint.links[-1].cut()
            with self.assertRaises(OutcomeUnknown) as caught:
                await closing
            change = caught.exception.change
            assert isinstance(change, Change)
            self.assertIs((await change.whenResolved()).status, ChangeStatus.DONE)
            await held.whenClosed()
            await account.whenReady()
            self.assertIs(held.status, PositionStatus.CLOSED)
            self.assertIsNotNone(held.closePrice)
            self.assertIsNotNone(held.closed)

        self.virtual.run(main)
