"""
Pairs of tokens as the text in which they are stored.
"""

from __future__ import annotations

import json
from typing import Any

from ctrader_twisted.credentials import TokenPair

__all__ = ["pairsOf", "textOf"]

_KINDS = {"accessToken": str, "refreshToken": str, "issued": int, "expires": int, "scope": str, "userId": int}
"""
What a row holds, all but the first only if it is known.
"""


def textOf(pairs: tuple[TokenPair, ...]) -> str:
    """
    Write pairs down.

    @param pairs: the pairs.
    @return: JSON: C{{"tokens": [{"accessToken": ..., "refreshToken": ...}]}}. It shows the tokens.
    """
    return json.dumps({"tokens": [_row(pair) for pair in pairs]}, indent=1)


def pairsOf(text: str | bytes) -> tuple[TokenPair, ...]:
    """
    Read pairs again.

    @param text: what L{textOf} has made.
    @return: the pairs.
    @raise ValueError: if it is something else. It shows nothing of the text, as long as its cause is not shown.
    """
    try:
        return tuple(map(_pair, json.loads(text)["tokens"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("these are no tokens") from None


def _row(pair: TokenPair) -> dict[str, str | int]:
    row: dict[str, str | int | None] = {
        "accessToken": pair.accessToken.reveal(),
        "refreshToken": None if pair.refreshToken is None else pair.refreshToken.reveal(),
        "issued": pair.issued,
        "expires": pair.expires,
        "scope": pair.scope,
        "userId": pair.userId,
    }
    return {key: value for key, value in row.items() if value is not None}


def _pair(row: dict[str, Any]) -> TokenPair:
    known = {key: row[key] for key in _KINDS if row.get(key) is not None}
    # A bool is an int, too.
    if not all(type(value) is _KINDS[key] for key, value in known.items()):
        raise TypeError("a value is of a wrong type")
    return TokenPair(**known)
