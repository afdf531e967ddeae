"""
What became of a request to trade, followed to its end. Nothing is sent again, and ceasing to wait takes nothing back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from rich.console import Console
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.cli.naming import quantityOf
from ctrader_twisted.cli.terminal import sayInAnyCase
from ctrader_twisted.errors import CTraderError, OutcomeUnknown
from ctrader_twisted.trading import Change, ChangeStatus, Position, Trade, TradeStatus

__all__ = ["UNKNOWN", "followChange", "followTrade"]

UNKNOWN = 3
"""
The exit status if something was sent, and it cannot be told what became of it.
"""

_ResultT = TypeVar("_ResultT")

# No order is taken for absent before half a minute after it was sent.
_FINDING = 60.0
_FILLING = 30.0
_PROTECTING = 10.0
# An order beside the market may be filled at once.
_MOMENT = 1.0
_FINDING_OUT = "What became of it is being found out."
_NOT_TAKEN_BACK = "Ending this command does not take it back."
_LOOK = "Look at ctrader positions before you send anything again."


async def followTrade(sending: Deferred[Trade], console: Console, clock: IReactorTime) -> int:
    """
    Follow a new order until it is filled, or waits for its price.

    @param sending: fires with the order's trade when it is accepted.
    @param console: where to tell.
    @param clock: the reactor.
    @return: the exit status: 0, or L{UNKNOWN}.
    @raise CTraderError: if nothing was sent, or nothing was traded.
    """
    following = _Following(console, clock)
    try:
        await following.accept(sending)
        await following.end()
    except (OutcomeUnknown, TimeoutError):
        sayInAnyCase(console, f"{following.known()} {_LOOK}")
        return UNKNOWN
    except CancelledError:
        sayInAnyCase(console, f"{following.known()} {_NOT_TAKEN_BACK} {_LOOK}")
        raise
    return 0


class _Following:
    """
    One order on its way.
    """

    def __init__(self, console: Console, clock: IReactorTime) -> None:
        self._console = console
        self._clock = clock
        self._trade: Trade | None = None

    def known(self) -> str:
        if self._trade is None or self._trade.orderId is None:
            return "The order was sent, and it is not known what became of it."
        return f"Order {self._trade.orderId} is {self._trade.status.value}; more is not known."

    async def accept(self, sending: Deferred[Trade]) -> None:
        try:
            self._trade = await sending
        except OutcomeUnknown as error:
            sayInAnyCase(self._console, f"{error}. {_FINDING_OUT}")
            assert isinstance(error.trade, Trade)
            self._trade = error.trade
            await self._trade.whenAccepted().addTimeout(_FINDING, self._clock)
        sayInAnyCase(self._console, f"Accepted as order {self._trade.orderId}.")

    async def end(self) -> None:
        trade = self._trade
        assert trade is not None
        if trade.order is not None:
            with suppress(TimeoutError):
                await trade.whenDone().addTimeout(_MOMENT, self._clock)
        if trade.order is None or not trade.order.isWaiting:
            await trade.whenFilled().addTimeout(_FILLING, self._clock)
        for deal in trade.fills:
            sayInAnyCase(self._console, f"Filled: {quantityOf(trade.symbol, deal.volume)} at {deal.price}.")
        if trade.status is TradeStatus.ACCEPTED:
            sayInAnyCase(self._console, "It waits for its price.")
            return
        if trade.status is not TradeStatus.FILLED:
            rest = trade.volume - sum(deal.volume for deal in trade.fills)
            sayInAnyCase(self._console, f"The rest, {quantityOf(trade.symbol, rest)}, is {trade.status.value}.")
        await self._protected(trade.position)

    async def _protected(self, position: Position) -> None:
        try:
            await position.whenProtected().addTimeout(_PROTECTING, self._clock)
        except TimeoutError:
            levels = "its stop loss and take profit are not known yet"
        else:
            levels = f"stop loss {position.stopLoss or 'none'}, take profit {position.takeProfit or 'none'}"
        sayInAnyCase(self._console, f"Position {position.positionId}: {levels}.")


async def followChange(
    sending: Deferred[_ResultT], what: str, tell: Callable[[_ResultT], str], console: Console, clock: IReactorTime
) -> int:
    """
    Follow a close or a cancel to its end.

    @param sending: fires when it is done.
    @param what: what it is, in words.
    @param tell: makes a sentence of what it fired with.
    @param console: where to tell.
    @param clock: the reactor.
    @return: the exit status: 0, or L{UNKNOWN}.
    @raise CTraderError: if it was not done.
    """
    try:
        sayInAnyCase(console, tell(await sending))
        return 0
    except OutcomeUnknown as error:
        sayInAnyCase(console, f"{error}. {_FINDING_OUT}")
        status = await _resolved(error.change, clock)
    except CancelledError:
        sayInAnyCase(console, f"{what} was sent, and it is not known what became of it. {_NOT_TAKEN_BACK} {_LOOK}")
        raise
    if status is ChangeStatus.NOT_DONE:
        raise CTraderError(f"{what} was not done")
    if status is ChangeStatus.DONE:
        sayInAnyCase(console, f"{what} is done, by this request or by another client.")
        return 0
    sayInAnyCase(console, f"{what} was sent, and it is not known what became of it. {_LOOK}")
    return UNKNOWN


async def _resolved(change: object, clock: IReactorTime) -> ChangeStatus:
    if isinstance(change, Change):
        with suppress(TimeoutError):
            await change.whenResolved().addTimeout(_FINDING, clock)
            return change.status
    return ChangeStatus.UNTOLD
