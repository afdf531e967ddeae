"""
Whether an account's books agree with each other; a check for tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from attrs import define

from ctrader_twisted.schema.messages import ProtoOADeal, ProtoOAOrder, ProtoOAOrderType, ProtoOAPositionStatus
from ctrader_twisted.simulator.venue import arithmetic
from ctrader_twisted.simulator.venue.account import TradingAccount, booked
from ctrader_twisted.simulator.venue.margins import allot
from ctrader_twisted.simulator.venue.offsets import matches
from ctrader_twisted.simulator.venue.prices import fromDouble, toDouble
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["contradictions"]

_PROTECTION = ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT


def contradictions(account: TradingAccount, venue: Venue | None = None, *, isSettled: bool = True) -> list[str]:
    """
    Hold an account's books against each other: the balance is what it was before all that is remembered, and what
    deals, deposits and withdrawals have booked since, each from where the last one has left it; each position holds
    what its deals have left, at their price; each order is executed as far as its deals say, and each protection is for
    as much as its position holds; each position that holds nothing has an order, and each other one blocks what the
    rules say.

    @param account: the account.
    @param venue: where it trades; without it margins are not looked at.
    @param isSettled: whether it is at rest. An event that tells of a deal goes ahead of the change of the protection
        that follows from it, so that between the two this cannot be looked at.
    @return: a sentence for each contradiction; nothing if there is none.
    """
    found = [*_balance(account), *_flow(account), *_orders(account), *_positions(account)]
    if account.remembersAllDeals:
        found += [*_dealt(account), *_executed(account)]
    # The stop loss that margins of limited risk follow comes after the deal, too.
    if venue is not None and (isSettled or not account.terms.isLimitedRisk):
        found += _margins(account, venue)
    return [*found, *_protections(account)] if isSettled else found


def _balance(account: TradingAccount) -> Iterator[str]:
    expected = account.base + account.booked()
    if account.balance != expected:
        yield f"the balance is {account.balance}, and what was booked makes {expected}"


def _flow(account: TradingAccount) -> Iterator[str]:
    """
    Follow the balance from one change to the next.
    """
    closing = [deal for deal in account.deals.values() if deal.HasField("closePositionDetail")]
    changes = [(each.closePositionDetail.balanceVersion, each.closePositionDetail.balance) for each in closing]
    amounts = {each.closePositionDetail.balanceVersion: booked(each) for each in closing}
    for record in account.cashFlow.values():
        changes.append((record.balanceVersion, record.balance))
        amounts[record.balanceVersion] = record.delta
    changes.sort()
    if changes and changes[-1] != (account.balanceVersion, account.balance):
        yield f"the last change has left {changes[-1]}, and there is {(account.balanceVersion, account.balance)}"
    for (last, before), (version, after) in pairwise(changes):
        # Deals and deposits are forgotten each for themselves, which leaves gaps.
        if version <= last or (version == last + 1 and after != before + amounts[version]):
            yield f"change {last} of the balance has left {before}, and change {version} made it {after}"


@define
class _Course:
    """
    What a position is by its deals.

    @ivar volume: what they have left.
    @ivar price: the mean price of what was opened, in 1/100000 of a price unit.
    @ivar commission: what opening the rest has cost.
    """

    volume: int = 0
    price: int = 0
    commission: int = 0

    def follow(self, deal: ProtoOADeal) -> Iterator[str]:
        """
        Take a deal in.

        @param deal: the next deal.
        @return: what contradicts the deals before.
        """
        volume = deal.filledVolume
        if not volume:
            return
        if not deal.HasField("closePositionDetail"):
            self.price = arithmetic.meanPrice(self.volume, self.price, volume, fromDouble(deal.executionPrice))
            self.volume += volume
            self.commission += deal.commission
            return
        detail, opened = deal.closePositionDetail, arithmetic.share(self.commission, volume, self.volume or volume)
        if detail.closedVolume != volume or volume > self.volume:
            yield f"deal {deal.dealId} closes {detail.closedVolume} with {volume}, where {self.volume} is open"
        if detail.entryPrice != toDouble(self.price):
            yield f"deal {deal.dealId} closes at the entry {detail.entryPrice}, which was {toDouble(self.price)}"
        if detail.commission != deal.commission + opened:
            yield f"deal {deal.dealId} costs {detail.commission}, and its sides {deal.commission} and {opened}"
        self.commission -= opened
        self.volume -= volume


def _dealt(account: TradingAccount) -> Iterator[str]:
    courses: dict[int, _Course] = {}
    for deal in account.deals.values():
        yield from courses.setdefault(deal.positionId, _Course()).follow(deal)
    for positionId, course in courses.items():
        position = account.positions.get(positionId)
        held = 0 if position is None else position.tradeData.volume
        if held != course.volume:
            yield f"position {positionId} holds {held}, and its deals make {course.volume}"
        elif position is not None and (position.price, position.commission) != (
            toDouble(course.price),
            course.commission,
        ):
            yield f"position {positionId} is at {position.price}, at {position.commission}; its deals say {course}"
        closed = sum(match.volume for match in matches(account, positionId))
        if closed != _closed(account.deals.values(), positionId):
            yield f"the offsets of position {positionId} make {closed}"


def _closed(deals: Iterable[ProtoOADeal], positionId: int) -> int:
    return sum(
        deal.filledVolume for deal in deals if deal.positionId == positionId and deal.HasField("closePositionDetail")
    )


def _executed(account: TradingAccount) -> Iterator[str]:
    volumes: dict[int, int] = {}
    for deal in account.deals.values():
        volumes[deal.orderId] = volumes.get(deal.orderId, 0) + deal.filledVolume
    for order in _known(account):
        if order.executedVolume != volumes.get(order.orderId, 0):
            made = volumes.get(order.orderId, 0)
            yield f"order {order.orderId} is executed by {order.executedVolume}, and its deals make {made}"


def _known(account: TradingAccount) -> list[ProtoOAOrder]:
    return [*account.orders.values(), *account.ended.values()]


def _orders(account: TradingAccount) -> Iterator[str]:
    for order in account.orders.values():
        if order.orderId in account.ended:
            yield f"order {order.orderId} is both alive and ended"
        if order.executedVolume >= order.tradeData.volume:
            yield f"order {order.orderId} is executed whole, and alive"


def _margins(account: TradingAccount, venue: Venue) -> Iterator[str]:
    for symbolId, rates in account.conversions.items():
        for positionId, money in allot(venue, account, symbolId, rates).items():
            blocked = account.positions[positionId].usedMargin
            if blocked != money:
                yield f"position {positionId} blocks {blocked}, and the rules make {money}"


def _protections(account: TradingAccount) -> Iterator[str]:
    for order in account.orders.values():
        position = account.positions.get(order.positionId)
        held = 0 if position is None else position.tradeData.volume
        if order.orderType == _PROTECTION and order.tradeData.volume != held:
            yield f"order {order.orderId} protects {order.tradeData.volume}, and the position holds {held}"


def _positions(account: TradingAccount) -> Iterator[str]:
    expected = {order.positionId for order in account.orders.values()}
    for position in account.positions.values():
        isOpen = position.positionStatus == ProtoOAPositionStatus.POSITION_STATUS_OPEN
        if isOpen != (position.tradeData.volume > 0):
            yield f"position {position.positionId} has the status {position.positionStatus}, and the wrong volume"
        if not isOpen and position.positionId not in expected:
            yield f"position {position.positionId} is empty, and has no order"
