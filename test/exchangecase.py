"""
What tests of logins to the simulator share.
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
from test.rawclient import RawClient


class ExchangeCase(SynchronousTestCase):
    """
    An exchange on a virtual clock.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.exchange = Exchange.default(self.clock)

    def tearDown(self) -> None:
        for connection in list(self.exchange.connections):
            connection.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])

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
