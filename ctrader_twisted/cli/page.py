"""
What is shown on the terminal, or written into a pipe or file.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

__all__ = ["Page", "sparkline"]

_INDENT = 4
_BLOCKS = "".join(map(chr, range(0x2581, 0x2589)))
_ASCII_BLOCKS = "_.-=+*#@"


class Page:
    """
    Lines under numbered headings. Colours, moving tables and characters beyond ASCII are used only where they can be
    shown.
    """

    def __init__(self, console: Console, steps: int) -> None:
        """
        @param console: where to show it.
        @param steps: how many headings there will be.
        """
        self._console = console
        self._steps = steps
        self._step = 0

    def title(self, text: str) -> None:
        """
        @param text: what comes before all steps.
        """
        self._console.print(Text(text, style="bold"))

    def step(self, title: str) -> None:
        """
        Begin the next step.

        @param title: its heading.
        """
        self._step += 1
        self._console.print()
        self._console.print(Text(f"{self._step}/{self._steps} {title}", style="bold cyan"))

    def say(self, text: str) -> None:
        """
        @param text: a line that belongs to the step.
        """
        self.show(self._console.render_str(text, markup=False, emoji=False, highlight=True))

    def show(self, what: RenderableType) -> None:
        """
        @param what: something that belongs to the step.
        """
        self._console.print(_indented(what))

    def line(self, text: str) -> None:
        """
        @param text: something that may be copied from here, such as a path, and is not broken at the edge.
        """
        self._console.print(Text(" " * _INDENT + text, style="green"), soft_wrap=True)

    def moving(self, what: RenderableType) -> Moving:
        """
        Show something that changes for a while; where nothing can move, only its last state is shown.

        @param what: its first state.
        @return: a context manager.
        """
        return Moving(self._console, what)

    def chart(self, values: Sequence[int], width: int = 60) -> str:
        """
        @param values: some numbers.
        @param width: the most characters.
        @return: a line that shows their course.
        """
        return sparkline(values, width, _ASCII_BLOCKS if self._console.options.ascii_only else _BLOCKS)


class Moving:
    """
    Something that changes while it is shown.
    """

    def __init__(self, console: Console, what: RenderableType) -> None:
        """
        @param console: where to show it.
        @param what: its first state.
        """
        # Twisted draws it from its own turns; a thread of rich's would come in between.
        self._live = Live(_indented(what), console=console, auto_refresh=False)

    def __enter__(self) -> Moving:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def change(self, what: RenderableType) -> None:
        """
        @param what: its next state.
        """
        self._live.update(_indented(what), refresh=True)


def sparkline(values: Sequence[int], width: int, blocks: str = _BLOCKS) -> str:
    """
    Draw the course of some numbers in one line.

    @param values: the numbers; if they are too many, each character stands for the last of a few.
    @param width: the most characters, at least 1.
    @param blocks: the characters, from the lowest to the highest.
    @return: the line.
    """
    count = min(len(values), width)
    shown = [values[(place + 1) * len(values) // count - 1] for place in range(count)]
    if not shown:
        return ""
    lowest, span = min(shown), max(shown) - min(shown)
    top = len(blocks) - 1
    return "".join(blocks[(value - lowest) * top // span if span else top // 2] for value in shown)


def _indented(what: RenderableType) -> RenderableType:
    return Padding(what, (0, 0, 0, _INDENT), expand=False)
