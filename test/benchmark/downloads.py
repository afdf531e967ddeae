"""
How near a download comes to the rate of requests that the server allows, on virtual time, where each answer takes a
while to come.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ctrader_twisted import Client
from ctrader_twisted.schema.messages import ProtoOAGetTickDataReq, ProtoOAGetTickDataRes, ProtoOAQuoteType
from ctrader_twisted.simulator.faults import Delay, Outgoing
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.testing import VirtualExchange
from test.benchmark.workload import Effort, Figure, Progress, Round, Workload

__all__ = ["DOWNLOAD"]

_LIMIT = 5.0
_ANSWERS_TAKE = 0.3
_HOUR = 3_600_000
_HOURS = {Effort.SMALLEST: 1, Effort.QUICK: 24, Effort.USUAL: 96, Effort.FULL: 96}
_CHUNK = 1_000


def _measure(effort: Effort, progress: Progress) -> list[Round]:
    progress("download: on virtual time")
    hours = _HOURS[effort]
    return [[{"limit": _LIMIT, "plain": _rate(_onePageAtATime, hours), "download": _rate(_download, hours)}]]


def _rate(run: Callable[..., Coroutine[Any, Any, None]], hours: int) -> float:
    virtual = VirtualExchange(settings=Settings(seenLimit=1_000_000, tickChunk=_CHUNK))
    virtual.exchange.faults.add(Outgoing(Delay(_ANSWERS_TAKE), message="ProtoOAGetTickDataRes"))

    async def main(client: Client) -> float:
        end = virtual.exchange.timeline.now() - _HOUR
        before = virtual.clock.seconds()
        await run(client, virtual, end - hours * _HOUR, end)
        return virtual.clock.seconds() - before

    seconds = virtual.run(main)
    return len(virtual.sent(ProtoOAGetTickDataReq)) / seconds


async def _download(client: Client, virtual: VirtualExchange, start: int, end: int) -> None:
    account = await client.account(virtual.accountId)
    await account.ticks(await account.symbol("EURUSD"), "bid", start, end)


async def _onePageAtATime(client: Client, virtual: VirtualExchange, start: int, end: int) -> None:
    account = await client.account(virtual.accountId)
    symbol = await account.symbol("EURUSD")
    while end > start:
        answer: ProtoOAGetTickDataRes = await account.requests.getTickData(
            symbolId=symbol.symbolId, type=ProtoOAQuoteType.BID, fromTimestamp=start, toTimestamp=end - 1
        )
        if not answer.hasMore:
            return
        end = answer.tickData[0].timestamp + sum(tick.timestamp for tick in answer.tickData[1:])


DOWNLOAD = Workload(
    "download", (Figure("rate of a download", "requests/s", "higher", None, 0.9, reference="limit"),), _measure
)
"""
Requests a virtual second, against the limit of the server.
"""
