"""
The whole schema, held against the simulator: each field of each request, each event, each error code, and each field of
what is told is named in a table with a test that shows it; here these tests are run, and looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema import REQUESTS, Scope, State, payloadType
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.faults import Incoming, Refuse
from ctrader_twisted.simulator.settings import NotAuthorised, RateRefusal, Settings, UnknownClient, UnknownSymbol
from ctrader_twisted.simulator.world import EUR_ACCOUNT, USD_ACCOUNT
from test.exchangecase import ClientCase, ExchangeCase
from test.rawclient import RawClient
from test.schemarecord import Record, recordOf
from test.schematables import CODES, EVENTS, EXECUTIONS, FIELDS, ONLY_BY_FAULTS, TELLING, UNTOLD

_ACCOUNT = "ctidTraderAccountId"
_INNER = "payloadType"


def _fields(name: str) -> Iterator[FieldDescriptor]:
    """
    @return: the fields of a message, without its number.
    """
    return (field for field in getattr(m, name).DESCRIPTOR.fields if field.name != _INNER)


def _filled(message: Any, *, accountId: int = USD_ACCOUNT) -> Any:
    """
    Give all required fields of a message a value.
    """
    for field in message.DESCRIPTOR.fields:
        if field.name == _ACCOUNT:
            message.ctidTraderAccountId = accountId
        elif not field.is_required:
            continue
        elif field.message_type is not None:
            _filled(getattr(message, field.name))
        elif field.enum_type is not None:
            setattr(message, field.name, field.enum_type.values[0].number)
        else:
            setattr(message, field.name, "x" if field.type == FieldDescriptor.TYPE_STRING else 1)
    return message


def _missing(message: Any) -> Iterator[tuple[str, bytes]]:
    """
    @return: for each required field its name, and the message without it.
    """
    for field in message.DESCRIPTOR.fields:
        if not field.is_required:
            continue
        lacking = type(message)()
        lacking.CopyFrom(message)
        lacking.ClearField(field.name)
        yield field.name, lacking.SerializePartialToString()
        if field.enum_type is not None:
            # A number that the enum does not have is as if there were none.
            yield field.name, lacking.SerializePartialToString() + bytes([field.number << 3, 99])
        if field.message_type is not None:
            for name, inner in _missing(getattr(message, field.name)):
                part = bytes([field.number << 3 | 2, len(inner)]) + inner
                yield f"{field.name}.{name}", lacking.SerializePartialToString() + part


class RequestTests(ClientCase):
    """
    What holds for all requests: who may send them when, and what must not be left out.
    """

    def raw(self, name: str, payload: bytes) -> Any:
        """
        Send what may not be a whole message, and give the answer.
        """
        number = payloadType(getattr(m, name))
        envelope = m.ProtoMessage(payloadType=number, payload=payload, clientMsgId="raw").SerializeToString()
        self.client.received()
        self.client.protocol.dataReceived(len(envelope).to_bytes(4, "big") + envelope)
        [answer] = [message for message, clientMsgId in self.client.received() if clientMsgId == "raw"]
        return answer

    def test_missingFields(self) -> None:
        """
        A request that lacks a required field, or has a number there that means nothing, is refused; the field is named.
        """
        count = 0
        for name in REQUESTS:
            for lacking, payload in _missing(_filled(getattr(m, name)())):
                answer = self.raw(name, payload)
                self.assertEqual(
                    (answer.errorCode, answer.description),
                    ("INVALID_REQUEST", f"Message missing required fields: {lacking}"),
                    name,
                )
                count += 1
        self.assertGreater(count, 70)

    def test_otherAccounts(self) -> None:
        """
        An account that is not there, or is not logged in on the connection, can be asked nothing.
        """
        for name, row in REQUESTS.items():
            if row.state is not State.ACCOUNT:
                continue
            for accountId in (EUR_ACCOUNT, 999):
                answer = self.client.ask(_filled(getattr(m, name)(), accountId=accountId))
                self.assertEqual(type(answer), m.ProtoOAErrorRes, name)
                self.assertEqual(
                    (answer.errorCode, answer.description, answer.ctidTraderAccountId),
                    ("INVALID_REQUEST", "Trading account is not authorized", accountId),
                    name,
                )

    def test_beforeLogin(self) -> None:
        """
        Without the application's login only two requests are served; with it, none that is about an account.
        """
        client = RawClient(self.exchange)
        for name, row in REQUESTS.items():
            answer = client.ask(_filled(getattr(m, name)()))
            code = getattr(answer, "errorCode", None)
            self.assertEqual(code == "CH_CLIENT_NOT_AUTHENTICATED", row.state is not State.CONNECTED, name)

    def test_viewOnly(self) -> None:
        """
        With a token that permits looking only, what needs permission to trade is refused, and all else is not.
        """
        client = RawClient(self.exchange)
        client.logIn(grant="view")
        for name, row in REQUESTS.items():
            if USD_ACCOUNT not in client.protocol.sessions:
                client.logIn(grant="view")
            answer = client.ask(_filled(getattr(m, name)()))
            isRefused = "no permission to trade" in getattr(answer, "description", "")
            self.assertEqual(isRefused, row.scope is Scope.TRADE, name)


class SwitchedCodeTests(ExchangeCase):
    """
    Codes that are sent only where the settings say so.
    """

    def client(self, **values: Any) -> RawClient:
        self.exchange = type(self.exchange).default(self.clock, settings=Settings(**values))
        return RawClient(self.exchange)

    def test_blocked(self) -> None:
        """
        One request too many blocks its type.
        """
        client = self.client(generalRate=1, rateRefusal=RateRefusal.BLOCKED)
        client.ask(m.ProtoOAVersionReq())
        answer = self.refused(client, m.ProtoOAVersionReq(), "BLOCKED_PAYLOAD_TYPE")
        self.assertEqual(answer.retryAfter, 5)
        client.lose()

    def test_notAuthorised(self) -> None:
        """
        An account that is not logged in has a code of its own.
        """
        client = self.client(notAuthorised=NotAuthorised.ACCOUNT)
        client.logInApplication()
        self.refused(client, m.ProtoOATraderReq(ctidTraderAccountId=USD_ACCOUNT), "ACCOUNT_NOT_AUTHORIZED")
        client.lose()

    def test_unknownClient(self) -> None:
        """
        So has an application that is not there.
        """
        client = self.client(unknownClient=UnknownClient.NOT_FOUND)
        self.refused(client, m.ProtoOAApplicationAuthReq(clientId="x", clientSecret="x"), "CH_OA_CLIENT_NOT_FOUND")
        client.lose()

    def test_unknownSymbol(self) -> None:
        """
        A symbol that is not there has the other of its two codes.
        """
        client = self.client(unknownSymbol=UnknownSymbol.UNKNOWN)
        client.logIn()
        request = m.ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[999])
        self.refused(client, request, "UNKNOWN_SYMBOL")
        client.lose()


class FaultCodeTests(ClientCase):
    """
    Codes that the exchange never sends by itself.
    """

    def test_sent(self) -> None:
        """
        A rule sends each of them.
        """
        for code in ONLY_BY_FAULTS:
            rule = self.exchange.faults.add(Incoming(Refuse(code), message="ProtoOATraderReq", most=1))
            self.refused(code, m.ProtoOATraderReq)
            self.exchange.faults.remove(rule)


class SchemaTests(SynchronousTestCase):
    """
    The tables, against the schema and against the tests that they name.
    """

    def setUp(self) -> None:
        self.record = cache(self._record)

    def _record(self, name: str) -> Record:
        return recordOf(self, name)

    def test_allFields(self) -> None:
        """
        Each field of each request has a test.
        """
        self.assertEqual(FIELDS.keys(), REQUESTS.keys())
        for name, tests in FIELDS.items():
            expected = {field.name for field in _fields(name)}
            self.assertEqual(tests.keys() | ({_ACCOUNT} & expected), expected, name)
            self.assertEqual(bool(tests), bool(expected), name)

    def test_fieldsAreSent(self) -> None:
        """
        Those tests do send the fields.
        """
        for name, tests in FIELDS.items():
            for field, test in tests.items():
                self.assertIn((name, field), self.record(test).asked, test)

    def test_events(self) -> None:
        """
        Each message that comes unasked, and each type of execution, comes in its test.
        """
        names = {name for name in dir(m) if name.startswith("Proto") and name.endswith(("Event", "ErrorRes"))}
        self.assertEqual(EVENTS.keys(), names)
        for name, test in EVENTS.items():
            self.assertIn(name, self.record(test).events, test)
        self.assertEqual(EXECUTIONS.keys(), set(m.ProtoOAExecutionType.keys()))
        for name, test in EXECUTIONS.items():
            self.assertIn(name, self.record(test).executions, test)

    def test_codes(self) -> None:
        """
        Each error code is sent in its test, or is one of those that only faults bring about.
        """
        names = {*m.ProtoErrorCode.keys(), *m.ProtoOAErrorCode.keys()}
        self.assertEqual({*CODES, *ONLY_BY_FAULTS}, names)
        self.assertEqual(CODES.keys() & ONLY_BY_FAULTS.keys(), set())
        for code, test in CODES.items():
            self.assertIn(code, self.record(test).codes, test)

    def test_told(self) -> None:
        """
        Each field of each message that is sent, and of all that these hold, is set in one of the tests, but for a few.
        """
        told: set[tuple[str, str]] = set()
        named = [test for tests in (*FIELDS.values(), EVENTS, EXECUTIONS, CODES) for test in tests.values()]
        for test in (*named, *TELLING):
            told |= self.record(test).told
        expected = {f"{name}.{field.name}" for name in _sent() for field in _fields(name)}
        self.assertEqual(expected - {".".join(pair) for pair in told}, UNTOLD.keys())


def _sent() -> set[str]:
    """
    @return: the names of all messages that the server sends, and of those that they hold.
    """
    waiting = {*EVENTS, *(answer for row in REQUESTS.values() for answer in row.answers)}
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        held = {field.message_type.name for field in _fields(name) if field.message_type is not None}
        waiting |= held - found
    return found
