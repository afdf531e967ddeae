"""
The client as a part of a Twisted application: a service with a service of your own beside it.

Usage: python -m twisted.trial test_embedding, in the folder of this file.
"""

from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, Quote
from ctrader_twisted.testing import VirtualExchange


class Ticker(Service):
    """Remembers the newest price of EURUSD while it runs."""

    def __init__(self, client: Client, accountId: int) -> None:
        self.newest: Quote | None = None
        self._client = client
        self._accountId = accountId
        self._listening: Any = None

    def startService(self) -> None:
        super().startService()
        # Nobody waits here: the account may become ready now, or when the server is back.
        self._client.account(self._accountId).addCallback(self._ready).addErrback(self._refused)

    def stopService(self) -> None:
        super().stopService()
        if self._listening is not None:
            self._listening.stop()

    def _ready(self, account: Account) -> Deferred[None]:
        return account.symbol("EURUSD").addCallback(
            lambda eurusd: setattr(self, "_listening", account.onQuote(eurusd, self._quoted))
        )

    def _quoted(self, quote: Quote) -> None:
        self.newest = quote

    def _refused(self, failure: Any) -> None:
        print("no prices:", failure.getErrorMessage())


class EmbeddingTests(SynchronousTestCase):
    def test_application(self) -> None:
        """Both services start and stop with their parent."""
        exchange = VirtualExchange()
        exchange.exchange.start()
        application = MultiService()
        client = exchange.client()
        client.setServiceParent(application)
        ticker = Ticker(client, exchange.accountId)
        ticker.setServiceParent(application)

        application.startService()
        exchange.advance(10)
        self.assertIsNotNone(ticker.newest)

        stopped = application.stopService()
        exchange.advance(10)
        self.successResultOf(stopped)
        exchange.exchange.stop()
