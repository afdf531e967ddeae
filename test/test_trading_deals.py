"""
Tests of deals, of the balance, and of pending orders.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema import messages as m
from ctrader_twisted.trading import Deal, OrderKind, Side
from ctrader_twisted.trading.amounts import Amounts
from ctrader_twisted.trading.deals import combined, readDeal
from test.marketlink import makeSymbol
from test.tradinglink import (
    BUY,
    EURUSD,
    SELL,
    closingDeal,
    deal,
    event,
    order,
    protection,
    setUpTrading,
    trader,
)


class DealTests(SynchronousTestCase):
    """
    Reading deals.
    """

    def setUp(self) -> None:
        """
        A symbol is known.
        """
        self.amounts = Amounts({1: EURUSD}.get)

    def test_opening(self) -> None:
        """
        A deal that opens has no figures of a close.
        """
        read = readDeal(deal(1, 2, 100_000, at=5, commission=-3), self.amounts)
        self.assertEqual(
            read,
            Deal(
                dealId=1,
                orderId=2,
                positionId=1_002,
                symbolId=1,
                side=Side.BUY,
                volume=100_000,
                price=Decimal("1.1"),
                executed=5,
                commission=Decimal("-0.03"),
            ),
        )
        self.assertEqual(str(read.price), "1.10000")
        self.assertIsNone(read.netProfit)
        with self.assertRaises(attrs.exceptions.FrozenInstanceError):
            read.volume = 1  # type: ignore[misc]

    def test_closing(self) -> None:
        """
        A recorded close: the commission of the deal is one side's, that of the detail both sides'; the balance adds up.
        """
        told = closingDeal(
            5,
            20,
            1_010,
            1,
            executionPrice=85219.06,
            entryPrice=85287.21,
            grossProfit=-68,
            swap=0,
            commission=-56,
            balance=5122399685,
        )
        told.commission = -28
        read = readDeal(told, Amounts({1: makeSymbol(1, digits=2)}.get))
        self.assertEqual((str(read.price), str(read.entryPrice)), ("85219.06", "85287.21"))
        self.assertEqual((read.side, read.closedVolume, read.swap), (Side.SELL, 1, 0))
        self.assertEqual((str(read.commission), str(read.totalCommission)), ("-0.28", "-0.56"))
        self.assertEqual((str(read.grossProfit), str(read.netProfit)), ("-0.68", "-1.24"))
        self.assertEqual(read.balance, Decimal("51223998.09") + (read.netProfit or 0))

    def test_fee(self) -> None:
        """
        The conversion fee is a part of the net profit.
        """
        told = closingDeal(5, 20, 1_010, grossProfit=-2621, swap=-515, commission=0, pnlConversionFee=-19)
        read = readDeal(told, self.amounts)
        self.assertEqual((str(read.conversionFee), str(read.netProfit)), ("-0.19", "-31.55"))

    def test_digits(self) -> None:
        """
        Each message's own digits count, then those of the message around it, then the account's.
        """
        told = closingDeal(5, 20, 1_010, grossProfit=12345)
        for outer, inner, expected in (
            (4, 8, "0.00012345"),
            (4, 0, "12345"),
            (4, None, "1.2345"),
            (None, None, "12.345"),
        ):
            told.moneyDigits = outer or 0
            told.closePositionDetail.moneyDigits = inner or 0
            if outer is None:
                told.ClearField("moneyDigits")
            if inner is None:
                told.closePositionDetail.ClearField("moneyDigits")
            self.amounts.moneyDigits = 3
            self.assertEqual(str(readDeal(told, self.amounts).grossProfit), expected)

    def test_missing(self) -> None:
        """
        Without a closed volume the deal's own counts; a price that is not there is no number.
        """
        told = closingDeal(5, 20, 1_010, 300)
        told.closePositionDetail.ClearField("closedVolume")
        told.ClearField("executionPrice")
        read = readDeal(told, self.amounts)
        self.assertEqual(read.closedVolume, 300)
        self.assertTrue(read.price.is_nan())

    @given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**9), st.integers(-9999, 9999)), min_size=1))
    def test_combined(self, parts: list[tuple[int, int, int]]) -> None:
        """
        Several deals together have the sums of volume and money, and a mean price within those of the parts.
        """
        deals = [
            readDeal(
                closingDeal(number, 20, 1_010, volume, executionPrice=raw / 10**5, grossProfit=profit), self.amounts
            )
            for number, (raw, volume, profit) in enumerate(parts)
        ]
        whole = combined(deals)
        self.assertEqual(whole.volume, sum(volume for _, volume, _ in parts))
        self.assertEqual(whole.netProfit, sum(each.netProfit or 0 for each in deals))
        self.assertEqual((whole.dealId, whole.balance), (len(parts) - 1, deals[-1].balance))
        exact = sum(raw * volume for raw, volume, _ in parts)
        self.assertLess(abs(whole.price * whole.volume - Decimal(exact) / 10**5), Decimal("1e-9"))
        self.assertEqual(whole.entryPrice, Decimal("1.1"))

    def test_combinedOpening(self) -> None:
        """
        Deals that close nothing have no figures of a close together; a price that is not there stays none.
        """
        parts = [readDeal(deal(number, 2, executionPrice=price), self.amounts) for number, price in ((1, 1.1), (2, 0))]
        whole = combined(parts)
        self.assertEqual((whole.volume, whole.netProfit, whole.entryPrice), (200_000, None, None))
        self.assertTrue(whole.price.is_nan())
        nothing = [attrs.evolve(part, volume=0) for part in parts[:1]] * 2
        self.assertEqual(combined(nothing).price, Decimal("1.1"))

    @given(st.integers(0, 8), st.integers(1, 10**9))
    def test_prices(self, digits: int, raw: int) -> None:
        """
        A price of the symbol's digits comes through the double of the wire unchanged, with just these digits.
        """
        price = Decimal(raw).scaleb(-digits)
        read = Amounts({1: makeSymbol(1, digits=digits)}.get).price(float(price), 1)
        self.assertEqual((read, str(read)), (price, f"{price:f}" if digits < 7 else str(read)))

    def test_finerPrice(self) -> None:
        """
        A price that is really finer than the symbol's digits, as a mean of several fills, keeps all of them; the noise
        of a double goes.
        """
        for value, expected in ((1.1234567, "1.1234567"), (1.120005, "1.120005"), (1.1199999999999999, "1.12000")):
            self.assertEqual(str(self.amounts.price(value, 1)), expected)

    def test_noPrice(self) -> None:
        """
        What is zero or no number is no price.
        """
        for value in (0.0, float("nan"), float("inf")):
            self.assertIsNone(self.amounts.price(value, 1))


class ExecutionTests(SynchronousTestCase):
    """
    Deals as they come.
    """

    def setUp(self) -> None:
        """
        An account with one who listens.
        """
        self.link, _, self.trading = setUpTrading(EURUSD)
        self.heard: list[Deal] = []
        self.registration = self.trading.onExecution(self.heard.append)

    def fill(self, dealId: int, **fields: Any) -> None:
        """
        A deal comes, without order and position.
        """
        self.link.push(event("PARTIAL_FILL", None, None, deal(dealId, 10, **fields)))

    def test_once(self) -> None:
        """
        Each deal is told once, whoever made it.
        """
        for dealId in (1, 2, 1, 3, 2):
            self.fill(dealId)
        self.assertEqual([each.dealId for each in self.heard], [1, 2, 3])
        self.registration.stop()
        self.fill(4)
        self.assertEqual(len(self.heard), 3)

    def test_failedAttempt(self) -> None:
        """
        Attempts that failed are no executions.
        """
        self.fill(1, dealStatus=m.ProtoOADealStatus.MISSED)
        self.assertEqual(self.heard, [])

    def test_listenerFails(self) -> None:
        """
        A listener that raises disturbs nobody.
        """
        self.trading.onExecution(lambda _: 1 // 0)
        more: list[Deal] = []
        self.trading.onExecution(more.append)
        self.fill(1)
        self.assertEqual((len(self.heard), len(more)), (1, 1))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_bounded(self) -> None:
        """
        Ids are remembered for ten thousand deals, not for ever.
        """
        for dealId in range(1, 10_002):
            self.fill(dealId)
        self.fill(2)
        self.assertEqual(len(self.heard), 10_001)
        self.fill(1)
        self.assertEqual(len(self.heard), 10_002)


class BalanceTests(SynchronousTestCase):
    """
    The account's money.
    """

    def setUp(self) -> None:
        """
        An account with 10,000.00 at version 5.
        """
        self.link, _, self.trading = setUpTrading(EURUSD)

    def assertBalance(self, expected: str) -> None:
        """
        The balance is this, to the digit.
        """
        self.assertEqual(str(self.trading.balance), expected)

    def update(self, balance: int, **fields: Any) -> None:
        """
        The server tells of the account.
        """
        self.link.push(m.ProtoOATraderUpdatedEvent(ctidTraderAccountId=7, trader=trader(balance, **fields)))

    def deposit(self, balance: int, **fields: Any) -> None:
        """
        Money comes in.
        """
        flow = m.ProtoOADepositWithdraw(
            operationType=m.ProtoOAChangeBalanceType.BALANCE_DEPOSIT,
            balanceHistoryId=1,
            balance=balance,
            delta=1,
            changeBalanceTimestamp=1,
            **fields,
        )
        self.link.push(event("DEPOSIT_WITHDRAW", depositWithdraw=flow))

    def test_start(self) -> None:
        """
        It is what the login tells.
        """
        self.assertBalance("10000.00")
        self.link.reconcile(balance=5)
        self.assertBalance("0.05")

    def test_close(self) -> None:
        """
        A close changes it, once; an opening does not.
        """
        self.link.push(event("FILLED", order(10), None, deal(1, 10)))
        self.assertBalance("10000.00")
        self.link.push(event("FILLED", order(11), None, closingDeal(2, 11, 1_010)))
        self.assertBalance("10004.84")

    def test_versions(self) -> None:
        """
        An older version changes nothing, in whichever message it comes; a duplicate does not either.
        """
        first = event("FILLED", order(11), None, closingDeal(2, 11, 1_010))
        self.link.push(first)
        self.deposit(2_000_000, balanceVersion=8, moneyDigits=2)
        self.link.push(first)
        self.link.push(event("FILLED", order(12), None, closingDeal(3, 12, 1_010, balanceVersion=7)))
        self.update(1, balanceVersion=7)
        self.assertBalance("20000.00")
        self.update(3_000_000, balanceVersion=9, moneyDigits=3)
        self.assertBalance("3000.000")

    def test_old(self) -> None:
        """
        What tells nothing new of its order or deal does not change the balance either, though it carries no version.
        """
        told = [closingDeal(number, 11, 1_010, balance=1_000_000 + number) for number in (2, 3)]
        for each in told:
            each.closePositionDetail.ClearField("balanceVersion")
            self.link.push(event("PARTIAL_FILL", order(11), None, each))
        self.assertBalance("10000.03")
        self.link.push(event("PARTIAL_FILL", order(11), None, told[0]))
        self.assertBalance("10000.03")

    def test_loginVersion(self) -> None:
        """
        The version of the login counts: what was older than it comes too late, and what is as new does not.
        """
        self.link.reconcile(balance=500)
        self.deposit(100, balanceVersion=4, moneyDigits=2)
        self.assertBalance("5.00")
        self.deposit(200, balanceVersion=5, moneyDigits=2)
        self.assertBalance("2.00")
        self.deposit(900, balanceVersion=9, moneyDigits=2)
        self.link.reconcile(balance=600)
        self.deposit(700, balanceVersion=6, moneyDigits=2)
        self.assertBalance("7.00")

    def test_withoutVersion(self) -> None:
        """
        Without a version what comes last counts.
        """
        told = closingDeal(2, 11, 1_010)
        told.closePositionDetail.ClearField("balanceVersion")
        self.link.push(event("FILLED", order(11), None, told))
        self.assertBalance("10004.84")
        self.deposit(1_100_000)
        self.assertBalance("11000.00")
        self.update(1_200_000, balanceVersion=None)
        self.assertBalance("12000.00")


class PendingTests(SynchronousTestCase):
    """
    Orders that wait for their price.
    """

    def setUp(self) -> None:
        """
        An account without orders.
        """
        self.link, _, self.trading = setUpTrading(EURUSD)

    def test_life(self) -> None:
        """
        A pending order appears, changes, and goes when it ends.
        """
        first = order(10, kind="LIMIT", limitPrice=1.05, label="L", comment="C", clientOrderId="theirs")
        self.link.push(event("ACCEPTED", first))
        [pending] = self.trading.orders
        self.assertEqual((pending.orderId, pending.kind), (10, OrderKind.LIMIT))
        self.assertEqual((pending.side, pending.symbolId), (Side.BUY, 1))
        self.assertEqual((str(pending.limitPrice), pending.stopPrice), ("1.05000", None))
        self.assertEqual((pending.label, pending.comment, pending.clientOrderId), ("L", "C", "theirs"))
        self.assertEqual((pending.volume, pending.executedVolume, pending.positionId), (100_000, 0, 1_010))
        self.link.push(event("REPLACED", order(10, kind="LIMIT", limitPrice=1.06)))
        self.assertEqual([str(each.limitPrice) for each in self.trading.orders], ["1.06000"])
        for kind in ("FILLED", "CANCELLED", "EXPIRED"):
            self.link.push(event("ACCEPTED", order(11, kind="STOP", stopPrice=1.2)))
            self.link.push(event(kind, order(11, kind="STOP")))
            self.link.push(event("REPLACED", order(11, kind="STOP")))
            self.assertEqual([each.orderId for each in self.trading.orders], [10])
            self.setUp()
            self.link.push(event("ACCEPTED", first))

    def test_lateAcceptance(self) -> None:
        """
        An acceptance that is heard after a fill of the order does not take that back.
        """
        filled = order(10, kind="LIMIT", executedVolume=40_000)
        self.link.push(event("PARTIAL_FILL", filled, None, deal(1, 10, 40_000)))
        self.link.push(event("ACCEPTED", order(10, kind="LIMIT")))
        self.assertEqual([each.executedVolume for each in self.trading.orders], [40_000])

    def test_others(self) -> None:
        """
        Market orders and protective orders do not wait for a price.
        """
        self.link.push(event("ACCEPTED", order(10)))
        self.link.push(event("ACCEPTED", protection(11, 1_010)))
        self.link.push(event("ACCEPTED", order(12, side=SELL, kind="MARKET_RANGE")))
        self.assertEqual(self.trading.orders, ())

    def test_reconciled(self) -> None:
        """
        A login replaces them, and filters the protective ones.
        """
        self.link.push(event("ACCEPTED", order(10, kind="LIMIT")))
        self.link.reconcile(protection(11, 1_010), order(12, side=BUY, kind="STOP_LIMIT", stopPrice=1.2, positionId=0))
        [pending] = self.trading.orders
        self.assertEqual((pending.orderId, pending.kind, pending.positionId), (12, OrderKind.STOP_LIMIT, None))
