"""
Prices as integers of 1/100000 and as the doubles that orders carry.
"""

from __future__ import annotations

from fractions import Fraction

from ctrader_twisted.schema.messages import ProtoOATradeSide
from ctrader_twisted.simulator.venue.arithmetic import PRICE_SCALE

__all__ = ["exactRate", "fromDouble", "opposite", "toDouble"]


# Enums look their values up by name each time.
_BUY, _SELL = ProtoOATradeSide.BUY, ProtoOATradeSide.SELL


def fromDouble(price: float) -> int:
    """
    @param price: a price as orders carry it.
    @return: in 1/100000 of a price unit.
    """
    return round(price * PRICE_SCALE)


def toDouble(price: int) -> float:
    """
    @param price: in 1/100000 of a price unit.
    @return: a price as orders carry it.
    """
    return price / PRICE_SCALE


def exactRate(rate: float) -> Fraction:
    """
    Read a rate that was written down as a double.

    @param rate: the double.
    @return: the decimal number that it stands for.
    """
    return Fraction(repr(rate))


def opposite(side: ProtoOATradeSide) -> ProtoOATradeSide:
    """
    @param side: a side.
    @return: the other side.
    """
    return _SELL if side == _BUY else _BUY
