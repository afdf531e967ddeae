"""
A process that places one order under a fixed id and says what became of it. It can be told to die on the way, as if it
were killed there.

Usage: python -m test.ordering SIMULATOR_JSON JOURNAL CLIENT_ORDER_ID STEP
"""

from __future__ import annotations

import json
import os
import sys
import time
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
from ctrader_twisted.schema.messages import ProtoOAExecutionEvent, ProtoOAOrderListReq
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.trading.journal import JournalEntry

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


def prepare(step: str, reactor: Any, account: Account) -> None:
    """
    Arrange the death that happens in the session.
    """
    send, receive = AccountSession.request, AccountSession.eventReceived

    def request(link: AccountSession, message: Any, **options: Any) -> Any:
        answered = send(link, message, **options)
        reactor.callLater(0, die)
        return answered

    def eventReceived(link: AccountSession, message: Any) -> None:
        if isinstance(message, ProtoOAExecutionEvent):
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


async def main(reactor: Any, simulator: str, path: str, clientOrderId: str, step: str) -> None:
    """
    Log in, place the order, and print how it ended and how many orders the server has for the id.
    """
    settings = json.loads(Path(simulator).read_text(encoding="utf-8"))
    begin = time.monotonic()
    journal = DeadlyJournal(path)
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
        prepare(step, reactor, account)
        outcome = await place(account, clientOrderId, step)
        listed = await account.request(ProtoOAOrderListReq(fromTimestamp=EPOCH - DAY, toTimestamp=EPOCH + DAY))
        orders = [order for order in listed.order if order.clientOrderId == clientOrderId]
        print(json.dumps({"outcome": outcome, "orders": len(orders)}))


if __name__ == "__main__":
    react(main, sys.argv[1:])
