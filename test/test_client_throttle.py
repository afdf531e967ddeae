"""
Tests of the throttle of whole clients, against the limits of the simulated exchange.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, Lots, Throttle
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.testing import VirtualExchange


class ThrottledClientTests(SynchronousTestCase):
    """
    Clients that ask for more than the server allows.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.virtual = VirtualExchange()

    def throttle(self, share: float) -> Throttle:
        """
        @return: a throttle on virtual time.
        """
        return Throttle(self.virtual.clock, share=share)

    async def download(self, account: Account, requests: int) -> float:
        """
        Ask for history many times.

        @return: how many seconds it took.
        """
        start = self.virtual.clock.seconds()
        await gatherResults([account.request(m.ProtoOADealListReq()) for _ in range(requests)], consumeErrors=True)
        return self.virtual.clock.seconds() - start

    def rate(self, throttle: Throttle | None) -> float:
        """
        @return: historical requests a second, over two hundred.
        """

        async def main() -> float:
            async with self.virtual.client(throttle=throttle) as client:
                account = await client.account(self.virtual.accountId)
                await self.download(account, 5)
                return 200 / await self.download(account, 200)

        return self.virtual.drive(main())

    def test_nearlyAll(self) -> None:
        """
        Where nothing jitters, history comes at 98 of a hundred of the allowed rate, and nothing is refused.
        """
        throttle = self.throttle(0.985)
        self.assertGreaterEqual(self.rate(throttle), 0.98 * 5)
        self.assertEqual(throttle.refused, 0)

    def test_default(self) -> None:
        """
        By default it is nine tenths.
        """
        self.assertAlmostEqual(self.rate(None), 0.9 * 5, delta=0.1)

    def test_orderBehindHistory(self) -> None:
        """
        Scenario 53: an order behind a thousand historical requests leaves at once.
        """

        async def main(client: Client) -> float:
            account = await client.account(self.virtual.accountId)
            eurusd = await account.symbol("EURUSD")
            for _ in range(1_000):
                account.request(m.ProtoOADealListReq()).addErrback(lambda _: None)
            start = self.virtual.clock.seconds()
            await account.buy(eurusd, Lots("0.01"))
            return self.virtual.clock.seconds() - start

        self.assertLess(self.virtual.run(main), 0.1)

    def test_accountsInTurn(self) -> None:
        """
        One account's flood holds up the other account's single request by no more than two seconds.
        """

        async def main(client: Client) -> float:
            flooding = await client.account(self.virtual.accountId)
            modest = await client.account(self.virtual.euroAccountId)
            for _ in range(1_000):
                flooding.request(m.ProtoOADealListReq()).addErrback(lambda _: None)
            return await self.download(modest, 1)

        self.assertLess(self.virtual.run(main), 2)

    def test_shared(self) -> None:
        """
        Two clients that share a throttle stay within the limits of one application together.
        """

        async def main() -> float:
            throttle = self.throttle(0.985)
            async with self.virtual.client(throttle=throttle) as one, self.virtual.client(throttle=throttle) as two:
                accounts = [await client.account(self.virtual.accountId) for client in (one, two)]
                start = self.virtual.clock.seconds()
                await gatherResults([Deferred.fromCoroutine(self.download(account, 100)) for account in accounts])
                return 200 / (self.virtual.clock.seconds() - start)

        self.assertLess(self.virtual.drive(main()), 5.2)

    def test_triedAgain(self) -> None:
        """
        Where the server allows less than it says, safe requests are refused, wait, and succeed.
        """
        virtual = self.virtual = VirtualExchange(settings=Settings(historicalRate=1))

        async def main() -> None:
            throttle = self.throttle(1)
            async with virtual.client(throttle=throttle) as client:
                account = await client.account(virtual.accountId)
                await self.download(account, 3)
            self.assertGreater(throttle.refused, 0)

        virtual.drive(main())
