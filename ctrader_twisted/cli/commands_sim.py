"""
The command C{sim}, and what it commands of a simulator that runs.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ctrader_twisted.cli.using import debugOption, explaining, perform

# What is slow to import is imported late, so that ctrader --help is quick.
if TYPE_CHECKING:
    from ctrader_twisted.cli.simulated import Telling

__all__ = ["sim"]

_PORT = click.IntRange(0, 65_535)
_SIGNALLED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
_SCRIPT = click.Path(dir_okay=False, path_type=Path)
_RICHES = 10**15
_NEGATIVE = {"ignore_unknown_options": True}

_CommandT = TypeVar("_CommandT", bound=Callable[..., Any])


class _Amount(click.ParamType):  # type: ignore[type-arg]  # older versions of click take none
    """
    An amount of money, in 1/100.
    """

    name = "AMOUNT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            amount = Decimal(value) * 100
        except InvalidOperation:
            amount = Decimal("nan")
        if not amount.is_finite() or not 0 < amount <= _RICHES or amount % 1:
            self.fail(f"{value!r} is no amount of money: give one such as 250 or 99.95", param, ctx)
        return int(amount)


class _Speed(click.FloatRange):
    """
    A number in a range, which what is called "nan" is not.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        speed = super().convert(value, param, ctx)
        if isnan(speed):
            self.fail(f"{value!r} is no number", param, ctx)
        return speed


def _directoryOption(command: _CommandT) -> _CommandT:
    option = click.option(
        "--directory",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where the simulator keeps its state.  [default: sim, beside the file of profiles]",
    )
    return option(command)


def _accountOption(command: _CommandT) -> _CommandT:
    option = click.option("--account", metavar="ID", type=int, help="Only what concerns this account.")
    return option(command)


@click.group(invoke_without_command=True)
@_directoryOption
@click.option("--port", type=_PORT, default=5035, show_default=True, help="The port for clients; 0 for any free one.")
@click.option("--oauth-port", type=_PORT, default=5080, show_default=True, help="The port for OAuth, likewise.")
@click.option("--seed", default=0, show_default=True, help="Prices and credentials follow from this number.")
@click.option(
    "--speed",
    type=_Speed(0, 100_000, min_open=True),
    default=1.0,
    show_default=True,
    help="Simulated seconds in a second.",
)
@click.option("--faults", type=_SCRIPT, help="A script of what is to go wrong, as TOML.")
@debugOption
@click.pass_context
def sim(
    context: click.Context,
    directory: Path | None,
    port: int,
    oauth_port: int,
    seed: int,
    speed: float,
    faults: Path | None,
    debug: bool,
) -> None:
    """
    Run a simulated exchange, for all commands to be tried on, or disturb the one that runs.

    Without another command it runs one until Ctrl-C. It writes the profile sim, so that every command works with
    --profile sim while it runs, without an application or an account at a broker. The commands below are for another
    terminal meanwhile.
    """
    if context.invoked_subcommand is not None:
        return
    from ctrader_twisted.cli.sim import Wanted
    from ctrader_twisted.cli.sim import sim as simulate
    from ctrader_twisted.profiles import ProfileFile

    try:
        perform(simulate, ProfileFile(), Wanted(directory, port, oauth_port, seed, speed, faults), debug=debug)
    except SystemExit as end:
        # A signal is the way to end it.
        if end.code not in _SIGNALLED:
            raise


@sim.command()
@_directoryOption
@debugOption
def status(directory: Path | None, debug: bool) -> None:
    """
    Tell its time, accounts, prices and connections, and what goes wrong.
    """
    from ctrader_twisted.cli.simulated import tellStatus

    _order(directory, debug, {"status": {}}, tellStatus)


@sim.command()
@_accountOption
@_directoryOption
@debugOption
def cut(account: int | None, directory: Path | None, debug: bool) -> None:
    """
    Cut all connections.
    """
    _happen(directory, debug, "disconnect", _named(account=account), "Connections are cut.")


@sim.command(context_settings=_NEGATIVE)
@click.argument("symbol")
@click.argument("bid", type=float)
@click.argument("ask", type=float, required=False)
@_directoryOption
@debugOption
def price(symbol: str, bid: float, ask: float | None, directory: Path | None, debug: bool) -> None:
    """
    Let SYMBOL have another price now, from which it goes on. Without ASK the spread stays.
    """
    from ctrader_twisted.cli.simulated import tellPrice

    _order(directory, debug, {"happen": {"setPrice": _named(symbol=symbol, bid=bid, ask=ask)}}, tellPrice(symbol))


@sim.command(context_settings=_NEGATIVE)
@click.argument("symbol")
@click.argument("pips", type=float)
@_directoryOption
@debugOption
def gap(symbol: str, pips: float, directory: Path | None, debug: bool) -> None:
    """
    Let the price of SYMBOL jump by PIPS, up or, if they are negative, down.
    """
    from ctrader_twisted.cli.simulated import tellPrice

    _order(directory, debug, {"happen": {"gap": _named(symbol=symbol, pips=pips)}}, tellPrice(symbol))


@sim.command(context_settings=_NEGATIVE)
@click.argument("seconds", type=click.FloatRange(min=0))
@_directoryOption
@debugOption
def maintenance(seconds: float, directory: Path | None, debug: bool) -> None:
    """
    Announce a maintenance, and refuse every request for SECONDS.
    """
    _happen(directory, debug, "maintenance", {"seconds": seconds}, f"There is a maintenance for {seconds:g} seconds.")


@sim.command()
@_accountOption
@_directoryOption
@debugOption
def revoke(account: int | None, directory: Path | None, debug: bool) -> None:
    """
    Take access away: tokens are dead, sessions end.
    """
    _happen(directory, debug, "revoke", _named(account=account), "Access is taken away.")


@sim.command()
@_accountOption
@_directoryOption
@debugOption
def expire(account: int | None, directory: Path | None, debug: bool) -> None:
    """
    Let access tokens end; refresh tokens and sessions stay.
    """
    _happen(directory, debug, "expire", _named(account=account), "The access tokens have ended.")


@sim.command(context_settings=_NEGATIVE)
@click.argument("account", type=int)
@click.argument("amount", type=_Amount())
@_directoryOption
@debugOption
def deposit(account: int, amount: int, directory: Path | None, debug: bool) -> None:
    """
    Pay AMOUNT of its currency into ACCOUNT.
    """
    _move("deposit", account, amount, directory, debug)


@sim.command(context_settings=_NEGATIVE)
@click.argument("account", type=int)
@click.argument("amount", type=_Amount())
@_directoryOption
@debugOption
def withdraw(account: int, amount: int, directory: Path | None, debug: bool) -> None:
    """
    Pay AMOUNT of its currency out of ACCOUNT.
    """
    _move("withdraw", account, amount, directory, debug)


@sim.command()
@click.argument("file", type=_SCRIPT, required=False)
@click.option("--clear", is_flag=True, help="End all that goes wrong, and forget what was to happen, before FILE.")
@_directoryOption
@debugOption
def faults(file: Path | None, clear: bool, directory: Path | None, debug: bool) -> None:
    """
    Run the script FILE of what is to go wrong, from now on, and tell what goes wrong then.
    """
    from ctrader_twisted.cli.simulated import tellFaults
    from ctrader_twisted.simulator.faults.script import dumpScript, readScript

    order: dict[str, Any] = {"status": {}}
    if file is not None:
        # What is wrong in it is told without a simulator, too.
        with explaining(debug):
            script = readScript(file)
        order = {"run": {"script": dumpScript(script), "source": str(file)}}
    orders = [{"clear": {}}, order] if clear else [order]
    _orderAll(directory, debug, orders, tellFaults)


def _named(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _move(kind: str, account: int, amount: int, directory: Path | None, debug: bool) -> None:
    from ctrader_twisted.cli.simulated import tellBalance

    _order(directory, debug, {"happen": {kind: {"account": account, "amount": amount}}}, tellBalance(account))


def _happen(directory: Path | None, debug: bool, kind: str, details: Mapping[str, Any], sentence: str) -> None:
    from ctrader_twisted.cli.simulated import tellSentence

    _order(directory, debug, {"happen": {kind: details}}, tellSentence(sentence))


def _order(directory: Path | None, debug: bool, order: Mapping[str, Any], tell: Telling) -> None:
    _orderAll(directory, debug, [order], tell)


def _orderAll(directory: Path | None, debug: bool, orders: list[Any], tell: Telling) -> None:
    from ctrader_twisted.cli.simulated import steer

    parent = click.get_current_context().parent
    given = parent.params.get("directory") if parent is not None else None
    perform(steer, directory or given, orders, tell, debug=debug)
