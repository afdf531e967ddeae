"""
The switch that stops an account from opening anything, across restarts.
"""

from __future__ import annotations

import os
from pathlib import Path

from ctrader_twisted.durable import replaceDurably
from ctrader_twisted.errors import ConfigurationError

__all__ = ["HaltFile"]


class HaltFile:
    """
    A file that halts accounts as long as it is there. An empty one, as C{touch} makes it, halts all accounts of whoever
    uses it; else it holds the C{ctidTraderAccountId} of one account on each line. It is looked at for each order, so it
    works at once and for every process that uses it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """
        @param path: the file; its folder must be there.
        """
        self.path = Path(path)

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
        return lines is not None and (not lines or str(accountId) in lines or not all(map(str.isdecimal, lines)))

    def halt(self, accountId: int) -> None:
        """
        Halt an account. The disk has it when this returns.

        @param accountId: the account.
        @raise ConfigurationError: if the file cannot be written.
        """
        if not self.halts(accountId):
            self._write([*(self._lines() or ()), str(accountId)])

    def resume(self, accountId: int) -> None:
        """
        Let an account trade again.

        @param accountId: the account.
        @raise ConfigurationError: if the file halts all accounts, or cannot be written: then it is for a person to
            remove it.
        """
        if not self.halts(accountId):
            return
        lines = self._read()
        if str(accountId) not in lines:
            raise ConfigurationError(f"{self.path} halts all accounts; remove it to let them trade again")
        self._write([line for line in lines if line != str(accountId)])

    def _read(self) -> list[str]:
        try:
            return self._lines() or []
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}") from error

    def _lines(self) -> list[str] | None:
        try:
            return [line.strip() for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines()]
        except FileNotFoundError:
            return None

    def _write(self, lines: list[str]) -> None:
        try:
            if lines:
                replaceDurably(self.path, ("\n".join(lines) + "\n").encode())
            else:
                self.path.unlink()
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be written: {error.strerror}") from error
