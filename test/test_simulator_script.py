"""
Scripts of what is to go wrong: as data, as files, and in an exchange.
"""

from __future__ import annotations

import tomllib
from math import inf, nan
from pathlib import Path
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.framing import encodeFrame
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator import faults as f
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.faults.naming import MESSAGES
from ctrader_twisted.simulator.faults.script import describeRule
from ctrader_twisted.simulator.faults.texts import readMessage, writeMessage
from ctrader_twisted.simulator.market.override import OverriddenPrices
from ctrader_twisted.simulator.market.summary import Tick, summarise
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import EPOCH, EUR_ACCOUNT, USD_ACCOUNT
from test.rawclient import ListedPrices, RawClient

_M1 = m.ProtoOATrendbarPeriod.M1
_SECONDS = st.floats(0, 1e6)
_ACCOUNTS = st.none() | st.integers(1, 1 << 53)
_MESSAGES = st.sampled_from(
    [
        m.ProtoOASpotEvent(ctidTraderAccountId=1, symbolId=2, bid=3),
        m.ProtoMessage(payloadType=2999, payload=b"\x00\xff'\"\\\n", clientMsgId='"{é}"'),
        m.ProtoOANewOrderReq(
            ctidTraderAccountId=1,
            symbolId=1,
            orderType=m.ProtoOAOrderType.LIMIT,
            tradeSide=m.ProtoOATradeSide.SELL,
            volume=3,
            limitPrice=0.1,
            comment="a { b",
        ),
        m.ProtoOAExecutionEvent(
            ctidTraderAccountId=1,
            executionType=m.ProtoOAExecutionType.SWAP,
            errorCode="",
            isServerEvent=False,
        ),
        m.ProtoHeartbeatEvent(),
    ]
)
_TEXT = st.text()
_SYMBOL = st.sampled_from(["EURUSD", "USDJPY", 'a "name"'])
_ALL_OF: dict[type[Any], dict[str, st.SearchStrategy[Any]]] = {
    f.Cut: {"share": st.floats(0, 1)},
    f.Stall: {"seconds": st.none() | _SECONDS},
    f.Delay: {"seconds": _SECONDS},
    f.Withhold: {},
    f.Push: {"message": _MESSAGES},
    f.Duplicate: {"copies": st.integers(1, 9)},
    f.Reorder: {},
    f.Corrupt: {"length": st.none() | st.integers(0, (1 << 32) - 1)},
    f.Split: {"size": st.integers(1, 99), "seconds": _SECONDS},
    f.Mute: {},
    f.Refuse: {
        "code": _TEXT,
        "description": _TEXT,
        "retryAfter": st.none() | st.integers(0, 99),
        "asOrderError": st.booleans(),
        "withoutId": st.booleans(),
    },
    f.Answer: {"message": _MESSAGES},
    f.Page: {"status": st.integers(200, 599)},
    f.AcceptConnections: {},
    f.AcceptOrders: {"symbol": _SYMBOL},
    f.ArchiveSymbol: {"symbol": _SYMBOL},
    f.Bonus: {
        "account": st.integers(),
        "amount": st.integers(),
        "introducingBrokerId": st.none() | st.integers(),
        "note": _TEXT,
    },
    f.ChangeCertificate: {"kind": st.sampled_from(f.CertificateKind)},
    f.ChangeSymbol: {
        "symbol": _SYMBOL,
        "changes": st.dictionaries(_TEXT, st.integers() | _TEXT | st.booleans() | st.floats(allow_nan=False)),
    },
    f.Deposit: {"account": st.integers(), "amount": st.integers(1, 10**15), "note": _TEXT},
    f.Disconnect: {"account": _ACCOUNTS, "politely": st.booleans()},
    f.DisconnectApplication: {"reason": _TEXT, "application": _TEXT},
    f.EndSession: {"account": st.integers()},
    f.Expire: {"account": _ACCOUNTS},
    f.Gap: {"symbol": _SYMBOL, "pips": st.floats(-1e9, 1e9)},
    f.LimitLiquidity: {"symbol": _SYMBOL, "volumes": st.lists(st.integers(1)).map(tuple)},
    f.Maintenance: {"seconds": _SECONDS},
    f.RefuseConnections: {},
    f.RejectOrders: {"symbol": _SYMBOL, "rejection": st.sampled_from(f.Rejection)},
    f.Restart: {"seconds": _SECONDS},
    f.Revoke: {"account": _ACCOUNTS, "reason": _TEXT},
    f.Send: {"message": _MESSAGES, "account": _ACCOUNTS},
    f.SetPrice: {"symbol": _SYMBOL, "bid": st.floats(1e-9, 1e9), "ask": st.none() | st.floats(1e-9, 1e9)},
    f.UnlimitLiquidity: {"symbol": _SYMBOL},
    f.Withdraw: {"account": st.integers(), "amount": st.integers(1, 10**15), "note": _TEXT},
}
_DISTURBANCES = [each for each in _ALL_OF if issubclass(each, f.Disturbance)]


def _made(kinds: Any) -> st.SearchStrategy[Any]:
    return st.one_of([st.builds(kind, **_ALL_OF[kind]) for kind in kinds])


_WHEN = {
    "nth": st.none() | st.integers(1, 1 << 62),
    "probability": st.floats(0, 1),
    "start": st.floats(0, 1e3),
    "end": st.floats(1e3, allow_nan=False),
    "most": st.none() | st.integers(1, 1 << 62),
}
_OF_ACCOUNTS = sorted(
    name for name, made in MESSAGES.items() if "ctidTraderAccountId" in made.DESCRIPTOR.fields_by_name
)


def _which(made: Any, *, isRequest: bool, **more: Any) -> st.SearchStrategy[Any]:
    """
    @return: rules of a class, about messages that go that way.
    """
    names = [name for name in _OF_ACCOUNTS if name.endswith("Req") is isRequest]
    return st.builds(made, message=st.none() | st.sampled_from(names), account=_ACCOUNTS, **_WHEN, **more)


_INCOMING = (f.Cut, f.Stall, f.Delay, f.Withhold, f.Push, f.Mute, f.Refuse, f.Answer, *_DISTURBANCES)
_OUTGOING = (f.Cut, f.Stall, f.Delay, f.Withhold, f.Push, f.Duplicate, f.Reorder, f.Corrupt, f.Split, *_DISTURBANCES)
_TOKEN = _made((f.Cut, f.Delay, f.Withhold, f.Page))
_RULES = st.one_of(
    _which(f.Incoming, isRequest=True, action=_made(_INCOMING)),
    _which(f.Outgoing, isRequest=False, action=_made(_OUTGOING), isAnswer=st.none() | st.booleans()),
    st.builds(f.TokenRequest, _TOKEN, **_WHEN),
    st.builds(f.TokenAnswer, _TOKEN, **_WHEN),
)
_HAPPENINGS = st.builds(f.Happening, _made(_DISTURBANCES), at=_SECONDS, probability=st.floats(0, 1))


@attrs.frozen
class _Broken(f.Disturbance):
    """
    Fails.
    """

    def happen(self, exchange: Any) -> None:
        raise ZeroDivisionError


class DataTests(SynchronousTestCase):
    """
    Scripts as TOML.
    """

    @given(st.lists(_RULES, max_size=3), st.lists(_HAPPENINGS, max_size=2))
    @settings(deadline=None)
    def test_roundTrip(self, rules: list[Any], happenings: list[f.Happening]) -> None:
        """
        Whatever a script says survives being written and read, and so does the text.
        """
        script = f.Script(rules=rules, happenings=happenings)
        text = f.dumpScript(script)
        read = f.parseScript(text)
        self.assertEqual(read, script)
        self.assertEqual(f.dumpScript(read), text)

    def test_escapes(self) -> None:
        """
        Quotes, backslashes and what cannot be printed survive in texts.
        """
        script = f.Script(rules=[f.Incoming(f.Refuse("X", 'a \\ "b" \n \\n \u2028'))])
        self.assertEqual(f.parseScript(f.dumpScript(script)), script)

    def test_never(self) -> None:
        """
        A rule that could never take effect is refused, and so is what has no end, or cannot be told.
        """
        for made, words in (
            (
                lambda: f.Incoming(f.Mute(), start=20.0, end=10.0),
                "never take effect: its end, 10, is before its start, 20",
            ),
            (lambda: f.Incoming(f.Mute(), message="ProtoOASpotEvent"), "no ProtoOASpotEvent is a request of a client"),
            (lambda: f.Incoming(f.Mute(), message="ProtoHeartbeatEvent"), "no ProtoHeartbeatEvent is a request"),
            (
                lambda: f.Outgoing(f.Withhold(), message="ProtoOANewOrderReq"),
                "no ProtoOANewOrderReq is sent by a server",
            ),
            (lambda: f.Outgoing(f.Withhold(), message="ProtoMessage"), "no ProtoMessage is sent by a server"),
            (
                lambda: f.Incoming(f.Mute(), message="ProtoOAVersionReq", account=1),
                "a ProtoOAVersionReq names no account",
            ),
            (lambda: f.TokenRequest(f.Page(), start=inf), "'start' must be < inf"),
            (lambda: f.TokenRequest(f.Page(), start=-1.0), "'start' must be >= 0.0"),
            (lambda: f.Page(99_999), "'status' must be <= 599"),
            (lambda: f.Page(-1), "'status' must be >= 200"),
            (lambda: f.Refuse("X", retryAfter=-3), "'retryAfter' must be >= 0"),
            (lambda: f.Delay(inf), "'seconds' must be a number up to 1000000000: inf"),
            (lambda: f.Stall(inf), "'seconds' must be a number"),
            (lambda: f.Split(1, inf), "'seconds' must be a number"),
            (lambda: f.Maintenance(1e300), "'seconds' must be a number"),
            (lambda: f.Restart(inf), "'seconds' must be a number"),
            (lambda: f.Happening(f.Restart(), at=inf), "'at' must be a number"),
            (lambda: f.Gap("EURUSD", nan), "'pips' must be a number"),
            (lambda: f.SetPrice("EURUSD", inf), "'bid' must be a number"),
            (lambda: f.SetPrice("EURUSD", 1.0, inf), "'ask' must be a number"),
            (lambda: f.Deposit(1, 10**16), "'amount' must be <= 1000000000000000"),
            (lambda: f.LimitLiquidity("EURUSD", (5, -5)), "must be >= 1: -5"),
        ):
            self.assertIn(words, str(self.assertRaises(ValueError, made)))

    def test_everything(self) -> None:
        """
        All actions and disturbances that there are were tried.
        """
        there = {getattr(f, name) for name in f.__all__ if isinstance(getattr(f, name), type)}
        actions = {each for each in there if attrs.has(each)}
        others = {f.Incoming, f.Outgoing, f.TokenRequest, f.TokenAnswer, f.Script, f.Happening, f.Disturbance}
        self.assertEqual(actions - others, set(_ALL_OF))

    def test_file(self) -> None:
        """
        A file says what Python can say.
        """
        path = Path(self.mktemp())
        path.write_text(
            """
            [[outgoing]]
            message = "ProtoOAExecutionEvent"
            nth = 2
            cut = { share = 0.5 }

            [[tokenRequest]]
            most = 3
            page = {}

            [[happen]]
            at = 60
            [happen.send]
            account = 20001
            message = { payloadType = 2131, payload = { ctidTraderAccountId = 1, symbolId = 2, bid = 3 } }
            """
        )
        event = m.ProtoOASpotEvent(ctidTraderAccountId=1, symbolId=2, bid=3)
        script = f.Script(
            rules=[
                f.Outgoing(f.Cut(0.5), message="ProtoOAExecutionEvent", nth=2),
                f.TokenRequest(f.Page(), most=3),
            ],
            happenings=[f.Happening(f.Send(event, account=20001), at=60.0)],
        )
        read = f.readScript(path)
        self.assertEqual(read, script)
        self.assertEqual(read.source, str(path))

    def test_noFile(self) -> None:
        """
        A file that cannot be read is named.
        """
        path = Path(self.mktemp())
        self.assertIn(str(path), self.complaint(f.readScript, path))
        path.write_bytes(b"\xff")
        self.assertIn(f"{path} is no text", self.complaint(f.readScript, path))

    def complaint(self, function: Any, *arguments: Any) -> str:
        """
        @return: what is wrong.
        """
        return str(self.assertRaises(ConfigurationError, function, *arguments))

    def test_wrong(self) -> None:
        """
        What makes no sense is refused, with the line or key, and what is known there.
        """
        for text, *words in (
            ("a = \n", "a.toml is no TOML", "line 1"),
            ("[[outgo]]", "no kind of table outgo", "incoming, outgoing, tokenRequest"),
            ("[outgoing]", "write [[outgoing]]"),
            ("outgoing = [1]", "outgoing 1: is to be a table"),
            ("[[outgoing]]\ncut = {}\n\n[[outgoing]]\nmute = {}", "a.toml, line 4: outgoing 2: ", "key mute", "cut"),
            ("[[happen]]\nat = 3", "line 1: happen 1: says nothing", "restart"),
            ("[[happen]]\nrestart = {}\nexpire = {}", "says restart and expire"),
            ("[[outgoing]]\ncut = 1", "cut is to be a table"),
            ("[[outgoing]]\ncut = { shar = 1 }", "cut: there is no key shar; known are share"),
            ("[[outgoing]]\ncut = { share = 2 }", "cut: 'share' must be <= 1.0"),
            ("[[outgoing]]\nreorder = { share = 2 }", "reorder has no keys"),
            ("[[outgoing]]\nnth = 1.0\ncut = {}", "nth is to be a whole number, and is 1.0"),
            ("[[outgoing]]\nnth = true\ncut = {}", "nth is to be a whole number, and is True"),
            ("[[outgoing]]\nprobability = 'x'\ncut = {}", "probability is to be a number"),
            ("[[outgoing]]\nisAnswer = 1\ncut = {}", "isAnswer is to be true or false"),
            ("[[outgoing]]\nmessage = 1\ncut = {}", "message is to be a text"),
            ("[[outgoing]]\nmessage = 'ProtoOASpotEvnt'\ncut = {}", "no message ProtoOASpotEvnt", "ProtoOASpotEvent"),
            ("[[happen]]\nmaintenance = {}", "maintenance: seconds is missing"),
            ("[[happen]]\nat = -1\nrestart = {}", "'at' must be >= 0"),
            ("[[happen]]\nchangeCertificate = { kind = 'old' }", "no kind old", "renewed, otherAuthority, expired"),
            ("[[happen]]\nlimitLiquidity = { symbol = 'EURUSD', volumes = [1.5] }", "a list of whole numbers"),
            ("[[happen]]\nchangeSymbol = { symbol = 'EURUSD', changes = 1 }", "changes is to be a table"),
            ("[[happen]]\nsend = { message = 1 }", "message: 1 is no message"),
            ("[[happen]]\nsend = { message = '%' }", "'%' is no message"),
            ("[[happen]]\nsend = { message = 'ProtoOAThing { }' }", "no message ProtoOAThing"),
            ("[[happen]]\nsend = { message = 'ProtoOASpotEvent' }", "lacks ctidTraderAccountId, symbolId"),
            ("[[happen]]\nsend = { message = 'ProtoOASpotEvent { x: 1 }' }", "'x'".replace("'", '"'), "symbolId, bid"),
            ("[[happen]]\nsend = { message = '{' }", "it is no JSON"),
            ("[[happen]]\nsend = { message = { type = 1 } }", "no key of a message type", "payloadType"),
            (
                "[[happen]]\nsend = { message = { payloadType = 1, payload = { a = 1 } } }",
                "no message of payloadType 1",
            ),
            ("[[happen]]\nsend = { message = { payloadType = 2131, payload = { a = 1 } } }", "a", "symbolId, bid"),
        ):
            complaint = self.complaint(f.parseScript, text, "a.toml")
            for word in ("a.toml", *words):
                self.assertIn(word, complaint)

    def test_wrongInPython(self) -> None:
        """
        Python is told as early.
        """
        self.assertRaises(TypeError, f.Send, "ProtoOASpotEvent")
        self.assertRaises(ValueError, f.Push, m.ProtoOASpotEvent())
        self.assertRaises(ValueError, f.Outgoing, f.Cut(), message="ProtoOASpot")
        self.assertRaises(TypeError, f.Happening, f.Cut())
        self.assertRaises(TypeError, f.Script, rules=[f.Cut()])
        self.assertRaises(NotImplementedError, f.Disturbance().happen, None)

    def test_messages(self) -> None:
        """
        JSON is as good as the text form; an id or an unknown type makes it an envelope.
        """
        event = m.ProtoOASpotEvent(ctidTraderAccountId=1, symbolId=2)
        payload = '"payload": {"ctidTraderAccountId": "1", "symbolId": 2}'
        self.assertEqual(readMessage(f'{{"payloadType": 2131, {payload}}}'), event)
        self.assertEqual(readMessage(f'{{"payloadType": "ProtoOASpotEvent", {payload}}}'), event)
        enveloped = m.ProtoMessage(payloadType=2131, payload=event.SerializeToString(), clientMsgId="a")
        self.assertEqual(readMessage(f'{{"payloadType": 2131, {payload}, "clientMsgId": "a"}}'), enveloped)
        unknown = m.ProtoMessage(payloadType=1, clientMsgId="b")
        self.assertEqual(readMessage({"payloadType": 1, "clientMsgId": "b"}), unknown)
        self.assertEqual(readMessage(writeMessage(unknown)), unknown)
        self.assertEqual(readMessage(" ProtoHeartbeatEvent "), m.ProtoHeartbeatEvent())

    def test_describe(self) -> None:
        """
        A rule is told in a line, which is TOML but for its breaks.
        """
        rule = f.Outgoing(f.Cut(0.5), nth=2)
        self.assertEqual(describeRule(rule), "[[outgoing]] nth = 2 cut = {share = 0.5}")
        self.assertEqual(tomllib.loads("nth = 2\ncut = {share = 0.5}"), {"nth": 2, "cut": {"share": 0.5}})


class ExchangeCase(SynchronousTestCase):
    """
    An exchange on a virtual clock, and a client that is logged in to it.
    """

    def setUp(self) -> None:
        """
        Make them.
        """
        self.exchange, self.client = self.makeExchange(3)
        self.clock: Any = self.exchange.clock
        self.faults = self.exchange.faults

    def makeExchange(self, seed: int) -> tuple[Exchange, RawClient]:
        """
        @return: an exchange and its client.
        """
        exchange = Exchange.default(Clock(), seed=seed, settings=Settings(idleLimit=10_000.0))
        exchange.start()
        self.addCleanup(self.end, exchange)
        client = RawClient(exchange)
        client.logIn()
        client.received()
        return exchange, client

    def end(self, exchange: Exchange) -> None:
        """
        Stop everything; nothing may be left.
        """
        exchange.stop()
        for connection in list(exchange.connections):
            connection.connectionLost()
        clock: Any = exchange.clock
        self.assertEqual(clock.getDelayedCalls(), [])

    def kinds(self) -> list[str]:
        """
        @return: the names of the messages that came, without heartbeats.
        """
        return [type(each).__name__ for each in self.client.messages()]

    def happen(self, disturbance: f.Disturbance) -> None:
        """
        Let something happen now.
        """
        self.faults.run(f.Script(happenings=[f.Happening(disturbance)]))
        self.clock.advance(0)

    def isLost(self) -> bool:
        """
        Whether the server has ended the client's connection.
        """
        transport = self.client.transport
        return bool(transport.disconnecting or transport.disconnected)


class RunTests(ExchangeCase):
    """
    Scripts in an exchange.
    """

    def test_times(self) -> None:
        """
        Things happen at their times, and are forgotten when the script is stopped.
        """
        running = self.faults.run(
            f.Script(
                rules=[f.Incoming(f.Withhold(), message="ProtoOAVersionReq")],
                happenings=[f.Happening(f.Deposit(USD_ACCOUNT, each), at=each) for each in (1, 2, 3)],
            )
        )
        account = self.exchange.venue.accounts[USD_ACCOUNT]
        self.clock.advance(2.5)
        self.assertEqual((account.balance, running.left, self.faults.planned), (1_000_003, 1, 1))
        self.client.send(m.ProtoOAVersionReq(), "a")
        self.assertEqual(running.rules[0].hits, 1)
        running.stop()
        running.stop()
        self.clock.advance(5)
        self.assertEqual((account.balance, running.left, self.faults.applied), (1_000_003, 0, ()))

    def test_clear(self) -> None:
        """
        What was to happen is forgotten when all faults are cleared, and when the exchange is stopped.
        """
        for end in (self.faults.clear, self.exchange.stop):
            running = self.faults.run(f.Script(happenings=[f.Happening(f.Restart(), at=5.0)]))
            end()
            self.assertEqual((running.left, self.faults.planned), (0, 0))

    def test_restart(self) -> None:
        """
        A restart is no end of the script.
        """
        self.faults.run(
            f.Script(
                happenings=[f.Happening(f.Restart(2.0), at=1.0), f.Happening(f.Deposit(USD_ACCOUNT, 5), at=2.0)],
            )
        )
        self.clock.pump([1.0, 1.0, 1.0])
        self.assertEqual(self.exchange.venue.accounts[USD_ACCOUNT].balance, 1_000_005)

    def test_rule(self) -> None:
        """
        A rule lets something happen right after a message or a request, and not before that is done.
        """
        self.faults.add(f.Outgoing(f.Deposit(USD_ACCOUNT, 5), message="ProtoOAVersionRes", nth=2))
        self.faults.add(f.Incoming(f.EndSession(USD_ACCOUNT), message="ProtoOATraderReq"))
        for _ in range(3):
            self.client.send(m.ProtoOAVersionReq(), "a")
        self.client.send(m.ProtoOATraderReq(ctidTraderAccountId=USD_ACCOUNT), "b")
        self.assertEqual(self.kinds(), ["ProtoOAVersionRes"] * 3 + ["ProtoOATraderRes"])
        self.clock.advance(0)
        self.assertEqual(self.kinds(), ["ProtoOAExecutionEvent", "ProtoOAAccountDisconnectEvent"])

    def test_chance(self) -> None:
        """
        One seed gives the same disturbances, and another seed others.
        """

        def balances(seed: int) -> list[int]:
            exchange, _ = self.makeExchange(seed)
            script = f.Script(
                happenings=[f.Happening(f.Deposit(USD_ACCOUNT, 1), at=each, probability=0.5) for each in range(1, 41)]
            )
            exchange.faults.run(script)
            found = []
            clock: Any = exchange.clock
            for _ in range(40):
                clock.advance(1.0)
                found.append(exchange.venue.accounts[USD_ACCOUNT].balance)
            return found

        first = balances(1)
        self.assertEqual(balances(1), first)
        self.assertNotEqual(balances(2), first)
        self.assertTrue(0 < first[-1] - 1_000_000 < 40)

    def test_unknown(self) -> None:
        """
        What names an account, a symbol or an application that is not there is refused before anything is done.
        """
        for disturbance, words in (
            (f.EndSession(5), "there is no account 5; known are 20001"),
            (f.Gap("EURCHF", 5), "there is no symbol EURCHF; known are EURUSD"),
            (f.DisconnectApplication(application="x"), "there is no application x; known are standard, inactive"),
            (f.ChangeSymbol("EURUSD", {"colour": 1}), "there is no attribute of a symbol colour; known are"),
        ):
            for script in (
                f.Script(rules=[f.Incoming(f.Mute()), f.Incoming(disturbance)], source="x.toml"),
                f.Script(rules=[f.Incoming(f.Mute())], happenings=[f.Happening(disturbance)], source="x.toml"),
            ):
                error = self.assertRaises(ConfigurationError, self.faults.run, script)
                self.assertIn(f"x.toml: {words}", str(error))
        self.assertEqual((self.faults.applied, self.faults.planned), ((), 0))

    def test_impossible(self) -> None:
        """
        What turns out to be impossible is logged, and the rest goes on; so is what fails.
        """
        self.happen(f.Withdraw(USD_ACCOUNT, 100_000_000))
        self.happen(_Broken())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_changes(self) -> None:
        """
        A change of a symbol that makes no sense is refused before anything changes; sensible ones go on to work.
        """
        for changes in ({"digits": "many"}, {"maxVolume": "x"}, {"maxVolume": 1 << 70}):
            with self.assertRaises(ConfigurationError) as caught:
                self.happen(f.ChangeSymbol("EURUSD", changes))
            self.assertIn("the script: EURUSD cannot be changed so: ", str(caught.exception))
            self.assertRaises((TypeError, ValueError), self.exchange.changeSymbol, 1, **changes)
        self.happen(f.ChangeSymbol("EURUSD", {"maxVolume": 200_000}))
        self.assertEqual(self.exchange.catalogue.full(1).maxVolume, 200_000)

    def test_strangers(self) -> None:
        """
        A rule about an account that there is not is refused, and nothing is done.
        """
        for rule in (f.Incoming(f.Mute(), account=77), f.Outgoing(f.Withhold(), account=77)):
            with self.assertRaises(ConfigurationError) as caught:
                self.faults.run(f.Script(rules=[f.Incoming(f.Mute()), rule], source="x.toml"))
            self.assertIn("x.toml: there is no account 77; known are 20001", str(caught.exception))
        self.assertEqual(self.faults.applied, ())


class ActionTests(ExchangeCase):
    """
    Actions that other tests do not show.
    """

    def ask(self, *ids: str) -> None:
        """
        Send requests for the version with these ids.
        """
        for each in ids:
            self.client.send(m.ProtoOAVersionReq(), each)

    def test_answer(self) -> None:
        """
        A message is the answer to a request; an envelope brings its own id.
        """
        self.faults.add(f.Incoming(f.Answer(m.ProtoOAVersionRes(version="7")), nth=1))
        self.faults.add(f.Incoming(f.Answer(m.ProtoMessage(payloadType=2105, clientMsgId="mine")), nth=2))
        self.ask("a")
        self.assertEqual(self.client.received(), [(m.ProtoOAVersionRes(version="7"), "a")])
        self.ask("b")
        self.assertIn(b"mine", self.client.transport.value())
        self.client.transport.clear()

    def test_refusalWithoutId(self) -> None:
        """
        A refusal can come without the id.
        """
        self.faults.add(f.Incoming(f.Refuse("X", withoutId=True)))
        self.ask("a")
        [(refusal, clientMsgId)] = self.client.received()
        self.assertEqual((refusal.errorCode, clientMsgId), ("X", None))

    def test_length(self) -> None:
        """
        Another length is announced.
        """
        self.faults.add(f.Outgoing(f.Corrupt(length=3)))
        self.ask("a")
        frame = encodeFrame(m.ProtoOAVersionRes(version="91"), "a")
        self.assertEqual(self.client.transport.value(), b"\0\0\0\3" + frame[4:])
        self.client.transport.clear()

    def test_split(self) -> None:
        """
        A frame comes in pieces, and what follows it waits.
        """
        self.faults.add(f.Outgoing(f.Split(size=6, seconds=1.0), nth=1))
        self.ask("a", "b")
        first, second = (encodeFrame(m.ProtoOAVersionRes(version="91"), each) for each in "ab")
        self.assertEqual(self.client.transport.value(), first[:6])
        self.clock.advance(1.0)
        self.assertEqual(self.client.transport.value(), first[:12])
        self.clock.pump([1.0] * 10)
        self.assertEqual(self.client.transport.value(), first + second)

    def test_splitTwice(self) -> None:
        """
        Frames that are both split come one after the other.
        """
        self.faults.add(f.Outgoing(f.Split(size=5)))
        self.ask("a", "b")
        self.clock.pump([0.0] * 20)
        self.assertEqual([clientMsgId for _, clientMsgId in self.client.received()], ["a", "b"])

    def test_splitAndLost(self) -> None:
        """
        Pieces that have not gone are lost with the connection.
        """
        self.faults.add(f.Outgoing(f.Split(size=5)))
        self.ask("a")
        self.client.protocol.connectionLost()
        self.clock.advance(1)
        self.assertEqual(len(self.client.transport.value()), 5)


class DisturbanceTests(ExchangeCase):
    """
    What happens once.
    """

    def test_disconnect(self) -> None:
        """
        Only connections with the account are cut, or all.
        """
        self.happen(f.Disconnect(account=EUR_ACCOUNT))
        self.assertFalse(self.isLost())
        self.happen(f.Disconnect(politely=True))
        self.assertTrue(self.client.transport.disconnecting)
        self.assertFalse(self.client.transport.disconnected)
        other = RawClient(self.exchange)
        self.happen(f.Disconnect())
        self.assertTrue(other.transport.disconnected)

    def test_access(self) -> None:
        """
        Access is taken away, or ends, for one account or all.
        """
        self.happen(f.Expire(account=EUR_ACCOUNT))
        self.assertEqual(self.client.logIn().errorCode, "OA_AUTH_TOKEN_EXPIRED")
        self.client.received()
        self.happen(f.Revoke(account=USD_ACCOUNT, reason="gone"))
        self.assertEqual(self.kinds(), ["ProtoOAAccountsTokenInvalidatedEvent", "ProtoOAAccountDisconnectEvent"])
        self.happen(f.Revoke())
        self.happen(f.Expire())

    def test_nobodysAccess(self) -> None:
        """
        Where nobody has access, none ends.
        """
        before = [grant.expires for grant in self.exchange.registry.grants]
        self.happen(f.Expire(account=20_005))
        self.assertEqual([grant.expires for grant in self.exchange.registry.grants], before)

    def test_application(self) -> None:
        """
        The application is said goodbye to.
        """
        self.happen(f.DisconnectApplication(reason="x"))
        self.assertEqual(self.kinds(), ["ProtoOAClientDisconnectEvent"])

    def test_connections(self) -> None:
        """
        Connections are refused, and taken again.
        """
        self.happen(f.RefuseConnections())
        self.assertTrue(RawClient(self.exchange).transport.disconnected)
        self.happen(f.AcceptConnections())
        self.assertFalse(RawClient(self.exchange).transport.disconnected)

    def test_maintenance(self) -> None:
        """
        A maintenance is announced; its end is known.
        """
        self.happen(f.Maintenance(5.0))
        self.assertEqual(self.kinds(), ["ProtoErrorRes"])
        self.assertEqual(self.faults.maintenanceEnd, self.exchange.timeline.now() + 5_000)
        self.clock.advance(5.0)
        self.assertIsNone(self.faults.maintenanceEnd)

    def test_send(self) -> None:
        """
        A message goes to all, or to those on which an account is logged in; never to who is gone.
        """
        other = RawClient(self.exchange)
        self.happen(f.Send(m.ProtoOAVersionRes(version="1")))
        self.happen(f.Send(m.ProtoOAVersionRes(version="2"), account=USD_ACCOUNT))
        self.assertEqual([each.version for each in self.client.messages()], ["1", "2"])
        self.assertEqual([each.version for each in other.messages()], ["1"])
        other.protocol.close()
        self.happen(f.Send(m.ProtoOAVersionRes(version="3")))
        self.assertEqual(other.messages(), [])

    def test_money(self) -> None:
        """
        Money comes and goes.
        """
        self.happen(f.Deposit(USD_ACCOUNT, 500, "a"))
        self.happen(f.Withdraw(USD_ACCOUNT, 200, "b"))
        self.assertEqual(self.exchange.venue.accounts[USD_ACCOUNT].balance, 1_000_300)

    def test_bonus(self) -> None:
        """
        A bonus is given, by the broker or by an introducing one, and taken back.
        """
        self.happen(f.Bonus(USD_ACCOUNT, 500, note="a"))
        self.happen(f.Bonus(USD_ACCOUNT, -200))
        self.happen(f.Bonus(USD_ACCOUNT, 100, introducingBrokerId=77))
        account = self.exchange.venue.accounts[USD_ACCOUNT]
        self.assertEqual((account.managerBonus, account.ibBonus, account.balance), (300, 100, 1_000_000))

    def test_symbol(self) -> None:
        """
        A symbol changes, and what can be traded of it.
        """
        self.happen(f.ChangeSymbol("EURUSD", {"maxVolume": 5_000_000}))
        self.assertEqual(self.exchange.catalogue.symbols[1].maxVolume, 5_000_000)
        self.happen(f.LimitLiquidity("EURUSD", (1, 2)))
        self.assertEqual(self.exchange.venue.liquidity, {1: (1, 2)})
        self.happen(f.UnlimitLiquidity("EURUSD"))
        self.assertEqual(self.exchange.venue.liquidity, {})
        self.happen(f.RejectOrders("EURUSD", f.Rejection.MISSED))
        self.assertEqual(self.exchange.venue.rejections, {1: f.Rejection.MISSED})
        self.happen(f.AcceptOrders("EURUSD"))
        self.assertEqual(self.exchange.venue.rejections, {})
        self.happen(f.ArchiveSymbol("EURUSD"))
        self.assertNotIn(1, self.exchange.catalogue.symbols)

    def test_certificate(self) -> None:
        """
        Who listens with TLS hears which certificate to show.
        """
        shown: list[f.CertificateKind] = []
        self.exchange.onCertificate.append(shown.append)
        self.happen(f.ChangeCertificate(f.CertificateKind.EXPIRED))
        self.assertEqual(shown, [f.CertificateKind.EXPIRED])


class PriceTests(ExchangeCase):
    """
    Prices that are moved by hand.
    """

    def quote(self) -> tuple[int, int]:
        """
        @return: bid and ask of EURUSD now.
        """
        tick = self.exchange.market.quote(1)
        assert tick is not None
        return tick.bid, tick.ask

    def test_set(self) -> None:
        """
        Quotes, history, bars and orders go by the price that was set, and what was before stays.
        """
        self.clock.advance(90.0)
        market, now = self.exchange.market, self.exchange.timeline.now()
        before = market.ticks(1, EPOCH, now)
        self.client.send(m.ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[1]), "s")
        request = m.ProtoOASubscribeLiveTrendbarReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=1, period=_M1)
        self.client.send(request, "t")
        self.client.received()
        self.happen(f.SetPrice("EURUSD", 1.3, 1.30007))
        [event] = self.client.messages()
        self.assertEqual((event.bid, event.ask), (130_000, 130_007))
        self.assertEqual(self.quote(), (130_000, 130_007))
        self.assertEqual(market.ticks(1, EPOCH, now), [*before, Tick(now, 130_000, 130_007)])
        [bar] = market.trendbars(1, _M1, now - 60_000, now, 1)
        self.assertEqual((bar.high, bar.close), (130_000, 130_000))
        [live] = event.trendbar
        self.assertEqual((live.low + live.deltaHigh, live.volume), (130_000, bar.volume))
        order = m.ProtoOANewOrderReq(
            ctidTraderAccountId=USD_ACCOUNT,
            symbolId=1,
            orderType=m.ProtoOAOrderType.MARKET,
            tradeSide=m.ProtoOATradeSide.BUY,
            volume=100_000,
        )
        self.client.send(order, "o")
        self.clock.advance(0.15)
        [position] = self.exchange.venue.accounts[USD_ACCOUNT].positions.values()
        self.assertAlmostEqual(position.price, 1.3, 2)

    def test_goesOn(self) -> None:
        """
        From there the price moves as it would have moved.
        """
        plain, _ = self.makeExchange(3)
        self.clock.advance(10.0)
        bid, ask = self.quote()
        self.happen(f.Gap("EURUSD", -25))
        self.assertEqual(self.quote(), (bid - 250, ask - 250))
        self.happen(f.SetPrice("EURUSD", (bid + 100) / 100_000))
        self.assertEqual(self.quote(), (bid + 100, ask + 100))
        told: list[Tick] = []
        self.exchange.market.listen(lambda symbolId, tick: told.append(tick) if symbolId == 1 else None)
        self.clock.advance(60.0)
        start, end = EPOCH + 10_001, EPOCH + 70_000
        unmoved = plain.market.source(1).ticks(start, end)
        self.assertEqual(told, [Tick(each.timestamp, each.bid + 100, each.ask + 100) for each in unmoved])
        self.assertEqual(self.exchange.market.ticks(1, start, end), told)

    def test_impossible(self) -> None:
        """
        Prices that cannot be are refused.
        """
        for bid, ask, words in (
            (0, 5, "the bid must be above 0"),
            (6, 5, "the ask not below it"),
        ):
            error = self.assertRaises(ValueError, self.exchange.setPrice, 1, bid, ask)
            self.assertIn(words, str(error))
        yen = self.exchange.catalogue.symbolNamed("USDJPY").symbolId
        error = self.assertRaises(ValueError, self.exchange.setPrice, yen, 15_000_001, 15_000_100)
        self.assertIn("USDJPY cannot have the bid 150.00001", str(error))
        self.assertIn("3 decimals", str(error))

    def test_noPrice(self) -> None:
        """
        Where there was no price yet, one can be set and not moved.
        """
        exchange = Exchange.default(Clock(), replay={"EURUSD": ListedPrices([])})
        for disturbance in (f.Gap("EURUSD", 1), f.SetPrice("EURUSD", 1.1)):
            self.assertRaises(ValueError, disturbance.happen, exchange)
        f.SetPrice("EURUSD", 1.1, 1.2).happen(exchange)
        self.assertEqual(exchange.market.quote(1), Tick(EPOCH, 110_000, 120_000))


_TICK = st.tuples(st.integers(0, 30), st.integers(50, 99), st.integers(0, 5)).map(
    lambda each: Tick(each[0], each[1], each[1] + each[2])
)
_TICKS = st.lists(_TICK, max_size=12).map(lambda ticks: sorted(ticks, key=lambda tick: tick.timestamp))


class OverrideTests(SynchronousTestCase):
    """
    Overridden prices as a source.
    """

    @given(_TICKS, _TICKS, st.integers(-1, 32), st.integers(-1, 32))
    def test_agrees(self, ticks: list[Tick], moves: list[Tick], start: int, end: int) -> None:
        """
        All ways to ask give the same ticks, however the moves were made.
        """
        listed = ListedPrices(ticks)
        prices = OverriddenPrices(listed)
        for move in moves:
            prices = prices.moved(move)
        everything = OverriddenPrices(listed, moves).ticks(-1, 99)
        self.assertEqual(sorted(everything, key=lambda tick: tick.timestamp), everything)
        self.assertEqual(len(everything), len(ticks) + len(moves))
        inside = [tick for tick in everything if start <= tick.timestamp <= end]
        self.assertEqual(prices.ticks(start, end), inside)
        self.assertEqual(prices.summary(start, end), summarise(inside))
        latest = next((tick for tick in reversed(everything) if tick.timestamp <= end), None)
        self.assertEqual(prices.lastTick(end), latest)
        self.assertEqual(prices.nextTick(end), next((tick for tick in everything if tick.timestamp > end), None))

    def test_order(self) -> None:
        """
        Moves come in the order of time.
        """
        prices = OverriddenPrices(ListedPrices([]), [Tick(5, 1, 2)])
        self.assertRaises(ValueError, prices.moved, Tick(4, 1, 2))
