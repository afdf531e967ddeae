"""
When a pair of tokens is to be renewed.
"""

from __future__ import annotations

from ctrader_twisted.credentials import TokenPair

__all__ = ["isYoung", "renewalDue"]

_DAY = 86_400_000
_MOST_AHEAD = 3 * _DAY
_LEAST_LIFE = 10_000
_YOUNG = 600_000


def renewalDue(pair: TokenPair, share: float = 1.0) -> int | None:
    """
    Tell when a pair is to be renewed: a tenth of its life before its end, but no more than three days.

    @param pair: the pair.
    @param share: how much of that time to take, so that not all who use a pair begin at once.
    @return: milliseconds since 1970; L{None} if the end is not known.
    """
    if pair.expires is None:
        return None
    if pair.issued is None:
        return pair.expires - round(_MOST_AHEAD * share)
    ahead = min(_MOST_AHEAD, (pair.expires - pair.issued) // 10)
    # A server whose tokens end at once must not be asked for ever more of them.
    return max(pair.expires - round(ahead * share), pair.issued + _LEAST_LIFE)


def isYoung(pair: TokenPair, now: int) -> bool:
    """
    Tell whether a pair is so new that buying another one would not help against a refusal. A server that refuses even
    new tokens must not be asked for ever more of them.

    @param pair: the pair.
    @param now: milliseconds since 1970.
    @return: L{False} if it is not known when it was issued.
    """
    if pair.issued is None:
        return False
    life = _YOUNG if pair.expires is None else min(_YOUNG, (pair.expires - pair.issued) // 2)
    return 0 <= now - pair.issued < life
