"""
The service that records.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from attrs import frozen
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.blocking import Worker
from ctrader_twisted.client import Account, Client
from ctrader_twisted.client.client import systemTime
from ctrader_twisted.client.persisting import Persistence
from ctrader_twisted.errors import ConfigurationError, CTraderError, SymbolNotFound
from ctrader_twisted.eventual import eventually
from ctrader_twisted.interfaces import RunBlocking
from ctrader_twisted.recorder.filling import Filling, Sealed
from ctrader_twisted.recorder.intake import Intake
from ctrader_twisted.recorder.live import SIDES
from ctrader_twisted.recorder.servertime import ServerTime
from ctrader_twisted.session.link import Registration
from ctrader_twisted.session.listeners import Listeners
from ctrader_twisted.store import DatasetWriter, Series
from ctrader_twisted.units import Symbol
from ctrader_twisted.wire.clocks import steadySeconds

__all__ = ["Recorder", "RecorderStatus"]


@frozen
class RecorderStatus:
    """
    How a recording fares.

    @ivar live: by symbol, how many ticks have come live since the start.
    @ivar filled: how many ticks have come from history since the start.
    @ivar dropped: how many were dropped because the disk was too slow; history gives them again.
    @ivar refused: by symbol, why it is not recorded now: the broker does not have it, or does not send it.
    @ivar incomplete: by series, why the last attempt to complete it from history failed.
    @ivar failure: why nothing is recorded any more, such as that the disk is full; L{None} while all is well.
    """

    live: dict[str, int]
    filled: int
    dropped: int
    refused: dict[str, CTraderError]
    incomplete: dict[Series, CTraderError]
    failure: BaseException | None


class Recorder(Service):
    """
    Records the ticks of some symbols into a dataset, from live events, and completes them from history: what was missed
    in an outage or while nothing was recorded, and each day when it is over, in UTC.

    It is a service of Twisted's beside the client's. What it has recorded is on the disk after some seconds, and then
    nothing takes it away again, the end of the process by whatever means included. If the disk fails, it stops and says
    so (L{onFailed}, L{status} and the log), and the dataset stays as it is.
    """

    _log = Logger()

    def __init__(
        self,
        client: Client,
        accountId: int,
        symbols: Iterable[str],
        directory: str | os.PathLike[str],
        *,
        reactor: Any,
        since: int | None = None,
        canGetTokens: bool = False,
        runBlocking: RunBlocking | None = None,
        wallClock: Callable[[], int] = systemTime,
    ) -> None:
        """
        @param client: the client, which somebody else starts and stops.
        @param accountId: the account whose prices are recorded.
        @param symbols: the names of the symbols, as the broker writes them.
        @param directory: the folder of the dataset; it is made if need be.
        @param reactor: the reactor.
        @param since: from when on the dataset shall be complete, in milliseconds since 1970; by default from where
            it begins to have each symbol, or from now on if it has nothing of it.
        @param canGetTokens: whether somebody else can put new tokens into the client's store, so that a grant that is
            lost is no reason to give up.
        @param runBlocking: runs what waits for the disk; by default a L{Worker <ctrader_twisted.blocking.Worker>} of
            its own does.
        @param wallClock: milliseconds since 1970. The server's ticks tell what time it is; this only tells whether that
            can be true.
        @raise ConfigurationError: if there is no symbol.
        """
        self._names = tuple(dict.fromkeys(symbols))
        if not self._names:
            raise ConfigurationError("there is nothing to record: no symbol is named")
        self._client = client
        self._accountId = accountId
        self._since = since
        self._persistence = Persistence(client, reactor, accountId, canGetTokens=canGetTokens)
        self._runBlocking = runBlocking or Worker(reactor)
        self._writer = DatasetWriter(directory)
        time = ServerTime(steadySeconds(reactor), wallClock)
        self._makeIntake = partial(Intake, clock=reactor, serverTime=time, runBlocking=self._runBlocking)
        self._makeFilling = partial(Filling, clock=reactor, serverTime=time, runBlocking=self._runBlocking)
        self._onSealed: Listeners[Sealed] = Listeners()
        self._onFailed: Listeners[BaseException] = Listeners()
        self._failure: BaseException | None = None
        self._unknown: dict[str, CTraderError] = {}
        self._intake: Intake | None = None
        self._filling: Filling | None = None
        self._tasks: list[Deferred[None]] = []

    @property
    def status(self) -> RecorderStatus:
        """
        How the recording fares.
        """
        intake, filling = self._intake, self._filling
        return RecorderStatus(
            live=intake.counts if intake else {},
            filled=filling.filled if filling else 0,
            dropped=intake.dropped if intake else 0,
            refused={**self._unknown, **(intake.refused if intake else {})},
            incomplete=dict(filling.failures) if filling else {},
            failure=self._failure,
        )

    def onSealed(self, listener: Callable[[Sealed], object]) -> Registration:
        """
        Hear what history says of what was recorded live.

        @param listener: called for each series and day that has been compared.
        @return: an object whose C{stop()} ends it.
        """
        return self._onSealed.add(listener)

    def onFailed(self, listener: Callable[[BaseException], object]) -> Registration:
        """
        Hear that nothing is recorded any more, until the service is started again.

        @param listener: called with the reason, such as L{StoreFailed <ctrader_twisted.errors.StoreFailed>} if the disk
            failed.
        @return: an object whose C{stop()} ends it.
        """
        return self._onFailed.add(listener)

    def startService(self) -> None:
        """
        Begin to record, as soon as the account is logged in.
        """
        super().startService()  # type: ignore[no-untyped-call]
        self._failure = None
        self._perform(self._record())

    def stopService(self) -> Deferred[None]:
        """
        Record nothing any more.

        @return: fires when all that came is on the disk, and others can write the dataset. Fails with L{StoreFailed
            <ctrader_twisted.errors.StoreFailed>} if the disk does not take it.
        """
        super().stopService()  # type: ignore[no-untyped-call]
        return eventually(self._stop())

    def _perform(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = Deferred.fromCoroutine(coroutine)
        self._tasks.append(task)
        task.addErrback(self._ended)

    async def _record(self) -> None:
        await self._runBlocking(self._writer.open)
        account = await self._persistence.ask(partial(self._client.account, self._accountId))
        symbols = [symbol for name in self._names if (symbol := await self._find(account, name)) is not None]
        if not symbols:
            raise next(iter(self._unknown.values()))
        series = {Series.ticks(symbol.name, side): symbol for symbol in symbols for side in SIDES}
        self._intake = self._makeIntake(self._client, account, symbols, self._writer)
        self._filling = self._makeFilling(account, series, self._writer, since=self._since, sealed=self._onSealed.tell)
        self._intake.start()
        self._perform(self._intake.run())
        self._perform(self._filling.run())

    async def _find(self, account: Account, name: str) -> Symbol | None:
        self._unknown.pop(name, None)
        try:
            return await self._persistence.ask(partial(account.symbol, name))
        except SymbolNotFound as error:
            # The others are recorded all the same.
            self._unknown[name] = error
            self._log.error("{symbol} is not recorded: {error}", symbol=name, error=error)
            return None

    def _ended(self, failure: Failure) -> None:
        if isinstance(failure.value, CancelledError) or self._failure is not None:
            return
        assert failure.value is not None
        self._failure = failure.value
        self._log.critical("nothing is recorded any more: {error}", error=failure.value)
        self._halt()
        # What is in memory does not get to the disk; others may want the dataset.
        self._runBlocking(self._writer.close).addErrback(lambda _: None)
        self._onFailed.tell(failure.value)

    def _halt(self) -> list[Deferred[None]]:
        tasks, self._tasks = self._tasks, []
        if self._intake is not None:
            self._intake.stop()
        for task in tasks:
            task.cancel()
        return tasks

    async def _stop(self) -> None:
        for task in self._halt():
            await task
        try:
            if self._failure is None and self._intake is not None:
                await self._intake.flush()
        finally:
            await self._runBlocking(self._writer.close)
