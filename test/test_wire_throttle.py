"""
Tests of the throttle: never more than the limit in any span, everybody in turn, and nobody forgotten.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import RateLimited, TooManyRequests
from ctrader_twisted.schema import RateClass
from ctrader_twisted.wire import Throttle

GENERAL, HISTORICAL, TRADING = RateClass.GENERAL, RateClass.HISTORICAL, RateClass.TRADING


class ThrottleCase(SynchronousTestCase):
    """
    A throttle on a clock, and when each request left.
    """

    def setUp(self) -> None:
        """
        Make a throttle that uses all of the rate.
        """
        self.clock = Clock()
        self.clock.advance(1_000.3)
        self.throttle = Throttle(self.clock, share=1)
        self.left: list[tuple[float, str]] = []

    def send(
        self, what: str, rate: RateClass = GENERAL, *, name: str = "A", user: object = None
    ) -> Deferred[None] | None:
        """
        Send a request when the throttle lets it.

        @return: its place, if it waits.
        """
        if self.throttle.take(name, rate):
            self.left.append((self.clock.seconds(), what))
            return None
        place = self.throttle.wait(name, rate, user)
        place.addCallback(lambda _: self.left.append((self.clock.seconds(), what)))
        return place

    def order(self) -> list[str]:
        """
        @return: what has left, in order.
        """
        return [what for _, what in self.left]


class WindowTests(ThrottleCase):
    """
    How many may leave.
    """

    def test_atOnce(self) -> None:
        """
        Scenario 51: the first requests leave at once, the next exactly when the first is a second old.
        """
        for number in range(7):
            self.send(str(number), HISTORICAL)
        self.assertEqual(self.order(), ["0", "1", "2", "3", "4"])
        self.clock.advance(0.99)
        self.assertEqual(len(self.left), 5)
        self.clock.advance(0.011)
        self.assertEqual(len(self.left), 7)

    def test_idle(self) -> None:
        """
        Scenario 56: nobody waits, so no timer runs.
        """
        self.send("one")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        for number in range(60):
            self.send(str(number))
        self.assertNotEqual(self.clock.getDelayedCalls(), [])
        self.clock.advance(1.01)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_share(self) -> None:
        """
        With nine tenths of the rate, the five of a second take 1.11 seconds.
        """
        self.throttle = Throttle(self.clock)
        for number in range(6):
            self.send(str(number), HISTORICAL)
        self.clock.advance(1.1)
        self.assertEqual(len(self.left), 5)
        self.clock.advance(0.02)
        self.assertEqual(len(self.left), 6)

    def test_classesApart(self) -> None:
        """
        Scenario 53: a thousand historical requests hold up neither an order nor anything else.
        """
        for number in range(1_000):
            self.send(str(number), HISTORICAL)
        self.assertIsNone(self.send("order", TRADING))
        self.assertIsNone(self.send("list", GENERAL))

    def test_keptForTrading(self) -> None:
        """
        However many requests wait, some places are kept for orders; and orders that wait leave first.
        """
        for number in range(100):
            self.send(str(number))
        self.assertEqual(len(self.left), 45)
        for number in range(5):
            self.assertIsNone(self.send(f"order {number}", TRADING))
        self.assertIsNotNone(self.send("order 5", TRADING))
        self.clock.advance(1.001)
        self.assertEqual(self.order()[50], "order 5")

    def test_counted(self) -> None:
        """
        What leaves without asking takes a place too.
        """
        for _ in range(4):
            self.throttle.count(HISTORICAL)
        self.assertIsNone(self.send("one", HISTORICAL))
        self.assertIsNotNone(self.send("two", HISTORICAL))
        self.clock.advance(1.001)

    @given(
        st.lists(
            st.tuples(st.sampled_from([GENERAL, HISTORICAL, TRADING]), st.floats(0, 0.4), st.integers(1, 30)),
            max_size=30,
        )
    )
    def test_neverMore(self, bursts: list[tuple[RateClass, float, int]]) -> None:
        """
        Scenario 52: in no span of a second do more leave than the server allows, and all leave in the end.
        """
        self.setUp()
        sent = 0
        for rate, pause, count in bursts:
            for _ in range(count):
                self.send("h" if rate is HISTORICAL else "g", rate, name=rate.value)
                sent += 1
            self.clock.advance(pause)
        self.clock.pump([0.1] * 4_000)
        self.assertEqual(len(self.left), sent)
        self.assertEqual(self.throttle.waiting, 0)
        for kind, limit in (("h", 5), ("g", 50)):
            times = [time for time, what in self.left if what == kind]
            for first, later in zip(times, times[limit:], strict=False):
                self.assertGreaterEqual(later, first + 1 - 1e-9)


class TurnTests(ThrottleCase):
    """
    Who comes when.
    """

    def setUp(self) -> None:
        """
        Take all places of the first second.
        """
        super().setUp()
        for _ in range(5):
            self.send("first", HISTORICAL)
        self.left.clear()

    def test_users(self) -> None:
        """
        One account's flood does not hold up the other's single request.
        """
        for number in range(10):
            self.send(f"flood {number}", HISTORICAL, user=1)
        self.send("single", HISTORICAL, user=2)
        self.clock.advance(1.001)
        self.assertEqual(self.order(), ["flood 0", "single", "flood 1", "flood 2", "flood 3"])
        self.clock.pump([1.1] * 2)

    def test_types(self) -> None:
        """
        So do the types of one account's requests.
        """
        for number in range(10):
            self.send(f"bars {number}", HISTORICAL, name="bars")
        self.send("deals", HISTORICAL, name="deals")
        self.clock.advance(1.001)
        self.assertEqual(self.order()[:2], ["bars 0", "deals"])
        self.clock.pump([1.1] * 2)

    def test_nobodyOvertakes(self) -> None:
        """
        A request that comes when a place has just become free waits behind those that came before.
        """
        self.send("waiting", HISTORICAL)
        # The timer has not run yet.
        self.clock.rightNow += 1.5
        self.send("new", HISTORICAL)
        self.clock.advance(0.001)
        self.assertEqual(self.order(), ["waiting", "new"])

    def test_cancel(self) -> None:
        """
        Scenario 17: who gives up his place frees it, and his request is never sent.
        """
        one, two = self.send("one", HISTORICAL), self.send("two", HISTORICAL)
        assert one is not None and two is not None
        one.cancel()
        self.failureResultOf(one, CancelledError)
        self.assertEqual(self.throttle.waiting, 1)
        self.clock.advance(1.001)
        self.assertEqual(self.order(), ["two"])
        three = self.send("three", HISTORICAL)
        self.assertIsNone(three)

    def test_cancelLast(self) -> None:
        """
        When the last one gives up, no timer is left.
        """
        one = self.send("one", HISTORICAL)
        assert one is not None
        one.cancel()
        self.failureResultOf(one, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_bound(self) -> None:
        """
        Scenario 20: not more may wait than the limit says.
        """
        self.throttle = Throttle(self.clock, historical=1, limit=2)
        self.throttle.count(HISTORICAL)
        self.send("one", HISTORICAL)
        self.send("two", HISTORICAL)
        self.assertRaises(TooManyRequests, self.send, "three", HISTORICAL)
        self.clock.pump([2] * 2)

    def test_boundByClass(self) -> None:
        """
        A flood of one class refuses nobody in another.
        """
        self.throttle = Throttle(self.clock, general=2, historical=1, kept=1, limit=1)
        for rate in (HISTORICAL, TRADING, TRADING):
            self.throttle.count(rate)
        for rate in (HISTORICAL, TRADING, GENERAL):
            self.assertIsNotNone(self.send(rate.value, rate))
        self.assertEqual(self.throttle.waiting, 3)
        self.clock.pump([2] * 3)

    def test_numbers(self) -> None:
        """
        Numbers that leave no place for somebody are refused.
        """
        for wrong in ({"share": 0}, {"share": 1.1}, {"kept": 50}, {"historical": 0}):
            self.assertRaises(ValueError, lambda wrong=wrong: Throttle(self.clock, **wrong))


class ClosureTests(ThrottleCase):
    """
    Types of request that the server does not take for a while.
    """

    def test_closed(self) -> None:
        """
        Scenario 54: a type waits as long as the server says; others flow.
        """
        self.assertEqual(self.throttle.close("A", 3, self.clock.seconds()), 3)
        self.assertIsNotNone(self.send("A"))
        self.assertIsNone(self.send("B", name="B"))
        self.assertAlmostEqual(self.throttle.closed("A"), 3)
        self.clock.advance(2.9)
        self.assertEqual(self.order(), ["B"])
        self.clock.advance(0.11)
        self.assertEqual(self.order(), ["B", "A"])
        self.assertEqual(self.throttle.closed("A"), 0)
        self.assertEqual(self.throttle.closed("B"), 0)

    def test_grows(self) -> None:
        """
        Scenario 55: without a hint the pause begins with a second and doubles with each repeat, up to two minutes.
        """
        pauses = []
        for _ in range(9):
            pauses.append(round(self.throttle.close("A", None, self.clock.seconds())))
            self.clock.advance(pauses[-1] + 0.01)
        self.assertEqual(pauses, [1, 2, 4, 8, 16, 32, 64, 120, 120])

    def test_hintGrows(self) -> None:
        """
        The server's hint is a lower bound; on repeats the pause is longer, and a long hint is kept to.
        """
        self.assertEqual(round(self.throttle.close("A", 3, self.clock.seconds())), 3)
        self.clock.advance(3.01)
        self.assertEqual(round(self.throttle.close("A", 3, self.clock.seconds())), 6)
        self.clock.advance(6.01)
        self.assertEqual(round(self.throttle.close("A", 400, self.clock.seconds())), 400)

    def test_shorterHint(self) -> None:
        """
        A later refusal with a shorter hint does not open the type sooner.
        """
        sent = self.clock.seconds()
        self.throttle.close("A", 30, sent)
        self.assertEqual(round(self.throttle.close("A", 1, sent)), 30)

    def test_emptyHint(self) -> None:
        """
        A hint of no time at all is none.
        """
        self.assertEqual(round(self.throttle.close("A", 0, self.clock.seconds())), 1)

    def test_days(self) -> None:
        """
        Refusals may go on for days.
        """
        for _ in range(2_000):
            pause = self.throttle.close("A", None, self.clock.seconds())
            self.clock.advance(pause + 0.01)
        self.assertEqual(round(pause), 120)

    def test_turnedAway(self) -> None:
        """
        Orders that wait for their turn do not wait until their type is open again; others do, and so do other orders.
        """
        for _ in range(50):
            self.throttle.count(TRADING)
        orders = [self.send("order", TRADING, user=user) for user in (1, 2, 1)]

        def told(failure: Failure, other: Deferred[None]) -> Failure:
            # One who is told may give up another place.
            other.cancel()
            return failure

        self.assertIsNotNone(self.send("close", TRADING, name="B"))
        self.assertIsNotNone(self.send("list", GENERAL, name="C"))
        last = orders[-1]
        for place in orders:
            assert place is not None and last is not None
            place.addErrback(told, last)
        self.throttle.close("A", 30, self.clock.seconds())
        for place, error in zip(orders, (RateLimited, RateLimited, CancelledError), strict=True):
            assert place is not None
            self.failureResultOf(place, error)
        self.clock.advance(1.001)
        self.assertEqual(self.order(), ["close", "list"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_inFlight(self) -> None:
        """
        Refusals of requests that were sent before the first refusal came are not repeats.
        """
        sent = self.clock.seconds()
        self.clock.advance(0.1)
        for _ in range(5):
            self.assertEqual(round(self.throttle.close("A", None, sent)), 1)
        self.assertEqual(self.throttle.refused, 5)

    def test_opened(self) -> None:
        """
        A success after the pause ends the growth; one that was under way before does not.
        """
        self.throttle.close("A", None, self.clock.seconds())
        self.throttle.open("A")
        self.assertEqual(self.throttle.closed("A"), 1)
        self.clock.advance(1.01)
        self.throttle.open("A")
        self.throttle.open("B")
        self.assertEqual(round(self.throttle.close("A", None, self.clock.seconds())), 1)
