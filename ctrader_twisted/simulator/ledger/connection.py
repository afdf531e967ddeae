"""
Connections: frames, ids, heartbeats, and the end.
"""

from __future__ import annotations

from ctrader_twisted.simulator.ledger.entry import Entry, Sureness

__all__ = ["CONNECTION"]

CONNECTION = (
    Entry(
        "idle-limit",
        "A client that has sent nothing for 30 s is disconnected. What it receives does not count.",
        Sureness.CONFIRMED,
        "2 [ctoa docs]",
        "sends a heartbeat after 10 s without sending",
        switch="idleLimit",
    ),
    Entry(
        "login-limit",
        "A connection without application login is closed after 30 s; heartbeats do not save it.",
        Sureness.CONFIRMED,
        "2, 3.1 [ctoa docs]",
        "logs in at once",
        switch="loginLimit",
    ),
    Entry(
        "server-heartbeat",
        "The server sends a heartbeat after 30 s without sending.",
        Sureness.CONFIRMED,
        "2 [ctoa docs; PyneSys src]",
        "drops the connection after 60 s of silence",
        switch="heartbeatInterval",
    ),
    Entry(
        "frame-limit",
        "Frames are limited to 15,000,000 bytes; a longer one ends the connection. (The official SDK's limit.)",
        Sureness.ASSUMED,
        "1.2 [OpenApiPy src]; 14.1 no. 2",
        "has the same limit",
        switch="maxFrame",
        how="Only a message that is longer could tell; there is none to send.",
    ),
    Entry(
        "inner-type-unset",
        "Inner payload type fields are unset on the wire.",
        Sureness.CONFIRMED,
        "0.1 [nautilus rec; ctoa docs]",
        "goes by the envelope's number only",
    ),
    Entry(
        "answers-carry-ids",
        "The answer carries the ``clientMsgId`` of its request; a trading request can draw several events"
        " with it, and another client's events arrive with that client's ids.",
        Sureness.CONFIRMED,
        "1.4 no. 1, 4, 6 [proto; nautilus rec]",
        "chooses random ids; an unknown id is an event",
    ),
    Entry(
        "version",
        "The version is told before any login; it looks like the number of a release.",
        Sureness.ASSUMED,
        "3.1 [ctoa docs]",
        "nothing",
        switch="version",
    ),
    Entry(
        "no-id-no-id",
        "A request without ``clientMsgId`` is answered without one.",
        Sureness.ASSUMED,
        "1.4 no. 2 [cTrader-Layer src]",
        "always sends one",
        fixed="there is no id that it could carry instead",
    ),
    Entry(
        "heartbeat-before-login",
        "A heartbeat before the login does no harm, and no heartbeat is answered.",
        Sureness.CONFIRMED,
        "2, 12.2 [OpenApiPy src]",
        "sends none before",
    ),
    Entry(
        "heartbeats-keep",
        "Heartbeats keep a connection that is logged in.",
        Sureness.CONFIRMED,
        "2 [ctoa docs]",
        "sends them",
    ),
    Entry(
        "unreadable",
        "A payload that cannot be parsed is refused with ``INVALID_REQUEST``, and the connection stays.",
        Sureness.ASSUMED,
        "6 legend (P), 13 [ctoa docs]",
        "nothing",
        fixed="clients of this package send nothing such",
    ),
    Entry(
        "missing-field",
        "A request that lacks a required field is refused with ``INVALID_REQUEST`` and the names of the fields.",
        Sureness.CONFIRMED,
        "13 [ctoa docs; gh-code]",
        "does not send it",
    ),
    Entry(
        "unknown-type",
        "A payload type that does not exist is refused with ``UNSUPPORTED_MESSAGE``.",
        Sureness.ASSUMED,
        "11.1, 13 (assumed form)",
        "nothing",
        fixed="clients of this package send nothing such",
    ),
    Entry(
        "frames",
        "Frames may come in pieces, and several at once.",
        Sureness.CONFIRMED,
        "1.2 (TCP)",
        "takes and sends them so",
    ),
    Entry(
        "inner-type-taken",
        "Inner payload type fields may be set by clients.",
        Sureness.CONFIRMED,
        "0.1 [cTrader-Layer src]",
        "leaves them unset",
    ),
    Entry(
        "several-connections",
        "An application may have several connections.",
        Sureness.CONFIRMED,
        "3.1 [help: connection; nautilus notes]",
        "has one for each host",
    ),
    Entry(
        "empty-payload",
        "The frame of a message without set fields carries a payload of no bytes, and not no payload.",
        Sureness.DOCUMENTED,
        "0.1: zero-length or absent; ctrader-layer fails where it is absent",
        "reads both",
        how="Look whether the frame of the application's login answer ends in ``12 00``.",
    ),
)
"""
The entries of this section.
"""
