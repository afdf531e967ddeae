"""
Tables of what the client knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ctrader_twisted.market import Quote
from ctrader_twisted.session.grants import AccountInfo
from ctrader_twisted.units import Symbol, fromMilliseconds

__all__ = ["accountTable", "moment", "plainNumber", "plainTable", "quoteTable", "show", "symbolTable"]

_WIDEST = 1_000


def accountTable(accounts: Iterable[AccountInfo]) -> Table:
    """
    @param accounts: the accounts that the tokens give access to.
    @return: a row for each.
    """
    table = plainTable("ctidTraderAccountId", "login", "kind", "broker", "may trade", wrapped=("broker",))
    for account in accounts:
        kind, canTrade = "live" if account.isLive else "demo", "yes" if account.canTrade else "no"
        table.add_row(str(account.accountId), str(account.traderLogin), kind, Text(account.broker or "-"), canTrade)
    return table


def symbolTable(symbols: Iterable[Symbol]) -> Table:
    """
    @param symbols: some symbols.
    @return: a row for each, with what one needs to know before trading it.
    """
    table = plainTable(
        "symbol",
        "description",
        "digits",
        "one lot",
        "least lots",
        right=("digits", "one lot", "least lots"),
        wrapped=("description", "least lots"),
    )
    for symbol in symbols:
        unit = symbol.measurementUnits or symbol.baseAsset.name
        lot = f"{plainNumber(symbol.units(symbol.lotSize).value)} {unit}"
        least = plainNumber(symbol.lots(symbol.minVolume).value)
        table.add_row(symbol.name, symbol.description, str(symbol.digits), lot, least)
    return table


def quoteTable(rows: Iterable[tuple[Symbol, Quote | None, int]]) -> Table:
    """
    @param rows: symbols, their newest quotes, and how many quotes came.
    @return: a row for each.
    """
    numbers = ("bid", "ask", "spread in pips", "quotes")
    table = plainTable("symbol", *numbers, "time (UTC)", right=numbers, wrapped=("spread in pips", "time (UTC)"))
    for symbol, quote, count in rows:
        if quote is None:
            table.add_row(symbol.name, "-", "-", "-", "0", "-")
            continue
        spread = (quote.ask - quote.bid) / symbol.pipSize
        time = "-" if quote.timestamp is None else moment(quote.timestamp).strftime("%H:%M:%S")
        table.add_row(symbol.name, str(quote.bid), str(quote.ask), f"{spread:.1f}", str(count), time)
    return table


def moment(milliseconds: int) -> datetime:
    """
    @param milliseconds: a time of the server's, in milliseconds since 1970.
    @return: the same time, in UTC.
    """
    return fromMilliseconds(milliseconds)


def show(console: Console, table: Table) -> None:
    """
    Show a table. In a pipe or file, where there is no edge, no cell of it is broken; on a screen that is too narrow
    for its numbers, the lines go beyond the edge.

    @param console: where to show it.
    @param table: the table.
    """
    endless = console.options.update(width=_WIDEST)
    for column in table.columns:
        if column.no_wrap:
            cells = (column.header, *column.cells)
            column.min_width = max(console.measure(cell, options=endless).maximum for cell in cells)
    least, most = console.measure(table, options=endless)
    table.width = max(least, min(most, console.width)) if console.is_terminal else most
    console.print(table, crop=False)


def plainTable(*names: str, right: Iterable[str] = (), wrapped: Iterable[str] = ()) -> Table:
    """
    Make an empty table. On a narrow screen, columns that may be wrapped become narrower before any number is cut.

    @param names: the headings of its columns.
    @param right: those whose cells stand at the right.
    @param wrapped: those that may be wrapped.
    @return: the table.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name in names:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name not in wrapped)
    return table


def plainNumber(number: Decimal) -> str:
    """
    Write a number without zeros at its end.

    @param number: the number.
    @return: how it is written, with commas between thousands.
    """
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
