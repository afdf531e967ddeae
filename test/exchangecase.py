"""
What tests of the simulator's answers share.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import (
    ProtoOAErrorRes,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import USD_ACCOUNT
from test.rawclient import RawClient
from test.watching import Watch


class ExchangeCase(SynchronousTestCase):
    """
    An exchange on a virtual clock.

    @cvar settings: how the exchange behaves.
    """

    settings = Settings()

    def setUp(self) -> None:
        self.clock = Clock()
        self.exchange = Exchange.default(self.clock, settings=self.settings)
        self.watch = Watch(self.exchange)

    def tearDown(self) -> None:
        for connection in list(self.exchange.connections):
            connection.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.watch.all(), [])

    def token(self, grant: str = "trade") -> str:
        """
        @return: the access token of a grant.
        """
        return self.exchange.registry.grantNamed(grant).accessToken.reveal()

    def refused(self, client: RawClient, request: Message, code: str, description: str | None = None) -> Any:
        """
        Check that a request is refused.
        """
        answer = client.ask(request)
        self.assertIsInstance(answer, ProtoOAErrorRes)
        self.assertEqual(answer.errorCode, code)
        if description is not None:
            self.assertEqual(answer.description, description)
        return answer


class ClientCase(SynchronousTestCase):
    """
    A started exchange, and a client that is logged in to the account in dollars.

    @cvar settings: how the exchange behaves.
    """

    settings = Settings(generalRate=1_000, historicalRate=1_000, idleLimit=100_000)

    def setUp(self) -> None:
        self.clock = Clock()
        self.exchange = self.makeExchange()
        self.watch = Watch(self.exchange)
        self.exchange.start()
        self.client = RawClient(self.exchange)
        self.client.logIn()
        self.client.received()

    def makeExchange(self) -> Exchange:
        """
        @return: the exchange; to be overridden for other prices.
        """
        return Exchange.default(self.clock, settings=self.settings)

    def tearDown(self) -> None:
        self.exchange.stop()
        for connection in list(self.exchange.connections):
            connection.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.watch.all(), [])

    def ask(self, kind: Any, **fields: Any) -> Any:
        """
        Send a request for the account, and give its answer.
        """
        return self.client.ask(kind(ctidTraderAccountId=USD_ACCOUNT, **fields))

    def refused(self, code: str, kind: Any, **fields: Any) -> None:
        """
        Check that a request for the account is refused.
        """
        answer = self.ask(kind, **fields)
        self.assertIsInstance(answer, ProtoOAErrorRes)
        self.assertEqual(answer.errorCode, code)
