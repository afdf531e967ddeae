"""
The commands that make a profile usable: C{login}, C{logout}, C{tokens}, C{accounts} and C{doctor}.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from ctrader_twisted.cli.using import ProfileChoice, debugOption, explaining, perform, profileOption, withClient

# What is slow to import is imported late, so that ctrader --help is quick.
if TYPE_CHECKING:
    from rich.console import Console

    from ctrader_twisted.profiles import Profile

__all__ = ["accounts", "doctor", "login", "logout", "tokens"]

_VARIABLE = "CTRADER_CLIENT_SECRET"
_SCOPES = click.Choice(["trading", "accounts"])


@click.command()
@profileOption
@click.option(
    "--scope",
    type=_SCOPES,
    default="trading",
    show_default=True,
    help="What to ask for: trading, or only looking at the accounts.",
)
@click.option("--client-id", metavar="ID", help="The application; asked for if it is not known.")
@click.option(
    "--redirect-uri", metavar="URI", help="Where the browser comes back to, as registered for the application."
)
@click.option("--endpoint", metavar="ENDPOINT", help="Where a profile connects that is neither demo nor live.")
@click.option("--no-browser", is_flag=True, help="Show the address, and take the answer from the keyboard.")
@debugOption
def login(
    profile: ProfileChoice,
    scope: str,
    client_id: str | None,
    redirect_uri: str | None,
    endpoint: str | None,
    no_browser: bool,
    debug: bool,
) -> None:
    """
    Get access to accounts, by asking in a browser.

    The first time, it asks for an application's client id and client secret (or takes the secret from the variable
    CTRADER_CLIENT_SECRET), and keeps them in a profile.
    """
    with explaining(debug):
        found = _registered(profile, clientId=client_id, endpoint=endpoint, redirectUri=redirect_uri)
    perform(_login, found, scope, no_browser, debug=debug)


async def _login(reactor: Any, console: Console, profile: Profile, scope: str, isElsewhere: bool) -> None:
    from random import SystemRandom

    from ctrader_twisted.cli.consent import ask, askElsewhere
    from ctrader_twisted.cli.login import login as getAccess
    from ctrader_twisted.cli.terminal import openBrowser, readLine

    here = partial(ask, reactor, console, openBrowser=openBrowser)
    elsewhere = partial(askElsewhere, reactor, console, readLine=partial(readLine, reactor))
    await getAccess(reactor, console, profile, scope, elsewhere if isElsewhere else here, SystemRandom())


def _registered(choice: ProfileChoice, **said: str | None) -> Profile:
    from ctrader_twisted.cli.registering import Asking, Wish, registered
    from ctrader_twisted.profiles import ProfileFile

    asking = Asking(click.echo, lambda text, default: click.prompt(text, default).strip(), _askSecret)
    return registered(ProfileFile(), choice, Wish(**said), asking)


def _askSecret(text: str) -> str:
    return os.environ.get(_VARIABLE) or _askHidden(text)


def _askHidden(text: str, default: str | None = None) -> str:
    # What is pasted easily has a space too many.
    return str(click.prompt(text, default, hide_input=True, show_default=False)).strip()


@click.group(invoke_without_command=True)
@profileOption
@debugOption
@click.pass_context
def tokens(context: click.Context, profile: ProfileChoice, debug: bool) -> None:
    """
    Show which tokens are stored, and until when they are good. They themselves are never shown.
    """
    context.obj = profile
    if context.invoked_subcommand is None:
        perform(_tokens, profile, debug=debug)


async def _tokens(reactor: Any, console: Console, choice: ProfileChoice) -> None:
    from ctrader_twisted.cli.tokens import showTokens
    from ctrader_twisted.client.client import systemTime

    await showTokens(reactor, console, choice.read(), systemTime())


@tokens.command("import")
@profileOption
@click.option("--scope", type=_SCOPES, help="What they were granted for.")
@click.option("--expires-in", metavar="SECONDS", type=click.IntRange(min=1), help="How long the access token lives.")
@debugOption
@click.pass_obj
def importTokens(
    outer: ProfileChoice, profile: ProfileChoice, scope: str | None, expires_in: int | None, debug: bool
) -> None:
    """
    Store a pair of tokens that you have already, such as from the Playground of an application's page.

    It asks for both, and for the application if it is not known. From a file or a pipe it takes two lines.
    """
    choice = profile if profile.isSpelled else outer
    with explaining(debug):
        if _isTerminal():
            found = _registered(choice)
            words = _askHidden("Access token"), _askHidden("Refresh token (Enter if you have none)", "")
        else:
            found = choice.read()
            words = sys.stdin.readline().strip(), sys.stdin.readline().strip()
    perform(_import, found, words, scope, expires_in, debug=debug)


def _isTerminal() -> bool:
    return sys.stdin.isatty()


async def _import(
    reactor: Any,
    console: Console,
    profile: Profile,
    words: tuple[str, str],
    scope: str | None,
    seconds: int | None,
) -> None:
    from random import SystemRandom

    from ctrader_twisted.cli.tokens import imported, importTokens
    from ctrader_twisted.client.client import systemTime

    pair = imported(*words, scope=scope, expires=None if seconds is None else systemTime() + seconds * 1000)
    await importTokens(reactor, console, profile, pair, SystemRandom())


@click.command()
@profileOption
@debugOption
def accounts(profile: ProfileChoice, debug: bool) -> None:
    """
    List the accounts that the stored tokens give access to, live and demo ones.
    """
    perform(_accounts, profile, debug=debug)


async def _accounts(reactor: Any, console: Console, choice: ProfileChoice) -> None:
    from ctrader_twisted.cli.accounts import accounts

    await withClient(reactor, choice, partial(accounts, console))


@click.command()
@profileOption
@click.option("--yes", is_flag=True, help="Do not ask whether you are sure.")
@debugOption
def logout(profile: ProfileChoice, yes: bool, debug: bool) -> None:
    """
    Forget the stored tokens.

    What you have granted stays granted until you revoke it at https://id.ctrader.com: Settings, Open API.
    """
    from ctrader_twisted.cli.sharing import sharers
    from ctrader_twisted.profiles import ProfileFile

    with explaining(debug):
        file = ProfileFile()
        found = profile.read(file)
        names = " and ".join((found.name, *sharers(file, found)))
        if not yes:
            click.confirm(f"Forget the tokens of {names}?", abort=True)
    perform(_logout, found, names, debug=debug)


async def _logout(reactor: Any, console: Console, profile: Profile, names: str) -> None:
    from ctrader_twisted.cli.tokens import logout

    await logout(reactor, console, profile, names)


@click.command()
@profileOption
@debugOption
def doctor(profile: ProfileChoice, debug: bool) -> None:
    """
    See what is wrong between this machine and your accounts, and what to do. It changes nothing.
    """
    perform(_doctor, profile, debug=debug)


async def _doctor(reactor: Any, console: Console, choice: ProfileChoice) -> None:
    from random import SystemRandom

    from ctrader_twisted.cli.doctor import Doctor
    from ctrader_twisted.cli.probes import NetworkProbes
    from ctrader_twisted.client.client import systemTime
    from ctrader_twisted.profiles import ProfileFile

    await Doctor(reactor, console, NetworkProbes(reactor), systemTime, SystemRandom()).examine(ProfileFile(), choice)
