"""
The faults of one exchange: the rules that are in force, and disturbances on demand.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from google.protobuf.message import Message
from twisted.internet.interfaces import IDelayedCall

from ctrader_twisted.schema.messages import (
    ProtoErrorRes,
    ProtoHeartbeatEvent,
    ProtoOAClientDisconnectEvent,
    ProtoOAErrorRes,
)
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

if TYPE_CHECKING:
    from ctrader_twisted.simulator.exchange import Exchange

__all__ = ["Applied", "Faults"]

_MAINTENANCE = "SERVER_IS_UNDER_MAINTENANCE"


class Applied:
    """
    A rule in force.

    @ivar rule: the rule.
    @ivar matches: how many messages were what it is about, or requests of the token service.
    @ivar hits: how often it took effect.
    """

    def __init__(self, rule: Rule, faults: Faults, randomness: Random, since: float) -> None:
        """
        @param rule: the rule.
        @param faults: where it is in force.
        @param randomness: for its probability.
        @param since: when it was added, in seconds of the clock.
        """
        self.rule = rule
        self.matches = 0
        self.hits = 0
        self._faults = faults
        self._randomness = randomness
        self._since = since

    def stop(self) -> None:
        """
        Put it out of force; doing it again changes nothing.
        """
        self._faults.remove(self)

    def judge(self, message: Message | None, now: float) -> bool:
        """
        Count a message, and tell whether the rule takes effect on it.

        @param message: the message; L{None} at the token service.
        @param now: seconds of the clock.
        """
        rule = self.rule
        if not _isMeant(rule, message) or not rule.start <= now - self._since <= rule.end:
            return False
        self.matches += 1
        if rule.nth not in (None, self.matches) or (rule.most is not None and self.hits >= rule.most):
            return False
        # Each rule has its own chance, so that none changes what another one does.
        if rule.probability < 1.0 and self._randomness.random() >= rule.probability:
            return False
        self.hits += 1
        return True


class Faults:
    """
    What goes wrong in an exchange. Of several rules that fit a message, the first one that was added takes effect; all
    of them count it.

    @ivar isRefusing: whether new connections are ended at once.
    """

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
        self._maintenanceEnd: float | None = None
        self._restart: IDelayedCall | None = None

    # Rules.

    def add(self, rule: Incoming | Outgoing | TokenRequest | TokenAnswer) -> Applied:
        """
        Put a rule in force, on the connections that there are as well.

        @param rule: the rule.
        @return: an object that counts what it does, and whose C{stop()} ends it.
        """
        self._serial += 1
        randomness = Random(f"{self._seed}/{self._serial}")
        applied = Applied(rule, self, randomness, self._exchange.clock.seconds())
        self._rules[type(rule)].append(applied)
        return applied

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
        Put all rules out of force, end a maintenance, and take new connections. What happened stays so: a connection
        that has fallen silent for good is silent, and what is delayed comes later. A restart goes on.
        """
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

    @property
    def isSending(self) -> bool:
        """
        Whether there are rules for what is sent.
        """
        return bool(self._rules[Outgoing])

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
        self.stop()
        exchange.stop()
        exchange.disconnectAll()
        self.isRefusing = True
        self._restart = exchange.clock.callLater(seconds, self._restarted)

    def stop(self) -> None:
        """
        Stay away, if a restart is under way.
        """
        if self._restart is not None:
            self._restart.cancel()
            self._restart = None
            self.isRefusing = False

    def _restarted(self) -> None:
        self._restart = None
        self.isRefusing = False
        self._exchange.start()

    def _maintenanceEndMs(self) -> int:
        assert self._maintenanceEnd is not None
        timeline = self._exchange.timeline
        left = self._maintenanceEnd - self._exchange.clock.seconds()
        return timeline.now() + round(left * 1000 * timeline.speed)


def _isMeant(rule: Rule, message: Message | None) -> bool:
    if not isinstance(rule, MessageRule) or message is None:
        return True
    if rule.message is None:
        if isinstance(message, ProtoHeartbeatEvent):
            return False
    elif rule.message != message.DESCRIPTOR.name:
        return False
    return rule.account is None or rule.account == getattr(message, "ctidTraderAccountId", None)


def _fits(rule: Rule, isAnswer: bool) -> bool:
    return isinstance(rule, Outgoing) and rule.isAnswer in (None, isAnswer)
