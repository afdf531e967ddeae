"""
What positions on the simulated venue block: tables of leverage, and the sides of a symbol.
"""

from __future__ import annotations

import json

from attrs import evolve
from twisted.internet.task import Clock

from ctrader_twisted import Account, Lots, Side, Symbol
from ctrader_twisted.schema.messages import (
    ProtoOAExpectedMarginReq,
    ProtoOAMarginChangedEvent,
    ProtoOASymbolChangedEvent,
    ProtoOATotalMarginCalculationType,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.state import dumpState, loadState
from ctrader_twisted.simulator.venue.margins import marginWith, usedMargin
from ctrader_twisted.simulator.world import EPOCH, EUR_ACCOUNT, USD_ACCOUNT
from ctrader_twisted.units import moneyFromWire
from test.moneycase import CHANGE, MoneyCase
from test.tradingcase import BUY, EURUSD, SELL, TradingCase

_Total = ProtoOATotalMarginCalculationType

# 1:200 up to 10,000 dollars, 1:50 up to 30,000, 1:20 above.
_TIERS = ((1_000_000, 200), (3_000_000, 50), (5_000_000, 20))


class AgreementTests(MoneyCase):
    """
    The client and the server count the slices of a table alike.
    """

    async def compare(self, account: Account, symbol: Symbol, lots: str) -> None:
        """
        Compare estimates on both sides, then open a position and compare what it blocks.
        """
        volume = symbol.volume(Lots(lots))
        request = ProtoOAExpectedMarginReq(symbolId=symbol.symbolId, volume=[volume])
        for side in (Side.BUY, Side.SELL):
            answer = await account.request(request)
            expected = await account.expectedMargin(symbol, Lots(lots))
            [theirs] = answer.margin
            self.assertEqual(expected.buy, moneyFromWire(theirs.buyMargin, answer.moneyDigits))
            self.assertEqual(expected.sell, moneyFromWire(theirs.sellMargin, answer.moneyDigits))
            order = account.buy if side is Side.BUY else account.sell
            trade = await order(symbol, Lots(lots))
            await trade.whenFilled()
            ours = expected.buy if side is Side.BUY else expected.sell
            self.assertEqual(trade.position.usedMargin, ours)

    def agree(self, accountId: int, name: str) -> None:
        """
        Compare within a tier, over its edge, over several, and after prices have changed.
        """
        self.deposit(accountId, "USD" if accountId == USD_ACCOUNT else "EUR")
        symbolId = self.virtual.exchange.catalogue.symbolNamed(name).symbolId
        self.virtual.exchange.changeLeverage(self.virtual.exchange.catalogue.symbol(symbolId).leverageId, *_TIERS)

        async def main(account: Account) -> None:
            symbol = await account.symbol(name)
            for lots in ("0.03", "0.02", "0.10", "0.20", "0.10"):
                await self.compare(account, symbol, lots)
            await self.waitUntil(EPOCH + CHANGE + 1_000)
            await self.compare(account, symbol, "0.05")

        self.go(main, accountId)

    def test_dollars(self) -> None:
        """
        On an account in dollars, with a symbol whose value moves.
        """
        self.agree(USD_ACCOUNT, "EURUSD")

    def test_converted(self) -> None:
        """
        On an account in euros, with a symbol of which neither asset is the account's or a dollar.
        """
        self.agree(EUR_ACCOUNT, "GBPUSD")


class TierTests(TradingCase):
    """
    Margins by the table of a symbol.
    """

    def setUp(self) -> None:
        super().setUp()
        self.table = self.exchange.catalogue.symbol(EURUSD).leverageId
        self.exchange.changeLeverage(self.table, *_TIERS)
        self.client.received()

    def margins(self) -> dict[int, int]:
        return {each.positionId: each.usedMargin for each in self.reconcile().position}

    def told(self) -> dict[int, int]:
        """
        @return: the margins that were told of as changed.
        """
        events = [each for each in self.client.messages() if isinstance(each, ProtoOAMarginChangedEvent)]
        return {each.positionId: each.usedMargin for each in events}

    def test_bound(self) -> None:
        """
        No slice has more than the account's leverage, nor than its own tier.
        """
        # 11,198.20 dollars: 10,000 at the account's 100, and the rest at 50.
        first = self.opened(volume=1_000_000)
        self.assertEqual(self.margins(), {first: 10_000 + 2_396})

    def test_olderCloses(self) -> None:
        """
        A newer position lies above an older one in the table. When that is closed it comes down, which is told after
        the deal.
        """
        first, second = self.opened(volume=1_000_000), self.opened(volume=1_000_000)
        # 22,396.40 dollars altogether: 11,198.20 at 50.
        self.assertEqual(self.margins(), {first: 12_396, second: 22_396})
        self.client.send(self.close(first, 1_000_000))
        self.clock.advance(0.14)
        _, filled, changed = self.client.messages()
        self.assertEqual(filled.position.usedMargin, 0)
        self.assertIsInstance(changed, ProtoOAMarginChangedEvent)
        self.assertEqual((changed.positionId, changed.usedMargin), (second, 12_396))
        self.assertEqual(self.margins(), {second: 12_396})

    def test_sides(self) -> None:
        """
        Each side has its own slices.
        """
        self.opened(volume=1_000_000)
        second = self.opened(volume=1_000_000, tradeSide=SELL)
        self.assertEqual(self.margins()[second], 12_396)

    def test_table(self) -> None:
        """
        A change of the table is told of as a change of its symbols, and of the margins of their positions.
        """
        first = self.opened(volume=1_000_000)
        self.client.received()
        self.exchange.changeLeverage(self.table, (1_000_000, 10))
        changed, margin = self.client.messages()
        self.assertIsInstance(changed, ProtoOASymbolChangedEvent)
        self.assertIn(EURUSD, changed.symbolId)
        self.assertEqual((margin.positionId, margin.usedMargin), (first, 111_982))
        self.assertRaises(KeyError, self.exchange.changeLeverage, 99, (1, 1))

    def test_noTable(self) -> None:
        """
        A symbol without a table has the leverage of the account.
        """
        self.exchange.changeSymbol(EURUSD, leverageId=0)
        self.client.received()
        first = self.opened(volume=10_000_000)
        self.assertEqual(self.margins(), {first: 111_982})

    def test_otherTable(self) -> None:
        """
        A symbol that gets another table changes the margins of what is held of it, and all hear of that.
        """
        self.exchange.changeLeverage(self.table, (1_000_000, 10))
        first = self.opened(volume=1_000_000)
        self.exchange.changeSymbol(EURUSD, leverageId=0)
        changed, margin = self.client.messages()
        self.assertIsInstance(changed, ProtoOASymbolChangedEvent)
        self.assertEqual((margin.positionId, margin.usedMargin), (first, 11_198))
        self.assertEqual(self.margins(), {first: 11_198})

    def test_missingPrice(self) -> None:
        """
        Where a price is missing, the last one counts; where there never was one, margins stay as they are.
        """
        first = self.opened(volume=1_000_000)
        self.prices.listed.clear()
        self.exchange.changeAccount(USD_ACCOUNT, leverageInCents=100)
        self.assertEqual(self.margins(), {first: 1_119_820})
        self.exchange.venue.accounts[USD_ACCOUNT].conversions.clear()
        self.exchange.changeAccount(USD_ACCOUNT, leverageInCents=10_000)
        self.assertEqual(self.margins(), {first: 1_119_820})

    def test_restart(self) -> None:
        """
        The rates that margins were counted with outlive a restart; a state of an earlier version lacks them.
        """
        self.opened(volume=1_000_000)
        state = json.loads(json.dumps(dumpState(self.exchange)))
        other = Exchange.default(Clock())
        loadState(other, state)
        account = self.exchange.venue.accounts[USD_ACCOUNT]
        self.assertEqual(other.venue.accounts[USD_ACCOUNT].conversions, account.conversions)
        for each in state["accounts"]:
            del each["conversions"]
            for name in ("totalMargin", "swapFree", "isLimitedRisk", "limitedRiskMargin", "fairStopOut"):
                del each["terms"][name]
        loadState(other, state)
        self.assertEqual(other.venue.accounts[USD_ACCOUNT].conversions, {})
        self.assertEqual(other.venue.accounts[USD_ACCOUNT].terms, account.terms)


class TotalTests(TradingCase):
    """
    Both sides of a symbol, as the account says.
    """

    def test_rules(self) -> None:
        """
        All, the larger, or the difference, symbol by symbol.
        """
        account = self.exchange.venue.accounts[USD_ACCOUNT]
        self.opened(volume=3_000_000)
        self.opened(volume=1_000_000, tradeSide=SELL)
        for rule, used, bought, sold in (
            (_Total.SUM, 44_793, 54_793, 54_793),
            (_Total.MAX, 33_595, 43_595, 33_595),
            (_Total.NET, 22_397, 32_397, 12_397),
        ):
            account.terms = evolve(account.terms, totalMargin=rule)
            self.assertEqual(usedMargin(account), used)
            for side, expected in ((BUY, bought), (SELL, sold)):
                self.assertEqual(marginWith(account, EURUSD, side, 10_000), expected)
            self.assertEqual(account.trader().totalMarginCalculationType, rule)

    def test_hedge(self) -> None:
        """
        Where the larger side counts, the other one needs no free margin.
        """
        self.opened(volume=80_000_000)
        self.rejected(self.order(volume=40_000_000, tradeSide=SELL), "NOT_ENOUGH_MONEY")
        self.exchange.changeAccount(USD_ACCOUNT, totalMargin=_Total.MAX)
        self.client.received()
        self.opened(volume=40_000_000, tradeSide=SELL)
        self.rejected(self.order(volume=40_000_000), "NOT_ENOUGH_MONEY")
