"""
What the token service's answers mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, quote_plus

from attrs import field, frozen

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ServerError, TokenAnswerUnreadable, TokenRefused, TokenServiceFailed, serverError
from ctrader_twisted.secret import Secret

__all__ = ["BY_CODE", "BY_REFRESH_TOKEN", "Answer", "Purchase", "harmless", "readAnswer"]

_LONGEST_LIFE = 10**10
_LONGEST_TEXT = 200


@frozen
class Purchase:
    """
    What the token service is asked to give tokens for.

    @ivar name: how errors name the request.
    @ivar ifRefused: what to do if the service refuses what was given for the tokens.
    @ivar ifInDoubt: what to do if it is not known what the service has done.
    """

    name: str
    ifRefused: str
    ifInDoubt: str


BY_CODE = Purchase(
    "the code exchange",
    "log in again: a code is good once, for about a minute, and only with the redirect address that it came to",
    "the code may be used up; log in again",
)
BY_REFRESH_TOKEN = Purchase(
    "the token refresh",
    "a refresh token is good once; if no other program has stored its successor, log in again",
    "the refresh token may be used up; try once more, and if it is refused then, log in again",
)


@frozen
class Answer:
    """
    What came over HTTP.

    @ivar status: the status.
    @ivar body: what came with it.
    """

    status: int
    body: bytes = field(repr=False)


def readAnswer(purchase: Purchase, answer: Answer, sent: Collection[Secret], now: int) -> TokenPair:
    """
    Find the tokens in an answer.

    @param purchase: what was asked.
    @param answer: the answer.
    @param sent: the secrets that were sent; whatever the service makes of them, no error holds them.
    @param now: when the answer came, in milliseconds since 1970.
    @return: the tokens.
    @raise ServerError: if the service refuses, by what to do about it, such as L{TokenRefused} and
        L{ApplicationRefused<ctrader_twisted.errors.ApplicationRefused>}.
    @raise TokenServiceFailed: if the HTTP status tells of a failure, and nothing more is known.
    @raise TokenAnswerUnreadable: if the answer should hold tokens, and does not.
    """
    status, subject = answer.status, f"{purchase.name}: the token service"
    if 300 <= status < 400:
        raise TokenServiceFailed(f"{subject} points to another address ({_named(status)}), which is not asked", status)
    found = _object(answer.body)
    code = _first(found, "errorCode", "error")
    if isinstance(code, str | int) and code:
        raise _refusal(purchase, str(code), _first(found, "description", "error_description"), sent)
    if not 200 <= status < 300:
        raise TokenServiceFailed(f"{subject} answered with {_named(status)}, and gave no reason", status)
    access, refresh = _first(found, "accessToken", "access_token"), _first(found, "refreshToken", "refresh_token")
    if not _isToken(access) or not (refresh is None or _isToken(refresh)):
        raise TokenAnswerUnreadable(f"{subject} answered with something that holds no tokens", status)
    # An end that makes no sense is no reason to throw tokens away that are nowhere else.
    seconds = _seconds(_first(found, "expiresIn", "expires_in"))
    return TokenPair(access, refresh, issued=now, expires=None if seconds is None else now + seconds * 1000)


def harmless(text: str, secrets: Collection[Secret]) -> str:
    """
    Make a text from elsewhere fit for a message.

    @param text: the text.
    @param secrets: what must not be in it, in no spelling that is usual on the web.
    @return: the text in one line, shortened, with each secret replaced by C{***}.
    """
    text = _inOneLine(text).strip()
    spellings = {
        _inOneLine(spell(secret.reveal()))
        for secret in secrets
        for spell in (str, escape, quote_plus, quote, lambda each: quote(each, safe=""))
    }
    for spelling in sorted(spellings, key=len, reverse=True):
        # Some write the escapes of addresses in small letters.
        text = re.sub(re.escape(spelling), "***", text, flags=re.IGNORECASE)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _refusal(purchase: Purchase, code: str, description: object, sent: Collection[Secret]) -> ServerError:
    code = harmless(code, sent)
    words = harmless(description, sent) if isinstance(description, str) else ""
    error = serverError(code, words, request=purchase.name)
    if isinstance(error, TokenRefused):
        return TokenRefused(code, words, request=purchase.name, remedy=purchase.ifRefused)
    return error


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _first(found: dict[str, Any], *names: str) -> Any:
    return next((found[name] for name in names if found.get(name) not in (None, "")), None)


def _isToken(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable()


def _seconds(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(_LONGEST_LIFE)):
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST_LIFE:
        return int(value)
    return None


def _named(status: int) -> str:
    phrase = next((each.phrase for each in HTTPStatus if each == status), "")
    return f"HTTP status {status} {phrase}".strip()


def _inOneLine(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
