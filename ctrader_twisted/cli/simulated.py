"""
What the simulator says of itself, for people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ctrader_twisted.cli.sim import folderOf
from ctrader_twisted.cli.steering import order
from ctrader_twisted.cli.tables import moment, plainTable, show
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.profiles import ProfileFile

__all__ = ["Telling", "steer", "tellBalance", "tellFaults", "tellPrice", "tellSentence", "tellStatus"]

Telling = Callable[[Console, Mapping[str, Any]], None]
"""
Tells what has become of an order, by how the simulator is afterwards.
"""


async def steer(
    reactor: Any, console: Console, directory: Path | None, orders: Iterable[Mapping[str, Any]], tell: Telling
) -> None:
    """
    Have something done by a simulator that runs, and tell what has become of it.

    @param reactor: the reactor.
    @param console: where to tell it.
    @param directory: where the simulator lives; L{None} for where C{ctrader sim} has it.
    @param orders: the orders; at least one.
    @param tell: tells what has become of the last one.
    @raise ConfigurationError: if no simulator runs there, or it does not do it.
    """
    folder = folderOf(directory, ProfileFile())
    status: Mapping[str, Any] = {}
    for each in orders:
        status = await order(reactor, folder, each)
    tell(console, status)


def tellSentence(sentence: str) -> Telling:
    """
    @param sentence: what is told in any case.
    """
    return lambda console, status: say(console, sentence)


def tellBalance(accountId: int) -> Telling:
    """
    @param accountId: the account whose balance is told.
    """
    return partial(_tellBalance, accountId)


def tellPrice(symbol: str) -> Telling:
    """
    @param symbol: the name of the symbol whose price is told.
    """
    return partial(_tellPrice, symbol)


def tellFaults(console: Console, status: Mapping[str, Any]) -> None:
    """
    Tell what goes wrong, and what is still to happen.

    @param console: where to tell it.
    @param status: how the simulator is.
    """
    for each in status["rules"]:
        say(console, f"  {each['rule']}  (fitted {each['matches']}, took effect {each['hits']} times)")
    lines = [f"Still to happen by itself: {status['planned']}."] if status["planned"] else []
    lines += ["New connections are refused."] if status["isRefusing"] else []
    if status["maintenanceEnd"] is not None:
        lines.append(f"There is a maintenance until {_time(status['maintenanceEnd'])} of its time.")
    if not status["rules"] and not lines:
        lines.append("Nothing is made to go wrong.")
    for line in lines:
        say(console, line)


def tellStatus(console: Console, status: Mapping[str, Any]) -> None:
    """
    Tell everything.

    @param console: where to tell it.
    @param status: how the simulator is.
    """
    speed = "" if status["speed"] == 1 else f", and runs {status['speed']:g} times as fast"
    say(console, f"Its time is {_time(status['time'])}{speed}.")
    _showAccounts(console, status["accounts"])
    _showPrices(console, status["prices"])
    _tellConnections(console, status["connections"])
    tellFaults(console, status)


def _showAccounts(console: Console, accounts: list[Mapping[str, Any]]) -> None:
    numbers = ("account", "login", "balance", "positions", "orders", "logged in")
    table = plainTable(*numbers[:2], "kind", "type", *numbers[2:], right=numbers)
    for each in accounts:
        table.add_row(
            str(each["account"]),
            str(each["login"]),
            "live" if each["isLive"] else "demo",
            each["type"].lower(),
            f"{_money(each['balance'])} {each['asset']}",
            *(str(each[name]) for name in ("positions", "orders", "sessions")),
        )
    show(console, table)


def _showPrices(console: Console, prices: list[Mapping[str, Any]]) -> None:
    table = plainTable("symbol", "bid", "ask", "since (UTC)", right=("bid", "ask"))
    for each in prices:
        since = "-" if each["time"] is None else _time(each["time"])
        table.add_row(Text(each["symbol"]), each["bid"] or "-", each["ask"] or "-", since)
    show(console, table)


def _tellConnections(console: Console, connections: list[Mapping[str, Any]]) -> None:
    say(console, f"Connections: {len(connections)}.")
    for each in connections:
        who = each["application"] or "not logged in"
        accounts = ", ".join(map(str, each["accounts"])) or "none"
        say(console, f"  application: {who}; accounts: {accounts}")


def _tellBalance(accountId: int, console: Console, status: Mapping[str, Any]) -> None:
    [found] = [each for each in status["accounts"] if each["account"] == accountId]
    say(console, f"Account {accountId} has {_money(found['balance'])} {found['asset']}.")


def _tellPrice(symbol: str, console: Console, status: Mapping[str, Any]) -> None:
    [found] = [each for each in status["prices"] if each["symbol"] == symbol]
    say(console, f"{symbol} is at {found['bid']} {found['ask']}.")


def _money(amount: int) -> str:
    return f"{amount / 100:,.2f}"


def _time(milliseconds: int) -> str:
    return moment(milliseconds).strftime("%Y-%m-%d %H:%M:%S")
