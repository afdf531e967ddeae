"""
C{ctrader data}: what a dataset on disk holds, whether it is whole, and CSV of it. There is no server in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ctrader_twisted.cli.files import textOutput
from ctrader_twisted.cli.history import sizeWords
from ctrader_twisted.cli.moments import lengthWords, momentWords, spanWords
from ctrader_twisted.cli.tables import moment, plainTable, show
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.store import Dataset, DatasetWriter, Finding, Series, Span, Summary
from ctrader_twisted.store.partitions import LATEST
from ctrader_twisted.store.spans import length, union

__all__ = ["compactDataset", "exportRows", "showStatus", "tellGaps", "verifyDataset", "wholeSpan"]

_NUMBERS = ("rows", "covered", "live", "missing", "size", "segments")


def showStatus(path: Path, console: Console, *, asJson: bool = False) -> None:
    """
    Show what a dataset holds.

    @param path: its folder.
    @param console: where to show it.
    @param asJson: whether to write one JSON object.
    @raise CTraderError: if it cannot be read.
    """
    dataset = Dataset(path)
    summaries = [dataset.summary(series) for series in dataset.series()]
    if asJson:
        console.out(json.dumps({"series": [_json(each) for each in summaries]}, indent=2), highlight=False)
    elif summaries:
        show(console, _table(summaries))
        say(console, f"{sizeWords(sum(each.size for each in summaries))} in {path}")
    else:
        say(console, f"{path} holds nothing yet.")


def verifyDataset(path: Path, console: Console) -> bool:
    """
    Read all of a dataset, and tell what is wrong with it.

    @param path: its folder.
    @param console: where to tell it.
    @return: whether all is well.
    @raise CTraderError: if it cannot be read.
    """
    dataset = Dataset(path)
    findings = dataset.verify()
    _tellFindings(findings, console)
    if not findings:
        say(console, f"All is well: {len(dataset.series())} series in {path}.")
    return not findings


def compactDataset(path: Path, console: Console) -> bool:
    """
    Fold the segments of a dataset into Parquet.

    @param path: its folder.
    @param console: where to tell what became of it.
    @return: whether all of them could be folded.
    @raise CTraderError: if it cannot be read or written.
    """
    dataset = Dataset(path)
    # A folder that is none does not become one.
    before = _segments(dataset)
    with DatasetWriter(path) as writer:
        findings = writer.compact()
    _tellFindings(findings, console)
    say(console, f"{before - _segments(dataset):,} segments were folded into Parquet.")
    return not findings


def exportRows(
    path: Path,
    symbol: str,
    wanted: Sequence[Series],
    *,
    start: int | None,
    end: int | None,
    file: str,
    notices: Console | None = None,
) -> None:
    """
    Write rows of a dataset as CSV.

    @param path: its folder.
    @param symbol: the name of the symbol.
    @param wanted: the series; of two, the ticks of both sides, the quotes are written.
    @param start: the first millisecond since 1970; L{None} for where the series begin.
    @param end: the first one behind the span; L{None} for where they end.
    @param file: where to write, C{-} for standard output.
    @param notices: where to tell what became of it; by default standard error.
    @raise CTraderError: if the dataset has no such series or cannot be read, or the file cannot be written.
    """
    notices = notices or Console(stderr=True)
    dataset = Dataset(path)
    first, last = wholeSpan(dataset, wanted)
    start, end = first if start is None else start, last if end is None else end
    if start >= end:
        raise ConfigurationError(f"there is nothing between: {path} has {symbol} from {spanWords(first, last)}")
    with textOutput(file) as output:
        if len(wanted) == 1:
            rows = dataset.exportCsv(wanted[0], start, end, output)
        else:
            rows = dataset.exportQuotes(symbol, start, end, output)
    say(notices, f"{rows:,} rows of {spanWords(start, end)}")
    tellGaps(dataset, wanted, (start, end), notices)


def wholeSpan(dataset: Dataset, wanted: Iterable[Series]) -> Span:
    """
    Tell from when to when a dataset has series.

    @param dataset: the dataset.
    @param wanted: the series.
    @return: from the beginning of the earliest to the end of the latest.
    @raise ConfigurationError: if it does not have all of them.
    """
    there = dataset.series()
    lacking = [str(series) for series in wanted if series not in there]
    # The rows are not read for that: that some of them are damaged matters to nobody who does not want them.
    reads = (dataset.final, dataset.provisional)
    covered = union(span for series in wanted for read in reads for span in read(series, 0, LATEST))
    if lacking or not covered:
        listed = ", ".join(map(str, there)) or "nothing"
        raise ConfigurationError(f"{dataset.path} has no {' and no '.join(lacking)}; it has {listed}")
    return covered[0][0], covered[-1][1]


def tellGaps(dataset: Dataset, wanted: Iterable[Series], span: Span, notices: Console) -> None:
    """
    Tell what of a span is not final.

    @param dataset: the dataset.
    @param wanted: the series.
    @param span: the span.
    @param notices: where to tell it.
    """
    for series in wanted:
        for words, spans in (
            ("is missing", dataset.missing(series, *span)),
            ("was heard live and is not confirmed by history", dataset.provisional(series, *span)),
        ):
            if spans:
                within = spanWords(spans[0][0], spans[-1][1])
                say(notices, f"{series}: {lengthWords(length(spans) / 1_000)} of {within} {words}")


def _segments(dataset: Dataset) -> int:
    return sum(dataset.summary(series).segments for series in dataset.series())


def _tellFindings(findings: Iterable[Finding], console: Console) -> None:
    for finding in findings:
        say(console, f"{finding.file}: {finding.problem}; {finding.remedy}")


def _missing(summary: Summary) -> int:
    if summary.start is None or summary.end is None:
        return 0
    return summary.end - summary.start - summary.final - summary.provisional


def _covered(summary: Summary) -> float:
    known = summary.final + summary.provisional
    return known / (known + _missing(summary)) if known else 0.0


def _table(summaries: Iterable[Summary]) -> Table:
    table = plainTable("series", "rows", "first (UTC)", "last (UTC)", *_NUMBERS[1:], right=_NUMBERS)
    for each in summaries:
        first, last = ("-" if at is None else momentWords(at) for at in (each.first, each.last))
        live, missing = (lengthWords(part / 1_000) if part else "-" for part in (each.provisional, _missing(each)))
        table.add_row(
            Text(str(each.series)),
            f"{each.rows:,}",
            first,
            last,
            # Only what is whole is shown as whole.
            f"{int(_covered(each) * 1_000) / 10:.1f}%",
            live,
            missing,
            sizeWords(each.size),
            str(each.segments),
        )
    return table


def _json(summary: Summary) -> dict[str, Any]:
    def written(at: int | None) -> str | None:
        return None if at is None else moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    return {
        "symbol": summary.series.symbol,
        "kind": summary.series.kind,
        "of": summary.series.of,
        "rows": summary.rows,
        "first": written(summary.first),
        "last": written(summary.last),
        "start": written(summary.start),
        "end": written(summary.end),
        "covered": _covered(summary),
        "finalMilliseconds": summary.final,
        "provisionalMilliseconds": summary.provisional,
        "missingMilliseconds": _missing(summary),
        "digits": summary.digits,
        "bytes": summary.size,
        "segments": summary.segments,
    }
