"""
What the faults of the token service do to a request over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from twisted.web.server import Request

from ctrader_twisted.simulator.faults.rules import Cut, Delay, Page, TokenAction
from ctrader_twisted.simulator.oauth.pages import page

__all__ = ["disturb"]


def disturb(
    request: Request, clock: IReactorTime, action: TokenAction | None, work: Callable[[], None], body: bytes = b""
) -> None:
    """
    Go on with a request, or do what a rule says.

    @param request: the request.
    @param clock: the reactor.
    @param action: what the rule says; L{None} for nothing.
    @param work: what is to be done.
    @param body: the answer of which something is cut off.
    """
    if action is None:
        work()
    elif isinstance(action, Delay):
        _later(request, clock, action.seconds, work)
    elif isinstance(action, Page):
        shown = page(request, "Out of order", "<p>The service does not answer.</p>", action.status)
        request.write(shown)  # type: ignore[no-untyped-call]
        request.finish()  # type: ignore[no-untyped-call]
    elif isinstance(action, Cut):
        _cut(request, body, action.share)
    # What is withheld never comes.


def _later(request: Request, clock: IReactorTime, seconds: float, work: Callable[[], None]) -> None:
    timer = clock.callLater(seconds, work)

    def over(reason: Failure) -> None:
        if timer.active():
            timer.cancel()

    request.notifyFinish().addErrback(over)


def _cut(request: Request, body: bytes, share: float) -> None:
    left = body[: int(len(body) * share)]
    if left:
        request.setHeader("Content-Length", str(len(body)))  # type: ignore[no-untyped-call]
        request.write(left)  # type: ignore[no-untyped-call]
    request.loseConnection()  # type: ignore[no-untyped-call]
