"""
The official SDK, unchanged, against C{twistd ctrader-sim}.

It needs other releases of Twisted and protobuf than this project, so it has an interpreter of its own, which
C{CTRADER_OFFICIAL_SDK_PYTHON} names: one of an environment with ctrader-open-api 0.9.2.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from test.daemons import Daemon

_PYTHON = os.environ.get("CTRADER_OFFICIAL_SDK_PYTHON")
_SCRIPT = Path(__file__).resolve().parent / "official_sdk_client.py.txt"
_TOLD = """\
tokens
connected
application
version 91
accounts 4
account 20001
symbols 8
spots 5
opened ORDER_ACCEPTED ORDER_FILLED ORDER_ACCEPTED
reconciled 1
closed ORDER_ACCEPTED ORDER_FILLED ORDER_CANCELLED
flat
"""


class _Client(ProcessProtocol):
    """
    The process of the SDK.

    @ivar told: what it has printed.
    @ivar complained: what it has printed as errors.
    @ivar status: its exit status; L{None} while it runs, and after a signal.
    """

    def __init__(self) -> None:
        self.told = ""
        self.complained = ""
        self.status: int | None = None
        self._isOver = False
        self._waiting: list[Deferred[None]] = []

    def outReceived(self, data: bytes) -> None:
        self.told += data.decode(errors="replace")

    def errReceived(self, data: bytes) -> None:
        self.complained += data.decode(errors="replace")

    def processEnded(self, reason: Failure) -> None:
        self._isOver = True
        self.status = getattr(reason.value, "exitCode", None)
        for waiting in self._waiting:
            waiting.callback(None)

    def whenEnded(self) -> Deferred[None]:
        waiting: Deferred[None] = Deferred()
        if self._isOver:
            waiting.callback(None)
        else:
            self._waiting.append(waiting)
        return waiting


class OfficialSdkTests(TestCase):
    """
    What its users do, from the tokens to a closed position.
    """

    timeout = 90
    if not _PYTHON:
        skip = "CTRADER_OFFICIAL_SDK_PYTHON names no interpreter"

    def client(self, settings: Path) -> _Client:
        """
        Start the SDK's process; it does not outlive the test.
        """
        assert _PYTHON
        client = _Client()
        # It must not find this project's packages.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        process = reactor.spawnProcess(client, _PYTHON, [_PYTHON, str(_SCRIPT), str(settings)], env=environment)

        def end() -> Deferred[None]:
            with contextlib.suppress(ProcessExitedAlready):
                process.signalProcess("KILL")
            return client.whenEnded()

        self.addCleanup(end)
        return client

    def test_everything(self) -> Deferred[None]:
        """
        It gets tokens, logs in, lists accounts and symbols, hears prices, and opens and closes a protected position.
        """

        async def main() -> None:
            folder = Path(self.mktemp()).absolute()
            folder.mkdir()
            # Faster than life: the SDK itself takes a second for each step.
            words = ("--directory", "sim", "--port", "0", "--oauth-port", "0", "--speed", "10")
            simulator = Daemon(folder, "ctrader-sim", *words)
            self.addCleanup(simulator.end, "KILL")
            await simulator.says("simulator listens")
            client = self.client(folder / "sim" / "simulator.json")
            await client.whenEnded().addTimeout(60, reactor)
            self.assertEqual((client.told[: len(_TOLD)], client.status), (_TOLD, 0), client.complained)

        return Deferred.fromCoroutine(main())
