"""
The scenarios that a simulator is worth having for: each is a script in docs/examples/faults, which runs here against
the real client.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Bar, Client, Gap, Lots, Quote, Side
from ctrader_twisted.errors import CTraderError, OutcomeUnknown, RequestTimedOut
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.faults import Running, readScript
from ctrader_twisted.simulator.world import EPOCH
from ctrader_twisted.testing import VirtualExchange

SCRIPTS = Path(__file__).resolve().parent.parent / "docs" / "examples" / "faults"

Main = Callable[[Client], Coroutine[Any, Any, None]]


class ScenarioCase(SynchronousTestCase):
    """
    A client on a virtual exchange in which a script runs.
    """

    def play(self, name: str, main: Main, **options: Any) -> Running:
        """
        Run a script and, with a client, a coroutine function; all of the script must have taken effect.

        @param name: how the name of the script begins.
        @param main: called with the client.
        @param options: for the exchange.
        """
        [path] = SCRIPTS.glob(f"{name}-*.toml")
        self.virtual = VirtualExchange(**options)
        self.faults = self.virtual.exchange.faults
        running = self.faults.run(readScript(path))
        self.virtual.run(main, hours=100.0)
        self.assertEqual(([each.rule for each in running.rules if not each.hits], running.left), ([], 0))
        return running

    def pause(self, seconds: float) -> Deferred[None]:
        """
        @return: fires after some virtual time.
        """
        return deferLater(self.virtual.clock, seconds, lambda: None)

    async def account(self, client: Client) -> Account:
        """
        @return: the account in dollars.
        """
        return await client.account(self.virtual.accountId)

    async def quotes(self, account: Account, count: int) -> list[Quote | Gap]:
        """
        @return: what comes of quotes of EURUSD.
        """
        async with account.quotes(await account.symbol("EURUSD")) as quotes:
            return [await anext(quotes) for _ in range(count)]

    async def buy(self, account: Account, lots: str = "0.10") -> Any:
        """
        Buy EURUSD, and wait until that is done.
        """
        trade = await account.buy(await account.symbol("EURUSD"), Lots(lots))
        return await trade.whenDone()

    def assertBooks(self, account: Account) -> None:
        """
        The client has the server's positions, orders and balance.
        """
        theirs = self.virtual.exchange.venue.accounts[account.accountId]
        positions = {each.positionId: each.tradeData.volume for each in theirs.positions.values()}
        self.assertEqual({each.positionId: each.volume for each in account.positions}, positions)
        pending = [each for each in theirs.orders.values() if each.orderType == m.ProtoOAOrderType.LIMIT]
        self.assertEqual(len(account.orders), len(pending))
        self.assertEqual(account.balance, Decimal(theirs.balance) / 100)

    @property
    def attempts(self) -> int:
        """
        How often the client has connected.
        """
        return self.virtual.endpoint.attempts


class WireTests(ScenarioCase):
    """
    Frames and connections.
    """

    def test_01_frames(self) -> None:
        """
        However frames are cut and joined, every quote comes once and in order.
        """
        told: list[tuple[int, int]] = []

        async def main(client: Client) -> None:
            account = await self.account(client)
            account.listen(m.ProtoOASpotEvent, lambda event: told.append((event.timestamp, event.bid)))
            await self.quotes(account, 40)

        self.play("01", main)
        ticks = self.virtual.exchange.market.ticks(1, EPOCH, told[-1][0])
        self.assertGreaterEqual(len(told), 40)
        self.assertEqual([time for time, _ in told][1:], [tick.timestamp for tick in ticks][1 - len(told) :])
        self.assertEqual(self.attempts, 1)

    def test_02_oversize(self) -> None:
        """
        A frame that cannot be ends the connection; after the next login quotes go on.
        """

        async def main(client: Client) -> None:
            kinds = [type(each) for each in await self.quotes(await self.account(client), 5)]
            self.assertEqual(kinds, [Quote, Quote, Gap, Quote, Quote])

        self.play("02", main)
        self.assertEqual(self.attempts, 2)

    def test_03_errorWithoutId(self) -> None:
        """
        The request that was refused ends in time, others are answered, and the connection stays.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            errors: list[CTraderError] = []
            client.onError(errors.append)
            request = account.request(m.ProtoOAAssetClassListReq(), timeout=10)
            with self.assertRaises(RequestTimedOut):
                await request
            self.assertIsInstance(await account.request(m.ProtoOAAssetClassListReq()), m.ProtoOAAssetClassListRes)
            [error] = errors
            self.assertIn("Something was wrong", str(error))

        self.play("03", main)
        self.assertEqual(self.attempts, 1)

    def test_04_eventBeforeAnswer(self) -> None:
        """
        The event reaches its listener, and the answer the request.
        """
        order: list[type[Message]] = []

        async def main(client: Client) -> None:
            account = await self.account(client)
            account.listen(m.ProtoOAMarginChangedEvent, lambda event: order.append(type(event)))
            order.append(type(await account.request(m.ProtoOATraderReq())))

        self.play("04", main)
        self.assertEqual(order, [m.ProtoOAMarginChangedEvent, m.ProtoOATraderRes])

    def test_05_doubleEvents(self) -> None:
        """
        An order that is filled three times over is filled once.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            deals: list[int] = []
            account.onExecution(lambda deal: deals.append(deal.dealId))
            trade = await self.buy(account)
            await self.pause(5)
            self.assertEqual((trade.status.name, len(deals)), ("FILLED", 1))
            self.assertBooks(account)

        self.play("05", main)

    def test_06_foreignId(self) -> None:
        """
        Answers to what was not asked change nothing.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            self.assertEqual({type(each) for each in await self.quotes(account, 8)}, {Quote})
            await account.request(m.ProtoOATraderReq())

        self.play("06", main)
        self.assertEqual(self.attempts, 1)

    def test_07_silentServer(self) -> None:
        """
        A connection on which nothing comes for a minute is given up, and quotes go on.
        """

        async def main(client: Client) -> None:
            quotes = await self.quotes(await self.account(client), 7)
            gaps = [each for each in quotes if isinstance(each, Gap)]
            self.assertEqual(len(gaps), 1)
            self.assertLess(gaps[0].end - gaps[0].start, 90_000)

        self.play("07", main)
        self.assertEqual(self.attempts, 2)

    def test_08_idleClose(self) -> None:
        """
        After a close in peace the client comes back.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            await self.pause(40)
            await account.whenReady()
            self.assertEqual(self.attempts, 2)

        self.play("08", main)

    def test_18_unknown(self) -> None:
        """
        What is unknown is passed over, and what is known beside it is used.
        """

        async def main(client: Client) -> None:
            quotes = await self.quotes(await self.account(client), 6)
            pairs = [(each.bid, each.ask) for each in quotes if isinstance(each, Quote)]
            self.assertIn((Decimal("1.00000"), Decimal("1.00001")), pairs)

        self.play("18", main)
        self.assertEqual(self.attempts, 1)


class SessionTests(ScenarioCase):
    """
    Logins, tokens and limits.
    """

    def test_09_rotation(self) -> None:
        """
        Both accounts come back after each rotation, in whichever order it is told, and on the same connection.
        """

        async def main(client: Client) -> None:
            accounts = [await self.account(client), await client.account(self.virtual.euroAccountId)]
            before = self.virtual.exchange.registry.grantNamed("trade").accessToken
            for seconds in (20, 40):
                await self.pause(seconds)
                for account in accounts:
                    await account.whenReady()
                    await account.request(m.ProtoOATraderReq())
                after = self.virtual.exchange.registry.grantNamed("trade").accessToken
                self.assertNotEqual(after, before)
                before = after

        self.play("09", main)

    def test_10_accountLoggedOut(self) -> None:
        """
        The account is logged in again on the same connection, and its quotes go on.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            other = await client.account(self.virtual.euroAccountId)
            async with account.quotes(await account.symbol("EURUSD")) as quotes:
                while not isinstance(await anext(quotes), Gap):
                    pass
                await anext(quotes)
            await other.request(m.ProtoOATraderReq())

        self.play("10", main)
        self.assertEqual(self.attempts, 1)

    def test_11_applicationDisconnected(self) -> None:
        """
        The client comes back, since it was not told to stay away.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            await self.pause(60)
            await account.whenReady()

        self.play("11", main)
        self.assertEqual(self.attempts, 2)

    def test_12_rateLimits(self) -> None:
        """
        Both refusals are waited out, and the request is answered.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            self.assertIsInstance(await account.request(m.ProtoOAAssetClassListReq()), m.ProtoOAAssetClassListRes)

        self.play("12", main)

    def test_19_maintenance(self) -> None:
        """
        The client waits until the announced end, and is ready again.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            await self.pause(10)
            with self.assertRaises(CTraderError):
                await account.request(m.ProtoOATraderReq())
            await self.pause(120)
            await account.whenReady()
            await account.request(m.ProtoOATraderReq())

        self.play("19", main)


class OrderTests(ScenarioCase):
    """
    Orders, positions and money.
    """

    def test_13_unansweredOrder(self) -> None:
        """
        What became of the order is found out; it was sent once.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            try:
                trade: Any = await account.buy(await account.symbol("EURUSD"), Lots("0.10"))
            except OutcomeUnknown as unknown:
                trade = unknown.trade
            await trade.whenDone()
            self.assertEqual(trade.status.name, "FILLED")
            self.assertBooks(account)

        self.play("13", main)
        seen = self.virtual.exchange.seen
        self.assertEqual(sum(isinstance(each, m.ProtoOANewOrderReq) for each in seen), 1)

    def test_14_fillBeforeAcceptance(self) -> None:
        """
        The order is filled, whatever came first.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            trade = await self.buy(account)
            await self.pause(5)
            self.assertEqual(trade.status.name, "FILLED")
            self.assertBooks(account)

        self.play("14", main)

    def test_20_partialFills(self) -> None:
        """
        A part is filled, the rest is cancelled, and the position is as large as the deals.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            deals: list[int] = []
            account.onExecution(lambda deal: deals.append(deal.volume))
            trade = await self.buy(account)
            await self.pause(5)
            self.assertEqual(deals, [100_000, 200_000])
            self.assertEqual(trade.position.volume, 300_000)
            self.assertBooks(account)

        self.play("20", main)

    def test_21_cancelAndFill(self) -> None:
        """
        Who cancels an order that is filled meanwhile finds it filled, and has the position.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            eurusd = await account.symbol("EURUSD")
            [quote] = await self.quotes(account, 1)
            assert isinstance(quote, Quote)
            trade = await account.limitOrder(Side.BUY, eurusd, Lots("0.10"), quote.bid - eurusd.pips(20))
            await self.pause(9.5 - self.virtual.clock.seconds())
            await trade.cancel()
            self.assertGreater(self.virtual.clock.seconds(), 10.0)
            self.assertEqual(trade.status.name, "FILLED")
            self.assertBooks(account)

        self.play("21", main)

    def test_22_stopOut(self) -> None:
        """
        Whatever the server does about it, the client knows what is left.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            await self.buy(account, "8")
            async with account.watchEquity() as equity:
                await equity.whenKnown()
                await self.pause(30)
                worth = equity.equity
            self.assertBooks(account)
            assert worth is not None
            self.assertLess(worth, 2_000)

        self.play("22", main)

    def test_23_swap(self) -> None:
        """
        The swap is known, and the position is as it was.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            await self.buy(account)
            await self.pause(20)
            [position] = account.positions
            self.assertEqual(position.swap, Decimal("-1.23"))
            self.assertBooks(account)

        self.play("23", main)

    def test_24_deposit(self) -> None:
        """
        The balance follows the money.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            balances: list[Decimal | None] = []
            for at in (1, 7, 12):
                await self.pause(at - self.virtual.clock.seconds())
                balances.append(account.balance)
            self.assertEqual(balances, [Decimal(10_000), Decimal(12_500), Decimal(12_000)])
            self.assertBooks(account)

        self.play("24", main)


class DataTests(ScenarioCase):
    """
    Quotes, bars and history.
    """

    def test_15_oneSidedQuotes(self) -> None:
        """
        The side that is missing is as it was.
        """

        async def main(client: Client) -> None:
            quotes = await self.quotes(await self.account(client), 8)
            pairs = [(each.bid, each.ask) for each in quotes if isinstance(each, Quote)]
            low, high = Decimal("1.16001"), Decimal("1.16003")
            [first] = [place for place, (bid, _) in enumerate(pairs) if bid == low]
            [second] = [place for place, (_, ask) in enumerate(pairs) if ask == high]
            self.assertEqual(pairs[first][1], pairs[first - 1][1])
            self.assertEqual(pairs[second][0], pairs[second - 1][0])
            self.assertGreater(min(min(pair) for pair in pairs), 1)

        self.play("15", main)

    def test_16_pages(self) -> None:
        """
        Pages are joined without gap or double.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            opened: list[int] = []
            async with account.bars(await account.symbol("EURUSD"), "M1", warmUp=4) as bars:
                for _ in range(4):
                    bar = await anext(bars)
                    assert isinstance(bar, Bar)
                    opened.append(bar.timestamp // 60_000)
            self.assertEqual(opened, [29543635, 29543636, 29543637, 29543638])

        self.play("16", main)

    def test_17_flatHigh(self) -> None:
        """
        The high of a bar is never below its other prices.
        """

        async def main(client: Client) -> None:
            account = await self.account(client)
            eurusd = await account.symbol("EURUSD")
            [bar] = await account.trendbars(eurusd, "M1", EPOCH - 60_000, EPOCH)
            self.assertEqual(
                (bar.open, bar.high, bar.low, bar.close),
                tuple(map(Decimal, ("1.17005", "1.17005", "1.17000", "1.17000"))),
            )

        self.play("17", main)

    def test_25_daylightSaving(self) -> None:
        """
        Days that are told live through a cut and the change of the clocks are those of history.
        """
        begin = 1_772_834_340_000
        days: list[int] = []

        async def main(client: Client) -> None:
            account = await self.account(client)
            eurusd = await account.symbol("EURUSD")
            async with account.bars(eurusd, "D1", warmUp=2) as bars:
                while len(days) < 3:
                    bar = await anext(bars)
                    if isinstance(bar, Bar):
                        days.append(bar.timestamp)
            history = await account.trendbars(eurusd, "D1", days[0], self.virtual.exchange.timeline.now())
            opened = [bar.timestamp for bar in history]
            self.assertEqual(opened[:-1], days)
            # The last one still forms.
            days.append(opened[-1])

        self.play("25", main, epoch=begin)
        hours = [day // 3_600_000 % 24 for day in days]
        self.assertEqual(hours, [22, 22, 22, 21])


class AllTests(SynchronousTestCase):
    """
    The scripts as a whole.
    """

    def test_all(self) -> None:
        """
        There are 25 scripts, and a test of each.
        """
        numbers = sorted(path.name[:2] for path in SCRIPTS.glob("*.toml"))
        self.assertEqual(numbers, [f"{number:02}" for number in range(1, 26)])
        cases = (WireTests, SessionTests, OrderTests, DataTests)
        tested = sorted(name[5:7] for case in cases for name in vars(case) if name.startswith("test_"))
        self.assertEqual(tested, numbers)
