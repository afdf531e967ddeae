"""
Orders that are sent once, whatever happens to the connection or to the process.

Usage: python -m twisted.trial test_safe_orders, in the folder of this file.
"""

from twisted.internet.defer import execute
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Lots, OrderJournal, Trade
from ctrader_twisted.errors import OutcomeUnknown
from ctrader_twisted.testing import VirtualExchange


async def buyOnce(account: Account, clientOrderId: str) -> Trade:
    """
    However often this is called with one id, in this process and in later ones, there is one order.
    """
    eurusd = await account.symbol("EURUSD")
    try:
        trade = await account.buy(eurusd, Lots("0.10"), stopLossPips=20, clientOrderId=clientOrderId)
    except OutcomeUnknown as unknown:
        # It may have left. Nothing is sent again; its trade learns what became of it, and we wait for that.
        assert isinstance(unknown.trade, Trade)
        trade = unknown.trade
    return await trade.whenDone()


class SafeOrderTests(SynchronousTestCase):
    def test_once(self) -> None:
        """Three lives of a program, one of them without an answer: one order."""
        exchange = VirtualExchange()
        path = self.mktemp()

        async def live(isCut: bool) -> None:
            # In a program of your own, leave runBlocking out: then a thread waits for the disk.
            journal = OrderJournal(path)
            async with exchange.client(journal=journal, runBlocking=execute) as client:
                account = await client.account(exchange.accountId)
                if isCut:
                    exchange.clock.callLater(0.01, exchange.endpoint.links[-1].cut)
                trade = await buyOnce(account, "entry-2026-03-04")
                self.assertEqual(trade.status.name, "FILLED")
                self.assertEqual(len(account.positions), 1)

        for isCut in (True, False, False):
            exchange.drive(live(isCut))
