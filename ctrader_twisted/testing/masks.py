"""
Stand-ins for what a recording must not tell.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from google.protobuf.message import Message

from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.framing import Envelope

__all__ = ["Masks", "standIn"]

_FIELDS = ("clientId", "clientSecret", "accessToken", "refreshToken")

# Shorter ones may well be parts of ordinary words.
_TELLING = 8


def standIn(field: str, number: int = 1) -> str:
    """
    Give what stands for a secret.

    @param field: the name of the field that it was in, such as C{accessToken}.
    @param number: which of those of that name, by their first appearance, from 1.
    """
    return f"{field}-{number}"


class Masks:
    """
    Replaces secrets, the same one always by the same words.
    """

    def __init__(self) -> None:
        self._standIns: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def mask(self, envelope: Envelope) -> Envelope:
        """
        Replace the secrets in what was sent.

        @param envelope: what was sent.
        @return: the same without secrets; all other bytes stay.
        """
        try:
            message = envelope.message()
        except ProtocolError:
            message = None
        if message is None:
            return envelope._replace(payload=self._withoutKnown(envelope.payload))
        if self._maskFields(message):
            return envelope._replace(payload=message.SerializeToString())
        return envelope

    def _maskFields(self, message: Message) -> bool:
        hasChanged = False
        for field, value in message.ListFields():
            if isinstance(value, str):
                masked = self._standInOf(field.name, value) if field.name in _FIELDS else self._masked(value)
                if masked != value:
                    setattr(message, field.name, masked)
                    hasChanged = True
            else:
                parts: Any = [value] if isinstance(value, Message) else value if hasattr(value, "__iter__") else ()
                for part in parts:
                    if isinstance(part, Message):
                        hasChanged |= self._maskFields(part)
        return hasChanged

    def _standInOf(self, field: str, secret: str) -> str:
        if secret not in self._standIns:
            self._counts[field] += 1
            self._standIns[secret] = standIn(field, self._counts[field])
        return self._standIns[secret]

    def _masked(self, text: str) -> str:
        """
        Replace the secrets that are known in words, such as a server's.
        """
        for secret, other in self._standIns.items():
            if len(secret) >= _TELLING:
                text = text.replace(secret, other)
        return text

    def _withoutKnown(self, payload: bytes) -> bytes:
        """
        Overwrite the secrets that are known in what cannot be parsed, and keep its length.
        """
        for secret in self._standIns:
            if len(secret) >= _TELLING:
                known = secret.encode()
                payload = payload.replace(known, b"x" * len(known))
        return payload
