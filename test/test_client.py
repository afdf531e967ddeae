"""
Tests of L{ctrader_twisted.client}: the whole client against the simulated exchange, on virtual time.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import groupby
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

import ctrader_twisted
from ctrader_twisted import Account, Client, Deal, Gap, Lots, MemoryTokens, Quote, TokenPair
from ctrader_twisted.credentials import Application
from ctrader_twisted.errors import (
    AccountNotFound,
    ApplicationInactive,
    ApplicationRefused,
    ConnectFailed,
    CTraderError,
    GrantLost,
    IllegalValue,
    NotConnected,
    OrderRejected,
    OutcomeUnknown,
    RequestRefused,
    SymbolNotFound,
    TokenRefused,
    WrongHost,
)
from ctrader_twisted.market import SymbolCache
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.tables import AccountState, State
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.testing import NothingHappens, VirtualExchange
from ctrader_twisted.trading.journal import OrderJournal


class ClientTestCase(SynchronousTestCase):
    """
    A virtual exchange; whatever a test does, nothing is left running at its end.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.virtual = VirtualExchange()
        self.addCleanup(self.nothingIsLeft)

    def nothingIsLeft(self) -> None:
        """
        No connection and no timer is left, on either side.
        """
        self.virtual.advance(1)
        self.assertEqual(self.virtual.endpoint.openLinks + self.virtual.liveEndpoint.openLinks, [])
        self.assertEqual(self.virtual.exchange.connections, [])
        self.assertEqual(self.virtual.clock.getDelayedCalls(), [])

    def pause(self, seconds: float) -> Deferred[None]:
        """
        @return: fires after some virtual time.
        """
        return deferLater(self.virtual.clock, seconds, lambda: None)

    def seen(self, kind: type[Any]) -> int:
        """
        @return: how many messages of a kind the server has seen.
        """
        return sum(isinstance(message, kind) for message in self.virtual.exchange.seen)


class MainJobTests(ClientTestCase):
    """
    What the framework is for.
    """

    def test_mainJob(self) -> None:
        """
        Scenario 3: Log in, list, stream, download, trade, survive a lost connection, close.
        """

        async def main(client: Client) -> None:
            self.assertEqual([each.isLive for each in await client.accounts()], [False, False, True, False])
            account = await client.account(self.virtual.accountId)
            self.assertIs(await client.account(self.virtual.accountId), account)
            self.assertIs(await account.whenReady(), account)
            names = [each.symbolName for each in await account.symbols()]
            self.assertTrue({"EURUSD", "GBPUSD", "USDJPY", "XAUUSD"} <= set(names))
            eurusd = await account.symbol("EURUSD")
            async with account.quotes(eurusd) as quotes:
                self.assertEqual(await anext(quotes), account.quote(eurusd))
                await self.trade(account)
                self.virtual.endpoint.links[-1].cut(after=b"\x00\x00")
                while not isinstance(await anext(quotes), Gap):
                    pass
                self.assertIsInstance(await anext(quotes), Quote)
            await self.close(account)

        self.virtual.run(main)
        self.assertEqual(self.seen(m.ProtoOANewOrderReq), 1)

    async def trade(self, account: Account) -> None:
        """
        Buy, with protection.
        """
        eurusd = await account.symbol("EURUSD")
        deals: list[Deal] = []
        account.onExecution(deals.append)
        trade = await account.buy(eurusd, Lots("0.10"), stopLossPips=20, takeProfitPips=40, label="test")
        await trade.whenAccepted()
        await trade.whenFilled()
        position = trade.position
        assert position is not None
        self.assertEqual([each.volume for each in deals], [1_000_000])
        self.assertEqual((position.entryPrice, position.label), (deals[0].price, "test"))
        await self.pause(1)
        self.assertEqual(position.stopLoss, deals[0].price - eurusd.pips(20))
        self.assertEqual(position.takeProfit, deals[0].price + eurusd.pips(40))
        self.assertEqual((account.positions, account.orders), ((position,), ()))

    async def close(self, account: Account) -> None:
        """
        Close what is open, in two parts.
        """
        (position,) = account.positions
        before = account.balance
        first = await position.close(Lots("0.04"))
        self.assertEqual(position.volume, 600_000)
        second = await position.close()
        self.assertEqual(account.positions, ())
        assert before is not None and first.netProfit is not None and second.netProfit is not None
        self.assertEqual(account.balance, before + first.netProfit + second.netProfit)

    def test_closedAtOnce(self) -> None:
        """
        A position with protection can be closed in the turn of its fill.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            trade = await account.buy(await account.symbol("EURUSD"), Lots("0.10"), stopLossPips=20)
            await trade.whenFilled()
            await trade.position.close()
            await self.pause(1)
            self.assertEqual((account.positions, account.orders), ((), ()))

        self.virtual.run(main)

    def test_history(self) -> None:
        """
        What was streamed is what history holds, as ticks of both sides and as bars.
        """
        heard: list[Quote] = []

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            eurusd = await account.symbol("EURUSD")
            start = self.virtual.exchange.timeline.now()
            place = account.onQuote(eurusd, heard.append)
            await self.pause(600)
            place.stop()
            end = self.virtual.exchange.timeline.now()
            bids = await account.ticks(eurusd, "bid", start, end)
            asks = await account.ticks(eurusd, "ask", start, end)
            self.assertTrue(bids.complete and asks.complete)
            for side, ticks in (("bid", bids), ("ask", asks)):
                history = dict(ticks.between(start, end))
                streamed = {each.timestamp: getattr(each, side) for each in heard if start <= (each.timestamp or 0)}
                self.assertEqual({time: streamed[time] for time in history if time in streamed}, history)
            bars = await account.trendbars(eurusd, "M5", start, end)
            self.assertEqual(len(bars), 2)
            self.assertEqual(bars[0].high, max(each.price for each in bids if each.timestamp < start + 300_000))

        self.virtual.run(main)
        self.assertGreater(len(heard), 50)

    def test_heldPosition(self) -> None:
        """
        A position that was opened elsewhere is there after the login, and a part of it can be closed.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            trade = await account.sell(await account.symbol("XAUUSD"), Lots("0.02"))
            await trade.whenFilled()
            async with self.virtual.client() as other:
                (position,) = (await other.account(self.virtual.accountId)).positions
                self.assertEqual(position.volume, 200)
                await position.close(Lots("0.01"))
                assert trade.position is not None
                self.assertEqual(trade.position.volume, 100)

        self.virtual.run(main)

    def test_heldPositionOfNoSymbol(self) -> None:
        """
        A position whose symbol is not to be found any more stops neither the login nor the other lookups.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            for name in ("EURUSD", "XAUUSD"):
                await (await account.buy(await account.symbol(name), Lots("0.02"))).whenFilled()
            find = SymbolCache.symbol
            missing = SymbolNotFound("SYMBOL_NOT_FOUND", "gone")
            self.patch(SymbolCache, "symbol", lambda cache, which: fail(missing) if which == 1 else find(cache, which))
            async with self.virtual.client() as other:
                euros, gold = (await other.account(self.virtual.accountId)).positions
                await gold.close(Lots("0.01"))
                with self.assertRaises(IllegalValue):
                    await euros.close(Lots("0.01"))
                await euros.close()

        self.virtual.run(main)

    def test_account(self) -> None:
        """
        The account tells its terms and the asset of its money, once it has been logged in.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.euroAccountId)
            assert account.trader is not None
            self.assertEqual(account.trader.leverageInCents, 10_000)
            self.assertEqual((await account.depositAsset()).name, "EUR")
            self.assertEqual(account.balance, Decimal(10_000))
            trader = m.ProtoOATrader()
            trader.CopyFrom(account.trader)
            trader.leverageInCents = 3_000
            event = m.ProtoOATraderUpdatedEvent(ctidTraderAccountId=self.virtual.euroAccountId, trader=trader)
            self.virtual.exchange.connections[0].send(event)
            await self.pause(0.1)
            self.assertEqual(account.trader.leverageInCents, 3_000)

        self.virtual.run(main)
        fresh = self.virtual.client(accounts=[self.virtual.accountId])
        self.failureResultOf(fresh._accounts[self.virtual.accountId].depositAsset(), NotConnected)

    def test_rawMessages(self) -> None:
        """
        Raw requests and events are there beside the named ones, on the client and on the account.
        """
        spots: list[m.ProtoOASpotEvent] = []

        async def main(client: Client) -> None:
            version = await client.request(m.ProtoOAVersionReq())
            self.assertTrue(version.version)
            account = await client.account(self.virtual.accountId)
            account.listen(m.ProtoOASpotEvent, spots.append)
            client.listen(m.ProtoOASpotEvent, spots.append)
            await account.request(m.ProtoOASubscribeSpotsReq(symbolId=[1]))
            await self.pause(0.1)

        self.virtual.run(main)
        self.assertEqual(len(spots), 2)


class RefusalTests(ClientTestCase):
    """
    What is wrong for good is told by an error of its own, and leaves nothing behind.
    """

    def starting(self, **options: Any) -> CTraderError:
        """
        @return: the error that entering a client raises.
        """

        async def main() -> None:
            async with self.virtual.client(**options):
                self.fail("it started")

        with self.assertRaises(CTraderError) as caught:
            self.virtual.drive(main(), hours=1)
        error: CTraderError = caught.exception
        return error

    def asking(self, accountId: int, **options: Any) -> CTraderError:
        """
        @return: the error that asking for an account raises.
        """

        async def main() -> None:
            async with self.virtual.client(**options) as client:
                with self.assertRaises(CTraderError) as caught:
                    await client.account(accountId)
                self.assertEqual(client.status.accounts[accountId].state, AccountState.REFUSED)
                self.assertEqual(client.status.connection, State.UP)
                errors.append(caught.exception)

        errors: list[CTraderError] = []
        self.virtual.drive(main(), hours=1)
        return errors[0]

    def test_wrongSecret(self) -> None:
        """
        A wrong client secret is tried once.
        """
        wrong = Application(self.virtual.application.clientId, "not the secret")
        self.assertIsInstance(self.starting(application=wrong), ApplicationRefused)
        self.assertEqual(self.seen(m.ProtoOAApplicationAuthReq), 1)

    def test_inactiveApplication(self) -> None:
        """
        An application that is not active yet ends a script with that reason, after the time for starting.
        """
        inactive = self.virtual.exchange.registry.applicationNamed("inactive")
        application = Application(inactive.clientId, inactive.clientSecret)
        self.assertIsInstance(self.starting(application=application), ApplicationInactive)
        self.assertLess(self.seen(m.ProtoOAApplicationAuthReq), 3)

    def test_nobodyThere(self) -> None:
        """
        A host that does not answer ends a script with that reason, after the time for starting.
        """
        self.virtual.endpoint.refusing = True
        self.assertIsInstance(self.starting(), ConnectFailed)
        self.assertLess(self.virtual.endpoint.attempts, 10)

    def test_silentHost(self) -> None:
        """
        A host that takes the connection and says nothing ends a script with that reason.
        """

        class Mute:
            @staticmethod
            def connect(factory: object) -> Deferred[object]:
                return Deferred()

        self.assertIn("no secure connection", str(self.starting(endpoint=Mute(), startTimeout=40)))
        self.assertIn("not ready within 5 s", str(self.starting(endpoint=Mute(), startTimeout=5)))

    def test_wrongHost(self) -> None:
        """
        A live account is not found at the demo host, and a demo account not at the live host.
        """
        self.assertIsInstance(self.asking(self.virtual.liveAccountId), WrongHost)
        self.assertIsInstance(self.asking(self.virtual.accountId, endpoint=self.virtual.liveEndpoint), WrongHost)

    def test_unknownAccount(self) -> None:
        """
        An account that does not exist, such as the number that the platform shows, is told as such.
        """
        self.assertIsInstance(self.asking(5_000_001), AccountNotFound)
        self.assertEqual(self.seen(m.ProtoOAAccountAuthReq), 1)

    def test_noAccountId(self) -> None:
        """
        What can be no account's id is refused at once, and nothing is sent.
        """
        client = self.virtual.client()
        for wrong, kind in (
            ("20001", TypeError),
            (None, TypeError),
            (True, TypeError),
            (2**63, IllegalValue),
            (0, IllegalValue),
        ):
            self.failureResultOf(client.account(wrong), kind)  # type: ignore[arg-type]
        self.assertEqual(client.status.accounts, {})

    def test_badToken(self) -> None:
        """
        A token that is expired or unknown is told as such, if there is none that buys another.
        """
        accountId = self.virtual.accountId
        expired = self.virtual.exchange.registry.grantNamed("expired").accessToken
        self.assertIsInstance(self.asking(accountId, tokens=MemoryTokens(TokenPair(expired))), TokenRefused)
        self.assertIsInstance(self.asking(accountId, tokens=MemoryTokens(TokenPair("made up"))), TokenRefused)

    def test_wantedFromTheStart(self) -> None:
        """
        Accounts that are wanted from the start are ready, or refused, when the client is.
        """

        async def main() -> None:
            wanted = (self.virtual.accountId, self.virtual.liveAccountId)
            async with self.virtual.client(accounts=wanted) as client:
                states = [client.status.accounts[number].state for number in wanted]
                self.assertEqual(states, [AccountState.READY, AccountState.REFUSED])

        self.virtual.drive(main())

    def test_viewOnly(self) -> None:
        """
        With a token that allows looking only, an order is refused for good.
        """

        async def main() -> None:
            async with self.virtual.client(tokens=self.virtual.grant("view")) as client:
                account = await client.account(self.virtual.accountId)
                with self.assertRaises(OrderRejected):
                    await account.buy(await account.symbol("EURUSD"), Lots("0.10"))
                self.assertEqual([each.canTrade for each in await client.accounts()], [False] * 4)

        self.virtual.drive(main())

    def test_badOrders(self) -> None:
        """
        What the symbol does not allow is refused here; what the account does not allow, by the server.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            eurusd = await account.symbol("EURUSD")
            with self.assertRaises(IllegalValue):
                await account.buy(eurusd, Lots("0.001"))
            self.assertEqual(self.seen(m.ProtoOANewOrderReq), 0)
            with self.assertRaises(OrderRejected) as caught:
                await account.buy(eurusd, Lots(100))
            self.assertEqual(caught.exception.code, "NOT_ENOUGH_MONEY")
            with self.assertRaises(SymbolNotFound):
                await account.symbol("EURUSDX")
            self.assertEqual(account.balance, Decimal(10_000))

        self.virtual.run(main)

    def test_unaskedError(self) -> None:
        """
        An error that the server tells unasked reaches its listeners.
        """
        errors: list[CTraderError] = []

        async def main(client: Client) -> None:
            place = client.onError(errors.append)
            self.virtual.exchange.connections[0].send(m.ProtoOAErrorRes(errorCode="SOMETHING_NEW"))
            await self.pause(1)
            place.stop()

        self.virtual.run(main)
        self.assertIsInstance(errors[0], RequestRefused)


class OutageTests(ClientTestCase):
    """
    Outages that the client survives by itself.
    """

    def test_silentPeer(self) -> None:
        """
        A peer that vanishes without a word is noticed after a minute, and quotes come back.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            heard: list[Quote] = []
            account.onQuote(await account.symbol("EURUSD"), heard.append)
            await self.pause(30)
            before = len(heard)
            self.virtual.endpoint.links[-1].freeze()
            await self.pause(50)
            self.assertEqual(len(heard), before)
            await self.pause(40)
            self.assertGreater(len(heard), before)
            self.assertEqual(self.virtual.endpoint.attempts, 2)

        self.virtual.run(main)

    def test_idle(self) -> None:
        """
        A client that does nothing for hours keeps its connection.
        """

        async def main(client: Client) -> None:
            await client.account(self.virtual.accountId)
            await self.pause(4 * 3600)
            self.assertEqual((client.status.connection, client.status.attempts), (State.UP, 0))

        self.virtual.run(main)
        self.assertEqual(self.virtual.endpoint.attempts, 1)

    def test_longOutage(self) -> None:
        """
        While the server is away for an hour, nothing storms it; then all is as before.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            eurusd = await account.symbol("EURUSD")
            trade = await account.buy(eurusd, Lots("0.10"))
            await trade.whenFilled()
            self.virtual.endpoint.refusing = True
            self.virtual.exchange.disconnectAll()
            await self.pause(3600)
            self.assertLess(self.virtual.endpoint.attempts, 90)
            with self.assertRaises(NotConnected):
                await account.buy(eurusd, Lots("0.10"))
            self.virtual.endpoint.refusing = False
            await account.whenReady()
            self.assertEqual(account.positions, (trade.position,))

        self.virtual.run(main)

    def test_orderDuringCut(self) -> None:
        """
        An order whose answer is lost with the connection is of unknown outcome, and is not sent again; its position is
        there after the reconnect.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            eurusd = await account.symbol("EURUSD")
            self.patch(self.virtual.exchange.connections[0], "send", lambda *_: None)
            order = account.buy(eurusd, Lots("0.10"))
            await self.pause(1)
            self.virtual.endpoint.links[-1].cut()
            with self.assertRaises(OutcomeUnknown):
                await order
            await self.pause(2)
            self.assertEqual(len(account.positions), 1)

        self.virtual.run(main)
        self.assertEqual(self.seen(m.ProtoOANewOrderReq), 1)


class ServiceTests(ClientTestCase):
    """
    The client as a service.
    """

    def test_service(self) -> None:
        """
        It starts and stops with its parent, which waits until the socket is closed; it can be started again.
        """
        client = self.virtual.client(accounts=[self.virtual.accountId])
        verifyObject(IService, client)
        parent = MultiService()
        client.setServiceParent(parent)
        for _ in range(2):
            parent.startService()
            ready = client.whenReady()
            self.virtual.advance(1)
            self.successResultOf(ready)
            stopped: Deferred[object] = parent.stopService()
            self.assertNoResult(stopped)
            self.virtual.advance(1)
            self.successResultOf(stopped)
            self.assertEqual(self.virtual.endpoint.openLinks, [])

    def test_restartedWhileStopping(self) -> None:
        """
        If it is started again before it has stopped, the journal stays open.
        """
        journal = OrderJournal(f"{self.mktemp()}.sqlite")

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            trade = await account.buy(await account.symbol("EURUSD"), Lots("0.10"))
            await trade.whenFilled()

        client = self.virtual.client(journal=journal)
        client.startService()
        self.virtual.drive(main(client))
        stopped = client.stopService()
        self.assertNoResult(stopped)
        client.startService()
        self.virtual.advance(1)
        self.successResultOf(stopped)
        self.virtual.drive(main(client))
        stopped = client.stopService()
        self.virtual.advance(1)
        self.successResultOf(stopped)

    def test_streamsEnd(self) -> None:
        """
        When the client stops, loops over quotes end.
        """

        async def main() -> None:
            client = self.virtual.client()
            async with client:
                account = await client.account(self.virtual.accountId)
                reading = Deferred.fromCoroutine(read(account))
                await self.pause(10)
            await reading

        async def read(account: Account) -> None:
            async with account.quotes(await account.symbol("EURUSD")) as quotes:
                async for _ in quotes:
                    pass

        self.virtual.drive(main())

    def test_waitersAreTold(self) -> None:
        """
        When the client stops, whoever waits for a trade or for the end of a position is told.
        """

        async def main() -> tuple[Deferred[Any], Deferred[Any]]:
            async with self.virtual.client() as client:
                account = await client.account(self.virtual.accountId)
                eurusd = await account.symbol("EURUSD")
                trade = await account.buy(eurusd, Lots("0.10"))
                closed = (await trade.whenFilled()).position.whenClosed()
                return closed, (await account.buy(eurusd, Lots("0.10"))).whenFilled()

        closed, filled = self.virtual.drive(main())
        self.failureResultOf(closed, NotConnected)
        self.failureResultOf(filled, OutcomeUnknown)

    def test_stopWithAnOrder(self) -> None:
        """
        Scenario 37: An order that is under way when the client stops is of unknown outcome; nothing says that it was
        not sent.
        """
        orders: list[Deferred[Any]] = []

        async def main() -> None:
            async with self.virtual.client() as client:
                account = await client.account(self.virtual.accountId)
                orders.append(account.buy(await account.symbol("EURUSD"), Lots("0.10")))

        self.virtual.drive(main())
        error = self.failureResultOf(orders[0], OutcomeUnknown).value
        self.assertNotIn("not sent;", str(error))
        self.assertEqual(self.seen(m.ProtoOANewOrderReq), 1)

    def test_endOfTheAccount(self) -> None:
        """
        When the server refuses the account or the application for good, whoever reads quotes or waits for a trade is
        told why.
        """
        registry = self.virtual.exchange.registry
        grant = registry.grantNamed("trade")
        self.told(lambda: registry.rotate(grant.clientId, grant.refreshToken.reveal()), GrantLost)

    def test_endOfTheApplication(self) -> None:
        """
        The same when the application is refused.
        """
        registry = self.virtual.exchange.registry
        self.told(registry.applications.clear, ApplicationRefused)

    def told(self, spoil: Callable[[], object], kind: type[CTraderError]) -> None:
        """
        Spoil the login, cut the connection, and see who is told.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            trade = await account.buy(await account.symbol("EURUSD"), Lots("0.10"))
            closed = (await trade.whenFilled()).position.whenClosed()
            with self.assertRaises(kind):
                async with account.quotes(trade.symbol) as quotes:
                    await anext(quotes)
                    spoil()
                    self.virtual.endpoint.links[-1].cut()
                    async for _ in quotes:
                        pass
            self.failureResultOf(closed, CTraderError)
            with self.assertRaises(kind):
                await account.whenReady()

        self.virtual.run(main)

    def test_cancelledStart(self) -> None:
        """
        A start that is cancelled stops the client.
        """
        self.virtual.endpoint.refusing = True

        async def main() -> None:
            async with self.virtual.client():
                self.fail("it started")

        started = Deferred.fromCoroutine(main())
        started.cancel()
        self.failureResultOf(started, CancelledError)

    def test_status(self) -> None:
        """
        The status tells of each step.
        """
        states: list[State] = []

        async def main() -> None:
            client = self.virtual.client()
            client.onStatus(lambda status: states.append(status.connection))
            async with client:
                pass

        self.virtual.drive(main())
        steps = [state for state, _ in groupby(states)]
        self.assertEqual(steps[:4], [State.CONNECTING, State.SECURING, State.AUTHORISING, State.UP])
        self.assertEqual(steps[-1], State.IDLE)

    def test_defaults(self) -> None:
        """
        Without words to the contrary, the client takes the machine's clock and randomness.
        """
        client = Client(self.virtual.clock, self.virtual.endpoint, self.virtual.application, self.virtual.tokens)
        client.startService()
        ready = client.whenReady()
        self.virtual.advance(1)
        self.successResultOf(ready)
        stopped = client.stopService()
        self.virtual.advance(1)
        self.successResultOf(stopped)
        self.assertGreater(ctrader_twisted.client.client.systemTime(), 1_700_000_000_000)


class VirtualExchangeTests(ClientTestCase):
    """
    The harness itself.
    """

    def test_nothingHappens(self) -> None:
        """
        A wait for what never comes fails, and says where it waits.
        """

        async def main(client: Client) -> None:
            await Deferred()

        with self.assertRaises(NothingHappens) as caught:
            self.virtual.run(main, hours=0.5)
        self.assertIn("test_nothingHappens", str(caught.exception))
        self.virtual.advance(10)

    def test_result(self) -> None:
        """
        What the coroutine returns is returned, what it raises is raised.
        """

        async def result(client: Client) -> int:
            return 5

        async def trouble(client: Client) -> None:
            raise ZeroDivisionError

        self.assertEqual(self.virtual.run(result), 5)
        with self.assertRaises(ZeroDivisionError):
            self.virtual.run(trouble)

    def test_sameSeed(self) -> None:
        """
        Two runs with one seed see the same quotes; another seed gives others.
        """

        def quotes(seed: int) -> list[Quote]:
            virtual = VirtualExchange(seed=seed, settings=Settings())
            heard: list[Quote] = []

            async def main(client: Client) -> None:
                account = await client.account(virtual.accountId)
                account.onQuote(await account.symbol("GBPUSD"), heard.append)
                await deferLater(virtual.clock, 100, lambda: None)

            virtual.run(main)
            return heard

        self.assertEqual(quotes(1), quotes(1))
        self.assertNotEqual(quotes(1), quotes(2))


class PublicNamesTests(SynchronousTestCase):
    """
    The names of the package.
    """

    def test_all(self) -> None:
        """
        Every public name is there; another one is not.
        """
        for name in ctrader_twisted.__all__:
            self.assertIsNotNone(getattr(ctrader_twisted, name))
        with self.assertRaises(AttributeError):
            ctrader_twisted.nothing  # noqa: B018
