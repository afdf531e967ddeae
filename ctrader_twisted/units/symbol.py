"""
What can be traded, with all it takes to turn prices, pips and lots into the wire's numbers and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, Inexact
from fractions import Fraction

from attrs import field, frozen

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.schema import messages
from ctrader_twisted.units.exact import EXACT, Exact, exactDecimal
from ctrader_twisted.units.quantities import Lots, Quantity, Units
from ctrader_twisted.units.scales import PRICE_SCALE, neighbours, powerOfTen, rounded

__all__ = ["Asset", "Symbol"]

_HUNDREDTHS = Decimal(100)
# The wire's integers hold no more.
_LARGEST = 2**63 - 1


@frozen
class Asset:
    """
    A currency, metal, share or other thing that symbols are made of.

    @ivar assetId: the broker's number for it.
    @ivar name: such as C{EUR}.
    @ivar digits: decimal places of its amounts.
    """

    assetId: int
    name: str
    digits: int


@frozen
class Symbol:
    """
    A symbol of one account's broker. Ids, names and sizes differ between brokers.

    @ivar symbolId: the broker's number for it.
    @ivar name: such as C{EURUSD}.
    @ivar description: the broker's words.
    @ivar baseAsset: what is bought or sold.
    @ivar quoteAsset: what prices and profits are counted in.
    @ivar digits: decimal places of a price.
    @ivar pipPosition: the decimal place of a pip.
    @ivar lotSize: one lot, in hundredths of a unit; 0 if the server named none.
    @ivar minVolume: the smallest volume, in hundredths of a unit.
    @ivar maxVolume: the largest volume, in hundredths of a unit; 0 if the server named none.
    @ivar stepVolume: volumes are multiples of it, in hundredths of a unit; 0 if the server named none.
    @ivar enabled: whether the broker offers it now.
    @ivar tradingMode: the name of a C{ProtoOATradingMode}, such as C{ENABLED}.
    @ivar measurementUnits: what a unit is called, such as C{Contracts}; empty for currencies.
    @ivar commissionType: the name of a C{ProtoOACommissionType}: what the rate refers to.
    @ivar commissionRate: what each side of a trade costs, in the unit of its type.
    @ivar swapType: the name of a C{ProtoOASwapCalculationType}: what the swaps are counted in.
    @ivar swapLong: what holding a bought position yields; negative is a cost.
    @ivar swapShort: what holding a sold position yields; negative is a cost.
    @ivar specification: everything else, as the server sent it.
    """

    symbolId: int
    name: str
    description: str = field(repr=False)
    baseAsset: Asset = field(repr=False)
    quoteAsset: Asset = field(repr=False)
    digits: int
    pipPosition: int
    lotSize: int
    minVolume: int
    maxVolume: int
    stepVolume: int
    enabled: bool
    tradingMode: str
    measurementUnits: str = field(repr=False)
    commissionType: str = field(repr=False)
    commissionRate: Decimal = field(repr=False)
    swapType: str = field(repr=False)
    swapLong: Decimal = field(repr=False)
    swapShort: Decimal = field(repr=False)
    specification: messages.ProtoOASymbol = field(repr=False, eq=False)

    @classmethod
    def fromWire(
        cls, light: messages.ProtoOALightSymbol, full: messages.ProtoOASymbol, assets: Mapping[int, Asset]
    ) -> Symbol:
        """
        Join what the server tells in three places.

        @param light: the entry of the symbol list.
        @param full: the specification.
        @param assets: the account's assets by id; one that is missing is named by its number.
        @return: the symbol.
        """
        return cls(
            symbolId=full.symbolId,
            name=light.symbolName,
            description=light.description,
            baseAsset=_asset(light.baseAssetId, assets),
            quoteAsset=_asset(light.quoteAssetId, assets),
            digits=full.digits,
            pipPosition=full.pipPosition,
            lotSize=full.lotSize,
            minVolume=full.minVolume,
            maxVolume=full.maxVolume,
            stepVolume=full.stepVolume,
            enabled=light.enabled,
            tradingMode=messages.ProtoOATradingMode.Name(full.tradingMode),
            measurementUnits=full.measurementUnits,
            commissionType=messages.ProtoOACommissionType.Name(full.commissionType),
            commissionRate=_commissionRate(full),
            swapType=messages.ProtoOASwapCalculationType.Name(full.swapCalculationType),
            swapLong=Decimal(repr(full.swapLong)),
            swapShort=Decimal(repr(full.swapShort)),
            specification=full,
        )

    @property
    def tickSize(self) -> Decimal:
        """
        @return: the smallest step of a price.
        """
        return powerOfTen(-self.digits)

    @property
    def pipSize(self) -> Decimal:
        """
        @return: one pip, as a difference of prices.
        """
        return powerOfTen(-self.pipPosition)

    def pips(self, count: Exact) -> Decimal:
        """
        Turn pips into a difference of prices.

        @param count: how many pips.
        @return: the difference, exactly.
        @raise TypeError: if the count is a float.
        """
        return EXACT.multiply(exactDecimal(count, "pips({})"), self.pipSize)

    def price(self, price: Exact | float, rounding: str | None = None) -> Decimal:
        """
        Make a price that the symbol can have.

        @param price: the price; a float only together with a rounding.
        @param rounding: how to round a finer price, one of the names of the C{decimal} module such as
            C{decimal.ROUND_HALF_EVEN}; L{None} refuses it.
        @return: the price with the symbol's digits.
        @raise IllegalValue: if the price is finer than the symbol's digits, with the two nearest; or not above zero.
        @raise TypeError: if it is a float and no rounding is stated.
        """
        if isinstance(price, float) and rounding is not None:
            price = repr(price)
        number = exactDecimal(price, "price({})")  # type: ignore[arg-type]  # it refuses the float by name
        below, above = neighbours(number, self.digits)
        if rounding is not None:
            below = above = rounded(number, self.digits, rounding)
        if below != above:
            raise IllegalValue(
                f"{self.name} has {self.digits} digits: {number} is not a price of it, {below} and {above} are",
                (below, above),
            )
        if below <= 0:
            raise IllegalValue(f"a price of {self.name} is above zero, not {below}")
        return below

    def relative(self, distance: Decimal) -> int:
        """
        Turn a difference of prices into the wire's form for a relative stop loss or take profit.

        @param distance: the difference, above zero.
        @return: the difference in 1/100000.
        @raise IllegalValue: if the symbol's prices cannot lie so far apart, with the two nearest differences, if there
            are such.
        @raise TypeError: if the distance is a float.
        """
        number = exactDecimal(distance)
        if number <= 0:
            raise IllegalValue(f"a distance is above zero, not {number}")
        digits = min(self.digits, 5)
        below, above = neighbours(number, digits)
        if below != above:
            nearest = (below, above) if below > 0 else (above,)
            raise IllegalValue(
                f"{self.name} moves in steps of {powerOfTen(-digits):f}: the distance {number} is no multiple of it, "
                f"{' and '.join(map(str, nearest))} would be",
                nearest,
            )
        distanceOnWire = int(EXACT.multiply(below, Decimal(PRICE_SCALE)))
        if distanceOnWire > _LARGEST:
            raise IllegalValue(f"the distance {number} is out of all proportion")
        return distanceOnWire

    def volume(self, quantity: Lots | Units) -> int:
        """
        Turn a quantity into the wire's volume.

        @param quantity: the quantity.
        @return: the volume in hundredths of a unit.
        @raise IllegalValue: if the symbol cannot be traded in this quantity, with the nearest legal ones.
        @raise TypeError: if it is a bare number, which would not tell lots from units.
        """
        if not isinstance(quantity, Lots | Units):
            raise TypeError(f"write Lots(...) or Units(...) to tell them apart, not {quantity!r}")
        wanted = EXACT.multiply(quantity.value, self._oneOf(type(quantity)))
        nearest = self._legalAround(wanted)
        if wanted in nearest:
            return int(wanted)
        legal = tuple(self._quantity(volume, type(quantity)) for volume in nearest)
        raise IllegalValue(f"{quantity} of {self.name} cannot be traded; {self._limits(type(quantity), legal)}", legal)

    def lots(self, volume: int) -> Lots:
        """
        Turn the wire's volume into lots.

        @param volume: hundredths of a unit.
        @return: the same in lots.
        @raise IllegalValue: if the symbol's lot does not divide it into a finite decimal number; L{units} always can.
        """
        try:
            return Lots(EXACT.divide(Decimal(volume), self._oneOf(Lots)))
        except Inexact:
            raise IllegalValue(
                f"a lot of {self.name} is {self.units(self.lotSize)}: {self.units(volume)} cannot be written in lots"
            ) from None

    def units(self, volume: int) -> Units:
        """
        Turn the wire's volume into units of the base asset.

        @param volume: hundredths of a unit.
        @return: the same in units.
        """
        return Units(EXACT.divide(Decimal(volume), _HUNDREDTHS))

    def lotsForRisk(self, money: Exact | float, *, pips: Exact | float, rate: Fraction) -> Lots:
        """
        Find how many lots lose an amount of money when the price goes some pips the wrong way. Commission and spread
        are not counted. Floats are taken as they print, since the lots are rounded down to what can be traded.

        @param money: the amount.
        @param pips: the distance, above zero.
        @param rate: what one of the quote asset is worth in the asset of the amount.
        @return: the most lots that can be traded and lose no more.
        @raise IllegalValue: if even the smallest quantity would lose more, with that quantity; or if the distance is
            not above zero.
        """
        amount, distance = (Fraction(_asPrinted(each)) for each in (money, pips))
        if distance <= 0:
            raise IllegalValue(f"a distance in pips is above zero, not {pips}")
        wanted = int(amount * 100 / (distance * Fraction(self.pipSize) * rate))
        lowest, highest = self._range()
        if wanted < lowest or highest < lowest:
            smallest = self._quantity(lowest, Lots)
            raise IllegalValue(f"{smallest} of {self.name}, the smallest quantity, would lose more", (smallest,))
        return self.lots(min(wanted // (self.stepVolume or 1) * (self.stepVolume or 1), highest))

    def _oneOf(self, kind: type[Quantity]) -> Decimal:
        if kind is Units:
            return _HUNDREDTHS
        if self.lotSize <= 0:
            raise IllegalValue(f"the server named no lot size of {self.name}: use Units")
        return Decimal(self.lotSize)

    def _legalAround(self, wanted: Decimal) -> tuple[int, ...]:
        step = self.stepVolume or 1
        lowest, highest = self._range()
        if highest < lowest:
            return ()
        below = int(wanted) // step * step
        above = below if below == wanted else below + step
        below, above = (max(min(volume, highest), lowest) for volume in (below, above))
        return (below,) if below == above else (below, above)

    def _range(self) -> tuple[int, int]:
        step = self.stepVolume or 1
        lowest = -(-max(self.minVolume, 1) // step) * step
        return lowest, (self.maxVolume or _LARGEST) // step * step

    def _limits(self, kind: type[Quantity], legal: tuple[Quantity, ...]) -> str:
        if not legal:
            return "its minimum and maximum leave nothing"
        lowest, highest = self._range()
        smallest, step = self._quantity(lowest, kind), self._quantity(self.stepVolume or 1, kind)
        largest = f", the largest {self._quantity(highest, kind)}" if self.maxVolume else ""
        nearest = " and ".join(map(str, legal))
        return f"the nearest legal: {nearest} (the smallest is {smallest}{largest}, in steps of {step})"

    def _quantity(self, volume: int, kind: type[Quantity]) -> Quantity:
        # Where a lot does not divide a volume exactly, an honest answer in units beats a rounded one in lots.
        try:
            return self.lots(volume) if kind is Lots else self.units(volume)
        except IllegalValue:
            return self.units(volume)


def _asset(assetId: int, assets: Mapping[int, Asset]) -> Asset:
    return assets.get(assetId) or Asset(assetId, f"asset {assetId}", 2)


def _asPrinted(value: Exact | float) -> Decimal:
    return exactDecimal(repr(value) if isinstance(value, float) else value)


def _commissionRate(full: messages.ProtoOASymbol) -> Decimal:
    if not full.HasField("preciseTradingCommissionRate"):
        return Decimal(full.commission).scaleb(-2, EXACT)
    percentage = full.commissionType == messages.ProtoOACommissionType.PERCENTAGE_OF_VALUE
    return Decimal(full.preciseTradingCommissionRate).scaleb(-5 if percentage else -8, EXACT).normalize(EXACT)
