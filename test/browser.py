"""
A real browser without a window: Chromium, driven through the pipe of its DevTools protocol.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

__all__ = ["CHROMIUM", "Browser"]

CHROMIUM = None if os.name == "nt" else shutil.which("chromium") or shutil.which("chromium-browser")
"""
The program; L{None} if it is not there, or cannot be driven so.
"""

_WORDS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-proxy-server",
    "--remote-debugging-pipe",
)
_COMMANDS, _ANSWERS = 3, 4
_GLANCE = 0.05


class Browser(ProcessProtocol):
    """
    One browser with one page.
    """

    transport: IProcessTransport

    def __init__(self, folder: Path) -> None:
        """
        Start it.

        @param folder: a new folder for its profile.
        """
        assert CHROMIUM is not None
        self._inbox = b""
        self._number = 0
        self._waiting: dict[int, Deferred[dict[str, Any]]] = {}
        self._session: str | None = None
        self._isOver = False
        self._ended: list[Deferred[None]] = []
        files = {0: "w", 1: "r", 2: "r", _COMMANDS: "w", _ANSWERS: "r"}
        words = [CHROMIUM, *_WORDS, f"--user-data-dir={folder}", "about:blank"]
        reactor.spawnProcess(self, CHROMIUM, words, env={**os.environ, "HOME": str(folder)}, childFDs=files)

    async def open(self, url: str) -> None:
        """
        Go to an address.

        @param url: the address.
        """
        if self._session is None:
            targets = (await self._ask("Target.getTargets"))["targetInfos"]
            page = next(target for target in targets if target["type"] == "page")
            attached = await self._ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)
            self._session = attached["sessionId"]
        await self._ask("Page.navigate", url=url)

    async def shows(self, selector: str) -> None:
        """
        Wait until the page has an element. The test's own timeout limits the wait.

        @param selector: what it is, in CSS.
        """
        await self._until(lambda: self._evaluate(f"document.querySelector({json.dumps(selector)}) !== null"))

    async def says(self, words: str) -> None:
        """
        Wait until the page shows some words.

        @param words: the words.
        """
        await self._until(lambda: self._evaluate(f"document.body.innerText.includes({json.dumps(words)})"))

    async def click(self, selector: str) -> None:
        """
        Click at the middle of an element, as a person does.

        @param selector: what it is, in CSS.
        """
        await self.shows(selector)
        place = await self._evaluate(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)});"
            " found.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const box = found.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self._ask("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    async def address(self) -> str:
        """
        @return: where the page comes from.
        """
        return str(await self._evaluate("location.href"))

    def end(self) -> Deferred[None]:
        """
        End it.

        @return: fires when it has ended.
        """
        ended: Deferred[None] = Deferred()
        if self._isOver:
            ended.callback(None)
            return ended
        self._ended.append(ended)
        try:
            self.transport.signalProcess("KILL")
        except ProcessExitedAlready:
            self._isOver = True
        return ended

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """
        Take its answers; what it prints is of no use.
        """
        if childFD != _ANSWERS:
            return
        *messages, self._inbox = (self._inbox + data).split(b"\0")
        for message in map(json.loads, messages):
            waiting = self._waiting.pop(message.get("id"), None)
            if waiting is not None:
                waiting.callback(message)

    def processEnded(self, reason: Failure) -> None:
        """
        Tell who waits for it.
        """
        self._isOver = True
        for waiting in self._waiting.values():
            waiting.errback(reason)
        for ended in self._ended:
            ended.callback(None)

    async def _until(self, condition: Callable[[], Any]) -> None:
        while not await condition():
            await deferLater(reactor, _GLANCE)

    async def _evaluate(self, expression: str) -> Any:
        # While a page gives way to another, there is nothing to evaluate in.
        found = await self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return found.get("result", {}).get("value")

    async def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = self._number = self._number + 1
        waiting: Deferred[dict[str, Any]] = Deferred()
        self._waiting[number] = waiting
        command = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            command["sessionId"] = self._session
        self.transport.writeToChild(_COMMANDS, json.dumps(command).encode() + b"\0")
        result: dict[str, Any] = (await waiting).get("result", {})
        return result
