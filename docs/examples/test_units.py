"""
Prices, volumes and money: what is exact, what is refused, and what has to be asked for.

Usage: python -m twisted.trial test_units, in the folder of this file.
"""

from decimal import ROUND_HALF_EVEN, Decimal

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Client, Lots, Units
from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.testing import VirtualExchange


class UnitTests(SynchronousTestCase):
    def test_units(self) -> None:
        """The same lot is a hundred thousand euros or a hundred ounces."""
        exchange = VirtualExchange()

        async def main(client: Client) -> None:
            account = await client.account(exchange.accountId)
            eurusd, gold = await account.symbol("EURUSD"), await account.symbol("XAUUSD")

            # The wire counts hundredths of a unit; you write lots or units, and never have to.
            self.assertEqual(eurusd.volume(Lots("0.01")), eurusd.volume(Units(1_000)))
            self.assertEqual(gold.volume(Lots("0.01")), gold.volume(Units(1)))

            # What cannot be traded is refused, with what can.
            with self.assertRaises(IllegalValue) as caught:
                eurusd.volume(Lots("0.015"))
            self.assertEqual(caught.exception.nearest, (Lots("0.01"), Lots("0.02")))

            # Pips become a difference of prices; prices are decimals with the symbol's digits.
            self.assertEqual(eurusd.price("1.1") + eurusd.pips(20), Decimal("1.10200"))

            # A float is refused unless you say how to round it.
            with self.assertRaises(TypeError):
                eurusd.price(1.1 * 1.1)
            self.assertEqual(eurusd.price(1.1 * 1.1, ROUND_HALF_EVEN), Decimal("1.21000"))

            # Money is in the deposit asset, converted at present prices.
            self.assertEqual(await account.pipValue(eurusd, Lots("1")), Decimal("10.00"))
            risked = await account.lotsForRisk(eurusd, "200", pips=25)
            self.assertEqual(risked, Lots("0.80"))

        exchange.run(main)
