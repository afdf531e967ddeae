"""
Tests of the table of requests against the schema that ships with the package.
"""

from __future__ import annotations

from google.protobuf.message import Message
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema import ERROR_FORMS, REQUESTS, RateClass, Scope, State, messageClass, messages, payloadType

PUSHED = (
    "AccountDisconnectEvent",
    "AccountsTokenInvalidatedEvent",
    "ClientDisconnectEvent",
    "DepthEvent",
    "ExecutionEvent",
    "MarginCallTriggerEvent",
    "MarginCallUpdateEvent",
    "MarginChangedEvent",
    "OrderErrorEvent",
    "SpotEvent",
    "SymbolChangedEvent",
    "TraderUpdatedEvent",
    "TrailingSLChangedEvent",
    "v1PnLChangeEvent",
)

ODD_ANSWERS = {
    2106: 2126,
    2108: 2126,
    2109: 2126,
    2110: 2126,
    2111: 2126,
    2135: 2165,
    2136: 2166,
}


def messageClasses() -> dict[str, type[Message]]:
    """
    @return: all message classes of the schema by name.
    """
    return {name: made for name in messages.__all__ if hasattr(made := getattr(messages, name), "FromString")}


class TableTests(SynchronousTestCase):
    """
    The table says something about each request, and nothing that the schema does not know.
    """

    def test_eachRequestHasARow(self) -> None:
        """
        The requests of the table are the requests of the schema, 42 of them.
        """
        requests = {name for name in messageClasses() if name.endswith("Req")}
        self.assertEqual(set(REQUESTS), requests)
        self.assertEqual(len(requests), 42)

    def test_rowsStandUnderTheirNames(self) -> None:
        """
        The key of each row is its request.
        """
        self.assertEqual([row.request for row in REQUESTS.values()], list(REQUESTS))

    def test_answersAndErrorFormsExist(self) -> None:
        """
        Each answer and each error form is a message that travels on its own.
        """
        known = messageClasses()
        for row in REQUESTS.values():
            self.assertTrue(row.answers, row.request)
            for name in (*row.answers, *row.errors):
                self.assertGreater(payloadType(known[name]), 0)

    def test_answersFollowTheirRequests(self) -> None:
        """
        The number of an answer is its request's plus one, but for the seven requests that are known to differ.
        """
        known = messageClasses()
        for row in REQUESTS.values():
            number = payloadType(known[row.request])
            expected = ODD_ANSWERS.get(number, number + 1)
            self.assertEqual([payloadType(known[name]) for name in row.answers], [expected], row.request)

    def test_eachAnswerIsSomeRequestsAnswer(self) -> None:
        """
        All messages whose name says that they are answers occur in the table.
        """
        answers = {name for row in REQUESTS.values() for name in row.answers}
        responses = {name for name in messageClasses() if name.startswith("ProtoOA") and name.endswith("Res")}
        self.assertEqual(responses - {"ProtoOAErrorRes"}, answers - {"ProtoOAExecutionEvent"})

    def test_onlyTradingRequestsAreRefusedByOrderErrors(self) -> None:
        """
        All requests can be refused by both general forms, the five trading requests by an order error as well.
        """
        for row in REQUESTS.values():
            own = row.errors[: -len(ERROR_FORMS)]
            self.assertEqual(row.errors[-len(ERROR_FORMS) :], ERROR_FORMS)
            self.assertEqual(own, ("ProtoOAOrderErrorEvent",) if row.rate is RateClass.TRADING else (), row.request)
        trading = {row.request for row in REQUESTS.values() if row.rate is RateClass.TRADING}
        names = ("NewOrder", "CancelOrder", "AmendOrder", "AmendPositionSLTP", "ClosePosition")
        self.assertEqual(trading, {f"ProtoOA{name}Req" for name in names})

    def test_tradingNeedsTheTradingScope(self) -> None:
        """
        Besides the trading requests only the change of a margin call needs the trading scope.
        """
        scoped = {row.request for row in REQUESTS.values() if row.scope is Scope.TRADE}
        trading = {row.request for row in REQUESTS.values() if row.rate is RateClass.TRADING}
        self.assertEqual(scoped, trading | {"ProtoOAMarginCallUpdateReq"})

    def test_requestsThatNameAnAccountNeedIt(self) -> None:
        """
        A request needs an authorised account exactly if it names one, but for the one that authorises it.
        """
        for name, row in REQUESTS.items():
            named = "ctidTraderAccountId" in messageClasses()[name].DESCRIPTOR.fields_by_name
            needed = row.state is State.ACCOUNT
            self.assertEqual(named and name != "ProtoOAAccountAuthReq", needed, name)

    def test_whatGoesBeforeTheApplicationsLogin(self) -> None:
        """
        Only the application's login itself and the version may be asked on a fresh connection.
        """
        first = {row.request for row in REQUESTS.values() if row.state is State.CONNECTED}
        self.assertEqual(first, {"ProtoOAApplicationAuthReq", "ProtoOAVersionReq"})

    def test_historicalRequests(self) -> None:
        """
        The nine requests that read history count into the smaller limit; asking for profit does not.
        """
        historical = {row.request for row in REQUESTS.values() if row.rate is RateClass.HISTORICAL}
        names = (
            "CashFlowHistoryList",
            "DealList",
            "OrderList",
            "DealListByPositionId",
            "OrderListByPositionId",
            "OrderDetails",
            "DealOffsetList",
            "GetTrendbars",
            "GetTickData",
        )
        self.assertEqual(historical, {f"ProtoOA{name}Req" for name in names})


class PayloadTypeTests(SynchronousTestCase):
    """
    Numbers and message classes find each other.
    """

    def test_numbersAreUnique(self) -> None:
        """
        No two messages share a payload type, and each number leads back to its class.
        """
        numbered = {
            name: field.default_value
            for name, made in messageClasses().items()
            if (field := made.DESCRIPTOR.fields_by_name.get("payloadType")) is not None and field.has_default_value
        }
        self.assertEqual(len(set(numbered.values())), len(numbered))
        for name, number in numbered.items():
            self.assertIs(messageClass(number), getattr(messages, name))
            self.assertEqual(payloadType(getattr(messages, name)), number)

    def test_allNumbersOfTheApiAreUsed(self) -> None:
        """
        Each value of the enum of payload types is the number of one message.
        """
        for number in messages.ProtoOAPayloadType.values():
            self.assertIsNotNone(messageClass(number), number)

    def test_messagesHaveTheNumbersOfTheirClasses(self) -> None:
        """
        A message's payload type is that of its class, whether its own field is set or not.
        """
        self.assertEqual(payloadType(messages.ProtoOASpotEvent()), 2131)
        self.assertEqual(payloadType(messages.ProtoHeartbeatEvent()), 51)
        self.assertEqual(payloadType(messages.ProtoErrorRes), 50)

    def test_thePushedEventsExist(self) -> None:
        """
        The fourteen events that the API pushes have payload types, and are all of the schema's events.
        """
        events = {name for name in messageClasses() if name.startswith("ProtoOA") and name.endswith("Event")}
        self.assertEqual(events, {f"ProtoOA{name}" for name in PUSHED})
        for name in events:
            self.assertGreater(payloadType(getattr(messages, name)), 2100)

    def test_unknownNumbers(self) -> None:
        """
        A number that the schema does not know, or that stands for the envelope itself, has no class.
        """
        self.assertIsNone(messageClass(9999))
        self.assertIsNone(messageClass(5))

    def test_partsHaveNoNumber(self) -> None:
        """
        Messages that travel only inside others have no payload type.
        """
        self.assertRaises(KeyError, payloadType, messages.ProtoOAPosition)
        self.assertRaises(KeyError, payloadType, messages.ProtoMessage)
