"""
What the rooms above need of an account's place in the session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from ctrader_twisted.errors import CTraderError
    from ctrader_twisted.schema.messages import ProtoOAReconcileRes, ProtoOATrader, Request

__all__ = ["AccountLink", "Guarding", "Registration"]

_AnswerT = TypeVar("_AnswerT", bound=Message)
_EventT = TypeVar("_EventT", bound=Message)

Guarding = Callable[[Message], Callable[[object], object]]
"""
What looks at the requests of an account: see L{AccountLink.guard}.
"""


class Registration(Protocol):
    """
    What registering a listener gives back.
    """

    def stop(self) -> None:
        """
        Take the listener away. It is not called any more; stopping twice does nothing.
        """


class AccountLink(Protocol):
    """
    One account on a connection that comes and goes.

    @ivar accountId: the account's C{ctidTraderAccountId}.
    """

    accountId: int

    def request(self, message: Request[_AnswerT], *, timeout: float | None = None) -> Deferred[_AnswerT]:
        """
        Send a request of this account. The field C{ctidTraderAccountId} is filled in.

        @param message: the request, without its account.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fires with the answer; for a trading request with its first execution event, which the listeners of
            execution events have had before.
        @raise NotConnected: (as a failure) if the account is not authorised now; nothing was sent.
        @raise LimitReached: (as a failure) if the guard forbids it; nothing was sent.
        @raise TooManyRequests: (as a failure) if its turn did not come; nothing was sent.
        @raise ConnectionLost: (as a failure) if the connection ended first.
        @raise RequestTimedOut: (as a failure) if no answer came.
        @raise ServerError: (as a failure) if the server refused.
        """

    def guard(self, check: Guarding) -> None:
        """
        Have each trading request looked at before any byte of it leaves, whoever sends it.

        @param check: called with the request at the moment at which it leaves; what it raises is what the request fails
            with, and it is not sent. What it returns is called with the answer, or with the L{Failure}.
        """

    def listen(self, kind: type[_EventT], listener: Callable[[_EventT], None]) -> Registration:
        """
        Hear the account's events of one kind. An exception in the listener is logged and changes nothing else.

        @param kind: the class of the event.
        @param listener: called with each such event, in order.
        """

    def onReconcile(self, step: Callable[[ProtoOATrader, ProtoOAReconcileRes], None]) -> Registration:
        """
        Be told the account's whole state after each login, before any event that comes after it. If the account is
        ready already, the step is called at the next login only.

        @param step: called with the trader and the open positions and orders.
        """

    def onRestore(self, step: Callable[[], Deferred[None]]) -> Registration:
        """
        Do something after each login once the state is reconciled, such as subscribing again. A failure is logged and
        does not stop the other steps. Requests are possible while it runs.

        @param step: called with nothing; the account is ready when what it returns has fired.
        """

    def onLost(self, listener: Callable[[Failure], None]) -> Registration:
        """
        Be told when the account was logged in and is not any more.

        @param listener: called with the reason.
        """

    def onEnded(self, listener: Callable[[CTraderError], None]) -> Registration:
        """
        Be told when no further login will be tried, until somebody asks for the account or starts the client again.

        @param listener: called with what makes further attempts useless.
        """

    def ended(self) -> CTraderError | None:
        """
        @return: why no login will be tried, if that is so: the account is refused, or the client has given up or was
            stopped.
        """
