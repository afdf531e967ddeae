"""
The table of requests by classes in place of names, as a connection needs it for each message.
"""

from __future__ import annotations

from google.protobuf.message import Message

from ctrader_twisted.schema import REQUESTS, messages

__all__ = ["ANSWERS", "NAMES", "OF_ACCOUNTS"]

NAMES: dict[type[Message], str] = {getattr(messages, name): name for name in REQUESTS}
"""
The names of the requests, by their classes.
"""

OF_ACCOUNTS = frozenset(name for kind, name in NAMES.items() if "ctidTraderAccountId" in kind.DESCRIPTOR.fields_by_name)
"""
The names of the requests that name an account.
"""

ANSWERS: dict[str, frozenset[type[Message]]] = {
    name: frozenset(getattr(messages, answer) for answer in (*row.answers, *row.errors))
    for name, row in REQUESTS.items()
}
"""
By the name of a request, the classes of what may answer it, as a success or as a failure.
"""
