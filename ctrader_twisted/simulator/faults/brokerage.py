"""
What a broker, or its liquidity provider, can do to an exchange once, as plain data.

These are disturbances like those of L{ctrader_twisted.simulator.faults.disturbances}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import instance_of

from ctrader_twisted.simulator.faults.disturbances import Disturbance
from ctrader_twisted.simulator.faults.naming import knownSymbol
from ctrader_twisted.simulator.venue.rejections import Rejection

if TYPE_CHECKING:
    from ctrader_twisted.simulator.exchange import Exchange

__all__ = ["AcceptOrders", "ArchiveSymbol", "Bonus", "RejectOrders"]


@frozen
class Bonus(Disturbance):
    """
    An account gets a bonus, which counts as equity and is no money of its own, or it is taken back.

    @ivar account: the account.
    @ivar amount: in 1/100 of its deposit asset; negative for what is taken back, no more than there is.
    @ivar introducingBrokerId: the introducing broker whose bonus it is, if it is not the broker's own.
    @ivar note: words for the user.
    """

    account: int
    amount: int
    introducingBrokerId: int | None = None
    note: str = ""

    def happen(self, exchange: Exchange) -> None:
        exchange.bonus(self.account, self.amount, introducingBrokerId=self.introducingBrokerId, note=self.note)


@frozen
class RejectOrders(Disturbance):
    """
    Orders in a symbol are accepted, and turned down when they are to be executed.

    @ivar symbol: its name.
    @ivar rejection: C{rejected} by the liquidity provider, C{internallyRejected} by the server, C{error}, or C{missed},
        which is no answer in time.
    """

    symbol: str
    rejection: Rejection = field(default=Rejection.REJECTED, validator=instance_of(Rejection))

    def happen(self, exchange: Exchange) -> None:
        exchange.rejectOrders(knownSymbol(exchange, self.symbol).symbolId, self.rejection)


@frozen
class AcceptOrders(Disturbance):
    """
    Orders in a symbol are executed again.

    @ivar symbol: its name.
    """

    symbol: str

    def happen(self, exchange: Exchange) -> None:
        exchange.acceptOrders(knownSymbol(exchange, self.symbol).symbolId)


@frozen
class ArchiveSymbol(Disturbance):
    """
    The broker does not offer a symbol any more.

    @ivar symbol: its name; nobody holds a position in it.
    """

    symbol: str

    def happen(self, exchange: Exchange) -> None:
        exchange.archiveSymbol(knownSymbol(exchange, self.symbol).symbolId)
