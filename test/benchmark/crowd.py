"""
Many clients in one process: C{python -m test.benchmark.crowd}, followed by its L{Visit} as JSON.

They log in, subscribe to all symbols, and count the events until the server ends their connections. A line is printed
when all are subscribed, and another one with the count at the end.
"""

from __future__ import annotations

import json
import selectors
import socket
import ssl
import sys
from struct import Struct
from typing import NamedTuple

from ctrader_twisted.framing import encodeFrame
from ctrader_twisted.schema.messages import ProtoOAAccountAuthReq, ProtoOAApplicationAuthReq, ProtoOASubscribeSpotsReq
from ctrader_twisted.simulator.world import USD_ACCOUNT
from test.benchmark.certificate import HOST
from test.benchmark.child import obey
from test.benchmark.fanout import FIRST_SYMBOL, SYMBOLS_OFFERED

__all__ = ["Visit"]

_LENGTH = Struct("!I")
# The envelope of a spot event begins with its payload type.
_SPOT = bytes.fromhex("08d310")


class Visit(NamedTuple):
    """
    Where the clients go.

    @ivar clients: how many there are.
    @ivar port: where the server is.
    @ivar caFile: the certificate to trust.
    @ivar clientId: the application.
    @ivar clientSecret: its secret.
    @ivar accessToken: the token.
    @ivar core: which core to keep to, or L{None} for any.
    @ivar seconds: the longest time to live.
    """

    clients: int
    port: int
    caFile: str
    clientId: str
    clientSecret: str
    accessToken: str
    core: int | None
    seconds: float


class _Client:
    """
    One connection, and how many events came on it.
    """

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self.connection = connection
        self.events = 0
        self._rest = b""

    def read(self) -> bool:
        """
        @return: whether the connection is still open.
        """
        try:
            while data := self.connection.recv(65_536):
                self._count(self._rest + data)
        except ssl.SSLWantReadError:
            return True
        except OSError:
            pass
        return False

    def _count(self, data: bytes) -> None:
        start, end = 0, len(data)
        while end - start >= 4:
            following = start + 4 + _LENGTH.unpack_from(data, start)[0]
            if following > end:
                break
            self.events += data.startswith(_SPOT, start + 4)
            start = following
        self._rest = data[start:]


def _greeting(visit: Visit) -> bytes:
    symbols = range(FIRST_SYMBOL, FIRST_SYMBOL + SYMBOLS_OFFERED)
    return b"".join(
        map(
            encodeFrame,
            (
                ProtoOAApplicationAuthReq(clientId=visit.clientId, clientSecret=visit.clientSecret),
                ProtoOAAccountAuthReq(ctidTraderAccountId=USD_ACCOUNT, accessToken=visit.accessToken),
                ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=symbols),
            ),
        )
    )


def main() -> None:
    """
    Visit the server until it has had enough.
    """
    visit = Visit(**json.loads(sys.argv[1]))
    obey(visit.core, visit.seconds)
    context = ssl.create_default_context(cafile=visit.caFile)
    greeting = _greeting(visit)
    selector = selectors.DefaultSelector()
    clients = []
    for _ in range(visit.clients):
        connection = context.wrap_socket(socket.create_connection((HOST, visit.port)), server_hostname=HOST)
        connection.sendall(greeting)
        connection.setblocking(False)
        clients.append(_Client(connection))
        selector.register(connection, selectors.EVENT_READ, clients[-1])
    _follow(selector, clients)
    print(json.dumps({"events": sum(client.events for client in clients)}), flush=True)


def _follow(selector: selectors.BaseSelector, clients: list[_Client]) -> None:
    ready = False
    while selector.get_map():
        for key, _ in selector.select():
            if not key.data.read():
                selector.unregister(key.fileobj)
        if not ready and all(client.events >= SYMBOLS_OFFERED for client in clients):
            ready = True
            print("{}", flush=True)


if __name__ == "__main__":
    main()
