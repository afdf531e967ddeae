"""
Tests of the upkeep of spot subscriptions.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import CTraderError, RequestTimedOut, ServerError, serverError
from ctrader_twisted.market.feeds import Feeds
from ctrader_twisted.schema import messages as m
from test.marketlink import FakeLink

_UNKNOWN = frozenset({8, 9})


class SpotServer:
    """
    What the server knows of one login's spot subscriptions.

    @ivar active: the symbols that it sends.
    @ivar broken: the symbols that it refuses, besides those that it does not know.
    """

    def __init__(self) -> None:
        self.active: set[int] = set()
        self.broken: set[int] = set()

    def process(self, request: Any) -> m.ProtoOASubscribeSpotsRes | m.ProtoOAUnsubscribeSpotsRes | ServerError:
        """
        Do what a request asks for, for all its symbols or for none.
        """
        wanted = set(request.symbolId)
        if isinstance(request, m.ProtoOAUnsubscribeSpotsReq):
            self.active -= wanted
            return m.ProtoOAUnsubscribeSpotsRes(ctidTraderAccountId=7)
        if wanted & (_UNKNOWN | self.broken):
            return serverError("SYMBOL_NOT_FOUND")
        if wanted & self.active:
            return serverError("ALREADY_SUBSCRIBED")
        self.active |= wanted
        return m.ProtoOASubscribeSpotsRes(ctidTraderAccountId=7)


class Intake:
    """
    Where a test's subscriptions are taken in.

    @ivar heard: what was told, in order: a word and the key.
    @ivar refusals: the keys that were refused, with the errors.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.refusals: list[tuple[Any, CTraderError]] = []

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
        self.refusals.append((key, error))

    def ends(self, key: Any) -> None:
        """
        It is over.
        """
        self.heard.append(("ends", key))


class SubscriptionsTests(SynchronousTestCase):
    """
    What the server sends follows what is wanted.
    """

    def setUp(self) -> None:
        """
        A server that the test makes answer.
        """
        self.begin()

    def begin(self) -> None:
        """
        Begin with nothing wanted.
        """
        self.link = FakeLink()
        self.server = SpotServer()
        self.clock = Clock()
        self.intake = Intake()
        self.refusals = self.intake.refusals
        feeds = Feeds(self.link, self.clock)
        self.subscriptions = feeds.spots
        self.subscriptions.start(self.intake)
        feeds.start()

    def answer(self, result: Exception | None = None) -> tuple[str, list[int]]:
        """
        Let the server answer the oldest request.

        @param result: a failure instead of what the server would say; the server does nothing then.
        @return: the request's kind and symbols.
        """
        request = self.link.pending[0][0]
        self.link.answer(result or self.server.process(request))
        return type(request).__name__[len("ProtoOA") : -len("SpotsReq")], list(request.symbolId)

    def answerAll(self) -> None:
        """
        Let the server answer until it has answered all.
        """
        while self.link.pending:
            self.answer()

    def relogin(self) -> list[Any]:
        """
        Lose the connection and log in again.
        """
        self.link.lose()
        self.server.active.clear()
        return self.link.restore()

    def test_firstAndLast(self) -> None:
        """
        The first user subscribes with timestamps, the last one to go unsubscribes, others change nothing.
        """
        self.subscriptions.acquire(1)
        self.assertTrue(self.link.sent[0].subscribeToSpotTimestamp)
        self.assertEqual(self.answer(), ("Subscribe", [1]))
        self.subscriptions.acquire(1)
        self.subscriptions.release(1)
        self.assertEqual(self.link.pending, [])
        self.subscriptions.release(1)
        self.assertEqual(self.answer(), ("Unsubscribe", [1]))
        self.assertEqual(self.link.pending, [])

    def test_wishChangesMeanwhile(self) -> None:
        """
        While a request is under way nothing is sent; what is wanted when it ends counts.
        """
        self.subscriptions.acquire(1)
        self.subscriptions.release(1)
        self.assertEqual(len(self.link.pending), 1)
        self.answer()
        self.assertEqual(len(self.link.pending), 1)
        self.subscriptions.acquire(1)
        self.assertEqual(self.answer(), ("Unsubscribe", [1]))
        self.assertEqual(self.answer(), ("Subscribe", [1]))
        self.assertEqual((self.link.pending, self.server.active), ([], {1}))

    def test_notReady(self) -> None:
        """
        What is wanted while the account is not ready is subscribed at the login.
        """
        self.link.ready = False
        self.subscriptions.acquire(1)
        self.assertEqual(self.link.sent, [])
        (restored,) = self.link.restore()
        self.assertNoResult(restored)
        self.answer()
        self.successResultOf(restored)
        self.assertEqual(self.server.active, {1})

    def test_restoreInBatches(self) -> None:
        """
        After a loss all that is wanted at that moment is subscribed, fifty at a time.
        """
        for symbolId in range(100, 220):
            self.subscriptions.acquire(symbolId)
        self.answerAll()
        self.link.lose()
        self.server.active.clear()
        self.subscriptions.release(100)
        self.subscriptions.acquire(300)
        (restored,) = self.link.restore()
        self.assertEqual([len(self.answer()[1]) for _ in range(3)], [50, 50, 20])
        self.successResultOf(restored)
        self.assertEqual(self.server.active, {*range(101, 220), 300})

    def test_badSymbolInBatch(self) -> None:
        """
        A symbol that the server does not know spoils nothing for the others, and is told once.
        """
        self.link.ready = False
        for symbolId in (1, 2, 8, 3, 4):
            self.subscriptions.acquire(symbolId)
        (restored,) = self.link.restore()
        self.answerAll()
        self.successResultOf(restored)
        self.assertEqual(self.server.active, {1, 2, 3, 4})
        self.assertEqual([symbolId for symbolId, _ in self.refusals], [8])

    def test_refused(self) -> None:
        """
        A refused symbol is tried again by the next user and at the next login, which are told.
        """
        self.subscriptions.acquire(8)
        self.answer()
        self.assertEqual(len(self.refusals), 1)
        self.subscriptions.acquire(8)
        self.answer()
        self.assertEqual(len(self.refusals), 2)
        self.relogin()
        self.answer()
        self.assertEqual(len(self.refusals), 3)

    def test_refusedAgainAndAgain(self) -> None:
        """
        While somebody wants it, a refused symbol is tried again ever more rarely, which nobody is told again.
        """
        self.subscriptions.acquire(8)
        for pause in (60, 120, 240, 480, 900, 900):
            self.answer()
            self.clock.advance(pause - 0.1)
            self.assertEqual(self.link.pending, [])
            self.clock.advance(0.1)
        self.answer()
        self.assertEqual(len(self.refusals), 1)
        self.subscriptions.release(8)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_refusedAtLogin(self) -> None:
        """
        Scenario 40: one of thirty resubscriptions is refused: the others are restored, it is logged once, and what was
        served before is tried again later.
        """
        for symbolId in range(100, 130):
            self.subscriptions.acquire(symbolId)
        self.answerAll()
        self.server.broken = {117}
        with capturedLogs() as events:
            (restored,) = self.relogin()
            self.answerAll()
            self.successResultOf(restored)
            self.assertEqual(self.server.active, {*range(100, 130)} - {117})
            self.clock.advance(60)
            self.answerAll()
        self.assertEqual([event["key"] for event in events], [117])
        self.assertEqual((self.refusals, list(self.subscriptions.troubles)), ([], [117]))
        self.server.broken = set()
        self.clock.advance(120)
        self.answerAll()
        self.assertEqual((117 in self.server.active, self.subscriptions.troubles), (True, {}))

    def test_alreadySubscribed(self) -> None:
        """
        What the server sends already is success, alone and in a batch.
        """
        self.link.ready = False
        for symbolId in (1, 2, 3):
            self.subscriptions.acquire(symbolId)
        self.server.active = {2}
        (restored,) = self.link.restore()
        self.answerAll()
        self.successResultOf(restored)
        self.assertEqual((self.server.active, self.refusals), ({1, 2, 3}, []))

    def test_lostWithinBatch(self) -> None:
        """
        The rest of a split batch is not sent after a loss.
        """
        for tellFirst in (False, True):
            self.begin()
            self.link.ready = False
            for symbolId in (1, 8, 2, 3):
                self.subscriptions.acquire(symbolId)
            (restored,) = self.link.restore()
            self.answer()
            self.link.lose(tellFirst)
            self.successResultOf(restored)
            self.assertEqual(len(self.link.sent), 2)

    def test_answersFromBefore(self) -> None:
        """
        What becomes of a request after the loss was told changes nothing.
        """
        self.subscriptions.acquire(1)
        self.answer()
        self.subscriptions.release(1)
        self.subscriptions.acquire(2)
        self.link.lose(tellFirst=True)
        self.server.active.clear()
        self.link.restore()
        self.assertEqual((self.answer(), self.link.pending), (("Subscribe", [2]), []))

    def test_temporaryFailure(self) -> None:
        """
        A temporary failure is tried again after a growing pause, which success shortens again.
        """
        self.subscriptions.acquire(1)
        for pause in (1, 2, 4, 8, 16, 32, 60, 60):
            self.answer(serverError("REQUEST_FREQUENCY_EXCEEDED"))
            self.clock.advance(pause - 0.1)
            self.assertEqual(self.link.pending, [])
            self.clock.advance(0.1)
        self.answer()
        self.assertEqual((self.server.active, self.clock.getDelayedCalls()), ({1}, []))
        self.subscriptions.acquire(2)
        self.answer(serverError("TIMEOUT_ERROR"))
        self.clock.advance(1)
        self.assertEqual(self.answer(), ("Subscribe", [2]))

    def test_serversHint(self) -> None:
        """
        The server's own pause is kept, also where a shorter one has begun.
        """
        self.subscriptions.acquire(1)
        self.subscriptions.acquire(2)
        self.subscriptions.acquire(3)
        self.answer(serverError("TIMEOUT_ERROR"))
        self.answer(serverError("BLOCKED_PAYLOAD_TYPE", retryAfter=30))
        self.answer(serverError("TIMEOUT_ERROR"))
        self.clock.advance(29)
        self.assertEqual(self.link.pending, [])
        self.clock.advance(1)
        self.assertEqual(self.answer(), ("Subscribe", [1, 2, 3]))

    def test_restoreDoesNotWaitForRetries(self) -> None:
        """
        The account becomes ready although a symbol has to wait.
        """
        self.subscriptions.acquire(1)
        self.answer()
        (restored,) = self.relogin()
        self.answer(serverError("REQUEST_FREQUENCY_EXCEEDED"))
        self.successResultOf(restored)
        self.clock.advance(1)
        self.answer()
        self.assertEqual(self.server.active, {1})

    def test_doubtfulUnsubscribe(self) -> None:
        """
        After an unsubscription that was not answered a new user is served, whatever the server did.
        """
        self.subscriptions.acquire(1)
        self.answer()
        self.subscriptions.release(1)
        self.server.process(self.link.pending[0][0])
        self.answer(RequestTimedOut("ProtoOAUnsubscribeSpotsReq", 7, seconds=5))
        self.subscriptions.acquire(1)
        self.answerAll()
        self.clock.advance(60)
        self.answerAll()
        self.assertEqual(self.server.active, {1})

    def test_doubtfulSubscribe(self) -> None:
        """
        After a subscription that was not answered and is not wanted any more the server is told so.
        """
        self.subscriptions.acquire(1)
        self.server.process(self.link.pending[0][0])
        self.answer(RequestTimedOut("ProtoOASubscribeSpotsReq", 7, seconds=5))
        self.subscriptions.release(1)
        self.answerAll()
        self.assertEqual(self.server.active, set())
        self.clock.advance(60)

    def test_unsubscribeRefused(self) -> None:
        """
        An unsubscription that the server refuses is taken as done, a temporary failure is tried again.
        """
        self.subscriptions.acquire(1)
        self.answer()
        self.subscriptions.release(1)
        self.answer(serverError("TIMEOUT_ERROR"))
        self.clock.advance(1)
        self.answer(serverError("INVALID_REQUEST"))
        self.assertEqual((self.link.pending, self.clock.getDelayedCalls()), ([], []))

    def test_lossCancelsRetry(self) -> None:
        """
        A loss ends the wait; the login does what is to be done.
        """
        self.subscriptions.acquire(1)
        self.answer(serverError("TIMEOUT_ERROR"))
        self.link.lose()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    @settings(deadline=None)
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.sampled_from(["acquire", "release"]), st.sampled_from([1, 2, 3, 8])),
                st.tuples(
                    st.sampled_from(["answer", "busy", "timeout", "late", "relogin", "lose", "loseFirst", "advance"]),
                    st.just(0),
                ),
            ),
            max_size=40,
        )
    )
    def test_everyHistory(self, steps: list[tuple[str, int]]) -> None:
        """
        Whatever happens in whatever order: once the server has answered all, it sends what is wanted and no more.
        """
        self.begin()
        users = dict.fromkeys((1, 2, 3, 8), 0)
        for step, symbolId in steps:
            self.perform(step, symbolId, users)
        if not self.link.ready:
            self.link.restore()
        for _ in range(10):
            self.answerAll()
            self.clock.advance(60)
        for _ in range(users[8]):
            self.subscriptions.release(8)
        self.answerAll()
        self.assertEqual(self.server.active, {each for each, count in users.items() if count and each != 8})
        self.assertEqual((self.link.pending, self.clock.getDelayedCalls()), ([], []))

    def perform(self, step: str, symbolId: int, users: dict[int, int]) -> None:
        """
        Do one step of a history.

        @param step: its name.
        @param symbolId: the symbol that it is about, if any.
        @param users: how many use each symbol.
        """
        if step == "acquire":
            users[symbolId] += 1
            self.subscriptions.acquire(symbolId)
        elif step == "release" and users[symbolId]:
            users[symbolId] -= 1
            self.subscriptions.release(symbolId)
        elif step == "relogin":
            self.relogin()
        elif step in ("lose", "loseFirst"):
            self.link.lose(tellFirst=step == "loseFirst")
            self.server.active.clear()
        elif step == "advance":
            self.clock.advance(2)
        elif self.link.pending and step == "answer":
            self.answer()
        elif self.link.pending and step == "busy":
            self.answer(serverError("REQUEST_FREQUENCY_EXCEEDED"))
        elif self.link.pending and step in ("timeout", "late"):
            if step == "late":
                self.server.process(self.link.pending[0][0])
            self.answer(RequestTimedOut("test", 7, seconds=5))
