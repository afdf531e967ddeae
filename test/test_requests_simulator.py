"""
Tests of the raw requests against the simulated exchange: each of the 42 is called, and what it changes is seen by the
session and the token store.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, MemoryTokens, TokenPair
from ctrader_twisted.errors import (
    AlreadySo,
    ConfigurationError,
    ConnectionLost,
    Halted,
    NotConnected,
    NotFound,
    OrderRejected,
    TokenRefused,
    TokensNotStored,
)
from ctrader_twisted.schema import REQUESTS
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.tables import AccountState
from ctrader_twisted.testing import VirtualExchange

_DAY = 86_400_000

GROUPS = {
    "login": "ApplicationAuth Version GetAccountListByAccessToken GetCtidProfileByToken RefreshToken AccountAuth"
    " AccountLogout",
    "reference": "AssetList AssetClassList SymbolCategoryList SymbolsList SymbolById SymbolsForConversion"
    " GetDynamicLeverageByID",
    "state": "Trader Reconcile GetPositionUnrealizedPnL ExpectedMargin MarginCallList MarginCallUpdate"
    " v1PnLChangeSubscribe v1PnLChangeUnSubscribe",
    "market": "SubscribeSpots SubscribeLiveTrendbar SubscribeDepthQuotes UnsubscribeDepthQuotes"
    " UnsubscribeLiveTrendbar UnsubscribeSpots GetTrendbars GetTickData",
    "trading": "NewOrder AmendPositionSLTP ClosePosition",
    "records": "DealList DealListByPositionId OrderList OrderDetails CashFlowHistoryList",
    "pending": "CancelOrder AmendOrder",
    "offsets": "OrderListByPositionId DealOffsetList",
}


class ExchangeTestCase(SynchronousTestCase):
    """
    A virtual exchange; nothing is left at the end.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.virtual = VirtualExchange()
        self.addCleanup(self.nothingIsLeft)

    def nothingIsLeft(self) -> None:
        """
        No connection and no timer is left.
        """
        self.virtual.advance(1)
        self.assertEqual(self.virtual.exchange.connections, [])
        self.assertEqual(self.virtual.clock.getDelayedCalls(), [])

    def pause(self, seconds: float) -> Deferred[None]:
        """
        @return: fires after some virtual time.
        """
        return deferLater(self.virtual.clock, seconds, lambda: None)

    def now(self) -> int:
        """
        @return: the exchange's time.
        """
        return self.virtual.exchange.timeline.now()

    async def refused(self, answer: Awaitable[Any], kind: type[Exception]) -> None:
        """
        Check that a request is refused.
        """
        with self.assertRaises(kind):
            await answer

    async def eurusd(self, account: Account) -> int:
        """
        @return: the id of EURUSD.
        """
        return (await account.symbol("EURUSD")).symbolId

    def accessToken(self) -> str:
        """
        @return: the token that the client has.
        """
        return self.virtual.exchange.registry.grantNamed("trade").accessToken.reveal()

    def refreshToken(self) -> str:
        """
        @return: what buys the next one.
        """
        return self.virtual.exchange.registry.grantNamed("trade").refreshToken.reveal()

    async def bought(self, account: Account) -> int:
        """
        Buy with a raw request, and wait until it is filled.

        @return: the position.
        """
        event = await account.requests.newOrder(
            symbolId=await self.eurusd(account),
            orderType=m.ProtoOAOrderType.MARKET,
            tradeSide=m.ProtoOATradeSide.BUY,
            volume=1_000_000,
        )
        self.assertEqual(event.executionType, m.ProtoOAExecutionType.ORDER_ACCEPTED)
        await self.pause(1)
        return event.order.positionId


class EachRequestTests(ExchangeTestCase):
    """
    Each of the 42 requests is called once and answered.
    """

    def test_groups(self) -> None:
        """
        Scenario 92: The tests of this class are about all requests of the schema.
        """
        named = [f"ProtoOA{name}Req" for names in GROUPS.values() for name in names.split()]
        self.assertEqual(sorted(named), sorted(REQUESTS))

    def run_(self, group: str, main: Any) -> None:
        """
        Run a coroutine function with an account, and check that it has sent the requests of a group.
        """
        seen = self.virtual.exchange.seen

        async def started(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            seen.clear()
            await main(client, account)

        self.virtual.run(started)
        self.assertEqual(
            {f"ProtoOA{name}Req" for name in GROUPS[group].split()} - {type(e).__name__ for e in seen}, set()
        )

    def test_login(self) -> None:
        """
        Logins, logouts, tokens and what they cover.
        """

        async def main(client: Client, account: Account) -> None:
            ask, own = client.requests, account.requests
            application = self.virtual.application
            again = ask.applicationAuth(clientId=application.clientId, clientSecret=application.clientSecret.reveal())
            await self.refused(again, AlreadySo)
            self.assertEqual((await ask.version()).version, "91")
            accounts = await ask.getAccountListByAccessToken(accessToken=self.accessToken())
            self.assertIn(account.accountId, [each.ctidTraderAccountId for each in accounts.ctidTraderAccount])
            profile = await ask.getCtidProfileByToken(accessToken=self.accessToken())
            self.assertGreater(profile.profile.userId, 0)
            await self.refused(own.accountAuth(accessToken=self.accessToken()), AlreadySo)
            self.assertEqual((await own.accountLogout()).ctidTraderAccountId, account.accountId)
            pair = await ask.refreshToken(refreshToken=self.refreshToken())
            self.assertEqual((pair.tokenType, pair.accessToken), ("bearer", self.accessToken()))
            self.assertGreater(pair.expiresIn, _DAY / 1000)

        self.run_("login", main)

    def test_reference(self) -> None:
        """
        Assets, symbols and leverage.
        """

        async def main(client: Client, account: Account) -> None:
            ask = account.requests
            assets = {each.name: each.assetId for each in (await ask.assetList()).asset}
            classes = {each.id for each in (await ask.assetClassList()).assetClass}
            categories = (await ask.symbolCategoryList()).symbolCategory
            self.assertLessEqual({each.assetClassId for each in categories}, classes)
            light = (await ask.symbolsList(includeArchivedSymbols=True)).symbol
            ids = {each.symbolName: each.symbolId for each in light}
            (full,) = (await ask.symbolById(symbolId=[ids["EURUSD"]])).symbol
            self.assertEqual((full.digits, full.pipPosition), (5, 4))
            chain = await ask.symbolsForConversion(firstAssetId=assets["EUR"], lastAssetId=assets["USD"])
            self.assertEqual([each.symbolName for each in chain.symbol], ["EURUSD"])
            leverages = {each.leverageId for each in (await ask.symbolById(symbolId=list(ids.values()))).symbol}
            known = next(iter(leverages - {0}), None)
            if known is None:
                await self.refused(ask.getDynamicLeverageByID(leverageId=1), NotFound)
            else:
                self.assertTrue((await ask.getDynamicLeverageByID(leverageId=known)).leverage.tiers)

        self.run_("reference", main)

    def test_state(self) -> None:
        """
        Terms, positions, profit, margin and margin calls.
        """

        async def main(client: Client, account: Account) -> None:
            ask = account.requests
            positionId = await self.bought(account)
            self.assertEqual((await ask.trader()).trader.ctidTraderAccountId, account.accountId)
            state = await ask.reconcile(returnProtectionOrders=True)
            self.assertEqual([each.positionId for each in state.position], [positionId])
            profit = await ask.getPositionUnrealizedPnL()
            self.assertEqual([each.positionId for each in profit.positionUnrealizedPnL], [positionId])
            margins = await ask.expectedMargin(symbolId=await self.eurusd(account), volume=[100_000, 200_000])
            self.assertEqual([each.volume for each in margins.margin], [100_000, 200_000])
            calls = (await ask.marginCallList()).marginCall
            self.assertEqual([each.marginCallType for each in calls], [61, 62, 63])
            calls[0].marginLevelThreshold = 77
            await ask.marginCallUpdate(marginCall=calls[0])
            self.assertEqual((await ask.marginCallList()).marginCall[0].marginLevelThreshold, 77)
            await ask.v1PnLChangeSubscribe()
            await ask.v1PnLChangeUnSubscribe()

        self.run_("state", main)

    def test_market(self) -> None:
        """
        Live prices, bars and depth, and their history.
        """

        async def main(client: Client, account: Account) -> None:
            ask = account.requests
            symbolId = await self.eurusd(account)
            heard: list[m.ProtoOASpotEvent] = []
            books: list[m.ProtoOADepthEvent] = []
            account.listen(m.ProtoOASpotEvent, heard.append)
            account.listen(m.ProtoOADepthEvent, books.append)
            await ask.subscribeSpots(symbolId=[symbolId], subscribeToSpotTimestamp=True)
            await ask.subscribeLiveTrendbar(period=m.ProtoOATrendbarPeriod.M1, symbolId=symbolId)
            await ask.subscribeDepthQuotes(symbolId=[symbolId])
            await self.pause(60)
            self.assertTrue(heard and books and any(each.trendbar for each in heard))
            await ask.unsubscribeDepthQuotes(symbolId=[symbolId])
            await ask.unsubscribeLiveTrendbar(period=m.ProtoOATrendbarPeriod.M1, symbolId=symbolId)
            await ask.unsubscribeSpots(symbolId=[symbolId])
            count = len(heard)
            await self.pause(60)
            self.assertEqual(len(heard), count)
            bars = await ask.getTrendbars(
                period=m.ProtoOATrendbarPeriod.M1, symbolId=symbolId, toTimestamp=self.now(), count=5
            )
            self.assertEqual(len(bars.trendbar), 5)
            ticks = await ask.getTickData(
                symbolId=symbolId,
                type=m.ProtoOAQuoteType.ASK,
                fromTimestamp=self.now() - 60_000,
                toTimestamp=self.now(),
            )
            self.assertTrue(ticks.tickData)

        self.run_("market", main)

    def test_trading(self) -> None:
        """
        An order is accepted, protected and closed; a rejection fails.
        """

        async def main(client: Client, account: Account) -> None:
            ask = account.requests
            positionId = await self.bought(account)
            self.assertEqual([each.positionId for each in account.positions], [positionId])
            event = await ask.amendPositionSLTP(positionId=positionId, stopLoss=0.5)
            self.assertEqual(event.position.stopLoss, 0.5)
            await self.refused(ask.closePosition(positionId=positionId, volume=1), OrderRejected)
            closing = await ask.closePosition(positionId=positionId, volume=1_000_000)
            self.assertTrue(closing.order.closingOrder)
            await self.pause(1)
            self.assertEqual(account.positions, ())
            await self.refused(ask.closePosition(positionId=positionId, volume=1_000_000), NotFound)

        self.run_("trading", main)

    def test_records(self) -> None:
        """
        Deals, orders, deposits and withdrawals.
        """

        async def main(client: Client, account: Account) -> None:
            ask = account.requests
            positionId = await self.bought(account)
            span = {"fromTimestamp": self.now() - _DAY, "toTimestamp": self.now()}
            (deal,) = (await ask.dealList(**span, maxRows=10)).deal
            self.assertEqual(deal.positionId, positionId)
            self.assertEqual((await ask.dealListByPositionId(positionId=positionId)).deal[0], deal)
            (order,) = (await ask.orderList(**span)).order
            self.assertEqual(order.orderId, deal.orderId)
            self.assertEqual((await ask.orderDetails(orderId=deal.orderId)).order.positionId, positionId)
            self.assertFalse((await ask.cashFlowHistoryList(**span)).depositWithdraw)

        self.run_("records", main)

    def test_pending(self) -> None:
        """
        A pending order is amended and cancelled.
        """

        async def main(client: Client, account: Account) -> None:
            ask = account.requests
            placed = await ask.newOrder(
                symbolId=await self.eurusd(account),
                orderType=m.ProtoOAOrderType.LIMIT,
                tradeSide=m.ProtoOATradeSide.BUY,
                volume=1_000_000,
                limitPrice=0.9,
            )
            orderId = placed.order.orderId
            amended = await ask.amendOrder(orderId=orderId, limitPrice=0.8, volume=2_000_000)
            self.assertEqual((amended.order.limitPrice, amended.order.tradeData.volume), (0.8, 2_000_000))
            cancelled = await ask.cancelOrder(orderId=orderId)
            self.assertEqual(cancelled.executionType, m.ProtoOAExecutionType.ORDER_CANCELLED)
            await self.refused(ask.cancelOrder(orderId=orderId), NotFound)

        self.run_("pending", main)

    def test_offsets(self) -> None:
        """
        The orders of a position, and the deals that closed a deal.
        """

        async def main(client: Client, account: Account) -> None:
            ask = account.requests
            positionId = await self.bought(account)
            await ask.closePosition(positionId=positionId, volume=1_000_000)
            await self.pause(1)
            orders = (await ask.orderListByPositionId(positionId=positionId)).order
            self.assertEqual([each.closingOrder for each in orders], [True, False])
            deals = (await ask.dealListByPositionId(positionId=positionId)).deal
            opening, closing = sorted(deals, key=lambda deal: deal.executionTimestamp)
            offsets = await ask.dealOffsetList(dealId=opening.dealId)
            self.assertEqual([each.dealId for each in offsets.offsetBy], [closing.dealId])
            offsets = await ask.dealOffsetList(dealId=closing.dealId)
            self.assertEqual([each.dealId for each in offsets.offsetting], [opening.dealId])

        self.run_("offsets", main)


class EffectTests(ExchangeTestCase):
    """
    What raw requests change beyond their answer.
    """

    def state(self, client: Client) -> AccountState:
        """
        @return: where the account stands.
        """
        return client.status.accounts[self.virtual.accountId].state

    def test_halted(self) -> None:
        """
        The halt of an account holds for raw orders.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            await account.halt()
            with self.assertRaises(Halted):
                await self.bought(account)

        self.virtual.run(main)

    def test_logout(self) -> None:
        """
        An account that was logged out stays so across a reconnect, tells who asks why, and comes back when it is asked
        for.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            await account.requests.accountLogout()
            for _ in range(2):
                await self.pause(100)
                self.assertEqual(self.state(client), AccountState.LEFT)
                with self.assertRaises(NotConnected) as caught:
                    await account.whenReady()
                self.assertIn("logged out", str(caught.exception))
                with self.assertRaises(NotConnected):
                    await account.requests.trader()
                self.virtual.endpoint.links[-1].cut()
            await self.pause(100)
            await client.whenReady()
            self.assertIs(await client.account(self.virtual.accountId), account)
            await account.requests.trader()

        self.virtual.run(main)
        self.assertEqual(sum(isinstance(each, m.ProtoOAAccountAuthReq) for each in self.virtual.exchange.seen), 2)

    def test_askedWhileAway(self) -> None:
        """
        A logged-out account that is asked for while there is no connection is logged in on the next one.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            await account.requests.accountLogout()
            self.virtual.endpoint.links[-1].cut()
            await self.pause(0)
            self.assertIs(await client.account(self.virtual.accountId), account)

        self.virtual.run(main)

    def test_logoutWithoutAnswer(self) -> None:
        """
        A logout whose answer was lost with the connection counts as done; one that could not be sent does not.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            leaving = account.requests.accountLogout()
            self.virtual.endpoint.links[-1].cut()
            with self.assertRaises(ConnectionLost):
                await leaving
            await self.pause(100)
            self.assertEqual(self.state(client), AccountState.LEFT)
            await client.account(self.virtual.accountId)
            self.virtual.endpoint.links[-1].cut()
            await self.pause(0)
            with self.assertRaises(NotConnected):
                await account.requests.accountLogout()
            await account.whenReady()

        self.virtual.run(main)

    def test_loginAgain(self) -> None:
        """
        A logged-out account that is logged in with a raw request is followed again.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            await account.requests.accountLogout()
            await account.requests.accountAuth(accessToken=self.accessToken())
            await account.whenReady()
            self.assertEqual(self.state(client), AccountState.READY)

        self.virtual.run(main)

    def test_refresh(self) -> None:
        """
        A refreshed pair is in the store when the answer is there, and the account comes back with it.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            answer = await client.requests.refreshToken(refreshToken=self.refreshToken())
            (pair,) = await self.virtual.tokens.load()
            now = self.virtual.exchange.timeline.now()
            stored = TokenPair(answer.accessToken, answer.refreshToken, issued=now, expires=now + 2_628_000_000)
            self.assertEqual(pair, stored)
            await self.pause(5)
            await account.requests.trader()
            with self.assertRaises(TokenRefused):
                await client.requests.refreshToken(refreshToken="made up")

        self.virtual.run(main)

    def test_refreshNobodyWaitsFor(self) -> None:
        """
        A refresh whose caller has given up is stored all the same.
        """

        async def main(client: Client) -> None:
            old = self.refreshToken()
            renewed = client.requests.refreshToken(refreshToken=old)
            renewed.addErrback(lambda _: None)
            renewed.cancel()
            await self.pause(5)
            (pair,) = await self.virtual.tokens.load()
            assert pair.refreshToken is not None
            self.assertNotEqual(pair.refreshToken.reveal(), old)
            self.assertEqual(pair.refreshToken.reveal(), self.refreshToken())

        self.virtual.run(main)

    def test_foreignPair(self) -> None:
        """
        A pair that the store does not hold is the caller's own.
        """
        tokens = MemoryTokens(TokenPair(self.accessToken(), None))

        async def main() -> None:
            async with self.virtual.client(tokens=tokens) as client:
                before = await tokens.load()
                await client.requests.refreshToken(refreshToken=self.refreshToken())
                self.assertEqual(await tokens.load(), before)

        self.virtual.drive(main())

    def test_notStored(self) -> None:
        """
        If the store does not take the new pair, the error has it, and does not show it.
        """

        async def main(client: Client) -> None:
            self.virtual.tokens.save = lambda pairs: fail(ConfigurationError("the disk is full"))  # type: ignore[method-assign]
            with self.assertRaises(TokensNotStored) as caught:
                await client.requests.refreshToken(refreshToken=self.refreshToken())
            pair = caught.exception.pair
            assert isinstance(pair, TokenPair) and pair.refreshToken is not None
            self.assertEqual(pair.refreshToken.reveal(), self.refreshToken())
            self.assertNotIn(self.refreshToken(), f"{caught.exception!r} {caught.exception} {pair}")
            self.assertIn("the disk is full", str(caught.exception))

        self.virtual.run(main)
