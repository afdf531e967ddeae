"""
The requests of one account: its login, and all the others joined.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from ctrader_twisted.requests.market import MarketRequests
from ctrader_twisted.requests.records import RecordRequests
from ctrader_twisted.requests.reference import ReferenceRequests
from ctrader_twisted.requests.state import StateRequests
from ctrader_twisted.requests.trading import TradingRequests
from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthReq,
    ProtoOAAccountAuthRes,
    ProtoOAAccountLogoutReq,
    ProtoOAAccountLogoutRes,
)

__all__ = ["AccountRequests"]


class AccountRequests(ReferenceRequests, StateRequests, RecordRequests, TradingRequests, MarketRequests):
    """
    The 37 requests of an account. L{ctrader_twisted.client.Account.requests} is such an object; one over
    L{ctrader_twisted.wire.OpenApiProtocol.request} serves a single connection.

    Every method fills in the account, leaves fields that are L{None} out of the message, and takes C{timeout}, the
    seconds to wait for the answer, or L{None} for the default of the request's rate class. What it returns fires with
    the server's answer and fails with: L{ctrader_twisted.errors.IllegalValue} if the wire cannot hold an argument;
    L{ctrader_twisted.errors.NotConnected} if nothing could be sent; L{ctrader_twisted.errors.ConnectionLost} or
    L{ctrader_twisted.errors.RequestTimedOut} if no answer came; a L{ctrader_twisted.errors.ServerError}, by what to do
    about it, if the server refused. Each method names the refusals of its own.

    Units of the wire: volumes are hundredths of a unit of the base asset; prices in orders are floats in units of
    price, rounded to the symbol's digits; prices of the market and distances are integers of 1/100000; money is an
    integer of 10^-moneyDigits; times are milliseconds since 1970.
    """

    def accountAuth(self, *, accessToken: str, timeout: float | None = None) -> Deferred[ProtoOAAccountAuthRes]:
        """
        Log the account in on this connection. A L{ctrader_twisted.client.Account} that was logged out with
        L{accountLogout} is followed again from then on; after a reconnect it is logged in with the token that the token
        store has for it, not with this one. Any scope will do.

        @param accessToken: a token that covers the account.
        @param timeout: seconds to wait for the answer.
        @return: fires with the account's id.
        @raise AlreadySo: (as a failure) if it is logged in already.
        @raise TokenRefused: (as a failure) if the token is unknown, revoked or expired.
        @raise AccountNotFound: (as a failure) if the token does not cover the account.
        @raise WrongHost: (as a failure) if the account lives on the other host.
        @raise AccountRefused: (as a failure) if the broker has disabled the account.
        """
        return self._ask(
            lambda: ProtoOAAccountAuthReq(ctidTraderAccountId=self.accountId, accessToken=accessToken), timeout
        )

    def accountLogout(self, *, timeout: float | None = None) -> Deferred[ProtoOAAccountLogoutRes]:
        """
        End the account's login on this connection. What was subscribed ends, and no event comes any more. A
        L{ctrader_twisted.client.Account} stays logged out, across reconnects too, until it is asked for with
        L{ctrader_twisted.client.Client.account} or logged in with L{accountAuth}. Any scope will do.

        @param timeout: seconds to wait for the answer.
        @return: fires with the account's id; the event C{ProtoOAAccountDisconnectEvent} follows.
        """
        return self._ask(lambda: ProtoOAAccountLogoutReq(ctidTraderAccountId=self.accountId), timeout)
