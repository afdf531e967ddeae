"""
From the server's one-sided spot events to quotes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, Protocol

from twisted.logger import Logger

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.schema.messages import ProtoOASpotEvent
from ctrader_twisted.units import Symbol, priceFromWire

__all__ = ["Gap", "Quote", "Spot", "SpotUser"]


class Quote(NamedTuple):
    """
    What a symbol can be sold and bought for.

    @ivar symbolId: the symbol.
    @ivar bid: the price to sell at.
    @ivar ask: the price to buy at.
    @ivar timestamp: the server's time of the change in milliseconds since 1970, or L{None} if it did not tell.
    @ivar received: when it came, in milliseconds since 1970 by the local clock.
    """

    symbolId: int
    bid: Decimal
    ask: Decimal
    timestamp: int | None
    received: int


class Gap(NamedTuple):
    """
    A span in which something may have been missed.

    @ivar start: when the last quote or order book before it came, in milliseconds since 1970 by the local clock; where
        bars are missed, when the first of them would have opened.
    @ivar end: when the first quote or order book after it came, likewise; where bars are missed, when the first one
        after them opened.
    """

    start: int
    end: int


class SpotUser(Protocol):
    """
    Somebody who wants the quotes of a symbol.
    """

    def told(self, item: Quote) -> None:
        """
        There is a new quote.

        @param item: the quote.
        """

    def missed(self, gap: Gap) -> None:
        """
        Quotes may have been missed; the first quote after that follows.

        @param gap: when.
        """

    def refused(self, error: CTraderError) -> None:
        """
        The server will not send this symbol.

        @param error: why.
        """


class Spot:
    """
    The prices of one symbol, and who wants them.

    @ivar symbol: the symbol.
    @ivar bid: the bid in 1/100000, or L{None} while it is unknown.
    @ivar ask: likewise the ask.
    @ivar last: the newest quote, or L{None} while a side is unknown.
    @ivar events: how many events have come.
    @ivar bids: how many of them named the bid.
    """

    _log = Logger()

    def __init__(self, symbol: Symbol) -> None:
        """
        @param symbol: the symbol.
        """
        self.symbol = symbol
        self.bid: int | None = None
        self.ask: int | None = None
        self.last: Quote | None = None
        self.events = 0
        self.bids = 0
        self._bidPrice: Decimal | None = None
        self._askPrice: Decimal | None = None
        self._users: tuple[SpotUser, ...] = ()
        self._interrupted: dict[SpotUser, int] = {}

    @property
    def users(self) -> tuple[SpotUser, ...]:
        """
        @return: who wants the quotes.
        """
        return self._users

    def add(self, user: SpotUser) -> None:
        """
        Take in a user.

        @param user: who wants the quotes.
        """
        self._users += (user,)

    def remove(self, user: SpotUser) -> None:
        """
        Let a user go; it hears nothing more.

        @param user: one of the users.
        """
        self._users = tuple(other for other in self._users if other is not user)
        self._interrupted.pop(user, None)

    def changed(self, event: ProtoOASpotEvent, received: int) -> None:
        """
        Take in an event. A side that is absent or zero has not changed.

        @param event: the event.
        @param received: milliseconds since 1970.
        """
        self.events += 1
        bid, ask, digits = event.bid, event.ask, self.symbol.digits
        if bid:
            self.bids += 1
            self.bid = bid
            self._bidPrice = priceFromWire(bid, digits)
        if ask:
            self.ask = ask
            self._askPrice = priceFromWire(ask, digits)
        if self._bidPrice is None or self._askPrice is None or not (bid or ask):
            return
        timestamp = event.timestamp if event.HasField("timestamp") else None
        self.last = Quote(event.symbolId, self._bidPrice, self._askPrice, timestamp, received)
        self._tell(self.last)

    def lost(self) -> None:
        """
        The server sends no more, and the prices are not true any more.
        """
        if self.last is not None:
            for user in self._users:
                self._interrupted.setdefault(user, self.last.received)
        self.last = self.bid = self.ask = self._bidPrice = self._askPrice = None

    def _tell(self, quote: Quote) -> None:
        users = self._users
        for user in users:
            # A user may have let another one go.
            if self._users is not users and user not in self._users:
                continue
            try:
                if user in self._interrupted:
                    user.missed(Gap(self._interrupted.pop(user), quote.received))
                user.told(quote)
            except Exception:
                self._log.failure("a listener to the quotes of {symbol} failed", symbol=self.symbol.name)
