"""
A token store of your own, and what a client does when tokens end and when access is taken away.

Usage: python -m twisted.trial test_tokens, in the folder of this file.
"""

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from ctrader_twisted import TokenPair
from ctrader_twisted.errors import GrantLost
from ctrader_twisted.interfaces import ITokenStore
from ctrader_twisted.testing import VirtualExchange


@implementer(ITokenStore)
class TableTokens:
    """Here a tuple stands for a table of a database, and a flag for its lock among all who use it."""

    def __init__(self, *pairs: TokenPair) -> None:
        self.pairs = pairs
        self.isLocked = False

    def load(self) -> Deferred[tuple[TokenPair, ...]]:
        return succeed(self.pairs)

    def save(self, pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        self.pairs = pairs
        return succeed(None)

    def tryLock(self) -> Deferred[bool]:
        wasFree, self.isLocked = not self.isLocked, True
        return succeed(wasFree)

    def unlock(self) -> Deferred[None]:
        self.isLocked = False
        return succeed(None)


class TokenTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.exchange = VirtualExchange()
        self.grant = self.exchange.exchange.registry.grantNamed("trade")
        self.tokens = TableTokens(TokenPair(self.grant.accessToken, self.grant.refreshToken))

    def test_expired(self) -> None:
        """A client finds its access token expired: it buys the next pair, stores it, and logs in with that."""
        before = self.tokens.pairs

        async def main() -> None:
            self.exchange.exchange.expireTokens(self.grant)
            async with self.exchange.client(tokens=self.tokens) as client:
                account = await client.account(self.exchange.accountId)
                await account.symbols()
                (pair,) = self.tokens.pairs
                self.assertNotEqual(pair.accessToken, before[0].accessToken)
                self.assertEqual([each.expires for each in client.status.tokens], [pair.expires])

        self.exchange.drive(main())

    def test_revoked(self) -> None:
        """The user takes the access away, and grants it again later: the client waits for that and goes on."""

        async def main() -> None:
            async with self.exchange.client(tokens=self.tokens) as client:
                account = await client.account(self.exchange.accountId)
                self.exchange.exchange.revoke(self.grant)
                await deferLater(self.exchange.clock, 5)
                with self.assertRaises(GrantLost):
                    await account.whenReady()
                # This is what "ctrader login" does.
                granted = self.exchange.exchange.give(7001, self.exchange.accountId)
                self.tokens.pairs = (TokenPair(granted.accessToken, granted.refreshToken),)
                await deferLater(self.exchange.clock, 15)
                await account.whenReady()

        self.exchange.drive(main())
