"""
Tests of what a client's status tells of its accounts' subscriptions.
"""

from __future__ import annotations

from attrs import evolve
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Client
from ctrader_twisted.client.status import ClientStatus
from ctrader_twisted.errors import SymbolNotFound
from ctrader_twisted.session.tables import AccountState, State
from ctrader_twisted.testing import VirtualExchange


class StaleTests(SynchronousTestCase):
    """
    Subscriptions that do not flow.
    """

    def test_refused(self) -> None:
        """
        A subscription that the server refuses is in the status, by account and with the reason, until it is given up;
        both are told.
        """
        virtual = VirtualExchange()
        told: list[ClientStatus] = []

        async def main(client: Client) -> None:
            account = await client.account(virtual.accountId)
            await client.account(virtual.euroAccountId)
            self.assertEqual(client.status.stale, {})
            client.onStatus(told.append)
            symbol = evolve(await account.symbol("EURUSD"), symbolId=99_999)
            place = account.onQuote(symbol, lambda _: None)
            await deferLater(virtual.clock, 5, lambda: None)
            ((accountId, (stale,)),) = client.status.stale.items()
            self.assertEqual((accountId, stale.kind, stale.symbolId), (virtual.accountId, "spots", 99_999))
            self.assertIsInstance(stale.reason, SymbolNotFound)
            self.assertEqual(told[-1].stale, client.status.stale)
            place.stop()
            await deferLater(virtual.clock, 5, lambda: None)
            self.assertEqual(client.status.stale, {})
            self.assertEqual(told[-1].stale, {})
            self.assertIs(told[-1].connection, State.UP)
            self.assertIs(told[-1].accounts[virtual.accountId].state, AccountState.READY)

        virtual.run(main)
