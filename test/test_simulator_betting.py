"""
Accounts for spread betting: volumes that are stakes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAAccountType,
    ProtoOACommissionType,
    ProtoOAExecutionType,
    ProtoOAMinCommissionType,
    ProtoOAPositionStatus,
    ProtoOASymbolByIdReq,
    ProtoOATraderReq,
)
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import EUR_ACCOUNT
from test.tradingcase import EURUSD, LIMIT, SELL, USDJPY, TradingCase

_BETTING, _HEDGED = ProtoOAAccountType.SPREAD_BETTING, ProtoOAAccountType.HEDGED


class _BettingCase(TradingCase):
    def setUp(self) -> None:
        super().setUp()
        self.account = self.exchange.venue.accounts[self.accountId]
        self.exchange.changeAccount(self.accountId, accountType=_BETTING)
        self.client.received()

    def specification(self, symbolId: int = EURUSD) -> Any:
        request = ProtoOASymbolByIdReq(ctidTraderAccountId=self.accountId, symbolId=[symbolId])
        return self.client.ask(request).symbol[0]

    def closed(self, positionId: int, volume: int) -> Any:
        """
        Close a position, and give the deal.
        """
        self.client.received()
        self.client.send(self.close(positionId, volume))
        self.clock.advance(0.2)
        [filled] = [each for each in self.client.messages() if each.executionType == ProtoOAExecutionType.ORDER_FILLED]
        return filled.deal


class StakeTests(_BettingCase):
    """
    An account in dollars.
    """

    def test_specification(self) -> None:
        """
        The specifications that it is sent count in stakes: a lot of 100,000 units moves 10.00 a pip.
        """
        trader = self.client.ask(ProtoOATraderReq(ctidTraderAccountId=self.accountId)).trader
        self.assertEqual(trader.accountType, _BETTING)
        symbol = self.specification()
        found = symbol.lotSize, symbol.minVolume, symbol.stepVolume, symbol.maxVolume, symbol.maxExposure
        self.assertEqual(found, (1_000, 10, 10, 1_000_000, 0))
        self.exchange.changeSymbol(EURUSD, minVolume=1, maxExposure=5_000_000)
        self.client.received()
        self.assertEqual((self.specification().minVolume, self.specification().maxExposure), (1, 500))

    def test_course(self) -> None:
        """
        5 pips at a stake of 1.00 make 5.00; margin and commission are those of the 10,000 units that move as much.
        """
        positionId = self.opened(volume=100)
        [position] = self.reconcile().position
        self.assertEqual((position.usedMargin, position.commission, position.marginRate), (11_198, -25, 11_198.2))
        self.quote(112_034, 112_038)
        deal = self.closed(positionId, 100)
        detail = deal.closePositionDetail
        self.assertEqual((detail.grossProfit, detail.commission, detail.pnlConversionFee), (500, -50, 0))
        self.assertEqual((detail.quoteToDepositConversionRate, self.account.balance), (10_000.0, 1_000_450))
        self.assertAlmostEqual(deal.baseToUsdConversionRate, 11_203.6)

    def test_likeUnits(self) -> None:
        """
        Whatever costs or yields something does so as for the units that move as much.
        """
        bought: dict[int, list[Any]] = {}
        for kind, volume in ((_HEDGED, 10_000_000), (_BETTING, 1_000)):
            self.exchange.changeAccount(self.accountId, accountType=kind)
            for commission in ProtoOACommissionType.values():
                rate = 5_000 if commission == ProtoOACommissionType.PERCENTAGE_OF_VALUE else 500_000_000
                self.exchange.changeSymbol(EURUSD, commissionType=commission, commissionRate=rate)
                self.client.send(self.order(volume=volume))
                self.clock.advance(1)
                [position] = self.reconcile().position
                detail = self.closed(position.positionId, volume).closePositionDetail
                costs = position.usedMargin, position.commission, detail.grossProfit, detail.commission
                bought.setdefault(commission, []).append(costs)
        for commission, (units, stakes) in bought.items():
            self.assertEqual(units, stakes, ProtoOACommissionType.Name(commission))

    def test_partly(self) -> None:
        """
        A part of a stake can be closed, each order has a position of its own, and limits hold.
        """
        first, second = self.opened(volume=100), self.opened(volume=100, tradeSide=SELL)
        self.assertNotEqual(first, second)
        self.closed(first, 40)
        self.assertEqual([each.tradeData.volume for each in self.reconcile().position], [60, 100])
        self.rejected(self.close(first, 61), "TRADING_BAD_STAKE")
        self.rejected(self.close(first, 5), "TRADING_BAD_STAKE")
        self.rejected(self.order(volume=5), "TRADING_BAD_STAKE")
        self.rejected(self.order(volume=1_000_010), "TRADING_BAD_STAKE")
        order = self.pend(LIMIT, volume=100, limitPrice=1.1).order
        self.rejected(self.change(order.orderId, volume=5), "TRADING_BAD_STAKE")
        self.rejected(self.order(volume=10_000), "NOT_ENOUGH_MONEY")

    def test_yen(self) -> None:
        """
        A minimum of the commission in the quote asset is converted, as it is elsewhere.
        """
        quote = ProtoOAMinCommissionType.QUOTE_CURRENCY
        self.exchange.changeSymbol(USDJPY, minCommission=148 * 10**8, minCommissionType=quote)
        self.opened(symbolId=USDJPY, volume=1_000)
        [position] = self.reconcile().position
        self.assertEqual(position.commission, -100)

    def test_exposure(self) -> None:
        """
        The most that may be held is a stake, too.
        """
        self.exchange.changeSymbol(EURUSD, maxExposure=1_000_000)
        self.opened(volume=100)
        self.rejected(self.order(volume=10), "MAX_EXPOSURE_REACHED")

    def test_swap(self) -> None:
        """
        A night costs so many pips.
        """
        self.exchange.changeSymbol(EURUSD, swapLong=Decimal("-0.5"))
        self.opened(volume=100)
        self.clock.advance(13 * 3600)
        self.assertEqual([each.swap for each in self.account.openPositions()], [-150])

    def test_swapFree(self) -> None:
        """
        What is charged by lot is charged by the lot of stakes.
        """
        self.exchange.changeAccount(self.accountId, swapFree=True)
        self.exchange.changeSymbol(EURUSD, rolloverCommission=200)
        self.opened(volume=500)
        self.clock.advance(13 * 3600)
        self.assertEqual([each.delta for each in self.account.cashFlow.values()], [-300])

    def test_guarantee(self) -> None:
        """
        So is the guarantee of a stop loss.
        """
        self.exchange.changeSymbol(EURUSD, guaranteedStopLoss=True, guaranteedCharge=150)
        self.opened(volume=1_000, guaranteedStopLoss=True, relativeStopLoss=200)
        self.assertEqual([each.delta for each in self.account.cashFlow.values()], [-150])

    def test_stopOut(self) -> None:
        """
        Too little margin closes as much as is needed, in steps of the stake.
        """
        self.opened(volume=8_000)
        self.quote(111_274, 111_278)
        self.clock.advance(0.2)
        [position] = self.account.openPositions()
        self.assertTrue(0 < position.tradeData.volume < 8_000)
        self.assertEqual(position.tradeData.volume % 10, 0)

    def test_busy(self) -> None:
        """
        An account that holds something stays what it is.
        """
        positionId = self.opened(volume=100)
        self.assertRaises(ValueError, self.exchange.changeAccount, self.accountId, accountType=_HEDGED)
        self.exchange.changeAccount(self.accountId, leverageInCents=5_000)
        self.client.received()
        self.closed(positionId, 100)
        self.exchange.changeAccount(self.accountId, accountType=_HEDGED)
        self.opened()
        self.assertRaises(ValueError, self.exchange.changeAccount, self.accountId, accountType=_BETTING)
        self.exchange.changeAccount(self.accountId, accountType=ProtoOAAccountType.NETTED)


class EuroTests(_BettingCase):
    """
    An account in euros.
    """

    accountId = EUR_ACCOUNT

    def test_unconverted(self) -> None:
        """
        A stake is money of the account, whatever the symbol is priced in.
        """
        self.exchange.changeSymbol(EURUSD, conversionFeeRate=70)
        positionId = self.opened(volume=100)
        [position] = self.reconcile().position
        self.assertEqual(position.usedMargin, 11_198)
        self.quote(112_034, 112_038)
        deal = self.closed(positionId, 100)
        detail = deal.closePositionDetail
        self.assertEqual((detail.grossProfit, detail.pnlConversionFee), (500, 0))
        # What a stake of 1 moves is so many euros, and those are dollars.
        self.assertAlmostEqual(deal.baseToUsdConversionRate, 11_203.6 * 1.12036)


class UnitTests(_BettingCase):
    """
    The other value of the switch.
    """

    settings = Settings(volumesAreStakes=False)

    def test_units(self) -> None:
        """
        Volumes are units as on other accounts; only the code of a bad one is its own.
        """
        self.assertEqual(self.specification().minVolume, 100_000)
        positionId = self.opened(volume=100_000)
        [position] = self.reconcile().position
        self.assertEqual(position.usedMargin, 1_120)
        deal = self.closed(positionId, 100_000)
        self.assertEqual(deal.closePositionDetail.grossProfit, -4)
        self.rejected(self.order(volume=1), "TRADING_BAD_STAKE")
        self.assertEqual(self.reconcile().position, [])
        self.assertEqual(deal.positionId, positionId)
        self.assertEqual(position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_OPEN)
