"""
Who hears of which order books.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctrader_twisted.framing import encodeFrame
from ctrader_twisted.schema.messages import ProtoOADepthEvent, ProtoOADepthQuote
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.market.depth import Level, SeededDepth
from ctrader_twisted.simulator.market.source import Tick

if TYPE_CHECKING:
    from ctrader_twisted.simulator.connection import ServerProtocol

__all__ = ["DepthFeed"]


class _Book:
    """
    The book of one symbol as its subscribers have been told it, each quote under an id. The ids of each symbol count
    from 1, so that a client which mixes symbols up fails.
    """

    def __init__(self, depth: SeededDepth) -> None:
        self.subscribers: dict[tuple[ServerProtocol, int], None] = {}
        self._depth = depth
        self._quotes: dict[Level, ProtoOADepthQuote] = {}
        self._nextId = 1

    def update(self, tick: Tick) -> tuple[list[ProtoOADepthQuote], list[int]]:
        """
        @return: the quotes that are new or of another size, and the ids of those that are gone.
        """
        book = self._depth.book(tick)
        gone = [self._quotes.pop(level).id for level in list(self._quotes) if level not in book]
        changed = [self._place(level, size) for level, size in book.items() if self._sizeOf(level) != size]
        return changed, gone

    def whole(self) -> list[ProtoOADepthQuote]:
        return list(self._quotes.values())

    def _sizeOf(self, level: Level) -> int | None:
        quote = self._quotes.get(level)
        return None if quote is None else quote.size

    def _place(self, level: Level, size: int) -> ProtoOADepthQuote:
        quote = self._quotes.get(level)
        if quote is None:
            sides = {"bid": level.price} if level.isBid else {"ask": level.price}
            quote = self._quotes[level] = ProtoOADepthQuote(id=self._nextId, size=size, **sides)
            self._nextId += 1
        quote.size = size
        return quote


class DepthFeed:
    """
    Subscriptions to depth, which are for an account on a connection.
    """

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        """
        @param catalogue: the symbols.
        @param seed: the sizes of the quotes follow from it.
        """
        self._depths = {symbol.symbolId: SeededDepth(seed, symbol) for symbol in catalogue.symbols.values()}
        self._books: dict[int, _Book] = {}

    def isSubscribed(self, connection: ServerProtocol, accountId: int, symbolId: int) -> bool:
        """
        Tell whether a subscription is there.

        @param connection: the client's connection.
        @param accountId: the account.
        @param symbolId: the symbol.
        """
        return symbolId in self._books and (connection, accountId) in self._books[symbolId].subscribers

    def subscribe(self, connection: ServerProtocol, accountId: int, symbolId: int, last: Tick | None) -> None:
        """
        Subscribe; the whole book is sent at once, unless it is empty.

        @param connection: the client's connection.
        @param accountId: the account.
        @param symbolId: the symbol.
        @param last: the price that was told last, if there was one.
        """
        book = self._books.get(symbolId)
        if book is None:
            book = self._books[symbolId] = _Book(self._depths[symbolId])
        if last is not None:
            self.tell(symbolId, last)
        book.subscribers[connection, accountId] = None
        if whole := book.whole():
            connection.send(ProtoOADepthEvent(ctidTraderAccountId=accountId, symbolId=symbolId, newQuotes=whole))

    def unsubscribe(self, connection: ServerProtocol, accountId: int, symbolId: int) -> None:
        """
        Unsubscribe. Without a subscription nothing happens.

        @param connection: the client's connection.
        @param accountId: the account.
        @param symbolId: the symbol.
        """
        if book := self._books.get(symbolId):
            book.subscribers.pop((connection, accountId), None)
            self._drop(symbolId, book)

    def forget(self, connection: ServerProtocol, accountId: int | None = None) -> None:
        """
        Drop the subscriptions of a connection.

        @param connection: the client's connection.
        @param accountId: the account whose subscriptions end; L{None} for all.
        """
        for symbolId, book in list(self._books.items()):
            for key in [key for key in book.subscribers if key[0] is connection and accountId in (None, key[1])]:
                del book.subscribers[key]
            self._drop(symbolId, book)

    def tell(self, symbolId: int, tick: Tick) -> None:
        """
        Pass on what a price does to its book.

        @param symbolId: the symbol.
        @param tick: its new price.
        """
        book = self._books.get(symbolId)
        if book is None:
            return
        changed, gone = book.update(tick)
        if not changed and not gone:
            return
        shared: dict[int, tuple[ProtoOADepthEvent, bytes]] = {}
        for connection, accountId in tuple(book.subscribers):
            if accountId not in shared:
                event = ProtoOADepthEvent(
                    ctidTraderAccountId=accountId, symbolId=symbolId, newQuotes=changed, deletedQuotes=gone
                )
                shared[accountId] = event, encodeFrame(event)
            event, frame = shared[accountId]
            connection.relay(event, frame)

    def _drop(self, symbolId: int, book: _Book) -> None:
        if not book.subscribers:
            del self._books[symbolId]
