"""
Tests of L{ctrader_twisted.session.buying}: which tokens are shown to the server, and when.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import (
    ConnectFailed,
    ConnectionLost,
    CTraderError,
    NotConnected,
    RequestTimedOut,
    TokenRefused,
    TokenServiceFailed,
    TooManyRequests,
)
from ctrader_twisted.errors.codes import serverError
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.buying import Buying, boughtPair
from test.renewalcase import Service

PAIR = TokenPair("access", "refresh", issued=0, expires=1_000)
OTHER = TokenPair("access-b", "refresh-b")
LOST = ConnectionLost("RefreshToken", maybeSent=True, reason="cut")


class BuyingTests(SynchronousTestCase):
    """
    A server and a service that answer as they are told.
    """

    def setUp(self) -> None:
        """
        Make them.
        """
        self.shown: list[str] = []
        self.sale: Any = None
        self.listing: Any = m.ProtoOAGetAccountListByAccessTokenRes(accessToken="access")
        self.service: Any = None
        self.now = 0
        self.buying = Buying(self.send, None, lambda: self.now)

    def send(self, message: Any, /, *, timeout: float | None = None) -> Deferred[Any]:
        """
        Answer a request.
        """
        isRefresh = isinstance(message, m.ProtoOARefreshTokenReq)
        self.shown.append(message.refreshToken if isRefresh else message.accessToken)
        answer = self.sale if isRefresh else self.listing
        if isinstance(answer, Deferred):
            return answer
        return fail(answer) if isinstance(answer, Exception) else succeed(answer or self.sold())

    def sold(self) -> m.ProtoOARefreshTokenRes:
        """
        @return: a pair.
        """
        return m.ProtoOARefreshTokenRes(accessToken="new", tokenType="bearer", expiresIn=5, refreshToken="next")

    def buy(self, pair: TokenPair = PAIR, *, isRefused: bool = False) -> Deferred[TokenPair]:
        """
        Buy a pair.
        """
        return Deferred.fromCoroutine(self.buying.buy(pair, isRefused=isRefused))

    def fails(self, pair: TokenPair = PAIR, *, isRefused: bool = False) -> CTraderError:
        """
        Buy a pair in vain.

        @return: the error.
        """
        error: Any = self.failureResultOf(self.buy(pair, isRefused=isRefused), CTraderError).value
        return error  # type: ignore[no-any-return]

    def test_inDoubt(self) -> None:
        """
        After an attempt of unknown fate, the access token is tried out before the refresh token is shown again.
        """
        doubtful = (
            LOST,
            RequestTimedOut("RefreshToken", seconds=900),
            serverError("UNKNOWN_ERROR", request="ProtoOARefreshTokenReq"),
            TokenServiceFailed("no answer", 502),
        )
        for error in doubtful:
            self.setUp()
            self.sale = error
            self.assertIs(self.fails(), error)
            self.fails()
            self.assertEqual(self.shown, ["refresh", "access", "refresh"])

    def test_notInDoubt(self) -> None:
        """
        What was certainly not done, or done, leaves no doubt.
        """
        certain = (
            ConnectionLost("RefreshToken", maybeSent=False, reason="cut"),
            NotConnected("away"),
            ConnectFailed("away"),
            TooManyRequests("later"),
            serverError("REQUEST_FREQUENCY_EXCEEDED", request="ProtoOARefreshTokenReq"),
            serverError("CH_ACCESS_TOKEN_INVALID", request="ProtoOARefreshTokenReq"),
        )
        for error in certain:
            self.setUp()
            self.sale = error
            self.fails()
            self.fails()
            self.assertEqual(self.shown, ["refresh", "refresh"])
        self.setUp()
        for _ in range(2):
            self.successResultOf(self.buy())
        self.assertEqual(self.shown, ["refresh", "refresh"])

    def test_twoPairs(self) -> None:
        """
        The doubt about one pair stays, whatever becomes of another one.
        """
        self.sale = LOST
        self.fails()
        self.fails(OTHER)
        self.fails(OTHER)
        self.sale = None
        self.successResultOf(self.buy(OTHER))
        self.sale = NotConnected("away")
        self.fails()
        self.assertEqual(
            self.shown,
            ["refresh", "refresh-b", "access-b", "refresh-b", "access-b", "refresh-b", "access", "refresh"],
        )

    def test_triedOut(self) -> None:
        """
        A token that proves to be good ends the doubt; one that is refused proves that the pair was replaced.
        """
        self.sale = LOST
        self.fails()
        self.sale = NotConnected("away")
        self.fails()
        self.fails()
        self.assertEqual(self.shown, ["refresh", "access", "refresh", "refresh"])
        self.sale = LOST
        self.fails()
        self.listing = serverError("CH_ACCESS_TOKEN_INVALID", request="ProtoOAGetAccountListByAccessTokenReq")
        self.assertIsInstance(self.fails(), TokenRefused)
        self.assertEqual(self.shown[3:], ["refresh", "refresh", "access"])

    def test_triedOutInVain(self) -> None:
        """
        If it cannot be tried out now, the doubt stays, and nothing is shown.
        """
        self.sale = LOST
        self.fails()
        self.listing = NotConnected("away")
        for _ in range(2):
            self.assertIs(self.fails(), self.listing)
        self.assertEqual(self.shown, ["refresh", "access", "access"])

    def test_noProof(self) -> None:
        """
        A token that was refused before, or has ended by now, is not tried out: its refusal would prove nothing.
        """
        self.listing = serverError("CH_ACCESS_TOKEN_INVALID", request="ProtoOAGetAccountListByAccessTokenReq")
        self.sale = LOST
        self.fails(isRefused=True)
        self.fails(isRefused=True)
        self.assertEqual(self.shown, ["refresh", "refresh"])
        self.setUp()
        self.sale = LOST
        self.fails()
        self.now = 1_000
        self.fails(isRefused=True)
        self.assertEqual(self.shown, ["refresh", "refresh"])

    def test_refusedSince(self) -> None:
        """
        One that was good before the attempt and is refused since is tried out, since the refusal may mean just that.
        """
        self.sale = LOST
        self.fails()
        self.fails(isRefused=True)
        self.assertEqual(self.shown, ["refresh", "access", "refresh"])

    def test_givenUp(self) -> None:
        """
        An attempt that is given up leaves a doubt, too.
        """
        self.sale = Deferred[Any]()
        bought = self.buy()
        bought.cancel()
        self.failureResultOf(bought, CancelledError)
        self.sale = LOST
        self.fails()
        self.assertEqual(self.shown, ["refresh", "access", "refresh"])

    def test_brokenService(self) -> None:
        """
        What a service of the user's own raises is told without its words, which may hold the token; and it leaves a
        doubt.
        """
        self.sale = NotConnected("away")

        class Broken(Service):
            def refresh(self, token: Any, /, **more: Any) -> Any:
                raise ZeroDivisionError(token.reveal())

        self.buying = Buying(self.send, Broken(), lambda: 0)
        error: Any = self.failureResultOf(self.buy(), NotConnected)
        self.assertIn("ZeroDivisionError", str(error.value))
        self.assertNotIn("refresh", error.getTraceback().replace("refreshToken", "").replace("service.refresh", ""))
        self.fails()
        self.assertEqual(self.shown, ["refresh", "access", "refresh"])

    def test_sameRefreshToken(self) -> None:
        """
        A server that names no new refresh token goes on taking the old one.
        """
        answer = self.sold()
        answer.refreshToken = ""
        self.assertEqual(boughtPair(PAIR, answer, 7), TokenPair("new", "refresh", issued=7, expires=5_007))
