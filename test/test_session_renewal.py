"""
Tests of L{ctrader_twisted.session.renewal} and what belongs to it: a session whose tokens end.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed
from twisted.logger import LogEvent, LogLevel, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import (
    AccountNotFound,
    GrantLost,
    NotConnected,
    RequestTimedOut,
    TokenServiceFailed,
    TokensNotStored,
)
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.due import isYoung, renewalDue
from ctrader_twisted.session.status import TokenState, TokenStatus
from ctrader_twisted.session.tables import AccountState, State
from test.renewalcase import AHEAD, DAY, LIFE, RenewalCase, Service
from test.scripted import error, turns

AHEAD_OF_DAY = AHEAD * DAY / LIFE
MOMENTS = st.integers(0, 2_147_483_646_000)


def refuse(code: str, request: object) -> m.ProtoOAErrorRes:
    """
    @return: a refusal of whatever is asked.
    """
    return error(code)


def errorsIn(events: Sequence[LogEvent]) -> list[str]:
    """
    @return: the errors among some events, in words.
    """
    return [formatEvent(event) for event in events if event["log_level"] >= LogLevel.error]


class DueTests(SynchronousTestCase):
    """
    When a pair is to be renewed.
    """

    def test_aheadOfTheEnd(self) -> None:
        """
        Three days before the end, or a tenth of a short life; not at once, and never without an end.
        """
        pair = TokenPair("a", issued=0, expires=LIFE * 1000)
        self.assertEqual(renewalDue(pair), 27 * DAY * 1000)
        self.assertEqual(renewalDue(pair, 0.5), 28.5 * DAY * 1000)
        self.assertEqual(renewalDue(TokenPair("a", expires=LIFE * 1000)), 27 * DAY * 1000)
        self.assertEqual(renewalDue(TokenPair("a", issued=0, expires=60_000)), 54_000)
        self.assertEqual(renewalDue(TokenPair("a", issued=0, expires=0)), 10_000)
        self.assertIsNone(renewalDue(TokenPair("a")))

    @given(MOMENTS, MOMENTS, st.floats(0, 1))
    def test_order(self, issued: int, life: int, share: float) -> None:
        """
        A pair is due before its end, and some time after it was issued.
        """
        due = renewalDue(TokenPair("a", issued=issued, expires=issued + life), share)
        assert due is not None
        self.assertGreaterEqual(due, issued + 10_000)
        self.assertLessEqual(due, max(issued + life, issued + 10_000))

    def test_young(self) -> None:
        """
        A pair is young for ten minutes, or half of a short life.
        """
        pair = TokenPair("a", issued=1_000, expires=LIFE * 1000)
        self.assertEqual([isYoung(pair, now) for now in (999, 1_000, 600_999, 601_000)], [False, True, True, False])
        short = TokenPair("a", issued=0, expires=60_000)
        self.assertEqual([isYoung(short, now) for now in (29_999, 30_000)], [True, False])
        self.assertTrue(isYoung(TokenPair("a", issued=0), 599_999))
        self.assertFalse(isYoung(TokenPair("a"), 0))


class AheadTests(RenewalCase):
    """
    Tokens are renewed before they end.
    """

    def test_aheadOfTheEnd(self) -> None:
        """
        Three days before its end a pair is renewed, once, and the account is logged in with the new one at once.
        """
        self.ready()
        self.pass_(AHEAD - 1)
        self.assertEqual(self.refreshes(), [])
        self.pass_(2)
        self.assertEqual(self.refreshes(), ["refresh-1"])
        self.assertEqual(self.stored(), ["access-2"])
        self.assertEqual(self.logins(), ["access-1", "access-2"])
        self.assertIs(self.state(), AccountState.READY)
        self.pass_(10 * LIFE)
        self.assertEqual(len(self.refreshes()), 1 + 300 // 27)
        self.assertIs(self.state(), AccountState.READY)

    def test_whatIsKept(self) -> None:
        """
        The new pair has the old one's scope and cTID, and its own end.
        """
        old = TokenPair("access-1", "refresh-1", issued=0, expires=LIFE * 1000, scope="trading", userId=5)
        self.tokens.save((TokenPair("other"), old))
        self.session.start()
        self.pass_(AHEAD + 1)
        other, new = self.successResultOf(self.tokens.load())
        self.assertEqual(other, TokenPair("other"))
        assert new.issued is not None
        self.assertAlmostEqual(new.issued, AHEAD * 1000, delta=1000)
        self.assertEqual(
            new,
            TokenPair(
                "access-2", "refresh-2", issued=new.issued, expires=new.issued + LIFE * 1000, scope="trading", userId=5
            ),
        )

    def test_storedBeforeItIsUsed(self) -> None:
        """
        Nobody is logged in with a token that is not in the store.
        """
        self.ready()
        before = self.server.answers[m.ProtoOAAccountAuthReq]

        def logIn(request: m.ProtoOAAccountAuthReq) -> Any:
            self.assertIn(request.accessToken, self.stored())
            return before(request)

        self.server.answers[m.ProtoOAAccountAuthReq] = logIn
        self.pass_(AHEAD + 60)
        self.assertEqual(self.logins(), ["access-1", "access-2"])

    def test_status(self) -> None:
        """
        The status tells when the tokens end and what becomes of them.
        """
        seen: list[tuple[TokenStatus, ...]] = []
        self.session.onStatus(lambda status: seen.append(status.tokens))
        self.ready()
        self.assertEqual(
            self.session.status.tokens, (TokenStatus(None, "trading", LIFE * 1000, TokenState.GOOD, None),)
        )
        self.pass_(AHEAD + 1)
        self.assertIn(TokenState.RENEWING, [status.state for tokens in seen for status in tokens])
        (status,) = self.session.status.tokens
        self.assertIs(status.state, TokenState.GOOD)
        self.assertGreater(status.expires or 0, LIFE * 1000)

    def test_aClockThatIsSet(self) -> None:
        """
        However far the machine's clock jumps, it is noticed within an hour.
        """
        self.ready()
        self.ahead = 28.0 * DAY
        self.pass_(3601)
        self.assertEqual(self.refreshes(), ["refresh-1"])

    def test_noRefreshToken(self) -> None:
        """
        A pair without a refresh token cannot be renewed; that is said once, while there is time.
        """
        self.tokens.save((TokenPair("access-1", issued=0, expires=LIFE * 1000),))
        events = self.events()
        self.ready()
        self.pass_(AHEAD - 1)
        self.assertEqual(errorsIn(events), [])
        self.pass_(2 * DAY)
        (words,) = errorsIn(events)
        self.assertIn("no refresh token", words)
        self.assertIs(self.state(), AccountState.READY)


class KickTests(RenewalCase):
    """
    The server ends the logins that were made with the old token.
    """

    def renew(self, *answer: Any) -> None:
        """
        Renew the tokens, with an answer of our own.
        """
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: [
            self.next() if each is None else each for each in answer
        ]
        self.pass_(AHEAD + 1)

    def test_anyOrder(self) -> None:
        """
        Scenario 43: In whichever order the answer and the two events come, the account is back at once, without a
        refused login, and nothing is renewed again.
        """
        invalidated, disconnected = self.kick()
        for answer in (
            (None, invalidated, disconnected),
            (None, disconnected, invalidated),
            (invalidated, disconnected, None),
            (disconnected, None, invalidated),
        ):
            with self.subTest(answer=[type(each).__name__ for each in answer]):
                self.setUp()
                self.ready()
                self.renew(*answer)
                self.assertIs(self.state(), AccountState.READY)
                self.assertEqual(self.logins(), ["access-1", "access-2"])
                self.assertEqual(self.refreshes(), ["refresh-1"])
                self.nothingIsLeft()

    def test_notKicked(self) -> None:
        """
        If the server leaves the login alone, the account is logged in with the new token after some seconds, and stays
        ready meanwhile.
        """
        self.ready()
        states = self.states()
        self.renew(None)
        self.assertEqual(self.logins(), ["access-1"])
        self.pass_(5)
        self.assertEqual(self.logins(), ["access-1", "access-2"])
        self.assertEqual(set(states()), {AccountState.READY})

    def test_notKickedAndLoggedIn(self) -> None:
        """
        A server that says then that the account is logged in already is right; one that refuses the new token changes
        nothing about the login that there is.
        """
        for code in ("ALREADY_LOGGED_IN", "INVALID_REQUEST"):
            self.setUp()
            self.ready()
            self.renew(None)
            self.server.answers[m.ProtoOAAccountAuthReq] = partial(refuse, code)
            self.pass_(5)
            self.assertEqual(self.logins(), ["access-1", "access-2"])
            self.assertIs(self.state(), AccountState.READY)
            self.nothingIsLeft()

    def test_lostInTime(self) -> None:
        """
        A connection that is lost in these seconds brings the new login with the next one.
        """
        self.ready()
        self.renew(None)
        self.endpoint.links[-1].cut()
        self.pass_(10)
        self.assertEqual(self.logins(), ["access-1", "access-2"])
        self.assertIs(self.state(), AccountState.READY)

    def test_lateEvent(self) -> None:
        """
        An end that is told after the account is back may be that of the login before: a cheap request tells.
        """
        self.ready()
        self.renew(None, *self.kick()[:1])
        self.assertEqual(self.logins(), ["access-1", "access-2"])
        states = self.states()
        asked = self.server.count(m.ProtoOATraderReq)
        self.push(self.kick()[1])
        self.assertEqual(self.server.count(m.ProtoOATraderReq), asked + 1)
        self.assertEqual(states(), [])
        self.server.answers[m.ProtoOATraderReq] = lambda _: error(
            "INVALID_REQUEST", "Trading account is not authorized"
        )
        self.push(self.kick()[1])
        self.assertIs(self.state(), AccountState.PAUSING)

    def test_muchLater(self) -> None:
        """
        A minute later it is that of the present login.
        """
        self.ready()
        self.renew(None, *self.kick())
        self.pass_(60)
        self.push(self.kick()[1])
        self.assertIs(self.state(), AccountState.PAUSING)

    def test_logoutMeanwhile(self) -> None:
        """
        An account that is logged out by its user stays so.
        """
        self.server.answers[m.ProtoOAAccountLogoutReq] = lambda _: m.ProtoOAAccountLogoutRes(ctidTraderAccountId=7)
        account = self.ready()
        self.renew(None)
        account.request(m.ProtoOAAccountLogoutReq())
        self.pass_(20)
        self.assertIs(self.state(), AccountState.LEFT)
        self.assertEqual(self.logins(), ["access-1"])


class RefusalTests(RenewalCase):
    """
    The server refuses an access token.
    """

    def start(self) -> Deferred[Any]:
        """
        Start the session and ask for the account.
        """
        self.session.start()
        asked = self.session.whenAccountReady(7)
        turns(self.clock)
        return asked

    def test_expired(self) -> None:
        """
        Scenario 45: An expired token is renewed once, and then the account is logged in.
        """
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda request: (
            error("OA_AUTH_TOKEN_EXPIRED") if request.accessToken == "access-1" else self.logIn(request)
        )
        self.clock.advance(601)
        asked = self.start()
        self.pass_(1)
        self.successResultOf(asked)
        self.assertEqual((self.refreshes(), self.logins()), (["refresh-1"], ["access-1", "access-2"]))

    def test_otherRefusals(self) -> None:
        """
        Scenario 45: Nothing else that refuses a login renews anything.
        """
        for code in ("SERVER_IS_UNDER_MAINTENANCE", "CANT_ROUTE_REQUEST", "RET_ACCOUNT_DISABLED", "ALREADY_LOGGED_IN"):
            self.setUp()
            self.server.answers[m.ProtoOAAccountAuthReq] = partial(refuse, code)
            self.start().addErrback(lambda _: None)
            self.pass_(600)
            self.assertEqual(self.refreshes(), [], code)
            self.nothingIsLeft()

    def test_newTokensRefused(self) -> None:
        """
        A server that refuses its own new tokens is not asked for ever more of them.
        """
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: error("CH_ACCESS_TOKEN_INVALID")
        self.clock.advance(601)
        self.start().addErrback(lambda _: None)
        self.pass_(590)
        self.assertEqual(len(self.refreshes()), 1)
        self.assertIs(self.state(), AccountState.PAUSING)
        self.assertLess(len(self.logins()), 30)
        self.pass_(100)
        self.assertEqual(len(self.refreshes()), 2)

    def test_grantLost(self) -> None:
        """
        If the refresh token is refused, too, only a person can help. That is said once; the other accounts go on, and
        this one comes back when somebody has put a new pair into the store.
        """
        self.serveAnother()
        self.tokens.save((TokenPair("access-1", "refresh-1"), TokenPair("another")))
        events = self.events()
        self.clock.advance(601)
        self.sold, self.good = 5, {"access-5", "another"}
        asked, other = self.start(), self.session.whenAccountReady(8)
        self.pass_(3)
        self.assertIn("log in again", str(self.failureResultOf(asked, GrantLost).value).lower())
        self.successResultOf(other)
        self.assertEqual(self.refreshes(), ["refresh-1"])
        self.assertIs(self.state(), AccountState.REFUSED)
        self.assertEqual([each.state for each in self.session.status.tokens], [TokenState.LOST, TokenState.GOOD])
        for _ in range(3):
            self.endpoint.links[-1].cut()
            self.pass_(DAY)
        self.assertEqual((len(errorsIn(events)), self.refreshes()), (1, ["refresh-1"]))
        self.assertIs(self.session.status.accounts[8].state, AccountState.READY)
        self.tokens.save((TokenPair("access-5", "refresh-5"), TokenPair("another")))
        self.pass_(11)
        self.assertIs(self.state(), AccountState.READY)
        self.assertEqual([each.state for each in self.session.status.tokens], [TokenState.GOOD, TokenState.GOOD])

    def test_noPair(self) -> None:
        """
        An account waits for the first pair, too, and for one that covers it.
        """
        self.tokens.save(())
        self.start().addErrback(lambda _: None)
        self.assertIs(self.state(), AccountState.REFUSED)
        self.serveAnother()
        self.tokens.save((TokenPair("another"), TokenPair("other")))
        self.pass_(11)
        self.assertIsInstance(self.session.status.accounts[7].reason, AccountNotFound)
        self.tokens.save((TokenPair("another"), TokenPair("access-1")))
        self.pass_(11)
        self.assertIs(self.state(), AccountState.READY)

    def test_severalPairs(self) -> None:
        """
        Of several pairs the refused ones are renewed where none of the others covers the account, or all are listed.
        """
        self.serveAnother()
        self.tokens.save((TokenPair("another"), TokenPair("access-0", "refresh-1"), TokenPair("gone")))
        asked = self.start()
        self.pass_(1)
        self.successResultOf(asked)
        self.assertEqual(self.stored(), ["another", "access-2", "gone"])
        self.assertEqual(self.refreshes(), ["refresh-1"])
        self.good = {"another"}
        listed = self.session.accountList()
        self.pass_(1)
        self.assertEqual([each.accountId for each in self.successResultOf(listed)], [8])
        self.good = set()
        listed = self.session.accountList()
        self.pass_(1)
        self.failureResultOf(listed, GrantLost)

    def test_listRenews(self) -> None:
        """
        A list of the accounts renews what is refused.
        """
        self.tokens.save((TokenPair("access-0", "refresh-1"),))
        self.session.start()
        turns(self.clock)
        listed = self.session.accountList()
        self.pass_(1)
        self.assertEqual([each.accountId for each in self.successResultOf(listed)], [7])
        self.assertEqual(self.stored(), ["access-2"])

    def test_laterPerhaps(self) -> None:
        """
        A refresh that fails in a way that may pass is tried again, and nothing is lost.
        """
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: error("SERVER_IS_UNDER_MAINTENANCE")
        self.tokens.save((TokenPair("access-0", "refresh-1"),))
        self.start()
        self.pass_(10)
        self.assertIs(self.state(), AccountState.PAUSING)
        self.assertEqual(self.stored(), ["access-0"])
        self.server.answers[m.ProtoOARefreshTokenReq] = self.sell
        self.pass_(120)
        self.assertIs(self.state(), AccountState.READY)

    def test_refusedLate(self) -> None:
        """
        If a login with the old token is still under way when the new pair is stored, and is refused then, the account
        is logged in with the new one.
        """
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda request: (
            None if request.accessToken == "access-1" else self.logIn(request)
        )
        asked = self.start()
        renewed = self.session.request(m.ProtoOARefreshTokenReq(refreshToken="refresh-1"))
        turns(self.clock)
        self.successResultOf(renewed)
        self.answer(m.ProtoOAAccountAuthReq, error("CH_ACCESS_TOKEN_INVALID"))
        self.pass_(1)
        self.successResultOf(asked)
        self.assertEqual(self.refreshes(), ["refresh-1"])

    def test_invalidated(self) -> None:
        """
        Scenario 44: That a token was invalidated renews nothing, neither at once nor when it is refused then.
        """
        self.ready()
        self.good = set()
        self.push(*self.kick())
        self.pass_(2 * DAY)
        self.assertEqual(self.refreshes(), [])
        self.assertIs(self.state(), AccountState.REFUSED)
        self.assertIsInstance(self.session.status.accounts[7].reason, GrantLost)

    def test_endedAndRefused(self) -> None:
        """
        That a login was ended says nothing against its token: if it is refused then, it is renewed.
        """
        self.ready()
        self.pass_(DAY)
        self.good = set()
        self.push(self.kick()[1])
        self.pass_(5)
        self.assertEqual(self.refreshes(), ["refresh-1"])
        self.assertIs(self.state(), AccountState.READY)

    def test_invalidatedByAnotherProcess(self) -> None:
        """
        Scenario 47: If another process has renewed the pair, its new one is taken from the store, as soon as the
        process has written it.
        """
        self.ready()
        self.assertTrue(self.successResultOf(self.tokens.tryLock()))
        self.next()
        self.push(*self.kick())
        self.pass_(30)
        self.assertIs(self.state(), AccountState.AUTHORISING)
        self.tokens.save((TokenPair("access-2", "refresh-2"),))
        self.tokens.unlock()
        self.pass_(2)
        self.assertIs(self.state(), AccountState.READY)
        self.assertEqual(self.refreshes(), [])

    def serveAnother(self) -> None:
        """
        Let the server know a second token, of account 8.
        """
        self.good.add("another")
        listed = self.server.answers[m.ProtoOAGetAccountListByAccessTokenReq]

        def answer(request: m.ProtoOAGetAccountListByAccessTokenReq) -> Any:
            if request.accessToken != "another" or "another" not in self.good:
                return (
                    m.ProtoOAGetAccountListByAccessTokenRes(accessToken="other")
                    if request.accessToken == "other"
                    else listed(request)
                )
            account = m.ProtoOACtidTraderAccount(ctidTraderAccountId=8)
            return m.ProtoOAGetAccountListByAccessTokenRes(accessToken="another", ctidTraderAccount=[account])

        self.server.answers[m.ProtoOAGetAccountListByAccessTokenReq] = answer


class StoreTests(RenewalCase):
    """
    The store while tokens are renewed.
    """

    def test_fullBefore(self) -> None:
        """
        If nothing can be stored, nothing is bought; that is tried again until it can.
        """
        self.tokens.refuses = 3
        self.ready()
        self.pass_(AHEAD + 1)
        self.assertEqual(self.refreshes(), [])
        self.pass_(DAY)
        self.assertEqual((self.refreshes(), self.stored()), (["refresh-1"], ["access-2"]))

    def test_fullAfterwards(self) -> None:
        """
        Scenario 46: A new pair that cannot be stored waits in memory, unused, until it can.
        """
        self.ready()

        def sell(request: m.ProtoOARefreshTokenReq) -> Any:
            self.tokens.refuses = 5
            return self.sell(request)

        self.server.answers[m.ProtoOARefreshTokenReq] = sell
        self.pass_(AHEAD + 1)
        self.assertEqual((self.stored(), self.logins()), (["access-1"], ["access-1"]))
        self.pass_(60)
        self.assertEqual((self.stored(), self.logins()), (["access-2"], ["access-1", "access-2"]))
        self.assertEqual(self.refreshes(), ["refresh-1"])
        self.assertIs(self.state(), AccountState.READY)

    def test_brokenStore(self) -> None:
        """
        So it is with a store that fails in its own way; its words are not repeated, since they may hold a secret.
        """
        self.ready()
        save = self.tokens.save

        def fail(pairs: object) -> Any:
            self.tokens.save = save  # type: ignore[method-assign]
            raise ZeroDivisionError("refresh-1")

        self.tokens.save = fail  # type: ignore[method-assign]
        events = self.events()
        self.pass_(AHEAD + DAY)
        self.assertEqual(self.stored(), ["access-2"])
        self.assertIn("ZeroDivisionError", str(events))
        self.assertNotIn("refresh-1", str(events))

    def test_locked(self) -> None:
        """
        Scenario 47: While another process has the lock, it is waited for, and what it has bought is taken.
        """
        self.ready()
        self.assertTrue(self.successResultOf(self.tokens.tryLock()))
        self.pass_(AHEAD + 60)
        self.assertEqual(self.refreshes(), [])
        self.next()
        self.tokens.save((TokenPair("access-2", "refresh-2", issued=self.now(), expires=self.now() + LIFE * 1000),))
        self.tokens.unlock()
        self.pass_(DAY)
        self.assertEqual(self.refreshes(), [])
        self.push(*self.kick())
        self.pass_(2)
        self.assertEqual(self.logins(), ["access-1", "access-2"])

    def test_lockedForEver(self) -> None:
        """
        A session that waits for the lock can be stopped, and buys nothing any more.
        """
        self.ready()
        self.assertTrue(self.successResultOf(self.tokens.tryLock()))
        self.pass_(AHEAD + 60)
        self.nothingIsLeft()
        self.tokens.unlock()
        self.pass_(DAY)
        self.assertEqual(self.refreshes(), [])

    def test_lockedWhileRefused(self) -> None:
        """
        So can one whose account waits for it.
        """
        self.assertTrue(self.successResultOf(self.tokens.tryLock()))
        self.good = set()
        self.clock.advance(601)
        self.session.start()
        asked = self.session.whenAccountReady(7)
        self.pass_(60)
        self.assertIs(self.state(), AccountState.AUTHORISING)
        self.nothingIsLeft()
        self.failureResultOf(asked, NotConnected)

    def test_slowLock(self) -> None:
        """
        A lock that is got only after the stop is given back, and nothing is bought.
        """
        got: Deferred[bool] = Deferred()
        self.ready()
        self.tokens.tryLock = lambda: got  # type: ignore[method-assign]
        self.pass_(AHEAD + 60)
        self.nothingIsLeft()
        self.tokens._isLocked = True
        got.callback(True)
        self.pass_(1)
        self.assertEqual(self.refreshes(), [])
        self.assertFalse(self.tokens._isLocked)

    def test_twoSessions(self) -> None:
        """
        Of two sessions with one store one renews.
        """
        self.ready()
        second = self.makeSession(self.tokens)
        second.start()
        self.pass_(AHEAD + DAY)
        self.assertEqual(self.refreshes(), ["refresh-1"])
        second.stop()
        turns(self.clock)

    def test_unreadable(self) -> None:
        """
        A store that cannot be read is looked at again later.
        """
        load = self.tokens.load
        self.ready()
        self.tokens.load = lambda: Deferred()  # type: ignore[method-assign]
        self.pass_(AHEAD + 1)
        self.tokens.load = load  # type: ignore[method-assign]
        self.pass_(DAY)
        self.assertEqual(self.stored(), ["access-2"])


class AnswerTests(RenewalCase):
    """
    What becomes of the answer to a refresh.
    """

    def setUp(self) -> None:
        """
        Let the server be slow to sell.
        """
        super().setUp()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: None

    def test_late(self) -> None:
        """
        Scenario 46: An answer that comes many minutes later is taken. The account may lose its login meanwhile and
        waits for the new one.
        """
        self.ready()
        self.pass_(AHEAD + 1)
        self.push(*self.kick())
        self.pass_(600)
        self.assertIs(self.state(), AccountState.AUTHORISING)
        self.answer(m.ProtoOARefreshTokenReq, self.next())
        self.assertEqual(self.stored(), ["access-2"])
        self.assertIs(self.state(), AccountState.READY)
        self.assertEqual(self.logins(), ["access-1", "access-2"])

    def test_lateByHand(self) -> None:
        """
        So is the answer to a refresh of the user's own, whose Deferred has failed by then.
        """
        self.ready()
        renewed = self.session.request(m.ProtoOARefreshTokenReq(refreshToken="refresh-1"), timeout=5)
        self.pass_(6)
        self.failureResultOf(renewed, RequestTimedOut)
        renewed = self.session.request(m.ProtoOARefreshTokenReq(refreshToken="refresh-1"))
        self.pass_(16)
        self.failureResultOf(renewed, RequestTimedOut)
        self.answer(m.ProtoOARefreshTokenReq, self.next())
        self.pass_(6)
        self.assertEqual((self.stored(), self.refreshes()), (["access-2"], ["refresh-1"]))

    def test_lostAndNotDone(self) -> None:
        """
        If the connection is lost before the answer, the access token tells that the pair is still good, and it is
        renewed then.
        """
        self.ready()
        self.pass_(AHEAD + 1)
        self.endpoint.links[-1].cut()
        self.server.answers[m.ProtoOARefreshTokenReq] = self.sell
        self.pass_(60)
        self.assertEqual(self.server.count(m.ProtoOAGetAccountListByAccessTokenReq), 1)
        self.assertEqual((self.refreshes(), self.stored()), (["refresh-1", "refresh-1"], ["access-2"]))
        self.assertIs(self.state(), AccountState.READY)

    def test_lostAndExpired(self) -> None:
        """
        An access token that has only ended by itself does not tell otherwise.
        """
        self.ready()
        self.pass_(AHEAD + 1)
        self.endpoint.links[-1].cut()
        self.server.answers[m.ProtoOARefreshTokenReq] = self.sell
        self.server.answers[m.ProtoOAGetAccountListByAccessTokenReq] = lambda _: error("OA_AUTH_TOKEN_EXPIRED")
        self.pass_(60)
        self.assertEqual(self.stored(), ["access-2"])

    def test_lostAndDone(self) -> None:
        """
        If the access token is not good any more, the pair is lost, and the used refresh token is not shown again.
        """
        self.ready()
        self.pass_(AHEAD + 1)
        self.next()
        self.endpoint.links[-1].cut()
        self.server.answers[m.ProtoOARefreshTokenReq] = self.sell
        self.pass_(DAY)
        self.assertEqual(self.refreshes(), ["refresh-1"])
        self.assertIs(self.state(), AccountState.REFUSED)
        self.assertEqual([each.state for each in self.session.status.tokens], [TokenState.LOST])

    def test_noAnswer(self) -> None:
        """
        An answer that does not come within a quarter of an hour counts as one that was lost.
        """
        self.ready()
        self.pass_(AHEAD + 950)
        self.assertEqual(self.server.count(m.ProtoOAGetAccountListByAccessTokenReq), 1)
        self.assertEqual(self.refreshes(), ["refresh-1", "refresh-1"])

    def test_stop(self) -> None:
        """
        A session that is stopped waits for the answer, stores the pair, and only then closes the connection.
        """
        self.ready()
        self.pass_(AHEAD + 1)
        stopped = self.session.stop()
        self.pass_(20)
        self.assertNoResult(stopped)
        self.answer(m.ProtoOARefreshTokenReq, self.next())
        self.successResultOf(stopped)
        self.assertEqual((self.stored(), self.refreshes()), (["access-2"], ["refresh-1"]))

    def test_stopByHand(self) -> None:
        """
        It does so for a refresh of the user's own.
        """
        self.ready()
        renewed = self.session.request(m.ProtoOARefreshTokenReq(refreshToken="refresh-1"))
        turns(self.clock)
        stopped = self.session.stop()
        self.pass_(1)
        self.answer(m.ProtoOARefreshTokenReq, self.next())
        self.successResultOf(stopped)
        self.assertEqual(self.successResultOf(renewed).accessToken, "access-2")
        self.assertEqual(self.stored(), ["access-2"])

    def test_startAgain(self) -> None:
        """
        A session that is started again meanwhile is connected again.
        """
        self.ready()
        self.pass_(AHEAD + 1)
        self.session.stop()
        self.session.start()
        self.answer(m.ProtoOARefreshTokenReq, self.next())
        self.pass_(2)
        self.assertIs(self.session.status.connection, State.UP)
        self.assertEqual(self.stored(), ["access-2"])

    def test_stopInVain(self) -> None:
        """
        It does not wait for ever; that the pair may be lost is logged.
        """
        self.ready()
        self.pass_(AHEAD + 1)
        stopped = self.session.stop()
        self.pass_(31)
        self.successResultOf(stopped)
        self.assertEqual(self.stored(), ["access-1"])

    def test_stopWithAFullDisk(self) -> None:
        """
        Nor for a disk that stays full.
        """
        self.server.answers[m.ProtoOARefreshTokenReq] = self.sell
        self.ready()
        self.tokens.save = lambda pairs: succeed(None) if self.sold == 1 else self.refuse()  # type: ignore
        self.pass_(AHEAD + 1)
        stopped = self.session.stop()
        self.pass_(31)
        self.successResultOf(stopped)

    def refuse(self) -> Deferred[None]:
        """
        @return: the disk is full.
        """
        self.tokens.refuses = 1
        return type(self.tokens).save(self.tokens, ())

    def test_giveUpWhileWaiting(self) -> None:
        """
        A refresh of the user's own that still waits for the lock is not sent when nobody waits for it any more.
        """
        self.ready()
        self.assertTrue(self.successResultOf(self.tokens.tryLock()))
        renewed = self.session.request(m.ProtoOARefreshTokenReq(refreshToken="refresh-1"))
        renewed.addErrback(lambda _: None)
        renewed.cancel()
        self.tokens.unlock()
        self.pass_(1)
        self.assertEqual(self.refreshes(), [])

    def test_notStoredByHand(self) -> None:
        """
        A pair of the user's own refresh that cannot be stored is in the error.
        """
        self.ready()
        self.server.answers[m.ProtoOARefreshTokenReq] = self.sell
        self.tokens.refuses = 1
        renewed = self.session.request(m.ProtoOARefreshTokenReq(refreshToken="refresh-1"))
        turns(self.clock)
        failure: Any = self.failureResultOf(renewed, TokensNotStored)
        self.assertEqual(failure.value.pair.refreshToken.reveal(), "refresh-2")


class ServiceTests(RenewalCase):
    """
    Tokens are renewed over HTTP while the application is not logged in.
    """

    def setUp(self) -> None:
        """
        Have a token service, and a pair that lives for a day; let no connection be made.
        """
        self.service = Service(TokenPair("access-2", "refresh-2", issued=0, expires=100 * LIFE * 1000))
        super().setUp()
        self.tokens.save((TokenPair("access-1", "refresh-1", issued=0, expires=DAY * 1000),))
        self.endpoint.refusing = True

    def test_whileAway(self) -> None:
        """
        With a token service, nobody needs the connection.
        """
        self.session.start()
        self.pass_(AHEAD_OF_DAY + 60)
        assert self.service is not None
        self.assertEqual(self.service.asked, ["refresh-1"])
        self.assertEqual(self.stored(), ["access-2"])

    def test_connected(self) -> None:
        """
        With a connection, the service is not asked.
        """
        self.endpoint.refusing = False
        self.ready()
        self.pass_(AHEAD_OF_DAY + 60)
        assert self.service is not None
        self.assertEqual((self.service.asked, self.refreshes()), ([], ["refresh-1"]))

    def test_unknownOutcome(self) -> None:
        """
        After an answer that tells nothing, the next attempt waits for the connection, to try the access token out.
        """
        assert self.service is not None
        self.service.answers.insert(0, TokenServiceFailed("no answer", 502))
        self.session.start()
        self.pass_(AHEAD_OF_DAY + 3_600)
        self.assertEqual(self.service.asked, ["refresh-1"])
        self.endpoint.refusing = False
        self.pass_(120)
        self.assertEqual((self.refreshes(), self.stored()), (["refresh-1"], ["access-2"]))

    def test_withoutAService(self) -> None:
        """
        Without one, the pair is renewed as soon as there is a connection.
        """
        self.service = None
        self.session = self.makeSession(self.tokens)
        self.session.start()
        self.pass_(2 * DAY)
        self.assertEqual(self.stored(), ["access-1"])
        self.endpoint.refusing = False
        self.pass_(120)
        self.assertEqual(self.stored(), ["access-2"])
