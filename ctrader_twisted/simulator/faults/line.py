"""
The way of one connection's messages past the rules.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from struct import Struct
from typing import Any, NamedTuple, Protocol

from attrs import define, field
from google.protobuf.message import Message
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ctrader_twisted.framing import encodeFrame
from ctrader_twisted.schema.messages import ProtoMessage, ProtoOAErrorRes, ProtoOAOrderErrorEvent
from ctrader_twisted.simulator.call import Call
from ctrader_twisted.simulator.faults.disturbances import Disturbance
from ctrader_twisted.simulator.faults.faults import Faults
from ctrader_twisted.simulator.faults.rules import (
    Answer,
    Corrupt,
    Cut,
    Delay,
    Duplicate,
    Mute,
    OutgoingAction,
    Push,
    Refuse,
    Reorder,
    Split,
    Stall,
    Withhold,
)

__all__ = ["Line", "Wire"]

_REMEMBERED = 1_000
_LENGTH = Struct("!I")
_LONGEST_SILENCE = 600.0


class Wire(Protocol):
    """
    What a line needs of its connection.
    """

    def write(self, data: bytes) -> None:
        """
        Send bytes.

        @param data: the bytes.
        """

    def take(self, data: bytes) -> None:
        """
        Look at bytes that came.

        @param data: the bytes.
        """

    def close(self) -> None:
        """
        End the connection after what was written.
        """

    def abort(self) -> None:
        """
        End the connection at once.
        """


@define
class _Kept:
    """
    What waits while the server is silent for a time.

    @ivar first: the request before which the server fell silent, which the rules have judged; L{None} if it was a
        message.
    @ivar calls: requests that came with it, and wait for their judgement.
    @ivar came: what came since.
    @ivar left: what is to be sent.
    """

    first: Call[Any] | None = None
    calls: list[Call[Any]] = field(factory=list)
    came: bytearray = field(factory=bytearray)
    left: bytearray = field(factory=bytearray)


class _NextCut(NamedTuple):
    """
    The answer that is to be cut.

    @ivar action: how.
    @ivar clientMsgId: its id; L{None} for whatever is sent next, since a request without one has no other answer.
    """

    action: Cut
    clientMsgId: str | None


class Line:
    """
    Carries out on one connection what the rules say.

    @ivar isSilent: whether the server neither sends anything nor looks at what comes.
    """

    def __init__(
        self, wire: Wire, clock: IReactorTime, faults: Faults, serve: Callable[[Call[Any]], None], limit: int
    ) -> None:
        """
        @param wire: the connection.
        @param clock: the reactor.
        @param faults: the rules.
        @param serve: executes a request.
        @param limit: bytes that may be kept in either direction while the server is silent.
        """
        self._wire = wire
        self._clock = clock
        self._faults = faults
        self._sending = faults.sending
        self._serve = serve
        self._limit = limit
        self._timers: set[IDelayedCall] = set()
        self._held: list[bytes] = []
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._muted: deque[str] = deque(maxlen=_REMEMBERED)
        self._nextCut: _NextCut | None = None
        self.isSilent = False
        self._kept: _Kept | None = None

    def lost(self) -> None:
        """
        The connection is over.
        """
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._held.clear()
        self._pieces.clear()
        self._kept = None

    # What comes.

    def came(self, data: bytes) -> None:
        """
        Pass on bytes that came, when the server looks at them.

        @param data: the bytes.
        """
        if not self.isSilent:
            self._wire.take(data)
        elif self._kept is not None:
            self._keep(self._kept.came, data)

    def request(self, call: Call[Any]) -> None:
        """
        Execute a request, or do what a rule says.

        @param call: the request.
        """
        if self.isSilent:
            if self._kept is not None:
                self._kept.calls.append(call)
            return
        action = self._faults.incoming(call.message)
        if self._isRefused(call):
            return
        if isinstance(action, Stall):
            self._stall(action, call)
        elif isinstance(action, Delay):
            self._later(action.seconds, lambda: self._execute(call))
        elif isinstance(action, Refuse):
            call.connection.send(_refusal(action, call), None if action.withoutId else call.clientMsgId)
        elif isinstance(action, Answer):
            self._leave(_frame(action.message, call.clientMsgId))
        elif isinstance(action, Cut):
            self._cutRequest(action, call)
        elif not isinstance(action, Withhold):
            if isinstance(action, Mute) and call.clientMsgId is not None:
                self._muted.append(call.clientMsgId)
            self._serve(call)
            if isinstance(action, Push):
                self.push(action.message)
            elif isinstance(action, Disturbance):
                self._faults.disturb(action)

    def _execute(self, call: Call[Any]) -> None:
        """
        Execute a request that has waited, unless there is a maintenance by now.
        """
        if not self._isRefused(call):
            self._serve(call)

    def _isRefused(self, call: Call[Any]) -> bool:
        refusal = self._faults.maintenance()
        if refusal is not None:
            call.connection.send(refusal, call.clientMsgId)
        return refusal is not None

    def _cutRequest(self, action: Cut, call: Call[Any]) -> None:
        if not action.share:
            self._wire.abort()
            return
        self._nextCut = _NextCut(action, call.clientMsgId)
        self._serve(call)

    # What goes.

    @property
    def isClear(self) -> bool:
        """
        Whether what is sent without a request just leaves.
        """
        return not (self._sending or self.isSilent or self._held or self._pieces or self._nextCut is not None)

    def send(self, message: Message, clientMsgId: str | None, frame: bytes | None = None) -> None:
        """
        Send a message, or do what a rule says.

        @param message: what to send.
        @param clientMsgId: the id of the request that caused it.
        @param frame: the frame of both, if it has been made already.
        """
        if (self.isSilent and self._kept is None) or (self._muted and clientMsgId in self._muted):
            return
        frame = frame or encodeFrame(message, clientMsgId)
        action: OutgoingAction | None = None
        if self._nextCut is not None and self._nextCut.clientMsgId in (None, clientMsgId):
            action = self._nextCut.action
        elif self._sending:
            action = self._faults.outgoing(message, isAnswer=clientMsgId is not None)
        if action is not None:
            self._disturb(frame, action)
        elif self._held or self._pieces or self.isSilent:
            self._leave(frame)
        else:
            self._wire.write(frame)

    def push(self, message: Message) -> None:
        """
        Send a message past the rules.

        @param message: what to send; a C{ProtoMessage} is the envelope itself.
        """
        self._leave(_frame(message))

    def _disturb(self, frame: bytes, action: OutgoingAction) -> None:
        if isinstance(action, Cut):
            self._cut(frame, action.share)
        elif isinstance(action, Stall):
            self._stall(action)
            self._leave(frame)
        elif isinstance(action, Delay):
            self._later(action.seconds, lambda: self._leave(frame))
        elif isinstance(action, Duplicate):
            for _ in range(1 + action.copies):
                self._leave(frame)
        elif isinstance(action, Reorder) and not self._held:
            self._held.append(frame)
        elif isinstance(action, Reorder):
            # It is the next one for which another waits.
            self._leave(frame)
        elif isinstance(action, Corrupt):
            self._leave(_corrupted(frame, action))
        elif isinstance(action, Split):
            self._split(frame, action)
        elif isinstance(action, Push):
            self._leave(frame)
            self.push(action.message)
        elif isinstance(action, Disturbance):
            self._leave(frame)
            self._faults.disturb(action)

    def _cut(self, frame: bytes, share: float) -> None:
        # What is written and not yet sent is lost by an abort, and kept by a close.
        if share:
            self._write(frame[: max(1, int(len(frame) * share))])
            self._wire.close()
        else:
            self._wire.abort()

    def _leave(self, frame: bytes) -> None:
        self._write(frame)
        if self._held:
            held, self._held = self._held, []
            for each in held:
                self._write(each)

    def _split(self, frame: bytes, action: Split) -> None:
        size = action.size
        isBusy = bool(self._pieces)
        self._pieces.extend((action.seconds, frame[place : place + size]) for place in range(0, len(frame), size))
        if not isBusy:
            self._nextPiece()

    def _nextPiece(self) -> None:
        _, piece = self._pieces.popleft()
        self._transmit(piece)
        if self._pieces:
            self._later(self._pieces[0][0], self._nextPiece)

    def _write(self, data: bytes) -> None:
        if self._pieces:
            self._pieces.append((0.0, data))
        else:
            self._transmit(data)

    def _transmit(self, data: bytes) -> None:
        if not self.isSilent:
            self._wire.write(data)
        elif self._kept is not None:
            self._keep(self._kept.left, data)

    # Silence and delays.

    def _stall(self, action: Stall, first: Call[Any] | None = None) -> None:
        if self.isSilent:
            return
        self.isSilent = True
        if action.seconds is None:
            # A client that has vanished gives up unheard.
            self._later(_LONGEST_SILENCE, self._wire.abort)
        else:
            self._kept = _Kept(first)
            self._later(action.seconds, self._goOn)

    def _goOn(self) -> None:
        kept, self._kept, self.isSilent = self._kept, None, False
        assert kept is not None
        self._wire.write(bytes(kept.left))
        if kept.first is not None:
            self._execute(kept.first)
        for call in kept.calls:
            self.request(call)
        self.came(bytes(kept.came))

    def _keep(self, kept: bytearray, data: bytes) -> None:
        kept += data
        if len(kept) > self._limit:
            self._wire.abort()

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        def due() -> None:
            self._timers.discard(timer)
            work()

        timer = self._clock.callLater(seconds, due)
        self._timers.add(timer)


def _frame(message: Message, clientMsgId: str | None = None) -> bytes:
    if isinstance(message, ProtoMessage):
        body = message.SerializeToString()
        return _LENGTH.pack(len(body)) + body
    return encodeFrame(message, clientMsgId)


def _corrupted(frame: bytes, action: Corrupt) -> bytes:
    if action.length is not None:
        return _LENGTH.pack(action.length) + frame[_LENGTH.size :]
    return frame[: _LENGTH.size] + b"\xff" * (len(frame) - _LENGTH.size)


def _refusal(action: Refuse, call: Call[Any]) -> Message:
    accountId = getattr(call.message, "ctidTraderAccountId", None)
    if action.asOrderError:
        return ProtoOAOrderErrorEvent(
            ctidTraderAccountId=accountId, errorCode=action.code, description=action.description
        )
    return ProtoOAErrorRes(
        ctidTraderAccountId=accountId,
        errorCode=action.code,
        description=action.description,
        retryAfter=action.retryAfter,
    )
