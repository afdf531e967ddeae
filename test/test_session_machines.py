"""
Tests of the two tables of L{ctrader_twisted.session}: every state with every input.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.session.machine import Machine, Step
from ctrader_twisted.session.tables import ACCOUNT_TABLE, TABLE, AccountInput, AccountState, Input, State

CONNECTION = """
           IDLE       WAITING    CONNECTING SECURING    AUTHORISING UP       STOPPING RETRYING FAILING  FAILED
START      CONNECTING CONNECTING .          .           .           .        RETRYING .        .        CONNECTING
STOP       .          IDLE       IDLE       STOPPING    STOPPING    STOPPING .        STOPPING STOPPING IDLE
RETRY      .          CONNECTING .          .           .           .        .        .        .        .
OPENED     .          .          SECURING   .           .           .        .        .        .        .
UNREACHED  .          .          WAITING    .           .           .        .        .        .        .
SECURED    .          .          .          AUTHORISING .           .        .        .        .        .
ACCEPTED   .          .          .          .           UP          .        .        .        .        .
REFUSED    .          .          .          .           FAILING     FAILING  .        .        .        .
POSTPONED  .          .          .          .           RETRYING    RETRYING .        .        .        .
DISTRUSTED .          .          .          FAILED      .           .        .        .        .        .
LOST       .          .          .          WAITING     WAITING     WAITING  IDLE     WAITING  FAILED   .
EXPIRED    .          .          WAITING    RETRYING    RETRYING    .        .        .        .        .
"""

ACCOUNT = """
           OFFLINE     AUTHORISING RECONCILING RESTORING READY   PAUSING     REFUSED    LEFT
UP         AUTHORISING .           .           .         .       .           .          .
DOWN       .           OFFLINE     OFFLINE     OFFLINE   OFFLINE OFFLINE     OFFLINE    .
AUTHORISED .           RECONCILING .           .         .       .           .          .
RECONCILED .           .           RESTORING   .         .       .           .          .
RESTORED   .           .           .           READY     .       .           .          .
REFUSED    .           REFUSED     REFUSED     .         .       .           .          .
POSTPONED  .           PAUSING     PAUSING     .         .       .           .          .
DROPPED    .           .           PAUSING     PAUSING   PAUSING .           .          .
RETRY      .           .           .           .         .       AUTHORISING .          .
ASK        .           .           .           .         .       .           AUTHORISING OFFLINE
LEAVE      LEFT        LEFT        LEFT        LEFT      LEFT    LEFT        LEFT       .
"""


def follows(table: Mapping[Any, Step[Any]], states: type[Enum], inputs: type[Enum], drawn: str) -> list[str]:
    """
    Walk through the whole product of states and inputs.

    @return: the pairs in which the table differs from its drawing.
    """
    head, *rows = (line.split() for line in drawn.strip().splitlines())
    assert head == [each.name for each in states] and [row[0] for row in rows] == [each.name for each in inputs]
    wrong = []
    for row in rows:
        for name, expected in zip(head, row[1:], strict=True):
            step = table.get((states[name], inputs[row[0]]))
            found = "." if step is None else step.to.name
            if found != expected:
                wrong.append(f"{name} {row[0]}: {found} instead of {expected}")
    return wrong


class TableTests(SynchronousTestCase):
    """
    The tables are what is drawn here.
    """

    def test_connection(self) -> None:
        """
        The connection's table, in full.
        """
        self.assertEqual(follows(TABLE, State, Input, CONNECTION), [])

    def test_account(self) -> None:
        """
        The account's table, in full.
        """
        self.assertEqual(follows(ACCOUNT_TABLE, AccountState, AccountInput, ACCOUNT), [])

    @given(st.lists(st.sampled_from(Input)))
    def test_expiryEnds(self, inputs: list[Input]) -> None:
        """
        Whatever happens, a loss and a stop lead to rest: no state keeps a socket for ever.
        """
        machine: Machine[State, Input] = Machine(
            State.IDLE, {pair: Step(step.to) for pair, step in TABLE.items()}, {}, lambda: None
        )
        for each in [*inputs, Input.STOP, Input.LOST]:
            machine.handle(each)
        self.assertEqual(machine.state, State.IDLE)


class MachineTests(SynchronousTestCase):
    """
    How a table is followed.
    """

    def test_inputInAction(self) -> None:
        """
        An input that an action gives waits until all actions of its step are done.
        """
        done: list[str] = []

        def first() -> None:
            done.append("first")
            machine.handle(AccountInput.DOWN)
            self.assertEqual(machine.state, AccountState.AUTHORISING)

        machine: Machine[AccountState, AccountInput] = Machine(
            AccountState.OFFLINE,
            {
                (AccountState.OFFLINE, AccountInput.UP): Step(AccountState.AUTHORISING, ("first", "second")),
                (AccountState.AUTHORISING, AccountInput.DOWN): Step(AccountState.OFFLINE, ("third",)),
            },
            {"first": first, "second": lambda: done.append("second"), "third": lambda: done.append("third")},
            lambda: done.append("changed"),
            entered=lambda: done.append(machine.state.value),
        )
        machine.handle(AccountInput.UP)
        self.assertEqual(done, ["authorising", "first", "second", "changed", "offline", "third", "changed"])
        self.assertEqual(machine.state, AccountState.OFFLINE)
