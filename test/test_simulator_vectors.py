"""
The recorded amounts of real accounts, to the last digit, on the simulated venue.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve

from ctrader_twisted.schema.messages import ProtoOACommissionType, ProtoOAExecutionType, ProtoOAPositionStatus
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import EPOCH
from test.rawclient import ListedPrices
from test.tradingcase import BUY, EURUSD, GER40, SELL, TradingCase

_CRYPTO10 = 201


class _VectorCase(TradingCase):
    settings = Settings(idleLimit=10_000_000, loginLimit=10_000_000)

    def makeExchange(self) -> Exchange:
        """
        Make one with the leverage, the balance and the prices of the recordings.
        """
        self.crypto = ListedPrices([Tick(EPOCH - 1_000, 8_528_723_000, 8_528_721_000)])
        exchange = super().makeExchange()
        exchange.market._sources[_CRYPTO10] = self.crypto
        account = exchange.venue.accounts[self.accountId]
        account.terms = evolve(account.terms, leverageInCents=333)
        account.balance = account.base = 5_122_399_809
        return exchange

    def executed(self) -> list[Any]:
        """
        @return: what the deals since the last look were told with.
        """
        filled = ProtoOAExecutionType.ORDER_FILLED
        return [each for each in self.client.messages() if getattr(each, "executionType", None) == filled]


class CryptoTests(_VectorCase):
    """
    A crypto index at 0.0325 % a side and a leverage of 3.33.
    """

    def setUp(self) -> None:
        """
        Let no table and no minimum interfere.
        """
        super().setUp()
        self.exchange.changeSymbol(_CRYPTO10, leverageId=0, minCommission=0)

    def test_course(self) -> None:
        """
        A unit is bought at 85287.21, a hundredth of it closed at 85219.06, and the rest by its stop at 85206.20, which
        is executed at 85205.58.
        """
        self.client.received()
        self.client.send(self.order(symbolId=_CRYPTO10, volume=100, relativeStopLoss=8_101_000))
        self.clock.advance(0.2)
        [opened] = self.executed()
        self.assertEqual(opened.position.price, 85287.21)
        self.assertEqual((opened.deal.commission, opened.position.commission), (-2_772, -2_772))
        self.assertEqual((opened.position.marginRate, opened.position.usedMargin), (85287.22, 2_561_178))
        account = self.exchange.venue.accounts[self.accountId]
        self.assertEqual((account.balance, account.balanceVersion), (5_122_399_809, 0))

        positionId = opened.position.positionId
        self.quote(8_521_906_000, 8_521_908_000, self.crypto)
        self.client.send(self.close(positionId, 1))
        self.clock.advance(0.2)
        [part] = self.executed()
        detail = part.deal.closePositionDetail
        self.assertEqual((part.deal.executionPrice, part.deal.commission), (85219.06, -28))
        self.assertEqual((detail.grossProfit, detail.commission, detail.swap, detail.closedVolume), (-68, -56, 0, 1))
        self.assertEqual((detail.balance, detail.balanceVersion), (5_122_399_685, 1))
        self.assertEqual((part.position.commission, part.position.usedMargin), (-2_744, 2_535_566))
        self.assertEqual(part.position.stopLoss, 85206.20)

        self.quote(8_520_558_000, 8_520_560_000, self.crypto)
        [rest] = self.executed()
        detail = rest.deal.closePositionDetail
        self.assertEqual((rest.deal.executionPrice, rest.deal.commission), (85205.58, -2_741))
        self.assertEqual((detail.grossProfit, detail.commission, detail.balance), (-8_081, -5_485, 5_122_386_119))
        closed = ProtoOAPositionStatus.POSITION_STATUS_CLOSED
        self.assertEqual((rest.position.positionStatus, rest.position.usedMargin), (closed, 0))


class IndexTests(_VectorCase):
    """
    An index in euros on the same account.
    """

    def test_close(self) -> None:
        """
        23.06 lost on a unit at 1.13666, with a swap, and a fee of 0.70 % for the conversion.
        """
        self.exchange.changeSymbol(GER40, conversionFeeRate=70)
        self.quote(113_666, 113_666)
        self.quote(2_549_429_900, 2_549_430_000, self.index)
        positionId = self.opened(symbolId=GER40, volume=100, tradeSide=BUY)
        position = self.exchange.venue.accounts[self.accountId].positions[positionId]
        position.swap = -515
        self.quote(2_547_124_000, 2_547_124_000, self.index)
        self.client.send(self.close(positionId, 100))
        self.clock.advance(0.2)
        [filled] = self.executed()
        detail = filled.deal.closePositionDetail
        self.assertEqual((detail.entryPrice, filled.deal.executionPrice), (25494.30, 25471.24))
        self.assertEqual(detail.quoteToDepositConversionRate, 1.13666)
        self.assertEqual((detail.grossProfit, detail.swap, detail.pnlConversionFee), (-2_621, -515, -19))
        self.assertEqual((detail.commission, filled.deal.commission), (0, 0))
        self.assertEqual(detail.balance, 5_122_399_809 - 2_621 - 515 - 19)
        self.assertAlmostEqual(filled.deal.marginRate, 28952.139658, places=5)
        self.assertEqual(filled.deal.tradeSide, SELL)


class ForexTests(_VectorCase):
    """
    A thousand euros for dollars.
    """

    def test_open(self) -> None:
        """
        11.1984 at a leverage of 100, and 2.50 dollars a lot, of which a hundredth is half a cent more than two.
        """
        self.exchange.changeAccount(self.accountId, leverageInCents=10_000)
        self.exchange.changeSymbol(EURUSD, commissionType=ProtoOACommissionType.USD_PER_LOT)
        self.quote(111_984, 111_984)
        self.client.received()
        self.client.send(self.order())
        self.clock.advance(0.2)
        [opened] = self.executed()
        self.assertEqual((opened.position.price, opened.position.usedMargin), (1.11984, 1_120))
        self.assertEqual(opened.position.commission, -3)
