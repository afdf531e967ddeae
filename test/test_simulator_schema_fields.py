"""
Fields of requests and answers that no other test of the simulator looks at, and the borders of pages.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAAccountDisconnectEvent,
    ProtoOAAccountLogoutReq,
    ProtoOAAccountLogoutRes,
    ProtoOAArchivedSymbol,
    ProtoOAChangeBalanceType,
    ProtoOAChangeBonusType,
    ProtoOADayOfWeek,
    ProtoOADealListByPositionIdReq,
    ProtoOADealListReq,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAExpectedMarginReq,
    ProtoOAGetAccountListByAccessTokenReq,
    ProtoOAGetTickDataReq,
    ProtoOAGetTrendbarsReq,
    ProtoOAMinCommissionType,
    ProtoOAOrderListByPositionIdReq,
    ProtoOAOrderListReq,
    ProtoOAOrderTriggerMethod,
    ProtoOAQuoteType,
    ProtoOASpotEvent,
    ProtoOASubscribeSpotsReq,
    ProtoOASwapCalculationType,
    ProtoOASymbolByIdReq,
    ProtoOASymbolDistanceType,
    ProtoOASymbolsListReq,
    ProtoOATraderReq,
    ProtoOATraderUpdatedEvent,
    ProtoOATradingMode,
    ProtoOATrendbarPeriod,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.market.symbols import Holiday
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.state import dumpState, loadState
from ctrader_twisted.simulator.world import EPOCH, USD_ACCOUNT
from test.exchangecase import ClientCase
from test.rawclient import ListedPrices
from test.tradingcase import EURUSD, GER40, LIMIT, STOP, TradingCase

_EURSEK, _FRA40 = 15, 105
_Change = ProtoOAChangeBalanceType


class ArchivedTests(ClientCase):
    """
    Symbols that are not offered any more.
    """

    def test_listed(self) -> None:
        """
        They are listed for who asks for them.
        """
        for fields in ({}, {"includeArchivedSymbols": False}):
            self.assertEqual(len(self.ask(ProtoOASymbolsListReq, **fields).archivedSymbol), 0)
        answer = self.ask(ProtoOASymbolsListReq, includeArchivedSymbols=True)
        self.assertEqual({each.symbolId for each in answer.archivedSymbol}, {_EURSEK, _FRA40})
        self.assertNotIn(_EURSEK, {each.symbolId for each in answer.symbol})

    def test_byId(self) -> None:
        """
        Asked for by id they come apart from the others, and are not unknown.
        """
        expected = ProtoOAArchivedSymbol(
            symbolId=_EURSEK,
            name="EURSEK",
            utcLastUpdateTimestamp=1_688_158_800_000,
            description="Euro vs Swedish Krona",
        )
        answer = self.ask(ProtoOASymbolByIdReq, symbolId=[_EURSEK])
        self.assertEqual((list(answer.symbol), list(answer.archivedSymbol)), ([], [expected]))
        answer = self.ask(ProtoOASymbolByIdReq, symbolId=[_EURSEK, EURUSD, 999])
        self.assertEqual([each.symbolId for each in answer.symbol], [EURUSD])
        self.assertEqual(list(answer.archivedSymbol), [expected])

    def test_otherwiseUnknown(self) -> None:
        """
        There are no prices of them.
        """
        self.refused("SYMBOL_NOT_FOUND", ProtoOASubscribeSpotsReq, symbolId=[EURUSD, _EURSEK])


class SpecificationTests(ClientCase):
    """
    All that is said of a symbol.
    """

    def test_everything(self) -> None:
        """
        Each attribute of a specification arrives in a field of its own.
        """
        attributes = {
            "enableShortSelling": False,
            "guaranteedStopLoss": True,
            "swapRollover3Days": ProtoOADayOfWeek.FRIDAY,
            "maxExposure": 5_000_000,
            "minCommissionType": ProtoOAMinCommissionType.QUOTE_CURRENCY,
            "minCommissionAsset": "EUR",
            "rolloverCommission": 7,
            "rolloverCommission3Days": ProtoOADayOfWeek.THURSDAY,
            "skipRolloverDays": 2,
            "tradingMode": ProtoOATradingMode.CLOSE_ONLY_MODE,
            "swapPeriod": 12,
            "swapTime": 60,
            "chargeSwapAtWeekends": True,
            "measurementUnits": "Euros",
        }
        renamed = {
            "stopLossDistance": ("slDistance", 11),
            "takeProfitDistance": ("tpDistance", 12),
            "guaranteedDistance": ("gslDistance", 13),
            "guaranteedCharge": ("gslCharge", 14),
            "distancesIn": ("distanceSetIn", ProtoOASymbolDistanceType.SYMBOL_DISTANCE_IN_PERCENTAGE),
            "minCommission": ("preciseMinCommission", 150_000_000),
            "swapType": ("swapCalculationType", ProtoOASwapCalculationType.POINTS),
            "conversionFeeRate": ("pnlConversionFeeRate", 70),
            "skipSwapPeriods": ("skipSWAPPeriods", 3),
        }
        holiday = Holiday(holidayId=1, name="Rest", date=20_516, isRecurring=True, span=(60, 3_600))
        self.exchange.changeSymbol(
            EURUSD, holidays=(holiday,), **attributes, **{name: value for name, (_, value) in renamed.items()}
        )
        [symbol] = self.ask(ProtoOASymbolByIdReq, symbolId=[EURUSD]).symbol
        for name, value in {**attributes, **dict(renamed.values())}.items():
            self.assertEqual(getattr(symbol, name), value, name)
        # The deprecated fields are those of two decimals.
        self.assertEqual((symbol.commission, symbol.minCommission), (250, 150))
        [told] = symbol.holiday
        self.assertEqual((told.holidayId, told.name, told.description), (1, "Rest", "Rest"))
        self.assertEqual(
            (told.holidayDate, told.isRecurring, told.scheduleTimeZone), (20_516, True, "America/New_York")
        )
        self.assertEqual((told.startSecond, told.endSecond), (60, 3_600))


class SessionTests(ClientCase):
    """
    The end of an account's session.
    """

    def test_logout(self) -> None:
        """
        The answer names the account, and then comes the event; the application stays logged in.
        """
        answer = self.ask(ProtoOAAccountLogoutReq)
        self.assertEqual(answer, ProtoOAAccountLogoutRes(ctidTraderAccountId=USD_ACCOUNT))
        self.refused("INVALID_REQUEST", ProtoOATraderReq)
        self.client.logIn()
        self.client.send(ProtoOAAccountLogoutReq(ctidTraderAccountId=USD_ACCOUNT))
        self.assertEqual(
            self.client.messages(), [answer, ProtoOAAccountDisconnectEvent(ctidTraderAccountId=USD_ACCOUNT)]
        )


class SessionCloseTests(ClientCase):
    """
    The last price of the trading day before, in spot events. The days begin at 22:00 UTC.
    """

    _NIGHT = EPOCH + 12 * 3_600_000
    switch = True

    def makeExchange(self) -> Exchange:
        self.settings = Settings(idleLimit=100_000, sessionCloses=self.switch)
        ticks = [
            Tick(EPOCH - 13 * 3_600_000, 110_000, 110_001),
            Tick(EPOCH - 60_000, 110_500, 110_501),
            Tick(EPOCH + 1_000, 110_600, 110_601),
            Tick(self._NIGHT - 1_000, 110_700, 110_701),
            Tick(self._NIGHT, 110_800, 110_801),
            Tick(self._NIGHT + 1_000, 110_900, 110_901),
        ]
        return Exchange.default(self.clock, replay={"EURUSD": ListedPrices(ticks)}, settings=self.settings)

    def closes(self) -> list[tuple[int, int | None]]:
        """
        @return: the bids that came since the last look, and the closes that came with them.
        """
        return [
            (each.bid, each.sessionClose if each.HasField("sessionClose") else None)
            for each in self.client.messages()
            if isinstance(each, ProtoOASpotEvent)
        ]

    def subscribed(self) -> None:
        self.client.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[EURUSD]))

    def test_told(self) -> None:
        """
        It comes with the first price, and with the first one of another day.
        """
        self.subscribed()
        self.clock.advance(2)
        self.assertEqual(self.closes(), [(110_500, 110_000), (110_600, None)])
        for _ in range(12):
            self.clock.advance(3_600)
        self.assertEqual(self.closes(), [(110_700, None), (110_800, 110_700), (110_900, None)])


class NoSessionCloseTests(SessionCloseTests):
    """
    A server that does not tell it.
    """

    switch = False

    def test_told(self) -> None:
        """
        It never comes.
        """
        self.subscribed()
        self.clock.advance(2)
        self.assertEqual(self.closes(), [(110_500, None), (110_600, None)])


class BrokerTests(TradingCase):
    """
    What a broker gives to an account, and says of it.
    """

    def trader(self) -> Any:
        return self.client.ask(ProtoOATraderReq(ctidTraderAccountId=self.accountId)).trader

    def test_bonus(self) -> None:
        """
        A bonus is told by an event of its own, and then with the account; it counts as equity, and is no money.
        """
        self.exchange.bonus(self.accountId, 500_00, note="Welcome")
        event, updated = self.client.messages()
        self.assertEqual(event.executionType, ProtoOAExecutionType.BONUS_DEPOSIT_WITHDRAW)
        self.assertTrue(event.isServerEvent)
        told = event.bonusDepositWithdraw
        self.assertEqual((told.operationType, told.managerBonus, told.managerDelta), (0, 500_00, 500_00))
        self.assertEqual((told.ibBonus, told.ibDelta, told.externalNote), (0, 0, "Welcome"))
        self.assertEqual((told.changeBonusTimestamp, told.moneyDigits), (EPOCH, 2))
        self.assertFalse(told.HasField("introducingBrokerId"))
        self.assertIsInstance(updated, ProtoOATraderUpdatedEvent)
        self.assertEqual(updated.trader, self.trader())
        self.assertEqual((updated.trader.managerBonus, updated.trader.balance), (500_00, 1_000_000))
        self.client.received()
        self.exchange.bonus(self.accountId, -200_00)
        taken = self.client.messages()[0].bonusDepositWithdraw
        self.assertEqual(taken.operationType, ProtoOAChangeBonusType.BONUS_WITHDRAW)
        self.assertEqual((taken.managerBonus, taken.managerDelta), (300_00, -200_00))
        self.assertGreater(taken.bonusHistoryId, told.bonusHistoryId)

    def test_bonusOfAnother(self) -> None:
        """
        The bonus of an introducing broker is kept apart, and names him.
        """
        self.exchange.bonus(self.accountId, 100_00, introducingBrokerId=77)
        told = self.client.messages()[0].bonusDepositWithdraw
        self.assertEqual((told.ibBonus, told.ibDelta, told.introducingBrokerId), (100_00, 100_00, 77))
        self.assertEqual((told.managerBonus, told.managerDelta), (0, 0))

    def test_bonusTrades(self) -> None:
        """
        What the money does not cover, all bonuses together do; who begins where this exchange ended knows of them.
        """
        order = self.order(volume=100_000_000)
        self.rejected(order, "NOT_ENOUGH_MONEY")
        self.exchange.bonus(self.accountId, 500_00)
        self.exchange.bonus(self.accountId, 500_00, introducingBrokerId=77)
        self.rejected(order, "NOT_ENOUGH_MONEY")
        self.exchange.changeAccount(self.accountId, nonWithdrawableBonus=500_00)
        self.opened(volume=100_000_000)
        other = Exchange.default(self.clock)
        loadState(other, dumpState(self.exchange))
        trader = other.venue.accounts[self.accountId].trader()
        self.assertEqual((trader.managerBonus, trader.ibBonus, trader.nonWithdrawableBonus), (500_00,) * 3)

    def test_olderState(self) -> None:
        """
        What was written before there were bonuses has none.
        """
        state = dumpState(self.exchange)
        del state["ids"]["bonus"]
        for each in state["accounts"]:
            del each["bonuses"]
        other = Exchange.default(self.clock)
        loadState(other, state)
        self.assertEqual(other.venue.accounts[self.accountId].trader(), self.trader())

    def test_wrongBonus(self) -> None:
        """
        No more is taken back than there is, and something has to change.
        """
        self.exchange.bonus(self.accountId, 100)
        self.assertRaises(ValueError, self.exchange.bonus, self.accountId, -101)
        self.assertRaises(ValueError, self.exchange.bonus, self.accountId, -1, introducingBrokerId=1)
        self.assertRaises(ValueError, self.exchange.bonus, self.accountId, 0)

    def test_kindsOfFlow(self) -> None:
        """
        Money comes in and goes out for each reason that the schema has.
        """
        told = set()
        for kind in _Change.values():
            isDeposit = _Change.Name(kind).startswith("BALANCE_DEPOSIT")
            move: Any = self.exchange.deposit if isDeposit else self.exchange.withdraw
            move(self.accountId, 100, kind=kind)
            [event] = self.client.messages()
            told.add(event.depositWithdraw.operationType)
        self.assertEqual(told, set(_Change.values()))
        self.assertRaises(ValueError, self.exchange.deposit, self.accountId, 1, kind=_Change.BALANCE_WITHDRAW_SWAP)
        self.assertRaises(ValueError, self.exchange.withdraw, self.accountId, 1, kind=_Change.BALANCE_DEPOSIT_SWAP)

    def test_listing(self) -> None:
        """
        The list of a token's accounts says when each one's money last changed, and whose account it is.
        """

        def listed() -> Any:
            token = self.exchange.registry.grantNamed("trade").accessToken.reveal()
            return self.client.ask(ProtoOAGetAccountListByAccessTokenReq(accessToken=token)).ctidTraderAccount[0]

        self.assertFalse(listed().HasField("lastBalanceUpdateTimestamp"))
        self.assertEqual(listed().brokerTitleShort, "Simulated")
        self.exchange.deposit(self.accountId, 1)
        self.assertEqual(listed().lastBalanceUpdateTimestamp, EPOCH)
        positionId = self.opened()
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.2)
        closed = listed().lastClosingDealTimestamp
        self.assertEqual(listed().lastBalanceUpdateTimestamp, closed)
        self.clock.advance(1)
        self.exchange.withdraw(self.accountId, 1)
        self.assertGreater(listed().lastBalanceUpdateTimestamp, closed)


class RecordTests(TradingCase):
    """
    What is asked of the past, and the borders of its pages.
    """

    settings = Settings(dealChunk=3, historicalRate=1_000)

    def ask(self, kind: Any, **fields: Any) -> Any:
        return self.client.ask(kind(ctidTraderAccountId=self.accountId, **fields))

    def test_border(self) -> None:
        """
        There is more when there is one record more than a page holds, and not when it is just full.
        """
        for count in range(1, 5):
            self.opened()
            deals, orders = self.ask(ProtoOADealListReq), self.ask(ProtoOAOrderListReq)
            self.assertEqual((len(deals.deal), deals.hasMore), (min(count, 3), count > 3))
            self.assertEqual((len(orders.order), orders.hasMore), (min(count, 3), count > 3))

    def test_borderOfAPosition(self) -> None:
        """
        So it is for the records of one position.
        """
        positionId = self.opened(volume=400_000)
        for count in range(2, 5):
            self.client.send(self.close(positionId, 100_000))
            self.clock.advance(0.2)
            deals = self.ask(ProtoOADealListByPositionIdReq, positionId=positionId)
            orders = self.ask(ProtoOAOrderListByPositionIdReq, positionId=positionId)
            self.assertEqual((len(deals.deal), deals.hasMore), (min(count, 3), count > 3))
            self.assertEqual((len(orders.order), orders.hasMore), (min(count, 3), count > 3))

    def test_maxRows(self) -> None:
        """
        The rows that are asked for are the most that come, within the server's own limit; none is as if not asked.
        """
        for _ in range(4):
            self.opened()
        for maxRows, rows in ((1, 1), (3, 3), (4, 3), (0, 3), (-1, 3)):
            answer = self.ask(ProtoOADealListReq, maxRows=maxRows)
            self.assertEqual((len(answer.deal), answer.hasMore), (rows, True))

    def test_ends(self) -> None:
        """
        Both ends of a span count, and either may be left out.
        """
        positionId = self.opened()
        self.clock.advance(1)
        self.client.send(self.close(positionId, 100_000))
        self.clock.advance(0.2)
        newest, oldest = self.ask(ProtoOADealListByPositionIdReq, positionId=positionId).deal
        first, last = oldest.executionTimestamp, newest.executionTimestamp
        both, older, newer = [last, first], [first], [last]
        for fields, times in (
            ({"fromTimestamp": first, "toTimestamp": last}, both),
            ({"fromTimestamp": first + 1}, newer),
            ({"toTimestamp": last - 1}, older),
            ({"fromTimestamp": first + 1, "toTimestamp": last - 1}, []),
            ({"fromTimestamp": 0, "toTimestamp": first}, older),
        ):
            deals = self.ask(ProtoOADealListByPositionIdReq, positionId=positionId, **fields).deal
            self.assertEqual([each.executionTimestamp for each in deals], times)
            for orders in (
                self.ask(ProtoOAOrderListReq, **fields).order,
                self.ask(ProtoOAOrderListByPositionIdReq, positionId=positionId, **fields).order,
            ):
                self.assertEqual([each.utcLastUpdateTimestamp for each in orders], times)

    def test_wrongSpans(self) -> None:
        """
        A span that is turned round, or leaves the time there is, is refused by each request.
        """
        for kind, more in (
            (ProtoOAOrderListReq, {}),
            (ProtoOADealListReq, {}),
            (ProtoOADealListByPositionIdReq, {"positionId": 1}),
            (ProtoOAOrderListByPositionIdReq, {"positionId": 1}),
            (ProtoOAGetTickDataReq, {"symbolId": EURUSD, "type": ProtoOAQuoteType.BID}),
            (ProtoOAGetTrendbarsReq, {"symbolId": EURUSD, "period": ProtoOATrendbarPeriod.M1}),
        ):
            for start, end in ((2, 1), (-1, 1), (0, 2_147_483_646_001)):
                answer = self.ask(kind, fromTimestamp=start, toTimestamp=end, **more)
                self.assertEqual(answer.errorCode, "INCORRECT_BOUNDARIES")
            self.assertNotIn("errorCode", str(self.ask(kind, fromTimestamp=0, toTimestamp=2_147_483_646_000, **more)))

    def test_protectionOrders(self) -> None:
        """
        Orders that protect are listed only for who asks for them.
        """
        positionId = self.opened(relativeStopLoss=1_000)
        self.assertEqual(len(self.reconcile().order), 0)
        [order] = self.reconcile(protection=True).order
        self.assertEqual((order.positionId, order.closingOrder), (positionId, True))

    def test_triggerMethodOfAChange(self) -> None:
        """
        A stop order that is changed follows another price from then on; the next change that does not name it ends it.
        """
        order = self.pend(STOP, stopPrice=1.13).order
        method = ProtoOAOrderTriggerMethod.OPPOSITE
        for asked, expected in ((method, method), (None, ProtoOAOrderTriggerMethod.TRADE)):
            self.client.received()
            self.client.send(self.change(order.orderId, stopPrice=1.14, stopTriggerMethod=asked))
            [event] = self.client.messages()
            self.assertIsInstance(event, ProtoOAExecutionEvent)
            self.assertEqual(event.order.stopTriggerMethod, expected)

    def test_levelsOfAChange(self) -> None:
        """
        A change of an order gives it other levels, as distances or as prices, and takes away what it leaves out.
        """
        order = self.pend(LIMIT, symbolId=GER40, volume=100, limitPrice=25_000.0).order
        for fields, stop, profit, guaranteed, trailing in (
            ({"relativeStopLoss": 6_000_000, "relativeTakeProfit": 100_000}, 6_000_000, 100_000, False, False),
            ({"stopLoss": 24_940.0, "takeProfit": 25_002.0}, 6_000_000, 200_000, False, False),
            ({"relativeStopLoss": 6_000_000, "guaranteedStopLoss": True}, 6_000_000, 0, True, False),
            ({"relativeStopLoss": 6_000_000, "trailingStopLoss": True}, 6_000_000, 0, False, True),
            ({}, 0, 0, False, False),
        ):
            self.client.received()
            self.client.send(self.change(order.orderId, limitPrice=25_000.0, **fields))
            [event] = self.client.messages()
            self.assertEqual(event.executionType, ProtoOAExecutionType.ORDER_REPLACED)
            changed = event.order
            self.assertEqual((changed.relativeStopLoss, changed.relativeTakeProfit), (stop, profit))
            self.assertEqual((changed.tradeData.guaranteedStopLoss, changed.trailingStopLoss), (guaranteed, trailing))

    def test_expectedMarginOfNothing(self) -> None:
        """
        A volume that is none has no margin.
        """
        for volume in (0, -100_000):
            request = ProtoOAExpectedMarginReq(
                ctidTraderAccountId=self.accountId, symbolId=EURUSD, volume=[100, volume]
            )
            self.invalid(request, "not a volume")


class PriceTests(ClientCase):
    """
    The borders of pages of prices.
    """

    settings = Settings(barChunk=3, tickChunk=3, historicalRate=1_000)

    def makeExchange(self) -> Exchange:
        ticks = [Tick(EPOCH - minute * 60_000, 110_000 + minute, 110_010 + minute) for minute in (4, 3, 2, 1)]
        return Exchange.default(self.clock, replay={"EURUSD": ListedPrices(ticks)}, settings=self.settings)

    def test_bars(self) -> None:
        """
        Three bars are a page; a fourth one is more. A count is a page of its own, never larger, counted back from the
        end; none is as if not given.
        """
        for count, start, expected in (
            (None, 4, (3, True)),
            (None, 3, (3, False)),
            (2, 4, (2, True)),
            (3, 1, (3, True)),
            (5, 4, (3, True)),
            (0, 3, (3, False)),
        ):
            more = {} if count is None else {"count": count}
            answer = self.ask(
                ProtoOAGetTrendbarsReq,
                symbolId=EURUSD,
                period=ProtoOATrendbarPeriod.M1,
                fromTimestamp=EPOCH - start * 60_000,
                toTimestamp=EPOCH,
                **more,
            )
            self.assertEqual((len(answer.trendbar), answer.hasMore), expected)

    def test_ticks(self) -> None:
        """
        So it is with ticks.
        """
        for start, expected in ((4, (3, True)), (3, (3, False))):
            answer = self.ask(
                ProtoOAGetTickDataReq,
                symbolId=EURUSD,
                type=ProtoOAQuoteType.ASK,
                fromTimestamp=EPOCH - start * 60_000,
            )
            self.assertEqual((len(answer.tickData), answer.hasMore), expected)
