"""
Rules that are in force, and scripts that run.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from google.protobuf.message import Message
from twisted.internet.interfaces import IDelayedCall

from ctrader_twisted.schema.messages import ProtoHeartbeatEvent
from ctrader_twisted.simulator.faults.rules import MessageRule, Rule

if TYPE_CHECKING:
    from ctrader_twisted.simulator.faults.faults import Faults

__all__ = ["Applied", "Running"]


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
        if rule.probability < 1.0 and self._randomness.random() >= rule.probability:
            return False
        self.hits += 1
        return True


class Running:
    """
    A script that runs.

    @ivar rules: its rules, in force.
    @ivar timers: what is still to happen, and what has.
    """

    def __init__(self, rules: tuple[Applied, ...]) -> None:
        """
        @param rules: its rules, in force.
        """
        self.rules = rules
        self.timers: list[IDelayedCall] = []

    @property
    def left(self) -> int:
        """
        How much is still to happen, apart from the rules.
        """
        return sum(timer.active() for timer in self.timers)

    def stop(self) -> None:
        """
        Put its rules out of force, and forget what was to happen; doing it again changes nothing.
        """
        for rule in self.rules:
            rule.stop()
        for timer in self.timers:
            if timer.active():
                timer.cancel()


def _isMeant(rule: Rule, message: Message | None) -> bool:
    if not isinstance(rule, MessageRule) or message is None:
        return True
    if rule.message is None:
        if isinstance(message, ProtoHeartbeatEvent):
            return False
    elif rule.message != message.DESCRIPTOR.name:
        return False
    return rule.account is None or rule.account == getattr(message, "ctidTraderAccountId", None)
