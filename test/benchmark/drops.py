"""
What a session does after its connection was dropped.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint

from ctrader_twisted.schema.messages import ProtoOAVersionReq
from ctrader_twisted.session.session import Session
from ctrader_twisted.session.status import Status
from ctrader_twisted.session.tables import AccountState
from test.benchmark.frames import ACCOUNT
from test.benchmark.lines import makeSession
from test.benchmark.results import DropsSurvived

__all__ = ["surviveDrops"]


async def surviveDrops(reactor: Any, endpoint: IStreamClientEndpoint, count: int) -> DropsSurvived:
    """
    Have connections dropped. Each has a session of its own, since one that is dropped soon again waits.

    @param reactor: the reactor.
    @param endpoint: where the server is.
    @param count: how many connections.
    """
    return DropsSurvived([await _survive(makeSession(reactor, endpoint, seed)) for seed in range(count)])


async def _survive(session: Session) -> float:
    session.start()
    await session.whenAccountReady(ACCOUNT)
    again: Deferred[float] = Deferred()

    def look(status: Status) -> None:
        # It reads its state once it is authorised.
        if status.accounts[ACCOUNT].state is AccountState.RECONCILING and not again.called:
            again.callback(perf_counter())

    session.onStatus(look)
    started = perf_counter()
    session.request(ProtoOAVersionReq()).addErrback(lambda _: None)
    ended = await again
    await session.stop()
    return ended - started
