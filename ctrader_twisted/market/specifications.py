"""
The full specifications of symbols, asked for in batches and kept until they change.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.defer import Deferred, succeed

from ctrader_twisted.errors import RequestRefused, SymbolNotFound
from ctrader_twisted.schema.messages import ProtoOASymbol, ProtoOASymbolByIdReq
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.session.listeners import Waiters

__all__ = ["Specifications"]

_MOST_AT_ONCE = 50


class Specifications:
    """
    Specifications by symbol id.

    One request is under way at a time; what is asked for meanwhile goes together in the next one.
    """

    def __init__(self, link: AccountLink) -> None:
        """
        @param link: the account.
        """
        self._link = link
        self._kept: dict[int, ProtoOASymbol] = {}
        self._waiters: dict[int, Waiters[ProtoOASymbol]] = {}
        self._queue: list[int] = []
        self._asking: frozenset[int] = frozenset()
        # Of what is being asked: what has changed since, so that the answer may be the old one.
        self._outdated: set[int] = set()

    def get(self, symbolId: int) -> Deferred[ProtoOASymbol]:
        """
        Get a specification.

        @param symbolId: the symbol.
        @return: fires with the specification.
        @raise SymbolNotFound: (as a failure) if the server has none.
        """
        if symbolId in self._kept:
            return succeed(self._kept[symbolId])
        waiter = self._waiters.setdefault(symbolId, Waiters()).wait()
        if symbolId not in self._asking and symbolId not in self._queue:
            self._queue.append(symbolId)
            self._askNext()
        return waiter

    def drop(self, symbolIds: Iterable[int]) -> None:
        """
        Forget specifications that have changed.

        @param symbolIds: the symbols.
        """
        for symbolId in symbolIds:
            self._kept.pop(symbolId, None)
            if symbolId in self._asking:
                self._outdated.add(symbolId)

    def dropAll(self) -> None:
        """
        Forget all specifications, since changes may have gone unheard.
        """
        self.drop(tuple(self._kept))

    def _askNext(self) -> None:
        if self._queue and not self._asking:
            batch, self._queue = self._queue[:_MOST_AT_ONCE], self._queue[_MOST_AT_ONCE:]
            self._asking = frozenset(batch)
            Deferred.fromCoroutine(self._answer(batch))

    async def _answer(self, batch: list[int]) -> None:
        found = await self._find(batch)
        outdated, self._outdated = self._outdated, set()
        # Whoever is told may ask again at once: all is put in order first.
        self._asking = frozenset()
        self._queue.extend(symbolId for symbolId in batch if symbolId in outdated)
        answered = [(self._waiters.pop(each), each, found[each]) for each in batch if each not in outdated]
        self._kept.update((symbolId, full) for _, symbolId, full in answered if isinstance(full, ProtoOASymbol))
        for waiters, _, result in answered:
            if isinstance(result, Exception):
                waiters.fail(result)
            else:
                waiters.fire(result)
        self._askNext()

    async def _find(self, batch: list[int]) -> dict[int, ProtoOASymbol | Exception]:
        try:
            answer = await self._link.request(ProtoOASymbolByIdReq(symbolId=batch))
        except RequestRefused as error:
            if len(batch) == 1:
                return {batch[0]: error}
            # One symbol may have spoilt it for the others.
            alone = [await self._find([symbolId]) for symbolId in batch]
            return {symbolId: result for found in alone for symbolId, result in found.items()}
        except Exception as error:
            return dict.fromkeys(batch, error)
        found = {full.symbolId: full for full in answer.symbol}
        return {symbolId: found.get(symbolId) or self._missing(symbolId) for symbolId in batch}

    def _missing(self, symbolId: int) -> SymbolNotFound:
        return SymbolNotFound(
            "SYMBOL_NOT_FOUND",
            f"the server gave no specification of symbol {symbolId}",
            request="ProtoOASymbolByIdReq",
            accountId=self._link.accountId,
        )
