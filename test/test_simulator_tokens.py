"""
What tokens tell, what happens when they are refreshed or revoked, and logging out.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthReq,
    ProtoOAAccountAuthRes,
    ProtoOAAccountDisconnectEvent,
    ProtoOAAccountLogoutReq,
    ProtoOAAccountLogoutRes,
    ProtoOAAccountsTokenInvalidatedEvent,
    ProtoOAClientPermissionScope,
    ProtoOAGetAccountListByAccessTokenReq,
    ProtoOAGetCtidProfileByTokenReq,
    ProtoOARefreshTokenReq,
    ProtoOARefreshTokenRes,
    ProtoOASpotEvent,
    ProtoOATraderReq,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.registry import Grant
from ctrader_twisted.simulator.settings import RotationMoment, RotationOrder, Settings
from ctrader_twisted.simulator.world import (
    EUR_ACCOUNT,
    LIVE_ACCOUNT,
    NETTED_ACCOUNT,
    SECOND_ACCOUNT,
    SECOND_USER,
    USD_ACCOUNT,
    USER,
)
from test.exchangecase import ExchangeCase
from test.rawclient import RawClient


class TokenTests(ExchangeCase):
    """
    What tokens tell, and what happens when they are refreshed.
    """

    def setUp(self) -> None:
        super().setUp()
        self.client = RawClient(self.exchange)
        self.client.logInApplication()

    def test_accountList(self) -> None:
        """
        The list has all accounts of the token, live and demo, and the token's permission.
        """
        answer = self.client.ask(ProtoOAGetAccountListByAccessTokenReq(accessToken=self.token()))
        self.assertEqual(answer.accessToken, self.token())
        self.assertEqual(answer.permissionScope, ProtoOAClientPermissionScope.SCOPE_TRADE)
        self.assertEqual(
            [(each.ctidTraderAccountId, each.isLive, each.traderLogin) for each in answer.ctidTraderAccount],
            [
                (USD_ACCOUNT, False, 5_000_001),
                (EUR_ACCOUNT, False, 5_000_002),
                (LIVE_ACCOUNT, True, 9_000_001),
                (NETTED_ACCOUNT, False, 5_000_004),
            ],
        )
        view = self.client.ask(ProtoOAGetAccountListByAccessTokenReq(accessToken=self.token("view")))
        self.assertEqual(view.permissionScope, ProtoOAClientPermissionScope.SCOPE_VIEW)
        self.assertTrue(view.HasField("permissionScope"))

    def test_profile(self) -> None:
        """
        The profile holds the user's id.
        """
        answer = self.client.ask(ProtoOAGetCtidProfileByTokenReq(accessToken=self.token()))
        self.assertEqual(answer.profile.userId, 7_001)

    def test_badTokens(self) -> None:
        """
        Unknown and expired tokens are refused by the account list and the profile.
        """
        for kind in (ProtoOAGetAccountListByAccessTokenReq, ProtoOAGetCtidProfileByTokenReq):
            self.refused(self.client, kind(accessToken="guess"), "CH_ACCESS_TOKEN_INVALID")
            self.refused(self.client, kind(accessToken=self.token("expired")), "OA_AUTH_TOKEN_EXPIRED")

    def test_otherApplication(self) -> None:
        """
        Tokens are of no use to another application than the one that they were given to.
        """
        registry = self.exchange.registry
        grant = registry.give("1002_other", USER, (USD_ACCOUNT,), mayTrade=True)
        login = ProtoOAAccountAuthReq(ctidTraderAccountId=USD_ACCOUNT, accessToken=grant.accessToken.reveal())
        self.refused(self.client, login, "CH_ACCESS_TOKEN_INVALID")
        refresh = ProtoOARefreshTokenReq(refreshToken=grant.refreshToken.reveal())
        self.refused(self.client, refresh, "CH_ACCESS_TOKEN_INVALID")

    def test_rotation(self) -> None:
        """
        A refresh gives a new pair, then ends the sessions of the old token, wherever they are, and no others.
        """
        other, viewer = RawClient(self.exchange), RawClient(self.exchange)
        self.client.logIn(USD_ACCOUNT)
        self.client.logIn(EUR_ACCOUNT)
        other.logIn(USD_ACCOUNT)
        viewer.logIn(USD_ACCOUNT, "view")
        for each in (self.client, other, viewer):
            each.received()
        old = self.token()
        refreshToken = self.exchange.registry.grantNamed("trade").refreshToken.reveal()
        self.client.send(ProtoOARefreshTokenReq(refreshToken=refreshToken), "r")
        answer, ended, *disconnects = self.client.messages()
        self.assertIsInstance(answer, ProtoOARefreshTokenRes)
        self.assertEqual((answer.accessToken, answer.tokenType, answer.expiresIn), (self.token(), "bearer", 2_628_000))
        self.assertNotEqual(answer.accessToken, old)
        self.assertNotEqual(answer.refreshToken, refreshToken)
        self.assertIsInstance(ended, ProtoOAAccountsTokenInvalidatedEvent)
        self.assertEqual(list(ended.ctidTraderAccountIds), [USD_ACCOUNT, EUR_ACCOUNT])
        self.assertEqual(
            disconnects,
            [ProtoOAAccountDisconnectEvent(ctidTraderAccountId=each) for each in (USD_ACCOUNT, EUR_ACCOUNT)],
        )
        self.assertEqual(
            [type(each) for each in other.messages()],
            [ProtoOAAccountsTokenInvalidatedEvent, ProtoOAAccountDisconnectEvent],
        )
        self.assertEqual(viewer.messages(), [])
        self.assertIsInstance(self.client.logIn(), ProtoOAAccountAuthRes)
        self.refused(
            self.client,
            ProtoOAAccountAuthReq(ctidTraderAccountId=EUR_ACCOUNT, accessToken=old),
            "CH_ACCESS_TOKEN_INVALID",
        )

    def test_refreshTokenIsGoodOnce(self) -> None:
        """
        A refresh token that was used is refused, and the pair that it bought stays good.
        """
        refreshToken = self.exchange.registry.grantNamed("trade").refreshToken.reveal()
        self.client.ask(ProtoOARefreshTokenReq(refreshToken=refreshToken))
        self.refused(self.client, ProtoOARefreshTokenReq(refreshToken=refreshToken), "CH_ACCESS_TOKEN_INVALID")
        self.assertIsInstance(self.client.logIn(), ProtoOAAccountAuthRes)

    def test_sameSeedSameCredentials(self) -> None:
        """
        Credentials follow from the seed.
        """
        again, other = Exchange.default(Clock()), Exchange.default(Clock(), seed=1)
        self.assertEqual(again.registry.grantNamed("trade").accessToken.reveal(), self.token())
        self.assertNotEqual(other.registry.grantNamed("trade").accessToken.reveal(), self.token())

    def test_nothingPrintsSecrets(self) -> None:
        """
        Neither grants nor applications show their secrets when they are printed.
        """
        registry = self.exchange.registry
        printed = repr((registry.grants, registry.applications))
        self.assertNotIn(self.token(), printed)
        self.assertNotIn(registry.applicationNamed("standard").clientSecret.reveal(), printed)


class LogoutTests(ExchangeCase):
    """
    The end of an account's session.
    """

    def test_logout(self) -> None:
        """
        The answer comes first, then the event; then the account is logged out and can log in again.
        """
        client = RawClient(self.exchange)
        client.logIn()
        client.received()
        client.send(ProtoOAAccountLogoutReq(ctidTraderAccountId=USD_ACCOUNT), "bye")
        self.assertEqual(
            client.received(),
            [
                (ProtoOAAccountLogoutRes(ctidTraderAccountId=USD_ACCOUNT), "bye"),
                (ProtoOAAccountDisconnectEvent(ctidTraderAccountId=USD_ACCOUNT), None),
            ],
        )
        self.refused(client, ProtoOATraderReq(ctidTraderAccountId=USD_ACCOUNT), "INVALID_REQUEST")
        self.exchange.publish(USD_ACCOUNT, ProtoOASpotEvent(ctidTraderAccountId=USD_ACCOUNT, symbolId=1))
        self.assertEqual(client.messages(), [])
        self.assertIsInstance(client.logIn(), ProtoOAAccountAuthRes)


class OrderTests(SynchronousTestCase):
    """
    In which order a client hears of a refresh over the protocol.
    """

    def kinds(self, **settings: Any) -> list[type[Message]]:
        """
        Refresh the tokens under two sessions.

        @return: what comes.
        """
        exchange = Exchange.default(Clock(), settings=Settings(**settings))
        client = RawClient(exchange)
        client.logIn(USD_ACCOUNT)
        client.logIn(EUR_ACCOUNT)
        client.received()
        client.send(ProtoOARefreshTokenReq(refreshToken=exchange.registry.grantNamed("trade").refreshToken.reveal()))
        client.lose()
        return [type(each) for each in client.messages()]

    def test_switches(self) -> None:
        """
        The invalidation comes before or after the ends of the sessions, and both before or after the answer.
        """
        answer, invalidated = ProtoOARefreshTokenRes, ProtoOAAccountsTokenInvalidatedEvent
        ends = [ProtoOAAccountDisconnectEvent] * 2
        early, late = RotationMoment.BEFORE_ANSWER, RotationOrder.DISCONNECTED_FIRST
        self.assertEqual(self.kinds(), [answer, invalidated, *ends])
        self.assertEqual(self.kinds(rotationOrder=late), [answer, *ends, invalidated])
        self.assertEqual(self.kinds(rotationMoment=early), [invalidated, *ends, answer])
        self.assertEqual(self.kinds(rotationOrder=late, rotationMoment=early), [*ends, invalidated, answer])


class WithoutLoginTests(SynchronousTestCase):
    """
    A refresh on a connection without an application's login.
    """

    def refresh(self, **settings: Any) -> Any:
        """
        @return: the answer.
        """
        exchange = Exchange.default(Clock(), settings=Settings(**settings))
        client = RawClient(exchange)
        refreshToken = exchange.registry.grantNamed("trade").refreshToken.reveal()
        answer = client.ask(ProtoOARefreshTokenReq(refreshToken=refreshToken))
        client.lose()
        return answer

    def test_switch(self) -> None:
        """
        It is refused, unless the settings say otherwise.
        """
        self.assertEqual(self.refresh().errorCode, "CH_CLIENT_NOT_AUTHENTICATED")
        self.assertIsInstance(self.refresh(refreshNeedsApplication=False), ProtoOARefreshTokenRes)


class AccessTests(ExchangeCase):
    """
    Access that ends, and access that is granted again.
    """

    def setUp(self) -> None:
        """
        Log in under two grants, one of which came later.
        """
        super().setUp()
        self.registry = self.exchange.registry
        self.grant = self.exchange.give(USER, USD_ACCOUNT, EUR_ACCOUNT)
        self.client, self.viewer = RawClient(self.exchange), RawClient(self.exchange)
        self.client.logInApplication()
        self.assertIsInstance(self.logIn(self.grant, EUR_ACCOUNT), ProtoOAAccountAuthRes)
        self.viewer.logIn(USD_ACCOUNT, "view")
        for each in (self.client, self.viewer):
            each.received()

    def logIn(self, grant: Grant, accountId: int) -> Any:
        """
        Log an account in.
        """
        token = grant.accessToken.reveal()
        return self.client.ask(ProtoOAAccountAuthReq(ctidTraderAccountId=accountId, accessToken=token))

    def assertEnded(self, reason: str) -> None:
        """
        Demand that the session of the later grant is ended, and the other one not.
        """
        invalidated = ProtoOAAccountsTokenInvalidatedEvent(ctidTraderAccountIds=[EUR_ACCOUNT], reason=reason)
        disconnected = ProtoOAAccountDisconnectEvent(ctidTraderAccountId=EUR_ACCOUNT)
        self.assertEqual(self.client.messages(), [invalidated, disconnected])
        self.assertEqual(self.viewer.messages(), [])

    def assertDead(self, accessToken: str, refreshToken: str) -> None:
        """
        Demand that a pair is good for nothing.
        """
        login = ProtoOAAccountAuthReq(ctidTraderAccountId=USD_ACCOUNT, accessToken=accessToken)
        self.refused(self.client, login, "CH_ACCESS_TOKEN_INVALID")
        self.refused(self.client, ProtoOARefreshTokenReq(refreshToken=refreshToken), "CH_ACCESS_TOKEN_INVALID")

    def test_revoke(self) -> None:
        """
        Both tokens are dead, the sessions are ended with a reason, others go on, and nothing is kept of the grant.
        """
        kept: list[bool] = []
        self.exchange.onCredentials.append(lambda: kept.append(EUR_ACCOUNT in self.client.protocol.sessions))
        self.exchange.revoke(self.grant, reason="gone")
        self.assertEqual(kept, [True])
        self.assertEnded("gone")
        self.assertDead(self.grant.accessToken.reveal(), self.grant.refreshToken.reveal())
        self.assertNotIn(self.grant, self.registry.grants)

    def test_revokeByToken(self) -> None:
        """
        Access can be named by its token, expired or not.
        """
        self.exchange.expireTokens(self.grant)
        self.exchange.revoke(self.grant.accessToken)
        self.assertEnded("Access token was revoked")
        self.assertRaises(KeyError, self.exchange.revoke, self.grant.accessToken)

    def test_revokeNamed(self) -> None:
        """
        A grant that the simulator's files name has other tokens then.
        """
        grant = self.registry.grantNamed("trade")
        old = grant.accessToken.reveal(), grant.refreshToken.reveal()
        self.exchange.revoke(grant)
        self.assertDead(*old)
        self.assertIsInstance(self.logIn(self.registry.grantNamed("trade"), USD_ACCOUNT), ProtoOAAccountAuthRes)

    def test_expire(self) -> None:
        """
        The access token ends, without a word to its sessions, and the refresh token buys another pair.
        """
        self.exchange.expireTokens(self.grant)
        self.assertEqual(self.client.messages(), [])
        login = ProtoOAAccountAuthReq(ctidTraderAccountId=USD_ACCOUNT, accessToken=self.grant.accessToken.reveal())
        self.refused(self.client, login, "OA_AUTH_TOKEN_EXPIRED")
        self.client.ask(ProtoOARefreshTokenReq(refreshToken=self.grant.refreshToken.reveal()))
        self.assertIsInstance(self.logIn(self.grant, USD_ACCOUNT), ProtoOAAccountAuthRes)

    def test_expireAll(self) -> None:
        """
        All access tokens can end at once.
        """
        self.clock.advance(10)
        self.exchange.expireTokens()
        self.assertEqual([grant.expires for grant in self.registry.grants], [10.0, 10.0, 0.0, 10.0])

    def test_users(self) -> None:
        """
        Another user grants access to other accounts; without a choice, to all of them.
        """
        grant = self.exchange.give(SECOND_USER, mayTrade=False)
        self.assertEqual((grant.accountIds, grant.mayTrade), ((SECOND_ACCOUNT,), False))
        self.assertIsInstance(self.logIn(grant, SECOND_ACCOUNT), ProtoOAAccountAuthRes)
        profile = self.client.ask(ProtoOAGetCtidProfileByTokenReq(accessToken=grant.accessToken.reveal()))
        self.assertEqual(profile.profile.userId, SECOND_USER)
        self.refused(
            self.client,
            ProtoOAAccountAuthReq(ctidTraderAccountId=SECOND_ACCOUNT, accessToken=self.token()),
            "CH_CTID_TRADER_ACCOUNT_NOT_FOUND",
        )

    def test_again(self) -> None:
        """
        Granting access again leaves earlier grants alone.
        """
        self.exchange.give(USER, USD_ACCOUNT)
        self.assertEqual(self.client.messages(), [])
        self.assertIsInstance(self.logIn(self.grant, USD_ACCOUNT), ProtoOAAccountAuthRes)


class ReplacedTests(ExchangeCase):
    """
    A server that lets a new grant end the earlier ones of the same user and application.
    """

    settings = Settings(grantsReplace=True)

    def test_replaced(self) -> None:
        """
        They are ended, and those of other users are not.
        """
        client = RawClient(self.exchange)
        client.logIn()
        client.received()
        old = self.token()
        other, first = self.exchange.give(SECOND_USER), self.exchange.give(USER)
        self.assertEqual(client.messages()[0].reason, "Access was granted again")
        self.assertNotEqual(self.token(), old)
        second = self.exchange.give(USER)
        self.assertNotIn(first, self.exchange.registry.grants)
        self.assertEqual(self.exchange.registry.grants[-2:], [other, second])


class LimitTests(ExchangeCase):
    """
    How many grants are kept.
    """

    settings = Settings(grantLimit=2)

    def test_oldestEnds(self) -> None:
        """
        Of one user's grants to an application the oldest ends, but none that the simulation began with.
        """
        own = self.token(), self.token("view")
        other = self.exchange.give(SECOND_USER)
        _, second, third = (self.exchange.give(USER) for _ in range(3))
        self.assertEqual((self.token(), self.token("view")), own)
        named, unnamed = self.exchange.registry.grants[:3], self.exchange.registry.grants[3:]
        self.assertEqual([grant.name for grant in named], ["trade", "view", "expired"])
        self.assertEqual(unnamed, [other, second, third])
