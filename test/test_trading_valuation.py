"""
Tests of the arithmetic of money: the amounts that the server was seen to compute, to the last digit.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ValueUnknown
from ctrader_twisted.schema.messages import (
    ProtoOACommissionType,
    ProtoOADynamicLeverage,
    ProtoOADynamicLeverageTier,
    ProtoOAMinCommissionType,
    ProtoOASwapCalculationType,
)
from ctrader_twisted.trading import Side
from ctrader_twisted.trading.valuation import (
    Leverage,
    commission,
    grossProfit,
    leastCommission,
    margin,
    pipValue,
    roundedMoney,
    swap,
)
from test.marketlink import makeSymbol

ONE = Fraction(1)
EUR_IN_USD = Fraction("1.13666")


def money(amount: Fraction) -> str:
    """
    @return: the amount as an account of two digits has it.
    """
    return str(roundedMoney(amount, 2))


def table(*tiers: tuple[int, int]) -> ProtoOADynamicLeverage:
    """
    Make a table of dynamic leverage.

    @param tiers: dollars, and the leverage up to them.
    """
    rows = [ProtoOADynamicLeverageTier(volume=dollars * 100, leverage=leverage) for dollars, leverage in tiers]
    return ProtoOADynamicLeverage(leverageId=1, tiers=rows)


def dollarMargin(volume: int, leverage: Leverage, *, price: str = "1", held: int = 0) -> Fraction:
    """
    @return: what a volume binds on an account in dollars.
    """
    rate = Fraction(price)
    return margin(volume, baseToDeposit=rate, baseToUsd=rate, held=held, leverage=leverage)


class RoundingTests(SynchronousTestCase):
    """
    Amounts are rounded once.
    """

    def test_halfAwayFromZero(self) -> None:
        """
        Halves go away from zero, on both sides, and nothing is a negative zero.
        """
        for exact, rounded in (("0.025", "0.03"), ("-0.025", "-0.03"), ("0.0249", "0.02"), ("-0.001", "0.00")):
            self.assertEqual(money(Fraction(exact)), rounded)

    @given(st.integers(-(10**18), 10**18), st.integers(1, 10**6), st.integers(0, 8))
    def test_nearest(self, numerator: int, denominator: int, digits: int) -> None:
        """
        Scenario 75: at any number of money digits the amount has so many places, and is at most half of the last away.
        """
        exact = Fraction(numerator, denominator)
        rounded = roundedMoney(exact, digits)
        self.assertEqual(rounded.as_tuple().exponent, -digits)
        distance = abs(Fraction(rounded) - exact) * 10**digits
        self.assertLessEqual(distance, Fraction(1, 2))
        if distance == Fraction(1, 2):
            self.assertGreater(abs(Fraction(rounded)), abs(exact))


class RecordedTests(SynchronousTestCase):
    """
    The server's own amounts, on accounts in dollars.
    """

    def percentage(self) -> Any:
        """
        @return: a crypto index, 0.0325 percent a side.
        """
        kind = ProtoOACommissionType.PERCENTAGE_OF_VALUE
        return makeSymbol(digits=2, lotSize=100, commissionType=kind, preciseTradingCommissionRate=3_250)

    def test_percentage(self) -> None:
        """
        Commissions of opening, of a partial close, and of the rest at its stop.
        """
        symbol = self.percentage()
        for volume, price, cost in ((100, "85287.21", "27.72"), (1, "85219.06", "0.28"), (99, "85205.58", "27.41")):
            self.assertEqual(money(commission(symbol, volume, Fraction(price))), cost)

    def test_profit(self) -> None:
        """
        Gross profits of the partial close and of the stop.
        """
        entry = Decimal("85287.21")
        for price, volume, profit in (("85219.06", 1, "-0.68"), ("85205.58", 99, "-80.81")):
            self.assertEqual(money(grossProfit(Side.BUY, entry, Decimal(price), volume, ONE)), profit)

    def test_convertedProfit(self) -> None:
        """
        The gross profit of an index in euros.
        """
        profit = grossProfit(Side.BUY, Decimal("25494.30"), Decimal("25471.24"), 100, EUR_IN_USD)
        self.assertEqual(money(profit), "-26.21")
        self.assertEqual(grossProfit(Side.SELL, Decimal("25494.30"), Decimal("25471.24"), 100, EUR_IN_USD), -profit)

    def test_margin(self) -> None:
        """
        Margins by the middle price and the leverage: of the crypto index, whole and in part, and of EURUSD.
        """
        crypto, forex = Leverage.fromWire(333, None), Leverage.fromWire(10_000, None)
        self.assertEqual(money(dollarMargin(100, crypto, price="85287.22")), "25611.78")
        self.assertEqual(money(dollarMargin(99, crypto, price="85287.22")), "25355.66")
        self.assertEqual(money(dollarMargin(100_000, forex, price="1.11984")), "11.20")

    def test_byLot(self) -> None:
        """
        2.50 dollars a lot: for 0.01 lots half a cent more than two cents, which makes three.
        """
        kind = ProtoOACommissionType.USD_PER_LOT
        symbol = makeSymbol(commissionType=kind, preciseTradingCommissionRate=250_000_000)
        self.assertEqual(money(commission(symbol, 100_000, Fraction(0))), "0.03")


class FormulaTests(SynchronousTestCase):
    """
    What no recording shows.
    """

    def test_pipValue(self) -> None:
        """
        A lot of EURUSD gains 10 dollars a pip; what is quoted in another asset is converted.
        """
        self.assertEqual(pipValue(makeSymbol(), 10_000_000, ONE), 10)
        yen = makeSymbol(digits=3, pipPosition=2)
        self.assertEqual(pipValue(yen, 100_000, Fraction(1, 150)), Fraction(10, 150))

    def test_goldIsNoForex(self) -> None:
        """
        Scenario 72: 0.01 lots of gold are one ounce: 10 cents a pip of 0.1, and its margin is that of an ounce.
        """
        gold = makeSymbol(digits=2, pipPosition=1, lotSize=10_000)
        self.assertEqual(pipValue(gold, 100, ONE), Fraction(1, 10))
        self.assertEqual(dollarMargin(100, Leverage.fromWire(10_000, None), price="2400"), 24)

    def test_otherCommissions(self) -> None:
        """
        Commissions by the million and by lot in the quote asset.
        """
        rate: dict[str, Any] = {"preciseTradingCommissionRate": 3_000_000_000}
        million = makeSymbol(commissionType=ProtoOACommissionType.USD_PER_MILLION_USD, **rate)
        self.assertEqual(commission(million, 10_000_000, Fraction("1.1")), Fraction("3.3"))
        quote = makeSymbol(commissionType=ProtoOACommissionType.QUOTE_CCY_PER_LOT, **rate)
        self.assertEqual(commission(quote, 5_000_000, Fraction(0)), 15)

    def test_noLotSize(self) -> None:
        """
        A commission by lot is unknown without the size of a lot.
        """
        symbol = makeSymbol(lotSize=0, commissionType=ProtoOACommissionType.USD_PER_LOT)
        self.assertRaises(ValueUnknown, commission, symbol, 100, ONE)

    def test_leastCommission(self) -> None:
        """
        The minimum is in the asset that the server names, dollars by default, or in the quote asset; the precise field
        counts before the old one.
        """
        self.assertEqual(leastCommission(makeSymbol()), (0, "USD"))
        self.assertEqual(leastCommission(makeSymbol(minCommission=150)), (Fraction("1.5"), "USD"))
        given: dict[str, Any] = {"minCommission": 150, "preciseMinCommission": 250_000_000}
        self.assertEqual(leastCommission(makeSymbol(minCommissionAsset="EUR", **given)), (Fraction("2.5"), "EUR"))
        inQuote = makeSymbol(minCommissionType=ProtoOAMinCommissionType.QUOTE_CURRENCY, **given)
        self.assertEqual(leastCommission(inQuote), (Fraction("2.5"), None))

    def test_swap(self) -> None:
        """
        Swaps in pips, points and percents of a year, by the position's direction.
        """
        kinds = ProtoOASwapCalculationType
        rates: dict[str, Any] = {"swapLong": -6.9, "swapShort": 2.4}
        pips = makeSymbol(swapCalculationType=kinds.PIPS, **rates)
        points = makeSymbol(swapCalculationType=kinds.POINTS, **rates)
        percent = makeSymbol(swapCalculationType=kinds.PERCENTAGE, **rates)
        self.assertEqual(swap(pips, Side.BUY, 10_000_000, Fraction(0)), -69)
        self.assertEqual(swap(pips, Side.SELL, 10_000_000, Fraction(0)), 24)
        self.assertEqual(swap(points, Side.BUY, 10_000_000, Fraction(0)), Fraction("-6.9"))
        self.assertEqual(swap(percent, Side.SELL, 10_000_000, Fraction("1.2")), 8)


class LeverageTests(SynchronousTestCase):
    """
    Margin is counted slice by slice.
    """

    def test_slices(self) -> None:
        """
        Each slice of an exposure has the leverage of its tier, the last holds above, and the account's caps them all.
        """
        tiers = table((1_000_000, 500), (2_000_000, 200), (3_000_000, 100), (4_000_000, 50))
        free, capped = Leverage.fromWire(0, tiers), Leverage.fromWire(15_000, tiers)
        self.assertEqual(dollarMargin(500_000_00, free), 1_000)
        self.assertEqual(dollarMargin(1_500_000_00, free), 2_000 + 2_500)
        self.assertEqual(dollarMargin(5_000_000_00, free), 2_000 + 5_000 + 10_000 + 40_000)
        self.assertEqual(dollarMargin(3_000_000_00, capped), Fraction(2_000_000, 150) + 10_000)

    def test_held(self) -> None:
        """
        What is held in the same direction already fills the lower slices.
        """
        tiers = Leverage.fromWire(0, table((1_000_000, 500), (2_000_000, 200)))
        self.assertEqual(dollarMargin(500_000_00, tiers, held=750_000_00), 500 + 1_250)
        self.assertEqual(dollarMargin(500_000_00, tiers, held=9_000_000_00), 2_500)

    def test_none(self) -> None:
        """
        Without any leverage the margin is unknown.
        """
        self.assertRaises(ValueUnknown, dollarMargin, 100, Leverage.fromWire(0, None))

    @given(
        st.lists(st.tuples(st.integers(1, 10**7), st.integers(1, 1000)), max_size=5),
        st.integers(0, 10**9),
        st.integers(1, 10**9),
        st.integers(1, 10**9),
    )
    def test_parts(self, tiers: list[tuple[int, int]], held: int, first: int, second: int) -> None:
        """
        Two positions in turn bind as much as both at once.
        """
        leverage = Leverage.fromWire(5_000, table(*tiers))
        inTurn = dollarMargin(first, leverage, held=held) + dollarMargin(second, leverage, held=held + first)
        self.assertEqual(dollarMargin(first + second, leverage, held=held), inTurn)
