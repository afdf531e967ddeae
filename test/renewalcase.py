"""
A session whose tokens end, on a scripted server and a virtual clock, for tests of their renewal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.message import Message
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.task import Clock
from twisted.logger import LogEvent, capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import ConfigurationError, CTraderError
from ctrader_twisted.interfaces import ITokenStore
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.schema import messages as m
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.session.session import Session
from ctrader_twisted.session.tables import AccountState
from ctrader_twisted.testing.memory import MemoryEndpoint
from ctrader_twisted.wire import Throttle, Timing
from test.scripted import ScriptedServer, Unspread, error, turns

DAY = 86_400
LIFE = 30 * DAY
AHEAD = 27.15 * DAY
"""
When a pair that lives for thirty days is renewed, with the spread that C{Unspread} gives.
"""


class Store(MemoryTokens):
    """
    Tokens in memory, on a disk that can be full.

    @ivar saves: how often something was saved.
    @ivar refuses: how many of the next saves fail.
    """

    def __init__(self, *pairs: TokenPair) -> None:
        super().__init__(*pairs)
        self.saves = 0
        self.refuses = 0

    def save(self, pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        """
        Save, if the disk is not full.
        """
        if self.refuses:
            self.refuses -= 1
            return fail(ConfigurationError("the disk is full"))
        self.saves += 1
        return super().save(pairs)


@implementer(ITokenStore)
class SlowTokens:
    """
    Another store, each of whose answers comes later, as from a thread: what has been asked for is done, whether or not
    somebody still waits for it.

    @ivar held: the names of the methods that are not done before L{let}.
    """

    def __init__(self, store: Any, clock: Clock, delay: float | None = None) -> None:
        """
        @param store: does it.
        @param clock: the time.
        @param delay: seconds until what is not held is done; L{None} for at once.
        """
        self.held: set[str] = set()
        self._store = store
        self._clock = clock
        self._delay = delay
        self._waiting: list[tuple[str, Callable[[], None]]] = []

    def load(self) -> Deferred[tuple[TokenPair, ...]]:
        """
        @see: L{ITokenStore.load}
        """
        return self._later("load")

    def save(self, pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        """
        @see: L{ITokenStore.save}
        """
        return self._later("save", pairs)

    def tryLock(self) -> Deferred[bool]:
        """
        @see: L{ITokenStore.tryLock}
        """
        return self._later("tryLock")

    def unlock(self) -> Deferred[None]:
        """
        @see: L{ITokenStore.unlock}
        """
        return self._later("unlock")

    def let(self, name: str) -> None:
        """
        Do what was asked for first of what is held.

        @param name: the method's name.
        """
        place = [each for each, _ in self._waiting].index(name)
        self._waiting.pop(place)[1]()
        turns(self._clock)

    def _later(self, name: str, *arguments: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()

        def do() -> None:
            maybeDeferred(getattr(self._store, name), *arguments).addBoth(done.callback)

        if name in self.held:
            self._waiting.append((name, do))
        elif self._delay is None:
            do()
        else:
            self._clock.callLater(self._delay, do)
        return done


class Service:
    """
    A token service over HTTP that is played by a test.

    @ivar asked: the refresh tokens that came.
    @ivar answers: what it answers with, one after the other.
    """

    def __init__(self, *answers: TokenPair | CTraderError) -> None:
        self.asked: list[str] = []
        self.answers = list(answers)

    def refresh(self, token: Secret, /, **more: Any) -> Deferred[TokenPair]:
        """
        Sell the next pair.
        """
        self.asked.append(token.reveal())
        answer = self.answers.pop(0)
        return fail(answer) if isinstance(answer, CTraderError) else succeed(answer)


class RenewalCase(SynchronousTestCase):
    """
    A session with one pair of tokens that lives for thirty days. The server sells C{access-2} and C{refresh-2} next,
    then C{access-3}, and takes the newest access token only.

    @ivar service: sells tokens over HTTP, if a test wants that.
    @ivar delay: how many seconds the store takes for each answer; L{None} if it answers at once.
    @ivar slow: the store, as the session sees it.
    @ivar ahead: how far the machine's clock is ahead, in seconds.
    """

    service: Service | None = None
    delay: float | None = None

    def setUp(self) -> None:
        """
        Make session and server; connect nothing yet.
        """
        self.clock = Clock()
        self.ahead = 0.0
        self.server = ScriptedServer()
        self.sold = 1
        self.good = {"access-1"}
        self.server.answers[m.ProtoOARefreshTokenReq] = self.sell
        self.server.answers[m.ProtoOAAccountAuthReq] = self.logIn
        self.server.answers[m.ProtoOAGetAccountListByAccessTokenReq] = self.listAccounts
        self.endpoint = MemoryEndpoint(self.clock, self.server)
        self.tokens = Store(TokenPair("access-1", "refresh-1", issued=0, expires=LIFE * 1000, scope="trading"))
        self.session = self.makeSession(self.tokens)
        self.addCleanup(self.nothingIsLeft)

    def makeSession(self, tokens: Any) -> Session:
        """
        Make a session that leaves the server in peace for long.
        """
        self.slow = SlowTokens(tokens, self.clock, self.delay)
        return Session(
            self.clock,
            self.endpoint,
            Application("id", "secret"),
            self.slow,
            tokenService=self.service,
            randomness=Unspread(1),
            wallClock=self.now,
            timing=Timing(heartbeat=10 * LIFE, patience=100 * LIFE),
            throttle=Throttle(self.clock),
            connectTimeout=30,
        )

    def now(self) -> int:
        """
        @return: milliseconds since 1970.
        """
        return int((self.clock.seconds() + self.ahead) * 1000)

    def nothingIsLeft(self) -> None:
        """
        A stopped session leaves neither timer nor connection.
        """
        stopped = self.session.stop()
        turns(self.clock)
        if not stopped.called:
            # The answer to a refresh is waited for.
            self.pass_(30)
        self.successResultOf(stopped)
        self.assertEqual(self.endpoint.openLinks, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    # What the server does.

    def sell(self, request: m.ProtoOARefreshTokenReq) -> Message | list[Message] | None:
        """
        Sell the next pair for the newest refresh token, and end the login of the account.
        """
        if request.refreshToken != f"refresh-{self.sold}":
            return error("CH_ACCESS_TOKEN_INVALID")
        return [self.next(), *self.kick()]

    def next(self) -> m.ProtoOARefreshTokenRes:
        """
        @return: the next pair, after which the others are no good.
        """
        self.sold += 1
        self.good = {f"access-{self.sold}"}
        return m.ProtoOARefreshTokenRes(
            accessToken=f"access-{self.sold}",
            tokenType="bearer",
            expiresIn=LIFE,
            refreshToken=f"refresh-{self.sold}",
        )

    def kick(self) -> list[Message]:
        """
        @return: how the server ends the login of the account.
        """
        return [
            m.ProtoOAAccountsTokenInvalidatedEvent(ctidTraderAccountIds=[7], reason="refreshed"),
            m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=7),
        ]

    def logIn(self, request: m.ProtoOAAccountAuthReq) -> Message:
        """
        Take the good tokens.
        """
        if request.accessToken not in self.good:
            return error("CH_ACCESS_TOKEN_INVALID")
        return m.ProtoOAAccountAuthRes(ctidTraderAccountId=request.ctidTraderAccountId)

    def listAccounts(self, request: m.ProtoOAGetAccountListByAccessTokenReq) -> Message:
        """
        List the account for the good tokens.
        """
        if request.accessToken not in self.good:
            return error("CH_ACCESS_TOKEN_INVALID")
        return m.ProtoOAGetAccountListByAccessTokenRes(
            accessToken=request.accessToken, ctidTraderAccount=[m.ProtoOACtidTraderAccount(ctidTraderAccountId=7)]
        )

    def push(self, *messages: Message) -> None:
        """
        Let the server send something unasked.
        """
        for message in messages:
            self.server.connections[-1].send(message)
        turns(self.clock)

    def answer(self, kind: type[Message], message: Message) -> None:
        """
        Let the server answer the newest request of a kind, late.
        """
        places = [place for place, seen in enumerate(self.server.seen) if isinstance(seen, kind)]
        self.server.connections[-1].send(message, self.server.ids[places[-1]])
        turns(self.clock)

    # What happens in the session.

    def ready(self) -> AccountSession:
        """
        Start the session with its account.
        """
        self.session.start()
        account = self.session.whenAccountReady(7)
        turns(self.clock)
        return self.successResultOf(account)

    def pass_(self, seconds: float) -> None:
        """
        Let time pass, with all that is due in it.
        """
        end = self.clock.seconds() + seconds
        while (due := min((call.getTime() for call in self.clock.getDelayedCalls()), default=end)) <= end:
            self.clock.advance(max(0.0, due - self.clock.seconds()))
            if due == end:
                break
        self.clock.advance(end - self.clock.seconds())
        turns(self.clock)

    def stored(self) -> list[str]:
        """
        @return: the access tokens in the store.
        """
        return [pair.accessToken.reveal() for pair in self.successResultOf(self.tokens.load())]

    def logins(self) -> list[str]:
        """
        @return: the tokens with which the account was to be logged in.
        """
        return [each.accessToken for each in self.server.seen if isinstance(each, m.ProtoOAAccountAuthReq)]

    def refreshes(self) -> list[str]:
        """
        @return: the refresh tokens that the server has seen.
        """
        return [each.refreshToken for each in self.server.seen if isinstance(each, m.ProtoOARefreshTokenReq)]

    def state(self) -> AccountState:
        """
        @return: where the account stands.
        """
        return self.session.status.accounts[7].state

    def events(self) -> Sequence[LogEvent]:
        """
        @return: what is logged from now on; it grows.
        """
        capturing = capturedLogs()
        self.addCleanup(capturing.__exit__, None, None, None)
        return capturing.__enter__()

    def states(self) -> Callable[[], list[AccountState]]:
        """
        @return: a function that gives where the account has stood from now on.
        """
        seen: list[AccountState] = []
        self.session.onStatus(lambda status: seen.append(status.accounts[7].state))
        return lambda: seen
