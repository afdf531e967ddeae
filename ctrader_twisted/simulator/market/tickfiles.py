"""
Reading files of ticks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import starmap
from pathlib import Path

from ctrader_twisted.simulator.market.pricefiles import TICKS, readRows
from ctrader_twisted.simulator.market.summary import Tick

__all__ = ["readTicks"]


def readTicks(path: Path) -> Iterator[Tick]:
    """
    Read a file of ticks.

    @param path: the file, in one of the layouts of L{ctrader_twisted.simulator.market.pricefiles}.
    @return: its ticks, in the order of the file, which is the order of time.
    @raise ConfigurationError: if the file cannot be read, has another layout, a price that is finer than 1/100000, or
        a tick that is older than the one before; the message names file and line. It is raised while the ticks are
        being consumed.
    """
    return starmap(Tick, readRows(path, TICKS))
