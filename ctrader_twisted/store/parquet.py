"""
The Parquet file of a partition. It says itself what it covers, in the metadata of its schema: so rows and coverage
change in one step, and no index is needed to know what is owned. pyarrow is imported only here, and when it is needed.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from ctrader_twisted.errors import ConfigurationError, StoreDamaged
from ctrader_twisted.store.folding import Holding, noRows
from ctrader_twisted.store.series import Arrays, Series
from ctrader_twisted.store.spans import Span

if TYPE_CHECKING:
    import pyarrow

__all__ = ["Stored", "footerSum", "hasArrow", "packParquet", "readParquet", "readStored", "signed"]

_KEY = b"ctrader_twisted"
_ROWS_OF_A_GROUP = 1 << 17
_END = 8
_SUM_SIZE = 8
_MAGIC = b"PAR1"


class Stored(NamedTuple):
    """
    What a Parquet file says of itself.

    @ivar folded: the number of the last segment that is in it.
    @ivar final: the spans of which history has told all.
    @ivar provisional: those in which only live rows are known.
    @ivar digits: the decimal places of the symbol's prices.
    @ivar rows: how many rows it has.
    @ivar first: the time of the first row, or L{None}.
    @ivar last: the time of the last row, or L{None}.
    """

    folded: int
    final: tuple[Span, ...]
    provisional: tuple[Span, ...]
    digits: int
    rows: int
    first: int | None
    last: int | None


def signed(stored: Stored) -> bytes:
    """
    Write what a file says of itself, with a checksum, since Parquet has none there.

    @param stored: what it says.
    @return: what stands in its metadata.
    """
    text = json.dumps(stored._asdict()).encode()
    return _sum(text) + text


def hasArrow() -> bool:
    """
    Tell whether Parquet can be read and written here.
    """
    try:
        _arrow()
    except ConfigurationError:
        return False
    return True


def packParquet(series: Series, holding: Holding, folded: int) -> tuple[Stored, bytes]:
    """
    Write a partition as Parquet.

    @param series: the series.
    @param holding: what is known of the partition.
    @param folded: the number of the last segment that is in it.
    @return: what the file says of itself, and its bytes.
    @raise ConfigurationError: if pyarrow is not installed.
    """
    arrow = _arrow()
    import pyarrow.parquet

    timestamps = holding.columns[0]
    ends = (timestamps[0], timestamps[-1]) if timestamps else (None, None)
    stored = Stored(folded, holding.final, holding.provisional, holding.digits, len(timestamps), *ends)
    table = series.table(holding.columns, holding.digits, True).toArrow()
    metadata = {**(table.schema.metadata or {}), _KEY: signed(stored)}
    content = arrow.BufferOutputStream()
    pyarrow.parquet.write_table(
        table.replace_schema_metadata(metadata),
        content,
        row_group_size=_ROWS_OF_A_GROUP,
        compression="zstd",
        write_page_checksum=True,
    )
    return stored, content.getvalue().to_pybytes()


def readStored(path: Path, file: IO[bytes]) -> Stored:
    """
    Read what a file says of itself.

    @param path: its name, for errors.
    @param file: the file.
    @return: what it says.
    @raise ConfigurationError: if pyarrow is not installed.
    @raise StoreDamaged: if it cannot be read.
    """
    with _opened(path, file) as parquet:
        return _stored(parquet)


def readParquet(path: Path, file: IO[bytes], series: Series) -> tuple[Stored, Arrays]:
    """
    Read a file whole, and check its pages.

    @param path: its name, for errors.
    @param file: the file.
    @param series: the series that it is of.
    @return: what it says of itself, and its rows.
    @raise ConfigurationError: if pyarrow is not installed.
    @raise StoreDamaged: if it cannot be read, or is not as it says.
    """
    with _opened(path, file) as parquet:
        stored = _stored(parquet)
        empty = series.table(noRows(series.width), 0, True).toArrow()
        table = parquet.read(columns=empty.column_names)
        if not table.schema.equals(empty.schema) or len(table) != stored.rows:
            raise ValueError("its columns are not those of its series")
        return stored, tuple(map(_array, table.columns))


def footerSum(file: IO[bytes]) -> int | None:
    """
    Add up the end of a file, which tells this file from all others that were written.

    @param file: the file.
    @return: the checksum, or L{None} if it is no Parquet file.
    @raise OSError: if it cannot be read.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _END))
    end = file.read(_END)
    length = int.from_bytes(end[:4], "little") + _END
    if not end.endswith(_MAGIC) or length > size:
        return None
    file.seek(size - length)
    return crc32(file.read(length))


def _sum(text: bytes) -> bytes:
    return b"%08x" % crc32(text)


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise ConfigurationError(
            "Parquet needs pyarrow, which is not installed: pip install 'ctrader-twisted[data]'"
        ) from None
    return pyarrow


@contextmanager
def _opened(path: Path, file: IO[bytes]) -> Iterator[Any]:
    arrow = _arrow()
    import pyarrow.parquet

    file.seek(0)
    content = arrow.BufferReader(file.read())
    try:
        yield pyarrow.parquet.ParquetFile(content, page_checksum_verification=True)
    # That a checksum is wrong is told as OSError.
    except (arrow.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise StoreDamaged(f"it cannot be read as a part of a dataset: {error}", path) from error


def _stored(parquet: Any) -> Stored:
    text = (parquet.metadata.metadata or {})[_KEY]
    if text[:_SUM_SIZE] != _sum(text[_SUM_SIZE:]):
        raise ValueError("the checksum of what it covers is wrong")
    told = json.loads(text[_SUM_SIZE:])
    spans = {name: tuple((int(start), int(end)) for start, end in told[name]) for name in ("final", "provisional")}
    return Stored(**{**told, **spans})


def _array(column: pyarrow.ChunkedArray) -> array[int]:
    values = array("q")
    # An empty chunk need not have a buffer.
    for chunk in filter(len, column.chunks):
        if chunk.null_count:
            raise ValueError("a value is missing")
        whole = memoryview(chunk.buffers()[1])
        values.frombytes(whole[8 * chunk.offset : 8 * (chunk.offset + len(chunk))])
    return values
