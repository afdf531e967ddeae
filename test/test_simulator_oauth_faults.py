"""
What can be made to go wrong at the simulator's token service.
"""

from __future__ import annotations

from typing import Any

from twisted.web.client import ResponseFailed, ResponseNeverReceived

from ctrader_twisted.schema.messages import ProtoOAAccountsTokenInvalidatedEvent
from ctrader_twisted.simulator.faults import Cut, Delay, Mute, Page, TokenAnswer, TokenRequest, Withhold
from test.rawclient import RawClient
from test.webcase import WebCase


class FaultTests(WebCase):
    """
    Faults before a request is executed, and after.
    """

    def setUp(self) -> None:
        """
        Make a client that hears when its token dies.
        """
        super().setUp()
        self.faults = self.exchange.faults
        self.client = RawClient(self.exchange)
        self.client.logIn()
        self.client.received()

    def refresh(self) -> Any:
        """
        @return: a Deferred for the response to a refresh.
        """
        return self.ask("GET", "/apps/token", self.refreshRequest())

    def isExecuted(self) -> bool:
        """
        @return: whether a token has been replaced since the last call.
        """
        return any(isinstance(each, ProtoOAAccountsTokenInvalidatedEvent) for each in self.client.messages())

    def cutOff(self, asked: Any) -> None:
        """
        Check that no answer comes at all.
        """
        self.failureResultOf(asked, ResponseNeverReceived)

    def test_cutBefore(self) -> None:
        """
        The connection ends and the request is not executed; the next one is.
        """
        rule = self.faults.add(TokenRequest(Cut(0.5), nth=1))
        self.cutOff(self.refresh())
        self.assertFalse(self.isExecuted())
        self.assertEqual(self.finished(self.refresh()).status, 200)
        self.assertEqual((rule.matches, rule.hits), (2, 1))

    def test_answerLost(self) -> None:
        """
        The connection ends before the first byte of the answer, and the old tokens are dead.
        """
        self.faults.add(TokenAnswer(Cut()))
        request = self.refreshRequest()
        self.cutOff(self.ask("GET", "/apps/token", request))
        self.assertTrue(self.isExecuted())
        self.faults.clear()
        self.assertEqual(self.buy(request).json["errorCode"], "ACCESS_DENIED")

    def test_cutWithin(self) -> None:
        """
        A part of the answer comes, and it is told how long the whole is.
        """
        self.faults.add(TokenAnswer(Cut(0.5)))
        response = self.successResultOf(self.refresh())
        self.assertIsInstance(response.length, int)
        self.failureResultOf(self.treq.content(response), ResponseFailed)
        self.assertEqual(response.headers.getRawHeaders("content-type"), ["application/json"])
        self.assertTrue(self.isExecuted())

    def test_delayedAnswer(self) -> None:
        """
        The request is executed at once, and answered later.
        """
        self.faults.add(TokenAnswer(Delay(20.0)))
        asked = self.refresh()
        self.assertTrue(self.isExecuted())
        self.clock.advance(19.9)
        self.treq.flush()
        self.assertNoResult(asked)
        self.clock.advance(0.1)
        answer = self.finished(asked)
        self.assertEqual(answer.json["accessToken"], self.registry.grantNamed("trade").accessToken.reveal())

    def test_delayedRequest(self) -> None:
        """
        The request is executed later, and answered then.
        """
        self.faults.add(TokenRequest(Delay(20.0)))
        asked = self.refresh()
        self.assertFalse(self.isExecuted())
        self.clock.advance(20.0)
        self.assertTrue(self.isExecuted())
        self.assertEqual(self.finished(asked).status, 200)

    def test_givenUp(self) -> None:
        """
        A client that does not wait for an answer leaves nothing behind.
        """
        self.faults.add(TokenRequest(Delay(10.0)))
        self.faults.add(TokenAnswer(Withhold(), nth=1))
        self.faults.add(TokenAnswer(Delay(20.0)))
        for _ in range(2):
            asked = self.refresh()
            self.clock.advance(10.0)
            asked.cancel()
            self.treq.flush()
            self.failureResultOf(asked, ResponseFailed)
        self.client.lose()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_silence(self) -> None:
        """
        Nothing comes, and the connection stays.
        """
        for rule, isExecuted in ((TokenRequest(Withhold()), False), (TokenAnswer(Withhold()), True)):
            applied = self.faults.add(rule)
            asked = self.refresh()
            self.assertEqual(self.isExecuted(), isExecuted)
            self.treq.flush()
            self.assertNoResult(asked)
            applied.stop()
            self.client.logIn()

    def test_page(self) -> None:
        """
        A page comes in place of the answer.
        """
        for rule, status, isExecuted in (
            (TokenRequest(Page()), 502, False),
            (TokenAnswer(Page(503)), 503, True),
        ):
            applied = self.faults.add(rule)
            answer = self.finished(self.refresh())
            self.assertEqual((answer.status, answer.header("content-type")), (status, "text/html; charset=utf-8"))
            self.assertEqual(self.isExecuted(), isExecuted)
            applied.stop()

    def test_refusals(self) -> None:
        """
        Refusals are answers, too.
        """
        self.faults.add(TokenAnswer(Cut()))
        self.cutOff(self.ask("GET", "/apps/token"))

    def test_wrongAction(self) -> None:
        """
        What cannot happen to an answer is refused when the rule is made.
        """
        self.assertRaises(TypeError, TokenAnswer, Mute())

    def test_noMessages(self) -> None:
        """
        Rules for the token service are none for messages, and the other way round.
        """
        self.faults.add(TokenAnswer(Cut()))
        self.assertFalse(self.faults.sending)
        self.client.logIn()
        self.assertIsNone(self.faults.tokenRequest())
