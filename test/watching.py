"""
Whether the books of an exchange agree, looked at whenever it tells of something.
"""

from __future__ import annotations

from google.protobuf.message import Message

from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.venue.consistency import contradictions

__all__ = ["Watch"]


class Watch:
    """
    Looks into the books of the account that an event is about, after each event.

    @ivar found: what did not agree.
    """

    def __init__(self, exchange: Exchange) -> None:
        """
        @param exchange: the exchange; it is watched from now on.
        """
        self.found: list[str] = []
        self._exchange = exchange
        self._publish = exchange.venue.publish
        exchange.venue.publish = self._published

    def all(self) -> list[str]:
        """
        Look into the books of all accounts at rest.

        @return: all that did not agree, now or before.
        """
        for account in self._exchange.venue.accounts.values():
            self.found += contradictions(account, self._exchange.venue)
        return self.found

    def _published(self, accountId: int, message: Message, clientMsgId: str | None = None) -> None:
        self._publish(accountId, message, clientMsgId)
        account = self._exchange.venue.accounts[accountId]
        for words in contradictions(account, self._exchange.venue, isSettled=False):
            self.found.append(f"after {type(message).__name__}: {words}")
