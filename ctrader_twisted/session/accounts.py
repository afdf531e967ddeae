"""
The accounts of one session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from google.protobuf.message import Message

from ctrader_twisted.errors import CTraderError, NotConnected
from ctrader_twisted.schema import REQUESTS, RateClass
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.session.status import AccountStatus
from ctrader_twisted.session.tables import AccountState

__all__ = ["Accounts"]

_SETTLED = (AccountState.READY, AccountState.REFUSED, AccountState.LEFT)


class Accounts(dict[int, AccountSession]):
    """
    The accounts that are wanted, by their ids, and what concerns all of them.

    Whoever is told something may ask for a further account, which is not told it then.
    """

    def connectionUp(self) -> None:
        """
        @see: L{AccountSession.connectionUp}
        """
        for account in tuple(self.values()):
            account.connectionUp()

    def connectionDown(self, reason: CTraderError) -> None:
        """
        @see: L{AccountSession.connectionDown}
        """
        for account in tuple(self.values()):
            account.connectionDown(reason)

    def connectionFailed(self, error: CTraderError) -> None:
        """
        @see: L{AccountSession.connectionFailed}
        """
        for account in tuple(self.values()):
            account.connectionFailed(error)

    def stopped(self, error: CTraderError) -> None:
        """
        @see: L{AccountSession.stopped}
        """
        for account in tuple(self.values()):
            account.stopped(error)

    def tokenRenewed(self, old: Secret) -> None:
        """
        @see: L{AccountSession.tokenRenewed}
        """
        for account in tuple(self.values()):
            account.tokenRenewed(old)

    def tokensChanged(self) -> None:
        """
        There are other tokens in the store: those that wait for some try again.
        """
        for account in tuple(self.values()):
            if account.isWaitingForTokens:
                account.ask()

    def isWaitingForTokens(self) -> bool:
        """
        @return: whether any of them is refused, and might not be with tokens that the store does not have.
        """
        return any(account.isWaitingForTokens for account in self.values())

    def areSettled(self) -> bool:
        """
        @return: whether each of them is ready, or will not be.
        """
        return all(account.state in _SETTLED for account in self.values())

    def statuses(self) -> dict[int, AccountStatus]:
        """
        @return: where each stands, and why.
        """
        return {number: AccountStatus(account.state, account.reason) for number, account in self.items()}

    def check(self, message: Message) -> Callable[[object], object] | None:
        """
        Have a request looked at before it leaves, if it is a trading request.

        @param message: the request.
        @return: as L{AccountSession.check}.
        @raise CTraderError: if it must not leave.
        """
        if REQUESTS[message.DESCRIPTOR.name].rate is not RateClass.TRADING:
            return None
        accountId = cast(Any, message).ctidTraderAccountId
        account = self.get(accountId)
        if account is None:
            # Nobody could hold it against the account's limits.
            raise NotConnected(f"account {accountId} has not been asked for; ask for it, and then send its orders")
        return account.check(message)
