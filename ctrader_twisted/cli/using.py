"""
What the commands that use a profile share: their options, how they run, and how they end.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click
from attrs import frozen

from ctrader_twisted.errors import ConfigurationError, CTraderError

# What is slow to import is imported late, so that ctrader --help is quick.
if TYPE_CHECKING:
    from ctrader_twisted.client import Account, Client
    from ctrader_twisted.profiles import Profile, ProfileFile
    from ctrader_twisted.session.grants import AccountInfo

__all__ = [
    "ProfileChoice",
    "accountOption",
    "chosenAccount",
    "debugOption",
    "explaining",
    "perform",
    "profileOption",
    "withAccount",
    "withClient",
]

_CommandT = TypeVar("_CommandT", bound=Callable[..., Any])

# A person waits for it, so it is less than what a daemon takes.
_START = 20.0


@frozen
class ProfileChoice:
    """
    Which profile a command is for.

    @ivar name: its name.
    @ivar isSpelled: whether it was named on the command line, and not by the environment or by default.
    """

    name: str
    isSpelled: bool

    def read(self, file: ProfileFile | None = None) -> Profile:
        """
        Read it from the file of profiles.

        @param file: the file; by default the user's.
        @return: the profile.
        @raise ConfigurationError: if there is none of that name, if it cannot be used, or if it is for live accounts
            and was not spelled.
        """
        from ctrader_twisted.profiles import ProfileFile

        profile = (file or ProfileFile()).read(self.name)
        if profile.isLive and not self.isSpelled:
            raise ConfigurationError(
                f"the profile {self.name} is for live accounts, with real money; to use it, say --profile {self.name}"
            )
        return profile


def _choice(context: click.Context, parameter: click.Parameter, value: str) -> ProfileChoice:
    isSpelled = context.get_parameter_source("profile") is click.core.ParameterSource.COMMANDLINE
    return ProfileChoice(value, isSpelled)


def profileOption(command: _CommandT) -> _CommandT:
    """
    Give a command the option C{--profile}; its function gets C{profile}, a L{ProfileChoice}.

    @param command: the function.
    @return: the same one.
    """
    option = click.option(
        "--profile",
        metavar="NAME",
        default="demo",
        show_default=True,
        envvar="CTRADER_PROFILE",
        show_envvar=True,
        callback=_choice,
        help="Which profile to use; one for live accounts must be named here.",
    )
    return option(command)


def accountOption(command: _CommandT) -> _CommandT:
    """
    Give a command the option C{--account}; its function gets C{account}, a number or L{None}.

    @param command: the function.
    @return: the same one.
    """
    option = click.option(
        "--account",
        metavar="ID",
        type=click.IntRange(min=1),
        help="The ctidTraderAccountId, as ctrader accounts lists it.  [default: the only one]",
    )
    return option(command)


def debugOption(command: _CommandT) -> _CommandT:
    """
    Give a command the option C{--debug}; its function gets C{debug}, for L{perform}.

    @param command: the function.
    @return: the same one.
    """
    return click.option("--debug", is_flag=True, help="If it fails, show where.")(command)


def perform(main: Callable[..., Coroutine[Any, Any, None]], *args: object, debug: bool = False) -> None:
    """
    Run the reactor for as long as a command takes, L{explaining} what goes wrong.

    @param main: called with the reactor, a console for standard output, and the arguments.
    @param args: the arguments.
    @param debug: whether to show where it went wrong.
    @raise SystemExit: with status 1 if it went wrong, 128 and the signal's number if a signal ended it.
    """
    from rich.console import Console
    from twisted.internet import reactor

    from ctrader_twisted.cli.running import run

    with explaining(debug):
        run(partial(main, reactor, Console(), *args), reactor)


@contextmanager
def explaining(debug: bool) -> Iterator[None]:
    """
    Tell what goes wrong in a sentence on standard error.

    @param debug: whether to show where it went wrong.
    @return: a context manager.
    @raise SystemExit: with status 1 if it went wrong, 128 and the signal's number if a signal ended it.
    """
    from ctrader_twisted.cli.running import Interrupted

    try:
        yield
    except (click.ClickException, click.Abort):
        raise
    except Interrupted as interrupted:
        raise SystemExit(interrupted.status) from None
    except CTraderError as error:
        raise _failure(error.explain(), debug) from error
    except OSError as error:
        raise _failure(str(error), debug) from error
    except Exception as error:
        # Its text may hold anything.
        raise _failure(f"It failed with {type(error).__name__}; --debug shows where.", debug) from error


async def withClient(
    reactor: Any,
    choice: ProfileChoice,
    main: Callable[[Client], Coroutine[Any, Any, None]],
    *,
    makeClient: Callable[..., Client] | None = None,
) -> None:
    """
    Run a coroutine function with a client that is logged in. Errors are explained with what the client knows.

    @param reactor: the reactor.
    @param choice: the profile.
    @param main: called with the client.
    @param makeClient: makes the client; by default L{Client.fromProfile} does.
    @raise CTraderError: what the client or the coroutine raised, with a better L{CTraderError.explain}.
    """
    from ctrader_twisted.client import Client

    choice.read()
    client = (makeClient or Client.fromProfile)(choice.name, reactor=reactor, startTimeout=_START)
    try:
        async with client:
            await main(client)
    except CTraderError as error:
        raise _Explained(str(error), client.explain(error)) from error


async def withAccount(
    reactor: Any,
    choice: ProfileChoice,
    accountId: int | None,
    main: Callable[[Client, Account], Coroutine[Any, Any, None]],
    *,
    makeClient: Callable[..., Client] | None = None,
) -> None:
    """
    Run a coroutine function with a client and an account, see L{withClient} and L{chosenAccount}.

    @param reactor: the reactor.
    @param choice: the profile.
    @param accountId: which account, or L{None} for the only one.
    @param main: called with the client and the account.
    @param makeClient: makes the client; by default L{Client.fromProfile} does.
    @raise CTraderError: what the client or the coroutine raised, with a better L{CTraderError.explain}.
    """
    isLive = choice.read().isLive

    async def started(client: Client) -> None:
        await main(client, await chosenAccount(client, accountId, isLive=isLive))

    await withClient(reactor, choice, started, makeClient=makeClient)


async def chosenAccount(client: Client, accountId: int | None, *, isLive: bool) -> Account:
    """
    Find the account that a command is for.

    @param client: the client, logged in.
    @param accountId: the account that was named, or L{None}.
    @param isLive: whether the client's host is the one for live accounts.
    @return: the one that was named; else the only one that the tokens cover on this host.
    @raise ConfigurationError: if none was named and it is not the only one.
    """
    if accountId is not None:
        return await client.account(accountId)
    kind = "live" if isLive else "demo"
    found = [each for each in await client.accounts() if each.isLive == isLive]
    if not found:
        raise ConfigurationError(f"the stored tokens cover no {kind} account; ctrader accounts lists those they cover")
    if len(found) > 1:
        raise ConfigurationError(f"there are several {kind} accounts; choose one with --account: {_listed(found)}")
    return await client.account(found[0].accountId)


class _Explained(CTraderError):
    """
    An error of a client's, with all that the client knows of it.
    """

    def __init__(self, message: str, explanation: str) -> None:
        super().__init__(message)
        self._explanation = explanation

    def explain(self) -> str:
        return self._explanation


def _listed(accounts: Iterable[AccountInfo]) -> str:
    return ", ".join(f"{each.accountId} (login {each.traderLogin})" for each in accounts)


def _failure(sentence: str, debug: bool) -> SystemExit:
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"{sentence}\n")
    return SystemExit(1)
