"""
What should be rare.
"""

from __future__ import annotations

from attrs import define

__all__ = ["Counters"]


@define
class Counters:
    """
    What a connection, or all connections of a client, have seen that should be rare.

    @ivar late: answers whose request did not wait any more, and second answers.
    @ivar unknown: messages of a payload type that the schema does not know.
    @ivar fields: values in fields that the schema does not know; they are kept in the message and change nothing. Of
        many messages of one kind that come together, only the first is asked for them, and for unknown values.
    @ivar values: values of enums that the schema does not know; the field reads as if it were not set.
    @ivar malformed: messages that do not parse, in frames that do, or lack a required field.
    @ivar broken: listeners' exceptions.
    """

    late: int = 0
    unknown: int = 0
    fields: int = 0
    values: int = 0
    malformed: int = 0
    broken: int = 0
