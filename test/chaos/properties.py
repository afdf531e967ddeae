"""
What must hold when all is quiet again. Each property gives the ways in which it does not hold, in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from ctrader_twisted.client import Account
from ctrader_twisted.schema.messages import ProtoOAOrder, ProtoOAOrderStatus, ProtoOAOrderType, ProtoOATrendbarPeriod
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.consistency import contradictions
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.trading import TradeStatus
from test.chaos.trader import AGAIN, Journal

__all__ = ["AT_THE_END", "WHEN_QUIET", "WHEN_STOPPED", "Property", "Scene"]

_MINUTE = 60_000


@frozen
class Scene:
    """
    What there is to look at.

    @ivar exchange: the simulator.
    @ivar accounts: the client's accounts.
    @ivar journal: what the schedule has seen.
    @ivar failures: what was logged as a failure.
    """

    exchange: VirtualExchange
    accounts: tuple[Account, ...]
    journal: Journal
    failures: list[str] = field(factory=list)

    def pairs(self) -> Iterator[tuple[Account, TradingAccount]]:
        """
        @return: each account as the client has it, and as the server has it.
        """
        for account in self.accounts:
            yield account, self.exchange.exchange.venue.accounts[account.accountId]


Property = Callable[[Scene], Iterator[str]]


def everythingFired(scene: Scene) -> Iterator[str]:
    """
    Nobody waits for what does not come.
    """
    yield from scene.journal.waiting.values()


def noSurprise(scene: Scene) -> Iterator[str]:
    """
    What fails fails with an error of the package.
    """
    yield from scene.journal.surprises


def nothingLogged(scene: Scene) -> Iterator[str]:
    """
    No exception had to be logged.
    """
    yield from scene.failures


def samePositions(scene: Scene) -> Iterator[str]:
    """
    The client holds the positions that the server holds, and knows the same of them.
    """
    for account, truth in scene.pairs():
        yield from _differences(
            f"account {account.accountId}: position",
            {each.positionId: _seen(each) for each in account.positions},
            {each.positionId: _told(each) for each in truth.openPositions()},
        )


def sameOrders(scene: Scene) -> Iterator[str]:
    """
    The client has the pending orders that the server has.
    """
    pending = (ProtoOAOrderType.LIMIT, ProtoOAOrderType.STOP, ProtoOAOrderType.STOP_LIMIT)
    for account, truth in scene.pairs():
        yield from _differences(
            f"account {account.accountId}: order",
            {each.orderId: (each.volume, each.limitPrice, each.stopPrice) for each in account.orders},
            {
                each.orderId: (each.tradeData.volume, _price(each.limitPrice), _price(each.stopPrice))
                for each in truth.orders.values()
                if each.orderType in pending
            },
        )


def sameBalance(scene: Scene) -> Iterator[str]:
    """
    The client's balance is the server's.
    """
    for account, truth in scene.pairs():
        if account.balance != Decimal(truth.balance) / 100:
            yield f"account {account.accountId}: balance {account.balance}, the server has {truth.balance} / 100"


def booksAgree(scene: Scene) -> Iterator[str]:
    """
    The server does not contradict itself.
    """
    for account, truth in scene.pairs():
        yield from (f"account {account.accountId}: {words}" for words in contradictions(truth))


def noDealTwice(scene: Scene) -> Iterator[str]:
    """
    Each deal was told at most once.
    """
    for accountId, deals in scene.journal.deals.items():
        for dealId, count in Counter(deal.dealId for deal in deals).items():
            if count > 1:
                yield f"account {accountId}: deal {dealId} was told {count} times"


def noDealLost(scene: Scene) -> Iterator[str]:
    """
    Each deal was told, and none that is not there.
    """
    for account, truth in scene.pairs():
        told = {deal.dealId for deal in scene.journal.deals[account.accountId]}
        since = scene.journal.since[account.accountId]
        due = {dealId for dealId, deal in truth.deals.items() if deal.executionTimestamp > since}
        if lost := sorted(due - told):
            yield f"account {account.accountId}: deals {lost} were not told"
        if invented := sorted(told - truth.deals.keys()):
            yield f"account {account.accountId}: deals {invented} are not there"


def sameBars(scene: Scene) -> Iterator[str]:
    """
    Of the closed minutes each was told once, none was left out, and history has the same.
    """
    symbolId = scene.exchange.exchange.catalogue.symbolNamed("EURUSD").symbolId
    market, now = scene.exchange.exchange.market, scene.exchange.exchange.timeline.now()
    for accountId, bars in scene.journal.bars.items():
        told = [(bar.timestamp, *(int(price * 100_000) for price in bar[1:5]), bar.volume) for bar in bars]
        # The newest may not have closed, or closed a moment ago.
        start, end = min((bar.timestamp for bar in bars), default=now), now - 2 * _MINUTE
        history = market.trendbars(symbolId, ProtoOATrendbarPeriod.M1, start, end)
        true = [(bar.minute * _MINUTE, *bar[1:]) for bar in history]
        told = [bar for bar in told if bar[0] <= end]
        if told != true:
            yield f"account {accountId}: bars {told}, history has {true}"


def noOrderTwice(scene: Scene) -> Iterator[str]:
    """
    No order of ours exists twice.
    """
    for account, truth in scene.pairs():
        for clientOrderId, orders in _own(truth).items():
            if len(orders) > 1:
                yield f"account {account.accountId}: order {clientOrderId} exists {len(orders)} times"


def trueOutcomes(scene: Scene) -> Iterator[str]:
    """
    What a client says of an order is so, and an order that failed as refused or unsent does not exist.
    """
    ends = {
        TradeStatus.ACCEPTED: ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED,
        TradeStatus.FILLED: ProtoOAOrderStatus.ORDER_STATUS_FILLED,
        TradeStatus.CANCELLED: ProtoOAOrderStatus.ORDER_STATUS_CANCELLED,
        TradeStatus.EXPIRED: ProtoOAOrderStatus.ORDER_STATUS_EXPIRED,
    }
    for account, truth in scene.pairs():
        orders = _own(truth)
        for attempt in scene.journal.attempts[account.accountId]:
            order = next(iter(orders.get(attempt.clientOrderId, ())), None)
            said = attempt.status
            rejected = order is None or order.orderStatus == ProtoOAOrderStatus.ORDER_STATUS_REJECTED
            isTrue = said is not TradeStatus.REJECTED or rejected
            if said in ends:
                isTrue = order is not None and order.orderStatus == ends[said]
            if not isTrue:
                status = "nothing" if order is None else ProtoOAOrderStatus.Name(order.orderStatus)
                yield f"account {account.accountId}: order {attempt.clientOrderId} is said {said.name}, it is {status}"


def knownOutcomes(scene: Scene) -> Iterator[str]:
    """
    What became of each order is known, and those who asked again were told.
    """
    yield from (words for words in scene.journal.lasting.values() if words.endswith(AGAIN))
    for accountId, attempts in scene.journal.attempts.items():
        for attempt in attempts:
            if attempt.status in (TradeStatus.UNKNOWN, TradeStatus.SENT):
                yield f"account {accountId}: order {attempt.clientOrderId} is {attempt.status.name}: {attempt.error}"


def everythingFiredAtLast(scene: Scene) -> Iterator[str]:
    """
    Nobody waits for anything when the client was stopped.
    """
    yield from scene.journal.waiting.values()
    yield from scene.journal.lasting.values()


def nothingLeft(scene: Scene) -> Iterator[str]:
    """
    The client has no timer and no connection when it was stopped, and the server has none when its connections, of
    which the network may have swallowed the end, were cut.
    """
    for link in scene.exchange.endpoint.openLinks:
        if not link.client.transport.disconnected:
            yield f"a connection: {link}"
        link.cut()
    scene.exchange.advance(0.0)
    for call in scene.exchange.clock.getDelayedCalls():
        yield f"a timer: {call}"


WHEN_STOPPED: tuple[Property, ...] = (everythingFiredAtLast,)
"""
What is looked at when a client was stopped that another one follows.
"""

WHEN_QUIET: tuple[Property, ...] = (
    everythingFired,
    samePositions,
    sameOrders,
    sameBalance,
    booksAgree,
    noDealTwice,
    noDealLost,
    sameBars,
    noOrderTwice,
    trueOutcomes,
    knownOutcomes,
)
"""
What is looked at while the client is still connected.
"""

AT_THE_END: tuple[Property, ...] = (everythingFiredAtLast, nothingLeft, noSurprise, nothingLogged)
"""
What is looked at when it was stopped.
"""


def _own(truth: TradingAccount) -> dict[str, list[ProtoOAOrder]]:
    found: dict[str, list[ProtoOAOrder]] = {}
    for order in (*truth.orders.values(), *truth.ended.values()):
        if order.clientOrderId and order.orderType != ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT:
            found.setdefault(order.clientOrderId, []).append(order)
    return found


def _seen(position: Any) -> dict[str, Any]:
    return {
        "side": position.side.value,
        "volume": position.volume,
        "entryPrice": position.entryPrice,
        "stopLoss": position.stopLoss,
        "takeProfit": position.takeProfit,
        "commission": position.commission,
        "swap": position.swap,
    }


def _told(position: Any) -> dict[str, Any]:
    return {
        "side": position.tradeData.tradeSide,
        "volume": position.tradeData.volume,
        "entryPrice": _price(position.price),
        "stopLoss": _price(position.stopLoss),
        "takeProfit": _price(position.takeProfit),
        "commission": Decimal(position.commission) / 100,
        "swap": Decimal(position.swap) / 100,
    }


def _price(number: float) -> Decimal | None:
    return Decimal(repr(number)) if number else None


def _differences(what: str, seen: dict[int, Any], told: dict[int, Any]) -> Iterator[str]:
    for key in sorted(seen.keys() | told.keys()):
        if seen.get(key) != told.get(key):
            yield f"{what} {key}: {seen.get(key)}, the server has {told.get(key)}"
