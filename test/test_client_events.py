"""
Tests of what the server pushes: each event reaches typed listeners of the client and of the account, and errors that
come unasked reach those whom they concern.
"""

from __future__ import annotations

from random import Random
from typing import Any

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Application, Client, MemoryTokens, TokenPair
from ctrader_twisted.errors import CTraderError, RequestRefused, UnderMaintenance
from ctrader_twisted.schema import messages
from ctrader_twisted.schema import messages as m
from ctrader_twisted.testing.memory import MemoryEndpoint
from test.scripted import ScriptedServer, error, turns

_TRADER = m.ProtoOATrader(ctidTraderAccountId=7, balance=1, depositAssetId=1)
_CALL = m.ProtoOAMarginCall(marginCallType=m.ProtoOANotificationType.MARGIN_LEVEL_THRESHOLD_1, marginLevelThreshold=100)

OF_ONE: tuple[Message, ...] = (
    m.ProtoOATrailingSLChangedEvent(
        ctidTraderAccountId=7, positionId=1, orderId=2, stopPrice=1.5, utcLastUpdateTimestamp=3
    ),
    m.ProtoOASymbolChangedEvent(ctidTraderAccountId=7, symbolId=[1]),
    m.ProtoOATraderUpdatedEvent(ctidTraderAccountId=7, trader=_TRADER),
    m.ProtoOAExecutionEvent(ctidTraderAccountId=7, executionType=m.ProtoOAExecutionType.SWAP),
    m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, bid=5),
    m.ProtoOAOrderErrorEvent(ctidTraderAccountId=7, errorCode="POSITION_NOT_FOUND"),
    m.ProtoOAMarginChangedEvent(ctidTraderAccountId=7, positionId=1, usedMargin=5),
    m.ProtoOAAccountsTokenInvalidatedEvent(ctidTraderAccountIds=[7], reason="revoked"),
    m.ProtoOADepthEvent(ctidTraderAccountId=7, symbolId=1),
    m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=7),
    m.ProtoOAMarginCallUpdateEvent(ctidTraderAccountId=7, marginCall=_CALL),
    m.ProtoOAMarginCallTriggerEvent(ctidTraderAccountId=7, marginCall=_CALL),
    m.ProtoOAv1PnLChangeEvent(ctidTraderAccountId=7, grossUnrealizedPnL=1, netUnrealizedPnL=2, moneyDigits=2),
)
OF_ALL: tuple[Message, ...] = (m.ProtoOAClientDisconnectEvent(reason="moved"),)
OF_NONE: tuple[Message, ...] = (m.ProtoHeartbeatEvent(),)


class PushTests(SynchronousTestCase):
    """
    A client with two accounts on a scripted server.
    """

    def setUp(self) -> None:
        """
        Log both accounts in.
        """
        self.clock = Clock()
        self.server = ScriptedServer()
        self.server.answers[m.ProtoOADealListReq] = lambda request: m.ProtoOADealListRes(
            ctidTraderAccountId=request.ctidTraderAccountId, hasMore=False
        )
        self.client = Client(
            self.clock,
            MemoryEndpoint(self.clock, self.server),
            Application("id", "secret"),
            MemoryTokens(TokenPair("token")),
            randomness=Random(1),
            wallClock=lambda: int(self.clock.seconds() * 1000),
        )
        self.client.startService()
        turns(self.clock)
        self.one, self.two = self.account(7), self.account(8)
        self.heard: list[tuple[str, Any]] = []
        self.addCleanup(self.stop)

    def account(self, accountId: int) -> Account:
        """
        Log an account in.
        """
        ready: Deferred[Account] = self.client.account(accountId)
        turns(self.clock)
        return self.successResultOf(ready)

    def stop(self) -> None:
        """
        Stop the client.
        """
        stopped = self.client.stopService()
        turns(self.clock)
        self.successResultOf(stopped)

    def push(self, message: Message) -> None:
        """
        Let the server send something unasked.
        """
        self.server.connections[-1].send(message)
        self.clock.advance(0)

    def listen(self, kind: type[Message]) -> None:
        """
        Listen at all places.
        """
        self.client.listen(kind, lambda event: self.heard.append(("client", event)))
        self.one.listen(kind, lambda event: self.heard.append(("one", event)))
        self.two.listen(kind, lambda event: self.heard.append(("two", event)))

    def reached(self, event: Message) -> list[str]:
        """
        @return: who has heard an event that is pushed now.
        """
        self.heard.clear()
        self.listen(type(event))
        self.push(event)
        self.assertEqual({repr(heard) for _, heard in self.heard}, {repr(event)})
        names = [name for name, _ in self.heard]
        self.settle()
        return names

    def settle(self) -> None:
        """
        Let the client come back after a loss.
        """
        for _ in range(5):
            self.clock.advance(10)
            turns(self.clock)
            if self.server.connections:
                self.push(m.ProtoHeartbeatEvent())

    def test_eachEvent(self) -> None:
        """
        Each class of events reaches the listeners of the client, and those of the account that it concerns.
        """
        events = {name for name in messages.__all__ if name.endswith("Event")}
        self.assertEqual({type(each).__name__ for each in (*OF_ONE, *OF_ALL, *OF_NONE)}, events)
        self.assertEqual(len(events), 15)
        for event in OF_ONE:
            self.assertEqual(self.reached(event), ["client", "one"], event)
        for event in OF_ALL:
            self.assertEqual(self.reached(event), ["client", "one", "two"], event)
        for event in OF_NONE:
            self.assertEqual(self.reached(event), ["client"], event)

    def test_errors(self) -> None:
        """
        An error that comes unasked reaches the client, and the account that it names, or all if it names none.
        """
        heard: list[tuple[str, CTraderError]] = []
        self.client.onError(lambda error: heard.append(("client", error)))
        self.one.onError(lambda error: heard.append(("one", error)))
        place = self.two.onError(lambda error: heard.append(("two", error)))
        self.push(error("SOMETHING_NEW", ctidTraderAccountId=7))
        self.push(m.ProtoOAOrderErrorEvent(ctidTraderAccountId=8, errorCode="SOMETHING_ELSE"))
        self.push(m.ProtoErrorRes(errorCode="UNKNOWN_ERROR"))
        place.stop()
        self.push(error("SOMETHING_NEW", ctidTraderAccountId=8))
        names = [name for name, _ in heard]
        self.assertEqual(names, ["client", "one", "client", "two", "client", "one", "two", "client"])
        self.assertIsInstance(heard[0][1], RequestRefused)

    def test_maintenance(self) -> None:
        """
        Scenario 85: The end of a maintenance is one instant, whether it came in seconds or in milliseconds.
        """
        heard: list[CTraderError] = []
        self.client.onError(heard.append)
        self.push(error("SERVER_IS_UNDER_MAINTENANCE", ctidTraderAccountId=7, maintenanceEndTimestamp=1_795_000_000))
        self.push(m.ProtoErrorRes(errorCode="SERVER_IS_UNDER_MAINTENANCE", maintenanceEndTimestamp=1_795_000_000_000))
        for each in heard:
            assert isinstance(each, UnderMaintenance)
            self.assertEqual(each.maintenanceEnd, 1_795_000_000_000)
            self.assertIn("UTC", each.explain())
        self.assertEqual(len(heard), 2)

    def test_counters(self) -> None:
        """
        What the schema does not know is counted over all connections, and disturbs nothing.
        """
        self.server.connections[-1].write(bytes.fromhex("0000000308b947"))
        spot = m.ProtoOASpotEvent.FromString(
            m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, bid=5).SerializeToString() + b"\xf8\x06\x05"
        )
        self.listen(m.ProtoOASpotEvent)
        self.push(spot)
        self.push(m.ProtoOAClientDisconnectEvent(reason="moved"))
        self.settle()
        self.push(spot)
        self.assertEqual([name for name, _ in self.heard], ["client", "one"] * 2)
        counters = self.client.status.counters
        self.assertEqual((counters.unknown, counters.fields, counters.values, counters.malformed), (1, 2, 0, 0))
        self.assertEqual(self.client.status.queued, 0)
        self.push(spot)
        self.assertEqual(counters.fields, 2)
