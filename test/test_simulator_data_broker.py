"""
What the broker of the simulated exchange can change, and what is told of it.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAAccessRights,
    ProtoOAAccountDisconnectEvent,
    ProtoOAExpectedMarginReq,
    ProtoOAMarginChangedEvent,
    ProtoOASymbolByIdReq,
    ProtoOASymbolChangedEvent,
    ProtoOASymbolsForConversionReq,
    ProtoOATraderReq,
    ProtoOATraderRes,
    ProtoOATraderUpdatedEvent,
)
from ctrader_twisted.simulator.world import EUR_ACCOUNT, NETTED_ACCOUNT, USD_ACCOUNT
from test.rawclient import RawClient
from test.tradingcase import BUY, EURUSD, SELL, TradingCase


class AccountTests(TradingCase):
    """
    The terms of an account.
    """

    def test_leverage(self) -> None:
        """
        A new leverage is told of to all sessions with the whole account, and then the margins that change with it.
        """
        positionId = self.opened(volume=10_000_000)
        [before] = self.reconcile().position
        other = RawClient(self.exchange)
        other.logIn()
        other.received()
        self.client.received()
        self.exchange.changeAccount(USD_ACCOUNT, leverageInCents=5_000)
        updated, margin = self.client.messages()
        self.assertIsInstance(updated, ProtoOATraderUpdatedEvent)
        self.assertEqual(updated.trader.leverageInCents, 5_000)
        self.assertEqual(updated.trader, self.client.ask(ProtoOATraderReq(ctidTraderAccountId=USD_ACCOUNT)).trader)
        self.assertIsInstance(margin, ProtoOAMarginChangedEvent)
        self.assertEqual((margin.positionId, margin.usedMargin), (positionId, 2 * before.usedMargin))
        self.assertEqual(margin.moneyDigits, 2)
        self.assertEqual(self.reconcile().position[0].usedMargin, margin.usedMargin)
        self.assertEqual(other.messages(), [updated, margin])
        request = ProtoOAExpectedMarginReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=EURUSD, volume=[10_000_000])
        self.assertEqual(self.client.ask(request).margin[0].buyMargin, margin.usedMargin)

    def test_sameLeverage(self) -> None:
        """
        Margins that do not change are not told of.
        """
        self.opened()
        self.exchange.changeAccount(USD_ACCOUNT, accessRights=ProtoOAAccessRights.CLOSE_ONLY)
        [updated] = self.client.messages()
        self.assertEqual(updated.trader.accessRights, ProtoOAAccessRights.CLOSE_ONLY)
        self.assertEqual(updated.trader.leverageInCents, 10_000)

    def test_closeOnly(self) -> None:
        """
        An account that may only close cannot open.
        """
        positionId = self.opened()
        self.exchange.changeAccount(USD_ACCOUNT, accessRights=ProtoOAAccessRights.CLOSE_ONLY)
        self.rejected(self.order(), "TRADING_NOT_ALLOWED")
        self.rejected(self.order(positionId=positionId, tradeSide=BUY), "TRADING_NOT_ALLOWED")
        self.client.send(self.order(positionId=positionId, tradeSide=SELL))
        self.assertNotIn("TRADING_NOT_ALLOWED", str(self.client.messages()))
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.2)
        self.assertEqual(len(self.reconcile().position), 0)

    def test_closeOnlyNetted(self) -> None:
        """
        Where a symbol has one position, an order on the other side that is no larger than it closes, without its name.
        """
        self.client.logIn(NETTED_ACCOUNT)
        self.accountId = NETTED_ACCOUNT
        self.opened(volume=300_000)
        self.exchange.changeAccount(NETTED_ACCOUNT, accessRights=ProtoOAAccessRights.CLOSE_ONLY)
        self.client.received()
        self.rejected(self.order(), "TRADING_NOT_ALLOWED")
        self.rejected(self.order(tradeSide=SELL, volume=400_000), "TRADING_NOT_ALLOWED")
        self.client.send(self.order(tradeSide=SELL, volume=300_000))
        self.clock.advance(0.2)
        self.assertEqual(len(self.reconcile().position), 0)
        self.rejected(self.order(tradeSide=SELL), "TRADING_NOT_ALLOWED")

    def test_noTrading(self) -> None:
        """
        An account that may not trade can be looked at, until it may trade again.
        """
        positionId = self.opened()
        self.exchange.changeAccount(USD_ACCOUNT, accessRights=ProtoOAAccessRights.NO_TRADING)
        self.rejected(self.close(positionId, 100_000), "TRADING_NOT_ALLOWED")
        self.assertEqual(len(self.reconcile().position), 1)
        self.exchange.changeAccount(USD_ACCOUNT, accessRights=ProtoOAAccessRights.FULL_ACCESS)
        self.client.received()
        self.opened()

    def test_noLogin(self) -> None:
        """
        The sessions of an account that may not be logged in to end, and there are no new ones; others go on.
        """
        self.client.logIn(EUR_ACCOUNT)
        self.client.received()
        self.exchange.changeAccount(USD_ACCOUNT, accessRights=ProtoOAAccessRights.NO_LOGIN)
        _, ended = self.client.messages()
        self.assertEqual(ended, ProtoOAAccountDisconnectEvent(ctidTraderAccountId=USD_ACCOUNT))
        self.assertEqual(self.client.logIn().errorCode, "RET_ACCOUNT_DISABLED")
        answer = self.client.ask(ProtoOATraderReq(ctidTraderAccountId=EUR_ACCOUNT))
        self.assertIsInstance(answer, ProtoOATraderRes)


class SymbolTests(TradingCase):
    """
    The specifications of symbols.
    """

    def symbol(self) -> Any:
        return self.client.ask(ProtoOASymbolByIdReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[EURUSD])).symbol[0]

    def test_change(self) -> None:
        """
        Each session of each account is told which symbol has changed; the new specification is there, and it counts.
        """
        self.client.logIn(EUR_ACCOUNT)
        before = self.symbol()
        self.client.received()
        self.exchange.changeSymbol(EURUSD, maxVolume=200_000)
        self.assertEqual(
            self.client.messages(),
            [
                ProtoOASymbolChangedEvent(ctidTraderAccountId=accountId, symbolId=[EURUSD])
                for accountId in (USD_ACCOUNT, EUR_ACCOUNT)
            ],
        )
        after = self.symbol()
        self.assertEqual((before.maxVolume, after.maxVolume), (10_000_000_000, 200_000))
        after.maxVolume = before.maxVolume
        self.assertEqual(after, before)
        self.rejected(self.order(volume=300_000), "TRADING_BAD_VOLUME")

    def test_conversion(self) -> None:
        """
        The ways from asset to asset know the new specification.
        """
        catalogue = self.exchange.catalogue
        ends = catalogue.assetNamed("EUR").assetId, catalogue.assetNamed("USD").assetId
        request = ProtoOASymbolsForConversionReq(
            ctidTraderAccountId=USD_ACCOUNT, firstAssetId=ends[0], lastAssetId=ends[1]
        )
        self.assertEqual(self.client.ask(request).symbol[0].description, "Euro vs US Dollar")
        self.exchange.changeSymbol(EURUSD, description="Fiber")
        self.assertEqual(self.client.ask(request).symbol[0].description, "Fiber")

    def test_unknown(self) -> None:
        """
        A symbol that is not there cannot be changed.
        """
        self.assertRaises(KeyError, self.exchange.changeSymbol, 999, maxVolume=1)
