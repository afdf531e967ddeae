"""
The store: writing and reading ticks of some days, against pyarrow that writes and reads the same tables at once.
"""

from __future__ import annotations

import shutil
from array import array
from collections.abc import Callable
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from ctrader_twisted.columns import Ticks
from ctrader_twisted.store import Dataset, DatasetWriter, Series
from test.benchmark.alternating import alternating
from test.benchmark.workload import Effort, Figure, NotHere, Progress, Round, Workload, cpu

__all__ = ["READING", "WRITING", "reading", "writing"]

_DAYS = 10
_PARTS = 24
_DAY = 86_400_000
_PART = _DAY // _PARTS
_START = 1_704_067_200_000
_SERIES = Series.ticks("EURUSD", "bid")
_WHOLE = (_START, _START + _DAYS * _DAY)


def writing(effort: Effort) -> dict[str, Callable[[], float]]:
    """
    Write ticks: pyarrow a file for each day, the store in parts of an hour, as a download does.

    @param effort: how much to measure.
    @return: for each variant, what measures the CPU seconds of a million ticks.
    """
    parts = _parts(effort)
    days = [Ticks.joined(parts[first : first + _PARTS]) for first in range(0, len(parts), _PARTS)]
    root = _folder()
    numbers = count()
    factor = 1e6 / sum(map(len, days))

    def measured(write: Callable[[Path], None]) -> float:
        folder = root / str(next(numbers))
        folder.mkdir()
        try:
            return factor * cpu(lambda: write(folder))
        finally:
            shutil.rmtree(folder)

    return {
        "bare": lambda: measured(lambda folder: _writeBare(folder, days)),
        "store": lambda: measured(lambda folder: _writeStore(folder, parts)),
    }


def reading(effort: Effort) -> dict[str, Callable[[], float]]:
    """
    Read ticks: all of them as one table.

    @param effort: how much to measure.
    @return: for each variant, what measures the CPU seconds of a million ticks.
    """
    parts = _parts(effort)
    root = _folder()
    _writeStore(root, parts)
    factor = 1e6 / sum(map(len, parts))
    return {
        "bare": lambda: factor * cpu(lambda: _readBare(root)),
        "store": lambda: factor * cpu(lambda: Dataset(root).read(_SERIES, *_WHOLE)),
    }


_kept: list[TemporaryDirectory[str]] = []


def _folder() -> Path:
    # It is removed when the process ends.
    _kept.append(TemporaryDirectory())
    return Path(_kept[-1].name)


def _parts(effort: Effort) -> list[Ticks]:
    rows = (1_000 if effort is Effort.SMALLEST else 1_000_000) // (_DAYS * _PARTS)
    step = _PART // rows
    return [
        Ticks(
            array("q", range(start, start + rows * step, step)),
            array("q", (110_000 + number * 7_919 % 977 for number in range(rows))),
            digits=5,
        )
        for start in range(*_WHOLE, _PART)
    ]


def _writeBare(folder: Path, days: list[Ticks]) -> None:
    import pyarrow.parquet

    for number, day in enumerate(days):
        pyarrow.parquet.write_table(day.toArrow(), folder / f"{number}.parquet", compression="zstd")


def _writeStore(folder: Path, parts: list[Ticks]) -> None:
    with DatasetWriter(folder) as writer:
        for number, part in enumerate(parts):
            start = _START + number * _PART
            writer.write(_SERIES, (start, start + _PART), part)


def _readBare(folder: Path) -> None:
    import pyarrow.parquet

    for path in sorted(folder.rglob("*.parquet")):
        pyarrow.parquet.read_table(path, columns=["timestamp", "price"], partitioning=None)


def _perSecond(seconds: float) -> float:
    return 1e6 / seconds


def _needingArrow(workload: Workload) -> Workload:
    def measure(effort: Effort, progress: Progress) -> list[Round]:
        if find_spec("pyarrow") is None:
            raise NotHere("pyarrow is not installed")
        return workload.measure(effort, progress)

    return workload._replace(measure=measure)


WRITING = _needingArrow(
    alternating("store-write", writing, Figure("writing ticks", "ticks/CPU-s", "higher", None, None, value=_perSecond))
)
READING = _needingArrow(
    alternating("store-read", reading, Figure("reading ticks", "ticks/CPU-s", "higher", None, None, value=_perSecond))
)
