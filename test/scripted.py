"""
A server that answers as a test tells it, for the client's side of the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from google.protobuf.message import Message
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.task import Clock

from ctrader_twisted.framing import FrameDecoder, encodeFrame
from ctrader_twisted.schema import messages as m

Answer = Callable[[Any], "Message | list[Message] | None"]


def standardAnswers() -> dict[type[Message], Answer]:
    """
    @return: what a server says to a client that does all right.
    """
    return {
        m.ProtoOAApplicationAuthReq: lambda _: m.ProtoOAApplicationAuthRes(),
        m.ProtoOAVersionReq: lambda _: m.ProtoOAVersionRes(version="91"),
        m.ProtoOAAccountAuthReq: lambda r: m.ProtoOAAccountAuthRes(ctidTraderAccountId=r.ctidTraderAccountId),
        m.ProtoOATraderReq: lambda r: m.ProtoOATraderRes(
            ctidTraderAccountId=r.ctidTraderAccountId,
            trader=m.ProtoOATrader(
                ctidTraderAccountId=r.ctidTraderAccountId, balance=100_000, depositAssetId=1, moneyDigits=2
            ),
        ),
        m.ProtoOAReconcileReq: lambda r: m.ProtoOAReconcileRes(ctidTraderAccountId=r.ctidTraderAccountId),
        m.ProtoOAGetAccountListByAccessTokenReq: lambda r: m.ProtoOAGetAccountListByAccessTokenRes(
            accessToken=r.accessToken,
            permissionScope=m.ProtoOAClientPermissionScope.SCOPE_TRADE,
            ctidTraderAccount=[m.ProtoOACtidTraderAccount(ctidTraderAccountId=7, isLive=False, traderLogin=70)],
        ),
        m.ProtoHeartbeatEvent: lambda _: None,
    }


class ScriptedProtocol(Protocol):
    """
    One connection to the scripted server.
    """

    factory: ScriptedServer

    def connectionMade(self) -> None:
        """
        Be known to the factory.
        """
        self._decoder = FrameDecoder()
        self.factory.connections.append(self)

    def dataReceived(self, data: bytes) -> None:
        """
        Note each message and answer it.
        """
        for envelope in self._decoder.feed(data):
            message = envelope.message()
            assert message is not None
            self.factory.seen.append(message)
            self.factory.ids.append(envelope.clientMsgId)
            answer = self.factory.answers[type(message)](message)
            for one in answer if isinstance(answer, list) else [answer]:
                if one is not None:
                    self.send(one, envelope.clientMsgId)

    def send(self, message: Message, clientMsgId: str | None = None) -> None:
        """
        Send a message, asked or unasked.
        """
        self.write(encodeFrame(message, clientMsgId))

    def write(self, data: bytes) -> None:
        """
        Send bytes, whatever they are.
        """
        assert self.transport is not None
        self.transport.write(data)

    def connectionLost(self, reason: object = None) -> None:
        """
        Leave the factory.
        """
        self.factory.connections.remove(self)


class ScriptedServer(ServerFactory):
    """
    Makes the connections.

    @ivar answers: what is said to each kind of message; tests change it.
    @ivar seen: every message that came.
    @ivar ids: the C{clientMsgId} of each of them.
    @ivar connections: those that are open.
    """

    noisy = False

    def __init__(self) -> None:
        self.answers = standardAnswers()
        self.seen: list[Message] = []
        self.ids: list[str | None] = []
        self.connections: list[ScriptedProtocol] = []

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """
        Make one connection.
        """
        protocol = ScriptedProtocol()
        protocol.factory = self
        return protocol

    def count(self, kind: type[Message]) -> int:
        """
        @return: how many messages of a kind have come.
        """
        return sum(isinstance(message, kind) for message in self.seen)


class Unspread(Random):
    """
    Randomness without any: the spread of attempts is the middle of its range.
    """

    def uniform(self, a: float, b: float) -> float:
        """
        @return: the middle.
        """
        return (a + b) / 2


def turns(clock: Clock, count: int = 30) -> None:
    """
    Let everything happen that is due now.
    """
    for _ in range(count):
        clock.advance(0)


def error(code: str, description: str = "", **more: Any) -> m.ProtoOAErrorRes:
    """
    @return: a refusal by the trading server.
    """
    return m.ProtoOAErrorRes(errorCode=code, description=description, **more)
