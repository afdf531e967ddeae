"""
What an account did before.
"""

from __future__ import annotations

from ctrader_twisted.simulator.ledger.entry import Entry, Sureness

__all__ = ["REPORTS"]

REPORTS = (
    Entry(
        "deal-chunk",
        "Deals and orders of history: 10,000 at most in one answer.",
        Sureness.ASSUMED,
        "6.6 [proto-hist]; 14.1 no. 3",
        "nothing",
        switch="dealChunk",
        how="An account with more than 10,000 deals.",
    ),
    Entry(
        "offsets",
        "Deals are matched first in, first out in the list of offsets.",
        Sureness.ASSUMED,
        "8.6 [proto]",
        "nothing",
        fixed="last in, first out would contradict the mean price of positions",
    ),
    Entry("deal-list", "Deals are listed with those that closed.", Sureness.CONFIRMED, "6.3 [proto]", "nothing"),
    Entry(
        "newest-first",
        "Lists of deals, orders, deposits and withdrawals begin with the newest.",
        Sureness.ASSUMED,
        "6.6 (told of a position's orders only)",
        "sorts them",
        switch="newestFirst",
    ),
    Entry(
        "deal-update",
        "The last change of a deal is its creation in lists, and its execution in events.",
        Sureness.CONFIRMED,
        "8.11 [nautilus rec]",
        "does not go by it",
    ),
    Entry(
        "max-rows",
        "A list of deals may be limited, and tells that there are more.",
        Sureness.CONFIRMED,
        "6.3 [proto]",
        "nothing",
    ),
    Entry(
        "zero-start",
        "The deals of a position may be asked for from 0 on.",
        Sureness.CONFLICTING,
        "6.6 [gh-code]",
        "leaves the span out",
        switch="zeroStartRefused",
    ),
    Entry(
        "deals-of-position",
        "The deals of a position are listed without a span.",
        Sureness.CONFIRMED,
        "6.6 [nautilus notes]",
        "asks so",
    ),
    Entry(
        "orders-of-position",
        "The orders of a position are listed newest first.",
        Sureness.CONFIRMED,
        "6.3 [proto]",
        "sorts them",
    ),
    Entry(
        "orders-by-update",
        "Lists of orders choose by the last change of an order.",
        Sureness.ASSUMED,
        "6.3 (assumed)",
        "asks with an overlap",
        switch="ordersByUpdate",
    ),
    Entry(
        "order-details",
        "The details of an order hold its deals, also when it has ended.",
        Sureness.CONFIRMED,
        "6.3 [nautilus rec]",
        "finds out what became of an order",
    ),
    Entry(
        "details-unknown",
        "Details of an order that does not exist: an error answer ``ORDER_NOT_FOUND``.",
        Sureness.CONFIRMED,
        "6.3 [nautilus rec]",
        "reports the refusal",
    ),
    Entry(
        "offsets-unknown",
        "Offsets of a deal that does not exist: ``ENTITY_NOT_FOUND``.",
        Sureness.ASSUMED,
        "11.1 [proto]",
        "nothing",
        fixed="any other answer would be another refusal, which is final likewise",
    ),
)
"""
The entries of this section.
"""
