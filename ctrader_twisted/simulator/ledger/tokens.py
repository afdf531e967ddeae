"""
Access that users grant, and the tokens that stand for it.
"""

from __future__ import annotations

from ctrader_twisted.simulator.ledger.entry import Entry, Sureness

__all__ = ["TOKENS"]

TOKENS = (
    Entry(
        "state-echo",
        "The browser is sent back with a code and without the ``state`` of the request.",
        Sureness.CONFIRMED,
        "4.2 [ftmo notes]",
        "sends a ``state``, and demands it back only of services that are known to echo it",
        switch="echoState",
        how="Grant access in a browser, as ``ctrader login`` does, and look at the address to which it is sent back.",
        untried="it takes a person and a browser",
    ),
    Entry(
        "consent-denied",
        "A user who denies is sent back with ``error=access_denied``.",
        Sureness.ASSUMED,
        "4.2 (assumed)",
        "reports ``ConsentDenied``",
        how="Grant access in a browser, as ``ctrader login`` does, and look at the address after a denial.",
        fixed="it is about the pages and the service for tokens, of which no other behaviour is known",
    ),
    Entry(
        "consent-accounts",
        "The user chooses which accounts a grant covers.",
        Sureness.ASSUMED,
        "4.2 (assumed)",
        "goes by the account list of each token",
        how="Grant access in a browser, as ``ctrader login`` does, and look at ``ctrader accounts`` after "
        "leaving one out.",
        fixed="it is about the pages and the service for tokens, of which no other behaviour is known",
    ),
    Entry(
        "code-lifetime",
        "An authorisation code lives for 60 s, and can be used once, by its application and with its "
        "redirect address; then ``ACCESS_DENIED``.",
        Sureness.DOCUMENTED,
        "4.2 [help: account-authentication]",
        "reports ``TokenRefused``",
        switch="codeLifetime",
        how="Grant access in a browser, as ``ctrader login`` does, and look at what a code is good for after a minute.",
        untried="it takes a person and a browser to get a code",
    ),
    Entry(
        "token-methods",
        "The token service takes GET and POST, with the parameters in the address.",
        Sureness.DOCUMENTED,
        "4.3 [OpenApiPy src; help]",
        "sends a GET, once",
        how="Ask the token service with a code that does not exist, in both ways.",
    ),
    Entry(
        "token-form",
        "It takes the parameters in a form, too.",
        Sureness.ASSUMED,
        "4.3 (not told)",
        "nothing",
        how="Ask the token service with a code that does not exist, in a form.",
        fixed="it is about the pages and the service for tokens, of which no other behaviour is known",
    ),
    Entry(
        "token-error-status",
        "Its refusals have the status 400; some clients expect 200.",
        Sureness.CONFLICTING,
        "4.3 [OpenAPI.Net src; gh-code]",
        "reads the body of both",
        switch="tokenErrorStatus",
        remark="both were seen",
        how="Ask the token service with a code that does not exist, and look at the status.",
    ),
    Entry(
        "token-wrong-secret",
        "It refuses a wrong id or secret of the application with ``CH_CLIENT_AUTH_FAILURE``, as the protocol does.",
        Sureness.ASSUMED,
        "4.3 (not told)",
        "reports ``ApplicationRefused``",
        how="Ask the token service with a wrong secret.",
        fixed="it is about the pages and the service for tokens, of which no other behaviour is known",
    ),
    Entry(
        "token-lifetime",
        "An access token lives for 2,628,000 s, then ``OA_AUTH_TOKEN_EXPIRED``. Its refresh token does "
        "not end by itself.",
        Sureness.DOCUMENTED,
        "4.4 [help: faq]; 4.5 saw 2,592,000 once",
        "goes by the lifetime that the answer names; refreshes ahead of its end",
        switch="tokenLifetime",
        how="``ctrader tokens`` after a login.",
    ),
    Entry(
        "refresh-replaces",
        "A refresh replaces both tokens.",
        Sureness.CONFIRMED,
        "4.4 [help; nautilus notes]",
        "stores the new pair before it uses it",
        how="``ctrader tokens`` before and after the day on which the client renews them.",
    ),
    Entry(
        "unknown-refresh-token",
        "A bad refresh token draws ``CH_ACCESS_TOKEN_INVALID`` over the protocol.",
        Sureness.CONFIRMED,
        "4.3 [nautilus notes]",
        "reports ``TokenRefused``",
    ),
    Entry(
        "refresh-over-http",
        "Over HTTP it draws ``ACCESS_DENIED``.",
        Sureness.ASSUMED,
        "4.3 (assumed)",
        "reports ``TokenRefused``",
        how="Ask the token service with a refresh token that does not exist.",
        fixed="it is about the pages and the service for tokens, of which no other behaviour is known",
    ),
    Entry(
        "refresh-needs-application",
        "A refresh over the protocol needs an application's login on the connection.",
        Sureness.CONFLICTING,
        "3.1 (conflict)",
        "refreshes there only when it is logged in",
        switch="refreshNeedsApplication",
    ),
    Entry(
        "refresh-ends-sessions",
        "A refresh ends the sessions of the old token: an event names its accounts as invalidated, and "
        "one for each account tells the end of its session.",
        Sureness.CONFIRMED,
        "3.2 [nautilus notes]",
        "expects it; logs in again with the new token",
        how="Watch a client on the day on which it renews its tokens.",
    ),
    Entry(
        "rotation-order",
        "The invalidation comes first, then the ends of the sessions.",
        Sureness.ASSUMED,
        "3.2 [nautilus notes]; 14",
        "takes them in any order",
        switch="rotationOrder",
        how="Watch a client on the day on which it renews its tokens.",
    ),
    Entry(
        "rotation-moment",
        "They come after the answer to the refresh, over the protocol and over HTTP.",
        Sureness.ASSUMED,
        "3.2 (assumed)",
        "takes them before and after it",
        switch="rotationMoment",
        how="Watch a client on the day on which it renews its tokens.",
    ),
    Entry(
        "revoked-token",
        "A revoked token ends sessions in the same way, with another reason; then it is refused with "
        "``CH_ACCESS_TOKEN_INVALID``, and so is its refresh token.",
        Sureness.DOCUMENTED,
        "3.2 [proto; nautilus notes]",
        "looks for another pair in the store; otherwise says once that a person must log in again",
        how="Revoke the access at https://id.ctrader.com while a client runs.",
    ),
    Entry(
        "grants-replace",
        "Granting access again leaves earlier tokens alone.",
        Sureness.CONFLICTING,
        "4.4 (conflict); 14.1 no. 12",
        "takes the old tokens for good until they are refused",
        switch="grantsReplace",
        how="Grant access twice, and use the first pair of tokens: ``ctrader doctor``.",
        untried="it takes a person and a browser to grant access",
    ),
    Entry(
        "grant-limit",
        "An application can have 50 grants of one user at once. One more ends the oldest.",
        Sureness.ASSUMED,
        "4.4 (not told)",
        "nothing",
        switch="grantLimit",
        remark="no limit is known",
        how="Grant access again and again, until the first pair of tokens is refused.",
        untried="it takes a person and a browser to grant access, again and again",
    ),
    Entry(
        "used-refresh-token",
        "A used refresh token is refused and does no harm to the current pair.",
        Sureness.CONFIRMED,
        "4.4 [nautilus notes]",
        "stores the new pair before it uses it",
        how="Import a pair that was renewed since into another profile, and look at ``ctrader doctor``.",
    ),
)
"""
The entries of this section.
"""
