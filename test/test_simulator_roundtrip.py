"""
What is replayed through the simulator and downloaded again is what the files hold.

The files are read here in the plainest way, with none of the simulator's code; a real client, in memory and on virtual
time, hears the prices as they come and asks for them as history afterwards.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from random import Random
from typing import NamedTuple

from attrs import define, field
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from ctrader_twisted.client import Account, Client
from ctrader_twisted.market import Quote
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.units import Symbol

MARKET_DATA = Path(__file__).resolve().parents[2] / "shared" / "market-data"
SIDES = ("bid", "ask")
MINUTE = 60_000
EASTERN = timezone(timedelta(hours=-5))

Price = tuple[int, Decimal]
"""
A moment, in milliseconds since 1970, and a price.
"""


class Row(NamedTuple):
    """
    A bar as a file has it.
    """

    timestamp: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


@define
class Heard:
    """
    What a client got of one symbol.

    @ivar spots: the quotes that came.
    @ivar ticks: the history of either side.
    @ivar bars: the history of bars, with their volumes.
    """

    spots: list[Quote] = field(factory=list)
    ticks: dict[str, list[Price]] = field(factory=dict)
    bars: list[tuple[Row, int]] = field(factory=list)


def milliseconds(moment: datetime) -> int:
    """
    @return: the milliseconds since 1970.
    """
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def tickRows(path: Path) -> dict[str, list[Price]]:
    """
    @return: the rows of a file of ticks, by side.
    """
    rows: dict[str, list[Price]] = {side: [] for side in SIDES}
    with path.open(newline="") as file:
        for time, *prices in csv.reader(file):
            if time == "timestamp":
                continue
            if "-" in time:
                moment = datetime.fromisoformat(time)
            else:
                moment = datetime.strptime(time + "000", "%Y%m%d %H%M%S%f").replace(tzinfo=EASTERN)
            for side, price in zip(SIDES, prices, strict=False):
                rows[side].append((milliseconds(moment), Decimal(price)))
    return rows


def barRows(path: Path) -> list[Row]:
    """
    @return: the rows of a file of bars.
    """
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [Row(milliseconds(datetime.fromisoformat(time)), *map(Decimal, prices)) for time, *prices in rows]


def changes(prices: Iterable[Price]) -> list[Price]:
    """
    @return: those whose price is another than the one before.
    """
    return [next(group) for _, group in groupby(prices, key=lambda each: each[1])]


def minuteBars(prices: Sequence[Price]) -> Iterator[tuple[Row, int]]:
    """
    @return: the bars of some prices, made in the plainest way, with their volumes.
    """
    for minute, group in groupby(prices, key=lambda each: each[0] // MINUTE):
        found = [price for _, price in group]
        yield Row(minute * MINUTE, found[0], max(found), min(found), found[-1]), len(found)


def replayed(replay: Mapping[str, ReplayedPrices]) -> dict[str, Heard]:
    """
    Replay, listen, and download.

    @param replay: the prices by the names of their symbols.
    @return: what the client got, by the same names.
    """
    start = min(prices.first for prices in replay.values()) - MINUTE
    end = max(prices.last for prices in replay.values()) + MINUTE
    virtual = VirtualExchange(epoch=start, replay=replay)
    heard = {name: Heard() for name in replay}

    async def main(client: Client) -> None:
        account = await client.account(virtual.accountId)
        symbols = {name: await account.symbol(name) for name in replay}
        for name, symbol in symbols.items():
            account.onQuote(symbol, heard[name].spots.append)
        virtual.advance((end - virtual.exchange.timeline.now()) / 1000)
        for name, symbol in symbols.items():
            await download(account, symbol, start, end, heard[name])

    virtual.run(main, hours=24 * 40)
    return heard


async def download(account: Account, symbol: Symbol, start: int, end: int, heard: Heard) -> None:
    """
    Get the history of a symbol, from the newest page to the oldest.
    """
    for side in SIDES:
        pages: list[list[Price]] = []
        upTo, isComplete = end, False
        while not isComplete:
            page = await account.ticks(symbol, side, start, upTo)
            pages.append([(tick.timestamp, tick.price) for tick in page])
            upTo, isComplete = page.timestamps[0], page.complete
        heard.ticks[side] = [price for each in reversed(pages) for price in each]
    upTo, isComplete = end, False
    while not isComplete:
        bars = await account.trendbars(symbol, "M1", start, upTo)
        found = [(Row(bar.timestamp, bar.open, bar.high, bar.low, bar.close), bar.volume) for bar in bars]
        heard.bars = found + heard.bars
        upTo, isComplete = bars[0].timestamp, bars.complete


class RoundTripTests(SynchronousTestCase):
    """
    Ticks come back as ticks, and bars as bars.
    """

    def assertTicks(self, heard: Heard, rows: dict[str, list[Price]]) -> None:
        """
        Check that every row whose price changed came, on either side, as quote and as history; and that the bars are
        those of the ticks.
        """
        quotes = heard.spots
        spots = {
            "bid": [(quote.timestamp or 0, quote.bid) for quote in quotes],
            "ask": [(quote.timestamp or 0, quote.ask) for quote in quotes],
        }
        for side in SIDES:
            self.assertEqual(changes(spots[side]), changes(rows[side]), side)
            self.assertEqual(changes(heard.ticks[side]), changes(rows[side]), side)
        self.assertEqual(list(minuteBars(heard.ticks["bid"])), heard.bars)

    def assertBars(self, heard: Heard, bids: list[Row], asks: list[Row]) -> None:
        """
        Check that every bar came: those of the bid as they are served and as its ticks make them, those of the ask as
        its ticks make them, which are the quotes that came.
        """
        self.assertEqual([bar for bar, _ in heard.bars], bids)
        self.assertEqual(list(minuteBars(heard.ticks["bid"])), heard.bars)
        self.assertEqual([bar for bar, _ in minuteBars(heard.ticks["ask"])], asks)
        self.assertEqual([(quote.timestamp, quote.bid) for quote in heard.spots], heard.ticks["bid"])
        self.assertEqual([(quote.timestamp, quote.ask) for quote in heard.spots], heard.ticks["ask"])

    def write(self, *lines: str) -> Path:
        """
        @return: the path of a file with these lines.
        """
        path = Path(self.mktemp())
        path.write_text("\n".join(lines) + "\n")
        return path

    def shared(self, name: str) -> Path:
        """
        @return: the path of a recording.
        """
        path = MARKET_DATA / name
        if not path.exists():
            raise SkipTest("the market data are not there")
        return path

    def test_madeTicks(self) -> None:
        """
        Ticks of two symbols that a seed makes up, more than fit on a page, come back, each in its layout.
        """
        chance = Random(4)
        files = {}
        layouts = {"EURUSD": "{:%Y%m%d %H%M%S}{:03d},{},{},0", "GBPUSD": "{:%Y-%m-%dT%H:%M:%S}.{:03d}Z,{},{}"}
        for name, layout in layouts.items():
            moment, bid, ask, lines = datetime(2020, 1, 2, tzinfo=UTC), 112_000, 112_010, []
            for _ in range(5_400):
                moment += timedelta(milliseconds=chance.choice((0, 0, 1, 250, 7_000)))
                bid += chance.choice((0, 0, -1, 1, 3, -3))
                ask += chance.choice((0, 0, -1, 1, 3, -3))
                lines.append(layout.format(moment, moment.microsecond // 1000, bid / 100_000, ask / 100_000))
            files[name] = self.write(*(["timestamp,bid,ask"] if name == "GBPUSD" else []), *lines)
        heard = replayed({name: ReplayedPrices.fromFile(path) for name, path in files.items()})
        for name, path in files.items():
            self.assertTicks(heard[name], tickRows(path))

    def test_madeBars(self) -> None:
        """
        Bars that a seed makes up, with gaps, come back.
        """
        chance = Random(5)
        files = []
        for _ in SIDES:
            lines, close = ["timestamp,open,high,low,close"], 157_000
            minutes = Random(6)
            moment = datetime(2012, 2, 1, tzinfo=UTC)
            for _ in range(300):
                moment += timedelta(minutes=minutes.choice((1, 1, 1, 9)))
                opening, close = close, close + chance.randrange(-30, 31)
                high = max(opening, close) + chance.randrange(20)
                low = min(opening, close) - chance.randrange(20)
                prices = (f"{price / 100_000:.5f}" for price in (opening, high, low, close))
                lines.append(f"{moment},{','.join(prices)}")
            files.append(self.write(*lines))
        heard = replayed({"GBPUSD": ReplayedPrices.fromFile(*files)})
        self.assertBars(heard["GBPUSD"], barRows(files[0]), barRows(files[1]))

    def test_sharedTicks(self) -> None:
        """
        The recorded ticks come back, each symbol's alone.
        """
        for symbol, name in (("EURUSD", "eurusd-ticks-2020-01.csv"), ("USDJPY", "usdjpy-ticks-2013-01.csv")):
            path = self.shared(name)
            heard = replayed({symbol: ReplayedPrices.fromFile(path)})
            self.assertTicks(heard[symbol], tickRows(path))

    def test_sharedBars(self) -> None:
        """
        The recorded bars of a month come back, all of them, on either side.
        """
        files = [self.shared(f"gbpusd-m1-{side}-2012.csv") for side in SIDES]
        heard = replayed({"GBPUSD": ReplayedPrices.fromFile(*files)})
        self.assertBars(heard["GBPUSD"], barRows(files[0]), barRows(files[1]))
        self.assertEqual(len(heard["GBPUSD"].bars), 30_117)
