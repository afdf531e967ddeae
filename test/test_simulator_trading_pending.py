"""
Orders that wait on the simulated venue: what is accepted, and what prices and time do to them.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAExecutionType,
    ProtoOAOrderStatus,
    ProtoOAOrderTriggerMethod,
    ProtoOAOrderType,
    ProtoOAPositionStatus,
    ProtoOASymbolDistanceType,
    ProtoOATimeInForce,
    ProtoOATradingMode,
)
from ctrader_twisted.simulator.world import EPOCH
from test.rawclient import RawClient
from test.tradingcase import BUY, EURUSD, LIMIT, SELL, STOP, STOP_LIMIT, TradingCase

_MARKET, _RANGE = ProtoOAOrderType.MARKET, ProtoOAOrderType.MARKET_RANGE
_Method, _Time = ProtoOAOrderTriggerMethod, ProtoOATimeInForce


class AcceptanceTests(TradingCase):
    """
    Orders whose price is not there yet.
    """

    def test_accepted(self) -> None:
        """
        A limit order is accepted with an empty position, stands in the book, and says its levels as distances.
        """
        event = self.pend(LIMIT, limitPrice=1.1, stopLoss=1.09, takeProfit=1.12, label="l", clientOrderId="c")
        order, position = event.order, event.position
        self.assertEqual((order.limitPrice, order.timeInForce), (1.1, _Time.GOOD_TILL_CANCEL))
        self.assertEqual((order.relativeStopLoss, order.relativeTakeProfit), (1_000, 2_000))
        self.assertFalse(order.HasField("stopLoss") or order.HasField("takeProfit"))
        self.assertEqual((order.tradeData.label, order.clientOrderId), ("l", "c"))
        self.assertEqual(position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_CREATED)
        self.assertEqual((position.positionId, position.tradeData.volume), (order.positionId, 0))
        self.clock.advance(10)
        self.assertEqual(self.events(), [])
        answer = self.reconcile()
        self.assertEqual((list(answer.order), list(answer.position)), ([order], []))

    def test_kinds(self) -> None:
        """
        Stop and stop limit orders keep their prices, slippage and trigger method.
        """
        order = self.pend(STOP, stopPrice=1.13, stopTriggerMethod=_Method.OPPOSITE).order
        self.assertEqual((order.stopPrice, order.stopTriggerMethod), (1.13, _Method.OPPOSITE))
        order = self.pend(STOP_LIMIT, tradeSide=SELL, stopPrice=1.1, slippageInPoints=30).order
        self.assertEqual((order.stopPrice, order.slippageInPoints), (1.1, 30))
        self.assertEqual(len(self.reconcile().order), 2)

    def test_outsideTheSession(self) -> None:
        """
        While the market is closed an order can be placed if it waits, and not if it must be executed at once.
        """
        self.exchange.timeline.epoch += 3 * 86_400_000
        self.pend(LIMIT, limitPrice=1.2)
        self.rejected(self.order(orderType=LIMIT, limitPrice=1.2, timeInForce=_Time.FILL_OR_KILL), "MARKET_CLOSED")
        self.quote(111_980, 111_984)
        self.assertEqual(self.events(), [])

    def test_cannotBeExecuted(self) -> None:
        """
        A symbol may be closed for pending orders, too; they are executed when it is open again.
        """
        self.pend(LIMIT, limitPrice=1.1)
        symbol = self.exchange.catalogue.full(EURUSD)
        symbol.tradingMode = ProtoOATradingMode.DISABLED_WITHOUT_PENDINGS_EXECUTION
        self.quote(109_980, 109_990)
        self.assertEqual(self.events(), [])
        symbol.tradingMode = ProtoOATradingMode.DISABLED_WITH_PENDINGS_EXECUTION
        self.quote(109_980, 109_991)
        self.assertEqual(self.events(), [("ORDER_FILLED", None, True)])


class RuleTests(TradingCase):
    """
    Orders that are refused, of the kinds that wait or have a limit.
    """

    def tearDown(self) -> None:
        self.clock.advance(1)
        self.assertEqual(self.events(), [])
        self.assertEqual(self.reconcile().order, [])
        super().tearDown()

    def test_missingPrices(self) -> None:
        """
        Each type needs its prices.
        """
        for kind, fields, missing in (
            (LIMIT, {"stopPrice": 1.1}, "limitPrice"),
            (STOP, {"limitPrice": 1.1}, "stopPrice"),
            (STOP_LIMIT, {"stopPrice": 1.2}, "slippageInPoints"),
            (_RANGE, {"slippageInPoints": 3}, "baseSlippagePrice"),
        ):
            self.invalid(self.order(orderType=kind, **fields), f"required fields: {missing}")
        kind = ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT
        self.invalid(self.order(orderType=kind), "STOP_LOSS_TAKE_PROFIT")

    def test_prices(self) -> None:
        """
        A price has no more digits than the symbol, and is more than 0; a slippage is not negative.
        """
        self.invalid(self.order(orderType=LIMIT, limitPrice=1.1000001), "Allowed 5 digits")
        self.invalid(self.order(orderType=LIMIT, limitPrice=0.0), "limitPrice is 0")
        self.invalid(self.order(orderType=STOP, stopPrice=1.1234567), "Allowed 5 digits")
        self.invalid(self.order(orderType=LIMIT, limitPrice=1.1, stopLoss=1.0000001), "Allowed 5 digits")
        self.invalid(self.order(orderType=_RANGE, baseSlippagePrice=1.1, slippageInPoints=-1), "negative")
        sell = self.order(tradeSide=SELL, orderType=STOP_LIMIT, stopPrice=0.5, slippageInPoints=50_000)
        self.rejected(sell, "TRADING_BAD_PRICES")

    def test_wrongSide(self) -> None:
        """
        A stop that the market has reached is refused, by the price that would trigger it.
        """
        self.rejected(self.order(orderType=STOP, stopPrice=1.11984), "TRADING_BAD_PRICES")
        self.rejected(self.order(orderType=STOP, stopPrice=1.1198, tradeSide=SELL), "TRADING_BAD_PRICES")
        limited = {"orderType": STOP_LIMIT, "slippageInPoints": 1}
        self.rejected(self.order(stopPrice=1.1, **limited), "TRADING_BAD_PRICES")
        # One point more is enough where the bid counts, and was too little where the ask does.
        opposite = self.pend(STOP, stopPrice=1.11981, stopTriggerMethod=_Method.OPPOSITE)
        self.assertEqual(self.client.ask(self.cancel(opposite.order.orderId)).executionType, 5)

    def test_levels(self) -> None:
        """
        Levels lie on their sides of the order's price, and are given in one way.
        """
        limit = {"orderType": LIMIT, "limitPrice": 1.1}
        for fields in (
            {"stopLoss": 1.1},
            {"takeProfit": 1.1},
            {"tradeSide": SELL, "stopLoss": 1.09},
            {"tradeSide": SELL, "takeProfit": 1.11},
            {"relativeStopLoss": 110_000},
        ):
            self.rejected(self.order(**limit, **fields), "TRADING_BAD_STOPS")
        self.invalid(self.order(**limit, stopLoss=1.0, relativeStopLoss=10), "Both an absolute and a relative")
        self.invalid(self.order(**limit, takeProfit=1.2, relativeTakeProfit=10), "Both an absolute and a relative")
        words = "SL/TP in absolute values are allowed only"
        self.invalid(self.order(orderType=_RANGE, baseSlippagePrice=1.1, slippageInPoints=1, stopLoss=1.0), words)

    def test_time(self) -> None:
        """
        An order that is good till a date needs one in the future; only market orders wait for the opening.
        """
        given: dict[str, Any] = {"orderType": LIMIT, "limitPrice": 1.1, "timeInForce": _Time.GOOD_TILL_DATE}
        self.rejected(self.order(**given), "TRADING_BAD_EXPIRATION_DATE")
        self.rejected(self.order(**given, expirationTimestamp=EPOCH), "TRADING_BAD_EXPIRATION_DATE")
        self.invalid(self.order(**{**given, "timeInForce": _Time.MARKET_ON_OPEN}), "MARKET_ON_OPEN")

    def test_distances(self) -> None:
        """
        Levels keep the symbol's least distances, in points or in hundredths of a percent.
        """
        self.exchange.changeSymbol(EURUSD, stopLossDistance=50, takeProfitDistance=80)
        self.client.received()
        code = "PROTECTION_IS_TOO_CLOSE_TO_MARKET"
        self.rejected(self.order(relativeStopLoss=49), code)
        self.rejected(self.order(relativeTakeProfit=79), code)
        self.exchange.catalogue.full(EURUSD).distanceSetIn = ProtoOASymbolDistanceType.SYMBOL_DISTANCE_IN_PERCENTAGE
        # 0.5 % of 1.11984 are 0.0055992.
        self.rejected(self.order(relativeStopLoss=559), code)
        order = self.pend(LIMIT, limitPrice=1.0, relativeStopLoss=500).order
        self.client.ask(self.cancel(order.orderId))


class TriggerTests(TradingCase):
    """
    Prices that are reached.
    """

    def executed(self) -> list[float]:
        """
        @return: the prices of the deals since the last look, all made by the server.
        """
        events = [event for event, clientMsgId in self.client.received() if clientMsgId is None]
        deals = [event for event in events if event.HasField("deal")]
        self.assertTrue(all(event.isServerEvent for event in deals))
        return [event.deal.executionPrice for event in deals]

    def test_limit(self) -> None:
        """
        A limit order is executed at its price or a better one: a buy by the ask, a sell by the bid.
        """
        self.pend(LIMIT, limitPrice=1.1)
        self.pend(LIMIT, limitPrice=1.13, tradeSide=SELL)
        self.quote(109_999, 110_001)
        self.assertEqual(self.executed(), [])
        self.quote(109_980, 109_990)
        self.assertEqual(self.executed(), [1.0999])
        self.quote(113_005, 113_009)
        self.assertEqual(self.executed(), [1.13005])

    def test_filled(self) -> None:
        """
        The fill opens the position that was promised, without the id of a request, and the order leaves the book.
        """
        accepted = self.pend(LIMIT, limitPrice=1.1, label="l")
        self.quote(109_980, 109_990)
        [(event, clientMsgId)] = self.client.received()
        self.assertEqual((event.executionType, clientMsgId), (ProtoOAExecutionType.ORDER_FILLED, None))
        self.assertEqual(event.order.orderStatus, ProtoOAOrderStatus.ORDER_STATUS_FILLED)
        position = event.position
        self.assertEqual((position.positionId, position.price), (accepted.position.positionId, 1.0999))
        self.assertEqual((position.tradeData.label, position.tradeData.volume), ("l", 100_000))
        answer = self.reconcile()
        self.assertEqual((list(answer.order), list(answer.position)), ([], [position]))

    def test_protected(self) -> None:
        """
        The levels count from the order's price, wherever it is executed, and follow the fill in an order of their own.
        """
        self.pend(LIMIT, limitPrice=1.1, relativeStopLoss=200, takeProfit=1.12, trailingStopLoss=True)
        self.quote(109_980, 109_990)
        self.clock.advance(0.003)
        filled, protected = self.client.messages()
        self.assertFalse(filled.position.HasField("stopLoss"))
        self.assertEqual((protected.position.stopLoss, protected.position.takeProfit), (1.098, 1.12))
        self.assertTrue(protected.isServerEvent and protected.position.trailingStopLoss)

    def test_marketable(self) -> None:
        """
        A limit order that the market has reached is executed at the market, as a market order is.
        """
        accepted = self.pend(LIMIT, limitPrice=1.2, stopLoss=1.1)
        self.assertEqual(accepted.order.relativeStopLoss, 10_000)
        self.clock.advance(0.14)
        [(event, clientMsgId)] = self.client.received()
        self.assertEqual((event.deal.executionPrice, clientMsgId, event.isServerEvent), (1.11984, "pend", False))
        self.clock.advance(0.003)
        [event] = self.client.messages()
        self.assertEqual(event.position.stopLoss, 1.1)

    def test_marketLeaves(self) -> None:
        """
        A limit order whose price is gone at the execution waits for it.
        """
        self.pend(LIMIT, limitPrice=1.11984)
        self.quote(111_990, 111_995)
        self.clock.advance(0.04)
        self.assertEqual(self.events(), [])
        self.quote(111_970, 111_984)
        self.assertEqual(self.events(), [("ORDER_FILLED", None, True)])

    def test_stop(self) -> None:
        """
        A stop order is executed at the market once its price is reached: a buy by the ask, a sell by the bid.
        """
        self.pend(STOP, stopPrice=1.12)
        self.pend(STOP, stopPrice=1.11, tradeSide=SELL)
        self.quote(111_990, 111_999)
        self.assertEqual(self.executed(), [])
        self.quote(112_005, 112_010)
        self.assertEqual(self.executed(), [1.1201])
        self.quote(110_900, 110_910)
        self.assertEqual(self.executed(), [1.109])

    def test_methods(self) -> None:
        """
        The trigger method chooses the side that is compared, and whether two prices in a row are needed.
        """
        for side, stop, near, far in (
            (BUY, 1.13, (112_990, 113_000), (113_000, 113_010)),
            (SELL, 1.11, (111_000, 111_010), (110_990, 111_000)),
        ):
            for method, ticks in (
                (_Method.TRADE, [near]),
                (_Method.OPPOSITE, [near, far]),
                (_Method.DOUBLE_TRADE, [near, (112_000, 112_010), near, near]),
                (_Method.DOUBLE_OPPOSITE, [near, near, far, far]),
            ):
                self.quote(112_000, 112_010)
                self.pend(STOP, stopPrice=stop, stopTriggerMethod=method, tradeSide=side)
                for tick in ticks[:-1]:
                    self.quote(*tick)
                    self.assertEqual(self.executed(), [])
                self.quote(*ticks[-1])
                self.assertEqual(len(self.executed()), 1, _Method.Name(method))

    def test_stopLossMethods(self) -> None:
        """
        The same methods hold for the stop loss of a position.
        """
        for method, ticks in (
            (_Method.TRADE, [(110_000, 110_010)]),
            (_Method.OPPOSITE, [(110_000, 110_010), (109_990, 110_000)]),
            (_Method.DOUBLE_TRADE, [(110_000, 110_010), (111_000, 111_010), (110_000, 110_001), (109_990, 110_000)]),
            (_Method.DOUBLE_OPPOSITE, [(110_000, 110_010), (109_990, 110_000), (109_980, 109_999)]),
        ):
            self.quote(112_000, 112_010)
            self.client.send(self.amend(self.opened(), stopLoss=1.1, stopLossTriggerMethod=method))
            [event] = self.client.messages()
            self.assertEqual((event.position.stopLossTriggerMethod, event.order.stopTriggerMethod), (method, method))
            for tick in ticks[:-1]:
                self.quote(*tick)
                self.assertEqual(self.executed(), [])
            self.quote(*ticks[-1])
            self.assertEqual(len(self.executed()), 1, _Method.Name(method))

    def test_stopLimit(self) -> None:
        """
        Beyond its limit a triggered stop limit order waits, and is executed when the market comes back.
        """
        self.pend(STOP_LIMIT, stopPrice=1.12, slippageInPoints=5)
        self.quote(112_003, 112_006)
        self.quote(111_990, 111_999)
        self.assertEqual(self.executed(), [1.11999])
        self.pend(STOP_LIMIT, stopPrice=1.11, slippageInPoints=5, tradeSide=SELL)
        self.quote(110_994, 110_996)
        self.assertEqual(self.executed(), [])
        self.quote(110_995, 110_999)
        self.assertEqual(self.executed(), [1.10995])

    def test_stopLimitAtOnce(self) -> None:
        """
        Within its limit it is executed when it is triggered; if it may not wait it ends there.
        """
        self.pend(STOP_LIMIT, stopPrice=1.12, slippageInPoints=5)
        self.pend(STOP_LIMIT, stopPrice=1.12, slippageInPoints=3, timeInForce=_Time.IMMEDIATE_OR_CANCEL)
        self.quote(112_000, 112_005)
        self.assertEqual([kind for kind, *_ in self.events()], ["ORDER_FILLED", "ORDER_CANCELLED"])

    def test_noMoney(self) -> None:
        """
        A pending order is not held against the margin until it is executed; then it is rejected.
        """
        accepted = self.pend(LIMIT, limitPrice=1.1, volume=100_000_000_0)
        self.quote(109_980, 109_990)
        [event] = self.client.messages()
        self.assertEqual(event.executionType, ProtoOAExecutionType.ORDER_REJECTED)
        self.assertEqual((event.errorCode, event.order.orderId), ("NOT_ENOUGH_MONEY", accepted.order.orderId))
        self.assertEqual(event.position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_CLOSED)
        self.assertEqual(self.reconcile().order, [])


class TimeTests(TradingCase):
    """
    How long orders live.
    """

    def test_expires(self) -> None:
        """
        An order expires at its moment, without any price; its position was never open.
        """
        for seconds in (5, 2):
            moment = EPOCH + seconds * 1_000
            order = self.pend(LIMIT, limitPrice=1.1, timeInForce=_Time.GOOD_TILL_DATE, expirationTimestamp=moment).order
            self.assertEqual((order.timeInForce, order.expirationTimestamp), (_Time.GOOD_TILL_DATE, moment))
        self.clock.advance(1.999)
        self.assertEqual(self.events(), [])
        self.clock.advance(0.001)
        [(event, clientMsgId)] = self.client.received()
        self.assertEqual(event.executionType, ProtoOAExecutionType.ORDER_EXPIRED)
        self.assertEqual((event.order.orderStatus, clientMsgId), (ProtoOAOrderStatus.ORDER_STATUS_EXPIRED, None))
        self.assertEqual((event.order.orderId, event.isServerEvent), (order.orderId, True))
        self.assertEqual(event.position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_CLOSED)
        self.clock.advance(3)
        self.assertEqual(self.events(), [("ORDER_EXPIRED", None, True)])

    def test_expiredWhileStopped(self) -> None:
        """
        What has expired while the exchange stood still ends when it starts.
        """
        self.pend(LIMIT, limitPrice=1.1, timeInForce=_Time.GOOD_TILL_DATE, expirationTimestamp=EPOCH + 2_000)
        self.exchange.stop()
        self.clock.advance(5)
        self.assertEqual(self.events(), [])
        self.exchange.start()
        self.assertEqual(self.events(), [("ORDER_EXPIRED", None, True)])

    def test_fastWorld(self) -> None:
        """
        Where time goes faster, orders expire sooner by the clock.
        """
        self.exchange.stop()
        self.client.lose()
        self.speed = 10.0
        self.exchange = self.makeExchange()
        self.exchange.start()
        self.client = RawClient(self.exchange)
        self.client.logIn()
        moment = self.exchange.timeline.now() + 5_000
        self.pend(LIMIT, limitPrice=1.1, timeInForce=_Time.GOOD_TILL_DATE, expirationTimestamp=moment)
        self.clock.advance(0.499)
        self.assertEqual(self.events(), [])
        self.clock.advance(0.001)
        self.assertEqual(self.events(), [("ORDER_EXPIRED", None, True)])

    def test_immediateOrCancel(self) -> None:
        """
        A limit order that may not wait is executed, or cancelled, a moment after its acceptance.
        """
        for price, kind in ((1.2, "ORDER_FILLED"), (1.1, "ORDER_CANCELLED")):
            for life in (_Time.IMMEDIATE_OR_CANCEL, _Time.FILL_OR_KILL):
                self.pend(LIMIT, limitPrice=price, timeInForce=life)
                self.clock.advance(0.14)
                self.assertEqual(self.events(), [(kind, "pend", False)])

    def test_marketRange(self) -> None:
        """
        A market range order is executed within its range, and cancelled beyond it.
        """
        for slippage, kind in ((4, "ORDER_FILLED"), (3, "ORDER_CANCELLED")):
            accepted = self.pend(_RANGE, baseSlippagePrice=1.1198, slippageInPoints=slippage)
            self.assertEqual(accepted.order.timeInForce, _Time.IMMEDIATE_OR_CANCEL)
            self.assertEqual((accepted.order.baseSlippagePrice, accepted.order.slippageInPoints), (1.1198, slippage))
            self.assertEqual(self.reconcile().order, [])
            self.clock.advance(0.14)
            self.assertEqual(self.events(), [(kind, "pend", False)])

    def test_marketOnOpen(self) -> None:
        """
        A market order can wait for the opening, and is executed at the first price.
        """
        self.exchange.timeline.epoch += 3 * 86_400_000
        accepted = self.pend(_MARKET, timeInForce=_Time.MARKET_ON_OPEN)
        self.assertEqual(self.reconcile().order, [accepted.order])
        self.exchange.timeline.epoch += 2 * 86_400_000
        self.quote(112_000, 112_010)
        [event] = self.client.messages()
        self.assertEqual((event.executionType, event.deal.executionPrice), (3, 1.1201))
        self.pend(_MARKET, timeInForce=_Time.MARKET_ON_OPEN)
        self.clock.advance(0.14)
        self.assertEqual(self.events(), [("ORDER_FILLED", "pend", False)])

    def test_marketLife(self) -> None:
        """
        Market orders come back as immediate or cancel, whatever else was asked for.
        """
        for life in (_Time.GOOD_TILL_CANCEL, _Time.GOOD_TILL_DATE):
            event = self.pend(_MARKET, timeInForce=life, expirationTimestamp=EPOCH + 1)
            self.assertEqual(event.order.timeInForce, _Time.IMMEDIATE_OR_CANCEL)
            self.assertFalse(event.order.HasField("expirationTimestamp"))
