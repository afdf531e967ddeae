"""
Tests of the errors: which class a server's code becomes, and what the messages say.
"""

from __future__ import annotations

import copy
import pickle

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import errors
from ctrader_twisted.errors import (
    AccountNotFound,
    AccountRefused,
    AlreadySo,
    ApplicationInactive,
    ApplicationRefused,
    Busy,
    CertificateRefused,
    ConfigurationError,
    ConnectFailed,
    ConnectionLost,
    CTraderError,
    HostNameRefused,
    IllegalValue,
    LoginNeeded,
    NotConnected,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    RequestRefused,
    RequestTimedOut,
    RetryLater,
    ServerError,
    SymbolNotFound,
    TokenRefused,
    TokensNotStored,
    TooManyRequests,
    UnderMaintenance,
    WrongHost,
    serverError,
)
from ctrader_twisted.schema.messages import ProtoErrorCode, ProtoOAErrorCode

CODES: dict[type[ServerError], str] = {
    RetryLater: "UNKNOWN_ERROR TIMEOUT_ERROR CANT_ROUTE_REQUEST CONNECTIONS_LIMIT_EXCEEDED CH_SERVER_NOT_REACHABLE",
    RateLimited: "BLOCKED_PAYLOAD_TYPE REQUEST_FREQUENCY_EXCEEDED",
    UnderMaintenance: "SERVER_IS_UNDER_MAINTENANCE",
    Busy: "CONCURRENT_MODIFICATION NO_QUOTES POSITION_LOCKED PENDING_EXECUTION",
    LoginNeeded: "ACCOUNT_NOT_AUTHORIZED CH_CLIENT_NOT_AUTHENTICATED NOT_SUBSCRIBED_TO_SPOTS",
    TokenRefused: "OA_AUTH_TOKEN_EXPIRED CH_ACCESS_TOKEN_INVALID",
    AlreadySo: "ALREADY_LOGGED_IN CH_CLIENT_ALREADY_AUTHENTICATED ALREADY_SUBSCRIBED NOT_SUBSCRIBED_TO_PNL",
    NotFound: "ENTITY_NOT_FOUND POSITION_NOT_FOUND ORDER_NOT_FOUND POSITION_NOT_OPEN",
    RequestRefused: "UNSUPPORTED_MESSAGE INVALID_REQUEST FRAME_TOO_LONG INCORRECT_BOUNDARIES CHANNEL_IS_BLOCKED",
    SymbolNotFound: "SYMBOL_NOT_FOUND UNKNOWN_SYMBOL",
    ApplicationRefused: "CH_CLIENT_AUTH_FAILURE CH_OA_CLIENT_NOT_FOUND",
    AccountRefused: "RET_ACCOUNT_DISABLED",
    AccountNotFound: "RET_NO_SUCH_LOGIN CH_CTID_TRADER_ACCOUNT_NOT_FOUND",
    OrderRejected: "MARKET_CLOSED WORSE_GSL_NOT_ALLOWED SYMBOL_HAS_HOLIDAY NOT_ENOUGH_MONEY MAX_EXPOSURE_REACHED"
    " TOO_MANY_POSITIONS TRADING_BAD_VOLUME TRADING_BAD_STOPS TRADING_BAD_PRICES TRADING_BAD_STAKE"
    " PROTECTION_IS_TOO_CLOSE_TO_MARKET TRADING_BAD_EXPIRATION_DATE TRADING_DISABLED TRADING_NOT_ALLOWED"
    " UNABLE_TO_CANCEL_ORDER UNABLE_TO_AMEND_ORDER SHORT_SELLING_NOT_ALLOWED",
}

SEEN: dict[type[ServerError], str] = {
    NotFound: "POSITION_NOT_FOUND_OR_NOT_OPENED ALREADY_CLOSED",
    OrderRejected: "NO_ENOUGH_MONEY_TO_OPEN_POSITION INVALID_STOPS_LEVEL",
    TokenRefused: "ACCESS_DENIED",
}

EXPECTED = {code: kind for kind, codes in CODES.items() for code in codes.split()}


class CodeTests(SynchronousTestCase):
    """
    Codes become classes.
    """

    def test_eachCodeOfTheSchema(self) -> None:
        """
        Each code of the schema becomes the class that says what to do about it.
        """
        self.assertEqual(set(EXPECTED), {*ProtoErrorCode.keys(), *ProtoOAErrorCode.keys()})
        for code, kind in EXPECTED.items():
            self.assertIs(type(serverError(code)), kind, code)

    def test_codesOutsideTheSchema(self) -> None:
        """
        Codes that are not in the schema but were seen become what they mean.
        """
        for kind, codes in SEEN.items():
            for code in codes.split():
                self.assertNotIn(code, EXPECTED)
                self.assertIs(type(serverError(code)), kind, code)

    @settings(deadline=None)
    @given(st.text(), st.text())
    def test_unknownCodes(self, code: str, description: str) -> None:
        """
        A code that nobody knows is kept, and is final.
        """
        error = serverError("X" + code, description)
        self.assertIs(type(error), RequestRefused)
        self.assertEqual((error.code, error.description), ("X" + code, description))

    def test_accountNotAuthorized(self) -> None:
        """
        A missing account login shows as a general refusal, and is known by its text.
        """
        for code in ("INVALID_REQUEST", "UNSUPPORTED_MESSAGE"):
            error = serverError(code, "Trading account is not authorized", request="ProtoOANewOrderReq")
            self.assertIs(type(error), LoginNeeded)

    def test_textAloneDecidesNothing(self) -> None:
        """
        The same text under another code does not ask for a login.
        """
        self.assertIs(type(serverError("MARKET_CLOSED", "Trading account is not authorized")), OrderRejected)

    def test_inactiveApplication(self) -> None:
        """
        An application that is not active yet is told from wrong credentials by its text, and may be tried later.
        """
        error = serverError("CH_CLIENT_AUTH_FAILURE", "OA client is not in active state")
        self.assertIs(type(error), ApplicationInactive)
        self.assertIsInstance(error, RetryLater)
        self.assertIn("three working days", str(error))

    def test_wrongHostOnlyAtAccountLogin(self) -> None:
        """
        An unroutable account login means the wrong host; any other unroutable request may work later.
        """
        login = serverError("CANT_ROUTE_REQUEST", "Cannot route request", request="ProtoOAAccountAuthReq", accountId=7)
        self.assertIs(type(login), WrongHost)
        other = serverError("CANT_ROUTE_REQUEST", "Cannot route request", request="ProtoOATraderReq", accountId=7)
        self.assertIs(type(other), RetryLater)

    def test_refusedTradingRequests(self) -> None:
        """
        A trading request that is refused for good is a rejected order, also with a code that nobody knows.
        """
        for code in ("INVALID_REQUEST", "SOMETHING_NEW"):
            for name in ("NewOrder", "CancelOrder", "AmendOrder", "AmendPositionSLTP", "ClosePosition"):
                self.assertIs(type(serverError(code, request=f"ProtoOA{name}Req")), OrderRejected)
            self.assertIs(type(serverError(code, request="ProtoOATraderReq")), RequestRefused)

    def test_tradingRequestsKeepOtherClasses(self) -> None:
        """
        A trading request that met a missing position or a rate limit is not called a rejected order.
        """
        self.assertIs(type(serverError("POSITION_NOT_FOUND", request="ProtoOAClosePositionReq")), NotFound)
        self.assertIs(type(serverError("REQUEST_FREQUENCY_EXCEEDED", request="ProtoOANewOrderReq")), RateLimited)
        self.assertIs(type(serverError("UNKNOWN_SYMBOL", request="ProtoOANewOrderReq")), SymbolNotFound)


class TimesTests(SynchronousTestCase):
    """
    Times in errors have one unit.
    """

    def test_maintenanceEnd(self) -> None:
        """
        The end of a maintenance is in milliseconds, whether the server gave seconds or milliseconds.
        """
        for given_ in (1_795_000_000, 1_795_000_000_000):
            error = serverError("SERVER_IS_UNDER_MAINTENANCE", maintenanceEnd=given_)
            self.assertEqual(error.maintenanceEnd, 1_795_000_000_000)

    def test_noMaintenanceEnd(self) -> None:
        """
        What the server did not say stays unknown.
        """
        error = serverError("SERVER_IS_UNDER_MAINTENANCE")
        self.assertIsNone(error.maintenanceEnd)
        self.assertIsNone(error.retryAfter)

    def test_retryAfter(self) -> None:
        """
        The seconds to wait are kept as they came.
        """
        self.assertEqual(serverError("BLOCKED_PAYLOAD_TYPE", retryAfter=301).retryAfter, 301)


class MessageTests(SynchronousTestCase):
    """
    Messages are sentences for the person who reads the log.
    """

    def test_serverError(self) -> None:
        """
        The message names the request, the account, the code, the server's words and what to do.
        """
        error = serverError(
            "TRADING_BAD_VOLUME", "Order volume = 1.00", request="ProtoOANewOrderReq", accountId=1234567
        )
        self.assertEqual(
            str(error),
            "NewOrder for account 1234567: TRADING_BAD_VOLUME (Order volume = 1.00);"
            " the symbol's minimum, maximum and step tell what is legal",
        )
        self.assertEqual((error.request, error.accountId), ("ProtoOANewOrderReq", 1234567))

    def test_unasked(self) -> None:
        """
        An error that answers no request speaks of the server.
        """
        self.assertEqual(str(serverError("CHANNEL_IS_BLOCKED")).partition(":")[0], "the server")

    def test_accountWithoutRequest(self) -> None:
        """
        An error that names only an account says so.
        """
        self.assertIn("account 5", str(serverError("RET_ACCOUNT_DISABLED", accountId=5)))

    def test_noDescription(self) -> None:
        """
        There are no empty brackets where the server gave no words.
        """
        self.assertNotIn("(", str(serverError("INVALID_REQUEST", request="ProtoOATraderReq")))

    def test_connectionLost(self) -> None:
        """
        The message says whether the request may have been executed.
        """
        lost = ConnectionLost("ProtoOANewOrderReq", 5, maybeSent=True, reason="closed cleanly")
        self.assertEqual(
            str(lost), "NewOrder for account 5: the connection was lost (closed cleanly); it may have been executed"
        )
        self.assertTrue(lost.maybeSent)
        unsent = ConnectionLost("ProtoOAVersionReq", maybeSent=False, reason="reset")
        self.assertEqual(str(unsent), "Version: the connection was lost (reset); it was not sent")
        self.assertFalse(unsent.maybeSent)

    def test_timedOut(self) -> None:
        """
        The message gives the time that was waited, without needless digits.
        """
        self.assertEqual(
            str(RequestTimedOut("ProtoOATraderReq", 5, seconds=10.0)), "Trader for account 5: no answer within 10 s"
        )
        self.assertIn("0.5 s", str(RequestTimedOut("ProtoOATraderReq", seconds=0.5)))


class ExplainTests(SynchronousTestCase):
    """
    Explanations are sentences for a person who does not know the protocol.
    """

    def test_serverError(self) -> None:
        """
        What was refused, in which words, what that means, and what to do next.
        """
        error = serverError("NOT_ENOUGH_MONEY", "No money.", request="ProtoOANewOrderReq", accountId=7)
        self.assertEqual(
            error.explain(),
            "The server refused NewOrder for account 7 with NOT_ENOUGH_MONEY, and says: No money. The free margin is"
            " too small. Nothing was changed, and the same order would be refused again as things are.",
        )
        self.assertEqual(
            serverError("ALREADY_LOGGED_IN").explain(),
            "The server told of ALREADY_LOGGED_IN. Nothing needs to be done.",
        )

    def test_eachCode(self) -> None:
        """
        Each code is explained with what to do next, in whole sentences.
        """
        for code in EXPECTED:
            for request in ("ProtoOANewOrderReq", "ProtoOATraderReq", ""):
                words = serverError(code, request=request).explain()
                self.assertRegex(words, r"^The server [^.]*\. [A-Z].*\.$")

    def test_times(self) -> None:
        """
        Times are told as a person reads them.
        """
        limited = serverError("BLOCKED_PAYLOAD_TYPE", request="ProtoOATraderReq", retryAfter=5)
        self.assertTrue(limited.explain().endswith("It was not executed. Wait 5 s."))
        self.assertTrue(serverError("BLOCKED_PAYLOAD_TYPE").explain().endswith("It was not executed."))
        maintained = serverError("SERVER_IS_UNDER_MAINTENANCE", maintenanceEnd=1_795_000_000_000)
        self.assertIn("The maintenance is to end at 2026-11-18 11:06:40 UTC.", maintained.explain())
        self.assertNotIn("UTC", serverError("SERVER_IS_UNDER_MAINTENANCE").explain())

    def test_ownSide(self) -> None:
        """
        Errors of our own side tell what to do next where there is something to do.
        """
        for error, words in (
            (IllegalValue("0.015 lots is off the step", ("0.01", "0.02")), "The nearest legal values are 0.01, 0.02."),
            (ConnectionLost("ProtoOANewOrderReq", 7, maybeSent=True, reason="cut"), "before it is sent again."),
            (ConnectionLost("ProtoOANewOrderReq", 7, maybeSent=False, reason="cut"), "It can be sent again"),
            (RequestTimedOut("ProtoOATraderReq", 7, seconds=3), "look at orders"),
            (OutcomeUnknown("No answer came."), "No answer came. Do not send it again"),
        ):
            self.assertIn(words, error.explain())
        for silent in (IllegalValue("no"), CTraderError("odd"), ConfigurationError("a setting is missing")):
            self.assertEqual(silent.explain(), f"{str(silent)[0].upper()}{str(silent)[1:]}.")
        self.assertEqual(CTraderError().explain(), "")

    def test_names(self) -> None:
        """
        What begins with the name of a file or method begins so in a sentence, too.
        """
        for words in ("ticks.csv cannot be read", "whenReady() fails"):
            self.assertEqual(CTraderError(words).explain(), f"{words}.")
        self.assertEqual(CTraderError("meanwhile, wait").explain(), "Meanwhile, wait.")


class TreeTests(SynchronousTestCase):
    """
    What a caller can catch.
    """

    def test_oneRoot(self) -> None:
        """
        All error classes of the module are public and descend from the one root.
        """
        public = {name for name in errors.__all__ if name != "serverError"}
        classes = {
            name
            for name, made in vars(errors).items()
            if isinstance(made, type) and issubclass(made, Exception) and not name.startswith("_")
        }
        self.assertEqual(public, classes)
        for name in public:
            self.assertTrue(issubclass(getattr(errors, name), CTraderError), name)
        self.assertEqual(errors.__all__, sorted(errors.__all__))

    def test_families(self) -> None:
        """
        Narrow errors can be caught by their family.
        """
        for narrow, wide in (
            (RateLimited, RetryLater),
            (UnderMaintenance, RetryLater),
            (Busy, RetryLater),
            (ApplicationInactive, RetryLater),
            (WrongHost, AccountRefused),
            (AccountNotFound, AccountRefused),
            (AccountRefused, RequestRefused),
            (ApplicationRefused, RequestRefused),
            (SymbolNotFound, RequestRefused),
            (OrderRejected, RequestRefused),
            (CertificateRefused, ConnectFailed),
            (HostNameRefused, ConnectFailed),
            (IllegalValue, ValueError),
            (TokensNotStored, ConfigurationError),
        ):
            self.assertTrue(issubclass(narrow, wide), narrow)

    def test_ownSideIsNoServerError(self) -> None:
        """
        What happened on our own side is not taken for the server's word.
        """
        for kind in (ConfigurationError, ConnectionLost, NotConnected, OutcomeUnknown, ProtocolError, TooManyRequests):
            self.assertFalse(issubclass(kind, ServerError), kind)

    def test_extras(self) -> None:
        """
        An illegal value carries its legal neighbours, an unknown outcome its trade.
        """
        self.assertEqual(IllegalValue("0.015 lots is off the step", ("0.01", "0.02")).nearest, ("0.01", "0.02"))
        self.assertEqual(IllegalValue("no").nearest, ())
        trade = object()
        self.assertIs(OutcomeUnknown("no answer", trade).trade, trade)
        self.assertIsNone(OutcomeUnknown("no answer").trade)

    def test_copies(self) -> None:
        """
        Errors can be pickled and copied with all that they carry.
        """
        for error in (
            IllegalValue("off the step", (1, 2)),
            OutcomeUnknown("no answer", "trade"),
            ProtocolError("bad"),
            TokensNotStored("the disk is full", "pair"),
            RequestTimedOut("ProtoOATraderReq", 7, seconds=3),
            ConnectionLost("ProtoOATraderReq", 7, maybeSent=True, reason="cut"),
            serverError("BLOCKED_PAYLOAD_TYPE", "slow", request="ProtoOATraderReq", accountId=7, retryAfter=3),
        ):
            for copied in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
                self.assertIs(type(copied), type(error))
                self.assertEqual(str(copied), str(error))
                self.assertEqual(vars(copied), vars(error))
