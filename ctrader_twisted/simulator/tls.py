"""
The TLS of the simulator's connections.
"""

from __future__ import annotations

from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol

__all__ = ["SecuringFactory"]


class SecuringFactory(TLSMemoryBIOFactory):
    """
    Adds TLS to the server's side of connections, and encrypts each write at once.

    L{ServerProtocol<ctrader_twisted.simulator.connection.ServerProtocol>} joins what leaves together. To join it again,
    with a timer for each write as Twisted does by default, would be a fifth of the work that a crowd of clients makes.
    """

    protocol = TLSMemoryBIOProtocol
