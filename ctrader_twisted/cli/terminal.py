"""
The user's screen, keyboard and browser, without holding up the reactor.
"""

from __future__ import annotations

import os
import webbrowser
from contextlib import suppress
from threading import Thread
from typing import Any

from rich.console import Console
from rich.text import Text
from twisted.internet.defer import Deferred

__all__ = ["openBrowser", "readLine", "say", "sayInAnyCase"]

_KEYBOARD = 0
_PIECE = 4096


def say(console: Console, text: str, style: str = "") -> None:
    """
    Show a line just as it is, so that what is in it can be copied.

    @param console: where to show it.
    @param text: the line.
    @param style: in what colour.
    """
    console.print(Text(text, style=style), soft_wrap=True)


def sayInAnyCase(console: Console, text: str) -> None:
    """
    Show a line about something that goes on even if the line cannot be shown: then it is shown on standard error, if
    that is possible.

    @param console: where to show it.
    @param text: the line.
    """
    # So rich ends a program when nobody reads its pipe any more.
    cannot = suppress(OSError, SystemExit)
    if not console.quiet:
        with cannot:
            say(console, text)
            return
        console.quiet = True
    with cannot:
        say(Console(stderr=True), text)


def openBrowser(url: str) -> None:
    """
    Open an address in the user's browser, if there is one.

    @param url: the address.
    """
    # Some browsers return when their window is closed, and must not keep this process from ending.
    Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def readLine(reactor: Any, descriptor: int = _KEYBOARD) -> Deferred[str]:
    """
    Wait for a line that somebody types or pastes.

    @param reactor: the reactor.
    @param descriptor: where to read.
    @return: fires with the line, which is empty if nobody types there any more. Cancelling it gives up waiting.
    """
    line: Deferred[str] = Deferred()

    def read() -> None:
        # Whoever waits in sys.stdin holds a lock that Python wants when it ends.
        text = bytearray()
        # Without a keyboard nobody types.
        with suppress(OSError):
            while not text.endswith(b"\n") and (piece := os.read(descriptor, _PIECE)):
                text += piece
        reactor.callFromThread(line.callback, text.decode(errors="replace").strip())

    Thread(target=read, daemon=True).start()
    return line
