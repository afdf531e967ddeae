"""
What a case works with: connections that are logged in as far as it wants, and a place for what it finds out.
"""

from __future__ import annotations

from random import Random
from typing import Any, NoReturn

from attrs import define, field, frozen
from google.protobuf.message import Message
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import ConfigurationError, ConnectFailed
from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthReq,
    ProtoOAAccountAuthRes,
    ProtoOAAccountType,
    ProtoOAApplicationAuthReq,
    ProtoOAApplicationAuthRes,
    ProtoOAGetAccountListByAccessTokenReq,
    ProtoOAGetAccountListByAccessTokenRes,
    ProtoOASymbolByIdReq,
    ProtoOASymbolByIdRes,
    ProtoOASymbolsListReq,
    ProtoOASymbolsListRes,
    ProtoOATraderReq,
    ProtoOATraderRes,
)
from ctrader_twisted.secret import Secret
from ctrader_twisted.testing.contract.link import Broken, Link, codeOf, nameOf
from ctrader_twisted.testing.contract.pace import Pace
from ctrader_twisted.testing.contract.subject import Subject
from ctrader_twisted.wire.reasons import explain

__all__ = ["Bench", "Observation", "Undecided", "World", "demand", "expect", "undecided"]

_PATIENCE = 30.0
_LOOKED_AT = 20


class Undecided(Exception):
    """
    A case cannot find out what it is for; the words say why.
    """


def undecided(why: str) -> NoReturn:
    """
    Give a case up.

    @param why: why it cannot find anything out.
    @raise Undecided: always.
    """
    raise Undecided(why)


def demand(holds: object, words: str) -> None:
    """
    Demand what must hold on any server.

    @param holds: whether it does.
    @param words: what is the case if it does not.
    @raise Broken: if it does not.
    """
    if not holds:
        raise Broken(words)


def expect(answer: Any, kind: type[Message], code: str = "") -> Any:
    """
    Demand an answer.

    @param answer: what came.
    @param kind: the class that it must be of.
    @param code: the error code that it must carry.
    @return: the answer.
    @raise Broken: if it is another one.
    """
    wanted = f"{kind.DESCRIPTOR.name.removeprefix('ProtoOA')} {code}".strip()
    seen = f"{nameOf(answer)} {codeOf(answer)}".strip()
    demand(isinstance(answer, kind) and (not code or codeOf(answer) == code), f"{seen} came, and not {wanted}")
    return answer


@frozen
class Observation:
    """
    What a case has seen of an entry of the ledger.

    @ivar entryId: the entry.
    @ivar value: the value of the entry's switch under which a simulator does the same; L{None} if it is none that can
        be named.
    @ivar agrees: whether the server does what the ledger says.
    @ivar words: what was seen.
    """

    entryId: str
    value: Any
    agrees: bool
    words: str


@define
class World:
    """
    What all cases know of the server.

    @ivar subject: the server.
    @ivar accountId: the account that is used.
    @ivar label: marks the orders of the suite.
    @ivar nettedId: a netted demo account that may be used; L{None} if there is none.
    @ivar otherId: another demo account that may be used; L{None} if there is none.
    @ivar strangeId: an account of the other host; L{None} if none is known.
    @ivar lights: all symbols, short.
    @ivar symbols: some symbols, with everything.
    @ivar spare: pairs of tokens that may be used up; the last one is good.
    """

    subject: Subject
    accountId: int
    label: str
    spare: list[TokenPair]
    nettedId: int | None = None
    otherId: int | None = None
    strangeId: int | None = None
    lights: list[Any] = field(factory=list)
    symbols: list[Any] = field(factory=list)

    @property
    def symbol(self) -> Any:
        """
        The symbol that is used.
        """
        if not self.symbols:
            undecided("the account has no symbol that is enabled")
        return self.symbols[0]


class Bench:
    """
    Serves one case.

    @ivar clock: the reactor.
    @ivar world: what is known of the server.
    @ivar observations: what the case has found out.
    @ivar links: its connections.
    @ivar opened: for each account by id, the newest connection on which it is logged in.
    """

    def __init__(self, clock: IReactorTime, subject: Subject, pace: Pace, randomness: Random) -> None:
        """
        @param clock: the reactor.
        @param subject: the server.
        @param pace: keeps the requests within the limits of the server.
        @param randomness: for ids that no other client uses.
        """
        self.clock = clock
        self.subject = subject
        self.observations: list[Observation] = []
        self.links: list[Link] = []
        self.opened: dict[int, Link] = {}
        self._pace = pace
        self._randomness = randomness
        self.world: World

    def decide(self, entryId: str, value: Any, *, default: Any = True, agrees: bool | None = None, words: str) -> None:
        """
        Note what was seen.

        @param entryId: the entry of the ledger.
        @param value: the value of its switch under which a simulator does the same; L{None} if it is none that can be
            named.
        @param default: the value that the ledger says.
        @param agrees: whether the server does what the ledger says, if the value does not tell.
        @param words: what was seen; nothing secret, and no number of an account.
        """
        same = value == default if agrees is None else agrees
        self.observations.append(Observation(entryId, value, same, words))

    async def connect(self) -> Link:
        """
        Make a connection.

        @return: the connection, not logged in.
        @raise CTraderError: if none comes about.
        """
        link = Link(self.clock, self._pace, self._randomness)
        factory = Factory.forProtocol(lambda: link)
        factory.noisy = False

        def late(result: object, seconds: float) -> NoReturn:
            raise ConnectFailed(f"the host does not answer within {seconds:g} s")

        try:
            await self.subject.endpoint.connect(factory).addTimeout(_PATIENCE, self.clock, late)
        except (CancelledError, ConnectFailed):
            raise
        except Exception:
            raise explain(Failure()) from None  # type: ignore[no-untyped-call]
        self.links.append(link)
        return link

    async def logIn(self, link: Link, application: Application | None = None, *, secret: str | None = None) -> Any:
        """
        Log an application in.

        @param link: a connection.
        @param application: the application; by default the subject's.
        @param secret: replaces its secret.
        @return: the answer.
        """
        chosen = application or self.subject.application
        words = chosen.clientSecret.reveal() if secret is None else secret
        return await link.ask(ProtoOAApplicationAuthReq(clientId=chosen.clientId, clientSecret=words))

    async def application(self) -> Link:
        """
        Make a connection on which the application is logged in.
        """
        link = await self.connect()
        expect(await self.logIn(link), ProtoOAApplicationAuthRes)
        return link

    async def open(self, link: Link, accountId: int | None = None, token: Secret | None = None) -> Any:
        """
        Log an account in.

        @param link: a connection on which the application is logged in.
        @param accountId: the account; by default the one that is used.
        @param token: the access token; by default the subject's.
        @return: the answer.
        """
        chosen = self.world.accountId if accountId is None else accountId
        words = (token or self.subject.accessToken).reveal()
        return await link.ask(ProtoOAAccountAuthReq(ctidTraderAccountId=chosen, accessToken=words))

    async def account(self, accountId: int | None = None, token: Secret | None = None) -> Link:
        """
        Make a connection on which an account is logged in.

        @param accountId: the account; by default the one that is used.
        @param token: the access token; by default the subject's.
        """
        link = await self.application()
        expect(await self.open(link, accountId, token), ProtoOAAccountAuthRes)
        if token is None:
            self.opened[self.world.accountId if accountId is None else accountId] = link
        return link

    async def look(self) -> World:
        """
        Find out what all cases have to know.

        @return: the world, which the bench has then.
        @raise ConfigurationError: if there is no demo account to use.
        """
        link = await self.application()
        answer = await link.ask(ProtoOAGetAccountListByAccessTokenReq(accessToken=self.subject.accessToken.reveal()))
        expect(answer, ProtoOAGetAccountListByAccessTokenRes)
        accountId = _chosen(answer.ctidTraderAccount, self.subject.accountId)
        spare = [] if self.subject.spare is None else [self.subject.spare]
        label = f"contract-{self._randomness.getrandbits(40):010x}"
        self.world = World(self.subject, accountId, label, spare)
        expect(await self.open(link), ProtoOAAccountAuthRes)
        await self._lookAtAccounts(link, answer.ctidTraderAccount)
        listed = await link.ask(ProtoOASymbolsListReq(ctidTraderAccountId=accountId))
        self.world.lights = list(expect(listed, ProtoOASymbolsListRes).symbol)
        enabled = sorted((each for each in self.world.lights if each.enabled), key=_preference)[:_LOOKED_AT]
        if enabled:
            request = ProtoOASymbolByIdReq(ctidTraderAccountId=accountId, symbolId=[each.symbolId for each in enabled])
            found = {each.symbolId: each for each in expect(await link.ask(request), ProtoOASymbolByIdRes).symbol}
            self.world.symbols = [found[each.symbolId] for each in enabled if each.symbolId in found]
        return self.world

    async def _lookAtAccounts(self, link: Link, accounts: Any) -> None:
        world = self.world
        if await self._isNetted(link, world.accountId):
            world.nettedId = world.accountId
        if not self.subject.isSimulated:
            return
        for each in accounts:
            accountId = int(each.ctidTraderAccountId)
            if each.isLive:
                world.strangeId = world.strangeId or accountId
            elif accountId != world.accountId:
                expect(await self.open(link, accountId), ProtoOAAccountAuthRes)
                if await self._isNetted(link, accountId):
                    world.nettedId = world.nettedId or accountId
                else:
                    world.otherId = world.otherId or accountId

    async def _isNetted(self, link: Link, accountId: int) -> bool:
        answer = expect(await link.ask(ProtoOATraderReq(ctidTraderAccountId=accountId)), ProtoOATraderRes)
        return bool(answer.trader.accountType == ProtoOAAccountType.NETTED)

    async def close(self) -> None:
        """
        End all connections, and wait until they have.
        """
        for link in self.links:
            link.close()
        for link in self.links:
            if not await link.ended(_PATIENCE / 6):
                link.abort()


def _chosen(accounts: Any, wanted: int | None) -> int:
    demos = [int(each.ctidTraderAccountId) for each in accounts if not each.isLive]
    if wanted is None and len(demos) == 1:
        return demos[0]
    if wanted in demos:
        return wanted
    if wanted is None:
        words = "several demo accounts; name the one to use" if demos else "no demo account"
        raise ConfigurationError(f"the access token covers {words}")
    raise ConfigurationError("the account that was named is not a demo account that the access token covers")


def _preference(symbol: Any) -> tuple[bool, int]:
    return not symbol.symbolName.startswith("EURUSD"), symbol.symbolId
