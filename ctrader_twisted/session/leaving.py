"""
Logging an account out because the user wants it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from google.protobuf.message import Message
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from ctrader_twisted.errors import ConnectionLost, LoginNeeded, RequestTimedOut

__all__ = ["Leaving"]

_AnswerT = TypeVar("_AnswerT", bound=Message)


class Leaving:
    """
    A logout that is under way. The server answers it, and tells the end of the login, in either order; what it does not
    answer may have been done.

    @ivar isUnderWay: whether there is one, so that the end of the login is no reason to log in again.
    """

    def __init__(self, gone: Callable[[], None]) -> None:
        """
        @param gone: called when the account is logged out.
        """
        self.isUnderWay = False
        self._gone = gone

    def follow(self, answered: Deferred[_AnswerT]) -> Deferred[_AnswerT]:
        """
        A logout has been sent.

        @param answered: the request.
        @return: the same.
        """
        self.isUnderWay = True
        return answered.addCallbacks(self._loggedOut, self._notLoggedOut)

    def end(self) -> bool:
        """
        The login has ended.

        @return: whether that is because of a logout that was under way.
        """
        wasUnderWay, self.isUnderWay = self.isUnderWay, False
        if wasUnderWay:
            self._gone()
        return wasUnderWay

    def _loggedOut(self, answer: _AnswerT) -> _AnswerT:
        # If the end was told first, somebody may have asked for the account since then.
        self.end()
        return answer

    def _notLoggedOut(self, failure: Failure) -> Failure:
        error = failure.value
        mayBe = isinstance(error, LoginNeeded | RequestTimedOut) or (
            isinstance(error, ConnectionLost) and error.maybeSent
        )
        if mayBe:
            self.end()
        self.isUnderWay = self.isUnderWay and isinstance(error, CancelledError)
        return failure
