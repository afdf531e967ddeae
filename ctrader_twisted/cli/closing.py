"""
C{ctrader order close} and C{ctrader order cancel}: ending what is there, each told in plain words before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from rich.console import Console
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.cli.confirming import Manner
from ctrader_twisted.cli.following import followChange
from ctrader_twisted.cli.naming import accountInfo, accountWords, lookUp, priceWords, quantityOf, symbolName
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import CTraderError, IllegalValue
from ctrader_twisted.trading import Deal, PendingOrder, TradeStatus
from ctrader_twisted.trading.closing import closingVolume
from ctrader_twisted.units import Lots

__all__ = ["cancelOrder", "closePosition"]

_LOGIN = "the account's login number"


async def closePosition(
    client: Client,
    account: Account,
    console: Console,
    clock: IReactorTime,
    manner: Manner,
    *,
    positionId: int,
    lots: Decimal | None = None,
) -> int:
    """
    Close a position or a part of it, if it shall be.

    @param client: the client.
    @param account: the account.
    @param console: where to tell.
    @param clock: the reactor.
    @param manner: whether to send it, and whom to ask.
    @param positionId: the position.
    @param lots: how much of it; L{None} for all.
    @return: the exit status: 0, or L{UNKNOWN <ctrader_twisted.cli.following.UNKNOWN>}.
    @raise IllegalValue: if there is no such position, or it cannot be closed by so much.
    @raise CTraderError: if nothing was closed.
    """
    position = next((each for each in account.positions if each.positionId == positionId), None)
    if position is None:
        raise _missing("open position", positionId, (each.positionId for each in account.positions))
    quantity = None if lots is None else Lots(lots)
    await lookUp(account, (position,))
    symbol = position.symbol
    volume = closingVolume(position, quantity, symbol)
    info = await accountInfo(client, account)
    held = f"{position.side.name.lower()} {quantityOf(symbol, position.volume)} of {symbolName(position)}"
    say(console, f"{accountWords(info)}: close {quantityOf(symbol, volume)} of position {positionId}")
    say(console, f"  ({held}, opened at {priceWords(position, position.entryPrice)})")
    if not await manner.letsPass(console, isLive=info.isLive, what=_LOGIN, word=str(info.traderLogin)):
        return 0
    # Its volume may have changed while the user was asked.
    if closingVolume(position, quantity, symbol) != volume:
        now = quantityOf(symbol, position.volume)
        raise CTraderError(f"position {positionId} holds {now} now, so nothing was sent; look at it again")

    def closed(deal: Deal) -> str:
        return (
            f"Closed {quantityOf(symbol, deal.volume)} at {deal.price}: profit {deal.grossProfit}, commission "
            f"{deal.totalCommission}, swap {deal.swap}; together {deal.netProfit}. The balance is {account.balance}."
        )

    return await followChange(position.close(quantity), f"The close of position {positionId}", closed, console, clock)


async def cancelOrder(
    client: Client, account: Account, console: Console, clock: IReactorTime, manner: Manner, *, orderId: int
) -> int:
    """
    Cancel an order that waits for its price, if it shall be.

    @param client: the client.
    @param account: the account.
    @param console: where to tell.
    @param clock: the reactor.
    @param manner: whether to send it, and whom to ask.
    @param orderId: the order.
    @return: the exit status: 0, or L{UNKNOWN <ctrader_twisted.cli.following.UNKNOWN>}.
    @raise IllegalValue: if there is no such order.
    @raise CTraderError: if it was not cancelled.
    """
    order = next((each for each in account.orders if each.orderId == orderId), None)
    if order is None:
        raise _missing("order that waits", orderId, (each.orderId for each in account.orders))
    await lookUp(account, (order,))
    info = await accountInfo(client, account)
    rest = quantityOf(order.symbol, order.volume - order.executedVolume)
    held = f"{order.side.name.lower()} {rest} of {symbolName(order)} at {priceWords(order, order.price)}"
    say(console, f"{accountWords(info)}: cancel order {orderId}, {held}")
    if not await manner.letsPass(console, isLive=info.isLive, what=_LOGIN, word=str(info.traderLogin)):
        return 0
    return await followChange(order.cancel(), f"The cancel of order {orderId}", _cancelled, console, clock)


def _cancelled(order: PendingOrder) -> str:
    if order.status is not TradeStatus.CANCELLED:
        raise CTraderError(f"order {order.orderId} was not cancelled: it had ended before, and is {order.status.value}")
    return f"Order {order.orderId} is cancelled."


def _missing(what: str, number: int, there: Iterable[int]) -> IllegalValue:
    numbers = tuple(there)
    known = f"it has {', '.join(map(str, numbers))}" if numbers else "it has none"
    return IllegalValue(f"the account has no {what} {number}; {known}")
