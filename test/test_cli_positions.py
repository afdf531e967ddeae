"""
Tests of C{ctrader positions}.
"""

from __future__ import annotations

import json
from typing import Any

from ctrader_twisted.cli.positions import showPositions
from ctrader_twisted.client import Account, Client
from ctrader_twisted.simulator.faults import Incoming, Refuse
from ctrader_twisted.trading import Side
from ctrader_twisted.units import Lots
from test.commandcase import CommandCase


class PositionTests(CommandCase):
    """
    What an account holds.
    """

    def show(self, *, asJson: bool = False, before: Any = None) -> None:
        """
        Show it, with a client that has just begun.

        @param asJson: whether for machines.
        @param before: called before it is shown.
        """

        async def main(client: Client, account: Account) -> None:
            if before is not None:
                before()
            await showPositions(account, self.console, self.virtual.clock, asJson=asJson)

        self.drive(main)

    def trade(self) -> None:
        """
        Open a position, and place an order of each kind that waits.
        """

        async def main(client: Client, account: Account) -> None:
            eurusd, gbpusd = await account.symbol("EURUSD"), await account.symbol("GBPUSD")
            trade = await account.buy(eurusd, Lots("0.1"), stopLossPips=20, label="[mine]")
            await trade.whenFilled()
            await trade.position.whenProtected()
            await account.limitOrder(Side.BUY, eurusd, Lots("0.2"), "1.05", stopLossPips=10, takeProfitPips=20)
            await account.stopOrder(Side.SELL, eurusd, Lots("0.3"), "1.05", stopLossPips=10, takeProfitPips=20)
            expires = self.exchange.timeline.now() + 86_400_000
            await account.stopLimitOrder(Side.BUY, gbpusd, Lots("0.4"), "2.00", slippagePips=1, expires=expires)

        self.drive(main)

    def test_nothing(self) -> None:
        """
        Of an account that holds nothing the money is shown.
        """
        self.show()
        self.assertEqual(
            self.text,
            "No open position.\nNo order that waits.\n"
            "Balance: 10000.00 USD\nEquity: 10000.00 USD\nUsed margin: 0.00 USD\nFree margin: 10000.00 USD\n",
        )

    def test_tables(self) -> None:
        """
        Positions and orders are in two tables, with prices, levels, volumes and profits.
        """
        self.trade()
        self.show()
        self.assertRegex(
            self.text,
            r" 2000001 +EURUSD +buy +0\.1 +10000 +1\.\d{5} +1\.\d{5} +- +0\.00 +-?\d\.\d\d +\[mine\]",
        )
        for row in (
            r" 3000003 +EURUSD +buy +0\.2 +20000 +limit +1\.05000 +1\.04900 +1\.05200 +-",
            r" 3000004 +EURUSD +sell +0\.3 +30000 +stop +1\.05000 +1\.05100 +1\.04800 +-",
            r" 3000005 +GBPUSD +buy +0\.4 +40000 +stop limit +2\.00000 +- +- +2026-03-05T10:00:\d\d\+00:00",
        ):
            self.assertRegex(self.text, row)
        self.assertRegex(self.text, r"Balance: 10000\.00 USD\nEquity: 999\d\.\d\d USD\nUsed margin: 11\d\.\d\d USD\n")

    def test_profitUnknown(self) -> None:
        """
        A profit that cannot be known is told to be so, and what depends on it; nothing is waited for long.
        """
        self.trade()
        start = self.virtual.clock.seconds()
        self.exchange.faults.add(Incoming(Refuse("NO_QUOTES"), message="ProtoOASubscribeSpotsReq"))
        self.show()
        self.assertRegex(self.text, r" 2000001 .+ unknown +\[mine\]")
        self.assertRegex(self.text, r"Balance: 10000\.00 USD\nEquity: unknown\nUsed margin: 11\d\.\d\d USD\n")
        self.assertIn("Free margin: unknown\n", self.text)
        self.assertLess(self.virtual.clock.seconds() - start, 20)

    def test_symbolUnknown(self) -> None:
        """
        A symbol that cannot be looked up is called by its number, and its volume is in units alone.
        """
        self.trade()
        self.exchange.faults.add(Incoming(Refuse("NOT_NOW"), message="ProtoOASymbolByIdReq"))
        self.show()
        self.assertRegex(self.text, r" 2000001 +symbol 1 +buy +- +10000 +1\.\d+ ")

    def test_json(self) -> None:
        """
        For machines it is one object; what must be exact is a text, and what is not known is null.
        """
        self.trade()
        self.exchange.faults.add(Incoming(Refuse("NO_QUOTES"), message="ProtoOASubscribeSpotsReq"))
        self.show(asJson=True)
        told = json.loads(self.text)
        self.assertEqual([each["order"] for each in told["orders"]], [3000003, 3000004, 3000005])
        [position] = told["positions"]
        position.pop("entry")
        position.pop("stopLoss")
        self.assertEqual(
            position,
            {
                "position": 2000001,
                "symbol": "EURUSD",
                "side": "buy",
                "lots": "0.1",
                "units": "10000",
                "takeProfit": None,
                "swap": "0.00",
                "netProfit": None,
                "label": "[mine]",
            },
        )
        self.assertEqual(told["money"]["equity"], None)
        self.assertEqual(told["money"]["asset"], "USD")

    def test_command(self) -> None:
        """
        The command shows the only account, or the one that is named.
        """
        result = self.invoke("positions", "--account", str(self.virtual.euroAccountId))
        self.assertEqual((result.exit_code, "Balance: 10000.00 EUR" in result.output), (0, True), result.output)
        result = self.invoke("positions", "--json", "--account", str(self.virtual.euroAccountId))
        self.assertEqual(json.loads(result.output)["positions"], [])
        result = self.invoke("positions")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("--account", result.output)
