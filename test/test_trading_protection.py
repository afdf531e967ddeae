"""
Tests of changing positions: their protection, and turning them round.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import (
    Busy,
    IllegalValue,
    NotConnected,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    RequestTimedOut,
    serverError,
)
from ctrader_twisted.market import Quote
from ctrader_twisted.schema import messages as m
from ctrader_twisted.trading import Position, PositionStatus, Side, Trade, TriggerMethod
from ctrader_twisted.units import Lots, Units
from test.marketlink import makeSymbol
from test.tradinglink import (
    CLOSED,
    CREATED,
    EURUSD,
    NOW,
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

AMEND = "ProtoOAAmendPositionSLTPReq"
OPPOSITE = m.ProtoOAOrderTriggerMethod.OPPOSITE
FULL: dict[str, Any] = {
    "stopLoss": 1.09,
    "takeProfit": 1.12,
    "trailingStopLoss": True,
    "stopLossTriggerMethod": OPPOSITE,
}


class ProtectionCase(SynchronousTestCase):
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

    def amended(self, at: int = 200, **levels: Any) -> Any:
        """
        Make the answer to an amendment.
        """
        return event("REPLACED", protection(11, 1_010), position(1_010, OPEN, 200_000, at=at, **levels))


class ProtectTests(ProtectionCase):
    """
    Changing the protection.
    """

    def test_keeps(self) -> None:
        """
        Scenario 76: whatever is changed, the other leg, trailing and trigger are sent again as they were.
        """
        whole = {"positionId": 1_010, **FULL}
        bare = {"stopLoss": None, "trailingStopLoss": None, "stopLossTriggerMethod": None}
        changes: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
            ({"stopLoss": "1.095"}, [{"stopLoss": 1.095}]),
            ({"takeProfit": Decimal("1.13")}, [{"takeProfit": 1.13}]),
            ({"takeProfit": None}, [{"takeProfit": None}]),
            ({"trailing": False}, [{"trailingStopLoss": False}]),
            ({"trigger": TriggerMethod.TRADE}, [{"stopLossTriggerMethod": m.ProtoOAOrderTriggerMethod.TRADE}]),
            # A trailing stop loss has to stop trailing before it can be removed.
            ({"stopLoss": None}, [{"trailingStopLoss": False}, bare]),
            ({"stopLoss": None, "takeProfit": "1.2"}, [{"trailingStopLoss": False, "takeProfit": 1.2}, bare]),
        ]
        for change, differences in changes:
            held = self.hold(**FULL)
            protected = held.protect(**change)
            for difference in differences:
                wanted = {**whole, **difference}
                if difference is bare and "takeProfit" in change:
                    wanted["takeProfit"] = 1.2
                self.assertEqual(self.link.sent[-1], m.ProtoOAAmendPositionSLTPReq(**wanted))
                self.assertNoResult(protected)
                self.link.answerWith(self.amended())
            self.assertIs(self.successResultOf(protected), held)

    def test_current(self) -> None:
        """
        When it fires, the position shows the new levels, and its trigger and trailing.
        """
        held = self.hold()
        self.assertEqual((held.trigger, held.trailingStopLoss), (TriggerMethod.TRADE, False))
        protected = held.protect(stopLoss="1.09", trailing=True, trigger=TriggerMethod.OPPOSITE)
        self.assertEqual(
            self.link.sent,
            [
                m.ProtoOAAmendPositionSLTPReq(
                    positionId=1_010, stopLoss=1.09, trailingStopLoss=True, stopLossTriggerMethod=OPPOSITE
                )
            ],
        )
        self.link.answerWith(self.amended(**{**FULL, "takeProfit": None}, guaranteedStopLoss=True))
        self.successResultOf(protected)
        self.assertEqual((held.stopLoss, held.takeProfit), (Decimal("1.09"), None))
        self.assertEqual((held.trigger, held.trailingStopLoss), (TriggerMethod.OPPOSITE, True))
        self.assertTrue(held.guaranteedStopLoss)

    def test_trailed(self) -> None:
        """
        Scenario 84: a stop loss that has trailed is kept where it was last heard to be.
        """
        held = self.hold(**FULL)
        moved = m.ProtoOATrailingSLChangedEvent(
            ctidTraderAccountId=7, positionId=1_010, orderId=11, stopPrice=1.0955, utcLastUpdateTimestamp=150
        )
        self.link.push(moved)
        held.protect(takeProfit="1.2")
        self.assertEqual((self.link.sent[0].stopLoss, self.link.sent[0].trailingStopLoss), (1.0955, True))

    def test_guaranteedKept(self) -> None:
        """
        The guarantee is kept with its stop loss.
        """
        self.hold(**FULL, guaranteedStopLoss=True).protect(takeProfit=None)
        self.assertTrue(self.link.sent[0].guaranteedStopLoss)

    def test_alreadySo(self) -> None:
        """
        "Nothing to amend." means that all is as it was asked for.
        """
        held = self.hold(**FULL)
        protected = held.protect(stopLoss="1.09")
        self.link.answer(serverError("INVALID_REQUEST", "Nothing to amend.", request=AMEND))
        self.assertIs(self.successResultOf(protected), held)

    def test_illegal(self) -> None:
        """
        What cannot be is refused before anything is sent, held against the quote if there is one.
        """
        self.link.quotes[1] = Quote(1, Decimal("1.10000"), Decimal("1.10010"), NOW, NOW)
        for side, changes, nearest in (
            ("BUY", {"stopLoss": "1.1"}, "1.09999"),
            ("BUY", {"takeProfit": "1.09"}, "1.10001"),
            ("SELL", {"stopLoss": "1.1"}, "1.10011"),
            ("SELL", {"takeProfit": "1.2"}, "1.10009"),
            ("BUY", {"stopLoss": 109_000}, "1.09000"),
        ):
            held = self.hold(side=Side[side].value)
            error = self.failureResultOf(held.protect(**changes), IllegalValue).value
            self.assertEqual([str(each) for each in error.nearest], [nearest])
        held = self.hold()
        for illegal in ({"stopLoss": "1.0900001"}, {"trailing": True}, {"guaranteedStopLoss": True, "stopLoss": "1"}):
            self.failureResultOf(held.protect(**illegal), IllegalValue)
        self.failureResultOf(held.protect(stopLoss=1.09), TypeError)  # type: ignore[arg-type]
        self.assertRaises(TypeError, held.protect, stopLos="1.09")
        self.assertEqual(self.link.sent, [])

    def test_keptLevelIsNotChecked(self) -> None:
        """
        A level that stays may be where the market has come to meanwhile; only the server can tell.
        """
        self.link.quotes[1] = Quote(1, Decimal("1.08"), Decimal("1.0801"), NOW, NOW)
        self.hold(**FULL).protect(takeProfit="1.2")
        self.assertEqual(self.link.sent[0].stopLoss, 1.09)

    def test_implausibleWithoutQuote(self) -> None:
        """
        Scenario 82: without a quote a level is held against the entry price.
        """
        error = self.failureResultOf(self.hold().protect(stopLoss=109_000), IllegalValue).value
        self.assertEqual(error.nearest, (Decimal("1.09000"),))

    def test_unknownSymbol(self) -> None:
        """
        Of a symbol that was not looked up levels can be removed, and none given.
        """
        held = self.hold(symbolId=9, stopLoss=1.09, takeProfit=1.12)
        self.failureResultOf(held.protect(stopLoss="1.08"), IllegalValue)
        held.protect(takeProfit=None)
        self.assertEqual((self.link.sent[0].stopLoss, self.link.sent[0].HasField("takeProfit")), (1.09, False))

    def test_gone(self) -> None:
        """
        Scenario 83: a position that another client has closed is closed here too, and nothing more is sent.
        """
        for code in ("POSITION_NOT_FOUND", "POSITION_NOT_OPEN"):
            held = self.hold(**FULL)
            closed, protected = held.whenClosed(), held.protect(stopLoss=None)
            self.link.answer(serverError(code, request=AMEND))
            self.link.tell(m.ProtoOAReconcileRes(ctidTraderAccountId=7))
            self.assertEqual(self.failureResultOf(protected, NotFound).value.code, code)
            self.assertIs(self.successResultOf(closed), held)
            self.failureResultOf(held.protect(stopLoss=None), NotFound)
            self.assertEqual((len(self.link.sent), self.trading.positions), (1, ()))
            self.setUp()

    def test_refused(self) -> None:
        """
        A refusal for good is an L{OrderRejected}; what may succeed later keeps its class.
        """
        for code, kind in (("TRADING_BAD_STOPS", OrderRejected), ("PENDING_EXECUTION", Busy)):
            protected = self.hold().protect(stopLoss="1.09")
            self.link.answer(serverError(code, request=AMEND))
            self.failureResultOf(protected, kind)

    def test_secondStepRefused(self) -> None:
        """
        If the removal is refused after the trailing was ended, the position shows what was done.
        """
        held = self.hold(**FULL)
        protected = held.protect(stopLoss=None)
        self.link.answerWith(self.amended(**{**FULL, "trailingStopLoss": False}))
        self.link.answer(serverError("MARKET_CLOSED", request=AMEND))
        self.failureResultOf(protected, OrderRejected)
        self.assertEqual((held.stopLoss, held.trailingStopLoss), (Decimal("1.09"), False))

    def test_unknown(self) -> None:
        """
        Without an answer, or with one about something else, the outcome is unknown and carries the position.
        """
        held = self.hold()
        protected = held.protect(stopLoss="1.09")
        self.link.answer(RequestTimedOut(AMEND, 7, seconds=30))
        self.assertIs(self.failureResultOf(protected, OutcomeUnknown).value.trade, held)
        protected = held.protect(stopLoss="1.09")
        self.link.answerWith(event("REPLACED", protection(12, 1_020), position(1_020, OPEN, 100_000, at=5)))
        self.failureResultOf(protected, OutcomeUnknown)
        self.trading.release()

    def test_oneAfterTheOther(self) -> None:
        """
        Two changes at once do not undo each other, also if nobody waits for the first any more.
        """
        held = self.hold()
        first, second = held.protect(stopLoss="1.09"), held.protect(takeProfit="1.12")
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertEqual(len(self.link.sent), 1)
        self.link.answerWith(self.amended(stopLoss=1.09))
        self.assertEqual((self.link.sent[1].stopLoss, self.link.sent[1].takeProfit), (1.09, 1.12))
        self.link.answerWith(self.amended(stopLoss=1.09, takeProfit=1.12))
        self.successResultOf(second)

    def test_quantities(self) -> None:
        """
        A position tells its symbol, and what it holds in lots and units.
        """
        held = self.hold()
        self.assertEqual((held.symbol, held.lots, held.units), (EURUSD, Lots("0.02"), Units(2_000)))
        self.assertEqual((str(held.lots), str(held.units)), ("0.02 lots", "2000 units"))
        self.setUp()
        held = self.hold(symbolId=9)
        self.assertEqual((held.symbol, held.lots, held.units), (None, None, Units(2_000)))


class DueTests(ProtectionCase):
    """
    Scenario 78: the levels of an order come a moment after its fill.
    """

    def filled(self, **fields: Any) -> Position:
        """
        Have an order filled that carries a stop loss.
        """
        told = order(10, 200_000, **{"relativeStopLoss": 500, **fields})
        self.link.push(event("ACCEPTED", told, position(1_010, CREATED)))
        self.link.push(event("FILLED", told, position(1_010, OPEN, 200_000, at=100), deal(1, 10, 200_000)))
        [held] = self.trading.positions
        return held

    def made(self) -> Any:
        """
        Make the event that tells of the levels.
        """
        levels = position(1_010, OPEN, 200_000, at=100, stopLoss=1.095)
        return event("ACCEPTED", protection(11, 1_010), levels, isServerEvent=True)

    def test_waits(self) -> None:
        """
        A change right after the fill waits for the levels that are due, so that it does not remove them.
        """
        held = self.filled()
        self.assertEqual((held.isProtectionDue, held.stopLoss), (True, None))
        known, protected = held.whenProtected(), held.protect(takeProfit="1.12")
        self.assertEqual(self.link.sent, [])
        self.link.push(self.made())
        self.assertIs(self.successResultOf(known), held)
        self.assertEqual((held.isProtectionDue, held.stopLoss), (False, Decimal("1.095")))
        self.assertEqual((self.link.sent[0].stopLoss, self.link.sent[0].takeProfit), (1.095, 1.12))
        self.link.answerWith(self.amended(stopLoss=1.095, takeProfit=1.12))
        self.successResultOf(protected)
        self.assertIs(self.successResultOf(held.whenProtected()), held)

    def test_notForEver(self) -> None:
        """
        If they do not come, nothing is sent.
        """
        held = self.filled()
        protected = held.protect(takeProfit="1.12")
        self.clock.advance(5)
        self.assertIn("nothing was sent", str(self.failureResultOf(protected, Busy).value))
        self.assertEqual(self.link.sent, [])

    def test_notDue(self) -> None:
        """
        Without levels, or when they failed, were told before, or the position is closed, nothing is due.
        """
        self.assertFalse(self.filled(relativeStopLoss=None).isProtectionDue)
        self.setUp()
        held = self.filled()
        self.link.push(event("REJECTED", protection(11, 1_010), errorCode="TRADING_BAD_STOPS"))
        self.assertFalse(held.isProtectionDue)
        self.setUp()
        held = self.filled()
        known = held.whenProtected()
        closing = order(20, 200_000, side=SELL, positionId=1_010, closingOrder=True)
        self.link.push(event("FILLED", closing, position(1_010, CLOSED, at=200), closingDeal(5, 20, 1_010, 200_000)))
        self.successResultOf(known)

    def test_loginTells(self) -> None:
        """
        A login tells all levels that there are.
        """
        held = self.filled()
        known = held.whenProtected()
        self.link.reconcile(position(1_010, OPEN, 200_000, at=100))
        self.assertIs(self.successResultOf(known), held)

    def test_stopped(self) -> None:
        """
        When the client is stopped, those who wait are told.
        """
        held = self.filled()
        known = held.whenProtected()
        self.trading.release()
        self.failureResultOf(known, NotConnected)
        self.failureResultOf(held.whenProtected(), NotConnected)


class ReverseTests(ProtectionCase):
    """
    Turning a position round.
    """

    def close(self, volume: int = 200_000) -> None:
        """
        Have the close accepted and filled.
        """
        closing = order(20, volume, side=SELL, positionId=1_010, closingOrder=True)
        self.link.answerWith(event("ACCEPTED", closing, position(1_010, OPEN, volume, at=100)))
        done = closingDeal(5, 20, 1_010, volume)
        self.link.push(event("FILLED", closing, position(1_010, CLOSED, at=200), done))

    def accept(self, reversed_: Deferred[Trade]) -> Trade:
        """
        Have the new order accepted.
        """
        mine = order(30, 200_000, side=SELL, clientOrderId=self.link.sent[-1].clientOrderId)
        self.link.answerWith(event("ACCEPTED", mine, position(1_030, CREATED, side=SELL)))
        return self.successResultOf(reversed_)

    def test_reversed(self) -> None:
        """
        First the position is closed; when that is filled, as much is opened on the other side, with the same label.
        """
        held = self.hold(label="L", comment="C")
        reversed_ = held.reverse(stopLossPips=20)
        self.assertEqual(self.link.sent, [m.ProtoOAClosePositionReq(positionId=1_010, volume=200_000)])
        self.close()
        sent = self.link.sent[1]
        self.assertEqual((sent.orderType, sent.tradeSide, sent.volume), (m.ProtoOAOrderType.MARKET, SELL, 200_000))
        self.assertEqual((sent.label, sent.comment, sent.relativeStopLoss), ("L", "C", 200))
        trade = self.accept(reversed_)
        self.assertEqual((trade.side, held.status), (Side.SELL, PositionStatus.CLOSED))

    def test_ownLabel(self) -> None:
        """
        A label that is given is taken.
        """
        self.hold(label="L").reverse(label="M")
        self.close()
        self.assertEqual((self.link.sent[1].label, self.link.sent[1].comment), ("M", ""))

    def test_notClosed(self) -> None:
        """
        If the close fails nothing is opened.
        """
        for error, kind in (
            (serverError("MARKET_CLOSED"), OrderRejected),
            (RequestTimedOut("ProtoOAClosePositionReq", 7, seconds=30), OutcomeUnknown),
        ):
            reversed_ = self.hold().reverse()
            self.link.answer(error)
            self.failureResultOf(reversed_, kind)
        self.assertEqual(len(self.link.sent), 2)
        self.trading.release()

    def test_notOpened(self) -> None:
        """
        If the new order is refused, the position is closed all the same, as its status tells.
        """
        held = self.hold()
        reversed_ = held.reverse()
        self.close()
        self.link.answer(serverError("NOT_ENOUGH_MONEY"))
        self.failureResultOf(reversed_, OrderRejected)
        self.assertIs(held.status, PositionStatus.CLOSED)

    def test_checkedFirst(self) -> None:
        """
        What could not be opened is refused before anything is closed.
        """
        held = self.hold()
        self.failureResultOf(held.reverse(stopLossPips=0), IllegalValue)
        self.failureResultOf(held.reverse(stopLoss="1.2"), IllegalValue)
        self.failureResultOf(self.hold(volume=150_000).reverse(), IllegalValue)
        self.assertRaises(TypeError, held.reverse, stopLosPips=1)
        self.link, self.clock, self.trading = setUpTrading(makeSymbol(2))
        self.failureResultOf(self.hold().reverse(), IllegalValue)
        self.assertEqual(self.link.sent, [])
