"""
Placing orders: what may be ordered, and the message that orders it.
"""

from __future__ import annotations

from decimal import Decimal

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.schema.messages import ProtoOANewOrderReq, ProtoOAOrderType
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.options import OrderTerms
from ctrader_twisted.trading.sending import Sending
from ctrader_twisted.trading.trade import Trade
from ctrader_twisted.units import Lots, Symbol, Units

__all__ = ["Placing"]

_LONGEST = {"label": 100, "comment": 512, "clientOrderId": 50}


class Placing:
    """
    Makes orders, and gives them to be sent.
    """

    def __init__(self, sending: Sending) -> None:
        """
        @param sending: the way out.
        """
        self._sending = sending

    async def place(self, symbol: Symbol, side: Side, quantity: Lots | Units, terms: OrderTerms) -> Trade:
        """
        Send a market order.

        @param symbol: the symbol.
        @param side: the direction.
        @param quantity: how much.
        @param terms: the rest.
        @return: the trade, once it is accepted.
        @see: L{ctrader_twisted.trading.trading.Trading.buy}
        """
        return await self._sending.place(_marketOrder(symbol, side, quantity, terms), symbol, terms.timeout)


def _marketOrder(symbol: Symbol, side: Side, quantity: Lots | Units, terms: OrderTerms) -> ProtoOANewOrderReq:
    if terms.clientOrderId == "":
        raise IllegalValue("a clientOrderId has 1 to 50 characters")
    message = ProtoOANewOrderReq(
        symbolId=symbol.symbolId,
        orderType=ProtoOAOrderType.MARKET,
        tradeSide=side.value,
        volume=symbol.volume(quantity),
        label=_text("label", terms.label),
        comment=_text("comment", terms.comment),
        clientOrderId=_text("clientOrderId", terms.clientOrderId),
        relativeStopLoss=_relative(symbol, "stopLoss", terms.stopLossPips, terms.stopLossDistance),
        relativeTakeProfit=_relative(symbol, "takeProfit", terms.takeProfitPips, terms.takeProfitDistance),
        trailingStopLoss=terms.trailing or None,
    )
    if terms.trailing and not message.relativeStopLoss:
        raise IllegalValue("a trailing stop loss needs its distance: give stopLossPips or stopLossDistance")
    return message


def _text(name: str, text: str | None) -> str | None:
    if text is not None and len(text) > _LONGEST[name]:
        raise IllegalValue(f"{name} has {len(text)} characters; {_LONGEST[name]} are allowed")
    if text is not None and any("\ud800" <= character <= "\udfff" for character in text):
        raise IllegalValue(f"{name} holds half a character, which cannot be sent")
    return text


def _relative(symbol: Symbol, leg: str, pips: str | int | Decimal | None, distance: Decimal | None) -> int | None:
    if pips is not None and distance is not None:
        raise IllegalValue(f"give either {leg}Pips or {leg}Distance, not both")
    if pips is not None:
        distance = symbol.pips(pips)
    return None if distance is None else symbol.relative(distance)
