"""
Opening positions on the simulated venue: which events come, in which order, and what is in them.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOADealStatus,
    ProtoOAExecutionType,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOAPositionStatus,
    ProtoOATimeInForce,
    ProtoOATraderReq,
    ProtoOATradingMode,
)
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.world import EPOCH, EUR_ACCOUNT
from test.rawclient import RawClient
from test.tradingcase import EURUSD, LIMIT, SELL, USDJPY, TradingCase

_Status = ProtoOAPositionStatus


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

    def test_levelsBelowNothing(self) -> None:
        """
        A relative level must lie at a price above zero; above the market there is no such limit.
        """
        self.rejected(self.order(relativeStopLoss=111_984), "TRADING_BAD_STOPS")
        self.rejected(self.order(tradeSide=SELL, relativeTakeProfit=111_980), "TRADING_BAD_STOPS")

    def test_trailingNeedsAStop(self) -> None:
        """
        Without a stop loss nothing can trail.
        """
        words = "Can't set Trailing Stop Loss parameter without specified Stop Loss"
        self.invalid(self.order(trailingStopLoss=True), words)

    def test_endlessPrices(self) -> None:
        """
        Prices that no integer of 64 bits could count are none.
        """
        for price in (1e12, 1e300, float("inf"), float("nan"), -1.0):
            self.invalid(self.order(orderType=LIMIT, tradeSide=SELL, limitPrice=price), "is not a price")
            fields = {"orderType": LIMIT, "tradeSide": SELL, "limitPrice": 1.2}
            self.invalid(self.order(**fields, stopLoss=price), "is not a price")
        self.assertEqual(self.reconcile().order, [])

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
