"""
Tests of deals that were made while the connection was down, of consumers that lose none, and of what is reported after
a reconnect.
"""

from __future__ import annotations

import json
import os
import stat
from itertools import pairwise
from pathlib import Path
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred, execute
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import ConfigurationError, IllegalValue, serverError
from ctrader_twisted.interfaces import Acknowledged
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.trading import Author, Deal, FileCursor, Reconnected
from ctrader_twisted.trading.archive import CLOCK_DOUBT, Archive
from ctrader_twisted.trading.recovery import OVERLAP
from ctrader_twisted.units import Lots
from test.tradinglink import CREATED, EURUSD, NOW, OPEN, deal, event, order, position, setUpTrading

REFUSAL = serverError("CH_SERVER_NOT_REACHABLE", request="ProtoOADealListReq")


def listed(*deals: Any, hasMore: bool = False) -> m.ProtoOADealListRes:
    """
    Make the server's list of deals.
    """
    return m.ProtoOADealListRes(ctidTraderAccountId=7, deal=deals, hasMore=hasMore)


class RecoveryTests(SynchronousTestCase):
    """
    An account whose server answers what the test says.
    """

    def setUp(self) -> None:
        """
        An account on its first login, which hears of deals.
        """
        self.link, self.clock, self.trading = setUpTrading(EURUSD)
        self.heard: list[Deal] = []
        self.trading.onExecution(self.heard.append)
        self.addCleanup(self.checkTimers)

    def checkTimers(self) -> None:
        """
        After the release no timer is left.
        """
        self.trading.release()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def first(self, *deals: Any) -> None:
        """
        The first login reads what is old.
        """
        done = self.link.restore()
        self.assertFalse(all(each.called for each in done))
        request = self.link.tell(listed(*deals))
        self.assertTrue(all(each.called for each in done))
        self.assertEqual(request.fromTimestamp, NOW - CLOCK_DOUBT - OVERLAP)

    def fill(self, dealId: int, at: int) -> None:
        """
        Somebody's order is filled, as another client's events tell.
        """
        held = position(dealId + 1_000, OPEN, 100_000, at=at)
        self.link.push(event("FILLED", order(dealId), held, deal(dealId, dealId, at=at)))

    def again(self) -> list[Deferred[None]]:
        """
        The account is logged in after a loss.

        @return: what the steps of restoring wait for.
        """
        self.link.lose()
        self.link.reconcile()
        return self.link.restore()

    def told(self) -> list[tuple[int, bool]]:
        """
        @return: the deals that were heard of.
        """
        return [(each.dealId, each.recovered) for each in self.heard]

    def test_firstLogin(self) -> None:
        """
        The first login tells no history, and live deals wait for nothing.
        """
        self.link.restore()
        self.fill(2, NOW)
        self.assertEqual(self.told(), [(2, False)])
        self.link.tell(listed(deal(1, 1, at=NOW - 5), deal(2, 2, at=NOW)))
        self.assertEqual(self.told(), [(2, False)])

    def test_missed(self) -> None:
        """
        Deals made while away are told in order and before what comes live, each once.
        """
        self.first(deal(1, 1, at=NOW - 5))
        self.fill(2, NOW)
        done = self.again()
        self.fill(5, NOW + 30)
        self.assertFalse(all(each.called for each in done))
        self.assertEqual(self.told(), [(2, False)])
        request = self.link.tell(
            listed(
                deal(5, 5, at=NOW + 30),
                deal(4, 4, at=NOW + 20),
                deal(3, 3, at=NOW + 10),
                deal(9, 9, at=NOW + 9, dealStatus=m.ProtoOADealStatus.REJECTED),
                deal(2, 2, at=NOW),
                deal(1, 1, at=NOW - 5),
            )
        )
        self.assertEqual(request.fromTimestamp, NOW - 60_005)
        self.assertEqual(self.told(), [(2, False), (3, True), (4, True), (5, False)])
        self.assertTrue(all(each.called for each in done))
        self.fill(6, NOW + 40)
        self.fill(4, NOW + 20)
        self.assertEqual(self.told()[4:], [(6, False)])

    def test_lostBeforeTheFirst(self) -> None:
        """
        If even the first reading was cut off, the clock tells what was made since the first login; not, however, what
        is older than deals that were heard of since.
        """
        reports: list[Any] = []
        self.trading._recovery.onDone.add(reports.append)
        self.link.restore()
        self.clock.advance(10)
        self.again()
        self.link.lose()
        self.link.reconcile()
        self.fill(4, NOW + 20)
        self.link.restore()
        self.link.tell(
            listed(*(deal(number, number, at=NOW + at) for number, at in ((1, -1), (2, 0), (3, 5), (4, 20))))
        )
        self.assertEqual(self.told(), [(2, True), (3, True), (4, False)])
        self.assertEqual([each.isComplete for each in reports], [True])
        self.again()
        self.link.tell(listed(*(deal(number, number, at=NOW + at) for number, at in ((1, -1), (2, 0), (5, 30)))))
        self.assertEqual(self.told()[3:], [(5, True)])

    def test_clockIsFast(self) -> None:
        """
        Then a clock that is fast does not hide what was made since a deal that was heard of live.
        """
        self.link.restore()
        self.fill(2, NOW - 900)
        self.again()
        self.link.tell(listed(*(deal(number, number, at=NOW - at) for number, at in ((1, 901), (2, 900), (3, 899)))))
        self.assertEqual(self.told(), [(2, False), (3, True)])

    def test_withheld(self) -> None:
        """
        A deal whose event was never heard, though later ones were, is told after the next login.
        """
        self.first(deal(1, 1, at=NOW - 5))
        self.fill(3, NOW + 600_000)
        self.again()
        self.link.tell(listed(deal(3, 3, at=NOW + 600_000), deal(2, 2, at=NOW + 5), deal(1, 1, at=NOW - 5)))
        self.assertEqual(self.told(), [(3, False), (2, True)])

    def test_forgotten(self) -> None:
        """
        What is too long ago to be remembered was told, and is not read again.
        """
        self.first(deal(1, 1, at=NOW - 5))
        for number in range(10_003):
            self.fill(number, NOW + number)
        self.again()
        self.assertEqual(self.link.tell(listed()).fromTimestamp, NOW + 3)

    def test_longQuiet(self) -> None:
        """
        An account without deals is not read from its beginning again: what was past for sure at the last reading is
        left out. Nor is more read than the first time, which would make news of old deals.
        """
        self.first()
        asked: list[int] = []

        def answer(request: Any) -> Any:
            asked.append(request.fromTimestamp)
            return listed()

        self.link.answers[m.ProtoOADealListReq] = answer
        self.again()
        self.assertEqual(asked, [NOW - CLOCK_DOUBT - OVERLAP])
        self.clock.advance(400 * 86_400)
        asked.clear()
        self.again()
        self.assertEqual(asked, [NOW + 399 * CLOCK_DOUBT - OVERLAP])

    def test_listLags(self) -> None:
        """
        The server's list may lag behind the last moments before the login, so it is read once more a little later.
        """
        self.first(deal(1, 1, at=NOW - 5))
        self.again()
        self.link.tell(listed(deal(1, 1, at=NOW - 5)))
        self.fill(3, NOW + 30)
        self.clock.advance(5)
        self.link.tell(listed(deal(3, 3, at=NOW + 30), deal(2, 2, at=NOW + 10), deal(1, 1, at=NOW - 5)))
        self.assertEqual(self.told(), [(3, False), (2, True)])
        self.clock.advance(3600)
        self.assertEqual(self.link.questions, [])

    def test_pages(self) -> None:
        """
        Scenario 66: deals that share a millisecond at the edge of a page are told once each.
        """
        self.first()
        done = self.again()
        self.link.tell(listed(deal(4, 4, at=NOW + 3), deal(3, 3, at=NOW + 2), hasMore=True))
        request = self.link.tell(listed(deal(3, 3, at=NOW + 2), deal(2, 2, at=NOW + 2), hasMore=True))
        self.assertEqual(request.toTimestamp, NOW + 2)
        self.link.tell(listed(deal(2, 2, at=NOW + 2), deal(1, 1, at=NOW + 1)))
        self.assertEqual(self.told(), [(number, True) for number in (1, 2, 3, 4)])
        self.assertTrue(all(each.called for each in done))

    def test_lostMeanwhile(self) -> None:
        """
        A loss in the middle of the reading keeps what waits; the next login tells all.
        """
        self.first()
        self.again()
        self.fill(3, NOW + 10)
        self.link.lose()
        self.assertEqual(self.told(), [])
        self.link.reconcile()
        self.link.restore()
        self.link.tell(listed(deal(3, 3, at=NOW + 10), deal(2, 2, at=NOW + 5)))
        self.assertEqual(self.told(), [(2, True), (3, False)])

    def test_failing(self) -> None:
        """
        A reading that fails is repeated, and live deals wait.
        """
        self.first()
        done = self.again()
        self.fill(3, NOW + 10)
        for pause in (1, 2):
            self.link.tell(REFUSAL)
            self.clock.advance(pause)
        self.assertEqual(self.told(), [])
        self.link.tell(listed(deal(3, 3, at=NOW + 10), deal(2, 2, at=NOW + 5)))
        self.assertEqual(self.told(), [(2, True), (3, False)])
        self.assertTrue(all(each.called for each in done))

    def test_patience(self) -> None:
        """
        Live deals do not wait for ever; what was missed comes late, and none is lost, not even by another loss.
        """
        self.first()
        done = self.again()
        self.fill(3, NOW + 10)
        self.clock.advance(60)
        self.assertEqual(self.told(), [(3, False)])
        self.assertTrue(all(each.called for each in done))
        self.again()
        self.link.tell(listed(deal(3, 3, at=NOW + 10), deal(2, 2, at=NOW + 5)))
        self.assertEqual(self.told(), [(3, False), (2, True)])

    def test_fills(self) -> None:
        """
        What was executed while away is among the fills of its trade.
        """
        self.first()
        bought = self.trading.buy(EURUSD, Lots("0.02"))
        mine = order(10, 200_000, clientOrderId=self.link.sent[-1].clientOrderId)
        self.link.answerWith(event("ACCEPTED", mine, position(1_010, CREATED)))
        trade = self.successResultOf(bought)
        self.link.push(event("PARTIAL_FILL", mine, position(1_010, OPEN, 100_000, at=NOW), deal(1, 10, at=NOW)))
        self.link.lose()
        self.link.reconcile(mine, position(1_010, OPEN, 150_000, at=NOW + 1))
        self.link.restore()
        self.link.tell(listed(deal(2, 10, 50_000, at=NOW + 1), deal(1, 10, at=NOW)))
        self.assertEqual([fill.dealId for fill in trade.fills], [1, 2])
        self.link.push(
            event("FILLED", mine, position(1_010, OPEN, 200_000, at=NOW + 2), deal(3, 10, 50_000, at=NOW + 2))
        )
        self.assertEqual([fill.dealId for fill in self.successResultOf(trade.whenFilled()).fills], [1, 2, 3])

    def test_eventAfterTheList(self) -> None:
        """
        A deal that the list has told before its own event is told once, and its event still changes the position.
        """
        self.first()
        self.again()
        self.link.tell(listed(deal(2, 2, at=NOW + 5)))
        self.fill(2, NOW + 5)
        self.assertEqual(self.told(), [(2, True)])
        self.assertEqual([each.volume for each in self.trading.positions], [100_000])

    def test_stopped(self) -> None:
        """
        A stop ends the reading, and leaves no timer.
        """
        self.first()
        (done, *_) = [each for each in self.again() if not each.called]
        self.trading.release()
        self.assertTrue(done.called)


class ArchiveTests(SynchronousTestCase):
    """
    Reading whole lists.
    """

    def test_weeks(self) -> None:
        """
        A longer time is read week by week, without a gap.
        """
        link, _, _ = setUpTrading(EURUSD)
        asked = []

        def answer(request: Any) -> Any:
            asked.append((request.fromTimestamp, request.toTimestamp))
            return listed(deal(len(asked), 1, at=request.fromTimestamp))

        link.answers[m.ProtoOADealListReq] = answer
        deals = self.successResultOf(Deferred.fromCoroutine(Archive(link, lambda: NOW).deals(NOW - 2 * 604_800_000)))
        self.assertEqual([each.dealId for each in deals], [1, 2, 3])
        self.assertEqual([after[0] - before[1] for before, after in pairwise(asked)], [1, 1])
        self.assertGreaterEqual(asked[-1][1], NOW + CLOCK_DOUBT)


class ExchangeCase(SynchronousTestCase):
    """
    The client against the simulator.
    """

    def setUp(self) -> None:
        """
        An exchange whose lists have small pages.
        """
        self.virtual = VirtualExchange(settings=Settings(dealChunk=3))

    def pause(self, seconds: float) -> Deferred[None]:
        """
        Let time pass.
        """
        return deferLater(self.virtual.clock, seconds)

    async def cut(self, other: Account, *volumes: str) -> None:
        """
        Cut the first client's connection; meanwhile another client buys.
        """
        self.virtual.endpoint.refusing = True
        self.virtual.endpoint.links[0].cut()
        eurusd = await other.symbol("EURUSD")
        for volume in volumes:
            await (await other.buy(eurusd, Lots(volume))).whenFilled()
        self.virtual.endpoint.refusing = False


class ReportTests(ExchangeCase):
    """
    What is told after a reconnect.
    """

    def test_others(self) -> None:
        """
        Positions that another client has opened and closed, and the deals, are in the report.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            reports: list[Reconnected] = []
            heard: list[Deal] = []
            account.onReconnect(reports.append)
            account.onExecution(heard.append)
            eurusd = await account.symbol("EURUSD")
            mine = await (await account.buy(eurusd, Lots("0.10"))).whenFilled()
            async with self.virtual.client() as second:
                other = await second.account(self.virtual.accountId)
                await self.cut(other, "0.01", "0.02", "0.03", "0.04")
                (theirs,) = [each for each in other.positions if each.positionId == mine.fills[0].positionId]
                await theirs.close()
                await self.pause(70)
                await account.whenReady()
                await self.pause(5)
            (report,) = reports
            self.assertEqual([each.volume for each in report.deals], [100_000 * n for n in (1, 2, 3, 4, 10)])
            changes = {each.position.positionId: each for each in report.positions}
            closed = changes.pop(mine.fills[0].positionId)
            self.assertEqual((closed.volumeBefore, closed.volume, closed.authors), (1_000_000, 0, {Author.OTHER}))
            self.assertEqual([each.volume for each in changes.values()], [100_000 * n for n in (1, 2, 3, 4)])
            self.assertEqual({each for change in changes.values() for each in change.authors}, {Author.OTHER})
            self.assertNotEqual(report.balance, report.balanceBefore)
            self.assertTrue(report.isComplete)
            self.assertEqual([each.recovered for each in heard], [False] + [True] * 5)

        self.virtual.run(main)

    def test_own(self) -> None:
        """
        What our own unanswered order has opened is our own; what an unanswered close has closed may be ours.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            reports: list[Reconnected] = []
            account.onReconnect(reports.append)
            eurusd = await account.symbol("EURUSD")
            for author in (Author.OWN, Author.UNKNOWN):
                self.patch(self.virtual.exchange.connections[0], "send", lambda *_: None)
                isOwn = author is Author.OWN
                asked: Deferred[Any] = account.buy(eurusd, Lots("0.10")) if isOwn else account.positions[0].close()
                asked.addErrback(lambda _: None)
                await self.pause(1)
                self.virtual.endpoint.links[-1].cut()
                await self.pause(10)
                report = reports.pop()
                self.assertEqual([each.authors for each in report.positions], [{author}])

        self.virtual.run(main)

    def test_nothing(self) -> None:
        """
        If nothing has changed the report says so.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            reports: list[Reconnected] = []
            account.onReconnect(reports.append)
            self.virtual.endpoint.links[-1].cut()
            await self.pause(10)
            (report,) = reports
            self.assertEqual((report.positions, report.orders, report.deals), ((), (), ()))
            self.assertEqual(report.balance, report.balanceBefore)

        self.virtual.run(main)


class CursorTests(ExchangeCase):
    """
    Deals until they are acknowledged.
    """

    def setUp(self) -> None:
        """
        A file.
        """
        super().setUp()
        self.path = Path(self.mktemp())
        self.cursor = FileCursor(self.path, execute)

    async def buy(self, account: Account, *volumes: str) -> None:
        """
        Make deals.
        """
        eurusd = await account.symbol("EURUSD")
        for volume in volumes:
            await (await account.buy(eurusd, Lots(volume))).whenFilled()

    def volumes(self, deals: list[Deal]) -> list[int]:
        """
        @return: the volumes of deals, in hundredths of a lot.
        """
        return [each.volume // 100_000 for each in deals]

    def test_restarts(self) -> None:
        """
        What was not acknowledged is given again to the next process, and what was made between two as well; what is
        older than the cursor, or was acknowledged, is not.
        """

        async def first(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            await self.buy(account, "0.09")
            async with account.executions(self.cursor) as deals:
                await self.buy(account, "0.01", "0.02", "0.03", "0.04")
                given = [await anext(deals) for _ in range(4)]
                self.assertEqual(self.volumes(given), [1, 2, 3, 4])
                await deals.acknowledge(given[1])
                with self.assertRaises(IllegalValue):
                    await deals.acknowledge(given[0])

        async def between(client: Client) -> None:
            await self.buy(await client.account(self.virtual.accountId), "0.05")

        async def second(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            async with account.executions(FileCursor(self.path, execute)) as deals:
                given = [await anext(deals) for _ in range(3)]
                self.assertEqual(self.volumes(given), [3, 4, 5])
                self.assertTrue(all(each.recovered for each in given))
                await self.buy(account, "0.06")
                live = await anext(deals)
                self.assertEqual((self.volumes([live]), live.recovered), ([6], False))
                await deals.acknowledge(live)

        async def third(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            async with account.executions(self.cursor) as deals:
                await self.buy(account, "0.07")
                self.assertEqual(self.volumes([await anext(deals)]), [7])

        for main in (first, between, second, third):
            self.virtual.run(main)

    def test_reconnect(self) -> None:
        """
        A loss of the connection makes no difference.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            async with self.virtual.client() as second, account.executions(self.cursor) as deals:
                other = await second.account(self.virtual.accountId)
                await self.cut(other, "0.01", "0.02", "0.03")
                await self.pause(70)
                await self.buy(other, "0.04")
                self.assertEqual(self.volumes([await anext(deals) for _ in range(4)]), [1, 2, 3, 4])

        self.virtual.run(main)

    def test_end(self) -> None:
        """
        The iteration ends with the client.
        """

        async def main() -> list[Deal]:
            async with self.virtual.client() as client:
                account = await client.account(self.virtual.accountId)
                deals = await account.executions(self.cursor).__aenter__()
            return [deal async for deal in deals]

        self.assertEqual(self.virtual.drive(main()), [])

    def test_file(self) -> None:
        """
        The file is its owner's alone; one that is damaged or of another account is refused in words.
        """
        self.assertIsNone(self.successResultOf(self.cursor.load()))
        known = Acknowledged(self.virtual.accountId, 5, {3: 4})
        self.successResultOf(self.cursor.save(known))
        self.assertEqual(self.successResultOf(self.cursor.load()), known)
        if os.name == "posix":
            self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            async with account.executions(self.cursor):
                self.fail("it was entered")

        self.successResultOf(self.cursor.save(evolve(known, accountId=1)))
        for content in (None, json.dumps([1]), "{"):
            if content is not None:
                self.path.write_text(content)
            with self.assertRaises(ConfigurationError):
                self.virtual.run(main)
