"""
Swaps and rollovers on the simulated venue.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from twisted.internet.task import Clock

from ctrader_twisted import Account, Lots
from ctrader_twisted.schema.messages import (
    ProtoOAChangeBalanceType,
    ProtoOADayOfWeek,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOASwapCalculationType,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.state import dumpState, loadState
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.swaps import swapsOf
from ctrader_twisted.simulator.world import EPOCH, EUR_ACCOUNT, NETTED_ACCOUNT, USD_ACCOUNT
from test.moneycase import MoneyCase
from test.tradingcase import EURUSD, GER40, SELL, USDJPY, TradingCase

_DAY = 86_400.0
# The world begins on a Wednesday at 10:00 UTC, twelve hours before the swaps of the day.
_TO_SWAP = 43_200.0


class _SwapCase(TradingCase):
    settings = Settings(idleLimit=10_000_000, loginLimit=10_000_000)

    @property
    def account(self) -> TradingAccount:
        return self.exchange.venue.accounts[self.accountId]

    def swaps(self) -> list[int]:
        """
        @return: the swaps of positions that were told of since the last look.
        """
        return [
            event.position.swap
            for event in self.client.messages()
            if isinstance(event, ProtoOAExecutionEvent) and event.executionType == ProtoOAExecutionType.SWAP
        ]

    def midnight(self) -> None:
        """
        Let time pass until just before the first swaps.
        """
        self.clock.advance(_TO_SWAP - self.clock.seconds() - 0.001)

    def days(self, count: int) -> list[int]:
        """
        Let days pass, and give the swap of the position after each that had one.
        """
        found: list[int] = []
        for _ in range(count):
            self.clock.advance(_DAY)
            found += self.swaps()
        return found


class SwapTests(_SwapCase):
    """
    Each night has its price.
    """

    def test_event(self) -> None:
        """
        To the millisecond at its time, a position is charged; the event has no order and is the server's.
        """
        positionId = self.opened(volume=10_000_000)
        self.midnight()
        self.assertEqual(self.swaps(), [])
        self.clock.advance(0.001)
        [event] = [each for each in self.client.messages() if isinstance(each, ProtoOAExecutionEvent)]
        self.assertEqual((event.executionType, event.isServerEvent), (ProtoOAExecutionType.SWAP, True))
        self.assertFalse(event.HasField("order") or event.HasField("deal"))
        # 100,000 units at 6.9 pips, three times on a Wednesday.
        self.assertEqual((event.position.positionId, event.position.swap), (positionId, -20_700))
        self.assertEqual(event.position.utcLastUpdateTimestamp, EPOCH + 43_200_000)
        self.assertEqual(self.reconcile().position[0].swap, -20_700)

    def test_week(self) -> None:
        """
        Wednesday counts three times, Saturday and Sunday not at all.
        """
        self.opened(volume=10_000_000)
        self.clock.advance(_TO_SWAP - self.clock.seconds())
        nights = [self.swaps()[0], *self.days(7)]
        steps = [after - before for before, after in zip([0, *nights], nights, strict=False)]
        self.assertEqual([step // -6_900 for step in steps], [3, 1, 1, 1, 1, 3])

    def test_sold(self) -> None:
        """
        The other side has its own rate.
        """
        self.opened(volume=10_000_000, tradeSide=SELL)
        self.clock.advance(_TO_SWAP)
        self.assertEqual(self.swaps(), [7_200])

    def test_converted(self) -> None:
        """
        What is yielded in another asset is converted: 9.8 pips of 0.01 yen for a thousand units are 98 yen.
        """
        self.opened(symbolId=USDJPY)
        self.clock.advance(_TO_SWAP)
        self.assertEqual(self.swaps(), [round(3 * 9.8 * 0.01 * 1_000 / 148 * 100)])

    def test_percentage(self) -> None:
        """
        Yearly interest on the value, a 360th for each night.
        """
        self.exchange.changeSymbol(EURUSD, swapType=ProtoOASwapCalculationType.PERCENTAGE, swapLong=Decimal("-3.6"))
        self.opened(volume=10_000_000)
        self.clock.advance(_TO_SWAP)
        # 111,982 dollars.
        self.assertEqual(self.swaps(), [-3_359])

    def test_percentagePeriods(self) -> None:
        """
        A third of a day yields a third of that.
        """
        self.exchange.changeSymbol(
            EURUSD,
            swapType=ProtoOASwapCalculationType.PERCENTAGE,
            swapLong=Decimal("-3.6"),
            swapPeriod=8,
            swapRollover3Days=ProtoOADayOfWeek.NONE,
        )
        self.opened(volume=10_000_000)
        self.clock.advance(8 * 3600)
        self.assertEqual(self.swaps(), [-373])

    def test_points(self) -> None:
        """
        Steps of the last digit.
        """
        self.exchange.changeSymbol(EURUSD, swapType=ProtoOASwapCalculationType.POINTS)
        self.opened(volume=10_000_000)
        self.clock.advance(_TO_SWAP)
        self.assertEqual(self.swaps(), [-2_070])

    def test_nothing(self) -> None:
        """
        Where there is nothing to charge there is nothing to tell.
        """
        self.exchange.changeSymbol(EURUSD, swapLong=Decimal(0))
        self.opened()
        self.clock.advance(_TO_SWAP)
        self.assertEqual(self.swaps(), [])

    def test_realised(self) -> None:
        """
        A close realises its share, and the balance has it then.
        """
        positionId = self.opened(volume=300_000)
        self.clock.advance(_TO_SWAP)
        self.assertEqual(self.swaps(), [-621])
        self.assertEqual(self.account.balance, 1_000_000)
        for volume, swap, rest in ((100_000, -207, -414), (200_000, -414, 0)):
            self.client.send(self.close(positionId, volume))
            self.clock.advance(0.14)
            filled = self.client.messages()[1]
            self.assertEqual((filled.deal.closePositionDetail.swap, filled.position.swap), (swap, rest))
        self.assertEqual(self.account.charged, {})

    def test_periods(self) -> None:
        """
        Other hours, free periods at first, weekends, and a change that counts from now on.
        """
        self.exchange.changeSymbol(
            EURUSD, swapPeriod=8, swapTime=0, skipSwapPeriods=2, swapRollover3Days=ProtoOADayOfWeek.NONE
        )
        self.opened(volume=10_000_000)
        self.clock.advance(6 * 3600)
        self.assertEqual(self.swaps(), [])
        self.clock.advance(8 * 3600)
        self.assertEqual(self.swaps(), [])
        self.clock.advance(8 * 3600)
        self.assertEqual(self.swaps(), [-6_900])
        self.exchange.changeSymbol(EURUSD, swapPeriod=24, chargeSwapAtWeekends=True, skipSwapPeriods=0)
        self.client.received()
        self.assertEqual(len(self.days(7)), 7)

    def test_missing(self) -> None:
        """
        Without a price for the conversion it is charged when there is one again, and not forgotten.
        """
        self.opened(symbolId=GER40, volume=100)
        kept = list(self.prices.listed)
        self.prices.listed.clear()
        self.clock.advance(_TO_SWAP)
        self.assertEqual(self.swaps(), [])
        self.prices.listed.extend(kept)
        self.clock.advance(60)
        self.assertEqual(self.swaps(), [-302])
        self.clock.advance(_DAY)
        self.assertEqual(self.swaps(), [-403])


class RestartTests(_SwapCase):
    """
    Nothing is charged twice, and nothing is forgotten.
    """

    def restarted(self, seconds: float, **missing: str) -> TradingAccount:
        """
        Give the account after a stop of some time and the start of another process.
        """
        self.exchange.stop()
        state = json.loads(json.dumps(dumpState(self.exchange)))
        for each in state["accounts"]:
            for name in missing:
                del each[name]
        clock = Clock()
        clock.advance(self.clock.seconds() + seconds)
        other = Exchange.default(clock, replay={"EURUSD": self.prices}, settings=self.settings)
        other.timeline.setTo(self.exchange.timeline.now() + round(seconds * 1000))
        loadState(other, state)
        other.start()
        other.stop()
        return other.venue.accounts[self.accountId]

    def swap(self, account: TradingAccount) -> int:
        [position] = account.openPositions()
        return int(position.swap)

    def test_before(self) -> None:
        """
        A stop before the time and a start after it.
        """
        self.opened(volume=10_000_000)
        self.assertEqual(self.swap(self.restarted(_TO_SWAP)), -20_700)

    def test_after(self) -> None:
        """
        What was charged is not charged again; the nights of a long stop all are.
        """
        self.opened(volume=10_000_000)
        self.clock.advance(_TO_SWAP)
        self.assertEqual(self.swap(self.restarted(60)), -20_700)
        self.assertEqual(self.swap(self.restarted(2 * _DAY)), -34_500)

    def test_missingAfterwards(self) -> None:
        """
        Of several nights each is for itself: the one that costs nothing is over, and the other waits for its price.
        """
        self.exchange.changeSymbol(GER40, skipSwapPeriods=1)
        self.opened(symbolId=GER40, volume=100)
        kept = list(self.prices.listed)
        self.exchange.stop()
        self.clock.advance(_TO_SWAP + _DAY + 1)
        self.prices.listed.clear()
        self.exchange.start()
        self.assertEqual(self.swap(self.account), 0)
        self.prices.listed.extend(kept)
        self.clock.advance(60)
        self.assertEqual(self.swap(self.account), -101)

    def test_old(self) -> None:
        """
        What a state of an earlier version holds is charged from now on.
        """
        self.opened(volume=10_000_000)
        account = self.restarted(2 * _DAY, charged="")
        self.assertEqual(self.swap(account), 0)
        self.assertEqual(len(account.charged), 1)

    def test_lateClock(self) -> None:
        """
        A clock that jumps over several nights charges them all, each with its event.
        """
        self.opened(volume=10_000_000)
        self.clock.advance(_TO_SWAP + 5 * _DAY)
        self.assertEqual(self.swaps(), [-20_700, -27_600, -34_500, -41_400])


class RolloverTests(_SwapCase):
    """
    Accounts without swaps.
    """

    accountId = NETTED_ACCOUNT

    def test_commission(self) -> None:
        """
        They pay by lot and night out of the balance, after some free nights, and Friday's counts three times here.
        """
        self.exchange.changeSymbol(
            EURUSD,
            rolloverCommission=500,
            skipRolloverDays=1,
            rolloverCommission3Days=ProtoOADayOfWeek.FRIDAY,
        )
        self.exchange.changeAccount(NETTED_ACCOUNT, swapFree=True)
        self.opened(volume=20_000_000)
        self.clock.advance(_TO_SWAP)
        self.assertEqual(self.client.messages(), [])
        booked: list[Any] = []
        for _ in range(5):
            self.clock.advance(_DAY)
            events = [each for each in self.client.messages() if isinstance(each, ProtoOAExecutionEvent)]
            booked += [each.depositWithdraw for each in events]
        self.assertEqual([each.delta for each in booked], [-1_000, -3_000, -1_000])
        self.assertEqual({each.operationType for each in booked}, {ProtoOAChangeBalanceType.BALANCE_WITHDRAW_ROLLOVER})
        self.assertEqual(self.account.balance, 995_000)
        self.assertEqual(self.reconcile().position[0].swap, 0)
        self.assertTrue(self.account.trader().swapFree)


class EuroRolloverTests(_SwapCase):
    """
    An account in euros.
    """

    accountId = EUR_ACCOUNT

    def test_converted(self) -> None:
        """
        What is charged in dollars is converted; it is charged once a day, however often swaps would be.
        """
        nothing = ProtoOADayOfWeek.NONE
        self.exchange.changeSymbol(EURUSD, rolloverCommission=500, rolloverCommission3Days=nothing, swapPeriod=8)
        self.exchange.changeAccount(self.accountId, swapFree=True)
        self.opened(volume=20_000_000)
        self.clock.advance(_TO_SWAP + 1)
        self.clock.advance(_DAY)
        self.assertEqual([each.delta for each in self.account.cashFlow.values()], [-893, -893])


class NightTests(_SwapCase):
    """
    The grid of times.
    """

    def test_times(self) -> None:
        """
        Each time is at the same hour of the world's clock, whatever daylight saving does.
        """
        nights = swapsOf(self.exchange.catalogue.full(EURUSD))
        start = datetime(2026, 3, 27, 22, tzinfo=UTC).timestamp() * 1000
        times = list(nights.between(int(start), int(start) + 4 * 86_400_000))
        self.assertEqual([datetime.fromtimestamp(each / 1000, UTC).hour for each in times], [22] * 4)


class AgreementTests(MoneyCase):
    """
    The client's estimate of a night is what the server charges.
    """

    def test_estimates(self) -> None:
        """
        Of several symbols, on both sides, on a night that counts once.
        """
        accountId = self.virtual.accountId
        for symbol in tuple(self.virtual.exchange.catalogue.symbols):
            self.virtual.exchange.changeSymbol(symbol, swapRollover3Days=ProtoOADayOfWeek.NONE)
        self.virtual.exchange.changeSymbol(
            USDJPY, swapType=ProtoOASwapCalculationType.PERCENTAGE, swapLong=Decimal("-3.3")
        )

        async def main(account: Account) -> None:
            estimates, positions = [], []
            for name in ("EURUSD", "EURGBP", "USDJPY"):
                symbol = await account.symbol(name)
                for order in (account.buy, account.sell):
                    trade = await order(symbol, Lots("0.13"))
                    await trade.whenFilled()
                    positions.append(trade.position)
            await self.waitUntil(EPOCH + 43_100_000)
            for position in positions:
                symbol = await account.symbol(position.symbolId)
                estimates.append(await account.swap(symbol, position.side, Lots("0.13")))
            await self.waitUntil(EPOCH + 43_201_000)
            self.assertEqual([position.swap for position in positions], estimates)

        self.go(main, accountId)


class TickTests(_SwapCase):
    """
    Prices of later.
    """

    def test_present(self) -> None:
        """
        The price of the night counts.
        """
        self.exchange.changeSymbol(EURUSD, swapType=ProtoOASwapCalculationType.PERCENTAGE, swapLong=Decimal("-3.6"))
        self.opened(volume=10_000_000)
        self.prices.listed.append(Tick(EPOCH + 43_000_000, 121_980, 121_984))
        self.clock.advance(_TO_SWAP)
        self.assertEqual(self.swaps(), [-3_659])
        self.assertEqual(USD_ACCOUNT, self.accountId)
