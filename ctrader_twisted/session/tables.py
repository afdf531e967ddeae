"""
The two state machines of the session, as tables.

The connection's covers dialling, TLS, the application's login, and the ways in which a connection ends: to stop, to try
again, or for good. The account's covers one account's login on it.
"""

from __future__ import annotations

from enum import Enum

from ctrader_twisted.session.machine import Step

__all__ = ["ACCOUNT_TABLE", "TABLE", "AccountInput", "AccountState", "Input", "State"]


class State(Enum):
    """
    Where the connection stands.
    """

    IDLE = "idle"
    WAITING = "waiting"
    CONNECTING = "connecting"
    SECURING = "securing"
    AUTHORISING = "authorising"
    UP = "up"
    STOPPING = "stopping"
    RETRYING = "retrying"
    FAILING = "failing"
    FAILED = "failed"


class Input(Enum):
    """
    What can happen to it.

    C{REFUSED} is an error that will stay; C{POSTPONED} one that may pass; C{DISTRUSTED} a certificate that is not to be
    trusted, after which the transport is gone already.
    """

    START = "start"
    STOP = "stop"
    RETRY = "retry"
    OPENED = "opened"
    UNREACHED = "unreached"
    SECURED = "secured"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    POSTPONED = "postponed"
    DISTRUSTED = "distrusted"
    LOST = "lost"
    EXPIRED = "expired"


TABLE: dict[tuple[State, Input], Step[State]] = {
    (State.IDLE, Input.START): Step(State.CONNECTING, ("dial",)),
    (State.WAITING, Input.START): Step(State.CONNECTING, ("cancelRetry", "dial")),
    (State.WAITING, Input.STOP): Step(State.IDLE, ("cancelRetry", "stopped")),
    (State.WAITING, Input.RETRY): Step(State.CONNECTING, ("dial",)),
    (State.CONNECTING, Input.STOP): Step(State.IDLE, ("cancelDial", "stopped")),
    (State.CONNECTING, Input.OPENED): Step(State.SECURING),
    (State.CONNECTING, Input.UNREACHED): Step(State.WAITING, ("waitForRetry",)),
    (State.CONNECTING, Input.EXPIRED): Step(State.WAITING, ("cancelDial", "waitForRetry")),
    (State.SECURING, Input.STOP): Step(State.STOPPING, ("abort",)),
    (State.SECURING, Input.SECURED): Step(State.AUTHORISING, ("authorise",)),
    (State.SECURING, Input.DISTRUSTED): Step(State.FAILED, ("failed",)),
    (State.SECURING, Input.LOST): Step(State.WAITING, ("waitForRetry",)),
    (State.SECURING, Input.EXPIRED): Step(State.RETRYING, ("abort",)),
    (State.AUTHORISING, Input.STOP): Step(State.STOPPING, ("close",)),
    (State.AUTHORISING, Input.ACCEPTED): Step(State.UP, ("up",)),
    (State.AUTHORISING, Input.REFUSED): Step(State.FAILING, ("close",)),
    (State.AUTHORISING, Input.POSTPONED): Step(State.RETRYING, ("close",)),
    (State.AUTHORISING, Input.LOST): Step(State.WAITING, ("waitForRetry",)),
    (State.AUTHORISING, Input.EXPIRED): Step(State.RETRYING, ("abort",)),
    (State.UP, Input.STOP): Step(State.STOPPING, ("down", "close")),
    (State.UP, Input.REFUSED): Step(State.FAILING, ("down", "close")),
    (State.UP, Input.POSTPONED): Step(State.RETRYING, ("down", "close")),
    (State.UP, Input.LOST): Step(State.WAITING, ("down", "waitForRetry")),
    (State.STOPPING, Input.START): Step(State.RETRYING),
    (State.STOPPING, Input.LOST): Step(State.IDLE, ("stopped",)),
    (State.RETRYING, Input.STOP): Step(State.STOPPING),
    (State.RETRYING, Input.LOST): Step(State.WAITING, ("stopped", "waitForRetry")),
    (State.FAILING, Input.STOP): Step(State.STOPPING),
    (State.FAILING, Input.LOST): Step(State.FAILED, ("failed",)),
    (State.FAILED, Input.START): Step(State.CONNECTING, ("dial",)),
    (State.FAILED, Input.STOP): Step(State.IDLE, ("stopped",)),
}
"""
What each input does in each state; a pair that is not here changes nothing.
"""


class AccountState(Enum):
    """
    Where the account stands.
    """

    OFFLINE = "offline"
    AUTHORISING = "authorising"
    RECONCILING = "reconciling"
    RESTORING = "restoring"
    READY = "ready"
    PAUSING = "pausing"
    REFUSED = "refused"
    LEFT = "logged out"


class AccountInput(Enum):
    """
    What can happen to it. C{DROPPED} means that the server ended this account's login alone, C{LEAVE} that the user
    did.
    """

    UP = "up"
    DOWN = "down"
    AUTHORISED = "authorised"
    RECONCILED = "reconciled"
    RESTORED = "restored"
    REFUSED = "refused"
    POSTPONED = "postponed"
    DROPPED = "dropped"
    RETRY = "retry"
    ASK = "ask"
    LEAVE = "leave"


_S, _I = AccountState, AccountInput

ACCOUNT_TABLE: dict[tuple[AccountState, AccountInput], Step[AccountState]] = {
    (_S.OFFLINE, _I.UP): Step(_S.AUTHORISING, ("authorise",)),
    (_S.AUTHORISING, _I.DOWN): Step(_S.OFFLINE),
    (_S.AUTHORISING, _I.AUTHORISED): Step(_S.RECONCILING, ("reconcile",)),
    (_S.AUTHORISING, _I.REFUSED): Step(_S.REFUSED, ("refused",)),
    (_S.AUTHORISING, _I.POSTPONED): Step(_S.PAUSING, ("pause",)),
    (_S.RECONCILING, _I.DOWN): Step(_S.OFFLINE),
    (_S.RECONCILING, _I.RECONCILED): Step(_S.RESTORING, ("release", "restore")),
    (_S.RECONCILING, _I.REFUSED): Step(_S.REFUSED, ("refused",)),
    (_S.RECONCILING, _I.POSTPONED): Step(_S.PAUSING, ("pause",)),
    (_S.RECONCILING, _I.DROPPED): Step(_S.PAUSING, ("pause",)),
    (_S.RESTORING, _I.DOWN): Step(_S.OFFLINE, ("lost",)),
    (_S.RESTORING, _I.RESTORED): Step(_S.READY, ("ready",)),
    (_S.RESTORING, _I.DROPPED): Step(_S.PAUSING, ("lost", "pause")),
    (_S.READY, _I.DOWN): Step(_S.OFFLINE, ("lost",)),
    (_S.READY, _I.DROPPED): Step(_S.PAUSING, ("lost", "pause")),
    (_S.PAUSING, _I.DOWN): Step(_S.OFFLINE, ("cancelRetry",)),
    (_S.PAUSING, _I.RETRY): Step(_S.AUTHORISING, ("authorise",)),
    (_S.REFUSED, _I.DOWN): Step(_S.OFFLINE),
    (_S.REFUSED, _I.ASK): Step(_S.AUTHORISING, ("authorise",)),
    (_S.REFUSED, _I.LEAVE): Step(_S.LEFT, ("left",)),
    (_S.OFFLINE, _I.LEAVE): Step(_S.LEFT, ("left",)),
    (_S.AUTHORISING, _I.LEAVE): Step(_S.LEFT, ("left",)),
    (_S.RECONCILING, _I.LEAVE): Step(_S.LEFT, ("left",)),
    (_S.RESTORING, _I.LEAVE): Step(_S.LEFT, ("lost", "left")),
    (_S.READY, _I.LEAVE): Step(_S.LEFT, ("lost", "left")),
    (_S.PAUSING, _I.LEAVE): Step(_S.LEFT, ("cancelRetry", "left")),
    (_S.LEFT, _I.ASK): Step(_S.OFFLINE),
}
"""
What each input does in each state; a pair that is not here changes nothing.
"""
