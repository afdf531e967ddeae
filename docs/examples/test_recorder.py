"""
The recorder as a part of an application: live ticks on disk, and what was missed in an outage from history.

Usage: python -m twisted.trial test_recorder, in the folder of this file.
"""

from pathlib import Path

from twisted.application.service import MultiService
from twisted.internet.defer import execute
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Dataset, Recorder, Series
from ctrader_twisted.testing import VirtualExchange


class RecorderTests(SynchronousTestCase):
    def test_outage(self) -> None:
        """A connection that was lost for two minutes leaves no gap."""
        exchange, path = VirtualExchange(), Path(self.mktemp())
        exchange.exchange.start()
        application, client = MultiService(), exchange.client()
        client.setServiceParent(application)
        # On virtual time the disk is waited for at once; in an application, leave both keywords out.
        recorder = Recorder(
            client,
            exchange.accountId,
            ["EURUSD", "XAUUSD"],
            path,
            reactor=exchange.clock,
            runBlocking=execute,
            wallClock=exchange.exchange.timeline.now,
        )
        recorder.setServiceParent(application)
        recorder.onFailed(lambda error: self.fail(f"nothing is recorded any more: {error}"))

        application.startService()
        exchange.advance(60)
        start = exchange.exchange.timeline.now()
        exchange.exchange.faults.restart(120.0)
        exchange.advance(600)
        end = start + 150_000

        for symbol in ("EURUSD", "XAUUSD"):
            self.assertEqual(Dataset(path).missing(Series.ticks(symbol, "bid"), start, end), ())
        self.assertGreater(recorder.status.filled, 50)

        stopped = application.stopService()
        exchange.advance(10)
        self.successResultOf(stopped)
        exchange.exchange.stop()
