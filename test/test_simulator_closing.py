"""
Closing and protecting positions on the simulated venue.
"""

from __future__ import annotations

from math import inf, nan
from typing import Any

from attrs import evolve

from ctrader_twisted.schema.messages import (
    ProtoOAExecutionType,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOAPositionStatus,
    ProtoOASubscribeSpotsReq,
    ProtoOATraderReq,
    ProtoOATrailingSLChangedEvent,
)
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.venue.triggers import trigger
from ctrader_twisted.simulator.world import EPOCH
from test.tradingcase import BUY, GER40, SELL, TradingCase

_Status = ProtoOAPositionStatus


class ClosingTests(TradingCase):
    """
    Closing positions by request.
    """

    def test_full(self) -> None:
        """
        A close is accepted and executed; then the protection is cancelled by the server.
        """
        positionId = self.opened(relativeStopLoss=200, volume=200_000)
        self.client.send(self.close(positionId, 200_000), "close")
        [accepted] = self.client.messages()
        self.assertEqual((accepted.order.closingOrder, accepted.order.tradeData.tradeSide), (True, SELL))
        self.assertEqual(accepted.position.tradeData.volume, 200_000)
        self.clock.advance(0.14)
        (filled, firstId), (cleaned, secondId) = self.client.received()
        self.assertEqual((firstId, secondId), ("close", "close"))
        self.assertEqual(filled.executionType, ProtoOAExecutionType.ORDER_FILLED)
        position = filled.position
        self.assertEqual(position.positionStatus, _Status.POSITION_STATUS_CLOSED)
        self.assertEqual((position.price, position.commission, position.usedMargin), (0.0, 0, 0))
        self.assertEqual((position.marginRate, position.tradeData.volume), (0.0, 0))
        self.assertFalse(position.HasField("stopLoss"))
        self.assertEqual(position.tradeData.closeTimestamp, filled.deal.executionTimestamp)
        self.assertEqual(cleaned.executionType, ProtoOAExecutionType.ORDER_CANCELLED)
        self.assertEqual(cleaned.order.orderStatus, ProtoOAOrderStatus.ORDER_STATUS_CANCELLED)
        self.assertTrue(cleaned.isServerEvent)
        answer = self.reconcile(protection=True)
        self.assertEqual((list(answer.position), list(answer.order)), ([], []))

    def test_money(self) -> None:
        """
        The balance changes by profit and both commissions, and the deal says so.
        """
        positionId = self.opened()
        self.quote(112_984, 112_990)
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.14)
        *_, event = self.client.messages()
        detail = event.deal.closePositionDetail
        self.assertEqual((detail.entryPrice, detail.grossProfit, detail.commission), (1.11984, 1_000, -6))
        self.assertEqual((detail.balance, detail.balanceVersion, detail.swap), (1_000_994, 1, 0))
        self.assertEqual((detail.closedVolume, detail.quoteToDepositConversionRate), (100_000, 1.0))
        self.assertEqual((event.deal.commission, event.deal.tradeSide), (-3, SELL))
        trader = self.client.ask(ProtoOATraderReq(ctidTraderAccountId=self.accountId)).trader
        self.assertEqual((trader.balance, trader.balanceVersion), (1_000_994, 1))

    def test_partial(self) -> None:
        """
        A part is closed; the protection is replaced with what is left, by the request's id.
        """
        positionId = self.opened(relativeTakeProfit=500, volume=300_000)
        self.client.send(self.close(positionId, 100_000), "part")
        self.clock.advance(0.14)
        (_, first), (filled, second), (replaced, third) = self.client.received()
        self.assertEqual((first, second, third), ("part", "part", "part"))
        position = filled.position
        self.assertEqual(position.positionStatus, _Status.POSITION_STATUS_OPEN)
        self.assertEqual((position.tradeData.volume, position.price), (200_000, 1.11984))
        self.assertEqual((position.commission, position.usedMargin), (-5, 2_240))
        self.assertEqual(filled.deal.closePositionDetail.closedVolume, 100_000)
        self.assertEqual(replaced.executionType, ProtoOAExecutionType.ORDER_REPLACED)
        self.assertEqual(replaced.order.tradeData.volume, 200_000)
        self.assertFalse(replaced.isServerEvent)

    def test_refusals(self) -> None:
        """
        What cannot be closed is refused with its code; an unknown position is told with the id 0.
        """
        refusal = self.rejected(self.close(12, 100_000), "POSITION_NOT_FOUND")
        self.assertEqual((refusal.description, refusal.positionId), ("Position not found with id 12", 0))
        self.assertTrue(refusal.HasField("positionId"))
        positionId = self.opened(volume=200_000)
        for volume in (0, 300_000, 150_000):
            self.rejected(self.close(positionId, volume), "TRADING_BAD_VOLUME")
        self.client.send(self.close(positionId, 100_000))
        self.rejected(self.close(positionId, 100_000), "POSITION_LOCKED")
        self.rejected(self.amend(positionId, stopLoss=1.1), "PENDING_EXECUTION")
        self.clock.advance(0.14)
        self.exchange.timeline.epoch += 3 * 86_400_000
        self.rejected(self.close(positionId, 100_000), "MARKET_CLOSED")

    def test_notOpenYet(self) -> None:
        """
        A position whose order is not executed yet cannot be closed; one whose protection is being made can be closed,
        and not amended.
        """
        self.client.send(self.order(relativeStopLoss=100))
        [accepted] = self.client.messages()
        positionId = accepted.position.positionId
        self.rejected(self.close(positionId, 100_000), "POSITION_NOT_OPEN")
        self.clock.advance(0.14)
        self.client.messages()
        self.rejected(self.amend(positionId, stopLoss=1.1), "PENDING_EXECUTION")
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.14)
        kinds = [event.executionType for event in self.client.messages()]
        accepted, filled = ProtoOAExecutionType.ORDER_ACCEPTED, ProtoOAExecutionType.ORDER_FILLED
        self.assertEqual(kinds, [accepted, accepted, filled, ProtoOAExecutionType.ORDER_CANCELLED])

    def test_closedBeforeProtection(self) -> None:
        """
        The protection of a position that is closed before it was told of is never told of; that of a part is, as it is
        then.
        """
        settings = evolve(self.exchange.settings, fillLatency=0.0, protectionLatency=1.0)
        self.patch(self.exchange.venue, "settings", settings)
        for part, protected in ((200_000, []), (100_000, [100_000])):
            self.client.send(self.order(volume=200_000, relativeStopLoss=100))
            self.clock.advance(0)
            positionId = self.client.messages()[0].position.positionId
            self.client.send(self.close(positionId, part))
            self.clock.advance(0)
            self.assertEqual(len(self.client.messages()), 2)
            self.clock.advance(1)
            told = [event.order.tradeData.volume for event in self.client.messages()]
            self.assertEqual(told, protected)

    def test_marketClosesMeanwhile(self) -> None:
        """
        A close whose market closes before the execution is rejected, and the position stays.
        """
        positionId = self.opened()
        self.client.send(self.close(positionId, 100_000), "close")
        self.exchange.timeline.epoch += 3 * 86_400_000
        self.clock.advance(0.14)
        *_, (event, clientMsgId) = self.client.received()
        self.assertEqual((event.executionType, clientMsgId), (ProtoOAExecutionType.ORDER_REJECTED, "close"))
        self.assertEqual(event.errorCode, "MARKET_CLOSED")
        self.assertEqual([each.positionId for each in self.reconcile().position], [positionId])


class ProtectionTests(TradingCase):
    """
    Stop loss and take profit at work.
    """

    def hit(self, bid: int, ask: int, **fields: Any) -> Any:
        self.opened(**fields)
        self.quote(bid, ask)
        [(event, clientMsgId)] = self.client.received()
        self.assertEqual((clientMsgId, event.isServerEvent), (None, True))
        self.assertEqual(event.executionType, ProtoOAExecutionType.ORDER_FILLED)
        self.assertEqual(event.position.positionStatus, _Status.POSITION_STATUS_CLOSED)
        self.assertEqual(self.reconcile(protection=True).order, [])
        return event

    def test_stopLoss(self) -> None:
        """
        When the bid reaches the stop of a bought position it is closed at that bid, in one event of the server.
        """
        event = self.hit(111_750, 111_760, relativeStopLoss=200, relativeTakeProfit=900)
        self.assertEqual(event.order.orderType, ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT)
        self.assertEqual((event.order.stopPrice, event.order.limitPrice), (1.11784, 1.12884))
        self.assertEqual(event.deal.executionPrice, 1.1175)
        self.assertEqual(event.deal.closePositionDetail.grossProfit, -234)

    def test_takeProfit(self) -> None:
        """
        When the bid reaches the take profit the position is closed at that bid.
        """
        event = self.hit(112_084, 112_090, relativeTakeProfit=100)
        self.assertEqual(event.deal.closePositionDetail.grossProfit, 100)

    def test_soldPosition(self) -> None:
        """
        The levels of a sold position are compared with the ask.
        """
        event = self.hit(111_990, 112_000, tradeSide=SELL, relativeStopLoss=20)
        self.assertEqual((event.deal.executionPrice, event.deal.tradeSide), (1.12, BUY))
        self.assertEqual(event.deal.closePositionDetail.grossProfit, -20)

    def test_notReached(self) -> None:
        """
        One point before the levels nothing happens, nor at the prices of another symbol.
        """
        self.opened(relativeStopLoss=200, relativeTakeProfit=200)
        self.quote(111_785, 111_790)
        self.quote(112_183, 112_190)
        self.assertEqual(self.events(), [])

    def test_brokenConnection(self) -> None:
        """
        What goes wrong with telling a price to a client does not keep a level from being reached.
        """
        self.opened(relativeStopLoss=200)

        def fail(symbolId: int, tick: Tick) -> None:
            raise RuntimeError("broken")

        self.client.ask(ProtoOASubscribeSpotsReq(ctidTraderAccountId=self.accountId, symbolId=[1]))
        self.client.received()
        self.patch(self.exchange.feed, "tell", fail)
        self.quote(111_750, 111_760)
        self.assertEqual(self.events(), [("ORDER_FILLED", None, True)])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_trailing(self) -> None:
        """
        A trailing stop follows the market up, tells so without an execution event, and does not follow it down.
        """
        positionId = self.opened(relativeStopLoss=204, trailingStopLoss=True)
        self.quote(112_000, 112_004)
        [event] = self.client.messages()
        self.assertIsInstance(event, ProtoOATrailingSLChangedEvent)
        self.assertEqual((event.positionId, event.stopPrice), (positionId, 1.118))
        self.quote(111_900, 111_904)
        self.assertEqual(self.client.messages(), [])
        answer = self.reconcile(protection=True)
        self.assertEqual((answer.position[0].stopLoss, answer.order[0].stopPrice), (1.118, 1.118))
        self.assertTrue(answer.position[0].trailingStopLoss)
        self.quote(111_800, 111_804)
        self.assertEqual(self.events(), [("ORDER_FILLED", None, True)])

    def test_noConversion(self) -> None:
        """
        While a price for the conversion is missing, the close waits for the next tick.
        """
        self.opened(symbolId=GER40, volume=100, relativeStopLoss=1_000)
        kept, tick = list(self.prices.listed), Tick(EPOCH, 2_547_000_000, 2_547_000_000)
        self.prices.listed.clear()
        trigger(self.exchange.venue, GER40, tick)
        self.assertEqual(self.events(), [])
        self.prices.listed += kept
        trigger(self.exchange.venue, GER40, tick)
        self.assertEqual(self.events(), [("ORDER_FILLED", None, True)])

    def test_notWhileClosing(self) -> None:
        """
        A level that is reached while a close is under way does not close the position twice.
        """
        positionId = self.opened(relativeStopLoss=200)
        self.client.send(self.close(positionId, 100_000))
        self.quote(111_000, 111_010)
        self.clock.advance(0.04)
        self.assertEqual([kind for kind, *_ in self.events()], ["ORDER_ACCEPTED", "ORDER_FILLED", "ORDER_CANCELLED"])


class AmendingTests(TradingCase):
    """
    Changes of protection.
    """

    def test_firstProtection(self) -> None:
        """
        The first protection of a bare position is a new order, not of the server's own making.
        """
        positionId = self.opened()
        self.client.send(self.amend(positionId, stopLoss=1.1), "amend")
        [(event, clientMsgId)] = self.client.received()
        self.assertEqual((event.executionType, clientMsgId), (ProtoOAExecutionType.ORDER_ACCEPTED, "amend"))
        self.assertFalse(event.isServerEvent)
        self.assertEqual((event.position.stopLoss, event.order.stopPrice), (1.1, 1.1))

    def test_overwritesBoth(self) -> None:
        """
        A level that is left out, or given as 0, is removed; without any the order is cancelled.
        """
        positionId = self.opened(relativeStopLoss=100, relativeTakeProfit=100)
        self.client.send(self.amend(positionId, takeProfit=1.2), "a")
        [(event, _)] = self.client.received()
        self.assertEqual(event.executionType, ProtoOAExecutionType.ORDER_REPLACED)
        self.assertEqual((event.position.takeProfit, event.order.limitPrice), (1.2, 1.2))
        self.assertFalse(event.position.HasField("stopLoss") or event.order.HasField("stopPrice"))
        self.client.send(self.amend(positionId, takeProfit=0.0), "b")
        self.assertEqual(self.events(), [("ORDER_CANCELLED", "b", False)])
        self.assertFalse(self.reconcile().position[0].HasField("takeProfit"))

    def test_refusals(self) -> None:
        """
        Levels on the wrong side, too fine, or the same as before are refused, and both legs stay as they were.
        """
        positionId = self.opened(relativeStopLoss=100)
        refusal = self.rejected(self.amend(positionId, stopLoss=1.11, takeProfit=1.11979), "TRADING_BAD_STOPS")
        self.assertEqual(
            refusal.description,
            "New TP for BUY position should be >= current BID price. current BID: 1.1198, TP: 1.11979",
        )
        self.assertEqual((refusal.orderId, refusal.positionId), (0, 0))
        self.assertTrue(refusal.HasField("orderId"))
        self.rejected(self.amend(positionId, stopLoss=1.1198), "TRADING_BAD_STOPS")
        self.invalid(self.amend(positionId, stopLoss=1.1000001), "Allowed 5 digits")
        for nothing in (nan, inf, -1.1):
            self.invalid(self.amend(positionId, stopLoss=nothing), "is not a price")
            self.invalid(self.amend(positionId, takeProfit=nothing), "is not a price")
        self.invalid(self.amend(positionId, stopLoss=1.11884), "Nothing to amend.")
        self.invalid(self.amend(positionId, takeProfit=1.2, trailingStopLoss=False), "Can't set Trailing Stop Loss")
        self.invalid(self.amend(positionId, stopLoss=1.1, guaranteedStopLoss=True), "Guaranteed")
        self.rejected(self.amend(77, stopLoss=1.1), "POSITION_NOT_FOUND")
        self.assertEqual(self.reconcile().position[0].stopLoss, 1.11884)

    def test_soldPosition(self) -> None:
        """
        For a sold position the stop lies above the ask, and the take profit not above it.
        """
        positionId = self.opened(tradeSide=SELL)
        self.rejected(self.amend(positionId, stopLoss=1.11984), "TRADING_BAD_STOPS")
        refusal = self.rejected(self.amend(positionId, takeProfit=1.11985), "TRADING_BAD_STOPS")
        self.assertIn("New TP for SELL position should be <= current ASK price", refusal.description)
        self.client.send(self.amend(positionId, stopLoss=1.11985, takeProfit=1.11983), "x")
        self.assertEqual(self.events(), [("ORDER_ACCEPTED", "x", False)])

    def test_dropTrailing(self) -> None:
        """
        A trailing stop is dropped in two steps: first it stops trailing, then it goes.
        """
        positionId = self.opened(relativeStopLoss=200, trailingStopLoss=True)
        self.invalid(self.amend(positionId), "Can't set Trailing Stop Loss")
        self.client.send(self.amend(positionId, stopLoss=1.11784, trailingStopLoss=False))
        self.quote(112_500, 112_504)
        self.client.send(self.amend(positionId))
        self.assertEqual([kind for kind, *_ in self.events()], ["ORDER_REPLACED", "ORDER_CANCELLED"])

    def test_reachedAtOnce(self) -> None:
        """
        A take profit at the market is accepted, and executed at the next price.
        """
        positionId = self.opened()
        self.client.send(self.amend(positionId, takeProfit=1.1198))
        self.quote(111_980, 111_985)
        self.assertEqual([kind for kind, *_ in self.events()], ["ORDER_ACCEPTED", "ORDER_FILLED"])
