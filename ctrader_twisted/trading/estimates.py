"""
What trades would cost, bind and make, in the deposit asset, as the account's users ask for it.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.errors import NotConnected, ValueUnknown
from ctrader_twisted.eventual import eventually
from ctrader_twisted.market.conversion import Conversions
from ctrader_twisted.market.quotes import Quotes
from ctrader_twisted.market.shared import Shared
from ctrader_twisted.market.symbols import SymbolCache
from ctrader_twisted.schema.messages import ProtoOADynamicLeverage, ProtoOAGetDynamicLeverageByIDReq
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.equity import EquitySources, EquityWatch
from ctrader_twisted.trading.terms import AccountTerms
from ctrader_twisted.trading.valuation import (
    Leverage,
    commission,
    isByLot,
    isByValue,
    isInDollars,
    leastCommission,
    margin,
    pipValue,
    roundedMoney,
    swap,
)
from ctrader_twisted.units import Asset, Lots, Symbol, Units
from ctrader_twisted.units.exact import Exact, exactDecimal

__all__ = ["Estimates", "ExpectedMargin"]

_TIMEOUT = 10.0


class ExpectedMargin(NamedTuple):
    """
    What a new position would bind, in the deposit asset.

    @ivar buy: if it is bought.
    @ivar sell: if it is sold.
    """

    buy: Decimal
    sell: Decimal


class Estimates:
    """
    Amounts of money by present prices. Each subscribes what it needs for as long as it waits for a price.

    All amounts are in the deposit asset, rounded once to the account's money digits, half away from zero. An asset is
    converted at the middle prices of the symbols between.
    """

    def __init__(
        self, link: AccountLink, *, clock: IReactorTime, symbols: SymbolCache, quotes: Quotes, books: Books
    ) -> None:
        """
        @param link: the account; its books follow it already.
        @param clock: the reactor.
        @param symbols: its symbols.
        @param quotes: their prices.
        @param books: its positions and balance.
        """
        self._conversions = Conversions(link, clock, symbols, quotes)
        self._accountTerms = AccountTerms(link, books.amounts)
        self._sources = EquitySources(
            link=link,
            clock=clock,
            symbols=symbols,
            quotes=quotes,
            conversions=self._conversions,
            books=books,
            terms=self._accountTerms,
        )
        self._leverages: dict[int, Shared[ProtoOADynamicLeverage]] = {}
        self._watches: dict[EquityWatch, None] = {}
        self._conversions.start()
        self._accountTerms.start()
        link.onLost(lambda _: self._leverages.clear())

    def rate(self, asset: Asset, into: Asset | None = None, *, timeout: float = _TIMEOUT) -> Deferred[Fraction]:
        """
        Convert one of an asset.

        @param asset: the asset, such as a symbol's C{quoteAsset}.
        @param into: the asset to convert it into; by default the deposit asset.
        @param timeout: seconds to wait for prices.
        @return: fires with how much of the other asset it is worth, exactly.
        @raise ValueUnknown: (as a failure) if there is no way from one to the other, or a price did not come in time.
        @raise NotConnected: (as a failure) if the account is not logged in.
        """
        return eventually(self._rate(asset, into, timeout))

    def pipValue(self, symbol: Symbol, quantity: Lots | Units, *, timeout: float = _TIMEOUT) -> Deferred[Decimal]:
        """
        Find what a position gains when the price moves by one pip.

        @param symbol: the symbol.
        @param quantity: how much of it.
        @param timeout: seconds to wait for prices.
        @return: fires with the amount.
        @raise IllegalValue: (as a failure) if the symbol cannot be traded in this quantity.
        @raise ValueUnknown: (as a failure) as from L{rate}.
        @raise NotConnected: (as a failure) if the account is not logged in.
        """
        return eventually(self._pipValue(symbol, quantity, timeout))

    def lotsForRisk(
        self, symbol: Symbol, money: Exact | float, *, pips: Exact | float, timeout: float = _TIMEOUT
    ) -> Deferred[Lots]:
        """
        Find how many lots lose an amount of money when the price goes some pips the wrong way. Commission and spread
        are not counted.

        @param symbol: the symbol.
        @param money: the amount, in the deposit asset.
        @param pips: the distance.
        @param timeout: seconds to wait for prices.
        @return: fires with the most lots that can be traded and lose no more.
        @raise IllegalValue: (as a failure) if even the smallest quantity of the symbol would lose more.
        @raise ValueUnknown: (as a failure) as from L{rate}.
        @raise NotConnected: (as a failure) if the account is not logged in.
        """
        return eventually(self._lotsForRisk(symbol, money, pips, timeout))

    def expectedMargin(
        self, symbol: Symbol, quantity: Lots | Units, *, timeout: float = _TIMEOUT
    ) -> Deferred[ExpectedMargin]:
        """
        Estimate what a new position would bind, by the account's leverage and the symbol's table: slice by slice, above
        what is held in the same direction. The server's own number is that of the request C{ExpectedMargin}.

        @param symbol: the symbol.
        @param quantity: how much of it.
        @param timeout: seconds to wait for prices.
        @return: fires with the amounts.
        @raise IllegalValue: (as a failure) if the symbol cannot be traded in this quantity.
        @raise ValueUnknown: (as a failure) as from L{rate}, and if the server named no leverage.
        @raise NotConnected: (as a failure) if the account is not logged in.
        """
        return eventually(self._expectedMargin(symbol, quantity, timeout))

    def commission(
        self, symbol: Symbol, quantity: Lots | Units, *, price: Exact | None = None, timeout: float = _TIMEOUT
    ) -> Deferred[Decimal]:
        """
        Estimate what one side of a trade costs.

        @param symbol: the symbol.
        @param quantity: how much of it.
        @param price: the price of the execution, for a symbol whose commission is a percentage; by default the present
            one, in the middle between bid and ask.
        @param timeout: seconds to wait for prices.
        @return: fires with the amount; a cost is negative.
        @raise IllegalValue: (as a failure) if the symbol cannot be traded in this quantity.
        @raise ValueUnknown: (as a failure) as from L{rate}.
        @raise NotConnected: (as a failure) if the account is not logged in.
        """
        return eventually(self._commission(symbol, quantity, price, timeout))

    def swap(
        self, symbol: Symbol, side: Side, quantity: Lots | Units, *, timeout: float = _TIMEOUT
    ) -> Deferred[Decimal]:
        """
        Estimate what holding a position for one night yields; on the day that the symbol's specification names it is
        three times as much. A swap in percent is taken as interest for a 360th of a year on the present value. An
        account without swaps yields 0; what its broker may take instead is not looked at.

        @param symbol: the symbol.
        @param side: the position's direction.
        @param quantity: how much of it.
        @param timeout: seconds to wait for prices.
        @return: fires with the amount; a cost is negative.
        @raise IllegalValue: (as a failure) if the symbol cannot be traded in this quantity.
        @raise ValueUnknown: (as a failure) as from L{rate}.
        @raise NotConnected: (as a failure) if the account is not logged in.
        """
        return eventually(self._swap(symbol, side, quantity, timeout))

    def watchEquity(self) -> EquityWatch:
        """
        Follow what the account is worth: C{async with account.watchEquity() as watch}. It subscribes what it takes to
        value the open positions, as they open and close, until it is stopped.

        @return: a live object with equity, margin and profits.
        """
        watch = EquityWatch(self._sources, lambda left: self._watches.pop(left, None))
        self._watches[watch] = None
        watch.start()
        return watch

    def releaseEstimates(self) -> None:
        """
        The account is not followed any more: whoever waits for a price is told by L{NotConnected}.
        """
        link = self._sources.link
        error = NotConnected(f"account {link.accountId}: {link.ended() or 'the client was stopped'}")
        self._conversions.release(error)
        for watch in tuple(self._watches):
            watch.release(error)

    async def _rate(self, asset: Asset, into: Asset | None, timeout: float) -> Fraction:
        target = self._accountTerms.trader.depositAssetId if into is None else into.assetId
        return await self._conversions.rate(asset.assetId, target, timeout)

    async def _pipValue(self, symbol: Symbol, quantity: Lots | Units, timeout: float) -> Decimal:
        volume = symbol.volume(quantity)
        return self._money(pipValue(symbol, volume, await self._toDeposit(symbol.quoteAsset.assetId, timeout)))

    async def _lotsForRisk(self, symbol: Symbol, money: Exact | float, pips: Exact | float, timeout: float) -> Lots:
        rate = await self._toDeposit(symbol.quoteAsset.assetId, timeout)
        return symbol.lotsForRisk(money, pips=pips, rate=rate)

    async def _expectedMargin(self, symbol: Symbol, quantity: Lots | Units, timeout: float) -> ExpectedMargin:
        volume = symbol.volume(quantity)
        leverage = Leverage.fromWire(self._accountTerms.trader.leverageInCents, await self._table(symbol))
        toDeposit = await self._toDeposit(symbol.baseAsset.assetId, timeout)
        # Only a table counts in dollars.
        toUsd = await self._toDollars(symbol, timeout) if leverage.tiers else Fraction(1)
        amounts = [
            margin(volume, baseToDeposit=toDeposit, baseToUsd=toUsd, held=self._held(symbol, side), leverage=leverage)
            for side in (Side.BUY, Side.SELL)
        ]
        return ExpectedMargin(*map(self._money, amounts))

    async def _commission(self, symbol: Symbol, quantity: Lots | Units, price: Exact | None, timeout: float) -> Decimal:
        volume, quoteAsset = symbol.volume(quantity), symbol.quoteAsset.assetId
        cost = commission(symbol, volume, await self._unitValue(symbol, price, timeout))
        charged = await self._assetNamed("USD") if isInDollars(symbol) else quoteAsset
        cost *= await self._toDeposit(charged, timeout)
        least, name = leastCommission(symbol)
        if least:
            asset = quoteAsset if name is None else await self._assetNamed(name)
            cost = max(cost, least * await self._toDeposit(asset, timeout))
        return self._money(-cost)

    async def _unitValue(self, symbol: Symbol, price: Exact | None, timeout: float) -> Fraction:
        if isByLot(symbol):
            return Fraction(0)
        if isInDollars(symbol):
            return await self._toDollars(symbol, timeout)
        return await self._conversions.price(symbol, timeout) if price is None else Fraction(exactDecimal(price))

    async def _swap(self, symbol: Symbol, side: Side, quantity: Lots | Units, timeout: float) -> Decimal:
        volume = symbol.volume(quantity)
        if self._accountTerms.trader.swapFree:
            return self._money(Fraction(0))
        price = await self._conversions.price(symbol, timeout) if isByValue(symbol) else Fraction(0)
        amount = swap(symbol, side, volume, price)
        return self._money(amount * await self._toDeposit(symbol.quoteAsset.assetId, timeout))

    async def _toDeposit(self, assetId: int, timeout: float) -> Fraction:
        return await self._conversions.rate(assetId, self._accountTerms.valuedIn, timeout)

    async def _toDollars(self, symbol: Symbol, timeout: float) -> Fraction:
        return await self._conversions.rate(symbol.baseAsset.assetId, await self._assetNamed("USD"), timeout)

    async def _assetNamed(self, name: str) -> int:
        for asset in (await self._sources.symbols.assets()).values():
            if asset.name == name:
                return asset.assetId
        raise ValueUnknown(f"account {self._sources.link.accountId}: the server names no asset {name}")

    async def _table(self, symbol: Symbol) -> ProtoOADynamicLeverage | None:
        leverageId = symbol.specification.leverageId
        if not leverageId:
            return None
        if leverageId not in self._leverages:
            self._leverages[leverageId] = Shared(lambda: Deferred.fromCoroutine(self._askTable(leverageId)))
        return await self._leverages[leverageId].get()

    async def _askTable(self, leverageId: int) -> ProtoOADynamicLeverage:
        return (await self._sources.link.request(ProtoOAGetDynamicLeverageByIDReq(leverageId=leverageId))).leverage

    def _held(self, symbol: Symbol, side: Side) -> int:
        positions = self._sources.books.positions.open()
        return sum(each.volume for each in positions if each.symbolId == symbol.symbolId and each.side is side)

    def _money(self, amount: Fraction) -> Decimal:
        return roundedMoney(amount, self._sources.books.amounts.moneyDigits)
