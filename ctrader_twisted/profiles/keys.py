"""
Settings by key, and what to say when they are missing or of the wrong type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from ctrader_twisted.errors import ConfigurationError

__all__ = ["Keys"]

_ValueT = TypeVar("_ValueT")


class Keys:
    """
    A table of a configuration file. It notes which keys were asked for, so that L{finish} can name the others.

    All methods raise L{ConfigurationError} with a sentence that names the file and the key.
    """

    def __init__(self, source: str, values: Mapping[str, Any], path: str = "") -> None:
        """
        @param source: the file's name.
        @param values: the table.
        @param path: where it is in the file, such as C{accounts[0].}; empty for the whole file.
        """
        self.source = source
        self._values = values
        self._path = path
        self._asked: set[str] = set()

    def has(self, key: str) -> bool:
        """
        @param key: a key of this table.
        @return: whether it is there.
        """
        self._asked.add(key)
        return key in self._values

    def text(self, key: str) -> str:
        """
        @param key: a key of this table.
        @return: its text, which is not empty.
        """
        text = self._get(key, str, "a text in quotes")
        if not text:
            raise self.wrong(key, "is empty")
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        """
        @param key: a key of this table.
        @return: its texts, of which none is empty.
        """
        texts = self._get(key, list, "a list of texts in quotes")
        for text in texts:
            if not isinstance(text, str) or not text:
                raise self.wrong(key, f"is a list of texts in quotes, which {text!r} is not")
        return tuple(texts)

    def number(self, key: str) -> int:
        """
        @param key: a key of this table.
        @return: its number, which is whole and more than 0.
        """
        number = self._get(key, int, "a whole number")
        if isinstance(number, bool) or number < 1:
            raise self.wrong(key, f"must be a whole number above 0, not {number!r}")
        return number

    def moment(self, key: str) -> datetime:
        """
        @param key: a key of this table.
        @return: its day, which begins in UTC, or its time, which tells its offset from UTC.
        """
        words = "a day such as 2024-01-31, or a time such as 2024-01-31T12:00:00Z"
        day = self._get(key, date, words)
        if not isinstance(day, datetime):
            return datetime.combine(day, time(), UTC)
        if day.utcoffset() is None:
            raise self.wrong(key, f"must be {words}; this one does not tell its offset from UTC")
        return day

    def endpoint(self, key: str) -> str:
        """
        @param key: a key of this table.
        @return: its endpoint string, one of those that verify the server.
        """
        endpoint = self.text(key)
        # Of Twisted's own, tcp: does not encrypt, and ssl: does not look at the server's certificate.
        if not endpoint.startswith("ctrader:"):
            raise self.wrong(key, "must be ctrader:demo, ctrader:live, or ctrader:HOST[:PORT][:caFile=FILE]")
        return endpoint

    def holdsTable(self, key: str) -> bool:
        """
        @param key: a key of this table.
        @return: whether it is there and holds a table.
        """
        return self.has(key) and isinstance(self._values[key], dict)

    def table(self, key: str) -> Keys:
        """
        @param key: a key of this table.
        @return: the table that it holds; an empty one if it is not there.
        """
        values = self._get(key, dict, f"a table: [{key}]") if self.has(key) else {}
        return Keys(self.source, values, f"{self._path}{key}.")

    def tables(self, key: str) -> tuple[Keys, ...]:
        """
        @param key: a key of this table.
        @return: the tables that it holds, at least one.
        """
        rows = self._get(key, list, f"tables: [[{key}]]")
        if not rows or not all(isinstance(row, dict) for row in rows):
            raise self.wrong(key, f"must be one table or more: [[{key}]]")
        return tuple(Keys(self.source, row, f"{self._path}{key}[{place}].") for place, row in enumerate(rows))

    @contextmanager
    def about(self, key: str) -> Iterator[None]:
        """
        Let the errors of what is done meanwhile name a key.

        @param key: the key of this table that it is done for.
        """
        try:
            yield
        except ConfigurationError as error:
            raise self.wrong(key, f"cannot be used: {error}") from error

    def finish(self) -> None:
        """
        Refuse the keys that nobody asked for.
        """
        unknown = sorted(self._values.keys() - self._asked)
        if unknown:
            raise self.wrong(unknown[0], f"is unknown; known here are {', '.join(sorted(self._asked))}")

    def wrong(self, key: str, words: str) -> ConfigurationError:
        """
        @param key: a key of this table.
        @param words: what is wrong with it.
        @return: the error to raise.
        """
        return ConfigurationError(f"{self.source}: {self._path}{key} {words}")

    def _get(self, key: str, kind: type[_ValueT], words: str) -> _ValueT:
        if not self.has(key):
            raise self.wrong(key, f"is missing; it is {words}")
        value = self._values[key]
        if not isinstance(value, kind):
            # The value itself may be a secret in the wrong place.
            raise self.wrong(key, f"must be {words}")
        return value
