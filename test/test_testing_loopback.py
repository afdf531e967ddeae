"""
Tests of L{ctrader_twisted.testing.loopback}.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from ctrader_twisted import Client, Lots, Quote, hostEndpoint, trustFile
from ctrader_twisted.session.grants import AccountInfo
from ctrader_twisted.testing import LoopbackExchange, RecordingEndpoint, ReplayedServer


class LoopbackTests(TestCase):
    """
    The exchange on sockets.
    """

    timeout = 60

    def test_client(self) -> Deferred[None]:
        """
        A client connects over TLS and sees the test's prices; the files are gone at the end.
        """

        async def main() -> None:
            async with LoopbackExchange(reactor, seed=3) as exchange:
                exchange.price("EURUSD", "1.10000", "1.10010")
                info = json.loads(exchange.infoFile.read_text())
                self.assertEqual((info["host"], info["port"]), (exchange.host, exchange.port))
                self.assertEqual(info["caFile"], str(exchange.caFile))
                async with exchange.client() as client:
                    account = await client.account(exchange.accountId)
                    eurusd = await account.symbol("EURUSD")
                    async with account.quotes(eurusd) as quotes:
                        quote = await anext(quotes)
                    assert isinstance(quote, Quote)
                    self.assertEqual(quote.bid, Decimal("1.10000"))
                    trade = await account.buy(eurusd, Lots("0.10"))
                    await trade.whenFilled()
                    await trade.position.close()
                exchange.assertSent("newOrder", 1, tradeSide="BUY")
                folder = exchange.infoFile.parent
            self.assertFalse(folder.exists())

        return Deferred.fromCoroutine(main())

    async def accounts(self, client: Client) -> tuple[AccountInfo, ...]:
        """
        @param client: logged in.
        @return: the accounts that its tokens cover.
        """
        return await client.accounts()

    def test_recorded(self) -> Deferred[None]:
        """
        What goes over TLS can be recorded, and replayed in memory.
        """

        async def main() -> None:
            path = Path(self.mktemp())
            async with LoopbackExchange(reactor) as exchange:
                inner = hostEndpoint(reactor, exchange.host, exchange.port, trustRoot=trustFile(exchange.caFile))
                endpoint = RecordingEndpoint(inner, path, reactor)
                async with exchange.client(endpoint=endpoint) as client:
                    accounts = await self.accounts(client)
                endpoint.close()
            server = ReplayedServer(path)
            self.assertEqual(server.run(self.accounts), accounts)

        return Deferred.fromCoroutine(main())

    def test_directory(self) -> Deferred[None]:
        """
        A folder of the test's own stays, and another endpoint can be given to a client.
        """

        async def main() -> None:
            folder = Path(self.mktemp())
            async with LoopbackExchange(reactor, folder) as exchange:
                client = exchange.client(endpoint=object())
                self.assertFalse(client.running)
            self.assertTrue((folder / "simulator.json").exists())

        return Deferred.fromCoroutine(main())

    def test_stop(self) -> Any:
        """
        Without a block it is started and stopped by hand.
        """
        exchange = LoopbackExchange(reactor)
        exchange.start()
        return exchange.stop()
