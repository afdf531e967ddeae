"""
Whatever is traded on the simulated venue, in any order: the books agree, and events alone tell what is in them.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import (
    ProtoOADeal,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAMarginChangedEvent,
    ProtoOAOrder,
    ProtoOAOrderTriggerMethod,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOAPositionStatus,
    ProtoOATimeInForce,
    ProtoOATotalMarginCalculationType,
    ProtoOATraderReq,
    ProtoOATradingMode,
    ProtoOATrailingSLChangedEvent,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue.consistency import contradictions
from ctrader_twisted.simulator.venue.rejections import Rejection
from ctrader_twisted.simulator.world import EPOCH, NETTED_ACCOUNT, USD_ACCOUNT
from test.tradingcase import BUY, EURUSD, LIMIT, SELL, STOP, STOP_LIMIT, TradingCase

_STEPS = 60
_OPEN = ProtoOAPositionStatus.POSITION_STATUS_OPEN
_ENDS = (
    ProtoOAExecutionType.ORDER_FILLED,
    ProtoOAExecutionType.ORDER_CANCELLED,
    ProtoOAExecutionType.ORDER_EXPIRED,
    ProtoOAExecutionType.ORDER_REJECTED,
)


class _Mirror:
    """
    What a client knows that sees only events.
    """

    def __init__(self) -> None:
        self.orders: dict[int, ProtoOAOrder] = {}
        self.positions: dict[int, ProtoOAPosition] = {}
        self.deals: list[ProtoOADeal] = []
        self.flow = 0
        self.stopOuts = 0

    def see(self, message: Any) -> None:
        if isinstance(message, ProtoOAMarginChangedEvent):
            self.positions[message.positionId].usedMargin = message.usedMargin
        if isinstance(message, ProtoOATrailingSLChangedEvent):
            self.orders[message.orderId].stopPrice = message.stopPrice
            self.positions[message.positionId].stopLoss = message.stopPrice
        if not isinstance(message, ProtoOAExecutionEvent):
            return
        order, position = message.order, message.position
        self.flow += message.depositWithdraw.delta
        self.stopOuts += order.isStopOut
        if not message.HasField("order"):
            pass
        elif message.executionType in _ENDS:
            self.orders.pop(order.orderId, None)
        else:
            self.orders[order.orderId] = order
        if message.HasField("position") and position.positionStatus == _OPEN:
            self.positions[position.positionId] = position
        elif message.HasField("order"):
            self.positions.pop(position.positionId, None)
        if message.HasField("deal"):
            self.deals.append(message.deal)


class _Trading(TradingCase):
    """
    One random course of trading.
    """

    settings = Settings(generalRate=100_000, idleLimit=100_000)
    seed = 0
    balance = 1_000_000

    def makeExchange(self) -> Exchange:
        """
        Make one whose price goes where chance has it.
        """
        random, middle = Random(self.seed), 111_980
        for step in range(1, _STEPS + 1):
            middle = min(max(middle + random.randrange(-60, 61), 111_700), 112_300)
            self.prices.listed.append(Tick(EPOCH + step * 100, middle, middle + random.choice((2, 10))))
        return super().makeExchange()

    def runTest(self) -> None:
        """
        Nothing; the course is driven from outside.
        """

    def act(self, random: Random, mirror: _Mirror) -> None:
        """
        Do one thing, which may well be refused.
        """
        ids, orders = list(mirror.positions) or [1], list(mirror.orders) or [1]
        positionId, orderId = random.choice(ids), random.choice(orders)
        volume, price = random.choice((1, 1, 2, 3)) * 100_000, round(random.uniform(1.118, 1.122), 5)
        choice = random.randrange(9)
        if choice < 4:
            self.client.send(self.newOrder(random, volume, price, positionId))
        elif choice == 4:
            self.client.send(self.close(positionId, volume))
        elif choice == 5:
            trailing = random.random() < 0.3
            method = random.choice(list(ProtoOAOrderTriggerMethod.values()))
            self.client.send(
                self.amend(positionId, stopLoss=price, trailingStopLoss=trailing, stopLossTriggerMethod=method)
            )
        elif choice == 6:
            self.client.send(self.cancel(orderId))
        elif choice == 7:
            self.client.send(self.change(orderId, volume=volume, limitPrice=price, relativeStopLoss=50))
        elif random.random() < 0.5:
            self.exchange.limitLiquidity(EURUSD, *random.choice(((), (100_000,), (100_000, 100_000))))
        else:
            self.exchange.unlimitLiquidity(EURUSD)

    def newOrder(self, random: Random, volume: int, price: float, positionId: int) -> Any:
        fields: dict[str, Any] = {
            "orderType": random.choice((1, LIMIT, STOP, STOP_LIMIT, ProtoOAOrderType.MARKET_RANGE)),
            "tradeSide": random.choice((BUY, SELL)),
            "volume": volume,
            "limitPrice": price,
            "stopPrice": price,
            "baseSlippagePrice": price,
            "slippageInPoints": random.choice((0, 10, 100)),
            "timeInForce": random.choice(list(ProtoOATimeInForce.values())[:4]),
            "expirationTimestamp": self.exchange.timeline.now() + random.choice((0, 300, 5_000)),
            "stopTriggerMethod": random.choice(list(ProtoOAOrderTriggerMethod.values())),
        }
        if random.random() < 0.5:
            fields |= {"relativeStopLoss": random.choice((20, 100)), "trailingStopLoss": random.random() < 0.3}
        if random.random() < 0.3:
            fields["relativeTakeProfit"] = random.choice((20, 100))
        if random.random() < 0.3:
            fields["positionId"] = positionId
        return self.order(**fields)

    def hear(self, mirror: _Mirror) -> None:
        """
        Take in what has come, and look into the books if something has.
        """
        messages = self.client.messages()
        for message in messages:
            mirror.see(message)
        account = self.exchange.venue.accounts[self.accountId]
        self.assertEqual(contradictions(account, self.exchange.venue) if messages else [], [])

    def wait(self, mirror: _Mirror, steps: int) -> None:
        for _ in range(steps):
            self.clock.advance(0.025)
            self.hear(mirror)

    def course(self) -> _Mirror:
        """
        Trade for a while, and compare in the end.
        """
        random, mirror = Random(self.seed), _Mirror()
        for _ in range(_STEPS):
            self.act(random, mirror)
            self.hear(mirror)
            self.wait(mirror, 4)
        self.wait(mirror, 40)
        # Over the night, with its swaps, and what they lead to.
        self.clock.advance(43_200)
        self.wait(mirror, 40)
        answer = self.reconcile(protection=True)
        self.assertEqual(mirror.positions, {each.positionId: each for each in answer.position})
        self.assertEqual(mirror.orders, {each.orderId: each for each in answer.order})
        deals = self.exchange.venue.accounts[self.accountId].deals
        self.assertEqual([each.dealId for each in mirror.deals], list(deals))
        trader = self.client.ask(ProtoOATraderReq(ctidTraderAccountId=self.accountId)).trader
        self.assertEqual(trader.balance, self.balance + mirror.flow + sum(_booked(each) for each in mirror.deals))
        return mirror


class _Poor(_Trading):
    """
    One with little money and small tiers of leverage, while the broker changes one thing or another.
    """

    balance = 6_000

    def makeExchange(self) -> Exchange:
        exchange = super().makeExchange()
        account = exchange.venue.accounts[self.accountId]
        account.balance = account.base = self.balance
        exchange.changeSymbol(EURUSD, guaranteedStopLoss=True, guaranteedCharge=100, maxExposure=600_000)
        exchange.changeLeverage(exchange.catalogue.symbol(EURUSD).leverageId, *_TIERS[0])
        return exchange

    def act(self, random: Random, mirror: _Mirror) -> None:
        """
        Do one thing, or let the broker do one.
        """
        if random.random() < 0.7:
            super().act(random, mirror)
            return
        exchange, account = self.exchange, self.exchange.venue.accounts[self.accountId]
        choice = random.randrange(6)
        if choice == 0:
            exchange.deposit(self.accountId, random.choice((1, 500)))
        elif choice == 1 and account.balance > 1:
            exchange.withdraw(self.accountId, account.balance // random.choice((2, 50)) + 1)
        elif choice == 2:
            exchange.changeAccount(
                self.accountId,
                leverageInCents=random.choice((5_000, 10_000, 50_000)),
                totalMargin=random.choice(list(ProtoOATotalMarginCalculationType.values())),
                fairStopOut=random.random() < 0.3,
            )
        elif choice == 3:
            exchange.changeLeverage(exchange.catalogue.symbol(EURUSD).leverageId, *random.choice(_TIERS))
        elif choice == 4:
            mode = random.choice((0, 0, *ProtoOATradingMode.values()))
            exchange.changeSymbol(EURUSD, tradingMode=mode, enableShortSelling=random.random() < 0.8)
        else:
            exchange.changeSymbol(EURUSD, tradingMode=0, commissionRate=random.choice((0, 10**9)))

    def newOrder(self, random: Random, volume: int, price: float, positionId: int) -> Any:
        order = super().newOrder(random, volume, price, positionId)
        if order.HasField("relativeStopLoss"):
            order.guaranteedStopLoss = random.random() < 0.5
        return order


class _Fickle(_Poor):
    """
    One where orders are turned down at times, and the symbol has now this table of leverage and now that one.
    """

    def act(self, random: Random, mirror: _Mirror) -> None:
        """
        Do one thing, or let the liquidity provider or the broker do one.
        """
        choice, exchange = random.randrange(20), self.exchange
        if choice == 0:
            exchange.rejectOrders(EURUSD, random.choice(list(Rejection)))
        elif choice < 3:
            exchange.acceptOrders(EURUSD)
        elif choice == 3:
            exchange.changeSymbol(EURUSD, leverageId=random.choice(list(exchange.catalogue.leverages)))
        else:
            super().act(random, mirror)


_TIERS = (((100_000, 500), (250_000, 100), (500_000, 30)), ((300_000, 200),), ((50_000, 1_000), (150_000, 40)))


def _booked(deal: ProtoOADeal) -> int:
    detail = deal.closePositionDetail
    return detail.grossProfit + detail.swap + detail.commission + detail.pnlConversionFee


class CourseTests(SynchronousTestCase):
    """
    Many courses.
    """

    def trade(self, accountId: int, seed: int, kind: type[_Trading] = _Trading) -> _Mirror:
        case = kind()
        case.accountId, case.seed = accountId, seed
        case.setUp()
        mirror = case.course()
        case.tearDown()
        return mirror

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10**9))
    @example(1)
    def test_hedged(self, seed: int) -> None:
        """
        With a position for each order.
        """
        self.trade(USD_ACCOUNT, seed)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10**9))
    @example(1)
    def test_netted(self, seed: int) -> None:
        """
        With one position for the symbol.
        """
        self.trade(NETTED_ACCOUNT, seed)

    @settings(max_examples=25, deadline=None)
    @given(st.sampled_from((USD_ACCOUNT, NETTED_ACCOUNT)), st.integers(0, 10**9))
    @example(USD_ACCOUNT, 1)
    @example(NETTED_ACCOUNT, 1)
    def test_poor(self, accountId: int, seed: int) -> None:
        """
        With little money, and a broker who changes the terms.
        """
        self.trade(accountId, seed, _Poor)

    @settings(max_examples=10, deadline=None)
    @given(st.sampled_from((USD_ACCOUNT, NETTED_ACCOUNT)), st.integers(0, 10**9))
    @example(USD_ACCOUNT, 1)
    @example(NETTED_ACCOUNT, 1)
    def test_fickle(self, accountId: int, seed: int) -> None:
        """
        With orders that are turned down, too.
        """
        self.trade(accountId, seed, _Fickle)

    def test_stopOuts(self) -> None:
        """
        Such courses have their stop-outs.
        """
        self.assertGreater(sum(self.trade(USD_ACCOUNT, seed, _Poor).stopOuts for seed in range(5)), 0)
