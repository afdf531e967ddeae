"""
Tests of making orders: what each kind carries, and what is refused before anything is sent.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import IllegalValue, ValueUnknown
from ctrader_twisted.market import Quote
from ctrader_twisted.schema import messages as m
from ctrader_twisted.trading import OrderKind, Side, TimeInForce, TriggerMethod
from ctrader_twisted.trading.levels import Leg, Market, checkLevel, checkStop, leastDistance, orderPrice, slippage
from ctrader_twisted.trading.options import (
    MarketOptions,
    MarketRangeOptions,
    PendingOptions,
    StopLimitOptions,
    StopOptions,
    termsFrom,
)
from ctrader_twisted.trading.ordering import Wish, newOrder
from ctrader_twisted.units import Lots, Symbol
from test.marketlink import makeSymbol

NOW = 1_700_000_000_000
EURUSD = makeSymbol(1, "EURUSD", minVolume=100_000, maxVolume=1_000_000_000, stepVolume=100_000)
QUOTE = Quote(1, Decimal("1.10000"), Decimal("1.10010"), NOW, NOW)
OPTIONS: dict[OrderKind, type[Any]] = {
    OrderKind.MARKET: MarketOptions,
    OrderKind.MARKET_RANGE: MarketRangeOptions,
    OrderKind.LIMIT: PendingOptions,
    OrderKind.STOP: StopOptions,
    OrderKind.STOP_LIMIT: StopLimitOptions,
}


def make(
    kind: OrderKind,
    price: Any = None,
    side: Side = Side.BUY,
    *,
    symbol: Symbol = EURUSD,
    market: Market | None = None,
    **options: Any,
) -> m.ProtoOANewOrderReq:
    """
    Make the message of an order of 0.01 lots, at a market of 1.10000 to 1.10010.
    """
    wish = Wish(kind, side, symbol, Lots("0.01"), price, termsFrom(OPTIONS[kind], options))
    return newOrder(wish, market or Market(QUOTE, NOW))


class OrderingCase(SynchronousTestCase):
    """
    What a test needs to see that something is refused.
    """

    def refused(self, *nearest: Any, kind: OrderKind = OrderKind.LIMIT, **order: Any) -> str:
        """
        Check that an order is refused.

        @param nearest: what the error names as legal.
        @param kind: its kind.
        @param order: the rest.
        @return: the words.
        """
        error = self.assertRaises(IllegalValue, make, kind, **order)
        self.assertEqual(tuple(map(str, error.nearest)), nearest)
        return str(error)


class KindTests(OrderingCase):
    """
    What is sent for each kind of order.
    """

    def test_limit(self) -> None:
        """
        A limit order has its limit, and waits for ever unless told otherwise.
        """
        expected = m.ProtoOANewOrderReq(
            symbolId=1,
            orderType=m.ProtoOAOrderType.LIMIT,
            tradeSide=m.ProtoOATradeSide.SELL,
            volume=100_000,
            limitPrice=1.2,
            timeInForce=m.ProtoOATimeInForce.GOOD_TILL_CANCEL,
        )
        self.assertEqual(make(OrderKind.LIMIT, "1.2", Side.SELL), expected)

    def test_marketableLimit(self) -> None:
        """
        A limit that the market meets already is allowed: it is filled at once.
        """
        self.assertEqual(make(OrderKind.LIMIT, "1.2").limitPrice, 1.2)

    def test_stop(self) -> None:
        """
        A stop order has the price that triggers it, and how.
        """
        sent = make(OrderKind.STOP, "1.2", trigger=TriggerMethod.DOUBLE_OPPOSITE)
        self.assertEqual((sent.stopPrice, sent.HasField("limitPrice")), (1.2, False))
        self.assertEqual(sent.stopTriggerMethod, m.ProtoOAOrderTriggerMethod.DOUBLE_OPPOSITE)
        self.assertFalse(sent.HasField("slippageInPoints"))

    def test_stopLimit(self) -> None:
        """
        A stop limit order has a slippage besides, in points or pips.
        """
        self.assertEqual(make(OrderKind.STOP_LIMIT, "1.2", slippagePoints=7).slippageInPoints, 7)
        sent = make(OrderKind.STOP_LIMIT, "1.2", slippagePips="1.5")
        self.assertEqual((sent.slippageInPoints, sent.stopPrice), (15, 1.2))

    def test_marketRange(self) -> None:
        """
        A market range order has its base price and slippage, and no time in force.
        """
        sent = make(OrderKind.MARKET_RANGE, "1.1001", slippagePips=2, stopLossPips=10)
        self.assertEqual((sent.baseSlippagePrice, sent.slippageInPoints, sent.relativeStopLoss), (1.1001, 20, 100))
        self.assertFalse(sent.HasField("timeInForce"))

    def test_otherOptions(self) -> None:
        """
        An option of another kind of order is an error: nobody's expiry is dropped in silence.
        """
        for kind, options in (
            (OrderKind.MARKET, {"expires": NOW + 1}),
            (OrderKind.LIMIT, {"trigger": TriggerMethod.TRADE}),
            (OrderKind.STOP, {"slippagePips": 1}),
            (OrderKind.STOP_LIMIT, {"protectionFromQuote": True}),
            (OrderKind.MARKET_RANGE, {"trigger": TriggerMethod.TRADE}),
        ):
            error = self.assertRaises(TypeError, make, kind, "1.1", **options)
            self.assertIn(repr(next(iter(options))), str(error))

    def test_slippages(self) -> None:
        """
        A slippage is needed, once, and a whole number of points.
        """
        order: dict[str, Any] = {"kind": OrderKind.STOP_LIMIT, "price": "1.2"}
        self.refused(**order)
        self.refused(**order, slippagePoints=1, slippagePips=1)
        self.refused(**order, slippagePoints=0)
        self.refused(**order, slippagePips="1e9")
        self.refused("15", "16", **order, slippagePips="1.55")
        for wrong in (1.5, True, "3"):
            self.assertRaises(TypeError, make, OrderKind.STOP_LIMIT, "1.2", slippagePoints=wrong)


class TimeTests(OrderingCase):
    """
    How long an order waits.
    """

    def test_expires(self) -> None:
        """
        A time is an aware datetime or milliseconds, and makes the order good till then.
        """
        moment = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
        for expires in (moment, 1_893_553_445_000):
            sent = make(OrderKind.LIMIT, "1.05", expires=expires)
            self.assertEqual(sent.expirationTimestamp, 1_893_553_445_000)
            self.assertEqual(sent.timeInForce, m.ProtoOATimeInForce.GOOD_TILL_DATE)

    def test_inForce(self) -> None:
        """
        Each kind of order takes the times in force that it can have; a market order tells of none unless asked to.
        """
        atOnce = ["IMMEDIATE_OR_CANCEL", "FILL_OR_KILL"]
        for kind, price, expected in (
            (OrderKind.MARKET, None, [*atOnce, "MARKET_ON_OPEN"]),
            (OrderKind.MARKET_RANGE, "1.1", atOnce),
            (OrderKind.LIMIT, "1.2", ["GOOD_TILL_CANCEL", *atOnce]),
            (OrderKind.STOP, "1.2", ["GOOD_TILL_CANCEL", *atOnce]),
        ):
            taken = []
            for inForce in TimeInForce:
                try:
                    sent = make(kind, price, timeInForce=inForce, **_slippage(kind))
                except IllegalValue:
                    continue
                self.assertEqual(sent.timeInForce, inForce.value)
                taken.append(inForce.name)
            self.assertEqual(taken, expected)
        self.assertFalse(make(OrderKind.MARKET).HasField("timeInForce"))

    def test_refused(self) -> None:
        """
        A time that is past, without a zone, missing, or beside another time in force is refused.
        """
        for expires in (NOW, NOW - 1, datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1), 2**63):  # noqa: DTZ001
            self.refused(price="1.05", expires=expires)
        self.assertIn("milliseconds are needed", self.refused(price="1.05", expires=NOW // 1000 + 60))
        self.refused(price="1.05", timeInForce=TimeInForce.GOOD_TILL_DATE)
        self.refused(price="1.05", timeInForce=TimeInForce.FILL_OR_KILL, expires=NOW + 1)


class ProtectionTests(OrderingCase):
    """
    Stop loss and take profit of new orders.
    """

    def test_absolute(self) -> None:
        """
        Pending orders take prices, on the right sides of their own price.
        """
        sent = make(OrderKind.LIMIT, "1.05", stopLoss="1.04", takeProfit=Decimal("1.06"))
        self.assertEqual((sent.stopLoss, sent.takeProfit), (1.04, 1.06))
        sent = make(OrderKind.STOP, "1.05", Side.SELL, stopLoss="1.06", takeProfit="1.04")
        self.assertEqual((sent.stopLoss, sent.takeProfit), (1.06, 1.04))

    def test_wrongSide(self) -> None:
        """
        On the wrong side, or at the price itself, they are refused with the nearest right one.
        """
        self.refused("1.04999", price="1.05", stopLoss="1.05")
        self.refused("1.04999", price="1.05", stopLoss="1.06")
        self.refused("1.05001", price="1.05", takeProfit="1.04")
        self.refused("1.05001", price="1.05", stopLoss="1.04", side=Side.SELL)
        self.refused("1.04999", price="1.05", takeProfit="1.06", side=Side.SELL)

    def test_leastDistance(self) -> None:
        """
        The broker's least distances count for prices and for distances, the greater one for a guaranteed stop loss.
        """
        far = makeSymbol(1, minVolume=100_000, slDistance=50, tpDistance=30, gslDistance=80, guaranteedStopLoss=True)
        self.refused("1.04950", price="1.05", stopLoss="1.0496", symbol=far)
        self.refused("1.05030", price="1.05", takeProfit="1.0502", symbol=far)
        self.refused("1.04920", price="1.05", stopLoss="1.0495", guaranteedStopLoss=True, symbol=far)
        self.refused("0.00050", price="1.05", stopLossPips="4.9", symbol=far)
        self.refused("0.00030", price="1.05", takeProfitDistance=Decimal("0.0001"), symbol=far)
        self.assertEqual(make(OrderKind.MARKET, stopLossPips=5, takeProfitPips=3, symbol=far).relativeStopLoss, 50)

    def test_percentDistance(self) -> None:
        """
        Where the least distance is counted in percent, whose scale is not documented, the server alone decides.
        """
        percent = makeSymbol(1, slDistance=50, distanceSetIn=m.ProtoOASymbolDistanceType.SYMBOL_DISTANCE_IN_PERCENTAGE)
        self.assertEqual(make(OrderKind.MARKET, stopLossPips="0.1", symbol=percent).relativeStopLoss, 1)

    def test_absoluteOnMarket(self) -> None:
        """
        Scenario 77: a price on a market order is refused, with the way to have it made relative.
        """
        for kind, price in ((OrderKind.MARKET, None), (OrderKind.MARKET_RANGE, "1.1")):
            words = self.refused(kind=kind, price=price, stopLoss="1.09", **_slippage(kind))
            for way in ("stopLossPips", "stopLossDistance", "protectionFromQuote=True"):
                self.assertIn(way, words)

    def test_fromQuote(self) -> None:
        """
        Scenario 77: asked for, the price is sent as its distance from the price at which the order would be filled.
        """
        for kind, price in ((OrderKind.MARKET, None), (OrderKind.MARKET_RANGE, "1.1")):
            both: dict[str, Any] = {"protectionFromQuote": True, **_slippage(kind)}
            sent = make(kind, price, stopLoss="1.09", takeProfit="1.12", **both)
            self.assertEqual((sent.relativeStopLoss, sent.relativeTakeProfit), (1_010, 1_990))
            self.assertFalse(sent.HasField("stopLoss") or sent.HasField("takeProfit"))
            sent = make(kind, price, Side.SELL, stopLoss="1.12", **both)
            self.assertEqual(sent.relativeStopLoss, 2_000)

    def test_fromQuoteRounded(self) -> None:
        """
        A quote finer than the symbol's digits is rounded half to even; the server takes only such steps.
        """
        yen = makeSymbol(1, digits=3, pipPosition=2)
        market = Market(Quote(1, Decimal("150.00050"), Decimal("150.00150"), NOW, NOW), NOW)
        for side, level, relative in ((Side.SELL, "150.1", 10_000), (Side.BUY, "149.9", 10_200)):
            sent = make(
                OrderKind.MARKET, side=side, symbol=yen, market=market, stopLoss=level, protectionFromQuote=True
            )
            self.assertEqual(sent.relativeStopLoss, relative)

    def test_fromQuoteWrongSide(self) -> None:
        """
        A price on the wrong side of the quote is refused.
        """
        market: dict[str, Any] = {"kind": OrderKind.MARKET, "protectionFromQuote": True}
        self.refused("1.10009", **market, stopLoss="1.2")
        self.refused("1.10011", **market, takeProfit="1.1001")

    def test_noQuote(self) -> None:
        """
        Without a quote there is nothing to count from, and no order goes out with a guess.
        """
        order: dict[str, Any] = {"market": Market(None, NOW), "protectionFromQuote": True}
        self.assertRaises(ValueUnknown, make, OrderKind.MARKET, stopLoss="1.09", **order)
        self.assertEqual(make(OrderKind.MARKET, stopLossPips=10, **order).relativeStopLoss, 100)

    def test_twice(self) -> None:
        """
        A leg is given in one form.
        """
        self.refused(price="1.05", stopLoss="1.04", stopLossPips=1)
        self.refused(price="1.05", takeProfitDistance=Decimal("0.01"), takeProfitPips=1)

    def test_trailingAndGuaranteed(self) -> None:
        """
        Trailing and the guarantee need a stop loss, and the guarantee a broker who gives it.
        """
        sure = makeSymbol(1, guaranteedStopLoss=True)
        sent = make(OrderKind.LIMIT, "1.05", symbol=sure, stopLoss="1.04", trailing=True, guaranteedStopLoss=True)
        self.assertEqual((sent.trailingStopLoss, sent.guaranteedStopLoss), (True, True))
        self.refused(price="1.05", trailing=True, takeProfit="1.06")
        self.refused(price="1.05", symbol=sure, guaranteedStopLoss=True)
        self.refused(price="1.05", stopLoss="1.04", guaranteedStopLoss=True)

    def test_limitedRisk(self) -> None:
        """
        An account of limited risk opens nothing without a guarantee.
        """
        market = Market(QUOTE, NOW, isLimitedRisk=True)
        sure = makeSymbol(1, guaranteedStopLoss=True)
        self.refused(kind=OrderKind.MARKET, market=market, stopLossPips=10)
        make(OrderKind.MARKET, market=market, symbol=sure, stopLossPips=10, guaranteedStopLoss=True)


class PriceTests(OrderingCase):
    """
    Prices of orders.
    """

    def test_digits(self) -> None:
        """
        A price finer than the symbol's is refused with both neighbours, a float altogether.
        """
        self.refused("1.05000", "1.05001", price="1.050001")
        self.refused("1.04000", "1.04001", price="1.05", stopLoss="1.040001")
        self.assertRaises(TypeError, make, OrderKind.LIMIT, 1.05)
        self.assertRaises(TypeError, make, OrderKind.LIMIT, "1.05", stopLoss=1.04)

    def test_wireInteger(self) -> None:
        """
        Scenario 82: an integer of the wire where a price is due is refused as implausible, naming what was meant.
        """
        self.refused("1.05000", price=105_000)
        self.refused("1.04000", price="1.05", stopLoss=104_000)
        self.refused(kind=OrderKind.LIMIT, price=20)
        self.refused(kind=OrderKind.LIMIT, price="0.1")
        self.refused(kind=OrderKind.LIMIT, price=10**20)
        index = makeSymbol(1, digits=2, pipPosition=0)
        dear = Market(Quote(1, Decimal("25281.64"), Decimal("25282.00"), NOW, NOW), NOW)
        self.refused("25281.64", price=2_528_164_000, symbol=index, market=dear)

    def test_withoutQuote(self) -> None:
        """
        Scenario 82: where no quote is known a price is taken as it is, but its protection is held against it.
        """
        market = Market(None, NOW)
        self.assertEqual(make(OrderKind.LIMIT, 105_000, market=market).limitPrice, 105_000)
        self.refused("1.04000", price="1.05", stopLoss=104_000, market=market)

    def test_passedStop(self) -> None:
        """
        A stop that the market has passed already is refused; the opposite price counts where it triggers.
        """
        stop: dict[str, Any] = {"kind": OrderKind.STOP}
        self.refused("1.10011", **stop, price="1.1001")
        self.refused("1.09999", **stop, price="1.1", side=Side.SELL)
        self.refused("1.10001", **stop, price="1.1", trigger=TriggerMethod.OPPOSITE)
        self.refused("1.10009", **stop, price="1.10011", side=Side.SELL, trigger=TriggerMethod.DOUBLE_OPPOSITE)
        for side, price in ((Side.BUY, "1.10005"), (Side.SELL, "1.10005")):
            make(OrderKind.STOP, price, side, trigger=TriggerMethod.OPPOSITE)
        make(OrderKind.STOP, "0.5", market=Market(None, NOW))


def _slippage(kind: OrderKind) -> dict[str, Any]:
    return {"slippagePips": 1} if kind is OrderKind.MARKET_RANGE else {}


DIGITS = st.integers(0, 8)
SIDES = st.sampled_from(list(Side))


class PropertyTests(SynchronousTestCase):
    """
    What holds for all numbers.
    """

    @given(DIGITS, SIDES, st.sampled_from(list(Leg)), st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, 99))
    def test_levels(self, digits: int, side: Side, leg: Leg, level: int, base: int, least: int) -> None:
        """
        A level is either legal, or the one that is named is legal and is the nearest: a tick towards it is not.
        """
        symbol = makeSymbol(1, digits=digits, pipPosition=0, slDistance=least, tpDistance=least)
        tick = symbol.tickSize

        def check(price: Decimal) -> None:
            checkLevel(symbol, side, leg, price, base * tick, words="x")

        try:
            check(level * tick)
        except IllegalValue as error:
            [nearest] = error.nearest
            assert isinstance(nearest, Decimal)
            check(nearest)
            self.assertLess(abs(nearest - base * tick), leastDistance(symbol, leg, isGuaranteed=False) + tick)
            towards = tick if nearest < base * tick else -tick
            self.assertRaises(IllegalValue, check, nearest + towards)

    @given(DIGITS, SIDES, st.sampled_from(list(TriggerMethod)), st.integers(2, 10**9), st.integers(0, 99))
    def test_stops(self, digits: int, side: Side, trigger: TriggerMethod, bid: int, spread: int) -> None:
        """
        Of any two neighbouring prices the market's own and one beyond, just the one beyond waits.
        """
        symbol = makeSymbol(1, digits=digits, pipPosition=0)
        tick = symbol.tickSize
        quote = Quote(1, bid * tick, (bid + spread) * tick, NOW, NOW)
        error = self.assertRaises(
            IllegalValue, checkStop, symbol, side, quote.bid if side is Side.BUY else quote.ask, trigger, quote
        )
        [nearest] = error.nearest
        assert isinstance(nearest, Decimal)
        checkStop(symbol, side, nearest, trigger, quote)
        passed = nearest - tick if side is Side.BUY else nearest + tick
        self.assertRaises(IllegalValue, checkStop, symbol, side, passed, trigger, quote)

    @given(st.integers(0, 5), st.integers(1, 10**8), st.integers(1, 10**8))
    def test_wireIntegers(self, digits: int, price: int, reference: int) -> None:
        """
        Scenario 82: no integer of the wire passes for the price it stands for, and what is named is that price.
        """
        symbol = makeSymbol(1, digits=digits, pipPosition=0)
        reference = max(price // 3, min(reference, price * 3)) or 1
        tick = symbol.tickSize
        wire = price * 10 ** (5 - digits)
        error = self.assertRaises(IllegalValue, orderPrice, symbol, "x", wire, reference * tick)
        self.assertEqual(error.nearest, (price * tick,))
        self.assertEqual(orderPrice(symbol, "x", price * tick, reference * tick), price * tick)

    @given(DIGITS, st.integers(0, 8), st.decimals(0, 10**6, places=3))
    def test_slippages(self, digits: int, pipPosition: int, pips: Decimal) -> None:
        """
        Pips are whole points, exactly, or refused.
        """
        symbol = makeSymbol(1, digits=digits, pipPosition=pipPosition)
        try:
            points = slippage(symbol, None, pips)
        except IllegalValue:
            return
        self.assertEqual(points * symbol.tickSize, symbol.pips(pips))
