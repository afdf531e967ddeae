"""
Tests of L{ctrader_twisted.requests}: the methods against the table of requests, over a send of the test's own.
"""

from __future__ import annotations

import inspect
from typing import Any

from google.protobuf.message import Message
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.requests import AccountRequests, ApplicationRequests
from ctrader_twisted.schema import REQUESTS, messages
from ctrader_twisted.schema import messages as m

_FILLED = {"payloadType", "ctidTraderAccountId"}


def nameOf(request: str) -> str:
    """
    @return: the method for a request.
    """
    name = request.removeprefix("ProtoOA").removesuffix("Req")
    return name[0].lower() + name[1:]


def methods() -> dict[str, Any]:
    """
    @return: the public methods of both classes, by their names.
    """
    found: dict[str, Any] = {}
    for kind in (ApplicationRequests, AccountRequests):
        for name, made in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                assert name not in found, name
                found[name] = made
    return found


def isList(message: Message, name: str) -> bool:
    """
    @return: whether a field holds any number of values.
    """
    return hasattr(getattr(message, name), "extend")


class TableTests(SynchronousTestCase):
    """
    The methods are those of the schema.
    """

    def test_eachRequest(self) -> None:
        """
        There is one method for each of the 42 requests, and no other: with the account where the request names one.
        """
        self.assertEqual(set(methods()), {nameOf(request) for request in REQUESTS})
        self.assertEqual(len(REQUESTS), 42)
        for request in REQUESTS:
            ofAccount = "ctidTraderAccountId" in getattr(messages, request).DESCRIPTOR.fields_by_name
            kind = AccountRequests if ofAccount else ApplicationRequests
            self.assertTrue(hasattr(kind, nameOf(request)), request)

    def test_arguments(self) -> None:
        """
        Each method takes the fields of its message by name; those that may be left out are left out by default.
        """
        for request in REQUESTS:
            message = getattr(messages, request)()
            expected = {field.name for field in message.DESCRIPTOR.fields} - _FILLED
            # A list is needed, though the schema cannot say so.
            needed = {name for name in expected if isList(message, name)} | set(message.FindInitializationErrors())
            parameters = dict(inspect.signature(methods()[nameOf(request)]).parameters)
            del parameters["self"]
            self.assertEqual(set(parameters), {*expected, "timeout"}, request)
            for name, parameter in parameters.items():
                self.assertIs(parameter.kind, inspect.Parameter.KEYWORD_ONLY, f"{request}.{name}")
                isNeeded = parameter.default is inspect.Parameter.empty
                self.assertEqual(isNeeded, name in needed, f"{request}.{name}")

    def test_words(self) -> None:
        """
        Each method says what each argument is, and is typed with the class of its answer.
        """
        for request, row in REQUESTS.items():
            method = methods()[nameOf(request)]
            self.assertEqual(method.__annotations__["return"], f"Deferred[{row.answers[0]}]")
            for name in inspect.signature(method).parameters:
                if name != "self":
                    self.assertIn(f"@param {name}: ", method.__doc__, request)
            self.assertIn("@return: fires with ", method.__doc__, request)


class MessageTests(SynchronousTestCase):
    """
    What goes out.
    """

    def setUp(self) -> None:
        """
        Note what is sent.
        """
        self.sent: list[tuple[Any, float | None]] = []
        self.requests = AccountRequests(self.send, 7)

    def send(self, message: Any, /, *, timeout: float | None = None) -> Deferred[Any]:
        """
        Send nothing; answer at once.
        """
        self.sent.append((message, timeout))
        return succeed(m.ProtoOAVersionRes(version="sent"))

    def test_eachField(self) -> None:
        """
        Each method puts each argument into the field of its name.
        """
        self.requests.accountId = 4
        application = ApplicationRequests(self.send)
        for request in REQUESTS:
            kind = getattr(messages, request)
            given = {field.name: _value(field) for field in kind.DESCRIPTOR.fields if field.name not in _FILLED}
            asked = self.requests if hasattr(self.requests, nameOf(request)) else application
            getattr(asked, nameOf(request))(**given, timeout=3)
            message, timeout = self.sent[-1]
            self.assertIs(type(message), kind)
            self.assertEqual(timeout, 3)
            found = {field.name: value for field, value in message.ListFields()}
            expected = given if asked is application else {**given, "ctidTraderAccountId": 4}
            self.assertEqual(found, expected)

    def test_leftOut(self) -> None:
        """
        What is left out is not set, and the answer is what the sending gives.
        """
        answer = self.requests.amendPositionSLTP(positionId=5, takeProfit=1.5)
        self.assertEqual(self.successResultOf(answer), m.ProtoOAVersionRes(version="sent"))
        self.assertEqual(
            self.sent, [(m.ProtoOAAmendPositionSLTPReq(ctidTraderAccountId=7, positionId=5, takeProfit=1.5), None)]
        )

    def test_illegal(self) -> None:
        """
        What the wire cannot hold fails as an illegal value, and nothing is sent.
        """
        unfit: Any
        for unfit in (1.5, "5", 2**63):
            failure = self.failureResultOf(self.requests.cancelOrder(orderId=unfit), IllegalValue)
            self.assertIn("nothing was sent", str(failure.value))
        unknown: Any = 99
        self.failureResultOf(self.requests.subscribeLiveTrendbar(symbolId=1, period=unknown), IllegalValue)
        self.assertEqual(self.sent, [])


def _value(field: Any) -> Any:
    message: Message = getattr(messages, field.containing_type.name)()
    if isList(message, field.name):
        return [3, 4]
    if field.message_type is not None:
        first = m.ProtoOANotificationType.MARGIN_LEVEL_THRESHOLD_1
        return m.ProtoOAMarginCall(marginCallType=first, marginLevelThreshold=5)
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    return {str: "text", bool: True, int: 6, float: 1.25}[type(getattr(message, field.name))]
