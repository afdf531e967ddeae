"""
What tokens tell, what happens when they are refreshed, and logging out.
"""

from __future__ import annotations

from twisted.internet.task import Clock

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
from ctrader_twisted.simulator.world import EUR_ACCOUNT, LIVE_ACCOUNT, NETTED_ACCOUNT, USD_ACCOUNT
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
