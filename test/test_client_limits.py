"""
Tests of limits and halts of whole clients, against the simulated exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, Limits, Lots, Side, Symbol, Trade
from ctrader_twisted.errors import ConfigurationError, Halted, LimitReached, NotConnected, OutcomeUnknown, PartlyDone
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.faults import Incoming, Withhold
from ctrader_twisted.testing import VirtualExchange


class RestrainedClientTests(SynchronousTestCase):
    """
    A client whose accounts have limits.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.virtual = VirtualExchange()

    def within(self, main: Callable[[Account], Coroutine[Any, Any, Any]], **options: Any) -> None:
        """
        Run something with an account of a new client.
        """

        async def started() -> None:
            async with self.virtual.client(**options) as client:
                await main(await client.account(self.virtual.accountId))

        self.virtual.drive(started())

    def orders(self) -> int:
        """
        @return: how many new orders the server has seen.
        """
        return sum(isinstance(message, m.ProtoOANewOrderReq) for message in self.virtual.exchange.seen)

    async def settle(self) -> None:
        """
        Let some seconds pass.
        """
        await deferLater(self.virtual.clock, 3, lambda: None)

    async def lose(self, account: Account) -> Decimal:
        """
        Lose the spread on a trade.

        @return: how much was lost.
        """
        eurusd = await account.symbol("EURUSD")
        trade = await account.buy(eurusd, Lots("1"))
        await trade.whenFilled()
        assert trade.position is not None
        deal = await trade.position.close()
        assert deal.netProfit is not None
        return -deal.netProfit

    def test_bothLevels(self) -> None:
        """
        An order beyond the limit leaves neither from the account's methods nor as a raw request.
        """

        async def main(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            with self.assertRaises(LimitReached):
                await account.buy(eurusd, Lots("0.11"))
            raw = m.ProtoOANewOrderReq(
                symbolId=eurusd.symbolId,
                orderType=m.ProtoOAOrderType.MARKET,
                tradeSide=m.ProtoOATradeSide.BUY,
                volume=eurusd.volume(Lots("0.11")),
            )
            with self.assertRaises(LimitReached):
                await account.request(raw)
            await account.buy(eurusd, Lots("0.1"))

        self.within(main, limits=Limits(lotsPerOrder="0.1"))
        self.assertEqual(self.orders(), 1)

    def test_dailyLoss(self) -> None:
        """
        The day's losses count, those before a restart too; tomorrow is another day.
        """

        async def first(account: Account) -> None:
            self.lost = await self.lose(account)
            self.assertGreater(self.lost, 0)

        self.within(first)

        async def second(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            with self.assertRaises(LimitReached) as caught:
                await account.buy(eurusd, Lots("0.01"))
            self.assertIn(f"lost {self.lost:f}", str(caught.exception))
            await deferLater(self.virtual.clock, 86_400, lambda: None)
            await account.buy(eurusd, Lots("0.01"))

        self.within(second, limits=Limits(dailyLoss=self.lost))

    def test_dailyLossLive(self) -> None:
        """
        So do the losses while the client runs, those of open positions included.
        """

        async def main(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            trade = await account.buy(eurusd, Lots("1"))
            await trade.whenFilled()
            await self.settle()
            with self.assertRaises(LimitReached) as caught:
                await account.buy(eurusd, Lots("0.01"))
            self.assertEqual(caught.exception.limit, "dailyLoss")
            assert trade.position is not None
            await trade.position.close()

        self.within(main, limits=Limits(dailyLoss="0.01"))

    def test_exposure(self) -> None:
        """
        What is open and ordered is valued in the deposit asset; until the prices for that have come, nothing leaves.
        """

        async def main(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            with self.assertRaises(LimitReached):
                await account.buy(eurusd, Lots("0.5"))
            await self.settle()
            await (await account.buy(eurusd, Lots("0.5"))).whenFilled()
            with self.assertRaises(LimitReached) as caught:
                await account.buy(eurusd, Lots("0.5"))
            self.assertEqual(caught.exception.limit, "exposure")

        self.within(main, limits=Limits(exposure="100000"))

    def test_exposureHeld(self) -> None:
        """
        What is held is valued from the login on, so that the first order finds it known.
        """

        async def first(account: Account) -> None:
            await (await account.buy(await account.symbol("EURUSD"), Lots("0.5"))).whenFilled()

        async def second(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            await self.settle()
            await account.buy(eurusd, Lots("0.01"))
            with self.assertRaises(LimitReached):
                await account.buy(eurusd, Lots("0.5"))

        self.within(first)
        self.within(second, limits=Limits(exposure="100000"))

    def test_halt(self) -> None:
        """
        A halted account stays so across clients, closes what it holds, and trades again when it is resumed.
        """
        path = Path(self.mktemp())

        async def first(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            await (await account.buy(eurusd, Lots("0.1"))).whenFilled()
            await account.halt()
            self.assertTrue(account.isHalted)
            with self.assertRaises(Halted):
                await account.sell(eurusd, Lots("0.1"))

        async def second(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            self.assertTrue(account.isHalted)
            with self.assertRaises(Halted):
                await account.buy(eurusd, Lots("0.1"))
            await account.positions[0].close()
            account.resume()
            self.assertFalse(account.isHalted)
            await account.buy(eurusd, Lots("0.1"))

        self.within(first, haltFile=path)
        self.assertEqual(path.read_text(), f"{self.virtual.accountId}\n")
        self.within(second, haltFile=path)

    def test_haltedInTheQueue(self) -> None:
        """
        Orders that wait for their turn when the account is halted do not leave.
        """

        async def main(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            orders = [account.buy(eurusd, Lots("0.01")) for _ in range(60)]
            await account.halt()
            ended = await DeferredList(orders, consumeErrors=True)
            halted = [result for isSent, result in ended if not isSent]
            self.assertGreaterEqual(len(halted), 10)
            for failure in halted:
                self.assertTrue(cast(Failure, failure).check(Halted))
            self.assertEqual(self.orders(), 60 - len(halted))

        self.within(main)

    def test_pastTheAccount(self) -> None:
        """
        An order that names its account itself is held against the account's limits; if the account has not been asked
        for, it does not leave.
        """

        async def started() -> None:
            async with self.virtual.client(limits=Limits(ordersPerMinute=0)) as client:
                await client.account(self.virtual.accountId)
                for accountId, error in ((self.virtual.accountId, LimitReached), (9, NotConnected)):
                    raw = m.ProtoOANewOrderReq(
                        ctidTraderAccountId=accountId,
                        symbolId=1,
                        orderType=m.ProtoOAOrderType.MARKET,
                        tradeSide=m.ProtoOATradeSide.BUY,
                        volume=100_000,
                    )
                    with self.assertRaises(error):
                        await client.request(raw)

        self.virtual.drive(started())
        self.assertEqual(self.orders(), 0)

    def test_brokenGuard(self) -> None:
        """
        If something is wrong with the limits themselves, the order does not leave, and that is known; the rest goes on.
        """

        class Broken(dict[str, str]):
            def get(self, *args: object) -> str:
                raise ZeroDivisionError("broken")

        async def main(account: Account) -> None:
            object.__setattr__(account.limits, "lotsPerOrder", Broken())
            eurusd = await account.symbol("EURUSD")
            with self.assertRaises(LimitReached) as caught:
                await account.buy(eurusd, Lots("0.01"))
            self.assertEqual(caught.exception.limit, "guard")
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

        self.within(main, limits=Limits(lotsPerOrder="1"))
        self.assertEqual(self.orders(), 0)

    def test_inARow(self) -> None:
        """
        Each order of a row counts once, whenever the next one is sent.
        """

        async def main(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            for _ in range(10):
                await account.buy(eurusd, Lots("0.1"))
            with self.assertRaises(LimitReached):
                await account.buy(eurusd, Lots("0.01"))

        self.within(main, limits=Limits(lotsPerSymbol="1"))
        self.assertEqual(self.orders(), 10)

    def test_flatten(self) -> None:
        """
        Halting can cancel and close everything, though the halt file cannot be written.
        """

        async def main(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            await (await account.buy(eurusd, Lots("0.1"))).whenFilled()
            await account.limitOrder(Side.BUY, eurusd, Lots("0.1"), "0.9")
            folder.rmdir()
            with self.assertRaises(ConfigurationError):
                await account.halt(flatten=True)
            self.assertEqual((account.positions, account.orders, account.isHalted), ((), (), True))
            with self.assertRaises(Halted):
                await account.buy(eurusd, Lots("0.1"))

        folder = Path(self.mktemp())
        folder.mkdir()
        self.within(main, haltFile=folder / "halt")

    def flat(self, send: Callable[[Account, Symbol], Deferred[Any] | None]) -> list[int]:
        """
        Halt and flatten while something is on its way. Nothing is held then, by the books and by the server, and
        nothing comes later.

        @param send: sends it; what it returns is waited for before the halt.
        @return: how many orders and closes the server has seen.
        """

        async def main(account: Account) -> None:
            awaited = send(account, await account.symbol("EURUSD"))
            if awaited is not None:
                await awaited
            await account.halt(flatten=True)
            self.assertEqual((account.positions, account.orders), ((), ()))
            await self.settle()
            state = await account.request(m.ProtoOAReconcileReq())
            self.assertEqual((list(state.position), list(state.order)), ([], []))

        self.within(main)
        self.virtual.advance(1)
        self.assertEqual(self.virtual.clock.getDelayedCalls(), [])
        kinds = (m.ProtoOANewOrderReq, m.ProtoOACancelOrderReq, m.ProtoOAClosePositionReq)
        return [sum(isinstance(each, kind) for each in self.virtual.exchange.seen) for kind in kinds]

    def test_flattenAccepted(self) -> None:
        """
        An order that is accepted, and filled after the halt, is waited for, and what it opens is closed.
        """
        self.assertEqual(self.flat(lambda account, eurusd: account.buy(eurusd, Lots("0.5"))), [1, 0, 1])

    def test_flattenUnanswered(self) -> None:
        """
        So is one that is not accepted yet, and one of those that wait for their price is cancelled as soon as it can.
        """

        def send(account: Account, eurusd: Symbol) -> None:
            account.buy(eurusd, Lots("0.5"))
            account.limitOrder(Side.BUY, eurusd, Lots("0.1"), "0.9")

        self.assertEqual(self.flat(send), [2, 1, 1])

    def test_flattenRaw(self) -> None:
        """
        So are raw requests, answered or not.
        """

        def send(account: Account, eurusd: Symbol) -> None:
            self.raw(account, eurusd)
            self.raw(account, eurusd, orderType=m.ProtoOAOrderType.LIMIT, limitPrice=0.9)

        self.assertEqual(self.flat(self.raw), [1, 0, 1])
        self.assertEqual(self.flat(send), [3, 1, 2])

    def raw(self, account: Account, eurusd: Symbol, **fields: Any) -> Deferred[Any]:
        """
        Buy 0.1 lots by a raw request.
        """
        given: dict[str, Any] = {"orderType": m.ProtoOAOrderType.MARKET, **fields}
        volume = eurusd.volume(Lots("0.1"))
        return account.request(
            m.ProtoOANewOrderReq(symbolId=eurusd.symbolId, tradeSide=m.ProtoOATradeSide.BUY, volume=volume, **given)
        )

    def test_flattenQueued(self) -> None:
        """
        What has not left when the account is halted is refused, and what has left is closed.
        """

        def send(account: Account, eurusd: Symbol) -> None:
            self.sending = DeferredList([account.buy(eurusd, Lots("0.01")) for _ in range(60)], consumeErrors=True)

        sent, _, closed = self.flat(send)
        self.assertLess(sent, 60)
        self.assertEqual(sent, closed)
        refused = [result for isSent, result in self.successResultOf(self.sending) if not isSent]
        self.assertEqual(len(refused), 60 - sent)

    def test_flattenUnknown(self) -> None:
        """
        If what became of an order is not known in time, all else is closed, and the error tells which order it is.
        """

        async def main(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            await (await account.buy(eurusd, Lots("0.1"))).whenFilled()
            for name in ("NewOrder", "OrderList"):
                self.virtual.exchange.faults.add(Incoming(Withhold(), message=f"ProtoOA{name}Req"))
            lost: list[Deferred[Any]] = [account.buy(eurusd, Lots("0.2")), self.raw(account, eurusd)]
            ended = DeferredList(lost, consumeErrors=True)
            before = self.virtual.clock.seconds()
            with self.assertRaises(PartlyDone) as caught:
                await account.halt(flatten=True)
            self.assertLess(self.virtual.clock.seconds() - before, 90)
            self.assertEqual((account.positions, len(caught.exception.done)), ((), 1))
            [trade, words] = caught.exception.failed
            self.assertIsInstance(trade, Trade)
            self.assertIn("raw request", str(words))
            for error in caught.exception.failed.values():
                self.assertIsInstance(error, OutcomeUnknown)
            await ended

        self.within(main)

    def test_byAccount(self) -> None:
        """
        Limits can be given by account; then an account without any cannot be asked for.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            self.assertEqual(account.limits.ordersPerMinute, 3)
            with self.assertRaises(ConfigurationError):
                await client.account(self.virtual.euroAccountId)

        async def started() -> None:
            async with self.virtual.client(limits={self.virtual.accountId: Limits(ordersPerMinute=3)}) as client:
                await main(client)

        self.virtual.drive(started())
