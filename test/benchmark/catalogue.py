"""
All rows of the benchmark, in the order in which they are measured and printed.
"""

from __future__ import annotations

from test.benchmark.columns import BARS, TICKS
from test.benchmark.downloads import DOWNLOAD
from test.benchmark.local import LISTENERS
from test.benchmark.rounds import served
from test.benchmark.simulator import DAY, FAN_OUT, MONTH
from test.benchmark.soak import SOAK
from test.benchmark.starting import IMPORT, IMPORT_CLIENT
from test.benchmark.store import READING, WRITING
from test.benchmark.stored import MEMORY
from test.benchmark.workload import Workload

__all__ = ["WORKLOADS"]

WORKLOADS: tuple[Workload, ...] = (
    *served(),
    FAN_OUT,
    LISTENERS,
    TICKS,
    BARS,
    MEMORY,
    WRITING,
    READING,
    DOWNLOAD,
    IMPORT,
    IMPORT_CLIENT,
    DAY,
    MONTH,
    SOAK,
)
