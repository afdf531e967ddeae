"""
How many requests a second may be sent, on one connection or on all of an application.
"""

from __future__ import annotations

from collections import deque
from math import ceil

from ctrader_twisted.schema import RateClass
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.settings import RateRefusal, Settings

__all__ = ["Rationing"]

_REPORTS = {
    "ProtoOAOrderListReq",
    "ProtoOADealListByPositionIdReq",
    "ProtoOAOrderListByPositionIdReq",
    "ProtoOAOrderDetailsReq",
    "ProtoOADealOffsetListReq",
}


class Rationing:
    """
    Two exact sliding windows of one second: one for historical requests, one for all others.
    """

    def __init__(self, settings: Settings) -> None:
        """
        @param settings: the rates, and what happens beyond them.
        """
        self._settings = settings
        self._general: deque[float] = deque(maxlen=settings.generalRate)
        self._historical: deque[float] = deque(maxlen=settings.historicalRate)
        self._blocked: dict[str, float] = {}

    def take(self, request: str, rate: RateClass, now: float) -> None:
        """
        Count a request.

        @param request: the name of its message.
        @param rate: which of the limits it counts into.
        @param now: the time, in seconds.
        @raise Refusal: if it is one too many; then it is not counted.
        """
        if self._settings.rateRefusal is RateRefusal.BLOCKED:
            self._checkBlock(request, now)
        isReport = request in _REPORTS and not self._settings.reportsCountAsHistory
        window = self._historical if rate is RateClass.HISTORICAL and not isReport else self._general
        if len(window) == window.maxlen and window[0] > now - 1.0:
            raise self._refusal(request, now)
        window.append(now)

    def heard(self, now: float) -> None:
        """
        Count a heartbeat, where heartbeats count. It is never refused.

        @param now: the time, in seconds.
        """
        if self._settings.heartbeatsCount:
            self._general.append(now)

    def _refusal(self, request: str, now: float) -> Refusal:
        if self._settings.rateRefusal is RateRefusal.FREQUENCY:
            return Refusal(RateRefusal.FREQUENCY.value, "You have reached the rate limit of requests")
        self._blocked[request] = now + self._settings.blockSeconds
        return self._block(request, now)

    def _checkBlock(self, request: str, now: float) -> None:
        if self._blocked.get(request, now) <= now:
            return
        if self._settings.blockRestarts:
            self._blocked[request] = now + self._settings.blockSeconds
        raise self._block(request, now)

    def _block(self, request: str, now: float) -> Refusal:
        seconds = ceil(self._blocked[request] - now)
        return Refusal(RateRefusal.BLOCKED.value, f"{request} is blocked for {seconds} s", retryAfter=seconds)
