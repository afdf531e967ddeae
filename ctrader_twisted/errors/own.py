"""
Errors of our own side: of settings, values, connections and limits.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ctrader_twisted.errors.root import CTraderError, RequestError, about

__all__ = [
    "CertificateRefused",
    "ConfigurationError",
    "ConnectFailed",
    "ConnectionLost",
    "ConsentDenied",
    "Halted",
    "HistoryFailed",
    "HostNameRefused",
    "IllegalValue",
    "JournalFailed",
    "LimitReached",
    "NotConnected",
    "OutcomeUnknown",
    "PartlyDone",
    "PortBusy",
    "ProtocolError",
    "RequestTimedOut",
    "StoreBusy",
    "StoreDamaged",
    "StoreFailed",
    "StoreFull",
    "TokenAnswerUnreadable",
    "TokenServiceFailed",
    "TokensBusy",
    "TokensNotStored",
    "TooManyRequests",
    "TooSlow",
    "ValueUnknown",
]

_LOOK = "if it changes anything, look at orders, positions and deals before it is sent again"


class ConfigurationError(CTraderError):
    """
    A setting is missing or makes no sense; the message names it.
    """


class PortBusy(ConfigurationError):
    """
    The port on which the browser is to come back with the user's consent is used by another program.
    """

    _advice = "end the other program, or choose another port and register its address with the application"


class ConsentDenied(CTraderError):
    """
    The user was asked to grant the application access, and did not.
    """

    _advice = "log in again, and choose Allow"


class TokenServiceFailed(CTraderError):
    """
    The service that sells tokens answered over HTTP, but neither with tokens nor with a refusal. A code or a refresh
    token that was sent to it may be used up.

    @ivar status: the HTTP status.
    """

    _advice = "try again later; if it stays so, check the address of the token service"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class TokenAnswerUnreadable(TokenServiceFailed):
    """
    The service that sells tokens answered with something else than the JSON that it should, such as a web page: the
    address is wrong, or something between here and there answers in its place.
    """

    _advice = "check the address of the token service, and what stands between it and this machine, such as a proxy"


class TokensBusy(CTraderError):
    """
    Another process is changing the stored tokens, and has not ended within the time that was given to it.
    """

    _advice = "look for another program that uses the same tokens, and hangs"


class TokensNotStored(ConfigurationError):
    """
    The server has renewed a pair of tokens, and the store did not take the new one. The old one is of no use any more.

    @ivar pair: the new pair, a L{ctrader_twisted.interfaces.TokenPair}; it does not print itself.
    """

    def __init__(self, message: str, pair: object = None) -> None:
        super().__init__(message)
        self.pair = pair


class IllegalValue(CTraderError, ValueError):
    """
    A price, volume or amount cannot be expressed exactly, or lies outside what the symbol allows.

    @ivar nearest: the nearest legal values, in the unit of the refused one; empty where there are none.
    """

    def __init__(self, message: str, nearest: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.nearest = nearest

    def _next(self) -> str:
        return f"the nearest legal values are {', '.join(map(str, self.nearest))}" if self.nearest else ""


class HistoryFailed(CTraderError):
    """
    History that was asked for could not be had whole; the message names what, and nothing of it came. Of a download
    that is read in parts, the parts that came are good.

    @ivar reason: the error that ended it, such as the server's refusal, or that the client was stopped.
    """

    def __init__(self, message: str, reason: CTraderError) -> None:
        super().__init__(message, reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.args[0])

    def _next(self) -> str:
        return self.reason.explain()


class JournalFailed(CTraderError):
    """
    The journal of orders cannot be used now; an order that was to be written into it was not sent.
    """


class StoreFailed(CTraderError):
    """
    A dataset on disk cannot be read or written now. What it held before a failed change it still holds.

    @ivar file: the file that it is about.
    """

    def __init__(self, message: str, file: str | os.PathLike[str]) -> None:
        super().__init__(message, file)
        self.file = os.fspath(file)

    def __str__(self) -> str:
        return f"{self.file}: {self.args[0]}"


class StoreFull(StoreFailed):
    """
    There is no space left for a dataset, or the user may not use more of it.
    """

    _advice = "make room on the disk; nothing more is kept until then"


class StoreDamaged(StoreFailed):
    """
    A file of a dataset is not what was written. What it covers is missing once the file is gone, and can be fetched
    from history again.
    """

    _advice = "move the file away, and download its time again"


class StoreBusy(StoreFailed):
    """
    Another process is writing the dataset. Reading is possible meanwhile.
    """

    _advice = "end the other program, or wait until it has ended"


class ProtocolError(CTraderError):
    """
    The other side sent what this protocol does not allow: bytes that are no frames, upon which the connection was
    closed, or an answer that does not fit its request.
    """


class NotConnected(CTraderError):
    """
    There is no usable connection now; nothing was sent.
    """

    _advice = "whenReady() tells when it can be tried again"


class ConnectFailed(CTraderError):
    """
    No connection could be made, or it did not get as far as being logged in.
    """

    _advice = "check the network and the host"


class CertificateRefused(ConnectFailed):
    """
    The server's certificate is not signed by a trusted authority, or is not valid now.
    """

    _advice = "check this machine's clock and who signed the certificate; the client does not try again"


class HostNameRefused(ConnectFailed):
    """
    The server's certificate is for another host name.
    """

    _advice = "check the host name; the client does not try again"


class TooManyRequests(CTraderError):
    """
    As many requests wait for their answers as the connection allows; this one was not sent.
    """

    _advice = "send fewer requests at once"


class TooSlow(CTraderError):
    """
    The consumer of a stream was slower than the market, and the stream was to fail rather than to drop anything.
    """


class LimitReached(CTraderError):
    """
    An order would exceed a limit of the account's owner; nothing was sent.

    @ivar accountId: the account.
    @ivar limit: the name of the limit, as in L{ctrader_twisted.trading.limits.Limits}.
    """

    _advice = "close something first, or raise the limit"

    def __init__(self, message: str, accountId: int, limit: str) -> None:
        super().__init__(message, accountId, limit)
        self.accountId = accountId
        self.limit = limit

    def __str__(self) -> str:
        return f"account {self.accountId}: {self.args[0]}; nothing was sent"


class Halted(LimitReached):
    """
    The account is halted: it opens nothing until it is resumed. Closing is allowed.
    """

    _advice = "resume the account, if that is what you want"


class ConnectionLost(RequestError):
    """
    The connection ended before the answer came.

    @ivar maybeSent: whether the request may have reached the server. If it may, only the server's state tells whether
        it was executed.
    """

    def __init__(
        self, request: str, accountId: int | None = None, *, maybeSent: bool, reason: str, ifSent: str = _LOOK
    ) -> None:
        fate = "it may have been executed" if maybeSent else "it was not sent"
        super().__init__(f"{about(request, accountId)}: the connection was lost ({reason}); {fate}", request, accountId)
        self.maybeSent = maybeSent
        self._advice = ifSent if maybeSent else "it can be sent again when the account is ready"


class RequestTimedOut(RequestError):
    """
    No answer came in time. The server may still have executed the request.
    """

    def __init__(self, request: str, accountId: int | None = None, *, seconds: float, ifSent: str = _LOOK) -> None:
        super().__init__(f"{about(request, accountId)}: no answer within {seconds:g} s", request, accountId)
        self._advice = ifSent


class OutcomeUnknown(CTraderError):
    """
    A trading request went out and its answer did not come back: it may or may not have been executed. It is not sent
    again.

    @ivar trade: the live object that learns the outcome later, or L{None} where there is none.
    @ivar change: of a cancel, amendment, protection or close, the L{Change
        <ctrader_twisted.trading.changes.Change>} whose C{whenResolved()} tells the outcome; else L{None}.
    """

    _advice = "do not send it again before orders, positions and deals tell what became of it"

    def __init__(self, message: str, trade: object | None = None) -> None:
        super().__init__(message)
        self.trade = trade
        self.change: object | None = None


class PartlyDone(CTraderError):
    """
    Of several requests that were made for one wish some failed; all have ended.

    @ivar done: what the others gave.
    @ivar failed: by the live object that each was about, why it failed.
    """

    def __init__(self, message: str, done: tuple[object, ...], failed: Mapping[object, Exception]) -> None:
        super().__init__(message)
        self.done = done
        self.failed = failed


class ValueUnknown(CTraderError):
    """
    An amount of money cannot be told now: a price or a term that it depends on is missing.
    """
