"""
C{ctrader positions}: what an account holds, and what it is worth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text
from twisted.internet.defer import TimeoutError
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.cli.naming import lookUp, priceWords, symbolName
from ctrader_twisted.cli.tables import moment, plainTable, show
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.client import Account
from ctrader_twisted.trading import EquityWatch, PendingOrder, Position, Side
from ctrader_twisted.trading.quantities import lotsOf, unitsOf

__all__ = ["showPositions"]

_Row = dict[str, int | str | None]

_PATIENCE = 5.0
_LEFT = ("symbol", "side", "kind", "expires", "label")
_HELD = ("symbol", "side", "lots", "units")
_LEVELS = ("stopLoss", "takeProfit")
_POSITION = ("position", *_HELD, "entry", *_LEVELS, "swap", "netProfit", "label")
_ORDER = ("order", *_HELD, "kind", "price", *_LEVELS, "expires", "label")


async def showPositions(account: Account, console: Console, clock: IReactorTime, *, asJson: bool = False) -> None:
    """
    Show open positions, orders that wait for their price, and the account's money.

    @param account: the account.
    @param console: where to show them.
    @param clock: the reactor.
    @param asJson: whether to write them for machines: one object, in which numbers that must stay exact are texts, and
        what is not known is C{null}.
    """
    await lookUp(account, (*account.positions, *account.orders))
    async with account.watchEquity() as watch:
        # What is not known by then is shown as unknown.
        with suppress(TimeoutError):
            await watch.whenKnown().addTimeout(_PATIENCE, clock)
        positions = [_positionRow(each, watch) for each in account.positions]
        orders = [_orderRow(each) for each in account.orders]
        money = await _money(account, watch)
    if asJson:
        console.out(json.dumps({"positions": positions, "orders": orders, "money": money}, indent=4), highlight=False)
        return
    for what, names, rows in (("open position", _POSITION, positions), ("order that waits", _ORDER, orders)):
        if rows:
            show(console, _table(names, rows))
        else:
            say(console, f"No {what}.")
    asset = money.pop("asset")
    for name, amount in money.items():
        say(console, f"{_heading(name).capitalize()}: {'unknown' if amount is None else f'{amount} {asset}'}")


def _positionRow(position: Position, watch: EquityWatch) -> _Row:
    profit = watch.profitOf(position)
    values = (
        position.positionId,
        *_held(position, position.volume),
        priceWords(position, position.entryPrice),
        priceWords(position, position.stopLoss),
        priceWords(position, position.takeProfit),
        _exact(position.swap),
        _exact(None if profit is None else profit.net),
        position.label,
    )
    return dict(zip(_POSITION, values, strict=True))


def _orderRow(order: PendingOrder) -> _Row:
    values = (
        order.orderId,
        *_held(order, order.volume - order.executedVolume),
        order.kind.name.lower().replace("_", " "),
        priceWords(order, order.price),
        priceWords(order, _level(order, order.stopLoss, order.stopLossDistance, isAbove=order.side is Side.SELL)),
        priceWords(order, _level(order, order.takeProfit, order.takeProfitDistance, isAbove=order.side is Side.BUY)),
        None if order.expires is None else moment(order.expires).isoformat(timespec="seconds"),
        order.label,
    )
    return dict(zip(_ORDER, values, strict=True))


async def _money(account: Account, watch: EquityWatch) -> _Row:
    return {
        "balance": _exact(account.balance),
        "equity": _exact(watch.equity),
        "usedMargin": _exact(watch.usedMargin),
        "freeMargin": _exact(watch.freeMargin),
        "asset": (await account.depositAsset()).name,
    }


def _held(held: Position | PendingOrder, volume: int) -> tuple[str, str, str | None, str]:
    lots = lotsOf(held.symbol, volume)
    units = f"{unitsOf(volume).value:f}"
    return symbolName(held), held.side.name.lower(), _exact(None if lots is None else lots.value), units


def _level(order: PendingOrder, price: Decimal | None, distance: Decimal | None, *, isAbove: bool) -> Decimal | None:
    if distance is None or order.price is None:
        return price
    return order.price + distance if isAbove else order.price - distance


def _exact(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _table(names: Sequence[str], rows: Iterable[_Row]) -> Table:
    headings = [_heading(name) for name in names]
    right = [_heading(name) for name in names if name not in _LEFT]
    table = plainTable(*headings, right=right, wrapped=("label",))
    for row in rows:
        table.add_row(*(Text(_text(name, value)) for name, value in row.items()))
    return table


def _heading(name: str) -> str:
    return re.sub("([A-Z])", r" \1", name).lower()


def _text(name: str, value: int | str | None) -> str:
    if value is None:
        return "unknown" if name == "netProfit" else "-"
    return str(value)
