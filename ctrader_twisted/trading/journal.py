"""
The journal of orders: what is about to leave is on the disk before it leaves, so that no crash makes it forgotten.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Lock

from attrs import evolve, field, frozen
from google.protobuf.message import DecodeError

from ctrader_twisted.errors import JournalFailed
from ctrader_twisted.schema.messages import ProtoOANewOrderReq, ProtoOAOrderType, ProtoOATradeSide
from ctrader_twisted.trading.orderlife import TradeStatus

__all__ = ["JournalEntry", "OrderJournal"]

# The number of this layout, in the file's header; other numbers are other layouts.
_LAYOUT = 1
_MOST_UNENDED = 1_000
_PURGE_PAUSE = 3_600_000
_UNSENT = "unsent"
_ENDS = frozenset((TradeStatus.FILLED, TradeStatus.CANCELLED, TradeStatus.EXPIRED, TradeStatus.REJECTED))

_TABLE = """
CREATE TABLE orders (
    accountId INTEGER NOT NULL,
    clientOrderId TEXT NOT NULL,
    orderType TEXT NOT NULL,
    side TEXT NOT NULL,
    symbolId INTEGER NOT NULL,
    volume INTEGER NOT NULL,
    label TEXT NOT NULL,
    message BLOB NOT NULL,
    written INTEGER NOT NULL,
    status TEXT NOT NULL,
    orderId INTEGER,
    code TEXT,
    description TEXT,
    ended INTEGER,
    PRIMARY KEY (accountId, clientOrderId)
) WITHOUT ROWID
"""
_INDEX = "CREATE INDEX ended ON orders (ended)"
_COLUMNS = "message, written, status, orderId, code, description"


@frozen
class JournalEntry:
    """
    One new order in the journal.

    @ivar accountId: the account.
    @ivar message: the order as it was to be sent.
    @ivar written: when it was written, in milliseconds since 1970.
    @ivar status: how far it has come, as far as was heard: C{SENT} if it may have left and nothing was heard.
    @ivar orderId: the server's number for it, once known.
    @ivar code: why it was refused: the server's error code, or the name of the error's class.
    @ivar description: why it was refused, in words.
    """

    accountId: int
    message: ProtoOANewOrderReq
    written: int
    status: TradeStatus = TradeStatus.SENT
    orderId: int | None = None
    code: str | None = None
    description: str | None = field(default=None, repr=False)

    @property
    def clientOrderId(self) -> str:
        """
        Our id for the order.
        """
        return self.message.clientOrderId


class OrderJournal:
    """
    New orders in an SQLite file, for its owner alone. Only one process at a time can use it; several clients in that
    process can share it. Orders that have ended are kept for a time, and the others until they end.

    Its methods block; the client runs them where that is no harm.

    @ivar path: the file.
    """

    def __init__(self, path: str | os.PathLike[str], *, keep: timedelta = timedelta(days=90)) -> None:
        """
        @param path: the file, on a local disk; made if need be. Its folder must be there.
        @param keep: how long the id of an order is known after the order has ended.
        """
        self.path = Path(path)
        self._keep = keep // timedelta(milliseconds=1)
        # Whoever runs the methods may use several threads.
        self._lock = Lock()
        self._users = 0
        self._database: sqlite3.Connection | None = None
        self._purged = 0

    def begin(self) -> None:
        """
        A client starts to use the journal. This does not block: the file is opened when it is first needed.
        """
        self._users += 1

    def check(self) -> None:
        """
        Open the file now, if it is not.

        @raise JournalFailed: if that is not possible.
        """
        with self._transaction():
            pass

    def end(self) -> None:
        """
        A client does not use the journal any more. The last one closes it, and gives it free for other processes.
        """
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._database is not None:
                self._database.close()
                self._database = None

    def claim(self, entry: JournalEntry) -> JournalEntry | None:
        """
        Write an order down before it leaves, unless its id is used. The disk has it when this returns.

        @param entry: the order.
        @return: L{None} if it is written now and may leave; else the entry that has its id. An order that is known not
            to have left does not use its id.
        @raise JournalFailed: if it cannot be written: it must not leave.
        """
        with self._transaction() as database:
            self._purge(database, entry.written)
            known = self._find(database, entry.accountId, entry.clientOrderId)
            if known is None:
                _write(database, entry)
            return known

    def find(self, accountId: int, clientOrderId: str) -> JournalEntry | None:
        """
        Look an order up.

        @param accountId: the account.
        @param clientOrderId: our id for the order.
        @return: the order, unless it is not known or did not leave.
        @raise JournalFailed: if it cannot be read.
        """
        with self._transaction() as database:
            return self._find(database, accountId, clientOrderId)

    def record(self, entry: JournalEntry, now: int) -> None:
        """
        Write down what became of an order.

        @param entry: the order, with its new status.
        @param now: milliseconds since 1970.
        @raise JournalFailed: if it cannot be written.
        """
        with self._transaction() as database:
            database.execute(
                "UPDATE orders SET status = ?, orderId = ?, code = ?, description = ?, ended = ?"
                " WHERE accountId = ? AND clientOrderId = ?",
                (
                    entry.status.value,
                    entry.orderId,
                    entry.code,
                    entry.description,
                    now if entry.status in _ENDS else None,
                    entry.accountId,
                    entry.clientOrderId,
                ),
            )

    def recordUnsent(self, entry: JournalEntry, now: int) -> None:
        """
        Write down that an order certainly did not leave. Its id is free again.

        @param entry: the order.
        @param now: milliseconds since 1970.
        @raise JournalFailed: if it cannot be written.
        """
        with self._transaction() as database:
            database.execute(
                "UPDATE orders SET status = ?, ended = ? WHERE accountId = ? AND clientOrderId = ?",
                (_UNSENT, now, entry.accountId, entry.clientOrderId),
            )

    def unended(self, accountId: int) -> tuple[JournalEntry, ...]:
        """
        Find the orders whose end is not written down.

        @param accountId: the account.
        @return: the last 1,000 of them, in the order in which they were written.
        @raise JournalFailed: if they cannot be read.
        """
        with self._transaction() as database:
            rows = database.execute(
                f"SELECT {_COLUMNS} FROM orders WHERE accountId = ? AND ended IS NULL"
                " ORDER BY written DESC, clientOrderId DESC LIMIT ?",
                (accountId, _MOST_UNENDED),
            )
            return tuple(reversed([_entry(accountId, row) for row in rows]))

    def _purge(self, database: sqlite3.Connection, now: int) -> None:
        if now - self._purged >= _PURGE_PAUSE:
            self._purged = now
            database.execute("DELETE FROM orders WHERE ended < ?", (now - self._keep,))

    def _find(self, database: sqlite3.Connection, accountId: int, clientOrderId: str) -> JournalEntry | None:
        rows = database.execute(
            f"SELECT {_COLUMNS} FROM orders WHERE accountId = ? AND clientOrderId = ? AND status != ?",
            (accountId, clientOrderId, _UNSENT),
        )
        row = rows.fetchone()
        return None if row is None else _entry(accountId, row)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                database = self._opened()
                database.execute("BEGIN IMMEDIATE")
                try:
                    yield database
                    database.execute("COMMIT")
                except BaseException:
                    if database.in_transaction:
                        database.execute("ROLLBACK")
                    raise
            except (OSError, sqlite3.Error, ValueError, DecodeError) as error:
                raise JournalFailed(f"the journal of orders {self.path}: {_words(error)}") from error

    def _opened(self) -> sqlite3.Connection:
        if self._users == 0:
            raise JournalFailed(f"the journal of orders {self.path} is closed: no client that uses it runs")
        if self._database is None:
            self._database = _open(self.path)
        return self._database


def _open(path: Path) -> sqlite3.Connection:
    # SQLite would make a file that others can read; the files that it puts beside this one get the mode of this one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        # The lock is taken with the first access, and ends with the process, whichever way that ends.
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("BEGIN EXCLUSIVE")
        _prepare(database)
        database.execute("COMMIT")
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection) -> None:
    (layout,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if layout == 0 and tables == 0:
        database.execute(_TABLE)
        database.execute(_INDEX)
        database.execute(f"PRAGMA user_version = {_LAYOUT}")
    elif layout != _LAYOUT:
        raise ValueError("it is no journal of orders, or one of another version of this package; give another path")


def _write(database: sqlite3.Connection, entry: JournalEntry) -> None:
    message = entry.message
    database.execute(
        "INSERT OR REPLACE INTO orders (accountId, clientOrderId, orderType, side, symbolId, volume, label, message,"
        " written, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.accountId,
            entry.clientOrderId,
            ProtoOAOrderType.Name(message.orderType),
            ProtoOATradeSide.Name(message.tradeSide),
            message.symbolId,
            message.volume,
            message.label,
            message.SerializeToString(),
            entry.written,
            entry.status.value,
        ),
    )


def _entry(accountId: int, row: tuple[bytes, int, str, int | None, str | None, str | None]) -> JournalEntry:
    message, written, status, orderId, code, description = row
    entry = JournalEntry(accountId, ProtoOANewOrderReq.FromString(message), written, TradeStatus(status))
    return evolve(entry, orderId=orderId, code=code, description=description)


def _words(error: Exception) -> str:
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return "another process uses it; stop that one, or give each its own file"
    return (error.strerror or "it cannot be opened") if isinstance(error, OSError) else str(error)
