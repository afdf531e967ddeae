"""
The faults of one exchange: the rules that are in force, and disturbances on demand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from google.protobuf.message import Message
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.schema.messages import (
    ProtoErrorRes,
    ProtoOAClientDisconnectEvent,
    ProtoOAErrorRes,
)
from ctrader_twisted.simulator.faults.applied import Applied, Running
from ctrader_twisted.simulator.faults.disturbances import Disturbance
from ctrader_twisted.simulator.faults.naming import knownAccount
from ctrader_twisted.simulator.faults.rules import (
    Incoming,
    IncomingAction,
    MessageRule,
    Outgoing,
    OutgoingAction,
    Rule,
    TokenAction,
    TokenAnswer,
    TokenRequest,
)
from ctrader_twisted.simulator.faults.script import Happening, Script

if TYPE_CHECKING:
    from ctrader_twisted.simulator.exchange import Exchange

__all__ = ["Faults"]

_MAINTENANCE = "SERVER_IS_UNDER_MAINTENANCE"


class Faults:
    """
    What goes wrong in an exchange. Of several rules that fit a message, the first one that was added takes effect; all
    of them count it.

    @ivar isRefusing: whether new connections are ended at once.
    @ivar sending: the rules for what is sent that are in force.
    """

    _log = Logger()

    def __init__(self, exchange: Exchange, seed: int) -> None:
        """
        @param exchange: the exchange.
        @param seed: what is left to chance follows from it.
        """
        self.isRefusing = False
        self._exchange = exchange
        self._seed = seed
        self._serial = 0
        kinds: tuple[type[Rule], ...] = (Incoming, Outgoing, TokenRequest, TokenAnswer)
        self._rules: dict[type[Rule], list[Applied]] = {kind: [] for kind in kinds}
        self.sending: Sequence[Applied] = self._rules[Outgoing]
        self._maintenanceEnd: float | None = None
        self._restart: IDelayedCall | None = None
        self._timers: set[IDelayedCall] = set()

    # Rules.

    def add(self, rule: Incoming | Outgoing | TokenRequest | TokenAnswer) -> Applied:
        """
        Put a rule in force, on the connections that there are as well.

        @param rule: the rule.
        @return: an object that counts what it does, and whose C{stop()} ends it.
        """
        applied = Applied(rule, self, self._chance(), self._exchange.clock.seconds())
        self._rules[type(rule)].append(applied)
        return applied

    def run(self, script: Script) -> Running:
        """
        Put the rules of a script in force, and let happen what it says, from now on.

        @param script: the script.
        @return: an object that tells what has become of it, and whose C{stop()} ends it.
        @raise ConfigurationError: if it names what this exchange does not have; nothing is done then.
        """
        for each in (*script.happenings, *script.rules):
            disturbance = each.disturbance if isinstance(each, Happening) else getattr(each, "action", None)
            if isinstance(disturbance, Disturbance):
                _check(disturbance.check, self._exchange, script.source)
            if isinstance(each, MessageRule) and each.account is not None:
                _check(partial(knownAccount, accountId=each.account), self._exchange, script.source)
        running = Running(tuple(self.add(rule) for rule in script.rules))
        for happening in script.happenings:
            if self._chance().random() < happening.probability:
                running.timers.append(self._later(happening.at, happening.disturbance))
        return running

    def disturb(self, disturbance: Disturbance) -> None:
        """
        Let something happen as soon as what goes on now is done.

        @param disturbance: what.
        """
        self._later(0.0, disturbance)

    @property
    def planned(self) -> int:
        """
        How much is still to happen, apart from the rules.
        """
        return sum(timer.active() for timer in self._timers)

    @property
    def maintenanceEnd(self) -> int | None:
        """
        The simulated time at which a maintenance ends, in milliseconds since 1970; L{None} if there is none.
        """
        return None if self.maintenance() is None else self._maintenanceEndMs()

    @property
    def applied(self) -> tuple[Applied, ...]:
        """
        The rules in force.
        """
        return tuple(applied for rules in self._rules.values() for applied in rules)

    def remove(self, applied: Applied) -> None:
        """
        Put a rule out of force.

        @param applied: what L{add} gave.
        """
        rules = self._rules[type(applied.rule)]
        if applied in rules:
            rules.remove(applied)

    def clear(self) -> None:
        """
        Put all rules out of force, forget what was to happen, end a maintenance, and take new connections. What
        happened stays so: a connection that has fallen silent for good is silent, and what is delayed comes later. A
        restart goes on.
        """
        self._forgetPlans()
        for rules in self._rules.values():
            rules.clear()
        self._maintenanceEnd = None
        self.isRefusing = self._restart is not None

    def incoming(self, message: Message) -> IncomingAction | None:
        """
        Find out what happens to a request.

        @param message: the request.
        @return: what happens to it before, or instead of, its execution; L{None} for nothing.
        """
        applied = self._judge(self._rules[Incoming], message)
        return applied.rule.action if applied is not None and isinstance(applied.rule, Incoming) else None

    def outgoing(self, message: Message, *, isAnswer: bool) -> OutgoingAction | None:
        """
        Find out what happens to a message that is sent.

        @param message: the message.
        @param isAnswer: whether it carries the id of a request.
        @return: what happens to it; L{None} for nothing.
        """
        fitting = [each for each in self._rules[Outgoing] if _fits(each.rule, isAnswer)]
        applied = self._judge(fitting, message)
        return applied.rule.action if applied is not None and isinstance(applied.rule, Outgoing) else None

    def tokenRequest(self) -> TokenAction | None:
        """
        Find out what happens to a request to the token service before, or instead of, its execution.
        """
        applied = self._judge(self._rules[TokenRequest], None)
        return applied.rule.action if applied is not None and isinstance(applied.rule, TokenRequest) else None

    def tokenAnswer(self) -> TokenAction | None:
        """
        Find out what happens to an answer of the token service.
        """
        applied = self._judge(self._rules[TokenAnswer], None)
        return applied.rule.action if applied is not None and isinstance(applied.rule, TokenAnswer) else None

    def _judge(self, rules: list[Applied], message: Message | None) -> Applied | None:
        now = self._exchange.clock.seconds()
        effective = [each for each in tuple(rules) if each.judge(message, now)]
        return effective[0] if effective else None

    # Disturbances.

    def refuseConnections(self) -> None:
        """
        End new connections at once until L{acceptConnections}; those that are there stay.
        """
        self.isRefusing = True

    def acceptConnections(self) -> None:
        """
        Take new connections again.
        """
        self.isRefusing = False

    def invalidateToken(self, accountId: int, reason: str = "Access token was revoked") -> None:
        """
        Take back all access to an account, see L{ctrader_twisted.simulator.exchange.Exchange.revoke}: what was opened
        with the same tokens ends, other accounts, too.

        @param accountId: the account.
        @param reason: what clients are told.
        """
        grants = self._exchange.registry.grants
        self._exchange.revoke(*(grant for grant in grants if accountId in grant.accountIds), reason=reason)

    def endSession(self, accountId: int) -> None:
        """
        Log an account out on all connections, as when the broker's server restarts.

        @param accountId: the account.
        """
        for connection in tuple(self._exchange.connections):
            if accountId in connection.sessions:
                connection.endSession(accountId)

    def disconnectApplication(self, reason: str = "Disconnected by the administrator", name: str = "standard") -> None:
        """
        Say goodbye to an application on all its connections, and close them.

        @param reason: what it is told; one with the word "blocked" tells clients not to come back.
        @param name: which application, as the simulator calls it.
        """
        application = self._exchange.registry.applicationNamed(name)
        for connection in tuple(self._exchange.connections):
            if connection.application is application:
                connection.send(ProtoOAClientDisconnectEvent(reason=reason))
                connection.close()

    def startMaintenance(self, seconds: float) -> None:
        """
        Tell all clients that the server is under maintenance, and answer every request with that.

        @param seconds: for how long.
        """
        self._maintenanceEnd = self._exchange.clock.seconds() + seconds
        announcement = ProtoErrorRes(
            errorCode=_MAINTENANCE,
            description="Server is under maintenance",
            maintenanceEndTimestamp=self._maintenanceEndMs(),
        )
        for connection in tuple(self._exchange.connections):
            connection.send(announcement)

    def maintenance(self) -> ProtoOAErrorRes | None:
        """
        @return: what every request is answered while there is a maintenance.
        """
        if self._maintenanceEnd is None or self._exchange.clock.seconds() >= self._maintenanceEnd:
            return None
        return ProtoOAErrorRes(
            errorCode=_MAINTENANCE,
            description="Server is under maintenance",
            maintenanceEndTimestamp=-(-self._maintenanceEndMs() // 1000),
        )

    def restart(self, seconds: float = 0.0) -> None:
        """
        Stop the exchange, cut all connections, and start it again. Sessions are forgotten; accounts, orders and
        credentials are as they were, and orders that were under way are executed after the start.

        @param seconds: how long it is away; connections are refused for that time. During another restart, this one
            counts from now on.
        """
        exchange = self._exchange
        self._cancelRestart()
        exchange.pause()
        exchange.disconnectAll()
        self.isRefusing = True
        self._restart = exchange.clock.callLater(seconds, self._restarted)

    def stop(self) -> None:
        """
        Stay away, if a restart is under way, and forget what was to happen.
        """
        self._forgetPlans()
        self._cancelRestart()

    def _cancelRestart(self) -> None:
        if self._restart is not None:
            self._restart.cancel()
            self._restart = None
            self.isRefusing = False

    def _restarted(self) -> None:
        self._restart = None
        self.isRefusing = False
        self._exchange.start()

    def _chance(self) -> Random:
        # Each has its own, so that none changes what another one does.
        self._serial += 1
        return Random(f"{self._seed}/{self._serial}")

    def _later(self, seconds: float, disturbance: Disturbance) -> IDelayedCall:
        def due() -> None:
            self._timers.discard(timer)
            try:
                disturbance.happen(self._exchange)
            except ValueError as error:
                self._log.warn("{disturbance} cannot happen: {error}", disturbance=disturbance, error=str(error))
            except Exception:
                self._log.failure("{disturbance} failed", disturbance=disturbance)

        # What a script that was stopped has cancelled is still among them.
        self._timers = {timer for timer in self._timers if timer.active()}
        timer = self._exchange.clock.callLater(seconds, due)
        self._timers.add(timer)
        return timer

    def _forgetPlans(self) -> None:
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        self._timers.clear()

    def _maintenanceEndMs(self) -> int:
        assert self._maintenanceEnd is not None
        timeline = self._exchange.timeline
        left = self._maintenanceEnd - self._exchange.clock.seconds()
        return timeline.now() + round(left * 1000 * timeline.speed)


def _fits(rule: Rule, isAnswer: bool) -> bool:
    return isinstance(rule, Outgoing) and rule.isAnswer in (None, isAnswer)


def _check(check: Callable[[Exchange], None], exchange: Exchange, source: str) -> None:
    try:
        check(exchange)
    except ValueError as error:
        raise ConfigurationError(f"{source}: {error}") from error
