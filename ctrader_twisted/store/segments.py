"""
Segments: files to which records are only appended, each with a checksum.

A record says of one span what is known of it, with the rows: C{FINAL} rows replace whatever lies in the span, C{LIVE}
rows are added. In the file it is a head, and then the columns, each as little-endian 64-bit integers. The head is
C{magic, kind, columns, digits, 0, rows, start, end, checksum of the columns, checksum of the head}.

A process that ends while it appends leaves a torn record at the end, which is cut off by the next writer. Where bytes
in the middle have changed, the records behind them are still found, by the magic.
"""

from __future__ import annotations

import re
import struct
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from ctrader_twisted.store.series import Arrays
from ctrader_twisted.store.spans import Span

__all__ = ["FINAL", "LIVE", "Damage", "Record", "packed", "segmentName", "segmentNumber", "unpacked", "wholeLength"]

FINAL, LIVE = 1, 2

_MAGIC = b"\xc7SEG"
_HEAD = struct.Struct("<4sBBBBIqqI")
_SUM = struct.Struct("<I")
_HEAD_SIZE = _HEAD.size + _SUM.size
_ITEM = 8
_NAME = re.compile(r"_segment-(\d{1,18})", re.ASCII)


class Record(NamedTuple):
    """
    One record.

    @ivar kind: L{FINAL} or L{LIVE}.
    @ivar span: the time of which it speaks; may be empty if it is live.
    @ivar columns: its rows.
    @ivar digits: the decimal places of the symbol's prices.
    """

    kind: int
    span: Span
    columns: Arrays
    digits: int


class Damage(NamedTuple):
    """
    Bytes of a segment that are no record.

    @ivar start: the place of the first one.
    @ivar end: the place behind the last one.
    @ivar isTail: whether the file ends there, as when its writer ended while it wrote.
    """

    start: int
    end: int
    isTail: bool


def packed(record: Record) -> bytes:
    """
    Write a record.

    @param record: the record.
    @return: its bytes.
    """
    content = b"".join(map(_littleEndian, record.columns))
    head = _HEAD.pack(
        _MAGIC,
        record.kind,
        len(record.columns),
        record.digits,
        0,
        len(record.columns[0]),
        *record.span,
        crc32(content),
    )
    return head + _SUM.pack(crc32(head)) + content


def unpacked(content: bytes, width: int) -> Iterator[Record | Damage]:
    """
    Read a segment.

    @param content: its bytes.
    @param width: how many columns its rows have.
    @return: its records in their order, and what is between them.
    """
    view = memoryview(content)
    place = 0
    while place < len(content):
        found = _at(view, place, width)
        if found is None:
            following = _following(content, view, place + 1, width)
            yield Damage(place, following, following == len(content))
            place = following
        else:
            record, place = found
            yield record


def wholeLength(content: bytes, width: int) -> int:
    """
    Tell how much of a segment stays when its torn end is cut off.

    @param content: its bytes.
    @param width: how many columns its rows have.
    @return: how many bytes.
    """
    torn = (found.start for found in unpacked(content, width) if isinstance(found, Damage) and found.isTail)
    return next(torn, len(content))


def segmentName(number: int) -> str:
    """
    Name a segment.

    @param number: its number; later ones have greater numbers.
    @return: the name of its file.
    """
    return f"_segment-{number}"


def segmentNumber(path: Path) -> int | None:
    """
    Read the name of a segment.

    @param path: any file.
    @return: its number, or L{None} if it is no segment.
    """
    match = _NAME.fullmatch(path.name)
    return int(match[1]) if match else None


def _at(view: memoryview, place: int, width: int) -> tuple[Record, int] | None:
    if len(view) - place < _HEAD_SIZE:
        return None
    head = view[place : place + _HEAD.size]
    magic, kind, columns, digits, _, rows, start, end, checksum = _HEAD.unpack(head)
    (headSum,) = _SUM.unpack_from(view, place + _HEAD.size)
    if magic != _MAGIC or crc32(head) != headSum or columns != width:
        return None
    first = place + _HEAD_SIZE
    behind = first + columns * rows * _ITEM
    content = view[first:behind]
    if behind > len(view) or crc32(content) != checksum:
        return None
    size = rows * _ITEM
    read = tuple(_fromLittleEndian(content[number * size : (number + 1) * size]) for number in range(columns))
    return Record(kind, (start, end), read, digits), behind


def _following(content: bytes, view: memoryview, place: int, width: int) -> int:
    while (place := content.find(_MAGIC, place)) >= 0:
        if _at(view, place, width) is not None:
            return place
        place += 1
    return len(content)


def _littleEndian(column: array[int]) -> bytes:
    if sys.byteorder == "big":  # pragma: no cover
        column = array("q", column)
        column.byteswap()
    return column.tobytes()


def _fromLittleEndian(content: memoryview) -> array[int]:
    column = array("q")
    column.frombytes(content)
    if sys.byteorder == "big":  # pragma: no cover
        column.byteswap()
    return column
