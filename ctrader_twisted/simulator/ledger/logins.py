"""
Logins, and what a login permits.
"""

from __future__ import annotations

from ctrader_twisted.simulator.ledger.entry import Entry, Sureness

__all__ = ["LOGINS"]

LOGINS = (
    Entry(
        "inactive-application",
        "An application that is not active yet is refused with ``CH_CLIENT_AUTH_FAILURE``, like a wrong "
        "secret, but with other words.",
        Sureness.CONFIRMED,
        "3.1 [gh-code]; 12.1 no. 3",
        "tells the two apart by the words; tries the first again slowly",
        how="Log in with an application that waits for its approval.",
    ),
    Entry(
        "second-login",
        "A second application login on a connection: ``CH_CLIENT_ALREADY_AUTHENTICATED``.",
        Sureness.DOCUMENTED,
        "3.1 [proto; go src]",
        "never sends one",
        switch="secondLogin",
    ),
    Entry(
        "wrong-host",
        "An account on the wrong host: ``CANT_ROUTE_REQUEST`` at the account's login, and nowhere earlier.",
        Sureness.CONFIRMED,
        "3.1 [nautilus notes; gh-code]",
        "reports ``WrongHost``",
        how="``ctrader doctor`` with a demo profile whose endpoint is the live host.",
    ),
    Entry(
        "second-account-login",
        "A second login of an account on one connection: ``ALREADY_LOGGED_IN``.",
        Sureness.CONFIRMED,
        "3.1 [api-client src; gh-code]",
        "takes it for success",
    ),
    Entry(
        "not-authorised",
        'A request for an account that is not logged in: ``INVALID_REQUEST`` with the words "Trading '
        'account is not authorized", instead of ``ACCOUNT_NOT_AUTHORIZED``.',
        Sureness.CONFIRMED,
        "3.1 [PyneSys src; gh-code]",
        "reports ``LoginNeeded`` for both",
        switch="notAuthorised",
    ),
    Entry(
        "view-only",
        "A trading request with a token that permits looking only: ``INVALID_REQUEST``.",
        Sureness.ASSUMED,
        "3.1 (assumed); 14.1 no. 1",
        "takes any refusal as final",
        switch="viewOnly",
        how="A profile with ``--scope accounts``, and ``ctrader order``.",
    ),
    Entry(
        "application-login",
        "The application logs in with its id and secret.",
        Sureness.CONFIRMED,
        "3.1 [proto]",
        "does so",
    ),
    Entry(
        "wrong-secret",
        "A wrong secret is refused with ``CH_CLIENT_AUTH_FAILURE``, and the connection stays.",
        Sureness.CONFIRMED,
        "3.1 [ctoa docs]",
        "reports ``ApplicationRefused``",
    ),
    Entry(
        "unknown-client",
        "An application that does not exist is refused with ``CH_CLIENT_AUTH_FAILURE``, like a wrong secret.",
        Sureness.CONFLICTING,
        "3.1 [ctoa docs]; CH_OA_CLIENT_NOT_FOUND possible [proto]",
        "reports ``ApplicationRefused`` for both",
        switch="unknownClient",
    ),
    Entry(
        "account-list",
        "The list of accounts repeats the token, and names its permission and the accounts, with "
        "``isLive`` and ``traderLogin``.",
        Sureness.CONFIRMED,
        "3.1 [proto; nautilus rec]",
        "goes by it",
    ),
    Entry(
        "list-on-either-host",
        "The list of accounts names live and demo accounts on either host.",
        Sureness.CONFIRMED,
        "3.1 [nautilus notes]",
        "logs in those of its host",
        how="A token that covers a live and a demo account: ``ctrader accounts``.",
    ),
    Entry(
        "unknown-token",
        "An access token that does not exist is refused with ``CH_ACCESS_TOKEN_INVALID``.",
        Sureness.CONFIRMED,
        "3.1 [proto; api-client src]",
        "reports ``TokenRefused``",
    ),
    Entry(
        "expired-token",
        "An access token that has expired is refused with ``OA_AUTH_TOKEN_EXPIRED``.",
        Sureness.CONFIRMED,
        "3.1 [proto; api-client src]",
        "renews it",
        how="A token that is a month old.",
    ),
    Entry(
        "profile",
        "The profile of a token is the number of its user, and nothing else.",
        Sureness.CONFIRMED,
        "6.1 [proto]",
        "tells pairs of one user apart",
    ),
    Entry(
        "account-login",
        "The answer to an account's login names the account.",
        Sureness.CONFIRMED,
        "3.1 [proto]",
        "nothing",
    ),
    Entry(
        "unknown-account",
        "An account that the token does not cover: ``CH_CTID_TRADER_ACCOUNT_NOT_FOUND``.",
        Sureness.CONFIRMED,
        "3.1 [gh-code]",
        "reports ``NoSuchAccount``",
    ),
    Entry(
        "logout",
        "A logout is answered, and then the end of the session is told; the application stays logged in.",
        Sureness.CONFIRMED,
        "3.2 [proto]",
        "drops the account at the second",
    ),
    Entry(
        "two-sessions",
        "One account may be logged in on two connections at once.",
        Sureness.CONFIRMED,
        "3.1 [nautilus notes]",
        "nothing",
    ),
    Entry(
        "view-scope",
        "The list of accounts tells a token that permits looking only.",
        Sureness.CONFIRMED,
        "4.6 [proto; help]",
        "refuses to trade with it",
        how="A profile with ``--scope accounts``: ``ctrader accounts``.",
    ),
    Entry(
        "application-first",
        "Nothing but the login, the version and heartbeats is taken before the application's login: "
        "``CH_CLIENT_NOT_AUTHENTICATED``.",
        Sureness.CONFIRMED,
        "3.1 [proto; ctoa docs]",
        "logs in first",
    ),
)
"""
The entries of this section.
"""
