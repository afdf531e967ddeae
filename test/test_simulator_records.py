"""
Conversion into the deposit asset, and what an account remembers.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve

from ctrader_twisted.schema.messages import (
    ProtoOADealListByPositionIdReq,
    ProtoOADealListReq,
    ProtoOAExpectedMarginReq,
    ProtoOAGetPositionUnrealizedPnLReq,
    ProtoOAOrderDetailsReq,
    ProtoOAOrderListReq,
    ProtoOAOrderType,
)
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import EPOCH, EUR_ACCOUNT
from test.tradingcase import EURUSD, LIMIT, TradingCase


class EuroAccountTests(TradingCase):
    """
    An account whose deposit asset is not the quote asset.
    """

    accountId = EUR_ACCOUNT

    def test_converted(self) -> None:
        """
        Profit, margin and commission are converted at the middle price.
        """
        positionId = self.opened(volume=10_000_000)
        self.assertEqual(self.reconcile().position[0].usedMargin, 100_000)
        self.quote(112_984, 112_990)
        self.client.send(self.close(positionId, 10_000_000))
        self.clock.advance(0.14)
        *_, event = self.client.messages()
        detail = event.deal.closePositionDetail
        self.assertAlmostEqual(detail.quoteToDepositConversionRate, 1 / 1.12987)
        self.assertEqual(detail.grossProfit, 88_506)
        self.assertEqual(detail.commission, -223 - 221)

    def test_valuation(self) -> None:
        """
        The server's own valuation has gross and net, and says how much a volume would block.
        """
        positionId = self.opened(volume=10_000_000)
        self.quote(112_984, 112_990)
        answer = self.client.ask(ProtoOAGetPositionUnrealizedPnLReq(ctidTraderAccountId=self.accountId))
        [each] = answer.positionUnrealizedPnL
        self.assertEqual((each.positionId, each.grossUnrealizedPnL), (positionId, 88_506))
        self.assertEqual((each.netUnrealizedPnL, answer.moneyDigits), (88_506 - 223, 2))
        margin = ProtoOAExpectedMarginReq(ctidTraderAccountId=self.accountId, symbolId=EURUSD)
        self.invalid(margin, "volume")
        margin.volume.extend([100_000, 200_000])
        answer = self.client.ask(margin)
        self.assertEqual(
            [(each.volume, each.buyMargin, each.sellMargin) for each in answer.margin],
            [(100_000, 1_000, 1_000), (200_000, 2_000, 2_000)],
        )


class RecordTests(TradingCase):
    """
    Deals and orders afterwards.
    """

    settings = Settings(dealChunk=2, historyLimit=3, historicalRate=100)

    def ask(self, kind: Any, **fields: Any) -> Any:
        return self.client.ask(kind(ctidTraderAccountId=self.accountId, **fields))

    def test_deals(self) -> None:
        """
        Deals come newest first, a chunk at a time, within a span whose ends count; a list tells their creation as
        their last update.
        """
        positionIds = [self.opened() for _ in range(3)]
        answer = self.ask(ProtoOADealListReq)
        self.assertEqual([deal.positionId for deal in answer.deal], positionIds[:0:-1])
        self.assertTrue(answer.hasMore)
        oldest = answer.deal[-1]
        self.assertEqual(oldest.utcLastUpdateTimestamp, oldest.createTimestamp)
        answer = self.ask(ProtoOADealListReq, toTimestamp=oldest.executionTimestamp - 1)
        self.assertEqual(([deal.positionId for deal in answer.deal], answer.hasMore), (positionIds[:1], False))
        moment = oldest.executionTimestamp
        answer = self.ask(ProtoOADealListReq, fromTimestamp=moment, toTimestamp=moment)
        self.assertEqual([deal.positionId for deal in answer.deal], [positionIds[1]])
        answer = self.ask(ProtoOADealListReq, maxRows=1)
        self.assertEqual(([deal.positionId for deal in answer.deal], answer.hasMore), ([positionIds[2]], True))
        self.invalid(
            ProtoOADealListReq(ctidTraderAccountId=self.accountId, fromTimestamp=2, toTimestamp=1),
            "span",
            code="INCORRECT_BOUNDARIES",
        )

    def test_dealsOfPosition(self) -> None:
        """
        The deals of one position: its opening and its close.
        """
        first, second = self.opened(), self.opened()
        self.client.send(self.close(first, 100_000))
        self.clock.advance(0.14)
        deals = self.ask(ProtoOADealListByPositionIdReq, positionId=first).deal
        self.assertEqual([deal.HasField("closePositionDetail") for deal in deals], [True, False])
        self.assertEqual(len(self.ask(ProtoOADealListByPositionIdReq, positionId=second).deal), 1)

    def test_orders(self) -> None:
        """
        Orders come by their last change, newest first; each can be looked up with its deals.
        """
        self.opened()
        self.opened(relativeStopLoss=100)
        answer = self.ask(ProtoOAOrderListReq)
        self.assertTrue(answer.hasMore)
        kinds = {order.orderType for order in answer.order}
        self.assertEqual(kinds, {ProtoOAOrderType.MARKET, ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT})
        [order] = [order for order in answer.order if order.orderType == ProtoOAOrderType.MARKET]
        details = self.ask(ProtoOAOrderDetailsReq, orderId=order.orderId)
        self.assertEqual(details.order, order)
        self.assertEqual([deal.orderId for deal in details.deal], [order.orderId])
        self.invalid(
            ProtoOAOrderDetailsReq(ctidTraderAccountId=self.accountId, orderId=9),
            "Order 9 not found or not belong to trader 5000001",
            code="ORDER_NOT_FOUND",
        )

    def test_week(self) -> None:
        """
        Where a span may be a week at most, that is so if both of its ends are named.
        """
        self.exchange.settings = evolve(self.settings, weekEnforced=True)
        week = 7 * 86_400_000
        for kind in (ProtoOADealListReq, ProtoOAOrderListReq):
            self.ask(kind, fromTimestamp=1)
            self.ask(kind, toTimestamp=EPOCH)
            self.ask(kind, fromTimestamp=EPOCH - week, toTimestamp=EPOCH)
            long = kind(ctidTraderAccountId=self.accountId, fromTimestamp=EPOCH - week - 1, toTimestamp=EPOCH)
            self.invalid(long, "longer than", code="INCORRECT_BOUNDARIES")
            self.assertFalse(self.ask(kind, fromTimestamp=1).hasMore)

    def test_ordersByOpening(self) -> None:
        """
        Where lists of orders choose by their beginning, that is what they are sorted by, so that pages fit together.
        """
        self.exchange.settings = evolve(self.settings, ordersByUpdate=False)
        opened = []
        for price in (1.1, 1.09, 1.08):
            opened.append(self.pend(LIMIT, limitPrice=price).order)
            self.clock.advance(1)
        self.client.send(self.change(opened[0].orderId, limitPrice=1.11))
        self.client.received()
        answer = self.ask(ProtoOAOrderListReq)
        found = [each.orderId for each in answer.order]
        answer = self.ask(ProtoOAOrderListReq, toTimestamp=answer.order[-1].tradeData.openTimestamp - 1)
        found += [each.orderId for each in answer.order]
        self.assertEqual(found, [each.orderId for each in reversed(opened)])

    def test_bounded(self) -> None:
        """
        An account remembers only so many deals and ended orders.
        """
        for _ in range(5):
            self.opened()
        account = self.exchange.venue.accounts[self.accountId]
        self.assertEqual((len(account.deals), len(account.ended)), (3, 3))
        self.assertEqual(len(account.positions), 5)
