"""
Logging in to the simulator, and everything that can be refused on the way.
"""

from __future__ import annotations

from ctrader_twisted.framing import Envelope, encodeEnvelope
from ctrader_twisted.schema import payloadType
from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthReq,
    ProtoOAAccountAuthRes,
    ProtoOAApplicationAuthReq,
    ProtoOAApplicationAuthRes,
    ProtoOAGetAccountListByAccessTokenReq,
    ProtoOANewOrderReq,
    ProtoOAOrderType,
    ProtoOARefreshTokenReq,
    ProtoOATraderReq,
    ProtoOATraderRes,
    ProtoOATradeSide,
    ProtoOAVersionReq,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import EUR_ACCOUNT, LIVE_ACCOUNT, USD_ACCOUNT
from test.exchangecase import ExchangeCase
from test.rawclient import RawClient


class ApplicationLoginTests(ExchangeCase):
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


class AccountLoginTests(ExchangeCase):
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
