"""
Any sequence of events, delayed, repeated and out of order, leaves the positions that the deals add up to.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import define
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import OutcomeUnknown
from ctrader_twisted.schema import messages as m
from ctrader_twisted.trading import Deal, Trade, TradeStatus
from ctrader_twisted.units import Lots
from test.tradinglink import (
    CLOSED,
    CREATED,
    EURUSD,
    NOW,
    OPEN,
    SELL,
    closingDeal,
    deal,
    event,
    order,
    position,
    protection,
    setUpTrading,
)

LOT = 100_000
STATUS = m.ProtoOAOrderStatus


@define
class Truth:
    """
    An order and its position as the server has them; volumes are in multiples of 0.01 lots.
    """

    orderId: int
    clientOrderId: str
    wanted: int
    filled: int = 0
    volume: int = 0
    stopLoss: float | None = None
    changed: int = 0
    isDone: bool = False

    @property
    def positionId(self) -> int:
        """
        The position's number.
        """
        return self.orderId + 1_000

    def order(self) -> Any:
        """
        The opening order.
        """
        made = order(self.orderId, self.wanted * LOT, clientOrderId=self.clientOrderId)
        if self.isDone:
            isFilled = self.filled == self.wanted
            made.orderStatus = STATUS.ORDER_STATUS_FILLED if isFilled else STATUS.ORDER_STATUS_CANCELLED
        return made

    def position(self) -> Any:
        """
        The position.
        """
        status = OPEN if self.volume else CLOSED if self.filled or self.isDone else CREATED
        return position(self.positionId, status, self.volume * LOT, at=self.changed, stopLoss=self.stopLoss)


class Sequences(RuleBasedStateMachine):
    """
    A server whose events are held back, to be delivered in any order and more than once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.link, self.clock, self.trading = setUpTrading(EURUSD)
        self.truths: list[Truth] = []
        self.trades: dict[str, Trade | None] = {}
        self.heard: list[Deal] = []
        self.trading.onExecution(self.heard.append)
        self.link.answers[m.ProtoOADealListReq] = self.deals
        self.link.answers[m.ProtoOAOrderDetailsReq] = self.details
        self.link.answers[m.ProtoOAReconcileReq] = lambda request: m.ProtoOAReconcileRes(
            ctidTraderAccountId=7, position=self.positions(), order=self.waiting()
        )
        self.link.answers[m.ProtoOAOrderListReq] = lambda request: m.ProtoOAOrderListRes(
            ctidTraderAccountId=7, order=[truth.order() for truth in self.truths], hasMore=False
        )
        self.made: dict[int, Any] = {}
        self.balance = 1_000_000
        self.version = 5
        self.held: list[Any] = []
        self.delivered: list[Any] = []
        self.now = NOW
        self.lastId = 10_000
        self.link.restore()

    def nextId(self) -> int:
        """
        Count orders and deals.
        """
        self.lastId += 1
        return self.lastId

    def pick(self, data: st.DataObject, which: list[Truth]) -> Truth:
        """
        Choose one.
        """
        return data.draw(st.sampled_from(which))

    def working(self) -> list[Truth]:
        """
        Those whose opening order has not ended.
        """
        return [truth for truth in self.truths if not truth.isDone]

    def closable(self) -> list[Truth]:
        """
        Those whose opening order has ended and that hold something.
        """
        return [truth for truth in self.truths if truth.isDone and truth.volume]

    @rule(lots=st.integers(1, 5))
    def buy(self, lots: int) -> None:
        """
        An order of ours is accepted.
        """
        bought = self.trading.buy(EURUSD, Lots(f"0.0{lots}"))
        clientOrderId = self.link.sent[-1].clientOrderId
        bought.addErrback(_ofUnknown).addCallback(lambda trade: self.trades.update({clientOrderId: trade}))
        truth = Truth(self.nextId(), clientOrderId, lots)
        self.truths.append(truth)
        self.held.append(event("ACCEPTED", truth.order(), truth.position()))

    @precondition(lambda self: self.working())
    @rule(data=st.data(), later=st.integers(0, 1))
    def fill(self, data: st.DataObject, later: int) -> None:
        """
        It is filled, or a part of it; several deals may share a moment.
        """
        truth = self.pick(data, self.working())
        part = data.draw(st.integers(1, truth.wanted - truth.filled))
        self.now += later
        truth.filled += part
        truth.volume += part
        truth.changed = self.now
        truth.isDone = truth.filled == truth.wanted
        made = deal(self.nextId(), truth.orderId, part * LOT, at=self.now)
        self.made[made.dealId] = made
        kind = "FILLED" if truth.isDone else "PARTIAL_FILL"
        self.held.append(event(kind, truth.order(), truth.position(), made))

    @precondition(lambda self: self.working())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """
        The rest is cancelled. Such an event has a moment of its own, since it has no deal to tell it from another.
        """
        truth = self.pick(data, self.working())
        truth.isDone = True
        self.held.append(event("CANCELLED", truth.order(), truth.position()))
        self.now += 1

    @precondition(lambda self: self.closable())
    @rule(data=st.data(), stopLoss=st.sampled_from([1.0, 1.01, None]))
    def protect(self, data: st.DataObject, stopLoss: float | None) -> None:
        """
        The protection changes, in a moment of its own likewise.
        """
        truth = self.pick(data, self.closable())
        self.now += 1
        truth.stopLoss, truth.changed = stopLoss, self.now
        protective = protection(truth.orderId + 5_000, truth.positionId, truth.volume * LOT)
        self.held.append(event("REPLACED", protective, truth.position()))
        self.now += 1

    @precondition(lambda self: self.closable())
    @rule(data=st.data(), later=st.integers(0, 1))
    def close(self, data: st.DataObject, later: int) -> None:
        """
        The position is closed, or a part of it.
        """
        truth = self.pick(data, self.closable())
        part = data.draw(st.integers(1, truth.volume))
        closing = order(self.nextId(), part * LOT, side=SELL, positionId=truth.positionId, closingOrder=True)
        self.held.append(event("ACCEPTED", closing, truth.position()))
        self.now += later
        truth.volume -= part
        truth.changed = self.now
        self.balance += 484
        self.version += 1
        money = {"balance": self.balance, "balanceVersion": self.version}
        made = closingDeal(self.nextId(), closing.orderId, truth.positionId, part * LOT, at=self.now, **money)
        self.made[made.dealId] = made
        self.held.append(event("FILLED", closing, truth.position(), made))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """
        One of the events that are held back arrives.
        """
        self.push(data.draw(st.integers(0, len(self.held) - 1)))

    @precondition(lambda self: self.held)
    @rule()
    def deliverAll(self) -> None:
        """
        All arrive in order.
        """
        while self.held:
            self.push(0)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """
        One arrives again.
        """
        self.link.push(data.draw(st.sampled_from(self.delivered)))

    @rule()
    def reconnect(self) -> None:
        """
        The connection is lost with all that is on its way; the login tells the whole state, and the server's lists what
        was missed.
        """
        self.held.clear()
        # A new connection does not repeat what came over the old one.
        self.delivered.clear()
        self.link.lose()
        self.link.reconcile(*self.positions(), *self.waiting(), balance=self.balance)
        for restored in self.link.restore():
            assert restored.called

    def positions(self) -> list[Any]:
        """
        The open positions.
        """
        return [truth.position() for truth in self.truths if truth.volume]

    def waiting(self) -> list[Any]:
        """
        The orders that have not ended.
        """
        return [truth.order() for truth in self.working()]

    def deals(self, request: Any) -> Any:
        """
        Answer with the deals of a span, the newest first.
        """
        within = range(request.fromTimestamp, request.toTimestamp + 1)
        found = [each for each in reversed(self.made.values()) if each.executionTimestamp in within]
        return m.ProtoOADealListRes(ctidTraderAccountId=7, deal=found, hasMore=False)

    def details(self, request: Any) -> Any:
        """
        Answer with one order and its deals.
        """
        (truth,) = [truth for truth in self.truths if truth.orderId == request.orderId]
        mine = [each for each in self.made.values() if each.orderId == truth.orderId]
        return m.ProtoOAOrderDetailsRes(ctidTraderAccountId=7, order=truth.order(), deal=mine)

    def push(self, index: int) -> None:
        """
        Deliver an event.
        """
        arrived = self.held.pop(index)
        self.delivered.append(arrived)
        self.link.push(arrived)

    @invariant()
    def oneByOne(self) -> None:
        """
        No deal is told twice.
        """
        assert len({each.dealId for each in self.heard}) == len(self.heard)

    @invariant()
    def sumOfDeals(self) -> None:
        """
        When nothing is held back, positions and deals are the server's.
        """
        if self.held:
            return
        expected = {
            truth.positionId: (truth.volume * LOT, truth.stopLoss and Decimal(repr(truth.stopLoss)))
            for truth in self.truths
            if truth.volume
        }
        assert {each.positionId: (each.volume, each.stopLoss) for each in self.trading.positions} == expected
        assert {each.dealId for each in self.heard} == self.made.keys()
        assert self.trading.balance == Decimal(self.balance) / 100
        for truth in self.truths:
            self.checkTrade(truth)

    def checkTrade(self, truth: Truth) -> None:
        """
        A trade that was accepted knows its end, and its fills are its order's.
        """
        trade = self.trades.get(truth.clientOrderId)
        if trade is None:
            return
        mine = {each.dealId for each in self.heard if each.orderId == truth.orderId}
        assert {fill.dealId for fill in trade.fills} == mine
        assert (trade.status is not TradeStatus.ACCEPTED) == truth.isDone
        if truth.volume:
            assert trade.position is not None
            assert trade.position.volume == truth.volume * LOT

    def teardown(self) -> None:
        """
        What is still held back arrives backwards; after the release no timer is left.
        """
        while self.held:
            self.push(len(self.held) - 1)
        self.sumOfDeals()
        self.trading.release()
        assert not self.clock.getDelayedCalls()


def _ofUnknown(failure: Failure) -> Trade | None:
    """
    Get the trade of an order without an answer; one that is refused has none.
    """
    return failure.value.trade if isinstance(failure.value, OutcomeUnknown) else None  # type: ignore[return-value]


class SequenceTests(SynchronousTestCase):
    """
    The machine as a test.
    """

    def test_sequences(self) -> None:
        """
        No sequence that the machine finds breaks what it asserts.
        """
        limits = settings(max_examples=100, stateful_step_count=40, deadline=None)
        run_state_machine_as_test(Sequences, settings=limits)
