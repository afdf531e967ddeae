"""
From what is wanted to the message that orders it. Pure. What cannot be ordered is refused here, before it is sent.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from attrs import frozen

from ctrader_twisted.errors import IllegalValue, ValueUnknown
from ctrader_twisted.schema.messages import ProtoOANewOrderReq
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.levels import (
    Leg,
    Market,
    checkDistance,
    checkGuarantee,
    checkLevel,
    checkStop,
    orderPrice,
    slippage,
)
from ctrader_twisted.trading.options import OrderTerms, TimeInForce
from ctrader_twisted.trading.pending import OrderKind
from ctrader_twisted.units import Lots, Symbol, Units, orderPriceToWire, toMilliseconds
from ctrader_twisted.units.exact import Exact
from ctrader_twisted.units.scales import rounded

__all__ = ["Wish", "distanceOf", "expiryOf", "newOrder"]

_LONGEST = {"label": 100, "comment": 512, "clientOrderId": 50}
_AT_MARKET = (OrderKind.MARKET, OrderKind.MARKET_RANGE)
_WITH_SLIPPAGE = (OrderKind.MARKET_RANGE, OrderKind.STOP_LIMIT)
_RELATIVE_DIGITS = 5
_AT_ONCE = (TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL)
_WAITING = (TimeInForce.GOOD_TILL_CANCEL, TimeInForce.GOOD_TILL_DATE, *_AT_ONCE)
_IN_FORCE = {
    OrderKind.MARKET: (*_AT_ONCE, TimeInForce.MARKET_ON_OPEN),
    OrderKind.MARKET_RANGE: _AT_ONCE,
    OrderKind.LIMIT: _WAITING,
    OrderKind.STOP: _WAITING,
    OrderKind.STOP_LIMIT: _WAITING,
}


@frozen
class Wish:
    """
    An order as somebody wants it.

    @ivar kind: its kind.
    @ivar side: its direction.
    @ivar symbol: its symbol.
    @ivar quantity: how much.
    @ivar price: its price; L{None} for a market order.
    @ivar terms: the rest.
    """

    kind: OrderKind
    side: Side
    symbol: Symbol
    quantity: Lots | Units
    price: Exact | None
    terms: OrderTerms


def newOrder(wish: Wish, market: Market) -> ProtoOANewOrderReq:
    """
    Make the message of an order.

    @param wish: the order.
    @param market: what is known outside.
    @return: the message, complete but for its account, and for its C{clientOrderId} if none was given.
    @raise IllegalValue: if it cannot be ordered so, with the nearest that can, where there is one.
    @raise ValueUnknown: if a quote is needed and none is known.
    @raise TypeError: if a float is given where exactness matters.
    """
    terms = wish.terms
    if terms.clientOrderId == "":
        raise IllegalValue("a clientOrderId has 1 to 50 characters")
    message = ProtoOANewOrderReq(
        symbolId=wish.symbol.symbolId,
        orderType=wish.kind.value,
        tradeSide=wish.side.value,
        volume=wish.symbol.volume(wish.quantity),
        label=_text("label", terms.label),
        comment=_text("comment", terms.comment),
        clientOrderId=_text("clientOrderId", terms.clientOrderId),
        trailingStopLoss=terms.trailing or None,
        guaranteedStopLoss=terms.guaranteedStopLoss or None,
    )
    base = _setPrice(message, wish, market)
    _setTime(message, wish, market)
    if wish.kind in _WITH_SLIPPAGE:
        message.slippageInPoints = slippage(wish.symbol, terms.slippagePoints, terms.slippagePips)
    for leg in Leg:
        _protect(message, wish, leg, base, market)
    _checkStopLoss(message, wish.symbol, market)
    return message


def _text(name: str, text: str | None) -> str | None:
    if text is not None and len(text) > _LONGEST[name]:
        raise IllegalValue(f"{name} has {len(text)} characters; {_LONGEST[name]} are allowed")
    if text is not None and any("\ud800" <= character <= "\udfff" for character in text):
        raise IllegalValue(f"{name} holds half a character, which cannot be sent")
    return text


def _setPrice(message: ProtoOANewOrderReq, wish: Wish, market: Market) -> Decimal | None:
    """
    @return: what absolute levels of the protection are compared with; L{None} if they are not allowed.
    """
    if wish.price is None:
        return None
    price = orderPrice(wish.symbol, "the price", wish.price, market.entry(wish.side))
    if wish.kind is OrderKind.MARKET_RANGE:
        message.baseSlippagePrice = orderPriceToWire(price)
        return None
    if wish.kind is OrderKind.LIMIT:
        message.limitPrice = orderPriceToWire(price)
        return price
    checkStop(wish.symbol, wish.side, price, wish.terms.trigger, market.quote)
    message.stopPrice = orderPriceToWire(price)
    message.stopTriggerMethod = wish.terms.trigger.value
    return price


def _setTime(message: ProtoOANewOrderReq, wish: Wish, market: Market) -> None:
    inForce, expires, allowed = wish.terms.timeInForce, wish.terms.expires, _IN_FORCE[wish.kind]
    if inForce is None and wish.kind not in _AT_MARKET:
        inForce = TimeInForce.GOOD_TILL_CANCEL if expires is None else TimeInForce.GOOD_TILL_DATE
    if inForce is None:
        return
    if inForce not in allowed:
        raise IllegalValue(f"a {wish.kind.name} order cannot be {inForce.name}", allowed)
    if (inForce is TimeInForce.GOOD_TILL_DATE) is (expires is None):
        raise IllegalValue(f"an order that is {inForce.name} is given expires just if it is GOOD_TILL_DATE")
    message.timeInForce = inForce.value
    if expires is not None:
        message.expirationTimestamp = expiryOf(expires, market.now)


def expiryOf(expires: datetime | int, now: int) -> int:
    """
    Take the time at which an order expires.

    @param expires: an aware datetime, or milliseconds since 1970.
    @param now: milliseconds since 1970.
    @return: milliseconds since 1970.
    @raise IllegalValue: if it is not in the future, or the datetime has no time zone.
    @raise TypeError: if it is neither.
    """
    moment = toMilliseconds(expires)
    if moment <= now:
        seconds = " (it looks like seconds since 1970: milliseconds are needed)" if now < moment * 1000 else ""
        raise IllegalValue(f"an order expires in the future; {expires} is past{seconds}")
    if moment >= 2**63:
        raise IllegalValue(f"{expires} ms since 1970 is out of all proportion")
    return moment


def _protect(message: ProtoOANewOrderReq, wish: Wish, leg: Leg, base: Decimal | None, market: Market) -> None:
    symbol, terms, name = wish.symbol, wish.terms, leg.value
    level = getattr(terms, name)
    pips, distance = getattr(terms, f"{name}Pips"), getattr(terms, f"{name}Distance")
    if sum(each is not None for each in (level, pips, distance)) > 1:
        raise IllegalValue(f"give one of {name}, {name}Pips and {name}Distance")
    isGuaranteed = terms.guaranteedStopLoss
    if level is not None and base is not None:
        price = orderPrice(symbol, name, level, base)
        checkLevel(symbol, wish.side, leg, price, base, words="the order's price", isGuaranteed=isGuaranteed)
        setattr(message, name, orderPriceToWire(price))
        return
    if level is not None:
        relative = _fromQuote(wish, leg, level, market)
    elif pips is None and distance is None:
        return
    else:
        relative = distanceOf(symbol, leg, pips, distance, isGuaranteed=isGuaranteed)
    setattr(message, "relativeStopLoss" if leg is Leg.STOP_LOSS else "relativeTakeProfit", relative)


def distanceOf(
    symbol: Symbol, leg: Leg, pips: Exact | None, distance: Decimal | None, *, isGuaranteed: bool = False
) -> int:
    """
    Take a leg of a protection by its distance.

    @param symbol: the symbol.
    @param leg: which of the two legs it is.
    @param pips: the distance in pips.
    @param distance: or as a difference of prices.
    @param isGuaranteed: whether the stop loss is guaranteed.
    @return: the distance in 1/100000.
    @raise IllegalValue: if the symbol's prices cannot lie so far apart, or the broker wants them further apart.
    @raise TypeError: if it is a float.
    """
    if pips is not None:
        distance = symbol.pips(pips)
    assert distance is not None
    relative = symbol.relative(distance)
    checkDistance(symbol, leg, distance, isGuaranteed=isGuaranteed)
    return relative


def _fromQuote(wish: Wish, leg: Leg, level: Exact, market: Market) -> int:
    symbol, name = wish.symbol, leg.value
    if not wish.terms.protectionFromQuote:
        raise IllegalValue(
            f"the server takes no {name} price for a {wish.kind.name} order, only its distance from the fill: give "
            f"{name}Pips or {name}Distance, or protectionFromQuote=True to send its distance from the newest quote"
        )
    entry = market.entry(wish.side)
    if entry is None:
        raise ValueUnknown(
            f"there is no quote of {symbol.name} now to count the {name} from: subscribe to its quotes and wait for one"
        )
    price = orderPrice(symbol, name, level, entry)
    isGuaranteed = wish.terms.guaranteedStopLoss
    checkLevel(symbol, wish.side, leg, price, entry, words="the quote", isGuaranteed=isGuaranteed)
    return symbol.relative(rounded(abs(price - entry), min(symbol.digits, _RELATIVE_DIGITS), ROUND_HALF_EVEN))


def _checkStopLoss(message: ProtoOANewOrderReq, symbol: Symbol, market: Market) -> None:
    hasStopLoss = message.HasField("stopLoss") or message.HasField("relativeStopLoss")
    if message.trailingStopLoss and not hasStopLoss:
        raise IllegalValue("a trailing stop loss needs its distance: give stopLossPips or stopLossDistance")
    if message.guaranteedStopLoss:
        if not hasStopLoss:
            raise IllegalValue("a guaranteed stop loss needs its place: give stopLossPips or stopLossDistance")
        checkGuarantee(symbol)
    elif market.isLimitedRisk:
        raise IllegalValue("an account of limited risk opens nothing without a stop loss and guaranteedStopLoss=True")
