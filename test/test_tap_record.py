"""
Tests of C{twistd ctrader-record}: its configuration, its parts, and the process, against C{twistd ctrader-sim}.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from twisted.application.service import IService
from twisted.internet.defer import Deferred, execute
from twisted.internet.task import deferLater
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ConfigurationError, StoreBusy
from ctrader_twisted.recorder import Recorder
from ctrader_twisted.store import Dataset, DatasetWriter, Series
from ctrader_twisted.tap import record
from ctrader_twisted.tap.configuration import Configuration, readConfiguration
from ctrader_twisted.tap.ending import Ending
from ctrader_twisted.units import toMilliseconds
from test.test_tap_configuration import PLAIN, ConfigurationCase
from test.test_tap_daemon import DaemonCase

BEGINNING = """
simulator = "{simulator}"
[[accounts]]
id = 20001
"""
RECORDED = (
    BEGINNING
    + """
symbols = ["EURUSD", "USDJPY"]
directory = "market"
"""
)

DEMO = PLAIN.replace('symbols = ["EURUSD", "XAUUSD"]', 'symbols = ["EURUSD"]\ndirectory = "market"')


class RecordedCase(ConfigurationCase):
    """
    Configurations of the recorder.
    """

    def read(self, text: str, **environment: str) -> Configuration:
        """
        @return: what a configuration file says.
        """
        self.path.write_text(text.format(simulator="simulator.json"), encoding="utf-8")
        return readConfiguration(self.path, environment, isRecorded=True)


class ConfigurationTests(RecordedCase):
    """
    What each account says.
    """

    def test_read(self) -> None:
        """
        Symbols, the folder beside the file, and from when on.
        """
        text = RECORDED + "since = 2026-01-01\n[[accounts]]\nid = 20002\nsymbols = ['US500']\ndirectory = 'other'\n"
        first, second = self.read(text).accounts
        self.assertEqual((first.accountId, first.symbols), (20001, ("EURUSD", "USDJPY")))
        self.assertEqual(first.directory, self.folder.absolute() / "market")
        self.assertEqual(first.since, toMilliseconds(datetime(2026, 1, 1, tzinfo=UTC)))
        self.assertEqual((second.directory, second.since), (self.folder.absolute() / "other", None))

    def test_refused(self) -> None:
        """
        What is missing or makes no sense is named.
        """
        for text, words in (
            (BEGINNING + "symbols = []\ndirectory = 'market'\n", "accounts[0].symbols names nothing to record"),
            (BEGINNING + "symbols = ['EURUSD']\n", "accounts[0].directory is missing"),
            (RECORDED + "since = 5\n", "accounts[0].since"),
            (RECORDED + "speed = 5\n", "accounts[0].speed"),
            (
                RECORDED + "[[accounts]]\nid = 20002\nsymbols = ['US500']\ndirectory = 'x/../market'\n",
                "accounts[1].directory is that of another account",
            ),
        ):
            self.assertIn(words, self.refused(text))


class PartsTests(RecordedCase):
    """
    What the daemon is made of.
    """

    def test_parts(self) -> None:
        """
        A client, what looks after it, and a recorder for each account.
        """
        reactor = MemoryReactorClock()
        configuration = self.read(DEMO)
        service = record.daemon(reactor, configuration, Ending(reactor))
        names = [child.name for child in service]
        self.assertEqual(names, ["client", "standing", "recorder-20001"])
        self.assertTrue(all(IService.providedBy(child) for child in service))
        self.assertIsInstance(service.getServiceNamed("recorder-20001"), Recorder)

    def test_ends(self) -> None:
        """
        When a dataset cannot be written, the process ends.
        """
        reactor = MemoryReactorClock()
        ending = Ending(reactor)
        statuses: list[int] = []
        self.patch(ending, "fail", statuses.append)
        self.patch(record, "Worker", lambda reactor: execute)
        service = record.daemon(reactor, self.read(DEMO), ending)
        recorder = service.getServiceNamed("recorder-20001")
        self.patch(recorder, "_runBlocking", execute)
        with DatasetWriter(self.folder.absolute() / "market"):
            recorder.startService()
            self.assertIsInstance(recorder.status.failure, StoreBusy)
        self.successResultOf(recorder.stopService())
        self.assertEqual(statuses, [75])

    def test_options(self) -> None:
        """
        Without a configuration there is nothing to do.
        """
        self.assertRaises(SystemExit, record.Options().parseOptions, [])


class ProcessTests(DaemonCase):
    """
    The process.
    """

    def test_killed(self) -> Deferred[None]:
        """
        Killed, it leaves a whole dataset; started again it goes on, says so when another one wants the same dataset,
        and ends well after a termination signal, with what came in the dataset.
        """

        async def main() -> None:
            from twisted.internet import reactor

            await self.simulator()
            path = self.folder / "record.toml"
            path.write_text(RECORDED.format(simulator="sim/simulator.json"), encoding="utf-8")
            dataset = Dataset(self.folder / "market")
            series = [Series.ticks(name, side) for name in ("EURUSD", "USDJPY") for side in ("bid", "ask")]
            rows: list[int] = []
            for signal, status in (("KILL", -9), ("TERM", 0)):
                recorder = self.daemon("ctrader-record", "--config", str(path))
                await recorder.says(r"Standing#info\] logged in")
                before = sum(rows)
                while sum(rows) <= before:
                    await deferLater(reactor, 0.05)
                    rows = [len(dataset.read(each, 0, 10**13)) for each in series if dataset.path.exists()]
                if signal == "TERM":
                    other = self.daemon("ctrader-record", "--config", str(path))
                    self.assertEqual(await other.whenEnded(), 75)
                    self.assertIn("another program is writing this dataset", other.text)
                self.assertEqual(await recorder.end(signal), status)
                self.assertEqual(dataset.verify(), ())
            self.assertGreaterEqual(sum(len(dataset.read(each, 0, 10**13)) for each in series), sum(rows))

        return self.toTheEnd(main())


class DocumentationTests(SynchronousTestCase):
    """
    What the how-to shows.
    """

    def test_example(self) -> None:
        """
        Its configuration is one, but for the profile.
        """
        text = Path(__file__).parent.parent / "docs" / "howto" / "recording.rst"
        block = text.read_text(encoding="utf-8").split("::\n\n    profile = ")[1].split("\n\n``id``")[0]
        folder = Path(self.mktemp())
        folder.mkdir()
        lines = "\n".join(line.removeprefix("    ") for line in f"    profile = {block}".splitlines())
        (folder / "record.toml").write_text(lines, encoding="utf-8")
        error = self.assertRaises(ConfigurationError, readConfiguration, folder / "record.toml", {}, isRecorded=True)
        self.assertIn("demo", str(error))
