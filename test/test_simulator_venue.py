"""
The venue's arithmetic, conversion and schedule.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import (
    ProtoOACommissionType,
    ProtoOAInterval,
    ProtoOASymbol,
)
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.market.source import PriceSource, Tick
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue import arithmetic
from ctrader_twisted.simulator.venue.checks import checkDigits
from ctrader_twisted.simulator.venue.prices import fromDouble, toDouble
from ctrader_twisted.simulator.venue.rates import Rates
from ctrader_twisted.simulator.venue.schedule import isOpen, nextOpening
from test.rawclient import ListedPrices

_ONE = Fraction(1)


class RoundingTests(SynchronousTestCase):
    """
    From fractions to cents.
    """

    def test_halves(self) -> None:
        """
        Halves go away from zero, everything else to the nearest.
        """
        for value, expected in (("2.5", 3), ("-2.5", -3), ("2.49", 2), ("-2.49", -2), ("-2.51", -3), ("0", 0)):
            self.assertEqual(arithmetic.halfAway(Fraction(value)), expected)

    def test_away(self) -> None:
        """
        Fees are rounded away from zero.
        """
        for value, expected in (("18.1", 19), ("-18.1", -19), ("18", 18), ("0", 0)):
            self.assertEqual(arithmetic.away(Fraction(value)), expected)

    @given(st.fractions())
    def test_nearest(self, value: Fraction) -> None:
        """
        No integer is nearer than the rounded one, and the sign does not matter.
        """
        rounded = arithmetic.halfAway(value)
        self.assertLessEqual(abs(rounded - value), Fraction(1, 2))
        self.assertEqual(arithmetic.halfAway(-value), -rounded)

    @given(st.integers(-(10**9), 10**9), st.integers(1, 10**6), st.integers(1, 10**6))
    def test_shares(self, amount: int, part: int, rest: int) -> None:
        """
        A share of the whole is the whole, and two shares make it up but for one unit.
        """
        whole = part + rest
        self.assertEqual(arithmetic.share(amount, whole, whole), amount)
        both = arithmetic.share(amount, part, whole) + arithmetic.share(amount, rest, whole)
        self.assertLessEqual(abs(both - amount), 1)


class VectorTests(SynchronousTestCase):
    """
    Closing deals of real accounts, to the cent.
    """

    def percent(self, price: int, volume: int) -> int:
        symbol = ProtoOASymbol(
            symbolId=1,
            digits=2,
            pipPosition=0,
            lotSize=100,
            commissionType=ProtoOACommissionType.PERCENTAGE_OF_VALUE,
            preciseTradingCommissionRate=3_250,
        )
        return arithmetic.commission(
            symbol, price, volume, baseToUsd=_ONE, usdToDeposit=_ONE, quoteToDeposit=_ONE, worth=_ONE
        )

    def test_opening(self) -> None:
        """
        One unit at 85287.21 with 0.0325 %: the commission, and the margin at a leverage of 3.33.
        """
        self.assertEqual(self.percent(8_528_721_000, 100), -2_772)
        self.assertEqual(arithmetic.margin(100, Fraction("85287.22"), Fraction("3.33")), 2_561_178)

    def test_partialClose(self) -> None:
        """
        A hundredth of it closed at 85219.06.
        """
        self.assertEqual(arithmetic.grossProfit(8_521_906_000 - 8_528_721_000, 1, _ONE), -68)
        self.assertEqual(self.percent(8_521_906_000, 1), -28)
        self.assertEqual(arithmetic.share(-2_772, 1, 100), -28)
        self.assertEqual(arithmetic.margin(99, Fraction("85287.22"), Fraction("3.33")), 2_535_566)

    def test_rest(self) -> None:
        """
        The rest closed by its stop at 85205.58.
        """
        self.assertEqual(arithmetic.grossProfit(8_520_558_000 - 8_528_721_000, 99, _ONE), -8_081)
        self.assertEqual(self.percent(8_520_558_000, 99), -2_741)

    def test_converted(self) -> None:
        """
        A euro index on a dollar account: 23.06 lost at 1.13666, and the fee on it of 0.70 %.
        """
        gross = arithmetic.grossProfit(-2_306_000, 100, Fraction("1.13666"))
        self.assertEqual(gross, -2_621)
        self.assertEqual(arithmetic.conversionFee(gross, 70), -19)
        self.assertEqual(arithmetic.conversionFee(gross, 0), 0)

    def test_kindsOfCommission(self) -> None:
        """
        A hundredth of a lot of EURUSD by each kind of rate.
        """
        expected = {
            ProtoOACommissionType.USD_PER_LOT: -3,
            ProtoOACommissionType.QUOTE_CCY_PER_LOT: -5,
            ProtoOACommissionType.USD_PER_MILLION_USD: -1,
        }
        for kind, cost in expected.items():
            symbol = ProtoOASymbol(
                symbolId=1,
                digits=5,
                pipPosition=4,
                lotSize=10_000_000,
                commissionType=kind,
                preciseTradingCommissionRate=250_000_000 if cost != -1 else 500_000_000,
            )
            found = arithmetic.commission(
                symbol,
                110_000,
                100_000,
                baseToUsd=Fraction("1.1"),
                usdToDeposit=_ONE,
                quoteToDeposit=Fraction(2),
                worth=Fraction(3),
            )
            self.assertEqual(found, cost)

    def test_commissionConverted(self) -> None:
        """
        What is counted in dollars is converted into the deposit asset, and a minimum replaces what is less.
        """
        for kind, cost in (
            (ProtoOACommissionType.USD_PER_LOT, -500),
            (ProtoOACommissionType.USD_PER_MILLION_USD, -110),
        ):
            symbol = ProtoOASymbol(
                symbolId=1,
                digits=5,
                pipPosition=4,
                lotSize=10_000_000,
                commissionType=kind,
                preciseTradingCommissionRate=250_000_000 if cost == -500 else 500_000_000,
            )
            for least, expected in ((0, cost), (1, min(cost, -100)), (6, -600)):
                found = arithmetic.commission(
                    symbol,
                    110_000,
                    10_000_000,
                    baseToUsd=Fraction("1.1"),
                    usdToDeposit=Fraction(2),
                    quoteToDeposit=_ONE,
                    worth=_ONE,
                    least=Fraction(least),
                )
                self.assertEqual(found, expected)

    def test_tiers(self) -> None:
        """
        A tier holds up to its limit, and the last one beyond; none has more than the account.
        """
        tiers, most = ((100_00, 500), (200_00, 50)), Fraction(100)
        for exposure, leverage in ((100, 100), (101, 50), (200, 50), (300, 50)):
            self.assertEqual(arithmetic.tierLeverage(tiers, most, Fraction(exposure)), leverage)
        self.assertEqual(arithmetic.meanLeverage(tiers, most, Fraction(0), Fraction(100)), 100)
        self.assertEqual(arithmetic.meanLeverage(tiers, most, Fraction(0), Fraction(200)), Fraction(200, 3))
        self.assertEqual(arithmetic.meanLeverage(tiers, most, Fraction(250), Fraction(50)), 50)


class PriceTests(SynchronousTestCase):
    """
    Prices between their two forms.
    """

    @given(st.integers(1, 10**11))
    def test_roundTrip(self, price: int) -> None:
        """
        A price survives as a double.
        """
        self.assertEqual(fromDouble(toDouble(price)), price)

    def test_digits(self) -> None:
        """
        A price of the symbol's digits is fine at any height.
        """
        symbol = ProtoOASymbol(symbolId=1, digits=2, pipPosition=0)
        for price in (85_287.21, 0.01, 0.0, 1_999_999.99):
            checkDigits(price, symbol, Settings())


class RateTests(SynchronousTestCase):
    """
    Conversion between assets.
    """

    def rates(self, **prices: tuple[int, int]) -> tuple[Rates, Catalogue]:
        catalogue = Catalogue()
        sources: dict[int, PriceSource] = {
            symbol.symbolId: ListedPrices([Tick(0, *prices[symbol.name])] if symbol.name in prices else [])
            for symbol in catalogue.symbols.values()
        }
        return Rates(catalogue, Market(Clock(), sources, lambda: 1)), catalogue

    def test_chains(self) -> None:
        """
        A rate is the product along the chain, at middle prices, whichever way round the symbols are.
        """
        rates, catalogue = self.rates(EURUSD=(109_990, 110_010), GER40=(2_000_000_000, 2_000_000_000))
        usd, eur, index = (catalogue.assetNamed(name).assetId for name in ("USD", "EUR", "GER40"))
        self.assertEqual(rates.rate(eur, eur), 1)
        self.assertEqual(rates.toUsd(eur), Fraction("1.1"))
        self.assertEqual(rates.fromUsd(eur), 1 / Fraction("1.1"))
        self.assertEqual(rates.rate(index, usd), 22_000)
        self.assertEqual(rates.rate(usd, index), Fraction(1, 22_000))

    def test_missing(self) -> None:
        """
        Without a price, or without a way, there is no rate.
        """
        rates, catalogue = self.rates()
        usd = catalogue.assetNamed("USD").assetId
        for assetId in (catalogue.assetNamed("EUR").assetId, 999):
            refusal = self.assertRaises(TradeRefusal, rates.toUsd, assetId)
            self.assertEqual(refusal.code, "NO_QUOTES")
        self.assertEqual(rates.fromUsd(usd), 1)

    def test_names(self) -> None:
        """
        Assets and symbols are found by their names, or not at all.
        """
        _, catalogue = self.rates()
        self.assertEqual(catalogue.symbolNamed("GER40").quoteAssetId, catalogue.assetNamed("EUR").assetId)
        self.assertRaises(KeyError, catalogue.symbolNamed, "EURNOK")
        self.assertRaises(KeyError, catalogue.assetNamed, "NOK")


class ScheduleTests(SynchronousTestCase):
    """
    Trading sessions.
    """

    def test_week(self) -> None:
        """
        The week opens and closes to the second, by the zone of the schedule, in summer and in winter.
        """
        symbol = ProtoOASymbol(
            symbolId=1,
            digits=5,
            pipPosition=4,
            scheduleTimeZone="America/New_York",
            schedule=[ProtoOAInterval(startSecond=61_200, endSecond=493_200)],
        )
        for opening, shut in (
            (datetime(2026, 1, 11, 22, tzinfo=UTC), datetime(2026, 1, 16, 22, tzinfo=UTC)),
            (datetime(2026, 7, 12, 21, tzinfo=UTC), datetime(2026, 7, 17, 21, tzinfo=UTC)),
        ):
            first, end = int(opening.timestamp() * 1000), int(shut.timestamp() * 1000)
            moments = (first - 1, first, end - 1, end)
            self.assertEqual([isOpen(symbol, each) for each in moments], [False, True, True, False])
            self.assertEqual([nextOpening(symbol, each) for each in moments[:3]], [first, first, end - 1])

    def test_nextOpening(self) -> None:
        """
        After a week's end comes the next week's opening, at 17:00 in New York also where the clocks change in between;
        after a day's end that of the next day.
        """
        metal = Catalogue().symbolNamed("XAUUSD").full()
        forex = Catalogue().symbolNamed("EURUSD").full()
        for symbol, now, expected in (
            (forex, datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 3, 8, 21, tzinfo=UTC)),
            (forex, datetime(2026, 10, 31, tzinfo=UTC), datetime(2026, 11, 1, 22, tzinfo=UTC)),
            (forex, datetime(2026, 6, 7, 20, 59, 59, tzinfo=UTC), datetime(2026, 6, 7, 21, tzinfo=UTC)),
            (metal, datetime(2026, 6, 5, 21, tzinfo=UTC), datetime(2026, 6, 7, 22, tzinfo=UTC)),
            (metal, datetime(2026, 6, 3, 21, 30, tzinfo=UTC), datetime(2026, 6, 3, 22, tzinfo=UTC)),
        ):
            opening = nextOpening(symbol, int(now.timestamp() * 1000))
            self.assertEqual(datetime.fromtimestamp(opening / 1000, UTC), expected)
