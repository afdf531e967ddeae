"""
What clients have sent, for assertions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.message import Message

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.schema import messages

__all__ = ["Kind", "kindOf", "matching", "shown"]

Kind = type[Message] | str
"""
A message class, its name, or the short name of a request, such as C{newOrder}.
"""

_LONGEST = 10


def kindOf(kind: Kind) -> type[Message]:
    """
    Find a message class.

    @param kind: the class, or one of its names.
    @raise IllegalValue: if there is none of that name.
    """
    if not isinstance(kind, str):
        return kind
    for name in (kind, f"ProtoOA{kind[:1].upper()}{kind[1:]}Req"):
        found = getattr(messages, name, None)
        if found is not None and hasattr(found, "FromString"):
            return found  # type: ignore[no-any-return]
    raise IllegalValue(f"there is no message {kind!r}; name it like ProtoOANewOrderReq, or a request like newOrder")


def matching(seen: Iterable[Message], kind: Kind, fields: Mapping[str, Any]) -> list[Any]:
    """
    Choose messages.

    @param seen: all of them.
    @param kind: which kind.
    @param fields: what their fields must hold: what the wire holds, enumerations also by name, repeated
        fields as lists, and L{None} for a field that is not there.
    @return: those that do.
    @raise IllegalValue: if there is no such kind, or it has no such field.
    """
    wanted = kindOf(kind)
    known = wanted.DESCRIPTOR.fields_by_name
    for name in fields:
        if name not in known:
            raise IllegalValue(f"{wanted.DESCRIPTOR.name} has no field {name!r}, but {', '.join(known)}", tuple(known))
    return [
        message
        for message in seen
        if isinstance(message, wanted)
        and all(_held(message, name, expected) == expected for name, expected in fields.items())
    ]


def shown(found: Iterable[Message]) -> str:
    """
    Write messages down for a failure's words; of many only the newest.

    @param found: the messages.
    """
    lines = [" ".join([each.DESCRIPTOR.name, *_words(each)]) for each in found]
    left = [f"... {len(lines) - _LONGEST} more before"] if len(lines) > _LONGEST else []
    return "\n  ".join(["", *left, *lines[-_LONGEST:]]) if lines else " nothing"


def _held(message: Message, name: str, expected: Any) -> Any:
    value, field = getattr(message, name), message.DESCRIPTOR.fields_by_name[name]
    if isinstance(expected, list | tuple):
        return type(expected)(value)
    if expected is None:
        return value if any(each.name == name for each, _ in message.ListFields()) else None
    if isinstance(expected, str) and field.enum_type is not None:
        return field.enum_type.values_by_number[value].name
    return value


def _words(message: Message) -> list[str]:
    return [
        f"{field.name}={_word(field, value)}" for field, value in message.ListFields() if field.name != "payloadType"
    ]


def _word(field: Any, value: Any) -> str:
    if any(secret in field.name for secret in ("Secret", "Token")):
        return "***"
    if field.enum_type is not None and isinstance(value, int):
        return str(field.enum_type.values_by_number[value].name)
    if isinstance(value, Message):
        return f"({' '.join(_words(value))})"
    return repr(value)
