"""
The session's state as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from attrs import frozen

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.session.tables import AccountState, State
from ctrader_twisted.wire import Counters

__all__ = ["AccountStatus", "Status", "TokenState", "TokenStatus"]


@frozen
class AccountStatus:
    """
    How one account stands.

    @ivar state: the state of its login.
    @ivar reason: what went wrong last, or L{None}.
    """

    state: AccountState
    reason: CTraderError | None


class TokenState(Enum):
    """
    How a stored pair of tokens stands.
    """

    GOOD = "good"
    RENEWING = "being renewed"
    LOST = "refused"


@frozen
class TokenStatus:
    """
    What is known of one stored pair of tokens.

    @ivar userId: the number of the cTID; L{None} if it is not known.
    @ivar scope: C{accounts} or C{trading}; L{None} if it is not known.
    @ivar expires: when the access token ends, in milliseconds since 1970; L{None} if that is not known.
    @ivar state: how it stands.
    @ivar reason: what refuses it, or L{None}.
    """

    userId: int | None
    scope: str | None
    expires: int | None
    state: TokenState
    reason: CTraderError | None


@frozen
class Status:
    """
    How the client stands.

    @ivar connection: the state of the connection.
    @ivar reason: what went wrong with it last, or L{None}.
    @ivar attempts: how many attempts have failed since all was well.
    @ivar accounts: the wanted accounts, by C{ctidTraderAccountId}.
    @ivar tokens: the stored pairs of tokens, as they were seen last.
    @ivar queued: how many requests wait for their turn in the throttle.
    @ivar counters: what was seen on all connections so far that should be rare. That one of them grows is no change of
        the status.
    """

    connection: State
    reason: CTraderError | None
    attempts: int
    accounts: Mapping[int, AccountStatus]
    tokens: tuple[TokenStatus, ...]
    queued: int
    counters: Counters
