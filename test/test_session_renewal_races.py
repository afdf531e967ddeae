"""
Tests of what can happen while a session waits for its token store, for the server, or for a lock: things come in every
order, are given up, and are stopped.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import LogEvent, LogLevel, formatEvent

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import (
    AccountNotFound,
    ConfigurationError,
    GrantLost,
    NotConnected,
    TokenRefused,
    TokensNotStored,
)
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.status import TokenState
from ctrader_twisted.session.tables import AccountState, State
from test import test_session_renewal as regular
from test.renewalcase import AHEAD, DAY, LIFE, RenewalCase, Service
from test.scripted import error, turns

HOUR = 3_600

NOT_AUTHORISED = error("INVALID_REQUEST", "Trading account is not authorized")


class SlowKickTests(regular.KickTests):
    """
    How logins end, with a store that answers in later turns, as one does that has a thread.
    """

    delay = 0.0


class SlowStoreTests(regular.StoreTests):
    """
    What a store does, likewise.
    """

    delay = 0.0


class SlowAnswerTests(regular.AnswerTests):
    """
    What becomes of answers, likewise.
    """

    delay = 0.0


class GivingUpTests(RenewalCase):
    """
    Somebody does not want to wait any more.
    """

    def listing(self) -> Deferred[Any]:
        """
        List the accounts, which finds the token refused.
        """
        self.ready()
        self.clock.advance(601)
        self.good = set()
        return self.session.accountList()

    def test_whileItIsBought(self) -> None:
        """
        Who lists the accounts and gives up does not give up the pair that is being bought for it.
        """
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: None
        listed = self.listing()
        turns(self.clock)
        self.assertEqual(self.refreshes(), ["refresh-1"])
        listed.cancel()
        self.failureResultOf(listed, CancelledError)
        self.answer(m.ProtoOARefreshTokenReq, self.next())
        self.assertEqual(self.stored(), ["access-2"])

    def test_whileItIsLocked(self) -> None:
        """
        Nor does a lock that the store gives later stay locked.
        """
        self.slow.held = {"tryLock"}
        listed = self.listing()
        turns(self.clock)
        listed.cancel()
        self.failureResultOf(listed, CancelledError)
        self.slow.let("tryLock")
        self.assertFalse(self.tokens._isLocked)

    def test_whileItIsRead(self) -> None:
        """
        That is no failure of the store.
        """
        self.ready()
        self.slow.held = {"load"}
        events = self.events()
        listed = self.session.accountList()
        turns(self.clock)
        listed.cancel()
        self.failureResultOf(listed, CancelledError)
        self.assertEqual(list(events), [])

    def test_fullForLong(self) -> None:
        """
        A disk that stays full is tried ever more seldom, up to once a minute.
        """
        self.ready()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: None
        self.pass_(AHEAD + 1)
        self.tokens.refuses = 1_000
        self.answer(m.ProtoOARefreshTokenReq, self.next())
        self.pass_(3600)
        self.assertTrue(50 <= 1_000 - self.tokens.refuses < 70)

    def test_byHandOnAFullDisk(self) -> None:
        """
        A pair of the user's own refresh that cannot be stored is told at once, and stored later all the same; so is one
        that nobody waits for any more.
        """
        for timeout in (None, 1):
            self.setUp()
            self.ready()
            self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: None
            renewed = self.session.request(m.ProtoOARefreshTokenReq(refreshToken="refresh-1"), timeout=timeout)
            self.pass_(2)
            self.tokens.refuses = 4
            self.answer(m.ProtoOARefreshTokenReq, self.next())
            failure: Any = self.failureResultOf(renewed)
            self.assertEqual(failure.check(TokensNotStored), None if timeout else TokensNotStored)
            self.pass_(60)
            self.assertEqual(self.stored(), ["access-2"])
            self.assertEqual(self.logins()[-1], "access-2")
            self.nothingIsLeft()

    def test_notOurs(self) -> None:
        """
        While the user renews a pair that the store does not hold, others can have the lock.
        """
        self.ready()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: None
        renewed = self.session.request(m.ProtoOARefreshTokenReq(refreshToken="foreign"))
        turns(self.clock)
        self.assertFalse(self.tokens._isLocked)
        self.answer(m.ProtoOARefreshTokenReq, self.next())
        self.assertEqual(self.successResultOf(renewed).refreshToken, "refresh-2")
        self.assertEqual(self.stored(), ["access-1"])


class StopTests(RenewalCase):
    """
    The session is stopped while it waits for something.
    """

    def setUp(self) -> None:
        """
        Have a token service, which nobody should ask after a stop.
        """
        self.service = Service(TokenPair("access-2", "refresh-2", issued=0, expires=100 * LIFE * 1000))
        super().setUp()

    def stopAt(self, name: str) -> Deferred[None]:
        """
        Stop the session while it renews a pair and its store is about to do something.
        """
        self.ready()
        self.pass_(AHEAD - 1)
        self.slow.held = {name}
        self.pass_(2)
        stopped = self.session.stop()
        self.slow.held = set()
        turns(self.clock)
        return stopped

    def nothingIsBought(self) -> None:
        """
        Whatever comes later, the pair is as it was, and the lock is free.
        """
        self.pass_(DAY)
        assert self.service is not None
        self.assertEqual((self.refreshes(), self.service.asked, self.stored()), ([], [], ["access-1"]))
        self.assertFalse(self.tokens._isLocked)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_read(self) -> None:
        """
        A store that is just being read is waited for no longer, not even by a timer.
        """
        self.successResultOf(self.stopAt("load"))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.slow.let("load")
        self.nothingIsBought()

    def test_locked(self) -> None:
        """
        A lock that comes then is given back.
        """
        self.successResultOf(self.stopAt("tryLock"))
        self.slow.let("tryLock")
        self.nothingIsBought()

    def test_lockedByAnother(self) -> None:
        """
        A lock that does not come then is not asked for again.
        """
        self.ready()
        self.assertTrue(self.successResultOf(self.tokens.tryLock()))
        self.pass_(AHEAD + 60)
        self.slow.held = {"tryLock"}
        self.pass_(1)
        stopped = self.session.stop()
        self.slow.held = set()
        self.slow.let("tryLock")
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.tokens.unlock()
        self.nothingIsBought()

    def test_written(self) -> None:
        """
        What is just being written is waited for; but no pair is bought after that, over HTTP or otherwise.
        """
        stopped = self.stopAt("save")
        self.assertNoResult(stopped)
        self.slow.let("save")
        self.successResultOf(stopped)
        self.nothingIsBought()

    def test_unlocked(self) -> None:
        """
        So is the end of the lock, after a new pair was stored.
        """
        stopped = self.stopAt("unlock")
        self.assertEqual(self.stored(), ["access-2"])
        self.assertNoResult(stopped)
        self.slow.let("unlock")
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_fullDisk(self) -> None:
        """
        A new pair that is just being stored when the disk is full does not keep it from being stopped; that it is lost
        is said.
        """
        self.ready()
        self.slow.held = {"save"}
        self.pass_(AHEAD + 1)
        self.slow.let("save")
        self.tokens.refuses = 100
        events = self.events()
        stopped = self.session.stop()
        self.slow.let("save")
        self.pass_(30.5)
        # The second attempt is under way.
        self.assertNoResult(stopped)
        self.slow.let("save")
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual([words for words in _errorsIn(events) if "lost" in words], _errorsIn(events)[-1:])

    def test_bought(self) -> None:
        """
        When the pair that is waited for has come, nobody waits for the store any more.
        """
        self.ready()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: None
        self.pass_(AHEAD + 1)
        self.slow.held = {"load"}
        listed = self.session.accountList()
        stopped = self.session.stop()
        self.assertNoResult(listed)
        self.answer(m.ProtoOARefreshTokenReq, self.next())
        self.successResultOf(stopped)
        self.failureResultOf(listed, NotConnected)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_byHand(self) -> None:
        """
        A refresh of the user's own is waited for no longer than ours.
        """
        self.ready()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: None
        renewed = self.session.request(m.ProtoOARefreshTokenReq(refreshToken="refresh-1"), timeout=3600)
        turns(self.clock)
        stopped = self.session.stop()
        self.pass_(31)
        self.successResultOf(stopped)
        self.failureResultOf(renewed, NotConnected)

    def test_startedAgain(self) -> None:
        """
        What is being bought is not given up when the session was started again meanwhile.
        """
        self.ready()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: None
        self.pass_(AHEAD + 1)
        stopped = self.session.stop()
        self.session.start()
        self.pass_(300)
        self.assertNoResult(stopped)
        self.answer(m.ProtoOARefreshTokenReq, self.next())
        self.pass_(1)
        self.successResultOf(stopped)
        self.assertEqual((self.stored(), self.refreshes()), (["access-2"], ["refresh-1"]))
        self.assertIs(self.session.status.connection, State.UP)

    def test_startedAfterwards(self) -> None:
        """
        What was given up is tried out when the session is started again: had it succeeded, the old pair would be dead.
        """
        self.ready()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: None
        self.pass_(AHEAD + 1)
        self.session.stop()
        self.pass_(31)
        self.next()
        self.session.start()
        self.pass_(60)
        self.assertEqual(self.refreshes(), ["refresh-1"])
        self.assertIs(self.session.status.tokens[0].state, TokenState.LOST)

    def test_lateLogin(self) -> None:
        """
        The answer to a login of the user's own that comes while the connection is being closed starts nothing that
        would go on after a stop.
        """
        self.ready()
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: None
        self.session.request(m.ProtoOAAccountAuthReq(ctidTraderAccountId=7, accessToken="access-1"))
        turns(self.clock)
        connection = self.server.connections[-1]
        place = max(place for place, each in enumerate(self.server.seen) if isinstance(each, m.ProtoOAAccountAuthReq))
        connection.send(error("SERVER_IS_UNDER_MAINTENANCE"))
        connection.send(m.ProtoOAAccountAuthRes(ctidTraderAccountId=7), self.server.ids[place])
        self.clock.advance(0)
        stopped = self.session.stop()
        self.pass_(60)
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class OrderTests(RenewalCase):
    """
    Things come in an unlucky order.
    """

    def test_kickedBeforeTheAnswer(self) -> None:
        """
        Scenario 43: So it is while the new pair is being bought, however long that takes; and if it is not bought then,
        the old one is not taken for dead because of that.
        """
        self.ready()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: None
        self.pass_(AHEAD + 1)
        self.push(*self.kick())
        self.pass_(60)
        self.assertNotIsInstance(self.session.status.accounts[7].reason, TokenRefused)
        self.server.answers[m.ProtoOARefreshTokenReq] = self.sell
        self.answer(m.ProtoOARefreshTokenReq, error("SERVER_IS_UNDER_MAINTENANCE"))
        self.pass_(60)
        self.assertIs(self.state(), AccountState.READY)
        self.assertEqual(self.stored(), ["access-2"])

    def test_kickedBeforeTheUnlock(self) -> None:
        """
        Scenario 43: The end of a login that is told after the new pair was stored, and before the lock was given back,
        is expected.
        """
        self.ready()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: self.next()
        self.slow.held = {"unlock"}
        self.pass_(AHEAD + 1)
        self.assertEqual(self.stored(), ["access-2"])
        reasons: list[object] = []
        self.session.onStatus(lambda status: reasons.append(status.accounts[7].reason))
        self.push(*self.kick())
        self.pass_(1)
        self.assertIs(self.state(), AccountState.READY)
        self.assertEqual([each for each in reasons if isinstance(each, TokenRefused)], [])

    def test_kickedWhileReconciling(self) -> None:
        """
        An end that is told while the account's state is read, and may be that of the login before, is looked into: what
        was read may be older than it.
        """
        self.ready()
        self.server.answers[m.ProtoOATraderReq] = lambda _: None
        self.pass_(AHEAD + 1)
        self.assertIs(self.state(), AccountState.RECONCILING)
        self.server.answers[m.ProtoOATraderReq] = lambda _: error(
            "INVALID_REQUEST", "Trading account is not authorized"
        )
        self.push(self.kick()[1])
        self.assertIs(self.state(), AccountState.PAUSING)

    def test_kickedOnTheNextConnection(self) -> None:
        """
        The end of a login is not that of one on a connection before.
        """
        self.ready()
        self.endpoint.links[-1].cut()
        self.next()
        self.tokens.save((TokenPair("access-2", "refresh-2"),))
        self.pass_(2)
        self.assertEqual(self.logins(), ["access-1", "access-2"])
        self.push(self.kick()[1])
        self.assertIs(self.state(), AccountState.PAUSING)

    def test_connectedWhileLooking(self) -> None:
        """
        A new connection leads to an attempt at once, also while the failure of the one before is being noted.
        """
        self.ready()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: error("SERVER_IS_UNDER_MAINTENANCE")
        self.pass_(AHEAD + DAY)
        self.slow.held = {"unlock"}
        while not self.slow._waiting:
            self.pass_(10)
        self.server.answers[m.ProtoOARefreshTokenReq] = self.sell
        self.endpoint.links[-1].cut()
        self.pass_(1)
        self.slow.held = set()
        self.slow.let("unlock")
        self.pass_(1)
        self.assertEqual(self.stored(), ["access-2"])

    def test_connectedWhileReading(self) -> None:
        """
        So it is while the store is being read, in vain.
        """
        self.session.start()
        turns(self.clock)
        self.slow.held = {"load"}
        self.pass_(3601)
        self.endpoint.links[-1].cut()
        self.pass_(1)
        self.assertIs(self.session.status.connection, State.UP)
        load = self.tokens.load

        def broken() -> Any:
            self.tokens.load = load  # type: ignore[method-assign]
            raise ConfigurationError("others can read it")

        self.tokens.load = broken  # type: ignore[method-assign]
        self.tokens.save((TokenPair("access-2"),))
        self.slow.held = set()
        self.slow.let("load")
        self.assertEqual([each.expires for each in self.session.status.tokens], [None])

    def test_changedWhileWaiting(self) -> None:
        """
        A pair that has lost its refresh token, while its turn was waited for, is left alone.
        """
        self.ready()
        self.assertTrue(self.successResultOf(self.tokens.tryLock()))
        self.pass_(AHEAD + 1)
        self.tokens.save((TokenPair("access-1", issued=0, expires=LIFE * 1000),))
        self.tokens.unlock()
        events = self.events()
        self.pass_(3700)
        (words,) = _errorsIn(events)
        self.assertIn("no refresh token", words)

    def test_listedOnce(self) -> None:
        """
        What the old token was good for, the new one is: it is not asked again, before there is another connection.
        """
        self.tokens.save((*self.successResultOf(self.tokens.load()), TokenPair("other")))
        self.server.answers[m.ProtoOAGetAccountListByAccessTokenReq] = lambda request: (
            self.listAccounts(request)
            if request.accessToken != "other"
            else m.ProtoOAGetAccountListByAccessTokenRes(accessToken="other")
        )
        self.ready()
        self.pass_(AHEAD + 60)
        self.assertEqual(self.logins(), ["access-1", "access-2"])
        self.assertEqual(self.server.count(m.ProtoOAGetAccountListByAccessTokenReq), 1)
        self.endpoint.links[-1].cut()
        self.pass_(2)
        self.assertEqual(self.server.count(m.ProtoOAGetAccountListByAccessTokenReq), 2)

    def test_unlockFails(self) -> None:
        """
        A lock that cannot be given back is told as an error; the new pair is used all the same.
        """
        self.ready()
        unlock = self.tokens.unlock

        def fail() -> Any:
            self.tokens.unlock = unlock  # type: ignore[method-assign]
            unlock()
            raise ZeroDivisionError("refresh-1")

        self.tokens.unlock = fail  # type: ignore[method-assign]
        events = self.events()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: self.next()
        self.pass_(AHEAD + 10)
        self.assertEqual(self.logins(), ["access-1", "access-2"])
        self.assertIn("could not be given back", str(_errorsIn(events)))
        self.assertNotIn("refresh-1", str(events))

    def test_anotherTokenDuringTheLogin(self) -> None:
        """
        If a good pair comes into the store while the login with a bad one is refused, the account does not wait for
        yet another one.
        """
        for refusal in ("CH_ACCESS_TOKEN_INVALID", "CH_CTID_TRADER_ACCOUNT_NOT_FOUND"):
            self.setUp()
            self.tokens.save((TokenPair("bad"),))
            self.server.answers[m.ProtoOAAccountAuthReq] = lambda request: (
                None if request.accessToken == "bad" else self.logIn(request)
            )
            self.session.start()
            asked = self.session.whenAccountReady(7)
            self.pass_(1)
            self.tokens.save((TokenPair("bad"), TokenPair("access-1")))
            # Somebody else looks into the store first.
            self.session.accountList()
            self.pass_(1)
            self.answer(m.ProtoOAAccountAuthReq, error(refusal))
            self.pass_(60)
            self.successResultOf(asked)
            self.nothingIsLeft()

    def test_anotherTokenDuringTheLists(self) -> None:
        """
        So it is where several pairs were looked through.
        """
        self.tokens.save((TokenPair("other"), TokenPair("another")))
        none = m.ProtoOAGetAccountListByAccessTokenRes(accessToken="other")
        known: dict[str, Any] = {"other": none, "another": None}
        self.server.answers[m.ProtoOAGetAccountListByAccessTokenReq] = lambda request: (
            known[request.accessToken] if request.accessToken in known else self.listAccounts(request)
        )
        self.session.start()
        asked = self.session.whenAccountReady(7)
        self.pass_(1)
        self.tokens.save((TokenPair("other"), TokenPair("another"), TokenPair("access-1")))
        self.session.request(m.ProtoOARefreshTokenReq(refreshToken="none")).addErrback(lambda _: None)
        self.pass_(1)
        self.answer(m.ProtoOAGetAccountListByAccessTokenReq, none)
        self.pass_(5)
        self.successResultOf(asked)

    def test_renewedInAnyOrder(self) -> None:
        """
        A store that names the same pairs in another order each time has nothing new.
        """
        pairs = [TokenPair(f"other-{number}") for number in range(6)]
        self.server.answers[m.ProtoOAGetAccountListByAccessTokenReq] = lambda request: (
            m.ProtoOAGetAccountListByAccessTokenRes(accessToken=request.accessToken)
        )
        count, chance = 0, Random(1)

        def load() -> Any:
            nonlocal count
            count += 1
            return chance.sample(pairs, len(pairs)) if count < 100 else Deferred()

        self.tokens.load = load  # type: ignore[method-assign]
        self.session.start()
        asked = self.session.whenAccountReady(7)
        self.pass_(1)
        self.failureResultOf(asked, AccountNotFound)
        self.pass_(60)
        self.assertIs(self.state(), AccountState.REFUSED)
        self.assertLess(count, 20)


class LogoutTests(RenewalCase):
    """
    The user logs the account out, and it stays so.
    """

    def setUp(self) -> None:
        """
        Let the server answer logouts.
        """
        super().setUp()
        self.server.answers[m.ProtoOAAccountLogoutReq] = lambda _: m.ProtoOAAccountLogoutRes(ctidTraderAccountId=7)

    def logOut(self) -> None:
        """
        Log out, wherever the account stands.
        """
        self.session.request(m.ProtoOAAccountLogoutReq(ctidTraderAccountId=7)).addErrback(lambda _: None)
        turns(self.clock)
        self.assertIs(self.state(), AccountState.LEFT)

    def staysOut(self, logins: int, life: float = LIFE) -> None:
        """
        Neither time nor a renewal nor another connection brings it back.
        """
        for _ in range(2):
            self.pass_(life)
            self.assertIs(self.state(), AccountState.LEFT)
            self.endpoint.links[-1].cut()
        self.assertEqual(len(self.logins()), logins)

    def test_whileTheStoreIsRead(self) -> None:
        """
        A login whose token is still being looked for is not made.
        """
        self.session.start()
        self.slow.held = {"load"}
        asked = self.session.whenAccountReady(7)
        turns(self.clock)
        self.logOut()
        self.failureResultOf(asked, NotConnected)
        self.slow.held = set()
        for _ in range(len(self.slow._waiting)):
            self.slow.let("load")
        self.staysOut(0)

    def test_whileTheLoginIsRefused(self) -> None:
        """
        A login that is refused then says nothing about it any more.
        """
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: None
        self.session.start()
        asked = self.session.whenAccountReady(7)
        turns(self.clock)
        self.logOut()
        self.failureResultOf(asked, NotConnected)
        self.tokens.save((TokenPair("access-1", issued=0, expires=HOUR * 1000),))
        self.answer(m.ProtoOAAccountAuthReq, error("CH_ACCESS_TOKEN_INVALID"))
        self.assertIn("logged out by us", str(self.session.status.accounts[7].reason))
        self.tokens.save((TokenPair("access-1", "refresh-1", issued=0, expires=HOUR * 1000),))
        # Such a session looks at the store all the time.
        self.staysOut(1, HOUR)

    def test_whileTheLoginIsLate(self) -> None:
        """
        The late answer to a login that was made before does not bring it back.
        """
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: None
        self.session.start()
        self.session.whenAccountReady(7).addErrback(lambda _: None)
        turns(self.clock)
        self.logOut()
        self.answer(m.ProtoOAAccountAuthReq, m.ProtoOAAccountAuthRes(ctidTraderAccountId=7))
        self.staysOut(1)

    def test_whileItMoves(self) -> None:
        """
        Nor is a login made whose turn came just before, to change to a new token.
        """
        self.ready()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: self.next()
        self.pass_(AHEAD + 1)
        self.slow.held = {"load"}
        self.pass_(5)
        self.logOut()
        self.slow.held = set()
        self.slow.let("load")
        self.staysOut(1)

    def test_whileItIsRefused(self) -> None:
        """
        An account that was refused can be logged out, too: the server says that it is not logged in, as it should be.
        """
        self.tokens.save((TokenPair("bad"),))
        self.session.start()
        self.session.whenAccountReady(7).addErrback(lambda _: None)
        turns(self.clock)
        self.assertIs(self.state(), AccountState.REFUSED)
        self.server.answers[m.ProtoOAAccountLogoutReq] = lambda _: NOT_AUTHORISED
        self.logOut()
        self.tokens.save((TokenPair("access-1"),))
        self.pass_(20)
        self.staysOut(1)


class WatchTests(RenewalCase):
    """
    An account is refused until the store has something better.

    @ivar isBroken: whether the clock fails the next time.
    """

    isBroken = False

    def refused(self, kind: type[Exception]) -> None:
        """
        Be sure that the account is refused.
        """
        self.assertIs(self.state(), AccountState.REFUSED)
        self.assertIsInstance(self.session.status.accounts[7].reason, kind)

    def test_unreadable(self) -> None:
        """
        A store that could not be read for a while is enough, though it has no other pairs than before.
        """
        for isEarly in (True, False):
            self.setUp()
            load = self.tokens.load
            if not isEarly:
                self.ready()
                self.endpoint.links[-1].cut()

            def broken() -> Any:
                raise ConfigurationError("others can read it")

            self.tokens.load = broken  # type: ignore[method-assign]
            self.session.start()
            self.session.whenAccountReady(7).addErrback(lambda _: None)
            self.pass_(DAY)
            self.refused(ConfigurationError)
            self.tokens.load = load  # type: ignore[method-assign]
            self.pass_(11)
            self.assertIs(self.state(), AccountState.READY)
            self.nothingIsLeft()

    def test_besideAFailure(self) -> None:
        """
        It is looked at as often while another pair cannot be renewed, which is tried ever more seldom.
        """
        self.tokens.save((TokenPair("bad"), TokenPair("old", "refresh-0", issued=0, expires=1_000)))
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: error("SERVER_IS_UNDER_MAINTENANCE")
        self.server.answers[m.ProtoOAGetAccountListByAccessTokenReq] = lambda request: (
            self.listAccounts(request)
            if request.accessToken != "old"
            else m.ProtoOAGetAccountListByAccessTokenRes(accessToken="old")
        )
        self.session.start()
        self.session.whenAccountReady(7).addErrback(lambda _: None)
        self.pass_(2 * DAY)
        self.refused(GrantLost)
        tried = len(self.refreshes())
        self.assertLess(tried, 80)
        self.pass_(3600)
        self.assertLess(len(self.refreshes()), tried + 3)
        self.tokens.save((*self.successResultOf(self.tokens.load()), TokenPair("access-1")))
        self.pass_(11)
        self.assertIs(self.state(), AccountState.READY)

    def test_notForEver(self) -> None:
        """
        When nobody waits any more, for whatever reason, it is looked at every hour, as before.
        """
        logIn = self.server.answers[m.ProtoOAAccountAuthReq]
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: error("CH_CTID_TRADER_ACCOUNT_NOT_FOUND")
        self.session.start()
        self.session.whenAccountReady(7).addErrback(lambda _: None)
        turns(self.clock)
        self.refused(AccountNotFound)
        self.server.answers[m.ProtoOAAccountAuthReq] = logIn
        self.endpoint.links[-1].cut()
        self.pass_(20)
        self.assertIs(self.state(), AccountState.READY)
        count = 0
        load = self.tokens.load

        def counted() -> Any:
            nonlocal count
            count += 1
            return load()

        self.tokens.load = counted  # type: ignore[method-assign]
        self.pass_(2 * 3600)
        self.assertLessEqual(count, 3)
        # So it is after a person has helped.
        self.good = {"access-9"}
        self.push(*self.kick())
        self.pass_(60)
        self.refused(GrantLost)
        self.tokens.save((TokenPair("access-9"),))
        self.pass_(20)
        self.assertIs(self.state(), AccountState.READY)
        count = 0
        self.pass_(2 * 3600)
        self.assertLessEqual(count, 3)

    def test_nobodyWaits(self) -> None:
        """
        The status of a pair that only a person can help with is soon another one, though no account waits for it.
        """
        self.tokens.save((TokenPair("bad"),))
        self.session.start()
        turns(self.clock)
        listed = self.session.accountList()
        turns(self.clock)
        self.failureResultOf(listed, GrantLost)
        self.pass_(30)
        self.tokens.save((TokenPair("access-1"),))
        self.pass_(11)
        self.assertEqual([each.state for each in self.session.status.tokens], [TokenState.GOOD])

    def test_mistake(self) -> None:
        """
        A mistake of ours is logged as such, and does not end the looking.
        """
        self.ready()
        self.isBroken = True
        self.pass_(3601)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.pass_(AHEAD)
        self.assertEqual(self.stored(), ["access-2"])

    def now(self) -> int:
        """
        @return: milliseconds since 1970, if the clock is not broken.
        """
        if self.isBroken:
            self.isBroken = False
            raise ZeroDivisionError
        return super().now()

    def test_failuresOfOld(self) -> None:
        """
        Failures that are over do not delay the attempts after the next one.
        """
        load = self.tokens.load

        def broken() -> Any:
            raise ConfigurationError("others can read it")

        self.ready()
        self.tokens.load = broken  # type: ignore[method-assign]
        self.pass_(DAY)
        self.tokens.load = load  # type: ignore[method-assign]
        self.pass_(DAY)
        answers = [error("SERVER_IS_UNDER_MAINTENANCE"), error("SERVER_IS_UNDER_MAINTENANCE")]
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda request: answers.pop() if answers else self.sell(request)
        self.pass_(AHEAD - 2 * DAY + 10)
        self.assertEqual(self.stored(), ["access-2"])

    def test_acceptedAgain(self) -> None:
        """
        A token that was refused and is accepted later, on another connection, is not called refused any more.
        """
        self.tokens.save((TokenPair("access-1"),))
        self.good = set()
        self.session.start()
        self.session.whenAccountReady(7).addErrback(lambda _: None)
        turns(self.clock)
        self.refused(GrantLost)
        self.assertIs(self.session.status.tokens[0].state, TokenState.LOST)
        self.good = {"access-1"}
        self.endpoint.links[-1].cut()
        self.pass_(2)
        self.assertIs(self.state(), AccountState.READY)
        self.assertIs(self.session.status.tokens[0].state, TokenState.GOOD)

    def test_acceptedInVain(self) -> None:
        """
        A refresh token that was refused is not called good because the access token still is, and not tried again.
        """
        events = self.events()
        self.server.answers[m.ProtoOARefreshTokenReq] = lambda _: error("CH_ACCESS_TOKEN_INVALID")
        self.ready()
        self.pass_(AHEAD + 60)
        for _ in range(3):
            self.endpoint.links[-1].cut()
            self.pass_(3600)
            self.assertIs(self.state(), AccountState.READY)
            self.assertIs(self.session.status.tokens[0].state, TokenState.LOST)
        self.assertEqual((len(_errorsIn(events)), self.refreshes()), (1, ["refresh-1"]))

    def test_invalidatedInVain(self) -> None:
        """
        A token of which the server has told that it is not good, and which it takes at the next login, is renewed when
        it is refused much later.
        """
        self.tokens.save((TokenPair("access-1", "refresh-1"),))
        self.ready()
        self.push(*self.kick())
        self.pass_(LIFE)
        self.assertEqual(self.logins(), ["access-1", "access-1"])
        self.good = set()
        self.endpoint.links[-1].cut()
        self.pass_(60)
        self.assertEqual(self.stored(), ["access-2"])
        self.assertIs(self.state(), AccountState.READY)

    def test_shortLife(self) -> None:
        """
        A pair that was renewed because it was refused is renewed ahead of its own end, however short it lives.
        """
        self.tokens.save((TokenPair("access-0", "refresh-1"),))
        self.server.answers[m.ProtoOARefreshTokenReq] = self.sellShort
        self.session.start()
        self.session.account(7)
        self.pass_(5)
        self.assertEqual(self.stored(), ["access-2"])
        self.pass_(95)
        self.assertEqual(self.stored(), ["access-3"])

    def sellShort(self, request: m.ProtoOARefreshTokenReq) -> Any:
        """
        Sell a pair that lives for a hundred seconds.
        """
        self.assertEqual(request.refreshToken, f"refresh-{self.sold}")
        new = self.next()
        new.expiresIn = 100
        return [new, *self.kick()]


def _errorsIn(events: Any) -> list[str]:
    found: list[LogEvent] = [event for event in events if event["log_level"] >= LogLevel.error]
    return [formatEvent(event) for event in found]
