"""
State machines as tables.

A table says for each state and each input what the next state is and which actions lead there; a pair that it does not
name changes nothing. That makes the whole product of states and inputs something that a test can walk through.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Machine", "Step"]

_StateT = TypeVar("_StateT", bound=Enum)
_InputT = TypeVar("_InputT", bound=Enum)


class Step(NamedTuple, Generic[_StateT]):
    """
    What an input does.

    @ivar to: the next state.
    @ivar actions: the names of what is done, in order, once the state is the next one.
    """

    to: _StateT
    actions: tuple[str, ...] = ()


class Machine(Generic[_StateT, _InputT]):
    """
    Holds a state and follows a table.

    @ivar state: the state now.
    """

    def __init__(
        self,
        state: _StateT,
        table: Mapping[tuple[_StateT, _InputT], Step[_StateT]],
        actions: Mapping[str, Callable[[], None]],
        changed: Callable[[], None],
        *,
        entered: Callable[[], object] = lambda: None,
    ) -> None:
        """
        @param state: where to begin.
        @param table: what each input does in each state.
        @param actions: what the actions' names stand for.
        @param changed: called after each step, when all its actions are done.
        @param entered: called as soon as the state is another one, before the actions.
        """
        self.state = state
        self._table = table
        self._actions = actions
        self._changed = changed
        self._entered = entered
        self._inputs: deque[_InputT] = deque()
        self._busy = False

    def handle(self, what: _InputT) -> None:
        """
        Take an input. One that an action gives waits until that action's step is complete.

        @param what: the input.
        """
        self._inputs.append(what)
        if self._busy:
            return
        self._busy = True
        try:
            while self._inputs:
                self._follow(self._inputs.popleft())
        finally:
            self._busy = False

    def _follow(self, what: _InputT) -> None:
        step = self._table.get((self.state, what))
        if step is None:
            return
        self.state = step.to
        self._entered()
        for name in step.actions:
            self._actions[name]()
        self._changed()
