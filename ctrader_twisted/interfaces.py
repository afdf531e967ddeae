"""
What a user of this package may implement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar, TypeVarTuple

from attrs import frozen
from twisted.internet.defer import Deferred
from zope.interface import Interface

from ctrader_twisted.credentials import TokenPair

__all__ = ["Acknowledged", "ICursor", "ITokenStore", "RunBlocking"]

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


class ITokenStore(Interface):
    """
    Where the pairs of tokens are kept: of any number of cTIDs, for demo and live accounts alike, of one application.
    """

    def load() -> Deferred[tuple[TokenPair, ...]]:
        """
        Read all pairs. Called at each login, so that a pair which another process has stored is found.

        @return: fires with the pairs, in no particular order, and with none at all if nothing was stored yet; fails
            with L{ctrader_twisted.errors.ConfigurationError} if they cannot be read, in words for the operator.
        """

    def save(pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        """
        Replace all pairs. Whoever changes them has the lock, and has loaded them under it.

        @param pairs: what to keep from now on.
        @return: fires when they are stored so that a crash cannot lose them: whoever reads finds the old pairs or the
            new ones, whole. Fails with L{ctrader_twisted.errors.ConfigurationError} if they cannot be stored.
        """

    def tryLock() -> Deferred[bool]:
        """
        Try to get the sole right to change the pairs, among all who use them, in this process and in others. It does
        not wait for them; whoever wants it asks again after a while.

        @return: fires with whether it was got. A process that ends has given it back.
        """

    def unlock() -> Deferred[None]:
        """
        Give the right back.

        @return: fires when others can get it.
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
