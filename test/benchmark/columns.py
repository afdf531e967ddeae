"""
Pages of history, from the bytes of the wire to NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from ctrader_twisted.columns import Ticks, Trendbars, loadNumpy
from ctrader_twisted.schema.messages import (
    ProtoOAGetTickDataRes,
    ProtoOAGetTrendbarsRes,
    ProtoOAPayloadType,
    ProtoOATickData,
    ProtoOATrendbar,
    ProtoOATrendbarPeriod,
)
from test.benchmark.alternating import alternating
from test.benchmark.workload import Effort, Figure, cpu

__all__ = ["BARS", "TICKS", "bars", "ticks"]

_PAGE = 5_000
_PAGES = {Effort.SMALLEST: 1, Effort.QUICK: 50, Effort.USUAL: 200, Effort.FULL: 200}
_START = 1_700_000_000_000
_MINUTE = 60_000

_Columns = dict[str, Any]
_Read = Callable[[list[bytes]], _Columns]


def ticks(effort: Effort) -> dict[str, Callable[[], object]]:
    """
    Prepare the ways to read ticks: a loop that appends each; ours from a message, as long as the connection parses what
    comes; ours from the bytes.

    @param effort: how many.
    @return: what measures each: ticks per CPU second.
    """
    pages = [_tickPage(number) for number in range(_PAGES[effort])]
    return _measuring(pages, {"bare": _tickLoop, "message": _tickMessages, "columns": _tickPayloads})


def bars(effort: Effort) -> dict[str, Callable[[], object]]:
    """
    Prepare the ways to read bars, as L{ticks} does.

    @param effort: how many.
    @return: what measures each: bars per CPU second.
    """
    pages = [_barPage(number) for number in range(_PAGES[effort])]
    return _measuring(pages, {"bare": _barLoop, "message": _barMessages, "columns": _barPayloads})


def _measuring(pages: list[bytes], ways: dict[str, _Read]) -> dict[str, Callable[[], object]]:
    assert loadNumpy()
    expected = ways["bare"](pages[:2])
    for read in ways.values():
        found = read(pages[:2])
        assert all((found[name] == column).all() for name, column in expected.items())

    def measuring(read: _Read) -> Callable[[], float]:
        return lambda: _PAGE * len(pages) / cpu(lambda: read(pages))

    return {name: measuring(read) for name, read in ways.items()}


def _tickLoop(pages: list[bytes]) -> _Columns:
    import numpy

    timestamps: list[int] = []
    prices: list[int] = []
    for payload in pages:
        pageTimestamps, pagePrices = [], []
        timestamp = price = 0
        for index, tick in enumerate(ProtoOAGetTickDataRes.FromString(payload).tickData):
            timestamp = timestamp - abs(tick.timestamp) if index else tick.timestamp
            price += tick.tick
            pageTimestamps.append(timestamp)
            pagePrices.append(price)
        timestamps += reversed(pageTimestamps)
        prices += reversed(pagePrices)
    return {"timestamp": numpy.array(timestamps), "price": numpy.array(prices)}


def _tickMessages(pages: list[bytes]) -> _Columns:
    return Ticks.joined([Ticks.fromWire(ProtoOAGetTickDataRes.FromString(page), 5) for page in pages]).toNumpy()


def _tickPayloads(pages: list[bytes]) -> _Columns:
    return Ticks.joined([Ticks.fromPayload(page, 5) for page in pages]).toNumpy()


def _barLoop(pages: list[bytes]) -> _Columns:
    import numpy

    names = ("timestamp", "open", "high", "low", "close", "volume")
    columns: tuple[list[int], ...] = tuple([] for _ in names)
    timestamps, opens, highs, lows, closes, volumes = columns
    for payload in pages:
        for bar in ProtoOAGetTrendbarsRes.FromString(payload).trendbar:
            low = bar.low
            timestamps.append(bar.utcTimestampInMinutes * _MINUTE)
            opens.append(low + bar.deltaOpen)
            highs.append(low + bar.deltaHigh)
            lows.append(low)
            closes.append(low + bar.deltaClose)
            volumes.append(bar.volume)
    return {name: numpy.array(column) for name, column in zip(names, columns, strict=True)}


def _barMessages(pages: list[bytes]) -> _Columns:
    return Trendbars.joined(
        [Trendbars.fromWire(ProtoOAGetTrendbarsRes.FromString(page), 5) for page in pages]
    ).toNumpy()


def _barPayloads(pages: list[bytes]) -> _Columns:
    return Trendbars.joined([Trendbars.fromPayload(page, 5) for page in pages]).toNumpy()


def _tickPage(number: int) -> bytes:
    # As long as real ones: differences are negative half of the time, and those have ten bytes.
    chance = Random(number)
    end = _START + (number + 1) * _PAGE * 3_000
    data = [ProtoOATickData(timestamp=end, tick=110_000)]
    data += [ProtoOATickData(timestamp=-chance.randrange(3_000), tick=chance.randint(-9, 9)) for _ in range(_PAGE - 1)]
    page = ProtoOAGetTickDataRes(
        payloadType=ProtoOAPayloadType.PROTO_OA_GET_TICKDATA_RES,
        ctidTraderAccountId=12_345_678,
        tickData=data,
        hasMore=True,
    )
    return page.SerializeToString()


def _barPage(number: int) -> bytes:
    chance = Random(number)
    minute = _START // _MINUTE + number * _PAGE
    data = []
    for index in range(_PAGE):
        high = chance.randrange(200)
        data.append(
            ProtoOATrendbar(
                volume=chance.randrange(1, 400),
                low=110_000 + chance.randrange(2_000),
                deltaOpen=chance.randint(0, high),
                deltaHigh=high,
                deltaClose=chance.randint(0, high),
                utcTimestampInMinutes=minute + index,
            )
        )
    page = ProtoOAGetTrendbarsRes(
        payloadType=ProtoOAPayloadType.PROTO_OA_GET_TRENDBARS_RES,
        ctidTraderAccountId=12_345_678,
        period=ProtoOATrendbarPeriod.M1,
        trendbar=data,
        symbolId=1,
    )
    return page.SerializeToString()


TICKS = alternating("ticks", ticks, Figure("1,000,000 ticks to NumPy", "ticks/CPU-s", "higher", 1.0, 3.0))
BARS = alternating("bars", bars, Figure("1,000,000 trendbars to NumPy", "bars/CPU-s", "higher", 1.0, 4.5))
