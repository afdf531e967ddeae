"""
A dataset on disk: rows of history, live rows, what is missing, and the same files in pandas.

Usage: python -m twisted.trial test_dataset, in the folder of this file.
"""

from array import array
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.columns import Ticks
from ctrader_twisted.store import Dataset, DatasetWriter, Series
from ctrader_twisted.units import toMilliseconds

EURUSD = Series.ticks("EURUSD", "bid")
MIDNIGHT = toMilliseconds(datetime(2024, 1, 2, tzinfo=UTC))
HOUR = 3_600_000
DAY = 24 * HOUR


def ticks(*rows: tuple[int, int]) -> Ticks:
    """
    Prices, in 1/100000, at milliseconds after midnight.
    """
    moments, prices = (array("q", column) for column in zip(*rows, strict=True))
    return Ticks(array("q", (MIDNIGHT + moment for moment in moments)), prices, digits=5)


class DatasetTests(SynchronousTestCase):
    def test_day(self) -> None:
        """A day that was recorded for an hour, and then sealed."""
        with TemporaryDirectory() as folder:
            self.fill(folder)
            self.read(folder)

    def fill(self, folder: str) -> None:
        with DatasetWriter(folder) as writer:
            # Live rows, with the time in which they were observed; flush() lets the disk have them.
            writer.append(EURUSD, (MIDNIGHT, MIDNIGHT + HOUR), ticks((5, 109_512), (70_000, 109_515)))
            writer.flush()
            day = (MIDNIGHT, MIDNIGHT + DAY)
            self.assertEqual(writer.dataset.provisional(EURUSD, *day), ((MIDNIGHT, MIDNIGHT + HOUR),))
            self.assertEqual(writer.dataset.missing(EURUSD, *day), ((MIDNIGHT + HOUR, MIDNIGHT + DAY),))

            # What history has of the whole day takes their place, and goes to Parquet.
            history = ticks((5, 109_512), (70_000, 109_515), (71_000, 109_514), (9 * HOUR, 109_600))
            difference = writer.seal(EURUSD, day, history)
            self.assertEqual((difference.live, len(difference.onlyHistory)), (2, 1))
            self.assertEqual(writer.dataset.missing(EURUSD, *day), ())

    def read(self, folder: str) -> None:
        rows = Dataset(folder).read(EURUSD, MIDNIGHT, MIDNIGHT + HOUR)
        assert isinstance(rows, Ticks)
        self.assertEqual([str(tick.price) for tick in rows], ["1.09512", "1.09515", "1.09514"])

        import pandas

        frame = pandas.read_parquet(Path(folder) / "ticks", filters=[("symbol", "==", "EURUSD")])
        self.assertEqual(list(frame["price"] / 100_000), [1.09512, 1.09515, 1.09514, 1.096])
