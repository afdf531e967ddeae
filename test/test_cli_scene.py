"""
Tests of where the tour plays, and of the script that it leaves.
"""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig
from datetime import UTC, datetime
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli.scene import readReplay, sceneFor
from ctrader_twisted.cli.script import NAME, commands, template, writeScript
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.summary import Tick
from ctrader_twisted.simulator.world import EPOCH

PROJECT = Path(__file__).resolve().parent.parent

HOUR = 3_600_000


def at(*parts: int) -> int:
    """
    @param parts: year, month, day and more.
    @return: the time in UTC, in milliseconds since 1970.
    """
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


def prices(first: int, last: int) -> ReplayedPrices:
    """
    @param first: the time of the first tick.
    @param last: the time of the last tick.
    @return: recorded prices.
    """
    return ReplayedPrices([Tick(first, 110_000, 110_010), Tick(last, 110_001, 110_011)])


class SceneTests(SynchronousTestCase):
    """
    The moment is in an open market, with history before it and ticks after it.
    """

    def test_seeded(self) -> None:
        """
        Without a file, it is the moment at which all simulations begin.
        """
        scene = sceneFor({})
        self.assertEqual((scene.epoch, dict(scene.replay), scene.speed), (EPOCH, {}, 60.0))

    def test_middle(self) -> None:
        """
        With a file, it is the middle of it.
        """
        first = at(2020, 1, 1, 22)
        scene = sceneFor({"EURUSD": prices(first, first + 8 * HOUR)})
        self.assertEqual((scene.epoch, scene.speed), (first + 4 * HOUR, 60.0))

    def test_several(self) -> None:
        """
        With several files, it is the middle of what they have in common.
        """
        first = at(2020, 1, 1, 22)
        files = {"EURUSD": prices(first, first + 8 * HOUR), "USDJPY": prices(first + 4 * HOUR, first + 20 * HOUR)}
        self.assertEqual(sceneFor(files).epoch, first + 6 * HOUR)

    def test_nothingInCommon(self) -> None:
        """
        Files of different times cannot be replayed together.
        """
        first = at(2020, 1, 1, 22)
        files = {"EURUSD": prices(first, first + HOUR), "USDJPY": prices(first + 2 * HOUR, first + 3 * HOUR)}
        self.assertIn("no time in common", str(self.assertRaises(ConfigurationError, sceneFor, files)))

    def test_weekend(self) -> None:
        """
        If the middle is at the weekend, the nearest open market is taken, with time to go until it closes.
        """
        first, last = at(2020, 1, 3, 12), at(2020, 1, 6, 6)
        epoch = sceneFor({"EURUSD": prices(first, last)}).epoch
        self.assertGreater(epoch, at(2020, 1, 3, 21))
        self.assertLess(epoch, at(2020, 1, 3, 21, 50))

    def test_closed(self) -> None:
        """
        A file of a weekend alone is of no use.
        """
        files = {"EURUSD": prices(at(2020, 1, 4, 10), at(2020, 1, 4, 20))}
        self.assertIn("EURUSD is closed", str(self.assertRaises(ConfigurationError, sceneFor, files)))

    def test_shortFile(self) -> None:
        """
        Time runs no faster than that a short file lasts for the tour, and no slower than ours.
        """
        first = at(2020, 1, 2, 10)
        self.assertEqual(sceneFor({"EURUSD": prices(first, first + 200_000)}).speed, 10.0)
        scene = sceneFor({"EURUSD": ReplayedPrices([Tick(first, 1, 2)])})
        self.assertEqual((scene.epoch, scene.speed), (first, 1.0))

    def test_read(self) -> None:
        """
        Files are read by the names of symbols that there are.
        """
        path = Path(self.mktemp())
        path.write_text("timestamp,bid,ask\n2020-01-02T10:00:00Z,1.1,1.2\n")
        self.assertEqual(readReplay({"EURUSD": path})["EURUSD"].first, at(2020, 1, 2, 10))
        error = self.assertRaises(ConfigurationError, readReplay, {"EURUSX": path})
        self.assertIn("no symbol EURUSX; it has EURUSD, ", str(error))
        self.assertRaises(ConfigurationError, readReplay, {"EURUSD": Path("none")})


class ScriptTests(SynchronousTestCase):
    """
    The script that is left behind.
    """

    def setUp(self) -> None:
        """
        Make a folder for it.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def test_template(self) -> None:
        """
        It is the script of the documentation, letter by letter.
        """
        example = PROJECT / "docs" / "examples" / NAME
        self.assertEqual(template(), example.read_text(encoding="utf-8"))

    def test_written(self) -> None:
        """
        It is written once; as long as nobody has changed it, it is not written again.
        """
        path = writeScript(self.folder)
        self.assertEqual(path, self.folder / NAME)
        self.assertEqual(path.read_text(encoding="utf-8"), template())
        self.assertEqual(writeScript(self.folder), path)
        self.assertEqual(list(self.folder.iterdir()), [path])

    def test_neverOverwritten(self) -> None:
        """
        What somebody has changed, or a folder of that name, stays as it is; the script gets another name, and says so.
        """
        (self.folder / NAME).write_text("mine")
        (self.folder / "first_script_2.py").mkdir()
        path = writeScript(self.folder)
        self.assertEqual(path.name, "first_script_3.py")
        self.assertEqual((self.folder / NAME).read_text(), "mine")
        self.assertIn("Usage: python first_script_3.py", path.read_text(encoding="utf-8"))
        compile(path.read_text(encoding="utf-8"), path.name, "exec")

    def test_cannotWrite(self) -> None:
        """
        A folder that is not there is an error of the system's.
        """
        self.assertRaises(OSError, writeScript, self.folder / "none")

    def test_commands(self) -> None:
        """
        Where the shell does not find the programs by their names, it is told where they are.
        """
        self.patch(os, "environ", {**os.environ, "PATH": ""})
        simulator, client = commands(self.folder / NAME)
        self.assertIn(str(Path(sysconfig.get_path("scripts"), "twistd")), simulator)
        self.assertTrue(simulator.endswith(" --nodaemon ctrader-sim --directory sim"), simulator)
        self.assertIn(str(Path(sys.executable)), client)
        self.assertTrue(client.endswith(f"{self.folder / NAME} sim"), client)

    def test_commandsOnPath(self) -> None:
        """
        Names are enough if they stand for the programs of this very environment; of two, the first one counts.
        """
        own = self.program("own", "python")
        other = self.program("other", "python")
        self.patch(sys, "executable", str(own))
        for folders, name in (((own, other), "python"), ((other, own), str(own.relative_to(Path.cwd())))):
            self.patch(os, "environ", {**os.environ, "PATH": os.pathsep.join(str(each.parent) for each in folders)})
            self.assertEqual(shlex.split(commands(self.folder / NAME)[1])[0], name)

    def test_commandsElsewhere(self) -> None:
        """
        Words with spaces are quoted, and what is not below the folder in which we are is named in full.
        """
        folder = Path.cwd().parent / "a folder"
        self.assertEqual(shlex.split(commands(folder / NAME)[1])[1], str(folder / NAME))

    def program(self, folder: str, name: str) -> Path:
        """
        @param folder: where to make it.
        @param name: its name.
        @return: a program that does nothing.
        """
        path = self.folder.absolute() / folder / name
        path.parent.mkdir()
        path.write_text("#!/bin/sh\n")
        path.chmod(0o700)
        return path

    if os.name == "nt":
        test_commands.skip = test_commandsOnPath.skip = test_commandsElsewhere.skip = "the shell is another one here"  # type: ignore[attr-defined]
