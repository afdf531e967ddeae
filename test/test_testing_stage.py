"""
Tests of what a test can demand of an exchange, and of the words in which it fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred, gatherResults, succeed
from twisted.trial.unittest import SynchronousTestCase

import ctrader_twisted.testing
from ctrader_twisted import Account, Client, Lots, Side, Symbol
from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.schema.messages import ProtoOAAccountAuthReq, ProtoOASubscribeSpotsReq
from ctrader_twisted.testing import NothingHappens, VirtualExchange
from ctrader_twisted.testing.driving import drive

_REACTOR = "twisted.internet.reactor"


class SentTests(SynchronousTestCase):
    """
    What clients have sent.
    """

    def setUp(self) -> None:
        """
        Let a client buy, hear quotes, and leave an order behind.
        """
        self.virtual = VirtualExchange()

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            eurusd = await account.symbol("EURUSD")
            async with account.quotes(eurusd) as quotes:
                await anext(quotes)
            trade = await account.buy(eurusd, Lots("0.10"), label="one")
            await trade.whenFilled()
            await trade.position.close()
            await account.limitOrder(Side.BUY, eurusd, Lots("0.20"), "1.00000")

        self.virtual.run(main)

    def test_sent(self) -> None:
        """
        Messages are found by class or name, and by what their fields hold.
        """
        orders = self.virtual.sent("newOrder")
        self.assertEqual([order.volume for order in orders], [1_000_000, 2_000_000])
        self.assertEqual(self.virtual.sent("ProtoOANewOrderReq", label="one"), orders[:1])
        self.assertEqual(self.virtual.sent("newOrder", orderType="LIMIT", tradeSide=1), orders[1:])
        self.assertEqual(self.virtual.sent("newOrder", label=None), orders[1:])
        self.assertEqual(self.virtual.sent("newOrder", limitPrice=None, label="one"), orders[:1])
        self.assertEqual(len(self.virtual.sent(ProtoOASubscribeSpotsReq, symbolId=[1])), 1)
        self.assertEqual(self.virtual.sent(ProtoOASubscribeSpotsReq, symbolId=(2,)), [])

    def test_assertSent(self) -> None:
        """
        What was demanded and not sent fails the test, with what was sent instead.
        """
        self.assertEqual(self.virtual.assertSent("newOrder", tradeSide="BUY").volume, 2_000_000)
        self.virtual.assertSent("newOrder", 2)
        self.assertIsNone(self.virtual.assertSent("cancelOrder", 0))
        with self.assertRaises(AssertionError) as caught:
            self.virtual.assertSent("newOrder", label="two")
        words = str(caught.exception)
        self.assertIn("ProtoOANewOrderReq with label='two' was not sent; of this kind was sent:\n", words)
        self.assertIn("orderType=LIMIT tradeSide=BUY volume=2000000", words)
        with self.assertRaises(AssertionError) as caught:
            self.virtual.assertSent("cancelOrder")
        self.assertIn("with any fields was not sent; of this kind was sent: nothing", str(caught.exception))
        with self.assertRaises(AssertionError) as caught:
            self.virtual.assertSent(ProtoOAAccountAuthReq, 3)
        self.assertIn("was not sent 3 times but 1", str(caught.exception))
        self.assertIn("accessToken=***", str(caught.exception))

    def test_many(self) -> None:
        """
        Of many messages only the newest are shown.
        """
        self.virtual.exchange.seen.extend([ProtoOASubscribeSpotsReq(ctidTraderAccountId=1, symbolId=[9])] * 15)
        with self.assertRaises(AssertionError) as caught:
            self.virtual.assertSent("subscribeSpots", symbolId=[3])
        self.assertIn("... 6 more before", str(caught.exception))

    def test_misspelt(self) -> None:
        """
        A message or field that there is not is refused in words.
        """
        for kind, fields, words in (
            ("newOrdre", {}, "there is no message 'newOrdre'"),
            ("ProtoOAOrderType", {}, "there is no message"),
            ("newOrder", {"side": "BUY"}, "has no field 'side', but payloadType"),
        ):
            with self.assertRaises(IllegalValue) as caught:
                self.virtual.sent(kind, **fields)
            self.assertIn(words, str(caught.exception))

    def test_backwards(self) -> None:
        """
        Time does not go backwards.
        """
        for seconds in (-1, float("nan")):
            for wait in (self.virtual.pause, self.virtual.advance):
                with self.assertRaises(IllegalValue) as caught:
                    wait(seconds)
                self.assertIn(f"not by {seconds} seconds", str(caught.exception))

    def test_within(self) -> None:
        """
        What an exchange runs cannot be run within: that would stop the exchange under it.
        """

        async def main(client: Client) -> bool:
            with self.assertRaises(RuntimeError) as caught:
                self.virtual.run(main)
            self.assertIn("runs something already", str(caught.exception))
            return self.virtual.exchange.market.isRunning

        self.assertTrue(self.virtual.run(main))
        self.assertTrue(self.virtual.run(main))

    def test_noGrant(self) -> None:
        """
        A grant that the exchange does not have is refused, with those that it has.
        """
        with self.assertRaises(IllegalValue) as caught:
            self.virtual.grant("admin")
        self.assertIn("no grant 'admin', but trade, view, expired", str(caught.exception))
        with self.assertRaises(IllegalValue) as caught:
            self.virtual.exchange.registry.applicationNamed("mine")
        self.assertIn("no application 'mine', but standard", str(caught.exception))

    def test_nothingLeft(self) -> None:
        """
        What an account still holds, and connections that are open, are named.
        """
        with self.assertRaises(AssertionError) as caught:
            self.virtual.assertNothingLeft()
        self.assertIn("tradeData=(symbolId=1 volume=2000000 tradeSide=BUY ", str(caught.exception))
        self.assertIn("account 20001 holds:\n  ProtoOAOrder orderId=", str(caught.exception))
        VirtualExchange().assertNothingLeft()

    def test_connected(self) -> None:
        """
        A client that has not been stopped is something left.
        """
        virtual = VirtualExchange()
        client = virtual.client()
        client.startService()
        virtual.advance(1)
        with self.assertRaises(AssertionError) as caught:
            virtual.assertNothingLeft()
        self.assertEqual(str(caught.exception), "connections that are open: 1")
        client.stopService()
        virtual.advance(10)
        virtual.assertNothingLeft()


class WaitingTests(SynchronousTestCase):
    """
    The words for a wait that nothing ends.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.virtual = VirtualExchange()

    def words(self, main: Callable[[Client], Coroutine[Any, Any, None]]) -> str:
        """
        @param main: what waits.
        @return: what it is told.
        """
        with self.assertRaises(NothingHappens) as caught:
            self.virtual.run(main, hours=0.01)
        text = str(caught.exception)
        self.assertIn("in 0.01 hours of virtual time nothing has ended what the code under test waits for:\n", text)
        # What runs the test is none of its author's business.
        self.assertNotIn("VirtualExchange", text)
        return text

    def test_bare(self) -> None:
        """
        A Deferred of the test's own.
        """

        async def main(client: Client) -> None:
            await never

        never: Deferred[None] = Deferred()
        text = self.words(main)
        self.assertRegex(text, r"\n  in .*test_bare.<locals>.main \(.*test_testing_stage.py:\d+\): await never\n")
        self.assertIn(f"\n  for <Deferred at 0x{id(never):x}", text)

    def test_nested(self) -> None:
        """
        Coroutines that await each other, directly and through Deferreds, are named from the outermost on.
        """

        async def inner() -> None:
            await Deferred()

        async def middle() -> None:
            await ensureDeferred(inner())

        async def main(client: Client) -> None:
            await middle()

        text = self.words(main)
        places = [text.index(f"<locals>.{name} (") for name in ("main", "middle", "inner")]
        self.assertEqual(places, sorted(places))
        self.assertIn("inner (", text.splitlines()[-2])

    def test_gathered(self) -> None:
        """
        Of several Deferreds those that have not fired are named.
        """

        async def inner() -> None:
            await Deferred()

        async def main(client: Client) -> None:
            await gatherResults([succeed(None), Deferred(), ensureDeferred(inner())], consumeErrors=True)

        text = self.words(main)
        self.assertIn("  for 3 Deferreds at once, of which numbers 1, 2 have not fired\n    1: for <Deferred", text)
        self.assertRegex(text, r"    2: in .*inner .*\n    2: for <Deferred")

        async def one(client: Client) -> None:
            await gatherResults([Deferred()], consumeErrors=True)

        self.assertIn("of which number 0 has not fired", self.words(one))

    def test_stream(self) -> None:
        """
        Of this package no more than the outermost function is named, and whose it is.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            async with account.bars(await account.symbol("EURUSD"), "D1", onFull="drop") as bars:
                async for _ in bars:
                    pass

        text = self.words(main)
        self.assertIn(": async for _ in bars:\n  in Stream.__anext__ of <BarStream of bars> (", text)

    def test_order(self) -> None:
        """
        A fill that does not come.
        """

        async def main(client: Client) -> None:
            account: Account = await client.account(self.virtual.accountId)
            eurusd: Symbol = await account.symbol("EURUSD")
            trade = await account.limitOrder(Side.BUY, eurusd, Lots("0.10"), "1.00000")
            await trade.whenFilled()

        self.assertIn("await trade.whenFilled()\n  for <", self.words(main))

    def test_lateWait(self) -> None:
        """
        That nothing can end a wait is found out also if it begins later, and not only at the end of the time.
        """

        async def main(client: Client) -> None:
            await self.virtual.pause(100)
            await Deferred()

        with self.assertRaises(NothingHappens) as caught:
            self.virtual.run(main, hours=1)
        self.assertIn("nothing can end what the code under test waits for:", str(caught.exception))
        self.assertLess(self.virtual.clock.seconds(), 500)

    def test_callFails(self) -> None:
        """
        What a call of the clock raises is raised, the code under test ends, and no client is left.
        """
        ended: list[str] = []

        async def main(client: Client) -> None:
            def fail() -> None:
                raise ZeroDivisionError

            self.virtual.clock.callLater(5, fail)
            try:
                await self.virtual.pause(60)
            finally:
                ended.append("it")

        self.assertRaises(ZeroDivisionError, self.virtual.run, main)
        self.assertEqual(ended, ["it"])
        self.virtual.assertNothingLeft()

    def test_clientsLeave(self) -> None:
        """
        After a wait that was given up no client is left.
        """

        async def main(client: Client) -> None:
            await Deferred()

        self.words(main)
        self.virtual.assertNothingLeft()

    def test_nothingDue(self) -> None:
        """
        Where nothing at all is still to happen, it is said at once.
        """

        async def main() -> None:
            await Deferred()

        self.virtual.exchange.stop()
        with self.assertRaises(NothingHappens) as caught:
            drive(self.virtual.clock, main(), hours=24)
        self.assertTrue(str(caught.exception).startswith("nothing can end what the code under test waits for:\n"))

    def test_nothingCan(self) -> None:
        """
        A wait that nothing due leads to is given up early, though the test itself knows of it.
        """

        async def main(client: Client) -> None:
            await client.accounts()
            await gatherResults([never, Deferred()], consumeErrors=True)

        # Not of this object, which is near to everything: what looks for secrets knows the test that runs.
        never: Deferred[None] = Deferred()
        with self.assertRaises(NothingHappens) as caught:
            self.virtual.run(main)
        self.assertTrue(str(caught.exception).startswith("nothing can end what the code under test waits for:\n"))
        self.assertIn("main", str(caught.exception))
        self.assertLess(self.virtual.clock.seconds(), 300)

    def test_somethingCan(self) -> None:
        """
        A wait that something due leads to, however far off and through whatever, is not given up.
        """

        async def later() -> int:
            await self.virtual.pause(1_500)
            return 1

        async def main(client: Client) -> list[int]:
            by, timer = Deferred[int](), Deferred[int]()
            waiting.append(by)
            self.virtual.clock.callLater(2_000, fire)
            self.virtual.clock.callLater(1_000, lambda: timer.callback(3))
            return await gatherResults([ensureDeferred(later()), by, timer])

        def fire() -> None:
            waiting.pop().callback(2)

        waiting: list[Deferred[int]] = []
        self.assertEqual(self.virtual.run(main), [1, 2, 3])

    def test_modules(self) -> None:
        """
        A way through a module's globals counts.
        """

        async def main(client: Client) -> int:
            _GLOBAL.append(Deferred())
            self.virtual.clock.callLater(1_000, _fireGlobal)
            return await _GLOBAL[0]

        self.assertEqual(self.virtual.run(main), 4)


_GLOBAL: list[Deferred[int]] = []


def _fireGlobal() -> None:
    _GLOBAL.pop().callback(4)


class NameTests(SynchronousTestCase):
    """
    The names of the package.
    """

    def test_all(self) -> None:
        """
        Every public name is there; another one is not.
        """
        for name in ctrader_twisted.testing.__all__:
            self.assertIsNotNone(getattr(ctrader_twisted.testing, name))
        with self.assertRaises(AttributeError):
            ctrader_twisted.testing.nothing  # noqa: B018

    def test_noReactor(self) -> None:
        """
        To import all of it installs no reactor.
        """
        names = ", ".join(ctrader_twisted.testing.__all__)
        check = f"import sys\nfrom ctrader_twisted.testing import {names}\nassert {_REACTOR!r} not in sys.modules"
        variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
        subprocess.run([sys.executable, "-c", check], check=True, timeout=60, env=variables)
