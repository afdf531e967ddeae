"""
C{twistd ctrader}: a client that stays logged in and logs quotes.

It ends with status 0 after a termination signal, 78 if the configuration is wrong or names a symbol that does not
exist, 77 if the server refuses the application, the token or an account for good, and 69 if something else makes
further attempts useless, such as a certificate that is not to be trusted.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import execute
from twisted.python import usage
from twisted.python.runtime import seconds as wallSeconds

from ctrader_twisted.blocking import Worker
from ctrader_twisted.errors import ConfigurationError, CTraderError, ServerError, StoreBusy, StoreFailed, SymbolNotFound
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.tap.configuration import Configuration, makeClient, readConfiguration
from ctrader_twisted.tap.ending import Ending
from ctrader_twisted.tap.quotelog import QuoteLog

__all__ = ["Options", "daemon", "exitStatus", "joined", "makeService", "prepared", "steady"]

# The numbers of sysexits.h, which Python names on POSIX only.
_UNAVAILABLE, _SOFTWARE, _IO, _LATER, _NO_PERMISSION, _CONFIGURATION = 69, 70, 74, 75, 77, 78


class Options(usage.Options):
    """
    The command line. It holds no secrets, since other users of the machine can read it.

    @ivar configuration: what the file says.
    """

    configuration: Configuration

    _command = "ctrader"
    _isRecorded = False

    synopsis = "[options]"
    longdesc = "Logs in to cTrader, stays logged in, and logs the quotes of the symbols that the configuration names."

    optParameters = [["config", "c", None, "The configuration, a file in TOML."]]
    optFlags = [["check", None, "Say whether the configuration is valid, and exit."]]

    def postOptions(self) -> None:
        """
        Read the configuration. This happens before C{twistd} looks for another process of its own, so that a file can
        be checked while the daemon runs.

        @raise SystemExit: with status 78 if the configuration is wrong; with 0 if it was only to be checked.
        """
        try:
            self.configuration = self._configuration()
            if self["check"]:
                from twisted.internet import reactor

                makeClient(reactor, self.configuration, self.configuration.tokens(execute))
        except ConfigurationError as error:
            raise _refused(error) from error
        if self["check"]:
            sys.stdout.write("configuration is valid\n")
            raise SystemExit(0)

    def _configuration(self) -> Configuration:
        if self["config"] is None:
            raise ConfigurationError(f"twistd {self._command} needs --config FILE")
        return readConfiguration(Path(self["config"]), os.environ, isRecorded=self._isRecorded)


def makeService(options: Options) -> IService:
    """
    Make the daemon's service.

    @param options: the command line.
    @return: a service with two named children: C{client} and C{quotes}.
    @raise SystemExit: with status 78 if the configuration is wrong.
    """
    return prepared(options.configuration, daemon)


def prepared(configuration: Configuration, make: Callable[[Any, Configuration, Ending], MultiService]) -> IService:
    """
    Make a daemon's service, and prepare the reactor for it.

    @param configuration: what to do.
    @param make: joins the parts of the daemon.
    @return: what it made.
    @raise SystemExit: with status 78 if the configuration is wrong.
    """
    from twisted.internet import reactor

    steady(reactor)
    ending = Ending(reactor)
    ending.prepare()
    try:
        return make(reactor, configuration, ending)
    except ConfigurationError as error:
        raise _refused(error) from error


def steady(reactor: Any) -> None:
    """
    Let a reactor whose timers follow the wall clock follow a clock that nobody sets. Otherwise, a step of the machine's
    time would delay heartbeats and cut connections.

    @param reactor: the reactor; nothing is scheduled yet.
    """
    if reactor.seconds is wallSeconds:
        reactor.seconds = time.monotonic


def daemon(reactor: Any, configuration: Configuration, ending: Ending) -> MultiService:
    """
    Join the parts of the daemon.

    @param reactor: the reactor.
    @param configuration: what to do.
    @param ending: ends the process after a lasting failure.
    @return: the service, not started.
    @raise ConfigurationError: if there is no such endpoint.
    """
    tokens = configuration.tokens(Worker(reactor))
    client = makeClient(reactor, configuration, tokens)
    quotes = QuoteLog(
        client,
        reactor,
        configuration.accounts,
        lambda error: ending.fail(exitStatus(error)),
        canGetTokens=not isinstance(tokens, MemoryTokens),
    )
    return joined(client=client, quotes=quotes)


def joined(**parts: Service) -> MultiService:
    """
    Join services.

    @param parts: the services by name, in the order in which they are started.
    @return: one service with all of them in it.
    """
    whole = MultiService()  # type: ignore[no-untyped-call]
    for name, part in parts.items():
        part.setName(name)  # type: ignore[no-untyped-call]
        part.setServiceParent(whole)  # type: ignore[no-untyped-call]
    return whole


def exitStatus(error: BaseException) -> int:
    """
    Choose the status with which the process ends.

    @param error: a lasting failure.
    @return: the status, one of C{sysexits.h}.
    """
    if isinstance(error, ConfigurationError | SymbolNotFound):
        return _CONFIGURATION
    if isinstance(error, ServerError):
        return _NO_PERMISSION
    if isinstance(error, StoreFailed):
        return _LATER if isinstance(error, StoreBusy) else _IO
    return _UNAVAILABLE if isinstance(error, CTraderError) else _SOFTWARE


def _refused(error: ConfigurationError) -> SystemExit:
    # twistd would end with another status after a UsageError, and print its help over the sentence.
    sys.stderr.write(f"{error}\n")
    return SystemExit(_CONFIGURATION)
