"""
Tests of subscriptions that need others: trendbars and depth, which need spots.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import CTraderError, RequestTimedOut, SymbolNotFound, serverError
from ctrader_twisted.market.feeds import Feeds
from ctrader_twisted.schema import messages as m
from test.marketlink import FakeLink

M1, H1 = m.ProtoOATrendbarPeriod.M1, m.ProtoOATrendbarPeriod.H1

_KINDS = {
    m.ProtoOASubscribeSpotsReq: ("spots", True),
    m.ProtoOAUnsubscribeSpotsReq: ("spots", False),
    m.ProtoOASubscribeLiveTrendbarReq: ("bars", True),
    m.ProtoOAUnsubscribeLiveTrendbarReq: ("bars", False),
    m.ProtoOASubscribeDepthQuotesReq: ("depth", True),
    m.ProtoOAUnsubscribeDepthQuotesReq: ("depth", False),
}


class Server:
    """
    What the server knows of one login's subscriptions.

    @ivar spots: ids of symbols.
    @ivar bars: ids of symbols, with periods.
    @ivar depth: ids of symbols.
    @ivar missing: what it says where the spots are missing.
    """

    def __init__(self) -> None:
        self.spots: set[Any] = set()
        self.bars: set[Any] = set()
        self.depth: set[Any] = set()
        self.missing = "NOT_SUBSCRIBED_TO_SPOTS"

    def process(self, request: Any) -> CTraderError | None:
        """
        Do what a request asks for, for all its symbols or for none.

        @return: why it does not.
        """
        kind, add = _KINDS[type(request)]
        active = getattr(self, kind)
        keys = {(request.symbolId, request.period)} if kind == "bars" else set(request.symbolId)
        ids = {key[0] for key in keys} if kind == "bars" else keys
        if 8 in ids:
            return serverError("SYMBOL_NOT_FOUND")
        if not add:
            active -= keys
            if kind == "spots":
                self.bars = {key for key in self.bars if key[0] not in ids}
                self.depth -= ids
            return None
        if kind != "spots" and ids - self.spots:
            return serverError(self.missing)
        if keys & active:
            return serverError("ALREADY_SUBSCRIBED")
        active |= keys
        return None

    def forget(self) -> None:
        """
        The connection is gone.
        """
        self.spots, self.bars, self.depth = set(), set(), set()


class Intake:
    """
    Where a kind of subscriptions is taken in.

    @ivar heard: a word and the key, in order.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    def begins(self, key: Any) -> None:
        """
        The server is asked.
        """
        self.heard.append(("begins", key))

    def flows(self, key: Any) -> None:
        """
        The server has agreed.
        """
        self.heard.append(("flows", key))

    def refused(self, key: Any, error: CTraderError) -> None:
        """
        The server will not.
        """
        self.heard.append((type(error).__name__, key))

    def ends(self, key: Any) -> None:
        """
        It is over.
        """
        self.heard.append(("ends", key))


class FeedsTests(SynchronousTestCase):
    """
    Trendbars and depth bring the spots that they need.
    """

    def setUp(self) -> None:
        """
        Begin.
        """
        self.begin()

    def begin(self) -> None:
        """
        A server that the test makes answer, and nothing wanted.
        """
        self.link, self.server, self.clock = FakeLink(), Server(), Clock()
        self.feeds = Feeds(self.link, self.clock)
        self.intakes = {"spots": Intake(), "bars": Intake(), "depth": Intake()}
        for kind, intake in self.intakes.items():
            getattr(self.feeds, kind).start(intake)
        self.feeds.start()

    def answer(self, result: CTraderError | None = None) -> tuple[str, str]:
        """
        Let the server answer the oldest request.

        @param result: a failure instead of what the server would say; the server does nothing then.
        @return: C{+} or C{-}, and the kind.
        """
        request = self.link.pending[0][0]
        self.link.answer(result or self.server.process(request) or m.ProtoOASubscribeSpotsRes(ctidTraderAccountId=7))
        kind, add = _KINDS[type(request)]
        return "+" if add else "-", kind

    def answerAll(self) -> list[str]:
        """
        Let the server answer until it has answered all.

        @return: what it was asked.
        """
        asked = []
        while self.link.pending:
            asked.append("".join(self.answer()))
        return asked

    def lose(self, tellFirst: bool = False) -> None:
        """
        Lose the connection.
        """
        self.link.lose(tellFirst)
        self.server.forget()

    def test_withSpots(self) -> None:
        """
        Scenario 68: bars and depth add the spot subscription, and release it with the last user, after themselves.
        """
        self.feeds.bars.acquire((1, M1))
        self.feeds.depth.acquire(1)
        self.assertEqual(self.answerAll(), ["+spots", "+bars", "+depth"])
        self.feeds.bars.release((1, M1))
        self.assertEqual(self.answerAll(), ["-bars"])
        self.feeds.depth.release(1)
        self.assertEqual(self.answerAll(), ["-depth", "-spots"])
        self.assertEqual(self.intakes["bars"].heard, [("begins", (1, M1)), ("flows", (1, M1)), ("ends", (1, M1))])

    def test_spotsStay(self) -> None:
        """
        Scenario 69: one of two who use a symbol leaves, and it stays subscribed; periods are apart.
        """
        self.feeds.spots.acquire(1)
        for period in (M1, H1):
            self.feeds.bars.acquire((1, period))
        self.answerAll()
        self.feeds.bars.release((1, M1))
        self.feeds.spots.release(1)
        self.assertEqual(self.answerAll(), ["-bars"])
        self.assertEqual((self.server.spots, self.server.bars), ({1}, {(1, H1)}))

    def test_order(self) -> None:
        """
        Scenario 39: after a login come all spots, then all bars, then all depth, and only then the account is ready.
        """
        self.feeds.depth.acquire(1)
        self.feeds.bars.acquire((2, M1))
        for symbolId in range(100, 160):
            self.feeds.spots.acquire(symbolId)
        self.answerAll()
        self.lose()
        (restored,) = self.link.restore()
        self.assertEqual(self.answerAll(), ["+spots", "+spots", "+bars", "+depth"])
        self.successResultOf(restored)

    def test_wantedWhileRestoring(self) -> None:
        """
        Scenario 41: what is wanted anew or no more while the spots are restored counts, in its turn.
        """
        self.feeds.bars.acquire((1, M1))
        self.answerAll()
        self.lose()
        (restored,) = self.link.restore()
        self.feeds.bars.release((1, M1))
        self.feeds.depth.acquire(2)
        self.answerAll()
        self.successResultOf(restored)
        self.assertEqual((self.server.spots, self.server.bars, self.server.depth), ({2}, set(), {2}))

    def test_badSymbol(self) -> None:
        """
        A symbol whose spots are refused is refused by name to those who want its bars; a later user asks again.
        """
        self.feeds.bars.acquire((8, M1))
        self.answerAll()
        self.feeds.bars.acquire((8, M1))
        self.answerAll()
        heard = self.intakes["bars"].heard
        self.assertEqual(heard, [(SymbolNotFound.__name__, (8, M1))] * 2)
        self.assertEqual([type(error) for error in self.feeds.bars.troubles.values()], [SymbolNotFound])
        for _ in range(2):
            self.feeds.bars.release((8, M1))
        self.answerAll()
        self.assertEqual((self.feeds.bars.troubles, self.feeds.spots.troubles), ({}, {}))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_badSymbolInDepth(self) -> None:
        """
        Scenario 71: one bad symbol in a batch of order books spoils nothing for the others.
        """
        self.link.ready = False
        for symbolId in (1, 8, 2):
            self.feeds.depth.acquire(symbolId)
        self.link.restore()
        self.answerAll()
        self.assertEqual(self.server.depth, {1, 2})
        self.assertIn((SymbolNotFound.__name__, 8), self.intakes["depth"].heard)
        self.feeds.depth.release(8)

    def test_spotsGone(self) -> None:
        """
        Where the server misses spots, whichever of the two errors it gives, they are subscribed again, and all that
        needs them.
        """
        for code in ("NOT_SUBSCRIBED_TO_SPOTS", "INVALID_REQUEST"):
            self.begin()
            self.server.missing = code
            self.feeds.bars.acquire((1, M1))
            self.answerAll()
            self.server.forget()
            self.feeds.depth.acquire(1)
            self.answerAll()
            self.assertEqual((self.server.spots, self.server.bars, self.server.depth), ({1}, {(1, M1)}, {1}))
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_refusedForGood(self) -> None:
        """
        Where the spots are there and the server misses them all the same, it is not asked without end.
        """
        self.feeds.bars.acquire((1, M1))
        self.answer()
        self.answer(serverError("INVALID_REQUEST"))
        self.assertEqual(self.answer(), ("+", "spots"))
        self.answer(serverError("INVALID_REQUEST"))
        self.assertEqual(self.link.pending, [])
        self.assertEqual(self.intakes["bars"].heard[-1], ("RequestRefused", (1, M1)))
        self.feeds.bars.release((1, M1))
        self.answerAll()

    def test_wantedAgainAtOnce(self) -> None:
        """
        Who wants an order book while it is being unsubscribed gets a new one, which is told.
        """
        self.feeds.depth.acquire(1)
        self.answerAll()
        self.feeds.depth.release(1)
        self.feeds.depth.acquire(1)
        self.assertEqual(self.answerAll(), ["-depth", "+depth"])
        heard = self.intakes["depth"].heard
        self.assertEqual(heard, [("begins", 1), ("flows", 1)] * 2)

    def test_failedUnwanted(self) -> None:
        """
        What nobody wants any more when its subscription fails lets its spots go.
        """
        self.feeds.bars.acquire((1, M1))
        self.answer()
        self.feeds.bars.release((1, M1))
        self.answer(serverError("TIMEOUT_ERROR"))
        self.assertEqual(self.answerAll(), ["-spots"])
        self.assertEqual(self.intakes["bars"].heard[-1], ("ends", (1, M1)))
        self.clock.advance(60)

    def test_doubtIsNoBeginning(self) -> None:
        """
        A subscription that timed out may have begun: what has come since then counts.
        """
        self.feeds.depth.acquire(1)
        self.answer()
        self.server.process(self.link.pending[0][0])
        self.answer(RequestTimedOut("ProtoOASubscribeDepthQuotesReq", 7, seconds=5))
        self.clock.advance(1)
        self.answerAll()
        self.assertEqual(self.intakes["depth"].heard, [("begins", 1), ("flows", 1)])

    @settings(deadline=None, max_examples=300)
    @given(
        st.lists(
            st.one_of(
                st.tuples(
                    st.sampled_from(["acquire", "release"]),
                    st.sampled_from([("spots", 1), ("bars", (1, M1)), ("bars", (2, M1)), ("depth", 1), ("depth", 2)]),
                ),
                st.tuples(
                    st.sampled_from(["answer", "busy", "timeout", "late", "relogin", "lose", "loseFirst", "advance"]),
                    st.just(("", 0)),
                ),
            ),
            max_size=40,
        )
    )
    def test_everyHistory(self, steps: list[tuple[str, tuple[str, Any]]]) -> None:
        """
        Whatever happens in whatever order: once the server has answered all, it sends what is wanted, with the spots
        that it takes, and no more.
        """
        self.begin()
        users: dict[tuple[str, Any], int] = {}
        for step, what in steps:
            self.perform(step, what, users)
        if not self.link.ready:
            self.link.restore()
        for _ in range(10):
            self.answerAll()
            self.clock.advance(60)
        wanted = {what for what, count in users.items() if count}
        self.assertEqual(self.server.bars, {key for kind, key in wanted if kind == "bars"})
        self.assertEqual(self.server.depth, {key for kind, key in wanted if kind == "depth"})
        self.assertEqual(self.server.spots, {key[0] if kind == "bars" else key for kind, key in wanted})
        self.assertEqual((self.link.pending, self.clock.getDelayedCalls()), ([], []))
        alive = {what for what in self.balance() if self.balance()[what]}
        self.assertEqual(
            {what for what in alive if what[0] != "spots"}, {what for what in wanted if what[0] != "spots"}
        )

    def balance(self) -> dict[tuple[str, Any], bool]:
        """
        @return: by kind and key, whether the last word was not that it is over.
        """
        return {(kind, key): word != "ends" for kind, intake in self.intakes.items() for word, key in intake.heard}

    def perform(self, step: str, what: tuple[str, Any], users: dict[tuple[str, Any], int]) -> None:
        """
        Do one step of a history.

        @param step: its name.
        @param what: the kind and the key that it is about, if any.
        @param users: how many use each.
        """
        kind, key = what
        if step == "acquire":
            users[what] = users.get(what, 0) + 1
            getattr(self.feeds, kind).acquire(key)
        elif step == "release" and users.get(what):
            users[what] -= 1
            getattr(self.feeds, kind).release(key)
        elif step == "relogin" and self.link.ready:
            self.lose()
            self.link.restore()
        elif step in ("lose", "loseFirst"):
            self.lose(tellFirst=step == "loseFirst")
        elif step == "advance":
            self.clock.advance(2)
        elif self.link.pending:
            self.respond(step)

    def respond(self, step: str) -> None:
        """
        Let something become of the oldest request.

        @param step: what.
        """
        if step == "answer":
            self.answer()
        elif step == "busy":
            self.answer(serverError("REQUEST_FREQUENCY_EXCEEDED"))
        elif step in ("timeout", "late"):
            if step == "late":
                self.server.process(self.link.pending[0][0])
            self.answer(RequestTimedOut("test", 7, seconds=5))
