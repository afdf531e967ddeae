"""
Tests of the file of L{ctrader_twisted.trading.journal}.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import JournalFailed
from ctrader_twisted.schema.messages import ProtoOANewOrderReq, ProtoOAOrderType, ProtoOATradeSide
from ctrader_twisted.trading.journal import JournalEntry, OrderJournal
from ctrader_twisted.trading.orderlife import TradeStatus
from test.daemons import PROJECT

HOUR = 3_600_000
DAY = 24 * HOUR

HOLDER = """
import sys
from ctrader_twisted.trading.journal import OrderJournal
journal = OrderJournal(sys.argv[1])
journal.begin()
journal.check()
print("held", flush=True)
sys.stdin.read()
"""


def entry(clientOrderId: str = "one", accountId: int = 7, *, written: int = 1_000, **fields: Any) -> JournalEntry:
    """
    Make an entry for an order at the market.
    """
    terms = {"symbolId": 1, "tradeSide": ProtoOATradeSide.SELL, "volume": 1_000_000, "label": "alpha", **fields}
    message = ProtoOANewOrderReq(
        ctidTraderAccountId=accountId, orderType=ProtoOAOrderType.MARKET, clientOrderId=clientOrderId, **terms
    )
    return JournalEntry(accountId, message, written)


class JournalTestCase(SynchronousTestCase):
    """
    A folder, and journals that do not outlive the test.
    """

    def setUp(self) -> None:
        """
        Make the folder, and a journal that a client uses.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "orders.db"
        self.journal = self.opened()

    def opened(self, **options: Any) -> OrderJournal:
        """
        @return: a journal in the file, begun.
        """
        journal = OrderJournal(self.path, **options)
        journal.begin()
        self.addCleanup(journal.end)
        return journal

    def reopened(self) -> OrderJournal:
        """
        @return: the journal as the next process finds it.
        """
        self.journal.end()
        self.journal = self.opened()
        return self.journal

    def failing(self, call: Callable[..., object], *args: Any) -> str:
        """
        @return: the words with which a call fails.
        """
        with self.assertRaises(JournalFailed) as caught:
            call(*args)
        return str(caught.exception)


class EntryTests(JournalTestCase):
    """
    What is written and read.
    """

    def test_claim(self) -> None:
        """
        An id is claimed once in an account; who claims it again, in another process too, gets what is there.
        """
        self.assertIsNone(self.journal.claim(entry()))
        self.assertEqual(self.journal.claim(entry(volume=5)), entry())
        self.assertIsNone(self.journal.claim(entry(accountId=8)))
        self.assertEqual(self.reopened().claim(entry(volume=5)), entry())

    def test_readable(self) -> None:
        """
        What an order is can be read with any tool for SQLite, and its message is there byte by byte.
        """
        self.journal.claim(entry())
        self.journal.end()
        with sqlite3.connect(self.path) as database:
            (row,) = database.execute("SELECT clientOrderId, orderType, side, symbolId, volume, label FROM orders")
            (content,) = database.execute("SELECT message FROM orders").fetchone()
        database.close()
        self.assertEqual(row, ("one", "MARKET", "SELL", 1, 1_000_000, "alpha"))
        self.assertEqual(content, entry().message.SerializeToString())

    def test_unended(self) -> None:
        """
        Orders without an end are told by account, as they were written, with what is known of them.
        """
        for name, account, written in (("b", 7, 2), ("a", 7, 1), ("c", 7, 3), ("d", 8, 4)):
            self.journal.claim(entry(name, account, written=written))
        accepted = evolve(entry("a", written=1), status=TradeStatus.ACCEPTED, orderId=11)
        self.journal.record(accepted, 5)
        self.journal.record(evolve(entry("c", written=3), status=TradeStatus.FILLED, orderId=12), 5)
        self.assertEqual(self.reopened().unended(7), (accepted, entry("b", written=2)))

    def test_manyUnended(self) -> None:
        """
        Of very many orders without an end the last 1,000 are told.
        """
        self.journal.claim(entry("0", written=0))
        self.journal.end()
        with sqlite3.connect(self.path) as database:
            columns = "orderType, side, symbolId, volume, label, status"
            for number in range(1, 1_005):
                message = entry(str(number)).message.SerializeToString()
                database.execute(
                    f"INSERT INTO orders (accountId, clientOrderId, message, written, {columns})"
                    f" SELECT 7, ?, ?, ?, {columns} FROM orders LIMIT 1",
                    (str(number), message, number),
                )
        database.close()
        self.journal.begin()
        told = [each.clientOrderId for each in self.journal.unended(7)]
        self.assertEqual(told, [str(number) for number in range(5, 1_005)])

    def test_ends(self) -> None:
        """
        Each end is kept with its reason, and an order that has it is not told as unended.
        """
        for status in (TradeStatus.FILLED, TradeStatus.CANCELLED, TradeStatus.EXPIRED, TradeStatus.REJECTED):
            name = status.value
            self.journal.claim(entry(name))
            ended = evolve(entry(name), status=status, orderId=5, code="WHY", description="because")
            self.journal.record(ended, 5)
            self.assertEqual(self.reopened().find(7, name), ended)
        self.assertEqual(self.journal.unended(7), ())

    def test_afterAll(self) -> None:
        """
        An order that was taken for absent and is there after all has the later fate.
        """
        self.journal.claim(entry())
        self.journal.record(evolve(entry(), status=TradeStatus.REJECTED, code="ORDER_ABSENT"), 5)
        accepted = evolve(entry(), status=TradeStatus.ACCEPTED, orderId=5)
        self.journal.record(accepted, 6)
        self.assertEqual(self.journal.unended(7), (accepted,))

    def test_unsent(self) -> None:
        """
        The id of an order that did not leave is free, for any order.
        """
        self.journal.claim(entry())
        self.journal.recordUnsent(entry(), 5)
        self.assertEqual(self.journal.unended(7), ())
        self.assertIsNone(self.journal.find(7, "one"))
        self.assertIsNone(self.reopened().claim(entry(volume=5)))
        self.assertEqual(self.journal.find(7, "one"), entry(volume=5))

    def test_kept(self) -> None:
        """
        Orders that have ended are kept as long as was said, and the others for ever.
        """
        self.journal.end()
        self.journal = self.opened(keep=timedelta(days=2))
        for name, status in (("open", TradeStatus.ACCEPTED), ("closed", TradeStatus.FILLED)):
            self.journal.claim(entry(name))
            self.journal.record(evolve(entry(name), status=status, orderId=5), HOUR)
        self.journal.claim(entry("other", written=2 * DAY + HOUR))
        self.assertIsNotNone(self.journal.find(7, "closed"))
        self.journal.claim(entry("another", written=2 * DAY + 2 * HOUR))
        self.assertIsNone(self.journal.find(7, "closed"))
        self.assertIsNotNone(self.journal.find(7, "open"))


class FileTests(JournalTestCase):
    """
    The file and its lock.
    """

    def test_private(self) -> None:
        """
        Nobody else can read any of the files.
        """
        self.journal.claim(entry())
        modes = {stat.S_IMODE(path.stat().st_mode) for path in self.folder.iterdir()}
        self.assertEqual(modes, {0o600})

    if os.name != "posix":
        test_private.skip = "there are no such bits here"  # type: ignore[attr-defined]

    def test_onTheDisk(self) -> None:
        """
        What was claimed is in the files at once, and the disk was told to keep it.
        """
        self.journal.claim(entry())
        copy = self.folder / "copy"
        copy.mkdir()
        for path in self.folder.glob("orders.db*"):
            shutil.copy(path, copy)
        self.path = copy / "orders.db"
        self.assertEqual(self.opened().unended(7), (entry(),))
        (synchronous,) = self.journal._opened().execute("PRAGMA synchronous").fetchone()
        self.assertEqual(synchronous, 2)

    def test_oneProcess(self) -> None:
        """
        While one process has the journal no other can use it; when that one was killed the next can at once.
        """
        command = [sys.executable, "-c", HOLDER, str(self.path)]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as holder:
            assert holder.stdout is not None
            self.assertEqual(holder.stdout.readline(), "held\n")
            self.assertIn("another process uses it", self.failing(self.journal.claim, entry()))
            holder.kill()
        self.assertIsNone(self.journal.claim(entry()))

    def test_twice(self) -> None:
        """
        A file that is opened twice in one process is refused, too, until the first has ended.
        """
        self.journal.check()
        second = self.opened()
        self.assertIn("another process uses it", self.failing(second.check))
        self.journal.end()
        second.check()

    def test_shared(self) -> None:
        """
        Clients can share a journal: it is closed with the last, and opened with the next.
        """
        self.journal.begin()
        self.journal.claim(entry())
        self.journal.end()
        self.assertEqual(self.journal.unended(7), (entry(),))
        self.journal.end()
        self.assertIn("is closed", self.failing(self.journal.unended, 7))
        self.journal.begin()
        self.assertEqual(self.journal.unended(7), (entry(),))

    def test_otherFiles(self) -> None:
        """
        Another file is left as it is, whatever it is.
        """
        self.path.write_bytes(b"no database" * 100)
        self.assertIn("not a database", self.failing(self.journal.check))
        self.assertEqual(self.path.read_bytes(), b"no database" * 100)
        self.path.unlink()
        with sqlite3.connect(self.path) as database:
            database.execute("CREATE TABLE orders (number INTEGER)")
        database.close()
        self.assertIn("it is no journal of orders", self.failing(self.journal.check))
        with sqlite3.connect(self.path) as database:
            database.execute("PRAGMA user_version = 2")
        database.close()
        self.assertIn("another version", self.failing(self.journal.check))

    def test_noFolder(self) -> None:
        """
        Without a folder there is no journal, and once there is one it works.
        """
        self.path = self.folder / "sub" / "orders.db"
        journal = self.opened()
        self.assertIn("No such file or directory", self.failing(journal.claim, entry()))
        self.path.parent.mkdir()
        self.assertIsNone(journal.claim(entry()))

    def test_damaged(self) -> None:
        """
        What cannot be understood fails with words, and writes nothing.
        """
        self.journal.claim(entry())
        self.journal.end()
        for change, words in (("status = 'lost'", "'lost'"), ("status = 'sent', message = x'ff'", "message")):
            with sqlite3.connect(self.path) as database:
                database.execute(f"UPDATE orders SET {change}")
            database.close()
            self.journal.begin()
            self.assertIn(words, self.failing(self.journal.claim, entry()))
            self.journal.end()
