"""
Keeps the requests of the suite well within the limits of a server.
"""

from __future__ import annotations

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.schema import REQUESTS, RateClass

__all__ = ["Pace"]

_GENERAL, _HISTORICAL = 1 / 25, 1 / 3


class Pace:
    """
    Spaces the requests of all connections of the suite together, since it is not known whether a server does so, too.
    """

    def __init__(self, clock: IReactorTime) -> None:
        """
        @param clock: the reactor.
        """
        self._clock = clock
        self._free = {False: 0.0, True: 0.0}

    async def take(self, request: Message) -> None:
        """
        Wait until a request may be sent.

        @param request: the request.
        """
        row = REQUESTS.get(request.DESCRIPTOR.name)
        isHistorical = row is not None and row.rate is RateClass.HISTORICAL
        now = self._clock.seconds()
        at = max(now, self._free[isHistorical])
        self._free[isHistorical] = at + (_HISTORICAL if isHistorical else _GENERAL)
        if at > now:
            over: Deferred[None] = Deferred(lambda _: timer.cancel())
            timer = self._clock.callLater(at - now, over.callback, None)
            await over
