"""
Whether the simulator answers everything that can be asked.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from ctrader_twisted.schema import REQUESTS
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.world import USD_ACCOUNT
from test.exchangecase import ClientCase


def _filled(message: Message) -> Message:
    """
    Give all required fields of a message a value.
    """
    for field in message.DESCRIPTOR.fields:
        if field.name == "ctidTraderAccountId":
            setattr(message, field.name, USD_ACCOUNT)
        elif not field.is_required:
            continue
        elif field.message_type is not None:
            _filled(getattr(message, field.name))
        elif field.enum_type is not None:
            setattr(message, field.name, field.enum_type.values[0].number)
        else:
            setattr(message, field.name, "x" if field.type == field.TYPE_STRING else 1)
    return message


class CompletenessTests(ClientCase):
    """
    The table of requests, from end to end.
    """

    def answer(self, name: str) -> Any:
        request = _filled(getattr(m, name)())
        self.client.received()
        self.client.send(request, "all")
        return next(message for message, clientMsgId in self.client.received() if clientMsgId == "all")

    def test_allSimulated(self) -> None:
        """
        Each request of the schema is answered as its row of the table says, and none with what is said of requests that
        are not simulated.
        """
        self.assertEqual(len(REQUESTS), 42)
        unsupported = set()
        for name, row in REQUESTS.items():
            if not self.client.protocol.sessions:
                self.client.logIn()
            answer = self.answer(name)
            self.assertIn(type(answer).__name__, (*row.answers, *row.errors), name)
            if getattr(answer, "errorCode", "") in ("UNSUPPORTED_MESSAGE", "UNKNOWN_ERROR"):
                unsupported.add(name)
        self.assertEqual(unsupported, set())
