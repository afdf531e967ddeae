"""
Everything that can go wrong, by what a caller would do about it.

L{CTraderError} is the root. Errors of our own side are its direct children; what the server refused is a
L{ServerError}, whose subclass says whether to retry later, log in again, renew the token, or give up. L{serverError}
chooses the subclass from the server's code. Codes travel as strings; one that is not known here makes a
L{RequestRefused}.
"""

from ctrader_twisted.errors.codes import serverError
from ctrader_twisted.errors.own import (
    CertificateRefused,
    ConfigurationError,
    ConnectFailed,
    ConnectionLost,
    Halted,
    HostNameRefused,
    IllegalValue,
    JournalFailed,
    LimitReached,
    NotConnected,
    OutcomeUnknown,
    PartlyDone,
    ProtocolError,
    RequestTimedOut,
    TokensNotStored,
    TooManyRequests,
    TooSlow,
    ValueUnknown,
)
from ctrader_twisted.errors.root import CTraderError
from ctrader_twisted.errors.server import (
    AccountNotFound,
    AccountRefused,
    AlreadySo,
    ApplicationInactive,
    ApplicationRefused,
    Busy,
    LoginNeeded,
    NotFound,
    OrderRejected,
    RateLimited,
    RequestRefused,
    RetryLater,
    ServerError,
    SymbolNotFound,
    TokenRefused,
    UnderMaintenance,
    WrongHost,
)

__all__ = [
    "AccountNotFound",
    "AccountRefused",
    "AlreadySo",
    "ApplicationInactive",
    "ApplicationRefused",
    "Busy",
    "CTraderError",
    "CertificateRefused",
    "ConfigurationError",
    "ConnectFailed",
    "ConnectionLost",
    "Halted",
    "HostNameRefused",
    "IllegalValue",
    "JournalFailed",
    "LimitReached",
    "LoginNeeded",
    "NotConnected",
    "NotFound",
    "OrderRejected",
    "OutcomeUnknown",
    "PartlyDone",
    "ProtocolError",
    "RateLimited",
    "RequestRefused",
    "RequestTimedOut",
    "RetryLater",
    "ServerError",
    "SymbolNotFound",
    "TokenRefused",
    "TokensNotStored",
    "TooManyRequests",
    "TooSlow",
    "UnderMaintenance",
    "ValueUnknown",
    "WrongHost",
    "serverError",
]
