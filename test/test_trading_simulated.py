"""
Tests of all that can be ordered and changed, by the client at the simulated exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, Lots, PositionStatus, Side, Symbol, Trade, TradeStatus, TriggerMethod
from ctrader_twisted.errors import NotFound, OrderRejected, OutcomeUnknown, PartlyDone, ServerError
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.faults import Incoming, Withhold
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.world import EPOCH
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.trading.journal import OrderJournal
from test.rawclient import ListedPrices

Main = Callable[[Account, Symbol], Coroutine[Any, Any, None]]


class SimulatedCase(SynchronousTestCase):
    """
    An exchange whose EURUSD is 1.11980 to 1.11984 for a minute, then 1.11880 to 1.11884, and after another minute
    1.12080 to 1.12084.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        ticks = [(-1_000, 111_980), (60_000, 111_880), (60_100, 111_880), (120_000, 112_080), (120_100, 112_080)]
        prices = ListedPrices([Tick(EPOCH + time, bid, bid + 4) for time, bid in ticks])
        self.virtual = VirtualExchange(replay={"EURUSD": prices})
        self.addCleanup(lambda: self.assertEqual(self.virtual.clock.getDelayedCalls(), []))

    def trade(self, main: Main, accountId: int | None = None) -> None:
        """
        Run a test on an account and on EURUSD.
        """

        async def run(client: Client) -> None:
            account = await client.account(accountId or self.virtual.accountId)
            await main(account, await account.symbol("EURUSD"))

        self.virtual.run(run)
        self.virtual.advance(1)

    def until(self, second: float) -> Deferred[None]:
        """
        @return: fires so many seconds after the exchange was made.
        """
        return deferLater(self.virtual.clock, second - self.virtual.clock.seconds(), lambda: None)

    async def server(self, account: Account) -> m.ProtoOAReconcileRes:
        """
        @return: what the server holds.
        """
        return await account.request(m.ProtoOAReconcileReq(returnProtectionOrders=True))

    async def settled(self) -> None:
        """
        Let what is on its way come.
        """
        await deferLater(self.virtual.clock, 1, lambda: None)


class PlacingTests(SimulatedCase):
    """
    All kinds of orders, to their fills.
    """

    def test_limit(self) -> None:
        """
        A limit order waits, is filled at its price or better, and then has its levels.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            trade = await account.limitOrder(
                Side.BUY, eurusd, Lots("0.02"), "1.119", stopLoss="1.117", takeProfitPips=50, label="L"
            )
            assert trade.order is not None
            self.assertEqual((account.orders, trade.status), ((trade.order,), TradeStatus.ACCEPTED))
            self.assertEqual(trade.order.stopLossDistance, Decimal("0.00200"))
            await trade.whenFilled()
            self.assertEqual((trade.fills[0].price, trade.fills[0].label), (Decimal("1.11884"), "L"))
            self.assertEqual((account.orders, trade.order.status), ((), TradeStatus.FILLED))
            await trade.position.whenProtected()
            self.assertEqual(trade.position.label, "L")
            self.assertIsNotNone(trade.position.stopLoss)
            self.assertIsNotNone(trade.position.takeProfit)

        self.trade(main)

    def test_stops(self) -> None:
        """
        Stops wait until the market has come to their price.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            buy = await account.stopOrder(Side.BUY, eurusd, Lots("0.01"), "1.12")
            sell = await account.stopOrder(Side.SELL, eurusd, Lots("0.01"), "1.119", trigger=TriggerMethod.OPPOSITE)
            limited = await account.stopLimitOrder(Side.BUY, eurusd, Lots("0.01"), "1.12", slippagePips=10)
            near = await account.stopLimitOrder(Side.BUY, eurusd, Lots("0.01"), "1.12", slippagePoints=1)
            await sell.whenFilled()
            self.assertEqual((sell.fills[0].price, buy.status), (Decimal("1.11880"), TradeStatus.ACCEPTED))
            await buy.whenFilled()
            await limited.whenFilled()
            await self.settled()
            self.assertEqual([each.fills[0].price for each in (buy, limited)], [Decimal("1.12084")] * 2)
            self.assertNotEqual(near.status, TradeStatus.FILLED)

        self.trade(main)

    def test_marketRange(self) -> None:
        """
        A market range order is filled near its price, or not at all.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            near = await account.marketRangeOrder(Side.BUY, eurusd, Lots("0.01"), "1.1198", slippagePips=1)
            await near.whenFilled()
            with self.assertRaises(OrderRejected):
                far = await account.marketRangeOrder(Side.BUY, eurusd, Lots("0.01"), "1.1190", slippagePips=1)
                await far.whenFilled()
            self.assertEqual(len(account.positions), 1)

        self.trade(main)

    def test_fromQuote(self) -> None:
        """
        Scenario 77: absolute protection of a market order counts from the quote, and lies there after the fill.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            async with account.quotes(eurusd) as quotes:
                await anext(quotes)
                trade = await account.buy(
                    eurusd, Lots("0.01"), stopLoss="1.11", takeProfit="1.13", protectionFromQuote=True
                )
                await trade.whenFilled()
            position = await trade.position.whenProtected()
            self.assertEqual((position.stopLoss, position.takeProfit), (Decimal("1.11"), Decimal("1.13")))

        self.trade(main)

    def test_expires(self) -> None:
        """
        An order expires at its time, unfilled.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            trade = await account.limitOrder(Side.BUY, eurusd, Lots("0.01"), "1.05", expires=EPOCH + 30_000)
            await trade.whenDone()
            self.assertIs(trade.status, TradeStatus.EXPIRED)
            self.assertEqual(account.orders, ())

        self.trade(main)


class ChangingTests(SimulatedCase):
    """
    Amending, cancelling and protecting.
    """

    def test_amend(self) -> None:
        """
        Scenario 76: an amendment of one thing leaves all else of an order as it was on the server.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            trade = await account.stopLimitOrder(
                Side.BUY,
                eurusd,
                Lots("0.02"),
                "1.15",
                slippagePips=3,
                stopLossPips=20,
                takeProfitPips=40,
                trailing=True,
                trigger=TriggerMethod.OPPOSITE,
                expires=EPOCH + 86_400_000,
                label="L",
                comment="C",
            )
            before = (await self.server(account)).order[0]
            await trade.amend(price="1.16")
            after = (await self.server(account)).order[0]
            assert trade.order is not None
            self.assertEqual((after.stopPrice, trade.order.price), (1.16, Decimal("1.16")))
            for changing in ("stopPrice", "utcLastUpdateTimestamp"):
                before.ClearField(changing)
                after.ClearField(changing)
            self.assertEqual(after, before)
            await trade.amend(quantity=Lots("0.05"), expires=None)
            await trade.amend(stopLoss=None)
            after = (await self.server(account)).order[0]
            self.assertEqual((after.tradeData.volume, after.HasField("expirationTimestamp")), (500_000, False))
            self.assertEqual((after.relativeStopLoss, after.relativeTakeProfit), (0, 400))
            await trade.cancel()
            self.assertEqual((trade.status, account.orders), (TradeStatus.CANCELLED, ()))

        self.trade(main)

    def test_foreign(self) -> None:
        """
        Orders of another client are there, and are amended and cancelled like our own; both hear of it.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            trade = await account.limitOrder(Side.BUY, eurusd, Lots("0.02"), "1.05")
            async with self.virtual.client() as other:
                theirs = await other.account(self.virtual.accountId)
                await theirs.symbol("EURUSD")
                [order] = theirs.orders
                await order.amend(price="1.06")
                await self.settled()
                assert trade.order is not None
                self.assertEqual(trade.order.price, Decimal("1.06"))
                await order.cancel()
                await trade.whenDone()
                self.assertIs(trade.status, TradeStatus.CANCELLED)
                self.assertIs((await trade.cancel()).status, TradeStatus.CANCELLED)

        self.trade(main)

    def test_protect(self) -> None:
        """
        Scenario 76: protecting only the stop loss leaves take profit, trailing and trigger as they were on the server.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            trade = await account.buy(eurusd, Lots("0.02"), stopLossPips=50, takeProfitPips=90)
            position = (await trade.whenFilled()).position
            # The levels are only due yet.
            await position.protect(trailing=True, trigger=TriggerMethod.OPPOSITE)
            before = (await self.server(account)).position[0]
            self.assertTrue(before.trailingStopLoss and before.takeProfit)
            self.assertEqual(before.stopLossTriggerMethod, m.ProtoOAOrderTriggerMethod.OPPOSITE)
            await position.protect(stopLoss="1.118")
            after = (await self.server(account)).position[0]
            self.assertEqual((after.stopLoss, position.stopLoss), (1.118, Decimal("1.118")))
            for changing in ("stopLoss", "utcLastUpdateTimestamp"):
                before.ClearField(changing)
                after.ClearField(changing)
            self.assertEqual(after, before)
            await position.protect(stopLoss="1.118")

        self.trade(main)

    def test_unprotect(self) -> None:
        """
        A trailing stop loss is removed, the take profit after it, and then a first level can be made anew.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            trade = await account.buy(eurusd, Lots("0.02"), stopLossPips=50, takeProfitPips=90, trailing=True)
            position = (await trade.whenFilled()).position
            await position.protect(stopLoss=None)
            self.assertEqual((position.stopLoss, position.trailingStopLoss), (None, False))
            self.assertIsNotNone(position.takeProfit)
            await position.protect(takeProfit=None)
            await position.protect(takeProfit=None)
            state = await self.server(account)
            self.assertEqual((state.position[0].takeProfit, list(state.order)), (0, []))
            self.assertIsNone(position.takeProfit)
            await position.protect(takeProfit="1.13")
            self.assertEqual((await self.server(account)).order[0].limitPrice, 1.13)

        self.trade(main)

    def test_closedByOthers(self) -> None:
        """
        Scenario 83: whoever changes what another client has closed is told that, and finds it closed.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            trade = await account.buy(eurusd, Lots("0.02"))
            position = (await trade.whenFilled()).position
            async with self.virtual.client() as other:
                [theirs] = (await other.account(self.virtual.accountId)).positions
                await theirs.close()
                with self.assertRaises(NotFound):
                    await position.protect(takeProfit="1.13")
            self.assertIs(position.status, PositionStatus.CLOSED)

        self.trade(main)

    def test_partlyClosed(self) -> None:
        """
        Scenario 79: after a partial close the rest is there, protected by as much.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            trade = await account.buy(eurusd, Lots("0.03"), stopLossPips=50)
            position = await (await trade.whenFilled()).position.whenProtected()
            await position.close(Lots("0.01"))
            await self.settled()
            self.assertEqual((position.lots, position.stopLoss is not None), (Lots("0.02"), True))
            self.assertEqual((await self.server(account)).order[0].tradeData.volume, 200_000)

        self.trade(main)


class ManyTests(SimulatedCase):
    """
    Closing all, reversing and targets.
    """

    def test_all(self) -> None:
        """
        All orders and positions of a label go, and others stay.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            for label in ("a", "a", "b"):
                await (await account.buy(eurusd, Lots("0.01"), label=label)).whenFilled()
                await account.limitOrder(Side.BUY, eurusd, Lots("0.01"), "1.05", label=label)
            self.assertEqual(len(await account.closeAll(label="a")), 2)
            self.assertEqual(len(await account.cancelAll(label="a")), 2)
            state = await self.server(account)
            self.assertEqual([each.tradeData.label for each in state.position], ["b"])
            self.assertEqual([each.tradeData.label for each in state.order], ["b"])
            await account.closeAll()
            await account.cancelAll()
            self.assertEqual((account.positions, account.orders), ((), ()))

        self.trade(main)

    def test_allOnTheirWay(self) -> None:
        """
        Orders that are not filled yet count: closing all waits for them, on accounts that net too. Others' labels and
        orders that wait for their price stay.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            await (await account.buy(eurusd, Lots("0.01"), label="a")).whenFilled()
            await account.buy(eurusd, Lots("0.02"), label="a")
            account.buy(eurusd, Lots("0.03"), label="a")
            account.limitOrder(Side.BUY, eurusd, Lots("0.01"), "1.05", label="a")
            await account.closeAll(label="a")
            self.assertEqual((account.positionsOf(label="a"), len(account.orders)), ((), 1))
            await self.settled()
            self.assertEqual(list((await self.server(account)).position), [])

        for accountId in (self.virtual.accountId, self.virtual.nettedAccountId):
            self.trade(main, accountId)

    def test_targetOnTheirWay(self) -> None:
        """
        What is on its way to an exposure is not ordered again: accepted, just sent, and sent by closing. What goes to
        another exposure is not waited for.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            await account.buy(eurusd, Lots("0.1"), label="s")
            self.assertIsNone((await account.target(eurusd, "0.1", label="s")).trade)
            account.buy(eurusd, Lots("0.2"), label="s")
            account.limitOrder(Side.BUY, eurusd, Lots("0.01"), "1.05", label="s")
            other = await account.buy(eurusd, Lots("0.2"), label="t")
            self.assertEqual((await account.target(eurusd, "0.3", label="s")).after, 3_000_000)
            self.assertEqual(len(account.positionsOf(label="s")), 2)
            await other.whenFilled()

        self.trade(main)

    def test_onTheirWayToTheDisk(self) -> None:
        """
        So does an order that is still being written into the journal.
        """

        async def main() -> None:
            options = {"journal": OrderJournal(self.mktemp()), "runBlocking": self.slowly}
            async with self.virtual.client(**options) as client:
                account = await client.account(self.virtual.accountId)
                eurusd = await account.symbol("EURUSD")
                account.buy(eurusd, Lots("0.1"), label="s")
                self.assertIsNone((await account.target(eurusd, "0.1", label="s")).trade)
                account.buy(eurusd, Lots("0.1"), label="s")
                await account.closeAll()
                await self.settled()
                self.assertEqual((await self.server(account)).position[:1], [])
                await self.settled()

        self.virtual.drive(main())
        self.virtual.advance(1)

    def slowly(self, function: Callable[..., Any], *arguments: Any, **more: Any) -> Deferred[Any]:
        """
        Run what waits for the disk, a second later.
        """
        return deferLater(self.virtual.clock, 1, function, *arguments, **more)

    def test_targetUnknown(self) -> None:
        """
        If what became of an order of the exposure is not known in time, nothing is sent, and the error has its trade.
        Other exposures do not wait for it.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            for name in ("NewOrder", "OrderList"):
                self.virtual.exchange.faults.add(Incoming(Withhold(), message=f"ProtoOA{name}Req"))
            sent = account.buy(eurusd, Lots("0.1"), label="s")
            ended = DeferredList([sent], consumeErrors=True)
            before = self.virtual.clock.seconds()
            await account.target(eurusd, 0, label="t")
            await account.target(await account.symbol("GBPUSD"), 0, label="s")
            self.assertLess(self.virtual.clock.seconds() - before, 5)
            with self.assertRaises(OutcomeUnknown) as caught:
                await account.target(eurusd, "0.1", label="s")
            self.assertIsInstance(caught.exception.trade, Trade)
            orders = [each for each in self.virtual.exchange.seen if isinstance(each, m.ProtoOANewOrderReq)]
            self.assertEqual(len(orders), 1)
            with self.assertRaises(PartlyDone):
                await account.closeAll(label="s")
            await ended

        self.trade(main)

    def test_reverse(self) -> None:
        """
        A position is turned round.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            trade = await account.buy(eurusd, Lots("0.02"), label="L")
            position = (await trade.whenFilled()).position
            turned = await position.reverse(stopLossPips=20)
            await turned.whenFilled()
            [held] = account.positions
            self.assertEqual((held.side, held.volume, held.label), (Side.SELL, 200_000, "L"))

        self.trade(main)

    async def targets(self, account: Account, eurusd: Symbol) -> None:
        """
        Move an exposure there and back.
        """
        for lots in ("0.02", "0.05", "0.05", "0.01", "-0.03", "-0.03", "0", "0.01"):
            moved = await account.target(eurusd, lots, label="trend")
            self.assertEqual(Decimal(moved.after), Decimal(lots) * eurusd.lotSize)
            state = await self.server(account)
            held = [
                each.tradeData.volume * (1 if each.tradeData.tradeSide == m.ProtoOATradeSide.BUY else -1)
                for each in state.position
                if each.tradeData.label in ("trend", "other")
            ]
            self.assertEqual(sum(held), moved.after)

    def test_target(self) -> None:
        """
        An exposure is moved up, down, through zero and back; nothing is held on both sides.
        """
        self.trade(self.targets)

    def test_targetNetted(self) -> None:
        """
        So it is on an account that nets.
        """
        self.trade(self.targets, self.virtual.nettedAccountId)

    def test_targetBesideOthers(self) -> None:
        """
        What has another label is left alone on an account that hedges.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            await (await account.sell(eurusd, Lots("0.07"), label="manual")).whenFilled()
            await account.target(eurusd, "0.02", label="trend")
            await account.target(eurusd, "-0.01", label="trend")
            held = {each.label: (each.side, each.lots) for each in account.positions}
            self.assertEqual(held, {"manual": (Side.SELL, Lots("0.07")), "trend": (Side.SELL, Lots("0.01"))})

        self.trade(main)

    def test_targetInParts(self) -> None:
        """
        Where the market fills only a part, what was reached is told, and the next move opens the rest.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            self.virtual.exchange.venue.liquidity[eurusd.symbolId] = (200_000,)
            moved = await account.target(eurusd, "0.05", label="trend")
            self.assertEqual(moved.after, 200_000)
            del self.virtual.exchange.venue.liquidity[eurusd.symbolId]
            self.assertEqual((await account.target(eurusd, "0.05", label="trend")).after, 500_000)

        self.trade(main)

    def test_validationAgrees(self) -> None:
        """
        What is refused here the server would refuse too: raw, the same order fails there.
        """

        async def main(account: Account, eurusd: Symbol) -> None:
            for kind, fields in (
                ("STOP", {"stopPrice": 1.1}),
                ("LIMIT", {"limitPrice": 1.1, "stopLoss": 1.2}),
                ("LIMIT", {"limitPrice": 1.1000001}),
                ("LIMIT", {"limitPrice": 1.1, "timeInForce": 1, "expirationTimestamp": 5}),
                ("MARKET", {"stopLoss": 1.1}),
                ("MARKET", {"trailingStopLoss": True}),
                ("MARKET", {"guaranteedStopLoss": True}),
                ("MARKET", {"volume": 150_000}),
            ):
                given: dict[str, Any] = {"volume": 100_000, **fields}
                message = m.ProtoOANewOrderReq(
                    symbolId=eurusd.symbolId,
                    orderType=getattr(m.ProtoOAOrderType, kind),
                    tradeSide=m.ProtoOATradeSide.BUY,
                    **given,
                )
                with self.assertRaises(ServerError):
                    await account.request(message)

        self.trade(main)
