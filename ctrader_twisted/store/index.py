"""
The coverage index: what the Parquet files of a year say of themselves, so that they need not all be opened.

It only repeats what the files say, and knows each by the checksum of its end: an index that is lost, damaged or old
costs time, and nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zlib import crc32

from ctrader_twisted.store.disk import Disk, replaceWhole
from ctrader_twisted.store.parquet import Stored

__all__ = ["Index", "indexPath"]


class Index:
    """
    The index of one series and year.

    @ivar path: its file.
    @ivar changes: how often something was noted that is not in the file.
    """

    def __init__(self, path: Path) -> None:
        """
        @param path: its file.
        """
        self.path = path
        self.changes = 0
        self._entries = _read(path)

    def find(self, name: str, footer: int) -> Stored | None:
        """
        Look a file up.

        @param name: the name of its partition's folder.
        @param footer: its checksum, see L{ctrader_twisted.store.parquet.footerSum}.
        @return: what it says of itself, or L{None} if that is not known.
        """
        known = self._entries.get(name)
        return known[1] if known is not None and known[0] == footer else None

    def folded(self, name: str) -> int:
        """
        Tell how far a file went when it was last noted, whatever it is now.

        @param name: the name of its partition's folder.
        @return: the number of the last segment that was in it; 0 if that is not known.
        """
        known = self._entries.get(name)
        return known[1].folded if known is not None else 0

    def put(self, name: str, footer: int, stored: Stored) -> None:
        """
        Note a file.

        @param name: the name of its partition's folder.
        @param footer: its checksum.
        @param stored: what it says of itself.
        """
        self._entries[name] = (footer, stored)
        self.changes += 1

    def save(self, disk: Disk) -> None:
        """
        Write the file.

        @param disk: the file system.
        @raise OSError: if it cannot be written.
        """
        entries = json.dumps({name: [footer, *stored] for name, (footer, stored) in self._entries.items()})
        content = json.dumps({"crc32": crc32(entries.encode()), "partitions": entries}).encode()
        replaceWhole(disk, self.path, content)

    @property
    def isDamaged(self) -> bool:
        """
        Whether the file is there, and says nothing.
        """
        return not self._entries and self.path.exists()


def indexPath(folder: Path, year: int) -> Path:
    """
    Name the file of an index.

    @param folder: the folder of the series.
    @param year: the year.
    @return: the file.
    """
    return folder / f"_index-{year:04}"


def _read(path: Path) -> dict[str, tuple[int, Stored]]:
    try:
        told = json.loads(path.read_bytes())
        text: str = told["partitions"]
        if told["crc32"] != crc32(text.encode()):
            return {}
        return {name: (entry[0], _stored(entry[1:])) for name, entry in json.loads(text).items()}
    # Whatever is wrong with it: the files themselves tell the same.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def _stored(values: list[Any]) -> Stored:
    folded, final, provisional, *rest = values
    return Stored(folded, tuple(map(tuple, final)), tuple(map(tuple, provisional)), *rest)
