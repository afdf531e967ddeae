"""
Tests of L{ctrader_twisted.client.Client.explain}: what errors say in plain language.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Application, Client, MemoryTokens, TokenPair
from ctrader_twisted.client.explaining import explain
from ctrader_twisted.errors import AccountNotFound, CTraderError, NotConnected, serverError
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.grants import AccountInfo
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.testing.memory import MemoryEndpoint
from test import scripted
from test.scripted import ScriptedServer, turns

_KNOWN = {
    98765: AccountInfo(98765, 1234567, True, "Alpha", True),
    98766: AccountInfo(98766, 55, False, "Beta", False),
    98767: AccountInfo(98767, 55, False, "", True),
}


class SentenceTests(SynchronousTestCase):
    """
    What is said of an error, given what is known.
    """

    def words(self, error: CTraderError, **more: Any) -> str:
        """
        @return: the explanation.
        """
        return explain(error, more.get("known", _KNOWN), more.get("trader"))

    def test_login(self) -> None:
        """
        A trader login in place of an account's id is told as such, with the id that was meant.
        """
        unknown = serverError("CH_CTID_TRADER_ACCOUNT_NOT_FOUND", request="ProtoOAAccountAuthReq", accountId=1234567)
        words = self.words(unknown)
        self.assertTrue(words.startswith("1234567 is a trader login; the account id is 98765. "), words)
        self.assertTrue(words.endswith(unknown.explain()))
        missing = serverError("INVALID_REQUEST", "Trading account is not authorized", accountId=55)
        self.assertIn("the account ids are 98766 (Beta), 98767 (a broker without a name).", self.words(missing))

    def test_neither(self) -> None:
        """
        A number that is neither an id nor a login comes with the ids that there are, if they are known; not too many.
        """
        unknown = serverError("CH_CTID_TRADER_ACCOUNT_NOT_FOUND", accountId=5)
        self.assertIn("they cover 98765, 98766, 98767.", self.words(unknown))
        many = {number: AccountInfo(number, number, True, "", True) for number in range(100, 112)}
        self.assertIn("108, 109 and 2 more.", self.words(unknown, known=many))
        self.assertEqual(self.words(unknown, known={}), unknown.explain())

    def test_host(self) -> None:
        """
        Scenario 38: An account on the other host is told as live or demo, with the host to use.
        """
        for accountId, there, here in ((98765, "live", "demo"), (98766, "demo", "live")):
            expected = (
                f"Account {accountId} is {there}, this client is connected to the {here} host; "
                f"use {there}(reactor), or a profile for {there} accounts."
            )
            error = serverError("CANT_ROUTE_REQUEST", request="ProtoOAAccountAuthReq", accountId=accountId)
            self.assertTrue(self.words(error).startswith(expected), self.words(error))

    def test_permission(self) -> None:
        """
        A refused order under a token that allows no trading says so; another refusal does not.
        """
        for code, accountId, isTold in (
            ("INVALID_REQUEST", 98766, True),
            ("INVALID_REQUEST", 98765, False),
            ("POSITION_NOT_FOUND", 98766, False),
        ):
            error = serverError(code, request="ProtoOAClosePositionReq", accountId=accountId)
            self.assertEqual("scope trading" in self.words(error), isTold)
        self.assertNotIn(
            "scope", self.words(serverError("INVALID_REQUEST", request="ProtoOATraderReq", accountId=98766))
        )

    def test_rights(self) -> None:
        """
        An account that may not trade is told with what the broker allows.
        """
        error = serverError("TRADING_NOT_ALLOWED", request="ProtoOANewOrderReq", accountId=98765)
        trader = m.ProtoOATrader(accessRights=m.ProtoOAAccessRights.CLOSE_ONLY)
        self.assertIn("may only close positions; ask the broker.", self.words(error, trader=trader))
        self.assertEqual(self.words(error, trader=m.ProtoOATrader()), error.explain())

    def test_others(self) -> None:
        """
        Of other errors nothing more is known than they say.
        """
        for each in (NotConnected("not connected"), serverError("RET_ACCOUNT_DISABLED"), CTraderError("odd")):
            self.assertEqual(self.words(each), each.explain())


class ClientTests(SynchronousTestCase):
    """
    What a client knows, without having been asked before.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.virtual = VirtualExchange()

    def why(self, accountId: int, **options: Any) -> str:
        """
        @return: why an account cannot be had.
        """

        async def main() -> str:
            async with self.virtual.client(**options) as client:
                with self.assertRaises(CTraderError) as caught:
                    await client.account(accountId)
                return client.explain(caught.exception)

        return self.virtual.drive(main())

    def test_login(self) -> None:
        """
        The number that the platform shows is told as such at the first refusal.
        """
        self.assertIn("5000001 is a trader login; the account id is 20001.", self.why(5_000_001))

    def test_host(self) -> None:
        """
        The wrong host is told as such at the first refusal.
        """
        self.assertIn("Account 20003 is live", self.why(self.virtual.liveAccountId))
        self.assertIn("is demo", self.why(self.virtual.accountId, endpoint=self.virtual.liveEndpoint))

    def test_noList(self) -> None:
        """
        If the accounts cannot be listed, the refusal is told all the same, and soon.
        """
        clock, server = Clock(), ScriptedServer()
        server.answers[m.ProtoOAAccountAuthReq] = lambda _: scripted.error("CH_CTID_TRADER_ACCOUNT_NOT_FOUND")
        server.answers[m.ProtoOAGetAccountListByAccessTokenReq] = lambda _: scripted.error("CH_ACCESS_TOKEN_INVALID")
        tokens = MemoryTokens(TokenPair("token"))
        client = Client(clock, MemoryEndpoint(clock, server), Application("id", "secret"), tokens, randomness=Random(1))
        client.startService()
        asked = client.account(7)
        turns(clock)
        refusal = self.failureResultOf(asked, AccountNotFound).value
        self.assertEqual(client.explain(refusal), refusal.explain())
        stopped = client.stopService()
        turns(clock)
        self.successResultOf(stopped)

    def test_order(self) -> None:
        """
        The terms of an account explain what it may not do.
        """

        async def main(client: Client) -> str:
            account: Account = await client.account(self.virtual.accountId)
            assert account.trader is not None
            account.trader.accessRights = m.ProtoOAAccessRights.NO_TRADING
            error = serverError("TRADING_NOT_ALLOWED", accountId=account.accountId)
            return client.explain(error)

        self.assertIn("may not trade", self.virtual.run(main))
