"""
Tests of downloads by whole clients, from the simulated exchange.
"""

from __future__ import annotations

from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, Lots, Side, Throttle, TradeStatus
from ctrader_twisted.columns import Ticks
from ctrader_twisted.errors import HistoryFailed, ProtocolError
from ctrader_twisted.market import Part, Progress
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.faults import Delay, Incoming, Outgoing, Refuse
from ctrader_twisted.simulator.market.bars import Bar as SimulatedBar
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.settings import MoreFlag, Settings
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.trading import OrderKind
from test.downloading import EPOCH, HOUR, Turmoil, isSame

DAY = 24 * HOUR
WEEK = 7 * DAY


class TurmoilTests(SynchronousTestCase):
    """
    Downloads through disconnects, rate blocks and quirks of pages.
    """

    def test_exactly(self) -> None:
        """
        Ticks of three symbols come exactly as the simulator generated them, whatever happens meanwhile. For thirty
        days it is C{python -m test.downloading 30}, which takes most of a minute.
        """
        cuts = 0
        for seed in range(6):
            turmoil = Turmoil(8, seed)
            for name, (ticks, expected) in turmoil.run().items():
                self.assertTrue(isSame(ticks, expected), f"seed {seed}: {name}")
                self.assertGreater(len(ticks), 5_000)
            cuts += turmoil.cuts
            self.assertEqual({each.share for each in turmoil.told if each.share >= 1}, {1.0})
        self.assertGreater(cuts, 6)

    def test_windows(self) -> None:
        """
        So do those of two days, in which several windows are asked for at once.
        """
        turmoil = Turmoil(48, 7)
        for name, (ticks, expected) in turmoil.run().items():
            self.assertTrue(isSame(ticks, expected), name)

    def test_crowdedMillisecond(self) -> None:
        """
        A millisecond with more ticks than a page cannot be had where pages are torn, and the error says when it is.
        """
        ticks = [Tick(EPOCH - 5_000 + number // 20, number, number + 1) for number in range(40)]

        async def main(client: Client) -> int:
            account = await client.account(virtual.accountId)
            return len(await account.ticks(await account.symbol("EURUSD"), "bid", EPOCH - HOUR, EPOCH))

        for tornPages in (False, True):
            settings = Settings(tickChunk=10, tornPages=tornPages)
            virtual = VirtualExchange(epoch=EPOCH, replay={"EURUSD": ReplayedPrices(ticks)}, settings=settings)
            if tornPages:
                error = self.assertRaises(ProtocolError, virtual.run, main)
                self.assertIn(f"has more rows than fit on a page at {EPOCH - 4_999} ms", str(error))
            else:
                self.assertEqual(virtual.run(main), 40)


class BarTests(SynchronousTestCase):
    """
    Bars over long spans.
    """

    def test_quirks(self) -> None:
        """
        Scenario 62 with whole clients: bars come exactly, however pages are cut and whatever they say of it.
        """
        for number, flag in enumerate(MoreFlag):
            settings = Settings(
                barChunk=1_100,
                shortPages=number != 1,
                barSpansEnforced=True,
                flatHighs=True,
                formingBars=number == 1,
                moreFlag=flag,
                historicalRate=50,
            )
            virtual = VirtualExchange(epoch=EPOCH, settings=settings)

            async def main(client: Client, virtual: VirtualExchange = virtual) -> None:
                account = await client.account(virtual.accountId)
                eurusd = await account.symbol("EURUSD")
                for name, days in (("M5", 10), ("H1", 300)):
                    start, end = EPOCH - days * DAY, EPOCH - 2 * HOUR
                    bars = await account.trendbars(eurusd, name, start, end)
                    period = m.ProtoOATrendbarPeriod.Value(name)
                    whole = virtual.exchange.market.trendbars(1, period, start, end - 1)
                    made = [each._replace(high=flat(each)) for each in whole]
                    self.assertEqual(
                        list(
                            zip(bars.timestamps, bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
                        ),
                        [
                            (each.minute * 60_000, each.open, each.high, each.low, each.close, each.volume)
                            for each in made
                        ],
                    )
                    newest = await account.trendbars(eurusd, name, 0, end, count=1_500)
                    self.assertEqual(newest[-1_500:], newest)
                    self.assertEqual(newest.timestamps[-1_200:], bars.timestamps[-1_200:])
                    self.assertEqual(len(newest), 1_500)

            virtual.run(main)


class DownloadCase(SynchronousTestCase):
    """
    What these tests have in common: an exchange with short pages, and an account on it.
    """

    def begin(self, **settings: Any) -> None:
        """
        @param settings: of the exchange.
        """
        self.virtual = VirtualExchange(epoch=EPOCH, settings=Settings(**{"tickChunk": 500, **settings}))
        self.throttle = Throttle(self.virtual.clock)

    def onAccount(self, main: Any) -> Any:
        """
        Run a coroutine function with a client and its account.
        """

        async def started() -> Any:
            async with self.virtual.client(throttle=self.throttle) as client:
                return await main(client, await client.account(self.virtual.accountId))

        coroutine: Coroutine[Any, Any, Any] = started()
        return self.virtual.drive(coroutine, hours=24)


class SharingTests(DownloadCase):
    """
    Downloads use what the server allows, and share it.
    """

    def test_rate(self) -> None:
        """
        Where each answer takes most of a second, a download still comes at the throttle's full rate.
        """
        self.begin()
        self.virtual.exchange.faults.add(Outgoing(Delay(0.7), isAnswer=True))
        told: list[Progress] = []

        async def main(client: Client, account: Account) -> float:
            eurusd = await account.symbol("EURUSD")
            start = self.virtual.clock.seconds()
            await account.ticks(eurusd, "bid", EPOCH - 5 * DAY, EPOCH, progress=told.append)
            return len(told) / (self.virtual.clock.seconds() - start)

        self.assertGreater(self.onAccount(main), 0.9 * 4.5)
        self.assertGreater(len(told), 100)

    def test_fairly(self) -> None:
        """
        Downloads of two symbols share the rate evenly, and an order leaves at once in between.
        """
        self.begin()
        told: dict[str, int] = {"EURUSD": 0, "USDJPY": 0}

        async def main(client: Client, account: Account) -> None:
            eurusd, usdjpy = await account.symbol("EURUSD"), await account.symbol("USDJPY")

            def count(name: str) -> Any:
                def counted(progress: Progress) -> None:
                    told[name] = progress.pages

                return counted

            downloads = [
                account.ticks(eurusd, "bid", EPOCH - 5 * DAY, EPOCH, progress=count("EURUSD")),
                account.ticks(usdjpy, "bid", EPOCH - 10 * DAY, EPOCH, progress=count("USDJPY")),
            ]
            await self.virtual.pause(10)
            start = self.virtual.clock.seconds()
            await account.buy(eurusd, Lots("0.01"))
            self.assertLess(self.virtual.clock.seconds() - start, 0.1)
            for download in downloads:
                download.cancel()
                self.assertIsInstance((await outcome(download)).value, CancelledError)

        self.onAccount(main)
        self.assertGreater(sum(told.values()), 40)
        self.assertLess(abs(told["EURUSD"] - told["USDJPY"]), 4)

    def test_cancelled(self) -> None:
        """
        Cancelling a download frees its places in the throttle.
        """
        self.begin()

        async def main(client: Client, account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            download = account.ticks(eurusd, "bid", EPOCH - 5 * DAY, EPOCH)
            await self.virtual.pause(2)
            self.assertGreater(self.throttle.waiting, 0)
            download.cancel()
            self.assertEqual(self.throttle.waiting, 0)
            self.assertIsInstance((await outcome(download)).value, CancelledError)

        self.onAccount(main)


class EndTests(DownloadCase):
    """
    A download ends with its client.
    """

    def test_stopped(self) -> None:
        """
        When the client is stopped, a download fails, whether it was asking or waiting for the connection.
        """
        for isOffline in (False, True):
            self.begin()

            async def main(client: Client, account: Account, isOffline: bool = isOffline) -> Deferred[Any]:
                download = account.ticks(await account.symbol("EURUSD"), "bid", EPOCH - 5 * DAY, EPOCH)
                await self.virtual.pause(2)
                if isOffline:
                    self.virtual.endpoint.refusing = True
                    self.virtual.endpoint.openLinks[0].cut()
                    await self.virtual.pause(2)
                self.assertFalse(download.called)
                return download

            outcomes: list[Any] = []

            async def remembered(
                client: Client, account: Account, main: Any = main, keep: Any = outcomes.append
            ) -> None:
                (await main(client, account)).addBoth(keep)

            self.onAccount(remembered)
            self.assertIn("the client was stopped", str(outcomes[0].value))
            self.assertIsInstance(outcomes[0].value, HistoryFailed)

    def test_parts(self) -> None:
        """
        A download that breaks off can go on where it was: the parts that came are whole.
        """
        self.begin()

        async def main(client: Client, account: Account) -> None:
            eurusd, start = await account.symbol("EURUSD"), EPOCH - 8 * HOUR
            parts: list[Part] = []
            async with account.history(eurusd, "ask", start, EPOCH) as download:
                async for part in download:
                    parts.append(part)
                    if len(parts) == 5:
                        break
            async with account.history(eurusd, "ask", start, parts[-1].span.start) as download:
                parts += [part async for part in download]
            tables = [columns for _, columns in reversed(parts) if isinstance(columns, Ticks)]
            made = self.virtual.exchange.market.ticks(1, start, parts[0].span.end - 1)
            self.assertTrue(isSame(Ticks.joined(tables), [Tick(tick.timestamp, tick.ask, tick.ask) for tick in made]))
            self.assertGreaterEqual(parts[0].span.end, EPOCH - 11_000)

        self.onAccount(main)


class RecordTests(DownloadCase):
    """
    Deals, orders, and deposits and withdrawals over any span.
    """

    def test_records(self) -> None:
        """
        All that the account did comes, though the server gives two records a page and a week a request.
        """
        self.begin(dealChunk=2, weekEnforced=True, withdrawalsAreNegative=False)

        async def main(client: Client, account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            for _ in range(3):
                await (await account.buy(eurusd, Lots("0.10"), label="here")).whenFilled()
            await account.positions[0].close()
            self.virtual.exchange.deposit(self.virtual.accountId, 10_001, note="gift")
            self.virtual.exchange.withdraw(self.virtual.accountId, 500)
            await self.virtual.pause(5)
            span = (EPOCH - 5 * WEEK, self.virtual.exchange.timeline.now() + WEEK)
            self.virtual.endpoint.openLinks[0].cut()
            deals = await account.dealHistory(*span)
            self.assertEqual([deal.side for deal in deals], [Side.BUY, Side.BUY, Side.BUY, Side.SELL])
            self.assertEqual([deal.closedVolume for deal in deals], [0, 0, 0, 1_000_000])
            orders = await account.orderHistory(*span)
            first = orders[0]
            self.assertEqual([order.isClosing for order in orders], [False, False, False, True])
            self.assertEqual((first.kind, first.status, first.side), (OrderKind.MARKET, TradeStatus.FILLED, Side.BUY))
            self.assertEqual((first.volume, first.executedVolume), (1_000_000, 1_000_000))
            self.assertEqual((first.label, first.price, first.limitPrice), ("here", deals[0].price, None))
            flows = await account.cashFlowHistory(*span)
            self.assertEqual([flow.kind for flow in flows], ["DEPOSIT", "WITHDRAW"])
            self.assertEqual([flow.amount for flow in flows], [Decimal("100.01"), Decimal("-5.00")])
            self.assertEqual(([flow.note for flow in flows], flows[1].balance), (["gift", ""], account.balance))
            self.assertEqual(await account.cashFlowHistory(EPOCH, flows[0].moment), ())
            self.assertEqual(len(await account.dealHistory(deals[1].executed, deals[2].executed)), 1)

        self.onAccount(main)

    def test_refused(self) -> None:
        """
        A refusal names what was asked for.
        """
        self.begin()

        async def main(client: Client, account: Account) -> None:
            self.virtual.exchange.faults.add(Incoming(Refuse("UNSUPPORTED_MESSAGE"), message="ProtoOADealListReq"))
            error = (await outcome(account.dealHistory(EPOCH, EPOCH + DAY))).value
            self.assertIsInstance(error, HistoryFailed)
            self.assertIn(f"the deals of account {account.accountId} from {EPOCH} to", str(error))

        self.onAccount(main)

    def test_symbolGone(self) -> None:
        """
        The deals of a symbol that is not to be found any more have the prices that the server prints.
        """
        self.begin()

        async def main(client: Client, account: Account) -> None:
            await (await account.buy(await account.symbol("EURUSD"), Lots("0.10"))).whenFilled()
            end = self.virtual.exchange.timeline.now() + DAY
            self.virtual.exchange.faults.add(Incoming(Refuse("SYMBOL_NOT_FOUND"), message="ProtoOASymbolByIdReq"))
            async with self.virtual.client() as other:
                found = await other.account(self.virtual.accountId)
                (deal,) = await found.dealHistory(EPOCH, end)
                self.assertEqual(deal.price, (await account.dealHistory(EPOCH, end))[0].price)

        self.onAccount(main)


def flat(bar: SimulatedBar) -> int:
    """
    @return: the high that is known of a bar, where the server does not tell it.
    """
    return bar.open if bar.close == bar.low else bar.high


async def outcome(asked: Deferred[Any]) -> Any:
    """
    @return: what becomes of something, also if it fails.
    """
    found: list[Any] = []
    await asked.addBoth(found.append)
    return found[0]
