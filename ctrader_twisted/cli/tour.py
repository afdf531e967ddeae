"""
C{ctrader tour}: the framework's main job, end to end, in one process.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from twisted.internet.defer import Deferred, TimeoutError

from ctrader_twisted.cli.page import Page
from ctrader_twisted.cli.scene import Stage, readReplay, sceneFor
from ctrader_twisted.cli.script import commands, writeScript
from ctrader_twisted.cli.story import STEPS, Story
from ctrader_twisted.cli.tables import moment
from ctrader_twisted.errors import CTraderError

__all__ = ["tour"]

_LIMIT = 60.0


async def tour(reactor: Any, console: Console, files: Mapping[str, Path], seed: int, folder: Path) -> None:
    """
    Give the tour.

    @param reactor: the reactor.
    @param console: where to show it.
    @param files: by the name of a symbol, a file of ticks to replay, or a dataset.
    @param seed: seeded prices follow from it.
    @param folder: where to leave the script.
    @raise CTraderError: if something does not go as it should.
    @raise OSError: if the script cannot be written.
    """
    started = reactor.seconds()
    page = Page(console, STEPS + 1)
    page.title("A tour of ctrader_twisted: a client and a simulated server, without a network")
    with TemporaryDirectory(prefix="ctrader-tour-") as place:
        told = Deferred.fromCoroutine(_play(reactor, page, files, seed, Path(place)))
        try:
            await told.addTimeout(_LIMIT, reactor)
        except TimeoutError:
            raise CTraderError(f"the tour was not over within {_LIMIT:g} s") from None
    _end(page, writeScript(folder), reactor.seconds() - started)


async def _play(reactor: Any, page: Page, files: Mapping[str, Path], seed: int, place: Path) -> None:
    page.step("Start an exchange")
    scene = sceneFor(readReplay(files))
    exchange = scene.exchange(reactor, seed)
    stage = Stage(reactor, exchange, place)
    port = stage.open()
    try:
        page.say(f"It listens on 127.0.0.1:{port}, with a certificate authority of its own.")
        prices = ", ".join(f"{name} from {path.name}" for name, path in files.items()) or f"made from the seed {seed}"
        page.say(f"Prices: {prices}. It is {moment(scene.epoch):%A, %d %B %Y %H:%M} UTC there.")
        if round(scene.speed) > 1:
            page.say(f"Its time runs {scene.speed:.0f} times as fast as ours, so that there is something to see.")
        story = Story(reactor, page, stage.makeClient(), exchange.disconnectAll)
        await story.tell(tuple(files))
    finally:
        await stage.close()


def _end(page: Page, script: Path, seconds: float) -> None:
    page.title(f"\nDone in {seconds:.1f} s. This script does the same; edit it as you like:")
    page.line(str(script.resolve()))
    page.say("To run it, give these commands here, each in a terminal of its own:")
    for command in commands(script):
        page.line(command)
