"""
What the tests with clients of others share: a day of trading that such a client lives through, told in lines.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from ctrader_twisted.testing import LoopbackExchange

__all__ = ["DAY", "ForeignCase"]

DAY = """\
connected
application
version 91
accounts 4
account 20001
trader 5000001
reference 9 assets, 4 classes, 5 categories, 10 symbols
symbol EURUSD, 5 digits
conversion EURUSD
spots
bars live
depth
history of bars
history of ticks
market: ORDER_ACCEPTED ORDER_FILLED ORDER_ACCEPTED
market range: ORDER_ACCEPTED ORDER_FILLED
market range too far: ORDER_ACCEPTED ORDER_CANCELLED
limit: ORDER_ACCEPTED
limit amended: ORDER_REPLACED
limit reached: ORDER_FILLED
stop: ORDER_ACCEPTED
stop reached: ORDER_FILLED
stop limit: ORDER_ACCEPTED
stop limit reached: ORDER_FILLED
stop cancelled: ORDER_ACCEPTED ORDER_CANCELLED
protected: ORDER_REPLACED
refused: POSITION_NOT_FOUND
partly closed: ORDER_ACCEPTED ORDER_FILLED
open 5
stopped out: ORDER_FILLED
closed
flat
reports 11 deals, 13 orders, 0 cash flows
logged out
"""
"""
What a client prints that has understood all of it.
"""


class _Client(ProcessProtocol):
    """
    The process of a client. Where it prints C{price BID ASK} it wants EURUSD to have that price.

    @ivar told: what else it has printed.
    @ivar complained: what it has printed as errors.
    @ivar status: its exit status; L{None} while it runs, and after a signal.
    """

    transport: IProcessTransport

    def __init__(self, exchange: LoopbackExchange) -> None:
        self.told = ""
        self.complained = ""
        self.status: int | None = None
        self._exchange = exchange
        self._line = ""
        self._isOver = False
        self._waiting: list[Deferred[None]] = []

    def outReceived(self, data: bytes) -> None:
        *lines, self._line = (self._line + data.decode(errors="replace")).split("\n")
        for line in lines:
            if line.startswith("price "):
                self._exchange.price("EURUSD", *line.split()[1:])
            else:
                self.told += f"{line}\n"

    def errReceived(self, data: bytes) -> None:
        self.complained += data.decode(errors="replace")

    def processEnded(self, reason: Failure) -> None:
        self._isOver = True
        self.status = getattr(reason.value, "exitCode", None)
        for waiting in self._waiting:
            waiting.callback(None)

    def whenEnded(self) -> Deferred[None]:
        waiting: Deferred[None] = Deferred()
        if self._isOver:
            waiting.callback(None)
        else:
            self._waiting.append(waiting)
        return waiting

    def end(self) -> Deferred[None]:
        with contextlib.suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")
        return self.whenEnded()


class ForeignCase(TestCase):
    """
    A client of others against the simulator, on sockets.
    """

    timeout = 170

    async def live(self, words: Sequence[str], *, trusts: str | None = None, before: str = "") -> None:
        """
        Let a client live through the day.

        @param words: its command line; the path of C{simulator.json} is added.
        @param trusts: the variable of its environment that names a file of authorities for it to trust.
        @param before: what it prints before the day.
        """
        # It must not find this project's packages.
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        async with LoopbackExchange(reactor) as exchange:
            client = _Client(exchange)
            if trusts:
                variables[trusts] = str(exchange.caFile)
            reactor.spawnProcess(client, words[0], [*words, str(exchange.infoFile)], env=variables)
            self.addCleanup(client.end)
            await client.whenEnded().addTimeout(self.timeout - 20, reactor)
            self.assertEqual((client.told, client.status), (before + DAY, 0), client.complained)
