"""
Stop-outs on the simulated venue.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import (
    ProtoOAChangeBalanceType,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAMarginCallTriggerEvent,
    ProtoOAPositionStatus,
    ProtoOAStopOutStrategy,
    ProtoOATotalMarginCalculationType,
    ProtoOAv1PnLChangeSubscribeReq,
)
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.state import dumpState, loadState
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.arithmetic import grossProfit, halfAway
from ctrader_twisted.simulator.venue.standing import standingOf
from ctrader_twisted.simulator.venue.valuation import allUnrealised, unrealised
from ctrader_twisted.simulator.world import USD_ACCOUNT
from test.tradingcase import BUY, EURUSD, SELL, USDJPY, TradingCase

_Kind = ProtoOAExecutionType


class _StopOutCase(TradingCase):
    settings = Settings(idleLimit=100_000)

    @property
    def account(self) -> TradingAccount:
        return self.exchange.venue.accounts[self.accountId]

    def fall(self, bid: int) -> list[Any]:
        """
        Let a price come at which the account is valued, and whatever that brings.
        """
        self.client.received()
        self.clock.advance(1)
        self.quote(bid, bid + 4)
        self.clock.advance(0.2)
        return self.client.messages()

    def executions(self, messages: list[Any]) -> list[Any]:
        return [each for each in messages if isinstance(each, ProtoOAExecutionEvent)]

    def level(self) -> float:
        level = standingOf(self.exchange.venue, self.account).marginLevel
        assert level is not None
        return float(level)


class StopOutTests(_StopOutCase):
    """
    Positions are closed when the margin level has come down to the limit.
    """

    def test_part(self) -> None:
        """
        No more is closed than is needed: accepted, filled, and the protection follows, all by the server. Margin calls
        come before.
        """
        # 8 lots block 8,958.56 dollars; 50 % of that are left 684 points below, at 8 dollars each.
        positionId = self.opened(volume=80_000_000, relativeTakeProfit=5_000)
        self.assertEqual(self.executions(self.fall(111_310)), [])
        messages = self.fall(111_250)
        self.assertIsInstance(messages[0], ProtoOAExecutionEvent)
        accepted, filled, replaced = self.executions(messages)
        self.assertEqual(
            [each.executionType for each in (accepted, filled, replaced)],
            [_Kind.ORDER_ACCEPTED, _Kind.ORDER_FILLED, _Kind.ORDER_REPLACED],
        )
        self.assertTrue(all(each.isServerEvent for each in (accepted, filled, replaced)))
        self.assertTrue(accepted.order.isStopOut and filled.order.isStopOut and filled.order.closingOrder)
        self.assertEqual((filled.position.positionId, filled.deal.tradeSide), (positionId, SELL))
        self.assertEqual(filled.position.positionStatus, ProtoOAPositionStatus.POSITION_STATUS_OPEN)
        self.assertEqual(filled.deal.filledVolume % 100_000, 0)
        self.assertLess(filled.deal.filledVolume, 10_000_000)
        self.assertEqual(replaced.order.tradeData.volume, filled.position.tradeData.volume)
        self.assertGreater(self.level(), 50)

    def test_lastPrice(self) -> None:
        """
        Accounts are valued once in a second, and yet a price that comes sooner is not forgotten: if no other follows,
        it counts five seconds later.
        """
        self.opened(volume=80_000_000)
        self.exchange.stop()
        now = self.exchange.timeline.now()
        self.prices.listed += [Tick(now + 2_050, 111_980, 111_984), Tick(now + 2_450, 111_250, 111_254)]
        self.exchange.start()
        self.client.received()
        for _ in range(74):
            self.clock.advance(0.1)
        self.assertEqual(self.client.messages(), [])
        self.clock.advance(0.1)
        self.clock.advance(0.2)
        accepted, filled = self.executions(self.client.messages())
        self.assertTrue(accepted.order.isStopOut and filled.order.isStopOut)

    def test_lastPriceBeforeAStandstill(self) -> None:
        """
        So does one after which prices stand still for a while.
        """
        self.opened(volume=80_000_000)
        self.exchange.stop()
        now = self.exchange.timeline.now()
        self.prices.listed += [Tick(now + 2_050, 111_980, 111_984), Tick(now + 2_450, 111_250, 111_254)]
        self.exchange.start()
        for _ in range(30):
            self.clock.advance(0.1)
        self.exchange.stop()
        self.clock.advance(1)
        self.client.received()
        self.exchange.start()
        self.clock.advance(3.4)
        self.assertEqual(self.executions(self.client.messages()), [])
        self.clock.advance(0.1)
        self.clock.advance(0.2)
        self.assertEqual([each.order.isStopOut for each in self.executions(self.client.messages())], [True, True])

    def test_givenPrice(self) -> None:
        """
        A price that somebody gives counts at once, however soon after another it comes.
        """
        self.opened(volume=80_000_000)
        for bid in (111_980, 111_250):
            self.client.received()
            self.exchange.setPrice(EURUSD, bid, bid + 4)
        self.assertEqual(len(self.executions(self.client.messages())), 1)
        self.clock.advance(0.2)

    def test_nextPrice(self) -> None:
        """
        The price that comes in the meantime counts at once, and the one before it no more.
        """
        self.opened(volume=80_000_000)
        self.exchange.stop()
        now, bids = self.exchange.timeline.now(), (111_980, 111_250, 111_970, 111_980)
        times = (2_050, 2_450, 3_050, 3_650)
        self.prices.listed += [Tick(now + time, bid, bid + 4) for time, bid in zip(times, bids, strict=True)]
        self.exchange.start()
        self.client.send(ProtoOAv1PnLChangeSubscribeReq(ctidTraderAccountId=self.accountId))
        valued: list[float] = []
        self.client.received()
        for tenth in range(1, 100):
            self.clock.advance(0.1)
            if self.client.messages():
                valued.append(tenth / 10)
        self.assertEqual(valued, [3.1, 8.7])

    def test_margin(self) -> None:
        """
        A fall that reaches both draws the calls first.
        """
        self.opened(volume=80_000_000)
        messages = self.fall(111_250)
        self.assertEqual([type(each) for each in messages[:3]], [ProtoOAMarginCallTriggerEvent] * 3)
        self.assertEqual(len(self.executions(messages)), 2)

    def test_fair(self) -> None:
        """
        Where stop-outs are fair, the whole position is closed.
        """
        self.exchange.changeAccount(USD_ACCOUNT, fairStopOut=True)
        self.opened(volume=80_000_000)
        _, filled = self.executions(self.fall(111_250))
        self.assertEqual(filled.deal.filledVolume, 80_000_000)
        self.assertTrue(self.account.trader().fairStopOut)

    def test_total(self) -> None:
        """
        Where margins are not simply added, whole positions are closed, too.
        """
        self.exchange.changeAccount(USD_ACCOUNT, totalMargin=ProtoOATotalMarginCalculationType.MAX)
        self.opened(volume=80_000_000)
        _, filled = self.executions(self.fall(111_250))
        self.assertEqual(filled.deal.filledVolume, 80_000_000)

    def test_smallRest(self) -> None:
        """
        A rest that could not be traded is closed as well.
        """
        self.opened(volume=80_000_000)
        self.exchange.changeSymbol(EURUSD, minVolume=79_000_000)
        _, filled = self.executions(self.fall(111_250))
        self.assertEqual(filled.deal.filledVolume, 80_000_000)

    def test_mostMargin(self) -> None:
        """
        The position that blocks the most goes first, and the next one with a later price.
        """
        small, large = self.opened(volume=30_000_000), self.opened(volume=50_000_000)
        _, filled = self.executions(self.fall(110_700))
        self.assertEqual((filled.position.positionId, filled.deal.filledVolume), (large, 50_000_000))
        _, filled = self.executions(self.fall(110_690))
        self.assertEqual(filled.position.positionId, small)

    def test_mostLosing(self) -> None:
        """
        Or the position that loses the most.
        """
        self.exchange.changeAccount(USD_ACCOUNT, stopOutStrategy=ProtoOAStopOutStrategy.MOST_LOSING_FIRST)
        losing = self.opened(volume=30_000_000)
        self.quote(111_480, 111_484)
        self.opened(volume=40_000_000)
        _, filled = self.executions(self.fall(110_800))
        self.assertEqual(filled.position.positionId, losing)

    def test_mostLosingWithSwap(self) -> None:
        """
        What a position has cost over night counts, too.
        """
        self.exchange.changeAccount(USD_ACCOUNT, stopOutStrategy=ProtoOAStopOutStrategy.MOST_LOSING_FIRST)
        first, second = self.opened(volume=35_000_000), self.opened(volume=36_000_000)
        self.account.positions[first].swap = -200_000
        _, filled = self.executions(self.fall(111_300))
        self.assertEqual(filled.position.positionId, first)
        self.assertNotEqual(first, second)

    def test_closing(self) -> None:
        """
        What the user is closing already is left alone, and there is one stop-out at a time.
        """
        positionId = self.opened(volume=80_000_000)
        self.clock.advance(1)
        self.client.send(self.close(positionId, 80_000_000))
        self.quote(111_250, 111_254)
        self.clock.advance(0.2)
        orders = [each.order for each in self.executions(self.client.messages())]
        self.assertFalse(any(each.isStopOut for each in orders))
        self.assertEqual(list(self.account.openPositions()), [])

    def test_locked(self) -> None:
        """
        While a stop-out is under way, the position cannot be closed by the user, and there is no second one.
        """
        positionId = self.opened(volume=80_000_000)
        self.clock.advance(1)
        self.exchange.limitLiquidity(EURUSD)
        self.quote(111_250, 111_254)
        self.rejected(self.close(positionId, 100_000), "POSITION_LOCKED")
        self.exchange.valuations.tell(EURUSD, self.prices.listed[-1]._replace(timestamp=0))
        self.assertEqual(len([each for each in self.account.orders.values() if each.isStopOut]), 1)
        self.clock.advance(0.2)
        [ended] = [each for each in self.account.ended.values() if each.isStopOut]
        self.assertEqual(ended.executedVolume, 0)

    def test_closed(self) -> None:
        """
        While the market is closed nothing is.
        """
        self.opened(volume=80_000_000)
        self.exchange.changeSymbol(EURUSD, schedule=())
        self.assertEqual(self.executions(self.fall(111_250)), [])

    def test_restart(self) -> None:
        """
        A stop-out that was accepted is executed after a restart, as one of the server's.
        """
        self.opened(volume=80_000_000)
        self.clock.advance(1)
        self.quote(111_250, 111_254)
        self.client.received()
        self.exchange.stop()
        loadState(self.exchange, dumpState(self.exchange))
        self.exchange.start()
        self.clock.advance(0.2)
        [filled] = self.executions(self.client.messages())
        self.assertTrue(filled.isServerEvent and filled.order.isStopOut)


class ValueTests(_StopOutCase):
    """
    What an account is worth.
    """

    def test_eachByItself(self) -> None:
        """
        All positions together are worth what each of them is.
        """
        venue = self.exchange.venue
        for symbolId in (EURUSD, USDJPY):
            for side in (BUY, SELL):
                for volume in (100_000, 300_000):
                    self.opened(symbolId=symbolId, tradeSide=side, volume=volume)
        for bid in (110_900, 111_733):
            self.fall(bid)
            each = [unrealised(venue, self.account, position) for position in self.account.openPositions()]
            self.assertEqual(len(each), 8)
            self.assertEqual(list(allUnrealised(venue, self.account)), each)


class ProfitTests(SynchronousTestCase):
    """
    What a price makes.
    """

    @given(st.integers(-(10**7), 10**7), st.integers(0, 10**12), st.fractions(min_value=Fraction(1, 10**6)))
    def test_grossProfit(self, difference: int, volume: int, rate: Fraction) -> None:
        """
        The profit is the exact amount, rounded half away from zero.
        """
        exact = Fraction(difference, 100_000) * Fraction(volume, 100) * rate * 100
        self.assertEqual(grossProfit(difference, volume, rate), halfAway(exact))


class LimitTests(_StopOutCase):
    """
    Another limit, and fewer events.
    """

    settings = Settings(idleLimit=100_000, stopOutLevel=0.0, stopOutIsAccepted=False, negativeBalanceProtection=False)

    def test_zero(self) -> None:
        """
        A limit of zero is reached when the equity is gone. The acceptance may go without saying, and a debt may stay.
        """
        self.opened(volume=80_000_000)
        self.assertEqual(self.executions(self.fall(110_800)), [])
        [filled] = self.executions(self.fall(110_600))
        self.assertEqual(filled.executionType, _Kind.ORDER_FILLED)
        self.fall(110_700)
        self.assertLess(self.account.balance, 0)


class DebtTests(_StopOutCase):
    """
    Balances below zero.
    """

    def test_forgiven(self) -> None:
        """
        What a gap has cost beyond the balance is made up for, once nothing is open.
        """
        self.opened(volume=80_000_000)
        self.fall(110_500)
        debt = -self.account.balance
        self.assertGreater(debt, 0)
        [event] = self.executions(self.fall(110_510))
        booked = event.depositWithdraw
        self.assertEqual(booked.operationType, ProtoOAChangeBalanceType.BALANCE_DEPOSIT_NEGATIVE_BALANCE_PROTECTION)
        self.assertEqual((booked.delta, booked.balance), (debt, 0))
