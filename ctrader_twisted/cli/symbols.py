"""
C{ctrader symbols}: what the broker offers.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ctrader_twisted.cli.gathering import gathered
from ctrader_twisted.cli.naming import symbolNamed
from ctrader_twisted.cli.tables import plainNumber, plainTable, show
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.client import Account
from ctrader_twisted.trading.quantities import lotsOf, unitsOf
from ctrader_twisted.units import Symbol

__all__ = ["showSymbols"]

_NUMBERS = ("id", "digits", "pip", "least lots", "most lots", "step", "one lot")


async def showSymbols(account: Account, console: Console, pattern: str = "") -> None:
    """
    Show symbols with what one needs to know before trading them.

    @param account: the account.
    @param console: where to show them.
    @param pattern: a part of their names, or a pattern with C{*} and C{?}, in letters of either case; empty for all.
    @raise CTraderError: if there is none; the message tells similar names.
    """
    names = {each.symbolId: each.symbolName for each in await account.symbols() if _fits(each.symbolName, pattern)}
    if not names:
        await symbolNamed(account, pattern)
    found, failed = await gathered({symbolId: account.symbol(symbolId) for symbolId in names})
    if not found:
        raise next(iter(failed.values()))
    show(console, _table(sorted(found.values(), key=lambda symbol: symbol.name)))
    for symbolId, error in failed.items():
        say(console, f"{names[symbolId]} cannot be shown: {error}")


def _fits(name: str, pattern: str) -> bool:
    name, pattern = name.casefold(), pattern.casefold()
    return pattern in name or fnmatchcase(name, pattern)


def _table(symbols: Iterable[Symbol]) -> Table:
    table = plainTable("symbol", *_NUMBERS, "description", right=_NUMBERS, wrapped=("description",))
    for symbol in symbols:
        unit = symbol.measurementUnits or symbol.baseAsset.name
        table.add_row(
            symbol.name,
            str(symbol.symbolId),
            str(symbol.digits),
            f"{symbol.pipSize:f}",
            _lots(symbol, symbol.minVolume),
            _lots(symbol, symbol.maxVolume) if symbol.maxVolume else "-",
            _lots(symbol, symbol.stepVolume) if symbol.stepVolume else "-",
            f"{plainNumber(symbol.units(symbol.lotSize).value)} {unit}" if symbol.lotSize else "-",
            Text(symbol.description if symbol.enabled else f"{symbol.description} (not offered now)"),
        )
    return table


def _lots(symbol: Symbol, volume: int) -> str:
    lots = lotsOf(symbol, volume)
    return f"{plainNumber(unitsOf(volume).value)} units" if lots is None else plainNumber(lots.value)
