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
_LONGEST_WORD = 20
_FEWEST_LETTERS = 5

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
        Remember a secret, as far as its parts are not words that appear anyway: such a part has eight characters or
        more, five different ones, and is not letters alone, but for very many of them.

        @param secret: its text.
        @return: whether there is something new to look for.
        """
        isNew = False
        for run in filter(_isDistinctive, _RUN.findall(secret)):
            mark = run[:_MARK_LENGTH]
            marks = self._marks.setdefault(mark[:_HEAD_LENGTH], set())
            isNew = isNew or mark not in marks
            marks.add(mark)
        return isNew

    def place(self, text: str) -> int | None:
        """
        Look for secrets.

        @param text: any text.
        @return: where in it the first one begins, or L{None} if there is none.
        """
        # Nearly always there is none, and this is the fastest way to know.
        if self._marks.keys().isdisjoint(_HEAD.findall(text)):
            return None
        places = ((found.start(), self._marks.get(found[1], ())) for found in _HEAD.finditer(text))
        return next((at for at, marks in places if any(text.startswith(mark, at) for mark in marks)), None)


def stored(folder: Path) -> Iterator[str]:
    """
    Find the secrets that programs have stored in their files.

    @param folder: where the files are, or the folders that they are in.
    @return: the texts of the secrets.
    """
    for path in folder.rglob("*"):
        if path.suffix in (".json", ".toml") and path.is_file():
            yield from _STORED.findall(path.read_text(encoding="utf-8", errors="replace"))


def exposed(path: Path, secrets: Secrets) -> int | None:
    """
    Look for secrets in a file.

    @param path: the file.
    @param secrets: the secrets.
    @return: where in it the first one begins, in bytes, or L{None} if there is none.
    """
    start = 0
    with path.open("rb") as lines:
        for line in lines:
            at = secrets.place(line.decode("latin-1"))
            if at is not None:
                return start + at
            start += len(line)
    return None


def misplaced(folder: Path, secrets: Secrets) -> Iterator[tuple[Path, int]]:
    """
    Look for secrets in files that others can read, and in logs, which people pass on.

    @param folder: where to look, folders in it included.
    @param secrets: the secrets.
    @return: the files, each with where in it the first secret begins.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if path.suffix == ".log" or path.stat().st_mode & 0o077:
            at = exposed(path, secrets)
            if at is not None:
                yield path, at


def _isDistinctive(run: str) -> bool:
    isWord = run.isalpha() and len(run) < _LONGEST_WORD
    return len(run) >= _HEAD_LENGTH and len(set(run)) >= _FEWEST_LETTERS and not isWord
