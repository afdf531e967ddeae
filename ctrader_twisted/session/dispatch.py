"""
The way of what comes in, unasked, to the account that it concerns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from google.protobuf.message import Message
from twisted.logger import Logger

from ctrader_twisted.errors import CTraderError, NotConnected, ServerError, TokenRefused, UnderMaintenance
from ctrader_twisted.schema.messages import (
    ProtoHeartbeatEvent,
    ProtoOAAccountDisconnectEvent,
    ProtoOAAccountsTokenInvalidatedEvent,
    ProtoOAClientDisconnectEvent,
    ProtoOAExecutionEvent,
)
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.session.connection import Connection
from ctrader_twisted.session.link import Registration
from ctrader_twisted.session.listeners import Listeners
from ctrader_twisted.session.tables import State
from ctrader_twisted.wire.refusals import FORMS, refusal
from ctrader_twisted.wire.routes import Hearers, Routes

__all__ = ["Dispatch"]

_EventT = TypeVar("_EventT", bound=Message)

_DISCONNECTED = 30.0

# What is more than an event of an account.
_CONSEQUENTIAL = FORMS | {
    ProtoOAAccountDisconnectEvent,
    ProtoOAAccountsTokenInvalidatedEvent,
    ProtoOAClientDisconnectEvent,
}


class Dispatch:
    """
    Gives events to those whom they concern, and sees to those that end something.

    @ivar onError: the errors that the server tells unasked.
    @ivar routes: the short way of an event to its listeners. It must be told to forget when the state of the connection
        or of an account changes.
    """

    _log = Logger()

    def __init__(self, connection: Connection, accounts: Mapping[int, AccountSession]) -> None:
        """
        @param connection: the connection.
        @param accounts: the accounts that are wanted, by their ids; they may become more.
        """
        self._connection = connection
        self._accounts = accounts
        self._events: dict[type[Message], Listeners[Any]] = {}
        self.onError: Listeners[CTraderError] = Listeners()
        self.routes = Routes(self._route)

    def listen(self, kind: type[_EventT], listener: Callable[[_EventT], None]) -> Registration:
        """
        @see: L{ctrader_twisted.session.session.Session.listen}
        """
        self.routes.forget()
        return self._events.setdefault(kind, Listeners()).add(listener)

    def receive(self, message: Message) -> None:
        """
        Give something that nobody waits for to those whom it concerns.

        @param message: an event, or an error that came unasked.
        """
        listeners = self._events.get(type(message))
        if listeners is not None:
            listeners.tell(message)
        if isinstance(message, ProtoHeartbeatEvent):
            return
        concerned = self._concerned(message)
        for account in concerned:
            account.eventReceived(message)
        if type(message) in _CONSEQUENTIAL:
            self._seeTo(message, concerned)

    def _route(self, kind: type[Message], accountId: int) -> Hearers | None:
        """
        Find for whom L{receive} would do nothing with such an event but tell the account's listeners.
        """
        account = self._accounts.get(accountId)
        isMore = kind in _CONSEQUENTIAL or self._events.get(kind)
        return None if account is None or isMore or self._connection.state is not State.UP else account.route(kind)

    def _seeTo(self, message: Message, concerned: tuple[AccountSession, ...]) -> None:
        # The rejection of an order is an event of the account, and told by the order.
        error = None if isinstance(message, ProtoOAExecutionEvent) else refusal(message)
        if error is not None:
            self._errorReceived(error, concerned)
        elif isinstance(message, ProtoOAClientDisconnectEvent):
            self._clientDisconnected(message)
        elif isinstance(message, ProtoOAAccountsTokenInvalidatedEvent):
            self._tokensInvalidated(message, concerned)
        elif isinstance(message, ProtoOAAccountDisconnectEvent):
            for account in concerned:
                reason = NotConnected(f"the server has ended the login of account {account.accountId}")
                account.loginEnded(reason, isTokenDead=False)

    def _concerned(self, message: Message) -> tuple[AccountSession, ...]:
        """
        Find the accounts that a message is about: those that it names; if it names none, all.
        """
        if isinstance(message, ProtoOAAccountsTokenInvalidatedEvent):
            found = [self._accounts.get(accountId) for accountId in message.ctidTraderAccountIds]
            return tuple(account for account in found if account is not None)
        accountId = getattr(message, "ctidTraderAccountId", 0)
        if not accountId:
            return tuple(self._accounts.values())
        account = self._accounts.get(accountId)
        return () if account is None else (account,)

    def _errorReceived(self, error: ServerError, concerned: tuple[AccountSession, ...]) -> None:
        self._log.warn("{error}", error=error)
        self.onError.tell(error)
        for account in concerned:
            account.onError.tell(error)
        if not isinstance(error, UnderMaintenance):
            return
        if error.accountId is None:
            self._connection.tryAgain(error)
        else:
            for account in concerned:
                account.dropped(error)

    def _clientDisconnected(self, event: ProtoOAClientDisconnectEvent) -> None:
        error = NotConnected(f"the server has disconnected the application: {event.reason or 'it gave no reason'}")
        self._log.error("{error}", error=error)
        if "block" in event.reason.lower():
            self._connection.giveUp(error)
        else:
            self._connection.tryAgain(error, pause=_DISCONNECTED)

    def _tokensInvalidated(
        self, event: ProtoOAAccountsTokenInvalidatedEvent, concerned: tuple[AccountSession, ...]
    ) -> None:
        reason = event.reason or "no reason given"
        for account in concerned:
            error = TokenRefused("TOKEN_INVALIDATED", reason, accountId=account.accountId)
            account.loginEnded(error, isTokenDead=True)
