"""
A client that only frames and parses, to look at the simulator's server from outside.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from twisted.internet.testing import StringTransport

from ctrader_twisted.framing import FrameDecoder, encodeFrame
from ctrader_twisted.schema.messages import (
    ProtoHeartbeatEvent,
    ProtoOAAccountAuthReq,
    ProtoOAApplicationAuthReq,
)
from ctrader_twisted.simulator.connection import SimulatorFactory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.world import USD_ACCOUNT

__all__ = ["ListedPrices", "RawClient"]


class RawClient:
    """
    One connection to an exchange, in memory.
    """

    def __init__(self, exchange: Exchange, *, isLiveHost: bool = False) -> None:
        """
        @param exchange: what to connect to.
        @param isLiveHost: which host to connect to.
        """
        self.exchange = exchange
        self.transport = StringTransport()
        self.protocol = SimulatorFactory(exchange, isLiveHost=isLiveHost).buildProtocol()
        self.protocol.makeConnection(self.transport)
        self._decoder = FrameDecoder()

    def send(self, message: Message, clientMsgId: str | None = None) -> None:
        """
        Send a message.
        """
        self.protocol.dataReceived(encodeFrame(message, clientMsgId))

    def received(self) -> list[tuple[Any, str | None]]:
        """
        @return: the messages that came since the last call, with their ids.
        """
        envelopes = list(self._decoder.feed(self.transport.value()))
        self.transport.clear()
        return [(envelope.message(), envelope.clientMsgId) for envelope in envelopes]

    def messages(self) -> list[Any]:
        """
        @return: the messages that came since the last call, without heartbeats.
        """
        return [message for message, _ in self.received() if not isinstance(message, ProtoHeartbeatEvent)]

    def ask(self, message: Message) -> Any:
        """
        Send a request and give its only answer.
        """
        self.received()
        self.send(message, "ask")
        [answer] = [message for message, clientMsgId in self.received() if clientMsgId == "ask"]
        return answer

    def logInApplication(self, name: str = "standard") -> Any:
        """
        Log an application in.
        """
        application = self.exchange.registry.applicationNamed(name)
        return self.ask(
            ProtoOAApplicationAuthReq(clientId=application.clientId, clientSecret=application.clientSecret.reveal())
        )

    def logIn(self, accountId: int = USD_ACCOUNT, grant: str = "trade") -> Any:
        """
        Log an account in, and the application first if need be.
        """
        if self.protocol.application is None:
            self.logInApplication()
        token = self.exchange.registry.grantNamed(grant).accessToken.reveal()
        return self.ask(ProtoOAAccountAuthReq(ctidTraderAccountId=accountId, accessToken=token))

    def lose(self) -> None:
        """
        End the connection from the client's side.
        """
        self.protocol.connectionLost()


class ListedPrices:
    """
    The prices that a test has written down.
    """

    def __init__(self, ticks: list[Tick]) -> None:
        """
        @param ticks: in the order of time.
        """
        self.listed = ticks

    def ticks(self, start: int, end: int) -> list[Tick]:
        """
        @return: the ticks of a span.
        """
        return [tick for tick in self.listed if start <= tick.timestamp <= end]

    def lastTick(self, at: int) -> Tick | None:
        """
        @return: the newest tick that is not after a moment.
        """
        return next((tick for tick in reversed(self.listed) if tick.timestamp <= at), None)

    def nextTick(self, after: int) -> Tick | None:
        """
        @return: the oldest tick after a moment.
        """
        return next((tick for tick in self.listed if tick.timestamp > after), None)
