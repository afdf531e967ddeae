"""
The kinds of thing in a broker's catalogue, and the messages that describe them.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen

from ctrader_twisted.schema.messages import (
    ProtoOAArchivedSymbol,
    ProtoOAAsset,
    ProtoOAAssetClass,
    ProtoOACommissionType,
    ProtoOADayOfWeek,
    ProtoOADynamicLeverage,
    ProtoOADynamicLeverageTier,
    ProtoOAHoliday,
    ProtoOAInterval,
    ProtoOALightSymbol,
    ProtoOAMinCommissionType,
    ProtoOASwapCalculationType,
    ProtoOASymbol,
    ProtoOASymbolCategory,
    ProtoOASymbolDistanceType,
    ProtoOATradingMode,
)

__all__ = [
    "ArchivedSymbol",
    "Asset",
    "AssetClass",
    "Category",
    "Holiday",
    "Leverage",
    "Motion",
    "SymbolSpec",
]

_DISABLED = ProtoOATradingMode.DISABLED_WITHOUT_PENDINGS_EXECUTION


@frozen
class Asset:
    """
    A currency, or whatever else a symbol is the price of.

    @ivar digits: the decimals of amounts of it.
    """

    assetId: int
    name: str
    displayName: str
    digits: int

    def message(self) -> ProtoOAAsset:
        """
        @return: the asset as it goes over the wire.
        """
        return ProtoOAAsset(assetId=self.assetId, name=self.name, displayName=self.displayName, digits=self.digits)


@frozen
class AssetClass:
    """
    The upper level of the catalogue.
    """

    id: int
    name: str
    sortingNumber: int

    def message(self) -> ProtoOAAssetClass:
        """
        @return: the class as it goes over the wire.
        """
        return ProtoOAAssetClass(id=self.id, name=self.name, sortingNumber=self.sortingNumber)


@frozen
class Category:
    """
    The lower level of the catalogue.
    """

    id: int
    assetClassId: int
    name: str
    sortingNumber: int

    def message(self) -> ProtoOASymbolCategory:
        """
        @return: the category as it goes over the wire.
        """
        return ProtoOASymbolCategory(
            id=self.id, assetClassId=self.assetClassId, name=self.name, sortingNumber=self.sortingNumber
        )


@frozen
class Leverage:
    """
    A table of dynamic leverage.

    @ivar tiers: pairs of an exposure in US cents and the leverage up to it; the last holds above, too.
    """

    leverageId: int
    tiers: tuple[tuple[int, int], ...]

    def message(self) -> ProtoOADynamicLeverage:
        """
        @return: the table as it goes over the wire.
        """
        tiers = [ProtoOADynamicLeverageTier(volume=volume, leverage=leverage) for volume, leverage in self.tiers]
        return ProtoOADynamicLeverage(leverageId=self.leverageId, tiers=tiers)


@frozen(kw_only=True)
class Holiday:
    """
    A day, or a part of one, on which a symbol is not traded.

    @ivar date: the day, counted from 1970.
    @ivar isRecurring: whether it is so on this date of each year.
    @ivar span: the seconds of the day from which and until which it lasts; L{None} for the whole day.
    @ivar timeZone: whose day it is.
    """

    holidayId: int
    name: str
    date: int
    isRecurring: bool = False
    span: tuple[int, int] | None = None
    timeZone: str = "America/New_York"

    def message(self) -> ProtoOAHoliday:
        """
        @return: the holiday as it goes over the wire.
        """
        start, end = self.span or (None, None)
        return ProtoOAHoliday(
            holidayId=self.holidayId,
            name=self.name,
            description=self.name,
            scheduleTimeZone=self.timeZone,
            holidayDate=self.date,
            isRecurring=self.isRecurring,
            startSecond=start,
            endSecond=end,
        )


@frozen
class ArchivedSymbol:
    """
    A symbol that is not offered any more.

    @ivar archived: when it was given up, in milliseconds since 1970.
    """

    symbolId: int
    name: str
    description: str
    archived: int

    def message(self) -> ProtoOAArchivedSymbol:
        """
        @return: the symbol as it goes over the wire.
        """
        return ProtoOAArchivedSymbol(
            symbolId=self.symbolId,
            name=self.name,
            utcLastUpdateTimestamp=self.archived,
            description=self.description,
        )


@frozen
class Motion:
    """
    How a symbol's seeded price moves.

    @ivar reference: the price that it keeps returning to, in 1/100000 of a price unit.
    @ivar volatility: the standard deviation of a week, in 1/10000 of the reference.
    @ivar spread: the spread of busy hours, in units of the symbol's last digit.
    @ivar ticksPerMinute: how many quotes come in a minute, on average.
    """

    reference: int
    volatility: int
    spread: int
    ticksPerMinute: int


@frozen(kw_only=True)
class SymbolSpec:
    """
    A symbol as the broker defines it. Volumes are in 1/100 of a unit.

    @ivar sortingNumber: its place in the list of its category.
    @ivar digits: the decimals of its price.
    @ivar pipPosition: the decimals of a pip.
    @ivar lotSize: the volume of a lot.
    @ivar commissionType: what C{commissionRate} means.
    @ivar commissionRate: the commission of each side as C{preciseTradingCommissionRate} says it: 10^-8 of money, or
        10^-5 of a percent.
    @ivar minCommission: the least commission of each side, in 10^-8 of money.
    @ivar minCommissionType: whether that is in C{minCommissionAsset} or in the quote asset.
    @ivar swapType: what the swaps are counted in.
    @ivar swapLong: what a bought position yields each time that swaps are charged; negative is a cost.
    @ivar swapShort: what a sold position yields.
    @ivar swapRollover3Days: the day whose swaps count three times.
    @ivar swapTime: when they are charged, in minutes after 0:00 UTC.
    @ivar swapPeriod: how often, in hours.
    @ivar skipSwapPeriods: how many periods a new position is not charged for.
    @ivar chargeSwapAtWeekends: whether they are charged on Saturdays and Sundays, too.
    @ivar rolloverCommission: what a lot costs a night on an account without swaps, in US cents.
    @ivar rolloverCommission3Days: the day whose rollover counts three times.
    @ivar skipRolloverDays: how many nights a new position is free.
    @ivar schedule: when it is traded, as seconds from Sunday 00:00 in C{scheduleTimeZone}.
    @ivar holidays: when it is not traded nevertheless.
    @ivar tradingMode: what orders are taken and executed.
    @ivar maxExposure: the most that an account may hold of it, bought less sold or the other way round; 0 for no limit.
    @ivar conversionFeeRate: what it costs to convert a result into the deposit asset, in 1/10000 of it.
    @ivar guaranteedStopLoss: whether stop losses can be guaranteed.
    @ivar stopLossDistance: how near to the market a stop loss may be, in units of the last digit.
    @ivar takeProfitDistance: how near a take profit may be, likewise.
    @ivar guaranteedDistance: how near a guaranteed stop loss may be, likewise.
    @ivar distancesIn: whether distances are in units of the last digit, or in 1/10000 of the price.
    @ivar guaranteedCharge: what guaranteeing the stop loss of a lot costs, in US cents.
    @ivar measurementUnits: what a volume counts, where it is not a currency.
    @ivar enabled: whether it is traded at all; if it is not, it has the trading mode for that.
    """

    symbolId: int
    name: str
    description: str
    sortingNumber: int
    baseAssetId: int
    quoteAssetId: int
    categoryId: int
    digits: int
    pipPosition: int
    lotSize: int
    minVolume: int
    maxVolume: int
    stepVolume: int
    commissionType: ProtoOACommissionType
    commissionRate: int
    minCommission: int = 0
    minCommissionType: ProtoOAMinCommissionType = ProtoOAMinCommissionType.CURRENCY
    minCommissionAsset: str = "USD"
    swapType: ProtoOASwapCalculationType = ProtoOASwapCalculationType.PIPS
    swapLong: Decimal
    swapShort: Decimal
    swapRollover3Days: ProtoOADayOfWeek = ProtoOADayOfWeek.WEDNESDAY
    swapTime: int = 22 * 60
    swapPeriod: int = 24
    skipSwapPeriods: int = 0
    chargeSwapAtWeekends: bool = False
    rolloverCommission: int = 0
    rolloverCommission3Days: ProtoOADayOfWeek = ProtoOADayOfWeek.WEDNESDAY
    skipRolloverDays: int = 0
    schedule: tuple[tuple[int, int], ...]
    scheduleTimeZone: str = "America/New_York"
    holidays: tuple[Holiday, ...] = ()
    tradingMode: ProtoOATradingMode = ProtoOATradingMode.ENABLED
    leverageId: int
    maxExposure: int = 0
    conversionFeeRate: int = 0
    enableShortSelling: bool = True
    guaranteedStopLoss: bool = False
    stopLossDistance: int = 0
    takeProfitDistance: int = 0
    guaranteedDistance: int = 0
    distancesIn: ProtoOASymbolDistanceType = ProtoOASymbolDistanceType.SYMBOL_DISTANCE_IN_POINTS
    guaranteedCharge: int = 0
    measurementUnits: str = ""
    enabled: bool = True
    motion: Motion = field(repr=False)

    @property
    def point(self) -> int:
        """
        @return: the smallest step of the price, in 1/100000 of a price unit.
        """
        return int(10 ** (5 - self.digits))

    def light(self) -> ProtoOALightSymbol:
        """
        @return: the symbol as the list of symbols shows it.
        """
        return ProtoOALightSymbol(
            symbolId=self.symbolId,
            symbolName=self.name,
            enabled=self.enabled,
            baseAssetId=self.baseAssetId,
            quoteAssetId=self.quoteAssetId,
            symbolCategoryId=self.categoryId,
            description=self.description,
            sortingNumber=self.sortingNumber,
        )

    def full(self) -> ProtoOASymbol:
        """
        @return: the symbol's whole specification.
        """
        return ProtoOASymbol(
            symbolId=self.symbolId,
            digits=self.digits,
            pipPosition=self.pipPosition,
            enableShortSelling=self.enableShortSelling,
            guaranteedStopLoss=self.guaranteedStopLoss,
            slDistance=self.stopLossDistance,
            tpDistance=self.takeProfitDistance,
            gslDistance=self.guaranteedDistance,
            gslCharge=self.guaranteedCharge or None,
            distanceSetIn=self.distancesIn,
            swapCalculationType=self.swapType or None,
            swapRollover3Days=self.swapRollover3Days,
            swapLong=float(self.swapLong),
            swapShort=float(self.swapShort),
            maxVolume=self.maxVolume,
            minVolume=self.minVolume,
            stepVolume=self.stepVolume,
            schedule=[ProtoOAInterval(startSecond=start, endSecond=end) for start, end in self.schedule],
            scheduleTimeZone=self.scheduleTimeZone,
            lotSize=self.lotSize,
            commissionType=self.commissionType,
            commission=self._coarseCommission(),
            preciseTradingCommissionRate=self.commissionRate,
            preciseMinCommission=self.minCommission or None,
            minCommission=self.minCommission // 1_000_000 or None,
            minCommissionType=self.minCommissionType if self.minCommission else None,
            minCommissionAsset=self.minCommissionAsset if self.minCommission else None,
            holiday=[holiday.message() for holiday in self.holidays],
            tradingMode=(self.tradingMode if self.enabled else _DISABLED) or None,
            leverageId=self.leverageId,
            maxExposure=self.maxExposure or None,
            pnlConversionFeeRate=self.conversionFeeRate or None,
            swapPeriod=self.swapPeriod,
            swapTime=self.swapTime,
            skipSWAPPeriods=self.skipSwapPeriods or None,
            chargeSwapAtWeekends=self.chargeSwapAtWeekends or None,
            rolloverCommission=self.rolloverCommission or None,
            rolloverCommission3Days=self.rolloverCommission3Days if self.rolloverCommission else None,
            skipRolloverDays=self.skipRolloverDays or None,
            measurementUnits=self.measurementUnits,
        )

    def staked(self) -> ProtoOASymbol:
        """
        @return: the whole specification for spread betting, where a volume is a stake: 1/100 of the deposit asset for
            each pip.
        """
        staked = self.full()
        for name in ("lotSize", "minVolume", "maxVolume", "stepVolume", "maxExposure"):
            if volume := getattr(staked, name):
                setattr(staked, name, max(1, volume // 10**self.pipPosition))
        return staked

    def _coarseCommission(self) -> int:
        percentage = self.commissionType == ProtoOACommissionType.PERCENTAGE_OF_VALUE
        return self.commissionRate // (1000 if percentage else 1_000_000)
