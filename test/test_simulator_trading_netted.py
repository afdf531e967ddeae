"""
Orders that work on a position which is there: by its id, or on a netted account; and orders that are executed in parts.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import (
    ProtoOAAccountType,
    ProtoOADealStatus,
    ProtoOAExecutionType,
    ProtoOAOrderStatus,
    ProtoOAPositionStatus,
    ProtoOATimeInForce,
    ProtoOATraderReq,
    ProtoOATradingMode,
)
from ctrader_twisted.simulator.venue.arithmetic import meanPrice
from ctrader_twisted.simulator.world import NETTED_ACCOUNT
from test.tradingcase import BUY, EURUSD, GER40, LIMIT, SELL, STOP, USDJPY, TradingCase

_Time = ProtoOATimeInForce


class _Case(TradingCase):
    def executed(self, **fields: Any) -> list[Any]:
        """
        Send an order, and give the events of its execution.
        """
        self.client.received()
        self.client.send(self.order(**fields), "now")
        self.clock.advance(0.14)
        accepted, *rest = self.client.messages()
        self.assertEqual(accepted.executionType, ProtoOAExecutionType.ORDER_ACCEPTED)
        return rest


class PositionTests(_Case):
    """
    Orders that name a position.
    """

    def test_increase(self) -> None:
        """
        The same side adds to the position: its price is the mean by volume, margin and commission add up.
        """
        positionId = self.opened(relativeStopLoss=200)
        self.quote(112_980, 112_984)
        filled, replaced = self.executed(positionId=positionId, volume=200_000)
        position = filled.position
        self.assertEqual((position.positionId, position.tradeData.volume), (positionId, 300_000))
        self.assertEqual((position.price, position.commission, position.usedMargin), (1.12651, -8, 3_379))
        self.assertAlmostEqual(position.marginRate, (1.11982 + 2 * 1.12982) / 3)
        self.assertFalse(filled.deal.HasField("closePositionDetail"))
        self.assertEqual(replaced.executionType, ProtoOAExecutionType.ORDER_REPLACED)
        self.assertEqual((replaced.order.tradeData.volume, replaced.order.stopPrice), (300_000, 1.11784))

    def test_newLevels(self) -> None:
        """
        The levels that the added order names replace those of the position, and the others stay.
        """
        positionId = self.opened(relativeStopLoss=200, relativeTakeProfit=300)
        _, event = self.executed(positionId=positionId, relativeStopLoss=100)
        position = event.position
        self.assertEqual((position.stopLoss, position.takeProfit), (1.11884, 1.12284))
        self.assertEqual(event.order.tradeData.volume, 200_000)

    def test_decrease(self) -> None:
        """
        The other side closes a part, or the whole, as a close does.
        """
        positionId = self.opened(volume=300_000, relativeStopLoss=300)
        [filled, replaced] = self.executed(positionId=positionId, tradeSide=SELL)
        self.assertEqual(filled.deal.closePositionDetail.closedVolume, 100_000)
        self.assertEqual((filled.position.tradeData.volume, filled.order.closingOrder), (200_000, True))
        self.assertEqual(replaced.order.tradeData.volume, 200_000)
        [filled, cancelled] = self.executed(positionId=positionId, tradeSide=SELL, volume=200_000)
        self.assertEqual(filled.position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_CLOSED)
        self.assertEqual(cancelled.executionType, ProtoOAExecutionType.ORDER_CANCELLED)

    def test_refusals(self) -> None:
        """
        The position must be there, be one of the symbol, and hold what is taken off it.
        """
        positionId = self.opened()
        self.rejected(self.order(positionId=7), "POSITION_NOT_FOUND")
        self.invalid(self.order(positionId=positionId, symbolId=USDJPY), "symbol 1")
        self.rejected(self.order(positionId=positionId, tradeSide=SELL, volume=200_000), "TRADING_BAD_VOLUME")
        self.exchange.catalogue.full(EURUSD).tradingMode = ProtoOATradingMode.CLOSE_ONLY_MODE
        self.rejected(self.order(positionId=positionId), "TRADING_DISABLED")
        self.executed(positionId=positionId, tradeSide=SELL)

    def test_pending(self) -> None:
        """
        An order that waits to close a position does so at its price, and ends with the position.
        """
        positionId = self.opened(volume=300_000)
        sell: dict[str, Any] = {"tradeSide": SELL, "positionId": positionId}
        self.pend(LIMIT, limitPrice=1.13, **sell)
        self.pend(STOP, stopPrice=1.1, **sell)
        self.quote(113_000, 113_010)
        [event] = self.client.messages()
        self.assertEqual((event.deal.closePositionDetail.closedVolume, event.isServerEvent), (100_000, True))
        self.client.send(self.close(positionId, 200_000), "close")
        self.clock.advance(0.14)
        kinds = [("ORDER_ACCEPTED", "close", False), ("ORDER_FILLED", "close", False), ("ORDER_CANCELLED", None, True)]
        self.assertEqual(self.events(), kinds)
        self.assertEqual(self.reconcile().order, [])

    def test_goneMeanwhile(self) -> None:
        """
        An order whose position is closed before the execution is rejected.
        """
        positionId = self.opened(relativeStopLoss=100)
        self.client.send(self.order(positionId=positionId), "add")
        self.quote(111_800, 111_810)
        self.clock.advance(0.04)
        *_, event = self.client.messages()
        self.assertEqual((event.executionType, event.errorCode), (7, "POSITION_NOT_FOUND"))
        self.assertFalse(event.HasField("position"))


class NettedTests(_Case):
    """
    An account with one position for each symbol.
    """

    accountId = NETTED_ACCOUNT

    def test_trader(self) -> None:
        """
        The account says that it is netted.
        """
        trader = self.client.ask(ProtoOATraderReq(ctidTraderAccountId=self.accountId)).trader
        self.assertEqual(trader.accountType, ProtoOAAccountType.NETTED)

    def test_increase(self) -> None:
        """
        A second order on the same side works on the position of the first; another symbol has its own.
        """
        positionId = self.opened()
        self.quote(112_000, 112_010)
        [filled] = self.executed()
        self.assertEqual((filled.order.positionId, filled.deal.positionId), (positionId, positionId))
        self.assertEqual((filled.position.price, filled.position.tradeData.volume), (1.11997, 200_000))
        self.assertNotEqual(self.opened(symbolId=GER40, volume=100), positionId)
        self.assertEqual(len(self.reconcile().position), 2)

    def test_reduce(self) -> None:
        """
        An order on the other side takes off the position, and closes it.
        """
        positionId = self.opened(volume=300_000, relativeStopLoss=100)
        filled, replaced = self.executed(tradeSide=SELL)
        self.assertEqual((filled.position.positionId, filled.position.tradeData.volume), (positionId, 200_000))
        self.assertEqual(filled.deal.closePositionDetail.grossProfit, -4)
        self.assertFalse(filled.order.closingOrder)
        self.assertEqual(replaced.order.tradeData.volume, 200_000)
        filled, cancelled = self.executed(tradeSide=SELL, volume=200_000)
        self.assertEqual(filled.position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_CLOSED)
        self.assertEqual(cancelled.executionType, ProtoOAExecutionType.ORDER_CANCELLED)
        self.assertEqual(self.reconcile(protection=True).position, [])

    def test_flip(self) -> None:
        """
        A larger order closes the position and opens one on the other side, with an id and levels of its own.
        """
        positionId = self.opened(volume=100_000, relativeStopLoss=100)
        closed, opened, cancelled = self.executed(tradeSide=SELL, volume=300_000, relativeTakeProfit=500)
        self.assertEqual(closed.executionType, ProtoOAExecutionType.ORDER_PARTIAL_FILL)
        self.assertEqual((closed.deal.positionId, closed.deal.filledVolume), (positionId, 100_000))
        self.assertEqual(closed.position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_CLOSED)
        self.assertEqual(closed.order.executedVolume, 100_000)
        self.assertEqual(opened.executionType, ProtoOAExecutionType.ORDER_FILLED)
        self.assertNotEqual(opened.position.positionId, positionId)
        self.assertEqual((opened.position.tradeData.volume, opened.position.tradeData.tradeSide), (200_000, SELL))
        self.assertEqual((opened.order.positionId, opened.deal.filledVolume), (opened.position.positionId, 200_000))
        self.assertEqual((cancelled.executionType, cancelled.order.positionId), (5, positionId))
        self.clock.advance(0.003)
        [protected] = self.client.messages()
        self.assertEqual((protected.position.takeProfit, protected.order.tradeData.volume), (1.1148, 200_000))

    def test_waitingOrders(self) -> None:
        """
        Orders that waited before there was a position, or for one that is gone, work on the one that is there.
        """
        self.pend(LIMIT, limitPrice=1.1)
        self.pend(LIMIT, limitPrice=1.09)
        self.quote(109_980, 109_990)
        self.quote(108_980, 108_990)
        first, second = self.client.messages()
        self.assertEqual(first.position.positionId, second.position.positionId)
        self.assertEqual(second.position.tradeData.volume, 200_000)
        waiting = self.pend(LIMIT, limitPrice=1.05).order
        self.assertEqual(waiting.positionId, first.position.positionId)
        self.executed(tradeSide=SELL, volume=200_000)
        self.quote(104_980, 104_990)
        [event] = self.client.messages()
        self.assertNotEqual(event.position.positionId, first.position.positionId)
        self.assertEqual(len(self.reconcile().position), 1)

    def test_money(self) -> None:
        """
        Only what goes beyond the position needs free margin.
        """
        self.opened(volume=80_000_000)
        self.executed(tradeSide=SELL, volume=80_000_000)
        self.opened(volume=80_000_000)
        self.executed(tradeSide=SELL, volume=85_000_000)
        self.rejected(self.order(tradeSide=SELL, volume=90_000_000), "NOT_ENOUGH_MONEY")

    def test_turnedMoney(self) -> None:
        """
        What turns a position round needs no margin for the side that it ends, neither when it is sent nor when it is
        executed later.
        """
        self.opened(volume=50_000_000)
        _, opened = self.executed(tradeSide=SELL, volume=100_000_000)
        self.assertEqual((opened.position.tradeData.tradeSide, opened.position.usedMargin), (SELL, 559_910))
        self.pend(LIMIT, limitPrice=1.1195, volume=100_000_000)
        self.quote(111_940, 111_944)
        [position] = self.reconcile().position
        self.assertEqual((position.tradeData.tradeSide, position.tradeData.volume), (BUY, 50_000_000))
        self.rejected(self.order(tradeSide=SELL, volume=150_000_000), "NOT_ENOUGH_MONEY")

    def test_waitingClose(self) -> None:
        """
        An order that only closes a position ends with it; one that does not goes on.
        """
        positionId = self.opened(volume=200_000)
        closing = self.pend(LIMIT, limitPrice=1.13, tradeSide=SELL, positionId=positionId).order
        other = self.pend(LIMIT, limitPrice=1.13, tradeSide=SELL).order
        self.assertEqual((closing.closingOrder, other.closingOrder), (True, False))
        self.client.received()
        self.client.send(self.close(positionId, 200_000))
        self.clock.advance(0.2)
        *_, filled, cancelled = self.client.messages()
        self.assertEqual(filled.executionType, ProtoOAExecutionType.ORDER_FILLED)
        self.assertEqual((cancelled.executionType, cancelled.order.orderId), (5, closing.orderId))
        self.assertTrue(cancelled.isServerEvent)
        self.assertEqual([each.orderId for each in self.reconcile().order], [other.orderId])


class LiquidityTests(_Case):
    """
    Orders for which there is not enough to trade with.
    """

    def kinds(self, events: list[Any]) -> list[tuple[str, int]]:
        name = ProtoOAExecutionType.Name
        return [(name(event.executionType), event.order.executedVolume) for event in events]

    def test_parts(self) -> None:
        """
        Several deals can make up a market order; each but the last is told as a part of it.
        """
        self.exchange.limitLiquidity(EURUSD, 200_000, 300_000)
        first, last = events = self.executed(volume=300_000)
        self.assertEqual(self.kinds(events), [("ORDER_PARTIAL_FILL", 200_000), ("ORDER_FILLED", 300_000)])
        self.assertEqual((first.deal.volume, first.deal.filledVolume), (300_000, 200_000))
        self.assertEqual(first.deal.dealStatus, ProtoOADealStatus.PARTIALLY_FILLED)
        self.assertEqual((last.deal.volume, last.deal.filledVolume), (100_000, 100_000))
        self.assertEqual(last.deal.dealStatus, ProtoOADealStatus.FILLED)
        self.assertEqual(first.order.orderStatus, ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED)
        self.assertEqual(last.position.tradeData.volume, 300_000)

    def test_rest(self) -> None:
        """
        What is left of a market order is cancelled; the position holds the part, protected.
        """
        self.exchange.limitLiquidity(EURUSD, 100_000)
        events = self.executed(volume=300_000, relativeStopLoss=100)
        self.assertEqual(self.kinds(events), [("ORDER_PARTIAL_FILL", 100_000), ("ORDER_CANCELLED", 100_000)])
        self.assertEqual(events[-1].order.orderStatus, ProtoOAOrderStatus.ORDER_STATUS_CANCELLED)
        self.assertEqual(events[-1].position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_OPEN)
        self.clock.advance(0.003)
        [protected] = self.client.messages()
        self.assertEqual(protected.order.tradeData.volume, 100_000)

    def test_nothing(self) -> None:
        """
        With nothing to trade with the order is cancelled, and so is one that must be executed whole; until there is
        enough again.
        """
        self.exchange.limitLiquidity(EURUSD)
        [event] = self.executed()
        self.assertEqual(self.kinds([event]), [("ORDER_CANCELLED", 0)])
        self.assertEqual(event.position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_CLOSED)
        self.exchange.limitLiquidity(EURUSD, 100_000)
        events = self.executed(volume=200_000, timeInForce=_Time.FILL_OR_KILL)
        self.assertEqual(self.kinds(events), [("ORDER_CANCELLED", 0)])
        self.assertEqual(events[0].order.timeInForce, _Time.FILL_OR_KILL)
        self.exchange.unlimitLiquidity(EURUSD)
        self.assertEqual(self.kinds(self.executed(volume=200_000)), [("ORDER_FILLED", 200_000)])

    def test_waitingRest(self) -> None:
        """
        What is left of a waiting order stays in the book, and each price executes a part of it.
        """
        self.exchange.limitLiquidity(EURUSD, 100_000)
        order = self.pend(LIMIT, limitPrice=1.1, volume=300_000, relativeStopLoss=1_000).order
        self.quote(109_980, 109_990)
        self.clock.advance(0.003)
        first, protected = self.client.messages()
        self.assertEqual(self.kinds([first]), [("ORDER_PARTIAL_FILL", 100_000)])
        self.assertEqual(protected.order.tradeData.volume, 100_000)
        self.assertEqual(self.reconcile().order[0].executedVolume, 100_000)
        self.rejected(self.change(order.orderId, volume=100_000), "TRADING_BAD_VOLUME")
        self.client.received()
        self.quote(109_970, 109_980)
        second, replaced = self.client.messages()
        self.assertEqual((second.position.price, second.order.executionPrice), (1.09985, 1.09985))
        self.assertEqual(replaced.order.tradeData.volume, 200_000)
        event = self.client.ask(self.cancel(order.orderId))
        self.assertEqual(self.kinds([event]), [("ORDER_CANCELLED", 200_000)])
        self.assertEqual(event.position.tradeData.volume, 200_000)

    def test_changedLevels(self) -> None:
        """
        Levels that were changed after one part of an order stay when the next part is executed.
        """
        self.exchange.limitLiquidity(EURUSD, 100_000)
        order = self.pend(LIMIT, limitPrice=1.1, volume=200_000, relativeStopLoss=1_000).order
        self.quote(109_980, 109_990)
        self.clock.advance(0.003)
        self.client.ask(self.amend(order.positionId, stopLoss=1.095, takeProfit=1.11))
        self.quote(109_980, 109_990)
        self.assertEqual(self.events(), [("ORDER_FILLED", None, True), ("ORDER_REPLACED", None, True)])
        [position] = self.reconcile().position
        self.assertEqual((position.stopLoss, position.takeProfit, position.tradeData.volume), (1.095, 1.11, 200_000))

    def test_stop(self) -> None:
        """
        A stop order that was triggered goes on at the next prices, wherever these are.
        """
        self.exchange.limitLiquidity(EURUSD, 100_000)
        self.pend(STOP, stopPrice=1.12, volume=200_000)
        self.quote(112_000, 112_010)
        self.quote(111_000, 111_010)
        events = self.client.messages()
        self.assertEqual(self.kinds(events), [("ORDER_PARTIAL_FILL", 100_000), ("ORDER_FILLED", 200_000)])

    def test_close(self) -> None:
        """
        A close of which only a part is executed ends with what is left of the position.
        """
        positionId = self.opened(volume=300_000, relativeStopLoss=500)
        self.exchange.limitLiquidity(EURUSD, 100_000)
        self.client.send(self.close(positionId, 300_000), "close")
        self.clock.advance(0.14)
        _, partial, cancelled, replaced = self.client.messages()
        self.assertEqual(self.kinds([partial, cancelled])[1], ("ORDER_CANCELLED", 100_000))
        self.assertEqual(partial.deal.closePositionDetail.closedVolume, 100_000)
        self.assertEqual(replaced.order.tradeData.volume, 200_000)
        self.quote(111_000, 111_010)
        [event] = self.client.messages()
        self.assertEqual(event.deal.closePositionDetail.closedVolume, 200_000)


class MeanTests(SynchronousTestCase):
    """
    Mean prices.
    """

    @given(st.integers(0, 10**12), st.integers(1, 10**12), st.integers(1, 10**12), st.integers(1, 10**12))
    def test_between(self, firstVolume: int, firstPrice: int, lastVolume: int, lastPrice: int) -> None:
        """
        A mean lies between its prices, and is the last one where there was no other.
        """
        mean = meanPrice(firstVolume, firstPrice, lastVolume, lastPrice)
        prices = (firstPrice, lastPrice) if firstVolume else (lastPrice,)
        self.assertTrue(min(prices) <= mean <= max(prices))
