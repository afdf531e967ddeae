"""
A dataset: a folder of ticks and bars that other programs read as plain Parquet, and that says of each millisecond
whether it is owned, provisional or missing.

L{DatasetWriter} writes it: live rows at once into segments with checksums, rows of history in their place, and whole
days into Parquet. L{Dataset} reads it, also meanwhile. The code blocks and knows no Twisted: it is called in a thread.
pyarrow is needed for Parquet only.
"""

from ctrader_twisted.store.comparing import Difference
from ctrader_twisted.store.dataset import Coverage, Dataset, State, Summary
from ctrader_twisted.store.disk import Disk
from ctrader_twisted.store.series import Series
from ctrader_twisted.store.spans import Span
from ctrader_twisted.store.verifying import Finding
from ctrader_twisted.store.writer import DatasetWriter

__all__ = [
    "Coverage",
    "Dataset",
    "DatasetWriter",
    "Difference",
    "Disk",
    "Finding",
    "Series",
    "Span",
    "State",
    "Summary",
]
