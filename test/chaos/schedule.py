"""
One schedule, from the first login to the last check.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import provider

from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.trading.journal import OrderJournal
from test.chaos.plan import Plan, makePlan
from test.chaos.properties import AT_THE_END, WHEN_QUIET, WHEN_STOPPED, Property, Scene
from test.chaos.trader import Journal, Trader

__all__ = ["Report", "run"]

_SECONDS = 120.0
_EARLY = 0.3
_RESTARTED = 0.3
_PATIENCE = 1_800.0
_STEP = 20.0


@define
class Report:
    """
    What a schedule has shown.

    @ivar seed: its seed.
    @ivar plan: what went wrong in it.
    @ivar journal: what it has seen.
    @ivar broken: for each property that does not hold, its name and how.
    @ivar isDisturbed: whether things go wrong yet.
    """

    seed: int
    plan: Plan
    journal: Journal
    broken: list[str] = field(factory=list)
    isDisturbed: bool = False

    def check(self, scene: Scene, properties: Iterable[Property]) -> None:
        """
        Look at some properties.

        @param scene: what there is to look at.
        @param properties: the properties.
        """
        for each in properties:
            self.broken.extend(f"{each.__name__}: {words}" for words in each(scene))


def run(seed: int) -> Report:
    """
    Run a schedule.

    @param seed: decides all of it.
    """
    randomness = Random(seed)
    exchange = VirtualExchange(seed=seed)
    report = Report(seed, makePlan(randomness, _SECONDS), Journal())
    failures: list[str] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if "log_failure" in event:
            failures.append(event["log_failure"].getTraceback())

    globalLogPublisher.addObserver(observe)
    try:
        scene = exchange.drive(_live(exchange, report, randomness, failures))
        report.check(scene, AT_THE_END)
    finally:
        globalLogPublisher.removeObserver(observe)
    return report


async def _live(exchange: VirtualExchange, report: Report, randomness: Random, failures: list[str]) -> Scene:
    if randomness.random() < _EARLY:
        _disturb(exchange, report)
    if randomness.random() > _RESTARTED:
        return await _trade(exchange, report, randomness, failures, _SECONDS)
    with TemporaryDirectory() as folder:
        journal = OrderJournal(Path(folder) / "orders.db")
        scene = await _trade(exchange, report, randomness, failures, _SECONDS / 2, journal=journal, calm=False)
        report.check(scene, WHEN_STOPPED)
        report.journal.lines.append(f"{exchange.clock.seconds():.3f} another client begins")
        return await _trade(exchange, report, randomness, failures, _SECONDS / 2, journal=journal)


async def _trade(
    exchange: VirtualExchange,
    report: Report,
    randomness: Random,
    failures: list[str],
    seconds: float,
    *,
    journal: OrderJournal | None = None,
    calm: bool = True,
) -> Scene:
    accountIds = (exchange.accountId, exchange.euroAccountId, exchange.nettedAccountId)
    client = exchange.client(accounts=accountIds, journal=journal)
    client.startService()
    try:
        accounts = tuple([await _account(exchange, client, accountId) for accountId in accountIds])
        scene = Scene(exchange, accounts, report.journal, failures)
        traders = [_trader(exchange, account, report.journal, randomness) for account in accounts]
        for trader in traders:
            trader.askAgain()
        trading = gatherResults([Deferred.fromCoroutine(each.trade(seconds)) for each in traders])
        if not report.isDisturbed:
            _disturb(exchange, report)
        await trading
        if calm:
            await _calm(exchange, client, accounts, report)
            report.check(scene, WHEN_QUIET)
    finally:
        await client.stopService()
    return scene


async def _account(exchange: VirtualExchange, client: Client, accountId: int) -> Account:
    while True:
        try:
            return await client.account(accountId)
        except CTraderError:
            await deferLater(exchange.clock, 5.0)


def _trader(exchange: VirtualExchange, account: Account, journal: Journal, randomness: Random) -> Trader:
    return Trader(exchange.clock, exchange.exchange.timeline.now, account, journal, Random(randomness.random()))


def _disturb(exchange: VirtualExchange, report: Report) -> None:
    clock, journal = exchange.clock, report.journal
    report.isDisturbed = True

    def happen(name: str, work: Any) -> None:
        journal.lines.append(f"{clock.seconds():.3f} {name}")
        work(exchange)

    for rule in report.plan.rules:
        exchange.exchange.faults.add(rule)
    for each in report.plan.disturbances:
        clock.callLater(each.at, happen, each.name, each.work)


async def _calm(exchange: VirtualExchange, client: Client, accounts: tuple[Account, ...], report: Report) -> None:
    """
    Let all faults end, and wait until nothing is under way any more.
    """
    exchange.exchange.faults.clear()
    if report.plan.hides:
        exchange.exchange.disconnectAll()
    end = exchange.clock.seconds() + _PATIENCE
    # What is silent is found out after a minute; what was delayed comes sooner.
    await deferLater(exchange.clock, 90.0)
    for account in accounts:
        report.journal.follow(f"account {account.accountId}", client.account(account.accountId))
    while report.journal.waiting and exchange.clock.seconds() < end:
        await deferLater(exchange.clock, _STEP)
