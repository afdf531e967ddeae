"""
Bars that begin in history and go on live, and the depth of the market.

Usage: python -m twisted.trial test_bars, in the folder of this file.
"""

from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Bar, Client, DepthBook, Lots
from ctrader_twisted.testing import VirtualExchange


async def meanClose(account: Account, count: int) -> Decimal:
    """
    The mean of the last closes, as soon as a live bar has closed.
    """
    eurusd = await account.symbol("EURUSD")
    closes: list[Decimal] = []
    async with account.bars(eurusd, "M1", warmUp=count) as bars:
        async for bar in bars:
            # Between two bars there may be a Gap, if history does not hold what was missed.
            if isinstance(bar, Bar):
                closes.append(bar.close)
            if len(closes) == count + 1:
                break
    return sum(closes[1:], Decimal(0)) / count


class BarTests(SynchronousTestCase):
    def test_mean(self) -> None:
        """Twenty bars of history and a live one."""
        exchange = VirtualExchange()

        async def main(client: Client) -> None:
            account = await client.account(exchange.accountId)
            self.assertGreater(await meanClose(account, 20), Decimal("1"))

        exchange.run(main)

    def test_depth(self) -> None:
        """What a larger order would pay."""
        exchange = VirtualExchange()

        async def main(client: Client) -> None:
            account = await client.account(exchange.accountId)
            eurusd = await account.symbol("EURUSD")
            async with account.depth(eurusd) as books:
                book = await anext(books)
            assert isinstance(book, DepthBook) and book.bestAsk is not None
            price = book.buyPrice(Lots("5"))
            assert price is not None
            self.assertGreaterEqual(price, book.bestAsk.price)
            # There is not so much in the book.
            self.assertIsNone(book.buyPrice(Lots("1000")))

        exchange.run(main)
