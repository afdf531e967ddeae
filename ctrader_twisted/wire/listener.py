"""
What a connection tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from google.protobuf.message import Message

from ctrader_twisted.errors import CTraderError

if TYPE_CHECKING:
    from ctrader_twisted.wire.protocol import OpenApiProtocol

__all__ = ["ConnectionListener"]


class ConnectionListener(Protocol):
    """
    Who hears what happens on a connection.
    """

    def connectionOpened(self, protocol: OpenApiProtocol) -> None:
        """
        The transport is there; nothing can be sent before L{connectionSecured}.

        @param protocol: the connection.
        """

    def connectionSecured(self, protocol: OpenApiProtocol) -> None:
        """
        The certificate is verified (or the transport needs none); requests can be sent.

        @param protocol: the connection.
        """

    def eventReceived(self, protocol: OpenApiProtocol, message: Message) -> None:
        """
        Something came that answers no waiting request: an event, or an error that nobody asked for. An execution event
        that answers a trading request comes here too, before the answer fires.

        @param protocol: the connection.
        @param message: what came.
        """

    def connectionBroken(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        """
        Nothing can be sent any more; what waits for an answer fails next, and L{connectionEnded} follows. It may be
        told twice, when the connection is closed for a reason of ours.

        @param protocol: the connection.
        @param reason: why, in words for a person.
        """

    def connectionEnded(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        """
        The connection is gone; all its requests have failed.

        @param protocol: the connection.
        @param reason: why, in words for a person.
        """
