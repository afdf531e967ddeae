"""
Which payload type number stands for which message.

The number of a message is the default of its own C{payloadType} field; the envelope's number is the only thing that
tells messages apart on the wire.
"""

from __future__ import annotations

from google.protobuf.message import Message

from ctrader_twisted.schema import messages

__all__ = ["messageClass", "payloadType", "payloadTypes"]


def _numbered() -> dict[int, type[Message]]:
    found: dict[int, type[Message]] = {}
    for name in messages.__all__:
        made = getattr(messages, name)
        field = made.DESCRIPTOR.fields_by_name.get("payloadType") if hasattr(made, "FromString") else None
        if field is not None and field.has_default_value:
            found[field.default_value] = made
    return found


_classes = _numbered()
_numbers = {made: number for number, made in _classes.items()}


def messageClass(number: int) -> type[Message] | None:
    """
    Find the class of the messages with a payload type.

    @param number: the envelope's payload type.
    @return: the message class, or L{None} if this schema does not know the number.
    """
    return _classes.get(number)


def payloadType(message: Message | type[Message]) -> int:
    """
    Find the payload type of a message or of a message class.

    @param message: a message of this schema, or its class.
    @return: the number for the envelope.
    @raise KeyError: if such messages do not travel on their own, or are not of this schema's classes.
    """
    return _numbers[message if isinstance(message, type) else type(message)]


def payloadTypes() -> list[int]:
    """
    @return: the payload types of all messages of this schema.
    """
    return list(_classes)
