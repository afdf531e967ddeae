"""
Tests of what raw requests change in the session, where the order of what comes matters: on a scripted server.
"""

from __future__ import annotations

from random import Random
from typing import Any

from google.protobuf.message import Message
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Application, Client, MemoryTokens, TokenPair
from ctrader_twisted.errors import RequestRefused, RequestTimedOut
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.tables import AccountState
from ctrader_twisted.testing.memory import MemoryEndpoint
from test.scripted import ScriptedServer, error, turns


class EffectsTests(SynchronousTestCase):
    """
    A client with one account.
    """

    def setUp(self) -> None:
        """
        Log the account in.
        """
        self.clock = Clock()
        self.server = ScriptedServer()
        self.server.answers[m.ProtoOADealListReq] = lambda _: m.ProtoOADealListRes(ctidTraderAccountId=7, hasMore=False)
        self.tokens = MemoryTokens(TokenPair("old", "buys"))
        self.endpoint = MemoryEndpoint(self.clock, self.server)
        application = Application("id", "secret")
        self.client = Client(
            self.clock, self.endpoint, application, self.tokens, randomness=Random(1), wallClock=lambda: 0
        )
        self.client.startService()
        asked = self.client.account(7)
        turns(self.clock)
        self.account: Account = self.successResultOf(asked)
        self.addCleanup(self.stop)

    def stop(self) -> None:
        """
        Stop the client.
        """
        stopped = self.client.stopService()
        turns(self.clock)
        self.successResultOf(stopped)

    def state(self) -> AccountState:
        """
        @return: where the account stands, after a while.
        """
        for _ in range(3):
            self.clock.advance(1)
            turns(self.clock)
        return self.client.status.accounts[7].state

    def answerLogout(self, *answers: Message) -> None:
        """
        Say what the server answers to a logout.
        """
        self.server.answers[m.ProtoOAAccountLogoutReq] = lambda _: list(answers)

    def test_endFirst(self) -> None:
        """
        If the end of a login is told before the answer to the logout, it is no reason to log in again.
        """
        self.answerLogout(
            m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=7), m.ProtoOAAccountLogoutRes(ctidTraderAccountId=7)
        )
        left = self.account.requests.accountLogout()
        self.assertIs(self.state(), AccountState.LEFT)
        self.successResultOf(left)
        self.assertEqual(self.server.count(m.ProtoOAAccountAuthReq), 1)

    def test_endNotAnswered(self) -> None:
        """
        A logout that nobody answers counts as done; one that is refused does not.
        """
        self.answerLogout(error("SOMETHING_NEW"))
        self.failureResultOf(self.logOut(), RequestRefused)
        self.assertIs(self.state(), AccountState.READY)
        self.answerLogout()
        self.failureResultOf(self.logOut(), RequestTimedOut)
        self.assertIs(self.state(), AccountState.LEFT)

    def test_notThere(self) -> None:
        """
        A logout that is refused because the account is not logged in has what it wants.
        """
        self.answerLogout(error("INVALID_REQUEST", "Trading account is not authorized"))
        self.logOut().addErrback(lambda _: None)
        self.assertIs(self.state(), AccountState.LEFT)

    def test_cancelled(self) -> None:
        """
        A logout whose caller has given up may still be heard of.
        """
        self.answerLogout()
        left = self.account.requests.accountLogout()
        left.cancel()
        self.failureResultOf(left, CancelledError)
        self.assertIs(self.state(), AccountState.READY)
        self.server.connections[-1].send(m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=7))
        self.assertIs(self.state(), AccountState.LEFT)

    def test_cancelledBeforeALoss(self) -> None:
        """
        Such a logout says nothing about the logins after a loss of the connection.
        """
        self.answerLogout()
        left = self.account.requests.accountLogout()
        left.cancel()
        self.failureResultOf(left, CancelledError)
        self.endpoint.links[-1].cut()
        self.assertIs(self.state(), AccountState.READY)
        self.server.connections[-1].send(m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=7))
        self.assertIs(self.state(), AccountState.READY)

    def test_invalidatedFirst(self) -> None:
        """
        If the server ends logins some time before it gives the new pair, the account waits for it, and is not logged in
        with the old one meanwhile.
        """
        refused: Any = error("CH_ACCESS_TOKEN_INVALID")
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda request: (
            refused if request.accessToken == "old" else m.ProtoOAAccountAuthRes(ctidTraderAccountId=7)
        )
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: m.ProtoOAAccountsTokenInvalidatedEvent(
            ctidTraderAccountIds=[7], reason="refreshed"
        )
        renewed = self.client.requests.refreshToken(refreshToken="buys")
        self.assertIs(self.state(), AccountState.AUTHORISING)
        self.assertEqual(self.server.count(m.ProtoOAAccountAuthReq), 1)
        answer = m.ProtoOARefreshTokenRes(accessToken="new", tokenType="bearer", expiresIn=5, refreshToken="next")
        self.server.connections[-1].send(answer, self.server.ids[self.position(m.ProtoOARefreshTokenReq)])
        turns(self.clock)
        self.assertEqual(self.successResultOf(renewed), answer)
        stored = TokenPair("new", "next", issued=0, expires=5_000)
        self.assertEqual(self.successResultOf(self.tokens.load()), (stored,))
        self.assertIs(self.state(), AccountState.READY)

    def position(self, kind: type[Message]) -> int:
        """
        @return: the place of the only message of a kind among those that came.
        """
        (found,) = [place for place, message in enumerate(self.server.seen) if isinstance(message, kind)]
        return found

    def logOut(self) -> Any:
        """
        Log out, and wait for the answer as long as it may take.
        """
        left = self.account.requests.accountLogout(timeout=2)
        for _ in range(3):
            self.clock.advance(1)
            turns(self.clock)
        return left

    def test_betterPermission(self) -> None:
        """
        Of an account that two tokens cover, the better permission is known.
        """
        self.tokens.save((TokenPair("trade"), TokenPair("view")))
        self.server.answers[m.ProtoOAGetAccountListByAccessTokenReq] = lambda request: (
            m.ProtoOAGetAccountListByAccessTokenRes(
                accessToken=request.accessToken,
                permissionScope=int(request.accessToken == "trade"),  # type: ignore[arg-type]
                ctidTraderAccount=[m.ProtoOACtidTraderAccount(ctidTraderAccountId=8, traderLogin=80)],
            )
        )
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: error("CANT_ROUTE_REQUEST")
        asked = self.client.account(8)
        turns(self.clock)
        self.failureResultOf(asked)
        refusal = error("INVALID_REQUEST", ctidTraderAccountId=8)
        self.server.answers[m.ProtoOAClosePositionReq] = lambda _: refusal
        closed = self.client.request(m.ProtoOAClosePositionReq(ctidTraderAccountId=8, positionId=1, volume=1))
        turns(self.clock)
        failure: Any = self.failureResultOf(closed)
        self.assertNotIn("scope", self.client.explain(failure.value))
