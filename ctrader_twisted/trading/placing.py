"""
Placing orders: what may be sent, what is sent, and what the end of the request means.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random

from twisted.python.failure import Failure

from ctrader_twisted.errors import IllegalValue, OutcomeUnknown
from ctrader_twisted.schema.messages import ProtoOAExecutionEvent, ProtoOANewOrderReq, ProtoOAOrderType
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.options import OrderTerms
from ctrader_twisted.trading.orderlife import OrderLife, TradeStatus, Wanted
from ctrader_twisted.trading.orders import Orders
from ctrader_twisted.trading.outcome import judge, send, wasNotSent
from ctrader_twisted.trading.trade import Trade
from ctrader_twisted.units import Lots, Symbol, Units

__all__ = ["Placing"]

_LONGEST = {"label": 100, "comment": 512, "clientOrderId": 50}


class Placing:
    """
    Sends orders, each once.
    """

    def __init__(self, link: AccountLink, orders: Orders, randomness: Random) -> None:
        """
        @param link: the account.
        @param orders: follows the orders.
        @param randomness: for the ids of orders.
        """
        self._link = link
        self._orders = orders
        self._randomness = randomness
        self._used: set[str] = set()

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
        clientOrderId = self._identify(terms.clientOrderId)
        message = _marketOrder(symbol, side, quantity, terms, clientOrderId)
        life = OrderLife(Wanted(clientOrderId, message.symbolId, message.tradeSide, message.volume))
        trade = life.subject = Trade(
            life,
            clientOrderId=clientOrderId,
            symbol=symbol,
            side=side,
            volume=message.volume,
            label=message.label,
            comment=message.comment,
        )
        if terms.clientOrderId is not None:
            self._used.add(clientOrderId)
        self._orders.expect(life)
        accepted = life.whenAccepted()
        answered = send(self._link, message, terms.timeout)
        answered.addCallbacks(self._answered, self._failed, callbackArgs=(life,), errbackArgs=(life,))
        await accepted
        return trade

    def _identify(self, wanted: str | None) -> str:
        if wanted is None:
            return f"{self._randomness.getrandbits(128):032x}"
        if not wanted:
            raise IllegalValue("a clientOrderId has 1 to 50 characters")
        if wanted in self._used:
            raise IllegalValue(f"the clientOrderId {wanted!r} was used before; nothing was sent")
        return wanted

    def _answered(self, event: ProtoOAExecutionEvent, life: OrderLife) -> None:
        # The event itself was heard before; the answer tells whose it is, if the server did not repeat our id.
        self._orders.bind(life, event)
        life.settle()

    def _failed(self, failure: Failure, life: OrderLife) -> None:
        assert life.wanted is not None and isinstance(failure.value, Exception)
        # Its own events know better than the request.
        if life.wasAccepted or life.isEnded:
            return
        error = judge(failure.value, life.subject)
        if isinstance(error, OutcomeUnknown):
            life.status = TradeStatus.UNKNOWN
            life.fail(error)
            return
        self._orders.forget(life)
        if wasNotSent(error):
            self._used.discard(life.wanted.clientOrderId)
        life.refused(error)
        life.settle()


def _marketOrder(
    symbol: Symbol, side: Side, quantity: Lots | Units, terms: OrderTerms, clientOrderId: str
) -> ProtoOANewOrderReq:
    message = ProtoOANewOrderReq(
        symbolId=symbol.symbolId,
        orderType=ProtoOAOrderType.MARKET,
        tradeSide=side.value,
        volume=symbol.volume(quantity),
        label=_text("label", terms.label),
        comment=_text("comment", terms.comment),
        clientOrderId=_text("clientOrderId", clientOrderId),
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
