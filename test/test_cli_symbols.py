"""
Tests of C{ctrader symbols}.
"""

from __future__ import annotations

import re

from ctrader_twisted.cli.naming import lookUp, symbolName, symbolNamed
from ctrader_twisted.cli.symbols import showSymbols
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import CTraderError, RequestRefused
from ctrader_twisted.schema.messages import ProtoOALightSymbol
from ctrader_twisted.simulator.faults import Incoming, Refuse
from ctrader_twisted.simulator.market.specification import SymbolSpec
from ctrader_twisted.trading import Side
from ctrader_twisted.units import Lots
from test.commandcase import CommandCase


class SymbolTests(CommandCase):
    """
    Symbols, by a part of their names or a pattern.
    """

    def names(self, pattern: str = "") -> list[str]:
        """
        @param pattern: what is looked for.
        @return: the names that are shown.
        """

        async def main(client: Client, account: Account) -> None:
            await showSymbols(account, self.console, pattern)

        before = len(self.text)
        self.drive(main)
        return re.findall(r"^ (\w+) +\d+ ", self.text[before:], re.MULTILINE)

    def test_all(self) -> None:
        """
        Without a pattern all are shown, by name, with what is needed to trade them.
        """
        names = self.names()
        self.assertEqual(names, sorted(names))
        self.assertEqual(set(names), {symbol.name for symbol in self.exchange.catalogue.symbols.values()})
        self.assertRegex(self.text, r"EURUSD +1 +5 +0\.0001 +0\.01 +1,000 +0\.01 +100,000 EUR +Euro vs US Dollar")
        self.assertRegex(self.text, r"XAUUSD +\d+ +2 +1 .+ 100 Oz\. +Gold")

    def test_fitting(self) -> None:
        """
        A part of a name, or a pattern for all of it, in letters of either case, finds those that fit.
        """
        for pattern, names in (("eur", ["EURGBP", "EURJPY", "EURUSD"]), ("*usD", ["EURUSD", "GBPUSD", "XAUUSD"])):
            self.assertEqual(self.names(pattern), names)

    def test_none(self) -> None:
        """
        If none fits, that is an error that tells similar names.
        """
        error = self.assertRaises(CTraderError, self.names, "eurusdx")
        self.assertEqual(
            error.explain(),
            "No symbol is named 'eurusdx'; similar: EURUSD, XAUUSD; ctrader symbols lists all.",
        )

    def test_wide(self) -> None:
        """
        In a pipe a row is one line, however long it is, and nothing in it is taken for markup.
        """
        eurusd = self.exchange.catalogue.symbolNamed("EURUSD")
        self.exchange.changeSymbol(eurusd.symbolId, description="words [red] " * 20)
        self.names("EURUSD")
        self.assertIn(("words [red] " * 20).strip(), self.text)

    def test_withoutLimits(self) -> None:
        """
        What the server does not tell is a dash; a volume that a lot does not divide is told in units; and a symbol that
        is not offered now says so.
        """
        eurusd = self.exchange.catalogue.symbolNamed("EURUSD")
        self.exchange.changeSymbol(eurusd.symbolId, maxVolume=0, stepVolume=0, lotSize=0)
        light = SymbolSpec.light

        def retired(spec: SymbolSpec) -> ProtoOALightSymbol:
            message = light(spec)
            message.enabled = False
            return message

        self.patch(SymbolSpec, "light", retired)
        self.names("EURUSD")
        self.assertRegex(self.text, r"0\.0001 +1,000 units +- +- +- +Euro vs US Dollar \(not offered now\)")

    def test_specificationRefused(self) -> None:
        """
        Those that cannot be looked up are named; if there are no others, that is the error.
        """
        self.exchange.faults.add(Incoming(Refuse("NOT_NOW"), message="ProtoOASymbolByIdReq", nth=1))
        self.assertEqual(self.names("eur"), ["EURGBP", "EURJPY"])
        self.assertIn("EURUSD cannot be shown: SymbolById for account 20001: NOT_NOW", self.text)
        self.exchange.faults.add(Incoming(Refuse("NOT_NOW"), message="ProtoOASymbolByIdReq"))
        self.assertRaises(RequestRefused, self.names, "eur")

    def test_command(self) -> None:
        """
        The command shows them, or ends with status 1 and a sentence.
        """
        self.assertIn("EURUSD", self.invoke("symbols", "--account", "20001").output)
        result = self.invoke("symbols", "eurusdx", "--account", "20001")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("No symbol is named 'eurusdx'", result.output)


class NameTests(CommandCase):
    """
    Symbols of what is held.
    """

    def test_named(self) -> None:
        """
        A name is taken exactly.
        """

        async def main(client: Client, account: Account) -> None:
            self.assertEqual((await symbolNamed(account, "EURUSD")).symbolId, 1)
            with self.assertRaises(CTraderError):
                await symbolNamed(account, "eurusd")

        self.drive(main)

    def test_held(self) -> None:
        """
        Of what is held the symbols are looked up; one that cannot be is called by its number.
        """

        async def place(client: Client, account: Account) -> None:
            for name in ("EURUSD", "GBPUSD"):
                await account.limitOrder(Side.BUY, await account.symbol(name), Lots("0.01"), "0.9")

        self.drive(place)

        async def look(client: Client, account: Account) -> None:
            orders = account.orders
            self.assertEqual([symbolName(each) for each in orders], ["symbol 1", "symbol 2"])
            self.exchange.faults.add(Incoming(Refuse("NOT_NOW"), message="ProtoOASymbolByIdReq", nth=1))
            await lookUp(account, orders)
            self.assertEqual(sorted(map(symbolName, orders)), ["GBPUSD", "symbol 1"])

        self.drive(look)
