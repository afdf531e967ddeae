"""
Processes that change stored tokens, and are killed at a step; L{test.test_oauth_killed} runs them.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.oauth import FileTokens
from ctrader_twisted.oauth.changing import changeTokens

assert sys.platform != "win32", "there are no such signals here"

# More than is buffered.
OLD = tuple(TokenPair(f"old-{each}", "x" * 1_000, userId=each) for each in range(10))
NEW = tuple(TokenPair(f"new-{each}", "y" * 1_000, userId=each) for each in range(12))


def main() -> None:
    """
    Change the tokens in a file again and again, in a process that is killed one step later each time, until one comes
    to its end. After each, print as JSON how it ended and what is found then, and what had remained after the change
    before it.
    """
    path = Path(sys.argv[1])
    step, status = 0, -signal.SIGKILL
    while status == -signal.SIGKILL:
        store = FileTokens(path)
        _change(store, OLD)
        remains = sorted(os.listdir(path.parent))
        step += 1
        child = os.fork()
        if child == 0:
            _dieAt(step)
            _change(store, NEW)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps({"status": status, "remains": remains, **_found(path)}))


def _change(store: FileTokens, pairs: tuple[TokenPair, ...]) -> None:
    Deferred.fromCoroutine(changeTokens(store, Clock(), lambda _: pairs)).addErrback(lambda failure: os._exit(1))


def _dieAt(step: int) -> None:
    """
    Let this process be killed before or after a call of what is not written in Python, such as those of the system.
    Those are left out that only work on strings, numbers and collections: the disk cannot tell them apart.
    """
    steps = 0

    def called(frame: object, event: str, argument: Any) -> None:
        nonlocal steps
        if event in ("c_call", "c_return") and not _isInnocent(argument):
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(called)


def _isInnocent(function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    isOfAnObject = owner is not None and not isinstance(owner, ModuleType)
    home = type(owner).__module__ if isOfAnObject else function.__module__
    return home in ("builtins", "_json") and function not in (print, open)


def _found(path: Path) -> dict[str, Any]:
    found: list[Any] = []
    store = FileTokens(path)
    store.load().addCallbacks(found.append, found.append)
    store.tryLock().addCallbacks(found.append, found.append)
    store.unlock()
    return {
        "left": len(os.listdir(path.parent)),
        "pairs": "old" if found[0] == OLD else "new" if found[0] == NEW else repr(found[0]),
        "mode": stat.S_IMODE(path.stat().st_mode),
        "isFree": found[1],
    }


if __name__ == "__main__":
    main()
