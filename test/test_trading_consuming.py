"""
Tests of deals that are delivered until they are acknowledged, where something goes wrong.
"""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred, execute
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, FileCursor, Lots
from ctrader_twisted.errors import ConfigurationError, IllegalValue, NotConnected, TooSlow
from ctrader_twisted.interfaces import Acknowledged
from ctrader_twisted.simulator.faults import Delay, Incoming, Refuse
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.trading import consuming


class TroubleTests(SynchronousTestCase):
    """
    A stream of deals of an account that trades.
    """

    def setUp(self) -> None:
        """
        Make an exchange and name a file.
        """
        self.virtual = VirtualExchange()
        self.faults = self.virtual.exchange.faults
        self.path = Path(self.mktemp())
        self.cursor = FileCursor(self.path, execute)

    async def buy(self, account: Account, count: int = 1) -> None:
        """
        Make deals.
        """
        eurusd = await account.symbol("EURUSD")
        for _ in range(count):
            await (await account.buy(eurusd, Lots("0.01"))).whenFilled()

    def pause(self, seconds: float) -> Deferred[None]:
        """
        @return: fires after some virtual time.
        """
        return deferLater(self.virtual.clock, seconds, lambda: None)

    def test_readAgain(self) -> None:
        """
        If the earlier deals cannot be read, they are asked for again; what comes meanwhile waits behind them.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            async with account.executions(self.cursor):
                pass
            await self.buy(account)
            self.faults.add(Incoming(Refuse("TIMEOUT_ERROR"), message="ProtoOADealListReq", most=3))
            entering = Deferred.fromCoroutine(account.executions(self.cursor).__aenter__())
            await self.pause(0.5)
            self.assertNoResult(entering)
            await self.buy(account)
            deals = await entering
            given = [await anext(deals), await anext(deals)]
            self.assertEqual([each.recovered for each in given], [True, False])
            self.assertLess(given[0].dealId, given[1].dealId)
            await deals.__aexit__()

        self.virtual.run(main)

    def test_madeWhileBeginning(self) -> None:
        """
        A new cursor begins when the stream is entered, though the list of earlier deals comes later, with a new one.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            await self.buy(account)
            self.faults.add(Incoming(Delay(3), message="ProtoOADealListReq"))
            entering = Deferred.fromCoroutine(account.executions(self.cursor).__aenter__())
            await self.buy(account)
            deals = await entering
            first = await anext(deals)
            self.assertEqual([first.dealId], [each.dealId for each in account.dealsOf()][1:])
            await deals.__aexit__()
            async with account.executions(self.cursor) as again:
                self.assertEqual((await anext(again)).dealId, first.dealId)

        self.virtual.run(main)

    def test_endWhileBeginning(self) -> None:
        """
        If the client stops while the earlier deals cannot be read, whoever enters is told so.
        """

        async def main() -> None:
            async with self.virtual.client() as client:
                account = await client.account(self.virtual.accountId)
                self.faults.add(Incoming(Refuse("TIMEOUT_ERROR"), message="ProtoOADealListReq"))
                entering = Deferred.fromCoroutine(account.executions(self.cursor).__aenter__())
                await self.pause(10)
            with self.assertRaises(NotConnected):
                await entering

        self.virtual.drive(main())
        self.virtual.advance(30)
        self.assertEqual(self.virtual.clock.getDelayedCalls(), [])

    def test_tooSlow(self) -> None:
        """
        A consumer for whom too many deals wait reads those, and is told that there are more; with the same cursor it
        begins where it was.
        """
        self.patch(consuming, "_MOST_WAITING", 2)

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            async with account.executions(self.cursor) as deals:
                await self.buy(account, 4)
                given = [await anext(deals), await anext(deals)]
                with self.assertRaises(TooSlow):
                    await anext(deals)
                await deals.acknowledge(given[1])
            async with account.executions(self.cursor) as deals:
                rest = [await anext(deals), await anext(deals)]
            self.assertEqual([each.dealId for each in account.dealsOf()], [each.dealId for each in (*given, *rest)])

        self.virtual.run(main)

    def test_notStored(self) -> None:
        """
        An acknowledgement that cannot be stored fails, and may be tried again; a later one stores both.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            async with account.executions(self.cursor) as deals:
                await self.buy(account, 2)
                self.path.unlink()
                self.path.mkdir()
                first = await anext(deals)
                for _ in range(2):
                    with self.assertRaises(ConfigurationError):
                        await deals.acknowledge(first)
                self.path.rmdir()
                await deals.acknowledge(await anext(deals))
                await self.buy(account)
            async with account.executions(self.cursor) as deals:
                self.assertEqual((await anext(deals)).dealId, account.dealsOf()[-1].dealId)

        self.virtual.run(main)

    def test_together(self) -> None:
        """
        Two acknowledgements at once are stored one after the other, in order, and the second may have covered both.
        """
        saved: list[int] = []

        class Slow(FileCursor):
            """
            Takes a second, the first time three.
            """

            def save(cursor, acknowledged: Acknowledged) -> Deferred[None]:
                saved.append(len(acknowledged.deals))
                return self.pause(3 if len(saved) == 2 else 1)

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            async with account.executions(Slow(self.path, execute)) as deals:
                await self.buy(account, 2)
                first, second = await anext(deals), await anext(deals)
                both = [deals.acknowledge(each) for each in (second, first)]
                for each in both:
                    await each
                with self.assertRaises(IllegalValue):
                    await deals.acknowledge(second)
            self.assertEqual(saved, [0, 2])

        self.virtual.run(main)

    def test_notReadable(self) -> None:
        """
        A cursor that cannot be read is refused in words.
        """
        self.path.mkdir()
        self.failureResultOf(self.cursor.load(), ConfigurationError)
