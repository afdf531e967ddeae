"""
Trading where two things meet: a close and what waits for it, a part and the next, a deadline and an execution.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOADealOffsetListReq,
    ProtoOAExecutionType,
    ProtoOAOrderStatus,
    ProtoOAOrderTriggerMethod,
    ProtoOAOrderType,
    ProtoOAPositionStatus,
    ProtoOATimeInForce,
    ProtoOATradingMode,
    ProtoOATrailingSLChangedEvent,
)
from ctrader_twisted.simulator.market.specification import Holiday
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue.standing import Standing
from ctrader_twisted.simulator.venue.stopout import stopOut
from ctrader_twisted.simulator.world import EPOCH, EUR_ACCOUNT, NETTED_ACCOUNT
from test.tradingcase import EURUSD, GER40, LIMIT, SELL, STOP, USDJPY, TradingCase

_Kind, _Time, _Trigger = ProtoOAExecutionType, ProtoOATimeInForce, ProtoOAOrderTriggerMethod


class ClosingTests(TradingCase):
    """
    Orders that close, and positions that others close meanwhile.
    """

    def test_largerThanTheRest(self) -> None:
        """
        An order that waits to close takes no more than what is left, and its rest ends with the position.
        """
        positionId = self.opened(volume=300_000)
        order = self.pend(LIMIT, positionId=positionId, tradeSide=SELL, volume=300_000, limitPrice=1.12).order
        self.client.send(self.close(positionId, 200_000))
        self.clock.advance(0.2)
        self.client.received()
        self.quote(112_010, 112_014)
        filled, cancelled = self.client.messages()
        self.assertEqual((filled.executionType, filled.deal.filledVolume), (_Kind.ORDER_PARTIAL_FILL, 100_000))
        self.assertEqual(filled.position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_CLOSED)
        self.assertEqual((cancelled.executionType, cancelled.order.orderId), (_Kind.ORDER_CANCELLED, order.orderId))
        self.assertEqual((self.reconcile().position, self.reconcile().order), ([], []))

    def test_changedRest(self) -> None:
        """
        What counts of an order that closes and is executed in part is its rest; what nobody changes is not looked at.
        """
        self.exchange.limitLiquidity(EURUSD, 100_000)
        positionId = self.opened(volume=100_000)
        for _ in range(2):
            self.client.send(self.order(positionId=positionId))
            self.clock.advance(0.2)
        fields = {"positionId": positionId, "tradeSide": SELL, "limitPrice": 1.12}
        order = self.pend(LIMIT, **fields, volume=300_000).order
        self.quote(112_010, 112_014)
        self.client.received()
        for volume in (200_000, 300_000):
            self.client.send(self.change(order.orderId, limitPrice=1.13, volume=volume))
        self.assertEqual([kind for kind, _, _ in self.events()], ["ORDER_REPLACED"] * 2)
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.2)
        self.client.received()
        self.client.send(self.change(order.orderId, limitPrice=1.14))
        self.assertEqual([kind for kind, _, _ in self.events()], ["ORDER_REPLACED"])
        self.rejected(self.change(order.orderId, limitPrice=1.14, volume=250_000), "TRADING_BAD_VOLUME")

    def test_oneOfTwo(self) -> None:
        """
        Of a stop loss and an order that would close at the same price, one is executed, and the other cancelled.
        """
        positionId = self.opened(relativeStopLoss=100)
        self.pend(STOP, positionId=positionId, tradeSide=SELL, stopPrice=1.11884)
        self.quote(111_880, 111_884)
        kinds = [kind for kind, _, _ in self.events()]
        self.assertEqual(kinds, ["ORDER_FILLED", "ORDER_CANCELLED"])

    def test_beforeTheProtection(self) -> None:
        """
        A stop loss that nobody was told of yet is not executed; the next price executes it.
        """
        self.client.send(self.order(relativeStopLoss=100))
        self.clock.advance(0.1)
        self.exchange.setPrice(EURUSD, 111_980, 111_984)
        self.clock.advance(0.041)
        self.client.received()
        self.exchange.setPrice(EURUSD, 111_800, 111_804)
        self.assertEqual(self.events(), [])
        self.clock.advance(0.01)
        self.assertEqual([kind for kind, _, _ in self.events()], ["ORDER_ACCEPTED"])
        self.exchange.setPrice(EURUSD, 111_790, 111_794)
        self.assertEqual([kind for kind, _, _ in self.events()], ["ORDER_FILLED"])

    def test_offsets(self) -> None:
        """
        What was opened first is closed first, also where two parts of it are closed one after the other.
        """
        positionId = self.opened(volume=300_000)
        self.client.send(self.order(positionId=positionId, volume=100_000))
        self.clock.advance(0.2)
        first, second = self.exchange.venue.accounts[self.accountId].deals.values()
        for volume in (100_000, 200_000, 100_000):
            self.client.send(self.close(positionId, volume))
            self.clock.advance(1)
        found = []
        for deal in (first, second):
            self.client.received()
            request = ProtoOADealOffsetListReq(ctidTraderAccountId=self.accountId, dealId=deal.dealId)
            found.append([each.volume for each in self.client.ask(request).offsetBy])
        self.assertEqual(found, [[100_000, 200_000], [100_000]])

    def test_allowed(self) -> None:
        """
        A position can be closed where only closing is allowed, and where nothing may be sold short.
        """
        changes: tuple[dict[str, Any], ...] = (
            {"tradingMode": ProtoOATradingMode.CLOSE_ONLY_MODE},
            {"enableShortSelling": False},
        )
        for change in changes:
            positionId = self.opened()
            self.exchange.changeSymbol(EURUSD, **change)
            self.client.received()
            self.client.send(self.close(positionId, 100_000))
            self.clock.advance(1)
            self.assertEqual([kind for kind, _, _ in self.events()], ["ORDER_ACCEPTED", "ORDER_FILLED"])
            self.exchange.changeSymbol(EURUSD, tradingMode=ProtoOATradingMode.ENABLED)

    def test_nothingConverted(self) -> None:
        """
        A result in the account's own asset pays no fee for a conversion; one in another asset does.
        """
        for symbolId, volume, fees in ((EURUSD, 10_000_000, [0]), (USDJPY, 10_000_000, [-2])):
            self.exchange.changeSymbol(symbolId, conversionFeeRate=70)
            positionId = self.opened(symbolId=symbolId, volume=volume)
            if symbolId == USDJPY:
                self.exchange.setPrice(USDJPY, 14_800_300, 14_800_300)
            self.client.send(self.close(positionId, volume))
            self.clock.advance(1)
            deals = [each.deal for each in self.client.messages() if each.executionType == _Kind.ORDER_FILLED]
            self.assertEqual([each.closePositionDetail.pnlConversionFee for each in deals], fees)

    def test_guaranteedDistance(self) -> None:
        """
        A guaranteed stop loss keeps the distance of every other one, too, and may stay where it is when another level
        changes.
        """
        self.exchange.changeSymbol(GER40, guaranteedDistance=100, stopLossDistance=20_000)
        fields = {"symbolId": GER40, "volume": 100, "guaranteedStopLoss": True}
        self.rejected(self.order(**fields, relativeStopLoss=10_000_000), "PROTECTION_IS_TOO_CLOSE_TO_MARKET")
        positionId = self.opened(**fields, relativeStopLoss=20_000_000)
        self.client.send(self.amend(positionId, stopLoss=25_271.24, takeProfit=26_000.0))
        [position] = self.reconcile().position
        self.assertEqual(
            (position.takeProfit, position.stopLoss, position.guaranteedStopLoss), (26_000, 25_271.24, True)
        )

    def test_guaranteeStays(self) -> None:
        """
        What is added to a position without a guarantee does not end that of its stop loss.
        """
        fields = {"symbolId": GER40, "volume": 100, "relativeStopLoss": 20_000_000}
        positionId = self.opened(**fields, guaranteedStopLoss=True)
        self.client.send(self.order(**fields, positionId=positionId))
        self.clock.advance(0.2)
        [position] = self.reconcile().position
        self.assertEqual((position.tradeData.volume, position.guaranteedStopLoss), (200, True))

    def test_guaranteedProfit(self) -> None:
        """
        The guarantee is one of the stop loss; a take profit is executed at the market.
        """
        fields = {"guaranteedStopLoss": True, "relativeStopLoss": 20_000_000, "relativeTakeProfit": 10_000_000}
        self.opened(symbolId=GER40, volume=100, **fields)
        self.quote(2_558_000_000, 2_558_100_000, self.index)
        [filled] = [each for each in self.client.messages() if each.executionType == _Kind.ORDER_FILLED]
        self.assertEqual(
            (filled.deal.executionPrice, filled.deal.closePositionDetail.grossProfit > 0), (25_580.0, True)
        )


class FlipTests(TradingCase):
    """
    Netted positions that are turned round in parts.
    """

    accountId = NETTED_ACCOUNT

    def test_volumes(self) -> None:
        """
        Each deal says how much of the order was left when it was made.
        """
        self.opened(volume=100_000)
        self.client.send(self.order(tradeSide=SELL, volume=300_000))
        self.clock.advance(0.2)
        _, closed, opened = self.client.messages()
        deals = [(each.deal.volume, each.deal.filledVolume) for each in (closed, opened)]
        self.assertEqual(deals, [(100_000, 100_000), (200_000, 200_000)])

    def test_closeOnlyMeanwhile(self) -> None:
        """
        An order that would turn the position round is rejected if only closing is allowed by then; one that closes is
        executed.
        """
        self.opened(volume=100_000)
        for volume, kind in ((200_000, "ORDER_REJECTED"), (100_000, "ORDER_FILLED")):
            self.exchange.changeSymbol(EURUSD, tradingMode=ProtoOATradingMode.ENABLED)
            self.client.send(self.order(tradeSide=SELL, volume=volume))
            self.exchange.changeSymbol(EURUSD, tradingMode=ProtoOATradingMode.CLOSE_ONLY_MODE)
            self.clock.advance(1)
            self.assertEqual([each for each, _, _ in self.events()], ["ORDER_ACCEPTED", kind])

    def test_laterPart(self) -> None:
        """
        The levels of an order protect the position that a later part of it opens.
        """
        self.opened(volume=100_000)
        self.exchange.limitLiquidity(EURUSD, 100_000)
        self.pend(LIMIT, tradeSide=SELL, volume=200_000, limitPrice=1.12, relativeStopLoss=500)
        self.quote(112_010, 112_014)
        self.assertEqual(self.reconcile(protection=True).position, [])
        self.quote(112_020, 112_024)
        self.clock.advance(0.01)
        [position] = self.reconcile().position
        self.assertEqual((position.tradeData.tradeSide, position.stopLoss), (SELL, 1.125))


class MomentTests(TradingCase):
    """
    What happens between the acceptance of an order and its execution.
    """

    def test_expiring(self) -> None:
        """
        An order whose time is over while it is executed is executed.
        """
        fields = {"timeInForce": _Time.GOOD_TILL_DATE, "expirationTimestamp": EPOCH + 50}
        self.pend(LIMIT, limitPrice=1.12, **fields)
        self.clock.advance(0.1)
        self.clock.advance(0.1)
        self.assertEqual([kind for kind, _, _ in self.events()], ["ORDER_FILLED"])

    def test_expiringRest(self) -> None:
        """
        What cannot be executed of it then is over.
        """
        self.exchange.limitLiquidity(EURUSD, 100_000)
        fields = {"timeInForce": _Time.GOOD_TILL_DATE, "expirationTimestamp": EPOCH + 50}
        self.pend(LIMIT, limitPrice=1.12, volume=200_000, **fields)
        for _ in range(4):
            self.clock.advance(0.1)
        self.assertEqual([kind for kind, _, _ in self.events()], ["ORDER_PARTIAL_FILL", "ORDER_EXPIRED"])

    def test_closedMeanwhile(self) -> None:
        """
        An order that may not wait ends if the market closes before it is executed, and one that may goes on.
        """
        day = (datetime.fromtimestamp(EPOCH / 1000, UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
        for life, status in (
            (_Time.IMMEDIATE_OR_CANCEL, ProtoOAOrderStatus.ORDER_STATUS_REJECTED),
            (_Time.FILL_OR_KILL, ProtoOAOrderStatus.ORDER_STATUS_REJECTED),
            (_Time.GOOD_TILL_CANCEL, ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED),
        ):
            order = self.pend(LIMIT, limitPrice=1.12, timeInForce=life).order
            self.exchange.changeSymbol(EURUSD, holidays=(Holiday(holidayId=1, name="Rest", date=day),))
            self.clock.advance(0.2)
            found = self.exchange.venue.accounts[self.accountId].findOrder(order.orderId)
            assert found is not None
            self.assertEqual(found.orderStatus, status)
            self.exchange.changeSymbol(EURUSD, holidays=())


class EuroTests(TradingCase):
    """
    An account in euros, which needs EURUSD for everything in dollars.
    """

    accountId = EUR_ACCOUNT

    def test_waitsForAConversion(self) -> None:
        """
        A waiting order waits on while a price for the conversion is missing; one at the market is rejected.
        """
        self.pend(STOP, symbolId=USDJPY, stopPrice=149.0)
        self.client.send(self.order(symbolId=GER40, volume=100))
        listed = self.prices.listed[:]
        self.prices.listed.clear()
        self.exchange.setPrice(USDJPY, 14_900_000, 14_900_000)
        self.clock.advance(0.2)
        kinds = [kind for kind, _, _ in self.events()]
        self.assertEqual(kinds, ["ORDER_ACCEPTED", "ORDER_REJECTED"])
        self.assertEqual(len(self.reconcile().order), 1)
        self.prices.listed[:] = listed

    def test_unknownEquity(self) -> None:
        """
        A deposit comes in though nobody can say what the account is worth now; its equity is left out.
        """
        self.opened()
        self.client.received()
        self.exchange.deposit(self.accountId, 100)
        self.prices.listed.clear()
        self.exchange.deposit(self.accountId, 100)
        first, second = self.client.messages()
        self.assertTrue(first.depositWithdraw.HasField("equity"))
        self.assertFalse(second.depositWithdraw.HasField("equity"))


class TriggerTests(TradingCase):
    """
    Stops that follow, and stops that take two prices.
    """

    def stops(self) -> list[float]:
        """
        @return: where stop losses have moved to since the last look.
        """
        return [each.stopPrice for each in self.client.messages() if isinstance(each, ProtoOATrailingSLChangedEvent)]

    def test_smallestMove(self) -> None:
        """
        A trailing stop follows the smallest move of the price.
        """
        self.opened(relativeStopLoss=200, trailingStopLoss=True)
        self.quote(111_981, 111_985)
        self.assertEqual(self.stops(), [1.11785])

    def test_noMoreTrailing(self) -> None:
        """
        A stop loss that was told to stay where it is does.
        """
        positionId = self.opened(relativeStopLoss=200, trailingStopLoss=True)
        self.client.send(self.amend(positionId, stopLoss=1.11784, trailingStopLoss=False))
        self.quote(112_980, 112_984)
        self.assertEqual(self.stops(), [])
        self.assertEqual(self.reconcile().position[0].stopLoss, 1.11784)

    def test_secondPriceAfterAChange(self) -> None:
        """
        The first price beyond a stop is forgotten once the stop is put somewhere else, of an order as of a position.
        """
        order = self.pend(STOP, stopPrice=1.13, stopTriggerMethod=_Trigger.DOUBLE_TRADE).order
        self.quote(113_010, 113_014)
        fields: dict[str, Any] = {"stopTriggerMethod": _Trigger.DOUBLE_TRADE}
        self.client.send(self.change(order.orderId, stopPrice=1.14, **fields))
        self.client.received()
        self.quote(114_010, 114_014)
        self.assertEqual(self.events(), [])
        self.quote(114_010, 114_014)
        self.assertEqual(len(self.events()), 1)
        positionId = self.reconcile().position[0].positionId
        method = {"stopLossTriggerMethod": _Trigger.DOUBLE_TRADE}
        self.client.send(self.amend(positionId, stopLoss=1.135, **method))
        self.quote(113_400, 113_404)
        self.client.send(self.amend(positionId, stopLoss=1.133, **method))
        self.client.received()
        self.quote(113_200, 113_204)
        self.assertEqual(self.events(), [])
        self.quote(113_200, 113_204)
        self.assertEqual([kind for kind, _, _ in self.events()], ["ORDER_FILLED"])


class StopOutTests(TradingCase):
    """
    One stop-out at a time, and at the level itself.
    """

    settings = Settings(fillLatency=3.0)

    def test_oneAtATime(self) -> None:
        """
        While one is executed no other one begins, though the level is what it is.
        """
        account = self.exchange.venue.accounts[self.accountId]
        for _ in range(2):
            self.client.send(self.order(volume=40_000_000))
            self.clock.advance(3.1)
        standing = Standing(0, 0, 4_000, 9_000)
        for _ in range(2):
            stopOut(self.exchange.venue, account, standing)
        self.assertEqual(sum(order.isStopOut for order in account.orders.values()), 1)
        self.clock.advance(3.1)

    def test_level(self) -> None:
        """
        The level itself is too low, and anything above is not.
        """
        account = self.exchange.venue.accounts[self.accountId]
        self.client.send(self.order())
        self.clock.advance(3.1)
        stopOut(self.exchange.venue, account, Standing(0, 0, 5_001, 10_000))
        self.assertEqual(len(account.orders), 0)
        stopOut(self.exchange.venue, account, Standing(0, 0, 5_000, 10_000))
        [order] = account.orders.values()
        self.assertEqual((order.isStopOut, order.orderType), (True, ProtoOAOrderType.MARKET))
        self.clock.advance(3.1)
