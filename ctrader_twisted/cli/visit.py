"""
One connection to a server for a few questions. Unlike a client it tries nothing again, so that what goes wrong is told
at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import NoReturn, TypeVar, cast

from attrs import evolve, frozen
from google.protobuf.message import Message
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from twisted.web.client import ResponseNeverReceived

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ApplicationRefused, ConnectFailed, CTraderError
from ctrader_twisted.profiles import Profile
from ctrader_twisted.requests import ApplicationRequests
from ctrader_twisted.schema.messages import ProtoOAClientPermissionScope
from ctrader_twisted.session.grants import AccountInfo
from ctrader_twisted.wire import OpenApiProtocol
from ctrader_twisted.wire.reasons import explain

__all__ = ["Granted", "authorise", "granted", "inTime", "visiting"]

_AnswerT = TypeVar("_AnswerT")

_PATIENCE = 30.0


class _Visitor:
    """
    Waits for the moment at which requests can be sent.
    """

    def __init__(self) -> None:
        self.secured: Deferred[None] = Deferred()

    def connectionOpened(self, protocol: OpenApiProtocol) -> None:
        pass

    def connectionSecured(self, protocol: OpenApiProtocol) -> None:
        self.secured.callback(None)

    def eventReceived(self, protocol: OpenApiProtocol, message: Message) -> None:
        pass

    def connectionBroken(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        pass

    def connectionEnded(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        if not self.secured.called:
            self.secured.errback(reason)


@asynccontextmanager
async def visiting(
    clock: IReactorTime, endpoint: IStreamClientEndpoint, randomness: Random
) -> AsyncIterator[OpenApiProtocol]:
    """
    Connect, and disconnect at the end of the block.

    @param clock: the reactor.
    @param endpoint: where to connect.
    @param randomness: for ids.
    @return: a context manager that gives the connection, with its certificate verified.
    @raise CTraderError: if no connection comes about, such as L{ConnectFailed} or L{CertificateRefused
        <ctrader_twisted.errors.CertificateRefused>}.
    """
    visitor = _Visitor()
    factory = Factory.forProtocol(lambda: OpenApiProtocol(clock, visitor, randomness=randomness))
    factory.noisy = False
    found = await inTime(endpoint.connect(factory), clock, _PATIENCE, "the host does not answer")
    protocol = cast(OpenApiProtocol, found)
    try:
        await inTime(visitor.secured, clock, _PATIENCE, "TLS is not established")
        yield protocol
    finally:
        await protocol.disconnect()


async def inTime(answer: Deferred[_AnswerT], clock: IReactorTime, seconds: float, words: str) -> _AnswerT:
    """
    Wait for something from the network.

    @param answer: what to wait for.
    @param clock: the reactor.
    @param seconds: how long.
    @param words: what is the case if it does not come.
    @return: what came.
    @raise CTraderError: if something else came, or nothing in time.
    """

    def late(result: object, seconds: float) -> NoReturn:
        raise ConnectFailed(f"{words} within {seconds:g} s")

    try:
        return await answer.addTimeout(seconds, clock, late)
    except CancelledError:
        raise
    except ResponseNeverReceived as error:
        raise explain(error.reasons[0]) from None
    except Exception:
        raise explain(Failure()) from None  # type: ignore[no-untyped-call]


async def authorise(requests: ApplicationRequests, profile: Profile) -> None:
    """
    Log the application of a profile in.

    @param requests: of the connection.
    @param profile: the profile.
    @raise ApplicationRefused: if its id or secret is wrong, with how to correct them.
    @raise ApplicationInactive: if it is not active yet.
    """
    clientId, clientSecret = profile.application.clientId, profile.application.clientSecret
    try:
        await requests.applicationAuth(clientId=clientId, clientSecret=clientSecret.reveal())
    except ApplicationRefused as error:
        anew = f"to give both anew: ctrader login --profile {profile.name} --client-id ID"
        raise ApplicationRefused(
            error.code, error.description, request=error.request, remedy=f"{error.remedy}; {anew}"
        ) from None


@frozen
class Granted:
    """
    What a pair of tokens is good for.

    @ivar pair: the pair, with its scope and the number of its cTID.
    @ivar accounts: the accounts that it gives access to.
    """

    pair: TokenPair
    accounts: tuple[AccountInfo, ...]


async def granted(requests: ApplicationRequests, pair: TokenPair) -> Granted:
    """
    Ask the server what a pair is good for.

    @param requests: of the connection, on which the application is logged in.
    @param pair: the pair.
    @return: what it is good for.
    @raise TokenRefused: if its access token is not good any more.
    """
    token = pair.accessToken.reveal()
    answer = await requests.getAccountListByAccessToken(accessToken=token)
    profile = (await requests.getCtidProfileByToken(accessToken=token)).profile
    canTrade = answer.permissionScope == ProtoOAClientPermissionScope.SCOPE_TRADE
    accounts = tuple(
        AccountInfo(each.ctidTraderAccountId, each.traderLogin, each.isLive, each.brokerTitleShort, canTrade)
        for each in answer.ctidTraderAccount
    )
    return Granted(evolve(pair, userId=profile.userId, scope="trading" if canTrade else "accounts"), accounts)
