"""
Who an application is, and what its users have granted it.
"""

from __future__ import annotations

from attrs import field, frozen
from attrs.converters import optional
from attrs.validators import and_, instance_of, min_len

from ctrader_twisted.secret import Secret, asSecret

__all__ = ["Application", "TokenPair"]


@frozen
class Application:
    """
    What identifies the user's application to the server.

    @ivar clientId: from the application's page at U{https://openapi.ctrader.com}.
    @ivar clientSecret: likewise; a plain string is wrapped at once. What is no string, or empty, is refused.
    """

    clientId: str = field(validator=and_(instance_of(str), min_len(1)))
    clientSecret: Secret = field(converter=asSecret)


@frozen
class TokenPair:
    """
    What one grant of access gave: the accounts that one cTID chose, demo and live. Plain strings are wrapped at once.

    @ivar accessToken: logs the granted accounts in.
    @ivar refreshToken: buys the next pair, once; L{None} if it is not known.
    @ivar issued: when the pair was given, in milliseconds since 1970; L{None} if that is not known.
    @ivar expires: when the access token ends, likewise.
    @ivar scope: what the user was asked for, C{accounts} or C{trading}; L{None} if that is not known.
    @ivar userId: the number of the cTID; L{None} if that is not known.
    """

    accessToken: Secret = field(converter=asSecret)
    refreshToken: Secret | None = field(default=None, converter=optional(asSecret))
    issued: int | None = field(default=None, kw_only=True)
    expires: int | None = field(default=None, kw_only=True)
    scope: str | None = field(default=None, kw_only=True)
    userId: int | None = field(default=None, kw_only=True)
