"""
Tests of prices that a test gives: L{ctrader_twisted.testing.script}.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Bar, Client, Lots, Quote, Side, Symbol, Trade
from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.simulator.faults import SetPrice
from ctrader_twisted.testing import VirtualExchange

START = datetime(2026, 3, 4, 10, tzinfo=UTC)
"""
When virtual exchanges begin.
"""


class PriceCase(SynchronousTestCase):
    """
    A virtual exchange, and an account on it.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.virtual = VirtualExchange()

    def onAccount(self, main: Callable[[Account, Symbol], Coroutine[Any, Any, None]]) -> None:
        """
        Run a coroutine function.

        @param main: called with an account and its EURUSD.
        """

        async def started(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            await main(account, await account.symbol("EURUSD"))

        self.virtual.run(started)

    def now(self) -> datetime:
        """
        @return: the time of the exchange.
        """
        return START + timedelta(seconds=self.virtual.clock.seconds())


class PriceTests(PriceCase):
    """
    One price after the other.
    """

    def test_stopOut(self) -> None:
        """
        A price that is given ends what an account cannot hold any more, however soon after another one it comes, and
        though no other follows; by hand and by a disturbance alike.
        """

        async def main(account: Account, symbol: Symbol) -> None:
            for give in (self.give, self.disturb):
                self.virtual.price("EURUSD", "1.10000", "1.10010")
                self.virtual.exchange.deposit(account.accountId, 2_000_000)
                trade = await account.buy(symbol, Lots(5))
                await trade.whenFilled()
                give()
                await self.virtual.pause(5)
                self.assertEqual(tuple(account.positions), ())

        self.onAccount(main)

    def test_crossed(self) -> None:
        """
        An ask below the bid is refused; one that is the same is none of the exchange's business.
        """
        with self.assertRaises(IllegalValue) as caught:
            self.virtual.price("EURUSD", "1.10010", "1.10000")
        self.assertEqual(str(caught.exception), "the ask of EURUSD cannot be 1.10000, below the bid 1.10010")
        self.virtual.price("EURUSD", "1.10000", "1.10000")

    def give(self) -> None:
        """
        Let the price fall, as a test does.
        """
        self.virtual.price("EURUSD", "1.00000", "1.00010")

    def disturb(self) -> None:
        """
        Let the price fall, as the owner of a simulator does.
        """
        SetPrice("EURUSD", bid=1.0, ask=1.0001).happen(self.virtual.exchange)

    def test_agreement(self) -> None:
        """
        Quotes, matching, ticks, bars of history and live bars agree with the price, given before and while prices move.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            async with account.quotes(eurusd) as quotes, account.bars(eurusd, "M1") as bars:
                first = await anext(quotes)
                assert isinstance(first, Quote)
                self.assertEqual((first.bid, first.ask), (Decimal("1.10000"), Decimal("1.10010")))
                # In the very millisecond in which the subscription to bars was made, too.
                self.virtual.price("EURUSD", "1.20000", "1.20010")
                await self.virtual.pause(20)
                self.virtual.price("EURUSD", "1.15000", "1.15020")
                await self.virtual.pause(1)
                second = await anext(quotes)
                assert isinstance(second, Quote)
                self.assertEqual((second.bid, second.ask), (Decimal("1.15000"), Decimal("1.15020")))
                trade = await account.buy(eurusd, Lots("0.10"))
                await trade.whenFilled()
                self.assertEqual(trade.position.entryPrice, Decimal("1.15020"))
                ticks = await account.ticks(eurusd, "bid", START + timedelta(seconds=1), self.now())
                self.assertEqual([price for _, price in ticks], [Decimal("1.15000")])
                forming = bars.forming
                assert forming is not None
                self.assertEqual((forming.high, forming.close), (Decimal("1.20000"), Decimal("1.15000")))
                await self.virtual.pause(60)
                # Without a tick no bar closes.
                self.virtual.price("EURUSD", "1.16000", "1.16010")
                closed = await anext(bars)
                assert isinstance(closed, Bar)
                history = await account.trendbars(eurusd, "M1", START, START + timedelta(seconds=59))
                self.assertEqual([closed], list(history))

        self.virtual.price("EURUSD", "1.10000", "1.10010")
        self.onAccount(main)

    def test_onlyThis(self) -> None:
        """
        From then on there are no other prices of the symbol; other symbols go on, and what was before stays.
        """
        undisturbed = VirtualExchange()
        undisturbed.advance(600)
        self.virtual.advance(600)
        self.virtual.price("EURUSD", "1.10000", "1.10010")
        now, market = self.virtual.exchange.timeline.now(), self.virtual.exchange.market
        self.virtual.advance(600)
        before = market.ticks(1, now - 600_000, now)
        self.assertEqual(before[:-1], undisturbed.exchange.market.ticks(1, now - 600_000, now))
        self.assertEqual(market.ticks(1, now + 1, now + 600_000), [])
        self.assertNotEqual(market.ticks(2, now + 1, now + 600_000), [])

    def test_triggers(self) -> None:
        """
        A price that reaches an order triggers it at once.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            trade: Trade = await account.limitOrder(Side.BUY, eurusd, Lots("0.10"), "1.09000")
            self.virtual.price("EURUSD", "1.08000", "1.08010")
            await trade.whenFilled()
            self.assertEqual(trade.position.entryPrice, Decimal("1.08010"))

        self.virtual.price("EURUSD", "1.10000", "1.10010")
        self.onAccount(main)

    def test_refusals(self) -> None:
        """
        What is no symbol, or no price of it, is refused in words.
        """
        for name, bid, words in (
            ("EURSUD", "1.1", "there is no symbol 'EURSUD', but EURUSD"),
            ("EURUSD", "1.100001", "finer than"),
            ("USDJPY", "150.1234", "is no price of USDJPY, which has 3 digits"),
            ("EURUSD", "0", "above zero"),
        ):
            with self.assertRaises(IllegalValue) as caught:
                self.virtual.price(name, bid, "200")
            self.assertIn(words, str(caught.exception))
        self.assertRaises(TypeError, self.virtual.price, "EURUSD", 1.1, 1.2)


class BarsTests(PriceCase):
    """
    Prices that make bars.
    """

    ROWS = (("1.10", "1.12", "1.09", "1.11"), ("1.11", "1.115", "1.08", "1.085"), ("1.2", "1.2", "1.2", "1.2"))

    def prices(self, bars: Any) -> list[tuple[Decimal, ...]]:
        """
        @return: open, high, low and close of bars.
        """
        return [(bar.open, bar.high, bar.low, bar.close) for bar in bars]

    def test_coming(self) -> None:
        """
        Without a start the bars begin with the next one; live bars and history are what was given, and quotes have the
        given spread.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            over = self.virtual.bars("EURUSD", "M5", self.ROWS, spread="0.00030")
            self.assertEqual(over, START + timedelta(minutes=20))
            async with account.bars(eurusd, "M5") as bars:
                # The last before the subscription, the one of seeded prices, and then all that another one follows.
                live = [await anext(bars) for _ in range(4)]
            expected = [tuple(map(Decimal, row)) for row in self.ROWS]
            self.assertEqual(self.prices(live[2:]), expected[:2])
            await self.virtual.pause(600)
            history = await account.trendbars(eurusd, "M5", START + timedelta(minutes=5), over)
            self.assertEqual(self.prices(history), expected)
            self.assertEqual({bar.volume for bar in history}, {4})
            quote = self.virtual.exchange.market.quote(eurusd.symbolId)
            assert quote is not None
            self.assertEqual((quote.bid, quote.ask), (120_000, 120_030))

        self.onAccount(main)

    def test_past(self) -> None:
        """
        Before prices move, bars may be history.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            history = await account.trendbars(eurusd, "H1", start, self.now())
            self.assertEqual(self.prices(history), [tuple(map(Decimal, row)) for row in self.ROWS])

        start = START - timedelta(hours=3)
        self.assertEqual(self.virtual.bars("EURUSD", "H1", self.ROWS, start), START)
        self.onAccount(main)

    def test_weekend(self) -> None:
        """
        Where the symbol is not traded there is no bar.
        """
        friday = datetime(2026, 3, 6, 20, tzinfo=UTC)
        over = self.virtual.bars("EURUSD", "H1", self.ROWS, friday)
        # The symbol closes at 22:00 UTC on Friday, and opens on Sunday after the American change of clocks.
        self.assertEqual(over, datetime(2026, 3, 8, 22, tzinfo=UTC))

    def test_priceEndsThem(self) -> None:
        """
        A price takes the place of all bars that were to come, and further bars follow it.
        """
        self.virtual.bars("EURUSD", "M5", self.ROWS)
        self.virtual.price("EURUSD", "1.30000", "1.30010")
        self.virtual.advance(3600)
        quote = self.virtual.exchange.market.quote(1)
        assert quote is not None
        self.assertEqual(quote.bid, 130_000)
        self.virtual.bars("EURUSD", "D1", self.ROWS[:1])

    def test_refusals(self) -> None:
        """
        Bars that cannot be are refused in words, and change nothing.
        """
        before = self.virtual.exchange.market.source(1)
        good = self.ROWS[:1]
        for period, rows, start, words in (
            ("M7", good, None, "a bar's period is one of M1"),
            ("M5", (), None, "at least one bar"),
            ("M5", (("1", "2", "1"),), None, "open, high, low and close"),
            ("M5", (("1", "1.1", "0.9", "1.2"),), None, "high or low is not"),
            ("M5", good, START + timedelta(minutes=7), "opens at 2026-03-04 10:07:00+00:00, but at 2026-03-04 10:05"),
        ):
            with self.assertRaises(IllegalValue) as caught:
                self.virtual.bars("EURUSD", period, rows, start)
            self.assertIn(words, str(caught.exception))
        self.assertRaises(IllegalValue, self.virtual.bars, "EURUSD", "M5", good, spread="-0.1")
        self.assertIs(self.virtual.exchange.market.source(1), before)

    def test_tooLate(self) -> None:
        """
        What has been told cannot be changed any more.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            with self.assertRaises(IllegalValue) as caught:
                self.virtual.bars("EURUSD", "M5", self.ROWS, START)
            self.assertIn("has been told", str(caught.exception))

        self.onAccount(main)
