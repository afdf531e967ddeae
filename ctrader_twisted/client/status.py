"""
The client's state as data.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import fields, frozen

from ctrader_twisted.market import Stale
from ctrader_twisted.session.status import Status

__all__ = ["ClientStatus"]


@frozen
class ClientStatus(Status):
    """
    How the client stands: its connection, its logins, and what is subscribed.

    @ivar stale: by C{ctidTraderAccountId} what is subscribed and does not flow; accounts where all is well are left
        out.
    """

    stale: Mapping[int, tuple[Stale, ...]]

    @classmethod
    def of(cls, status: Status, stale: Mapping[int, tuple[Stale, ...]]) -> ClientStatus:
        """
        Add what the accounts know.

        @param status: how the session stands.
        @param stale: by account what does not flow.
        @return: both.
        """
        known = {each.name: getattr(status, each.name) for each in fields(Status)}
        return cls(**known, stale={accountId: each for accountId, each in stale.items() if each})
