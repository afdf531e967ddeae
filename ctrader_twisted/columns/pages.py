"""
Pages of history, read from their bytes with NumPy and without a message.

A page is a few numbers and then hundreds of rows that all have the same fields in the same order, each a tag of one
byte and a varint. The last byte of each tag and varint is the one below 0x80, so the positions of those bytes alone cut
the page into fields; that all of them have the shape of the first row is checked, not assumed. Each varint is then read
from the eight bytes at its beginning at once. Whatever looks different in the least is left to protobuf, which is the
measure: what is read here is what it would have read.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ctrader_twisted.columns.numeric import numpyIsLoaded

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from numpy import int64
    from numpy.typing import NDArray

__all__ = ["BAR_PAGE", "TICK_PAGE", "Page", "Shape", "readMessage", "readPage"]

# Shorter pages take longer than without NumPy.
_FEWEST_ROWS = 200
_FEWEST_BYTES = 4_000
_LONGEST = 10
_BYTE_BITS = 0x80
_PADDING = 16
_SIGN = 0xFF << 56


class Shape(NamedTuple):
    """
    What a page consists of. All fields are numbers of at most 15, so that their tags have one byte.

    @ivar fields: the numbers of the page's own fields.
    @ivar row: the number of the field that has the rows.
    @ivar rows: the numbers of a row's fields, in their order; one of these must be that of all rows.
    """

    fields: frozenset[int]
    row: int
    rows: tuple[tuple[int, ...], ...]


class Page(NamedTuple):
    """
    What was read.

    @ivar fields: the page's own fields by their numbers, without those that are not there.
    @ivar rows: by the number of a row's field, its value in each row.
    """

    fields: dict[int, int]
    rows: dict[int, NDArray[int64]]


TICK_PAGE = Shape(frozenset((1, 2, 4)), 3, ((1, 2),))
"""
A C{ProtoOAGetTickDataRes}.
"""

BAR_PAGE = Shape(frozenset((1, 2, 3, 4, 6, 7)), 5, ((3, 5, 6, 7, 8, 9), (3, 4, 5, 6, 7, 8, 9)))
"""
A C{ProtoOAGetTrendbarsRes}; each bar may name its period.
"""


class _OtherShape(Exception):
    """
    Protobuf is to read this page.
    """


def readPage(payload: bytes, shape: Shape) -> Page | None:
    """
    Read a page, if NumPy has been imported and the page has the shape that is expected.

    @param payload: the page as it is on the wire.
    @param shape: the shape.
    @return: the page, or L{None} if protobuf is to read it.
    """
    if not numpyIsLoaded() or len(payload) < _FEWEST_BYTES:
        return None
    try:
        return _read(payload, shape)
    except _OtherShape:
        return None


def readMessage(message: Message, count: int, shape: Shape) -> Page | None:
    """
    Read a page that has been parsed, from its bytes: to write and read those takes half the time of asking the message
    for each row.

    @param message: the page.
    @param count: how many rows it has.
    @param shape: the shape.
    @return: the page, or L{None} if the message is to be asked.
    """
    if count < _FEWEST_ROWS or not numpyIsLoaded():
        return None
    return readPage(message.SerializePartialToString(), shape)


def _read(payload: bytes, shape: Shape) -> Page:
    import numpy

    fields: dict[int, int] = {}
    start = _readFields(payload, 0, shape, fields)
    numbers = _rowFields(payload, start, shape)
    # Behind the last row, so that the eight bytes of its last varint are there.
    padded = numpy.frombuffer(payload[start:] + bytes(_PADDING), numpy.uint8)
    (ends,) = (padded[:-_PADDING] < _BYTE_BITS).nonzero()
    stride = 2 + 2 * len(numbers)
    ends = ends[: len(ends) - len(ends) % stride]
    if not len(ends) or _readFields(payload, start + int(ends[-1]) + 1, shape, fields) != len(payload):
        raise _OtherShape
    return Page(fields, dict(zip(numbers, _rowValues(padded, ends, shape.row, numbers), strict=True)))


def _readFields(payload: bytes, position: int, shape: Shape, fields: dict[int, int]) -> int:
    # Gives the position of the first row, or the end.
    while position < len(payload) and payload[position] != _rowTag(shape.row):
        number, kind = payload[position] >> 3, payload[position] & 7
        if kind or number not in shape.fields:
            raise _OtherShape
        fields[number], position = _readVarint(payload, position + 1)
    return position


def _readVarint(payload: bytes, position: int) -> tuple[int, int]:
    value = 0
    # Nine bytes have 63 bits: what is longer is negative or wrong, and in none of a page's own fields.
    for shift, byte in enumerate(payload[position : position + _LONGEST - 1]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < _BYTE_BITS:
            return value, position + shift + 1
    raise _OtherShape


def _rowFields(payload: bytes, start: int, shape: Shape) -> tuple[int, ...]:
    if start + 1 >= len(payload):
        raise _OtherShape
    position, end = start + 2, start + 2 + payload[start + 1]
    found: list[int] = []
    while position < min(end, len(payload)):
        found.append(payload[position] >> 3)
        position = _endOfVarint(payload, position + 1)
    if tuple(found) not in shape.rows:
        raise _OtherShape
    return tuple(found)


def _endOfVarint(payload: bytes, position: int) -> int:
    while position < len(payload) and payload[position] >= _BYTE_BITS:
        position += 1
    return position + 1


def _rowTag(number: int) -> int:
    return number << 3 | 2


def _rowValues(padded: NDArray[Any], ends: NDArray[Any], row: int, numbers: tuple[int, ...]) -> NDArray[int64]:
    """
    Read the values of all rows, of which each is C{row LENGTH (tag value)*}.

    @param ends: the position of the last byte of each tag and varint, row after row.
    @return: the values, a line for each field.
    @raise _OtherShape: if any row has another shape than this, or a number that does not fit.
    """
    import numpy

    places = numpy.ascontiguousarray(ends.reshape(-1, 2 + 2 * len(numbers))[:, 2:].T)
    tags, last = places[0::2], places[1::2]
    first = tags[0]
    expected = numpy.array([[number << 3] for number in numbers], numpy.uint8)
    # Tags and lengths have at least one byte each: where three of them have three bytes, each has one.
    if not (
        first[0] == 2
        and (first[1:] - last[-1, :-1] == 3).all()
        and (tags[1:] - last[:-1] == 1).all()
        and (padded[tags] == expected).all()
        and (padded[first - 1] == last[-1] - first + 1).all()
        and (padded[first - 2] == _rowTag(row)).all()
    ):
        raise _OtherShape
    last -= tags
    return _varints(padded[1:], tags, last)


def _varints(padded: NDArray[Any], starts: NDArray[Any], sizes: NDArray[Any]) -> NDArray[int64]:
    """
    Read varints of up to 56 bits, and negative ones of as many.

    Eight bytes have 56 bits: seven of each, which three steps push together. A negative number has ten bytes, of which
    the last two are always the same if it is not enormous.
    """
    import numpy

    negative = sizes == _LONGEST
    if sizes.max() > _LONGEST or (sizes == _LONGEST - 1).any():
        raise _OtherShape
    if not (_atEachByte(padded[8:], "<u2")[starts[negative]] == 0x01FF).all():
        raise _OtherShape
    keep, sign = _masks()
    word = _atEachByte(padded, "<u8")[starts]
    # One array for all steps: large new ones cost more than what is done with them.
    moved = keep.take(sizes)
    word &= moved
    for upper, shift in ((0x7F007F007F007F00, 1), (0x3FFF00003FFF0000, 2), (0x0FFFFFFF00000000, 4)):
        numpy.bitwise_and(word, upper, out=moved)
        word ^= moved
        moved >>= shift
        word |= moved
    word |= sign.take(sizes, out=moved, mode="clip")
    values: NDArray[int64] = word.astype(numpy.uint64, copy=False).view(numpy.int64)
    return values


def _atEachByte(padded: NDArray[Any], kind: str) -> NDArray[Any]:
    # A number at each byte, overlapping.
    import numpy

    return numpy.ndarray(len(padded) - 7, kind, padded, strides=(1,))


@lru_cache(maxsize=1)
def _masks() -> tuple[NDArray[Any], NDArray[Any]]:
    # By the number of bytes: which bits of eight bytes are the varint's, and which it has beyond them.
    import numpy

    keep = [0x7F7F7F7F7F7F7F7F >> 8 * max(0, 8 - size) for size in range(_LONGEST + 1)]
    sign = [_SIGN if size == _LONGEST else 0 for size in range(_LONGEST + 1)]
    return numpy.array(keep, numpy.uint64), numpy.array(sign, numpy.uint64)
