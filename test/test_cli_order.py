"""
Tests of C{ctrader order}.
"""

from __future__ import annotations

import io
import re
import sys
from collections import deque
from decimal import Decimal
from typing import Any

from click.testing import Result
from rich.console import Console
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import deferLater

from ctrader_twisted.cli import commands_trading
from ctrader_twisted.cli.closing import cancelOrder, closePosition
from ctrader_twisted.cli.confirming import Manner
from ctrader_twisted.cli.following import UNKNOWN
from ctrader_twisted.cli.order import Ticket, placeOrder
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import ConfigurationError, CTraderError, Halted, IllegalValue, OrderRejected, ValueUnknown
from ctrader_twisted.market import Gap, QuoteStream
from ctrader_twisted.schema.messages import ProtoOANewOrderReq
from ctrader_twisted.simulator.faults import Cut, Delay, Incoming, Mute, Outgoing, Refuse, Withhold
from ctrader_twisted.trading import ExpectedMargin, PendingOrder, Side, TradeStatus
from ctrader_twisted.trading.levels import Market
from ctrader_twisted.trading.ordering import newOrder
from ctrader_twisted.units import Lots
from test.commandcase import BrokenPipe, CommandCase


class OrderCase(CommandCase):
    """
    Orders, closes and cancels.
    """

    def ticket(self, **terms: Any) -> Ticket:
        """
        @param terms: what differs from buying 0.10 lots of EURUSD; numbers as texts.
        @return: the order.
        """
        given: dict[str, Any] = {"side": Side.BUY, "symbol": "EURUSD", "lots": "0.10", **terms}
        for name in given.keys() - {"side", "symbol", "label"}:
            given[name] = Decimal(given[name])
        return Ticket(**given)

    def given(self, client: Client, account: Account, manner: Manner | None = None) -> tuple[Any, ...]:
        """
        @param client: the client.
        @param account: the account.
        @param manner: how; by default whatever is asked for is sent.
        @return: what each of the commands is given first.
        """
        return client, account, self.console, self.virtual.clock, manner or Manner()

    def place(self, manner: Manner | None = None, **terms: Any) -> Any:
        """
        @param manner: how.
        @param terms: as of L{ticket}.
        @return: the exit status.
        """
        ticket = self.ticket(**terms)

        async def main(client: Client, account: Account) -> int:
            return await placeOrder(*self.given(client, account, manner), ticket=ticket)

        return self.drive(main)

    async def opened(self, account: Account) -> int:
        """
        Open a position of 0.1 lots.

        @param account: the account.
        @return: its number.
        """
        trade = await account.buy(await account.symbol("EURUSD"), Lots("0.1"))
        await trade.whenFilled()
        self.exchange.seen.clear()
        return trade.position.positionId

    async def waiting(self, account: Account) -> int:
        """
        Place an order that waits.

        @param account: the account.
        @return: its number.
        """
        trade = await account.limitOrder(Side.BUY, await account.symbol("EURUSD"), Lots("0.1"), "0.9")
        self.exchange.seen.clear()
        assert trade.orderId is not None
        return trade.orderId

    def close(self, **what: Any) -> Any:
        """
        Open a position, and close it.

        @param what: what to close, if not all of it.
        @return: the exit status.
        """

        async def main(client: Client, account: Account) -> int:
            positionId = await self.opened(account)
            return await closePosition(*self.given(client, account), **{"positionId": positionId, **what})

        return self.drive(main)


class PlacingTests(OrderCase):
    """
    Placing an order.
    """

    def test_market(self) -> None:
        """
        It is told what will be sent, then that it was accepted and filled.
        """
        self.assertEqual(self.place(), 0)
        self.assertRegex(
            self.text,
            r"^Demo account 20001, login 5000001:\n"
            r"  buy          0\.10 lots of EURUSD, that is 10,000 EUR\n"
            r"  price        the market's\n"
            r"  stop loss    none\n"
            r"  take profit  none\n"
            r"  margin       about \d+\.\d\d USD\n"
            r"  quote        bid 1\.\d{5}, ask 1\.\d{5}, spread \d\.\d pips\n"
            r"Accepted as order 3000001\.\n"
            r"Filled: 0\.1 lots at 1\.\d{5}\.\n"
            r"Position 2000001: stop loss none, take profit none\.\n$",
        )
        self.assertEqual(self.sent(), ["ProtoOANewOrderReq"])

    def test_protected(self) -> None:
        """
        Levels in pips, or as prices of an order at the market, are told as distances from the fill; in the end the
        levels are told that the position has.
        """
        self.place(side=Side.SELL, stopLossPips="20", takeProfit="1.10000", label="[red]")
        self.assertRegex(self.text, r"  stop loss    20 pips from the price of the fill, about 1\.\d{5}\n")
        self.assertRegex(self.text, r"  take profit  \d+(\.\d)? pips from the price of the fill, about 1\.10000\n")
        self.assertIn("  label        [red]\n", self.text)
        told = re.search(r"at (\S+)\.\nPosition 2000001: stop loss (\S+), take profit 1\.10\d+\.\n", self.text)
        assert told is not None
        self.assertEqual(Decimal(told[2]) - Decimal(told[1]), Decimal("0.00200"))

    def test_limit(self) -> None:
        """
        An order at a price waits for it.
        """
        self.assertEqual(self.place(limit="1.05000", stopLoss="1.04000", takeProfitPips="10"), 0)
        self.assertIn("  price        1.05000 or better, for which it waits\n", self.text)
        self.assertIn("  stop loss    1.04000\n", self.text)
        self.assertIn("  take profit  10 pips from the price of the fill, about 1.05100\n", self.text)
        self.assertTrue(self.text.endswith("Accepted as order 3000001.\nIt waits for its price.\n"), self.text)

    def test_prices(self) -> None:
        """
        The prices of an order that waits are told as they are.
        """
        self.place(limit="1.05000", stopLoss="1.04000", takeProfit="1.06000")
        self.assertIn("  stop loss    1.04000\n  take profit  1.06000\n", self.text)

    def test_margin(self) -> None:
        """
        The margin is that of the order's own side.
        """

        async def main(client: Client, account: Account) -> None:
            margin = ExpectedMargin(Decimal("1.00"), Decimal("2.00"))
            self.patch(account, "expectedMargin", lambda symbol, quantity: succeed(margin))
            for side in Side:
                ticket = self.ticket(side=side)
                await placeOrder(*self.given(client, account, Manner(isDry=True)), ticket=ticket)

        self.drive(main)
        self.assertEqual(re.findall(r"margin +about (\S+) USD", self.text), ["1.00", "2.00"])

    def test_limitAtMarket(self) -> None:
        """
        A limit that the market has reached is told as such, and it is waited for the fill.
        """
        self.assertEqual(self.place(side=Side.SELL, limit="1.05000"), 0)
        self.assertIn("1.05000 or better, as the market has it now", self.text)
        self.assertIn("Filled: 0.1 lots at 1.13", self.text)

    def test_stop(self) -> None:
        """
        A stop order waits until the market comes to its price.
        """
        for side, price, where in ((Side.BUY, "1.30000", "risen"), (Side.SELL, "1.05000", "fallen")):
            self.assertEqual(self.place(side=side, stop=price), 0)
            self.assertIn(f"  price        the market's, once it has {where} to {price}\n", self.text)
        self.assertEqual(self.text.count("It waits for its price."), 2)

    def test_sentAsTold(self) -> None:
        """
        What is sent is what was checked and told.
        """
        for terms in ({}, {"limit": "1.05"}, {"limit": "1.3", "side": Side.SELL}, {"stop": "1.3", "label": "mine"}):
            ticket = self.ticket(**terms, stopLossPips="20", takeProfitPips="30")

            async def main(client: Client, account: Account, ticket: Ticket = ticket) -> None:
                symbol = await account.symbol("EURUSD")
                await placeOrder(*self.given(client, account), ticket=ticket)
                [sent] = [each for each in self.exchange.seen if isinstance(each, ProtoOANewOrderReq)]
                told = newOrder(ticket.wish(symbol), Market(None, 0))
                told.ctidTraderAccountId, told.clientOrderId = account.accountId, sent.clientOrderId
                self.assertEqual(sent, told)

            self.exchange.seen.clear()
            self.drive(main)

    def test_partly(self) -> None:
        """
        If only a part is filled, that is told, and what became of the rest.
        """
        self.exchange.limitLiquidity(1, 400_000)
        self.assertEqual(self.place(), 0)
        self.assertRegex(
            self.text, r"Filled: 0\.04 lots at \S+\.\nThe rest, 0\.06 lots, is cancelled\.\nPosition 2000001"
        )

    def test_illegal(self) -> None:
        """
        What cannot be ordered is refused with the nearest that can, and nothing is sent, dry or not.
        """
        for manner in (Manner(), Manner(isDry=True)):
            for terms, nearest in (
                ({"lots": "0.105"}, ("0.1 lots", "0.11 lots")),
                ({"limit": "1.050001"}, ("1.05000", "1.05001")),
                ({"limit": "1.05000", "stopLoss": "1.06000"}, ("1.04999",)),
                ({"stop": "1.00000"}, ("1.13569",)),
                ({"stopLossPips": "0.05"}, ("0.00001",)),
            ):
                error = self.assertRaises(IllegalValue, self.place, manner, **terms)
                self.assertEqual(len(error.nearest), len(nearest))
                if "stop" not in terms:
                    self.assertEqual(tuple(map(str, error.nearest)), nearest)
        self.assertEqual((self.sent(), self.text), ([], ""))

    def test_unknownSymbol(self) -> None:
        """
        A symbol that is not there is an error.
        """
        self.assertIn("similar: EURUSD", str(self.assertRaises(CTraderError, self.place, symbol="EURUSX")))
        self.assertEqual(self.sent(), [])

    def test_noQuote(self) -> None:
        """
        Without a quote an order is still told and sent, but not with a price to count from.
        """
        self.exchange.market.stop()
        self.patch(type(self.exchange.feed), "subscribe", lambda *args, **options: None)
        self.place(Manner(isDry=True), stopLossPips="20")
        self.assertIn("  stop loss    20 pips from the price of the fill\n", self.text)
        self.assertRegex(self.text, r"  margin       unknown: .+\n  quote        unknown\n")
        self.assertRaises(ValueUnknown, self.place, Manner(isDry=True), stopLoss="1.10000")

    def test_gap(self) -> None:
        """
        If the connection was lost before the first quote, there is none.
        """

        async def lost(stream: QuoteStream) -> Gap:
            return Gap(1, 0)

        async def main(client: Client, account: Account) -> None:
            self.patch(QuoteStream, "__anext__", lost)
            await placeOrder(*self.given(client, account, Manner(isDry=True)), ticket=self.ticket())

        self.drive(main)
        self.assertIn("  quote        unknown\n", self.text)

    def test_halted(self) -> None:
        """
        While the account is halted nothing is sent, and a dry run says so too.
        """
        path = self.folder / "halt"
        path.touch()

        async def main(client: Client, account: Account) -> None:
            for manner in (Manner(), Manner(isDry=True)):
                with self.assertRaises(Halted):
                    await placeOrder(*self.given(client, account, manner), ticket=self.ticket())

        self.drive(main, haltFile=path)
        self.assertEqual(self.sent(), [])

    def test_rejected(self) -> None:
        """
        A refusal is the error, with the server's reason.
        """
        self.exchange.faults.add(Incoming(Refuse("NOT_ENOUGH_MONEY", "Not enough funds"), message="ProtoOANewOrderReq"))
        error = self.assertRaises(OrderRejected, self.place)
        self.assertIn("NOT_ENOUGH_MONEY", error.explain())
        self.assertNotIn("Accepted", self.text)

    def test_notCovered(self) -> None:
        """
        If the tokens do not cover the account any more, nothing is sent.
        """

        async def main(client: Client, account: Account) -> None:
            self.patch(client, "accounts", lambda: succeed(()))
            await placeOrder(*self.given(client, account), ticket=self.ticket())

        self.assertRaises(ConfigurationError, self.drive, main)
        self.assertEqual(self.sent(), [])


class DryTests(OrderCase):
    """
    Dry runs.
    """

    def test_nothingSent(self) -> None:
        """
        Everything is told, and nothing is sent.
        """

        async def main(client: Client, account: Account) -> None:
            given = self.given(client, account, Manner(isDry=True))
            positionId, orderId = await self.opened(account), await self.waiting(account)
            chosen: tuple[dict[str, str], ...] = (
                {},
                {"limit": "1.05000"},
                {"stop": "1.30000"},
                {"stopLoss": "1.10000"},
            )
            for terms in chosen:
                self.assertEqual(await placeOrder(*given, ticket=self.ticket(**terms)), 0)
            self.assertEqual(await closePosition(*given, positionId=positionId), 0)
            self.assertEqual(await closePosition(*given, positionId=positionId, lots=Decimal("0.04")), 0)
            self.assertEqual(await cancelOrder(*given, orderId=orderId), 0)

        self.drive(main)
        self.assertEqual(self.sent(), [])
        self.assertEqual(self.text.count("Nothing was sent: this was a dry run."), 7)

    def test_sure(self) -> None:
        """
        Who says both to ask nobody and to send nothing sends nothing.
        """
        self.assertEqual(self.place(Manner(isDry=True, isSure=True)), 0)
        self.assertEqual(self.sent(), [])


class LiveTests(OrderCase):
    """
    On a live account, who sends something confirms it.
    """

    isLive = True

    def asked(self, typed: str | None) -> Manner:
        """
        @param typed: what the user types.
        @return: the manner of somebody at a terminal.
        """
        return Manner(readLine=lambda: Deferred() if typed is None else succeed(typed))

    def test_confirmed(self) -> None:
        """
        Who types the login number of the account sends the order.
        """
        self.assertEqual(self.place(self.asked("9000001")), 0)
        self.assertIn("Live account 20003, login 9000001:\n", self.text)
        self.assertIn("This is about real money. To go on, type the account's login number:\n", self.text)
        self.assertEqual(self.sent(), ["ProtoOANewOrderReq"])

    def test_notConfirmed(self) -> None:
        """
        Whatever else is typed sends nothing.
        """
        for typed in ("", "y", "yes", "20003", "9000001 9000001"):
            self.assertRaises(ConfigurationError, self.place, self.asked(typed))
        self.assertEqual(self.sent(), [])

    def test_noTerminal(self) -> None:
        """
        Where nobody can type nothing is sent, unless it was said that nobody shall be asked.
        """
        self.assertIn("--yes", str(self.assertRaises(ConfigurationError, self.place)))
        self.assertEqual(self.sent(), [])
        self.assertEqual(self.place(Manner(isSure=True)), 0)
        self.assertEqual(self.sent(), ["ProtoOANewOrderReq"])

    def test_dry(self) -> None:
        """
        For a dry run nobody is asked.
        """
        self.assertEqual(self.place(Manner(isDry=True)), 0)
        self.assertEqual(self.sent(), [])

    def test_interrupted(self) -> None:
        """
        Ctrl-C at the question sends nothing, and says so.
        """

        async def main(client: Client, account: Account) -> None:
            given = self.given(client, account, self.asked(None))
            with self.assertRaises(CancelledError):
                await self.interrupted(placeOrder(*given, ticket=self.ticket()), 60)

        self.drive(main)
        self.assertTrue(self.text.endswith("Nothing was sent.\n"))
        self.assertEqual(self.sent(), [])

    def test_closing(self) -> None:
        """
        A close and a cancel are confirmed likewise.
        """

        async def main(client: Client, account: Account) -> None:
            positionId, orderId = await self.opened(account), await self.waiting(account)
            for manner in (Manner(), self.asked("no")):
                with self.assertRaises(ConfigurationError):
                    await closePosition(*self.given(client, account, manner), positionId=positionId)
                with self.assertRaises(ConfigurationError):
                    await cancelOrder(*self.given(client, account, manner), orderId=orderId)
            self.assertEqual(self.sent(), [])
            given = self.given(client, account, self.asked("9000001"))
            await closePosition(*given, positionId=positionId)
            await cancelOrder(*given, orderId=orderId)

        self.drive(main)
        self.assertEqual(self.sent(), ["ProtoOAClosePositionReq", "ProtoOACancelOrderReq"])

    def test_changed(self) -> None:
        """
        A position that has changed while the user was asked is not closed, since it is not what was shown.
        """

        async def main(client: Client, account: Account) -> None:
            positionId = await self.opened(account)
            (position,) = account.positions

            def typed() -> Deferred[str]:
                return position.close(Lots("0.04")).addCallback(lambda _: "9000001")

            given = self.given(client, account, Manner(readLine=typed))
            with self.assertRaisesRegex(CTraderError, "holds 0.06 lots now, so nothing was sent"):
                await closePosition(*given, positionId=positionId)

        self.drive(main)
        self.assertEqual(self.sent(), ["ProtoOAClosePositionReq"])


class OutcomeTests(OrderCase):
    """
    What became of an order whose answer does not come.
    """

    def test_found(self) -> None:
        """
        An order that was executed and not answered is found, and is sent once.
        """
        self.exchange.faults.add(Incoming(Mute(), message="ProtoOANewOrderReq"))
        self.assertEqual(self.place(), 0)
        self.assertIn(
            "NewOrder for account 20001: no answer within 30 s; it is not sent again. What became of it is being found "
            "out.\nAccepted as order 3000001.\nFilled: 0.1 lots",
            self.text,
        )
        self.assertEqual(self.sent(), ["ProtoOANewOrderReq"])

    def test_absent(self) -> None:
        """
        One that never came there is told as refused.
        """
        self.exchange.faults.add(Incoming(Withhold(), message="ProtoOANewOrderReq"))
        self.assertRaises(OrderRejected, self.place)
        self.assertEqual(self.sent(), ["ProtoOANewOrderReq"])

    def test_unknown(self) -> None:
        """
        If it cannot be found out, the exit status is one of its own, and it is said what to do.
        """
        self.exchange.faults.add(Outgoing(Cut(), message="ProtoOAExecutionEvent"))

        async def main(client: Client, account: Account) -> int:
            self.exchange.faults.refuseConnections()
            return await placeOrder(*self.given(client, account), ticket=self.ticket())

        self.assertEqual(self.drive(main), UNKNOWN)
        self.assertIn("The order was sent, and it is not known what became of it. Look at ctrader positions", self.text)
        self.assertEqual(self.sent(), ["ProtoOANewOrderReq"])

    def test_notFilled(self) -> None:
        """
        So it is if it was accepted, and its fill is not heard of.
        """
        self.exchange.faults.add(Outgoing(Withhold(), message="ProtoOAExecutionEvent", nth=2))
        self.assertEqual(self.place(), UNKNOWN)
        self.assertIn("Accepted as order 3000001.\nOrder 3000001 is accepted; more is not known. Look at", self.text)

    def test_levelsNotTold(self) -> None:
        """
        If the levels are not told after the fill, that is said.
        """
        self.exchange.faults.add(Outgoing(Withhold(), message="ProtoOAExecutionEvent", nth=3))
        self.assertEqual(self.place(stopLossPips="20"), 0)
        self.assertIn("Position 2000001: its stop loss and take profit are not known yet.", self.text)

    def interrupt(self, rule: Incoming | Outgoing, seconds: float) -> str:
        """
        @param rule: what goes wrong.
        @param seconds: when Ctrl-C is pressed.
        @return: the last line of what is shown.
        """
        self.exchange.faults.add(rule)

        async def main(client: Client, account: Account) -> None:
            given = self.given(client, account)
            with self.assertRaises(CancelledError):
                await self.interrupted(placeOrder(*given, ticket=self.ticket()), seconds)

        self.drive(main)
        self.assertEqual(self.sent(), ["ProtoOANewOrderReq"])
        return self.text.splitlines()[-1]

    def test_interrupted(self) -> None:
        """
        Ctrl-C after the order was sent takes nothing back, and says what is known.
        """
        self.assertEqual(
            self.interrupt(Incoming(Delay(20.0), message="ProtoOANewOrderReq"), 10.0),
            "The order was sent, and it is not known what became of it. Ending this command does not take it back. "
            "Look at ctrader positions before you send anything again.",
        )

    def test_interruptedLater(self) -> None:
        """
        If it was accepted, that is known.
        """
        line = self.interrupt(Outgoing(Withhold(), message="ProtoOAExecutionEvent", nth=2), 10.0)
        self.assertIn("Order 3000001 is accepted; more is not known. Ending this command", line)


class UnreadTests(OrderCase):
    """
    Somebody has ceased to read what is told, as C{head} does.
    """

    def setUp(self) -> None:
        """
        Hear what is told on standard error.
        """
        super().setUp()
        self.complaints = io.StringIO()
        self.patch(sys, "stderr", self.complaints)

    def test_before(self) -> None:
        """
        What is not told is not sent.
        """
        self.console = Console(file=BrokenPipe(3))
        self.assertRaises(OSError, self.place)
        self.assertEqual(self.sent(), [])

    def test_after(self) -> None:
        """
        What was sent is followed to its end, and has the exit status of that end; the rest is told on standard error.
        """
        self.console = Console(file=BrokenPipe(7))
        self.assertEqual(self.place(), 0)
        self.assertRegex(
            self.complaints.getvalue(),
            r"^Accepted as order 3000001\.\nFilled: 0\.1 lots at \S+\.\nPosition 2000001: .+\.\n$",
        )

    def test_closed(self) -> None:
        """
        So is a close.
        """
        self.console = Console(file=BrokenPipe(2))
        self.assertEqual(self.close(), 0)
        self.assertRegex(self.complaints.getvalue(), r"^Closed 0\.1 lots at [^\n]+\n$")

    def test_noError(self) -> None:
        """
        Without standard error likewise, but nobody hears of it.
        """
        self.patch(sys, "stderr", BrokenPipe())
        self.console = Console(file=BrokenPipe(7))
        self.assertEqual(self.place(), 0)


class ClosingTests(OrderCase):
    """
    Closing positions.
    """

    def test_whole(self) -> None:
        """
        It is told what is closed, and what that made.
        """
        self.assertEqual(self.close(), 0)
        self.assertRegex(
            self.text,
            r"^Demo account 20001, login 5000001: close 0\.1 lots of position 2000001\n"
            r"  \(buy 0\.1 lots of EURUSD, opened at 1\.\d{5}\)\n"
            r"Closed 0\.1 lots at 1\.\d{5}: profit -?\d\.\d\d, commission -\d\.\d\d, swap 0\.00; together -?\d\.\d\d\. "
            r"The balance is \d+\.\d\d\.\n$",
        )
        *parts, together = map(Decimal, re.findall(r"(?:profit|commission|swap|together) (-?\d+\.\d\d)", self.text))
        self.assertEqual(sum(parts), together)

    def test_digits(self) -> None:
        """
        The prices of what another process has opened have all their digits, too.
        """

        async def opened(client: Client, account: Account) -> tuple[int, int]:
            return await self.opened(account), await self.waiting(account)

        positionId, orderId = self.drive(opened)

        async def main(client: Client, account: Account) -> None:
            (position,) = account.positions
            position.entryPrice = Decimal("1.1")
            given = self.given(client, account, Manner(isDry=True))
            await closePosition(*given, positionId=positionId)
            await cancelOrder(*given, orderId=orderId)

        self.drive(main)
        self.assertIn("opened at 1.10000)\n", self.text)
        self.assertIn("at 0.90000\n", self.text)

    def test_part(self) -> None:
        """
        A part is closed in legal steps, and not more than there is.
        """
        self.assertEqual(self.close(lots=Decimal("0.04")), 0)
        self.assertIn("Closed 0.04 lots", self.text)
        for lots, nearest in (("0.045", ["0.04 lots", "0.05 lots"]), ("0.2", ["0.1 lots"])):
            error = self.assertRaises(IllegalValue, self.close, lots=Decimal(lots))
            self.assertEqual(list(map(str, error.nearest)), nearest)
        self.assertEqual(self.sent(), [])

    def test_missing(self) -> None:
        """
        If there is no such position, those are told that there are.
        """
        error = self.assertRaises(IllegalValue, self.close, positionId=7)
        self.assertEqual(str(error), "the account has no open position 7; it has 2000001")

    def test_found(self) -> None:
        """
        A close that was executed and not answered is found.
        """
        self.exchange.faults.add(Incoming(Mute(), message="ProtoOAClosePositionReq"))
        self.assertEqual(self.close(), 0)
        self.assertIn("The close of position 2000001 is done, by this request or by another client.", self.text)
        self.assertEqual(self.sent(), ["ProtoOAClosePositionReq"])

    def test_unknown(self) -> None:
        """
        If it cannot be found out what became of it, the status says so.
        """
        self.exchange.faults.add(Incoming(Mute(), message="ProtoOAClosePositionReq"))

        async def main(client: Client, account: Account) -> int:
            positionId = await self.opened(account)
            self.virtual.clock.callLater(20, self.exchange.disconnectAll)
            self.exchange.faults.refuseConnections()
            return await closePosition(*self.given(client, account), positionId=positionId)

        self.assertEqual(self.drive(main), UNKNOWN)
        self.assertIn("was sent, and it is not known what became of it. Look at ctrader positions", self.text)

    def test_notDone(self) -> None:
        """
        If it is found that it was not done, that is the error.
        """
        self.exchange.faults.add(Incoming(Withhold(), message="ProtoOAClosePositionReq"))
        error = self.assertRaises(CTraderError, self.close)
        self.assertEqual(str(error), "The close of position 2000001 was not done")

    def test_interruptedBefore(self) -> None:
        """
        Ctrl-C before it is sent sends nothing.
        """

        async def main(client: Client, account: Account) -> None:
            orderId = await self.waiting(account)
            self.exchange.changeSymbol(1, maxVolume=10_000_000)
            self.exchange.faults.add(Incoming(Delay(20.0), message="ProtoOASymbolByIdReq"))
            await deferLater(self.virtual.clock, 1)
            with self.assertRaises(CancelledError):
                await self.interrupted(cancelOrder(*self.given(client, account), orderId=orderId), 5)
            await deferLater(self.virtual.clock, 60)

        self.drive(main)
        self.assertEqual((self.sent(), self.text), ([], ""))

    def test_interrupted(self) -> None:
        """
        Ctrl-C takes nothing back.
        """
        self.exchange.faults.add(Incoming(Delay(20.0), message="ProtoOAClosePositionReq"))

        async def main(client: Client, account: Account) -> None:
            given = self.given(client, account)
            positionId = await self.opened(account)
            with self.assertRaises(CancelledError):
                await self.interrupted(closePosition(*given, positionId=positionId), 5)
            await deferLater(self.virtual.clock, 30)
            self.assertEqual(account.positions, ())

        self.drive(main)
        self.assertIn("The close of position 2000001 was sent, and it is not known what became of it.", self.text)


class CancellingTests(OrderCase):
    """
    Cancelling orders.
    """

    def cancel(self, orderId: int | None = None) -> Any:
        """
        Place an order and cancel it.

        @param orderId: another one to cancel.
        @return: the exit status.
        """

        async def main(client: Client, account: Account) -> int:
            placed = await self.waiting(account)
            given = self.given(client, account)
            return await cancelOrder(*given, orderId=placed if orderId is None else orderId)

        return self.drive(main)

    def test_cancelled(self) -> None:
        """
        It is told what is cancelled.
        """
        self.assertEqual(self.cancel(), 0)
        self.assertEqual(
            self.text,
            "Demo account 20001, login 5000001: cancel order 3000001, buy 0.1 lots of EURUSD at 0.90000\n"
            "Order 3000001 is cancelled.\n",
        )

    def test_rest(self) -> None:
        """
        Of an order that was filled in part, the rest is told.
        """

        async def main(client: Client, account: Account) -> None:
            placed = await self.waiting(account)
            (order,) = account.orders
            order.executedVolume = 400_000
            await cancelOrder(*self.given(client, account, Manner(isDry=True)), orderId=placed)

        self.drive(main)
        self.assertIn("cancel order 3000001, buy 0.06 lots of EURUSD", self.text)

    def test_filled(self) -> None:
        """
        If it was filled before, that is the error.
        """

        async def main(client: Client, account: Account) -> int:
            placed = await self.waiting(account)
            [order] = account.orders

            def cancel() -> Deferred[PendingOrder]:
                order.status = TradeStatus.FILLED
                return succeed(order)

            self.patch(order, "cancel", cancel)
            return await cancelOrder(*self.given(client, account), orderId=placed)

        error = self.assertRaises(CTraderError, self.drive, main)
        self.assertEqual(str(error), "order 3000001 was not cancelled: it had ended before, and is filled")

    def test_missing(self) -> None:
        """
        If there is no such order, that is the error.
        """
        error = self.assertRaises(IllegalValue, self.cancel, 7)
        self.assertEqual(str(error), "the account has no order that waits 7; it has 3000001")
        self.assertEqual(self.sent(), [])


class CommandTests(OrderCase):
    """
    The commands.
    """

    def order(self, *words: str) -> Result:
        """
        @param words: what follows C{ctrader order}.
        @return: how it ended.
        """
        return self.invoke("order", *words, "--account", str(self.virtual.accountId))

    def test_orders(self) -> None:
        """
        What is said on the command line is what is sent.
        """
        for words, shown in (
            (("buy", "EURUSD", "0.10"), "Filled: 0.1 lots"),
            (("sell", "EURUSD", "0.1", "--stop-loss-pips", "20", "--take-profit", "1.10000"), "20 pips"),
            (("buy", "EURUSD", "1", "--limit", "1.05", "--stop-loss", "1.04", "--label", "mine"), "label        mine"),
            (("sell", "EURUSD", "1", "--stop", "1.05", "--take-profit-pips", "10"), "fallen to 1.05000"),
            (("cancel", "3000004"), "Order 3000004 is cancelled."),
            (("close", "2000001", "0.04"), "Closed 0.04 lots"),
            (("close", "2000001"), "Closed 0.06 lots"),
            (("buy", "EURUSD", "0.10", "--dry-run"), "Nothing was sent"),
        ):
            result = self.order(*words)
            self.assertEqual((result.exit_code, shown in result.output), (0, True), result.output)
        self.assertEqual(len(self.sent()), 7)

    def test_usage(self) -> None:
        """
        What is no number, or says one thing twice, is refused before anything is begun.
        """
        for words, sentence in (
            (("buy", "EURUSD", "0,1"), "'0,1' is not a number"),
            (("buy", "EURUSD", "0_1"), "'0_1' is not a number"),
            (("buy", "EURUSD", "nan"), "not a finite number"),
            (("buy", "EURUSD"), "Missing argument 'LOTS'"),
            (("buy", "EURUSD", "1", "--limit", "1", "--stop", "1"), "give --limit or --stop, not both"),
            (("buy", "EURUSD", "1", "--stop-loss", "1", "--stop-loss-pips", "1"), "--stop-loss or --stop-loss-pips"),
            (("close", "x"), "'x' is not a valid integer"),
            (("cancel", "0"), "0 is not in the range"),
        ):
            result = self.order(*words)
            self.assertEqual(result.exit_code, 2)
            self.assertIn(sentence, result.output)
        self.assertEqual(self.exchange.seen, deque())

    def test_illegal(self) -> None:
        """
        What the symbol does not allow has status 1, and the nearest legal values are told.
        """
        result = self.order("buy", "EURUSD", "0.105")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("The nearest legal values are 0.1 lots, 0.11 lots.", result.output)

    def test_rejected(self) -> None:
        """
        A refusal of the server's has status 1.
        """
        self.exchange.faults.add(Incoming(Refuse("NOT_ENOUGH_MONEY"), message="ProtoOANewOrderReq"))
        result = self.order("buy", "EURUSD", "0.1")
        self.assertEqual((result.exit_code, "NOT_ENOUGH_MONEY" in result.output), (1, True))

    def test_unknown(self) -> None:
        """
        An unknown outcome has status 3.
        """
        self.exchange.faults.add(Outgoing(Withhold(), message="ProtoOAExecutionEvent", nth=2))
        result = self.order("buy", "EURUSD", "0.1")
        self.assertEqual(result.exit_code, UNKNOWN, result.output)

    def test_live(self) -> None:
        """
        On a live profile nothing is sent without a terminal, unless it was said that nobody shall be asked.
        """
        self.isLive = True
        words = ("order", "buy", "EURUSD", "0.1", "--profile", "live")
        result = self.invoke(*words)
        self.assertEqual((result.exit_code, self.sent()), (1, []))
        self.assertIn("--yes", result.output)
        self.assertEqual(self.invoke(*words, "--yes").exit_code, 0)
        self.assertEqual(self.sent(), ["ProtoOANewOrderReq"])

    def test_terminal(self) -> None:
        """
        The user is asked where both the screen and the keyboard are a terminal.
        """
        stdin = io.StringIO()
        self.patch(sys, "stdin", stdin)
        for isTerminal, isTyping in ((True, True), (True, False), (False, True)):
            self.patch(stdin, "isatty", lambda isTyping=isTyping: isTyping)
            console = Console(file=self.file, force_terminal=isTerminal)
            manner = commands_trading._manner(self.virtual.clock, console, isSure=False)
            self.assertEqual(manner.readLine is not None, isTerminal and isTyping)

    def test_liveNotSpelled(self) -> None:
        """
        A live profile that is not named on the command line is not used at all.
        """
        self.isLive = True
        result = self.invoke("order", "buy", "EURUSD", "0.1", "--yes")
        self.assertEqual((result.exit_code, list(self.exchange.seen)), (1, []))
