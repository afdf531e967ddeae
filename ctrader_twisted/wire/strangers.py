"""
What a newer server says that this schema does not know: fields, and values of enums.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, cast

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

__all__ = ["strangers"]


def strangers(message: Message) -> tuple[int, int]:
    """
    Count what a message holds that the schema does not know. In a list, only the first element is looked at: what is
    new in one is new in all.

    @param message: a message as it was parsed.
    @return: how many values are of unknown fields, and how many are unknown values of known fields, which read as if
        they were not set.
    """
    fields = values = 0
    found = UnknownFieldSet(message)
    if len(found):
        known = message.DESCRIPTOR.fields_by_number
        values = sum(each.field_number in known for each in cast("Iterable[Any]", found))
        fields = len(found) - values
    kind: Any = type(message)
    for name, isList in _parts(kind):
        if isList:
            elements = getattr(message, name)
            inner = elements[0] if elements else None
        else:
            inner = getattr(message, name) if message.HasField(name) else None
        if inner is not None:
            more = strangers(inner)
            fields, values = fields + more[0], values + more[1]
    return fields, values


@cache
def _parts(kind: Any) -> tuple[tuple[str, bool], ...]:
    names = [field.name for field in kind.DESCRIPTOR.fields if field.message_type is not None]
    # Descriptors say it in different words in the releases of protobuf that are supported.
    return tuple((name, hasattr(getattr(kind(), name), "add")) for name in names)
