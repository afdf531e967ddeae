"""
The commands that look at an account, and those that trade on it: C{symbols}, C{quotes}, C{book}, C{positions},
C{order}, C{halt} and C{resume}.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from ctrader_twisted.cli.using import (
    ProfileChoice,
    accountOption,
    debugOption,
    perform,
    profileOption,
    withAccount,
    withClient,
)
from ctrader_twisted.errors import ConfigurationError

# What is slow to import is imported late, so that ctrader --help is quick.
if TYPE_CHECKING:
    from rich.console import Console

    from ctrader_twisted.cli.confirming import Manner
    from ctrader_twisted.client import Account, Client

__all__ = ["book", "halt", "order", "positions", "quotes", "resume", "symbols"]

_EITHER = (
    ("limit", "stop", "--limit or --stop"),
    ("stopLoss", "stopLossPips", "--stop-loss or --stop-loss-pips"),
    ("takeProfit", "takeProfitPips", "--take-profit or --take-profit-pips"),
)

_Send = Callable[..., Coroutine[Any, Any, int]]


class _Number(click.ParamType):  # type: ignore[type-arg]  # older versions of click take none
    """
    A number, taken as it is written.
    """

    name = "NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        from ctrader_twisted.errors import IllegalValue
        from ctrader_twisted.units.exact import exactDecimal

        # Python takes 0_1 for 1.
        if "_" in str(value):
            self.fail(f"{value!r} is not a number", param, ctx)
        try:
            return exactDecimal(value)
        except IllegalValue as error:
            self.fail(str(error), param, ctx)


_NUMBER = _Number()


@click.command()
@click.argument("pattern", default="")
@profileOption
@accountOption
@debugOption
def symbols(pattern: str, profile: ProfileChoice, account: int | None, debug: bool) -> None:
    """
    List the broker's symbols, or those that fit PATTERN: a part of their names, or a pattern with * and ?.
    """
    from ctrader_twisted.cli.symbols import showSymbols

    def show(client: Client, account: Account, console: Console, clock: Any) -> Coroutine[Any, Any, None]:
        return showSymbols(account, console, pattern)

    perform(_look, profile, account, show, debug=debug)


@click.command()
@click.argument("names", metavar="SYMBOL...", nargs=-1, required=True)
@click.option("--count", metavar="N", type=click.IntRange(min=1), help="End after so many quotes.")
@profileOption
@accountOption
@debugOption
def quotes(names: tuple[str, ...], count: int | None, profile: ProfileChoice, account: int | None, debug: bool) -> None:
    """
    Watch live quotes until Ctrl-C. In a pipe or file, each is a line: time, symbol, bid, ask.
    """
    from ctrader_twisted.cli.quotes import watchQuotes

    perform(_look, profile, account, partial(watchQuotes, names=names, count=count), debug=debug)


@click.command()
@click.argument("name", metavar="SYMBOL")
@click.option(
    "--levels", metavar="N", type=click.IntRange(min=1), default=10, show_default=True, help="How many of each side."
)
@click.option("--count", metavar="N", type=click.IntRange(min=1), help="End after so many changes.")
@profileOption
@accountOption
@debugOption
def book(name: str, levels: int, count: int | None, profile: ProfileChoice, account: int | None, debug: bool) -> None:
    """
    Watch a live order book until Ctrl-C. In a pipe or file, each change is a line: time, symbol, and on each side the
    best levels, as lots@price. Brokers without market depth send one level or nothing.
    """
    from ctrader_twisted.cli.book import watchBook

    perform(_look, profile, account, partial(watchBook, name=name, levels=levels, count=count), debug=debug)


@click.command()
@click.option("--json", "asJson", is_flag=True, help="Write one JSON object.")
@profileOption
@accountOption
@debugOption
def positions(asJson: bool, profile: ProfileChoice, account: int | None, debug: bool) -> None:
    """
    Show open positions, waiting orders and the money of an account.
    """
    from ctrader_twisted.cli.positions import showPositions

    def show(client: Client, account: Account, console: Console, clock: Any) -> Coroutine[Any, Any, None]:
        return showPositions(account, console, clock, asJson=asJson)

    perform(_look, profile, account, show, debug=debug)


async def _look(
    reactor: Any,
    console: Console,
    profile: ProfileChoice,
    accountId: int | None,
    show: Callable[..., Coroutine[Any, Any, None]],
) -> None:
    await withAccount(reactor, profile, accountId, lambda client, account: show(client, account, console, reactor))


@click.group()
def order() -> None:
    """
    Place an order, close a position, or cancel an order.

    What is about to be sent is told first. On a live account it is then confirmed by typing the account's login number.
    The exit status is 3 if something was sent and it is not known what became of it; nothing is ever sent again.
    """


@frozen
class _Way:
    """
    How a command that trades goes about it, as its options say.

    @ivar profile: which profile it is for.
    @ivar accountId: which account it is for, or L{None}.
    @ivar isDry: whether it sends nothing.
    @ivar isSure: whether it asks nobody.
    @ivar debug: whether to show where it went wrong.
    """

    profile: ProfileChoice
    accountId: int | None
    isDry: bool
    isSure: bool
    debug: bool

    def go(self, send: _Send) -> None:
        """
        @param send: does it, and gives the exit status.
        """
        perform(self._main, send, debug=self.debug)

    async def _main(self, reactor: Any, console: Console, send: _Send) -> None:
        manner = _manner(reactor, console, isDry=self.isDry, isSure=self.isSure)

        async def trade(client: Client, account: Account) -> None:
            status = await send(client, account, console, reactor, manner)
            if status:
                raise SystemExit(status)

        await withAccount(reactor, self.profile, self.accountId, trade)


def _manner(reactor: Any, console: Console, *, isSure: bool, isDry: bool = False) -> Manner:
    from ctrader_twisted.cli.confirming import Manner
    from ctrader_twisted.cli.terminal import readLine

    canType = console.is_terminal and sys.stdin.isatty()
    return Manner(isDry=isDry, isSure=isSure, readLine=partial(readLine, reactor) if canType else None)


def _trading(command: Callable[..., None]) -> Callable[..., None]:
    """
    Give a command the options of all that trade; its function gets C{way}, a L{_Way}.
    """

    @profileOption
    @accountOption
    @click.option("--dry-run", "isDry", is_flag=True, help="Tell and check everything, and send nothing.")
    @click.option("--yes", "isSure", is_flag=True, help="Do not ask, on a live account either.")
    @debugOption
    @wraps(command)
    def bundled(
        profile: ProfileChoice, account: int | None, isDry: bool, isSure: bool, debug: bool, **others: Any
    ) -> None:
        command(way=_Way(profile, account, isDry, isSure, debug), **others)

    return bundled


def _ordering(command: Callable[..., None]) -> Callable[..., None]:
    """
    Give a command what makes an order; its function gets C{way}, and the rest by the names of L{Ticket}.
    """

    @click.argument("symbol")
    @click.argument("lots", type=_NUMBER)
    @click.option("--limit", metavar="PRICE", type=_NUMBER, help="Wait for this price or a better one.")
    @click.option("--stop", metavar="PRICE", type=_NUMBER, help="Wait until the market has come to this price.")
    @click.option("--stop-loss-pips", "stopLossPips", metavar="N", type=_NUMBER, help="Close with a loss so far away.")
    @click.option("--take-profit-pips", "takeProfitPips", metavar="N", type=_NUMBER, help="Likewise with a profit.")
    @click.option("--stop-loss", "stopLoss", metavar="PRICE", type=_NUMBER, help="Close with a loss at this price.")
    @click.option("--take-profit", "takeProfit", metavar="PRICE", type=_NUMBER, help="Likewise with a profit.")
    @click.option("--label", metavar="TEXT", help="A label for the order and its position.")
    @_trading
    @wraps(command)
    def checked(**terms: Any) -> None:
        for one, other, words in _EITHER:
            if terms[one] is not None and terms[other] is not None:
                raise click.UsageError(f"give {words}, not both")
        command(**terms)

    return checked


@order.command()
@_ordering
def buy(way: _Way, **terms: Any) -> None:
    """
    Buy LOTS of SYMBOL, at the market's price unless --limit or --stop is given.
    """
    _place("BUY", way, terms)


@order.command()
@_ordering
def sell(way: _Way, **terms: Any) -> None:
    """
    Sell LOTS of SYMBOL, at the market's price unless --limit or --stop is given.
    """
    _place("SELL", way, terms)


def _place(side: str, way: _Way, terms: Mapping[str, Any]) -> None:
    from ctrader_twisted.cli.order import Ticket, placeOrder
    from ctrader_twisted.trading import Side

    way.go(partial(placeOrder, ticket=Ticket(side=Side[side], **terms)))


@order.command()
@click.argument("position", metavar="POSITION_ID", type=click.IntRange(min=1))
@click.argument("lots", type=_NUMBER, required=False)
@_trading
def close(way: _Way, position: int, lots: Decimal | None) -> None:
    """
    Close a position, or LOTS of it, at the market's price.
    """
    from ctrader_twisted.cli.closing import closePosition

    way.go(partial(closePosition, positionId=position, lots=lots))


@order.command()
@click.argument("order", metavar="ORDER_ID", type=click.IntRange(min=1))
@_trading
def cancel(way: _Way, order: int) -> None:
    """
    Cancel an order that waits for its price.
    """
    from ctrader_twisted.cli.closing import cancelOrder

    way.go(partial(cancelOrder, orderId=order))


_haltedOption = click.option(
    "--account",
    "accounts",
    metavar="ID",
    type=click.IntRange(min=1),
    multiple=True,
    help="The ctidTraderAccountId; may be given several times.  [default: all accounts of the profile]",
)


@click.command()
@_haltedOption
@click.option("--flatten", is_flag=True, help="Then cancel all their orders and close all their positions.")
@click.option("--yes", "isSure", is_flag=True, help="Do not ask before that, on live accounts either.")
@profileOption
@debugOption
def halt(accounts: tuple[int, ...], flatten: bool, isSure: bool, profile: ProfileChoice, debug: bool) -> None:
    """
    Stop accounts from opening anything, until ctrader resume.

    It works at once, without a connection, for every process that uses the profile. Closing stays allowed.
    """
    perform(_halt, profile, accounts, flatten, isSure, debug=debug)


async def _halt(
    reactor: Any, console: Console, choice: ProfileChoice, accountIds: tuple[int, ...], isFlat: bool, isSure: bool
) -> None:
    from ctrader_twisted.cli.halt import flatten as close
    from ctrader_twisted.cli.halt import halt as stop
    from ctrader_twisted.profiles import ProfileFile
    from ctrader_twisted.trading.halt import HaltFile

    file = ProfileFile()
    try:
        file.read(choice.name)
    except ConfigurationError:
        # In an emergency it does not matter what is wrong with the profile.
        path = file.haltFile(choice.name)
        if path is not None:
            stop(HaltFile(path), accountIds, console)
        raise
    profile = choice.read(file)
    stop(HaltFile(profile.haltFile), accountIds, console)
    if isFlat:
        manner = _manner(reactor, console, isSure=isSure)

        def flat(client: Client) -> Coroutine[Any, Any, None]:
            return close(client, accountIds, console, reactor, manner, isLive=profile.isLive, profile=profile.name)

        await withClient(reactor, choice, flat)


@click.command()
@_haltedOption
@profileOption
@debugOption
def resume(accounts: tuple[int, ...], profile: ProfileChoice, debug: bool) -> None:
    """
    Let accounts that were halted trade again.
    """
    perform(_resume, profile, accounts, debug=debug)


async def _resume(reactor: Any, console: Console, choice: ProfileChoice, accountIds: tuple[int, ...]) -> None:
    from ctrader_twisted.cli.halt import resume as go
    from ctrader_twisted.trading.halt import HaltFile

    go(HaltFile(choice.read().haltFile), accountIds, console)
