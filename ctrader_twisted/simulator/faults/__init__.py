"""
What can be made to go wrong in the simulator: rules as plain data, and the disturbances that a test calls for.
"""

from ctrader_twisted.simulator.faults.faults import Applied, Faults
from ctrader_twisted.simulator.faults.rules import (
    Corrupt,
    Cut,
    Delay,
    Duplicate,
    Incoming,
    Mute,
    Outgoing,
    Page,
    Push,
    Refuse,
    Reorder,
    Stall,
    TokenAnswer,
    TokenRequest,
    Withhold,
)

__all__ = [
    "Applied",
    "Corrupt",
    "Cut",
    "Delay",
    "Duplicate",
    "Faults",
    "Incoming",
    "Mute",
    "Outgoing",
    "Page",
    "Push",
    "Refuse",
    "Reorder",
    "Stall",
    "TokenAnswer",
    "TokenRequest",
    "Withhold",
]
