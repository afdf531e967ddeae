"""
Tests of moments and lengths of time as they are typed and read.
"""

from __future__ import annotations

from datetime import UTC, datetime

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli.moments import lengthWords, momentWords, spanGiven, spanOption, spanWords
from ctrader_twisted.units import toMilliseconds

DAY = 1_704_067_200_000


@click.command()
@spanOption(isNeeded=False)
def command(start: int | None, end: int | None) -> None:
    """
    Show what was given.
    """
    click.echo(f"{start} {end}")


class TypedTests(SynchronousTestCase):
    """
    What is typed.
    """

    def given(self, text: str) -> str:
        """
        @param text: a moment.
        @return: what the command says.
        """
        return CliRunner().invoke(command, ["--from", text]).output

    def test_moments(self) -> None:
        """
        A day is its beginning in UTC; times say their zone.
        """
        for text, moment in (
            ("2024-01-01", DAY),
            ("2024-01-01T00:00:00Z", DAY),
            ("2024-01-01T02:00+02:00", DAY),
            ("2024-01-01 00:00:01.234Z", DAY + 1_234),
            ("1970-01-01", 0),
        ):
            self.assertEqual(self.given(text), f"{moment} None\n")

    def test_refused(self) -> None:
        """
        What is no moment, or could be several, is refused with a sentence.
        """
        for text, sentence in (
            ("yesterday", "is no time; give one like 2024-01-31 or"),
            ("2024-02-30", "is no time"),
            ("2024-01-01T10:00", "has no time zone; for UTC, let it end in Z"),
            ("20240101", "has no time zone"),
            ("2024-01-01T00:00:00.000001Z", "is finer than a millisecond"),
            ("1969-12-31", "is before 1970"),
        ):
            self.assertIn(sentence, " ".join(self.given(text).split()))

    def test_span(self) -> None:
        """
        A span ends now, unless it is said, and has something in it.
        """
        self.assertEqual(spanGiven(DAY, DAY + 1), (DAY, DAY + 1))
        _, end = spanGiven(DAY, None)
        self.assertLess(abs(end - toMilliseconds(datetime.now(UTC))), 60_000)
        error = self.assertRaises(click.UsageError, spanGiven, DAY, DAY)
        self.assertEqual(str(error), "--from 2024-01-01 is not before --to 2024-01-01")


class ReadTests(SynchronousTestCase):
    """
    What is read.
    """

    def test_moments(self) -> None:
        """
        Moments are no longer than they need be.
        """
        self.assertEqual(momentWords(DAY), "2024-01-01")
        self.assertEqual(momentWords(DAY + 1_000), "2024-01-01T00:00:01Z")
        self.assertEqual(momentWords(DAY + 1), "2024-01-01T00:00:00.001Z")
        self.assertEqual(spanWords(DAY, 253_402_300_800_000), "2024-01-01 to the year 10000")

    def test_lengths(self) -> None:
        """
        Lengths have two units at most.
        """
        lengths = [lengthWords(seconds) for seconds in (0.4, 59, 59.6, 61, 3_600, 3_661, 90_000, 86_400)]
        self.assertEqual(lengths, ["0 s", "59 s", "1 min", "1 min 1 s", "1 h", "1 h 1 min", "1 d 1 h", "1 d"])
