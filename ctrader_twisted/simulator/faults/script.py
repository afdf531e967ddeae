"""
What is to go wrong, as a whole: rules, and what happens by itself.

A script is plain data. From Python::

    exchange.faults.run(
        Script(
            rules=[Outgoing(Cut(0.5), message="ProtoOAExecutionEvent", nth=2)],
            happenings=[Happening(Restart(5.0), at=60.0)],
        )
    )

and the same from a file, with L{readScript}::

    [[outgoing]]
    message = "ProtoOAExecutionEvent"
    nth = 2
    cut = { share = 0.5 }

    [[happen]]
    at = 60
    restart = { seconds = 5 }
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any

from attrs import field, frozen
from attrs.validators import and_, deep_iterable, ge, instance_of, le

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator.faults import brokerage, disturbances
from ctrader_twisted.simulator.faults.coding import Choice, decode, encode, tomlTable
from ctrader_twisted.simulator.faults.disturbances import Disturbance
from ctrader_twisted.simulator.faults.naming import finite, known
from ctrader_twisted.simulator.faults.rules import (
    Incoming,
    IncomingAction,
    Outgoing,
    OutgoingAction,
    Rule,
    TokenAction,
    TokenAnswer,
    TokenRequest,
)

__all__ = ["Happening", "Script", "describeRule", "dumpScript", "parseScript", "readDisturbance", "readScript"]


@frozen(kw_only=True)
class Happening:
    """
    Something that happens at a time.

    @ivar disturbance: what.
    @ivar at: when, in seconds of the clock after the script was started.
    @ivar probability: how likely it is.
    """

    disturbance: Disturbance = field(validator=instance_of(Disturbance), kw_only=False)
    at: float = field(default=0.0, validator=[ge(0.0), finite])
    probability: float = field(default=1.0, validator=and_(ge(0.0), le(1.0)))


MadeRule = Incoming | Outgoing | TokenRequest | TokenAnswer
"""
What a rule can be.
"""


def _rules(rules: Iterable[MadeRule]) -> tuple[MadeRule, ...]:
    # As a file has them, so that a script and what is read of its text are the same.
    order = (Incoming, Outgoing, TokenRequest)
    return tuple(sorted(rules, key=lambda each: [not isinstance(each, kind) for kind in order]))


def _happenings(happenings: Iterable[Happening]) -> tuple[Happening, ...]:
    return tuple(happenings)


@frozen(kw_only=True)
class Script:
    """
    What is to go wrong.

    @ivar rules: the rules, sorted by their classes; of several that fit, the first one takes effect.
    @ivar happenings: what happens by itself.
    @ivar source: where it comes from, for messages.
    """

    rules: tuple[MadeRule, ...] = field(default=(), converter=_rules, validator=deep_iterable(instance_of(MadeRule)))
    happenings: tuple[Happening, ...] = field(
        default=(), converter=_happenings, validator=deep_iterable(instance_of(Happening))
    )
    source: str = field(default="the script", eq=False)


def _others(action: UnionType) -> tuple[type[Any], ...]:
    """
    The classes of actions that are no disturbances.
    """
    return tuple(each for each in action.__args__ if each is not Disturbance)


_DISTURBANCES = tuple(
    each
    for each in (getattr(module, name) for module in (disturbances, brokerage) for name in module.__all__)
    if issubclass(each, Disturbance) and each is not Disturbance
)
_TOKEN = Choice("action", TokenAction.__args__)
_KINDS: Mapping[str, tuple[type[Any], Choice]] = {
    "incoming": (Incoming, Choice("action", (*_others(IncomingAction), *_DISTURBANCES))),
    "outgoing": (Outgoing, Choice("action", (*_others(OutgoingAction), *_DISTURBANCES))),
    "tokenRequest": (TokenRequest, _TOKEN),
    "tokenAnswer": (TokenAnswer, _TOKEN),
    "happen": (Happening, Choice("disturbance", _DISTURBANCES)),
}


def readScript(path: Path) -> Script:
    """
    Read a script from a file.

    @param path: a TOML file.
    @return: the script.
    @raise ConfigurationError: if it cannot be read or makes no sense, with the line or key, and what is known there.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is no text: {error.reason} at byte {error.start}") from error
    return parseScript(text, str(path))


def parseScript(text: str, source: str = "the script") -> Script:
    """
    Read a script.

    @param text: TOML.
    @param source: where it comes from, for messages.
    @return: the script.
    @raise ConfigurationError: if it makes no sense, with the line or key, and what is known there.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{source} is no TOML: {error}") from error
    rules: list[MadeRule] = []
    happenings: list[Happening] = []
    for kind, made in _made(tables, text, source):
        if kind == "happen":
            happenings.append(made)
        else:
            rules.append(made)
    return Script(rules=rules, happenings=happenings, source=source)


def readDisturbance(table: object) -> Disturbance:
    """
    Read a single disturbance, such as C{{"gap": {"symbol": "EURUSD", "pips": 50}}}.

    @param table: what TOML or JSON hold.
    @return: the disturbance.
    @raise ValueError: if it makes no sense, with what is known.
    """
    happening = decode(table, *_KINDS["happen"])
    assert isinstance(happening, Happening)
    return happening.disturbance


def dumpScript(script: Script) -> str:
    """
    Write a script.

    @param script: the script.
    @return: TOML.
    """
    return "\n".join(map(_written, (*script.rules, *script.happenings)))


def describeRule(rule: Rule) -> str:
    """
    Tell a rule in a line.

    @param rule: the rule.
    """
    return " ".join(_written(rule).split("\n")).strip()


def _written(thing: Rule | Happening) -> str:
    [(kind, choice)] = [(kind, choice) for kind, (made, choice) in _KINDS.items() if type(thing) is made]
    return tomlTable(kind, encode(thing, choice))


def _made(tables: Mapping[str, Any], text: str, source: str) -> Iterator[tuple[str, Any]]:
    for kind, listed in tables.items():
        where = f"{source}: {kind}"
        try:
            known(kind, _KINDS, "kind of table")
            if not isinstance(listed, list):
                raise ValueError(f"is to be several tables: write [[{kind}]]")
            lines = _lines(kind, text)
            for place, table in enumerate(listed):
                where = f"{source}{lines[place] if len(lines) == len(listed) else ''}: {kind} {place + 1}"
                yield kind, decode(table, *_KINDS[kind])
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"{where}: {error}") from error


def _lines(kind: str, text: str) -> list[str]:
    head = re.compile(rf"\s*\[\[\s*[\"']?{kind}[\"']?\s*\]\]")
    return [f", line {number}" for number, line in enumerate(text.splitlines(), 1) if head.match(line)]
