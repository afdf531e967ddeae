"""
Tests of the live equity of an account: what it subscribes, when its amounts are known, and who is told.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Lots, Trade
from ctrader_twisted.errors import NotConnected, RequestTimedOut, SymbolNotFound, ValueUnknown
from ctrader_twisted.market import Quotes, SymbolCache
from ctrader_twisted.market.feeds import Feeds
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.world import EPOCH
from ctrader_twisted.trading import EquityWatch, Estimates
from ctrader_twisted.trading.actions import Actions
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.orders import Orders
from test.marketlink import fullSymbol
from test.moneycase import CHANGE, MoneyCase, frozenExchange
from test.tradinglink import BUY, CLOSED, OPEN, SELL, TradingLink, position, trader


async def opened(account: Account, name: str, *, label: str = "", side: str = "buy") -> Trade:
    """
    Open a position of 0.02 lots of a symbol.
    """
    order = account.buy if side == "buy" else account.sell
    trade = await order(await account.symbol(name), Lots("0.02"), label=label)
    await trade.whenFilled()
    return trade


def held(positionId: int = 5, volume: int = 100_000, **fields: Any) -> m.ProtoOAPosition:
    """
    Make an open position in EURUSD, which has cost nothing and binds nothing.
    """
    opened: m.ProtoOAPosition = position(positionId, OPEN, volume, **{"commission": 0, "usedMargin": 0, **fields})
    return opened


class FollowingTests(MoneyCase):
    """
    The watch against the simulated exchange.
    """

    def test_follows(self) -> None:
        """
        The symbols of open positions and of their conversions are subscribed, each as long as it is needed; after the
        stop none is.
        """

        async def main(account: Account) -> None:
            watch = account.watchEquity()
            self.assertEqual((watch.equity, self.subscribed()), (Decimal("10000.00"), []))
            first = await opened(account, "EURUSD")
            second = await opened(account, "EURGBP")
            await watch.whenKnown()
            self.assertEqual(self.subscribed(), ["EURUSD", "GBPUSD", "EURGBP"])
            third = await opened(account, "EURGBP", side="sell")
            await second.position.close()
            await self.settled()
            self.assertEqual(self.subscribed(), ["EURUSD", "GBPUSD", "EURGBP"])
            await third.position.close()
            await self.settled()
            self.assertEqual(self.subscribed(), ["EURUSD"])
            self.assertIsNone(watch.profitOf(third.position))
            watch.stop()
            watch.stop()
            await self.settled()
            self.assertEqual(self.subscribed(), [])
            await first.position.close()
            self.assertIsNone(watch.equity)

        self.go(main)

    def test_left(self) -> None:
        """
        Nothing stays subscribed after an exception in the block, nor after a cancellation, nor while others use a
        symbol too.
        """

        async def main(account: Account) -> None:
            await opened(account, "USDJPY")
            for stop in self.broken, self.cancelled:
                await stop(account)
                await self.settled()
                self.assertEqual(self.subscribed(), [])
            async with account.watchEquity() as first, account.watchEquity() as second:
                await first.whenKnown()
                second.stop()
                await self.settled()
                self.assertEqual(self.subscribed(), ["USDJPY"])
                self.assertIsNotNone(first.equity)

        self.go(main)

    async def broken(self, account: Account) -> None:
        """
        Leave a block by an exception.
        """
        with self.assertRaises(ZeroDivisionError):
            async with account.watchEquity() as watch:
                await watch.whenKnown()
                self.assertEqual(self.subscribed(), ["USDJPY"])
                raise ZeroDivisionError

    async def cancelled(self, account: Account) -> None:
        """
        Leave a block by a cancellation.
        """

        async def forever() -> None:
            async with account.watchEquity():
                await Deferred()

        waiting = Deferred.fromCoroutine(forever())
        await self.settled()
        self.assertEqual(self.subscribed(), ["USDJPY"])
        waiting.cancel()
        with self.assertRaises(CancelledError):
            await waiting

    def test_reconnect(self) -> None:
        """
        While the account is not logged in all amounts are unknown; after the login they are known again, with what
        was opened and closed meanwhile.
        """

        async def main(account: Account) -> None:
            await opened(account, "EURUSD")
            other = self.virtual.client()
            async with account.watchEquity() as watch, other:
                await watch.whenKnown()
                elsewhere = await other.account(self.virtual.accountId)
                self.virtual.endpoint.refusing = True
                self.virtual.endpoint.links[0].cut()
                await self.settled()
                amounts = watch.equity, watch.usedMargin, watch.freeMargin, watch.marginLevel, watch.profit()
                self.assertEqual(amounts, (None,) * 5)
                await elsewhere.positions[0].close()
                await opened(elsewhere, "USDJPY")
                self.virtual.endpoint.refusing = False
                await account.whenReady()
                await watch.whenKnown()
                await self.settled()
                self.assertEqual(self.subscribed(), ["USDJPY"])
                assert account.balance is not None
                (position,) = account.positions
                profit = watch.profitOf(position)
                assert profit is not None
                self.assertEqual(watch.equity, account.balance + profit.net)

        self.go(main)

    def test_missingRate(self) -> None:
        """
        If one rate is missing, equity and all that depends on it is unknown, and the rest is known.
        """
        self.virtual = frozenExchange(missing=("GBPUSD",))

        async def main(account: Account) -> None:
            known = await opened(account, "USDJPY", label="a")
            async with account.watchEquity() as watch:
                await watch.whenKnown()
                await self.elsewhere(account, known.position.positionId)
                await self.settled()
                self.assertEqual((watch.equity, watch.freeMargin, watch.marginLevel), (None, None, None))
                self.assertIsNone(watch.profit())
                self.assertIsNotNone(watch.profit(label="a"))
                self.assertEqual(watch.usedMargin, known.position.usedMargin)

        self.go(main)

    async def elsewhere(self, account: Account, positionId: int) -> None:
        """
        The server tells of a position in EURGBP, which it could not open without a price.
        """
        accountId = self.virtual.accountId
        pounds = m.ProtoOAPosition()
        pounds.CopyFrom(self.virtual.exchange.venue.accounts[accountId].positions[positionId])
        pounds.positionId, pounds.usedMargin = 77, 0
        pounds.tradeData.symbolId, pounds.tradeData.label = 9, "b"
        kind = m.ProtoOAExecutionType.SWAP
        event = m.ProtoOAExecutionEvent(ctidTraderAccountId=accountId, executionType=kind, position=pounds)
        self.virtual.exchange.publish(accountId, event)

    def test_labels(self) -> None:
        """
        Profits by label and by symbol add up to the whole.
        """

        async def main(account: Account) -> None:
            trades = [await opened(account, name, label=label) for name, label in (("EURUSD", "a"), ("USDJPY", "a"))]
            trades.append(await opened(account, "EURUSD", side="sell"))
            await self.waitUntil(EPOCH + CHANGE + 1_000)
            async with account.watchEquity() as watch:
                await watch.whenKnown()
                first, second, third = (watch.profitOf(trade.position) for trade in trades)
                assert first and second and third
                self.assertEqual(str(first.gross), "8.66")
                self.assertEqual(watch.profit(label="a"), (first.gross + second.gross, first.net + second.net))
                self.assertEqual(watch.profit(label=""), third)
                eurusd = await account.symbol("EURUSD")
                self.assertEqual(watch.profit(symbol=eurusd, label="a"), first)
                self.assertEqual(watch.profit(label="b"), (0, 0))

        self.go(main)

    def test_margin(self) -> None:
        """
        A margin that the server changes is told; the level is in percent, and unknown while nothing is bound.
        """

        async def main(account: Account) -> None:
            async with account.watchEquity() as watch:
                self.assertEqual((watch.usedMargin, watch.freeMargin, watch.marginLevel), (0, watch.equity, None))
                await opened(account, "USDJPY")
                await watch.whenKnown()
                self.assertEqual(str(watch.usedMargin), "20.00")
                self.virtual.exchange.changeAccount(self.virtual.accountId, leverageInCents=5_000)
                await self.settled()
                self.assertEqual(str(watch.usedMargin), "40.00")
                equity, free = watch.equity, watch.freeMargin
                assert equity is not None and free is not None
                self.assertEqual(free, equity - 40)
                self.assertEqual(watch.marginLevel, (equity * 100 / 40).quantize(Decimal("0.01")))

        self.go(main)

    def test_stopClient(self) -> None:
        """
        Whoever waits for the equity when the client is stopped is told, and whoever asks after it.
        """
        self.virtual = frozenExchange(missing=("GBPUSD",))
        waiting: list[Deferred[Any]] = []

        async def main(account: Account) -> None:
            trade = await opened(account, "USDJPY")
            watch = account.watchEquity()
            await self.elsewhere(account, trade.position.positionId)
            await self.settled()
            watch.onChange(lambda _: None)
            waiting.append(watch.whenKnown())
            self.addCleanup(lambda: self.failureResultOf(watch.whenKnown(), NotConnected))

        self.go(main)
        self.failureResultOf(waiting[0], NotConnected)

    async def settled(self) -> None:
        """
        Wait until what is under way has come.
        """
        await self.waitUntil(self.virtual.exchange.timeline.now() + 100)


class LinkTests(SynchronousTestCase):
    """
    The watch on a link whose answers the test gives.
    """

    def setUp(self) -> None:
        """
        Make an account in dollars with EURUSD.
        """
        self.link, self.clock = TradingLink(), Clock()
        assets = [m.ProtoOAAsset(assetId=1, name="EUR"), m.ProtoOAAsset(assetId=2, name="USD")]
        light = m.ProtoOALightSymbol(symbolId=1, symbolName="EURUSD", baseAssetId=1, quoteAssetId=2)
        self.link.answers = {
            m.ProtoOAAssetListReq: lambda _: m.ProtoOAAssetListRes(ctidTraderAccountId=7, asset=assets),
            m.ProtoOASymbolsListReq: lambda _: m.ProtoOASymbolsListRes(ctidTraderAccountId=7, symbol=[light]),
            m.ProtoOASymbolByIdReq: lambda _: m.ProtoOASymbolByIdRes(ctidTraderAccountId=7, symbol=[fullSymbol(1)]),
            m.ProtoOASubscribeSpotsReq: lambda _: m.ProtoOASubscribeSpotsRes(ctidTraderAccountId=7),
            m.ProtoOAUnsubscribeSpotsReq: lambda _: m.ProtoOAUnsubscribeSpotsRes(ctidTraderAccountId=7),
        }
        feeds = Feeds(self.link, self.clock)
        symbols, quotes = SymbolCache(self.link), Quotes(self.link, feeds.spots, lambda: 0)
        symbols.start()
        quotes.start()
        feeds.start()
        self.books = books = Books(Orders(), symbols.known, Actions(), Actions())
        self.link.onReconcile(books.reconciled)
        self.link.listen(m.ProtoOAExecutionEvent, books.executed)
        self.link.listen(m.ProtoOATraderUpdatedEvent, books.traderUpdated)
        self.estimates = Estimates(self.link, clock=self.clock, symbols=symbols, quotes=quotes, books=books)

    def login(self, *positions: m.ProtoOAPosition) -> None:
        """
        The account is logged in.
        """
        self.link.reconcile(*positions)
        self.link.restore()

    def quote(self, bid: int, ask: int) -> None:
        """
        A price of EURUSD comes.
        """
        self.link.push(m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, bid=bid, ask=ask))

    def watched(self) -> tuple[EquityWatch, list[Decimal | None]]:
        """
        Watch the equity.

        @return: the watch, and the equities that its listener sees.
        """
        watch, seen = self.estimates.watchEquity(), []
        watch.onChange(lambda told: seen.append(told.equity))
        return watch, seen

    def test_coalesced(self) -> None:
        """
        However much changes in one turn of the reactor, the listener is called once, after it; what one listener raises
        is logged, and the others hear all the same.
        """
        self.login(held())
        watch = self.estimates.watchEquity()
        watch.onChange(lambda _: 1 / 0)
        seen: list[Decimal | None] = []
        registration = watch.onChange(lambda told: seen.append(told.equity))
        self.quote(110_010, 110_020)
        self.quote(110_110, 110_120)
        self.assertEqual(seen, [])
        self.clock.advance(0)
        self.assertEqual(seen, [Decimal("10001.10")])
        self.clock.advance(10)
        self.assertEqual(len(seen), 1)
        registration.stop()
        self.quote(110_210, 110_220)
        self.clock.advance(0)
        self.assertEqual(len(seen), 1)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        watch.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_noListenerNoTimer(self) -> None:
        """
        While nobody listens or waits, a quote costs no timer.
        """
        self.login(held())
        self.estimates.watchEquity()
        self.quote(110_010, 110_020)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lost(self) -> None:
        """
        The listener is told that nothing is known any more, and when it is known again.
        """
        self.login(held())
        _, seen = self.watched()
        self.quote(110_010, 110_020)
        self.clock.advance(0)
        self.link.lose()
        self.clock.advance(0)
        self.login(held(volume=200_000))
        self.clock.advance(0)
        self.quote(110_010, 110_020)
        self.clock.advance(0)
        self.assertEqual(seen, [Decimal("10000.10"), None, None, Decimal("10000.20")])

    def test_stopWithoutLeftovers(self) -> None:
        """
        A stopped watch leaves no registration, fails those who wait, and tells nobody.
        """
        self.login(held())
        before = self.link.listeners()
        watch, seen = self.watched()
        waiting = watch.whenKnown()
        self.quote(110_010, 110_020)
        watch.stop()
        self.failureResultOf(waiting, ValueUnknown)
        self.failureResultOf(watch.whenKnown(), ValueUnknown)
        self.clock.advance(10)
        self.assertEqual(seen, [])
        self.assertEqual(self.link.listeners(), before)

    def test_cancelWaiting(self) -> None:
        """
        Cancelling one who waits disturbs nobody else.
        """
        self.login(held())
        watch = self.estimates.watchEquity()
        first, second = watch.whenKnown(), watch.whenKnown()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.quote(110_010, 110_020)
        self.clock.advance(0)
        self.assertIs(self.successResultOf(second), watch)
        self.assertIs(self.successResultOf(watch.whenKnown()), watch)

    def test_closedWhileOpening(self) -> None:
        """
        A position that is closed while its symbol is being looked up leaves no subscription behind.
        """
        del self.link.answers[m.ProtoOASymbolByIdReq]
        self.login(held())
        watch = self.estimates.watchEquity()
        self.assertIsNone(watch.equity)
        gone = position(5, CLOSED)
        kind = m.ProtoOAExecutionType.SWAP
        self.link.push(m.ProtoOAExecutionEvent(ctidTraderAccountId=7, executionType=kind, position=gone))
        self.assertEqual(str(watch.equity), "10000.00")
        self.link.answer(m.ProtoOASymbolByIdRes(ctidTraderAccountId=7, symbol=[fullSymbol(1)]))
        self.assertNotIn(m.ProtoOASubscribeSpotsReq, map(type, self.link.sent))

    def test_closedUnheard(self) -> None:
        """
        The symbol of a position is let go also when the server says that the position is not there any more.
        """
        self.login(held())
        self.estimates.watchEquity()
        self.assertEqual(self.asked(m.ProtoOASubscribeSpotsReq), 1)
        self.books.gone(5)
        self.assertEqual(self.asked(m.ProtoOAUnsubscribeSpotsReq), 1)

    def test_retried(self) -> None:
        """
        A lookup that gets no answer is tried again after a pause; a stop, or a loss, ends that.
        """
        self.answering(m.ProtoOASymbolByIdReq, RequestTimedOut("SymbolById", 7, seconds=5))
        self.login(held())
        watch = self.estimates.watchEquity()
        self.assertEqual(self.asked(m.ProtoOASymbolByIdReq), 1)
        self.clock.advance(5)
        self.assertEqual(self.asked(m.ProtoOASymbolByIdReq), 2)
        self.link.lose()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.login(held())
        self.assertEqual(self.asked(m.ProtoOASymbolByIdReq), 3)
        watch.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_hopeless(self) -> None:
        """
        A symbol that the server refuses is asked for again after the next login only, whatever happens before.
        """
        self.answering(m.ProtoOASymbolByIdReq, SymbolNotFound("SYMBOL_NOT_FOUND"))
        self.login(held())
        watch = self.estimates.watchEquity()
        self.clock.advance(60)
        self.link.push(m.ProtoOAExecutionEvent(ctidTraderAccountId=7, executionType=m.ProtoOAExecutionType.SWAP))
        self.assertEqual(self.asked(m.ProtoOASymbolByIdReq), 1)
        self.assertEqual((watch.equity, watch.usedMargin), (None, 0))
        self.link.lose()
        self.login(held())
        self.assertEqual(self.asked(m.ProtoOASymbolByIdReq), 2)

    def test_marginRules(self) -> None:
        """
        The margins of both sides of a symbol count as the account's terms say: all, the larger, or the difference.
        """
        both = [(5, BUY, 1_000), (6, BUY, 500), (7, SELL, 1_200)]
        self.login(*(held(each, side=side, usedMargin=used) for each, side, used in both))
        watch = self.estimates.watchEquity()
        rules = m.ProtoOATotalMarginCalculationType
        for rule, used in ((rules.SUM, "27.00"), (rules.MAX, "15.00"), (rules.NET, "3.00")):
            changed = trader(1_000_000, totalMarginCalculationType=rule)
            self.link.push(m.ProtoOATraderUpdatedEvent(ctidTraderAccountId=7, trader=changed))
            self.assertEqual(str(watch.usedMargin), used)

    def test_bonuses(self) -> None:
        """
        Bonuses count as equity, as the server tells them after a login and when they change.
        """
        self.login()
        watch = self.estimates.watchEquity()
        changed = trader(1_000_000, managerBonus=1_000, ibBonus=200, nonWithdrawableBonus=30)
        self.link.push(m.ProtoOATraderUpdatedEvent(ctidTraderAccountId=7, trader=changed))
        self.assertEqual(str(watch.equity), "10012.30")
        bonus = m.ProtoOABonusDepositWithdraw(
            operationType=m.ProtoOAChangeBonusType.BONUS_DEPOSIT,
            bonusHistoryId=1,
            managerBonus=250_000,
            managerDelta=150_000,
            ibBonus=20_000,
            ibDelta=0,
            changeBonusTimestamp=1,
            moneyDigits=4,
        )
        kind = m.ProtoOAExecutionType.BONUS_DEPOSIT_WITHDRAW
        event = m.ProtoOAExecutionEvent(ctidTraderAccountId=7, executionType=kind, bonusDepositWithdraw=bonus)
        self.link.push(event)
        self.assertEqual(watch.equity, Decimal("10027.30"))

    def test_net(self) -> None:
        """
        The net profit has the swap so far and the commission of the opening.
        """
        self.login(held(swap=-250, commission=-3))
        watch = self.estimates.watchEquity()
        self.quote(110_010, 110_020)
        self.assertEqual(watch.profit(), (Decimal("0.10"), Decimal("-2.43")))

    def test_moneyDigits(self) -> None:
        """
        Scenario 75: profits have the digits of the account's money, be it none or eight.
        """
        for digits, gross in ((0, "0"), (8, "0.10000000")):
            self.link.lose()
            self.link.reconcile(held(moneyDigits=digits), moneyDigits=digits)
            self.link.restore()
            watch = self.estimates.watchEquity()
            self.quote(110_010, 110_020)
            profit = watch.profit()
            assert profit is not None
            self.assertEqual(str(profit.gross), gross)
            watch.stop()

    def answering(self, kind: type[Any], error: Exception) -> None:
        """
        Let a kind of request fail from now on.
        """

        def refuse(request: Any) -> Any:
            raise error

        self.link.answers[kind] = refuse

    def asked(self, kind: type[Any]) -> int:
        """
        @return: how often a kind of request was sent.
        """
        return sum(isinstance(each, kind) for each in self.link.sent)
