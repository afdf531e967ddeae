"""
A strategy on virtual time, in a process of its own: C{python -m test.benchmark.trading}, followed by its L{Plan} as
JSON. It prints what each stretch of time took, and how much memory the process had then.
"""

from __future__ import annotations

import gc
import json
import sys
from time import process_time
from typing import Any, NamedTuple

from twisted.internet.task import deferLater

from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import OrderRejected
from ctrader_twisted.market import Quote
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.units import Lots
from test.benchmark.child import obey
from test.benchmark.memory import residentMemory

__all__ = ["Plan", "Stretch"]


class Plan(NamedTuple):
    """
    What is done.

    @ivar symbols: what is traded in turn.
    @ivar listens: whether every quote of them is listened to.
    @ivar minutes: how often.
    @ivar hours: when to look at the clock and the memory, in hours since the beginning.
    @ivar core: which core to keep to, or L{None} for any.
    @ivar seconds: the longest time to live.
    """

    symbols: tuple[str, ...]
    listens: bool
    minutes: float
    hours: tuple[float, ...]
    core: int | None
    seconds: float


class Stretch(NamedTuple):
    """
    What was found at one moment.

    @ivar hours: how much virtual time had passed.
    @ivar cpu: how many seconds of CPU time.
    @ivar quotes: how many quotes had come.
    @ivar trades: how many positions had been opened and closed.
    @ivar memory: the memory of the process in bytes, or L{None} where the system does not tell.
    """

    hours: float
    cpu: float
    quotes: int
    trades: int
    memory: int | None


class _Strategy:
    """
    Opens a position at the market, and closes it.
    """

    def __init__(self, virtual: VirtualExchange, plan: Plan) -> None:
        self.found: list[Stretch] = []
        self._virtual = virtual
        self._plan = plan
        self._quotes = self._trades = 0
        self._started = process_time()

    async def run(self, client: Client) -> None:
        account = await client.account(self._virtual.accountId)
        for name in self._plan.symbols if self._plan.listens else ():
            account.onQuote(await account.symbol(name), self._take)
        for hours in self._plan.hours:
            await self._tradeUntil(account, hours * 3600)
            gc.collect()
            used = process_time() - self._started
            self.found.append(Stretch(hours, used, self._quotes, self._trades, residentMemory()))

    async def _tradeUntil(self, account: Account, end: float) -> None:
        clock = self._virtual.clock
        while clock.seconds() < end:
            await deferLater(clock, self._plan.minutes * 60, lambda: None)
            name = self._plan.symbols[self._trades % len(self._plan.symbols)]
            order = (account.buy, account.sell)[self._trades % 2]
            try:
                trade = await order(await account.symbol(name), Lots("0.01"))
                await trade.whenFilled()
                assert trade.position is not None
                await trade.position.close()
            except OrderRejected:
                # The market is closed, at weekends or for an hour.
                pass
            self._trades += 1

    def _take(self, quote: Quote) -> None:
        self._quotes += 1


def _planned(told: dict[str, Any]) -> Plan:
    return Plan(**{**told, "symbols": tuple(told["symbols"]), "hours": tuple(told["hours"])})


def main() -> None:
    """
    Trade.
    """
    plan = _planned(json.loads(sys.argv[1]))
    obey(plan.core, plan.seconds)
    # What the simulator remembers of each account must be full long before the end, to see whether anything else grows.
    virtual = VirtualExchange(settings=Settings(historyLimit=500))
    strategy = _Strategy(virtual, plan)
    virtual.run(strategy.run, hours=plan.hours[-1] + 1)
    print(json.dumps([stretch._asdict() for stretch in strategy.found]), flush=True)


if __name__ == "__main__":
    main()
