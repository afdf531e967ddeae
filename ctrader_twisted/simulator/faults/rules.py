"""
The rules by which the simulator does wrong: which messages, when, and what happens to them.

A rule is plain data, and can be added to a running exchange::

    exchange.faults.add(Outgoing(Cut(0.5), message="ProtoOAExecutionEvent", nth=2))
    exchange.faults.add(Incoming(Mute(), message="ProtoOANewOrderReq", account=accountId))
    exchange.faults.add(Incoming(Refuse("BLOCKED_PAYLOAD_TYPE", retryAfter=3), probability=0.01))
    exchange.faults.add(TokenAnswer(Cut(0.5), nth=1))
"""

from __future__ import annotations

from http import HTTPStatus
from math import inf
from typing import ClassVar

from attrs import field, frozen
from attrs.validators import and_, ge, instance_of, le, lt, optional
from google.protobuf.message import Message

from ctrader_twisted.simulator.faults.disturbances import Disturbance
from ctrader_twisted.simulator.faults.naming import MESSAGES, complete, finite, messageName

__all__ = [
    "Answer",
    "Corrupt",
    "Cut",
    "Delay",
    "Duplicate",
    "Incoming",
    "IncomingAction",
    "MessageRule",
    "Mute",
    "Outgoing",
    "OutgoingAction",
    "Page",
    "Push",
    "Refuse",
    "Reorder",
    "Rule",
    "Split",
    "Stall",
    "TokenAction",
    "TokenAnswer",
    "TokenRequest",
    "Withhold",
]


_REQUEST = "Req"
_ENVELOPE = "ProtoMessage"


@frozen
class Cut:
    """
    The connection is cut.

    @ivar share: how much of the message still reaches the client, from 0 for nothing to 1 for all. Of a request the
        first answer is meant; with 0 the request is not executed.
    """

    share: float = field(default=0.0, validator=and_(ge(0.0), le(1.0)))


@frozen
class Stall:
    """
    The server falls silent just before the message: nothing is sent, nothing that comes is looked at, and the
    connection stays.

    @ivar seconds: for how long; then all goes on where it stopped. By default until the client gives up, or for
        ten minutes.
    """

    seconds: float | None = field(default=None, validator=[optional(ge(0.0)), finite])


@frozen
class Delay:
    """
    The message is sent, or the request executed, later; what comes after it overtakes it.

    @ivar seconds: how much later.
    """

    seconds: float = field(validator=[ge(0.0), finite])


@frozen
class Withhold:
    """
    The message is not sent; a request is neither executed nor answered.
    """


@frozen
class Push:
    """
    Another message is sent after it, or after the answer to the request.

    @ivar message: the other message, complete; a C{ProtoMessage} is the envelope itself, so that it can hold anything.
    """

    message: Message = field(validator=complete)


@frozen
class Duplicate:
    """
    The message is sent more than once.

    @ivar copies: how many more times.
    """

    copies: int = field(default=1, validator=ge(1))


@frozen
class Reorder:
    """
    The message is sent after the next one of the connection, whenever that comes.
    """


@frozen
class Corrupt:
    """
    The frame is as long as it was announced, and holds nothing that can be read; or it is whole, and another length is
    announced.

    @ivar length: what is announced in place of its length, in bytes.
    """

    length: int | None = field(default=None, validator=optional(and_(ge(0), lt(1 << 32))))


@frozen
class Split:
    """
    The frame comes in pieces; what comes after it waits for the last one.

    @ivar size: how many bytes there are in each but the last.
    @ivar seconds: how long after the piece before it each comes.
    """

    size: int = field(default=1, validator=ge(1))
    seconds: float = field(default=0.0, validator=[ge(0.0), finite])


@frozen
class Mute:
    """
    The request is executed, and the client that sent it hears nothing with its id: neither the answer nor what else it
    causes.
    """


@frozen
class Refuse:
    """
    The request is not executed, but answered with an error.

    @ivar code: the error code.
    @ivar description: the server's words.
    @ivar retryAfter: seconds that the client is asked to wait, or L{None}.
    @ivar asOrderError: whether it comes as a C{ProtoOAOrderErrorEvent}, for requests of trading.
    @ivar withoutId: whether it comes without the id of the request.
    """

    code: str
    description: str = ""
    retryAfter: int | None = field(default=None, validator=optional(and_(ge(0), lt(1 << 63))))
    asOrderError: bool = False
    withoutId: bool = False


@frozen
class Answer:
    """
    The request is not executed, but answered with a message.

    @ivar message: the answer, complete; of a C{ProtoMessage}, which is the envelope itself, the id is its own.
    """

    message: Message = field(validator=complete)


@frozen
class Page:
    """
    A web page comes in place of the token service's answer, as from a proxy in between.

    @ivar status: its HTTP status.
    """

    status: int = field(default=int(HTTPStatus.BAD_GATEWAY), validator=and_(ge(200), le(599)))


IncomingAction = Cut | Stall | Delay | Withhold | Push | Mute | Refuse | Answer | Disturbance
"""
What can happen to a request; a disturbance happens right after its execution.
"""

OutgoingAction = Cut | Stall | Delay | Withhold | Push | Duplicate | Reorder | Corrupt | Split | Disturbance
"""
What can happen to a message that is sent; a disturbance happens right after it.
"""

TokenAction = Cut | Delay | Withhold | Page
"""
What can happen at the token service.
"""


@frozen(kw_only=True)
class Rule:
    """
    When a rule takes effect; what is not given does not matter. Only that for which all else fits is counted.

    @ivar nth: which one of them, from 1 on; then nothing more.
    @ivar probability: how likely it is for each of them.
    @ivar start: not before so many seconds of the clock have passed since the rule was added.
    @ivar end: not after so many.
    @ivar most: how often it may happen.
    """

    nth: int | None = field(default=None, validator=optional(ge(1)))
    probability: float = field(default=1.0, validator=and_(ge(0.0), le(1.0)))
    start: float = field(default=0.0, validator=and_(ge(0.0), lt(inf)))
    end: float = field(default=inf, validator=ge(0.0))
    most: int | None = field(default=None, validator=optional(ge(1)))

    def __attrs_post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"it could never take effect: its end, {self.end:g}, is before its start, {self.start:g}")


@frozen(kw_only=True)
class MessageRule(Rule):
    """
    Which messages a rule is about; what is not given does not matter.

    @ivar message: the name of the message, such as C{ProtoOASpotEvent}. Without it all are meant but heartbeats.
    @ivar account: the C{ctidTraderAccountId} that it names.
    """

    message: str | None = field(default=None, validator=messageName)
    account: int | None = None

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.message is None:
            return
        if not self._isSent(self.message):
            raise ValueError(f"it could never take effect: no {self.message} {self._way}")
        if self.account is not None and "ctidTraderAccountId" not in MESSAGES[self.message].DESCRIPTOR.fields_by_name:
            raise ValueError(f"it could never take effect: a {self.message} names no account")

    # What goes the way that the rule is about, and how that is called.
    _way: ClassVar[str]

    def _isSent(self, message: str) -> bool:
        raise NotImplementedError


@frozen
class Incoming(MessageRule):
    """
    A rule for what clients send.

    @ivar action: what happens.
    """

    action: IncomingAction = field(validator=instance_of(IncomingAction), kw_only=False)
    _way = "is a request of a client"

    def _isSent(self, message: str) -> bool:
        return message.endswith(_REQUEST)


@frozen
class Outgoing(MessageRule):
    """
    A rule for what the server sends. An event goes out on each connection by itself.

    @ivar action: what happens.
    @ivar isAnswer: whether it carries the id of a request.
    """

    action: OutgoingAction = field(validator=instance_of(OutgoingAction), kw_only=False)
    isAnswer: bool | None = field(default=None, kw_only=True)
    _way = "is sent by a server"

    def _isSent(self, message: str) -> bool:
        return message != _ENVELOPE and not message.endswith(_REQUEST)


@frozen
class TokenRequest(Rule):
    """
    A rule for requests to the token service over HTTP. The request is not executed, or with a delay later.

    @ivar action: what happens; of a request nothing is left to cut, so that no byte comes.
    """

    action: TokenAction = field(validator=instance_of(TokenAction), kw_only=False)


@frozen
class TokenAnswer(Rule):
    """
    A rule for answers of the token service over HTTP. The request is executed: its code or refresh token is used up.

    @ivar action: what happens.
    """

    action: TokenAction = field(validator=instance_of(TokenAction), kw_only=False)
