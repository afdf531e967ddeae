"""
Record what a server sends, and hear the same again without it.

Usage: python -m twisted.trial test_recorded, in the folder of this file.
"""

from decimal import Decimal
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Client, Quote
from ctrader_twisted.testing import RecordingEndpoint, ReplayedServer, VirtualExchange


async def tenBids(client: Client) -> list[Decimal]:
    account = await client.account(VirtualExchange.accountId)
    bids: list[Decimal] = []
    async with account.quotes(await account.symbol("EURUSD"), limit=10) as quotes:
        while len(bids) < 10:
            quote = await anext(quotes)
            if isinstance(quote, Quote):
                bids.append(quote.bid)
    return bids


class RecordedTests(SynchronousTestCase):
    def test_again(self) -> None:
        """The recording says what the exchange said; with a real server it would be demo(reactor)."""
        path = Path(self.mktemp())
        exchange = VirtualExchange()
        endpoint = RecordingEndpoint(exchange.endpoint, path, exchange.clock, wallClock=exchange.exchange.timeline.now)

        async def record() -> list[Decimal]:
            async with exchange.client(endpoint=endpoint) as client:
                return await tenBids(client)

        heard = exchange.drive(record())
        endpoint.close()
        self.assertEqual(ReplayedServer(path).run(tenBids), heard)
