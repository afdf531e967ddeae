"""
The simulator's time on the real clock: over weekends, and over restarts.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.simulator.service import SimulatorService
from ctrader_twisted.simulator.venue.schedule import isOpen
from ctrader_twisted.tap import sim
from test.rawclient import RawClient

_HOUR = 3_600_000
SATURDAY = datetime(2026, 3, 7, 12, 30, tzinfo=UTC)
WEDNESDAY = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
# The clocks in New York go forward in the night to this Sunday; the market opens there at 17:00.
OPENING = datetime(2026, 3, 8, 21, tzinfo=UTC)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


class WeekendTests(SynchronousTestCase):
    """
    C{twistd ctrader-sim}, on a reactor whose time is a test's.
    """

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.reactor: Any = MemoryReactorClock()
        self.said: list[str] = []

    def at(self, moment: datetime) -> None:
        """
        Let the reactor's time be a moment to come.
        """
        self.reactor.advance(moment.timestamp() - self.reactor.seconds())

    def start(self, *words: str) -> SimulatorService:
        """
        Start a simulator as twistd does.
        """
        options = sim.Options()
        options.parseOptions(["--directory", str(self.path), *words])
        service = sim._makeService(self.reactor, options, {})
        self.patch(service, "_log", self)
        service.startService()
        return service

    def info(self, text: str, **values: Any) -> None:
        """
        Take what the service logs.
        """
        self.said.append(text.format(**values))

    def stop(self, service: SimulatorService) -> int:
        """
        Stop a simulator.

        @return: its time at the end.
        """
        service.stopService()
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        return service.exchange.timeline.now()

    def kept(self) -> Any:
        return json.loads((self.path / "state.json").read_text())["time"]

    def test_holiday(self) -> None:
        """
        On a holiday, when the schedule is that of any day, it is set forward likewise.
        """
        self.at(datetime(2026, 12, 25, 12, tzinfo=UTC))
        service = self.start()
        opening = datetime(2026, 12, 27, 22, tzinfo=UTC)
        self.assertEqual(service.exchange.timeline.now(), _milliseconds(opening) + _HOUR)
        self.stop(service)

    def test_weekday(self) -> None:
        """
        While the market is open, simulated time is real time, and nothing more is said.
        """
        self.at(WEDNESDAY)
        service = self.start()
        self.assertEqual(service.exchange.timeline.now(), _milliseconds(WEDNESDAY))
        self.assertEqual(len(self.said), 1)
        self.stop(service)
        self.assertEqual(self.kept(), {"ahead": 0, "latest": _milliseconds(WEDNESDAY)})

    def test_dailyBreak(self) -> None:
        """
        The hour in which only metals and indices rest is no weekend.
        """
        rest = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)
        self.at(rest)
        service = self.start()
        self.assertEqual(service.exchange.timeline.now(), _milliseconds(rest))
        self.stop(service)

    def test_saturday(self) -> None:
        """
        On a Saturday it is an hour after the opening of the market, everything can be traded, and the log says so.
        """
        self.at(SATURDAY)
        service = self.start()
        exchange = service.exchange
        self.assertEqual(exchange.timeline.now(), _milliseconds(OPENING) + _HOUR)
        self.assertTrue(all(isOpen(exchange.catalogue.full(each), exchange.timeline.now()) for each in (1, 41, 102)))
        self.assertIn("33.5 hours ahead, at Sunday, 2026-03-08 22:00 UTC", self.said[1])
        client = RawClient(exchange)
        client.logIn()
        heard: list[object] = []
        exchange.market.listen(lambda *tick: heard.append(tick))
        for _ in range(20):
            self.reactor.advance(1)
        self.assertTrue(heard)
        client.lose()
        self.stop(service)

    def test_twiceInARow(self) -> None:
        """
        The next start on the same weekend goes on with the same time ahead, also if the first one was killed; when the
        real week has begun, simulated time is still ahead.
        """
        self.at(SATURDAY)
        first = self.start()
        ahead = first.exchange.timeline.now() - _milliseconds(SATURDAY)
        self.reactor.advance(7_200)
        first._directory.release()
        self.reactor.advance(60)
        second = self.start()
        self.assertEqual(second.exchange.timeline.now(), _milliseconds(SATURDAY) + 7_260_000 + ahead)
        first.exchange.stop()
        self.stop(second)
        monday = datetime(2026, 3, 9, 12, tzinfo=UTC)
        self.at(monday)
        third = self.start()
        self.assertEqual(third.exchange.timeline.now(), _milliseconds(monday) + ahead)
        self.stop(third)

    def test_neverBack(self) -> None:
        """
        Time goes on from where it was after a run that was faster than the clock, and after the clock was set back.
        """
        self.at(WEDNESDAY)
        fast = self.start("--speed", "10")
        self.reactor.advance(3_600)
        ended = self.stop(fast)
        self.assertEqual(ended, _milliseconds(WEDNESDAY) + 10 * _HOUR)
        self.reactor.advance(60)
        again = self.start()
        self.assertEqual(again.exchange.timeline.now(), ended + 60_000)
        ended = self.stop(again)
        self.reactor.rightNow -= 7_200
        again = self.start()
        self.assertEqual(again.exchange.timeline.now(), ended)
        self.stop(again)

    def test_timeOfItsOwn(self) -> None:
        """
        A run whose beginning was told begins there, and leaves no trace in the time of the others.
        """
        self.at(SATURDAY)
        self.stop(self.start())
        before = self.kept()
        service = self.start("--replay-start", "2020-01-04T12:00:00Z")
        self.assertEqual(service.exchange.timeline.now(), _milliseconds(datetime(2020, 1, 4, 12, tzinfo=UTC)))
        self.stop(service)
        self.assertEqual(self.kept(), before)

    def test_help(self) -> None:
        """
        The help text tells of it.
        """
        self.assertIn("market is closed when it is started", " ".join(str(sim.Options()).split()))
