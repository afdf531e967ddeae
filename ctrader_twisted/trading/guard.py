"""
Holding each order against the limits before it leaves.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from decimal import Decimal

from google.protobuf.message import Message

from ctrader_twisted.errors import Halted, LimitReached
from ctrader_twisted.market import Quote
from ctrader_twisted.schema.messages import (
    ProtoOAAmendOrderReq,
    ProtoOAClosePositionReq,
    ProtoOANewOrderReq,
    ProtoOAOrderType,
    ProtoOATradeSide,
)
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.halt import HaltFile
from ctrader_twisted.trading.limits import Limits
from ctrader_twisted.trading.position import Position
from ctrader_twisted.trading.underway import Underway
from ctrader_twisted.units import Symbol

__all__ = ["Guard"]

_AT_MARKET = (ProtoOAOrderType.MARKET, ProtoOAOrderType.MARKET_RANGE)
_MINUTE = 60.0


class Guard:
    """
    Refuses what would exceed a limit, or open something while the account is halted, on whichever level it is sent.

    @ivar limits: the limits.
    @ivar underway: what has left and is not in the books yet.
    @ivar isHalted: whether the account was halted in this process; the file may halt it too.
    """

    def __init__(
        self,
        accountId: int,
        limits: Limits,
        haltFile: HaltFile | None,
        *,
        books: Books,
        symbolById: Callable[[int], Symbol | None],
        quote: Callable[[int], Quote | None],
        worth: Callable[[int, int], Decimal | None],
        dayResult: Callable[[], Decimal | None],
        isNetted: Callable[[], bool],
        seconds: Callable[[], float],
        wallClock: Callable[[], int],
    ) -> None:
        """
        @param accountId: the account.
        @param limits: its limits.
        @param haltFile: where it is halted across restarts, if anywhere.
        @param books: what it holds.
        @param symbolById: gives the symbols whose specification is known.
        @param quote: gives the newest quote of a symbol, by its id.
        @param worth: gives what a volume of a symbol is worth in the deposit asset now, by the symbol's id.
        @param dayResult: gives what the day has gained or lost so far, in the deposit asset.
        @param isNetted: tells whether the account has one position for each symbol.
        @param seconds: a clock that nobody sets.
        @param wallClock: milliseconds since 1970.
        """
        self.limits = limits
        self.isHalted = False
        self._accountId = accountId
        self._haltFile = haltFile
        self._books = books
        self._symbolById = symbolById
        self._quote = quote
        self._worth = worth
        self._dayResult = dayResult
        self._isNetted = isNetted
        self._seconds = seconds
        self._wallClock = wallClock
        self._sent: deque[float] = deque(maxlen=limits.ordersPerMinute or 1)
        self.underway = Underway(books, seconds)

    def check(self, message: Message) -> Callable[[object], object]:
        """
        Look at a trading request that is about to leave.

        @param message: the request.
        @return: to be called with its answer, or its failure.
        @raise LimitReached: if it exceeds a limit; it must not leave.
        @raise Halted: if it would open something while the account is halted.
        """
        if isinstance(message, ProtoOANewOrderReq):
            return self._checkNew(message)
        if isinstance(message, ProtoOAAmendOrderReq):
            return self._checkAmended(message)
        if isinstance(message, ProtoOAClosePositionReq):
            return self.underway.reduces(message, message.positionId, message.volume)
        return _nothing

    def _checkNew(self, message: ProtoOANewOrderReq) -> Callable[[object], object]:
        reduced = self._reduced(message)
        if reduced is not None:
            return self.underway.reduces(message, reduced.positionId, message.volume)
        self._checkHalt()
        self._checkRate()
        self._checkOrder(message.symbolId, message.volume)
        self._checkVolume(message.symbolId, message.volume)
        self._checkDay()
        if message.orderType in _AT_MARKET:
            self._checkQuote(message.symbolId)
        self._sent.append(self._seconds())
        return self.underway.opens(message, message.symbolId, message.volume)

    def _checkAmended(self, message: ProtoOAAmendOrderReq) -> Callable[[object], object]:
        self._checkHalt()
        order = next((each for each in self._books.pending.all() if each.orderId == message.orderId), None)
        if not message.HasField("volume") or (order is not None and message.volume <= order.volume):
            return _nothing
        if order is None:
            raise self._reached("it is not known what this order would be enlarged from", "lotsPerOrder")
        more = message.volume - order.volume
        self._checkOrder(order.symbolId, message.volume)
        self._checkVolume(order.symbolId, more)
        self._checkDay()
        return self.underway.opens(message, order.symbolId, more)

    # The single limits.

    def _checkHalt(self) -> None:
        if self.isHalted or (self._haltFile is not None and self._haltFile.halts(self._accountId)):
            where = "" if self._haltFile is None else f" (see {self._haltFile.path})"
            raise Halted(f"it is halted{where}; only closing is allowed until it is resumed", self._accountId, "halt")

    def _checkRate(self) -> None:
        most = self.limits.ordersPerMinute
        if most is None:
            return
        if most == 0 or (len(self._sent) == most and self._sent[0] > self._seconds() - _MINUTE):
            raise self._reached(f"{most} orders have left within a minute", "ordersPerMinute")

    def _checkOrder(self, symbolId: int, volume: int) -> None:
        if self.limits.lotsPerOrder is not None:
            self._checkLots("lotsPerOrder", self.limits.lotsPerOrder, symbolId, volume, "are ordered at once")

    def _checkVolume(self, symbolId: int, more: int) -> None:
        limits = self.limits
        if limits.lotsPerSymbol is None and limits.exposure is None:
            return
        held = self._held()
        held[symbolId] += more
        if limits.lotsPerSymbol is not None:
            self._checkLots("lotsPerSymbol", limits.lotsPerSymbol, symbolId, held[symbolId], "would be open or ordered")
        if limits.exposure is not None:
            self._checkExposure(limits.exposure, held)

    def _checkLots(
        self, name: str, limit: Decimal | Mapping[str, Decimal], symbolId: int, volume: int, what: str
    ) -> None:
        symbol = self._symbolById(symbolId)
        if symbol is None or not symbol.lotSize:
            raise self._reached(f"the lot of symbol {symbolId} is not known; look the symbol up first", name)
        most = limit.get(symbol.name) if isinstance(limit, Mapping) else limit
        if most is None:
            raise self._reached(f"{name} names no limit for {symbol.name}", name)
        if volume > most * symbol.lotSize:
            lots = Decimal(volume) / symbol.lotSize
            raise self._reached(f"{lots:f} lots of {symbol.name} {what}; {most:f} are allowed", name)

    def _checkExposure(self, most: Decimal, held: Mapping[int, int]) -> None:
        total = Decimal(0)
        for symbolId, volume in held.items():
            worth = self._worth(symbolId, volume)
            if worth is None:
                raise self._reached(f"it is not known what the volume of symbol {symbolId} is worth now", "exposure")
            total += worth
        if total > most:
            raise self._reached(f"{total:f} would be open or ordered; {most:f} is allowed", "exposure")

    def _checkDay(self) -> None:
        most = self.limits.dailyLoss
        if most is None:
            return
        result = self._dayResult()
        if result is None:
            raise self._reached("it is not known what the day has lost so far", "dailyLoss")
        if -result >= most:
            raise self._reached(f"the day has lost {-result:f}; {most:f} is allowed", "dailyLoss")

    def _checkQuote(self, symbolId: int) -> None:
        limits = self.limits
        if limits.spread is None and limits.quoteAge is None:
            return
        name = "spread" if limits.spread is not None else "quoteAge"
        symbol, quote = self._symbolById(symbolId), self._quote(symbolId)
        if symbol is None or quote is None:
            raise self._reached(f"there is no quote of symbol {symbolId}; subscribe to its quotes first", name)
        age = (self._wallClock() - quote.received) / 1000
        # A clock that was set back tells nothing about what came before.
        if limits.quoteAge is not None and not 0 <= age <= limits.quoteAge:
            raise self._reached(f"the quote of {symbol.name} is {age:g} s old", "quoteAge")
        spread = (quote.ask - quote.bid) / symbol.pipSize
        if limits.spread is not None and spread > limits.spread:
            raise self._reached(
                f"the spread of {symbol.name} is {spread:f} pips; {limits.spread:f} is allowed", "spread"
            )

    # The small parts.

    def _reached(self, what: str, limit: str) -> LimitReached:
        return LimitReached(what, self._accountId, limit)

    def _reduced(self, message: ProtoOANewOrderReq) -> Position | None:
        """
        Find the position that an order makes smaller, if it can do nothing else.
        """
        if message.orderType not in _AT_MARKET:
            # When its price comes, what it was to reduce may be closed.
            return None
        for position in self._books.positions.open():
            if self._isTarget(position, message) and position.side is not _side(message):
                taken = self.underway.reducing(position, self._isNetted())
                return position if message.volume <= position.volume - taken else None
        return None

    def _isTarget(self, position: Position, message: ProtoOANewOrderReq) -> bool:
        if message.HasField("positionId"):
            return position.positionId == message.positionId
        return self._isNetted() and position.symbolId == message.symbolId

    def _held(self) -> Counter[int]:
        books = self._books
        held = self.underway.opening()
        for position in books.positions.open():
            held[position.symbolId] += position.volume
        for order in books.pending.all():
            held[order.symbolId] += order.volume - order.executedVolume
        return held


def _side(message: ProtoOANewOrderReq) -> Side:
    return Side.BUY if message.tradeSide == ProtoOATradeSide.BUY else Side.SELL


def _nothing(result: object) -> None:
    """
    Nothing is counted.
    """
