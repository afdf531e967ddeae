"""
Grants of access: how they are asked for, what sells tokens for them, and where the tokens are kept.
"""

from ctrader_twisted.oauth.http import OAuth
from ctrader_twisted.oauth.keyring import KeyringTokens
from ctrader_twisted.oauth.redirect import RedirectCatcher, codeFrom
from ctrader_twisted.oauth.services import CTRADER, SERVICES, Services, authorizationUrl
from ctrader_twisted.oauth.tokens import FileTokens, MemoryTokens

__all__ = [
    "CTRADER",
    "SERVICES",
    "FileTokens",
    "KeyringTokens",
    "MemoryTokens",
    "OAuth",
    "RedirectCatcher",
    "Services",
    "authorizationUrl",
    "codeFrom",
]
