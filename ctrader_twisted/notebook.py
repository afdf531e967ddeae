"""
Twisted in a notebook: its reactor on asyncio's loop that runs there already.
"""

from __future__ import annotations

import sys
from functools import partial
from threading import Thread
from typing import Any

from ctrader_twisted.errors import ConfigurationError

__all__ = ["notebookReactor"]


def notebookReactor() -> Any:
    """
    Get the reactor, running on the loop that calls this, as in a cell of a notebook. Calling it again, such as when a
    cell is run twice, gives the same one. It is never stopped; when the notebook's process ends, it ends.

    @return: the reactor, for L{Client <ctrader_twisted.client.client.Client>} and its endpoint.
    @raise ConfigurationError: if no loop runs here, if the loop cannot carry a reactor, as the default one of Windows,
        or if another reactor was installed before.
    """
    from asyncio import get_running_loop

    try:
        loop = get_running_loop()
    except RuntimeError:
        raise ConfigurationError("no loop runs here; in a script use twisted.internet.task.react") from None
    if "twisted.internet.reactor" not in sys.modules:
        _install(loop)
    from twisted.internet import reactor

    if getattr(reactor, "_asyncioEventloop", None) is not loop:
        raise ConfigurationError(
            f"{type(reactor).__name__} was installed before; restart the notebook, and call notebookReactor() before "
            "anything that imports twisted.internet.reactor"
        )
    return reactor


def _install(loop: Any) -> None:
    from twisted.internet import asyncioreactor

    try:
        asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    except TypeError as error:
        raise ConfigurationError(
            f"{error}; call asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy()) before the loop is "
            "made"
        ) from None
    from twisted.internet import reactor

    # Nobody stops this reactor, so its threads must not keep the process from ending.
    reactor.getThreadPool().threadFactory = partial(Thread, daemon=True)  # type: ignore[attr-defined]
    reactor.startRunning(installSignalHandlers=False)  # type: ignore[attr-defined]
