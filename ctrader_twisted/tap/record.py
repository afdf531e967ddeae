"""
C{twistd ctrader-record}: records the ticks of the symbols that its configuration names, and keeps them complete.

It ends like L{ctrader_twisted.tap.client}; with status 74 if a dataset cannot be written, such as when the disk is
full; and with 75 if another process writes it.
"""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService, MultiService

from ctrader_twisted.blocking import Worker
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.recorder import Recorder
from ctrader_twisted.tap.client import Options as ClientOptions
from ctrader_twisted.tap.client import exitStatus, joined, prepared
from ctrader_twisted.tap.configuration import Configuration, makeClient
from ctrader_twisted.tap.ending import Ending
from ctrader_twisted.tap.standing import Standing

__all__ = ["Options", "daemon", "makeService"]


class Options(ClientOptions):
    """
    The command line, as of C{twistd ctrader}.
    """

    longdesc = (
        "Logs in to cTrader, stays logged in, and records the ticks of the symbols that the configuration names into "
        "datasets on disk, which it completes from history."
    )

    _command = "ctrader-record"
    _isRecorded = True


def makeService(options: Options) -> IService:
    """
    Make the daemon's service.

    @param options: the command line.
    @return: a service with named children: C{client}, C{standing}, and C{recorder-ID} for each account.
    @raise SystemExit: with status 78 if the configuration is wrong.
    """
    return prepared(options.configuration, daemon)


def daemon(reactor: Any, configuration: Configuration, ending: Ending) -> MultiService:
    """
    Join the parts of the daemon.

    @param reactor: the reactor.
    @param configuration: what to do; each account says where it is recorded.
    @param ending: ends the process after a lasting failure.
    @return: the service, not started.
    @raise ConfigurationError: if there is no such endpoint.
    """
    tokens = configuration.tokens(Worker(reactor))
    client = makeClient(reactor, configuration, tokens)
    canGetTokens = not isinstance(tokens, MemoryTokens)
    standing = Standing(client, reactor, lambda error: ending.fail(exitStatus(error)), canGetTokens=canGetTokens)
    recorders = {}
    for wanted in configuration.accounts:
        assert wanted.directory is not None
        recorder = Recorder(
            client,
            wanted.accountId,
            wanted.symbols,
            wanted.directory,
            reactor=reactor,
            since=wanted.since,
            canGetTokens=canGetTokens,
        )
        recorder.onFailed(standing.giveUp)
        recorders[f"recorder-{wanted.accountId}"] = recorder
    return joined(client=client, standing=standing, **recorders)
