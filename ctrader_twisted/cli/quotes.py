"""
C{ctrader quotes}: live quotes, as a table that moves, or a line for each in a pipe or file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from attrs import define
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from twisted.internet.defer import DeferredQueue
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from ctrader_twisted.cli.naming import symbolNamed
from ctrader_twisted.cli.page import Moving
from ctrader_twisted.cli.tables import moment, plainTable
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.client import Account, Client
from ctrader_twisted.client.status import ClientStatus
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.market import Quote
from ctrader_twisted.session.tables import AccountState, State
from ctrader_twisted.units import Symbol

__all__ = ["watchQuotes"]

_FRAME = 0.25
_NUMBERS = ("bid", "ask", "spread in pips", "quotes", "age")


async def watchQuotes(
    client: Client,
    account: Account,
    console: Console,
    clock: IReactorTime,
    *,
    names: Sequence[str],
    count: int | None = None,
    notices: Console | None = None,
) -> None:
    """
    Show quotes until somebody ends it. On a terminal that is a table, drawn a few times in a second; else each quote is
    a line of time, symbol, bid and ask.

    @param client: the client.
    @param account: its account.
    @param console: where to show them.
    @param clock: the reactor.
    @param names: the names of the symbols.
    @param count: how many quotes to show in all; L{None} for no end.
    @param notices: where to tell, beside the lines, that the connection was lost or is back; by default standard error.
    @raise CTraderError: if there is no such symbol, or the client will not come back by itself.
    """
    symbols = [await symbolNamed(account, name) for name in dict.fromkeys(names)]
    watch = _Watch(client, account, clock, symbols)
    try:
        if console.is_terminal:
            await _draw(watch, console, clock, count)
        else:
            await _list(watch, console, notices or Console(stderr=True), count)
    finally:
        watch.stop()


class _Watch:
    """
    Hears the quotes, and what becomes of the connection.

    @ivar news: what was heard and has not been shown: quotes, sentences, and the error that ends it.
    """

    def __init__(self, client: Client, account: Account, clock: IReactorTime, symbols: Iterable[Symbol]) -> None:
        self.news: DeferredQueue[Quote | str | CTraderError] = DeferredQueue()
        self.account = account
        self.symbols = {symbol.symbolId: symbol for symbol in symbols}
        self._clock = clock
        self._lost: float | None = None
        self._registrations = [client.onStatus(self._changed)]
        for symbol in self.symbols.values():
            told = account.onQuote(symbol, self.news.put, onRefused=partial(self._refused, symbol.name))
            self._registrations.append(told)

    async def take(self) -> Quote | str:
        news = await self.news.get()
        if isinstance(news, CTraderError):
            raise news
        return news

    def stop(self) -> None:
        for registration in self._registrations:
            registration.stop()

    def _refused(self, name: str, error: CTraderError) -> None:
        self.news.put(f"{name}: {error}")

    def _changed(self, status: ClientStatus) -> None:
        standing = status.accounts[self.account.accountId]
        isUp = status.connection is State.UP
        reason = standing.reason if isUp else status.reason
        if standing.state is AccountState.REFUSED or status.connection is State.FAILED:
            self.news.put(reason or CTraderError("the client has given up"))
        elif standing.state is AccountState.READY and self._lost is not None:
            self.news.put(f"Connected again after {self._clock.seconds() - self._lost:.1f} s.")
            self._lost = None
        elif standing.state is not AccountState.READY and self._lost is None:
            self._lost = self._clock.seconds()
            lost = "login" if isUp else "connection"
            self.news.put(f"The {lost} is lost, and is tried again: {reason or 'nobody said why'}")


async def _list(watch: _Watch, console: Console, notices: Console, count: int | None) -> None:
    shown = 0
    while shown != count:
        news = await watch.take()
        if isinstance(news, str):
            say(notices, news)
        else:
            console.out(_line(watch.symbols[news.symbolId], news), highlight=False)
            shown += 1


def _line(symbol: Symbol, quote: Quote) -> str:
    time = moment(quote.received if quote.timestamp is None else quote.timestamp)
    return f"{time.isoformat(timespec='milliseconds').replace('+00:00', 'Z')} {symbol.name} {quote.bid} {quote.ask}"


@define
class _Heard:
    """
    What was heard of one symbol.

    @ivar count: how many quotes.
    @ivar last: when the newest came, by the clock.
    """

    count: int = 0
    last: float = 0.0


async def _draw(watch: _Watch, console: Console, clock: IReactorTime, count: int | None) -> None:
    heard = {symbolId: _Heard() for symbolId in watch.symbols}
    notice = "Ctrl-C ends it."
    with Moving(console, _table(watch, heard, clock.seconds())) as table:
        while count is None or sum(each.count for each in heard.values()) < count:
            await deferLater(clock, _FRAME)
            for _ in range(len(watch.news.pending)):
                news = await watch.take()
                if isinstance(news, str):
                    notice = news
                else:
                    heard[news.symbolId].count += 1
                    heard[news.symbolId].last = clock.seconds()
            table.change(Group(_table(watch, heard, clock.seconds()), Text(notice)))


def _table(watch: _Watch, heard: dict[int, _Heard], now: float) -> Table:
    table = plainTable("symbol", *_NUMBERS, right=_NUMBERS, wrapped=("spread in pips",))
    for symbolId, symbol in watch.symbols.items():
        quote, each = watch.account.quote(symbol), heard[symbolId]
        # What was quoted before the connection was lost is no price any more.
        bid, ask, spread = "-", "-", "-"
        if quote is not None:
            bid, ask, spread = str(quote.bid), str(quote.ask), f"{(quote.ask - quote.bid) / symbol.pipSize:.1f}"
        age = f"{now - each.last:.0f} s" if each.count else "-"
        table.add_row(symbol.name, bid, ask, spread, str(each.count), age)
    return table
