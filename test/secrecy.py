"""
The secrets that tests use, and where they stand in texts and files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Secrets", "exposed", "misplaced", "stored"]

_RUN = re.compile(r"[A-Za-z0-9_-]+")
# They overlap, since an escape may stand right before a secret, such as the n of a newline, or a terminal's colour.
_HEAD = re.compile(r"(?=([A-Za-z0-9_-]{8}))")
_HEAD_LENGTH = 8
_MARK_LENGTH = 16

# As JSON and TOML have them, in a simulator's folder, a file of tokens and a file of profiles.
_STORED = re.compile(r'\b(?:clientSecret|accessToken|refreshToken)"? ?[:=] ?"([^"\\]+)"')


class Secrets:
    """
    Secrets, each known by how its parts begin: who shows that much has shown it. Its parts are the runs of letters,
    digits, C{-} and C{_}, which look the same however a text is quoted.
    """

    def __init__(self) -> None:
        self._marks: dict[str, set[str]] = {}

    def add(self, secret: str) -> bool:
        """
        Remember a secret, if it has parts that are not words which appear anyway.

        @param secret: its text.
        @return: whether it has, and is new.
        """
        isNew = False
        for run in _RUN.findall(secret):
            mark = run[:_MARK_LENGTH]
            if _isDistinctive(mark) and mark not in (marks := self._marks.setdefault(mark[:_HEAD_LENGTH], set())):
                marks.add(mark)
                isNew = True
        return isNew

    def places(self, text: str) -> list[int]:
        """
        Look for secrets.

        @param text: any text.
        @return: where in it they begin.
        """
        if self._marks.keys().isdisjoint(_HEAD.findall(text)):
            return []
        found = ((match[1], match.start()) for match in _HEAD.finditer(text))
        return [at for head, at in found if any(text.startswith(mark, at) for mark in self._marks.get(head, ()))]


def stored(folder: Path) -> Iterator[str]:
    """
    Find the secrets that programs have stored in their files.

    @param folder: where the files are, or the folders that they are in.
    @return: the texts of the secrets.
    """
    for path in folder.rglob("*"):
        if path.suffix in (".json", ".toml") and path.is_file():
            yield from _STORED.findall(path.read_text(encoding="utf-8", errors="replace"))


def exposed(path: Path, secrets: Secrets) -> Iterator[int]:
    """
    Look for secrets in a file.

    @param path: the file.
    @param secrets: the secrets.
    @return: where in it they begin, in bytes.
    """
    start = 0
    with path.open("rb") as lines:
        for line in lines:
            yield from (start + at for at in secrets.places(line.decode("latin-1")))
            start += len(line)


def misplaced(folder: Path, secrets: Secrets) -> Iterator[tuple[Path, int]]:
    """
    Look for secrets in files that others can read, and in logs, which people pass on.

    @param folder: where to look, folders in it included.
    @param secrets: the secrets.
    @return: the files, each with where in it secrets begin.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if path.suffix == ".log" or path.stat().st_mode & 0o077:
            yield from ((path, at) for at in exposed(path, secrets))


def _isDistinctive(mark: str) -> bool:
    return len(mark) >= _HEAD_LENGTH and len(set(mark)) >= 5 and not mark.isalpha()
