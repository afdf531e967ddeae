"""
What goes between clients and the simulator while other tests run.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Any
from unittest import TestCase, TestResult

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.framing import Envelope
from ctrader_twisted.schema.messages import ProtoOAExecutionEvent, ProtoOAExecutionType
from ctrader_twisted.simulator.connection import ServerProtocol

__all__ = ["Record", "recordOf"]


class Record:
    """
    What was asked and told.

    @ivar asked: the fields that were set in requests, as pairs of the names of message and field.
    @ivar told: the fields that were set in what was sent, and in what that holds, likewise.
    @ivar events: the names of the messages that were sent.
    @ivar executions: the names of the types of execution that were told.
    @ivar codes: the error codes that were sent.
    """

    def __init__(self) -> None:
        self.asked: set[tuple[str, str]] = set()
        self.told: set[tuple[str, str]] = set()
        self.events: set[str] = set()
        self.executions: set[str] = set()
        self.codes: set[str] = set()

    def hear(self, message: Message) -> None:
        """
        Take down what a client has sent.
        """
        _take(message, self.asked)

    def say(self, message: Message) -> None:
        """
        Take down what is sent to a client.
        """
        _take(message, self.told)
        self.events.add(message.DESCRIPTOR.name)
        code = getattr(message, "errorCode", "")
        if code:
            self.codes.add(code)
        if isinstance(message, ProtoOAExecutionEvent):
            self.executions.add(ProtoOAExecutionType.Name(message.executionType))


def _take(message: Message, found: set[tuple[str, str]]) -> None:
    for field, value in message.ListFields():
        found.add((message.DESCRIPTOR.name, field.name))
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for each in value if field.is_repeated else [value]:
                _take(each, found)


def recordOf(case: SynchronousTestCase, name: str) -> Record:
    """
    Run a test of the simulator, and take down what is asked and told meanwhile.

    @param case: the test that wants to know.
    @param name: the other test, as C{module.Class.method}, without what the names of all such modules begin with.
    @return: what went to and fro.
    """
    record, send, relay, serve = Record(), ServerProtocol.send, ServerProtocol.relay, ServerProtocol._serve
    module, kind, method = name.split(".")
    test: TestCase = getattr(import_module(f"test.test_simulator_{module}"), kind)(method)

    def sent(self: ServerProtocol, message: Message, *arguments: Any, **named: Any) -> None:
        record.say(message)
        send(self, message, *arguments, **named)

    def relayed(self: ServerProtocol, message: Message, frame: bytes) -> None:
        record.say(message)
        relay(self, message, frame)

    def served(self: ServerProtocol, envelope: Envelope) -> None:
        with suppress(ProtocolError):
            message = envelope.message()
            if message is not None:
                record.hear(message)
        serve(self, envelope)

    result = TestResult()
    replaced = {"send": sent, "relay": relayed, "_serve": served}
    patches = [case.patch(ServerProtocol, name, replacement) for name, replacement in replaced.items()]
    try:
        test.run(result)
    finally:
        for patch in patches:
            patch.restore()
    case.assertEqual([*result.errors, *result.failures], [], name)
    return record
