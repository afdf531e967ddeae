"""
The TLS records of one read, together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["joinRecords"]


def joinRecords(transport: Any, begins: Callable[[], None], ends: Callable[[], None]) -> bool:
    """
    Have a protocol told when Twisted begins to decrypt what one read from the socket has brought, and when it has done
    so. Between the two it is given the content of each record, and can put them together. All else is left to Twisted:
    its errors, its closing, and its order. The method that is wrapped is one of Twisted's private ones; where there is
    none, such as without TLS, nothing happens, and the protocol takes each record as it comes.

    @param transport: the protocol's transport.
    @param begins: called first.
    @param ends: called last.
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
            ends()

    transport._flushReceiveBIO = decryptAll
    return True
