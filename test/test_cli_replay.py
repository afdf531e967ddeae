"""
Tests that a client receives recorded prices as they were, tick by tick: as spots while time passes, and as history
afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from ctrader_twisted.client import Account, Client
from ctrader_twisted.market import Quote
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.summary import Tick
from ctrader_twisted.simulator.market.tickfiles import readTicks
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.units import Symbol, priceFromWire

MARKET_DATA = Path(__file__).resolve().parents[2] / "shared" / "market-data"

# Both sides change, one of them, neither; twice in a millisecond; and after a pause.
SMALL = """\
20200102 050000065,1.121200,1.121720,0
20200102 050000447,1.121200,1.121920,0
20200102 050000498,1.121170,1.121920,0
20200102 050000498,1.121180,1.121610,0
20200102 050000498,1.121180,1.121610,0
20200102 050010000,1.121180,1.121610,0
20200102 051500000,1.12,1.13,0
20200102 070000001,1.121190,1.121610,0
"""

_MINUTE = 60_000


class ReplayTests(SynchronousTestCase):
    """
    What arrives is what is in the file.
    """

    def compare(self, name: str, path: Path) -> int:
        """
        Let the time of a file pass while a client listens, then ask for the same as history.

        @param name: the symbol.
        @param path: the file.
        @return: how many ticks were compared.
        """
        ticks = list(readTicks(path))
        epoch = ticks[0].timestamp - _MINUTE
        virtual = VirtualExchange(epoch=epoch, replay={name: ReplayedPrices.fromFile(path)})
        quotes: list[Quote] = []
        sides: dict[str, list[tuple[int, object]]] = {}

        async def main(client: Client) -> None:
            account = await client.account(virtual.accountId)
            symbol = await account.symbol(name)
            account.onQuote(symbol, quotes.append)
            virtual.advance((ticks[-1].timestamp - virtual.exchange.timeline.now()) / 1000 + 1)
            for side in ("bid", "ask"):
                sides[side] = await self.history(account, symbol, side, epoch, ticks[-1].timestamp + 1)

        virtual.run(main)
        digits = virtual.exchange.catalogue.symbolNamed(name).digits
        expected = [
            (tick.timestamp, priceFromWire(tick.bid, digits), priceFromWire(tick.ask, digits)) for tick in ticks
        ]
        self.assertEqual([(quote.timestamp, quote.bid, quote.ask) for quote in quotes], expected)
        self.assertEqual(sides["bid"], [(timestamp, bid) for timestamp, bid, _ in expected])
        self.assertEqual(sides["ask"], [(timestamp, ask) for timestamp, _, ask in expected])
        return len(ticks)

    async def history(
        self, account: Account, symbol: Symbol, side: str, start: int, end: int
    ) -> list[tuple[int, object]]:
        """
        Ask for one page after the other, from the newest to the oldest.

        @param account: the account.
        @param symbol: the symbol.
        @param side: C{bid} or C{ask}.
        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, exclusive.
        @return: times and prices, oldest first.
        """
        found: list[tuple[int, object]] = []
        while True:
            page = await account.ticks(symbol, side, start, end)
            found = [(tick.timestamp, tick.price) for tick in page] + found
            if page.complete:
                return found
            end = page.timestamps[0]

    def test_small(self) -> None:
        """
        A small file with all that can happen in one arrives as it is.
        """
        path = Path(self.mktemp())
        path.write_text(SMALL)
        self.assertEqual(self.compare("EURUSD", path), len(SMALL.splitlines()))

    def test_bars(self) -> None:
        """
        The bars are those of the file's bids.
        """
        path = Path(self.mktemp())
        path.write_text(SMALL)
        ticks = list(readTicks(path))
        virtual = VirtualExchange(epoch=ticks[-1].timestamp, replay={"EURUSD": ReplayedPrices(ticks)})

        async def main(client: Client) -> None:
            account = await client.account(virtual.accountId)
            symbol = await account.symbol("EURUSD")
            bars = await account.trendbars(symbol, "M15", ticks[0].timestamp - _MINUTE, ticks[-1].timestamp + 1)
            self.assertEqual(
                [list(bar)[1:] for bar in bars], [self.bar(ticks[:6]), self.bar(ticks[6:7]), self.bar(ticks[7:])]
            )

        virtual.run(main)

    def bar(self, ticks: Sequence[Tick]) -> list[object]:
        """
        @param ticks: the ticks of one bar.
        @return: its open, high, low and close, and how many ticks there are.
        """
        bids = [priceFromWire(tick.bid, 5) for tick in ticks]
        return [bids[0], max(bids), min(bids), bids[-1], len(bids)]

    def test_real(self) -> None:
        """
        A real recording of some hours arrives as it is.
        """
        path = MARKET_DATA / "eurusd-ticks-2020-01.csv"
        if not path.exists():
            raise SkipTest("the market data are not there")
        self.assertEqual(self.compare("EURUSD", path), 9_500)

    def test_realIso(self) -> None:
        """
        A real recording in the other layout arrives as it is.
        """
        path = MARKET_DATA / "usdjpy-ticks-2013-01.csv"
        if not path.exists():
            raise SkipTest("the market data are not there")
        self.assertEqual(self.compare("USDJPY", path), 1_000)
