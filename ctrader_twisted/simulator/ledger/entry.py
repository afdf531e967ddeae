"""
What the ledger says of one behaviour.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from attrs import fields, frozen

from ctrader_twisted.simulator.settings import Settings

__all__ = ["Entry", "Sureness", "defaultOf"]


class Sureness(Enum):
    """
    How sure it is that the real servers behave so.
    """

    CONFIRMED = "confirmed"
    DOCUMENTED = "documented"
    ASSUMED = "assumed"
    CONFLICTING = "conflicting"


@frozen
class Entry:
    """
    One behaviour of the servers.

    @ivar entryId: names it, for good.
    @ivar behaviour: what the server does; what the simulator does unless its settings say otherwise.
    @ivar sureness: how sure that is.
    @ivar source: the sections of C{protocol.md} that tell of it, with its sources.
    @ivar client: what the client does about it.
    @ivar switch: the attribute of L{Settings} that lets the simulator do otherwise; L{None} if there is none.
    @ivar remark: what else there is to say of how sure it is.
    @ivar how: how to confirm it on a real demo account, where no case of the contract suite does.
    @ivar untried: why no case of the contract suite decides it.
    @ivar fixed: why there is no switch, where it is not sure that the servers behave so.
    """

    entryId: str
    behaviour: str
    sureness: Sureness
    source: str
    client: str
    switch: str | None = None
    remark: str = ""
    how: str = ""
    untried: str = ""
    fixed: str = ""


def defaultOf(entry: Entry) -> Any:
    """
    @param entry: an entry with a switch.
    @return: the value of the switch under which the simulator does what the entry says.
    """
    return next(each.default for each in fields(Settings) if each.name == entry.switch)
