"""
How long things may take.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, frozen

from ctrader_twisted.schema import RateClass

__all__ = ["Timing"]


@frozen
class Timing:
    """
    How long things may take on a connection, in seconds.

    @ivar heartbeat: how long to be silent before a heartbeat is sent.
    @ivar patience: how long to hear nothing before the connection counts as dead.
    @ivar closing: how long the other side may take to answer a close.
    @ivar answers: how long an answer may take, by the request's rate class.
    """

    heartbeat: float = 10.0
    patience: float = 60.0
    closing: float = 5.0
    answers: Mapping[RateClass, float] = Factory(
        lambda: {RateClass.GENERAL: 15.0, RateClass.HISTORICAL: 60.0, RateClass.TRADING: 30.0}
    )
