"""
Two sessions with one token store, to which everything happens at random: for tests of what they make of it.

The server is a strict one. It takes the newest tokens only, ends logins when they are replaced, and answers and tells
in any order. The store takes its time, fails, and is locked by others, who renew pairs too, and may die before they
have written them.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from google.protobuf.message import Message
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import ConfigurationError, CTraderError
from ctrader_twisted.framing import FrameDecoder, encodeFrame
from ctrader_twisted.interfaces import ITokenStore
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.session import Session
from ctrader_twisted.session.tables import AccountState
from ctrader_twisted.testing.memory import MemoryEndpoint
from ctrader_twisted.wire import Throttle, Timing
from test.scripted import error, standardAnswers

__all__ = ["LIFE", "Turmoil"]

LIFE = 1_800
ACCOUNTS = (7, 8)
NEVER = 1e9


class _Connection(Protocol):
    """
    One connection to the server.

    @ivar logins: the tokens with which accounts are logged in.
    """

    factory: _Server

    def connectionMade(self) -> None:
        self.logins: dict[int, str] = {}
        self._decoder = FrameDecoder()
        self.factory.connections.append(self)

    def dataReceived(self, data: bytes) -> None:
        for envelope in self._decoder.feed(data):
            self.factory.world.soon(self.factory.receive, self, envelope.message(), envelope.clientMsgId)

    def connectionLost(self, reason: object = None) -> None:
        self.factory.connections.remove(self)

    def send(self, message: Message, clientMsgId: str | None = None) -> None:
        if self in self.factory.connections:
            assert self.transport is not None
            self.transport.write(encodeFrame(message, clientMsgId))


class _Server(ServerFactory):
    """
    Sells pair after pair.

    @ivar newest: the number of the pair that is good.
    @ivar undelivered: the numbers of those that were sold on a connection that was lost then.
    """

    noisy = False

    def __init__(self, world: Turmoil) -> None:
        self.world = world
        self.connections: list[_Connection] = []
        self.newest = 1
        self.undelivered: set[int] = set()
        self._answers = standardAnswers()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        protocol = _Connection()
        protocol.factory = self
        return protocol

    def rotate(self) -> int:
        """
        Sell the next pair, and end the logins that were made with the one before.

        @return: its number.
        """
        old, self.newest = f"access-{self.newest}", self.newest + 1
        for connection in self.connections:
            ended = [accountId for accountId, token in connection.logins.items() if token == old]
            for accountId in ended:
                del connection.logins[accountId]
            told: list[Message] = [m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=each) for each in ended]
            told.append(m.ProtoOAAccountsTokenInvalidatedEvent(ctidTraderAccountIds=ended, reason="refreshed"))
            self.world.chance.shuffle(told)
            for each in told:
                self.world.soon(connection.send, each)
        return self.newest

    def receive(self, connection: _Connection, message: Any, clientMsgId: str | None) -> None:
        """
        Answer a request.
        """
        if connection not in self.connections:
            return
        answer = self._answerTo(connection, message, clientMsgId)
        if answer is not None:
            self.world.soon(connection.send, answer, clientMsgId)

    def _answerTo(self, connection: _Connection, message: Any, clientMsgId: str | None) -> Message | None:
        if isinstance(message, m.ProtoOARefreshTokenReq):
            return self._sell(connection, message, clientMsgId)
        token, accountId = getattr(message, "accessToken", None), getattr(message, "ctidTraderAccountId", None)
        if accountId is not None and not isinstance(message, m.ProtoOAAccountAuthReq):
            if accountId not in connection.logins:
                return error("INVALID_REQUEST", "Trading account is not authorized")
            if isinstance(message, m.ProtoOAAccountLogoutReq):
                del connection.logins[accountId]
                self.world.soon(connection.send, m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=accountId))
                return m.ProtoOAAccountLogoutRes(ctidTraderAccountId=accountId)
        elif accountId in connection.logins:
            return error("ALREADY_LOGGED_IN")
        elif token is not None and token != f"access-{self.newest}":
            return error("CH_ACCESS_TOKEN_INVALID")
        elif accountId is not None:
            connection.logins[accountId] = message.accessToken
        return self._answers[type(message)](message)  # type: ignore[return-value]

    def _sell(
        self, connection: _Connection, message: m.ProtoOARefreshTokenReq, clientMsgId: str | None
    ) -> Message | None:
        if self.world.chance.random() < 0.1:
            return error("UNKNOWN_ERROR")
        if message.refreshToken != f"refresh-{self.newest}":
            return error("CH_ACCESS_TOKEN_INVALID")
        number = self.rotate()
        answer = m.ProtoOARefreshTokenRes(
            accessToken=f"access-{number}", tokenType="bearer", expiresIn=LIFE, refreshToken=f"refresh-{number}"
        )

        def deliver() -> None:
            if connection in self.connections:
                connection.send(answer, clientMsgId)
            else:
                self.undelivered.add(number)

        if self.world.isQuiet or self.world.chance.random() < 0.8:
            self.world.soon(deliver)
        else:
            self.world.later(self.world.chance.uniform(0, 200), deliver)
        return None


@implementer(ITokenStore)
class _Tokens:
    """
    The store as one session sees it: it does one thing after the other, in its own time, as a thread does.
    """

    def __init__(self, world: Turmoil) -> None:
        self._world = world
        self._asked: list[tuple[str, tuple[Any, ...], Deferred[Any]]] = []
        self._isBusy = False

    def load(self) -> Deferred[tuple[TokenPair, ...]]:
        return self._ask("load")

    def save(self, pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        return self._ask("save", pairs)

    def tryLock(self) -> Deferred[bool]:
        return self._ask("tryLock")

    def unlock(self) -> Deferred[None]:
        return self._ask("unlock")

    def _ask(self, name: str, *arguments: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self._asked.append((name, arguments, done))
        self._next()
        return done

    def _next(self) -> None:
        if self._asked and not self._isBusy:
            self._isBusy = True
            self._world.later(self._world.chance.choice(self._world.storeDelays), self._do, *self._asked.pop(0))

    def _do(self, name: str, arguments: tuple[Any, ...], done: Deferred[Any]) -> None:
        self._isBusy = False
        if name in ("load", "save") and self._world.chance.random() < self._world.storeFails:
            done.errback(ConfigurationError("the disk is bad"))
        else:
            maybeDeferred(getattr(self._world.store, name), *arguments).addBoth(done.callback)
        self._next()


class Turmoil:
    """
    The world of the two sessions.

    @ivar chance: decides everything.
    @ivar isQuiet: whether nothing bad happens any more.
    @ivar problems: what should not have happened.
    @ivar history: what was done, with the time.
    """

    def __init__(self, seed: int) -> None:
        """
        @param seed: everything follows from it.
        """
        self.chance = Random(seed)
        self.clock = Clock()
        self.isQuiet = False
        self.problems: list[str] = []
        self.history: list[str] = []
        self.storeDelays: list[float] = self.chance.choice([[0.0], [0.0, 0.01, 0.3], [0.0, 1.0, 5.0]])
        self.storeFails = 0.0
        self.store = MemoryTokens(self._pair(1))
        self.server = _Server(self)
        self.endpoint = MemoryEndpoint(self.clock, self.server)
        self.sessions = [self._session() for _ in range(2)]
        self._isRunning = [False, False]
        self._own: set[Any] = set()
        self._waiting: list[tuple[str, Deferred[Any]]] = []
        self._leaving: set[tuple[int, int]] = set()
        self._left: set[tuple[int, int]] = set()
        self._unwritten: set[int] = set()

    # Time.

    def later(self, delay: float, act: Callable[..., object], *arguments: Any) -> None:
        """
        Let something happen that is no timer of the sessions.
        """

        def happen() -> None:
            self._own.discard(call)
            act(*arguments)

        call = self.clock.callLater(delay, happen)
        self._own.add(call)

    def soon(self, act: Callable[..., object], *arguments: Any) -> None:
        """
        Let something happen within two seconds.
        """
        self.later(self.chance.choice([0, 0, 0.01, 0.1, 0.5, 2.0]), act, *arguments)

    def pass_(self, seconds: float) -> None:
        """
        Let time pass.
        """
        end, steps = self.clock.seconds() + seconds, 0
        while (due := min((call.getTime() for call in self.clock.getDelayedCalls()), default=end)) < end:
            self.clock.advance(max(0.0, due - self.clock.seconds()))
            steps += 1
            assert steps < 50_000, "they are busy with nothing"
        self.clock.advance(max(0.0, end - self.clock.seconds()))

    def now(self) -> int:
        """
        @return: milliseconds since 1970.
        """
        return int(self.clock.seconds() * 1000)

    # What happens.

    def live(self) -> None:
        """
        Let things happen for some hours, and then nothing any more; and see what has become of it.
        """
        for number in range(2):
            self._start(number)
        self.pass_(5)
        for _ in range(40):
            act = self.chance.choice(
                [
                    self._cut,
                    self._renewByHand,
                    self._list,
                    self._logOut,
                    self._ask,
                    self._renewElsewhere,
                    self._failToStore,
                    self._endLogin,
                    self._stop,
                    self._start,
                    self._restart,
                ]
            )
            number = self.chance.randrange(2)
            self.history.append(f"{self.clock.seconds():.3f} {act.__name__} {number}")
            act(number)
            self.pass_(self.chance.choice([0, 0.005, 0.1, 1, 10, 100, 600, 1700]))
        self._rest()

    def _rest(self) -> None:
        self.isQuiet, self.storeFails, self.storeDelays = True, 0.0, [0.0]
        for number in range(2):
            self._start(number)
        self.pass_(1_000)
        while not self._isSettled():
            # A renewal is under way just now.
            self.pass_(10)
        if not self._isGood():
            self._expect(self.server.newest in self._unwritten | self.server.undelivered, "a pair was lost by us")
            self._expect(self._states() <= {AccountState.REFUSED, AccountState.LEFT}, "no person was asked for")
            self.server.newest += 1
            self.store.save((self._pair(self.server.newest),))
            self.pass_(60)
        self._seeAccounts()
        before = self.server.newest
        self.pass_(3 * LIFE)
        self._expect(self._isGood() and 3 <= self.server.newest - before <= 4, "renewals in peace")
        for number in range(2):
            self._stop(number)
        self.pass_(100)
        self._expect(not [each for each in self.clock.getDelayedCalls() if each not in self._own], "a timer is left")
        self._expect(not self.store._isLocked, "the lock is left")
        for what, waiting in self._waiting:
            self._expect(bool(waiting.called), f"{what} never ends")

    def _seeAccounts(self) -> None:
        for number, session in enumerate(self.sessions):
            for accountId, status in session.status.accounts.items():
                isLeft = (number, accountId) in self._left
                wanted = {AccountState.LEFT} if isLeft else {AccountState.READY, AccountState.LEFT}
                self._expect(status.state in wanted, f"account {accountId} of {number} is {status}")
        for accountId in ACCOUNTS:
            ours = [session.status.accounts[accountId].state for session in self.sessions]
            theirs = [accountId in connection.logins for connection in self.server.connections]
            self._expect(ours.count(AccountState.READY) == sum(theirs), f"the server knows better of {accountId}")

    def _expect(self, isSo: bool, problem: str) -> None:
        if not isSo:
            self.problems.append(problem)

    def _states(self) -> set[AccountState]:
        return {each.state for session in self.sessions for each in session.status.accounts.values()}

    def _isSettled(self) -> bool:
        settled = {AccountState.READY, AccountState.LEFT, AccountState.REFUSED}
        return self._states() <= settled and not self.store._isLocked

    def _isGood(self) -> bool:
        return self._stored().accessToken.reveal() == f"access-{self.server.newest}"

    def _stored(self) -> TokenPair:
        found: Any = self.store.load().result
        return found[0]  # type: ignore[no-any-return]

    def _pair(self, number: int) -> TokenPair:
        now = self.now()
        return TokenPair(f"access-{number}", f"refresh-{number}", issued=now, expires=now + LIFE * 1000)

    def _session(self) -> Session:
        return Session(
            self.clock,
            self.endpoint,
            Application("id", "secret"),
            _Tokens(self),
            randomness=Random(self.chance.random()),
            wallClock=self.now,
            timing=Timing(heartbeat=NEVER, patience=NEVER),
            throttle=Throttle(self.clock),
            connectTimeout=30,
        )

    def _wait(self, what: str, waiting: Deferred[Any]) -> None:
        def failed(failure: Failure) -> None:
            if not isinstance(failure.value, CTraderError | CancelledError):
                self.problems.append(failure.getTraceback())

        self._waiting.append((what, waiting.addErrback(failed)))
        if what != "stop" and self.chance.random() < 0.4:
            self.later(self.chance.uniform(0, 3), waiting.cancel)

    # The single things.

    def _start(self, number: int) -> None:
        if not self._isRunning[number]:
            self._isRunning[number] = True
            self.sessions[number].start()
            for accountId in ACCOUNTS:
                self._want(number, accountId)

    def _stop(self, number: int) -> None:
        if self._isRunning[number]:
            self._isRunning[number] = False
            self._wait("stop", self.sessions[number].stop())

    def _restart(self, number: int) -> None:
        self._stop(number)
        self._start(number)

    def _cut(self, number: int) -> None:
        if self.endpoint.openLinks:
            self.chance.choice(self.endpoint.openLinks).cut()

    def _renewByHand(self, number: int) -> None:
        token = self._stored().refreshToken
        assert token is not None
        request = m.ProtoOARefreshTokenReq(refreshToken=token.reveal())
        timeout = self.chance.choice([None, 1.0, 0.3])
        self._wait("refresh", self.sessions[number].request(request, timeout=timeout))

    def _list(self, number: int) -> None:
        self._wait("list", self.sessions[number].accountList())

    def _ask(self, number: int) -> None:
        self._want(number, self.chance.choice(ACCOUNTS), isAsked=True)

    def _want(self, number: int, accountId: int, *, isAsked: bool = False) -> None:
        place = (number, accountId)
        if place not in self._leaving and (isAsked or place not in self._left):
            self._left.discard(place)
            self.sessions[number].account(accountId)

    def _logOut(self, number: int) -> None:
        accountId = self.chance.choice(ACCOUNTS)
        place = (number, accountId)
        if place in self._leaving:
            return
        self._leaving.add(place)

        def over(result: Any) -> Any:
            self._leaving.discard(place)
            if not isinstance(result, Failure):
                self._left.add(place)
            return result

        message = m.ProtoOAAccountLogoutReq(ctidTraderAccountId=accountId)
        self._wait("logout", self.sessions[number].request(message).addBoth(over))

    def _endLogin(self, number: int) -> None:
        # Unasked, and not true.
        if self.server.connections:
            accountId = self.chance.choice(ACCOUNTS)
            self.server.connections[-1].send(m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=accountId))

    def _failToStore(self, number: int) -> None:
        self.storeFails = self.chance.choice([0.3, 1.0])
        self.later(self.chance.choice([1, 25, 400]), self._storeAgain)

    def _storeAgain(self) -> None:
        self.storeFails = 0.0

    def _renewElsewhere(self, number: int) -> None:
        # Another process has the lock for a while.
        if not self.store._isLocked:
            self.store.tryLock()
            self.later(self.chance.choice([0, 1, 60]), self._elsewhereLocked)

    def _elsewhereLocked(self) -> None:
        if not self._isGood() or self.chance.random() < 0.2:
            self.store.unlock()
        else:
            self.later(self.chance.choice([0, 0.1, 5, 40]), self._elsewhereRenewed, self.server.rotate())

    def _elsewhereRenewed(self, number: int) -> None:
        if self.chance.random() < 0.1:
            # It dies.
            self._unwritten.add(number)
        else:
            self.store.save((self._pair(number),))
        self.store.unlock()
