"""
Messages as people write them: in the text form of Protocol Buffers or as JSON.

The text form begins with the name of the message, C{ProtoOASpotEvent { symbolId: 1 bid: 117000 }}. JSON is as in the
JSON mode of the servers, C{{"payloadType": 2131, "payload": {"symbolId": 1, "bid": 117000}}}, where the name of the
message may stand for the number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, text_format
from google.protobuf.message import Message

from ctrader_twisted.schema import messageClass, payloadType
from ctrader_twisted.schema.messages import ProtoMessage
from ctrader_twisted.simulator.faults.naming import MESSAGES, known

__all__ = ["readMessage", "writeMessage"]

_TEXT = re.compile(r"\s*(\w+)\s*(?:\{(.*)\}\s*)?", re.DOTALL)
_KEYS = ("payloadType", "payload", "clientMsgId")


def readMessage(value: object) -> Message:
    """
    Read a message.

    @param value: text, or what JSON or TOML hold.
    @return: the message; an envelope, if it has an id or a payload type that the schema does not have.
    @raise ValueError: if it is none, with what is known.
    """
    if isinstance(value, Mapping):
        return _fromJson(value)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no message: write one such as ProtoOASpotEvent {{ symbolId: 1 }}")
    if value.lstrip().startswith("{"):
        try:
            return readMessage(json.loads(value))
        except json.JSONDecodeError as error:
            raise ValueError(f"it is no JSON: {error}") from error
    found = _TEXT.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is no message: write one such as ProtoOASpotEvent {{ symbolId: 1 }}")
    message = _named(found[1])
    try:
        text_format.Parse(found[2] or "", message)
    except text_format.ParseError as error:
        raise ValueError(f"{error} {_fields(message)}") from error
    return message


def writeMessage(message: Message) -> str:
    """
    Write a message, so that L{readMessage} gives it back.

    @param message: the message.
    @return: its text form.
    """
    return f"{message.DESCRIPTOR.name} {{ {text_format.MessageToString(message, as_one_line=True)} }}"


def _fromJson(given: Mapping[str, Any]) -> Message:
    for key in given:
        known(key, _KEYS, "key of a message")
    kind, payload, clientMsgId = (given.get(key) for key in _KEYS)
    made = messageClass(kind) if type(kind) is int else type(_named(str(kind)))
    if made is None and not payload:
        message: Message = ProtoMessage(payloadType=kind)
    elif made is None:
        raise ValueError(f"there is no message of payloadType {kind}, so that its payload cannot be known")
    else:
        message = made()
        try:
            json_format.ParseDict(payload or {}, message)
        except json_format.ParseError as error:
            raise ValueError(f"{str(error).splitlines()[0]} {_fields(message)}") from error
    return message if clientMsgId is None else _enveloped(message, clientMsgId)


def _enveloped(message: Message, clientMsgId: object) -> ProtoMessage:
    if not isinstance(message, ProtoMessage):
        message = ProtoMessage(payloadType=payloadType(message), payload=message.SerializePartialToString())
    message.clientMsgId = str(clientMsgId)
    return message


def _named(name: str) -> Message:
    known(name, MESSAGES, "message")
    return MESSAGES[name]()


def _fields(message: Message) -> str:
    return f"Fields of {message.DESCRIPTOR.name} are {', '.join(message.DESCRIPTOR.fields_by_name)}"
