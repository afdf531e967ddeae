"""
Tests of orders in the journal: clients against the simulated exchange, one after the other, with one journal.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, execute, fail
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, Limits, Lots, OrderJournal, Side, Symbol, Trade
from ctrader_twisted.errors import (
    IllegalValue,
    JournalFailed,
    LimitReached,
    NotConnected,
    OrderRejected,
    OutcomeUnknown,
)
from ctrader_twisted.schema import messages as m
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.trading import TradeStatus

BOUGHT = Lots("0.10")


class Disk:
    """
    Does blocking work at once, when it is told to, or not at all.

    @ivar isSlow: whether work waits.
    @ivar error: what work fails with; L{None} if it does not.
    """

    def __init__(self) -> None:
        self.isSlow = False
        self.error: Exception | None = None
        self._waiting: list[tuple[Deferred[Any], Callable[..., Any], tuple[Any, ...]]] = []

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Deferred[Any]:
        """
        Take some work.
        """
        if self.error is not None:
            return fail(self.error)
        if not self.isSlow:
            return execute(function, *args)
        done: Deferred[Any] = Deferred()
        self._waiting.append((done, function, args))
        return done

    def catchUp(self) -> None:
        """
        Do what waits.
        """
        self.isSlow = False
        waiting, self._waiting = self._waiting, []
        for done, function, args in waiting:
            execute(function, *args).chainDeferred(done)


class JournalledTestCase(SynchronousTestCase):
    """
    An exchange, a journal, and the lives of clients.
    """

    def setUp(self) -> None:
        """
        Make the exchange and an empty journal.
        """
        self.virtual = VirtualExchange()
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "orders.db"
        self.disk = Disk()
        # Offline none can be looked up.
        self.symbols: dict[Account, Symbol] = {}
        self.addCleanup(self.nothingIsLeft)

    def nothingIsLeft(self) -> None:
        """
        No connection and no timer is left, and the journal is closed.
        """
        self.virtual.advance(1)
        self.assertEqual(self.virtual.endpoint.openLinks, [])
        self.assertEqual(self.virtual.clock.getDelayedCalls(), [])
        journal = OrderJournal(self.path)
        journal.begin()
        journal.check()
        journal.end()

    def live(self, main: Callable[[Account], Coroutine[Any, Any, None]], **options: Any) -> None:
        """
        Let a client live, as a process would: it knows nothing but the journal.

        @param main: called with its account.
        @param options: more for the client.
        """

        async def life() -> None:
            given = {"journal": OrderJournal(self.path), "runBlocking": self.disk, **options}
            async with self.virtual.client(**given) as client:
                await main(await client.account(self.virtual.accountId))

        self.virtual.drive(life())

    def pause(self, seconds: float) -> Deferred[None]:
        """
        Let time pass.
        """
        return deferLater(self.virtual.clock, seconds)

    async def buy(self, account: Account, clientOrderId: str = "one", **options: Any) -> Trade:
        """
        Buy 0.10 lots of EURUSD.
        """
        if account not in self.symbols:
            self.symbols[account] = await account.symbol("EURUSD")
        quantity = options.pop("quantity", BOUGHT)
        return await account.buy(self.symbols[account], quantity, clientOrderId=clientOrderId, **options)

    def sent(self) -> int:
        """
        @return: how many orders have reached the server.
        """
        return sum(isinstance(message, m.ProtoOANewOrderReq) for message in self.virtual.exchange.seen)

    def deaf(self) -> None:
        """
        From now on the server says nothing more on the connection.
        """
        self.patch(self.virtual.exchange.connections[0], "send", lambda *_: None)

    def crash(self) -> None:
        """
        What is in the journal now is what the next process finds there, whatever this one writes later.
        """
        crashed = self.folder / "crashed"
        crashed.mkdir()
        for path in self.folder.glob("orders.db*"):
            shutil.copy(path, crashed)
        self.path = crashed / "orders.db"

    def status(self) -> Any:
        """
        @return: how the journal knows the order C{one}.
        """
        journal = OrderJournal(self.path)
        journal.begin()
        entry = journal.find(self.virtual.accountId, "one")
        journal.end()
        return None if entry is None else (entry.status, entry.orderId is not None, entry.code)


class OneLifeTests(JournalledTestCase):
    """
    One process.
    """

    def test_writtenFirst(self) -> None:
        """
        An order leaves when the journal has it, and not before. What became of it is written, too.
        """

        async def main(account: Account) -> None:
            await account.symbol("EURUSD")
            self.disk.isSlow = True
            bought = Deferred.fromCoroutine(self.buy(account))
            await self.pause(5)
            self.assertEqual(self.sent(), 0)
            self.disk.catchUp()
            await (await bought).whenDone()
            self.assertEqual(self.sent(), 1)

        self.live(main)
        self.assertEqual(self.status(), (TradeStatus.FILLED, True, None))

    def test_notWritten(self) -> None:
        """
        An order that cannot be written does not leave, and the error says so. Its id is free.
        """

        async def main(account: Account) -> None:
            await account.symbol("EURUSD")
            self.disk.error = OSError(28, "No space left on device")
            with self.assertRaises(JournalFailed) as caught:
                await self.buy(account)
            self.assertIn("order one was not sent", str(caught.exception))
            self.assertIn("No space left", str(caught.exception))
            await self.pause(1)
            self.assertEqual(self.sent(), 0)
            self.disk.error = None
            await (await self.buy(account)).whenFilled()
            self.assertEqual(self.sent(), 1)

        self.live(main)

    def test_notWrittenLater(self) -> None:
        """
        If only the fate of an order cannot be written it goes on as if nothing were; the next process asks the server.
        """

        async def main(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            bought = account.buy(eurusd, BOUGHT, clientOrderId="one")
            self.disk.error = OSError(5, "Input/output error")
            await (await bought).whenFilled()
            self.disk.error = None

        async def next(account: Account) -> None:
            await self.pause(1)

        self.live(main)
        self.assertEqual(self.status(), (TradeStatus.SENT, False, None))
        self.live(next)
        self.assertEqual(self.status(), (TradeStatus.FILLED, True, None))
        self.assertEqual(self.sent(), 1)

    def test_slowDisk(self) -> None:
        """
        An order that the disk does not take in time does not leave, then or later; its id is not used again, since it
        may have been written.
        """

        async def main(account: Account) -> None:
            self.symbols[account] = await account.symbol("EURUSD")
            self.disk.isSlow = True
            with self.assertRaises(JournalFailed) as caught:
                await self.buy(account)
            self.assertIn("not answered within 30 s", str(caught.exception))
            self.disk.catchUp()
            with self.assertRaises(OrderRejected) as refused:
                await self.buy(account)
            self.assertEqual(refused.exception.code, "ORDER_ABSENT")
            self.assertEqual(self.sent(), 0)

        self.live(main)

    def test_cancelledWait(self) -> None:
        """
        Who does not wait for the disk any more does not take the order back: it leaves, and its id stands for it.
        """

        async def main(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            self.disk.isSlow = True
            bought = account.buy(eurusd, BOUGHT, clientOrderId="one")
            bought.addErrback(lambda _: None)
            bought.cancel()
            self.disk.catchUp()
            trade = await self.buy(account)
            await trade.whenFilled()
            self.assertEqual(self.sent(), 1)

        self.live(main)

    def test_sameOrder(self) -> None:
        """
        The same order with the same id is the same live object, before it is written, under way, and at its end;
        nothing is sent for it.
        """

        async def main(account: Account) -> None:
            await account.symbol("EURUSD")
            self.disk.isSlow = True
            asked = [Deferred.fromCoroutine(self.buy(account)) for _ in range(2)]
            self.disk.catchUp()
            asked.append(Deferred.fromCoroutine(self.buy(account)))
            trades = [await each for each in asked]
            await trades[0].whenFilled()
            trades.append(await self.buy(account))
            self.assertEqual(len(set(trades)), 1)
            self.assertEqual(self.sent(), 1)

        self.live(main)

    def test_anotherOrder(self) -> None:
        """
        Another order with a used id is refused, here and in the next process, and it is said what differs.
        """

        async def main(account: Account) -> None:
            await self.buy(account)
            await another(account)

        async def another(account: Account) -> None:
            with self.assertRaises(IllegalValue) as caught:
                await self.buy(account, quantity=Lots("0.20"), label="more")
            self.assertIn("'one' was used before", str(caught.exception))
            self.assertIn("another volume and label", str(caught.exception))
            await (await self.buy(account)).whenDone()

        self.live(main)
        self.live(another)
        self.assertEqual(self.sent(), 1)

    def test_ownIds(self) -> None:
        """
        Orders without an id of the user's are written under one of ours.
        """

        async def main(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            trades = [await account.buy(eurusd, BOUGHT) for _ in range(2)]
            self.crash()
            journal = OrderJournal(self.path)
            journal.begin()
            self.assertEqual(
                [each.clientOrderId for each in journal.unended(account.accountId)],
                sorted(trade.clientOrderId for trade in trades),
            )
            journal.end()

        self.live(main)

    def test_unsent(self) -> None:
        """
        What certainly did not leave frees its id: for want of a connection, or by a limit.
        """

        async def main(account: Account) -> None:
            self.symbols[account] = await account.symbol("EURUSD")
            self.virtual.endpoint.refusing = True
            self.virtual.endpoint.links[-1].cut()
            await self.pause(1)
            with self.assertRaises(NotConnected):
                await self.buy(account)
            self.virtual.endpoint.refusing = False
            await account.whenReady()
            with self.assertRaises(LimitReached):
                await self.buy(account, quantity=Lots("0.20"))
            await (await self.buy(account)).whenFilled()
            self.assertEqual(self.sent(), 1)

        self.live(main, limits=Limits(lotsPerOrder="0.10"))
        self.assertEqual(self.status(), (TradeStatus.FILLED, True, None))

    def test_refused(self) -> None:
        """
        An order that was refused stays refused under its id, for the same reason, here and in the next process.
        """

        async def refused(account: Account) -> None:
            for _ in range(2):
                with self.assertRaises(OrderRejected) as caught:
                    await self.buy(account, quantity=Lots("99"))
                self.assertEqual(caught.exception.code, "NOT_ENOUGH_MONEY")

        self.live(refused)
        self.live(refused)
        self.assertEqual(self.sent(), 1)

    def test_unanswered(self) -> None:
        """
        Scenario 80: an order whose answer was lost is the same live object when it is asked for again, and who asks
        again waits until its outcome is known.
        """

        async def main(account: Account) -> None:
            await account.symbol("EURUSD")
            self.deaf()
            bought = Deferred.fromCoroutine(self.buy(account))
            await self.pause(1)
            self.virtual.endpoint.links[-1].cut()
            with self.assertRaises(OutcomeUnknown) as caught:
                await bought
            again = await self.buy(account)
            self.assertIs(again, caught.exception.trade)
            await again.whenFilled()
            self.assertEqual(self.sent(), 1)

        self.live(main)
        self.assertEqual(self.status(), (TradeStatus.FILLED, True, None))

    def test_reconnect(self) -> None:
        """
        After a reconnect an order is the same live object still, and hears of its end.
        """

        async def main(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            trade = await account.limitOrder(Side.BUY, eurusd, BOUGHT, "0.90000", clientOrderId="one")
            self.virtual.endpoint.links[-1].cut()
            await self.pause(1)
            await account.whenReady()
            (pending,) = account.orders
            await pending.cancel()
            await trade.whenDone()

        self.live(main)
        self.assertEqual(self.status()[0], TradeStatus.CANCELLED)


class NextLifeTests(JournalledTestCase):
    """
    What the next process makes of the journal.
    """

    def test_filled(self) -> None:
        """
        An order that was filled is a trade again, with its fills and its position, and nothing is sent.
        """
        fills: list[Any] = []

        async def first(account: Account) -> None:
            trade = await (await self.buy(account, label="alpha")).whenFilled()
            fills.extend(trade.fills)

        async def second(account: Account) -> None:
            trade = await self.buy(account, label="alpha")
            self.assertIs(trade.status, TradeStatus.FILLED)
            self.assertEqual([each.dealId for each in trade.fills], [each.dealId for each in fills])
            self.assertEqual((trade.label, account.positions), ("alpha", (trade.position,)))
            self.assertIs(await self.buy(account, label="alpha"), trade)
            await trade.position.close()

        self.live(first)
        self.live(second)
        self.assertEqual(self.sent(), 1)

    def test_unheard(self) -> None:
        """
        An order that left before a crash, whose answer nobody heard, is found out about by itself.
        """

        async def first(account: Account) -> None:
            await account.symbol("EURUSD")
            self.deaf()
            bought = Deferred.fromCoroutine(self.buy(account))
            await self.pause(1)
            self.crash()
            with self.assertRaises(OutcomeUnknown):
                self.virtual.endpoint.links[-1].cut()
                await bought

        async def second(account: Account) -> None:
            await self.pause(2)

        self.live(first)
        self.assertEqual(self.status(), (TradeStatus.SENT, False, None))
        self.live(second)
        self.assertEqual(self.status(), (TradeStatus.FILLED, True, None))
        self.assertEqual(self.sent(), 1)

    def test_neverLeft(self) -> None:
        """
        An order that was written and did not leave before a crash is known to be absent, is not sent by
        itself, and its id stays refused.
        """

        async def first(account: Account) -> None:
            await account.symbol("EURUSD")
            self.virtual.endpoint.links[-1].freeze()
            bought = Deferred.fromCoroutine(self.buy(account, timeout=1))
            self.crash()
            with self.assertRaises(OutcomeUnknown):
                await bought
            self.virtual.endpoint.links[-1].cut()

        async def refused(account: Account) -> None:
            with self.assertRaises(OrderRejected) as caught:
                await self.buy(account)
            self.assertEqual(caught.exception.code, "ORDER_ABSENT")

        self.live(first)
        self.live(refused)
        self.assertEqual(self.status(), (TradeStatus.REJECTED, False, "ORDER_ABSENT"))
        self.live(refused)
        self.assertEqual(self.sent(), 0)

    def test_working(self) -> None:
        """
        An order that waits for its price is followed by the next process, and its end is written.
        """
        options: dict[str, Any] = {"clientOrderId": "one"}

        async def first(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            await account.limitOrder(Side.BUY, eurusd, BOUGHT, "0.90000", **options)

        async def second(account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            trade = await account.limitOrder(Side.BUY, eurusd, BOUGHT, "0.90000", **options)
            self.assertIs(trade.status, TradeStatus.ACCEPTED)
            self.assertEqual(account.orders, (trade.order,))

        async def third(account: Account) -> None:
            await self.pause(1)
            (pending,) = account.orders
            await pending.cancel()

        for life in (first, second, second):
            self.live(life)
            self.assertEqual(self.status(), (TradeStatus.ACCEPTED, True, None))
        self.live(third)
        self.assertEqual(self.status()[0], TradeStatus.CANCELLED)
        self.assertEqual(self.sent(), 1)

    def test_otherAccount(self) -> None:
        """
        An id stands for an order of one account: on another one it is free.
        """

        async def main(client: Client) -> None:
            for accountId in (self.virtual.accountId, self.virtual.euroAccountId):
                await (await self.buy(await client.account(accountId))).whenFilled()
            self.assertEqual(self.sent(), 2)

        async def life() -> None:
            async with self.virtual.client(journal=OrderJournal(self.path)) as client:
                await main(client)

        self.virtual.drive(life())


class CrashTests(JournalledTestCase):
    """
    A process that ends at any instant.
    """

    def setUp(self) -> None:
        """
        The exchange and the journal are made anew for each instant.
        """
        super().setUp()
        self.top = self.folder

    def begin(self, seed: int) -> None:
        """
        Make an exchange, and a folder for a journal.
        """
        self.virtual = VirtualExchange(seed=seed)
        self.symbols.clear()
        self.folder = self.top / str(seed)
        self.folder.mkdir()
        self.path = self.folder / "orders.db"

    def lateDisk(self, delay: float) -> Callable[..., Deferred[Any]]:
        """
        @return: does blocking work after a while, and tells of it as much later.
        """
        clock = self.virtual.clock
        return lambda function, *args: deferLater(clock, delay, function, *args).addCallback(
            lambda result: deferLater(clock, delay, lambda: result)
        )

    async def crashing(self, account: Account, delay: float) -> None:
        """
        Order, and die a little later: nothing reaches the server or the journal from then on.
        """
        self.symbols[account] = await account.symbol("EURUSD")
        bought = Deferred.fromCoroutine(self.buy(account))
        bought.addErrback(lambda _: None)
        await self.pause(delay)
        self.crash()
        self.virtual.endpoint.refusing = True
        self.virtual.endpoint.links[-1].freeze()

    async def asking(self, account: Account) -> str:
        """
        Order the same.

        @return: what became of it.
        """
        try:
            trade = await self.buy(account)
            return (await trade.whenFilled()).status.name
        except OrderRejected as error:
            return error.code

    def test_anyInstant(self) -> None:
        """
        Wherever a process ends, before, while and after an order is written, sent, accepted and filled: there is one
        order or none, the next process knows which, and the one after it knows the same.
        """
        outcomes: set[tuple[str, int]] = set()
        for seed in range(30):
            self.begin(seed)
            random = Random(seed)
            late = self.lateDisk(random.choice((0.0, 0.05, 0.1)))
            delay = random.choice((0.0, random.uniform(0, 0.3)))
            self.live(partial(self.crashing, delay=delay), runBlocking=late)
            self.virtual.endpoint.links[-1].cut()
            self.virtual.endpoint.refusing = False
            told: list[str] = []

            async def asked(account: Account, told: list[str] = told) -> None:
                told.append(await self.asking(account))

            self.live(asked)
            self.live(asked, runBlocking=late)
            self.assertEqual(told[0], told[1], f"seed {seed}")
            outcomes.add((told[0], self.sent()))
        self.assertEqual(outcomes, {("FILLED", 1), ("ORDER_ABSENT", 0)})


class ClosedTests(JournalledTestCase):
    """
    A journal that cannot be used.
    """

    def test_usedElsewhere(self) -> None:
        """
        A client whose journal another process uses does not start, and says why.
        """
        other = OrderJournal(self.path)
        other.begin()
        other.check()

        async def main(account: Account) -> None:
            self.fail("it started")

        with self.assertRaises(JournalFailed) as caught:
            self.live(main)
        self.assertIn("another process uses it", str(caught.exception))
        other.end()

    def test_usedByService(self) -> None:
        """
        A client that is a service runs without the journal, since quotes need none, and sends no order. When the
        journal is free orders can be sent.
        """
        other = OrderJournal(self.path)
        other.begin()
        other.check()

        async def main() -> None:
            client = self.virtual.client(journal=OrderJournal(self.path))
            client.startService()
            account = await client.account(self.virtual.accountId)
            with self.assertRaises(JournalFailed):
                await self.buy(account)
            self.assertEqual(self.sent(), 0)
            other.end()
            await (await self.buy(account)).whenFilled()
            await client.stopService()

        self.virtual.drive(main())

    def test_startedAgain(self) -> None:
        """
        A client that was stopped leaves the journal to others, sends nothing, and uses it again when it is started.
        """

        async def main() -> None:
            client = self.virtual.client(journal=OrderJournal(self.path))
            client.startService()
            account = await client.account(self.virtual.accountId)
            trade = await (await self.buy(account)).whenFilled()
            await client.stopService()
            await client.stopService()
            self.assertEqual(self.status(), (TradeStatus.FILLED, True, None))
            with self.assertRaises(JournalFailed):
                await self.buy(account, "two")
            client.startService()
            await account.whenReady()
            self.assertIs(await self.buy(account), trade)
            await (await self.buy(account, "two")).whenFilled()
            await client.stopService()
            self.assertEqual(self.sent(), 2)

        self.virtual.drive(main())
