"""
Tests of moving exposures, and of closing all.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import (
    IllegalValue,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    PartlyDone,
    RequestTimedOut,
    serverError,
)
from ctrader_twisted.schema import messages as m
from ctrader_twisted.trading import ChangeStatus, Moved, Side
from ctrader_twisted.trading.target import planFor
from test.tradinglink import (
    BUY,
    CLOSED,
    CREATED,
    EURUSD,
    OPEN,
    SELL,
    closingDeal,
    deal,
    event,
    order,
    position,
    setUpTrading,
)

CLOSE = "ProtoOAClosePositionReq"


@frozen(eq=False)
class Held:
    """
    What a plan looks at of a position.
    """

    side: Side
    volume: int


class PlanTests(SynchronousTestCase):
    """
    What a move will do.
    """

    @given(
        st.lists(st.tuples(st.sampled_from(list(Side)), st.integers(1, 20)), max_size=6),
        st.integers(-40, 40),
    )
    def test_plan(self, held: list[tuple[Side, int]], target: int) -> None:
        """
        A plan leads to the target; it never closes and opens on the same side, closes no more than there is, and has
        nothing to do where nothing is wrong.
        """
        positions: list[Any] = [Held(side, volume) for side, volume in held]
        plan = planFor(positions, target)
        left = {each: each.volume for each in positions}
        for closed, volume in plan.closes:
            self.assertTrue(0 < volume <= left[closed])
            left[closed] -= volume
        bought = sum(volume for each, volume in left.items() if each.side is Side.BUY)
        sold = sum(volume for each, volume in left.items() if each.side is Side.SELL)
        self.assertEqual(bought - sold + plan.opens, target)
        self.assertFalse(bought and sold)
        if plan.opens:
            self.assertTrue(plan.opens * target > 0)
            self.assertFalse(any(each.side is (Side.BUY if target > 0 else Side.SELL) for each, _ in plan.closes))
        after: list[Any] = [Held(each.side, volume) for each, volume in left.items() if volume]
        if plan.opens:
            after.append(Held(Side.BUY if plan.opens > 0 else Side.SELL, abs(plan.opens)))
        self.assertEqual((planFor(after, target).closes, planFor(after, target).opens), ((), 0))

    def test_newestFirst(self) -> None:
        """
        Of too much the newest is closed first, the last of it in part.
        """
        first, second, third = (Held(Side.BUY, 5), Held(Side.BUY, 5), Held(Side.BUY, 5))
        positions: list[Any] = [first, second, third]
        self.assertEqual(planFor(positions, 7).closes, ((third, 5), (second, 3)))


class ExposureCase(SynchronousTestCase):
    """
    An account whose server executes what the test says.
    """

    def setUp(self) -> None:
        """
        An account without positions.
        """
        self.link, self.clock, self.trading = setUpTrading(EURUSD)
        self.addCleanup(lambda: self.assertEqual(self.clock.getDelayedCalls(), []))
        self.nextId = 50

    def hold(self, *held: tuple[int, int, str], **terms: Any) -> None:
        """
        Log in with positions.

        @param held: the id of each, its volume (negative if sold), and its label.
        @param terms: of the account.
        """
        self.link.reconcile(
            *(
                position(positionId, OPEN, abs(volume), at=1, side=BUY if volume > 0 else SELL, label=label)
                for positionId, volume, label in held
            ),
            **terms,
        )

    def close(self) -> None:
        """
        Execute the close that was sent last.
        """
        self.nextId += 1
        message = self.link.pending[0][0]
        [held] = [each for each in self.trading.positions if each.positionId == message.positionId]
        rest, side = held.volume - message.volume, held.side.value
        theirs = {"label": held.label, "side": side}
        closing = order(self.nextId, message.volume, positionId=held.positionId, closingOrder=True)
        self.link.answerWith(event("ACCEPTED", closing, position(held.positionId, OPEN, held.volume, at=1, **theirs)))
        done = closingDeal(self.nextId, self.nextId, held.positionId, message.volume)
        after = position(held.positionId, OPEN if rest else CLOSED, rest, at=self.nextId, **theirs)
        self.link.push(event("FILLED", closing, after, done))

    def open(self, kind: str = "FILLED") -> None:
        """
        Execute the order that was sent last.
        """
        self.nextId += 1
        sent = self.link.pending[0][0]
        marks = {"side": sent.tradeSide, "label": sent.label}
        mine = order(self.nextId, sent.volume, clientOrderId=sent.clientOrderId, **marks)
        self.link.answerWith(event("ACCEPTED", mine, position(self.nextId + 1_000, CREATED, **marks)))
        if kind == "FILLED":
            held = position(self.nextId + 1_000, OPEN, sent.volume, at=self.nextId, **marks)
            self.link.push(
                event("FILLED", mine, held, deal(self.nextId, self.nextId, sent.volume, side=sent.tradeSide))
            )
        else:
            self.link.push(event(kind, mine, position(self.nextId + 1_000, CLOSED, **marks)))

    def sent(self) -> list[tuple[Any, ...]]:
        """
        @return: what was sent: closes with position and volume, orders with side and volume.
        """
        return [
            (each.positionId, each.volume)
            if isinstance(each, m.ProtoOAClosePositionReq)
            else (Side(each.tradeSide).name, each.volume)
            for each in self.link.sent
        ]

    def target(self, lots: Any, **options: Any) -> Deferred[Moved]:
        """
        Move the exposure with the label C{a}.
        """
        return self.trading.target(EURUSD, lots, **{"label": "a", **options})


class TargetTests(ExposureCase):
    """
    Moving an exposure.
    """

    def test_opens(self) -> None:
        """
        What is missing is opened with the label; what is there already stays, and so do other labels.
        """
        self.hold((1, 100_000, "a"), (2, -500_000, "b"))
        moved = self.target("0.03", stopLossPips=20)
        self.assertEqual(self.sent(), [("BUY", 200_000)])
        self.assertEqual((self.link.sent[0].label, self.link.sent[0].relativeStopLoss), ("a", 200))
        self.assertNoResult(moved)
        self.open()
        done = self.successResultOf(moved)
        self.assertEqual((done.before, done.after, done.closed), (100_000, 300_000, ()))
        assert done.trade is not None
        self.assertEqual(done.trade.volume, 200_000)

    def test_idempotent(self) -> None:
        """
        At its target nothing is done.
        """
        self.hold((1, 100_000, "a"), (2, 200_000, "a"))
        self.assertEqual(self.successResultOf(self.target("0.03")), Moved(300_000, 300_000))
        self.assertEqual(self.sent(), [])

    def test_reduces(self) -> None:
        """
        Too much is closed, the newest first.
        """
        self.hold((1, 200_000, "a"), (2, 200_000, "a"), (3, 100_000, "a"))
        moved = self.target("0.03")
        self.close()
        self.close()
        done = self.successResultOf(moved)
        self.assertEqual(self.sent(), [(3, 100_000), (2, 100_000)])
        self.assertEqual((done.before, done.after, len(done.closed), done.trade), (500_000, 300_000, 2, None))

    def test_turns(self) -> None:
        """
        What is on the wrong side is closed before anything is opened.
        """
        self.hold((1, 200_000, "a"))
        moved = self.target("-0.01")
        self.assertEqual(self.sent(), [(1, 200_000)])
        self.close()
        self.assertEqual(self.sent(), [(1, 200_000), ("SELL", 100_000)])
        self.open()
        done = self.successResultOf(moved)
        self.assertEqual((done.before, done.after), (200_000, -100_000))

    def test_nothing(self) -> None:
        """
        A target of zero closes all, both sides of a hedge.
        """
        self.hold((1, 200_000, "a"), (2, -100_000, "a"))
        moved = self.target(0)
        self.close()
        self.close()
        self.assertEqual(self.successResultOf(moved).after, 0)
        self.assertEqual(self.trading.positions, ())

    def test_netted(self) -> None:
        """
        On an account that nets, all of the symbol is the exposure, whatever its label; it is turned by two requests.
        """
        netted = m.ProtoOAAccountType.NETTED
        self.hold((1, 200_000, "b"), accountType=netted)
        moved = self.target("-0.01")
        self.close()
        self.open()
        self.assertEqual(self.successResultOf(moved).after, -100_000)
        self.assertEqual(self.sent(), [(1, 200_000), ("SELL", 100_000)])
        self.assertEqual(self.successResultOf(self.target("-0.01", label="c")).trade, None)
        first, second = self.target("-0.02", label="a"), self.target("-0.02", label="b")
        self.assertEqual(self.sent()[2:], [("SELL", 100_000)])
        self.open()
        self.successResultOf(first)
        self.assertEqual(self.successResultOf(second).trade, None)

    def test_withoutLabel(self) -> None:
        """
        Without a label, the exposure is that of the positions without one.
        """
        self.hold((1, 200_000, "b"))
        self.trading.target(EURUSD, "0.01")
        self.assertEqual(self.sent(), [("BUY", 100_000)])

    def test_oneAfterTheOther(self) -> None:
        """
        A second move of the same exposure begins when the first is done; one of another label need not wait.
        """
        first, second = self.target("0.02"), self.target("0.02")
        third = self.target("0.01", label="b")
        self.assertEqual(self.sent(), [("BUY", 200_000), ("BUY", 100_000)])
        self.open()
        self.assertEqual(self.successResultOf(first).after, 200_000)
        self.assertEqual(self.successResultOf(second), Moved(200_000, 200_000))
        self.open()
        self.successResultOf(third)
        self.assertEqual(len(self.link.sent), 2)
        self.assertEqual(len(self.trading._targets._turns), 0)

    def test_illegal(self) -> None:
        """
        What cannot be reached is refused before anything is closed.
        """
        self.hold((1, -100_000, "a"))
        for lots in ("0.015", "0.001", "1000"):
            self.failureResultOf(self.target(lots), IllegalValue)
        self.failureResultOf(self.target("0.01", stopLossPips=0), IllegalValue)
        self.failureResultOf(self.target(0.01), TypeError)
        self.assertRaises(TypeError, self.target, "0.01", expires=5)
        self.assertEqual(self.sent(), [])

    def test_closedByOthers(self) -> None:
        """
        Scenario 83: a position that others have closed meanwhile counts as closed, and the rest goes on.
        """
        self.hold((1, -200_000, "a"))
        moved = self.target("0.01")
        self.link.answer(serverError("POSITION_NOT_FOUND", request=CLOSE))
        self.link.tell(m.ProtoOAReconcileRes(ctidTraderAccountId=7))
        self.open()
        done = self.successResultOf(moved)
        self.assertEqual((done.before, done.after, done.closed), (-200_000, 100_000, ()))

    def test_somethingElseNotFound(self) -> None:
        """
        That something else was not found ends the move.
        """
        self.hold((1, -200_000, "a"))
        moved = self.target("0.01")
        self.link.answer(serverError("ENTITY_NOT_FOUND", request=CLOSE))
        self.failureResultOf(moved, NotFound)

    def test_refused(self) -> None:
        """
        If a close is refused nothing is opened; the next move begins anew.
        """
        self.hold((1, -200_000, "a"))
        moved = self.target("0.01")
        self.link.answer(serverError("MARKET_CLOSED", request=CLOSE))
        self.failureResultOf(moved, OrderRejected)
        moved = self.target("-0.02")
        self.assertEqual((self.successResultOf(moved).trade, len(self.link.sent)), (None, 1))

    def test_notFilled(self) -> None:
        """
        An order that ends unfilled is a failure.
        """
        moved = self.target("0.01")
        self.open("CANCELLED")
        self.failureResultOf(moved, OrderRejected)

    def test_orderUnknown(self) -> None:
        """
        While the outcome of an order is unknown, the next move of the exposure waits: nothing is opened twice.
        """
        moved = self.target("0.01")
        sent = self.link.pending[0][0]
        self.link.answer(RequestTimedOut("ProtoOANewOrderReq", 7, seconds=30))
        self.failureResultOf(moved, OutcomeUnknown)
        again = self.target("0.01")
        self.assertNoResult(again)
        self.assertEqual(len(self.link.sent), 1)
        mine = order(70, clientOrderId=sent.clientOrderId, label="a")
        held = position(1_070, OPEN, 100_000, at=5, label="a")
        self.link.push(event("FILLED", mine, held, deal(9, 70)))
        self.assertEqual(self.successResultOf(again), Moved(100_000, 100_000))
        self.trading.release()

    def test_closeUnknown(self) -> None:
        """
        While the outcome of a close is unknown, the next move waits until the server has told.
        """
        self.hold((1, 200_000, "a"))
        moved = self.target("0.01")
        self.link.answer(RequestTimedOut(CLOSE, 7, seconds=30))
        self.failureResultOf(moved, OutcomeUnknown)
        again = self.target("0.01")
        self.assertNoResult(again)
        rest = position(1, OPEN, 100_000, at=9, label="a")
        self.link.push(event("SWAP", None, rest))
        self.link.tell(m.ProtoOAReconcileRes(ctidTraderAccountId=7, position=[rest]))
        self.link.tell(m.ProtoOAOrderListRes(ctidTraderAccountId=7, hasMore=False))
        self.assertEqual(self.successResultOf(again), Moved(100_000, 100_000))
        self.assertEqual(len(self.link.sent), 1)
        self.trading.release()

    def unfilled(self) -> tuple[Deferred[Moved], Any]:
        """
        Move from 0.03 lots to 0.02. The close is accepted.
        """
        self.hold((1, 300_000, "a"))
        moved = self.target("0.02")
        closing = order(60, positionId=1, closingOrder=True)
        self.link.answerWith(event("ACCEPTED", closing, position(1, OPEN, 300_000, at=1, label="a")))
        return moved, closing

    def checkOnce(self, closing: Any) -> None:
        """
        The next move waits for the fill, also when the server has told that it is still to come.
        """
        again = self.target("0.02")
        self.link.tell(m.ProtoOAReconcileRes(ctidTraderAccountId=7))
        self.link.tell(m.ProtoOAOrderListRes(ctidTraderAccountId=7, hasMore=False))
        self.assertEqual(self.link.tell(m.ProtoOAOrderDetailsRes(ctidTraderAccountId=7, order=closing)).orderId, 60)
        self.assertNoResult(again)
        after = position(1, OPEN, 200_000, at=60, label="a")
        self.link.push(event("FILLED", closing, after, closingDeal(60, 60, 1, 100_000)))
        self.assertEqual(self.successResultOf(again), Moved(200_000, 200_000))
        self.assertEqual(sum(isinstance(each, m.ProtoOAClosePositionReq) for each in self.link.sent), 1)
        self.trading.release()

    def test_closeUnfilled(self) -> None:
        """
        So it waits for a close that was accepted and is not filled in time: nothing is closed twice.
        """
        moved, closing = self.unfilled()
        self.clock.advance(30)
        self.failureResultOf(moved, OutcomeUnknown)
        self.checkOnce(closing)

    def test_closeLost(self) -> None:
        """
        And for one whose fill may have gone unheard with the connection.
        """
        moved, closing = self.unfilled()
        self.link.lose()
        self.failureResultOf(moved, OutcomeUnknown)
        self.hold((1, 300_000, "a"))
        self.link.answers[m.ProtoOADealListReq] = lambda _: m.ProtoOADealListRes(ctidTraderAccountId=7, hasMore=False)
        self.link.restore()
        self.checkOnce(closing)

    def test_closeUntold(self) -> None:
        """
        When the account is not followed any more, what became of such a close is told to be unknown.
        """
        moved, _ = self.unfilled()
        self.trading.release()
        change = self.failureResultOf(moved, OutcomeUnknown).value.change
        self.assertIs(self.successResultOf(change.whenResolved()).status, ChangeStatus.UNTOLD)


class CloseAllTests(ExposureCase):
    """
    Closing all.
    """

    def test_all(self) -> None:
        """
        All positions are closed at once, and one that others have closed is no failure.
        """
        self.hold((1, 200_000, "a"), (2, -100_000, "b"), (3, 100_000, "b"))
        closed = self.trading.closeAll()
        self.assertEqual(self.sent(), [(1, 200_000), (2, 100_000), (3, 100_000)])
        self.close()
        self.close()
        self.assertNoResult(closed)
        self.link.answer(serverError("POSITION_NOT_FOUND", request=CLOSE))
        self.assertNoResult(closed)
        self.link.tell(m.ProtoOAReconcileRes(ctidTraderAccountId=7))
        self.assertEqual([each.positionId for each in self.successResultOf(closed)], [1, 2])
        self.assertEqual(self.trading.positions, ())

    def test_some(self) -> None:
        """
        Or those of a symbol and a label, as they can be asked for.
        """
        self.hold((1, 200_000, "a"), (2, -100_000, "b"))
        first, second = self.trading.positions
        self.assertEqual(self.trading.positionsOf(symbol=EURUSD), (first, second))
        self.assertEqual(self.trading.positionsOf(label="b"), (second,))
        self.trading.closeAll(symbol=EURUSD, label="b")
        self.assertEqual(self.sent(), [(2, 100_000)])
        self.close()

    def test_allButOne(self) -> None:
        """
        If some cannot be closed, the error comes when all have ended, and tells which, and what was closed.
        """
        self.hold((1, 200_000, "a"), (2, -100_000, "b"))
        first, _ = self.trading.positions
        closed = self.trading.closeAll()
        self.link.answer(serverError("MARKET_CLOSED", request=CLOSE))
        self.assertNoResult(closed)
        self.close()
        error = self.failureResultOf(closed, PartlyDone).value
        self.assertEqual([each.positionId for each in error.done], [2])
        self.assertIsInstance(error.failed[first], OrderRejected)
        self.assertIn("1 of 2", str(error))

    def test_deals(self) -> None:
        """
        The deals that were heard of can be asked by label.
        """
        self.target("0.01")
        self.open()
        self.trading.closeAll(label="a")
        self.close()
        self.assertEqual([each.closedVolume for each in self.trading.dealsOf(label="a")], [0, 100_000])
        self.assertEqual(self.trading.dealsOf(label="b"), ())
        self.assertEqual(self.trading.dealsOf(symbol=EURUSD)[0].commission, Decimal("-0.03"))

    def test_missedDeals(self) -> None:
        """
        A deal that was made while away has the label of its position.
        """
        self.hold((1, 200_000, "a"))
        self.link.restore()
        self.link.tell(m.ProtoOADealListRes(ctidTraderAccountId=7, hasMore=False))
        self.link.lose()
        self.hold((1, 100_000, "a"))
        self.link.restore()
        missed = closingDeal(9, 9, 1, 100_000)
        self.link.tell(m.ProtoOADealListRes(ctidTraderAccountId=7, deal=[missed], hasMore=False))
        self.assertEqual([(each.dealId, each.recovered) for each in self.trading.dealsOf(label="a")], [(9, True)])
        self.trading.release()
