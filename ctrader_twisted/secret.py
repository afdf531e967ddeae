"""
A string that does not show itself.
"""

from __future__ import annotations

import hmac

__all__ = ["Secret", "asSecret"]


class Secret:
    """
    A client secret or token that prints as C{***} wherever it is printed, logged or raised.

    @see: L{reveal}, the one way to its text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """
        @param text: what to keep secret.
        """
        self._text = text

    def reveal(self) -> str:
        """
        Give the text itself, for the moment of sending or storing it.

        @return: the text.
        """
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


def asSecret(text: str | Secret) -> Secret:
    """
    Wrap a text, unless it is wrapped already.

    @param text: what to keep secret.
    @return: the secret.
    @raise TypeError: if it is no text at all, such as the C{None} of an environment variable that is not set.
    @raise ValueError: if it is empty.
    """
    if not isinstance(text, str | Secret):
        raise TypeError(f"a secret is a string, not {type(text).__name__}")
    secret = text if isinstance(text, Secret) else Secret(text)
    if not secret.reveal():
        raise ValueError("a secret is not empty")
    return secret
