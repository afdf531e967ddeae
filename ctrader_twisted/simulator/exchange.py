"""
The simulated exchange as a whole: who may use it, what it offers, and who is connected.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from google.protobuf.message import Message
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator import world
from ctrader_twisted.simulator.access import expireAccess, giveAccess, revokeAccess
from ctrader_twisted.simulator.broker import Broker
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
from ctrader_twisted.simulator.venue.execution import resumeOrders
from ctrader_twisted.simulator.venue.swaps import chargeNights
from ctrader_twisted.simulator.venue.triggers import expireOrders, trigger
from ctrader_twisted.simulator.venue.venue import Venue

if TYPE_CHECKING:
    from ctrader_twisted.simulator.connection import ServerProtocol

__all__ = ["Exchange"]


class Exchange(Broker):
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
        venue = Venue(
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
        feed = Feed(market, DepthFeed(catalogue, registry.mint.seed), timeline.now, tellsCloses=settings.sessionCloses)
        super().__init__(venue, feed)
        self.valuations = Valuations(self.venue)
        self.faults = Faults(self, registry.mint.seed)
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
        if self.isRunning:
            return
        self.isRunning = True
        resumeOrders(self.venue)
        expireOrders(self.venue)
        chargeNights(self.venue)
        self.valuations.resume()
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
        self.isRunning = False
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

    def _call(self, listeners: Iterable[Callable[[], None]]) -> None:
        for listener in tuple(listeners):
            try:
                listener()
            except Exception:
                self._log.failure("The listener {listener} failed", listener=listener)

    def _trigger(self, symbolId: int, tick: Tick) -> None:
        trigger(self.venue, symbolId, tick)
