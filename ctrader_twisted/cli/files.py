"""
Files that commands write for their users: whole, or not at all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from ctrader_twisted.durable import replaceFile
from ctrader_twisted.errors import ConfigurationError

__all__ = ["STANDARD_OUTPUT", "replacing", "textOutput"]

STANDARD_OUTPUT = "-"
"""
The name that stands for standard output.
"""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """
    Write a file that takes the place of another when all went well; else the other one stays.

    @param path: the other file, which need not be there. What is no file, such as a pipe, is written as it is.
    @return: a context manager, which gives the file to write.
    @raise ConfigurationError: if the file cannot be written.
    """
    real = Path(os.path.realpath(path))
    if real.exists() and not real.is_file():
        with _explained(path):
            yield real
        return
    # With its ending, since that may say what it holds.
    scratch = real.with_name(f".{real.stem}.{os.getpid()}.new{real.suffix}")
    try:
        with _explained(path):
            yield scratch
            replaceFile(scratch, real)
    except BaseException:
        with suppress(OSError):
            scratch.unlink()
        raise


@contextmanager
def textOutput(name: str) -> Iterator[TextIO]:
    """
    Write text to a file, as L{replacing} does, or to standard output.

    @param name: the file, or L{STANDARD_OUTPUT}.
    @return: a context manager, which gives the open file.
    @raise ConfigurationError: if the file cannot be written.
    @raise SystemExit: if nobody reads standard output any more, which needs no words.
    """
    if name == STANDARD_OUTPUT:
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:
            # Else Python complains about what is left when it ends.
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
            raise SystemExit(1) from None
        return
    with replacing(Path(name)) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
