"""
Logging in to the simulator, and everything that can be refused on the way.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.framing import Envelope, encodeEnvelope
from ctrader_twisted.schema import payloadType
from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthReq,
    ProtoOAAccountAuthRes,
    ProtoOAAccountDisconnectEvent,
    ProtoOAAccountLogoutReq,
    ProtoOAAccountLogoutRes,
    ProtoOAAccountsTokenInvalidatedEvent,
    ProtoOAApplicationAuthReq,
    ProtoOAApplicationAuthRes,
    ProtoOAClientPermissionScope,
    ProtoOAErrorRes,
    ProtoOAGetAccountListByAccessTokenReq,
    ProtoOAGetCtidProfileByTokenReq,
    ProtoOANewOrderReq,
    ProtoOAOrderType,
    ProtoOARefreshTokenReq,
    ProtoOARefreshTokenRes,
    ProtoOASpotEvent,
    ProtoOATraderReq,
    ProtoOATraderRes,
    ProtoOATradeSide,
    ProtoOAVersionReq,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import EUR_ACCOUNT, LIVE_ACCOUNT, USD_ACCOUNT
from test.rawclient import RawClient


class _WithExchange(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.exchange = Exchange.default(self.clock)

    def tearDown(self) -> None:
        for connection in list(self.exchange.connections):
            connection.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def token(self, grant: str = "trade") -> str:
        return self.exchange.registry.grantNamed(grant).accessToken.reveal()

    def refused(self, client: RawClient, request: Message, code: str, description: str | None = None) -> Any:
        answer = client.ask(request)
        self.assertIsInstance(answer, ProtoOAErrorRes)
        self.assertEqual(answer.errorCode, code)
        if description is not None:
            self.assertEqual(answer.description, description)
        return answer


class ApplicationLoginTests(_WithExchange):
    """
    The first login.
    """

    def test_accepted(self) -> None:
        """
        With the right secret the application is logged in, and the answer is empty.
        """
        answer = RawClient(self.exchange).logInApplication()
        self.assertIsInstance(answer, ProtoOAApplicationAuthRes)
        self.assertEqual(answer.ByteSize(), 0)

    def test_wrongSecret(self) -> None:
        """
        A wrong secret is refused in the server's words, and leaves the connection where it was.
        """
        clientId = self.exchange.registry.applicationNamed("standard").clientId
        client = RawClient(self.exchange)
        self.refused(
            client,
            ProtoOAApplicationAuthReq(clientId=clientId, clientSecret="guess"),
            "CH_CLIENT_AUTH_FAILURE",
            "clientId or clientSecret is incorrect",
        )
        self.assertIsInstance(client.logInApplication(), ProtoOAApplicationAuthRes)

    def test_unknownApplication(self) -> None:
        """
        A client id that is not known is refused like a wrong secret.
        """
        self.refused(
            RawClient(self.exchange),
            ProtoOAApplicationAuthReq(clientId="nobody", clientSecret="guess"),
            "CH_CLIENT_AUTH_FAILURE",
            "clientId or clientSecret is incorrect",
        )

    def test_inactive(self) -> None:
        """
        An application that is not approved yet is refused although its secret is right.
        """
        answer = RawClient(self.exchange).logInApplication("inactive")
        self.assertEqual(answer.errorCode, "CH_CLIENT_AUTH_FAILURE")
        self.assertEqual(answer.description, "OA client is not in active state")

    def test_twice(self) -> None:
        """
        A second login on a connection is refused.
        """
        client = RawClient(self.exchange)
        client.logInApplication()
        self.assertEqual(client.logInApplication().errorCode, "CH_CLIENT_ALREADY_AUTHENTICATED")

    def test_tooManyConnections(self) -> None:
        """
        One connection more than the limit is refused, and there is room again when another has ended.
        """
        self.exchange = Exchange.default(self.clock, settings=Settings(maxConnections=2))
        first, second, third = (RawClient(self.exchange) for _ in range(3))
        first.logInApplication()
        second.logInApplication()
        self.assertEqual(third.logInApplication().errorCode, "CONNECTIONS_LIMIT_EXCEEDED")
        first.lose()
        self.assertIsInstance(third.logInApplication(), ProtoOAApplicationAuthRes)

    def test_nothingBefore(self) -> None:
        """
        Before the application's login everything but the version is refused.
        """
        client = RawClient(self.exchange)
        for request in (
            ProtoOAAccountAuthReq(ctidTraderAccountId=USD_ACCOUNT, accessToken=self.token()),
            ProtoOAGetAccountListByAccessTokenReq(accessToken=self.token()),
            ProtoOARefreshTokenReq(refreshToken="any"),
            ProtoOATraderReq(ctidTraderAccountId=USD_ACCOUNT),
        ):
            self.refused(client, request, "CH_CLIENT_NOT_AUTHENTICATED")
        self.assertEqual(client.ask(ProtoOAVersionReq()).version, "91")


class AccountLoginTests(_WithExchange):
    """
    The login of accounts.
    """

    def setUp(self) -> None:
        super().setUp()
        self.client = RawClient(self.exchange)
        self.client.logInApplication()
        self.client.received()

    def test_accepted(self) -> None:
        """
        The answer names the account and nothing else.
        """
        answer = self.client.logIn()
        self.assertEqual(answer, ProtoOAAccountAuthRes(ctidTraderAccountId=USD_ACCOUNT))

    def test_unknownToken(self) -> None:
        """
        A token that was never given is refused.
        """
        self.refused(
            self.client,
            ProtoOAAccountAuthReq(ctidTraderAccountId=USD_ACCOUNT, accessToken="guess"),
            "CH_ACCESS_TOKEN_INVALID",
        )

    def test_expiredToken(self) -> None:
        """
        A token whose time is over is refused with a code of its own.
        """
        self.assertEqual(self.client.logIn(grant="expired").errorCode, "OA_AUTH_TOKEN_EXPIRED")

    def test_expiresInTime(self) -> None:
        """
        A token is good until its lifetime is over and no longer.
        """
        self.exchange.registry.grantNamed("trade").expires = 10.0
        self.clock.advance(9.999)
        self.assertIsInstance(self.client.logIn(), ProtoOAAccountAuthRes)
        self.clock.advance(0.001)
        self.assertEqual(self.client.logIn(EUR_ACCOUNT).errorCode, "OA_AUTH_TOKEN_EXPIRED")

    def test_traderLoginInPlaceOfTheId(self) -> None:
        """
        The number that users know an account by is not its id.
        """
        self.assertEqual(self.client.logIn(5_000_001).errorCode, "CH_CTID_TRADER_ACCOUNT_NOT_FOUND")

    def test_accountNotCovered(self) -> None:
        """
        An account that exists is refused if the token does not cover it.
        """
        self.exchange.registry.grantNamed("view").accountIds = (USD_ACCOUNT,)
        answer = self.client.logIn(EUR_ACCOUNT, "view")
        self.assertEqual(answer.errorCode, "CH_CTID_TRADER_ACCOUNT_NOT_FOUND")

    def test_wrongHost(self) -> None:
        """
        A live account cannot be reached on the demo host, nor a demo account on the live host.
        """
        answer = self.client.logIn(LIVE_ACCOUNT)
        self.assertEqual((answer.errorCode, answer.description), ("CANT_ROUTE_REQUEST", "Cannot route request"))
        live = RawClient(self.exchange, isLiveHost=True)
        self.assertEqual(live.logIn(USD_ACCOUNT).errorCode, "CANT_ROUTE_REQUEST")
        self.assertIsInstance(live.logIn(LIVE_ACCOUNT), ProtoOAAccountAuthRes)

    def test_twice(self) -> None:
        """
        A second login of an account on one connection is refused in the server's words.
        """
        self.client.logIn()
        answer = self.client.logIn()
        self.assertEqual(answer.errorCode, "ALREADY_LOGGED_IN")
        self.assertEqual(answer.description, "Trading account is already authorized in this channel")

    def test_twoConnections(self) -> None:
        """
        An account can be logged in on two connections at once.
        """
        self.client.logIn()
        self.assertIsInstance(RawClient(self.exchange).logIn(), ProtoOAAccountAuthRes)
        self.assertIsInstance(self.client.ask(ProtoOATraderReq(ctidTraderAccountId=USD_ACCOUNT)), ProtoOATraderRes)

    def test_notLoggedIn(self) -> None:
        """
        A request for an account that is not logged in here is an invalid request, with the server's words for it.
        """
        self.client.logIn(EUR_ACCOUNT)
        answer = self.refused(
            self.client,
            ProtoOATraderReq(ctidTraderAccountId=USD_ACCOUNT),
            "INVALID_REQUEST",
            "Trading account is not authorized",
        )
        self.assertEqual(answer.ctidTraderAccountId, USD_ACCOUNT)

    def test_viewOnly(self) -> None:
        """
        With a token for looking only, trading is refused and everything else is allowed.
        """
        self.client.logIn(grant="view")
        order = ProtoOANewOrderReq(
            ctidTraderAccountId=USD_ACCOUNT,
            symbolId=1,
            orderType=ProtoOAOrderType.MARKET,
            tradeSide=ProtoOATradeSide.BUY,
            volume=100_000,
        )
        answer = self.refused(self.client, order, "INVALID_REQUEST")
        self.assertIn("permission to trade", answer.description)
        trader = self.client.ask(ProtoOATraderReq(ctidTraderAccountId=USD_ACCOUNT)).trader
        self.assertEqual((trader.balance, trader.moneyDigits, trader.leverageInCents), (1_000_000, 2, 10_000))

    def test_missingField(self) -> None:
        """
        A request without a required field is refused with the field's name, and the connection goes on.
        """
        number = payloadType(ProtoOAAccountAuthReq)
        self.client.protocol.dataReceived(encodeEnvelope(Envelope(number, b"\x10\x01", "half")))
        [(answer, clientMsgId)] = self.client.received()
        self.assertEqual(clientMsgId, "half")
        self.assertEqual(answer.errorCode, "INVALID_REQUEST")
        self.assertEqual(answer.description, "Message missing required fields: accessToken")
        self.assertIsInstance(self.client.logIn(), ProtoOAAccountAuthRes)


class TokenTests(_WithExchange):
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
            [(USD_ACCOUNT, False, 5_000_001), (EUR_ACCOUNT, False, 5_000_002), (LIVE_ACCOUNT, True, 9_000_001)],
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


class LogoutTests(_WithExchange):
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
