"""
Tests of C{twistd ctrader} within this process: its command line, its service on virtual time, and how it ends.
"""

from __future__ import annotations

import atexit
import io
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from twisted.application.service import IService, IServiceMaker
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel, capturedLogs
from twisted.plugin import getPlugins
from twisted.python.runtime import seconds as wallSeconds
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import (
    ApplicationRefused,
    CertificateRefused,
    ConfigurationError,
    GrantLost,
    NotConnected,
    StoreBusy,
    StoreFull,
    SymbolNotFound,
    TokenRefused,
    WrongHost,
)
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.schema.messages import ProtoHeartbeatEvent
from ctrader_twisted.secret import Secret
from ctrader_twisted.tap import client as tap
from ctrader_twisted.tap.configuration import Wanted
from ctrader_twisted.tap.ending import Ending
from ctrader_twisted.tap.quotelog import QuoteLog
from ctrader_twisted.testing import VirtualExchange
from test.test_tap_configuration import PLAIN, ConfigurationCase


class OptionsTests(ConfigurationCase):
    """
    The command line.
    """

    def setUp(self) -> None:
        """
        Listen to what is printed.
        """
        super().setUp()
        self.printed, self.complained = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", self.printed)
        self.patch(sys, "stderr", self.complained)

    def parse(self, *words: str) -> tap.Options:
        """
        @param words: the words of the command line.
        @return: what they say.
        """
        options = tap.Options()
        options.parseOptions(list(words))
        return options

    def test_configuration(self) -> None:
        """
        The file is read with the options.
        """
        self.path.write_text(PLAIN)
        self.assertEqual(self.parse("--config", str(self.path)).configuration.endpoint, "ctrader:demo")

    def test_valid(self) -> None:
        """
        A check of a good file says so and ends with status 0.
        """
        self.path.write_text(PLAIN)
        error = self.assertRaises(SystemExit, self.parse, "--check", "--config", str(self.path))
        self.assertEqual((error.code, self.printed.getvalue()), (0, "configuration is valid\n"))

    def test_refused(self) -> None:
        """
        A wrong file ends the process with status 78 and a sentence, checked or not, and so does none.
        """
        self.path.write_text(PLAIN.replace("ctrader:demo", "ctrader:localhost:0"))
        error = self.assertRaises(SystemExit, self.parse, "--check", "--config", str(self.path))
        self.assertEqual(error.code, 78)
        self.assertIn("'0' is no port", self.complained.getvalue())
        self.path.write_text("")
        self.assertEqual(self.assertRaises(SystemExit, self.parse, "--config", str(self.path)).code, 78)
        self.assertEqual(self.assertRaises(SystemExit, self.parse).code, 78)
        self.assertEqual(self.printed.getvalue(), "")
        self.assertEqual(len(self.complained.getvalue().splitlines()), 3)

    def test_service(self) -> None:
        """
        The service has a client and a log of quotes in it, by name.
        """
        self.path.write_text(PLAIN)
        clock = MemoryReactorClock()
        service = tap.daemon(clock, self.parse("--config", str(self.path)).configuration, Ending(clock))
        verifyObject(IService, service)
        self.assertEqual([each.name for each in service], ["client", "quotes"])
        self.assertIsInstance(service.getServiceNamed("quotes"), QuoteLog)

    def test_makeService(self) -> None:
        """
        What twistd calls steadies the reactor's clock, prepares for signals, and gives the service.
        """
        called: list[object] = []
        self.patch(tap, "steady", called.append)
        self.patch(Ending, "prepare", lambda ending: called.append(ending))
        self.path.write_text(PLAIN)
        service = tap.makeService(self.parse("--config", str(self.path)))
        verifyObject(IService, service)
        self.assertIs(called[0], reactor)
        self.assertIsInstance(called[1], Ending)

    def test_makeServiceRefuses(self) -> None:
        """
        An endpoint that cannot be made ends the process with status 78, too.
        """
        self.patch(tap, "steady", lambda reactor: None)
        self.patch(Ending, "prepare", lambda ending: None)
        self.path.write_text(PLAIN.replace("ctrader:demo", "ctrader:localhost:0"))
        options = self.parse("--config", str(self.path))
        self.assertEqual(self.assertRaises(SystemExit, tap.makeService, options).code, 78)

    def test_plugin(self) -> None:
        """
        twistd finds the command.
        """
        maker = next(each for each in getPlugins(IServiceMaker) if each.tapname == "ctrader")
        self.assertIs(maker.options, tap.Options)
        self.assertIs(maker.makeService, tap.makeService)


class QuoteLogTests(SynchronousTestCase):
    """
    The daemon's work, against the simulated exchange.
    """

    def setUp(self) -> None:
        """
        Let the exchange run.
        """
        self.virtual = VirtualExchange()
        self.virtual.exchange.start()
        self.addCleanup(self.virtual.exchange.stop)
        self.failures: list[BaseException] = []

    def start(self, *wanted: Wanted, canGetTokens: bool = False, **options: Any) -> QuoteLog:
        """
        Start a client and its log of quotes, and stop both after the test.

        @param wanted: what to log.
        @param canGetTokens: whether somebody can put new tokens into its store.
        @param options: of the client.
        @return: the log.
        """
        client = self.virtual.client(accounts=[each.accountId for each in wanted], **options)
        log = QuoteLog(client, self.virtual.clock, wanted, self.failures.append, canGetTokens=canGetTokens)
        client.startService()
        log.startService()

        def stop() -> None:
            log.stopService()
            stopped = client.stopService()
            self.virtual.advance(1)
            self.successResultOf(stopped)

        self.addCleanup(stop)
        return log

    def logged(self, act: Callable[[], object]) -> list[tuple[str, dict[str, Any]]]:
        """
        @param act: does something.
        @return: what the log of quotes has told meanwhile: the first word, and the fields.
        """
        with capturedLogs() as events:
            act()
        mine = [event for event in events if event["log_namespace"].endswith("QuoteLog")]
        return [(event["log_format"].split(" ")[0].rstrip(":;"), event) for event in mine]

    def test_quotes(self) -> None:
        """
        After the login each quote of each wanted symbol is logged, with its numbers as fields.
        """
        wanted = Wanted(self.virtual.accountId, ("EURUSD", "XAUUSD"))
        events = self.logged(lambda: (self.start(wanted), self.virtual.advance(30)))
        self.assertEqual(events[0][0], "logged")
        quotes = [event for word, event in events if word == "{symbol}"]
        self.assertEqual(len(quotes), len(events) - 1)
        self.assertEqual({event["symbol"] for event in quotes}, {"EURUSD", "XAUUSD"})
        self.assertGreater(len(quotes), 4)
        for event in quotes:
            self.assertLess(event["bid"], event["ask"])
            self.assertEqual((event["accountId"], event["log_level"]), (self.virtual.accountId, LogLevel.info))

    def test_recovery(self) -> None:
        """
        A loss and the recovery from it are logged once each, and quotes go on.
        """
        self.start(Wanted(self.virtual.accountId, ("EURUSD",)))
        self.virtual.advance(5)
        self.virtual.endpoint.links[-1].cut()
        events = self.logged(lambda: self.virtual.advance(20))
        words = [word for word, _ in events]
        # The first quote may come before all is restored.
        self.assertEqual(words[0], "lost")
        self.assertEqual([words.count("lost"), words.count("back")], [1, 1])
        self.assertEqual(set(words), {"lost", "back", "{symbol}"})
        self.assertEqual(events[0][1]["log_level"], LogLevel.warn)
        self.assertLess(events[words.index("back")][1]["seconds"], 1)
        self.assertEqual(self.failures, [])

    def test_droppedAccount(self) -> None:
        """
        If the server ends the login of the account alone, its reason is logged.
        """
        self.start(Wanted(self.virtual.accountId, ()))
        self.virtual.advance(5)
        connection = self.virtual.exchange.connections[0]
        events = self.logged(lambda: (connection.endSession(self.virtual.accountId), self.virtual.advance(20)))
        self.assertEqual([word for word, _ in events], ["lost", "back"])
        self.assertIn("has ended the login", str(events[0][1]["reason"]))

    def test_refusedAccount(self) -> None:
        """
        An account that is refused is a lasting failure, told once.
        """
        self.start(Wanted(self.virtual.liveAccountId, ("EURUSD",)))
        self.virtual.advance(60)
        self.assertEqual([type(error) for error in self.failures], [WrongHost])

    def test_refusedApplication(self) -> None:
        """
        An application that is refused is a lasting failure, told once.
        """
        application = Application(self.virtual.application.clientId, Secret("wrong"))
        self.start(Wanted(self.virtual.accountId, ()), application=application)
        self.virtual.advance(60)
        self.assertEqual([type(error) for error in self.failures], [ApplicationRefused])

    def test_lostGrant(self) -> None:
        """
        Tokens that are not good any more end it, unless somebody can put new ones into the store: then it goes on with
        those.
        """
        tokens = MemoryTokens(TokenPair("gone"))
        self.start(Wanted(self.virtual.accountId, ("EURUSD",)), tokens=tokens)
        self.virtual.advance(60)
        self.assertEqual([type(error) for error in self.failures], [GrantLost])
        self.failures.clear()
        self.start(Wanted(self.virtual.accountId, ("EURUSD",)), tokens=tokens, canGetTokens=True)
        self.virtual.advance(10)
        # Until there are others, nobody is logged in with those.
        self.virtual.exchange.seen.clear()
        self.virtual.advance(3600)
        self.assertEqual(self.failures, [])
        self.assertEqual({type(each) for each in self.virtual.exchange.seen}, {ProtoHeartbeatEvent})
        tokens.save(self.successResultOf(self.virtual.tokens.load()))
        told = self.logged(lambda: self.virtual.advance(20))
        self.assertIn("{symbol}", [word for word, _ in told])

    def test_unknownSymbol(self) -> None:
        """
        A symbol that the broker does not have is a lasting failure.
        """
        self.start(Wanted(self.virtual.accountId, ("EURUSX",)))
        self.virtual.advance(60)
        self.assertEqual([type(error) for error in self.failures], [SymbolNotFound])

    def test_askAgain(self) -> None:
        """
        A connection that is lost while a symbol is looked up is no lasting failure.
        """
        answers: list[Deferred[str]] = [fail(NotConnected("not now")), succeed("account")]
        clock = Clock()
        log = QuoteLog(_Client(answers), clock, [Wanted(1, ())], self.failures.append)  # type: ignore[arg-type]
        log.startService()
        clock.advance(1)
        self.assertEqual(len(answers), 1)
        clock.advance(1)
        self.assertEqual((answers, self.failures, clock.getDelayedCalls()), ([], [], []))

    def test_stopWhileWaiting(self) -> None:
        """
        Stopping ends what is under way, and is no failure.
        """
        clock = Clock()
        log = QuoteLog(_Client([fail(NotConnected("no"))]), clock, [Wanted(1, ())], self.failures.append)  # type: ignore[arg-type]
        log.startService()
        log.stopService()
        self.assertEqual((self.failures, clock.getDelayedCalls()), ([], []))


class _Client:
    """
    A client that gives prepared answers.
    """

    def __init__(self, answers: list[Deferred[str]]) -> None:
        self._answers = answers

    def account(self, accountId: int) -> Deferred[str]:
        return self._answers.pop(0)

    def onStatus(self, listener: object) -> _Client:
        return self

    def stop(self) -> None:
        """
        Be the registration, too.
        """


class EndingTests(SynchronousTestCase):
    """
    How the process ends.
    """

    def test_statuses(self) -> None:
        """
        Each kind of lasting failure has its status, none of which is success.
        """
        for error, status in (
            (ConfigurationError("no tokens"), 78),
            (SymbolNotFound("SYMBOL_NOT_FOUND"), 78),
            (ApplicationRefused("CH_CLIENT_AUTH_FAILURE"), 77),
            (TokenRefused("CH_ACCESS_TOKEN_INVALID"), 77),
            (CertificateRefused("not trusted"), 69),
            (StoreFull("no space left on device", "market"), 74),
            (StoreBusy("another program is writing this dataset", "market"), 75),
            (ZeroDivisionError(), 70),
        ):
            self.assertEqual(tap.exitStatus(error), status, error)

    def test_steady(self) -> None:
        """
        Timers follow a clock that only goes forward; a reactor that has one keeps it.
        """
        wall, other = MemoryReactorClock(), MemoryReactorClock()
        wall.seconds = wallSeconds  # type: ignore[method-assign]
        before = other.seconds
        tap.steady(wall)
        tap.steady(other)
        self.assertIs(wall.seconds, time.monotonic)
        self.assertEqual(other.seconds, before)

    def test_fail(self) -> None:
        """
        The first failure stops the reactor and decides the status; a reactor that is stopping is left alone.
        """
        registered: list[tuple[object, ...]] = []
        self.patch(atexit, "register", lambda *call: registered.append(call))
        clock = _Reactor()
        ending = Ending(clock)
        ending.fail(77)
        ending.fail(69)
        self.assertEqual(clock.stops, 1)
        Ending(clock).fail(69)
        self.assertEqual([status for _, status in registered], [77, 69])
        left: list[int] = []
        self.patch(os, "_exit", left.append)
        leave: Any = registered[0][0]
        leave(77)
        self.assertEqual(left, [77])

    def test_terminated(self) -> None:
        """
        A termination signal stops the reactor, and twistd does not learn of it.
        """
        handlers: dict[int, Any] = {}
        self.patch(signal, "signal", handlers.__setitem__)
        clock = _Reactor()
        Ending(clock).prepare()
        handlers[signal.SIGTERM](signal.SIGTERM, None)
        self.assertEqual((list(handlers), clock.stops), ([signal.SIGTERM], 1))


class _Reactor:
    """
    A reactor that can be stopped once.
    """

    def __init__(self) -> None:
        self.stops = 0

    def callWhenRunning(self, call: Callable[..., object], *arguments: object) -> None:
        call(*arguments)

    def callFromThread(self, call: Callable[..., object]) -> None:
        call()

    def stop(self) -> None:
        if self.stops:
            raise ReactorNotRunning()
        self.stops += 1
