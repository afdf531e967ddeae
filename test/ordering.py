"""
Processes that place one order under a fixed id and say what became of it. The first of them dies on the way, as if it
were killed there; then two others ask for the same order. So it is for each place to die, at the same time.

Usage: python -m test.ordering SIMULATOR_JSON
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.task import react

from ctrader_twisted import (
    Account,
    Application,
    Client,
    Lots,
    MemoryTokens,
    OrderJournal,
    TokenPair,
    hostEndpoint,
    trustFile,
)
from ctrader_twisted.errors import OrderRejected
from ctrader_twisted.schema.messages import ProtoOAExecutionEvent, ProtoOANewOrderReq, ProtoOAOrderListReq
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.trading.journal import JournalEntry

assert sys.platform != "win32", "there are no such signals here"

# About where the simulator's time begins.
EPOCH = 1_772_618_400_000
DAY = 86_400_000

STEPS = ("before", "written", "sent", "answered", "accepted", "filled")
"""
Where it may die: before the order is written, after that, when it was given to the transport, when its answer has come
and nobody knows it yet, when it is known as accepted, and as filled.
"""


def die() -> None:
    """
    End here and now.
    """
    os.kill(os.getpid(), 9)


class DeadlyJournal(OrderJournal):
    """
    A journal in whose hands the process may die.
    """

    step = ""

    def claim(self, entry: JournalEntry) -> JournalEntry | None:
        """
        Write, or die before, or after.
        """
        if self.step == "before":
            die()
        known = super().claim(entry)
        if self.step == "written":
            die()
        return known


def prepare(clientOrderId: str, step: str, reactor: Any) -> None:
    """
    Arrange the death that happens in the session. What the processes beside this one do with the account does not kill.
    """
    send, receive = AccountSession.request, AccountSession.eventReceived

    def request(link: AccountSession, message: Any, **options: Any) -> Any:
        answered = send(link, message, **options)
        if isinstance(message, ProtoOANewOrderReq):
            reactor.callLater(0, die)
        return answered

    def eventReceived(link: AccountSession, message: Any) -> None:
        if isinstance(message, ProtoOAExecutionEvent) and message.order.clientOrderId == clientOrderId:
            die()
        receive(link, message)

    if step == "sent":
        AccountSession.request = request  # type: ignore[assignment]
    if step == "answered":
        AccountSession.eventReceived = eventReceived  # type: ignore[assignment, method-assign]


async def place(account: Account, clientOrderId: str, step: str) -> str:
    """
    Place the order.

    @return: what became of it.
    """
    eurusd = await account.symbol("EURUSD")
    try:
        trade = await account.buy(eurusd, Lots("0.10"), clientOrderId=clientOrderId)
        if step == "accepted":
            die()
        await trade.whenFilled()
    except OrderRejected as error:
        return error.code
    if step == "filled":
        die()
    return trade.status.name


async def ask(reactor: Any, simulator: str, clientOrderId: str, step: str) -> None:
    """
    Log in, place the order, and print how it ended and how many orders the server has for the id.
    """
    settings = json.loads(Path(simulator).read_text(encoding="utf-8"))
    begin = time.monotonic()
    journal = DeadlyJournal(f"{clientOrderId}.db")
    journal.step = step
    client = Client(
        reactor,
        hostEndpoint(reactor, settings["host"], settings["port"], trustRoot=trustFile(settings["caFile"])),
        Application(settings["clientId"], settings["clientSecret"]),
        MemoryTokens(TokenPair(settings["accessToken"])),
        journal=journal,
        wallClock=lambda: EPOCH + round(1000 * (time.monotonic() - begin)),
    )
    async with client:
        account = await client.account(settings["accounts"][0]["ctidTraderAccountId"])
        await account.symbol("EURUSD")
        prepare(clientOrderId, step, reactor)
        outcome = await place(account, clientOrderId, step)
        listed = await account.request(ProtoOAOrderListReq(fromTimestamp=EPOCH - DAY, toTimestamp=EPOCH + DAY))
        orders = [order for order in listed.order if order.clientOrderId == clientOrderId]
        print(json.dumps({"outcome": outcome, "orders": len(orders)}))


def begin(act: Callable[[], object], output: str | None = None) -> int:
    """
    Do something in a process of its own, which need not import everything again.

    @param act: what to do.
    @param output: the file for what is printed.
    @return: the process.
    """
    child = os.fork()
    if child != 0:
        return child
    status: Any = 1
    try:
        if output is not None:
            descriptor = os.open(output, os.O_WRONLY | os.O_CREAT, 0o600)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
        act()
        status = 0
    except SystemExit as end:
        status = end.code
    finally:
        sys.stdout.flush()
        os._exit(status or 0)


def outcome(child: int) -> int:
    """
    Wait for a process.

    @return: its status, negative for a signal.
    """
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def survive(simulator: str, death: str) -> None:
    """
    Let a process die, and two others ask for the same order. Print how each ended, and what it said.
    """
    told = []
    for number, step in enumerate((death, "never", "never")):
        path = f"{death}.{number}.txt"
        status = outcome(begin(lambda step=step: react(ask, (simulator, death, step)), path))  # type: ignore[misc]
        told.append((status, Path(path).read_text(encoding="utf-8")))
    Path(f"{death}.json").write_text(json.dumps(told), encoding="utf-8")


def main(simulator: str) -> None:
    """
    Let processes die at each step, all at the same time, and print what was told, by the step.
    """
    children = [begin(lambda step=step: survive(simulator, step)) for step in STEPS]  # type: ignore[misc]
    for child in children:
        assert outcome(child) == 0
    print(json.dumps({step: json.loads(Path(f"{step}.json").read_text(encoding="utf-8")) for step in STEPS}))


if __name__ == "__main__":
    main(*sys.argv[1:])
