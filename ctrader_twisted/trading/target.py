"""
Moving an exposure to where it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen
from twisted.internet.defer import Deferred

from ctrader_twisted.errors import NotFound, OutcomeUnknown
from ctrader_twisted.trading.changes import Change
from ctrader_twisted.trading.closing import Closing
from ctrader_twisted.trading.coming import Coming
from ctrader_twisted.trading.deals import Deal, Side
from ctrader_twisted.trading.options import MarketOptions, termsFrom
from ctrader_twisted.trading.ordering import Wish
from ctrader_twisted.trading.pending import OrderKind
from ctrader_twisted.trading.placing import Placing
from ctrader_twisted.trading.position import Position, PositionStatus
from ctrader_twisted.trading.trade import Trade
from ctrader_twisted.trading.turns import Turns
from ctrader_twisted.units import Lots, Symbol
from ctrader_twisted.units.exact import Exact, exactDecimal

__all__ = ["Moved", "Plan", "Targets", "planFor"]


@frozen
class Moved:
    """
    What was done to reach a target. Volumes are in hundredths of a unit; those of sold positions are negative.

    @ivar before: the exposure before.
    @ivar after: the exposure now: the target, unless the market filled only a part or others moved it too.
    @ivar closed: the deals of what was closed.
    @ivar trade: what was opened, filled; L{None} if nothing was.
    """

    before: int
    after: int
    closed: tuple[Deal, ...] = ()
    trade: Trade | None = None


@frozen
class Plan:
    """
    How to reach a target.

    @ivar closes: the positions to close, or to close in part, in this order, and how much of each.
    @ivar opens: what to open after that; negative to sell.
    """

    closes: tuple[tuple[Position, int], ...]
    opens: int


def planFor(positions: Sequence[Position], target: int) -> Plan:
    """
    Find out what to do. Whatever lies on the wrong side is closed; of too much on the right side, the newest first.

    @param positions: those that make up the exposure, in the order in which they came.
    @param target: what it should be, in hundredths of a unit; negative for sold.
    @return: what to do.
    """
    wanted = abs(target)
    side = Side.BUY if target > 0 else Side.SELL
    right = [each for each in positions if each.side is side and wanted]
    closes = [(each, each.volume) for each in positions if each not in right]
    excess = sum(each.volume for each in right) - wanted
    for position in reversed(right):
        volume = min(max(excess, 0), position.volume)
        if volume:
            closes.append((position, volume))
            excess -= volume
    missing = max(-excess, 0)
    return Plan(tuple(closes), missing if side is Side.BUY else -missing)


class Targets:
    """
    Moves exposures, one after the other for each symbol and label.
    """

    def __init__(
        self,
        closing: Closing,
        placing: Placing,
        coming: Coming,
        positions: Callable[[], tuple[Position, ...]],
        isNetted: Callable[[], bool],
    ) -> None:
        """
        @param closing: closes positions.
        @param placing: places orders.
        @param coming: waits for orders that are on their way.
        @param positions: gives the open positions.
        @param isNetted: tells whether the account has one position for each symbol.
        """
        self._closing = closing
        self._placing = placing
        self._coming = coming
        self._positions = positions
        self._isNetted = isNetted
        self._turns = Turns()
        # What went out and was not answered, for each exposure: until it is known, nothing else may move it.
        self._doubts: dict[tuple[int, str], OutcomeUnknown] = {}

    def move(self, symbol: Symbol, lots: Exact, options: MarketOptions) -> Deferred[Moved]:
        """
        @see: L{ctrader_twisted.trading.desk.OrderDesk.target}
        """
        key = (symbol.symbolId, "" if self._isNetted() else options.get("label") or "")
        return self._turns.take(key, lambda: self._move(key, symbol, lots, options))

    async def _move(self, key: tuple[int, str], symbol: Symbol, lots: Exact, options: MarketOptions) -> Moved:
        target = _volume(symbol, lots)
        await self._resolve(key)
        await self._settle(key)
        before = self._exposure(key)
        try:
            closed, wish = await self._reduce(key, symbol, target, options)
            trade = None if wish is None else await self._open(wish)
        except OutcomeUnknown as error:
            self._doubts[key] = error
            raise
        return Moved(before, self._exposure(key), closed, trade)

    async def _resolve(self, key: tuple[int, str]) -> None:
        doubt = self._doubts.get(key)
        if doubt is None:
            return
        if isinstance(doubt.trade, Trade):
            await doubt.trade.whenDone()
        elif isinstance(doubt.change, Change):
            await doubt.change.whenResolved()
        del self._doubts[key]

    async def _settle(self, key: tuple[int, str]) -> None:
        symbolId, label = key
        unknown = await self._coming.settle(self._coming.orders(symbolId, None if self._isNetted() else label))
        for life, error in unknown.items():
            words = f"an order of this exposure is on its way, and nothing was sent to move it: {error}"
            raise OutcomeUnknown(words, life.subject) from error

    async def _reduce(
        self, key: tuple[int, str], symbol: Symbol, target: int, options: MarketOptions
    ) -> tuple[tuple[Deal, ...], Wish | None]:
        closed: list[Deal] = []
        while True:
            # Others may open and close meanwhile, so each step begins with what is held then.
            plan = planFor(self._held(key), target)
            wish = _wish(symbol, plan.opens, options)
            if wish is not None:
                self._placing.check(wish)
            if not plan.closes:
                return tuple(closed), wish
            position, volume = plan.closes[0]
            try:
                closed.append(await self._closing.closeVolume(position, volume, options.get("timeout")))
            except NotFound:
                if position.status is not PositionStatus.CLOSED:
                    raise

    async def _open(self, wish: Wish) -> Trade:
        trade = await self._placing.place(wish)
        return await trade.whenFilled()

    def _held(self, key: tuple[int, str]) -> list[Position]:
        symbolId, label = key
        held = (each for each in self._positions() if each.symbolId == symbolId)
        return [each for each in held if each.label == label or self._isNetted()]

    def _exposure(self, key: tuple[int, str]) -> int:
        return sum(each.volume if each.side is Side.BUY else -each.volume for each in self._held(key))


def _volume(symbol: Symbol, lots: Exact) -> int:
    number = exactDecimal(lots)
    if not number:
        return 0
    volume = symbol.volume(Lots(abs(number)))
    return volume if number > 0 else -volume


def _wish(symbol: Symbol, volume: int, options: MarketOptions) -> Wish | None:
    if not volume:
        return None
    side = Side.BUY if volume > 0 else Side.SELL
    return Wish(OrderKind.MARKET, side, symbol, symbol.units(abs(volume)), None, termsFrom(MarketOptions, options))
