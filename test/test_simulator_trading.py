"""
Trading on the simulated venue: which events come, in which order, and what is in them.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import (
    ProtoOAAmendPositionSLTPReq,
    ProtoOAClosePositionReq,
    ProtoOADealListByPositionIdReq,
    ProtoOADealListReq,
    ProtoOADealStatus,
    ProtoOAErrorRes,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAExpectedMarginReq,
    ProtoOAGetPositionUnrealizedPnLReq,
    ProtoOANewOrderReq,
    ProtoOAOrderDetailsReq,
    ProtoOAOrderErrorEvent,
    ProtoOAOrderListReq,
    ProtoOAOrderStatus,
    ProtoOAOrderTriggerMethod,
    ProtoOAOrderType,
    ProtoOAPositionStatus,
    ProtoOAReconcileReq,
    ProtoOATimeInForce,
    ProtoOATraderReq,
    ProtoOATradeSide,
    ProtoOATradingMode,
    ProtoOATrailingSLChangedEvent,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue.triggers import trigger
from ctrader_twisted.simulator.world import EPOCH, EUR_ACCOUNT, USD_ACCOUNT
from test.rawclient import ListedPrices, RawClient

EURUSD, USDJPY, GER40 = 1, 4, 102
BUY, SELL = ProtoOATradeSide.BUY, ProtoOATradeSide.SELL
_Status = ProtoOAPositionStatus


class TradingCase(SynchronousTestCase):
    """
    An exchange whose EURUSD is 1.11980 to 1.11984 until a test says otherwise.
    """

    settings = Settings()
    accountId = USD_ACCOUNT

    def setUp(self) -> None:
        self.clock = Clock()
        self.prices = ListedPrices([Tick(EPOCH - 1_000, 111_980, 111_984)])
        self.exchange = self.makeExchange()
        self.exchange.start()
        self.client = RawClient(self.exchange)
        self.client.logIn(self.accountId)
        self.client.received()

    def makeExchange(self) -> Exchange:
        still = ListedPrices([Tick(EPOCH - 1_000, 14_800_000, 14_800_000)])
        index = ListedPrices([Tick(EPOCH - 1_000, 2_547_124_000, 2_547_124_000)])
        replay = {"EURUSD": self.prices, "USDJPY": still, "GER40": index}
        empty = {name: ListedPrices([]) for name in ("GBPUSD", "EURGBP", "EURJPY", "XAUUSD", "US500")}
        return Exchange.default(self.clock, replay={**replay, **empty}, settings=self.settings)

    def tearDown(self) -> None:
        self.exchange.stop()
        for connection in list(self.exchange.connections):
            connection.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def quote(self, bid: int, ask: int) -> None:
        """
        Let a new price come, a tenth of a second from now.
        """
        self.exchange.stop()
        self.prices.listed.append(Tick(self.exchange.timeline.now() + 100, bid, ask))
        self.exchange.start()
        self.clock.advance(0.1)

    def order(self, **fields: Any) -> ProtoOANewOrderReq:
        """
        Make an order; 0.01 lots of EURUSD bought, unless the fields say otherwise.
        """
        given = {"symbolId": EURUSD, "tradeSide": BUY, "volume": 100_000, "orderType": ProtoOAOrderType.MARKET}
        return ProtoOANewOrderReq(**{"ctidTraderAccountId": self.accountId, **given, **fields})

    def opened(self, **fields: Any) -> int:
        """
        Open a position and forget how.
        """
        self.client.send(self.order(**fields), "opened")
        self.clock.advance(0.14)
        self.clock.advance(0.003)
        events = self.client.messages()
        self.assertEqual(events[1].executionType, ProtoOAExecutionType.ORDER_FILLED)
        return int(events[0].position.positionId)

    def close(self, positionId: int, volume: int) -> ProtoOAClosePositionReq:
        """
        Make a request to close.
        """
        return ProtoOAClosePositionReq(ctidTraderAccountId=self.accountId, positionId=positionId, volume=volume)

    def amend(self, positionId: int, **fields: Any) -> ProtoOAAmendPositionSLTPReq:
        """
        Make a request to amend.
        """
        return ProtoOAAmendPositionSLTPReq(ctidTraderAccountId=self.accountId, positionId=positionId, **fields)

    def events(self) -> list[tuple[str, str | None, bool]]:
        """
        @return: the execution events since the last look: their type, id, and whether the server made them.
        """
        return [
            (ProtoOAExecutionType.Name(event.executionType), clientMsgId, event.isServerEvent)
            for event, clientMsgId in self.client.received()
            if isinstance(event, ProtoOAExecutionEvent)
        ]

    def invalid(self, request: Any, words: str, code: str = "INVALID_REQUEST") -> None:
        """
        Check that a request is refused by an error answer.
        """
        answer = self.client.ask(request)
        self.assertIsInstance(answer, ProtoOAErrorRes)
        self.assertEqual((answer.errorCode, answer.ctidTraderAccountId), (code, self.accountId))
        self.assertIn(words, answer.description)

    def rejected(self, request: Any, code: str) -> Any:
        """
        Check that a request is refused by an order error event.
        """
        answer = self.client.ask(request)
        self.assertIsInstance(answer, ProtoOAOrderErrorEvent)
        self.assertEqual((answer.errorCode, answer.ctidTraderAccountId), (code, self.accountId))
        return answer

    def reconcile(self, *, protection: bool = False) -> Any:
        """
        Ask for the open positions and orders.
        """
        request = ProtoOAReconcileReq(ctidTraderAccountId=self.accountId, returnProtectionOrders=protection)
        return self.client.ask(request)


class OpeningTests(TradingCase):
    """
    Market orders.
    """

    def test_sequence(self) -> None:
        """
        A plain order is accepted at once and executed 140 ms later, both with the request's id.
        """
        self.client.send(self.order(), "mine")
        self.assertEqual(self.events(), [("ORDER_ACCEPTED", "mine", False)])
        self.clock.advance(0.139)
        self.assertEqual(self.events(), [])
        self.clock.advance(0.001)
        self.assertEqual(self.events(), [("ORDER_FILLED", "mine", False)])
        self.clock.advance(1)
        self.assertEqual(self.events(), [])

    def test_protectedSequence(self) -> None:
        """
        The levels are missing when the order is executed and follow 3 ms later in an order of their own.
        """
        self.client.send(self.order(relativeStopLoss=200, relativeTakeProfit=300, clientOrderId="c-1"), "mine")
        self.clock.advance(0.14)
        accepted, filled = self.client.messages()
        self.assertFalse(filled.position.HasField("stopLoss") or filled.position.HasField("takeProfit"))
        self.assertEqual(accepted.order.relativeStopLoss, 200)
        self.clock.advance(0.003)
        [(event, clientMsgId)] = self.client.received()
        self.assertEqual((clientMsgId, event.isServerEvent), ("mine", True))
        self.assertEqual(event.executionType, ProtoOAExecutionType.ORDER_ACCEPTED)
        order, position = event.order, event.position
        self.assertNotEqual(order.orderId, accepted.order.orderId)
        self.assertEqual(order.orderType, ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT)
        self.assertEqual((order.stopPrice, order.limitPrice), (1.11784, 1.12284))
        self.assertEqual((order.tradeData.tradeSide, order.tradeData.volume), (SELL, 100_000))
        self.assertEqual((order.closingOrder, order.timeInForce), (True, ProtoOATimeInForce.GOOD_TILL_CANCEL))
        self.assertEqual((order.positionId, order.clientOrderId), (position.positionId, "c-1"))
        self.assertFalse(order.HasField("stopLoss") or order.HasField("takeProfit"))
        self.assertEqual((position.stopLoss, position.takeProfit), (1.11784, 1.12284))

    def test_sellSide(self) -> None:
        """
        A sold position opens at the bid, with its levels on the other sides.
        """
        self.client.send(self.order(tradeSide=SELL, relativeStopLoss=20, relativeTakeProfit=30))
        self.clock.advance(0.14)
        self.clock.advance(0.003)
        *_, filled, protection = self.client.messages()
        self.assertEqual(filled.deal.executionPrice, 1.1198)
        self.assertEqual((protection.position.stopLoss, protection.position.takeProfit), (1.12, 1.1195))

    def test_accepted(self) -> None:
        """
        The first event has the order, and an empty position with an id.
        """
        self.client.send(self.order(label="l", comment="c", clientOrderId="o", relativeStopLoss=100))
        [event] = self.client.messages()
        order, position = event.order, event.position
        self.assertFalse(event.HasField("deal") or event.HasField("errorCode"))
        self.assertEqual(
            (order.orderType, order.orderStatus, order.executedVolume, order.closingOrder, order.timeInForce),
            (
                ProtoOAOrderType.MARKET,
                ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED,
                0,
                False,
                ProtoOATimeInForce.IMMEDIATE_OR_CANCEL,
            ),
        )
        self.assertEqual((order.tradeData.volume, order.tradeData.openTimestamp), (100_000, EPOCH))
        self.assertEqual((order.tradeData.label, order.tradeData.comment, order.clientOrderId), ("l", "c", "o"))
        self.assertEqual(order.positionId, position.positionId)
        self.assertFalse(order.HasField("executionPrice") or order.HasField("relativeTakeProfit"))
        self.assertEqual(position.positionStatus, _Status.POSITION_STATUS_CREATED)
        self.assertEqual((position.tradeData.volume, position.price, position.usedMargin), (0, 0.0, 0))
        self.assertEqual(position.tradeData.label, "l")
        self.assertFalse(position.tradeData.HasField("openTimestamp"))
        self.assertEqual(self.reconcile().position, [])

    def test_filled(self) -> None:
        """
        The second event has the deal, with the margin and the commission of 1000 units at 1.11984.
        """
        self.client.send(self.order())
        self.clock.advance(0.14)
        _, event = self.client.messages()
        order, position, deal = event.order, event.position, event.deal
        self.assertEqual((order.orderStatus, order.executionPrice), (ProtoOAOrderStatus.ORDER_STATUS_FILLED, 1.11984))
        self.assertEqual((order.executedVolume, order.tradeData.closeTimestamp), (100_000, EPOCH + 140))
        self.assertEqual((position.price, position.tradeData.volume, position.swap), (1.11984, 100_000, 0))
        self.assertEqual((position.usedMargin, position.commission, position.moneyDigits), (1_120, -3, 2))
        self.assertEqual(position.marginRate, 1.11982)
        self.assertEqual(position.tradeData.openTimestamp, EPOCH + 140)
        self.assertEqual((deal.orderId, deal.positionId), (order.orderId, position.positionId))
        self.assertEqual((deal.volume, deal.filledVolume, deal.executionPrice), (100_000, 100_000, 1.11984))
        self.assertEqual((deal.createTimestamp, deal.executionTimestamp), (EPOCH, EPOCH + 140))
        self.assertEqual((deal.commission, deal.dealStatus), (-3, ProtoOADealStatus.FILLED))
        self.assertEqual(deal.baseToUsdConversionRate, 1.11982)
        self.assertFalse(deal.HasField("closePositionDetail"))
        trader = self.client.ask(ProtoOATraderReq(ctidTraderAccountId=self.accountId)).trader
        self.assertEqual((trader.balance, trader.balanceVersion), (1_000_000, 0))

    def test_filledAtTheLatestPrice(self) -> None:
        """
        The price is that of the execution, not of the acceptance.
        """
        self.client.send(self.order())
        self.prices.listed.append(Tick(EPOCH + 100, 112_000, 112_010))
        self.clock.advance(0.14)
        *_, event = self.client.messages()
        self.assertEqual(event.deal.executionPrice, 1.1201)

    def test_allConnectionsHear(self) -> None:
        """
        Events go to every connection on which the account is logged in, with the id of the one that asked.
        """
        other, stranger = RawClient(self.exchange), RawClient(self.exchange)
        other.logIn()
        stranger.logIn(EUR_ACCOUNT)
        other.received()
        stranger.received()
        self.client.send(self.order(), "mine")
        self.clock.advance(0.14)
        self.assertEqual([clientMsgId for _, clientMsgId in other.received()], ["mine", "mine"])
        self.assertEqual(stranger.received(), [])

    def test_withoutId(self) -> None:
        """
        Without an id in the request the events have none.
        """
        self.client.send(self.order())
        self.clock.advance(0.14)
        self.assertEqual([clientMsgId for _, clientMsgId in self.client.received()], [None, None])

    def test_rejectedAtExecution(self) -> None:
        """
        If the money was spent between acceptance and execution, the order is rejected by an event.
        """
        big = self.order(volume=8_000_000 * 10)
        self.client.send(big, "first")
        self.client.send(big, "second")
        self.clock.advance(0.14)
        first, second = (event for event, clientMsgId in self.client.received()[2:])
        self.assertEqual(first.executionType, ProtoOAExecutionType.ORDER_FILLED)
        self.assertEqual(second.executionType, ProtoOAExecutionType.ORDER_REJECTED)
        self.assertEqual(second.errorCode, "NOT_ENOUGH_MONEY")
        self.assertEqual(second.order.orderStatus, ProtoOAOrderStatus.ORDER_STATUS_REJECTED)
        self.assertEqual(second.position.positionStatus, _Status.POSITION_STATUS_CLOSED)
        self.assertEqual(len(self.reconcile().position), 1)


class RefusalTests(TradingCase):
    """
    Orders that are refused before anything is booked.
    """

    def tearDown(self) -> None:
        self.assertEqual(self.reconcile(protection=True).position, [])
        self.clock.advance(1)
        self.assertEqual(self.events(), [])
        super().tearDown()

    def test_absoluteLevels(self) -> None:
        """
        Absolute levels are refused in the server's words.
        """
        words = "SL/TP in absolute values are allowed only for order types: [LIMIT, STOP, STOP_LIMIT]"
        self.invalid(self.order(stopLoss=1.1), words)
        self.invalid(self.order(takeProfit=1.2), words)

    def test_relativePrecision(self) -> None:
        """
        A relative level must fit the symbol's digits, and be a distance.
        """
        self.invalid(self.order(symbolId=USDJPY, relativeStopLoss=150), "Relative stop loss has invalid precision")
        self.invalid(self.order(symbolId=USDJPY, relativeTakeProfit=101), "Relative take profit has invalid precision")
        self.invalid(self.order(relativeStopLoss=0), "Relative stop loss has invalid precision")

    def test_trailingNeedsAStop(self) -> None:
        """
        Without a stop loss nothing can trail.
        """
        words = "Can't set Trailing Stop Loss parameter without specified Stop Loss"
        self.invalid(self.order(trailingStopLoss=True), words)

    def test_texts(self) -> None:
        """
        Label, comment and the client's own id may only be so long.
        """
        for name, longest in (("label", 100), ("comment", 512), ("clientOrderId", 50)):
            self.invalid(self.order(**{name: "x" * (longest + 1)}), name)

    def test_volume(self) -> None:
        """
        A volume must lie within the limits and on the step; the refusal names them.
        """
        for volume in (0, 99_999, 150_000, 10_000_100_000):
            refusal = self.rejected(self.order(volume=volume), "TRADING_BAD_VOLUME")
            self.assertIn("minimum 1000.00, maximum 100000000.00, step 1000.00", refusal.description)

    def test_money(self) -> None:
        """
        What the free margin does not cover is refused.
        """
        self.rejected(self.order(volume=100_000_000), "NOT_ENOUGH_MONEY")

    def test_unknownSymbol(self) -> None:
        """
        A symbol must exist.
        """
        self.invalid(self.order(symbolId=77), "77", code="SYMBOL_NOT_FOUND")

    def test_noQuotes(self) -> None:
        """
        Without a price there is nothing to execute at.
        """
        self.rejected(self.order(symbolId=2), "NO_QUOTES")

    def test_notSimulated(self) -> None:
        """
        Kinds of order that are not simulated yet say so.
        """
        for fields in (
            {"orderType": ProtoOAOrderType.LIMIT, "limitPrice": 1.0},
            {"positionId": 5},
            {"stopTriggerMethod": ProtoOAOrderTriggerMethod.OPPOSITE},
        ):
            self.invalid(self.order(**fields), "not simulated yet", code="UNSUPPORTED_MESSAGE")

    def test_guaranteed(self) -> None:
        """
        Guaranteed stops are not on offer.
        """
        self.invalid(self.order(guaranteedStopLoss=True, relativeStopLoss=10), "Guaranteed stop loss")

    def test_closedMarket(self) -> None:
        """
        Outside the symbol's sessions orders are refused.
        """
        self.exchange.timeline.epoch += 3 * 86_400_000
        self.rejected(self.order(), "MARKET_CLOSED")

    def test_tradingMode(self) -> None:
        """
        A symbol that is disabled, or that must not be sold short, refuses the order.
        """
        symbol = self.exchange.catalogue.full(EURUSD)
        symbol.enableShortSelling = False
        self.rejected(self.order(tradeSide=SELL), "SHORT_SELLING_NOT_ALLOWED")
        symbol.tradingMode = ProtoOATradingMode.CLOSE_ONLY_MODE
        self.rejected(self.order(), "TRADING_DISABLED")


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
        self.assertEqual((position.commission, position.usedMargin), (-5, 2_239))
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
        A position whose order is not executed yet cannot be closed, nor one whose protection is being made.
        """
        self.client.send(self.order(relativeStopLoss=100))
        [accepted] = self.client.messages()
        positionId = accepted.position.positionId
        self.rejected(self.close(positionId, 100_000), "POSITION_NOT_OPEN")
        self.clock.advance(0.14)
        self.rejected(self.close(positionId, 100_000), "POSITION_LOCKED")
        self.clock.advance(0.003)

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

    def test_bounded(self) -> None:
        """
        An account remembers only so many deals and ended orders.
        """
        for _ in range(5):
            self.opened()
        account = self.exchange.venue.accounts[self.accountId]
        self.assertEqual((len(account.deals), len(account.ended)), (3, 3))
        self.assertEqual(len(account.positions), 5)


class ResumeTests(TradingCase):
    """
    An exchange that is stopped in the middle.
    """

    def test_startAndStopTwice(self) -> None:
        """
        Starting and stopping twice is the same as once: nothing is executed twice, or told twice.
        """
        self.client.send(self.order())
        self.exchange.start()
        self.clock.advance(0.14)
        self.assertEqual([kind for kind, *_ in self.events()], ["ORDER_ACCEPTED", "ORDER_FILLED"])
        self.exchange.stop()
        self.exchange.stop()

    def test_underWay(self) -> None:
        """
        Orders that were accepted when it stopped are executed after it has started again.
        """
        positionId = self.opened(volume=200_000)
        self.client.send(self.order(), "open")
        self.client.send(self.close(positionId, 200_000), "close")
        self.exchange.stop()
        self.clock.advance(10)
        self.assertEqual([kind for kind, *_ in self.events()], ["ORDER_ACCEPTED", "ORDER_ACCEPTED"])
        self.exchange.start()
        self.clock.advance(0.14)
        self.assertEqual(self.events(), [("ORDER_FILLED", None, False), ("ORDER_FILLED", None, False)])
