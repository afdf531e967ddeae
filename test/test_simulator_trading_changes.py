"""
Pending orders that are cancelled or changed, and what the simulator remembers of them.
"""

from __future__ import annotations

import json
from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOADealOffsetListReq,
    ProtoOAExecutionType,
    ProtoOAOrderDetailsReq,
    ProtoOAOrderListByPositionIdReq,
    ProtoOAOrderListReq,
    ProtoOAOrderStatus,
    ProtoOAOrderTriggerMethod,
    ProtoOAPositionStatus,
    ProtoOATimeInForce,
)
from ctrader_twisted.simulator.state import dumpState, loadState
from ctrader_twisted.simulator.world import EPOCH
from test.rawclient import RawClient
from test.tradingcase import EURUSD, GER40, LIMIT, SELL, STOP, STOP_LIMIT, TradingCase

_Time = ProtoOATimeInForce


class CancellingTests(TradingCase):
    """
    Orders that are taken back.
    """

    def test_cancelled(self) -> None:
        """
        A waiting order is cancelled by the request's id, and its position was never open.
        """
        accepted = self.pend(LIMIT, limitPrice=1.1)
        self.client.send(self.cancel(accepted.order.orderId), "cancel")
        [(event, clientMsgId)] = self.client.received()
        self.assertEqual((event.executionType, clientMsgId), (ProtoOAExecutionType.ORDER_CANCELLED, "cancel"))
        self.assertEqual(event.order.orderStatus, ProtoOAOrderStatus.ORDER_STATUS_CANCELLED)
        self.assertEqual(event.position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_CLOSED)
        self.assertEqual(event.position.tradeData.volume, 0)
        self.assertFalse(event.isServerEvent)
        self.quote(109_000, 109_010)
        self.assertEqual(self.events(), [])

    def test_gone(self) -> None:
        """
        An order that is unknown, cancelled or executed is not found; the answer names it.
        """
        cancelled = self.pend(LIMIT, limitPrice=1.0).order.orderId
        filled = self.pend(LIMIT, limitPrice=1.1).order.orderId
        self.client.ask(self.cancel(cancelled))
        self.quote(109_000, 109_010)
        for orderId in (77, cancelled, filled):
            for request in (self.cancel(orderId), self.change(orderId, limitPrice=1.0)):
                refusal = self.rejected(request, "ORDER_NOT_FOUND")
                self.assertEqual(refusal.orderId, orderId)
                self.assertEqual(refusal.description, f"Order not found with id {orderId}")

    def test_race(self) -> None:
        """
        What is just being executed cannot be cancelled or changed, and is executed.
        """
        for fields in ({}, {"orderType": LIMIT, "limitPrice": 1.2}):
            self.client.send(self.order(**fields), "new")
            orderId = self.client.messages()[0].order.orderId
            answer = self.client.ask(self.cancel(orderId))
            self.assertEqual(answer.executionType, ProtoOAExecutionType.ORDER_CANCEL_REJECTED)
            self.assertEqual((answer.errorCode, answer.order.orderId), ("UNABLE_TO_CANCEL_ORDER", orderId))
            refusal = self.rejected(self.change(orderId, volume=200_000), "UNABLE_TO_AMEND_ORDER")
            self.assertEqual(refusal.orderId, orderId)
            self.clock.advance(0.14)
            self.assertEqual(self.events(), [("ORDER_FILLED", "new", False)])

    def test_protection(self) -> None:
        """
        The order that protects a position is not one that can be cancelled.
        """
        self.opened(relativeStopLoss=200)
        [order] = self.reconcile(protection=True).order
        answer = self.client.ask(self.cancel(order.orderId))
        self.assertEqual(answer.executionType, ProtoOAExecutionType.ORDER_CANCEL_REJECTED)
        self.assertEqual(self.reconcile().position[0].stopLoss, 1.11784)


class AmendingTests(TradingCase):
    """
    Orders that are changed.
    """

    def replaced(self, orderId: int, **fields: Any) -> Any:
        event = self.client.ask(self.change(orderId, **fields))
        self.assertEqual(event.executionType, ProtoOAExecutionType.ORDER_REPLACED)
        self.assertEqual((event.order.orderId, event.isServerEvent), (orderId, False))
        return event.order

    def test_kept(self) -> None:
        """
        Volume, prices and slippage that are not named stay; levels, trailing and expiration go.
        """
        order = self.pend(
            STOP_LIMIT,
            stopPrice=1.13,
            slippageInPoints=7,
            relativeStopLoss=100,
            relativeTakeProfit=200,
            trailingStopLoss=True,
            timeInForce=_Time.GOOD_TILL_DATE,
            expirationTimestamp=EPOCH + 60_000,
            stopTriggerMethod=ProtoOAOrderTriggerMethod.OPPOSITE,
            label="mine",
        ).order
        changed = self.replaced(order.orderId, volume=200_000)
        self.assertEqual((changed.tradeData.volume, changed.stopPrice, changed.slippageInPoints), (200_000, 1.13, 7))
        self.assertEqual((changed.tradeData.label, changed.timeInForce), ("mine", _Time.GOOD_TILL_CANCEL))
        self.assertEqual(changed.stopTriggerMethod, ProtoOAOrderTriggerMethod.TRADE)
        self.assertFalse(changed.trailingStopLoss)
        for name in ("relativeStopLoss", "relativeTakeProfit", "expirationTimestamp"):
            self.assertFalse(changed.HasField(name), name)

    def test_everything(self) -> None:
        """
        All that can be changed is; absolute levels come back as distances from the new price.
        """
        orderId = self.pend(LIMIT, limitPrice=1.1).order.orderId
        moment = EPOCH + 5_000
        changed = self.replaced(orderId, limitPrice=1.09, stopLoss=1.08, takeProfit=1.1, expirationTimestamp=moment)
        self.assertEqual((changed.limitPrice, changed.relativeStopLoss, changed.relativeTakeProfit), (1.09, 1000, 1000))
        self.assertEqual((changed.timeInForce, changed.expirationTimestamp), (_Time.GOOD_TILL_DATE, moment))
        self.quote(109_980, 109_990)
        self.assertEqual(self.events(), [])
        self.clock.advance(5)
        self.assertEqual(self.events(), [("ORDER_EXPIRED", None, True)])

    def test_marketable(self) -> None:
        """
        A limit that is moved to the market is executed.
        """
        orderId = self.pend(LIMIT, limitPrice=1.1).order.orderId
        self.replaced(orderId, limitPrice=1.12)
        self.clock.advance(0.14)
        self.assertEqual(self.events(), [("ORDER_FILLED", "ask", False)])

    def test_triggeredStop(self) -> None:
        """
        A stop that was reached stays so when the limit is changed, and not when the stop is.
        """
        orderId = self.pend(STOP_LIMIT, stopPrice=1.12, slippageInPoints=1).order.orderId
        self.quote(112_005, 112_010)
        self.assertEqual(self.events(), [])
        self.rejected(self.change(orderId, stopPrice=1.1201), "TRADING_BAD_PRICES")
        self.replaced(orderId, slippageInPoints=3)
        self.quote(112_000, 112_004)
        self.assertEqual(self.events(), [])
        self.replaced(orderId, stopPrice=1.1203)
        self.quote(111_990, 112_000)
        self.assertEqual(self.events(), [])
        self.quote(112_025, 112_031)
        self.assertEqual(self.events(), [("ORDER_FILLED", None, True)])

    def test_refusals(self) -> None:
        """
        The rules of new orders hold, and nothing changes by what is refused.
        """
        order = self.pend(STOP, stopPrice=1.13, relativeStopLoss=100).order
        self.rejected(self.change(order.orderId, stopPrice=1.1), "TRADING_BAD_PRICES")
        self.rejected(self.change(order.orderId, volume=1), "TRADING_BAD_VOLUME")
        self.rejected(self.change(order.orderId, stopLoss=1.14), "TRADING_BAD_STOPS")
        self.rejected(self.change(order.orderId, expirationTimestamp=EPOCH), "TRADING_BAD_EXPIRATION_DATE")
        self.invalid(self.change(order.orderId, stopPrice=1.1300001), "Allowed 5 digits")
        self.invalid(self.change(order.orderId, guaranteedStopLoss=True, relativeStopLoss=100), "Guaranteed")
        self.invalid(self.change(order.orderId, trailingStopLoss=True), "Can't set Trailing")
        self.assertEqual(self.reconcile().order, [order])

    def test_closing(self) -> None:
        """
        An order that closes may be as odd as what is left to close, and no larger.
        """
        positionId = self.opened(volume=300_000)
        fields = {"limitPrice": 1.13, "tradeSide": SELL, "positionId": positionId, "volume": 300_000}
        order = self.pend(LIMIT, **fields).order
        self.exchange.changeSymbol(EURUSD, minVolume=200_000, stepVolume=200_000)
        self.client.received()
        self.client.send(self.change(order.orderId, limitPrice=1.12))
        self.client.send(self.change(order.orderId, limitPrice=1.12, volume=200_000))
        self.client.send(self.change(order.orderId, limitPrice=1.12, volume=300_000))
        self.assertEqual([kind for kind, _, _ in self.events()], ["ORDER_REPLACED"] * 3)
        self.rejected(self.change(order.orderId, volume=100_000), "TRADING_BAD_VOLUME")
        self.rejected(self.change(order.orderId, volume=400_000), "TRADING_BAD_VOLUME")
        self.quote(112_010, 112_014)
        self.assertEqual(self.reconcile().position, [])


class RecordTests(TradingCase):
    """
    What the lists say of orders and deals.
    """

    def test_lists(self) -> None:
        """
        The lists of orders and the details agree, before and after a cancellation and a fill.
        """
        waiting = self.pend(LIMIT, limitPrice=1.0).order
        filled = self.pend(LIMIT, limitPrice=1.1, relativeStopLoss=100).order
        cancelled = self.pend(LIMIT, limitPrice=1.05).order
        self.client.ask(self.cancel(cancelled.orderId))
        self.quote(109_980, 109_990)
        self.clock.advance(0.003)
        account: dict[str, Any] = {"ctidTraderAccountId": self.accountId}
        listed = {each.orderId: each for each in self.client.ask(ProtoOAOrderListReq(**account)).order}
        status = ProtoOAOrderStatus
        for order, expected, deals in (
            (waiting, status.ORDER_STATUS_ACCEPTED, 0),
            (filled, status.ORDER_STATUS_FILLED, 1),
            (cancelled, status.ORDER_STATUS_CANCELLED, 0),
        ):
            details = self.client.ask(ProtoOAOrderDetailsReq(**account, orderId=order.orderId))
            self.assertEqual((details.order, details.order.orderStatus), (listed[order.orderId], expected))
            self.assertEqual(len(details.deal), deals)
        request = ProtoOAOrderListByPositionIdReq(**account, positionId=filled.positionId)
        answer = self.client.ask(request)
        self.assertEqual([each.closingOrder for each in answer.order], [True, False])
        self.assertFalse(answer.hasMore)
        # Only so many historical requests are answered in a second.
        self.clock.advance(2)
        request.toTimestamp = EPOCH - 1
        self.assertEqual(self.client.ask(request).order, [])

    def test_offsets(self) -> None:
        """
        What a deal has closed, and what has closed it, in the order of the opening.
        """
        positionId = self.opened(volume=100_000)
        self.opened(volume=200_000, positionId=positionId)
        self.client.send(self.close(positionId, 200_000))
        self.clock.advance(0.14)
        first, second, closing = self.exchange.venue.accounts[self.accountId].deals.values()

        def ask(dealId: int) -> tuple[list[tuple[int, int]], ...]:
            answer = self.client.ask(ProtoOADealOffsetListReq(ctidTraderAccountId=self.accountId, dealId=dealId))
            lists = (answer.offsetBy, answer.offsetting)
            return tuple([(offset.dealId, offset.volume) for offset in each] for each in lists)

        self.assertEqual(ask(first.dealId), ([(closing.dealId, 100_000)], []))
        self.assertEqual(ask(second.dealId), ([(closing.dealId, 100_000)], []))
        self.assertEqual(ask(closing.dealId), ([], [(first.dealId, 100_000), (second.dealId, 100_000)]))
        unknown = ProtoOADealOffsetListReq(ctidTraderAccountId=self.accountId, dealId=9)
        self.invalid(unknown, "9", code="ENTITY_NOT_FOUND")


class RestartTests(TradingCase):
    """
    Orders that outlive the exchange.
    """

    def restart(self) -> None:
        """
        Bring another exchange to where this one is, through JSON.
        """
        self.exchange.stop()
        state = json.loads(json.dumps(dumpState(self.exchange)))
        self.client.lose()
        moment = self.exchange.timeline.now()
        self.exchange = self.makeExchange()
        self.exchange.timeline.setTo(moment)
        loadState(self.exchange, state)
        self.exchange.start()
        self.client = RawClient(self.exchange)
        self.client.logIn(self.accountId)
        self.client.received()

    def test_kept(self) -> None:
        """
        Waiting orders are there after a restart, and are executed, expire, or go on to wait for their limit.
        """
        self.pend(LIMIT, limitPrice=1.1, relativeStopLoss=100)
        self.pend(STOP_LIMIT, stopPrice=1.12, slippageInPoints=1)
        self.pend(LIMIT, limitPrice=1.0, timeInForce=_Time.GOOD_TILL_DATE, expirationTimestamp=EPOCH + 5_000)
        self.quote(112_005, 112_010)
        before = self.reconcile()
        self.restart()
        self.assertEqual(self.reconcile(), before)
        self.quote(111_990, 112_000)
        self.assertEqual(self.events(), [("ORDER_FILLED", None, True)])
        self.quote(109_990, 110_000)
        self.assertEqual(self.events(), [("ORDER_FILLED", None, True)])
        self.clock.advance(5)
        kinds = [kind for kind, *_ in self.events()]
        self.assertEqual(kinds, ["ORDER_ACCEPTED", "ORDER_EXPIRED"])

    def test_underWay(self) -> None:
        """
        What was to be executed at once is executed after the restart.
        """
        positionId = self.opened()
        self.client.send(self.close(positionId, 100_000))
        self.client.send(self.order(orderType=LIMIT, limitPrice=1.1, timeInForce=_Time.FILL_OR_KILL))
        self.client.send(self.order(orderType=LIMIT, limitPrice=1.2))
        self.restart()
        self.quote(111_980, 111_984)
        self.assertEqual(self.events(), [("ORDER_FILLED", None, True)])
        self.clock.advance(0.04)
        self.assertEqual([kind for kind, *_ in self.events()], ["ORDER_FILLED", "ORDER_CANCELLED"])


class GuaranteeTests(TradingCase):
    """
    Stop losses that are executed at their own price: of GER40, at 25471.24, 50.00 away from the market.
    """

    def guaranteed(self, **fields: Any) -> Any:
        given: dict[str, Any] = {"symbolId": GER40, "volume": 100, "relativeStopLoss": 10_000_000}
        return self.order(**{**given, "guaranteedStopLoss": True, **fields})

    def opening(self) -> int:
        self.client.send(self.guaranteed())
        self.clock.advance(0.14)
        self.clock.advance(0.003)
        accepted, _, protected = self.client.messages()
        self.assertTrue(accepted.order.tradeData.guaranteedStopLoss)
        self.assertTrue(protected.position.guaranteedStopLoss and protected.order.tradeData.guaranteedStopLoss)
        return int(accepted.position.positionId)

    def test_executedAtItsPrice(self) -> None:
        """
        However far the price jumps, the stop is executed where it is.
        """
        self.opening()
        self.quote(2_500_000_000, 2_500_000_000, self.index)
        [event] = self.client.messages()
        self.assertEqual(event.deal.executionPrice, 25_371.24)

    def test_rules(self) -> None:
        """
        It needs a stop loss that is far enough from the price.
        """
        code = "PROTECTION_IS_TOO_CLOSE_TO_MARKET"
        self.rejected(self.guaranteed(relativeStopLoss=4_999_000), code)
        without = self.guaranteed()
        without.ClearField("relativeStopLoss")
        self.invalid(without, "Guaranteed Stop Loss")
        positionId = self.opened(symbolId=GER40, volume=100)
        self.rejected(self.amend(positionId, stopLoss=25_421.25, guaranteedStopLoss=True), code)
        self.invalid(self.amend(positionId, takeProfit=25_600.0, guaranteedStopLoss=True), "Guaranteed Stop Loss")
        event = self.client.ask(self.amend(positionId, stopLoss=25_421.24, guaranteedStopLoss=True))
        self.assertTrue(event.position.guaranteedStopLoss)

    def test_notWorse(self) -> None:
        """
        It may be moved in the trader's favour, and neither away, nor be given up.
        """
        positionId = self.opening()
        code = "WORSE_GSL_NOT_ALLOWED"
        self.rejected(self.amend(positionId, stopLoss=25_371.23), code)
        self.rejected(self.amend(positionId, takeProfit=25_600.0), code)
        self.rejected(self.amend(positionId, stopLoss=25_371.24, guaranteedStopLoss=False), code)
        event = self.client.ask(self.amend(positionId, stopLoss=25_400.0))
        self.assertTrue(event.position.guaranteedStopLoss)

    def test_pending(self) -> None:
        """
        A waiting order takes its guarantee along.
        """
        order = self.pend(LIMIT, **_fields(self.guaranteed(limitPrice=25_000.0))).order
        self.assertTrue(order.tradeData.guaranteedStopLoss)
        changed = self.client.ask(self.change(order.orderId, relativeStopLoss=10_000_000)).order
        self.assertFalse(changed.tradeData.guaranteedStopLoss)


def _fields(request: Any) -> dict[str, Any]:
    return {field.name: value for field, value in request.ListFields() if field.name not in _OWN}


_OWN = ("orderType", "ctidTraderAccountId")
