"""
The deals of an account for a consumer that must not lose one, whatever happens to the process.
"""

from __future__ import annotations

import json
import os
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Self

from twisted.internet.defer import CancelledError, Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from ctrader_twisted.durable import replaceDurably
from ctrader_twisted.errors import ConfigurationError, CTraderError, IllegalValue, NotConnected, TooSlow
from ctrader_twisted.eventual import eventually
from ctrader_twisted.interfaces import Acknowledged, ICursor, RunBlocking
from ctrader_twisted.schema.messages import ProtoOADeal
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.session.listeners import Waiters
from ctrader_twisted.trading.archive import CLOCK_DOUBT, Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.deals import Deal, isFilled, readDeal
from ctrader_twisted.trading.recovery import OVERLAP

__all__ = ["ExecutionStream", "FileCursor"]

_MOST_WAITING = 10_000
_LONGEST_PAUSE = 60.0


@implementer(ICursor)
class FileCursor:
    """
    A cursor in a small JSON file that only its owner can read. Each consumer of each account needs one of its own.
    """

    def __init__(self, path: str | os.PathLike[str], runBlocking: RunBlocking) -> None:
        """
        @param path: the file. It need not exist; its folder must.
        @param runBlocking: runs what waits for the disk, such as a L{ctrader_twisted.blocking.Worker}.
        """
        self._path = Path(path)
        self._runBlocking = runBlocking

    def load(self) -> Deferred[Acknowledged | None]:
        """
        @see: L{ICursor.load}
        """
        return self._runBlocking(self._read)

    def save(self, acknowledged: Acknowledged) -> Deferred[None]:
        """
        @see: L{ICursor.save}
        """
        return self._runBlocking(self._write, acknowledged)

    def _read(self) -> Acknowledged | None:
        try:
            row = json.loads(self._path.read_bytes())
            deals = {int(dealId): int(executed) for dealId, executed in row["deals"].items()}
            return Acknowledged(int(row["accountId"]), int(row["executed"]), deals)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(f"the cursor in {self._path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"{self._path} is no cursor: it is damaged, or something else") from error

    def _write(self, acknowledged: Acknowledged) -> None:
        row = {
            "accountId": acknowledged.accountId,
            "executed": acknowledged.executed,
            "deals": dict(acknowledged.deals),
        }
        try:
            replaceDurably(self._path, json.dumps(row).encode())
        except OSError as error:
            raise ConfigurationError(f"the cursor cannot be stored in {self._path}: {error.strerror}") from error


class ExecutionStream:
    """
    Deals, in order, each until it is acknowledged::

        async with account.executions(FileCursor(path, runBlocking)) as deals:
            async for deal in deals:
                book(deal)
                await deals.acknowledge(deal)

    A new cursor begins now. A known one begins with the first deal that was not acknowledged, however long ago that
    was; what is told from the server's lists is marked as C{recovered}. The iteration ends when the account is not
    followed any more; and raises L{TooSlow} when more than 10,000 deals wait for the consumer, who can begin again
    with the same cursor.
    """

    _log = Logger()

    def __init__(self, link: AccountLink, clock: IReactorTime, archive: Archive, books: Books, cursor: ICursor) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        @param archive: what the server remembers.
        @param books: tell of new deals.
        @param cursor: keeps what was acknowledged.
        """
        self._link = link
        self._clock = clock
        self._archive = archive
        self._books = books
        self._cursor = cursor
        self._acknowledged: Acknowledged | None = None
        self._waiting: deque[Deal] = deque()
        # What comes while older deals are being read.
        self._early: list[Deal] | None = []
        self._given: dict[int, Deal] = {}
        self._saving = DeferredLock()
        # What was read from the lists may be told again by the account.
        self._seen: dict[int, None] = {}
        self._pause: Deferred[None] | None = None
        self._waiters: Waiters[None] = Waiters()
        self._error: CTraderError | None = None
        self._hasEnded = False
        self._registrations: tuple[Registration, ...] = ()

    async def __aenter__(self) -> Self:
        """
        Begin.

        @return: this stream.
        @raise ConfigurationError: if the cursor cannot be read, or is another account's.
        """
        self._registrations = (
            self._books.executions.listen(self._heard),
            self._books.onRelease.add(lambda why: self._end()),
        )
        try:
            await eventually(self._catchUp())
        except BaseException:
            self._leave()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._leave()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Deal:
        """
        Wait for the next deal.

        @return: the deal.
        @raise TooSlow: if too many wait.
        """
        while not self._waiting:
            if self._error is not None:
                raise self._error
            if self._hasEnded:
                raise StopAsyncIteration
            await self._waiters.wait()
        deal = self._waiting.popleft()
        self._given[deal.dealId] = deal
        return deal

    def acknowledge(self, deal: Deal) -> Deferred[None]:
        """
        A deal, and all that were given before it, need never be given again.

        @param deal: a deal that this stream has given.
        @return: fires when the cursor has it.
        @raise IllegalValue: (as a failure) if the deal was not given, or is acknowledged already.
        """
        return eventually(self._acknowledge(deal))

    async def _acknowledge(self, deal: Deal) -> None:
        if deal.dealId not in self._given:
            raise IllegalValue(f"deal {deal.dealId} is not one that waits to be acknowledged")
        # What is saved first must not replace what is saved later.
        await self._saving.acquire()
        try:
            await self._save(deal)
        finally:
            self._saving.release()

    async def _save(self, deal: Deal) -> None:
        if deal.dealId not in self._given:
            # A later deal was acknowledged meanwhile, and this one with it.
            return
        done = tuple(self._given)[: list(self._given).index(deal.dealId) + 1]
        assert self._acknowledged is not None
        acknowledged = _after(self._acknowledged, [self._given[dealId] for dealId in done])
        await self._cursor.save(acknowledged)
        self._acknowledged = acknowledged
        for dealId in done:
            del self._given[dealId]

    async def _catchUp(self) -> None:
        known = await self._cursor.load()
        if known is not None and known.accountId != self._link.accountId:
            raise ConfigurationError(f"the cursor is one of account {known.accountId}, not {self._link.accountId}")
        start = self._archive.now() - CLOCK_DOUBT if known is None else known.executed - OVERLAP
        deals = [readDeal(each, self._books.amounts, recovered=True) for each in await self._read(start)]
        if known is None:
            # What was executed before is nobody's news.
            live = {deal.dealId for deal in self._early or ()}
            old = [deal for deal in deals if deal.dealId not in live]
            known, deals = _after(Acknowledged(self._link.accountId, start, {}), old), []
            await self._cursor.save(known)
        self._acknowledged = known
        missed = {deal.dealId: deal for deal in deals if deal.dealId not in known.deals}
        missed |= {deal.dealId: deal for deal in self._early or ()}
        self._early = None
        for deal in sorted(missed.values(), key=lambda each: (each.executed, each.dealId)):
            self._put(deal)

    async def _read(self, start: int) -> list[ProtoOADeal]:
        failures = 0
        while True:
            try:
                return [deal for deal in await self._archive.deals(max(0, start)) if isFilled(deal)]
            except CTraderError as error:
                ended = self._link.ended()
                if ended is not None:
                    raise ended from error
                failures += 1
                self._log.warn(
                    "account {accountId}: the deals could not be read, and are asked for again: {error}",
                    accountId=self._link.accountId,
                    error=error,
                )
            await self._wait(min(_LONGEST_PAUSE, 2.0 ** (failures - 1)))

    async def _wait(self, seconds: float) -> None:
        if not self._hasEnded:
            self._pause = deferLater(self._clock, seconds)
            with suppress(CancelledError):
                await self._pause
            self._pause = None
        if self._hasEnded:
            raise NotConnected(f"account {self._link.accountId} is not followed any more")

    def _heard(self, deal: Deal) -> None:
        if self._early is not None:
            self._early.append(deal)
        else:
            self._put(deal)

    def _put(self, deal: Deal) -> None:
        if self._error is not None or deal.dealId in self._seen:
            return
        self._seen[deal.dealId] = None
        if len(self._seen) > _MOST_WAITING:
            del self._seen[next(iter(self._seen))]
        if len(self._waiting) >= _MOST_WAITING:
            self._error = TooSlow(f"{_MOST_WAITING} deals wait to be read; begin again with the same cursor")
        else:
            self._waiting.append(deal)
        self._waiters.fire(None)

    def _end(self) -> None:
        self._hasEnded = True
        if self._pause is not None:
            self._pause.cancel()
        self._waiters.fire(None)

    def _leave(self) -> None:
        self._end()
        for registration in self._registrations:
            registration.stop()
        self._registrations = ()


def _after(acknowledged: Acknowledged, deals: list[Deal]) -> Acknowledged:
    executed = max((acknowledged.executed, *(deal.executed for deal in deals)))
    known = {**acknowledged.deals, **{deal.dealId: deal.executed for deal in deals}}
    recent = {dealId: moment for dealId, moment in known.items() if moment >= executed - OVERLAP}
    return Acknowledged(acknowledged.accountId, executed, recent)
