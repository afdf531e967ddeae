"""
Tests of L{ctrader_twisted.session.session}: login, loss, refusals and the way of events, on a virtual clock.
"""

from __future__ import annotations

import gc
from itertools import groupby, pairwise
from typing import Any

from google.protobuf.message import Message
from OpenSSL.SSL import Error as TlsError
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import (
    AccountNotFound,
    ApplicationInactive,
    ApplicationRefused,
    ConfigurationError,
    ConnectFailed,
    ConnectionLost,
    CTraderError,
    IllegalValue,
    LoginNeeded,
    NotConnected,
    RequestTimedOut,
    TokenRefused,
    WrongHost,
)
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.session.session import Session
from ctrader_twisted.session.tables import AccountState, State
from ctrader_twisted.testing.memory import MemoryEndpoint
from ctrader_twisted.wire import Throttle, Timing
from ctrader_twisted.wire import protocol as protocolModule

from .scripted import ScriptedServer, Unspread, error, turns


class SessionTestCase(SynchronousTestCase):
    """
    A session and a scripted server on one clock.
    """

    def setUp(self) -> None:
        """
        Make both; connect nothing yet.
        """
        self.clock = Clock()
        self.server = ScriptedServer()
        self.endpoint = MemoryEndpoint(self.clock, self.server)
        self.tokens = MemoryTokens(TokenPair("token"))
        self.session = Session(
            self.clock,
            self.endpoint,
            Application("id", "secret"),
            self.tokens,
            randomness=Unspread(1),
            wallClock=lambda: int(self.clock.seconds() * 1000),
            timing=Timing(),
            throttle=Throttle(self.clock),
            connectTimeout=30,
        )
        self.addCleanup(self.nothingIsLeft)

    def nothingIsLeft(self) -> None:
        """
        A stopped session leaves neither timer nor connection.
        """
        stopped = self.session.stop()
        turns(self.clock)
        self.successResultOf(stopped)
        self.assertEqual(self.endpoint.openLinks, [])
        self.assertEqual([call for call in self.clock.getDelayedCalls() if "server" not in str(call)], [])

    def start(self) -> None:
        """
        Start the session and let it log in.
        """
        self.session.start()
        turns(self.clock)

    def ready(self, accountId: int = 7) -> AccountSession:
        """
        Start the session with one account.
        """
        self.start()
        account = self.session.whenAccountReady(accountId)
        turns(self.clock)
        return self.successResultOf(account)

    def push(self, message: Message) -> None:
        """
        Let the server send something unasked.
        """
        self.server.connections[-1].send(message)
        turns(self.clock)

    def cut(self) -> None:
        """
        Cut the connection, and let only that happen.
        """
        self.endpoint.links[-1].cut()
        self.clock.advance(0)


class ConnectionTests(SessionTestCase):
    """
    The application's login.
    """

    def test_up(self) -> None:
        """
        Scenario 35: Starting connects and logs the application in, once, however often it is started.
        """
        up = self.session.whenUp()
        self.start()
        self.session.start()
        turns(self.clock)
        self.successResultOf(up)
        self.successResultOf(self.session.whenUp())
        self.assertEqual(self.server.count(m.ProtoOAApplicationAuthReq), 1)
        self.assertEqual(self.endpoint.attempts, 1)

    def test_requestBeforeUp(self) -> None:
        """
        Scenario 18: A request without a connection fails at once.
        """
        self.failureResultOf(self.session.request(m.ProtoOAVersionReq()), NotConnected)

    def test_wrongSecret(self) -> None:
        """
        Wrong credentials end it: everybody who waits gets the error, the socket is closed, and nothing is tried again.
        """
        self.server.answers[m.ProtoOAApplicationAuthReq] = lambda _: error("CH_CLIENT_AUTH_FAILURE")
        waiting = [self.session.whenUp(), self.session.whenSettled(), self.session.whenAccountReady(7)]
        self.start()
        for each in waiting:
            self.failureResultOf(each, ApplicationRefused)
        self.assertEqual(self.session.status.connection, State.FAILED)
        self.clock.advance(10_000)
        self.assertEqual(self.endpoint.attempts, 1)
        self.assertEqual(self.endpoint.openLinks, [])
        self.failureResultOf(self.session.whenUp(), ApplicationRefused)
        self.failureResultOf(self.session.whenAccountReady(8), ApplicationRefused)

    def test_startAfterFailure(self) -> None:
        """
        A session that has given up can be started again.
        """
        self.server.answers[m.ProtoOAApplicationAuthReq] = lambda _: error("CH_CLIENT_AUTH_FAILURE")
        self.start()
        self.server.answers[m.ProtoOAApplicationAuthReq] = lambda _: m.ProtoOAApplicationAuthRes()
        self.start()
        self.successResultOf(self.session.whenUp())

    def test_refusalWithoutId(self) -> None:
        """
        An error that carries no id refuses the login that is under way.
        """

        def answer(_: Message) -> None:
            self.server.connections[-1].send(error("CH_OA_CLIENT_NOT_FOUND"))

        self.server.answers[m.ProtoOAApplicationAuthReq] = answer
        up = self.session.whenUp()
        self.start()
        self.failureResultOf(up, ApplicationRefused)

    def test_alreadyAuthorised(self) -> None:
        """
        An application that the server takes for logged in already is logged in.
        """
        self.server.answers[m.ProtoOAApplicationAuthReq] = lambda _: error("CH_CLIENT_ALREADY_AUTHENTICATED")
        self.start()
        self.successResultOf(self.session.whenUp())

    def test_inactive(self) -> None:
        """
        An application that is not active yet is tried again, slowly.
        """
        self.server.answers[m.ProtoOAApplicationAuthReq] = lambda _: error(
            "CH_CLIENT_AUTH_FAILURE", "OA client is not in active state"
        )
        self.start()
        self.assertIsInstance(self.session.status.reason, ApplicationInactive)
        self.assertEqual(self.retriedAfter(), 63)

    def retriedAfter(self) -> int:
        """
        @return: the seconds until the next attempt.
        """
        attempts, seconds = self.endpoint.attempts, 0
        while self.endpoint.attempts == attempts:
            seconds += 1
            self.clock.advance(1)
            turns(self.clock, 3)
        return seconds

    def test_maintenance(self) -> None:
        """
        A maintenance is waited for until its announced end and a little more, but never for more than some minutes at
        once; whoever cannot wait starts again.
        """

        def refuse(end: int) -> None:
            self.server.answers[m.ProtoOAApplicationAuthReq] = lambda _: m.ProtoErrorRes(
                errorCode="SERVER_IS_UNDER_MAINTENANCE", maintenanceEndTimestamp=end
            )

        refuse(300)
        self.start()
        refuse(10**17)
        self.assertEqual(self.retriedAfter(), 315)
        self.assertEqual(self.retriedAfter(), 945)
        self.start()
        self.assertEqual(self.endpoint.attempts, 4)

    def test_rateLimitedLogin(self) -> None:
        """
        A login that came too fast is tried again when the server said.
        """
        self.server.answers[m.ProtoOAApplicationAuthReq] = lambda _: error("BLOCKED_PAYLOAD_TYPE", retryAfter=20)
        self.start()
        self.assertEqual(self.retriedAfter(), 21)

    def test_brokenEndpoint(self) -> None:
        """
        An endpoint that raises is a failed attempt like others.
        """
        self.endpoint.connect = lambda factory: 1 / 0  # type: ignore
        self.start()
        self.assertEqual(self.session.status.connection, State.WAITING)
        del self.endpoint.connect
        self.assertEqual(self.retriedAfter(), 1)

    def test_oddRefusal(self) -> None:
        """
        A refusal of the application by a code that nobody knows is not taken for a lasting one.
        """
        self.server.answers[m.ProtoOAApplicationAuthReq] = lambda _: error("BAD_WEATHER")
        self.start()
        self.server.answers[m.ProtoOAApplicationAuthReq] = lambda _: m.ProtoOAApplicationAuthRes()
        self.assertEqual(self.retriedAfter(), 1)

    def test_badApplication(self) -> None:
        """
        Credentials that are missing, such as from an unset environment variable, are refused where they come in.
        """
        for clientId, secret in ((None, "s"), ("", "s"), ("id", None), ("id", ""), ("id", 5)):
            with self.assertRaises((TypeError, ValueError)):
                Application(clientId, secret)  # type: ignore[arg-type]
        with self.assertRaises(TypeError):
            TokenPair(None)  # type: ignore[arg-type]

    def test_unsendableLogin(self) -> None:
        """
        A login that cannot even be sent ends it, and says why.
        """
        self.patch(protocolModule, "ASKED", {})
        up = self.session.whenUp()
        self.start()
        self.failureResultOf(up, IllegalValue)

    def test_backoff(self) -> None:
        """
        Scenario 33: Failures make the pauses grow up to a limit: no storm; the first attempt comes at once.
        """
        self.endpoint.refusing = True
        self.start()
        times = [0.0]
        while len(times) < 12:
            attempts = self.endpoint.attempts
            while self.endpoint.attempts == attempts:
                self.clock.advance(0.005)
            times.append(self.clock.seconds())
            turns(self.clock, 2)
        pauses = [round(later - earlier, 1) for earlier, later in pairwise(times)]
        self.assertEqual(pauses, [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0])
        self.assertIsInstance(self.session.status.reason, ConnectFailed)
        self.assertEqual(self.session.status.attempts, 12)

    def test_acceptAndDrop(self) -> None:
        """
        A server that takes each login and drops the connection at once is not asked without pause.
        """
        self.start()
        for _ in range(5):
            self.cut()
            turns(self.clock)
            self.clock.advance(0.05)
            turns(self.clock)
        self.assertEqual(self.endpoint.attempts, 2)
        self.clock.advance(3600)
        turns(self.clock)
        self.assertEqual(self.session.status.connection, State.UP)

    def test_lossAfterAWhile(self) -> None:
        """
        Scenario 23: A connection that had held is made again at once, each time.
        """
        self.start()
        for attempt in range(2, 6):
            for _ in range(3):
                self.clock.advance(9)
                self.push(m.ProtoHeartbeatEvent())
            self.cut()
            self.clock.advance(0.03)
            turns(self.clock)
            self.assertEqual(self.endpoint.attempts, attempt)
            self.assertEqual(self.session.status.connection, State.UP)

    def test_noAnswerToLogin(self) -> None:
        """
        Scenario 25: One timeout spans everything up to the login; the connection that did not get there is closed.
        """
        self.server.answers[m.ProtoOAApplicationAuthReq] = lambda _: None
        self.start()
        self.clock.advance(29.9)
        self.assertEqual(self.session.status.connection, State.AUTHORISING)
        self.clock.advance(0.1)
        self.assertIn("login was not answered", str(self.session.status.reason))
        turns(self.clock)
        self.assertEqual(self.endpoint.openLinks, [])

    def test_noConnection(self) -> None:
        """
        Scenario 16: The same timeout ends a dial that hangs; a connection that comes after that is closed.
        """
        dialled: list[Any] = []
        self.endpoint.connect = lambda factory: dialled.append(factory) or Deferred()  # type: ignore
        self.start()
        self.clock.advance(30)
        self.assertEqual(self.session.status.connection, State.WAITING)
        self.assertIn("no secure connection", str(self.session.status.reason))
        MemoryEndpoint.connect(self.endpoint, dialled[0])
        turns(self.clock)
        self.assertEqual(self.endpoint.openLinks, [])
        self.assertEqual(self.session.status.connection, State.WAITING)

    def test_stopWhileDialling(self) -> None:
        """
        Scenario 34: Stopping before the first connection is made stops; nothing connects later.
        """
        self.session.start()
        self.successResultOf(self.session.stop())
        self.clock.advance(100)
        self.assertEqual(self.server.connections, [])

    def test_stopWhileWaiting(self) -> None:
        """
        Stopping during the backoff leaves no timer.
        """
        self.endpoint.refusing = True
        self.start()
        self.successResultOf(self.session.stop())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopAndStart(self) -> None:
        """
        A session that is started while it stops comes up again, and whoever stopped it is told.
        """
        self.start()
        stopped = self.session.stop()
        self.session.start()
        self.assertNoResult(stopped)
        self.clock.advance(0)
        self.clock.advance(1)
        turns(self.clock)
        self.successResultOf(stopped)
        self.assertEqual(self.session.status.connection, State.UP)
        self.assertEqual(len(self.endpoint.openLinks), 1)

    def test_stopFailsWaiters(self) -> None:
        """
        Whoever waits for a session that is stopped is told so.
        """
        waiting = [self.session.whenUp(), self.session.whenAccountReady(7)]
        self.successResultOf(self.session.stop())
        for each in waiting:
            self.failureResultOf(each, NotConnected)

    def test_stopInListener(self) -> None:
        """
        A listener may stop the session while it is told of the loss.
        """

        def stop(_: Failure) -> None:
            self.session.stop()

        account = self.ready()
        account.onLost(stop)
        self.cut()
        turns(self.clock)
        self.assertEqual(self.session.status.connection, State.IDLE)

    def test_clientDisconnect(self) -> None:
        """
        Scenario 49: When the server cancels the application's session, a new connection is made, after a loss has been
        told.
        """
        account = self.ready()
        lost: list[Failure] = []
        account.onLost(lost.append)
        self.push(m.ProtoOAClientDisconnectEvent(reason="maintenance of the proxy"))
        self.assertIn("maintenance of the proxy", lost[0].getErrorMessage())
        self.assertEqual(self.retriedAfter(), 32)
        turns(self.clock)
        self.assertEqual(account.state, AccountState.READY)

    def test_blockedAtLogin(self) -> None:
        """
        The server may say that the application is blocked while the login is under way.
        """
        self.server.answers[m.ProtoOAApplicationAuthReq] = lambda _: self.server.connections[-1].send(
            m.ProtoOAClientDisconnectEvent(reason="application is blocked")
        )
        self.start()
        self.assertEqual(self.session.status.connection, State.FAILED)

    def test_blocked(self) -> None:
        """
        When the server says that the application is blocked, no further attempt is made.
        """
        self.start()
        self.push(m.ProtoOAClientDisconnectEvent(reason="application is blocked by admin"))
        self.assertEqual(self.session.status.connection, State.FAILED)

    def test_errorUnasked(self) -> None:
        """
        An error that nobody asked for is told; an announced maintenance ends the connection.
        """
        errors: list[CTraderError] = []
        self.session.onError.add(errors.append)
        self.start()
        self.push(error("UNKNOWN_ERROR", "something"))
        self.assertEqual(self.session.status.connection, State.UP)
        self.push(m.ProtoErrorRes(errorCode="SERVER_IS_UNDER_MAINTENANCE", maintenanceEndTimestamp=600))
        self.assertEqual(self.session.status.connection, State.WAITING)
        self.assertEqual(len(errors), 2)
        self.clock.advance(630)
        turns(self.clock)
        self.assertEqual(self.session.status.connection, State.UP)

    def test_maintenanceOfOne(self) -> None:
        """
        The maintenance of one account's server concerns that account alone.
        """
        one, two = self.ready(7), self.ready(8)
        self.push(error("SERVER_IS_UNDER_MAINTENANCE", ctidTraderAccountId=7, maintenanceEndTimestamp=600))
        self.assertEqual((one.state, two.state), (AccountState.PAUSING, AccountState.READY))
        self.push(error("SERVER_IS_UNDER_MAINTENANCE", ctidTraderAccountId=9))
        self.assertEqual(two.state, AccountState.READY)

    def test_rejectedOrder(self) -> None:
        """
        The rejection of an order is no error that came unasked.
        """
        errors: list[CTraderError] = []
        self.session.onError.add(errors.append)
        self.ready()
        event = m.ProtoOAExecutionEvent(
            ctidTraderAccountId=7, executionType=m.ProtoOAExecutionType.ORDER_REJECTED, errorCode="MARKET_CLOSED"
        )
        self.push(event)
        self.assertEqual(errors, [])

    def test_tryingAtTheLoss(self) -> None:
        """
        Who tries again as soon as a request fails, and waits until the account is ready, does not try before it is.
        """
        account = self.ready()
        self.server.answers[m.ProtoOAAssetListReq] = lambda _: None
        attempts: list[int] = []

        async def insist() -> None:
            while True:
                await account.whenReady()
                attempts.append(1)
                self.assertLess(len(attempts), 5)
                try:
                    await account.request(m.ProtoOAAssetListReq())
                except (ConnectionLost, NotConnected):
                    continue

        for end in (self.cut, lambda: self.server.connections[-1].write(b"HTTP/1.1 400")):
            insisting = Deferred.fromCoroutine(insist())
            turns(self.clock)
            end()
            turns(self.clock)
            self.clock.advance(1)
            turns(self.clock)
            self.assertEqual(len(attempts), 2)
            attempts.clear()
            insisting.cancel()
            self.failureResultOf(insisting)

    def test_silence(self) -> None:
        """
        A connection on which nothing comes is made anew; that is told at once.
        """
        account = self.ready()
        link = self.endpoint.links[-1]
        link.freeze()
        for _ in range(13):
            self.clock.advance(5)
        turns(self.clock)
        self.assertEqual((account.state, self.endpoint.attempts), (AccountState.READY, 2))
        link.cut()

    def test_waitingAfterTheEnd(self) -> None:
        """
        Who waits for a session that has ended, or for one of its accounts, is told why; until it is started again.
        """
        account = self.ready()
        self.push(m.ProtoOAClientDisconnectEvent(reason="application is blocked"))
        for waiting in (account.whenReady(), self.session.whenUp(), self.session.whenSettled()):
            self.assertIn("blocked", str(self.failureResultOf(waiting, NotConnected).value))
        self.session.stop()
        for waiting in (account.whenReady(), self.session.whenUp(), self.session.whenSettled()):
            self.assertIn("stopped", str(self.failureResultOf(waiting, NotConnected).value))
        self.start()
        self.successResultOf(account.whenReady())

    def test_alertAfterTheHandshake(self) -> None:
        """
        A TLS failure after the handshake is a loss like others, whatever it says of certificates.
        """
        account = self.ready()
        link = self.endpoint.links[-1]
        link._clientSide.end(Failure(TlsError([("", "", "certificate verify failed")])))
        link.cut()
        self.clock.advance(0)
        self.assertEqual(self.session.status.connection, State.WAITING)
        self.clock.advance(1)
        turns(self.clock)
        self.assertEqual(account.state, AccountState.READY)

    def test_status(self) -> None:
        """
        Every change of the status is told, until its listener is stopped.
        """
        seen: list[State] = []
        place = self.session.onStatus(lambda status: seen.append(status.connection))
        self.start()
        place.stop()
        place.stop()
        self.cut()
        steps = [state for state, _ in groupby(seen)]
        self.assertEqual(steps, [State.CONNECTING, State.SECURING, State.AUTHORISING, State.UP])


class AccountTests(SessionTestCase):
    """
    The accounts' logins.
    """

    def test_ready(self) -> None:
        """
        Scenario 39: A wanted account is logged in with the stored token, reconciled and restored, and then ready.
        """
        steps: list[str] = []
        account = self.session.account(7)
        account.onReconcile(lambda trader, state: steps.append(f"reconcile {trader.balance}"))
        account.onRestore(lambda: steps.append(f"restore {account.state.value}") or succeed(None))
        ready, settled = account.whenReady(), self.session.whenSettled()
        self.start()
        self.assertIs(self.successResultOf(ready), account)
        self.successResultOf(settled)
        self.successResultOf(self.session.whenSettled())
        self.assertEqual(steps, ["reconcile 100000", "restore restoring"])
        login = next(each for each in self.server.seen if isinstance(each, m.ProtoOAAccountAuthReq))
        self.assertEqual((login.ctidTraderAccountId, login.accessToken), (7, "token"))
        self.assertEqual(self.session.status.accounts[7].state, AccountState.READY)

    def refuse(self, code: str, kind: type[CTraderError]) -> None:
        """
        Let the server refuse the account.
        """
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: error(code)
        ready = self.session.whenAccountReady(7)
        settled = self.session.whenSettled()
        self.start()
        self.failureResultOf(ready, kind)
        self.successResultOf(settled)
        for _ in range(100):
            self.clock.advance(20)
            self.push(m.ProtoHeartbeatEvent())
        self.assertEqual(self.server.count(m.ProtoOAAccountAuthReq), 1)
        account = self.session.account(7)
        self.assertEqual(account.state, AccountState.AUTHORISING)
        turns(self.clock)
        self.failureResultOf(account.whenReady(), kind)

    def test_unknownAccount(self) -> None:
        """
        An unknown account is refused for good, until somebody asks again.
        """
        self.refuse("CH_CTID_TRADER_ACCOUNT_NOT_FOUND", AccountNotFound)

    def test_wrongHost(self) -> None:
        """
        Scenario 38: An account that lives on the other host is refused for good.
        """
        self.refuse("CANT_ROUTE_REQUEST", WrongHost)

    def test_expiredToken(self) -> None:
        """
        An expired token refuses the account.
        """
        self.refuse("OA_AUTH_TOKEN_EXPIRED", TokenRefused)

    def test_noToken(self) -> None:
        """
        Without a token, the account is refused with words that say so, and the server is not asked.
        """
        self.tokens.save(())
        ready = self.session.whenAccountReady(7)
        self.start()
        self.assertIn("empty", str(self.failureResultOf(ready, ConfigurationError).value))
        self.assertEqual(self.server.count(m.ProtoOAAccountAuthReq), 0)

    def test_brokenStore(self) -> None:
        """
        A token store that fails in its own way is logged once, and tried again later.
        """
        self.tokens.load = lambda: fail(ZeroDivisionError("store"))  # type: ignore[method-assign]
        account = self.session.account(7)
        with capturedLogs() as events:
            self.start()
        told = [event for event in events if event["log_level"] is LogLevel.error]
        self.assertEqual(["ZeroDivisionError" in event["words"] for event in told], [True])
        self.assertEqual(account.state, AccountState.PAUSING)

    def test_slowStore(self) -> None:
        """
        A token that comes only after a reconnect logs nothing in twice; a store that never answers is asked again.
        """
        slow: list[Deferred[tuple[TokenPair, ...]]] = []
        load = self.tokens.load
        self.tokens.load = lambda: slow.append(Deferred()) or slow[-1]  # type: ignore
        account = self.session.account(7)
        self.start()
        self.tokens.load = load  # type: ignore[method-assign]
        self.cut()
        self.clock.advance(1)
        turns(self.clock)
        slow[0].callback((TokenPair("token"),))
        turns(self.clock)
        self.assertEqual(self.server.count(m.ProtoOAAccountAuthReq), 1)
        self.tokens.load = lambda: slow.append(Deferred()) or slow[-1]  # type: ignore
        self.push(m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=7))
        for _ in range(31):
            self.clock.advance(1)
            self.push(m.ProtoHeartbeatEvent())
        self.assertEqual(account.state, AccountState.PAUSING)
        self.assertIn("token store", str(account.reason))

    def test_alreadyLoggedIn(self) -> None:
        """
        Scenario 42: An account that is logged in on this connection already is logged in.
        """
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: error("ALREADY_LOGGED_IN")
        self.ready()

    def test_unreachableBroker(self) -> None:
        """
        A broker that cannot be reached now is asked again, with growing pauses.
        """
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: error("CH_SERVER_NOT_REACHABLE")
        account = self.session.account(7)
        self.start()
        for expected in (2, 3, 4):
            self.clock.advance(expected - 1)
            turns(self.clock)
            self.push(m.ProtoHeartbeatEvent())
            self.assertEqual(self.server.count(m.ProtoOAAccountAuthReq), expected)
        self.assertEqual(account.state, AccountState.PAUSING)
        self.cut()
        self.assertEqual(account.state, AccountState.OFFLINE)

    def test_reconcileFails(self) -> None:
        """
        An account whose state cannot be read is not ready; it logs in again.
        """
        self.server.answers[m.ProtoOATraderReq] = lambda _: error("TIMEOUT_ERROR")
        account = self.session.account(7)
        self.start()
        self.assertEqual(account.state, AccountState.PAUSING)
        self.server.answers[m.ProtoOATraderReq] = lambda _: m.ProtoOATraderRes(
            ctidTraderAccountId=7, trader=m.ProtoOATrader(ctidTraderAccountId=7, balance=1, depositAssetId=1)
        )
        self.clock.advance(1)
        turns(self.clock)
        self.assertEqual(account.state, AccountState.READY)

    def test_heldEvents(self) -> None:
        """
        Events that come while the state is read reach their listeners after the state, in order.
        """
        order: list[object] = []
        event = m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, bid=5)
        self.server.answers[m.ProtoOAReconcileReq] = lambda r: [
            event,
            m.ProtoOAReconcileRes(ctidTraderAccountId=r.ctidTraderAccountId),
        ]
        account = self.session.account(7)
        account.listen(m.ProtoOASpotEvent, order.append)
        account.onReconcile(lambda trader, state: order.append("state"))
        self.start()
        self.assertEqual(order, ["state", event])

    def test_tooManyHeldEvents(self) -> None:
        """
        When too many events come before the state, the account logs in again instead of keeping them all.
        """
        self.server.answers[m.ProtoOAReconcileReq] = lambda _: [
            m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, bid=5) for _ in range(10_001)
        ]
        account = self.session.account(7)
        self.start()
        self.assertEqual(account.state, AccountState.PAUSING)
        self.assertIn("too many events", str(account.reason))

    def test_failingRestorer(self) -> None:
        """
        One step of restoring that fails, or raises, is logged and stops no other.
        """
        done: list[str] = []
        account = self.session.account(7)
        account.onRestore(lambda: fail(ValueError("one")))
        account.onRestore(lambda: 1 / 0)  # type: ignore
        account.onRestore(lambda: succeed(done.append("three")))
        account.onRestore(lambda: succeed(done.append("gone"))).stop()
        self.start()
        self.assertEqual(done, ["three"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(account.state, AccountState.READY)

    def test_loss(self) -> None:
        """
        After a loss everything is done again: login, state, restoring; the loss was told once.
        """
        account = self.ready()
        lost: list[Failure] = []
        restored: list[int] = []
        account.onLost(lost.append)
        account.onRestore(lambda: succeed(restored.append(1)))
        waiting = account.request(m.ProtoOAAssetListReq())
        self.server.answers[m.ProtoOAAssetListReq] = lambda _: None
        self.cut()
        self.failureResultOf(waiting, ConnectionLost)
        self.failureResultOf(account.request(m.ProtoOAAssetListReq()), NotConnected)
        self.clock.advance(1)
        turns(self.clock)
        self.assertEqual((len(lost), len(restored), account.state), (1, 1, AccountState.READY))
        self.assertEqual(self.server.count(m.ProtoOAAccountAuthReq), 2)

    def test_lossWhileLoggingIn(self) -> None:
        """
        Scenario 32: A loss in the middle of the login leaves one login under way afterwards, and the account gets
        ready.
        """
        self.server.answers[m.ProtoOATraderReq] = lambda _: None
        account = self.session.account(7)
        self.start()
        self.assertEqual(account.state, AccountState.RECONCILING)
        self.cut()
        self.assertEqual(account.state, AccountState.OFFLINE)
        del self.server.answers[m.ProtoOATraderReq]
        self.server.answers.update(ScriptedServer().answers)
        self.clock.advance(1)
        turns(self.clock)
        self.assertEqual(account.state, AccountState.READY)
        self.assertEqual(self.server.count(m.ProtoOAAccountAuthReq), 2)

    def test_accountDisconnect(self) -> None:
        """
        Scenario 43: When the server ends one account's login, that account logs in again on the same connection.
        """
        account = self.ready()
        other = self.ready(8)
        lost: list[Failure] = []
        other.onLost(lost.append)
        self.push(m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=7))
        self.assertEqual(account.state, AccountState.PAUSING)
        self.clock.advance(0.1)
        turns(self.clock)
        self.assertEqual(account.state, AccountState.READY)
        self.assertEqual((lost, self.endpoint.attempts), ([], 1))
        self.push(m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=99))

    def test_dropAfterRefusal(self) -> None:
        """
        The end of a login that is refused already does not change the reason that is told.
        """
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: error("OA_AUTH_TOKEN_EXPIRED")
        account = self.session.account(7)
        self.start()
        self.push(m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=7))
        self.failureResultOf(account.whenReady(), TokenRefused)

    def test_dropsDoNotStorm(self) -> None:
        """
        An account whose login the server ends again and again is not logged in without pause.
        """
        self.ready()
        for _ in range(20):
            self.push(m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=7))
            self.clock.advance(0.05)
            turns(self.clock)
        self.assertLess(self.server.count(m.ProtoOAAccountAuthReq), 4)

    def test_dropsWhileRestoringDoNotStorm(self) -> None:
        """
        Nor is one whose login never lasts until all is restored, however long an earlier one held.
        """
        account = self.ready()
        self.clock.advance(20)
        self.server.answers[m.ProtoOAAssetListReq] = lambda _: error(
            "INVALID_REQUEST", "Trading account is not authorized"
        )
        account.onRestore(lambda: account.request(m.ProtoOAAssetListReq()).addCallbacks(lambda _: None, lambda _: None))
        self.push(m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=7))
        for _ in range(20):
            self.clock.advance(0.05)
            turns(self.clock)
        self.assertLess(self.server.count(m.ProtoOAAccountAuthReq), 4)

    def test_notAuthorised(self) -> None:
        """
        Scenario 48: A request that the server refuses because the account is not logged in fails, and the account logs
        in again.
        """
        account = self.ready()
        self.server.answers[m.ProtoOAAssetListReq] = lambda _: error(
            "INVALID_REQUEST", "Trading account is not authorized"
        )
        assets = account.request(m.ProtoOAAssetListReq())
        turns(self.clock)
        self.failureResultOf(assets, LoginNeeded)
        self.clock.advance(0.1)
        turns(self.clock)
        self.assertEqual(account.state, AccountState.READY)
        self.assertEqual(self.server.count(m.ProtoOAAccountAuthReq), 2)

    def test_applicationForgotten(self) -> None:
        """
        When the server does not know the application any more, the connection is made anew, at login and later.
        """
        account = self.ready()
        self.server.answers[m.ProtoOAAssetListReq] = lambda _: error("CH_CLIENT_NOT_AUTHENTICATED")
        assets = account.request(m.ProtoOAAssetListReq())
        turns(self.clock)
        self.failureResultOf(assets, LoginNeeded)
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: error("CH_CLIENT_NOT_AUTHENTICATED")
        self.clock.advance(1)
        turns(self.clock)
        self.assertEqual(self.endpoint.attempts, 2)
        self.clock.advance(1)
        turns(self.clock)
        self.assertEqual(self.server.count(m.ProtoOAApplicationAuthReq), 3)

    def test_notSubscribed(self) -> None:
        """
        A missing subscription is no reason to log in again.
        """
        account = self.ready()
        self.server.answers[m.ProtoOAAssetListReq] = lambda _: error("NOT_SUBSCRIBED_TO_SPOTS")
        assets = account.request(m.ProtoOAAssetListReq())
        turns(self.clock)
        self.failureResultOf(assets, LoginNeeded)
        self.assertEqual(account.state, AccountState.READY)

    def test_blockedLogin(self) -> None:
        """
        An account whose login came too fast waits for as long as the server says.
        """
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: error("BLOCKED_PAYLOAD_TYPE", retryAfter=300)
        self.session.account(7)
        self.start()
        for _ in range(62):
            self.clock.advance(5)
            self.push(m.ProtoHeartbeatEvent())
        self.assertEqual(self.server.count(m.ProtoOAAccountAuthReq), 1)

    def test_oddRefusal(self) -> None:
        """
        A refusal that nobody knows is final as an answer to the login, and not as one to what comes after it.
        """
        self.server.answers[m.ProtoOATraderReq] = lambda _: error("BAD_WEATHER")
        account = self.session.account(7)
        self.start()
        self.assertEqual(account.state, AccountState.PAUSING)
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: error("BAD_WEATHER")
        self.clock.advance(1)
        turns(self.clock)
        self.assertEqual(account.state, AccountState.REFUSED)

    def test_reconcileFailsToo(self) -> None:
        """
        When both requests for the state fail, the second failure is not left unheard.
        """
        for kind in (m.ProtoOATraderReq, m.ProtoOAReconcileReq):
            self.server.answers[kind] = lambda _: error("TIMEOUT_ERROR")
        account = self.session.account(7)
        self.start()
        self.assertEqual(account.state, AccountState.PAUSING)
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_foreignRequest(self) -> None:
        """
        A request that concerns no account cannot be sent for one.
        """
        account = self.ready()
        self.failureResultOf(account.request(m.ProtoOAVersionReq()), IllegalValue)

    def test_tokenInvalidated(self) -> None:
        """
        Scenario 44: When the token of an account is invalidated, the account logs in with what the store has then.
        """
        account = self.ready()
        self.tokens.save((TokenPair("renewed"),))
        self.push(m.ProtoOAAccountsTokenInvalidatedEvent(ctidTraderAccountIds=[7, 99], reason="refreshed"))
        self.assertIsInstance(account.reason, TokenRefused)
        self.clock.advance(0.1)
        turns(self.clock)
        self.assertEqual(account.state, AccountState.READY)
        logins = [each for each in self.server.seen if isinstance(each, m.ProtoOAAccountAuthReq)]
        self.assertEqual([each.accessToken for each in logins], ["token", "renewed"])

    def test_eventsByAccount(self) -> None:
        """
        An event reaches the listeners of its account and of the session, and nobody else.
        """
        one, two = self.ready(7), self.ready(8)
        heard: list[tuple[str, Message]] = []
        one.listen(m.ProtoOASpotEvent, lambda event: heard.append(("one", event)))
        two.listen(m.ProtoOASpotEvent, lambda event: heard.append(("two", event)))
        self.session.listen(m.ProtoOASpotEvent, lambda event: heard.append(("all", event)))
        event = m.ProtoOASpotEvent(ctidTraderAccountId=8, symbolId=1, bid=5)
        self.push(event)
        self.push(m.ProtoOASpotEvent(ctidTraderAccountId=9, symbolId=1, bid=5))
        self.push(m.ProtoOASymbolChangedEvent(ctidTraderAccountId=8))
        self.assertEqual([name for name, _ in heard], ["all", "two", "all"])

    def test_requestTimesOut(self) -> None:
        """
        An account's request keeps its own timeout.
        """
        account = self.ready()
        self.server.answers[m.ProtoOAAssetListReq] = lambda _: None
        assets = account.request(m.ProtoOAAssetListReq(), timeout=3)
        self.clock.advance(3)
        self.failureResultOf(assets, RequestTimedOut)


class GrantTests(SessionTestCase):
    """
    Which token serves which account.
    """

    def lists(self, **accounts: list[int]) -> None:
        """
        Let the server know some tokens and the accounts of each.
        """

        def answer(request: m.ProtoOAGetAccountListByAccessTokenReq) -> Message:
            if request.accessToken not in accounts:
                return error("CH_ACCESS_TOKEN_INVALID")
            return m.ProtoOAGetAccountListByAccessTokenRes(
                accessToken=request.accessToken,
                permissionScope=m.ProtoOAClientPermissionScope.SCOPE_TRADE
                if request.accessToken.startswith("t")
                else m.ProtoOAClientPermissionScope.SCOPE_VIEW,
                ctidTraderAccount=[
                    m.ProtoOACtidTraderAccount(ctidTraderAccountId=number) for number in accounts[request.accessToken]
                ],
            )

        self.server.answers[m.ProtoOAGetAccountListByAccessTokenReq] = answer
        self.tokens.save(tuple(TokenPair(name) for name in accounts))

    def addBadToken(self) -> None:
        """
        Store a token that the server refuses, beside the others.
        """
        self.tokens.save((TokenPair("gone"), *self.successResultOf(self.tokens.load())))

    def test_tokenByAccount(self) -> None:
        """
        With several tokens, each account is logged in with the one that covers it.
        """
        self.lists(t1=[5], t2=[7, 8])
        self.addBadToken()
        self.ready(7)
        self.ready(8)
        logins = [each for each in self.server.seen if isinstance(each, m.ProtoOAAccountAuthReq)]
        self.assertEqual([each.accessToken for each in logins], ["t2", "t2"])
        self.assertEqual(self.server.count(m.ProtoOAGetAccountListByAccessTokenReq), 3)

    def test_noneCovers(self) -> None:
        """
        An account that no token covers is refused without a login.
        """
        self.lists(t1=[5], t2=[6])
        ready = self.session.whenAccountReady(7)
        self.start()
        self.failureResultOf(ready, AccountNotFound)
        self.assertEqual(self.server.count(m.ProtoOAAccountAuthReq), 0)

    def test_coveredByTheBadOne(self) -> None:
        """
        Where another token is refused, that is told: it may be the one that covers the account.
        """
        self.lists(t1=[5], t2=[6])
        self.addBadToken()
        ready = self.session.whenAccountReady(7)
        self.start()
        self.failureResultOf(ready, TokenRefused)

    def test_accountList(self) -> None:
        """
        The accounts of all tokens are listed once each, with the better permission; a refused token spoils nothing.
        """
        self.lists(v1=[5, 6], t2=[6], v3=[6])
        self.addBadToken()
        self.start()
        accounts = self.session.accountList()
        turns(self.clock)
        self.assertEqual(
            [(each.accountId, each.canTrade) for each in self.successResultOf(accounts)], [(5, False), (6, True)]
        )

    def test_allRefused(self) -> None:
        """
        If no token is good, listing the accounts fails.
        """
        self.lists()
        self.addBadToken()
        self.start()
        accounts = self.session.accountList()
        turns(self.clock)
        self.failureResultOf(accounts, TokenRefused)
