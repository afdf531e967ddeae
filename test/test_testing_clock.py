"""
The clock of virtual time does what Twisted's does.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from ctrader_twisted.testing.clock import VirtualClock
from ctrader_twisted.testing.driving import drive

times = st.integers(0, 12)
actions = st.lists(
    st.tuples(st.sampled_from(["call", "nest", "cancel", "reset", "delay", "advance"]), times, times), max_size=40
)


def story(clock: Clock, planned: list[tuple[str, int, int]]) -> list[tuple[Any, ...]]:
    """
    Do what was planned.

    @return: what happened, and when.
    """
    happened: list[tuple[Any, ...]] = []
    calls: list[Any] = []

    def call(name: int, nested: int | None) -> None:
        happened.append((name, clock.seconds()))
        if nested is not None:
            calls.append(clock.callLater(nested, call, -name, None))

    for number, (action, first, second) in enumerate(planned):
        active = [each for each in calls if each.active()]
        if action in ("call", "nest"):
            calls.append(clock.callLater(first, call, number, second if action == "nest" else None))
        elif action == "advance":
            clock.advance(first)
        elif active:
            chosen = active[first % len(active)]
            if action == "cancel":
                chosen.cancel()
            elif action == "reset":
                chosen.reset(second)
            else:
                chosen.delay(second)
        happened.append(("left", sorted(each.getTime() for each in clock.getDelayedCalls())))
    clock.advance(100)
    return happened


class VirtualClockTests(SynchronousTestCase):
    """
    Calls are made at their time.
    """

    @given(actions)
    def test_asTwisted(self, planned: list[tuple[str, int, int]]) -> None:
        """
        Whatever is called, put off, brought forward and cancelled happens when it does on Twisted's clock; what falls
        on one moment may come in another order if it was brought forward to that.
        """

        def byMoment(happened: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
            return sorted(happened, key=repr)

        self.assertEqual(byMoment(story(VirtualClock(), planned)), byMoment(story(Clock(), planned)))

    def test_order(self) -> None:
        """
        What is due at one moment happens in the order in which it was asked for.
        """
        clock = VirtualClock()
        heard: list[int] = []
        for number in range(5):
            clock.callLater(3 - number % 2, heard.append, number)
        clock.advance(3)
        self.assertEqual(heard, [1, 3, 0, 2, 4])

    def test_soon(self) -> None:
        """
        What shall happen soon happens when the present call is over, before others that are due; asked for from
        outside, with the next step, for which no time passes.
        """
        clock = VirtualClock()
        heard: list[str] = []

        def first() -> None:
            clock.soon(second)
            heard.append("first")

        def second() -> None:
            clock.soon(lambda: heard.append("third"))
            heard.append("second")

        clock.callLater(1, first)
        clock.callLater(1, heard.append, "other")
        clock.soon(lambda: heard.append("zero"))
        self.assertTrue(clock.step(9))
        self.assertEqual((heard, clock.seconds()), (["zero"], 0))
        clock.soon(lambda: heard.append("again"))
        clock.advance(0)
        clock.advance(1)
        self.assertEqual(heard, ["zero", "again", "first", "second", "third", "other"])

    def test_step(self) -> None:
        """
        A step goes to the next call and no further.
        """
        clock = VirtualClock()
        heard: list[str] = []
        late = clock.callLater(2, heard.append, "late")
        for name in ("a", "b"):
            clock.callLater(1, heard.append, name)
        self.assertFalse(clock.step(0.5))
        self.assertTrue(clock.step(5))
        self.assertEqual((heard, clock.seconds()), (["a", "b"], 1))
        late.reset(3)
        self.assertFalse(clock.step(3.5))
        self.assertTrue(clock.step(4))
        self.assertEqual((heard, clock.seconds()), (["a", "b", "late"], 4))
        self.assertFalse(clock.step(1_000))

    def test_over(self) -> None:
        """
        What was made or cancelled cannot be cancelled or moved any more.
        """
        clock = VirtualClock()
        made, cancelled = clock.callLater(1, int), clock.callLater(1, int)
        cancelled.cancel()
        clock.advance(1)
        for call, error in ((made, AlreadyCalled), (cancelled, AlreadyCancelled)):
            self.assertFalse(call.active())
            self.assertRaises(error, call.cancel)
            self.assertRaises(error, call.reset, 1)
            self.assertRaises(error, call.delay, 1)

    def test_interface(self) -> None:
        """
        What C{callLater} gives is what Twisted says that it gives.
        """
        verifyObject(IDelayedCall, VirtualClock().callLater(1, int))


class FractionTests(SynchronousTestCase):
    """
    Times between whole seconds.
    """

    def test_putOff(self) -> None:
        """
        A call that was put off by a part of a second is not made before.
        """
        clock = VirtualClock()
        made: list[float] = []
        clock.callLater(1.0, lambda: made.append(clock.seconds())).reset(1.5)
        clock.advance(1.25)
        self.assertEqual(made, [])
        clock.advance(0.25)
        self.assertEqual(made, [1.5])

    def test_drivenOn(self) -> None:
        """
        Whenever a drive begins, it goes past the moment at which it is looked whether anything can end the wait.
        """

        class CountedClock(VirtualClock):
            asked = 0

            def seconds(self) -> float:
                self.asked += 1
                assert self.asked < 100, "the drive goes round without a step"
                return super().seconds()

        async def waits(clock: Clock) -> float:
            for seconds in (60, 60, 1):
                await deferLater(clock, seconds, int)
            return clock.seconds()

        # From some of these on, a minute is rounded to less.
        for start in (15.6, 17.6, 118.2, 119.3):
            clock = CountedClock()
            clock.advance(start)
            self.assertAlmostEqual(drive(clock, waits(clock), hours=1), start + 121)
