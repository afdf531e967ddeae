"""
The table of requests by classes in place of names, as a connection needs it for each message.
"""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf.message import Message

from ctrader_twisted.schema import REQUESTS, RateClass, messages, payloadType

__all__ = ["ASKED", "Asked"]


class Asked(NamedTuple):
    """
    What a connection has to know of a request.

    @ivar name: the name of its message.
    @ivar number: its payload type.
    @ivar rate: which of the server's limits it counts into.
    @ivar isOfAccount: whether it names an account.
    @ivar answers: the classes of what may answer it, as a success or as a failure.
    """

    name: str
    number: int
    rate: RateClass
    isOfAccount: bool
    answers: frozenset[type[Message]]


def _asked(name: str) -> Asked:
    row, kind = REQUESTS[name], getattr(messages, name)
    return Asked(
        name=name,
        number=payloadType(kind),
        rate=row.rate,
        isOfAccount="ctidTraderAccountId" in kind.DESCRIPTOR.fields_by_name,
        answers=frozenset(getattr(messages, answer) for answer in (*row.answers, *row.errors)),
    )


ASKED: dict[type[Message], Asked] = {getattr(messages, name): _asked(name) for name in REQUESTS}
"""
All requests, by their classes.
"""
