"""
The simulator's command line.
"""

from __future__ import annotations

from pathlib import Path

from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.simulator.service import SimulatorService
from ctrader_twisted.tap import sim


class OptionTests(SynchronousTestCase):
    """
    The command line.
    """

    def parse(self, *words: str) -> sim.Options:
        options = sim.Options()
        options.parseOptions(list(words))
        return options

    def test_defaults(self) -> None:
        """
        Without choices the ports are those that are documented.
        """
        options = self.parse("--directory", "d")
        self.assertEqual((options["port"], options["oauth-port"], options["seed"]), (5035, 5080, 0))
        self.assertEqual((options["replay"], options["replay-start"], options["speed"]), ({}, None, 1.0))

    def test_choices(self) -> None:
        """
        Everything can be chosen.
        """
        words = "-d d --port 0 --oauth-port 0 --seed -3 --speed 2.5 --replay EURUSD=a=b --replay USDJPY=c"
        options = self.parse(*words.split(), "--replay-start", "1970-01-01T01:00:01+01:00")
        self.assertEqual((options["port"], options["oauth-port"], options["seed"]), (0, 0, -3))
        self.assertEqual((options["speed"], options["replay-start"]), (2.5, 1_000))
        self.assertEqual(options["replay"], {"EURUSD": Path("a=b"), "USDJPY": Path("c")})

    def test_refusals(self) -> None:
        """
        What makes no sense is refused in a sentence that names it.
        """
        for words, part in (
            ("", "--directory"),
            ("-d d --port x", "'x' is no port"),
            ("-d d --port 65536", "'65536' is no port"),
            ("-d d --seed y", "'y' is no seed"),
            ("-d d --speed 0", "'0' is no speed"),
            ("-d d --speed fast", "'fast' is no speed"),
            ("-d d --replay-start soon", "'soon' is no time"),
            ("-d d --replay-start 2020-01-01", "no time zone"),
            ("-d d --replay EURUSD", "SYMBOL=FILE"),
            ("-d d --replay NOTHING=f", "no symbol NOTHING"),
            ("-d d --replay-ask EURUSD=", "--replay-ask EURUSD=: say SYMBOL=FILE"),
            ("-d d --replay-ask EURUSD=f", "--replay EURUSD=FILE"),
        ):
            error = self.assertRaises(UsageError, self.parse, *words.split())
            self.assertIn(part, str(error))

    def test_bars(self) -> None:
        """
        Bars of both sides are replayed, from the first on.
        """
        files = Path(self.mktemp()), Path(self.mktemp())
        for file in files:
            file.write_text("timestamp,open,high,low,close\n2012-02-01 00:00:00+00:00,1.5,1.7,1.4,1.6\n")
        words = ("-d", self.mktemp(), "--replay", f"EURUSD={files[0]}", "--replay-ask", f"EURUSD={files[1]}")
        self.assertEqual(self.epoch(*words), 1_328_054_400_000)

    def test_badReplay(self) -> None:
        """
        A file that is not there ends in a sentence.
        """
        options = self.parse("-d", "d", "--replay", f"EURUSD={self.mktemp()}")
        error = self.assertRaises(SystemExit, sim.makeService, options)
        self.assertIn("ctrader-sim:", str(error))

    def test_epoch(self) -> None:
        """
        The simulated world begins now, with the first recorded tick, or where it was told to.
        """
        file = Path(self.mktemp())
        file.write_text("20200101 170000065,1.121200,1.121720,0\n")
        words = ("-d", self.mktemp())
        self.assertGreater(self.epoch(*words), 1_700_000_000_000)
        self.assertEqual(self.epoch(*words, "--replay", f"EURUSD={file}"), 1_577_916_000_065)
        self.assertEqual(self.epoch(*words, "--replay-start", "1970-01-01T00:00:02Z"), 2_000)

    def epoch(self, *words: str) -> int:
        service = sim.makeService(self.parse(*words))
        assert isinstance(service, SimulatorService)
        return service.exchange.timeline.epoch

    def test_plugins(self) -> None:
        """
        twistd finds the simulator.
        """
        [maker] = [each for each in getPlugins(IServiceMaker) if each.tapname == "ctrader-sim"]
        self.assertIs(maker.options, sim.Options)
        self.assertIs(maker.makeService, sim.makeService)
