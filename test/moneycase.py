"""
What tests of money share: an exchange whose prices stand still.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.world import EPOCH
from ctrader_twisted.testing import VirtualExchange
from test.rawclient import ListedPrices
from test.watching import Watch

PRICES = {
    "EURUSD": ((111_980, 111_984), (112_417, 112_423)),
    "GBPUSD": ((129_001, 129_012), (128_777, 128_790)),
    "USDJPY": ((14_800_100, 14_801_000), (14_755_500, 14_756_700)),
    "EURJPY": ((16_573_300, 16_574_700), (16_588_100, 16_589_900)),
    "EURGBP": ((86_807, 86_816), (87_294, 87_303)),
    "XAUUSD": ((240_001_000, 240_023_000), (241_777_000, 241_804_000)),
    "US500": ((550_010_000, 550_060_000), (548_330_000, 548_390_000)),
    "GER40": ((2_549_321_000, 2_549_430_000), (2_547_124_000, 2_547_241_000)),
    "UK100": ((850_010_000, 850_110_000), (849_320_000, 849_430_000)),
    "CRYPTO10": ((8_528_703_000, 8_528_741_000), (8_521_906_000, 8_522_944_000)),
}
"""
Bid and ask of each symbol in 1/100000, at the beginning and from the moment at which they change.
"""

CHANGE = 60_000
"""
When prices change, in milliseconds after the beginning.
"""


def frozenExchange(*, missing: tuple[str, ...] = ()) -> VirtualExchange:
    """
    Make an exchange whose prices change once.

    @param missing: symbols that never have a price.
    """
    sources = {
        name: ListedPrices([Tick(EPOCH - 1_000, *first), Tick(EPOCH + CHANGE, *second)])
        for name, (first, second) in PRICES.items()
    }
    return VirtualExchange(replay={**sources, **{name: ListedPrices([]) for name in missing}})


class MoneyCase(SynchronousTestCase):
    """
    A client on frozen prices.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.virtual = frozenExchange()

    def go(self, main: Callable[[Account], Coroutine[Any, Any, None]], accountId: int | None = None) -> None:
        """
        Run a coroutine function with an account, by default the one in dollars; nothing is left behind.
        """

        async def started(client: Client) -> None:
            await main(await client.account(accountId or self.virtual.accountId))

        watch = Watch(self.virtual.exchange)
        self.virtual.run(started)
        self.virtual.advance(1)
        self.assertEqual(self.virtual.clock.getDelayedCalls(), [])
        self.assertEqual(watch.all(), [])

    def deposit(self, accountId: int, name: str) -> None:
        """
        Make an account one in another asset, with enough of it.
        """
        account = self.virtual.exchange.venue.accounts[accountId]
        asset = self.virtual.exchange.catalogue.assetNamed(name)
        account.terms = evolve(account.terms, depositAssetId=asset.assetId)
        account.balance = account.base = 500_000_000

    def waitUntil(self, moment: int) -> Deferred[None]:
        """
        Wait until a moment, in milliseconds since 1970.
        """
        return deferLater(self.virtual.clock, (moment - self.virtual.exchange.timeline.now()) / 1000, lambda: None)

    async def failed(self, result: Deferred[Any], kind: type[Exception]) -> Any:
        """
        @return: the error with which something fails, which must be of a kind.
        """
        try:
            value = await result
        except kind as error:
            return error
        raise AssertionError(f"{value} and no {kind.__name__}")

    def subscribed(self) -> list[str]:
        """
        @return: the symbols that the server sends to anybody.
        """
        exchange = self.virtual.exchange
        return [
            symbol.name
            for symbol in exchange.catalogue.symbols.values()
            for connection in exchange.connections
            if exchange.feed.isSubscribed(connection, self.virtual.accountId, symbol.symbolId)
        ]
