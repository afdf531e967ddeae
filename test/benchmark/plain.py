"""
A client as one writes it with Twisted at first; what the package must be better than.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import Int32StringReceiver
from twisted.python.failure import Failure

from ctrader_twisted.schema import messageClass, payloadType
from ctrader_twisted.schema.messages import ProtoMessage

__all__ = ["PlainProtocol"]


class PlainProtocol(Int32StringReceiver):
    """
    Strings with their length before them, an envelope in each, and a message in that.

    @ivar gone: fires when the connection is lost.
    """

    MAX_LENGTH = 15_000_000

    def __init__(self, clock: IReactorTime, listener: Callable[[Any], None]) -> None:
        """
        @param clock: the reactor.
        @param listener: called with what answers no request.
        """
        self.gone: Deferred[None] = Deferred()
        self._clock = clock
        self._listener = listener
        self._count = 0
        self._waiting: dict[str, Deferred[Message]] = {}

    def request(self, message: Message, timeout: float) -> Deferred[Message]:
        """
        Send a request.

        @param message: the request.
        @param timeout: seconds to wait for the answer.
        @return: fires with the answer.
        """
        self._count += 1
        clientMsgId = f"{0:016x}.{self._count}"
        envelope = ProtoMessage(
            payloadType=payloadType(message), payload=message.SerializeToString(), clientMsgId=clientMsgId
        )
        answered: Deferred[Message] = Deferred()
        self._waiting[clientMsgId] = answered
        self.sendString(envelope.SerializeToString())
        return answered.addTimeout(timeout, self._clock)

    def stringReceived(self, string: bytes) -> None:
        """
        A frame came.

        @param string: the bytes of the envelope.
        """
        envelope = ProtoMessage()
        envelope.ParseFromString(string)
        kind = messageClass(envelope.payloadType)
        assert kind is not None
        message = kind()
        message.ParseFromString(envelope.payload)
        waiting = self._waiting.pop(envelope.clientMsgId, None) if envelope.clientMsgId else None
        if waiting is None:
            self._listener(message)
        else:
            waiting.callback(message)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The connection is gone.

        @param reason: why.
        """
        self.gone.callback(None)
