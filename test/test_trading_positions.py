"""
Tests of positions: how they are kept current, and how they are closed.
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
    NotConnected,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    RequestTimedOut,
    serverError,
)
from ctrader_twisted.schema import messages as m
from ctrader_twisted.trading import Deal, Position, PositionStatus, Side
from ctrader_twisted.units import Lots, Units
from test.marketlink import makeSymbol
from test.tradinglink import (
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
    protection,
    setUpTrading,
)

REQUEST = "ProtoOAClosePositionReq"
ERROR = m.ProtoOAPositionStatus.POSITION_STATUS_ERROR


class PositionTests(SynchronousTestCase):
    """
    An account that may hold the position 1010.
    """

    def setUp(self) -> None:
        """
        An account without positions.
        """
        self.link, self.clock, self.trading = setUpTrading(EURUSD)
        self.addCleanup(lambda: self.assertEqual(self.clock.getDelayedCalls(), []))

    def hold(self, volume: int = 200_000, **fields: Any) -> Position:
        """
        Log in with an open position.
        """
        self.link.reconcile(position(1_010, OPEN, volume, **{"at": 100, "openTimestamp": 90, **fields}))
        [held] = self.trading.positions
        return held

    def snapshot(self, **fields: Any) -> None:
        """
        An event comes that has no order, as the one for swaps.
        """
        self.link.push(event("SWAP", None, position(1_010, OPEN, **{"volume": 200_000, **fields})))


class StateTests(PositionTests):
    """
    What is known of positions.
    """

    def test_reconciled(self) -> None:
        """
        A position is as the server tells it, with prices of the symbol's digits and money of the message's.
        """
        held = self.hold(
            price=1.1199999999999999,
            stopLoss=1.09,
            takeProfit=1.2,
            swap=-12345,
            commission=-3,
            usedMargin=7,
            moneyDigits=4,
            trailingStopLoss=True,
            label="L",
            comment="C",
            side=SELL,
        )
        self.assertEqual((held.positionId, held.symbolId, held.side), (1_010, 1, Side.SELL))
        self.assertEqual((held.status, held.volume, held.opened), (PositionStatus.OPEN, 200_000, 90))
        prices = (held.entryPrice, held.stopLoss, held.takeProfit)
        self.assertEqual([str(price) for price in prices], ["1.12000", "1.09000", "1.20000"])
        self.assertEqual(
            [str(x) for x in (held.swap, held.commission, held.usedMargin)], ["-1.2345", "-0.0003", "0.0007"]
        )
        self.assertEqual((held.trailingStopLoss, held.label, held.comment), (True, "L", "C"))
        self.assertEqual((held.closed, held.closePrice), (None, None))
        self.assertIn("1010 OPEN SELL", repr(held))

    def test_unknownSymbol(self) -> None:
        """
        Prices of a symbol that was not looked up are as they print; a mean price keeps its digits.
        """
        self.assertEqual(str(self.hold(price=1.12, symbolId=9).entryPrice), "1.12")
        self.assertEqual(str(self.hold(price=1.1234567).entryPrice), "1.1234567")

    def test_identity(self) -> None:
        """
        The object stays the same from the empty position over logins to the end.
        """
        self.link.push(event("ACCEPTED", order(10, kind="LIMIT"), position(1_010, CREATED)))
        self.assertEqual(self.trading.positions, ())
        self.link.push(event("FILLED", order(10), position(1_010, OPEN, 100_000, at=5), deal(1, 10)))
        [held] = self.trading.positions
        self.link.lose()
        self.link.reconcile(position(1_010, OPEN, 100_000, at=7, stopLoss=1.0))
        [again] = self.trading.positions
        self.assertIs(again, held)
        self.assertEqual(held.stopLoss, Decimal(1))
        closing = closingDeal(2, 11, 1_010)
        self.link.push(event("FILLED", order(11), position(1_010, CLOSED, at=9, closeTimestamp=9), closing))
        self.assertEqual((held.status, held.volume, held.closed), (PositionStatus.CLOSED, 0, 9))
        self.assertEqual((str(held.entryPrice), str(held.closePrice)), ("1.10000", "1.10500"))
        self.assertEqual(held.usedMargin, 0)
        self.assertEqual(self.trading.positions, ())

    def test_emptyIsNotOpen(self) -> None:
        """
        Scenario 86: The empty position of a pending order is not open, and goes with the order.
        """
        pending = order(10, kind="LIMIT")
        self.link.push(event("ACCEPTED", pending, position(1_010, CREATED)))
        self.link.push(event("REPLACED", pending, position(1_010, CREATED)))
        self.assertEqual(self.trading.positions, ())
        self.link.push(event("CANCELLED", pending, position(1_010, CLOSED)))
        self.link.push(event("ACCEPTED", pending, position(1_010, CREATED)))
        self.assertEqual((self.trading.positions, self.trading.orders), ((), ()))

    def test_emptyKept(self) -> None:
        """
        A login that tells only the pending order keeps its empty position.
        """
        pending = order(10, kind="LIMIT")
        created = position(1_010, CREATED)
        self.link.push(event("ACCEPTED", pending, created))
        self.link.reconcile(pending)
        self.link.push(event("FILLED", pending, position(1_010, OPEN, 100_000, at=5), deal(1, 10)))
        self.assertEqual(len(self.trading.positions), 1)

    def test_faulty(self) -> None:
        """
        A position that the server calls faulty is shown.
        """
        self.link.reconcile(position(1_010, ERROR, 100_000))
        self.assertEqual([held.status for held in self.trading.positions], [PositionStatus.ERROR])

    def test_older(self) -> None:
        """
        What is older than what is known changes nothing; what is newer does.
        """
        held = self.hold()
        self.snapshot(at=99, swap=-5)
        self.assertEqual(held.swap, 0)
        self.snapshot(at=101, swap=-6)
        self.assertEqual(str(held.swap), "-0.06")
        self.link.push(event("REPLACED", order(10), position(1_010, CREATED)))
        self.assertEqual(held.volume, 200_000)

    def test_sameMoment(self) -> None:
        """
        Deals of one millisecond count by their numbers.
        """
        held = self.hold()
        for dealId, volume in ((8, 400_000), (7, 300_000)):
            told = position(1_010, OPEN, volume, at=110)
            self.link.push(event("PARTIAL_FILL", order(10), told, deal(dealId, 10, at=110)))
        self.assertEqual(held.volume, 400_000)

    def test_sameMomentReordered(self) -> None:
        """
        Of the events of one millisecond the protection's have no deal; in whatever order all come, the last of the
        server's counts, and no level is due or lost.
        """
        mine = order(10, 200_000, relativeStopLoss=1000)
        first, second = (
            position(1_010, OPEN, volume, at=110, stopLoss=level) for volume, level in ((100_000, None), (200_000, 1.0))
        )
        told = (
            event("PARTIAL_FILL", mine, first, deal(7, 10, at=110)),
            event("ACCEPTED", protection(11, 1_010), position(1_010, OPEN, 100_000, at=110, stopLoss=1.0)),
            event("FILLED", mine, second, deal(8, 10, at=110)),
            event("REPLACED", protection(11, 1_010, 200_000), position(1_010, OPEN, 200_000, at=110, stopLoss=1.0)),
        )
        for events in permutations(told):
            self.setUp()
            for each in events:
                self.link.push(each)
            [held] = self.trading.positions
            self.assertEqual((held.volume, held.stopLoss, held.isProtectionDue), (200_000, 1, False))

    def test_partlyClosedReordered(self) -> None:
        """
        So it is if a part was closed: what is of the same moment and knows less of it is older.
        """
        closing = order(12, 100_000, side=SELL, positionId=1_010, closingOrder=True)
        told = (
            event("ACCEPTED", closing, position(1_010, OPEN, 200_000, at=110, stopLoss=1.0)),
            event(
                "FILLED",
                closing,
                position(1_010, OPEN, 100_000, at=110, stopLoss=1.0),
                closingDeal(9, 12, 1_010, at=110),
            ),
            event("REPLACED", protection(11, 1_010), position(1_010, OPEN, 100_000, at=110, stopLoss=1.1)),
        )
        for events in permutations(told):
            self.setUp()
            held = self.hold(stopLoss=1.0)
            for each in events:
                self.link.push(each)
            self.assertEqual(held.volume, 100_000)

    def test_withoutTime(self) -> None:
        """
        A snapshot without a time counts as it comes.
        """
        held = self.hold()
        self.snapshot(at=0, swap=-5)
        self.assertEqual(str(held.swap), "-0.05")

    def test_lateAcceptance(self) -> None:
        """
        An acceptance that comes after the fill of its order tells nothing of the position.
        """
        held = self.hold()
        self.link.push(
            event("FILLED", order(12), position(1_010, OPEN, 300_000, at=120), deal(1, 12, positionId=1_010))
        )
        self.link.push(event("ACCEPTED", order(12, positionId=1_010), position(1_010, OPEN, 200_000, at=120)))
        self.assertEqual(held.volume, 300_000)

    def test_levelsComeLater(self) -> None:
        """
        Scenario 78: A fill tells of no levels; the position shows them when the protective order is told, not before.
        """
        self.link.push(event("FILLED", order(10), position(1_010, OPEN, 100_000, at=100), deal(1, 10)))
        [held] = self.trading.positions
        self.assertEqual((held.stopLoss, held.takeProfit), (None, None))
        protected = position(1_010, OPEN, 100_000, at=103, stopLoss=1.0, takeProfit=1.2)
        self.link.push(event("ACCEPTED", protection(11, 1_010), protected))
        self.assertEqual((held.stopLoss, held.takeProfit), (Decimal("1.00000"), Decimal("1.20000")))

    def test_duplicateFill(self) -> None:
        """
        A fill that is told again after the protection came in the same moment does not take that away.
        """
        for kind in ("FILLED", "PARTIAL_FILL"):
            filled = event(kind, order(10), position(1_010, OPEN, 100_000, at=100), deal(1, 10))
            self.link.push(filled)
            protected = position(1_010, OPEN, 100_000, at=100, stopLoss=1.0)
            self.link.push(event("ACCEPTED", protection(11, 1_010), protected))
            self.link.push(filled)
            self.assertEqual(self.trading.positions[0].stopLoss, Decimal(1))
            self.setUp()

    def test_fillAfterClose(self) -> None:
        """
        A fill that comes after the close, which was later, does not open the position again.
        """
        held = self.hold()
        self.link.push(event("FILLED", order(11), position(1_010, CLOSED, at=200), closingDeal(3, 11, 1_010, 300_000)))
        self.link.push(
            event("FILLED", order(12), position(1_010, OPEN, 300_000, at=150), deal(2, 12, positionId=1_010))
        )
        self.assertEqual((held.status, held.volume), (PositionStatus.CLOSED, 0))
        self.assertEqual(self.trading.positions, ())

    def test_trailing(self) -> None:
        """
        Scenario 84: A trailing stop moves by its own event; older ones and older snapshots do not move it back.
        """
        held = self.hold(stopLoss=1.05)

        def trail(price: float, at: int, positionId: int = 1_010) -> None:
            self.link.push(
                m.ProtoOATrailingSLChangedEvent(
                    ctidTraderAccountId=7, positionId=positionId, orderId=11, stopPrice=price, utcLastUpdateTimestamp=at
                )
            )

        trail(1.06, 200)
        self.assertEqual(str(held.stopLoss), "1.06000")
        trail(1.055, 190)
        trail(2.0, 300, positionId=9)
        self.snapshot(at=150, stopLoss=1.05, swap=-1)
        self.assertEqual((str(held.stopLoss), str(held.swap)), ("1.06000", "-0.01"))
        self.snapshot(at=210, stopLoss=1.07)
        self.assertEqual(str(held.stopLoss), "1.07000")
        self.snapshot(at=220)
        self.assertIsNone(held.stopLoss)

    def test_loginCounts(self) -> None:
        """
        What a login tells counts, though something newer was heard before: of moves of the stop, and of deals.
        """
        held = self.hold(stopLoss=1.05)
        self.link.push(
            m.ProtoOATrailingSLChangedEvent(
                ctidTraderAccountId=7, positionId=1_010, orderId=11, stopPrice=1.06, utcLastUpdateTimestamp=300
            )
        )
        self.snapshot(at=310, volume=300_000, stopLoss=1.07)
        self.hold(at=200, stopLoss=1.04)
        self.assertEqual((held.volume, str(held.stopLoss)), (200_000, "1.04000"))

    def test_margin(self) -> None:
        """
        A change of the used margin counts, in its own digits; one of an unknown position is none of ours.
        """
        held = self.hold()
        for positionId in (1_010, 9):
            self.link.push(
                m.ProtoOAMarginChangedEvent(
                    ctidTraderAccountId=7, positionId=positionId, usedMargin=1234, moneyDigits=3
                )
            )
        self.assertEqual(str(held.usedMargin), "1.234")

    def test_closedByOthers(self) -> None:
        """
        A stop loss, a stop-out or another client closes: those who wait are told, each by a Deferred of his own.
        """
        held = self.hold()
        one, other = held.whenClosed(), held.whenClosed()
        other.cancel()
        self.failureResultOf(other, CancelledError)
        hit = protection(11, 1_010, 200_000)
        closed = position(1_010, CLOSED, at=200)
        self.link.push(event("FILLED", hit, closed, closingDeal(3, 11, 1_010, 200_000, at=199), isServerEvent=True))
        self.assertIs(self.successResultOf(one), held)
        self.assertIs(self.successResultOf(held.whenClosed()), held)
        self.assertEqual(held.closed, 199)

    def test_vanished(self) -> None:
        """
        What is not there after a login was closed at an unknown price; the deal may come after all.
        """
        held = self.hold()
        closed = held.whenClosed()
        self.link.lose()
        self.assertNoResult(closed)
        self.link.reconcile()
        self.assertIs(self.successResultOf(closed), held)
        self.assertEqual((held.status, held.volume, held.closePrice), (PositionStatus.CLOSED, 0, None))
        self.snapshot(at=150, swap=-1)
        self.assertEqual((held.status, self.trading.positions), (PositionStatus.CLOSED, ()))
        late = closingDeal(3, 11, 1_010, 200_000)
        self.link.push(event("FILLED", order(11, positionId=1_010), position(1_010, CLOSED, at=200), late))
        self.assertEqual(str(held.closePrice), "1.10500")
        self.assertEqual(self.trading.positions, ())

    def test_closedInState(self) -> None:
        """
        A login that lists a position as closed closes it.
        """
        held = self.hold()
        self.link.reconcile(position(1_010, CLOSED, at=200, closeTimestamp=200))
        self.assertEqual((held.status, held.closed), (PositionStatus.CLOSED, 200))
        self.assertEqual(self.trading.positions, ())

    def test_manyClosed(self) -> None:
        """
        Of the closed ones only the last thousand are remembered; they stay closed.
        """
        for positionId in range(2_000, 3_002):
            self.link.push(event("SWAP", None, position(positionId, CLOSED, at=1)))
        self.link.push(event("SWAP", None, position(3_001, OPEN, 100_000, at=1)))
        self.assertEqual(self.trading.positions, ())
        self.link.push(event("SWAP", None, position(2_000, OPEN, 100_000, at=1)))
        self.assertEqual(len(self.trading.positions), 1)

    def test_stopped(self) -> None:
        """
        When the client is stopped, those who wait for a close are told.
        """
        held = self.hold()
        closed = held.whenClosed()
        self.trading.release()
        for each in (closed, held.whenClosed()):
            self.assertIn("stopped", str(self.failureResultOf(each, NotConnected).value))
        self.hold()
        self.assertNoResult(held.whenClosed())


class CloseTests(PositionTests):
    """
    Closing a position.
    """

    def closing(self, volume: int = 200_000) -> Any:
        """
        Make the closing order.
        """
        return order(20, volume, side=SELL, positionId=1_010, closingOrder=True)

    def accept(self) -> None:
        """
        The close is accepted; the position is unchanged.
        """
        self.link.answerWith(event("ACCEPTED", self.closing(), position(1_010, OPEN, 200_000, at=100)))

    def filled(self) -> Any:
        """
        Make the fill of a full close.
        """
        return event("FILLED", self.closing(), position(1_010, CLOSED, at=200), closingDeal(5, 20, 1_010, 200_000))

    def assertClosed(self, closed: Deferred[Deal], held: Position) -> None:
        """
        The close was filled.
        """
        done = self.successResultOf(closed)
        self.assertEqual((done.dealId, str(done.grossProfit), str(done.balance)), (5, "5.00", "10004.84"))
        self.assertIs(held.status, PositionStatus.CLOSED)

    def test_full(self) -> None:
        """
        The close fires with its deal when it is filled, not when it is accepted.
        """
        held = self.hold()
        closed = held.close()
        self.assertEqual(self.link.sent, [m.ProtoOAClosePositionReq(positionId=1_010, volume=200_000)])
        self.accept()
        self.assertNoResult(closed)
        self.link.push(self.filled())
        self.assertClosed(closed, held)
        self.link.push(event("CANCELLED", protection(11, 1_010), position(1_010, CLOSED, at=200)))
        self.assertEqual(self.trading.positions, ())

    def test_fillFirst(self) -> None:
        """
        The fill may be the answer itself, or come before it.
        """
        for early in (False, True):
            held = self.hold()
            closed = held.close()
            if early:
                self.link.push(self.filled())
                self.accept()
            else:
                self.link.answerWith(self.filled())
                self.link.push(event("ACCEPTED", self.closing(), position(1_010, OPEN, 200_000, at=100)))
            self.assertClosed(closed, held)
            self.assertEqual(self.trading.positions, ())
            self.setUp()

    def test_partial(self) -> None:
        """
        Scenario 79: A part is closed, and the position stays with the rest; the protective order follows.
        """
        held = self.hold(stopLoss=1.0)
        closed = held.close(Lots("0.01"))
        self.assertEqual(self.link.sent[0].volume, 100_000)
        self.accept()
        rest = position(1_010, OPEN, 100_000, at=200, stopLoss=1.0)
        self.link.push(event("FILLED", self.closing(100_000), rest, closingDeal(5, 20, 1_010)))
        self.link.push(event("REPLACED", protection(11, 1_010), rest))
        self.assertEqual(self.successResultOf(closed).closedVolume, 100_000)
        self.assertEqual((held.volume, held.status, held.stopLoss), (100_000, PositionStatus.OPEN, Decimal(1)))
        self.assertIsNone(held.closePrice)

    def test_inParts(self) -> None:
        """
        A close that takes several deals fires with what they are together.
        """
        closed = self.hold(volume=300_000).close()
        self.accept()
        rest = position(1_010, OPEN, 100_000, at=150)
        first = closingDeal(4, 20, 1_010, 200_000, grossProfit=1_001, pnlConversionFee=-2)
        self.link.push(event("PARTIAL_FILL", self.closing(), rest, first))
        self.assertNoResult(closed)
        last = closingDeal(5, 20, 1_010, executionPrice=1.1053, balance=1_009_999)
        self.link.push(event("FILLED", self.closing(), position(1_010, CLOSED, at=200), last))
        done = self.successResultOf(closed)
        self.assertEqual((done.dealId, done.volume, done.closedVolume), (5, 300_000, 300_000))
        self.assertEqual((str(done.price), str(done.entryPrice)), ("1.10510", "1.10000"))
        money = (done.grossProfit, done.swap, done.totalCommission, done.conversionFee, done.commission)
        self.assertEqual([str(each) for each in money], ["15.01", "-0.20", "-0.12", "-0.02", "-0.06"])
        self.assertEqual((str(done.netProfit), str(done.balance)), ("14.67", "10099.99"))

    def test_endedInPart(self) -> None:
        """
        A close that ends when only a part is closed is no success: the error tells what was closed and what is left.
        """
        held = self.hold()
        for kind in ("CANCELLED", "EXPIRED"):
            closed = held.close()
            self.accept()
            rest = position(1_010, OPEN, 100_000, at=150)
            self.link.push(event("PARTIAL_FILL", self.closing(), rest, closingDeal(4, 20, 1_010)))
            self.link.push(event(kind, self.closing(), rest))
            error = self.failureResultOf(closed, OrderRejected).value
            self.assertEqual((error.code, error.request, error.accountId), (f"ORDER_{kind}", REQUEST, 7))
            self.assertIn("100000 of 200000 hundredths of a unit were closed; 100000 are left", str(error))
            self.setUp()
            held = self.hold()

    def test_filledWithoutDeal(self) -> None:
        """
        A fill that tells of no deal leaves price and profit unknown.
        """
        held = self.hold()
        closed = held.close()
        self.accept()
        self.link.push(event("FILLED", self.closing(), position(1_010, CLOSED, at=200)))
        self.assertIs(self.failureResultOf(closed, OutcomeUnknown).value.trade, held)
        self.assertIs(held.status, PositionStatus.CLOSED)

    def test_quantities(self) -> None:
        """
        Units and lots count, the whole odd rest may be named, and what cannot be closed is refused here.
        """
        self.hold().close(Units(2_000))
        self.hold(volume=150_000).close(Units(1_500))
        self.hold(volume=150_000).close(Lots("0.015"))
        self.assertEqual([sent.volume for sent in self.link.sent], [200_000, 150_000, 150_000])
        for quantity in (Lots("0.03"), Units(1_700), Lots(0)):
            self.failureResultOf(self.hold().close(quantity), IllegalValue)
        self.assertEqual(len(self.link.sent), 3)

    def test_unknownSymbol(self) -> None:
        """
        Of a symbol that was not looked up all can be closed, and no part.
        """
        held = self.hold(symbolId=9)
        self.failureResultOf(held.close(Units(1_000)), IllegalValue)
        held.close()
        self.assertEqual([sent.volume for sent in self.link.sent], [200_000])

    def test_indivisibleLot(self) -> None:
        """
        Where a lot does not divide the position, too much is refused in units.
        """
        self.link, self.clock, self.trading = setUpTrading(makeSymbol(1, lotSize=300, minVolume=100, stepVolume=100))
        error = self.failureResultOf(self.hold(volume=100).close(Lots(1)), IllegalValue).value
        self.assertEqual(error.nearest, (Units(1),))

    def test_notOpen(self) -> None:
        """
        A closed position is not closed again, and an empty one cannot be.
        """
        held = self.hold()
        self.link.reconcile()
        self.failureResultOf(held.close(), NotFound)
        bought = self.trading.buy(EURUSD, Lots("0.01"))
        mine = order(30, clientOrderId=self.link.sent[-1].clientOrderId)
        self.link.answerWith(event("ACCEPTED", mine, position(1_030, CREATED)))
        self.failureResultOf(self.successResultOf(bought).position.close(), NotFound)
        self.assertEqual(len(self.link.sent), 1)

    def test_faultyClosed(self) -> None:
        """
        A position that the server calls faulty may be closed: it holds something.
        """
        self.link.reconcile(position(1_010, ERROR, 200_000))
        closed = self.trading.positions[0].close()
        self.accept()
        self.link.push(self.filled())
        self.assertEqual(self.successResultOf(closed).dealId, 5)

    def test_notThere(self) -> None:
        """
        Scenario 83: A position of which the server says that it is not there is closed, if its state says so too, at a
        price that may be heard later.
        """
        for code in ("POSITION_NOT_FOUND", "POSITION_NOT_OPEN", "POSITION_NOT_FOUND_OR_NOT_OPENED", "ALREADY_CLOSED"):
            held = self.hold()
            ended, closes = held.whenClosed(), [held.close(), held.close()]
            for closed in closes:
                self.link.answer(serverError(code, request=REQUEST))
                self.assertNoResult(closed)
                self.link.tell(m.ProtoOAReconcileRes(ctidTraderAccountId=7))
                self.assertEqual(self.failureResultOf(closed, NotFound).value.code, code)
            self.assertIs(self.successResultOf(ended), held)
            self.assertEqual((held.status, held.volume, held.closePrice), (PositionStatus.CLOSED, 0, None))
            self.assertEqual(self.trading.positions, ())
            self.link.push(self.filled())
            self.assertEqual(str(held.closePrice), "1.10500")
            self.setUp()

    def test_notThereYet(self) -> None:
        """
        Just after its fill the server may not find a position that is open. It stays open here too, and the close may
        succeed later; so it is if the state cannot be read.
        """
        held = self.hold()
        there = m.ProtoOAReconcileRes(ctidTraderAccountId=7, position=[position(1_010, OPEN, 200_000, at=100)])
        for told, kind in (there, Busy), (serverError("TIMEOUT_ERROR"), NotFound):
            closed = held.close()
            self.link.answer(serverError("POSITION_NOT_FOUND", request=REQUEST))
            self.link.tell(told)
            self.failureResultOf(closed, kind)
            self.assertEqual(self.trading.positions, (held,))

    def test_somethingElseNotThere(self) -> None:
        """
        That something else was not found does not end the position.
        """
        held = self.hold()
        closed = held.close()
        self.link.answer(serverError("ENTITY_NOT_FOUND", request=REQUEST))
        self.failureResultOf(closed, NotFound)
        self.assertEqual(self.trading.positions, (held,))

    def test_refused(self) -> None:
        """
        What may succeed later stays what it is; other refusals are an L{OrderRejected}.
        """
        for code, kind in (
            ("POSITION_LOCKED", Busy),
            ("BLOCKED_PAYLOAD_TYPE", RateLimited),
            ("TRADING_DISABLED", OrderRejected),
        ):
            closed = self.hold().close()
            self.link.answer(serverError(code, request=REQUEST))
            self.assertEqual(self.failureResultOf(closed, kind).value.code, code)

    def test_rejectedLater(self) -> None:
        """
        A close that is rejected after it was accepted fails, and the position stays.
        """
        held = self.hold()
        closed = held.close()
        self.accept()
        self.link.push(event("REJECTED", self.closing(), errorCode="MARKET_CLOSED"))
        error = self.failureResultOf(closed, OrderRejected).value
        self.assertEqual((error.code, error.request), ("MARKET_CLOSED", REQUEST))
        self.assertEqual(self.trading.positions, (held,))

    def test_notSent(self) -> None:
        """
        Without a connection nothing is sent.
        """
        held = self.hold()
        self.link.ready = False
        error = self.failureResultOf(held.close(), NotConnected).value
        self.assertIsNone(error.__cause__)

    def test_unknown(self) -> None:
        """
        Without an answer the outcome is unknown, and the error carries the position.
        """
        held = self.hold()
        for error in (
            RequestTimedOut(REQUEST, 7, seconds=1),
            ConnectionLost(REQUEST, 7, maybeSent=True, reason="x"),
            serverError("UNKNOWN_ERROR", request=REQUEST),
        ):
            closed = held.close()
            self.link.answer(error)
            unknown = self.failureResultOf(closed, OutcomeUnknown).value
            self.assertIs(unknown.trade, held)
            self.assertIs(unknown.__cause__, error)

    def test_lostBeforeFill(self) -> None:
        """
        A loss between acceptance and fill leaves it unknown at once; a login tells.
        """
        held = self.hold()
        closed = held.close()
        self.accept()
        self.link.lose()
        self.assertIs(self.failureResultOf(closed, OutcomeUnknown).value.trade, held)
        self.link.reconcile()
        self.assertIs(self.successResultOf(held.whenClosed()), held)

    def test_noFill(self) -> None:
        """
        A fill that does not come in time leaves it unknown.
        """
        held = self.hold()
        for timeout, seconds in ((None, 30), (5.0, 5)):
            closed = held.close(timeout=timeout)
            self.accept()
            self.clock.advance(seconds - 1)
            self.assertNoResult(closed)
            self.clock.advance(1)
            self.assertIs(self.failureResultOf(closed, OutcomeUnknown).value.trade, held)

    def test_stoppedBeforeFill(self) -> None:
        """
        A close that is accepted when the client is stopped may be filled later.
        """
        held = self.hold()
        closed = held.close()
        self.accept()
        self.trading.release()
        self.assertIs(self.failureResultOf(closed, OutcomeUnknown).value.trade, held)

    def test_followed(self) -> None:
        """
        However the wait for a close ends, its order is followed to its own end, and not on.
        """
        for end in (
            lambda closed: None,
            lambda closed: self.link.lose(),
            lambda closed: self.clock.advance(30),
            lambda closed: closed.cancel(),
        ):
            closed = self.hold().close()
            self.accept()
            orders = self.trading._books.orders
            self.assertEqual((len(orders.unended()), len(self.trading._closing._running)), (1, 1))
            end(closed)
            closed.addErrback(lambda failure: failure.trap(OutcomeUnknown, CancelledError))
            self.assertEqual(len(orders.unended()), 1)
            self.link.push(self.filled())
            self.successResultOf(closed)
            self.assertEqual((orders.unended(), self.trading._closing._running), ((), set()))
            self.setUp()

    def test_filledBeforeTheAnswer(self) -> None:
        """
        A close whose fill comes before the answer has ended, and is not followed.
        """
        held = self.hold()
        closed = held.close()
        self.link.push(self.filled())
        self.accept()
        self.assertClosed(closed, held)
        self.assertEqual(self.trading._books.orders.unended(), ())

    def test_answerAboutProtection(self) -> None:
        """
        An answer that does not tell of the close leaves it unknown.
        """
        closed = self.hold().close()
        self.link.answerWith(event("CANCELLED", protection(11, 1_010)))
        self.failureResultOf(closed, OutcomeUnknown)

    def test_cancelled(self) -> None:
        """
        Cancelling the Deferred does not take the close back, neither before nor after its acceptance.
        """
        for accepted in (False, True):
            held = self.hold()
            closed = held.close()
            if accepted:
                self.accept()
            closed.cancel()
            self.failureResultOf(closed, CancelledError)
            if not accepted:
                self.accept()
            self.link.push(self.filled())
            self.assertIs(held.status, PositionStatus.CLOSED)
            self.setUp()
