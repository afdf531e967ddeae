"""
Tests of C{ctrader history}: what comes into the dataset, that nothing is fetched twice, and what is told.
"""

from __future__ import annotations

import io
import re
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from twisted.internet.defer import CancelledError, execute, fail
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import blocking
from ctrader_twisted.cli.history import fetchHistory, folderSize, sizeWords
from ctrader_twisted.client import Account, Client
from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.errors import CTraderError, HistoryFailed, StoreBusy, StoreFailed, StoreFull
from ctrader_twisted.market import Download, source
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.faults import Incoming, Refuse
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.settings import MoreFlag, RateRefusal, Settings
from ctrader_twisted.simulator.world import EPOCH
from ctrader_twisted.store import Dataset, DatasetWriter, Series
from ctrader_twisted.testing import VirtualExchange
from test.commandcase import CommandCase

HOUR = 3_600_000
DAY = 24 * HOUR
ASKING = (m.ProtoOAGetTickDataReq, m.ProtoOAGetTrendbarsReq)
SIDES = (lambda name: Series.ticks(name, "bid"), lambda name: Series.ticks(name, "ask"))
BID, ASK = (side("EURUSD") for side in SIDES)


def crowded(seed: int, start: int, end: int, mean: int) -> Iterator[Tick]:
    """
    Make prices of which many share a millisecond.

    @param seed: they follow from it.
    @param start: the time of the first, in milliseconds since 1970.
    @param end: when they end.
    @param mean: milliseconds between them, on average.
    @return: the prices.
    """
    chance, moment, bid = Random(seed), start, 110_000
    while moment < end:
        for _ in range(chance.choice((1, 1, 1, 2, 3, 7))):
            bid += chance.randint(-5, 5)
            yield Tick(moment, bid, bid + chance.randint(1, 9))
        moment += chance.randint(1, 6 * mean)


class AcceptanceTests(SynchronousTestCase):
    """
    A month of three symbols, and a server with which much goes wrong.
    """

    names = ("EURUSD", "USDJPY", "XAUUSD")
    start, end = EPOCH - 30 * DAY, EPOCH - HOUR

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.prices = {
            name: list(crowded(seed, self.start - DAY, EPOCH, 200_000)) for seed, name in enumerate(self.names)
        }
        settings = Settings(
            tickChunk=1_000,
            shortPages=True,
            ticksSubtract=True,
            tornPages=True,
            moreFlag=MoreFlag.NEVER,
            weekEnforced=True,
            rateRefusal=RateRefusal.BLOCKED,
            historicalRate=4,
            blockSeconds=2,
            seenLimit=100_000,
        )
        replay = {name: ReplayedPrices(ticks) for name, ticks in self.prices.items()}
        self.virtual = VirtualExchange(replay=replay, settings=settings)
        self.path = Path(self.mktemp())
        self.cuts = 0

    def fetch(self, isQuiet: bool) -> int:
        """
        Fetch the month.

        @param isQuiet: whether no connection breaks.
        @return: how many requests for history the server has seen.
        """
        chance = Random(1)
        before = self.asked()

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            await fetchHistory(
                account,
                Console(file=io.StringIO()),
                self.virtual.clock,
                names=self.names,
                kinds=SIDES,
                span=(self.start, self.end),
                directory=self.path,
                runBlocking=execute,
            )

        def cut() -> None:
            if self.virtual.endpoint.openLinks:
                self.virtual.endpoint.openLinks[0].cut()
                self.cuts += 1
            self.virtual.clock.callLater(chance.expovariate(1 / 4), cut)

        if not isQuiet:
            self.virtual.clock.callLater(4, cut)
        self.virtual.run(main)
        return self.asked() - before

    def asked(self) -> int:
        """
        @return: how many requests for history the server has seen.
        """
        return sum(isinstance(message, ASKING) for message in self.virtual.exchange.seen)

    def test_month(self) -> None:
        """
        Thirty days of three symbols, through lost connections, refusals and odd pages, are exactly what the exchange
        generated; and a second run asks for nothing.
        """
        self.assertGreater(self.fetch(isQuiet=False), 100)
        self.assertGreater(self.cuts, 3)
        dataset = Dataset(self.path)
        for name, ticks in self.prices.items():
            within = [tick for tick in ticks if self.start <= tick.timestamp < self.end]
            for side in ("bid", "ask"):
                rows = dataset.read(Series.ticks(name, side), self.start, self.end)
                assert isinstance(rows, Ticks)
                self.assertTrue(rows.complete)
                self.assertEqual(list(rows.timestamps), [tick.timestamp for tick in within])
                self.assertEqual(list(rows.prices), [getattr(tick, side) for tick in within])
        self.assertEqual(dataset.verify(), ())
        self.assertEqual(self.fetch(isQuiet=True), 0)


class HistoryCase(CommandCase):
    """
    An hour before the simulated present, and a dataset.
    """

    start, end = EPOCH - HOUR, EPOCH - 60_000

    def setUp(self) -> None:
        """
        Choose a folder.
        """
        super().setUp()
        self.path = self.folder / "data"
        self.patch(blocking, "Worker", lambda reactor: execute)

    def fetch(self, *names: str, **options: Any) -> None:
        """
        Fetch history.

        @param names: the symbols; by default EURUSD.
        @param options: in place of the usual ones.
        """

        async def main(client: Client, account: Account) -> None:
            given: dict[str, Any] = {
                "names": names or ("EURUSD",),
                "kinds": SIDES,
                "span": (self.start, self.end),
                "directory": self.path,
                "runBlocking": execute,
                **options,
            }
            seconds = given.pop("seconds", None)
            fetching = fetchHistory(account, self.console, self.virtual.clock, **given)
            await (fetching if seconds is None else self.interrupted(fetching, seconds))

        self.drive(main)

    def use(self, **options: Any) -> None:
        """
        Take another exchange.

        @param options: of L{VirtualExchange}.
        """
        self.virtual = VirtualExchange(**options)
        self.exchange = self.virtual.exchange

    def asked(self) -> int:
        """
        @return: how many requests for history the server has seen.
        """
        return sum(isinstance(message, ASKING) for message in self.exchange.seen)

    def expected(self, side: str, start: int, end: int) -> list[tuple[int, int]]:
        """
        @return: the ticks of EURUSD that the exchange has.
        """
        return [(tick.timestamp, getattr(tick, side)) for tick in self.exchange.market.ticks(1, start, end - 1)]

    def rows(self, series: Series, start: int, end: int) -> list[tuple[int, int]]:
        """
        @return: the ticks that the dataset has.
        """
        rows = Dataset(self.path).read(series, start, end)
        assert isinstance(rows, Ticks)
        return list(zip(rows.timestamps, rows.prices, strict=True))


class FetchTests(HistoryCase):
    """
    What is fetched.
    """

    def test_missing(self) -> None:
        """
        Only what is missing is fetched, and what is not confirmed.
        """
        middle = self.start + HOUR // 2
        self.fetch(span=(middle, self.end))
        with DatasetWriter(self.path) as writer:
            live = Ticks(array("q", [self.start + 5]), array("q", [1]), digits=5)
            writer.append(BID, (self.start, self.start + 60_000), live)
        before = self.asked()
        self.fetch()
        requests = [message for message in self.exchange.seen if isinstance(message, ASKING)][before:]
        self.assertGreaterEqual(len(requests), 2)
        for request in requests:
            self.assertLess(request.toTimestamp, middle)
        for series in (BID, ASK):
            self.assertEqual(self.rows(series, self.start, self.end), self.expected(series.of, self.start, self.end))
            self.assertEqual(Dataset(self.path).provisional(series, self.start, self.end), ())

    def test_again(self) -> None:
        """
        What is complete costs no request, and its end is the same.
        """
        self.fetch()
        before = self.asked()
        self.assertGreater(before, 0)
        self.fetch("EURUSD", "EURUSD")
        self.assertEqual(self.asked(), before)
        self.assertRegex(self.text, r"EURUSD bid ticks +0 +[\d,]+ ")

    def test_bars(self) -> None:
        """
        Bars of several periods come likewise, beside ticks.
        """
        kinds = (*SIDES, lambda name: Series.bars(name, "M1"), lambda name: Series.bars(name, "M5"))
        self.fetch(kinds=kinds)
        minutes, fives = (
            Dataset(self.path).read(Series.bars("EURUSD", period), self.start, self.end) for period in ("M1", "M5")
        )
        assert isinstance(minutes, Trendbars) and isinstance(fives, Trendbars)
        self.assertEqual((len(minutes), len(fives)), (59, 11))
        bids = Dataset(self.path).read(BID, self.start, self.end)
        assert isinstance(bids, Ticks)
        self.assertEqual(minutes, Trendbars.fromTicks(bids, "M1"))

    def test_unsettled(self) -> None:
        """
        What is not settled yet is not fetched, and told to be missing.
        """
        self.fetch(span=(self.start, EPOCH + HOUR))
        missing = Dataset(self.path).missing(BID, self.start, EPOCH + HOUR)
        self.assertEqual(len(missing), 1)
        self.assertGreater(missing[0][0], EPOCH - 30_000)
        self.assertRegex(self.text, r"EURUSD bid ticks .* 1 h( \d min)? *\n")

    def test_clockAhead(self) -> None:
        """
        On a machine whose clock is ahead nothing is taken for final that the server has not come to yet.
        """
        self.patch(source, "_SETTLING", -3 * HOUR)
        kinds = (*SIDES, lambda name: Series.bars(name, "M1"))
        span = self.start, EPOCH + 2 * HOUR
        self.fetch(span=span, kinds=kinds, wallClock=lambda: EPOCH + 3 * HOUR)
        dataset = Dataset(self.path)
        for kind in kinds:
            series = kind("EURUSD")
            rows = dataset.read(series, *span)
            [missing] = dataset.missing(series, *span)
            self.assertEqual(missing[1], span[1])
            if isinstance(rows, Ticks):
                # The newest tick is left out: its millisecond need not be over.
                newest = self.expected(series.of, rows.timestamps[-1] + 1, EPOCH + HOUR)[0]
                self.assertEqual(missing[0], newest[0])
                self.assertEqual(self.rows(series, *span), self.expected(series.of, self.start, missing[0]))
            else:
                self.assertEqual(missing[0], rows.timestamps[-1] + 60_000)
                self.assertLessEqual(missing[0], EPOCH)
        self.fetch(span=span, kinds=kinds)
        self.assertEqual(dataset.missing(BID, *span), ())

    def test_unknown(self) -> None:
        """
        A symbol that is not there is an error, before there is a dataset.
        """
        error = self.assertRaises(CTraderError, self.fetch, "EURUSD", "EURUSX")
        self.assertIn("no symbol is named 'EURUSX'; similar: EURUSD", str(error))
        self.assertFalse(self.path.exists())

    def test_flushed(self) -> None:
        """
        Every few seconds the disk has what came.
        """
        flushed: list[float] = []
        flush = DatasetWriter.flush

        def counted(writer: DatasetWriter) -> None:
            flushed.append(self.virtual.clock.seconds())
            flush(writer)

        self.patch(DatasetWriter, "flush", counted)
        self.use(settings=Settings(tickChunk=60, seenLimit=10_000))
        self.fetch(span=(self.end - 6 * HOUR, self.end))
        self.assertGreater(len(flushed), 3)
        for one, other in pairwise(flushed[:-1]):
            self.assertGreaterEqual(other - one, 5)


class InterruptedTests(HistoryCase):
    """
    What is left when it does not come to its end.
    """

    def test_interrupted(self) -> None:
        """
        Ctrl-C leaves what came, and says so; the same command goes on, and fetches nothing twice.
        """
        self.use(settings=Settings(tickChunk=60, seenLimit=10_000))
        span = self.end - 6 * HOUR, self.end
        self.assertRaises(CancelledError, self.fetch, span=span, seconds=5)
        told = re.search(r"Interrupted\. ([\d,]+) rows are kept in \S+; the same command goes on", self.text)
        assert told is not None, self.text
        final = Dataset(self.path).final(BID, *span)
        self.assertEqual(len(final), 1)
        (kept,) = final
        self.assertEqual(kept[1], self.end)
        self.assertGreater(kept[0], span[0])
        self.assertEqual(self.rows(BID, *kept), self.expected("bid", *kept))
        before = len(self.exchange.seen)
        self.fetch(span=span)
        for request in list(self.exchange.seen)[before:]:
            if isinstance(request, m.ProtoOAGetTickDataReq) and request.type == 1:
                self.assertLess(request.toTimestamp, kept[0])
        for series in (BID, ASK):
            self.assertEqual(self.rows(series, *span), self.expected(series.of, *span))

    def test_countedWhereWritten(self) -> None:
        """
        Rows that are being written when Ctrl-C is pressed are counted among those that are kept.
        """

        def slow(function: Any, *args: Any) -> Any:
            done = execute(function, *args)
            if function.__name__ in ("open", "close"):
                return done
            return done.addCallback(lambda result: deferLater(self.virtual.clock, 2, lambda: result))

        self.assertRaises(CancelledError, self.fetch, runBlocking=slow, seconds=4)
        kept = sum(len(self.rows(series, self.start, self.end)) for series in (BID, ASK))
        self.assertGreater(kept, 0)
        self.assertIn(f"Interrupted. {kept:,} rows are kept", self.text)

    def test_failed(self) -> None:
        """
        What cannot be had is told with its reason and with what is kept; the other series are complete.
        """
        rule = Incoming(Refuse("UNKNOWN_SYMBOL"), message="ProtoOAGetTickDataReq", nth=1)
        self.exchange.faults.add(rule)
        error = self.assertRaises(CTraderError, self.fetch)
        sentences = str(error).splitlines()
        self.assertEqual(len(sentences), 2)
        self.assertRegex(
            sentences[0], r"^EURUSD \w+: .*UNKNOWN_SYMBOL.* is not complete; [\d,]+ rows that came are kept$"
        )
        self.assertEqual(sentences[1], "the same command goes on from there")
        failed = sentences[0].split(":")[0].split()[1]
        other = BID if failed == "ask" else ASK
        self.assertEqual(Dataset(self.path).missing(other, self.start, self.end), ())

    def test_explained(self) -> None:
        """
        The command says so on standard error, with status 1, after it has told what there is.
        """
        rule = Incoming(Refuse("UNKNOWN_SYMBOL"), message="ProtoOAGetTickDataReq", nth=1)
        self.exchange.faults.add(rule)
        span = ("--from", "2026-03-04T09:00:00Z", "--to", "2026-03-04T09:30:00Z")
        result = self.invoke("history", "EURUSD", "--ticks", *span, "-o", str(self.path), "--account", "20001")
        self.assertEqual(result.exit_code, 1)
        first, second = result.stderr.splitlines()
        self.assertTrue(first.startswith("EURUSD bid: GetTickData for account 20001: UNKNOWN_SYMBOL"), first)
        self.assertEqual(second, "the same command goes on from there.")

    def test_late(self) -> None:
        """
        Where a download fails when it was all there, nothing is said to be incomplete.
        """

        async def broken(download: Any, *exception: object) -> None:
            download.close()
            raise HistoryFailed("it broke", CTraderError("it broke"))

        self.patch(Download, "__aexit__", broken)
        error = self.assertRaises(CTraderError, self.fetch)
        self.assertNotIn("not complete", str(error))

    def test_full(self) -> None:
        """
        A full disk ends it.
        """

        def full(*args: object) -> None:
            raise StoreFull("no space is left", "part")

        self.patch(DatasetWriter, "write", full)
        self.assertRaises(StoreFull, self.fetch)
        self.assertEqual(Dataset(self.path).final(BID, self.start, self.end), ())

    def test_busy(self) -> None:
        """
        While another program writes the dataset, nothing is fetched.
        """
        with DatasetWriter(self.path):
            self.assertRaises(StoreBusy, self.fetch)
        self.assertEqual(self.asked(), 0)

    def test_closing(self) -> None:
        """
        That the disk does not take what came is an error.
        """

        def run(function: Any, *args: Any) -> Any:
            if function.__name__ == "close":
                execute(function, *args)
                return fail(StoreFailed("the disk is gone", "part"))
            return execute(function, *args)

        self.assertRaises(StoreFailed, self.fetch, runBlocking=run)
        self.assertRaises(StoreFailed, self.fetch, runBlocking=run, span=(EPOCH - 24 * HOUR, self.end), seconds=0.5)
        self.assertNotIn("are kept", self.text)
        self.assertTrue(self.text.endswith("part: the disk is gone.\n"), self.text)


class ToldTests(HistoryCase):
    """
    What is told.
    """

    def test_end(self) -> None:
        """
        In the end there are the rows, the span, what is empty, and the size of the folder.
        """
        quiet = [Tick(self.start + 1_000, 110_000, 110_010), Tick(self.end - 1_000, 110_001, 110_011)]
        self.use(replay={"EURUSD": ReplayedPrices(quiet)})
        self.fetch()
        self.assertIn("2026-03-04T09:00:00Z to 2026-03-04T09:59:00Z, half open, in UTC:", self.text)
        self.assertRegex(
            self.text, r"EURUSD bid ticks +2 +2 +2026-03-04T09:00:01Z +2026-03-04T09:58:59Z +57 min +- *\n"
        )
        self.assertRegex(self.text, r"\n[\d.]+ (bytes|kB) in \S+/data\n$")

    def test_nothing(self) -> None:
        """
        Where there is nothing, that is told.
        """
        later = [Tick(self.end + 1_000, 110_000, 110_010)]
        self.use(replay={"EURUSD": ReplayedPrices(later)})
        self.fetch(kinds=SIDES[:1])
        self.assertRegex(self.text, r"EURUSD bid ticks +0 +0 +- +- +59 min +- *\n")

    def test_lines(self) -> None:
        """
        In a pipe, a line now and then tells how far each series has come.
        """
        self.use(settings=Settings(tickChunk=20, seenLimit=10_000))
        self.fetch(span=(self.end - 6 * HOUR, self.end))
        lines = [line for line in self.text.splitlines() if "left" in line]
        self.assertGreater(len(lines), 1)
        for line in lines:
            self.assertRegex(line, r"^EURUSD (bid|ask) ticks: \d+%, [\d,]+ rows, [\d,]+ rows/s, [\d a-z]+ left$")

    def test_terminal(self) -> None:
        """
        On a terminal, bars move, with the rate and the time that is left.
        """
        self.console = Console(
            file=self.file, width=100, force_terminal=True, no_color=True, _environ={"TERM": "xterm"}
        )
        self.use(settings=Settings(tickChunk=100, seenLimit=10_000))
        self.fetch(span=(self.end - 2 * HOUR, self.end))
        plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self.text)
        self.assertRegex(plain, r"EURUSD bid ticks +\S+ +\d\d% +[\d,]+ +[\d,]+ +\d+ s")
        self.assertRegex(plain, r"EURUSD ask ticks +\S+ +100%")

    def test_sizes(self) -> None:
        """
        Sizes are told in units that one thinks in.
        """
        sizes = [sizeWords(size) for size in (0, 999, 1_000, 25_400_000, 3_000_000_000_000)]
        self.assertEqual(sizes, ["0 bytes", "999 bytes", "1.0 kB", "25.4 MB", "3,000.0 GB"])
        self.assertEqual(
            [sizeWords(size) for size in (999_949, 999_960, 999_999_999)], ["999.9 kB", "1.0 MB", "1.0 GB"]
        )
        (self.folder / "a").mkdir()
        (self.folder / "a" / "b").write_bytes(b"123")
        (self.folder / "a" / "gone").symlink_to(self.folder / "nowhere")
        self.assertEqual(folderSize(self.folder), 3)


class CommandTests(HistoryCase):
    """
    The command.
    """

    def words(self, *words: str) -> list[str]:
        """
        @return: a command.
        """
        span = ("--from", "2026-03-04T09:00:00Z", "--to", "2026-03-04T10:30+01:00")
        return ["history", "EURUSD", *words, *span, "-o", str(self.path), "--account", "20001"]

    def test_ticks(self) -> None:
        """
        Ticks of both sides come into the folder.
        """
        result = self.invoke(*self.words("--ticks"))
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual(Dataset(self.path).series(), (ASK, BID))
        self.assertEqual(Dataset(self.path).missing(BID, self.start, self.start + HOUR // 2), ())

    def test_both(self) -> None:
        """
        One side, and bars, in letters of either case.
        """
        result = self.invoke(*self.words("--ticks", "--side", "bid", "--bars", "m5", "--bars", "M5"))
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual(Dataset(self.path).series(), (Series.bars("EURUSD", "M5"), BID))

    def test_usage(self) -> None:
        """
        What makes no sense is told before anything is asked.
        """
        span = ("--from", "2026-03-04", "--to", "2026-03-05")
        for words, sentence in (
            (("EURUSD", *span, "-o", "x"), "--ticks, or --bars"),
            (("EURUSD", "--ticks", *span), "-o DIR"),
            (("EURUSD", "--bars", "M1", "--side", "bid", *span, "-o", "x"), "--side is for --ticks"),
            (("EURUSD", "--bars", "M7", *span, "-o", "x"), "'M7' is not one of"),
            (("EURUSD", "--ticks", "-o", "x"), "Missing option '--from'"),
            (("EURUSD", "--ticks", "--from", "2026-03-05", "--to", "2026-03-05", "-o", "x"), "is not before --to"),
        ):
            result = self.invoke("history", *words)
            self.assertEqual(result.exit_code, 2, result.output)
            self.assertIn(sentence, result.output)
        self.assertEqual(list(self.exchange.seen), [])
