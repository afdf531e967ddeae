"""
Tests of the benchmark: that it measures what it says, and leaves nothing behind. How fast anything is, is no test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from test.benchmark import rounds, simulator
from test.benchmark.fanout import Metronome
from test.benchmark.figures import FIGURES, Figure, ratios
from test.benchmark.frames import spotEvents, spotFrames
from test.benchmark.processes import Failed, readLine
from test.benchmark.report import document, table
from test.benchmark.results import DEPTH, EventsSeen, percentile
from test.benchmark.rounds import WORKLOADS, Round, Scale, measure
from test.benchmark.server import records
from test.benchmark.simulator import SimulatorScale, measureSimulator

PROJECT = Path(__file__).resolve().parent.parent
SMALLEST = Scale(rounds=1, turns=1, events=50, trips=3, batches=1, drops=2)


@cache
def _measured() -> dict[str, list[Round]]:
    return measure(SMALLEST, lambda line: None)


class WholeTests(SynchronousTestCase):
    """
    The smallest possible round of every row, measured once for all these tests.
    """

    def setUp(self) -> None:
        """
        Measure, unless it has been done.
        """
        self.found = _measured()

    def test_everyRowIsMeasured(self) -> None:
        """
        Each workload has one turn, in which each of its variants was measured.
        """
        for workload in WORKLOADS:
            ((turn,),) = self.found[workload.name]
            self.assertEqual(tuple(turn), workload.variants)

    def test_allEventsAreSeen(self) -> None:
        """
        Every variant's listener was given all events of the turn, none of the turn before, and read the true values.
        """
        total = sum(event.bid for event in spotEvents(50))
        for shape in ("burst", "live"):
            for seen in self.found[shape][0][0].values():
                self.assertEqual((seen.events, seen.total), (50, total))
                self.assertGreater(seen.cpu, 0)

    def test_allTripsAreMade(self) -> None:
        """
        Every variant made the round trips and the batches that were asked for, and each took time.
        """
        for made in self.found["trips"][0][0].values():
            self.assertEqual((len(made.trips), made.pipelined), (3, DEPTH))
            self.assertGreater(min(made.trips), 0)
            self.assertGreater(made.seconds, 0)

    def test_allDropsAreSurvived(self) -> None:
        """
        Every variant came back after each drop, and that took time.
        """
        for made in self.found["reconnect"][0][0].values():
            self.assertEqual(len(made.seconds), 2)
            self.assertGreater(min(made.seconds), 0)

    def test_table(self) -> None:
        """
        The table has a line for each figure and variant, and names the interpreter.
        """
        lines = table(SMALLEST, self.found, []).splitlines()
        self.assertTrue(lines[0].startswith(f"python: {sys.implementation.name}".replace("cpython", "CPython")))
        rows = [line.split() for line in lines[lines.index("") + 2 : -2]]
        self.assertEqual(len(rows), 4 + 4 + 3 * 3 + 2)
        self.assertEqual([row[:2] for row in rows[:4]], [["burst", variant] for variant in WORKLOADS[0].variants])

    def test_document(self) -> None:
        """
        The document holds the same figures, as JSON, with the goals; the reference's own ratio is one.
        """
        read = json.loads(json.dumps(document(SMALLEST, self.found, [])))
        self.assertEqual([figure["name"] for figure in read["figures"]], [figure.name for figure in FIGURES])
        self.assertEqual(read["figures"][0]["reach"], 0.9)
        for figure in read["figures"]:
            self.assertEqual(figure["variants"][0]["variant"], "bare")
            self.assertEqual(figure["variants"][0]["ratio"], 1)


class SimulatorTests(SynchronousTestCase):
    """
    The rows of the simulator, as small as possible.
    """

    def test_everyRow(self) -> None:
        """
        Each row is measured, the clients saw what was sent, and both forms of the report name it.
        """
        said: list[str] = []
        rows = measureSimulator(SimulatorScale(clients=3, ticks=50, hours=0.1, days=(0.01, 0.02)), said.append)
        self.assertEqual(len(said), 4)
        names = [row.name for row in rows]
        self.assertEqual(
            names[:4],
            [
                "fan-out, 3 clients, 1 at once",
                "fan-out, 3 clients, 10 at once",
                "0.1 hours, 6 trades",
                "0.1 hours, 6 trades: quotes",
            ],
        )
        if Path("/proc/self/status").exists():
            self.assertEqual(names[4:], ["memory after 0.01 days", "memory after 0.02 days"])
        self.assertGreater(min(row.value for row in rows), 0)
        found = _measured()
        for name in names:
            self.assertIn(f"\n{name} ", table(SMALLEST, found, rows))
        self.assertEqual([row["name"] for row in document(SMALLEST, found, rows)["simulator"]], names)

    def test_metronome(self) -> None:
        """
        The symbols of the crowd tick each second, and agree with themselves.
        """
        source = Metronome(300)
        ticks = source.ticks(1_000_000, 1_003_000)
        self.assertEqual([tick.timestamp for tick in ticks], [1_000_300, 1_001_300, 1_002_300])
        self.assertEqual(source.lastTick(1_001_299), ticks[0])
        self.assertEqual(source.lastTick(1_001_300), ticks[1])
        self.assertEqual(source.nextTick(1_001_299), ticks[1])
        self.assertEqual(source.nextTick(1_001_300), ticks[2])

    def test_lostEvents(self) -> None:
        """
        If the clients see fewer events than were sent, there is no figure.
        """
        self.patch(simulator, "SYMBOLS_OFFERED", 99)
        scale = SimulatorScale(clients=1, ticks=1, hours=0.1, days=(0.01,))
        error = self.assertRaises(Failed, measureSimulator, scale, lambda line: None)
        self.assertIn("1 clients, 1 at once: 2 events", str(error))


class EndTests(SynchronousTestCase):
    """
    How the processes end.
    """

    def test_wrongEvents(self) -> None:
        """
        If a client sees other events than are expected, the benchmark fails instead of printing figures.
        """
        self.patch(rounds, "WORKLOADS", WORKLOADS[:1])
        self.patch(rounds, "spotEvents", lambda count: spotEvents(count - 1))
        error = self.assertRaises(Failed, measure, SMALLEST._replace(events=49), lambda line: None)
        self.assertIn("burst, bare", str(error))

    def test_deadProcess(self) -> None:
        """
        If a process ends early, the benchmark says which one.
        """
        with subprocess.Popen([sys.executable, "-c", "raise SystemExit(4)"], stdout=subprocess.PIPE) as process:
            error = self.assertRaises(Failed, readLine, process, "burst, bare")
        self.assertEqual(str(error), "burst, bare: the process ended early, with status 4")

    def test_killed(self) -> None:
        """
        If the benchmark is killed, its processes end too.
        """
        folder = os.path.abspath(self.mktemp())
        os.makedirs(folder)
        with subprocess.Popen(
            [sys.executable, "-m", "test.benchmark", "--quick"],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": folder, "TEMP": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stderr is not None
            self.assertEqual(process.stderr.readline().split(), [b"round", b"1", b"of", b"5:", b"burst"])
            process.kill()
            # The pipe has an end only when all who inherited it have gone.
            process.communicate(timeout=20)


class PartTests(SynchronousTestCase):
    """
    What is sent, and how it is compared.
    """

    def test_mix(self) -> None:
        """
        The frames are as long as real ones, and some events are one-sided.
        """
        events, frames = spotEvents(5000), spotFrames(5000)
        self.assertApproximates(sum(map(len, frames)) / len(frames), 30, 1)
        self.assertApproximates(sum(not event.HasField("ask") for event in events) / len(events), 0.15, 0.02)
        self.assertApproximates(sum(not event.HasField("bid") for event in events) / len(events), 0.15, 0.02)

    def test_records(self) -> None:
        """
        A live feed has one frame per record, a burst has full records, and both have the same bytes.
        """
        frames = spotFrames(1000)
        self.assertEqual(records(frames, "live"), frames)
        burst = records(frames, "burst")
        self.assertEqual({len(record) for record in burst[:-1]}, {16_384})
        self.assertEqual(b"".join(burst), b"".join(frames))

    def test_ratios(self) -> None:
        """
        Turns are compared with the reference of the same turn, rounds are the median of their turns, and the result is
        the median of the rounds.
        """
        figure = Figure("speed", "burst", "events/CPU-s", "higher", None, None, lambda seen: seen.events / seen.cpu)

        def turn(bare: int, other: int) -> dict[str, EventsSeen]:
            return {"bare": EventsSeen(bare, 0, 2.0), "other": EventsSeen(other, 0, 2.0)}

        reference, other = ratios(
            figure,
            [
                [turn(100, 50), turn(10, 4), turn(100, 90)],
                [turn(100, 60), turn(10, 6), turn(100, 10)],
                [turn(100, 80), turn(10, 8), turn(100, 10)],
            ],
        )
        self.assertEqual((reference.variant, reference.rounds), ("bare", [1, 1, 1]))
        self.assertEqual(other.rounds, [0.5, 0.6, 0.8])
        self.assertEqual((other.ratio, other.absolute), (0.6, 5))
        self.assertAlmostEqual(other.spread, 0.5)

    def test_percentile(self) -> None:
        """
        Percentiles do not depend on the order, and the highest is the greatest value.
        """
        values = [float(value) for value in range(100, 0, -1)]
        self.assertEqual(percentile(values, 50), 51)
        self.assertEqual(percentile(values, 99), 100)
        self.assertEqual(percentile([7.0], 99), 7)
