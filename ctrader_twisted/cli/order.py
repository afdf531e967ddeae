"""
C{ctrader order buy} and C{ctrader order sell}: an order is told in plain words, then sent at most once.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from attrs import frozen
from rich.console import Console
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.cli.confirming import Manner
from ctrader_twisted.cli.following import followTrade
from ctrader_twisted.cli.naming import accountInfo, accountWords, symbolNamed
from ctrader_twisted.cli.tables import plainNumber
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import CTraderError, Halted
from ctrader_twisted.eventual import eventually
from ctrader_twisted.market import Quote, QuoteStream
from ctrader_twisted.schema.messages import ProtoOANewOrderReq
from ctrader_twisted.trading import OrderKind, Side, Trade
from ctrader_twisted.trading.levels import Leg, Market
from ctrader_twisted.trading.options import OrderOptions, OrderTerms
from ctrader_twisted.trading.ordering import Wish, newOrder
from ctrader_twisted.units import Lots, Symbol, orderPriceFromWire, priceFromWire

__all__ = ["Ticket", "placeOrder"]

_PATIENCE = 10.0


@frozen(kw_only=True)
class Ticket:
    """
    An order as somebody wrote it.

    @ivar side: its direction.
    @ivar symbol: the name of its symbol.
    @ivar lots: how much.
    @ivar limit: the price of a limit order.
    @ivar stop: the price of a stop order; with neither it is at the market's price.
    @ivar stopLoss: the price at which it closes with a loss.
    @ivar takeProfit: the price at which it closes with a profit.
    @ivar stopLossPips: instead, how many pips away.
    @ivar takeProfitPips: instead, how many pips away.
    @ivar label: its label.
    """

    side: Side
    symbol: str
    lots: Decimal
    limit: Decimal | None = None
    stop: Decimal | None = None
    stopLoss: Decimal | None = None
    takeProfit: Decimal | None = None
    stopLossPips: Decimal | None = None
    takeProfitPips: Decimal | None = None
    label: str | None = None

    def wish(self, symbol: Symbol) -> Wish:
        """
        @param symbol: its symbol.
        @return: the same, as it is checked.
        """
        kind, price = OrderKind.MARKET, None
        if self.limit is not None:
            kind, price = OrderKind.LIMIT, self.limit
        elif self.stop is not None:
            kind, price = OrderKind.STOP, self.stop
        terms = OrderTerms(**self._options(), protectionFromQuote=kind is OrderKind.MARKET)
        return Wish(kind, self.side, symbol, Lots(self.lots), price, terms)

    def send(self, account: Account, symbol: Symbol) -> Deferred[Trade]:
        """
        @param account: the account to send it from.
        @param symbol: its symbol.
        @return: fires with the trade when the order is accepted.
        """
        if self.limit is not None:
            return account.limitOrder(self.side, symbol, Lots(self.lots), self.limit, **self._options())
        if self.stop is not None:
            return account.stopOrder(self.side, symbol, Lots(self.lots), self.stop, **self._options())
        place = account.buy if self.side is Side.BUY else account.sell
        return place(symbol, Lots(self.lots), protectionFromQuote=True, **self._options())

    def _options(self) -> OrderOptions:
        return OrderOptions(
            stopLoss=self.stopLoss,
            takeProfit=self.takeProfit,
            stopLossPips=self.stopLossPips,
            takeProfitPips=self.takeProfitPips,
            label=self.label,
        )


async def placeOrder(
    client: Client, account: Account, console: Console, clock: IReactorTime, manner: Manner, *, ticket: Ticket
) -> int:
    """
    Tell what an order would be, and send it if it shall be.

    @param client: the client.
    @param account: the account.
    @param console: where to tell.
    @param clock: the reactor.
    @param manner: whether to send it, and whom to ask.
    @param ticket: the order.
    @return: the exit status: 0, or L{UNKNOWN <ctrader_twisted.cli.following.UNKNOWN>}.
    @raise IllegalValue: if it cannot be ordered so, with the nearest that can.
    @raise CTraderError: if nothing was sent, or the server refused.
    """
    info = await accountInfo(client, account)
    symbol = await symbolNamed(account, ticket.symbol)
    wish = ticket.wish(symbol)
    # While its quotes come, the order is held against the market too when it is sent.
    async with account.quotes(symbol) as quotes:
        quote = await _firstQuote(quotes, clock)
        assert account.trader is not None
        # Nothing here expires, so it need not be known how late it is.
        market = Market(quote, 0, account.trader.isLimitedRisk)
        message = newOrder(wish, market)
        say(console, f"{accountWords(info)}:")
        rows = [*_terms(wish, message, market), ("margin", await _margin(account, wish))]
        for name, value in (*rows, ("quote", _quote(symbol, quote))):
            say(console, f"  {name:<11}  {value}")
        if account.isHalted:
            raise Halted("it is halted, and opens nothing until ctrader resume", account.accountId, "halt")
        login = str(info.traderLogin)
        if not await manner.letsPass(console, isLive=info.isLive, what="the account's login number", word=login):
            return 0
        return await followTrade(ticket.send(account, symbol), console, clock)


async def _firstQuote(quotes: QuoteStream, clock: IReactorTime) -> Quote | None:
    try:
        first = await eventually(anext(quotes)).addTimeout(_PATIENCE, clock)
    except TimeoutError:
        return None
    return first if isinstance(first, Quote) else None


def _quote(symbol: Symbol, quote: Quote | None) -> str:
    if quote is None:
        return "unknown"
    return f"bid {quote.bid}, ask {quote.ask}, spread {(quote.ask - quote.bid) / symbol.pipSize:.1f} pips"


def _terms(wish: Wish, message: ProtoOANewOrderReq, market: Market) -> Iterator[tuple[str, str]]:
    symbol = wish.symbol
    unit = symbol.measurementUnits or symbol.baseAsset.name
    units = plainNumber(symbol.units(message.volume).value)
    yield wish.side.name.lower(), f"{wish.quantity} of {symbol.name}, that is {units} {unit}"
    yield "price", _price(wish, market.entry(wish.side))
    yield "stop loss", _level(wish, message, Leg.STOP_LOSS, market)
    yield "take profit", _level(wish, message, Leg.TAKE_PROFIT, market)
    if wish.terms.label:
        yield "label", wish.terms.label


def _price(wish: Wish, entry: Decimal | None) -> str:
    if wish.price is None:
        return "the market's"
    isBuy, price = wish.side is Side.BUY, wish.symbol.price(wish.price)
    if wish.kind is OrderKind.STOP:
        return f"the market's, once it has {'risen' if isBuy else 'fallen'} to {price}"
    isThere = entry is not None and (entry <= price if isBuy else entry >= price)
    return f"{price} or better, {'as the market has it now' if isThere else 'for which it waits'}"


def _level(wish: Wish, message: Any, leg: Leg, market: Market) -> str:
    isStopLoss = leg is Leg.STOP_LOSS
    level = message.stopLoss if isStopLoss else message.takeProfit
    distance = message.relativeStopLoss if isStopLoss else message.relativeTakeProfit
    symbol = wish.symbol
    if level:
        return f"{orderPriceFromWire(level, symbol.digits)}"
    if not distance:
        return "none"
    difference = priceFromWire(distance, symbol.digits)
    words = f"{plainNumber(difference / symbol.pipSize)} pips from the price of the fill"
    base = market.entry(wish.side) if wish.price is None else symbol.price(wish.price)
    if base is None:
        return words
    isBelow = isStopLoss is (wish.side is Side.BUY)
    return f"{words}, about {base - difference if isBelow else base + difference}"


async def _margin(account: Account, wish: Wish) -> str:
    try:
        expected = await account.expectedMargin(wish.symbol, wish.quantity)
    except CTraderError as error:
        return f"unknown: {error}"
    amount = expected.buy if wish.side is Side.BUY else expected.sell
    return f"about {amount} {(await account.depositAsset()).name}"
