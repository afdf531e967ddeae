"""
Moments, spans and lengths of time, as somebody types and reads them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from ctrader_twisted.errors import IllegalValue

__all__ = ["lengthWords", "momentWords", "spanGiven", "spanOption", "spanWords"]

_CommandT = TypeVar("_CommandT", bound=Callable[..., Any])

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MILLISECOND = 1_000


class _Moment(click.ParamType):  # type: ignore[type-arg]  # older versions of click take none
    """
    A day of UTC, which stands for its beginning, or a time that says its zone.
    """

    name = "TIME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        # Late, so that ctrader --help is quick.
        from ctrader_twisted.units import toMilliseconds

        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; give one like 2024-01-31 or 2024-01-31T09:30:00Z", param, ctx)
        if _DATE.fullmatch(value):
            moment = moment.replace(tzinfo=UTC)
        elif moment.tzinfo is None:
            self.fail(f"{value!r} has no time zone; for UTC, let it end in Z, as 2024-01-31T09:30:00Z", param, ctx)
        if moment.microsecond % _MILLISECOND:
            self.fail(f"{value!r} is finer than a millisecond", param, ctx)
        milliseconds = toMilliseconds(moment)
        if milliseconds < 0:
            self.fail(f"{value!r} is before 1970", param, ctx)
        return milliseconds


def spanOption(*, isNeeded: bool = True) -> Callable[[_CommandT], _CommandT]:
    """
    Give a command the options C{--from} and C{--to}; its function gets C{start} and C{end}, for L{spanGiven}.

    @param isNeeded: whether C{--from} must be given, and C{--to} is now otherwise.
    @return: a decorator.
    """
    until = "now" if isNeeded else "all there is"

    def decorate(command: _CommandT) -> _CommandT:
        end = click.option("--to", "end", type=_Moment(), help=f"The end, which is not in.  [default: {until}]")
        return click.option(
            "--from",
            "start",
            type=_Moment(),
            required=isNeeded,
            help="The beginning: a day of UTC such as 2024-01-31, or a time such as 2024-01-31T09:30:00Z.",
        )(end(command))

    return decorate


def spanGiven(start: int, end: int | None) -> tuple[int, int]:
    """
    Complete a span.

    @param start: its first millisecond since 1970.
    @param end: the first one behind it, or L{None} for now.
    @return: both.
    @raise UsageError: if nothing lies between them.
    """
    now = time.time_ns() // 1_000_000
    end = now if end is None else end
    if start >= end:
        raise click.UsageError(f"--from {momentWords(start)} is not before --to {momentWords(end)}")
    return start, end


def momentWords(milliseconds: int) -> str:
    """
    @param milliseconds: a moment, in milliseconds since 1970.
    @return: how it is written: a day of UTC, if that begins then, else with its time.
    """
    from ctrader_twisted.units import fromMilliseconds

    try:
        moment = fromMilliseconds(milliseconds)
    except IllegalValue:
        # The end of all time is no date any more.
        return "the year 10000"
    if milliseconds % (_DAY * 1_000) == 0:
        return f"{moment:%Y-%m-%d}"
    precision = "milliseconds" if milliseconds % 1_000 else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def spanWords(start: int, end: int) -> str:
    """
    @param start: the first millisecond of a span, since 1970.
    @param end: the first one behind it.
    @return: how it is written.
    """
    return f"{momentWords(start)} to {momentWords(end)}"


def lengthWords(seconds: float) -> str:
    """
    @param seconds: how long something takes.
    @return: the same in the units that one thinks in, rounded.
    """
    whole = round(seconds)
    for unit, name, finer, finerName in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if whole >= unit:
            rest = whole % unit // finer
            return f"{whole // unit} {name} {rest} {finerName}" if rest else f"{whole // unit} {name}"
    return f"{whole} s"
