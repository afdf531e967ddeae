"""
What can happen to an exchange once, as plain data: by itself at a time, or when a rule says so.

Each names accounts by their C{ctidTraderAccountId} and symbols by their name, and has two methods: C{check(exchange)}
raises L{ValueError} if it could not happen in an exchange at all, and C{happen(exchange)} lets it happen now.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

import attrs
from attrs import field, frozen
from attrs.validators import deep_iterable, ge, gt, instance_of, le, optional
from google.protobuf.message import Message

from ctrader_twisted.simulator.faults.naming import complete, finite, known, knownAccount, knownApplication, knownSymbol
from ctrader_twisted.simulator.steering import movePrice, setPrice

if TYPE_CHECKING:
    from ctrader_twisted.simulator.exchange import Exchange

__all__ = [
    "AcceptConnections",
    "CertificateKind",
    "ChangeCertificate",
    "ChangeSymbol",
    "Deposit",
    "Disconnect",
    "DisconnectApplication",
    "Disturbance",
    "EndSession",
    "Expire",
    "Gap",
    "LimitLiquidity",
    "Maintenance",
    "RefuseConnections",
    "Restart",
    "Revoke",
    "Send",
    "SetPrice",
    "UnlimitLiquidity",
    "Withdraw",
]

_SCALE = 100_000

# Balances must stay what the protocol can tell.
_RICHES = 10**15


class CertificateKind(Enum):
    """
    What is right or wrong with a server's certificate.
    """

    RENEWED = "renewed"
    OTHER_AUTHORITY = "otherAuthority"
    EXPIRED = "expired"
    OTHER_NAME = "otherName"


@frozen
class Disturbance:
    """
    Something that happens once.
    """

    def check(self, exchange: Exchange) -> None:
        """
        Find out whether it could happen.

        @param exchange: where.
        @raise ValueError: if it could not.
        """
        if isinstance(account := getattr(self, "account", None), int):
            knownAccount(exchange, account)
        if isinstance(symbol := getattr(self, "symbol", None), str):
            knownSymbol(exchange, symbol)

    def happen(self, exchange: Exchange) -> None:
        """
        Let it happen now.

        @param exchange: where.
        @raise ValueError: if it cannot happen.
        """
        raise NotImplementedError


@frozen
class Disconnect(Disturbance):
    """
    Connections are cut.

    @ivar account: only those on which this account is logged in.
    @ivar politely: whether TLS and TCP are closed in peace, after what was sent, as after a long silence.
    """

    account: int | None = None
    politely: bool = False

    def happen(self, exchange: Exchange) -> None:
        for connection in tuple(exchange.connections):
            if self.account is None or self.account in connection.sessions:
                if self.politely:
                    connection.close()
                else:
                    connection.abort()


@frozen
class EndSession(Disturbance):
    """
    An account is logged out on all connections, which stay.

    @ivar account: the account.
    """

    account: int

    def happen(self, exchange: Exchange) -> None:
        exchange.faults.endSession(self.account)


@frozen
class Revoke(Disturbance):
    """
    Access is taken away: tokens are dead, and what was opened with them ends.

    @ivar account: only what gives access to this account.
    @ivar reason: what clients are told.
    """

    account: int | None = None
    reason: str = "Access token was revoked"

    def happen(self, exchange: Exchange) -> None:
        grants = exchange.registry.grants
        exchange.revoke(
            *(each for each in grants if self.account is None or self.account in each.accountIds), reason=self.reason
        )


@frozen
class Expire(Disturbance):
    """
    Access tokens end, which shows at their next use.

    @ivar account: only those that give access to this account.
    """

    account: int | None = None

    def happen(self, exchange: Exchange) -> None:
        grants = exchange.registry.grants
        ended = [each for each in grants if self.account is None or self.account in each.accountIds]
        if ended:
            exchange.expireTokens(*ended)


@frozen
class DisconnectApplication(Disturbance):
    """
    An application is said goodbye to on all its connections.

    @ivar reason: what it is told; one with the word "blocked" tells clients not to come back.
    @ivar application: which application, as the simulator calls it.
    """

    reason: str = "Disconnected by the administrator"
    application: str = "standard"

    def check(self, exchange: Exchange) -> None:
        knownApplication(exchange, self.application)

    def happen(self, exchange: Exchange) -> None:
        exchange.faults.disconnectApplication(self.reason, self.application)


@frozen
class ChangeCertificate(Disturbance):
    """
    The server shows another certificate to new connections. In memory, where there is no TLS, nothing happens.

    @ivar kind: C{renewed}, which is as good as the old one, C{otherAuthority}, C{expired} or C{otherName}.
    """

    kind: CertificateKind = field(default=CertificateKind.RENEWED, validator=instance_of(CertificateKind))

    def happen(self, exchange: Exchange) -> None:
        exchange.showCertificate(self.kind)


@frozen
class RefuseConnections(Disturbance):
    """
    New connections are ended at once; those that are there stay.
    """

    def happen(self, exchange: Exchange) -> None:
        exchange.faults.refuseConnections()


@frozen
class AcceptConnections(Disturbance):
    """
    New connections are taken again.
    """

    def happen(self, exchange: Exchange) -> None:
        exchange.faults.acceptConnections()


@frozen
class Maintenance(Disturbance):
    """
    A maintenance is announced, and every request is refused until it is over.

    @ivar seconds: how long it takes.
    """

    seconds: float = field(validator=[ge(0.0), finite])

    def happen(self, exchange: Exchange) -> None:
        exchange.faults.startMaintenance(self.seconds)


@frozen
class Restart(Disturbance):
    """
    The server restarts: all connections and sessions are gone.

    @ivar seconds: how long it is away.
    """

    seconds: float = field(default=0.0, validator=[ge(0.0), finite])

    def happen(self, exchange: Exchange) -> None:
        exchange.faults.restart(self.seconds)


@frozen
class Send(Disturbance):
    """
    A message is sent that nobody asked for.

    @ivar message: the message, complete; a C{ProtoMessage} is the envelope itself, so that it can hold anything.
    @ivar account: only on connections on which this account is logged in.
    """

    message: Message = field(validator=complete)
    account: int | None = None

    def happen(self, exchange: Exchange) -> None:
        for connection in tuple(exchange.connections):
            if self.account is None or self.account in connection.sessions:
                connection.push(self.message)


@frozen
class SetPrice(Disturbance):
    """
    A symbol has another price, and goes on from there.

    @ivar symbol: its name.
    @ivar bid: the bid.
    @ivar ask: the ask; by default the spread stays.
    """

    symbol: str
    bid: float = field(validator=[gt(0.0), finite])
    ask: float | None = field(default=None, validator=[optional(gt(0.0)), finite])

    def happen(self, exchange: Exchange) -> None:
        symbol = knownSymbol(exchange, self.symbol)
        bid = _scaled(self.symbol, self.bid)
        last = exchange.market.quote(symbol.symbolId)
        if self.ask is not None:
            ask = _scaled(self.symbol, self.ask)
        elif last is not None:
            ask = bid + last.ask - last.bid
        else:
            raise ValueError(f"{self.symbol} has no spread yet: say the ask, too")
        setPrice(exchange, symbol.symbolId, bid, ask)


@frozen
class Gap(Disturbance):
    """
    A symbol's price jumps, and goes on from there.

    @ivar symbol: its name.
    @ivar pips: how far; negative is down.
    """

    symbol: str
    pips: float = field(validator=finite)

    def happen(self, exchange: Exchange) -> None:
        movePrice(exchange, knownSymbol(exchange, self.symbol).symbolId, self.pips)


@frozen
class Deposit(Disturbance):
    """
    Money is paid into an account.

    @ivar account: the account.
    @ivar amount: in 1/100 of its deposit asset.
    @ivar note: words for the user.
    """

    account: int
    amount: int = field(validator=[ge(1), le(_RICHES)])
    note: str = ""

    def happen(self, exchange: Exchange) -> None:
        exchange.deposit(self.account, self.amount, note=self.note)


@frozen
class Withdraw(Disturbance):
    """
    Money is paid out of an account.

    @ivar account: the account.
    @ivar amount: in 1/100 of its deposit asset; no more than there is.
    @ivar note: words for the user.
    """

    account: int
    amount: int = field(validator=[ge(1), le(_RICHES)])
    note: str = ""

    def happen(self, exchange: Exchange) -> None:
        exchange.withdraw(self.account, self.amount, note=self.note)


@frozen
class ChangeSymbol(Disturbance):
    """
    The broker changes the specification of a symbol.

    @ivar symbol: its name.
    @ivar changes: new values for attributes of L{ctrader_twisted.simulator.market.specification.SymbolSpec}.
    """

    symbol: str
    changes: Mapping[str, Any]

    def check(self, exchange: Exchange) -> None:
        symbol = knownSymbol(exchange, self.symbol)
        for name in self.changes:
            known(name, (each.name for each in attrs.fields(type(symbol))), "attribute of a symbol")
        try:
            attrs.evolve(symbol, **self.changes).full()
        except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
            raise ValueError(f"{self.symbol} cannot be changed so: {error}") from error

    def happen(self, exchange: Exchange) -> None:
        exchange.changeSymbol(knownSymbol(exchange, self.symbol).symbolId, **self.changes)


@frozen
class LimitLiquidity(Disturbance):
    """
    Orders in a symbol are executed in parts.

    @ivar symbol: its name.
    @ivar volumes: the deals that there can be at one price, in 1/100 of a unit; none at all for nothing.
    """

    symbol: str
    volumes: tuple[int, ...] = field(validator=deep_iterable(ge(1)))

    def happen(self, exchange: Exchange) -> None:
        exchange.limitLiquidity(knownSymbol(exchange, self.symbol).symbolId, *self.volumes)


@frozen
class UnlimitLiquidity(Disturbance):
    """
    Orders in a symbol are executed whole again.

    @ivar symbol: its name.
    """

    symbol: str

    def happen(self, exchange: Exchange) -> None:
        exchange.unlimitLiquidity(knownSymbol(exchange, self.symbol).symbolId)


def _scaled(symbol: str, price: float) -> int:
    scaled = Decimal(repr(price)) * _SCALE
    if scaled % 1:
        raise ValueError(f"{symbol} cannot have the price {price}, which has more than 5 decimals")
    return int(scaled)
