"""
Tests that the how-to "From nothing to the first quote" gives commands that there are, and messages that are printed.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
from OpenSSL.SSL import Error as TlsError
from rich.console import Console
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from zope.interface import implementer

from ctrader_twisted.cli.commands import ctrader
from ctrader_twisted.cli.consent import Question, askElsewhere
from ctrader_twisted.cli.login import login
from ctrader_twisted.cli.using import ProfileChoice, chosenAccount
from ctrader_twisted.client import Client
from ctrader_twisted.credentials import Application
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.oauth import FileTokens
from ctrader_twisted.oauth.redirect import RedirectCatcher, codeFrom
from ctrader_twisted.profiles import ProfileFile
from ctrader_twisted.profiles.file import REDIRECT
from ctrader_twisted.secret import Secret
from test.profilecase import ProfileCase

PAGE = Path(__file__).resolve().parent.parent / "docs" / "howto" / "first_quote.rst"


class _Busy(Clock):
    """
    A reactor with all ports in use.
    """

    def listenTCP(self, port: int, *args: object, **options: object) -> None:
        """
        Refuse.
        """
        raise CannotListenError("127.0.0.1", port, OSError(errno.EADDRINUSE, "in use"))


@implementer(IStreamClientEndpoint)
class _Distrusted:
    """
    A server whose certificate is not trusted.
    """

    def connect(self, factory: object) -> Deferred[Any]:
        """
        Fail, as verification does.
        """
        return fail(TlsError([("SSL routines", "", "certificate verify failed")]))


class FirstQuoteTests(ProfileCase):
    """
    The how-to.
    """

    text = PAGE.read_text(encoding="utf-8")

    def test_commands(self) -> None:
        """
        Each command is one, with options that it has.
        """
        found = re.findall(r"(?:^    |``)(ctrader (?:[^`\n]|\n(?!\n))*?)(?:``|$)", self.text, re.MULTILINE)
        self.assertGreater(len(found), 12)
        for line in found:
            _, *words = line.split()
            context = click.Context(ctrader)
            name, command, rest = ctrader.resolve_command(context, words)
            while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
                name, command, rest = command.resolve_command(context, rest)
            assert command is not None
            command.make_context(name, rest)

    def test_redirectUri(self) -> None:
        """
        The address to register is the one that is used.
        """
        self.assertIn(f"\n       {REDIRECT}\n", self.text)

    def test_messages(self) -> None:
        """
        What the table has as a message is in what is really printed.
        """
        rows = re.findall(r"^   \* - (.+)$", self.text, re.MULTILINE)
        quoted = [words for row in rows for words in re.findall(r"``(.+?)``", row)]
        self.assertGreater(len(quoted), 12)
        printed = "\n".join(error.explain().lower() for error in self.errors())
        self.assertEqual([words for words in quoted if words.lower() not in printed], [])

    def errors(self) -> list[CTraderError]:
        """
        @return: what the table is about, as it happens.
        """
        return [
            *self.errorsOfFiles(),
            *self.errorsOfLogins(),
            *self.errorsOfAccounts(),
        ]

    def raised(self, function: Callable[[], Any]) -> CTraderError:
        """
        @return: the error that a function raises.
        """
        return self.assertRaises(CTraderError, function)  # type: ignore[no-any-return]

    def errorsOfFiles(self) -> list[CTraderError]:
        """
        @return: what is told of files.
        """
        file = ProfileFile(self.folder / "profiles.toml")
        missing = self.raised(lambda: file.read("demo"))
        file.write("live", {"endpoint": "ctrader:live", "clientId": "7", "clientSecret": "s", "tokens": "t.json"})
        path = self.folder / "tokens.json"
        path.write_text("{}")
        path.chmod(0o644)
        readable = self.failureResultOf(FileTokens(path).load()).value
        return [missing, self.raised(lambda: ProfileChoice("live", isSpelled=False).read(file)), readable]

    def errorsOfLogins(self) -> list[CTraderError]:
        """
        @return: what is told when access is granted, or not.
        """
        inactive = self.registry.applicationNamed("inactive")
        wrong = Application(self.virtual.application.clientId, "wrong")
        clock = self.virtual.clock

        async def bring(question: Question) -> Secret:
            return Secret("used-up")

        def attempt(application: Application | None) -> Coroutine[Any, Any, None]:
            return login(clock, self.console, self.profile(application=application), "trading", bring, self.randomness)

        applications = (Application(inactive.clientId, inactive.clientSecret), wrong, None)
        refused = [self.raised(lambda each=each: self.drive(attempt(each))) for each in applications]  # type: ignore[misc]
        late: Deferred[Secret] = Deferred.fromCoroutine(
            askElsewhere(clock, Console(quiet=True), Question("u", REDIRECT, "s", False), Deferred)
        )
        clock.advance(300)
        return [
            *refused,
            self.failureResultOf(late).value,
            self.raised(lambda: codeFrom("code", REDIRECT, state="s")),
            self.raised(lambda: codeFrom(f"{REDIRECT}?error=access_denied&state=s", REDIRECT, state="s")),
            self.raised(RedirectCatcher(_Busy(), REDIRECT, state="s").listen),
        ]

    def errorsOfAccounts(self) -> list[CTraderError]:
        """
        @return: what is told by a client that is logged in, or should be.
        """
        explained: list[CTraderError] = []

        async def wrongNumber(client: Client) -> None:
            try:
                await client.account(5_000_001)
            except CTraderError as error:
                explained.append(CTraderError(client.explain(error)))

        def choose() -> Any:
            return self.virtual.run(lambda client: chosenAccount(client, None, isLive=False))

        self.virtual.run(wrongNumber)
        several = self.raised(choose)
        grant = self.registry.grantNamed("trade")
        grant.accountIds = (20_003,)
        none = self.raised(choose)
        self.registry.withdraw(grant)
        refused = self.raised(choose)
        self.virtual.endpoint = _Distrusted()  # type: ignore[assignment]
        return [*explained, several, none, refused, self.raised(choose)]
