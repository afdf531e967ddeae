"""
What can be made to go wrong in the simulator.
"""

from __future__ import annotations

from google.protobuf.message import Message
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.framing import encodeFrame
from ctrader_twisted.schema.messages import (
    ProtoErrorRes,
    ProtoHeartbeatEvent,
    ProtoMessage,
    ProtoOAAccountAuthRes,
    ProtoOAAccountDisconnectEvent,
    ProtoOAAccountsTokenInvalidatedEvent,
    ProtoOAClientDisconnectEvent,
    ProtoOAErrorRes,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOANewOrderReq,
    ProtoOAOrderErrorEvent,
    ProtoOAOrderType,
    ProtoOAReconcileReq,
    ProtoOASubscribeSpotsReq,
    ProtoOATraderReq,
    ProtoOATradeSide,
    ProtoOAVersionReq,
    ProtoOAVersionRes,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.faults import (
    Corrupt,
    Cut,
    Delay,
    Duplicate,
    Incoming,
    Mute,
    Outgoing,
    Push,
    Refuse,
    Reorder,
    Stall,
    Withhold,
)
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import EUR_ACCOUNT, USD_ACCOUNT
from test.rawclient import RawClient

_ANSWER = "ProtoOAVersionRes"
_REQUEST = "ProtoOAVersionReq"

# What a frame of some megabytes has around them: its length, the type and the length of the payload.
_ENVELOPE = 4 + 2 + 5


class FaultCase(SynchronousTestCase):
    """
    An exchange on a virtual clock, and a client that is logged in to it.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.exchange = Exchange.default(self.clock, seed=3, settings=Settings(idleLimit=10_000.0))
        self.exchange.start()
        self.faults = self.exchange.faults
        self.client = self.logIn()

    def tearDown(self) -> None:
        self.exchange.stop()
        for connection in list(self.exchange.connections):
            connection.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def logIn(self) -> RawClient:
        """
        @return: another client.
        """
        client = RawClient(self.exchange)
        client.logIn()
        client.received()
        return client

    def ids(self, client: RawClient | None = None) -> list[str | None]:
        """
        @return: the ids of the messages that came, without heartbeats.
        """
        received = (client or self.client).received()
        return [clientMsgId for message, clientMsgId in received if not isinstance(message, ProtoHeartbeatEvent)]

    def ask(self, *ids: str) -> None:
        """
        Send requests for the version with these ids.
        """
        for each in ids:
            self.client.send(ProtoOAVersionReq(), each)

    def buy(self, clientMsgId: str | None = None) -> None:
        """
        Send a market order.
        """
        self.client.send(
            ProtoOANewOrderReq(
                ctidTraderAccountId=USD_ACCOUNT,
                symbolId=1,
                orderType=ProtoOAOrderType.MARKET,
                tradeSide=ProtoOATradeSide.BUY,
                volume=100_000,
            ),
            clientMsgId,
        )

    @property
    def orders(self) -> int:
        """
        How many orders the server has made.
        """
        account = self.exchange.venue.accounts[USD_ACCOUNT]
        return len(account.orders) + len(account.ended)

    def isLost(self) -> bool:
        """
        Whether the server has ended the client's connection.
        """
        transport = self.client.transport
        return bool(transport.disconnecting or transport.disconnected)


class OutgoingTests(FaultCase):
    """
    What happens to messages that the server sends.
    """

    def test_cutBefore(self) -> None:
        """
        Nothing of the message comes, and the connection is aborted.
        """
        self.faults.add(Outgoing(Cut(), message=_ANSWER))
        self.ask("a")
        self.assertEqual(self.client.transport.value(), b"")
        self.assertTrue(self.client.transport.disconnected)

    def test_cutWithin(self) -> None:
        """
        Half of the frame comes before the end.
        """
        self.faults.add(Outgoing(Cut(0.5), message=_ANSWER))
        frame = encodeFrame(ProtoOAVersionRes(version="91"), "a")
        self.ask("a", "b")
        self.assertEqual(self.client.transport.value(), frame[: len(frame) // 2])
        self.assertTrue(self.client.transport.disconnecting)

    def test_cutEarly(self) -> None:
        """
        However small the share is, a byte comes.
        """
        self.faults.add(Outgoing(Cut(1e-9), message=_ANSWER))
        self.ask("a")
        self.assertEqual(len(self.client.transport.value()), 1)
        self.assertTrue(self.isLost())

    def test_cutAfter(self) -> None:
        """
        The message comes, and then the end.
        """
        self.faults.add(Outgoing(Cut(1.0), message=_ANSWER))
        self.ask("a", "b")
        self.assertEqual(self.ids(), ["a"])
        self.assertTrue(self.client.transport.disconnecting)

    def test_stall(self) -> None:
        """
        The server falls silent: no message, no heartbeat, no answer, and the connection stays.
        """
        self.faults.add(Outgoing(Stall(), message=_ANSWER))
        self.ask("a", "b")
        self.clock.pump([10.0] * 30)
        self.buy("c")
        self.assertEqual(self.client.received(), [])
        self.assertEqual(self.orders, 0)
        self.assertFalse(self.isLost())

    def test_stallForATime(self) -> None:
        """
        After a silence all that waited comes in order, and what was asked meanwhile is answered.
        """
        self.faults.add(Outgoing(Stall(40.0), message=_ANSWER, nth=2))
        self.ask("a", "b", "c")
        self.clock.advance(39.0)
        self.ask("d")
        self.assertEqual(self.ids(), ["a"])
        self.clock.advance(1.0)
        self.assertEqual(self.ids(), ["b", "c", "d"])
        self.ask("e")
        self.assertEqual(self.ids(), ["e"])

    def test_stallEndsWithTheConnection(self) -> None:
        """
        A silence that is not over when the connection is leaves nothing behind.
        """
        self.faults.add(Outgoing(Stall(40.0), message=_ANSWER))
        self.ask("a")
        self.client.lose()
        self.clock.advance(50.0)
        self.assertEqual(self.client.received(), [])

    def test_delay(self) -> None:
        """
        A message comes later, and others overtake it.
        """
        self.faults.add(Outgoing(Delay(5.0), message=_ANSWER, nth=1))
        self.ask("a", "b")
        self.assertEqual(self.ids(), ["b"])
        self.clock.advance(5.0)
        self.assertEqual(self.ids(), ["a"])

    def test_withhold(self) -> None:
        """
        A message does not come.
        """
        self.faults.add(Outgoing(Withhold(), message=_ANSWER, nth=1))
        self.ask("a", "b")
        self.assertEqual(self.ids(), ["b"])

    def test_duplicate(self) -> None:
        """
        A message comes three times.
        """
        self.faults.add(Outgoing(Duplicate(2), message=_ANSWER, nth=1))
        self.ask("a", "b")
        self.assertEqual(self.ids(), ["a", "a", "a", "b"])

    def test_reorder(self) -> None:
        """
        A message comes after the next one, also when the rules are gone by then.
        """
        self.faults.add(Outgoing(Reorder(), message=_ANSWER))
        self.ask("a")
        self.faults.clear()
        self.ask("b", "c")
        self.assertEqual(self.ids(), ["b", "a", "c"])

    def test_reorderAll(self) -> None:
        """
        Where each message is to come after the next one, they change places by twos, and none is kept for good.
        """
        self.faults.add(Outgoing(Reorder(), message=_ANSWER))
        self.ask("a", "b", "c", "d", "e")
        self.assertEqual(self.ids(), ["b", "a", "d", "c"])

    def test_stallForGood(self) -> None:
        """
        A silence without an end is over after ten minutes: the connection ends, and nothing that came was kept.
        """
        self.faults.add(Outgoing(Stall(), message=_ANSWER))
        self.ask("a", "b")
        self.clock.advance(599.0)
        self.assertFalse(self.isLost())
        self.clock.advance(1.0)
        self.assertTrue(self.isLost())

    def test_idleInSilence(self) -> None:
        """
        A server that has fallen silent does not end the connection of a client that it does not hear; after the silence
        it does, if nothing comes.
        """
        exchange = Exchange.default(clock := Clock(), settings=Settings(idleLimit=30.0, loginLimit=30.0))
        client = RawClient(exchange)
        exchange.faults.add(Outgoing(Stall(100.0), message=_ANSWER))
        client.send(ProtoOAVersionReq(), "a")
        clock.pump([10.0] * 11)
        self.assertFalse(client.transport.disconnecting)
        clock.pump([10.0] * 2)
        self.assertTrue(client.transport.disconnecting)
        client.lose()

    def test_stallIsBounded(self) -> None:
        """
        What waits for the end of a silence has a bound in either direction, beyond which the connection ends.
        """
        limit = self.exchange.settings.maxBacklog
        for isSent in (True, False):
            client = self.logIn()
            rule = self.faults.add(Outgoing(Stall(40.0), message=_ANSWER))
            client.send(ProtoOAVersionReq(), "a")
            rule.stop()
            answer = len(encodeFrame(ProtoOAVersionRes(version=self.exchange.settings.version), "a"))
            if isSent:
                client.protocol.push(ProtoMessage(payloadType=1, payload=b"x" * (limit - answer - _ENVELOPE)))
            else:
                client.protocol.dataReceived(b"x" * limit)
            self.assertFalse(client.transport.disconnected)
            if isSent:
                client.protocol.push(ProtoHeartbeatEvent())
            else:
                client.protocol.dataReceived(b"x")
            self.assertTrue(client.transport.disconnected)
            client.lose()

    def test_corrupt(self) -> None:
        """
        A frame of the right length holds what nobody can read.
        """
        self.faults.add(Outgoing(Corrupt(), message=_ANSWER))
        self.ask("a")
        self.assertRaises(ProtocolError, self.client.received)

    def test_push(self) -> None:
        """
        Another message follows.
        """
        pushed = ProtoOAAccountDisconnectEvent(ctidTraderAccountId=USD_ACCOUNT)
        self.faults.add(Outgoing(Push(pushed), message=_ANSWER))
        self.ask("a")
        self.assertEqual([type(each) for each in self.client.messages()], [ProtoOAVersionRes, type(pushed)])

    def test_answersOnly(self) -> None:
        """
        A rule for answers leaves the same message alone where it is an event.
        """
        other = self.logIn()
        rule = self.faults.add(Outgoing(Withhold(), message="ProtoOAExecutionEvent", isAnswer=False))
        self.buy("a")
        self.assertEqual(len(self.client.messages()), 1)
        self.assertEqual(len(other.messages()), 1)
        self.exchange.publish(USD_ACCOUNT, _event(), None)
        self.assertEqual(self.client.messages() + other.messages(), [])
        self.assertEqual(rule.hits, 2)


class IncomingTests(FaultCase):
    """
    What happens to requests.
    """

    def test_cutBefore(self) -> None:
        """
        The order is not executed.
        """
        self.faults.add(Incoming(Cut(), message="ProtoOANewOrderReq"))
        self.buy("a")
        self.assertTrue(self.isLost())
        self.assertEqual(self.orders, 0)

    def test_cutWithinTheAnswer(self) -> None:
        """
        The order is executed, and a half of its answer comes.
        """
        self.faults.add(Incoming(Cut(0.5), message="ProtoOANewOrderReq"))
        self.buy("a")
        self.assertEqual(self.orders, 1)
        self.assertNotEqual(self.client.transport.value(), b"")
        self.assertEqual(self.client.received(), [])
        self.assertTrue(self.isLost())

    def test_cutOfTheAnswerOnly(self) -> None:
        """
        What comes before the answer to the request is not cut in its place.
        """
        exchange = Exchange.default(Clock(), settings=Settings(snapshotFirst=True))
        client = RawClient(exchange)
        client.logIn()
        client.received()
        exchange.faults.add(Incoming(Cut(1.0), message="ProtoOASubscribeSpotsReq"))
        client.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[1]), "a")
        self.assertEqual(self.ids(client), [None, "a"])
        self.assertTrue(client.transport.disconnecting)
        client.lose()

    def test_nothingAfterTheEnd(self) -> None:
        """
        What comes in the same bytes behind a request at which the connection is cut is not executed.
        """
        self.faults.add(Incoming(Cut(), message=_REQUEST))
        order = ProtoOANewOrderReq(
            ctidTraderAccountId=USD_ACCOUNT,
            symbolId=1,
            orderType=ProtoOAOrderType.MARKET,
            tradeSide=ProtoOATradeSide.BUY,
            volume=100_000,
        )
        self.client.protocol.dataReceived(encodeFrame(ProtoOAVersionReq(), "a") + encodeFrame(order, "b"))
        self.assertEqual((self.orders, self.client.transport.disconnected), (0, True))

    def test_mute(self) -> None:
        """
        The order is executed; the client that sent it hears nothing of that, and others do.
        """
        other = self.logIn()
        self.faults.add(Incoming(Mute(), message="ProtoOANewOrderReq"))
        self.buy("a")
        self.clock.advance(1.0)
        self.assertEqual(self.client.messages(), [])
        self.assertIsInstance(other.messages()[0], ProtoOAExecutionEvent)
        self.ask("b")
        self.assertEqual(self.ids(), ["b"])

    def test_withhold(self) -> None:
        """
        The order is neither executed nor answered.
        """
        self.faults.add(Incoming(Withhold(), message="ProtoOANewOrderReq"))
        self.buy("a")
        self.clock.advance(1.0)
        self.assertEqual((self.client.messages(), self.orders), ([], 0))

    def test_delay(self) -> None:
        """
        The order is executed later; a later request is answered before.
        """
        self.faults.add(Incoming(Delay(5.0), message="ProtoOANewOrderReq"))
        self.buy("a")
        self.ask("b")
        self.assertEqual((self.ids(), self.orders), (["b"], 0))
        self.clock.advance(5.0)
        self.assertEqual((self.ids(), self.orders), (["a"], 1))

    def test_stall(self) -> None:
        """
        The request itself, and what comes in the same bytes, wait until the silence is over.
        """
        self.faults.add(Incoming(Stall(5.0), message="ProtoOANewOrderReq"))
        order = ProtoOANewOrderReq(
            ctidTraderAccountId=USD_ACCOUNT,
            symbolId=1,
            orderType=ProtoOAOrderType.MARKET,
            tradeSide=ProtoOATradeSide.BUY,
            volume=100_000,
        )
        self.client.protocol.dataReceived(encodeFrame(order, "a") + encodeFrame(ProtoOAVersionReq(), "b"))
        self.assertEqual((self.ids(), self.orders), ([], 0))
        self.clock.advance(5.0)
        self.assertEqual((self.ids(), self.orders), (["a", "b"], 1))

    def test_afterStall(self) -> None:
        """
        Rules judge what waited, too, when its turn comes, in the order in which it came: what came in the same bytes,
        and what came later. Another silence begins where one of them says so.
        """
        self.faults.add(Incoming(Stall(5.0), message=_REQUEST, nth=1))
        self.faults.add(Incoming(Refuse("X"), message=_REQUEST, nth=2))
        self.faults.add(Incoming(Stall(3.0), message=_REQUEST, nth=3))
        requests = [encodeFrame(ProtoOAVersionReq(), each) for each in "abcd"]
        self.client.protocol.dataReceived(b"".join(requests))
        self.ask("e")
        self.clock.advance(5.0)
        (_, first), (refused, second) = self.client.received()
        self.assertEqual((first, second, refused.errorCode), ("a", "b", "X"))
        self.clock.advance(2.9)
        self.assertEqual(self.ids(), [])
        self.clock.advance(0.1)
        self.assertEqual(self.ids(), ["c", "d", "e"])

    def test_maintenanceMeanwhile(self) -> None:
        """
        What was delayed, or waited for the end of a silence, is refused if there is a maintenance by then; so is what
        another rule is about.
        """
        self.faults.add(Incoming(Delay(5.0), message="ProtoOANewOrderReq"))
        self.buy("a")
        self.faults.add(Incoming(Stall(6.0), message=_REQUEST, nth=1))
        self.ask("b")
        self.faults.startMaintenance(60.0)
        self.clock.advance(6.0)
        codes = [getattr(message, "errorCode", "") for message in self.client.messages()]
        self.assertEqual(codes, ["SERVER_IS_UNDER_MAINTENANCE"] * 3)
        self.assertEqual(self.orders, 0)
        self.faults.add(Incoming(Refuse("X"), message="ProtoOAReconcileReq"))
        answer = self.client.ask(ProtoOAReconcileReq(ctidTraderAccountId=USD_ACCOUNT))
        self.assertEqual(answer.errorCode, "SERVER_IS_UNDER_MAINTENANCE")
        self.faults.clear()
        self.assertEqual(self.client.ask(ProtoOAVersionReq()).version, self.exchange.settings.version)

    def test_refuse(self) -> None:
        """
        The request is answered with the error, and not executed.
        """
        self.faults.add(
            Incoming(Refuse("BLOCKED_PAYLOAD_TYPE", "Wait", retryAfter=3), message="ProtoOANewOrderReq", nth=1)
        )
        self.buy("a")
        [(answer, clientMsgId)] = self.client.received()
        self.assertEqual(
            (type(answer), answer.errorCode, answer.description, answer.retryAfter, clientMsgId),
            (ProtoOAErrorRes, "BLOCKED_PAYLOAD_TYPE", "Wait", 3, "a"),
        )
        self.assertEqual(self.orders, 0)
        self.buy("b")
        self.assertEqual(self.orders, 1)

    def test_refuseAsOrderError(self) -> None:
        """
        The refusal of an order can come as an event.
        """
        self.faults.add(Incoming(Refuse("NOT_ENOUGH_MONEY", asOrderError=True), message="ProtoOANewOrderReq"))
        self.buy("a")
        [answer] = self.client.messages()
        self.assertIsInstance(answer, ProtoOAOrderErrorEvent)
        self.assertEqual((answer.errorCode, answer.ctidTraderAccountId), ("NOT_ENOUGH_MONEY", USD_ACCOUNT))

    def test_push(self) -> None:
        """
        Another message follows the answer.
        """
        self.faults.add(Incoming(Push(ProtoHeartbeatEvent()), message=_REQUEST))
        self.ask("a")
        self.assertEqual([type(each) for each, _ in self.client.received()], [ProtoOAVersionRes, ProtoHeartbeatEvent])


class MatchTests(FaultCase):
    """
    Which messages a rule takes.
    """

    def test_nth(self) -> None:
        """
        Only the second one, counted over all connections.
        """
        self.faults.add(Incoming(Withhold(), message=_REQUEST, nth=2))
        other = self.logIn()
        other.send(ProtoOAVersionReq(), "x")
        self.ask("a", "b")
        self.assertEqual((self.ids(other), self.ids()), (["x"], ["b"]))

    def test_account(self) -> None:
        """
        Only what names the account.
        """
        self.client.logIn(EUR_ACCOUNT)
        self.client.received()
        self.faults.add(Incoming(Withhold(), account=EUR_ACCOUNT))
        for accountId in (USD_ACCOUNT, EUR_ACCOUNT):
            self.client.send(ProtoOATraderReq(ctidTraderAccountId=accountId), str(accountId))
        self.assertEqual(self.ids(), [str(USD_ACCOUNT)])

    def test_window(self) -> None:
        """
        Only between two moments, counted from the adding of the rule.
        """
        self.clock.advance(100.0)
        self.faults.add(Incoming(Withhold(), message=_REQUEST, start=10.0, end=20.0))
        for moment in "abcd":
            self.ask(moment)
            self.clock.advance(7.0)
        self.assertEqual(self.ids(), ["a", "b", "d"])

    def test_most(self) -> None:
        """
        Only so often.
        """
        rule = self.faults.add(Incoming(Withhold(), message=_REQUEST, most=2))
        self.ask("a", "b", "c", "d")
        self.assertEqual(self.ids(), ["c", "d"])
        self.assertEqual((rule.matches, rule.hits), (4, 2))

    def test_probability(self) -> None:
        """
        Chance follows from the seed, and is no other when another rule is added.
        """

        def passed(seed: int, *, another: bool) -> list[str | None]:
            exchange = Exchange.default(Clock(), seed=seed)
            client = RawClient(exchange)
            exchange.faults.add(Incoming(Withhold(), message=_REQUEST, probability=0.5))
            if another:
                exchange.faults.add(Outgoing(Delay(0.0), message=_ANSWER, probability=0.5))
            for number in range(40):
                client.send(ProtoOAVersionReq(), str(number))
            exchange.clock.advance(1)  # type: ignore[attr-defined]
            ids = sorted(clientMsgId or "" for _, clientMsgId in client.received())
            client.lose()
            return list(ids)

        first = passed(1, another=False)
        self.assertEqual(first, passed(1, another=True))
        self.assertNotEqual(first, passed(2, another=False))
        self.assertTrue(10 < len(first) < 30)

    def test_unlikely(self) -> None:
        """
        What is unlikely happens seldom, what is certain always, and what is impossible never.
        """
        for probability, least, most in ((0.0, 0, 0), (0.1, 20, 80), (0.9, 420, 480), (1.0, 500, 500)):
            rule = self.faults.add(Incoming(Withhold(), message=_REQUEST, probability=probability))
            for _ in range(500):
                rule.judge(ProtoOAVersionReq(), 0.0)
            self.assertTrue(least <= rule.hits <= most, rule.hits)
            self.assertEqual(rule.matches, 500)
            rule.stop()

    def test_end(self) -> None:
        """
        A rule holds up to its end, and from its start on.
        """
        rule = self.faults.add(Incoming(Withhold(), message=_REQUEST, start=5.0, end=7.0))
        now = self.clock.seconds()
        found = [rule.judge(ProtoOAVersionReq(), now + each) for each in (4.9, 5.0, 7.0, 7.1)]
        self.assertEqual(found, [False, True, True, False])

    def test_firstRuleWins(self) -> None:
        """
        Of two rules that fit the first takes effect, and both count.
        """
        first = self.faults.add(Outgoing(Duplicate(), message=_ANSWER))
        second = self.faults.add(Outgoing(Withhold(), message=_ANSWER))
        self.ask("a")
        self.assertEqual(self.ids(), ["a", "a"])
        self.assertEqual((first.matches, second.matches), (1, 1))

    def test_heartbeatsAreNamed(self) -> None:
        """
        A rule without a name leaves heartbeats alone.
        """
        self.faults.add(Outgoing(Withhold()))
        self.clock.advance(29.0)
        self.ask("a")
        self.clock.advance(30.0)
        self.assertEqual([type(each) for each, _ in self.client.received()], [ProtoHeartbeatEvent])

    def test_stop(self) -> None:
        """
        A rule that was stopped does nothing; stopping it again changes nothing.
        """
        rule = self.faults.add(Incoming(Withhold(), message=_REQUEST))
        rule.stop()
        rule.stop()
        self.ask("a")
        self.assertEqual(self.ids(), ["a"])

    def test_wrongAction(self) -> None:
        """
        What cannot happen to a message is refused when the rule is made.
        """
        self.assertRaises(TypeError, Outgoing, Mute())
        self.assertRaises(TypeError, Incoming, Corrupt())
        self.assertRaises(ValueError, Cut, 1.5)


class DisturbanceTests(FaultCase):
    """
    What a test calls for.
    """

    def test_invalidateToken(self) -> None:
        """
        The account is told and logged out, the old token is refused, and the new one is good.
        """
        old = self.exchange.registry.grantNamed("trade").accessToken
        self.faults.invalidateToken(USD_ACCOUNT, "gone")
        told, ended = self.client.messages()
        self.assertIsInstance(told, ProtoOAAccountsTokenInvalidatedEvent)
        self.assertEqual((list(told.ctidTraderAccountIds), told.reason), ([USD_ACCOUNT], "gone"))
        self.assertIsInstance(ended, ProtoOAAccountDisconnectEvent)
        self.assertNotEqual(self.exchange.registry.grantNamed("trade").accessToken, old)
        self.assertIsInstance(self.client.logIn(), ProtoOAAccountAuthRes)

    def test_endSession(self) -> None:
        """
        The account is logged out and can be logged in again.
        """
        self.faults.endSession(USD_ACCOUNT)
        self.assertIsInstance(self.client.messages()[0], ProtoOAAccountDisconnectEvent)
        self.assertIsInstance(self.client.logIn(), ProtoOAAccountAuthRes)

    def test_disconnectApplication(self) -> None:
        """
        The application is told why, and then disconnected.
        """
        self.faults.disconnectApplication("blocked")
        [told] = self.client.messages()
        self.assertIsInstance(told, ProtoOAClientDisconnectEvent)
        self.assertEqual(told.reason, "blocked")
        self.assertTrue(self.isLost())

    def test_otherApplication(self) -> None:
        """
        Connections of other applications, and those without one, stay.
        """
        nobody = RawClient(self.exchange)
        self.faults.disconnectApplication(name="inactive")
        self.assertFalse(self.isLost())
        self.faults.disconnectApplication()
        self.assertEqual(nobody.received(), [])
        self.assertFalse(nobody.transport.disconnecting)

    def test_refuseConnections(self) -> None:
        """
        New connections are refused for a while; the old one stays.
        """
        self.faults.refuseConnections()
        self.assertTrue(RawClient(self.exchange).transport.disconnected)
        self.ask("a")
        self.assertEqual(self.ids(), ["a"])
        self.faults.acceptConnections()
        self.assertFalse(RawClient(self.exchange).transport.disconnected)

    def test_maintenance(self) -> None:
        """
        Clients are told, and every request draws the end of the maintenance, until it has come.
        """
        end = self.exchange.timeline.now() + 90_000
        self.faults.startMaintenance(90.0)
        [told] = self.client.messages()
        self.assertIsInstance(told, ProtoErrorRes)
        self.assertEqual(told.maintenanceEndTimestamp, end)
        answer = self.client.ask(ProtoOAReconcileReq(ctidTraderAccountId=USD_ACCOUNT))
        self.assertEqual(
            (answer.errorCode, answer.maintenanceEndTimestamp), ("SERVER_IS_UNDER_MAINTENANCE", end // 1000)
        )
        self.clock.advance(90.0)
        self.client.received()
        self.ask("a")
        self.assertEqual(self.ids(), ["a"])

    def test_restart(self) -> None:
        """
        Connections and sessions are gone, none is taken for a time, and an order that was under way is filled after it.
        """
        self.buy("a")
        self.faults.restart(5.0)
        self.assertTrue(self.isLost())
        self.client.lose()
        self.assertTrue(RawClient(self.exchange).transport.disconnected)
        account = self.exchange.venue.accounts[USD_ACCOUNT]
        self.clock.advance(4.9)
        self.assertEqual(len(account.deals), 0)
        self.faults.clear()
        self.assertTrue(RawClient(self.exchange).transport.disconnected)
        self.clock.advance(0.1)
        self.clock.advance(1.0)
        self.assertEqual(len(account.deals), 1)
        self.assertEqual(self.logIn().protocol.sessions.keys(), {USD_ACCOUNT})

    def test_restartAgain(self) -> None:
        """
        A restart within a restart begins anew.
        """
        self.faults.restart(5.0)
        self.client.lose()
        self.clock.advance(4.0)
        self.faults.restart(5.0)
        self.clock.advance(4.0)
        self.assertTrue(RawClient(self.exchange).transport.disconnected)
        self.clock.advance(1.0)
        self.assertFalse(RawClient(self.exchange).transport.disconnected)

    def test_fastMaintenance(self) -> None:
        """
        Its end is told in the time of the exchange, which may pass faster; in seconds it is rounded up.
        """
        exchange = Exchange.default(Clock(), speed=60.0)
        client = RawClient(exchange)
        exchange.faults.startMaintenance(10.001)
        [told] = client.messages()
        end = exchange.timeline.now() + 600_060
        self.assertEqual(told.maintenanceEndTimestamp, end)
        self.assertEqual(client.ask(ProtoOAVersionReq()).maintenanceEndTimestamp, -(-end // 1000))
        client.lose()

    def test_stoppedWhileRestarting(self) -> None:
        """
        An exchange that is stopped while it restarts stays so.
        """
        self.faults.restart(5.0)
        self.client.lose()
        self.exchange.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])


def _event() -> Message:
    return ProtoOAExecutionEvent(ctidTraderAccountId=USD_ACCOUNT, executionType=ProtoOAExecutionType.ORDER_ACCEPTED)
