"""
Tests of limits and halts: what is refused before any byte of it leaves.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Lots, Quote, Side
from ctrader_twisted.durable import exclusively
from ctrader_twisted.errors import ConfigurationError, Halted, IllegalValue, LimitReached, RequestTimedOut
from ctrader_twisted.schema import messages as m
from ctrader_twisted.trading.guard import Guard
from ctrader_twisted.trading.halt import HaltFile
from ctrader_twisted.trading.limits import Limits
from test.tradinglink import BUY, EURUSD, OPEN, SELL, deal, event, order, position, setUpTrading

LOT = 10_000_000


class GuardCase(SynchronousTestCase):
    """
    An account with a guard, whose surroundings a test can change.
    """

    def setUp(self) -> None:
        """
        Make the account; it holds nothing, and there are no limits.
        """
        self.link, self.clock, self.trading = setUpTrading(EURUSD)
        self.quotes: dict[int, Quote] = {}
        self.rate: Decimal | None = Decimal("0.01")
        self.result: Decimal | None = Decimal(0)
        self.isNetted = False
        self.haltFile: HaltFile | None = None

    def limit(self, **limits: Any) -> Guard:
        """
        Set limits.
        """
        guard = Guard(
            7,
            Limits(**limits),
            self.haltFile,
            books=self.trading._books,
            symbolById={1: EURUSD}.get,
            quote=self.quotes.get,
            worth=lambda symbolId, volume: None if self.rate is None else volume * self.rate,
            dayResult=lambda: self.result,
            isNetted=lambda: self.isNetted,
            seconds=self.clock.seconds,
            wallClock=lambda: int(self.clock.seconds() * 1000),
        )
        self.link.guard(guard.check)
        return guard

    def new(self, lots: str = "1", **fields: Any) -> m.ProtoOANewOrderReq:
        """
        Make a raw order to buy at the market.
        """
        given: dict[str, Any] = {"symbolId": 1, "tradeSide": BUY, "orderType": m.ProtoOAOrderType.MARKET}
        return m.ProtoOANewOrderReq(volume=int(Decimal(lots) * LOT), **{**given, **fields})

    def leaves(self, message: Any) -> None:
        """
        Check that a request leaves.
        """
        self.assertNoResult(self.link.request(message))
        self.assertIs(self.link.sent[-1], message)

    def refused(self, message: Any, limit: str, words: str = "") -> None:
        """
        Check that a request does not leave.
        """
        before = len(self.link.sent)
        error = self.failureResultOf(self.link.request(message), LimitReached).value
        self.assertEqual((error.limit, error.accountId, len(self.link.sent)), (limit, 7, before))
        self.assertIn(words, str(error))
        self.assertIn("nothing was sent", str(error))


class LimitTests(GuardCase):
    """
    The limits, one by one.
    """

    def test_none(self) -> None:
        """
        Without limits everything leaves.
        """
        self.limit()
        self.leaves(self.new("1000"))

    def test_onLevelThree(self) -> None:
        """
        An order of the account's own methods is refused likewise; its id may be used again.
        """
        self.limit(lotsPerOrder="0.5")
        for _ in range(2):
            wanted = self.trading.buy(EURUSD, Lots("0.51"), clientOrderId="mine")
            error = self.failureResultOf(wanted, LimitReached).value
            self.assertEqual(
                str(error), "account 7: 0.51 lots of EURUSD are ordered at once; 0.5 are allowed; nothing was sent"
            )
        self.assertEqual(self.link.sent, [])
        self.assertEqual(self.trading._books.orders.unended(), ())

    def test_lotsPerOrder(self) -> None:
        """
        The limit itself is allowed.
        """
        self.limit(lotsPerOrder="0.5")
        self.leaves(self.new("0.5"))
        self.refused(self.new("0.51"), "lotsPerOrder")

    def test_bySymbol(self) -> None:
        """
        Where lots are limited by name, only what is named may be traded.
        """
        self.limit(lotsPerOrder={"EURUSD": "0.5"})
        self.leaves(self.new("0.5"))
        self.limit(lotsPerOrder={"XAUUSD": "0.5"})
        self.refused(self.new("0.01"), "lotsPerOrder", "no limit for EURUSD")

    def test_unknownSymbol(self) -> None:
        """
        Lots of a symbol that was not looked up cannot be counted.
        """
        self.limit(lotsPerOrder="100")
        self.refused(self.new("0.01", symbolId=9), "lotsPerOrder", "look the symbol up")

    def test_lotsPerSymbol(self) -> None:
        """
        What is open, what waits for its price and what is on its way are added up, whatever their sides.
        """
        self.limit(lotsPerSymbol="5")
        waiting = order(20, 2 * LOT, kind="LIMIT", executedVolume=LOT // 2)
        self.link.reconcile(position(1, OPEN, LOT, side=SELL), waiting)
        self.leaves(self.new("1"))
        self.refused(self.new("1.6"), "lotsPerSymbol", "5.1 lots of EURUSD would be open or ordered")
        self.leaves(self.new("1.5"))
        self.refused(self.new("0.01"), "lotsPerSymbol")

    def test_answeredAndFailed(self) -> None:
        """
        What was answered is counted as what it has become; what failed is not counted.
        """
        self.limit(lotsPerSymbol="1")
        first = self.link.request(self.new("1"))
        self.refused(self.new("0.01"), "lotsPerSymbol")
        self.link.answer(LimitReached("no", 7, "x"))
        self.failureResultOf(first, LimitReached)
        self.leaves(self.new("1"))

    def test_unknownOutcome(self) -> None:
        """
        An order of unknown outcome counts until its outcome is known.
        """
        self.limit(lotsPerSymbol="1")
        self.trading.buy(EURUSD, Lots("1")).addErrback(lambda _: None)
        self.link.lose()
        self.link.ready = True
        self.refused(self.new("0.01"), "lotsPerSymbol")

    def test_acceptedNotFilled(self) -> None:
        """
        A market order that was accepted counts before its fill.
        """
        self.limit(lotsPerSymbol="1")
        self.trading.buy(EURUSD, Lots("1"))
        sent = self.link.sent[-1]
        mine = order(10, LOT, clientOrderId=sent.clientOrderId)
        self.link.push(event("ACCEPTED", mine))
        self.link.answer(event("ACCEPTED", mine))
        self.refused(self.new("0.01"), "lotsPerSymbol")

    def test_countedOnce(self) -> None:
        """
        An order that is sent at the news of another one's acceptance, or of its fill, finds that one counted once.
        """
        for told in ("ACCEPTED", "FILLED"):
            self.setUp()
            self.limit(lotsPerSymbol="2")
            self.trading.buy(EURUSD, Lots("1")).addCallback(lambda trade: self.leaves(self.new("1")))
            mine = order(10, LOT, clientOrderId=self.link.sent[-1].clientOrderId)
            self.link.answerWith(event(told, mine, position(1_010, OPEN, LOT), deal(1, 10, LOT)))
            self.assertEqual(len(self.link.sent), 2)
            self.refused(self.new("0.01"), "lotsPerSymbol", "2.01 lots")

    def test_waitingOnce(self) -> None:
        """
        An order that waits for its price counts once.
        """
        self.limit(lotsPerSymbol="1")
        self.trading.limitOrder(Side.BUY, EURUSD, Lots("0.6"), "1.0")
        mine = order(10, LOT * 6 // 10, kind="LIMIT", clientOrderId=self.link.sent[-1].clientOrderId)
        self.link.answerWith(event("ACCEPTED", mine))
        self.refused(self.new("0.41"), "lotsPerSymbol", "1.01 lots")
        self.leaves(self.new("0.4"))

    def test_sameId(self) -> None:
        """
        A raw order with the id of another one is another one.
        """
        self.limit(lotsPerSymbol="1")
        self.trading.buy(EURUSD, Lots("0.5"), clientOrderId="mine")
        self.leaves(self.new("0.5", clientOrderId="mine"))
        self.link.answerWith(event("REJECTED", order(10, LOT // 2, clientOrderId="mine"), errorCode="NO_QUOTES"))
        self.refused(self.new("0.51"), "lotsPerSymbol", "1.01 lots")
        self.flushLoggedErrors()

    def test_rawAcceptedNotFilled(self) -> None:
        """
        A raw market order counts between its acceptance and its fill, what of it was filled only as a position.
        """
        self.limit(lotsPerSymbol="1")
        self.leaves(self.new("1"))
        self.link.answerWith(event("ACCEPTED", order(10, LOT)))
        self.refused(self.new("0.01"), "lotsPerSymbol", "1.01 lots")
        self.link.push(event("PARTIAL_FILL", order(10, LOT), position(1_010, OPEN, LOT // 2), deal(1, 10, LOT // 2)))
        self.refused(self.new("0.01"), "lotsPerSymbol", "1.01 lots")
        self.link.push(event("CANCELLED", order(10, LOT, executedVolume=LOT // 2)))
        self.refused(self.new("0.51"), "lotsPerSymbol", "1.01 lots")
        self.leaves(self.new("0.5"))

    def test_rawUnheard(self) -> None:
        """
        A raw order of unknown outcome, and one whose fill is never heard, counts for a minute.
        """
        self.limit(lotsPerSymbol="2")
        self.link.request(self.new("1")).addErrback(lambda _: None)
        self.leaves(self.new("1"))
        self.link.answer(RequestTimedOut("ProtoOANewOrderReq", 7, seconds=30))
        self.link.answerWith(event("ACCEPTED", order(10, LOT)))
        self.clock.advance(59)
        self.refused(self.new("0.01"), "lotsPerSymbol", "2.01 lots")
        self.clock.advance(1)
        self.leaves(self.new("2"))

    def test_rawWaiting(self) -> None:
        """
        A raw order that waits for its price counts as such, and so does one that was enlarged.
        """
        self.limit(lotsPerSymbol="2")
        self.leaves(self.new("1", orderType=m.ProtoOAOrderType.LIMIT, limitPrice=1.0))
        self.link.answerWith(event("ACCEPTED", order(10, LOT, kind="LIMIT")))
        self.refused(self.new("1.01"), "lotsPerSymbol", "2.01 lots")
        self.leaves(m.ProtoOAAmendOrderReq(orderId=10, volume=LOT * 3 // 2))
        self.link.answerWith(event("REPLACED", order(10, LOT * 3 // 2, kind="LIMIT")))
        self.refused(self.new("0.51"), "lotsPerSymbol", "2.01 lots")
        self.leaves(self.new("0.5"))

    def test_rate(self) -> None:
        """
        Orders are counted in a sliding minute.
        """
        self.limit(ordersPerMinute=2)
        self.leaves(self.new())
        self.clock.advance(30)
        self.leaves(self.new())
        self.clock.advance(29)
        self.refused(self.new(), "ordersPerMinute")
        self.clock.advance(1)
        self.leaves(self.new())
        self.limit(ordersPerMinute=0)
        self.refused(self.new(), "ordersPerMinute")

    def test_exposure(self) -> None:
        """
        All open and ordered volume is valued; what cannot be valued lets nothing through.
        """
        self.limit(exposure="150000")
        self.link.reconcile(position(1, OPEN, LOT // 10, symbolId=9))
        self.leaves(self.new("0.9"))
        self.refused(self.new("0.51"), "exposure", "151000")
        self.leaves(self.new("0.5"))
        self.rate = None
        self.refused(self.new("0.01"), "exposure", "not known")

    def test_dailyLoss(self) -> None:
        """
        When the loss is reached nothing more is opened, nor while it is not known.
        """
        self.limit(dailyLoss="500")
        self.result = Decimal("-499.99")
        self.leaves(self.new())
        self.result = Decimal("-500")
        self.refused(self.new(), "dailyLoss", "lost 500")
        self.result = None
        self.refused(self.new(), "dailyLoss", "not known")

    def test_spread(self) -> None:
        """
        At the market nothing is opened when the spread is too wide, or no quote is there; a limit order may wait.
        """
        self.limit(spread="2")
        self.refused(self.new(), "spread", "subscribe")
        self.quotes[1] = Quote(1, Decimal("1.10000"), Decimal("1.10021"), None, 0)
        self.refused(self.new(), "spread", "2.1 pips")
        self.refused(self.new(orderType=m.ProtoOAOrderType.MARKET_RANGE), "spread", "2.1 pips")
        self.leaves(self.new(orderType=m.ProtoOAOrderType.LIMIT, limitPrice=1.0))
        self.quotes[1] = Quote(1, Decimal("1.10000"), Decimal("1.10020"), None, 0)
        self.leaves(self.new())

    def test_quoteAge(self) -> None:
        """
        Nor when the last quote is too old.
        """
        self.limit(quoteAge=5.0)
        self.quotes[1] = Quote(1, Decimal("1.10000"), Decimal("1.10020"), None, 0)
        self.clock.advance(5)
        self.leaves(self.new())
        self.clock.advance(0.1)
        self.refused(self.new(), "quoteAge", "5.1 s old")
        self.quotes[1] = Quote(1, Decimal("1.10000"), Decimal("1.10020"), None, 60_000)
        self.refused(self.new(), "quoteAge", "-54.9 s old")

    def test_amended(self) -> None:
        """
        Enlarging an order that waits is held against the same limits; making it smaller is not.
        """
        self.limit(lotsPerOrder="2", lotsPerSymbol="2")
        self.link.reconcile(order(20, LOT, kind="LIMIT"))
        self.leaves(m.ProtoOAAmendOrderReq(orderId=20, limitPrice=1.2))
        self.leaves(m.ProtoOAAmendOrderReq(orderId=20, volume=LOT // 2))
        self.refused(m.ProtoOAAmendOrderReq(orderId=20, volume=3 * LOT), "lotsPerOrder")
        self.leaves(m.ProtoOAAmendOrderReq(orderId=20, volume=2 * LOT))
        self.refused(m.ProtoOAAmendOrderReq(orderId=20, volume=2 * LOT), "lotsPerSymbol")
        self.refused(m.ProtoOAAmendOrderReq(orderId=21, volume=LOT), "lotsPerOrder", "not known")
        self.limit(dailyLoss=1)
        self.result = Decimal(-1)
        self.refused(m.ProtoOAAmendOrderReq(orderId=20, volume=2 * LOT), "dailyLoss")

    def test_closing(self) -> None:
        """
        Closing, cancelling and protecting are held against nothing, and neither is an order that can only reduce.
        """
        self.limit(lotsPerOrder="0", ordersPerMinute=0)
        self.link.reconcile(position(1, OPEN, LOT, side=SELL))
        self.leaves(m.ProtoOACancelOrderReq(orderId=1))
        self.leaves(m.ProtoOAAmendPositionSLTPReq(positionId=1, stopLoss=1.2))
        self.refused(self.new("1", positionId=1, orderType=m.ProtoOAOrderType.LIMIT), "ordersPerMinute")
        self.leaves(self.new("1", positionId=1))
        self.leaves(m.ProtoOAClosePositionReq(positionId=1, volume=LOT))
        self.refused(self.new("1.01", positionId=1), "ordersPerMinute")
        self.refused(self.new("1", positionId=1, tradeSide=SELL), "ordersPerMinute")
        self.refused(self.new("1"), "ordersPerMinute")

    def test_closingNetted(self) -> None:
        """
        On a netted account an order against the position reduces it, but only as far as others do not do so already.
        """
        self.isNetted = True
        self.limit(ordersPerMinute=0)
        self.link.reconcile(position(1, OPEN, LOT, side=SELL))
        self.trading.buy(EURUSD, Lots("0.6")).addErrback(lambda _: None)
        self.assertEqual(len(self.link.sent), 1)
        self.refused(self.new("0.41"), "ordersPerMinute")
        self.leaves(self.new("0.4"))

    def test_closedTwice(self) -> None:
        """
        What already reduces a position, until it is done or refused, leaves the less for other orders to reduce: the
        rest would open something.
        """
        self.isNetted = True
        self.limit(ordersPerMinute=0)
        self.link.reconcile(position(1, OPEN, LOT, side=SELL))
        self.leaves(m.ProtoOAClosePositionReq(positionId=1, volume=LOT // 2))
        self.refused(self.new("0.51"), "ordersPerMinute")
        close = order(10, LOT // 2, positionId=1, closingOrder=True)
        self.link.answerWith(event("ACCEPTED", close))
        self.refused(self.new("0.51"), "ordersPerMinute")
        self.link.push(event("REJECTED", close, errorCode="NO_QUOTES"))
        self.leaves(self.new("0.51"))
        self.link.answerWith(event("ACCEPTED", order(11, LOT * 51 // 100, positionId=1)))
        self.refused(self.new("0.5"), "ordersPerMinute")
        self.leaves(self.new("0.49"))

    def test_waitingAgainst(self) -> None:
        """
        An order that waits on the other side reduces a position of a netted account, of another one only its own.
        """
        self.limit(ordersPerMinute=0)
        self.link.reconcile(position(1, OPEN, LOT, side=SELL), order(20, LOT, kind="LIMIT"))
        self.leaves(self.new("0.5", positionId=1))
        self.link.reconcile(order(20, LOT, kind="LIMIT", positionId=1), position(1, OPEN, LOT, side=SELL))
        self.refused(self.new("0.5", positionId=1), "ordersPerMinute")
        self.isNetted = True
        self.link.reconcile(order(20, LOT, kind="LIMIT"), position(1, OPEN, LOT, side=SELL))
        self.refused(self.new("0.5"), "ordersPerMinute")

    def test_values(self) -> None:
        """
        Limits are exact and not negative.
        """
        self.assertRaises(TypeError, Limits, lotsPerOrder=0.5)
        for wrong in ({"dailyLoss": "-1"}, {"ordersPerMinute": -1}, {"quoteAge": -1}, {"quoteAge": float("nan")}):
            self.assertRaises(IllegalValue, lambda wrong=wrong: Limits(**wrong))
        self.assertRaises(TypeError, Limits, ordersPerMinute=2.5)
        self.assertEqual(Limits(lotsPerSymbol={"EURUSD": 1}).lotsPerSymbol, {"EURUSD": Decimal(1)})
        self.assertEqual(Limits(zone=ZoneInfo("America/New_York")).zone.key, "America/New_York")  # type: ignore[attr-defined]


class HaltTests(GuardCase):
    """
    The switch.
    """

    def setUp(self) -> None:
        """
        Name a file.
        """
        super().setUp()
        self.path = Path(self.mktemp())
        self.haltFile = HaltFile(self.path)

    def test_halted(self) -> None:
        """
        A halted account opens nothing and amends no order; it may close and cancel.
        """
        guard = self.limit()
        guard.isHalted = True
        self.link.reconcile(position(1, OPEN, LOT, side=SELL), order(20, LOT, kind="LIMIT"))
        for message in (self.new("0.01"), m.ProtoOAAmendOrderReq(orderId=20, limitPrice=1.2)):
            error = self.failureResultOf(self.link.request(message), Halted).value
            self.assertIn(str(self.path), str(error))
        self.leaves(m.ProtoOAClosePositionReq(positionId=1, volume=LOT))
        self.leaves(m.ProtoOACancelOrderReq(orderId=20))
        guard.isHalted = False
        self.leaves(self.new())

    def test_file(self) -> None:
        """
        The file halts at once, whoever wrote it, and after a restart too.
        """
        self.limit()
        self.leaves(self.new())
        HaltFile(self.path).halt(7)
        self.refused(self.new(), "halt")
        HaltFile(self.path).resume(7)
        self.leaves(self.new())
        self.assertFalse(self.path.exists())

    def test_accountsApart(self) -> None:
        """
        Each account is halted and resumed by itself; doing so twice changes nothing.
        """
        file = HaltFile(self.path)
        for accountId in (7, 8, 8):
            file.halt(accountId)
        self.assertEqual(self.path.read_text(), "7\n8\n")
        file.resume(7)
        file.resume(7)
        self.assertEqual([file.halts(7), file.halts(8)], [False, True])

    def test_atTheSameTime(self) -> None:
        """
        Processes that halt and resume at the same time do not undo each other's halts.
        """
        script = """
import sys, time
from ctrader_twisted.trading.halt import HaltFile
file, accountId = HaltFile(sys.argv[1]), int(sys.argv[2])
for _ in range(30):
    file.halt(accountId)
    time.sleep(0.01)
    assert file.halts(accountId)
    file.resume(accountId)
    time.sleep(0.01)
file.halt(accountId)
"""
        project = Path(__file__).resolve().parent.parent
        words = (sys.executable, "-c", script, str(self.path.absolute()))
        running = [subprocess.Popen((*words, str(number)), cwd=project) for number in (7, 8)]
        self.assertEqual([each.wait() for each in running], [0, 0])
        self.assertEqual(sorted(self.path.read_text().split()), ["7", "8"])

    def test_heldByAnother(self) -> None:
        """
        If another process does not let go of the lock, that is told, and nothing is changed.
        """
        self.patch(time, "sleep", lambda seconds: None)
        file = HaltFile(self.path)
        with exclusively(Path(f"{self.path}.lock")):
            self.assertRaises(ConfigurationError, file.halt, 7)
        self.assertFalse(file.halts(7))
        file.halt(7)
        self.assertTrue(file.halts(7))

    def test_elsewhere(self) -> None:
        """
        The file stays the same when the process changes its working directory.
        """
        self.addCleanup(os.chdir, os.getcwd())
        file = HaltFile(os.path.relpath(self.path))
        file.halt(7)
        os.chdir("..")
        self.assertTrue(file.halts(7))
        file.resume(7)
        self.assertFalse(file.halts(7))

    def test_touched(self) -> None:
        """
        An empty file halts everybody, and only a person ends that.
        """
        self.path.touch()
        file = HaltFile(self.path)
        self.assertTrue(file.halts(7))
        self.assertRaises(ConfigurationError, file.resume, 7)
        file.halt(7)
        self.assertEqual(self.path.read_text(), "")

    def test_all(self) -> None:
        """
        All accounts can be halted at once, also those that are not known, and resumed at once, whatever halted them.
        """
        file = HaltFile(self.path)
        file.halt(7)
        file.haltAll()
        self.assertEqual([file.halts(7), file.halts(8)], [True, True])
        for content in (None, "7\n", "maintenance\n"):
            if content is not None:
                self.path.write_text(content)
            file.resumeAll()
            file.resumeAll()
            self.assertEqual([file.halts(7), file.halts(8)], [False, False])

    def test_allFailed(self) -> None:
        """
        Where the file can be neither written nor removed, whoever halts or resumes hears of it.
        """
        self.path.mkdir()
        file = HaltFile(self.path)
        for change in (file.haltAll, file.resumeAll):
            self.assertRaises(ConfigurationError, change)

    def test_notUnderstood(self) -> None:
        """
        A file that holds something else halts everybody, and so does what cannot be read.
        """
        self.path.write_text("7x\n")
        self.assertTrue(HaltFile(self.path).halts(8))
        self.path.unlink()
        self.path.mkdir()
        file = HaltFile(self.path)
        self.assertTrue(file.halts(7))
        for change in (file.halt, file.resume):
            self.assertRaises(ConfigurationError, change, 7)

    def test_notResumed(self) -> None:
        """
        An account is not resumed as long as the file halts everybody for another reason.
        """
        self.path.write_text("7\nmaintenance\n")
        self.assertRaises(ConfigurationError, HaltFile(self.path).resume, 7)
        self.assertEqual(self.path.read_text(), "7\nmaintenance\n")

    def test_missingFolder(self) -> None:
        """
        As long as the folder of the file is not there, everybody is halted; whoever halts hears of it.
        """
        file = HaltFile(self.path / "missing")
        self.assertTrue(file.halts(7))
        self.assertRaises(ConfigurationError, file.halt, 7)

    def test_private(self) -> None:
        """
        The file is its owner's.
        """
        HaltFile(self.path).halt(7)
        if os.name == "posix":
            self.assertEqual(self.path.stat().st_mode & 0o077, 0)
