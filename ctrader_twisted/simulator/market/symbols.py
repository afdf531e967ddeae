"""
What the simulated broker offers, as frozen data.

The ids say nothing: each broker numbers its own, and those of assets and symbols are kept apart here on purpose, so
that a client which mixes them up fails. Every quote asset reaches USD and EUR over the symbols of this list.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ctrader_twisted.schema.messages import (
    ProtoOACommissionType,
    ProtoOADayOfWeek,
    ProtoOAMinCommissionType,
    ProtoOASwapCalculationType,
)
from ctrader_twisted.simulator.market.specification import (
    ArchivedSymbol,
    Asset,
    AssetClass,
    Category,
    Holiday,
    Leverage,
    Motion,
    SymbolSpec,
)

__all__ = [
    "ARCHIVED",
    "ASSETS",
    "ASSET_CLASSES",
    "CATEGORIES",
    "LEVERAGES",
    "SYMBOLS",
    "ArchivedSymbol",
    "Asset",
    "AssetClass",
    "Category",
    "Holiday",
    "Leverage",
    "Motion",
    "SymbolSpec",
]

_EUR, _GBP, _JPY, _USD, _XAU, _US500, _GER40, _UK100, _CRYPTO10 = 104, 106, 109, 115, 141, 160, 161, 162, 170

ASSETS = (
    Asset(_EUR, "EUR", "Euro", 2),
    Asset(_GBP, "GBP", "British Pound", 2),
    Asset(_JPY, "JPY", "Japanese Yen", 0),
    Asset(_USD, "USD", "US Dollar", 2),
    Asset(_XAU, "XAU", "Gold", 2),
    Asset(_US500, "US500", "US 500", 2),
    Asset(_GER40, "GER40", "Germany 40", 2),
    Asset(_UK100, "UK100", "UK 100", 2),
    Asset(_CRYPTO10, "CRYPTO10", "Crypto 10", 2),
)

ASSET_CLASSES = (
    AssetClass(1, "Forex", 1),
    AssetClass(2, "Metals", 2),
    AssetClass(3, "Indices", 3),
    AssetClass(4, "Crypto", 4),
)

CATEGORIES = (
    Category(11, 1, "Majors", 1),
    Category(12, 1, "Crosses", 2),
    Category(21, 2, "Spot Metals", 1),
    Category(31, 3, "Cash Indices", 1),
    Category(41, 4, "Crypto Indices", 1),
)

LEVERAGES = (
    Leverage(1, ((100_000_000_00, 500), (500_000_000_00, 200))),
    Leverage(2, ((10_000_000_00, 200), (50_000_000_00, 100))),
    Leverage(3, ((10_000_000_00, 100), (50_000_000_00, 50))),
    Leverage(4, ((10_000_00, 10), (50_000_00, 5), (200_000_00, 2))),
)


def _days(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - date(1970, 1, 1)).days


_HOUR = 3600
_DAY = 24 * _HOUR
# Second 0 is Sunday 00:00 in New York. Metals and indices pause for the hour after the day's end.
_ROUND_THE_CLOCK = ((17 * _HOUR, 5 * _DAY + 17 * _HOUR),)
_WITH_A_BREAK = tuple((day * _DAY + 18 * _HOUR, (day + 1) * _DAY + 17 * _HOUR) for day in range(5))

_HOLIDAYS = (
    Holiday(holidayId=1, name="New Year's Day", date=_days(2026, 1, 1), isRecurring=True, timeZone="Europe/London"),
    Holiday(holidayId=2, name="Good Friday", date=_days(2026, 4, 3), timeZone="Europe/London"),
    Holiday(
        holidayId=3,
        name="Christmas Eve",
        date=_days(2026, 12, 24),
        isRecurring=True,
        span=(13 * _HOUR, _DAY),
        timeZone="Europe/London",
    ),
    Holiday(holidayId=4, name="Christmas Day", date=_days(2026, 12, 25), isRecurring=True, timeZone="Europe/London"),
)


def _forex(
    symbolId: int,
    name: str,
    description: str,
    assets: tuple[int, int],
    *,
    sortingNumber: int,
    digits: int,
    swaps: tuple[str, str],
    motion: Motion,
    categoryId: int = 11,
) -> SymbolSpec:
    return SymbolSpec(
        symbolId=symbolId,
        name=name,
        description=description,
        sortingNumber=sortingNumber,
        baseAssetId=assets[0],
        quoteAssetId=assets[1],
        categoryId=categoryId,
        digits=digits,
        pipPosition=digits - 1,
        lotSize=10_000_000,
        minVolume=100_000,
        maxVolume=10_000_000_000,
        stepVolume=100_000,
        commissionType=ProtoOACommissionType.USD_PER_LOT,
        commissionRate=250_000_000,
        swapLong=Decimal(swaps[0]),
        swapShort=Decimal(swaps[1]),
        schedule=_ROUND_THE_CLOCK,
        leverageId=1,
        motion=motion,
    )


def _index(
    symbolId: int,
    name: str,
    description: str,
    assets: tuple[int, int],
    *,
    digits: int,
    sortingNumber: int,
    motion: Motion,
    guaranteedDistance: int = 0,
) -> SymbolSpec:
    return SymbolSpec(
        symbolId=symbolId,
        name=name,
        description=description,
        sortingNumber=sortingNumber,
        baseAssetId=assets[0],
        quoteAssetId=assets[1],
        categoryId=31,
        digits=digits,
        pipPosition=0,
        lotSize=100,
        minVolume=10,
        maxVolume=100_000,
        stepVolume=10,
        commissionType=ProtoOACommissionType.USD_PER_LOT,
        commissionRate=0,
        swapLong=Decimal("-0.9"),
        swapShort=Decimal("0.2"),
        schedule=_WITH_A_BREAK,
        leverageId=3,
        guaranteedStopLoss=guaranteedDistance > 0,
        guaranteedDistance=guaranteedDistance,
        measurementUnits="Contracts",
        motion=motion,
    )


SYMBOLS = (
    _forex(
        1,
        "EURUSD",
        "Euro vs US Dollar",
        (_EUR, _USD),
        sortingNumber=1,
        digits=5,
        swaps=("-6.9", "2.4"),
        motion=Motion(110_000, 100, 8, 50),
    ),
    _forex(
        2,
        "GBPUSD",
        "British Pound vs US Dollar",
        (_GBP, _USD),
        sortingNumber=2,
        digits=5,
        swaps=("-3.1", "-1.2"),
        motion=Motion(129_000, 115, 11, 50),
    ),
    _forex(
        4,
        "USDJPY",
        "US Dollar vs Japanese Yen",
        (_USD, _JPY),
        sortingNumber=3,
        digits=3,
        swaps=("9.8", "-18.3"),
        motion=Motion(14_800_000, 125, 9, 50),
    ),
    _forex(
        3,
        "EURJPY",
        "Euro vs Japanese Yen",
        (_EUR, _JPY),
        sortingNumber=1,
        digits=3,
        swaps=("6.2", "-14.6"),
        motion=Motion(16_280_000, 125, 14, 40),
        categoryId=12,
    ),
    _forex(
        9,
        "EURGBP",
        "Euro vs British Pound",
        (_EUR, _GBP),
        sortingNumber=2,
        digits=5,
        swaps=("-4.4", "1.1"),
        motion=Motion(85_270, 70, 9, 25),
        categoryId=12,
    ),
    SymbolSpec(
        symbolId=41,
        name="XAUUSD",
        description="Gold vs US Dollar",
        sortingNumber=1,
        baseAssetId=_XAU,
        quoteAssetId=_USD,
        categoryId=21,
        digits=2,
        pipPosition=0,
        lotSize=10_000,
        minVolume=100,
        maxVolume=1_000_000,
        stepVolume=100,
        commissionType=ProtoOACommissionType.PERCENTAGE_OF_VALUE,
        commissionRate=250,
        swapLong=Decimal("-0.62"),
        swapShort=Decimal("0.31"),
        schedule=_WITH_A_BREAK,
        leverageId=2,
        measurementUnits="Oz.",
        motion=Motion(240_000_000, 210, 22, 60),
    ),
    _index(
        101,
        "US500",
        "US 500 Index",
        (_US500, _USD),
        digits=1,
        sortingNumber=1,
        motion=Motion(550_000_000, 190, 5, 50),
    ),
    _index(
        102,
        "GER40",
        "Germany 40 Index",
        (_GER40, _EUR),
        digits=2,
        sortingNumber=2,
        motion=Motion(2_000_000_000, 220, 110, 60),
        guaranteedDistance=5_000,
    ),
    # The two that show what the others do not have.
    SymbolSpec(
        symbolId=103,
        name="UK100",
        description="UK 100 Index",
        sortingNumber=3,
        baseAssetId=_UK100,
        quoteAssetId=_GBP,
        categoryId=31,
        digits=1,
        pipPosition=0,
        lotSize=100,
        minVolume=10,
        maxVolume=20_000,
        stepVolume=10,
        commissionType=ProtoOACommissionType.QUOTE_CCY_PER_LOT,
        commissionRate=60_000_000,
        minCommission=50_000_000,
        minCommissionType=ProtoOAMinCommissionType.QUOTE_CURRENCY,
        swapType=ProtoOASwapCalculationType.POINTS,
        swapLong=Decimal("-14.5"),
        swapShort=Decimal("3.5"),
        swapRollover3Days=ProtoOADayOfWeek.FRIDAY,
        rolloverCommission=150,
        rolloverCommission3Days=ProtoOADayOfWeek.FRIDAY,
        skipRolloverDays=3,
        schedule=_WITH_A_BREAK,
        holidays=_HOLIDAYS,
        leverageId=3,
        maxExposure=30_000,
        conversionFeeRate=50,
        guaranteedStopLoss=True,
        guaranteedDistance=200,
        guaranteedCharge=80,
        measurementUnits="Contracts",
        motion=Motion(850_000_000, 170, 10, 40),
    ),
    SymbolSpec(
        symbolId=201,
        name="CRYPTO10",
        description="Crypto 10 Index",
        sortingNumber=1,
        baseAssetId=_CRYPTO10,
        quoteAssetId=_USD,
        categoryId=41,
        digits=2,
        pipPosition=0,
        lotSize=100,
        minVolume=1,
        maxVolume=10_000,
        stepVolume=1,
        commissionType=ProtoOACommissionType.PERCENTAGE_OF_VALUE,
        commissionRate=3_250,
        minCommission=1_000_000,
        swapType=ProtoOASwapCalculationType.PERCENTAGE,
        swapLong=Decimal("-18"),
        swapShort=Decimal("-6"),
        swapRollover3Days=ProtoOADayOfWeek.NONE,
        chargeSwapAtWeekends=True,
        rolloverCommission=900,
        rolloverCommission3Days=ProtoOADayOfWeek.NONE,
        schedule=_ROUND_THE_CLOCK,
        leverageId=4,
        guaranteedStopLoss=True,
        guaranteedDistance=50_000,
        guaranteedCharge=500,
        measurementUnits="Contracts",
        motion=Motion(8_500_000_000, 350, 1_800, 60),
    ),
)

# Both on 30 June 2023, at 21:00 UTC.
ARCHIVED = (
    ArchivedSymbol(15, "EURSEK", "Euro vs Swedish Krona", 1_688_158_800_000),
    ArchivedSymbol(105, "FRA40", "France 40 Index", 1_688_158_800_000),
)
