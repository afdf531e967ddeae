"""
What the simulated venue does otherwise where the real one is not known: each switch with its other value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve

from ctrader_twisted.schema.messages import (
    ProtoOACashFlowHistoryListReq,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAOrderErrorEvent,
    ProtoOAOrderType,
    ProtoOATimeInForce,
    ProtoOATraderUpdatedEvent,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.settings import Settings, TierRule
from test.tradingcase import EURUSD, GER40, LIMIT, STOP, STOP_LIMIT, TradingCase

_Kind, _Type, _Time = ProtoOAExecutionType, ProtoOAOrderType, ProtoOATimeInForce


def switched(**values: Any) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """
    Let a test run with other settings.
    """

    def decorate(test: Callable[[Any], None]) -> Callable[[Any], None]:
        test.values = values  # type: ignore[attr-defined]
        return test

    return decorate


class SwitchTests(TradingCase):
    """
    One test for each switch.
    """

    def makeExchange(self) -> Exchange:
        """
        Make one with the settings of the test.
        """
        values = getattr(getattr(self, self._testMethodName), "values", {})
        self.settings = evolve(Settings(), **values)
        return super().makeExchange()

    def executions(self) -> list[Any]:
        return [each for each in self.client.messages() if isinstance(each, ProtoOAExecutionEvent)]

    @switched(tierRule=TierRule.WHOLE)
    def test_tierRule(self) -> None:
        """
        The whole of what is held on a side has the leverage of the tier in which it ends.
        """
        self.exchange.changeLeverage(
            self.exchange.catalogue.symbol(EURUSD).leverageId, (1_000_000, 100), (2_000_000, 50), (3_000_000, 20)
        )
        first, second = self.opened(volume=800_000), self.opened(volume=800_000)
        margins = {each.positionId: each.usedMargin for each in self.reconcile().position}
        self.assertEqual(margins, {first: 17_917, second: 17_917})
        third = self.opened(volume=1_600_000)
        margins = {each.positionId: each.usedMargin for each in self.reconcile().position}
        self.assertEqual(margins, {first: 44_793, second: 44_793, third: 89_586})
        self.exchange.changeSymbol(EURUSD, leverageId=0)
        self.exchange.changeAccount(self.accountId, leverageInCents=5_000)
        self.assertEqual(self.reconcile().position[0].usedMargin, 17_917)

    @switched(convertsAtBid=True)
    def test_convertsAtBid(self) -> None:
        """
        Rates are the bids on the way.
        """
        self.opened(symbolId=GER40, volume=100)
        [position] = self.reconcile().position
        self.assertEqual(position.marginRate, 25471.24 * 1.1198)

    @switched(feeRoundsAway=False)
    def test_feeRoundsAway(self) -> None:
        """
        A fee of 0.1835 is 18 cents.
        """
        self.exchange.changeSymbol(GER40, conversionFeeRate=70)
        self.quote(113_666, 113_666)
        self.quote(2_549_430_000, 2_549_430_000, self.index)
        positionId = self.opened(symbolId=GER40, volume=100)
        self.quote(2_547_124_000, 2_547_124_000, self.index)
        self.client.send(self.close(positionId, 100))
        self.clock.advance(0.2)
        self.assertEqual(self.executions()[1].deal.closePositionDetail.pnlConversionFee, -18)

    @switched(acceptanceNamesPosition=False)
    def test_acceptanceNamesPosition(self) -> None:
        """
        The first event names no position, unless there is one.
        """
        self.client.send(self.order())
        self.clock.advance(0.2)
        accepted, filled = self.executions()
        self.assertFalse(accepted.HasField("position"))
        self.client.send(self.order(positionId=filled.position.positionId))
        self.clock.advance(0.2)
        self.assertTrue(self.executions()[0].HasField("position"))

    @switched(absoluteLevelsAreOrderErrors=True)
    def test_absoluteLevelsAreOrderErrors(self) -> None:
        """
        The refusal has the other form, and the same code and words.
        """
        refusal = self.rejected(self.order(stopLoss=1.1), "INVALID_REQUEST")
        self.assertIsInstance(refusal, ProtoOAOrderErrorEvent)
        self.assertIn("SL/TP in absolute values", refusal.description)

    @switched(digitsAreBadPrices=True)
    def test_digitsAreBadPrices(self) -> None:
        """
        The refusal has the other code.
        """
        self.rejected(self.order(orderType=LIMIT, limitPrice=1.123456), "TRADING_BAD_PRICES")

    @switched(reachedStopsTrigger=True)
    def test_reachedStopsTrigger(self) -> None:
        """
        A stop that the market has reached is executed, also if a change makes it so; one that it has not waits.
        """
        for kind in (STOP, STOP_LIMIT):
            self.pend(kind, stopPrice=1.1, slippageInPoints=2_000)
            self.clock.advance(0.2)
            self.assertEqual([each.executionType for each in self.executions()], [_Kind.ORDER_FILLED])
        waiting = self.pend(STOP, stopPrice=1.13).order
        self.clock.advance(0.2)
        self.assertEqual(self.executions(), [])
        self.client.send(self.change(waiting.orderId, stopPrice=1.1))
        self.clock.advance(0.2)
        self.assertEqual([each.executionType for each in self.executions()], [_Kind.ORDER_REPLACED, _Kind.ORDER_FILLED])

    @switched(missIsRejected=True)
    def test_missIsRejected(self) -> None:
        """
        What could not be executed at all is rejected; a part is cancelled.
        """
        self.exchange.limitLiquidity(EURUSD, 100_000)
        for fields, kinds in (
            (
                {"orderType": _Type.MARKET_RANGE, "baseSlippagePrice": 1.1, "slippageInPoints": 1},
                [_Kind.ORDER_REJECTED],
            ),
            ({"volume": 200_000, "timeInForce": _Time.FILL_OR_KILL}, [_Kind.ORDER_REJECTED]),
            ({"volume": 200_000}, [_Kind.ORDER_PARTIAL_FILL, _Kind.ORDER_CANCELLED]),
        ):
            self.client.send(self.order(**fields))
            self.clock.advance(0.2)
            self.assertEqual([each.executionType for each in self.executions()], [_Kind.ORDER_ACCEPTED, *kinds])

    @switched(pendingFillsAreServerEvents=False)
    def test_pendingFillsAreServerEvents(self) -> None:
        """
        The execution of an order that has waited counts as the user's.
        """
        self.pend(LIMIT, limitPrice=1.1)
        self.quote(109_990, 109_994)
        self.assertEqual([(each.executionType, each.isServerEvent) for each in self.executions()], [(3, False)])

    @switched(cleanUpIsServerEvent=False)
    def test_cleanUpIsServerEvent(self) -> None:
        """
        So does the end of the protection of what was closed.
        """
        positionId = self.opened(relativeStopLoss=100)
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.2)
        self.assertEqual([each.isServerEvent for each in self.executions()], [False] * 3)

    @switched(firstProtectionIsServerEvent=True)
    def test_firstProtectionIsServerEvent(self) -> None:
        """
        The first protection counts as the server's, a change of it does not.
        """
        positionId = self.opened()
        self.client.send(self.amend(positionId, stopLoss=1.1))
        self.client.send(self.amend(positionId, stopLoss=1.11))
        self.assertEqual([each.isServerEvent for each in self.executions()], [True, False])

    @switched(amendmentsReset=False)
    def test_amendmentsReset(self) -> None:
        """
        What a change leaves out stays, and what it names is changed.
        """
        fields = {"relativeStopLoss": 100, "relativeTakeProfit": 300, "trailingStopLoss": True}
        end = self.exchange.timeline.now() + 60_000
        placed = self.pend(
            LIMIT, limitPrice=1.1, timeInForce=_Time.GOOD_TILL_DATE, expirationTimestamp=end, **fields
        ).order
        self.client.send(self.change(placed.orderId, limitPrice=1.09, takeProfit=1.095))
        [event] = self.executions()
        changed = event.order
        self.assertEqual((changed.limitPrice, changed.relativeStopLoss, changed.relativeTakeProfit), (1.09, 100, 500))
        self.assertTrue(changed.trailingStopLoss)
        self.assertEqual(changed.expirationTimestamp, end)
        self.client.send(self.change(placed.orderId, relativeStopLoss=200))
        [event] = self.executions()
        self.assertEqual((event.order.relativeStopLoss, event.order.relativeTakeProfit), (200, 500))
        plain = self.pend(LIMIT, limitPrice=1.1).order
        self.client.send(self.change(plain.orderId, limitPrice=1.09))
        [event] = self.executions()
        self.assertFalse(event.order.HasField("relativeStopLoss") or event.order.HasField("expirationTimestamp"))
        self.client.send(self.cancel(placed.orderId))

    @switched(trailsByPip=True)
    def test_trailsByPip(self) -> None:
        """
        A stop loss follows by whole pips.
        """
        positionId = self.opened(relativeStopLoss=100, trailingStopLoss=True)
        for bid, stop in ((111_985, 1.11884), (111_991, 1.11894), (112_015, 1.11914)):
            self.quote(bid, bid + 4)
            self.assertEqual(self.exchange.venue.accounts[self.accountId].positions[positionId].stopLoss, stop)

    @switched(withdrawalsAreNegative=False)
    def test_withdrawalsAreNegative(self) -> None:
        """
        Only the kind of operation tells a withdrawal from a deposit.
        """
        self.exchange.withdraw(self.accountId, 100)
        [event] = self.executions()
        self.assertEqual((event.depositWithdraw.delta, event.depositWithdraw.balance), (100, 999_900))
        now = self.exchange.timeline.now()
        request = ProtoOACashFlowHistoryListReq(ctidTraderAccountId=self.accountId, fromTimestamp=now, toTimestamp=now)
        self.assertEqual([each.delta for each in self.client.ask(request).depositWithdraw], [100])

    @switched(balanceUpdatesTrader=True)
    def test_balanceUpdatesTrader(self) -> None:
        """
        The account tells of itself after each change of its balance, and not after an opening.
        """
        positionId = self.opened()
        self.exchange.deposit(self.accountId, 100)
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.2)
        updates = [each for each in self.client.messages() if isinstance(each, ProtoOATraderUpdatedEvent)]
        self.assertEqual([each.trader.balanceVersion for each in updates], [1, 2])

    @switched(clientOrderIdsAreUnique=True)
    def test_clientOrderIdsAreUnique(self) -> None:
        """
        An id that is used is refused, whether its order lives or not; orders without one are free.
        """
        for _ in range(2):
            self.opened()
        self.opened(clientOrderId="a")
        self.pend(LIMIT, limitPrice=1.1, clientOrderId="b")
        for name in "ab":
            self.invalid(self.order(clientOrderId=name), name)
