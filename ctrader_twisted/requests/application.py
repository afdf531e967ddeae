"""
The requests that concern no account: login of the application, tokens, and what they cover.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from ctrader_twisted.requests.asking import Asking
from ctrader_twisted.schema.messages import (
    ProtoOAApplicationAuthReq,
    ProtoOAApplicationAuthRes,
    ProtoOAGetAccountListByAccessTokenReq,
    ProtoOAGetAccountListByAccessTokenRes,
    ProtoOAGetCtidProfileByTokenReq,
    ProtoOAGetCtidProfileByTokenRes,
    ProtoOARefreshTokenReq,
    ProtoOARefreshTokenRes,
    ProtoOAVersionReq,
    ProtoOAVersionRes,
)

__all__ = ["ApplicationRequests"]


class ApplicationRequests(Asking):
    """
    The five requests that concern no account. L{ctrader_twisted.client.Client.requests} is such an object; one over
    L{ctrader_twisted.wire.OpenApiProtocol.request} serves a single connection.

    Every method takes C{timeout}, the seconds to wait for the answer, or L{None} for the default of the request's rate
    class. What it returns fires with the server's answer and fails with: L{ctrader_twisted.errors.IllegalValue} if the
    wire cannot hold an argument; L{ctrader_twisted.errors.NotConnected} if nothing could be sent;
    L{ctrader_twisted.errors.ConnectionLost} or L{ctrader_twisted.errors.RequestTimedOut} if no answer came; a
    L{ctrader_twisted.errors.ServerError}, by what to do about it, if the server refused. Each method names the refusals
    of its own.
    """

    def applicationAuth(
        self, *, clientId: str, clientSecret: str, timeout: float | None = None
    ) -> Deferred[ProtoOAApplicationAuthRes]:
        """
        Log an application in on this connection. A L{ctrader_twisted.client.Client} has done that before it is ready.

        @param clientId: from the application's page.
        @param clientSecret: likewise.
        @param timeout: seconds to wait for the answer.
        @return: fires with an empty message.
        @raise AlreadySo: (as a failure) if an application is logged in already.
        @raise ApplicationRefused: (as a failure) if the id or the secret is wrong.
        @raise ApplicationInactive: (as a failure) if the application is not active yet.
        """
        return self._ask(lambda: ProtoOAApplicationAuthReq(clientId=clientId, clientSecret=clientSecret), timeout)

    def version(self, *, timeout: float | None = None) -> Deferred[ProtoOAVersionRes]:
        """
        Ask which release of the API the server speaks. It needs no login.

        @param timeout: seconds to wait for the answer.
        @return: fires with C{version}, a string such as C{91}.
        """
        return self._ask(lambda: ProtoOAVersionReq(), timeout)

    def getAccountListByAccessToken(
        self, *, accessToken: str, timeout: float | None = None
    ) -> Deferred[ProtoOAGetAccountListByAccessTokenRes]:
        """
        List the accounts that a token covers, live and demo ones, on whichever host this is. It needs a logged-in
        application.

        @param accessToken: any token of this application.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{permissionScope} (C{SCOPE_VIEW} may look, C{SCOPE_TRADE} may trade too) and
            C{ctidTraderAccount}: for each account its C{ctidTraderAccountId}, C{isLive}, which tells the host,
            C{traderLogin}, the number that the platform shows, and sometimes more. The answer repeats the token.
        @raise TokenRefused: (as a failure) if the token is unknown, revoked or expired.
        """
        return self._ask(lambda: ProtoOAGetAccountListByAccessTokenReq(accessToken=accessToken), timeout)

    def getCtidProfileByToken(
        self, *, accessToken: str, timeout: float | None = None
    ) -> Deferred[ProtoOAGetCtidProfileByTokenRes]:
        """
        Ask whose token it is. It needs a logged-in application.

        @param accessToken: any token of this application.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{profile}, which holds the C{userId} and nothing else.
        @raise TokenRefused: (as a failure) if the token is unknown, revoked or expired.
        """
        return self._ask(lambda: ProtoOAGetCtidProfileByTokenReq(accessToken=accessToken), timeout)

    def refreshToken(self, *, refreshToken: str, timeout: float | None = None) -> Deferred[ProtoOARefreshTokenRes]:
        """
        Buy a new pair of tokens. It needs a logged-in application. A refresh token works once: the old pair is dead
        afterwards, and accounts that were logged in with it are logged out by the server and in again by the client.

        Through a L{ctrader_twisted.client.Client} the new pair takes the old one's place in its token store before the
        answer is given; a pair that the store does not hold is left to the caller. After a timeout or a lost
        connection the old pair may be dead and the new one unknown: then access is to be granted again.

        @param refreshToken: of the pair.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{accessToken}, C{refreshToken}, C{tokenType}, and C{expiresIn} in seconds.
        @raise TokenRefused: (as a failure) if the refresh token is unknown or was used before.
        @raise TokensNotStored: (as a failure) if the new pair could not be stored; the error holds it. The client goes
            on trying to store it.
        """
        return self._ask(lambda: ProtoOARefreshTokenReq(refreshToken=refreshToken), timeout)
