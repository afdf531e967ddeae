"""
A recorded hour as the prices of a simulated exchange, on which a strategy is tried.

Usage: python -m twisted.trial test_replay, in the folder of this file.
"""

from array import array
from decimal import Decimal
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Client, Lots, Ticks
from ctrader_twisted.simulator.market.stored import StoredPrices
from ctrader_twisted.store import DatasetWriter, Series
from ctrader_twisted.testing import VirtualExchange

START = 1_767_607_200_000  # Monday, 5 January 2026, 10:00 UTC
HOUR = 3_600_000


def record(path: Path) -> None:
    """
    Make what ctrader history or twistd ctrader-record would have left there: prices that rise by a pip a minute.
    """
    times = array("q", range(START, START + HOUR, 60_000))
    with DatasetWriter(path) as writer:
        for side, first in (("bid", 110_000), ("ask", 110_010)):
            prices = array("q", range(first, first + 10 * len(times), 10))
            writer.write(Series.ticks("EURUSD", side), (START, START + HOUR), Ticks(times, prices, digits=5))


class ReplayTests(SynchronousTestCase):
    def test_profit(self) -> None:
        """Whoever buys after ten minutes, and sells after forty, wins thirty pips less the spread."""
        path = Path(self.mktemp())
        record(path)
        exchange = VirtualExchange(replay={"EURUSD": StoredPrices(path, "EURUSD")}, epoch=START)

        async def main(client: Client) -> Decimal:
            account = await client.account(exchange.accountId)
            eurusd = await account.symbol("EURUSD")
            await exchange.pause(605)
            trade = await account.buy(eurusd, Lots("0.10"))
            await trade.whenFilled()
            await exchange.pause(1_800)
            deal = await trade.position.close()
            bought, sold = trade.position.entryPrice, deal.price
            assert bought is not None and sold is not None
            return sold - bought

        self.assertEqual(exchange.run(main), Decimal("0.0029"))
