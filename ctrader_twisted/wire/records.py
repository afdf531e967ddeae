"""
The TLS records of one read, together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IWriteDescriptor

__all__ = ["joinRecords"]


def joinRecords(transport: Any, begins: Callable[[], None], ends: Callable[[], bool]) -> bool:
    """
    Have a protocol told when Twisted begins to decrypt what one read from the socket has brought, and when it has done
    so. Between the two it is given the content of each record, and can put them together. All else is left to Twisted:
    its errors, its closing, and its order. The method that is wrapped is one of Twisted's private ones; where there is
    none, such as without TLS, nothing happens, and the protocol takes each record as it comes.

    @param transport: the protocol's transport.
    @param begins: called first.
    @param ends: called last; tells whether the protocol has written something since the beginning.
    @return: whether it will be told.
    """
    decrypt = getattr(transport, "_flushReceiveBIO", None)
    if not callable(decrypt):
        return False

    def decryptAll() -> None:
        begins()
        try:
            decrypt()
        finally:
            if ends():
                _sendNow(transport)

    transport._flushReceiveBIO = decryptAll
    return True


def _sendNow(transport: Any) -> None:
    """
    Send what was written while a read was taken in, in one piece, where Twisted would wait for a further turn of the
    reactor or two. It is only done sooner, not otherwise: what the socket does not take, and whatever goes wrong, is
    left to the reactor, which tries again; and on a connection that is closing nothing is done, since that is Twisted's
    own affair. Nothing is done either where its buffer, which is private, is not found.
    """
    buffer, below = getattr(transport, "_aggregator", None), transport.transport
    isSocket = IWriteDescriptor.providedBy(below)
    if buffer is None or not isSocket or not below.connected:
        return
    if not transport.disconnecting and not below.disconnecting:
        buffer.flush()
        below.doWrite()
