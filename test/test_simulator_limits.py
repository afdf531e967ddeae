"""
What the simulated venue charges and refuses beyond the usual: minimums, guarantees, limits, modes, sessions, holidays.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAChangeBalanceType,
    ProtoOACommissionType,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOALimitedRiskMarginCalculationStrategy,
    ProtoOAMarginChangedEvent,
    ProtoOAMinCommissionType,
    ProtoOASymbol,
    ProtoOATimeInForce,
    ProtoOATradingMode,
)
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.market.specification import Holiday
from ctrader_twisted.simulator.market.symbols import SYMBOLS
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.schedule import holidayAt, isOpen, nextOpening
from ctrader_twisted.simulator.world import LIMITED_ACCOUNT, NETTED_ACCOUNT, SWAP_FREE_ACCOUNT, THIRD_USER
from test.tradingcase import BUY, EURUSD, GER40, LIMIT, SELL, STOP, USDJPY, TradingCase

_Mode, _Time = ProtoOATradingMode, ProtoOATimeInForce
_Strategy = ProtoOALimitedRiskMarginCalculationStrategy


class _LimitCase(TradingCase):
    settings = Settings(positionLimit=5)

    @property
    def account(self) -> TradingAccount:
        return self.exchange.venue.accounts[self.accountId]

    def filled(self, **fields: Any) -> Any:
        """
        Send an order, and give the event of its execution.
        """
        self.clock.advance(0.01)
        self.client.received()
        self.client.send(self.order(**fields))
        self.clock.advance(0.14)
        _, event, *_ = self.client.messages()
        self.assertEqual(event.executionType, ProtoOAExecutionType.ORDER_FILLED)
        return event


class CommissionTests(_LimitCase):
    """
    Commissions by each kind of rate, and their minimums.
    """

    def commission(self, symbolId: int = EURUSD, **changes: Any) -> int:
        self.exchange.changeSymbol(symbolId, **changes)
        return int(self.filled(symbolId=symbolId, volume=200_000).deal.commission)

    def test_kinds(self) -> None:
        """
        Two thousand euros, or dollars for yen, on an account in dollars.
        """
        kind = ProtoOACommissionType
        million, lot, quote = kind.USD_PER_MILLION_USD, kind.USD_PER_LOT, kind.QUOTE_CCY_PER_LOT
        for symbolId, changes, cost in (
            (EURUSD, {"commissionType": million, "commissionRate": 30 * 10**8}, -7),
            (EURUSD, {"commissionType": lot, "commissionRate": 4 * 10**8}, -8),
            (EURUSD, {"commissionType": kind.PERCENTAGE_OF_VALUE, "commissionRate": 5_000}, -112),
            (USDJPY, {"commissionType": quote, "commissionRate": 740 * 10**8}, -10),
        ):
            self.assertEqual(self.commission(symbolId, **changes), cost)

    def test_minimum(self) -> None:
        """
        The minimum is in an asset of its own, or in the quote asset; what costs more is not changed.
        """
        quote = ProtoOAMinCommissionType.QUOTE_CURRENCY
        self.assertEqual(self.commission(minCommission=50_000_000), -50)
        self.assertEqual(self.commission(minCommission=50_000_000, minCommissionAsset="EUR"), -56)
        self.assertEqual(self.commission(USDJPY, minCommission=74 * 10**8, minCommissionType=quote), -50)
        self.assertEqual(self.commission(minCommission=1), -5)


class GuaranteeTests(_LimitCase):
    """
    What a guaranteed stop loss costs.
    """

    def charges(self) -> list[int]:
        records = self.account.cashFlow.values()
        kinds = {each.operationType for each in records}
        self.assertLessEqual(kinds, {ProtoOAChangeBalanceType.BALANCE_WITHDRAW_GSL_CHARGE})
        return [each.delta for each in records]

    def test_opening(self) -> None:
        """
        It is charged by lot at the opening, right after the deal, and not when it ends.
        """
        self.exchange.changeSymbol(GER40, guaranteedCharge=150)
        self.client.received()
        fields = {"guaranteedStopLoss": True, "relativeStopLoss": 20_000_000}
        self.client.send(self.order(symbolId=GER40, volume=200, **fields))
        self.clock.advance(0.14)
        self.clock.advance(0.01)
        _, filled, charged, protected = self.client.messages()
        self.assertEqual(filled.executionType, ProtoOAExecutionType.ORDER_FILLED)
        self.assertEqual(charged.executionType, ProtoOAExecutionType.DEPOSIT_WITHDRAW)
        self.assertEqual(charged.depositWithdraw.delta, -300)
        self.assertTrue(protected.order.tradeData.guaranteedStopLoss)
        self.client.send(self.close(filled.position.positionId, 200))
        self.clock.advance(0.2)
        self.assertEqual(self.charges(), [-300])

    def test_later(self) -> None:
        """
        A stop loss that is guaranteed later is charged then, and once.
        """
        self.exchange.changeSymbol(GER40, guaranteedCharge=150)
        positionId = self.opened(symbolId=GER40, volume=100, relativeStopLoss=20_000_000)
        self.client.send(self.amend(positionId, stopLoss=25_000.0, guaranteedStopLoss=True))
        self.client.send(self.amend(positionId, stopLoss=25_100.0))
        self.assertEqual(self.charges(), [-150])

    def test_free(self) -> None:
        """
        Where it costs nothing, nothing is booked.
        """
        self.opened(symbolId=GER40, volume=100, relativeStopLoss=20_000_000, guaranteedStopLoss=True)
        self.assertEqual(self.charges(), [])


class LimitedRiskTests(_LimitCase):
    """
    Accounts on which nothing is lost beyond a guaranteed stop loss.
    """

    def setUp(self) -> None:
        super().setUp()
        self.exchange.changeAccount(self.accountId, isLimitedRisk=True, limitedRiskMargin=_Strategy.ACCORDING_TO_GSL)
        self.exchange.changeSymbol(EURUSD, guaranteedStopLoss=True)
        self.client.received()

    def test_mandatory(self) -> None:
        """
        What opens a position needs the guarantee; what closes one does not.
        """
        self.invalid(self.order(), "mandatory")
        self.invalid(self.order(orderType=LIMIT, limitPrice=1.1, relativeStopLoss=100), "mandatory")
        positionId = self.opened(relativeStopLoss=100, guaranteedStopLoss=True)
        self.filled(positionId=positionId, tradeSide=SELL)
        fields = {"limitPrice": 1.1, "relativeStopLoss": 100}
        pending = self.pend(LIMIT, guaranteedStopLoss=True, **fields).order
        self.invalid(self.change(pending.orderId, **fields), "mandatory")
        self.client.send(self.cancel(pending.orderId))

    def test_margin(self) -> None:
        """
        A position blocks what its stop loss risks, which is told at once; a nearer stop frees some of it.
        """
        positionId = self.opened(volume=10_000_000, relativeStopLoss=100, guaranteedStopLoss=True)
        [position] = self.reconcile().position
        self.assertEqual(position.usedMargin, 10_000)
        self.client.received()
        self.client.send(self.amend(positionId, stopLoss=1.11954))
        _, changed = self.client.messages()
        self.assertIsInstance(changed, ProtoOAMarginChangedEvent)
        self.assertEqual((changed.positionId, changed.usedMargin), (positionId, 3_000))

    def test_fill(self) -> None:
        """
        The event of the deal tells the margin that the coming stop loss makes.
        """
        event = self.filled(volume=10_000_000, relativeStopLoss=100, guaranteedStopLoss=True)
        self.assertFalse(event.position.HasField("stopLoss"))
        self.assertEqual(event.position.usedMargin, 10_000)

    def test_trailing(self) -> None:
        """
        A stop loss that follows the market frees margin, down to nothing where it secures a profit.
        """
        self.opened(volume=10_000_000, relativeStopLoss=100, guaranteedStopLoss=True, trailingStopLoss=True)
        for bid, margin in ((112_000, 8_000), (112_500, 0)):
            self.quote(bid, bid + 4)
            _, changed = self.client.messages()
            self.assertEqual(changed.usedMargin, margin)

    def test_strategies(self) -> None:
        """
        By the leverage, by the risk, or by the larger of the two.
        """
        fields = {"volume": 10_000_000, "relativeStopLoss": 100, "guaranteedStopLoss": True}
        for strategy, margin in (
            (_Strategy.ACCORDING_TO_LEVERAGE, 111_982),
            (_Strategy.ACCORDING_TO_GSL, 10_000),
            (_Strategy.ACCORDING_TO_GSL_AND_LEVERAGE, 111_982),
        ):
            self.exchange.changeAccount(self.accountId, limitedRiskMargin=strategy)
            self.client.received()
            self.assertEqual(self.filled(**fields).position.usedMargin, margin)
            self.assertEqual(self.account.trader().limitedRiskMarginCalculationStrategy, strategy)

    def test_money(self) -> None:
        """
        The free margin must cover the risk: 95 lots at 100 points are 9,500 dollars, which leverage alone would not
        allow.
        """
        self.exchange.changeSymbol(EURUSD, commissionRate=0)
        self.client.received()
        self.rejected(
            self.order(volume=1_010_000_000, relativeStopLoss=100, guaranteedStopLoss=True), "NOT_ENOUGH_MONEY"
        )
        self.filled(volume=950_000_000, relativeStopLoss=100, guaranteedStopLoss=True)

    def test_world(self) -> None:
        """
        The third user has such an account, and one without swaps, to which access can be granted.
        """
        self.exchange.give(THIRD_USER)
        self.assertEqual(self.exchange.registry.users[THIRD_USER], (LIMITED_ACCOUNT, SWAP_FREE_ACCOUNT))
        limited, free = (self.exchange.venue.accounts[each].trader() for each in (LIMITED_ACCOUNT, SWAP_FREE_ACCOUNT))
        self.assertTrue(limited.isLimitedRisk and free.swapFree and free.fairStopOut)


class RoomTests(_LimitCase):
    """
    How much an account may hold.
    """

    def test_exposure(self) -> None:
        """
        What is bought less what is sold has a limit; what reduces it never exceeds it.
        """
        self.exchange.changeSymbol(EURUSD, maxExposure=300_000)
        self.client.received()
        positionId = self.opened(volume=200_000)
        self.rejected(self.order(volume=200_000), "MAX_EXPOSURE_REACHED")
        self.opened(volume=400_000, tradeSide=SELL)
        self.client.send(self.close(positionId, 200_000))
        self.clock.advance(0.2)
        self.rejected(self.order(volume=100_000, tradeSide=SELL), "MAX_EXPOSURE_REACHED")
        self.opened(volume=700_000)

    def test_pendingExposure(self) -> None:
        """
        Orders that wait are held against it when they are executed.
        """
        self.exchange.changeSymbol(EURUSD, maxExposure=100_000)
        self.client.received()
        self.pend(LIMIT, limitPrice=1.1)
        self.opened()
        self.quote(109_990, 109_994)
        [event] = self.client.messages()
        self.assertEqual(
            (event.executionType, event.errorCode), (ProtoOAExecutionType.ORDER_REJECTED, "MAX_EXPOSURE_REACHED")
        )

    def test_positions(self) -> None:
        """
        An account has so many positions at most, those that wait included; others may grow.
        """
        positionId = self.opened()
        for _ in range(4):
            order = self.pend(LIMIT, limitPrice=1.1).order
        self.rejected(self.order(), "TOO_MANY_POSITIONS")
        self.rejected(self.order(orderType=LIMIT, limitPrice=1.1), "TOO_MANY_POSITIONS")
        self.filled(positionId=positionId)
        self.client.send(self.cancel(order.orderId))
        self.opened()


class ShortTests(_LimitCase):
    """
    Symbols that cannot be sold short, on a netted account.
    """

    accountId = NETTED_ACCOUNT

    def test_turned(self) -> None:
        """
        What is held may be sold, and no more; also not by an order that was placed when there was more.
        """
        self.exchange.changeSymbol(EURUSD, enableShortSelling=False)
        self.opened(volume=200_000)
        self.rejected(self.order(tradeSide=SELL, volume=300_000), "SHORT_SELLING_NOT_ALLOWED")
        self.pend(LIMIT, limitPrice=1.13, tradeSide=SELL, volume=200_000)
        self.filled(tradeSide=SELL)
        self.client.received()
        self.quote(113_000, 113_004)
        [event] = self.client.messages()
        self.assertEqual(event.errorCode, "SHORT_SELLING_NOT_ALLOWED")


class ModeTests(_LimitCase):
    """
    What each trading mode allows.
    """

    def mode(self, mode: ProtoOATradingMode) -> None:
        self.exchange.changeSymbol(EURUSD, tradingMode=mode)
        self.client.received()

    def test_closeOnly(self) -> None:
        """
        Positions can be closed, and protected; orders that would open some wait, and cannot be changed.
        """
        positionId = self.opened(volume=300_000)
        opening = self.pend(LIMIT, limitPrice=1.1).order
        closing = self.pend(STOP, stopPrice=1.105, tradeSide=SELL, positionId=positionId).order
        self.mode(_Mode.CLOSE_ONLY_MODE)
        self.rejected(self.order(), "TRADING_DISABLED")
        self.rejected(self.change(opening.orderId, limitPrice=1.09), "TRADING_DISABLED")
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.2)
        self.client.send(self.amend(positionId, takeProfit=1.2))
        self.client.received()
        self.quote(109_990, 109_994)
        [filled, _] = self.client.messages()
        self.assertEqual(filled.order.orderId, closing.orderId)
        self.assertIn(opening.orderId, self.account.orders)
        self.client.send(self.cancel(opening.orderId))

    def test_disabled(self) -> None:
        """
        Nothing is traded on request; orders that wait can be cancelled. Whether they are executed, and protection with
        them, depends on the mode.
        """
        positionId = self.opened(volume=100_000, relativeStopLoss=1_000)
        order = self.pend(LIMIT, limitPrice=1.115).order
        for mode in (_Mode.DISABLED_WITHOUT_PENDINGS_EXECUTION, _Mode.DISABLED_WITH_PENDINGS_EXECUTION):
            self.mode(mode)
            self.rejected(self.order(), "TRADING_DISABLED")
            self.rejected(self.close(positionId, 100_000), "TRADING_DISABLED")
            self.rejected(self.order(positionId=positionId, tradeSide=SELL), "TRADING_DISABLED")
            self.rejected(self.change(order.orderId, limitPrice=1.1), "TRADING_DISABLED")
            self.client.received()
            self.quote(110_900, 110_904)
            count = len(self.client.messages())
            self.assertEqual(count, 0 if mode == _Mode.DISABLED_WITHOUT_PENDINGS_EXECUTION else 2)

    def test_meanwhile(self) -> None:
        """
        An order whose symbol is disabled before its execution is rejected.
        """
        positionId = self.opened()
        for mode, request, isFilled in (
            (_Mode.CLOSE_ONLY_MODE, self.order(), False),
            (_Mode.CLOSE_ONLY_MODE, self.order(positionId=positionId), False),
            (_Mode.DISABLED_WITH_PENDINGS_EXECUTION, self.close(positionId, 100_000), False),
            (_Mode.CLOSE_ONLY_MODE, self.close(positionId, 100_000), True),
        ):
            self.mode(_Mode.ENABLED)
            self.client.send(request)
            self.mode(mode)
            self.clock.advance(0.2)
            [event] = self.client.messages()
            self.assertEqual(event.errorCode, "" if isFilled else "TRADING_DISABLED")


class HolidayTests(_LimitCase):
    """
    Days without trading.
    """

    def rest(self, **fields: Any) -> None:
        """
        Give EURUSD a holiday; the world is on 4 March 2026, 10:00 UTC, which is 5:00 in New York.
        """
        day = (date(2026, 3, 4) - date(1970, 1, 1)).days
        holiday = Holiday(**{"holidayId": 1, "name": "Founder's Day", "date": day, **fields})
        self.exchange.changeSymbol(EURUSD, holidays=(holiday,))
        self.client.received()

    def test_orders(self) -> None:
        """
        What must be executed at once is refused; what waits can be placed, changed and cancelled, and is not executed.
        """
        positionId = self.opened(relativeTakeProfit=100)
        self.rest()
        refusal = self.rejected(self.order(), "SYMBOL_HAS_HOLIDAY")
        self.assertIn("Founder's Day", refusal.description)
        self.rejected(self.order(orderType=LIMIT, limitPrice=1.2, timeInForce=_Time.FILL_OR_KILL), "SYMBOL_HAS_HOLIDAY")
        self.rejected(self.close(positionId, 100_000), "SYMBOL_HAS_HOLIDAY")
        order = self.pend(LIMIT, limitPrice=1.2).order
        self.client.send(self.change(order.orderId, limitPrice=1.3))
        self.client.received()
        self.quote(112_980, 112_984)
        self.assertEqual(self.client.messages(), [])
        self.exchange.changeSymbol(EURUSD, holidays=())
        self.client.received()
        self.quote(112_980, 112_984)
        self.assertEqual(len(self.client.messages()), 2)

    def test_meanwhile(self) -> None:
        """
        An order that the holiday overtakes is rejected.
        """
        self.client.send(self.order())
        self.rest()
        self.clock.advance(0.2)
        [event] = self.client.messages()
        self.assertEqual(event.errorCode, "SYMBOL_HAS_HOLIDAY")

    def test_span(self) -> None:
        """
        A part of a day, in a zone of its own.
        """
        hour = 3_600
        for span, zone, isClosed in (
            ((5 * hour, 6 * hour), "America/New_York", True),
            ((6 * hour, 7 * hour), "America/New_York", False),
            ((10 * hour, 11 * hour), "Europe/London", True),
            ((18 * hour, 19 * hour), "Asia/Singapore", True),
        ):
            self.rest(span=span, timeZone=zone)
            if isClosed:
                self.rejected(self.order(), "SYMBOL_HAS_HOLIDAY")
            else:
                self.opened()

    def test_recurring(self) -> None:
        """
        A holiday of each year is that of any; another one is of its own year only.
        """
        day = (date(2001, 3, 4) - date(1970, 1, 1)).days
        self.rest(date=day)
        self.opened()
        self.rest(date=day, isRecurring=True)
        self.rejected(self.order(), "SYMBOL_HAS_HOLIDAY")

    def test_specification(self) -> None:
        """
        UK 100 rests for Christmas, from the afternoon before, and opens afterwards.
        """
        symbol = Catalogue().symbolNamed("UK100").full()
        eve, day = self.at(2030, 12, 24, 13), self.at(2030, 12, 25, 12)
        self.assertEqual([isOpen(symbol, eve - 1), isOpen(symbol, eve)], [True, False])
        holiday = holidayAt(symbol, day)
        assert holiday is not None
        self.assertEqual((holiday.name, holiday.isRecurring), ("Christmas Day", True))
        self.assertEqual(nextOpening(symbol, eve), self.at(2030, 12, 26, 0))
        friday = self.at(2026, 4, 3, 12)
        self.assertEqual([isOpen(symbol, friday), isOpen(symbol, self.at(2027, 4, 2, 12))], [False, True])
        # The weekend that follows is closed, too.
        self.assertEqual(nextOpening(symbol, friday), self.at(2026, 4, 5, 22))

    def at(self, *moment: int) -> int:
        return int(datetime(*moment, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]

    def test_wrapped(self) -> None:
        """
        A session may end after the week does.
        """
        symbol = ProtoOASymbol(symbolId=1, digits=1, pipPosition=0, scheduleTimeZone="UTC")
        symbol.schedule.add(startSecond=600_000, endSecond=610_000)
        saturday, sunday = self.at(2026, 3, 7, 23), self.at(2026, 3, 8, 1)
        self.assertEqual([isOpen(symbol, each) for each in (saturday, sunday, sunday + 7_200_000)], [True, True, False])


class WorldTests(_LimitCase):
    """
    What the default world shows.
    """

    def test_specifications(self) -> None:
        """
        All that a specification can say is said by some symbol.
        """
        full = [symbol.full() for symbol in SYMBOLS]
        for name in (
            "preciseMinCommission",
            "pnlConversionFeeRate",
            "gslCharge",
            "maxExposure",
            "rolloverCommission",
            "skipRolloverDays",
            "chargeSwapAtWeekends",
        ):
            self.assertTrue(any(each.HasField(name) for each in full), name)
        self.assertEqual({each.swapCalculationType for each in full}, {0, 1, 2})
        self.assertGreaterEqual({each.commissionType for each in full}, {2, 3, 4})
        self.assertTrue(any(each.holiday for each in full))

    def test_event(self) -> None:
        """
        Events of money name no order, whatever their kind.
        """
        self.exchange.deposit(self.accountId, 1)
        [event] = self.client.messages()
        self.assertIsInstance(event, ProtoOAExecutionEvent)
        self.assertFalse(event.HasField("order"))
        self.assertNotEqual(BUY, SELL)
