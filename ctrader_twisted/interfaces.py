"""
What a user of this package may implement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar, TypeVarTuple

from attrs import field, frozen
from attrs.converters import optional
from twisted.internet.defer import Deferred
from zope.interface import Interface

from ctrader_twisted.secret import Secret, asSecret

__all__ = ["Acknowledged", "ICursor", "ITokenStore", "RunBlocking", "TokenPair"]

_ResultT = TypeVar("_ResultT")
_ArgumentTs = TypeVarTuple("_ArgumentTs")


class RunBlocking(Protocol):
    """
    Runs what waits for the disk. L{ctrader_twisted.blocking.Worker} does it in a thread; on virtual time
    L{twisted.internet.defer.execute} does it at once.
    """

    def __call__(self, function: Callable[[*_ArgumentTs], _ResultT], /, *args: *_ArgumentTs) -> Deferred[_ResultT]:
        """
        Run a function, after all that were given before it.

        @param function: the function; it may be called in another thread.
        @param args: its arguments.
        @return: fires with what it returns, fails with what it raises.
        """


@frozen
class TokenPair:
    """
    What one grant of access gave. Plain strings are wrapped at once.

    @ivar accessToken: logs the granted accounts in.
    @ivar refreshToken: buys the next pair, once; L{None} if it is not known.
    """

    accessToken: Secret = field(converter=asSecret)
    refreshToken: Secret | None = field(default=None, converter=optional(asSecret))


class ITokenStore(Interface):
    """
    Where the pairs of tokens are kept.
    """

    def load() -> Deferred[tuple[TokenPair, ...]]:
        """
        Read all pairs. Called at each login, so that a pair which another process has stored is found.

        @return: fires with the pairs, in no particular order; fails with L{ctrader_twisted.errors.ConfigurationError}
            if they cannot be read, in words for the operator.
        """

    def save(pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        """
        Replace all pairs.

        @param pairs: what to keep from now on.
        @return: fires when they are stored so that a crash cannot lose them.
        """


@frozen
class Acknowledged:
    """
    How far a consumer of an account's deals has come.

    @ivar accountId: the account.
    @ivar executed: the time of the newest deal that it has acknowledged, in milliseconds since 1970.
    @ivar deals: the deals of the last minute before that which it has acknowledged: by their ids, when they were made.
    """

    accountId: int
    executed: int
    deals: Mapping[int, int]


class ICursor(Interface):
    """
    Where is kept how far a consumer of deals has come.
    """

    def load() -> Deferred[Acknowledged | None]:
        """
        Read it.

        @return: fires with what was saved last, or with L{None} if nothing was; fails with
            L{ctrader_twisted.errors.ConfigurationError} if it cannot be read.
        """

    def save(acknowledged: Acknowledged) -> Deferred[None]:
        """
        Keep it. What is saved first must not replace what is saved later.

        @param acknowledged: how far the consumer has come.
        @return: fires when a crash cannot lose it.
        """
