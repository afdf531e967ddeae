"""
Makes ledger.rst of the ledger that the simulator has, and of the cases of the contract suite.

Usage: python docs/make_ledger.py
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from ctrader_twisted.simulator.ledger import SECTIONS, Entry, defaultOf
from ctrader_twisted.testing.contract import CASES

PAGE = Path(__file__).resolve().parent / "ledger.rst"

_WIDTH = 120

_HEAD = """\
The ledger of server behaviour
==============================

.. This page is made by docs/make_ledger.py; the entries are in ctrader_twisted/simulator/ledger.

What the real servers do is documented in part only. These tables say what we rely on and what the simulator does, and
how sure we are of each line:

- *confirmed*: seen on the real servers, by us or by others who recorded it, or stated in the public schema;
- *documented*: stated in the help pages of the API, or in older ones, and not contradicted;
- *assumed*: nobody has told us; the most plausible behaviour was chosen;
- *conflicting*: sources disagree; the line says which side the simulator takes.

What the simulator could do otherwise is a switch of ``ctrader_twisted.simulator.settings.Settings``, which the line
names with its default; where something is not sure and has no switch, the line says why. JSON, which the servers speak
on another port, is neither served nor spoken. :doc:`howto/verify` tells how to hold the lines against a real demo
account; the last column names the cases that do so, or what else to do. Numbers are the simulator's defaults.
"""


def page() -> str:
    """
    @return: the whole page.
    """
    return "\n".join([_HEAD, *_sections()])


def _sections() -> Iterator[str]:
    for title, entries in SECTIONS.items():
        yield f"{title}\n{'-' * len(title)}\n"
        yield _table(entries)


def _table(entries: tuple[Entry, ...]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 45 18 20 17", ""]
    for row in (("behaviour", "how sure", "what the client does", "how to confirm"), *map(_row, entries)):
        for column, text in enumerate(row):
            lines += _cell(text, "* -" if column == 0 else "  -")
    return "\n".join([*lines, ""])


def _row(entry: Entry) -> tuple[str, str, str, str]:
    sure = entry.sureness.value + (f" ({entry.remark})" if entry.remark else "")
    if entry.switch is not None:
        sure = f"{sure}; ``{entry.switch}``: {_shown(defaultOf(entry))}"
    if entry.fixed:
        sure = f"{sure}. No switch: {entry.fixed}"
    numbers = ", ".join(str(case.number) for case in CASES if entry.entryId in case.decides)
    cases = f"case {numbers}" if numbers else ""
    if entry.untried:
        cases = f"No case: {entry.untried}"
    return f"``{entry.entryId}``: {entry.behaviour}", sure, entry.client, ". ".join(filter(None, (cases, entry.how)))


def _shown(value: Any) -> str:
    if isinstance(value, Enum):
        return f"``{value.name}``"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else f"{value}".lower()


def _cell(text: str, mark: str) -> list[str]:
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"   {mark} ",
        subsequent_indent=" " * 7,
        break_long_words=False,
        break_on_hyphens=False,
    )
    # Nothing at all would be no cell.
    return lines or [f"   {mark}"]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
