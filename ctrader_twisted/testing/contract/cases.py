"""
What a case is, and the list of all.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from attrs import frozen

from ctrader_twisted.testing.contract.bench import Bench

__all__ = ["Case", "Group", "Run"]

Run = Callable[[Bench], Coroutine[Any, Any, None]]
"""
What a case does.
"""


@frozen
class Case:
    """
    One case.

    @ivar number: its number; the hundreds are the group.
    @ivar title: what must hold.
    @ivar decides: the entries of the ledger that it is about.
    @ivar trades: whether it sends orders.
    @ivar onlySimulated: why it must not run on a real server; empty if it may.
    @ivar run: does it.
    """

    number: int
    title: str
    decides: tuple[str, ...]
    trades: bool
    onlySimulated: str
    run: Run


class Group:
    """
    The cases of one subject.

    @ivar title: the subject.
    @ivar cases: the cases, in order.
    """

    def __init__(self, first: int, title: str, *, trades: bool = False) -> None:
        """
        @param first: the number of its first case.
        @param title: the subject.
        @param trades: whether its cases send orders.
        """
        self.title = title
        self.cases: list[Case] = []
        self._next = first
        self._trades = trades

    def case(
        self, title: str, *decides: str, onlySimulated: str = "", trades: bool | None = None
    ) -> Callable[[Run], Run]:
        """
        Make a function the next case.

        @param title: what must hold.
        @param decides: the entries of the ledger that it is about. Those without a switch are confirmed if the case
            ends well, and refuted if it ends with L{Broken <ctrader_twisted.testing.contract.link.Broken>}.
        @param onlySimulated: why it must not run on a real server.
        @param trades: whether it sends orders; by default what holds for the group.
        @return: a decorator that gives the function back.
        """

        def add(run: Run) -> Run:
            sends = self._trades if trades is None else trades
            self.cases.append(Case(self._next, title, decides, sends, onlySimulated, run))
            self._next += 1
            return run

        return add
