"""
The events that the server sends and the clients count: the same ones in every process.
"""

from __future__ import annotations

from random import Random

from ctrader_twisted.framing import encodeFrame
from ctrader_twisted.schema.messages import ProtoOASpotEvent

__all__ = ["ACCOUNT", "spotEvents", "spotFrames"]

ACCOUNT = 12_345_678

_ONE_SIDED = 0.15


def spotEvents(count: int) -> list[ProtoOASpotEvent]:
    """
    Make events whose prices, ids and timestamps are as wide as real ones.

    @param count: how many.
    @return: as many events; the same ones for the same count.
    """
    randomness = Random(91)
    return [_event(randomness, index) for index in range(count)]


def spotFrames(count: int) -> list[bytes]:
    """
    Make the frames of L{spotEvents}.

    @param count: how many.
    @return: the bytes of one frame each.
    """
    return [encodeFrame(event) for event in spotEvents(count)]


def _event(randomness: Random, index: int) -> ProtoOASpotEvent:
    bid = randomness.randrange(100_000, 140_000)
    event = ProtoOASpotEvent(
        ctidTraderAccountId=ACCOUNT,
        symbolId=randomness.randrange(1, 200),
        bid=bid,
        ask=bid + randomness.randrange(1, 30),
        timestamp=1_700_000_000_000 + 100 * index,
    )
    side = randomness.random()
    if side < _ONE_SIDED:
        event.ClearField("ask")
    elif side < 2 * _ONE_SIDED:
        event.ClearField("bid")
    return event
