"""
What one asset is worth in another, through the live prices of symbols.

A price is taken in the middle between bid and ask. The server does not tell which side it takes; what it was seen to
compute fits the middle. Rates are exact fractions; whoever makes money of one rounds once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from fractions import Fraction
from typing import Any, NoReturn, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ctrader_twisted.errors import NotConnected, NotFound, RequestRefused, ValueUnknown
from ctrader_twisted.market.quotes import Quotes
from ctrader_twisted.market.shared import Shared
from ctrader_twisted.market.spots import Quote
from ctrader_twisted.market.symbols import SymbolCache
from ctrader_twisted.schema.messages import ProtoOALightSymbol, ProtoOASymbolsForConversionReq
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.session.listeners import Waiters
from ctrader_twisted.units import Symbol

__all__ = ["Chain", "Conversion", "Conversions", "middle"]

_T = TypeVar("_T")


def middle(quote: Quote | None) -> Fraction | None:
    """
    Find the price between bid and ask.

    @param quote: the quote, or L{None}.
    @return: the price exactly; L{None} if there is no quote, or one that is not above zero.
    """
    if quote is None:
        return None
    price = (Fraction(quote.bid) + Fraction(quote.ask)) / 2
    return price if price > 0 else None


@frozen
class Chain:
    """
    A way from one asset to another.

    @ivar steps: the ids of the symbols on the way, each with whether it leads from its base asset to its quote asset.
    """

    steps: tuple[tuple[int, bool], ...] = ()

    @classmethod
    def through(cls, first: int, last: int, symbols: Iterable[ProtoOALightSymbol]) -> Chain:
        """
        Find the way through the symbols that the server named. They are joined by their assets; each is used once.

        @param first: the id of the asset to begin with.
        @param last: the id of the asset to end with.
        @param symbols: what the server answered.
        @return: the way; without a step if both assets are the same.
        @raise ValueUnknown: if the symbols do not lead there.
        """
        steps: list[tuple[int, bool]] = []
        waiting, asset = list(symbols), first
        while asset != last:
            step = next((each for each in waiting if asset in (each.baseAssetId, each.quoteAssetId)), None)
            if step is None:
                raise ValueUnknown(f"the symbols that the server named do not lead from asset {first} to asset {last}")
            waiting.remove(step)
            forward = asset == step.baseAssetId
            steps.append((step.symbolId, forward))
            asset = step.quoteAssetId if forward else step.baseAssetId
        return cls(tuple(steps))

    def rate(self, price: Callable[[int], Fraction | None]) -> Fraction | None:
        """
        Go the way at some prices.

        @param price: gives the price of a symbol by its id, or L{None} if it has none.
        @return: how much of the last asset one of the first is worth; L{None} if a price is missing.
        """
        rate = Fraction(1)
        for symbolId, forward in self.steps:
            step = price(symbolId)
            if step is None:
                return None
            rate = rate * step if forward else rate / step
        return rate


class Conversion:
    """
    A way from one asset to another with live prices. The symbols on it are subscribed until it is stopped.
    """

    def __init__(self, chain: Chain, symbols: Iterable[Symbol], quotes: Quotes, changed: Callable[[], object]) -> None:
        """
        @param chain: the way.
        @param symbols: the symbols on it.
        @param quotes: their prices.
        @param changed: called with nothing when one of the prices changes.
        """
        self._chain = chain
        self._quotes = quotes
        self._symbols = {symbol.symbolId: symbol for symbol in symbols}
        self._users = [quotes.onQuote(symbol, lambda _: changed()) for symbol in self._symbols.values()]

    @property
    def rate(self) -> Fraction | None:
        """
        How much of the last asset one of the first is worth now; L{None} while a price is missing, as it is from a loss
        of the connection until the next quote.
        """
        return self._chain.rate(lambda symbolId: middle(self._quotes.quote(self._symbols[symbolId])))

    def stop(self) -> None:
        """
        Let the symbols go.
        """
        for user in self._users:
            user.stop()


class Conversions:
    """
    The ways between the assets of an account. The server is asked once for each way in each login.
    """

    def __init__(self, link: AccountLink, clock: IReactorTime, symbols: SymbolCache, quotes: Quotes) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        @param symbols: the account's symbols.
        @param quotes: their prices.
        """
        self._link = link
        self._clock = clock
        self._symbols = symbols
        self._quotes = quotes
        self._chains: dict[tuple[int, int], Shared[Chain]] = {}
        self._arrivals: Waiters[None] = Waiters()

    def start(self) -> None:
        """
        Begin to follow the account.
        """
        self._link.onLost(self._lost)

    async def follow(self, first: int, last: int, changed: Callable[[], object]) -> Conversion:
        """
        Subscribe what it takes to convert an asset.

        @param first: the id of the asset.
        @param last: the id of the asset to convert it into.
        @param changed: called with nothing when one of the prices changes.
        @return: the conversion, which is to be stopped.
        @raise ValueUnknown: if there is no way.
        """
        chain = await self._chain(first, last)
        symbols = [await self._symbols.symbol(symbolId) for symbolId, _ in chain.steps]
        return Conversion(chain, symbols, self._quotes, changed)

    async def rate(self, first: int, last: int, timeout: float) -> Fraction:
        """
        Convert one of an asset at present prices.

        @param first: the id of the asset.
        @param last: the id of the asset to convert it into.
        @param timeout: seconds to wait for the prices.
        @return: how much of the last asset it is worth.
        @raise ValueUnknown: if there is no way, or a price did not come in time.
        """
        known = self._known(self.follow(first, last, self._arrived))
        return await self._within(known, timeout, f"what asset {first} is worth in asset {last}")

    async def price(self, symbol: Symbol, timeout: float) -> Fraction:
        """
        Find the present price of a symbol, in the middle between bid and ask.

        @param symbol: the symbol.
        @param timeout: seconds to wait for it.
        @return: the price.
        @raise ValueUnknown: if it did not come in time.
        """
        return await self._within(self._known(self._only(symbol)), timeout, f"the price of {symbol.name}")

    def release(self, error: Exception) -> None:
        """
        Answer everybody who waits that no prices will come.

        @param error: what they fail with.
        """
        self._arrivals.fail(error)

    async def _chain(self, first: int, last: int) -> Chain:
        if first == last:
            return Chain()
        if (first, last) not in self._chains:
            self._chains[first, last] = Shared(lambda: Deferred.fromCoroutine(self._ask(first, last)))
        return await self._chains[first, last].get()

    async def _ask(self, first: int, last: int) -> Chain:
        try:
            answer = await self._link.request(ProtoOASymbolsForConversionReq(firstAssetId=first, lastAssetId=last))
        except (RequestRefused, NotFound) as error:
            raise ValueUnknown(f"the server names no way from asset {first} to asset {last}: {error}") from error
        return Chain.through(first, last, answer.symbol)

    async def _only(self, symbol: Symbol) -> Conversion:
        return Conversion(Chain(((symbol.symbolId, True),)), [symbol], self._quotes, self._arrived)

    async def _known(self, following: Coroutine[Any, Any, Conversion]) -> Fraction:
        conversion = await following
        try:
            while (rate := conversion.rate) is None:
                await self._arrivals.wait()
            return rate
        finally:
            conversion.stop()

    async def _within(self, work: Coroutine[Any, Any, _T], timeout: float, what: str) -> _T:
        def late(result: object, seconds: float) -> NoReturn:
            raise ValueUnknown(
                f"account {self._link.accountId}: {what} is not known, since no price came in {seconds:g} s; "
                "ask again when there are quotes"
            )

        return await Deferred.fromCoroutine(work).addTimeout(timeout, self._clock, late)

    def _arrived(self) -> None:
        self._arrivals.fire(None)

    def _lost(self, reason: Failure) -> None:
        self._chains.clear()
        self.release(NotConnected(f"account {self._link.accountId} is not logged in any more"))
