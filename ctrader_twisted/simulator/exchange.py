"""
The simulated exchange as a whole: who may use it, what it offers, and who is connected.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
from google.protobuf.message import Message
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ctrader_twisted.schema.messages import (
    ProtoOAAccessRights,
    ProtoOAAccountType,
    ProtoOASymbolChangedEvent,
)
from ctrader_twisted.schema.messages import ProtoOAChangeBalanceType as _Change
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator import world
from ctrader_twisted.simulator.access import expireAccess, giveAccess, revokeAccess
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.depthfeed import DepthFeed
from ctrader_twisted.simulator.faults.disturbances import CertificateKind
from ctrader_twisted.simulator.faults.faults import Faults
from ctrader_twisted.simulator.feed import Feed
from ctrader_twisted.simulator.interest import tradedSymbols
from ctrader_twisted.simulator.market.market import Market, Registration
from ctrader_twisted.simulator.market.seeded import SeededPrices
from ctrader_twisted.simulator.market.source import PriceSource, Tick
from ctrader_twisted.simulator.registry import Application, Grant, Mint, Registry
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.steering import setPrice
from ctrader_twisted.simulator.timeline import Timeline
from ctrader_twisted.simulator.valuations import Valuations
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.cashflow import checkFlow, moveBonus, moveMoney
from ctrader_twisted.simulator.venue.execution import resumeOrders
from ctrader_twisted.simulator.venue.margins import tellMargins
from ctrader_twisted.simulator.venue.swaps import chargeNights
from ctrader_twisted.simulator.venue.terms import changeTerms, countMargins
from ctrader_twisted.simulator.venue.triggers import expireOrders, trigger
from ctrader_twisted.simulator.venue.venue import Venue

if TYPE_CHECKING:
    from ctrader_twisted.simulator.connection import ServerProtocol

__all__ = ["Exchange"]


class Exchange:
    """
    One simulated exchange.

    @ivar clock: the reactor.
    @ivar market: its prices.
    @ivar timeline: its time.
    @ivar registry: its applications and grants.
    @ivar catalogue: its symbols.
    @ivar venue: its accounts.
    @ivar feed: its subscriptions to prices.
    @ivar valuations: its subscriptions to profit.
    @ivar settings: how it behaves.
    @ivar faults: what goes wrong in it.
    @ivar connections: the connections that are open now, oldest first.
    @ivar seen: the newest messages that clients have sent, oldest first.
    @ivar onChange: called with nothing whenever something changed that should outlive the process.
    @ivar onCredentials: called with nothing whenever tokens were made or replaced, before any client hears of them.
    @ivar onCertificate: called with the kind of certificate that the server is to show from now on.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        *,
        market: Market,
        timeline: Timeline,
        registry: Registry,
        catalogue: Catalogue,
        accounts: Iterable[TradingAccount],
        settings: Settings,
    ) -> None:
        """
        @param clock: the reactor.
        @param market: the prices of all symbols.
        @param timeline: the time of the simulated world.
        @param registry: who may use it.
        @param catalogue: what it offers.
        @param accounts: the trading accounts.
        @param settings: how it behaves.
        """
        self.clock = clock
        self.market = market
        self.timeline = timeline
        self.registry = registry
        self.catalogue = catalogue
        self.settings = settings
        self.venue = Venue(
            clock,
            accounts,
            catalogue=catalogue,
            market=market,
            now=timeline.now,
            settings=settings,
            publish=self.publish,
            changed=self.changed,
            speed=timeline.speed,
        )
        depth = DepthFeed(catalogue, registry.mint.seed)
        self.feed = Feed(market, depth, timeline.now, tellsCloses=settings.sessionCloses)
        self.valuations = Valuations(self.venue)
        self.faults = Faults(self, registry.mint.seed)
        self.connections: list[ServerProtocol] = []
        self.seen: deque[Message] = deque(maxlen=settings.seenLimit)
        self.onChange: list[Callable[[], None]] = []
        self.onCredentials: list[Callable[[], None]] = []
        self.onCertificate: list[Callable[[CertificateKind], None]] = []
        self._listening: tuple[Registration, ...] = ()

    @classmethod
    def default(
        cls,
        clock: IReactorTime,
        *,
        seed: int = 0,
        epoch: int = world.EPOCH,
        replay: Mapping[str, PriceSource] | None = None,
        speed: float = 1.0,
        settings: Settings | None = None,
    ) -> Exchange:
        """
        Make the usual exchange; see L{ctrader_twisted.simulator.world} for its applications and accounts.

        @param clock: the reactor.
        @param seed: prices and credentials follow from it.
        @param epoch: when the simulated world begins, in milliseconds since 1970.
        @param replay: by the name of a symbol, recorded prices to use in place of seeded ones.
        @param speed: simulated seconds in a second of the clock.
        @param settings: how the server behaves.
        @raise KeyError: if prices are given for a symbol that is not offered.
        """
        settings = settings or Settings()
        catalogue = Catalogue()
        timeline = Timeline(clock, epoch, speed)
        sources: dict[int, PriceSource] = {
            symbol.symbolId: SeededPrices(seed, symbol) for symbol in catalogue.symbols.values()
        }
        for name, source in (replay or {}).items():
            sources[catalogue.symbolNamed(name).symbolId] = source
        registry = Registry(Mint(seed), clock.seconds, settings.tokenLifetime)
        world.register(registry)
        return cls(
            clock,
            market=Market(clock, sources, timeline.now, speed=speed),
            timeline=timeline,
            registry=registry,
            catalogue=catalogue,
            accounts=world.openAccounts(catalogue, settings),
            settings=settings,
        )

    def start(self) -> None:
        """
        Let prices move, go on with the orders that were under way when it was stopped, and charge for the nights since.
        Starting twice does nothing.
        """
        if self._listening:
            return
        resumeOrders(self.venue)
        expireOrders(self.venue)
        chargeNights(self.venue)
        # Each on its own: what goes wrong with one is no reason that another misses a price.
        self._listening = (
            self.market.listen(self.feed.tell, self.feed.symbols),
            self.market.listen(self._trigger, partial(tradedSymbols, self.venue)),
            self.market.listen(self.valuations.tell, self.valuations.symbols),
        )
        self.market.start()

    def stop(self) -> None:
        """
        Let prices stand still, and forget what was to go wrong by itself. Connections stay as they are.
        """
        self.faults.stop()
        self.pause()

    def pause(self) -> None:
        """
        Let prices stand still. Connections stay as they are.
        """
        self.venue.stop()
        self.market.stop()
        for registration in self._listening:
            registration.stop()
        self._listening = ()
        self.feed.pause()

    def connectionsOf(self, application: Application) -> int:
        """
        Count an application's connections.

        @param application: the application.
        """
        return sum(connection.application is application for connection in self.connections)

    def disconnectAll(self) -> None:
        """
        Cut all connections.
        """
        for connection in list(self.connections):
            connection.abort()

    def publish(self, accountId: int, message: Message, clientMsgId: str | None = None) -> None:
        """
        Send an event to all connections on which an account is logged in.

        @param accountId: the account.
        @param message: the event.
        @param clientMsgId: the id of the request that caused it.
        """
        for connection in list(self.connections):
            if accountId in connection.sessions:
                connection.send(message, clientMsgId)

    def deposit(self, accountId: int, amount: int, *, note: str = "", kind: _Change = _Change.BALANCE_DEPOSIT) -> None:
        """
        Pay money into an account, as its broker does.

        @param accountId: the account.
        @param amount: in 1/100 of its deposit asset; more than 0.
        @param note: words for the user.
        @param kind: what it is paid for, one of the deposits of C{ProtoOAChangeBalanceType}.
        @raise ValueError: if the amount is not more than 0, or it is no kind of deposit.
        """
        checkFlow(kind, "BALANCE_DEPOSIT")
        if amount <= 0:
            raise ValueError(f"an amount of {amount} cannot be paid in: it must be more than 0")
        moveMoney(self.venue, self.venue.accounts[accountId], amount, kind, note)

    def withdraw(
        self, accountId: int, amount: int, *, note: str = "", kind: _Change = _Change.BALANCE_WITHDRAW
    ) -> None:
        """
        Pay money out of an account, as its broker does.

        @param accountId: the account.
        @param amount: in 1/100 of its deposit asset; more than 0, and no more than its balance.
        @param note: words for the user.
        @param kind: what it is paid for, one of the withdrawals of C{ProtoOAChangeBalanceType}.
        @raise ValueError: if there is no such amount in the account, or it is no kind of withdrawal.
        """
        checkFlow(kind, "BALANCE_WITHDRAW")
        account = self.venue.accounts[accountId]
        if not 0 < amount <= account.balance:
            raise ValueError(f"{amount / 100:.2f} cannot be paid out: the balance is {account.balance / 100:.2f}")
        moveMoney(self.venue, account, -amount, kind, note)

    def bonus(self, accountId: int, amount: int, *, introducingBrokerId: int | None = None, note: str = "") -> None:
        """
        Give an account a bonus, which counts as equity and is no money of its own, or take it back.

        @param accountId: the account.
        @param amount: in 1/100 of its deposit asset; negative for what is taken back.
        @param introducingBrokerId: the introducing broker whose bonus it is, if it is not the broker's own.
        @param note: words for the user.
        @raise ValueError: if the amount is 0, or more is taken back than there is.
        """
        account = self.venue.accounts[accountId]
        held = account.managerBonus if introducingBrokerId is None else account.ibBonus
        if not amount or held + amount < 0:
            raise ValueError(f"a bonus cannot change by {amount / 100:.2f}: it is {held / 100:.2f}")
        moveBonus(self.venue, account, amount, introducingBrokerId, note)

    def changeAccount(self, accountId: int, **changes: Any) -> None:
        """
        Change the terms of an account, as its broker does. Its sessions are told; those of an account that may not be
        logged in to any more are ended.

        @param accountId: the account.
        @param changes: new values for attributes of L{Terms}, such as C{leverageInCents=5_000}, C{swapFree=True} or
            C{accessRights}. The margins of open positions change with them.
        @raise ValueError: if it shall be an account for spread betting, which is not simulated.
        """
        account = self.venue.accounts[accountId]
        if changes.get("accountType") == ProtoOAAccountType.SPREAD_BETTING:
            raise ValueError("accounts for spread betting are not simulated")
        changeTerms(self.venue, account, attrs.evolve(account.terms, **changes))
        if account.terms.accessRights == ProtoOAAccessRights.NO_LOGIN:
            for connection in list(self.connections):
                if accountId in connection.sessions:
                    connection.endSession(accountId)

    def setPrice(self, symbolId: int, bid: int, ask: int) -> None:
        """
        Let a symbol have a price now. Quotes, orders, bars and history all go by it, and from then on the price moves
        as it would have moved, from there.

        @param symbolId: the symbol.
        @param bid: in 1/100000 of a price unit.
        @param ask: likewise; not below the bid.
        @raise ValueError: if the symbol cannot have such a price.
        """
        setPrice(self, symbolId, bid, ask)

    def limitLiquidity(self, symbolId: int, *volumes: int) -> None:
        """
        Say how much of an order in a symbol can be executed at once. What is left of the order then is cancelled, or
        stays in the book, and the next price finds as much again. Stop losses and take profits are executed whole.

        @param symbolId: the symbol.
        @param volumes: in 1/100 of a unit; each is one deal at most. None at all for nothing.
        """
        self.venue.liquidity[symbolId] = volumes

    def unlimitLiquidity(self, symbolId: int) -> None:
        """
        Let orders in a symbol be executed whole, as they are at first.

        @param symbolId: the symbol.
        """
        self.venue.liquidity.pop(symbolId, None)

    def changeSymbol(self, symbolId: int, **changes: Any) -> None:
        """
        Change the specification of a symbol, as the broker does. All sessions are told. Its prices stay as they are,
        and another process that begins where this one ended knows nothing of the change.

        @param symbolId: the symbol.
        @param changes: new values for attributes of L{SymbolSpec}, such as C{maxVolume=1_000_000}.
        @raise KeyError: if there is no such symbol.
        """
        self.catalogue.change(attrs.evolve(self.catalogue.symbols[symbolId], **changes))
        self._tellSymbols([symbolId])
        if self._listening:
            chargeNights(self.venue)

    def changeLeverage(self, leverageId: int, *tiers: tuple[int, int]) -> None:
        """
        Change a table of dynamic leverage, as the broker does. All sessions are told that its symbols have changed, and
        of the margins that change with it. Another process that begins where this one ended knows nothing of it.

        @param leverageId: the table.
        @param tiers: pairs of an exposure in US cents and the leverage up to it, ascending.
        @raise KeyError: if there is no such table.
        """
        self._tellSymbols(
            self.catalogue.changeLeverage(attrs.evolve(self.catalogue.leverages[leverageId], tiers=tiers))
        )
        for account in self.venue.accounts.values():
            tellMargins(self.venue, account, countMargins(self.venue, account))
        self.changed()

    def forget(self, connection: ServerProtocol, accountId: int | None = None) -> None:
        """
        Drop what a connection has subscribed to.

        @param connection: the connection.
        @param accountId: the account whose subscriptions end; L{None} for all.
        """
        self.feed.forget(connection, accountId)
        self.valuations.forget(connection, accountId)

    def give(self, userId: int, *accountIds: int, mayTrade: bool = True, application: str = "standard") -> Grant:
        """
        Let a user grant an application access, as on the page for that.

        @param userId: the user.
        @param accountIds: the accounts; all of the user's if none is given.
        @param mayTrade: whether it allows trading, or only looking.
        @param application: which application, as the simulator calls it.
        @return: the grant, with its tokens.
        """
        clientId = self.registry.applicationNamed(application).clientId
        return giveAccess(self, clientId, userId, accountIds or self.registry.users[userId], mayTrade=mayTrade)

    def revoke(self, *grants: Grant | Secret, reason: str = "Access token was revoked") -> None:
        """
        Take access away, as its user does: both tokens are dead, and what was opened with them is ended. A grant that
        the simulator began with has new tokens then, in the registry and in C{simulator.json}; others are gone.

        @param grants: the grants, or their present access tokens.
        @param reason: what clients are told.
        @raise KeyError: if there is no grant with such a token.
        """
        found = [self.registry.grantWith(each) if isinstance(each, Secret) else each for each in grants]
        revokeAccess(self, found, reason)

    def expireTokens(self, *grants: Grant) -> None:
        """
        Let access tokens end now, which shows at their next use: sessions stay, and refresh tokens stay good.

        @param grants: whose tokens; of all grants if none is given.
        """
        expireAccess(self, grants or tuple(self.registry.grants))

    def showCertificate(self, kind: CertificateKind) -> None:
        """
        Let the server show another certificate to new connections. In memory, where there is no TLS, nothing happens.

        @param kind: what is right or wrong with it.
        """
        self._call(partial(listener, kind) for listener in self.onCertificate)

    def credentialsChanged(self) -> None:
        """
        Say that tokens were made or replaced. Whoever is told of them must find them good after any kind of restart.
        """
        self._call(self.onCredentials)

    def changed(self) -> None:
        """
        Say that something changed which should outlive the process.
        """
        self.market.look()
        self._call(self.onChange)

    def _tellSymbols(self, symbolIds: Iterable[int]) -> None:
        for accountId in self.venue.accounts:
            self.publish(accountId, ProtoOASymbolChangedEvent(ctidTraderAccountId=accountId, symbolId=symbolIds))

    def _call(self, listeners: Iterable[Callable[[], None]]) -> None:
        for listener in tuple(listeners):
            try:
                listener()
            except Exception:
                self._log.failure("The listener {listener} failed", listener=listener)

    def _trigger(self, symbolId: int, tick: Tick) -> None:
        trigger(self.venue, symbolId, tick)
