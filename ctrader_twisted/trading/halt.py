"""
The switch that stops an account from opening anything, across restarts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctrader_twisted.durable import exclusively, replaceDurably
from ctrader_twisted.errors import ConfigurationError

__all__ = ["HaltFile"]


class HaltFile:
    """
    A file that halts accounts as long as it is there. An empty one halts all accounts of whoever uses it; else it holds
    the C{ctidTraderAccountId} of one account on each line. It is looked at for each order, so it works at once and for
    every process that uses it. A file beside it, with C{.lock} added to its name, keeps processes from changing it at
    the same time.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """
        @param path: the file; as long as its folder is not there, all accounts are halted.
        """
        # Daemons change their working directory.
        self.path = Path(path).absolute()

    def halts(self, accountId: int) -> bool:
        """
        Tell whether an account is halted.

        @param accountId: the account.
        @return: also L{True} if the file is there and cannot be read or understood.
        """
        try:
            lines = self._lines()
        except OSError:
            return True
        return lines is not None and (str(accountId) in lines or _haltsAll(lines))

    def halt(self, accountId: int) -> None:
        """
        Halt an account. The disk has it when this returns.

        @param accountId: the account.
        @raise ConfigurationError: if the file cannot be read or written.
        """
        with self._changing():
            lines = self._lines()
            # An empty file must not become one that halts less.
            if lines is None or (lines and str(accountId) not in lines):
                self._write([*(lines or ()), str(accountId)])

    def resume(self, accountId: int) -> None:
        """
        Let an account trade again.

        @param accountId: the account.
        @raise ConfigurationError: if the file halts all accounts, or cannot be read or written: then it is for a person
            to remove it.
        """
        with self._changing():
            lines = self._lines()
            if lines is None:
                return
            others = [line for line in lines if line != str(accountId)]
            if not lines or not all(map(str.isdecimal, others)):
                raise ConfigurationError(f"{self.path} halts all accounts; remove it to let them trade again")
            if others != lines:
                self._write(others)

    def haltAll(self) -> None:
        """
        Halt all accounts, whichever there are or will be. The disk has it when this returns.

        @raise ConfigurationError: if the file cannot be written.
        """
        with self._changing():
            replaceDurably(self.path, b"")

    def resumeAll(self) -> None:
        """
        Let all accounts trade again, those too that were halted by themselves, or by a file that cannot be understood.

        @raise ConfigurationError: if the file cannot be removed.
        """
        with self._changing():
            self.path.unlink(missing_ok=True)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            with exclusively(self.path.with_name(f"{self.path.name}.lock")):
                yield
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be changed: {error.strerror}") from error

    def _lines(self) -> list[str] | None:
        try:
            return [line.strip() for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines()]
        except FileNotFoundError:
            # If even its folder is gone, nobody can tell whether it is there.
            if not self.path.parent.is_dir():
                raise
            return None

    def _write(self, lines: list[str]) -> None:
        if lines:
            replaceDurably(self.path, ("\n".join(lines) + "\n").encode())
        else:
            self.path.unlink()


def _haltsAll(lines: list[str]) -> bool:
    return not all(map(str.isdecimal, lines)) if lines else True
