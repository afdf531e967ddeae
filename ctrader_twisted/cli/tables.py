"""
Tables of what the client knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from rich import box
from rich.table import Table

from ctrader_twisted.market import Quote
from ctrader_twisted.session.grants import AccountInfo
from ctrader_twisted.units import Symbol, fromMilliseconds

__all__ = ["accountTable", "moment", "quoteTable", "symbolTable"]


def accountTable(accounts: Iterable[AccountInfo]) -> Table:
    """
    @param accounts: the accounts that the tokens give access to.
    @return: a row for each.
    """
    table = _table("account", "ctidTraderAccountId", "kind", "may trade")
    for account in accounts:
        kind = "live" if account.isLive else "demo"
        table.add_row(str(account.traderLogin), str(account.accountId), kind, "yes" if account.canTrade else "no")
    return table


def symbolTable(symbols: Iterable[Symbol]) -> Table:
    """
    @param symbols: some symbols.
    @return: a row for each, with what one needs to know before trading it.
    """
    table = _table(
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
        lot = f"{_plain(symbol.units(symbol.lotSize).value)} {unit}"
        least = _plain(symbol.lots(symbol.minVolume).value)
        table.add_row(symbol.name, symbol.description, str(symbol.digits), lot, least)
    return table


def quoteTable(rows: Iterable[tuple[Symbol, Quote | None, int]]) -> Table:
    """
    @param rows: symbols, their newest quotes, and how many quotes came.
    @return: a row for each.
    """
    numbers = ("bid", "ask", "spread in pips", "quotes")
    table = _table("symbol", *numbers, "time (UTC)", right=numbers, wrapped=("spread in pips", "time (UTC)"))
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


def _table(*names: str, right: Iterable[str] = (), wrapped: Iterable[str] = ()) -> Table:
    """
    Make an empty table. On a narrow screen, only columns that may be wrapped become narrower, so that no number is cut.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name in names:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name not in wrapped)
    return table


def _plain(number: Decimal) -> str:
    """
    Write a number without zeros at its end.
    """
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
