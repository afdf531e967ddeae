"""
A test of a strategy: it waits for a narrow spread. Five minutes of quotes pass in a moment, since the clock is virtual.

Usage: python -m twisted.trial test_spread, in the folder of this file.
"""

from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, Quote
from ctrader_twisted.testing import NothingHappens, VirtualExchange


async def narrowSpread(account: Account, pips: str) -> Decimal:
    eurusd = await account.symbol("EURUSD")
    async with account.quotes(eurusd) as quotes:
        async for quote in quotes:
            if isinstance(quote, Quote) and quote.ask - quote.bid <= eurusd.pips(pips):
                return quote.ask
    raise AssertionError("the stream has ended")


class SpreadTests(SynchronousTestCase):
    def wait(self, pips: str) -> Decimal:
        exchange = VirtualExchange(seed=7)

        async def main(client: Client) -> Decimal:
            return await narrowSpread(await client.account(exchange.accountId), pips)

        return exchange.run(main, hours=5 / 60)

    def test_comes(self) -> None:
        """A spread of three pips comes soon."""
        self.assertGreater(self.wait("3"), Decimal(0))

    def test_neverComes(self) -> None:
        """A spread of nothing never comes, and the test does not hang."""
        with self.assertRaises(NothingHappens):
            self.wait("0")
