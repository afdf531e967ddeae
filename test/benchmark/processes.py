"""
The processes of the benchmark, seen from the first one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

__all__ = ["Failed", "readLine", "startOther", "startProcess", "tell"]

_PROJECT = Path(__file__).resolve().parent.parent.parent


class Failed(Exception):
    """
    A process of the benchmark failed, or saw other events than were sent.
    """


@contextmanager
def startProcess(module: str, told: NamedTuple) -> Iterator[subprocess.Popen[bytes]]:
    """
    Run a process. Leaving the block closes its standard input, upon which it ends, and waits for that.

    @param module: the name of its module in this package.
    @param told: what it is to do.
    """
    paths = [str(_PROJECT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", f"test.benchmark.{module}", json.dumps(told._asdict())]
    with _started(command, environment) as process:
        yield process


@contextmanager
def startOther(interpreter: str, script: str, told: NamedTuple) -> Iterator[subprocess.Popen[bytes]]:
    """
    Run a process of another interpreter, which has no part of this project. It ends as those of L{startProcess} do.

    @param interpreter: the path of the interpreter.
    @param script: the name of a file in this package.
    @param told: what it is to do.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONWARNINGS"] = "ignore"
    command = [interpreter, str(Path(__file__).with_name(script)), json.dumps(told._asdict())]
    with _started(command, environment) as process:
        yield process


def tell(process: subprocess.Popen[bytes]) -> None:
    """
    Let a process go on.

    @param process: it waits for a line; if it has ended, nothing happens.
    """
    with suppress(BrokenPipeError):
        _pipe(process.stdin).write(b"\n")


def readLine(process: subprocess.Popen[bytes], who: str) -> bytes:
    """
    Read what a process prints.

    @param process: the process.
    @param who: what to call it.
    @raise Failed: if it has ended.
    """
    line: bytes = _pipe(process.stdout).readline()
    if not line:
        raise Failed(f"{who}: the process ended early, with status {process.wait()}")
    return line


@contextmanager
def _started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_PROJECT, env=environment
    ) as process:
        try:
            yield process
        finally:
            _pipe(process.stdin).close()


def _pipe(pipe: IO[Any] | None) -> IO[Any]:
    assert pipe is not None
    return pipe
