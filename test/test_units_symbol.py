"""
Tests of quantities and of the symbol's prices, pips and volumes.
"""

from __future__ import annotations

import pickle
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.schema import messages
from ctrader_twisted.units import Asset, Lots, Symbol, Units

EUR = Asset(1, "EUR", 2)
USD = Asset(2, "USD", 2)


def makeSymbol(name: str = "EURUSD", **changes: Any) -> Symbol:
    """
    Make a symbol with the numbers of EURUSD.

    @param name: its name.
    @param changes: fields of the specification that differ.
    @return: the symbol.
    """
    fields = {
        "symbolId": 1,
        "digits": 5,
        "pipPosition": 4,
        "lotSize": 10_000_000,
        "minVolume": 100_000,
        "maxVolume": 10_000_000_000,
        "stepVolume": 100_000,
        **changes,
    }
    light = messages.ProtoOALightSymbol(
        symbolId=1, symbolName=name, enabled=True, baseAssetId=1, quoteAssetId=2, description="Euro"
    )
    return Symbol.fromWire(light, messages.ProtoOASymbol(**fields), {1: EUR, 2: USD})


GOLD: dict[str, Any] = {
    "digits": 2,
    "pipPosition": 1,
    "lotSize": 10_000,
    "minVolume": 100,
    "maxVolume": 100_000,
    "stepVolume": 100,
}


class QuantityTests(SynchronousTestCase):
    """
    Lots and units are exact, frozen and never mixed up.
    """

    def test_printing(self) -> None:
        """
        A quantity prints as written, in plain figures.
        """
        self.assertEqual(str(Lots("0.10")), "0.10 lots")
        self.assertEqual(str(Units(1)), "1 unit")
        self.assertEqual(repr(Lots(Decimal("1E+2"))), "Lots('100')")

    def test_comparing(self) -> None:
        """
        Quantities of one kind compare by value.
        """
        self.assertEqual(Lots("0.10"), Lots("0.1"))
        self.assertEqual(hash(Lots("0.10")), hash(Lots("0.1")))
        self.assertLess(Units(5), Units("5.5"))
        self.assertGreaterEqual(Units(5), Units(5))

    def test_kindsDiffer(self) -> None:
        """
        Lots and units are never equal and cannot be ordered.
        """
        self.assertNotEqual(Lots(1), Units(1))
        self.assertNotEqual(Lots(1), 1)
        with self.assertRaises(TypeError):
            Lots(1) < Units(2)  # noqa: B015

    def test_frozen(self) -> None:
        """
        A quantity cannot be changed, and survives pickling.
        """
        lots = Lots("0.10")
        with self.assertRaises(AttributeError):
            lots._value = Decimal(1)
        with self.assertRaises(AttributeError):
            del lots._value
        self.assertEqual(pickle.loads(pickle.dumps(lots)), lots)

    def test_floatRefused(self) -> None:
        """
        A float is refused, and the message shows the text form.
        """
        error = self.assertRaises(TypeError, Lots, 0.1)
        self.assertIn("Lots('0.1')", str(error))

    def test_negativeRefused(self) -> None:
        """
        A quantity has no sign.
        """
        self.assertRaises(IllegalValue, Units, "-1")


class FromWireTests(SynchronousTestCase):
    """
    A symbol joins the symbol list, the specification and the assets.
    """

    def test_fields(self) -> None:
        """
        Each field comes from its place.
        """
        symbol = makeSymbol(
            measurementUnits="Contracts",
            tradingMode=messages.ProtoOATradingMode.CLOSE_ONLY_MODE,
            commissionType=messages.ProtoOACommissionType.USD_PER_LOT,
            preciseTradingCommissionRate=350_000_000,
            swapLong=-6.5,
            swapShort=2.25,
        )
        self.assertEqual(
            (symbol.symbolId, symbol.name, symbol.description, symbol.enabled), (1, "EURUSD", "Euro", True)
        )
        self.assertEqual((symbol.baseAsset, symbol.quoteAsset), (EUR, USD))
        self.assertEqual((symbol.tradingMode, symbol.measurementUnits), ("CLOSE_ONLY_MODE", "Contracts"))
        self.assertEqual((symbol.commissionType, symbol.commissionRate), ("USD_PER_LOT", Decimal("3.5")))
        self.assertEqual(
            (symbol.swapType, symbol.swapLong, symbol.swapShort), ("PIPS", Decimal("-6.5"), Decimal("2.25"))
        )
        self.assertEqual((symbol.tickSize, symbol.pipSize), (Decimal("0.00001"), Decimal("0.0001")))
        self.assertEqual(symbol.specification.lotSize, symbol.lotSize)

    def test_commissionForms(self) -> None:
        """
        A percentage has another scale, and the old field is read where the precise one is missing.
        """
        percentage = messages.ProtoOACommissionType.PERCENTAGE_OF_VALUE
        rate = makeSymbol(commissionType=percentage, preciseTradingCommissionRate=500).commissionRate
        self.assertEqual(rate, Decimal("0.005"))
        self.assertEqual(makeSymbol(commission=250).commissionRate, Decimal("2.50"))

    def test_unknownAsset(self) -> None:
        """
        An asset that the asset list lacks is named by its number.
        """
        light = messages.ProtoOALightSymbol(symbolId=1, symbolName="X", baseAssetId=77, quoteAssetId=2)
        symbol = Symbol.fromWire(light, messages.ProtoOASymbol(symbolId=1, digits=2, pipPosition=1), {2: USD})
        self.assertEqual(symbol.baseAsset, Asset(77, "asset 77", 2))

    def test_hashable(self) -> None:
        """
        A symbol is a key of dictionaries, equal to another with the same numbers.
        """
        self.assertEqual({makeSymbol(): 1}[makeSymbol()], 1)
        self.assertNotEqual(makeSymbol(), makeSymbol(digits=3))


class PriceTests(SynchronousTestCase):
    """
    Prices off the symbol's digits are refused, never bent.
    """

    def test_legal(self) -> None:
        """
        A legal price comes back with the symbol's digits.
        """
        self.assertEqual(str(makeSymbol().price("1.1")), "1.10000")

    def test_offDigits(self) -> None:
        """
        The refusal carries the two nearest prices.
        """
        error = self.assertRaises(IllegalValue, makeSymbol(digits=2).price, "1.234")
        self.assertEqual(error.nearest, (Decimal("1.23"), Decimal("1.24")))

    def test_rounding(self) -> None:
        """
        A stated rounding bends the price, even of a float.
        """
        symbol = makeSymbol(digits=2)
        self.assertEqual(symbol.price("1.239", ROUND_DOWN), Decimal("1.23"))
        self.assertEqual(str(symbol.price(0.1 + 0.2, ROUND_HALF_EVEN)), "0.30")

    def test_floatRefused(self) -> None:
        """
        A float without a stated rounding is refused.
        """
        self.assertRaises(TypeError, makeSymbol().price, 1.1)

    def test_notAboveZero(self) -> None:
        """
        Zero, the empty price of the wire, and negative prices are refused.
        """
        for price in ("0", "-1"):
            self.assertRaises(IllegalValue, makeSymbol().price, price)
        self.assertRaises(IllegalValue, makeSymbol(digits=2).price, "0.001", ROUND_DOWN)

    @settings(deadline=None)
    @given(st.integers(0, 8), st.integers(1, 10**14), st.integers(1, 9))
    def test_everyPrice(self, digits: int, ticks: int, off: int) -> None:
        """
        Every multiple of the tick is legal, and a tenth of a tick more is not.
        """
        symbol = makeSymbol(digits=digits)
        price = symbol.tickSize * ticks
        self.assertEqual(symbol.price(price), price)
        error = self.assertRaises(IllegalValue, symbol.price, price + symbol.tickSize * off / 10)
        self.assertEqual(error.nearest, (price, price + symbol.tickSize))

    @settings(deadline=None)
    @given(st.integers(0, 8), st.floats(1e-3, 1e6))
    def test_everyFloat(self, digits: int, value: float) -> None:
        """
        A float with a stated rounding becomes a price that is at most half a tick from what it prints, at any digits.
        """
        symbol = makeSymbol(digits=digits)
        assume(value > symbol.tickSize)
        price = symbol.price(value, ROUND_HALF_EVEN)
        self.assertEqual(price.as_tuple().exponent, -digits)
        self.assertLessEqual(abs(Fraction(price) - Fraction(repr(value))) * 2, Fraction(symbol.tickSize))


class DistanceTests(SynchronousTestCase):
    """
    Pips become price distances, and these the relative protection of the wire.
    """

    def test_pips(self) -> None:
        """
        Pips are exact and need not be whole.
        """
        self.assertEqual(makeSymbol().pips("0.5"), Decimal("0.00005"))
        self.assertEqual(makeSymbol(**GOLD).pips(20), Decimal("2.0"))
        self.assertRaises(TypeError, makeSymbol().pips, 0.5)

    def test_relative(self) -> None:
        """
        Twenty pips of EURUSD and two dollars of gold in 1/100000.
        """
        self.assertEqual(makeSymbol().relative(makeSymbol().pips(20)), 200)
        self.assertEqual(makeSymbol(**GOLD).relative(Decimal("2.05")), 205_000)

    def test_offDigits(self) -> None:
        """
        A distance between the symbol's ticks is refused with the nearest; zero is none of them.
        """
        gold = makeSymbol(**GOLD)
        self.assertEqual(
            self.assertRaises(IllegalValue, gold.relative, Decimal("2.055")).nearest,
            (Decimal("2.05"), Decimal("2.06")),
        )
        self.assertEqual(self.assertRaises(IllegalValue, gold.relative, Decimal("0.001")).nearest, (Decimal("0.01"),))

    def test_notAboveZero(self) -> None:
        """
        A distance is above zero, and no float.
        """
        self.assertRaises(IllegalValue, makeSymbol().relative, Decimal(0))
        self.assertRaises(IllegalValue, makeSymbol().relative, Decimal("-0.001"))
        self.assertRaises(TypeError, makeSymbol().relative, 0.001)

    @settings(deadline=None)
    @given(st.integers(0, 8), st.integers(1, 10**9))
    def test_everyDistance(self, digits: int, ticks: int) -> None:
        """
        Scenario 74: the wire's form of every legal distance is exact and a multiple of the tick.
        """
        symbol = makeSymbol(digits=digits)
        distance = Decimal(ticks).scaleb(-min(digits, 5))
        raw = symbol.relative(distance)
        self.assertEqual(raw, distance * 100_000)
        self.assertEqual(raw % 10 ** max(0, 5 - digits), 0)


class VolumeTests(SynchronousTestCase):
    """
    Quantities become volumes by the symbol's own lot size.
    """

    def test_gold(self) -> None:
        """
        Scenario 72: a hundredth lot of gold is one ounce, volume 100, by the lot size of gold.
        """
        gold = makeSymbol(**GOLD)
        self.assertEqual(gold.volume(Lots("0.01")), 100)
        self.assertEqual(gold.volume(Units(1)), 100)
        self.assertEqual((gold.lots(100), gold.units(100)), (Lots("0.01"), Units(1)))

    def test_offStep(self) -> None:
        """
        Scenario 73: Between two steps the neighbours are named, in the kind that was asked in.
        """
        error = self.assertRaises(IllegalValue, makeSymbol().volume, Lots("0.015"))
        self.assertEqual(error.nearest, (Lots("0.01"), Lots("0.02")))
        error = self.assertRaises(IllegalValue, makeSymbol().volume, Units("1000.001"))
        self.assertEqual(error.nearest, (Units(1000), Units(2000)))

    def test_limits(self) -> None:
        """
        Scenario 73: Below the minimum and above the maximum these are named.
        """
        self.assertEqual(self.assertRaises(IllegalValue, makeSymbol().volume, Lots(0)).nearest, (Lots("0.01"),))
        self.assertEqual(self.assertRaises(IllegalValue, makeSymbol().volume, Lots(1001)).nearest, (Lots(1000),))
        uneven = makeSymbol(minVolume=150_000, maxVolume=950_000)
        error = self.assertRaises(IllegalValue, uneven.volume, Units(1500))
        self.assertEqual(error.nearest, (Units(2000),))
        self.assertIn("the smallest is 2000 units, the largest 9000 units, in steps of 1000 units", str(error))
        self.assertEqual(self.assertRaises(IllegalValue, uneven.volume, Units(9500)).nearest, (Units(9000),))

    def test_nothingLegal(self) -> None:
        """
        Where the broker's limits leave no volume, the refusal says so.
        """
        error = self.assertRaises(IllegalValue, makeSymbol(maxVolume=50_000).volume, Lots("0.01"))
        self.assertEqual(error.nearest, ())
        self.assertIn("leave nothing", str(error))

    def test_absentLimits(self) -> None:
        """
        Limits that the server does not name do not limit, and without a lot size only units work.
        """
        bare = makeSymbol(minVolume=0, maxVolume=0, stepVolume=0, lotSize=0)
        self.assertEqual(bare.volume(Units("123456789.01")), 12345678901)
        self.assertIn("use Units", str(self.assertRaises(IllegalValue, bare.volume, Lots(1))))
        error = self.assertRaises(IllegalValue, bare.volume, Units("0.001"))
        self.assertEqual(error.nearest, (Units("0.01"),))

    def test_wire(self) -> None:
        """
        Where the server names no maximum, the integers of the wire do.
        """
        bare = makeSymbol(minVolume=0, maxVolume=0, stepVolume=0)
        largest = Units("92233720368547758.07")
        self.assertEqual(bare.volume(largest), 2**63 - 1)
        for quantity in (Units("92233720368547758.08"), Units("1e20")):
            self.assertEqual(self.assertRaises(IllegalValue, bare.volume, quantity).nearest, (largest,))
        self.assertEqual(bare.relative(Decimal("92233720368547.75807")), 2**63 - 1)
        for distance in (Decimal("92233720368547.75808"), Decimal("1e20")):
            self.assertEqual(self.assertRaises(IllegalValue, bare.relative, distance).nearest, ())

    def test_bareNumber(self) -> None:
        """
        A bare number would not tell lots from units.
        """
        self.assertRaises(TypeError, makeSymbol().volume, 1)

    def test_oddLots(self) -> None:
        """
        A volume that is no finite decimal number of lots is refused as lots, and suggested in units.
        """
        odd = makeSymbol(lotSize=300, minVolume=100, stepVolume=100)
        self.assertRaises(IllegalValue, odd.lots, 100)
        self.assertEqual(odd.lots(300), Lots(1))
        error = self.assertRaises(IllegalValue, odd.volume, Lots("0.5"))
        self.assertEqual(error.nearest, (Units(1), Units(2)))

    @settings(deadline=None)
    @given(
        st.sampled_from([1, 100, 10_000, 250_000, 10_000_000, 10**10]),
        st.sampled_from([1, 3, 100, 1_000, 100_000]),
        st.integers(1, 10**6),
        st.integers(1, 10**6),
    )
    def test_everyVolume(self, lotSize: int, step: int, lowest: int, count: int) -> None:
        """
        Scenario 73: every volume on the step goes to lots and units and back; another is refused, and each suggestion
        for it is legal.
        """
        symbol = makeSymbol(lotSize=lotSize, stepVolume=step, minVolume=lowest * step, maxVolume=10**6 * step)
        assume(count >= lowest)
        volume = count * step
        self.assertEqual(symbol.volume(symbol.lots(volume)), volume)
        self.assertEqual(symbol.volume(symbol.units(volume)), volume)
        wanted = Units(symbol.units(volume).value + Decimal("0.001"))
        error = self.assertRaises(IllegalValue, symbol.volume, wanted)
        self.assertIn(symbol.units(volume), error.nearest)
        for legal in error.nearest:
            assert isinstance(legal, Units)
            symbol.volume(legal)


class RiskTests(SynchronousTestCase):
    """
    Lots by what they may lose.
    """

    def test_lots(self) -> None:
        """
        The lots are rounded down to the step, whether a lot is euros or ounces, or quoted in yen; floats will do.
        """
        self.assertEqual(makeSymbol().lotsForRisk(100, pips=20, rate=Fraction(1)), Lots("0.50"))
        self.assertEqual(makeSymbol().lotsForRisk("99.99", pips="20", rate=Fraction(1)), Lots("0.49"))
        self.assertEqual(makeSymbol().lotsForRisk(0.3, pips=0.1, rate=Fraction(1)), Lots("0.30"))
        self.assertEqual(makeSymbol(**GOLD).lotsForRisk(100, pips=20, rate=Fraction(1)), Lots("0.50"))
        yen = makeSymbol(digits=3, pipPosition=2)
        self.assertEqual(yen.lotsForRisk(100, pips=20, rate=Fraction(1, 150)), Lots("0.75"))

    def test_limits(self) -> None:
        """
        More than the largest quantity is never given; if the smallest would lose too much, it is named.
        """
        self.assertEqual(makeSymbol().lotsForRisk(10**9, pips=1, rate=Fraction(1)), Lots(1000))
        for money in ("1.99", 0, -5):
            error = self.assertRaises(IllegalValue, makeSymbol().lotsForRisk, money, pips=20, rate=Fraction(1))
            self.assertEqual(error.nearest, (Lots("0.01"),))

    def test_distance(self) -> None:
        """
        A distance is a number above zero.
        """
        for pips in (0, "-1", float("nan")):
            self.assertRaises(IllegalValue, makeSymbol().lotsForRisk, 100, pips=pips, rate=Fraction(1))

    @settings(deadline=None)
    @given(
        st.sampled_from([100, 10_000, 10_000_000]),
        st.sampled_from([1, 100, 1_000]),
        st.integers(-1, 8),
        st.decimals("0.01", 10**9, places=2),
        st.decimals("0.1", 10**4, places=1),
        st.fractions(Fraction(1, 1000), 1000),
    )
    def test_most(
        self, lotSize: int, step: int, pipPosition: int, money: Decimal, pips: Decimal, rate: Fraction
    ) -> None:
        """
        What is given can be traded and loses no more, and one step more would lose more.
        """
        symbol = makeSymbol(pipPosition=pipPosition, lotSize=lotSize, stepVolume=step, minVolume=step, maxVolume=10**15)
        oneStep = Fraction(step, 100) * Fraction(pips) * Fraction(symbol.pipSize) * rate
        assume(oneStep <= money)
        steps = symbol.volume(symbol.lotsForRisk(money, pips=pips, rate=rate)) // step
        assume(steps < 10**15 // step)
        self.assertLessEqual(oneStep * steps, money)
        self.assertGreater(oneStep * (steps + 1), money)
