"""
C{ctrader book}: a live order book, as a table that moves, or a line for each change in a pipe or file.
"""

from __future__ import annotations

from itertools import zip_longest

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from ctrader_twisted.cli.naming import symbolNamed
from ctrader_twisted.cli.page import Moving
from ctrader_twisted.cli.tables import moment, plainNumber, plainTable
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.cli.watching import Watch
from ctrader_twisted.client import Account, Client
from ctrader_twisted.market import DepthBook
from ctrader_twisted.market.book import DepthLevel
from ctrader_twisted.trading.quantities import lotsOf, unitsOf
from ctrader_twisted.units import Symbol

__all__ = ["watchBook"]

_FRAME = 0.25
_COLUMNS = ("lots to sell", "bid", "ask", "lots to buy")


async def watchBook(
    client: Client,
    account: Account,
    console: Console,
    clock: IReactorTime,
    *,
    name: str,
    levels: int = 10,
    count: int | None = None,
    notices: Console | None = None,
) -> None:
    """
    Show an order book until somebody ends it. On a terminal that is a table, drawn a few times in a second; else each
    change is a line of time, symbol, and the levels of each side, the best first, as lots at a price.

    @param client: the client.
    @param account: its account.
    @param console: where to show it.
    @param clock: the reactor.
    @param name: the name of the symbol.
    @param levels: how many levels of each side to show.
    @param count: how many changes to show; L{None} for no end.
    @param notices: where to tell, beside the lines, that the connection was lost or is back; by default standard error.
    @raise CTraderError: if there is no such symbol, or the client will not come back by itself.
    """
    symbol = await symbolNamed(account, name)
    watch: Watch[DepthBook] = Watch(client, account, clock, [symbol], account.onDepth)
    try:
        if console.is_terminal:
            await _draw(watch, symbol, console, clock, levels, count)
        else:
            await _list(watch, console, notices or Console(stderr=True), levels, count)
    finally:
        watch.stop()


async def _list(watch: Watch[DepthBook], console: Console, notices: Console, levels: int, count: int | None) -> None:
    shown = 0
    while shown != count:
        news = await watch.take()
        if isinstance(news, str):
            say(notices, news)
        else:
            console.out(_line(news, levels), highlight=False)
            shown += 1


def _line(book: DepthBook, levels: int) -> str:
    time = moment(book.received).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    sides = ("bid", book.bids), ("ask", book.asks)
    shown = (" ".join([name, *(_offer(book.symbol, level) for level in side[:levels])]) for name, side in sides)
    return " ".join([time, book.symbol.name, *shown])


def _offer(symbol: Symbol, level: DepthLevel) -> str:
    return f"{_quantity(symbol, level).replace(',', '')}@{level.price}"


def _quantity(symbol: Symbol, level: DepthLevel) -> str:
    lots = lotsOf(symbol, level.volume)
    return plainNumber(unitsOf(level.volume).value if lots is None else lots.value)


async def _draw(
    watch: Watch[DepthBook], symbol: Symbol, console: Console, clock: IReactorTime, levels: int, count: int | None
) -> None:
    changes, notice = 0, "Ctrl-C ends it."
    book: DepthBook | None = None
    with Moving(console, _table(symbol, book, levels)) as table:
        while count is None or changes < count:
            await deferLater(clock, _FRAME)
            for _ in range(len(watch.news.pending)):
                news = await watch.take()
                if isinstance(news, str):
                    # What was offered before the connection was lost is no offer any more.
                    notice, book = news, None
                else:
                    changes, book = changes + 1, news
            table.change(Group(_table(symbol, book, levels), Text(notice)))


def _table(symbol: Symbol, book: DepthBook | None, levels: int) -> Table:
    table = plainTable(*_COLUMNS, right=_COLUMNS)
    table.title = symbol.name
    bids, asks = (book.bids[:levels], book.asks[:levels]) if book is not None else ((), ())
    for bid, ask in zip_longest(bids, asks):
        sell = ("", "") if bid is None else (_quantity(symbol, bid), str(bid.price))
        buy = ("", "") if ask is None else (str(ask.price), _quantity(symbol, ask))
        table.add_row(*sell, *buy)
    if not (bids or asks):
        table.add_row("-", "-", "-", "-")
    return table
