"""
Columns as Arrow tables, and back.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow

__all__ = ["readTable", "writeTable"]

_NUMBER_BYTES = 8


def writeTable(names: tuple[str, ...], columns: tuple[array[int], ...], notes: dict[str, str]) -> pyarrow.Table:
    """
    Look at columns with Arrow, without a copy.

    @param names: the names of the columns, the timestamps first.
    @param columns: the columns.
    @param notes: what the metadata is to tell.
    @return: the table.
    """
    import pyarrow

    arrays = [
        pyarrow.Array.from_buffers(kind, len(column), [None, pyarrow.py_buffer(column)])
        for kind, column in zip(_kinds(names), columns, strict=True)
    ]
    return pyarrow.table(arrays, names=list(names)).replace_schema_metadata(notes)


def readTable(table: pyarrow.Table, names: tuple[str, ...]) -> tuple[tuple[array[int], ...], dict[str, str]]:
    """
    Copy the columns of a table.

    @param table: the table.
    @param names: the names of the columns that are wanted, the timestamps first.
    @return: the columns, and what the metadata tells.
    @raise ValueError: if a column is missing or is of another kind, or a value is missing in one, or the timestamps
        are not ascending.
    """
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise ValueError(f"the table has no column {missing[0]!r}; it has {', '.join(table.column_names)}")
    for name, kind in zip(names, _kinds(names), strict=True):
        found = table.schema.field(name).type
        if found != kind:
            raise ValueError(f"the column {name!r} is of {found}, not of {kind}")
        if table.column(name).null_count:
            raise ValueError(f"the column {name!r} has rows without a value")
    columns = tuple(_column(table.column(name)) for name in names)
    if not _isAscending(table.column(names[0])):
        raise ValueError("the table is not ascending in time")
    metadata = table.schema.metadata or {}
    return columns, {key.decode(): value.decode() for key, value in metadata.items()}


def _kinds(names: tuple[str, ...]) -> list[pyarrow.DataType]:
    import pyarrow

    return [pyarrow.timestamp("ms", tz="UTC"), *[pyarrow.int64()] * (len(names) - 1)]


def _column(chunks: pyarrow.ChunkedArray) -> array[int]:
    column = array("q")
    # An empty chunk need not have a buffer.
    for chunk in filter(len, chunks.chunks):
        first = chunk.offset * _NUMBER_BYTES
        column.frombytes(memoryview(chunk.buffers()[1])[first : first + len(chunk) * _NUMBER_BYTES])
    return column


def _isAscending(chunks: pyarrow.ChunkedArray) -> bool:
    from pyarrow import compute

    if len(chunks) < 2:
        return True
    return bool(compute.all(compute.less_equal(chunks[:-1], chunks[1:])).as_py())
