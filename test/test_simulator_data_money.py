"""
What the simulator tells of an account's money: cash flow, margin calls, profit, leverage.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.task import Clock

from ctrader_twisted.schema.messages import (
    ProtoOACashFlowHistoryListReq,
    ProtoOAChangeBalanceType,
    ProtoOAErrorRes,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAGetDynamicLeverageByIDReq,
    ProtoOAMarginCall,
    ProtoOAMarginCallListReq,
    ProtoOAMarginCallTriggerEvent,
    ProtoOAMarginCallUpdateEvent,
    ProtoOAMarginCallUpdateReq,
    ProtoOAMarginCallUpdateRes,
    ProtoOANotificationType,
    ProtoOASymbolByIdReq,
    ProtoOATraderReq,
    ProtoOAv1PnLChangeEvent,
    ProtoOAv1PnLChangeSubscribeReq,
    ProtoOAv1PnLChangeSubscribeRes,
    ProtoOAv1PnLChangeUnSubscribeReq,
    ProtoOAv1PnLChangeUnSubscribeRes,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.state import dumpState, loadState
from ctrader_twisted.simulator.world import EPOCH, USD_ACCOUNT
from test.rawclient import RawClient
from test.tradingcase import TradingCase

_WEEK = 604_800_000
_FIRST = ProtoOANotificationType.MARGIN_LEVEL_THRESHOLD_1


class _MoneyCase(TradingCase):
    settings = Settings(historicalRate=1_000, idleLimit=100_000, historyLimit=20)

    def ask(self, kind: Any, **fields: Any) -> Any:
        return self.client.ask(kind(ctidTraderAccountId=self.accountId, **fields))

    def refused(self, code: str, kind: Any, **fields: Any) -> None:
        answer = self.ask(kind, **fields)
        self.assertIsInstance(answer, ProtoOAErrorRes)
        self.assertEqual(answer.errorCode, code)

    def restarted(self) -> Exchange:
        """
        Make another exchange of this one's state, as after a restart.
        """
        other = Exchange.default(Clock())
        loadState(other, json.loads(json.dumps(dumpState(self.exchange))))
        return other


class CashFlowTests(_MoneyCase):
    """
    Deposits and withdrawals.
    """

    def history(self, start: int, end: int) -> list[Any]:
        answer = self.ask(ProtoOACashFlowHistoryListReq, fromTimestamp=start, toTimestamp=end)
        return list(answer.depositWithdraw)

    def test_event(self) -> None:
        """
        A deposit is told of with its balance, its version and the equity, and with neither order nor position.
        """
        self.opened()
        self.exchange.deposit(USD_ACCOUNT, 12_345, note="welcome")
        [(event, clientMsgId)] = self.client.received()
        self.assertIsInstance(event, ProtoOAExecutionEvent)
        self.assertEqual((event.executionType, clientMsgId), (ProtoOAExecutionType.DEPOSIT_WITHDRAW, None))
        self.assertFalse(event.HasField("order") or event.HasField("position") or event.HasField("deal"))
        booked = event.depositWithdraw
        self.assertEqual(booked.operationType, ProtoOAChangeBalanceType.BALANCE_DEPOSIT)
        self.assertEqual((booked.delta, booked.balance, booked.balanceVersion), (12_345, 1_012_345, 1))
        # 1,000 units, 4 points of spread, and 2.5 cents of commission.
        self.assertEqual((booked.equity, booked.moneyDigits), (1_012_345 - 4 - 3, 2))
        self.assertEqual((booked.externalNote, booked.changeBalanceTimestamp), ("welcome", EPOCH + 143))
        trader = self.ask(ProtoOATraderReq).trader
        self.assertEqual((trader.balance, trader.balanceVersion), (1_012_345, 1))

    def test_history(self) -> None:
        """
        History tells the newest first; both ends of a span belong to it.
        """
        self.exchange.deposit(USD_ACCOUNT, 100)
        self.clock.advance(10)
        self.exchange.withdraw(USD_ACCOUNT, 30)
        newest, oldest = self.history(EPOCH, EPOCH + 10_000)
        self.assertEqual((oldest.delta, newest.delta, newest.balance), (100, -30, 1_000_070))
        self.assertEqual(newest.operationType, ProtoOAChangeBalanceType.BALANCE_WITHDRAW)
        self.assertNotEqual(newest.balanceHistoryId, oldest.balanceHistoryId)
        self.assertFalse(newest.HasField("externalNote"))
        self.assertEqual(self.history(EPOCH + 10_000, EPOCH + _WEEK), [newest])
        self.assertEqual(self.history(EPOCH + 1, EPOCH + 9_999), [])

    def test_boundaries(self) -> None:
        """
        A span is a week at most, and makes sense.
        """
        self.assertEqual(self.history(EPOCH - _WEEK, EPOCH), [])
        for start, end in ((EPOCH - _WEEK - 1, EPOCH), (2, 1), (-1, 1)):
            self.refused("INCORRECT_BOUNDARIES", ProtoOACashFlowHistoryListReq, fromTimestamp=start, toTimestamp=end)

    def test_wrongAmounts(self) -> None:
        """
        Nothing is booked that is no amount, or that is not there.
        """
        self.assertRaises(ValueError, self.exchange.deposit, USD_ACCOUNT, 0)
        self.assertRaises(ValueError, self.exchange.withdraw, USD_ACCOUNT, 0)
        self.assertRaises(ValueError, self.exchange.withdraw, USD_ACCOUNT, 1_000_001)
        self.exchange.withdraw(USD_ACCOUNT, 1_000_000)
        self.assertEqual(self.ask(ProtoOATraderReq).trader.balance, 0)

    def test_restart(self) -> None:
        """
        What was booked is there after a restart, and its ids are not given again.
        """
        self.exchange.deposit(USD_ACCOUNT, 100)
        account = self.exchange.venue.accounts[USD_ACCOUNT]
        other = self.restarted().venue
        self.assertEqual(other.accounts[USD_ACCOUNT].cashFlow, account.cashFlow)
        self.assertGreater(other.ids.newCashFlow(), max(account.cashFlow) + 1_000)

    def test_limit(self) -> None:
        """
        Of very many, the newest are remembered.
        """
        for amount in range(1, 23):
            self.exchange.deposit(USD_ACCOUNT, amount)
        self.assertEqual([each.delta for each in self.history(EPOCH, EPOCH)], list(range(22, 2, -1)))


class LeverageTests(_MoneyCase):
    """
    Tables of dynamic leverage.
    """

    def test_table(self) -> None:
        """
        Each symbol's table is there, with tiers that grow in volume and fall in leverage.
        """
        [symbol] = self.ask(ProtoOASymbolByIdReq, symbolId=[41]).symbol
        leverage = self.ask(ProtoOAGetDynamicLeverageByIDReq, leverageId=symbol.leverageId).leverage
        self.assertEqual(leverage.leverageId, symbol.leverageId)
        tiers = [(tier.volume, tier.leverage) for tier in leverage.tiers]
        self.assertEqual(tiers, [(10_000_000_00, 200), (50_000_000_00, 100)])
        self.refused("ENTITY_NOT_FOUND", ProtoOAGetDynamicLeverageByIDReq, leverageId=99)


class MarginCallTests(_MoneyCase):
    """
    Thresholds of the margin level.
    """

    def calls(self) -> list[tuple[int, float]]:
        answer = self.ask(ProtoOAMarginCallListReq)
        return [(call.marginCallType, call.marginLevelThreshold) for call in answer.marginCall]

    def update(self, threshold: float, kind: int = _FIRST) -> Any:
        return self.ask(
            ProtoOAMarginCallUpdateReq,
            marginCall=ProtoOAMarginCall(marginCallType=kind, marginLevelThreshold=threshold),  # type: ignore[arg-type]
        )

    def triggered(self) -> list[int]:
        events = self.client.messages()
        return [e.marginCall.marginCallType for e in events if isinstance(e, ProtoOAMarginCallTriggerEvent)]

    def test_list(self) -> None:
        """
        There are three.
        """
        self.assertEqual(self.calls(), [(61, 100.0), (62, 80.0), (63, 60.0)])

    def test_update(self) -> None:
        """
        A change is answered with nothing, and all sessions of the account are told of it; it outlives a restart.
        """
        other = RawClient(self.exchange)
        other.logIn()
        other.received()
        self.clock.advance(2)
        saved: list[None] = []
        self.exchange.onChange.append(lambda: saved.append(None))
        self.client.send(
            ProtoOAMarginCallUpdateReq(
                ctidTraderAccountId=USD_ACCOUNT,
                marginCall=ProtoOAMarginCall(marginCallType=_FIRST, marginLevelThreshold=150.5),
            ),
            "u",
        )
        event = ProtoOAMarginCallUpdateEvent(ctidTraderAccountId=USD_ACCOUNT)
        event.marginCall.marginCallType = _FIRST
        event.marginCall.marginLevelThreshold = 150.5
        event.marginCall.utcLastUpdateTimestamp = EPOCH + 2_000
        self.assertEqual(self.client.received(), [(ProtoOAMarginCallUpdateRes(), "u"), (event, None)])
        self.assertEqual(other.received(), [(event, None)])
        self.assertEqual(self.calls()[0], (61, 150.5))
        self.assertEqual(len(saved), 1)
        account = self.restarted().venue.accounts[USD_ACCOUNT]
        self.assertEqual(account.marginCalls[_FIRST], event.marginCall)

    def test_noLevel(self) -> None:
        """
        A threshold that can be none is refused.
        """
        for threshold in (0.0, -1.0, float("nan"), float("inf")):
            self.assertEqual(self.update(threshold).errorCode, "INVALID_REQUEST")

    def fall(self, bid: int) -> list[int]:
        self.clock.advance(1)
        self.quote(bid, bid + 4)
        return self.triggered()

    def test_trigger(self) -> None:
        """
        Each threshold is told of when the margin level has come down to it, and not again for ten minutes.
        """
        # 8 lots block 8,958.56 dollars; a point is 8 dollars, and spread and commission cost 52.
        self.opened(volume=80_000_000)
        self.assertEqual(self.fall(111_863), [])
        self.assertEqual(self.fall(111_850), [61])
        self.assertEqual(self.fall(111_849), [])
        self.assertEqual(self.fall(111_600), [62])
        self.clock.advance(590)
        self.assertEqual(self.fall(111_850), [])
        self.clock.advance(10)
        self.assertEqual(self.fall(111_849), [61])
        self.assertEqual(self.fall(111_900), [])

    def test_exactly(self) -> None:
        """
        A threshold is reached by a level that equals it; without positions there is no level.
        """
        self.assertEqual(self.fall(111_980), [])
        self.opened(volume=80_000_000)
        [position] = self.reconcile().position
        equity = 1_000_000 + position.commission - 80 * 40
        self.exchange.withdraw(USD_ACCOUNT, equity - position.usedMargin - 1)
        self.assertEqual(self.fall(111_980), [])
        self.exchange.withdraw(USD_ACCOUNT, 1)
        self.assertEqual(self.fall(111_980), [61])


class ProfitTests(_MoneyCase):
    """
    Subscriptions to profit.
    """

    def profits(self) -> list[tuple[int, int]]:
        events = [event for event in self.client.messages() if isinstance(event, ProtoOAv1PnLChangeEvent)]
        self.assertEqual(
            {(event.ctidTraderAccountId, event.moneyDigits) for event in events} - {(USD_ACCOUNT, 2)}, set()
        )
        return [(event.grossUnrealizedPnL, event.netUnrealizedPnL) for event in events]

    def test_changes(self) -> None:
        """
        The present profit comes first; then each other one, once a second at most.
        """
        self.opened(volume=10_000_000)
        self.client.send(ProtoOAv1PnLChangeSubscribeReq(ctidTraderAccountId=USD_ACCOUNT), "p")
        answer, first = self.client.messages()
        self.assertIsInstance(answer, ProtoOAv1PnLChangeSubscribeRes)
        self.assertEqual((first.grossUnrealizedPnL, first.netUnrealizedPnL), (-400, -650))
        self.quote(111_990, 111_994)
        self.assertEqual(self.profits(), [(600, 350)])
        self.quote(111_991, 111_995)
        self.clock.advance(0.8)
        self.assertEqual(self.profits(), [])
        self.quote(111_992, 111_996)
        self.assertEqual(self.profits(), [(800, 550)])
        self.clock.advance(1)
        self.quote(111_992, 111_996)
        self.assertEqual(self.profits(), [])

    def test_withoutPositions(self) -> None:
        """
        Without positions there is no profit, and after the last close that is told.
        """
        positionId = self.opened(volume=10_000_000)
        self.ask(ProtoOAv1PnLChangeSubscribeReq)
        self.client.send(self.close(positionId, 10_000_000))
        self.clock.advance(1)
        self.quote(111_990, 111_994)
        self.assertEqual(self.profits(), [(0, 0)])

    def test_ends(self) -> None:
        """
        A subscription ends with its request, or with the session; there is one at most.
        """
        self.refused("NOT_SUBSCRIBED_TO_PNL", ProtoOAv1PnLChangeUnSubscribeReq)
        self.opened()
        self.ask(ProtoOAv1PnLChangeSubscribeReq)
        self.refused("ALREADY_SUBSCRIBED", ProtoOAv1PnLChangeSubscribeReq)
        self.assertIsInstance(self.ask(ProtoOAv1PnLChangeUnSubscribeReq), ProtoOAv1PnLChangeUnSubscribeRes)
        self.quote(111_990, 111_994)
        self.assertEqual(self.profits(), [])
        self.ask(ProtoOAv1PnLChangeSubscribeReq)
        self.client.protocol.endSession(USD_ACCOUNT)
        self.client.logIn()
        self.clock.advance(1)
        self.quote(111_995, 111_999)
        self.assertEqual(self.profits(), [])
