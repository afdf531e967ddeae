"""
What a measured process is told to do, and what it tells when it has done it.
"""

from __future__ import annotations

from time import process_time
from typing import NamedTuple

from ctrader_twisted.schema.messages import ProtoOASpotEvent

__all__ = ["DEPTH", "Assignment", "DropsSurvived", "EventsSeen", "Tally", "TripsMade", "percentile"]

DEPTH = 50
"""
How many requests are pipelined.
"""


class Assignment(NamedTuple):
    """
    What to measure in each turn.

    @ivar variant: who: C{bare}, C{plain}, C{connection} or C{session}.
    @ivar work: what: C{events}, C{trips} or C{drops}.
    @ivar port: where the server is.
    @ivar certificate: the path of the certificate to trust.
    @ivar trips: how many round trips.
    @ivar batches: how many times L{DEPTH} pipelined requests.
    @ivar drops: how many dropped connections.
    @ivar core: which core to keep to, or L{None} for any.
    @ivar seconds: the longest time to live.
    """

    variant: str
    work: str
    port: int
    certificate: str
    trips: int
    batches: int
    drops: int
    core: int | None
    seconds: float


class EventsSeen(NamedTuple):
    """
    What a client saw in one turn.

    @ivar events: how many events the listener was given.
    @ivar total: the sum of the field that the listener reads.
    @ivar cpu: the seconds of CPU time of the whole process.
    """

    events: int
    total: int
    cpu: float


class TripsMade(NamedTuple):
    """
    How long the round trips of one turn took.

    @ivar trips: the seconds of each, one at a time.
    @ivar pipelined: how many requests were answered in batches.
    @ivar seconds: how long all batches took.
    """

    trips: list[float]
    pipelined: int
    seconds: float


class DropsSurvived(NamedTuple):
    """
    How long it took to be back after the drops of one turn.

    @ivar seconds: for each, from what made the server drop the connection to the account being authorised again.
    """

    seconds: list[float]


class Tally:
    """
    The listener: it reads one field of each event.
    """

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """
        Begin to count, and to measure the CPU time.
        """
        self.events = self.total = 0
        self._cpu = process_time()

    def take(self, event: ProtoOASpotEvent) -> None:
        """
        Take in an event.

        @param event: the event.
        """
        self.events += 1
        self.total += event.bid

    def seen(self) -> EventsSeen:
        """
        @return: what was seen since L{start}.
        """
        return EventsSeen(self.events, self.total, process_time() - self._cpu)


def percentile(values: list[float], percent: float) -> float:
    """
    Find the value that so many percent of all do not exceed.

    @param values: the values, in any order; at least one.
    @param percent: from 0 to 100.
    @return: one of the values.
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
