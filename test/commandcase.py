"""
What tests of the commands share that look at an account, or trade on it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from rich.console import Console
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli import commands, running
from ctrader_twisted.client import Account, Client
from ctrader_twisted.oauth.services import CTRADER
from ctrader_twisted.profiles import Profile, ProfileFile
from ctrader_twisted.schema import messages as m
from ctrader_twisted.testing import VirtualExchange

__all__ = ["BrokenPipe", "CommandCase"]

_TRADING = (
    m.ProtoOANewOrderReq,
    m.ProtoOAClosePositionReq,
    m.ProtoOACancelOrderReq,
    m.ProtoOAAmendOrderReq,
    m.ProtoOAAmendPositionSLTPReq,
)


class BrokenPipe(io.StringIO):
    """
    A pipe that nobody reads any more.

    @ivar lines: how many lines it takes before.
    """

    def __init__(self, lines: int = 0) -> None:
        """
        @param lines: how many lines it takes before.
        """
        super().__init__()
        self.lines = lines

    def write(self, text: str) -> int:
        """
        Take some, if somebody reads it.
        """
        if self.lines < 1:
            raise OSError("nobody reads it")
        self.lines -= text.count("\n")
        return super().write(text)


class CommandCase(SynchronousTestCase):
    """
    A simulated exchange on virtual time, and what a command shows.

    @ivar isLive: whether to be on the live host, with the live account.
    """

    isLive = False

    def setUp(self) -> None:
        """
        Make the exchange, and a folder for profiles.
        """
        self.virtual = VirtualExchange()
        self.exchange = self.virtual.exchange
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.file = io.StringIO()
        self.console = Console(file=self.file, width=120)
        self.addCleanup(lambda: self.assertEqual(self.exchange.connections, []))

    @property
    def text(self) -> str:
        """
        @return: what was shown.
        """
        return self.file.getvalue()

    def makeClient(self, **options: Any) -> Client:
        """
        @param options: as of L{VirtualExchange.client}.
        @return: a client of the host that is meant.
        """
        endpoint = self.virtual.liveEndpoint if self.isLive else self.virtual.endpoint
        return self.virtual.client(**{"endpoint": endpoint, **options})

    def drive(self, main: Callable[[Client, Account], Coroutine[Any, Any, Any]], **options: Any) -> Any:
        """
        Run something with a client and its account.

        @param main: called with both.
        @param options: of the client.
        @return: what it returned.
        """
        accountId = self.virtual.liveAccountId if self.isLive else self.virtual.accountId

        async def started() -> Any:
            async with self.makeClient(**options) as client:
                return await main(client, await client.account(accountId))

        try:
            return self.virtual.drive(started())
        finally:
            self.virtual.advance(10)

    def interrupted(self, command: Coroutine[Any, Any, Any], seconds: float) -> Deferred[Any]:
        """
        Begin a command, and let somebody press Ctrl-C.

        @param command: the command.
        @param seconds: when.
        @return: fires with what the command returns.
        """
        running = Deferred.fromCoroutine(command)
        self.virtual.clock.callLater(seconds, running.cancel)
        return running

    def sent(self) -> list[str]:
        """
        @return: the names of the requests of trading that the server has seen.
        """
        return [type(message).__name__ for message in self.exchange.seen if isinstance(message, _TRADING)]

    def invoke(self, *words: str) -> Result:
        """
        Run C{ctrader} in this process, on virtual time. It shows no secret.

        @param words: what follows C{ctrader}.
        @return: how it ended.
        """
        profile = Profile(
            name="live" if self.isLive else "demo",
            endpoint="ctrader:live" if self.isLive else "ctrader:demo",
            application=self.virtual.application,
            tokens=None,
            services=CTRADER,
            redirectUri="http://127.0.0.1:8765/callback",
            folder=self.folder,
        )

        def make(name: str, *, reactor: Any, **options: Any) -> Client:
            return self.makeClient(haltFile=profile.haltFile, **options)

        def run(main: partial[Any], reactor: object) -> None:
            self.virtual.drive(main.func(self.virtual.clock, *main.args[1:]))

        self.patch(running, "run", run)
        self.patch(ProfileFile, "read", lambda file, name: profile)
        self.patch(Client, "fromProfile", make)
        result = CliRunner().invoke(commands.ctrader, words)
        self.virtual.advance(10)
        grant = self.exchange.registry.grantNamed("trade")
        for secret in (grant.accessToken, grant.refreshToken, self.virtual.application.clientSecret):
            self.assertNotIn(secret.reveal(), result.output)
        return result
