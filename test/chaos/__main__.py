"""
C{python -m test.chaos}.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from traceback import format_exc

from test.chaos.schedule import Report, run


def main() -> None:
    """
    Run schedules, and print those that fail.
    """
    parser = ArgumentParser(prog="python -m test.chaos", description="Trade through seeded disasters.")
    parser.add_argument("--seeds", type=int, default=100, help="how many schedules to run")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first one")
    parser.add_argument("--seed", type=int, help="run only this one, and print all that happens")
    options = parser.parse_args()
    if options.seed is not None:
        report = run(options.seed)
        print(_story(report))
        sys.exit(bool(report.broken))
    failed = [seed for seed in range(options.first, options.first + options.seeds) if not _holds(seed)]
    print(f"{options.seeds - len(failed)} of {options.seeds} schedules hold")
    if failed:
        sys.exit(f"failed seeds: {' '.join(map(str, failed))}; replay one with --seed N")


def _holds(seed: int) -> bool:
    try:
        broken = run(seed).broken
    except Exception:
        broken = [format_exc()]
    for words in broken:
        print(f"seed {seed}: {words}", flush=True)
    return not broken


def _story(report: Report) -> str:
    plan = [str(each) for each in (*report.plan.rules, *report.plan.disturbances)]
    return "\n".join((f"seed {report.seed}", *plan, "", *report.journal.lines, "", *(report.broken or ["all hold"])))


if __name__ == "__main__":
    main()
