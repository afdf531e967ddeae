"""
What a test does with an exchange, whatever clients reach it through.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.world import EUR_ACCOUNT, LIVE_ACCOUNT, NETTED_ACCOUNT, USD_ACCOUNT
from ctrader_twisted.testing.script import BarRow, PriceScript
from ctrader_twisted.testing.sent import Kind, kindOf, matching, shown
from ctrader_twisted.units.exact import Exact

__all__ = ["SEEN", "Stage"]

SEEN = 10_000
"""
How many messages of clients an exchange on a stage remembers, unless the settings of the test say otherwise.
"""


class Stage:
    """
    A simulated exchange in the hands of a test.

    @ivar exchange: the simulator, for looking at what it has seen and for disturbing it.
    @ivar accountId: a demo account in dollars.
    @ivar euroAccountId: a demo account in euros.
    @ivar liveAccountId: a live account in dollars.
    @ivar nettedAccountId: a netted demo account in dollars.
    @ivar application: credentials that the exchange takes.
    @ivar tokens: access to all these accounts, with permission to trade.
    """

    accountId = USD_ACCOUNT
    euroAccountId = EUR_ACCOUNT
    liveAccountId = LIVE_ACCOUNT
    nettedAccountId = NETTED_ACCOUNT

    def __init__(self, exchange: Exchange) -> None:
        """
        @param exchange: the simulator.
        """
        self.exchange = exchange
        standard = exchange.registry.applicationNamed("standard")
        self.application = Application(standard.clientId, standard.clientSecret)
        self.tokens = self.grant("trade")
        self._script = PriceScript(exchange)

    def grant(self, name: str) -> MemoryTokens:
        """
        Get the tokens of one of the grants that the exchange begins with.

        @param name: C{trade}, C{view} or C{expired}.
        @return: a token store for a client.
        @raise IllegalValue: if there is no such grant.
        """
        grant = self.exchange.registry.grantNamed(name)
        return MemoryTokens(TokenPair(grant.accessToken, grant.refreshToken))

    def price(self, symbol: str, bid: Exact, ask: Exact) -> None:
        """
        Give a symbol a price, from now on, until the next one is given. What is streamed, matched and served as history
        is this price; the made-up prices of the symbol end here.

        @param symbol: its name, such as C{EURUSD}.
        @param bid: what one gets for it, such as C{"1.10000"}.
        @param ask: what one pays for it.
        @raise IllegalValue: if there is no such symbol, or it has no such prices.
        """
        self._script.price(symbol, bid, ask)

    def bars(
        self,
        symbol: str,
        period: str,
        rows: Iterable[BarRow],
        start: datetime | int | None = None,
        *,
        spread: Exact | None = None,
    ) -> datetime:
        """
        Let a symbol's price make bars, each of four ticks: it opens, goes to the nearer extreme and to the other one,
        and closes. They follow each other while the symbol is traded. Before the first the price is what it was, and
        after the last it stays.

        @param symbol: its name, such as C{EURUSD}.
        @param period: how long each bar is, such as C{M5}.
        @param rows: open, high, low and close of each; they are bids.
        @param start: when the first opens; by default the next one that opens. It may be past while prices stand
            still.
        @param spread: how far the ask is above the bid; by default what is usual for the symbol.
        @return: when the last is over.
        @raise IllegalValue: if there is no such symbol or period, no bar opens then, or one of them cannot be.
        """
        return self._script.bars(symbol, period, rows, start, spread=spread)

    def sent(self, kind: Kind, **fields: Any) -> list[Any]:
        """
        Give messages that clients have sent.

        @param kind: a class of L{ctrader_twisted.schema.messages}, its name, or the short name of a request, such as
            C{newOrder}.
        @param fields: what its fields must hold, in the units of the wire; enumerations also by name, and L{None} for a
            field that is not there.
        @return: the messages that do, oldest first. Only the newest ten thousand of all kinds are remembered.
        @raise IllegalValue: if there is no such kind, or it has no such field.
        """
        return matching(self.exchange.seen, kind, fields)

    def assertSent(self, kind: Kind, count: int | None = None, **fields: Any) -> Any:
        """
        Demand that clients have sent a message.

        @param kind: as of L{sent}.
        @param count: how often; by default at least once.
        @param fields: as of L{sent}.
        @return: the newest one, or L{None} if it was to be sent never.
        @raise AssertionError: if they have not; its words tell what of this kind was sent.
        """
        found = self.sent(kind, **fields)
        if len(found) == count or (found and count is None):
            return found[-1] if found else None
        name = kindOf(kind).DESCRIPTOR.name
        demanded = ", ".join(f"{field}={value!r}" for field, value in fields.items()) or "any fields"
        wanted = "" if count is None else f" {count} times but {len(found)}"
        raise AssertionError(
            f"{name} with {demanded} was not sent{wanted}; of this kind was sent:{shown(self.sent(kind))}"
        )

    def assertNothingLeft(self) -> None:
        """
        Demand that no account holds a position or an order, and that no client is connected.

        @raise AssertionError: if something is left; its words tell what.
        """
        left = []
        for accountId, account in self.exchange.venue.accounts.items():
            # An order has a position without volume until it is executed.
            held = [each for each in account.positions.values() if each.tradeData.volume]
            if held or account.orders:
                left.append(f"account {accountId} holds:{shown([*held, *account.orders.values()])}")
        if self.exchange.connections:
            left.append(f"connections that are open: {len(self.exchange.connections)}")
        if left:
            raise AssertionError("; ".join(left))
