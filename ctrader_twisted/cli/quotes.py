"""
C{ctrader quotes}: live quotes, as a table that moves, or a line for each in a pipe or file.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from ctrader_twisted.cli.naming import symbolNamed
from ctrader_twisted.cli.page import Moving
from ctrader_twisted.cli.tables import moment, plainTable
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.cli.watching import Watch
from ctrader_twisted.client import Account, Client
from ctrader_twisted.market import Quote
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
    watch: Watch[Quote] = Watch(client, account, clock, symbols, account.onQuote)
    try:
        if console.is_terminal:
            await _draw(watch, console, clock, count)
        else:
            await _list(watch, console, notices or Console(stderr=True), count)
    finally:
        watch.stop()


async def _list(watch: Watch[Quote], console: Console, notices: Console, count: int | None) -> None:
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


async def _draw(watch: Watch[Quote], console: Console, clock: IReactorTime, count: int | None) -> None:
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


def _table(watch: Watch[Quote], heard: dict[int, _Heard], now: float) -> Table:
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
