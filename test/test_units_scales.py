"""
Tests of the wire's scales, of moments, and of exact decimal numbers.
"""

from __future__ import annotations

import decimal
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.units import (
    fromMilliseconds,
    moneyFromWire,
    orderPriceFromWire,
    orderPriceToWire,
    priceFromWire,
    priceToWire,
    toMilliseconds,
)
from ctrader_twisted.units.exact import exactDecimal

int64 = st.integers(-(2**63), 2**63 - 1)


class MarketPriceTests(SynchronousTestCase):
    """
    Market prices are integers of 1/100000.
    """

    def test_scaleDoesNotDependOnDigits(self) -> None:
        """
        Scenario 61: the same scale holds for symbols of five, three and two digits, and the result shows the symbol's
        digits.
        """
        self.assertEqual(str(priceFromWire(111968, 5)), "1.11968")
        self.assertEqual(str(priceFromWire(8665500, 3)), "86.655")
        self.assertEqual(str(priceFromWire(2528164000, 2)), "25281.64")
        self.assertEqual(str(priceFromWire(2528100000, 0)), "25281")
        self.assertEqual(str(priceFromWire(111968, 7)), "1.1196800")

    def test_finerThanDigitsStaysExact(self) -> None:
        """
        A raw price finer than the symbol's digits keeps its value.
        """
        self.assertEqual(str(priceFromWire(111968, 4)), "1.11968")

    @settings(deadline=None)
    @given(int64, st.integers(0, 8))
    def test_roundTrip(self, raw: int, digits: int) -> None:
        """
        Scenario 74: reading and writing a price gives the same integer, at any number of digits.
        """
        price = priceFromWire(raw, digits)
        self.assertEqual(price * 100_000, raw)
        self.assertEqual(priceToWire(price), raw)

    @settings(deadline=None)
    @given(st.integers(1, 10**12), st.integers(0, 5))
    def test_shownWithTheSymbolsDigits(self, ticks: int, digits: int) -> None:
        """
        A price that the symbol can have shows exactly the symbol's digits.
        """
        price = priceFromWire(ticks * 10 ** (5 - digits), digits)
        self.assertEqual(price.as_tuple().exponent, -digits)
        self.assertEqual(price.scaleb(digits), ticks)

    def test_contextOfTheThreadDoesNotMatter(self) -> None:
        """
        A program's own coarse decimal context loses nothing.
        """
        with decimal.localcontext() as context:
            context.prec = 3
            price = priceFromWire(2528164123, 5)
            self.assertEqual(str(price), "25281.64123")
            self.assertEqual(priceToWire(price), 2528164123)
            self.assertEqual(str(moneyFromWire(123456789, 2)), "1234567.89")
            self.assertEqual(str(orderPriceFromWire(25281.64, 2)), "25281.64")

    def test_tooFine(self) -> None:
        """
        A price finer than 1/100000 is refused with the prices around it.
        """
        error = self.assertRaises(IllegalValue, priceToWire, Decimal("1.123455"))
        self.assertEqual(error.nearest, (Decimal("1.12345"), Decimal("1.12346")))

    def test_floatRefused(self) -> None:
        """
        A float is refused, and the message shows what to write.
        """
        error = self.assertRaises(TypeError, priceToWire, 1.15)
        self.assertIn("Decimal('1.15')", str(error))


class OrderPriceTests(SynchronousTestCase):
    """
    Order prices are doubles.
    """

    def test_roundedToDigits(self) -> None:
        """
        The noise of binary fractions disappears.
        """
        self.assertEqual(str(orderPriceFromWire(1.1 + 2.2, 5)), "3.30000")
        self.assertEqual(str(orderPriceFromWire(0.0, 2)), "0.00")
        self.assertEqual(str(orderPriceFromWire(1e-30, 2)), "0.00")

    def test_notANumber(self) -> None:
        """
        What is no price is refused.
        """
        for value in (float("nan"), float("inf"), -float("inf"), 1e300):
            self.assertRaises(IllegalValue, orderPriceFromWire, value, 5)

    @settings(deadline=None)
    @given(st.integers(1, 10**14), st.integers(0, 8))
    def test_roundTrip(self, ticks: int, digits: int) -> None:
        """
        Every price of up to 15 figures travels exactly.
        """
        price = Decimal(ticks).scaleb(-digits)
        self.assertEqual(orderPriceFromWire(orderPriceToWire(price), digits), price)

    def test_tooManyDigits(self) -> None:
        """
        A price that a double cannot hold is refused, never bent.
        """
        error = self.assertRaises(IllegalValue, orderPriceToWire, Decimal("12345678901234567.89"))
        self.assertEqual(len(error.nearest), 1)

    def test_floatRefused(self) -> None:
        """
        A float is refused on the way out.
        """
        self.assertRaises(TypeError, orderPriceToWire, 1.15)


class MoneyTests(SynchronousTestCase):
    """
    The digits of money come with the message.
    """

    def test_digits(self) -> None:
        """
        Scenario 75: no digits, two and eight are read exactly.
        """
        self.assertEqual(
            [str(moneyFromWire(-1234567890, digits)) for digits in (0, 2, 8)],
            ["-1234567890", "-12345678.90", "-12.34567890"],
        )

    @settings(deadline=None)
    @given(int64, st.integers(0, 8))
    def test_exact(self, raw: int, digits: int) -> None:
        """
        Nothing is lost at any number of digits.
        """
        self.assertEqual(moneyFromWire(raw, digits) * 10**digits, raw)


class ExactDecimalTests(SynchronousTestCase):
    """
    What is accepted as an exact number.
    """

    def test_accepted(self) -> None:
        """
        Strings, integers and decimals are taken as written.
        """
        self.assertEqual([str(exactDecimal(v)) for v in ("0.10", 7, Decimal("-2.50"))], ["0.10", "7", "-2.50"])

    def test_refused(self) -> None:
        """
        Text that is no finite number of sensible size is refused.
        """
        for text in ("abc", "", "nan", "inf", "1e999999", "1e-999999"):
            self.assertRaises(IllegalValue, exactDecimal, text)

    def test_wrongType(self) -> None:
        """
        Floats, bools and other things are no exact numbers.
        """
        for value in (0.5, True, None, b"1"):
            self.assertRaises(TypeError, exactDecimal, value)


class TimeTests(SynchronousTestCase):
    """
    Moments travel as milliseconds since 1970.
    """

    @settings(deadline=None)
    @given(st.integers(0, 2147483646000))
    def test_roundTrip(self, milliseconds: int) -> None:
        """
        Every moment that the server accepts goes there and back.
        """
        self.assertEqual(toMilliseconds(fromMilliseconds(milliseconds)), milliseconds)

    def test_zones(self) -> None:
        """
        Any time zone is understood, and the answer is in UTC.
        """
        moment = datetime(2024, 3, 10, 3, 0, tzinfo=timezone(timedelta(hours=-4)))
        self.assertEqual(fromMilliseconds(toMilliseconds(moment)), datetime(2024, 3, 10, 7, 0, tzinfo=UTC))
        self.assertIs(fromMilliseconds(0).tzinfo, UTC)

    def test_finerThanMilliseconds(self) -> None:
        """
        Microseconds belong to the millisecond in which they lie, before 1970 too.
        """
        self.assertEqual(toMilliseconds(datetime(1970, 1, 1, 0, 0, 0, 1999, tzinfo=UTC)), 1)
        self.assertEqual(toMilliseconds(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)), -1)

    def test_integersStay(self) -> None:
        """
        Milliseconds are milliseconds already.
        """
        self.assertEqual(toMilliseconds(1700000000123), 1700000000123)

    def test_naiveRefused(self) -> None:
        """
        A datetime without a time zone is refused with a sentence that asks for one.
        """
        error = self.assertRaises(IllegalValue, toMilliseconds, datetime(2024, 1, 1))  # noqa: DTZ001
        self.assertIn("time zone", str(error))

    def test_wrongType(self) -> None:
        """
        Text, floats and bools are no moments.
        """
        for value in ("2024-01-01", 1.5, True):
            self.assertRaises(TypeError, toMilliseconds, value)

    def test_outsideTheCalendar(self) -> None:
        """
        A moment after the year 9999 is refused.
        """
        self.assertRaises(IllegalValue, fromMilliseconds, 2**62)
