"""
Tests of the benchmark: that it measures what it says, and leaves nothing behind. How fast anything is, is no test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from io import BytesIO
from itertools import count
from pathlib import Path
from types import SimpleNamespace

from twisted.trial.unittest import SynchronousTestCase

from test.benchmark import fanout, report, rounds, simulator, soak
from test.benchmark.alternating import alternating
from test.benchmark.catalogue import WORKLOADS
from test.benchmark.fanout import Metronome
from test.benchmark.figures import readings
from test.benchmark.frames import spotEvents, spotFrames
from test.benchmark.processes import Failed, readLine
from test.benchmark.report import Measured, document, table
from test.benchmark.results import DEPTH, EventsSeen, percentile
from test.benchmark.rounds import BURST, LIVE, OFFICIAL, TRIPS, Scale, measure
from test.benchmark.server import records
from test.benchmark.simulator import CrowdScale, fanOut
from test.benchmark.soaking import Held
from test.benchmark.workload import Effort, Figure, NotHere, Round, Workload, cpu

PROJECT = Path(__file__).resolve().parent.parent
SMALLEST = Scale(rounds=1, turns=1, events=50, trips=3, batches=1, drops=2)


@cache
def _measured() -> dict[str, Measured]:
    # Without the official SDK, which takes many seconds.
    interpreter = os.environ.pop(OFFICIAL, None)
    try:
        return {workload.name: report.measure(workload, Effort.SMALLEST, lambda line: None) for workload in WORKLOADS}
    finally:
        if interpreter is not None:
            os.environ[OFFICIAL] = interpreter


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
        Each workload has a turn, in which each of its variants was measured, and each variant a value of each figure.
        """
        for told in (BURST, LIVE, TRIPS):
            ((turn,),) = self.found[told.name].rounds
            self.assertEqual(tuple(turn), told.variants)
        for measured in self.found.values():
            for figure in measured.workload.figures:
                for reading in readings(figure, measured.rounds):
                    self.assertGreater(reading.absolute, 0)
                    self.assertEqual(len(reading.rounds), 1)

    def test_names(self) -> None:
        """
        No two workloads and no two figures have the same name, and each reference is a variant.
        """
        figures = [figure for workload in WORKLOADS for figure in workload.figures]
        self.assertEqual(len({workload.name for workload in WORKLOADS}), len(WORKLOADS))
        self.assertEqual(len({figure.name for figure in figures}), len(figures))
        for measured in self.found.values():
            for figure in measured.workload.figures:
                if measured.rounds and figure.reference is not None:
                    self.assertIn(figure.reference, measured.rounds[0][0])

    def test_allEventsAreSeen(self) -> None:
        """
        Every variant's listener was given all events of the turn, none of the turn before, and read the true values.
        """
        total = sum(event.bid for event in spotEvents(50))
        for shape in ("burst", "live"):
            for seen in self.found[shape].rounds[0][0].values():
                self.assertEqual((seen.events, seen.total), (50, total))
                self.assertGreater(seen.cpu, 0)

    def test_allTripsAreMade(self) -> None:
        """
        Every variant made the round trips and the batches that were asked for, and each took time.
        """
        for made in self.found["trips"].rounds[0][0].values():
            self.assertEqual((len(made.trips), made.pipelined), (3, DEPTH))
            self.assertGreater(min(made.trips), 0)
            self.assertGreater(made.seconds, 0)

    def test_soak(self) -> None:
        """
        The soak sees all events, and what it counts does not grow with them.
        """
        for held in (turn for turns in self.found["soak"].rounds for turn in turns):
            self._checkSoak(held)

    def _checkSoak(self, held: dict[str, Held]) -> None:
        self.assertEqual([each.events for each in held.values()], [200, 400, 600])
        first, last = held["at first"], held["all"]
        self.assertEqual(first.deferreds, last.deferreds)
        self.assertLess(last.objects - first.objects, 100)
        self.assertLessEqual(last.timers, first.timers)

    def test_allDropsAreSurvived(self) -> None:
        """
        Every variant came back after each drop, and that took time.
        """
        for made in self.found["reconnect"].rounds[0][0].values():
            self.assertEqual(len(made.seconds), 2)
            self.assertGreater(min(made.seconds), 0)

    def test_table(self) -> None:
        """
        The table has a line for each figure and variant, and names the interpreter.
        """
        lines = table(Effort.SMALLEST, list(self.found.values())).splitlines()
        self.assertTrue(lines[0].startswith(f"python: {sys.implementation.name}".replace("cpython", "CPython")))
        rows = [line.split() for line in lines[lines.index("") + 2 :]]
        self.assertEqual([row[:2] for row in rows[:4]], [["burst", variant] for variant in BURST.variants])
        self.assertEqual(
            len(rows),
            sum(
                len(readings(figure, measured.rounds))
                for measured in self.found.values()
                for figure in measured.workload.figures
            ),
        )

    def test_document(self) -> None:
        """
        The document holds the same figures, as JSON, with the goals; the reference's own ratio is one.
        """
        read = json.loads(json.dumps(document(Effort.SMALLEST, list(self.found.values()))))
        self.assertEqual(
            [figure["name"] for figure in read["figures"]],
            [figure.name for workload in WORKLOADS for figure in workload.figures],
        )
        self.assertEqual(read["figures"][0]["reach"], 0.9)
        for figure in read["figures"]:
            for variant in figure["variants"]:
                if variant["variant"] == figure["reference"]:
                    self.assertEqual((variant["ratio"], variant["ofGoal"]), (1, None))


class OfficialTests(SynchronousTestCase):
    """
    The official SDK beside ours.
    """

    if OFFICIAL not in os.environ:
        skip = f"{OFFICIAL} names no interpreter"

    def test_events(self) -> None:
        """
        It is measured in the same round, and sees the same events.
        """
        ((turn,),) = measure(BURST, SMALLEST, lambda line: None)
        self.assertEqual(turn["official"][:2], turn["bare"][:2])


class SimulatorTests(SynchronousTestCase):
    """
    The rows of the simulator.
    """

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
        self.patch(simulator, "SYMBOLS_OFFERED", fanout.SYMBOLS_OFFERED - 1)
        error = self.assertRaises(Failed, fanOut, CrowdScale(1, 1, 10), lambda line: None)
        self.assertIn("fan-out, plain: 11 events", str(error))

    def test_memoryIsNotTold(self) -> None:
        """
        Where the system does not tell how much memory a process has, these rows say so.
        """
        (process,) = self._pretended(Held(200, None, 1, 1, 1, 1)._asdict())
        self.patch(soak, "startProcess", lambda module, told: nullcontext(process))
        self.patch(soak, "_SOAKS", {Effort.SMALLEST: (200, (1,))})
        self.patch(soak, "_PARTS", ("all",))
        error = self.assertRaises(NotHere, soak.SOAK.measure, Effort.SMALLEST, lambda line: None)
        self.assertIn("does not tell", str(error))

    def test_soakLosesEvents(self) -> None:
        """
        If the listeners of the soak are given fewer events than came, there is no figure.
        """
        (process,) = self._pretended(Held(199, 1, 1, 1, 1, 1)._asdict())
        self.patch(soak, "startProcess", lambda module, told: nullcontext(process))
        self.patch(soak, "_SOAKS", {Effort.SMALLEST: (200, (1,))})
        error = self.assertRaises(Failed, soak.SOAK.measure, Effort.SMALLEST, lambda line: None)
        self.assertIn("[199] were seen", str(error))

    def _pretended(self, *held: dict[str, object]) -> list[SimpleNamespace]:
        return [SimpleNamespace(stdout=BytesIO(json.dumps([each]).encode() + b"\n")) for each in held]


class EndTests(SynchronousTestCase):
    """
    How the processes end.
    """

    def test_wrongEvents(self) -> None:
        """
        If a client sees other events than are expected, the benchmark fails instead of printing figures.
        """
        self.patch(rounds, "spotEvents", lambda count: spotEvents(count - 1))
        error = self.assertRaises(Failed, measure, BURST, SMALLEST._replace(events=49), lambda line: None)
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
            self.assertEqual(process.stderr.readline().split(), [b"burst:", b"round", b"1", b"of", b"3"])
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

    def test_readings(self) -> None:
        """
        Turns are compared with the reference of the same turn, rounds are the median of their turns, and the result is
        the median of the rounds. A variant that was measured seldom is compared where it was measured.
        """
        figure = Figure("speed", "events/CPU-s", "higher", None, 1.2, lambda seen: seen.events / seen.cpu)

        def turn(bare: int, other: int) -> dict[str, EventsSeen]:
            return {"bare": EventsSeen(bare, 0, 2.0), "other": EventsSeen(other, 0, 2.0)}

        seldom = {**turn(100, 90), "official": EventsSeen(20, 0, 2.0)}
        reference, other, official = readings(
            figure,
            [
                [turn(100, 50), turn(10, 4), seldom],
                [turn(100, 60), turn(10, 6), turn(100, 10)],
                [turn(100, 80), turn(10, 8), turn(100, 10)],
            ],
        )
        self.assertEqual((reference.variant, reference.rounds, reference.ofGoal), ("bare", [1, 1, 1], None))
        self.assertEqual(other.rounds, [0.5, 0.6, 0.8])
        self.assertEqual((other.ratio, other.absolute, other.ofGoal), (0.6, 5, 0.5))
        self.assertAlmostEqual(other.spread, 0.5)
        self.assertEqual((official.ratio, official.rounds, official.ofGoal), (0.2, [0.2], None))

    def test_absoluteGoal(self) -> None:
        """
        Without a reference the goal is for the absolute value; where less is better, half of it is twice the goal.
        """
        figure = Figure("memory", "B", "lower", None, 40.0, reference=None)
        (reading,) = readings(figure, [[{"ours": 10.0}], [{"ours": 20.0}], [{"ours": 30.0}]])
        self.assertEqual((reading.absolute, reading.ratio, reading.ofGoal), (20, None, 2))

    def test_notHere(self) -> None:
        """
        What cannot be measured here has its row all the same, with the reason.
        """

        def refuse(effort: Effort, progress: object) -> list[Round]:
            raise NotHere("there is no far here")

        workload = Workload("far", (Figure("distance", "m", "lower", None, None),), refuse)
        measured = [report.measure(workload, Effort.SMALLEST, lambda line: None)]
        self.assertIn("\ndistance ", table(Effort.SMALLEST, measured))
        self.assertIn("not measured: there is no far here", table(Effort.SMALLEST, measured))
        self.assertEqual(document(Effort.SMALLEST, measured)["figures"][0]["why"], "there is no far here")

    def test_alternating(self) -> None:
        """
        Functions are measured in turn in another process; the first turn is not counted, and more effort makes rounds.
        """
        rounds = alternating("numbers", numbers).measure(Effort.QUICK, lambda line: None)
        self.assertEqual(rounds, [[{"one": 1, "two": 12}, {"one": 2, "two": 22}, {"one": 3, "two": 32}]] * 3)

    def test_cpu(self) -> None:
        """
        The CPU time of some work is measured, and the work is done.
        """
        done: list[int] = []
        self.assertGreaterEqual(cpu(lambda: done.append(1)), 0)
        self.assertEqual(done, [1])

    def test_percentile(self) -> None:
        """
        Percentiles do not depend on the order, and the highest is the greatest value.
        """
        values = [float(value) for value in range(100, 0, -1)]
        self.assertEqual(percentile(values, 50), 51)
        self.assertEqual(percentile(values, 99), 100)
        self.assertEqual(percentile([7.0], 99), 7)


def numbers(effort: Effort) -> dict[str, Callable[[], int]]:
    """
    Variants for a test: they tell how often they were called.
    """
    ones, twos = count(), count(2, 10)
    return {"one": lambda: next(ones), "two": lambda: next(twos)}
