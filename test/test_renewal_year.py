"""
Four hundred days of two processes that share tokens, against the simulated exchange, on virtual time.
"""

from __future__ import annotations

import gc
from collections import Counter
from random import Random
from typing import Any

from twisted.internet.defer import execute
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.client import Client
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import GrantLost
from ctrader_twisted.session.tables import AccountState
from ctrader_twisted.simulator.connection import SimulatorFactory
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.testing import MemoryEndpoint, VirtualExchange
from ctrader_twisted.wire import Timing
from test.processes import Disk, Process, ProcessTokens

DAY, HOUR = 86_400, 3_600
DAYS = 400
NEVER = 1e9


class World:
    """
    The exchange, a disk, and two processes on it, each of which is started again after it was killed.

    @ivar shown: how often the exchange was shown each refresh token.
    @ivar kills: how often a process was killed where: before or after the disk had an old or a new pair.
    @ivar lost: refresh tokens that were used, and whose successors died with a process before the disk had them.
    @ivar helped: how often a person had to log in again.
    """

    def __init__(self, seed: int, deadliness: float) -> None:
        """
        @param seed: everything that is left to chance follows from it.
        @param deadliness: how likely it is that a process is killed at a write.
        """
        self.virtual = VirtualExchange(
            seed=seed,
            settings=Settings(
                tokenLifetime=30 * DAY, idleLimit=NEVER, heartbeatInterval=NEVER, loginLimit=NEVER, seenLimit=1
            ),
        )
        self.shown: Counter[str] = Counter()
        self.kills: Counter[tuple[str, str]] = Counter()
        self.lost: set[str] = set()
        self.helped = 0
        self._chance = Random(seed)
        self._deadliness = deadliness
        self._registry: Any = self.virtual.exchange.registry
        self._rotate = self._registry.rotate
        self._registry.rotate = self._rotated  # type: ignore[method-assign]
        self._disturbed = 0.0
        self.disk = Disk(self._granted())
        self._processes: list[Process] = []
        self._all: list[Process] = []
        self.clients: list[Client] = []
        for number in range(2):
            self._processes.append(self._begin())
            self.clients.append(self._run(number))

    # The server's side.

    def _rotated(self, clientId: str, refreshToken: str) -> Any:
        self.shown[refreshToken] += 1
        return self._rotate(clientId, refreshToken)

    def _granted(self) -> TokenPair:
        """
        A person logs in.
        """
        clientId = self.virtual.application.clientId
        grant = self._registry.give(clientId, 7001, (self.virtual.accountId,), mayTrade=True)
        now = self.virtual.exchange.timeline.now()
        return TokenPair(grant.accessToken, grant.refreshToken, issued=now, expires=now + 30 * DAY * 1000)

    def isUsable(self) -> bool:
        """
        @return: whether the exchange takes the access token that is on the disk.
        """
        try:
            self._registry.grant(self.virtual.application.clientId, self.disk.pairs[0].accessToken.reveal())
        except Refusal:
            return False
        return True

    # The processes.

    def _begin(self) -> Process:
        process = Process(
            self.virtual.clock, MemoryEndpoint(self.virtual.clock, SimulatorFactory(self.virtual.exchange))
        )
        self._all.append(process)
        return process

    def _run(self, number: int) -> Client:
        process = self._processes[number]
        client = Client(
            process,
            process.endpoint,
            self.virtual.application,
            ProcessTokens(process, self.disk, self._writing),
            accounts=[self.virtual.accountId],
            timing=Timing(heartbeat=NEVER, patience=NEVER),
            randomness=Random(self._chance.random()),
            wallClock=self.virtual.exchange.timeline.now,
            runBlocking=execute,
        )
        client.startService()
        return client

    def _writing(self, pairs: tuple[TokenPair, ...]) -> bool | None:
        self._disturbed = self.virtual.clock.seconds()
        if self._chance.random() >= self._deadliness:
            return None
        isNew, isAfter = pairs != self.disk.pairs, self._chance.random() < 0.5
        self.kills["after" if isAfter else "before", "new" if isNew else "old"] += 1
        if isNew and not isAfter:
            (old,) = self.disk.pairs
            assert old.refreshToken is not None
            self.lost.add(old.refreshToken.reveal())
        return isAfter

    def disturb(self) -> None:
        """
        Cut a connection, perhaps; start what was killed; and let a person log in again, some hours after that was asked
        for.
        """
        for number, process in enumerate(self._processes):
            if process.isDead:
                self._processes[number] = self._begin()
                self.clients[number] = self._run(number)
                self._disturbed = self.virtual.clock.seconds()
            elif self._chance.random() < 0.05:
                for link in process.endpoint.openLinks:
                    link.cut()
                self._disturbed = self.virtual.clock.seconds()
        if self.isAskedFor() and self._chance.random() < 0.5:
            self.helped += 1
            self.disk.pairs = (self._granted(),)
            self._disturbed = self.virtual.clock.seconds()

    def isAskedFor(self) -> bool:
        """
        @return: whether a client that runs has asked for a person.
        """
        reasons = [
            client.status.accounts[self.virtual.accountId].reason
            for client, process in zip(self.clients, self._processes, strict=True)
            if not process.isDead
        ]
        return any(isinstance(reason, GrantLost) for reason in reasons)

    def isQuiet(self) -> bool:
        """
        @return: whether everything runs and nothing has happened for five minutes.
        """
        runs = not any(process.isDead for process in self._processes)
        return runs and self.virtual.clock.seconds() - self._disturbed > 300

    def states(self) -> set[AccountState]:
        """
        @return: where the account stands in the processes.
        """
        return {client.status.accounts[self.virtual.accountId].state for client in self.clients}

    def end(self) -> None:
        """
        End the processes.
        """
        for process in self._processes:
            process.kill()
        self.virtual.advance(1)
        for process in self._all:
            process.bury()


class YearTests(SynchronousTestCase):
    """
    Tokens that live for thirty days, in four hundred.
    """

    def live(self, seed: int, deadliness: float, days: int) -> World:
        """
        Let the days pass, and look every hour: if nobody has died between the exchange's answer and the disk, the token
        on the disk is good; if nothing has happened for a while, the accounts are ready.
        """
        world = World(seed, deadliness)
        # What dead processes still wait for complains when it is collected: here, and not in other tests.
        self.addCleanup(gc.collect)
        self.addCleanup(world.end)
        for _ in range(days * DAY // HOUR):
            world.virtual.advance(HOUR)
            (pair,) = world.disk.pairs
            assert pair.refreshToken is not None
            isLost = pair.refreshToken.reveal() in world.lost
            self.assertEqual(world.isUsable(), not isLost)
            if world.isQuiet():
                self.assertEqual(world.states(), {AccountState.REFUSED if isLost else AccountState.READY})
            world.disturb()
        twice = {token for token, times in world.shown.items() if times > 1}
        self.assertLessEqual(twice, world.lost)
        self.assertLessEqual(world.helped, len(world.lost))
        self.assertGreaterEqual(world.helped, len(world.lost) - 1)
        return world

    def test_disconnects(self) -> None:
        """
        With lost connections and two processes, each pair is renewed once, and nobody is asked for.
        """
        world = self.live(1, 0.0, DAYS)
        self.assertEqual(world.lost, set())
        self.assertEqual(set(world.shown.values()), {1})
        self.assertEqual(sum(world.shown.values()), DAYS // 27)

    def test_crashes(self) -> None:
        """
        With a process that dies at every other write, a person is needed only where it dies between the exchange's
        answer and the disk; no other pair is shown twice.
        """
        kills: Counter[tuple[str, str]] = Counter()
        for seed in range(2, 5):
            kills += self.live(seed, 0.5, DAYS // 2).kills
        self.assertEqual(len(kills), 4)
