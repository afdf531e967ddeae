"""
Decimal arithmetic that either is exact or fails, whatever the decimal context of the thread.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation

from ctrader_twisted.errors import IllegalValue

__all__ = ["EXACT", "Exact", "exactDecimal"]

Exact = str | int | Decimal
"""
What an exact number may be given as.
"""

EXACT = Context(prec=120, traps=[Inexact, InvalidOperation])
"""
The context of all arithmetic in this room. Its precision holds any product of two numbers that L{exactDecimal} accepts.
"""

# No price, volume or amount comes near; beyond, a number like 1e999999 would only exhaust the memory.
_LARGEST_EXPONENT = 25


def exactDecimal(value: Exact, form: str = "Decimal({})") -> Decimal:
    """
    Take a number as it was written.

    @param value: the number.
    @param form: how a caller writes such a number, for the sentence that refuses a float.
    @return: the same number, with the decimal places that it was given with.
    @raise TypeError: if it is a float, a bool, or no number at all.
    @raise IllegalValue: if the text is no finite number, or one of absurd size or fineness.
    """
    if isinstance(value, float):
        raise TypeError(f"the float {value!r} is not exact: write {form.format(repr(str(value)))}")
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError(f"a string, an integer or a Decimal is needed, not {value!r}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise IllegalValue(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise IllegalValue(f"{value!r} is not a finite number")
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    if number.adjusted() > _LARGEST_EXPONENT or exponent < -_LARGEST_EXPONENT:
        raise IllegalValue(f"{value!r} is out of all proportion")
    return number
