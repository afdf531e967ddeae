"""
Downloads of ticks under a hail of mishaps: C{python -m test.downloading 30} downloads thirty days of three symbols and
compares them with what the simulator generated, which takes some minutes.
"""

from __future__ import annotations

import sys
import time
from random import Random
from typing import Any

from attrs import define, field
from twisted.internet.defer import gatherResults

from ctrader_twisted import Client
from ctrader_twisted.columns import Ticks
from ctrader_twisted.market import Progress
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.settings import MoreFlag, RateRefusal, Settings
from ctrader_twisted.testing import VirtualExchange

SYMBOLS = ("EURUSD", "USDJPY", "XAUUSD")
EPOCH = 1_718_000_000_000
"""
A Monday in June 2024.
"""

HOUR = 3_600_000


def crowded(seed: int, start: int, end: int, mean: int) -> ReplayedPrices:
    """
    Make prices of which many share a millisecond.

    @param seed: they follow from it.
    @param start: the time of the first, in milliseconds since 1970.
    @param end: when they end.
    @param mean: milliseconds between them, on average.
    @return: the prices.
    """
    chance, ticks, moment, bid = Random(seed), [], start, 110_000
    while moment < end:
        for _ in range(chance.choice((1, 1, 1, 2, 3, 7))):
            bid += chance.randint(-5, 5)
            ticks.append(Tick(moment, bid, bid + chance.randint(1, 9)))
        moment += chance.randint(1, 6 * mean)
    return ReplayedPrices(ticks)


@define
class Turmoil:
    """
    An exchange on which connections break and requests are blocked, and a download from it.

    @ivar hours: the span.
    @ivar seed: what happens follows from it.
    @ivar settings: habits of the server.
    @ivar told: what was told of the progress.
    @ivar cuts: how many connections broke.
    @ivar seconds: how long the download took, in virtual time.
    """

    hours: float
    seed: int
    settings: dict[str, Any] = field(factory=dict)
    told: list[Progress] = field(factory=list)
    cuts: int = 0
    seconds: float = 0.0
    virtual: VirtualExchange = field(init=False)

    def __attrs_post_init__(self) -> None:
        chance = Random(self.seed)
        habits: dict[str, Any] = {
            "tickChunk": 1_000,
            "tornPages": chance.random() < 0.5,
            "ticksSubtract": chance.random() < 0.5,
            "weekEnforced": True,
            "moreFlag": chance.choice(list(MoreFlag)),
            "historicalRate": 4,
            "rateRefusal": chance.choice(list(RateRefusal)),
            "blockSeconds": 2,
        }
        prices = crowded(self.seed, self.start, EPOCH, 2_000)
        self.virtual = VirtualExchange(
            seed=self.seed, epoch=EPOCH, replay={SYMBOLS[2]: prices}, settings=Settings(**habits | self.settings)
        )

    @property
    def start(self) -> int:
        """
        Where the span begins, in milliseconds since 1970.
        """
        return EPOCH - int(self.hours * HOUR)

    def run(self) -> dict[str, tuple[Ticks, list[Tick]]]:
        """
        Download.

        @return: by symbol, what came, and what the exchange has.
        """
        return self.virtual.run(self._main, hours=1_000)

    async def _main(self, client: Client) -> dict[str, tuple[Ticks, list[Tick]]]:
        account = await client.account(self.virtual.accountId)
        symbols = [await account.symbol(name) for name in SYMBOLS]
        began, chance = self.virtual.clock.seconds(), Random(self.seed)
        asked = gatherResults(
            [account.ticks(symbol, "bid", self.start, EPOCH, progress=self.told.append) for symbol in symbols]
        )
        while not asked.called:
            await self.virtual.pause(chance.expovariate(1 / 5))
            if not asked.called and self.virtual.endpoint.openLinks:
                self.virtual.endpoint.openLinks[0].cut()
                self.cuts += 1
        found: list[Ticks] = await asked
        self.seconds = self.virtual.clock.seconds() - began
        market = self.virtual.exchange.market
        return {
            symbol.name: (ticks, market.ticks(symbol.symbolId, self.start, EPOCH - 1))
            for symbol, ticks in zip(symbols, found, strict=True)
        }


def isSame(ticks: Ticks, expected: list[Tick]) -> bool:
    """
    @param ticks: what came, of the bid.
    @param expected: what there is.
    @return: whether it is the same.
    """
    return list(zip(ticks.timestamps, ticks.prices, strict=True)) == [(each.timestamp, each.bid) for each in expected]


def main() -> None:
    """
    Download as many days as the first argument says.
    """
    turmoil = Turmoil(24 * float(sys.argv[1]), seed=1, settings={"tickChunk": 5_000})
    began = time.process_time()
    results = turmoil.run()
    rows = sum(len(ticks) for ticks, _ in results.values())
    same = all(isSame(*result) for result in results.values())
    print(
        f"{'exactly' if same else 'NOT'} what there is: {rows} ticks in {len(turmoil.told)} pages, "
        f"{turmoil.cuts} cuts, {turmoil.seconds / 60:.0f} virtual minutes, {time.process_time() - began:.0f} s of CPU"
    )


if __name__ == "__main__":
    main()
