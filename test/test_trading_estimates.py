"""
Tests of amounts of money on frozen prices: what the client computes is what the simulated server computes, which does
it in code of its own.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred

from ctrader_twisted import Account, Lots, Side, Units
from ctrader_twisted.errors import IllegalValue, NotConnected, ValueUnknown
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.world import EPOCH
from ctrader_twisted.trading import ExpectedMargin
from ctrader_twisted.units import Symbol, moneyFromWire
from test.moneycase import CHANGE, MoneyCase, frozenExchange

QUANTITIES: dict[str, Lots | Units] = {
    "EURUSD": Lots("0.07"),
    "USDJPY": Lots("0.03"),
    "EURGBP": Lots("0.05"),
    "XAUUSD": Lots("0.01"),
    "US500": Units("0.3"),
    "GER40": Units("1.1"),
}


class AgreementTests(MoneyCase):
    """
    Client and server agree to the last digit.
    """

    async def compare(self, account: Account) -> None:
        """
        Open positions of several symbols on both sides, and compare all their numbers before and after prices change.
        """
        for name, quantity in QUANTITIES.items():
            symbol = await account.symbol(name)
            for order in account.buy, account.sell:
                await self.compareMargin(account, symbol, quantity)
                trade = await order(symbol, quantity)
                (deal,) = (await trade.whenFilled()).fills
                self.assertEqual(await account.commission(symbol, quantity, price=deal.price), deal.commission)
                margin = await account.expectedMargin(symbol, quantity)
                self.assertEqual(trade.position.usedMargin, margin.buy)
        await self.compareProfits(account)
        await self.waitUntil(EPOCH + CHANGE + 1_000)
        self.assertNotEqual(await self.compareProfits(account), 0)

    async def compareMargin(self, account: Account, symbol: Symbol, quantity: Lots | Units) -> None:
        """
        Compare the margin of a new position.
        """
        volume = symbol.volume(quantity)
        request = m.ProtoOAExpectedMarginReq(symbolId=symbol.symbolId, volume=[volume])
        answer = await account.request(request)
        theirs = [
            moneyFromWire(raw, answer.moneyDigits) for raw in (answer.margin[0].buyMargin, answer.margin[0].sellMargin)
        ]
        self.assertEqual(list(await account.expectedMargin(symbol, quantity)), theirs)

    async def compareProfits(self, account: Account) -> Decimal:
        """
        Compare the profits of all positions.

        @return: all gross profits, as amounts.
        """
        answer = await account.request(m.ProtoOAGetPositionUnrealizedPnLReq())
        theirs = {
            each.positionId: tuple(
                moneyFromWire(raw, answer.moneyDigits) for raw in (each.grossUnrealizedPnL, each.netUnrealizedPnL)
            )
            for each in answer.positionUnrealizedPnL
        }
        self.assertEqual(len(theirs), 2 * len(QUANTITIES))
        async with account.watchEquity() as watch:
            await watch.whenKnown()
            ours = {position.positionId: watch.profitOf(position) for position in account.positions}
            self.assertEqual(ours, theirs)
            gross, net = (sum(amounts, Decimal(0)) for amounts in zip(*theirs.values(), strict=True))
            self.assertEqual(watch.profit(), (gross, net))
            assert account.balance is not None
            self.assertEqual(watch.equity, account.balance + net)
            used = sum((position.usedMargin for position in account.positions), Decimal(0))
            self.assertEqual(watch.usedMargin, used)
            self.assertEqual(watch.freeMargin, account.balance + net - used)
        return gross

    def test_dollars(self) -> None:
        """
        An account in dollars: forex both ways round, a cross, gold and indices in two assets.
        """
        self.go(self.compare)

    def test_euros(self) -> None:
        """
        An account in euros.
        """
        self.go(self.compare, self.virtual.euroAccountId)

    def test_yen(self) -> None:
        """
        An account in yen, from which gold is two symbols away.
        """
        self.deposit(self.virtual.accountId, "JPY")
        self.go(self.compare)

    def test_pounds(self) -> None:
        """
        An account in pounds.
        """
        self.deposit(self.virtual.euroAccountId, "GBP")
        self.go(self.compare, self.virtual.euroAccountId)


class EstimateTests(MoneyCase):
    """
    What agreement does not show.
    """

    def test_pipValue(self) -> None:
        """
        A pip of a quantity, in the deposit asset by the middle price; nothing stays subscribed.
        """

        async def main(account: Account) -> None:
            eurusd, usdjpy = await account.symbol("EURUSD"), await account.symbol("USDJPY")
            self.assertEqual(await account.pipValue(eurusd, Lots("0.07")), Decimal("0.70"))
            # 0.01 yen for each of 100,000, at 148.0055 yen for a dollar.
            self.assertEqual(str(await account.pipValue(usdjpy, Lots(1))), "6.76")
            await self.waitUntil(EPOCH + 1_000)
            self.assertEqual(self.subscribed(), [])

        self.go(main)

    def test_rate(self) -> None:
        """
        A rate is the exact middle price, of two symbols if none joins the assets; an asset in itself is 1.
        """

        async def main(account: Account) -> None:
            gold, yen = await account.symbol("XAUUSD"), (await account.symbol("USDJPY")).quoteAsset
            inDollars = Fraction("2400.12")
            self.assertEqual(await account.rate(gold.baseAsset), inDollars)
            self.assertEqual(await account.rate(gold.baseAsset, yen), inDollars * Fraction("148.0055"))
            self.assertEqual(await account.rate(yen, gold.baseAsset), 1 / (inDollars * Fraction("148.0055")))
            self.assertEqual(await account.rate(yen, yen), 1)

        self.go(main)

    def test_lotsForRisk(self) -> None:
        """
        The lots that lose no more than an amount, by the exact rate.
        """

        async def main(account: Account) -> None:
            usdjpy = await account.symbol("USDJPY")
            # A lot loses 20 x 1000 / 148.0055 = 135.13 dollars.
            self.assertEqual(await account.lotsForRisk(usdjpy, 100, pips=20), Lots("0.74"))
            error = await self.failed(account.lotsForRisk(usdjpy, "1", pips=20), IllegalValue)
            self.assertEqual(error.nearest, (Lots("0.01"),))

        self.go(main)

    def test_commissionKinds(self) -> None:
        """
        Commissions by the million dollars and by lot in the quote asset are what the server takes.
        """
        kinds = m.ProtoOACommissionType.USD_PER_MILLION_USD, m.ProtoOACommissionType.QUOTE_CCY_PER_LOT

        async def main(account: Account) -> None:
            for kind in kinds:
                self.virtual.exchange.changeSymbol(3, commissionType=kind, commissionRate=35 * 10**8)
                await self.waitUntil(self.virtual.exchange.timeline.now() + 100)
                symbol = await account.symbol("EURJPY")
                self.assertEqual(symbol.commissionType, m.ProtoOACommissionType.Name(kind))
                trade = await account.buy(symbol, Lots("0.11"))
                (deal,) = (await trade.whenFilled()).fills
                self.assertNotEqual(deal.commission, 0)
                self.assertEqual(await account.commission(symbol, Lots("0.11")), deal.commission)

        self.go(main)

    def test_leastCommission(self) -> None:
        """
        A commission below the symbol's minimum is the minimum, converted from its asset.
        """

        async def main(account: Account) -> None:
            known = await account.symbol("USDJPY")
            least = {"preciseMinCommission": 200 * 10**8, "minCommissionAsset": "EUR"}
            for changes, cost in (
                (least, "-223.96"),
                ({**least, "minCommissionType": m.ProtoOAMinCommissionType.QUOTE_CURRENCY}, "-1.35"),
                ({"preciseMinCommission": 1}, "-0.25"),
            ):
                full = m.ProtoOASymbol()
                full.CopyFrom(known.specification)
                full.MergeFrom(m.ProtoOASymbol(symbolId=4, digits=3, pipPosition=2, **changes))
                symbol = evolve(known, specification=full)
                self.assertEqual(str(await account.commission(symbol, Lots("0.10"))), cost)
            nobody = evolve(known, specification=m.ProtoOASymbol(minCommission=1, minCommissionAsset="XYZ"))
            error = await self.failed(account.commission(nobody, Lots("0.10")), ValueUnknown)
            self.assertIn("XYZ", str(error))

        self.go(main)

    def test_presentPrice(self) -> None:
        """
        A percentage is of the present middle price if no price is given.
        """

        async def main(account: Account) -> None:
            gold = await account.symbol("XAUUSD")
            self.assertEqual(await account.commission(gold, Units(100)), Decimal("-6.00"))
            self.assertEqual(await account.commission(gold, Units(100), price="2500"), Decimal("-6.25"))

        self.go(main)

    def test_swap(self) -> None:
        """
        A night's swap by pips and by value, converted; an account without swaps has none.
        """

        async def main(account: Account) -> None:
            symbol = await account.symbol("USDJPY")
            self.assertEqual(str(await account.swap(symbol, Side.BUY, Lots(1))), "66.21")
            self.assertEqual(str(await account.swap(symbol, Side.SELL, Lots(1))), "-123.64")
            yearly = evolve(symbol, swapType="PERCENTAGE")
            self.assertEqual(str(await account.swap(yearly, Side.BUY, Lots(1))), "27.22")
            trader = m.ProtoOATrader(swapFree=True, ctidTraderAccountId=self.virtual.accountId)
            assert account.trader is not None
            changed = m.ProtoOATrader()
            changed.CopyFrom(account.trader)
            changed.MergeFrom(trader)
            accountId = self.virtual.accountId
            event = m.ProtoOATraderUpdatedEvent(ctidTraderAccountId=accountId, trader=changed)
            self.virtual.exchange.publish(accountId, event)
            await self.waitUntil(EPOCH + 2_000)
            self.assertEqual(str(await account.swap(symbol, Side.BUY, Lots(1))), "0.00")

        self.go(main)

    def test_tiers(self) -> None:
        """
        A large position is bound slice by slice of its symbol's table, above what is held in the same direction.
        """
        self.deposit(self.virtual.accountId, "USD")

        async def main(account: Account) -> None:
            index = await account.symbol("US500")
            # 5500.35 a contract; 1:100 up to ten million dollars, 1:50 above.
            self.assertEqual(
                await account.expectedMargin(index, Units(1_000)), (Decimal("55003.50"), Decimal("55003.50"))
            )
            await (await account.buy(index, Units(1_000))).whenFilled()
            most = evolve(index, maxVolume=1_000_000)
            margin = await account.expectedMargin(most, Units(2_000))
            self.assertEqual(margin, ExpectedMargin(Decimal("175017.50"), Decimal("120014.00")))

        self.go(main)

    def test_unknown(self) -> None:
        """
        What depends on a price that does not come is unknown after the timeout, and never a number.
        """
        self.virtual = frozenExchange(missing=("USDJPY",))

        async def main(account: Account) -> None:
            symbol = await account.symbol("USDJPY")
            start = self.virtual.clock.seconds()
            for late in (
                account.pipValue(symbol, Lots(1), timeout=3),
                account.swap(symbol, Side.BUY, Lots(1), timeout=3),
                account.rate(symbol.quoteAsset, timeout=3),
            ):
                error = await self.failed(late, ValueUnknown)
                self.assertIn("in 3 s", str(error))
            self.assertEqual(self.virtual.clock.seconds() - start, 3)
            await self.waitUntil(EPOCH + 5_000)
            self.assertEqual(self.subscribed(), [])

        self.go(main)

    def test_noWay(self) -> None:
        """
        If the server knows no way between two assets, the rate is unknown at once.
        """

        async def main(account: Account) -> None:
            yen = (await account.symbol("USDJPY")).quoteAsset
            error = await self.failed(account.rate(evolve(yen, assetId=999)), ValueUnknown)
            self.assertIn("no way from asset 999", str(error))

        self.go(main)

    def test_lost(self) -> None:
        """
        Whoever waits for a price is told of a lost connection, and whoever asks while there is none; after it all is as
        before.
        """
        self.virtual = frozenExchange(missing=("USDJPY",))

        async def main(account: Account) -> None:
            symbol, other = await account.symbol("USDJPY"), await account.symbol("EURUSD")
            waiting = account.pipValue(symbol, Lots(1), timeout=1_000)
            await self.waitUntil(EPOCH + 1_000)
            self.virtual.endpoint.links[-1].cut()
            await self.failed(waiting, NotConnected)
            await self.failed(account.rate(symbol.quoteAsset), NotConnected)
            await account.whenReady()
            self.assertEqual(await account.pipValue(other, Lots(1)), 10)

        self.go(main)

    def test_stopped(self) -> None:
        """
        Whoever waits when the client is stopped is told, and no timer is left.
        """
        self.virtual = frozenExchange(missing=("USDJPY",))
        waiting: list[Deferred[Any]] = []

        async def main(account: Account) -> None:
            symbol = await account.symbol("USDJPY")
            waiting.append(account.pipValue(symbol, Lots(1), timeout=1_000))
            await self.waitUntil(EPOCH + 1_000)

        self.go(main)
        self.failureResultOf(waiting[0], NotConnected)

    def test_stoppedWhileAway(self) -> None:
        """
        So is who began to wait while there was no connection.
        """
        waiting: list[Deferred[Any]] = []

        async def main(account: Account) -> None:
            gold = await account.symbol("XAUUSD")
            self.virtual.endpoint.refusing = True
            self.virtual.endpoint.links[-1].cut()
            await self.waitUntil(EPOCH + 1_000)
            waiting.append(account.commission(gold, Units(100), timeout=1_000))

        self.go(main)
        self.failureResultOf(waiting[0], NotConnected)


class StakeTests(MoneyCase):
    """
    Accounts for spread betting, whose volumes are stakes.
    """

    def test_unknown(self) -> None:
        """
        What volumes are worth is not told rather than told wrongly; rates of assets are.
        """
        self.virtual.exchange.changeAccount(self.virtual.accountId, accountType=m.ProtoOAAccountType.SPREAD_BETTING)

        async def main(account: Account) -> None:
            symbol = await account.symbol("EURUSD")
            quantity = Lots("0.01")
            for ask in (
                lambda: account.pipValue(symbol, quantity),
                lambda: account.expectedMargin(symbol, quantity),
                lambda: account.commission(symbol, quantity),
                lambda: account.swap(symbol, Side.BUY, quantity),
                lambda: account.lotsForRisk(symbol, 100, pips=20),
            ):
                with self.assertRaises(ValueUnknown) as raised:
                    await ask()
                self.assertIn("is for spread betting", str(raised.exception))
            self.assertEqual(await account.rate(symbol.quoteAsset), 1)

        self.go(main)

    def test_equity(self) -> None:
        """
        Nor is the profit of a position, once there is one.
        """
        self.virtual.exchange.changeAccount(self.virtual.accountId, accountType=m.ProtoOAAccountType.SPREAD_BETTING)

        async def main(account: Account) -> None:
            symbol = await account.symbol("EURUSD")
            async with account.watchEquity() as watch:
                self.assertEqual(watch.equity, account.balance)
                trade = await account.buy(symbol, Units("0.1"))
                await trade.whenFilled()
                await self.waitUntil(EPOCH + CHANGE + 1_000)
                self.assertIsNone(watch.profitOf(trade.position))
                self.assertIsNone(watch.equity)
                await trade.position.close()

        self.go(main)
