"""
Tests of L{ctrader_twisted.client.Client.fromProfile}: over real TLS, against the simulator in this process.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from ctrader_twisted import Client, FileTokens, Lots, MemoryTokens, ProfileFile, TokenPair
from ctrader_twisted.errors import ConfigurationError, Halted
from ctrader_twisted.oauth import OAuth
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.service import SimulatorService
from ctrader_twisted.simulator.world import USD_ACCOUNT


class ProfileTests(TestCase):
    """
    A client that knows no more than a profile.
    """

    timeout = 60

    def setUp(self) -> None:
        """
        Start a simulator, and write a profile that leads to it.
        """
        self.folder = Path(self.mktemp()).absolute()
        directory = Directory(self.folder / "sim", reactor)
        self.exchange = Exchange.default(reactor, speed=60.0)
        self.service = SimulatorService(reactor, self.exchange, directory)
        self.folder.mkdir()
        self.service.startService()
        self.addCleanup(self.service.stopService)
        self.file = ProfileFile(self.folder / "profiles.toml")
        self.file.write("sim", {"simulator": "sim", "tokens": "tokens.json"})

    def store(self) -> FileTokens:
        """
        @return: the profile's token store, by another way.
        """
        return FileTokens(self.folder / "tokens.json")

    def pair(self) -> TokenPair:
        """
        @return: the tokens that the simulator gives away.
        """
        found = json.loads((self.folder / "sim" / "simulator.json").read_text(encoding="utf-8"))
        return TokenPair(found["accessToken"], found["refreshToken"])

    def test_everything(self) -> Deferred[None]:
        """
        The profile leads to the host, the application and the tokens, which are renewed where they are; and its halt
        file holds back orders.
        """

        async def main() -> None:
            await self.store().save((self.pair(),))
            async with Client.fromProfile("sim", file=self.file, accounts=[USD_ACCOUNT]) as client:
                account = await client.account(USD_ACCOUNT)
                (old,) = await self.store().load()
                assert old.refreshToken is not None
                await client.requests.refreshToken(refreshToken=old.refreshToken.reveal())
                self.assertEqual([each.accessToken for each in await self.store().load()], [self.pair().accessToken])
                await account.whenReady()
                self.file.read("sim").haltFile.touch()
                with self.assertRaises(Halted):
                    await account.buy(await account.symbol("EURUSD"), Lots("0.10"))

        return Deferred.fromCoroutine(main())

    def test_overHttp(self) -> Deferred[None]:
        """
        What it renews tokens with over HTTP is the profile's, too.
        """

        async def main() -> None:
            oauth: Any = self.file.read("sim").makeOAuth(reactor)
            self.assertIsInstance(oauth, OAuth)
            old = self.pair()
            assert old.refreshToken is not None
            new = await oauth.refresh(old.refreshToken, scope="trading", userId=7001)
            self.assertEqual((new.accessToken, new.scope, new.userId), (self.pair().accessToken, "trading", 7001))

        return Deferred.fromCoroutine(main())

    def test_options(self) -> Deferred[None]:
        """
        Whatever else a client is given goes before what the profile says.
        """
        tokens = MemoryTokens(self.pair())

        async def main() -> None:
            async with Client.fromProfile("sim", file=self.file, tokens=tokens) as client:
                self.assertIn(USD_ACCOUNT, [each.accountId for each in await client.accounts()])

        return Deferred.fromCoroutine(main())

    def test_none(self) -> None:
        """
        A profile that is not there is refused at once, with what to do.
        """
        error = self.assertRaises(ConfigurationError, Client.fromProfile, "demo", file=self.file)
        self.assertIn("ctrader login --profile demo", str(error))
