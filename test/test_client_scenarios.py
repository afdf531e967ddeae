"""
Tests of whole clients for what has gone wrong in other clients, where no other test shows it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost as TransportLost
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from ctrader_twisted import Client, Lots
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.schema import messages as m
from ctrader_twisted.testing import VirtualExchange

PROJECT = Path(__file__).resolve().parent.parent


class ClientScenarioTests(SynchronousTestCase):
    """
    Clients on a virtual exchange.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.virtual = VirtualExchange()

    def pause(self, seconds: float) -> Deferred[None]:
        """
        @return: fires after some virtual time.
        """
        return deferLater(self.virtual.clock, seconds, lambda: None)

    def orders(self, accountId: int) -> int:
        """
        @return: how many orders of an account the server has seen.
        """
        seen = self.virtual.exchange.seen
        return sum(isinstance(each, m.ProtoOANewOrderReq) and each.ctidTraderAccountId == accountId for each in seen)

    def test_demoAndLive(self) -> None:
        """
        Scenario 1: A client of the demo host and one of the live host in one process share nothing: an order, an event
        and a loss of one never reach the other.
        """

        async def main() -> None:
            demo, live = self.virtual.client(), self.virtual.client(endpoint=self.virtual.liveEndpoint)
            async with demo, live:
                mine = await demo.account(self.virtual.accountId)
                real = await live.account(self.virtual.liveAccountId)
                told: list[tuple[str, Message]] = []
                demo.listen(m.ProtoOAExecutionEvent, lambda event: told.append(("demo", event)))
                live.listen(m.ProtoOAExecutionEvent, lambda event: told.append(("live", event)))
                await (await real.buy(await real.symbol("EURUSD"), Lots("0.01"))).whenFilled()
                self.assertEqual({host for host, _ in told}, {"live"})
                self.assertEqual((self.orders(mine.accountId), self.orders(real.accountId)), (0, 1))
                self.assertEqual((len(mine.positions), len(real.positions)), (0, 1))
                lost, kept = self.virtual.endpoint.links[-1], self.virtual.liveEndpoint.links[-1]
                lost.cut()
                await self.pause(1)
                self.assertIs(self.virtual.liveEndpoint.links[-1], kept)
                self.assertIsNot(self.virtual.endpoint.links[-1], lost)

        self.virtual.drive(main())

    def test_reset(self) -> None:
        """
        Scenario 24: A connection that is reset while nothing happens is made again, as one that is closed in peace.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            for reason in (TransportLost(), None):
                link = self.virtual.endpoint.links[-1]
                if reason is None:
                    link.server.transport.loseConnection()
                else:
                    link.cut()
                await self.pause(1)
                await account.whenReady()
                self.assertIsNot(self.virtual.endpoint.links[-1], link)

        self.virtual.run(main)

    def test_heartbeatBehindAQueue(self) -> None:
        """
        Scenario 28: However many requests wait for their turn, the heartbeats of a connection on which nothing leaves
        go out in time, and the server does not close it.
        """

        async def main(client: Client) -> None:
            account = await client.account(self.virtual.accountId)
            # The first refusal closes the type for a minute or so, and all wait.
            for _ in range(2_000):
                account.request(m.ProtoOADealListReq()).addErrback(lambda _: None)
            link = self.virtual.endpoint.links[-1]
            await self.pause(120)
            self.assertIs(self.virtual.endpoint.links[-1], link)
            self.assertTrue(link.isOpen)

        self.virtual.run(main)

    def test_secrets(self) -> None:
        """
        Scenario 91: Neither secrets nor tokens are in what is logged, raised or shown by clients that fail and succeed.
        """
        said: list[str] = []

        @implementer(ILogObserver)
        def observe(event: LogEvent) -> None:
            said.extend(f"{key}={value!r} {value}" for key, value in event.items() if key != "log_logger")

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)

        async def attempt(**options: Any) -> None:
            client = self.virtual.client(**options)
            said.append(repr(client))
            try:
                async with client:
                    account = await client.account(self.virtual.accountId)
                    said.append(f"{client.status!r} {account!r} {await client.accounts()!r}")
            except CTraderError as error:
                said.append(f"{error!r} {error} {error.__dict__} {Failure(error).getTraceback()}")

        async def main() -> None:
            for grant in ("trade", "view", "expired"):
                await attempt(tokens=self.virtual.grant(grant))
            application = self.virtual.application
            await attempt(application=type(application)(application.clientId, "a-wrong-secret"))

        self.virtual.drive(main())
        self.flushLoggedErrors()
        registry = self.virtual.exchange.registry
        grants = [registry.grantNamed(name) for name in ("trade", "view", "expired")]
        secrets = ["a-wrong-secret", registry.applicationNamed("standard").clientSecret]
        secrets += [token for grant in grants for token in (grant.accessToken, grant.refreshToken)]
        told = "\n".join(said)
        self.assertGreater(len(told), 1_000)
        self.assertEqual([secret for secret in secrets if str(secret) in told], [])


class ImportTests(SynchronousTestCase):
    """
    What importing the package does.
    """

    def test_quiet(self) -> None:
        """
        Scenario 87: Importing the package and its main names installs no reactor, opens no socket and configures no
        logging.
        """
        script = """
import logging, socket, sys
def refuse(*args, **named):
    raise AssertionError("a socket")
socket.socket.__init__ = refuse
from ctrader_twisted import *
assert "twisted.internet.reactor" not in sys.modules
assert logging.getLogger().handlers == []
"""
        done = subprocess.run(
            [sys.executable, "-W", "error::ResourceWarning", "-c", script],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
