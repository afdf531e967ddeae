"""
Orders that are accepted and then turned down, and symbols that are not traded any more.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOADealListReq,
    ProtoOADealOffsetListReq,
    ProtoOADealStatus,
    ProtoOAExecutionType,
    ProtoOAOrderDetailsReq,
    ProtoOAOrderStatus,
    ProtoOAPositionStatus,
    ProtoOASpotEvent,
    ProtoOASubscribeDepthQuotesReq,
    ProtoOASubscribeSpotsReq,
    ProtoOASymbolByIdReq,
    ProtoOASymbolChangedEvent,
    ProtoOASymbolsForConversionReq,
    ProtoOASymbolsListReq,
    ProtoOATimeInForce,
    ProtoOATradingMode,
)
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue.rejections import Rejection
from ctrader_twisted.simulator.world import EPOCH, EUR_ACCOUNT, NETTED_ACCOUNT
from test.tradingcase import EURUSD, LIMIT, SELL, STOP, USDJPY, TradingCase

_REJECTED = ProtoOAExecutionType.ORDER_REJECTED


class _Case(TradingCase):
    def ask(self, kind: Any, **fields: Any) -> Any:
        return self.client.ask(kind(ctidTraderAccountId=self.accountId, **fields))

    def turnedDown(self, **fields: Any) -> Any:
        """
        Send an order, and give the event after its acceptance.
        """
        self.client.received()
        self.client.send(self.order(**fields), "now")
        self.clock.advance(0.2)
        accepted, rejected = self.client.messages()
        self.assertEqual((accepted.executionType, rejected.executionType), (2, _REJECTED))
        return rejected


class RejectionTests(_Case):
    """
    What a liquidity provider does not take.
    """

    def test_statuses(self) -> None:
        """
        The event has the order, its empty position, and a deal that says why; the balance stays.
        """
        expected = {
            Rejection.REJECTED: (ProtoOADealStatus.REJECTED, "UNKNOWN_ERROR"),
            Rejection.INTERNALLY_REJECTED: (ProtoOADealStatus.INTERNALLY_REJECTED, "NO_QUOTES"),
            Rejection.ERROR: (ProtoOADealStatus.ERROR, "UNKNOWN_ERROR"),
            Rejection.MISSED: (ProtoOADealStatus.MISSED, "TIMEOUT_ERROR"),
        }
        self.assertEqual(set(expected), set(Rejection))
        for rejection, (status, code) in expected.items():
            self.exchange.rejectOrders(EURUSD, rejection)
            event = self.turnedDown(volume=200_000)
            deal = event.deal
            self.assertEqual((deal.dealStatus, event.errorCode, event.isServerEvent), (status, code, False))
            self.assertEqual((deal.volume, deal.filledVolume, deal.commission), (200_000, 0, 0))
            self.assertEqual((deal.orderId, deal.positionId), (event.order.orderId, event.order.positionId))
            self.assertFalse(deal.HasField("executionPrice") or deal.HasField("closePositionDetail"))
            self.assertEqual(event.order.orderStatus, ProtoOAOrderStatus.ORDER_STATUS_REJECTED)
            self.assertEqual(event.position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_CLOSED)
        self.assertEqual(self.reconcile().position, [])

    def test_records(self) -> None:
        """
        The deal is in the list of deals and in the details of its order.
        """
        self.exchange.rejectOrders(EURUSD)
        deal = self.turnedDown().deal
        [listed] = self.ask(ProtoOADealListReq, fromTimestamp=EPOCH, toTimestamp=EPOCH + 1_000).deal
        self.assertEqual((listed.dealId, listed.dealStatus), (deal.dealId, ProtoOADealStatus.REJECTED))
        self.assertEqual(len(self.ask(ProtoOAOrderDetailsReq, orderId=deal.orderId).deal), 1)
        self.assertEqual(len(self.ask(ProtoOADealOffsetListReq, dealId=deal.dealId).offsetBy), 0)

    def test_offsets(self) -> None:
        """
        A close that is turned down leaves the position, which can be closed afterwards, and offsets nothing.
        """
        positionId = self.opened(relativeStopLoss=500)
        self.exchange.rejectOrders(EURUSD)
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.2)
        *_, event = self.client.messages()
        self.assertEqual(event.executionType, _REJECTED)
        self.assertEqual(event.position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_OPEN)
        self.exchange.acceptOrders(EURUSD)
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.2)
        [filled] = [each for each in self.client.messages() if each.executionType == 3]
        offset = self.ask(ProtoOADealOffsetListReq, dealId=filled.deal.dealId)
        self.assertEqual([each.volume for each in offset.offsetting], [100_000])
        self.assertEqual(len(self.ask(ProtoOADealOffsetListReq, dealId=event.deal.dealId).offsetting), 0)

    def test_offsetsBetween(self) -> None:
        """
        Nor is a deal that has executed nothing among those that a later close offsets.
        """
        positionId = self.opened()
        self.exchange.rejectOrders(EURUSD)
        self.turnedDown(positionId=positionId)
        self.exchange.acceptOrders(EURUSD)
        self.client.send(self.order(positionId=positionId))
        self.clock.advance(0.2)
        self.client.send(self.close(positionId, 200_000))
        self.clock.advance(0.2)
        deal = [each.deal for each in self.client.messages() if each.executionType == 3][-1]
        offset = self.ask(ProtoOADealOffsetListReq, dealId=deal.dealId)
        self.assertEqual([each.volume for each in offset.offsetting], [100_000, 100_000])

    def test_waiting(self) -> None:
        """
        An order that has waited is turned down when its price is there, and not again.
        """
        self.exchange.rejectOrders(EURUSD)
        self.pend(LIMIT, limitPrice=1.1)
        self.pend(STOP, stopPrice=1.13)
        self.quote(109_980, 109_990)
        [event] = self.client.messages()
        self.assertEqual((event.executionType, event.deal.dealStatus), (_REJECTED, ProtoOADealStatus.REJECTED))
        self.quote(109_970, 109_980)
        self.assertEqual(self.client.messages(), [])
        self.assertEqual(len(self.reconcile().order), 1)

    def test_rest(self) -> None:
        """
        What was executed before stays.
        """
        self.exchange.limitLiquidity(EURUSD, 100_000)
        self.pend(LIMIT, limitPrice=1.1, volume=300_000)
        self.quote(109_980, 109_990)
        self.exchange.rejectOrders(EURUSD)
        self.client.received()
        self.quote(109_970, 109_980)
        [event] = self.client.messages()
        self.assertEqual((event.executionType, event.deal.volume), (_REJECTED, 200_000))
        self.assertEqual([each.tradeData.volume for each in self.reconcile().position], [100_000])

    def test_protection(self) -> None:
        """
        Stop losses and stop-outs are executed, whatever the liquidity provider says.
        """
        self.opened(relativeStopLoss=100)
        self.exchange.rejectOrders(EURUSD)
        self.quote(111_800, 111_804)
        self.assertEqual(self.reconcile().position, [])
        self.exchange.acceptOrders(EURUSD)
        self.opened(volume=80_000_000)
        self.exchange.rejectOrders(EURUSD)
        self.clock.advance(1)
        self.quote(111_100, 111_104)
        self.clock.advance(0.2)
        self.assertNotEqual([each.tradeData.volume for each in self.reconcile().position], [80_000_000])

    def test_otherSymbols(self) -> None:
        """
        Orders in other symbols are executed, and what is not allowed is refused with its own code.
        """
        self.exchange.rejectOrders(EURUSD)
        self.opened(symbolId=USDJPY)
        self.rejected(self.order(volume=90_000_000), "NOT_ENOUGH_MONEY")


class NettedTests(_Case):
    """
    A netted account.
    """

    accountId = NETTED_ACCOUNT

    def test_position(self) -> None:
        """
        The position of the symbol stays as it is.
        """
        positionId = self.opened(volume=200_000)
        self.exchange.rejectOrders(EURUSD)
        event = self.turnedDown(tradeSide=SELL)
        self.assertEqual((event.deal.positionId, event.position.tradeData.volume), (positionId, 200_000))


class BareTests(_Case):
    """
    The other value of the switch.
    """

    settings = Settings(rejectionsHaveDeals=False)

    def test_noDeal(self) -> None:
        """
        There is no deal, neither in the event nor in the list.
        """
        self.exchange.rejectOrders(EURUSD, Rejection.MISSED)
        event = self.turnedDown()
        self.assertEqual((event.HasField("deal"), event.errorCode), (False, "TIMEOUT_ERROR"))
        self.assertEqual(len(self.ask(ProtoOADealListReq, fromTimestamp=EPOCH, toTimestamp=EPOCH + 1_000).deal), 0)


class DisabledTests(_Case):
    """
    A symbol that is not enabled.
    """

    def test_disabled(self) -> None:
        """
        It is listed so, its specification says so, and nothing is traded of it until it is enabled again.
        """
        positionId = self.opened(relativeStopLoss=100)
        order = self.pend(LIMIT, limitPrice=1.1).order
        self.exchange.changeSymbol(EURUSD, enabled=False)
        self.client.received()
        lights = {each.symbolId: each.enabled for each in self.ask(ProtoOASymbolsListReq).symbol}
        self.assertEqual([symbolId for symbolId, enabled in lights.items() if not enabled], [EURUSD])
        [symbol] = self.ask(ProtoOASymbolByIdReq, symbolId=[EURUSD]).symbol
        self.assertEqual(symbol.tradingMode, ProtoOATradingMode.DISABLED_WITHOUT_PENDINGS_EXECUTION)
        self.rejected(self.order(), "TRADING_DISABLED")
        self.rejected(self.close(positionId, 100_000), "TRADING_DISABLED")
        self.rejected(self.change(order.orderId, limitPrice=1.11), "TRADING_DISABLED")
        self.quote(109_980, 109_990)
        self.assertEqual((len(self.reconcile().position), len(self.reconcile().order)), (1, 1))
        self.exchange.changeSymbol(EURUSD, enabled=True)
        self.quote(109_970, 109_980)
        self.assertEqual([each.positionId for each in self.reconcile().position], [order.positionId])
        self.assertEqual(self.ask(ProtoOASymbolByIdReq, symbolId=[EURUSD]).symbol[0].tradingMode, 0)


class ArchivingTests(_Case):
    """
    A symbol that is archived while clients trade.
    """

    def test_lists(self) -> None:
        """
        All are told that it has changed; it is among the archived symbols from then on, and unknown otherwise.
        """
        self.client.logIn(EUR_ACCOUNT)
        self.clock.advance(1)
        self.client.received()
        self.exchange.rejectOrders(EURUSD)
        self.exchange.archiveSymbol(EURUSD)
        told = [(each.ctidTraderAccountId, list(each.symbolId)) for each in self.client.messages()]
        self.assertEqual(told, [(self.accountId, [EURUSD]), (EUR_ACCOUNT, [EURUSD])])
        answer = self.ask(ProtoOASymbolsListReq, includeArchivedSymbols=True)
        self.assertNotIn(EURUSD, [each.symbolId for each in answer.symbol])
        [archived] = [each for each in answer.archivedSymbol if each.symbolId == EURUSD]
        self.assertEqual((archived.name, archived.utcLastUpdateTimestamp), ("EURUSD", EPOCH + 1_000))
        answer = self.ask(ProtoOASymbolByIdReq, symbolId=[EURUSD, USDJPY])
        self.assertEqual([each.symbolId for each in answer.symbol], [USDJPY])
        self.assertEqual(list(answer.archivedSymbol), [archived])
        self.invalid(self.order(), "Symbol not found", code="SYMBOL_NOT_FOUND")
        self.assertRaises(KeyError, self.exchange.archiveSymbol, EURUSD)
        self.exchange.changeAccount(self.accountId, leverageInCents=5_000)

    def test_conversion(self) -> None:
        """
        Conversions go another way, if there is one.
        """
        named = self.exchange.catalogue.assetNamed
        assets = {"firstAssetId": named("EUR").assetId, "lastAssetId": named("USD").assetId}
        before = self.ask(ProtoOASymbolsForConversionReq, **assets).symbol
        self.exchange.archiveSymbol(EURUSD)
        self.client.received()
        after = self.ask(ProtoOASymbolsForConversionReq, **assets).symbol
        self.assertEqual([each.symbolId for each in before], [EURUSD])
        self.assertNotIn(EURUSD, [each.symbolId for each in after])
        self.assertGreater(len(after), 1)

    def test_orders(self) -> None:
        """
        Orders that wait are cancelled, and one that is just being executed is not executed any more.
        """
        self.pend(LIMIT, limitPrice=1.1)
        self.pend(LIMIT, limitPrice=1.1, timeInForce=ProtoOATimeInForce.GOOD_TILL_DATE, expirationTimestamp=EPOCH + 500)
        self.client.send(self.order())
        self.client.received()
        self.exchange.archiveSymbol(EURUSD)
        *cancelled, changed = self.client.messages()
        self.assertEqual([(each.executionType, each.isServerEvent) for each in cancelled], [(5, True)] * 3)
        self.assertIsInstance(changed, ProtoOASymbolChangedEvent)
        self.clock.advance(1)
        self.assertEqual(self.client.messages(), [])
        self.assertEqual(self.exchange.venue.accounts[self.accountId].positions, {})

    def test_held(self) -> None:
        """
        What somebody holds is not archived.
        """
        positionId = self.opened()
        self.assertRaises(ValueError, self.exchange.archiveSymbol, EURUSD)
        self.client.received()
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.2)
        self.exchange.archiveSymbol(EURUSD)

    def test_subscriptions(self) -> None:
        """
        No prices come any more, of no kind; those of other symbols go on.
        """
        self.ask(ProtoOASubscribeSpotsReq, symbolId=[EURUSD, USDJPY])
        self.ask(ProtoOASubscribeDepthQuotesReq, symbolId=[EURUSD])
        self.exchange.archiveSymbol(EURUSD)
        self.client.received()
        self.quote(112_000, 112_004)
        self.assertEqual(self.client.messages(), [])
        self.exchange.setPrice(USDJPY, 14_900_000, 14_900_000)
        [event] = self.client.messages()
        self.assertIsInstance(event, ProtoOASpotEvent)
