"""
From live events to the disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from google.protobuf.message import Message
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ctrader_twisted.client import Account, Client
from ctrader_twisted.client.status import ClientStatus
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.interfaces import RunBlocking
from ctrader_twisted.recorder.live import LiveTicks, Taken
from ctrader_twisted.recorder.servertime import ServerTime
from ctrader_twisted.schema.messages import ProtoHeartbeatEvent, ProtoOASpotEvent
from ctrader_twisted.session.link import Registration
from ctrader_twisted.session.tables import AccountState
from ctrader_twisted.store import DatasetWriter
from ctrader_twisted.units import Symbol

__all__ = ["Intake"]

_FLUSH = 2.0
_MOST_WAITING = 2_000_000


class Intake:
    """
    Hears the ticks of some symbols, and has them written every few seconds.

    @ivar dropped: how many ticks were dropped because the disk was too slow; they count as missed.
    @ivar refused: by symbol, why the server does not send it now.
    """

    _log = Logger()

    def __init__(
        self,
        client: Client,
        account: Account,
        symbols: Iterable[Symbol],
        writer: DatasetWriter,
        *,
        clock: IReactorTime,
        serverTime: ServerTime,
        runBlocking: RunBlocking,
    ) -> None:
        """
        @param client: the client.
        @param account: its account.
        @param symbols: what to hear.
        @param writer: the dataset; it is open.
        @param clock: the reactor.
        @param serverTime: is told of each tick.
        @param runBlocking: runs what waits for the disk.
        """
        self.dropped = 0
        self.refused: dict[str, CTraderError] = {}
        self._client = client
        self._account = account
        self._writer = writer
        self._clock = clock
        self._serverTime = serverTime
        self._runBlocking = runBlocking
        self._symbols = {symbol.symbolId: LiveTicks(symbol) for symbol in symbols}
        self._interrupted: list[Taken] = []
        self._waiting = 0
        self._heard = 0
        self._wasReady = True
        self._registrations: list[Registration] = []

    @property
    def counts(self) -> dict[str, int]:
        """
        @return: by symbol, how many ticks have come.
        """
        return {ticks.symbol.name: ticks.count for ticks in self._symbols.values()}

    def start(self) -> None:
        """
        Begin to hear.
        """
        self._registrations = [
            self._client.onStatus(self._changed),
            self._client.listen(ProtoHeartbeatEvent, self._alive),
            self._account.listen(ProtoOASpotEvent, self._received),
        ]
        for ticks in self._symbols.values():
            refused = partial(self._isRefused, ticks)
            # It keeps the subscription; the events themselves tell which side has changed.
            self._registrations.append(self._account.onQuote(ticks.symbol, _ignored, onRefused=refused))

    def stop(self) -> None:
        """
        Hear nothing more. What came can still be flushed.
        """
        for registration in self._registrations:
            registration.stop()
        self._registrations = []

    async def run(self) -> None:
        """
        Let the disk have what came, every few seconds, until it is cancelled.

        @raise StoreFailed: if the disk does not take it.
        """
        while True:
            await deferLater(self._clock, _FLUSH)
            await self.flush()

    async def flush(self) -> None:
        """
        Let the disk have what came.

        @raise StoreFailed: if the disk does not take it.
        """
        taken, self._interrupted, self._waiting = self._interrupted, [], 0
        for ticks in self._symbols.values():
            taken += ticks.take(self._heard)
        if taken:
            await self._runBlocking(self._keep, taken)

    def _keep(self, taken: list[Taken]) -> None:
        for series, span, ticks in taken:
            self._writer.append(series, span, ticks)
        self._writer.flush()

    def _received(self, event: ProtoOASpotEvent) -> None:
        ticks = self._symbols.get(event.symbolId)
        if ticks is None:
            return
        self._serverTime.heard(event.timestamp)
        now = self._serverTime.now()
        self._heard = now or 0
        ticks.received(event, now)
        if self.refused:
            self.refused.pop(ticks.symbol.name, None)
        self._waiting += 1
        if self._waiting > _MOST_WAITING:
            self._drop()

    def _alive(self, message: Message) -> None:
        self._heard = self._serverTime.now() or 0

    def _drop(self) -> None:
        dropped = sum(map(len, self._symbols.values())) + sum(len(taken.ticks) for taken in self._interrupted)
        self._log.error("the disk is too slow; {dropped} ticks are dropped, and fetched from history", dropped=dropped)
        self.dropped += dropped
        self._waiting, self._interrupted = 0, []
        for ticks in self._symbols.values():
            ticks.forget()

    def _changed(self, status: ClientStatus) -> None:
        isReady = status.accounts[self._account.accountId].state is AccountState.READY
        if self._wasReady and not isReady:
            for ticks in self._symbols.values():
                self._interrupted += ticks.interrupted(self._heard)
        self._wasReady = isReady

    def _isRefused(self, ticks: LiveTicks, error: CTraderError) -> None:
        self._log.error("{symbol} does not come: {error}", symbol=ticks.symbol.name, error=error)
        self.refused[ticks.symbol.name] = error
        self._interrupted += ticks.interrupted(self._heard)


def _ignored(quote: object) -> None:
    pass
