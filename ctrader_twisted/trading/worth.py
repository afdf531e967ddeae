"""
What volumes are worth, for limits that are looked at without waiting.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.market.conversion import Conversion
from ctrader_twisted.trading.equity import EquitySources
from ctrader_twisted.trading.valuation import roundedMoney
from ctrader_twisted.units import Symbol

__all__ = ["Worth"]

_UNIT_VOLUME = 100


class Worth:
    """
    Values volumes of symbols in the deposit asset. The first question about a symbol subscribes what it takes, and is
    answered when the prices have come; so are those about what is held when the account is logged in. What was
    subscribed stays so as long as the account is used.
    """

    _log = Logger()

    def __init__(self, sources: EquitySources) -> None:
        """
        @param sources: the account.
        """
        self._sources = sources
        self._conversions: dict[int, Conversion] = {}
        self._opening: set[int] = set()
        sources.link.onRestore(self._restore)

    def of(self, symbolId: int, volume: int) -> Decimal | None:
        """
        Value a volume at present prices.

        @param symbolId: the symbol.
        @param volume: in hundredths of a unit.
        @return: the amount, in the deposit asset; L{None} if a price is not known now.
        """
        conversion = self._conversions.get(symbolId)
        if conversion is None:
            self._open(symbolId)
            conversion = self._conversions.get(symbolId)
        rate = None if conversion is None else conversion.rate
        if rate is None:
            return None
        return roundedMoney(Fraction(volume, _UNIT_VOLUME) * rate, self._sources.books.amounts.moneyDigits)

    def _open(self, symbolId: int) -> None:
        if symbolId in self._opening:
            return
        self._opening.add(symbolId)
        opening = Deferred.fromCoroutine(self._follow(symbolId)).addErrback(self._failed, symbolId)
        opening.addBoth(lambda _: self._opening.discard(symbolId))

    async def _follow(self, symbolId: int) -> None:
        sources = self._sources
        symbol: Symbol = await sources.symbols.symbol(symbolId)
        deposit = sources.terms.valuedIn
        self._conversions[symbolId] = await sources.conversions.follow(symbol.baseAsset.assetId, deposit, _nothing)

    def _failed(self, failure: Failure, symbolId: int) -> None:
        self._log.warn(
            "account {accountId}: what symbol {symbolId} is worth cannot be found out: {error}",
            accountId=self._sources.link.accountId,
            symbolId=symbolId,
            error=failure.getErrorMessage(),
        )

    def _restore(self) -> Deferred[None]:
        books = self._sources.books
        held = {position.symbolId for position in books.positions.open()}
        for symbolId in held | {order.symbolId for order in books.pending.all()}:
            if symbolId not in self._conversions:
                self._open(symbolId)
        return succeed(None)


def _nothing() -> None:
    """
    Prices are looked at when they are needed.
    """
