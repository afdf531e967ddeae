"""
What outlives a simulator's process.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.schema.messages import (
    ProtoOAClosePositionReq,
    ProtoOANewOrderReq,
    ProtoOAOrderType,
    ProtoOAReconcileReq,
    ProtoOARefreshTokenReq,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.world import SECOND_ACCOUNT, SECOND_USER, USD_ACCOUNT, USER
from test.rawclient import RawClient


def _isPrivate(path: Path) -> bool:
    return os.name == "nt" or stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


class DirectoryTests(SynchronousTestCase):
    """
    What outlives the process.
    """

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()

    def start(self) -> tuple[Clock, Exchange, Directory]:
        clock = Clock()
        exchange, directory = Exchange.default(clock), Directory(self.path, clock)
        directory.create()
        directory.load(exchange)
        exchange.start()
        directory.announce(exchange, port=1, oauthPort=2)
        return clock, exchange, directory

    def info(self) -> Any:
        return json.loads((self.path / "simulator.json").read_text())

    def trade(self, clock: Clock, client: RawClient, **fields: Any) -> int:
        client.logIn()
        client.received()
        client.send(
            ProtoOANewOrderReq(
                ctidTraderAccountId=USD_ACCOUNT,
                symbolId=1,
                orderType=ProtoOAOrderType.MARKET,
                tradeSide=ProtoOATradeSide.BUY,
                volume=100_000,
                **fields,
            )
        )
        clock.advance(0.15)
        return int(client.messages()[0].position.positionId)

    def reconcile(self, client: RawClient) -> Any:
        return client.ask(ProtoOAReconcileReq(ctidTraderAccountId=USD_ACCOUNT, returnProtectionOrders=True))

    def test_roundTrip(self) -> None:
        """
        Positions, orders, deals, balances and ids are there again after a restart, and trading goes on.
        """
        clock, exchange, _ = self.start()
        client = RawClient(exchange)
        first = self.trade(clock, client, relativeStopLoss=900, trailingStopLoss=True, label="kept")
        second = self.trade(clock, client)
        client.send(ProtoOAClosePositionReq(ctidTraderAccountId=USD_ACCOUNT, positionId=second, volume=100_000))
        clock.advance(1)
        clock.advance(0.2)
        before = exchange.venue.accounts[USD_ACCOUNT]
        picture = self.reconcile(client)

        clock, exchange, _ = self.start()
        client = RawClient(exchange)
        client.logIn()
        self.assertEqual(self.reconcile(client), picture)
        account = exchange.venue.accounts[USD_ACCOUNT]
        self.assertEqual((account.balance, account.balanceVersion), (before.balance, 1))
        self.assertEqual((account.lastClose, account.trails), (before.lastClose, before.trails))
        self.assertEqual((account.deals, account.ended), (before.deals, before.ended))
        self.assertEqual([each.tradeData.label for each in account.positions.values()], ["kept"])
        self.assertGreater(self.trade(clock, client), second)
        self.assertIn(first, account.positions)

    def test_idsNeverComeAgain(self) -> None:
        """
        The ids of what was lost when the process was killed at once are not given to anything else.
        """
        clock, exchange, _ = self.start()
        client = RawClient(exchange)
        lost = self.trade(clock, client)
        lostDeal = client.exchange.venue.ids.deal - 1
        clock, exchange, _ = self.start()
        account = exchange.venue.accounts[USD_ACCOUNT]
        self.assertEqual(account.positions, {})
        self.assertGreater(self.trade(clock, RawClient(exchange)), lost)
        self.assertGreater(min(account.deals), lostDeal)

    def test_writtenWithoutStopping(self) -> None:
        """
        A change is on disk within a fifth of a second, so that little is lost if the process is killed.
        """
        clock, exchange, _ = self.start()
        self.trade(clock, RawClient(exchange))
        clock.advance(0.2)
        _, again, _ = self.start()
        self.assertEqual(len(again.venue.accounts[USD_ACCOUNT].positions), 1)

    def test_underWay(self) -> None:
        """
        An order that was accepted and not executed when the process was killed is executed by the next one.
        """
        clock, exchange, directory = self.start()
        client = RawClient(exchange)
        client.logIn()
        client.send(
            ProtoOANewOrderReq(
                ctidTraderAccountId=USD_ACCOUNT,
                symbolId=1,
                orderType=ProtoOAOrderType.MARKET,
                tradeSide=ProtoOATradeSide.SELL,
                volume=100_000,
            )
        )
        directory.save(exchange)
        clock, exchange, _ = self.start()
        clock.advance(1)
        [position] = exchange.venue.accounts[USD_ACCOUNT].openPositions()
        self.assertEqual(position.tradeData.volume, 100_000)

    def test_tokens(self) -> None:
        """
        Refreshed tokens are told in the file for clients, are good after a restart, and never come again.
        """
        clock, exchange, _ = self.start()
        before = self.info()
        client = RawClient(exchange)
        client.logInApplication()
        client.ask(ProtoOARefreshTokenReq(refreshToken=before["refreshToken"]))
        clock.advance(0.2)
        after = self.info()
        self.assertNotEqual(after["accessToken"], before["accessToken"])
        _, exchange, _ = self.start()
        self.assertEqual(self.info(), after)
        client = RawClient(exchange)
        client.logInApplication()
        answer = client.ask(ProtoOARefreshTokenReq(refreshToken=after["refreshToken"]))
        self.assertNotIn(answer.accessToken, (before["accessToken"], after["accessToken"]))

    def test_tokensOfAKilledProcess(self) -> None:
        """
        New tokens are on disk before the client has them: if the process is killed then, its refresh token is still
        good.
        """
        _, exchange, _ = self.start()
        client = RawClient(exchange)
        client.logInApplication()
        answer = client.ask(ProtoOARefreshTokenReq(refreshToken=self.info()["refreshToken"]))
        self.assertEqual(self.info()["accessToken"], answer.accessToken)
        _, exchange, _ = self.start()
        client = RawClient(exchange)
        client.logInApplication()
        again = client.ask(ProtoOARefreshTokenReq(refreshToken=answer.refreshToken))
        self.assertNotIn(again.accessToken, ("", answer.accessToken))

    def test_access(self) -> None:
        """
        What was granted and what was taken away stays so after a restart without a stop, and the file for clients has
        tokens that are good.
        """
        _, exchange, _ = self.start()
        before = self.info()
        gone, kept = exchange.give(USER), exchange.give(SECOND_USER)
        exchange.revoke(gone, exchange.registry.grantNamed("trade"))
        exchange.expireTokens(kept)
        _, exchange, _ = self.start()
        info, registry = self.info(), exchange.registry
        self.assertRaises(Refusal, registry.rotate, info["clientId"], gone.refreshToken.reveal())
        self.assertRaises(Refusal, registry.rotate, info["clientId"], before["refreshToken"])
        self.assertTrue(registry.grant(info["clientId"], info["accessToken"]).mayTrade)
        self.assertRaises(Refusal, registry.grant, info["clientId"], kept.accessToken.reveal())
        again = registry.rotate(info["clientId"], kept.refreshToken.reveal())
        self.assertEqual((again.userId, again.accountIds), (SECOND_USER, (SECOND_ACCOUNT,)))

    def test_olderState(self) -> None:
        """
        An account that an earlier version did not have begins as in a new world.
        """
        _, exchange, _ = self.start()
        state = json.loads((self.path / "state.json").read_text())
        state["accounts"] = [each for each in state["accounts"] if each["terms"]["accountId"] != SECOND_ACCOUNT]
        (self.path / "state.json").write_text(json.dumps(state))
        balance = exchange.venue.accounts[SECOND_ACCOUNT].balance
        _, exchange, _ = self.start()
        self.assertEqual(exchange.venue.accounts[SECOND_ACCOUNT].balance, balance)

    def test_claimed(self) -> None:
        """
        A second simulator is told so in a sentence, and gets the directory when the first one has given it back; that
        one writes nothing any more.
        """
        clock, exchange, directory = self.start()
        directory.claim()
        other = Directory(self.path, clock)
        error = self.assertRaises(ConfigurationError, other.claim)
        self.assertEqual(str(error), f"another simulator is running in {self.path}")
        exchange.changed()
        directory.release()
        other.claim()
        before = (self.path / "state.json").stat().st_mtime_ns
        exchange.changed()
        exchange.credentialsChanged()
        clock.advance(1)
        self.assertEqual((self.path / "state.json").stat().st_mtime_ns, before)
        other.release()

    def test_cannotClaim(self) -> None:
        """
        A directory that cannot be used is not said to be another simulator's.
        """
        error = self.assertRaises(ConfigurationError, Directory(self.path / "missing", Clock()).claim)
        self.assertIn("cannot be used", str(error))

    def test_info(self) -> None:
        """
        The file for clients says how to reach the simulator and is for its owner alone.
        """
        self.start()
        info = self.info()
        self.assertEqual((info["host"], info["port"], info["caFile"]), ("127.0.0.1", 1, str(self.path / "ca.pem")))
        self.assertEqual(
            info["oauth"],
            {"authorizeUrl": "http://127.0.0.1:2/apps/auth", "tokenUrl": "http://127.0.0.1:2/apps/token"},
        )
        self.assertEqual(info["redirectUri"], "http://127.0.0.1:2/callback")
        self.assertEqual(
            info["accounts"][0],
            {
                "ctidTraderAccountId": USD_ACCOUNT,
                "traderLogin": 5_000_001,
                "isLive": False,
                "depositAsset": "USD",
                "accountType": "HEDGED",
            },
        )
        self.assertTrue(all(_isPrivate(self.path / name) for name in ("simulator.json", "state.json")))
        self.assertTrue(_isPrivate(self.path))

    def test_broken(self) -> None:
        """
        A state that cannot be used is an error of configuration that names the file.
        """
        self.start()
        for content in (
            "nonsense",
            "{}",
            '{"format": 99}',
            '{"format": 1, "serial": 1, "applications": [1]}',
            self.without("time"),
        ):
            (self.path / "state.json").write_text(content)
            error = self.assertRaises(ConfigurationError, self.start)
            self.assertIn("state.json", str(error))

    def without(self, name: str) -> str:
        """
        @return: the state without one of its parts.
        """
        state = json.loads((self.path / "state.json").read_text())
        del state[name]
        return json.dumps(state)

    def test_noDirectory(self) -> None:
        """
        A directory that cannot be made is an error of configuration.
        """
        self.path.write_text("a file")
        self.assertRaises(ConfigurationError, Directory(self.path / "below", Clock()).create)

    def test_cannotSave(self) -> None:
        """
        If the state cannot be saved, that is logged, and the exchange goes on.
        """
        clock, exchange, _ = self.start()
        for file in self.path.iterdir():
            file.unlink()
        self.path.rmdir()
        exchange.changed()
        clock.advance(0.2)
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
