"""
An account link for tests: it records requests, and the test says what becomes of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from ctrader_twisted.errors import ConnectionLost, CTraderError, NotConnected
from ctrader_twisted.market import History
from ctrader_twisted.market.patience import Patience
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.link import Guarding
from ctrader_twisted.session.listeners import Listeners
from ctrader_twisted.units import Asset, Symbol

NOW = 1_720_000_000_000

ASSETS = {1: Asset(1, "EUR", 2), 2: Asset(2, "USD", 2)}


def lightSymbol(symbolId: int, name: str, enabled: bool = True) -> m.ProtoOALightSymbol:
    """
    Make an entry of the symbol list.

    @param symbolId: its id.
    @param name: its name.
    @param enabled: whether the broker offers it.
    @return: the entry.
    """
    return m.ProtoOALightSymbol(symbolId=symbolId, symbolName=name, enabled=enabled, baseAssetId=1, quoteAssetId=2)


def fullSymbol(symbolId: int, **changes: Any) -> m.ProtoOASymbol:
    """
    Make a specification.

    @param symbolId: the symbol.
    @param changes: fields that differ from those of EURUSD.
    @return: the specification.
    """
    fields: dict[str, Any] = {"digits": 5, "pipPosition": 4, "lotSize": 10_000_000, **changes}
    return m.ProtoOASymbol(symbolId=symbolId, **fields)


def makeSymbol(symbolId: int = 1, name: str = "EURUSD", **changes: Any) -> Symbol:
    """
    Make a symbol.

    @param symbolId: its id.
    @param name: its name.
    @param changes: fields of the specification.
    @return: the symbol.
    """
    return Symbol.fromWire(lightSymbol(symbolId, name), fullSymbol(symbolId, **changes), ASSETS)


class FakeLink:
    """
    An account that is ready when the test says so.

    @ivar sent: all requests, in order.
    @ivar pending: requests without an answer, with the Deferreds that wait for it.
    @ivar given: why no login will be tried, if so.
    @ivar answers: for a class of requests, what makes the answer at once, or raises the failure.
    """

    accountId = 7

    def __init__(self, ready: bool = True) -> None:
        self.ready = ready
        self.sent: list[Any] = []
        self.pending: list[tuple[Any, Deferred[Any]]] = []
        self.answers: dict[type[Message], Callable[[Any], Message]] = {}
        self._events: dict[type[Message], Listeners[Any]] = {}
        self._restorers: list[Callable[[], Deferred[None]]] = []
        self._losers: Listeners[Failure] = Listeners()
        self._check: Guarding | None = None
        self.given: CTraderError | None = None

    def guard(self, check: Guarding) -> None:
        """
        Have each request looked at.
        """
        self._check = check

    def request(self, message: Any, *, timeout: float | None = None) -> Deferred[Any]:
        """
        Take a request.
        """
        if not self.ready:
            return fail(NotConnected("not ready"))
        if self._check is not None:
            try:
                passed = self._check(message)
            except CTraderError:
                return fail()
            return self._take(message).addBoth(self._leave, passed)
        return self._take(message)

    def _leave(self, result: Any, passed: Callable[[object], object]) -> Any:
        passed(result)
        return result

    def _take(self, message: Any) -> Deferred[Any]:
        self.sent.append(message)
        answer: Deferred[Any] = Deferred()
        if type(message) in self.answers:
            try:
                answer.callback(self.answers[type(message)](message))
            except Exception as error:
                answer.errback(error)
        else:
            self.pending.append((message, answer))
        return answer

    def agree(self, *names: str) -> None:
        """
        Answer requests at once, with what holds nothing but the account.

        @param names: the requests, without C{ProtoOA} and C{Req}.
        """
        for name in names:
            self._agreeTo(getattr(m, f"ProtoOA{name}Req"), getattr(m, f"ProtoOA{name}Res")(ctidTraderAccountId=7))

    def _agreeTo(self, kind: type[Message], answer: Message) -> None:
        self.answers[kind] = lambda _: answer

    def answer(self, result: Message | Exception) -> Any:
        """
        Answer the oldest request that waits.

        @return: the request.
        """
        message, waiting = self.pending.pop(0)
        if isinstance(result, Exception):
            waiting.errback(result)
        else:
            waiting.callback(result)
        return message

    def push(self, event: Message) -> None:
        """
        An event comes.
        """
        if type(event) in self._events:
            self._events[type(event)].tell(event)

    def lose(self, tellFirst: bool = False, maybeSent: bool = True) -> None:
        """
        The connection is lost.

        @param tellFirst: whether the loss is told before the requests that wait fail.
        @param maybeSent: whether those have left.
        """
        self.ready = False
        pending, self.pending = self.pending, []
        if tellFirst:
            self._losers.tell(Failure(NotConnected("lost")))
        for message, waiting in pending:
            waiting.errback(ConnectionLost(type(message).__name__, 7, maybeSent=maybeSent, reason="test"))
        if not tellFirst:
            self._losers.tell(Failure(NotConnected("lost")))

    def restore(self) -> list[Deferred[None]]:
        """
        The account is logged in.

        @return: what the steps of restoring gave back.
        """
        self.ready = True
        return [step() for step in self._restorers]

    def listeners(self) -> int:
        """
        Count what is registered.
        """
        return len(self._restorers) + len(self._losers) + sum(map(len, self._events.values()))

    def listen(self, kind: type[Any], listener: Callable[[Any], None]) -> Any:
        """
        Register for events.
        """
        return self._events.setdefault(kind, Listeners()).add(listener)

    def onReconcile(self, step: Callable[[Any, Any], None]) -> Any:
        """
        Not used by the market.
        """
        raise AssertionError("the market does not reconcile")

    def onRestore(self, step: Callable[[], Deferred[None]]) -> Any:
        """
        Register a step of restoring.
        """
        self._restorers.append(step)
        return _Registration(lambda: self._restorers.remove(step))

    def onEnded(self, listener: Callable[[CTraderError], None]) -> Any:
        """
        Nobody is ever told.
        """
        return self.onLost(lambda _: None)

    def ended(self) -> CTraderError | None:
        """
        Whether it is given up.
        """
        return self.given

    def onLost(self, listener: Callable[[Failure], None]) -> Any:
        """
        Register for losses.
        """
        return self._losers.add(listener)


def makeHistory(link: FakeLink, clock: Clock | None = None, **options: Any) -> History:
    """
    Make the history of an account.

    @param link: the account.
    @param clock: the time; by default one that stands still.
    @param options: more for L{History}.
    @return: the history; it is 2024.
    """
    clock = clock or Clock()
    return History(link, Patience(link, clock, lambda: NOW), clock, lambda: NOW, **options)


class _Registration:
    def __init__(self, stop: Callable[[], None]) -> None:
        self.stop = stop
