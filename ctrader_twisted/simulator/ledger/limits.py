"""
How much may be asked.
"""

from __future__ import annotations

from ctrader_twisted.simulator.ledger.entry import Entry, Sureness

__all__ = ["LIMITS"]

LIMITS = (
    Entry(
        "general-rate",
        "Up to 50 requests a second that are not historical, over any second. Beyond that a request is not executed.",
        Sureness.DOCUMENTED,
        "5 [help: getting-started]",
        "reports ``RateLimited``",
        switch="generalRate",
        how="Exceeding a real server's limits is not polite; the refusals of a busy day tell.",
    ),
    Entry(
        "historical-rate",
        "Up to 5 historical requests a second, over any second.",
        Sureness.DOCUMENTED,
        "5 [help: getting-started]",
        "waits before it sends more",
        switch="historicalRate",
        how="Exceeding a real server's limits is not polite; the refusals of a large download tell.",
    ),
    Entry(
        "rate-scope",
        "The limits count for each connection, and not for all of an application together.",
        Sureness.CONFLICTING,
        "5 [Mida#28]; 14.1 no. 6",
        "nothing",
        switch="ratePerApplication",
        remark="the simulator counts for each",
        how="Run two busy clients of one application, and see whether they are refused together.",
    ),
    Entry(
        "historical-set",
        "Lists of orders, of a position's deals and of offsets, and the details of an order, count as "
        "historical, as lists of deals do.",
        Sureness.ASSUMED,
        "5 (assumed); 14.1 no. 5",
        "counts them so",
        switch="reportsCountAsHistory",
        how="The refusals of a program that asks for many of them.",
    ),
    Entry(
        "rate-refusal",
        "Beyond a limit: ``REQUEST_FREQUENCY_EXCEEDED``, with the request's id and without an account.",
        Sureness.CONFLICTING,
        "5 [Mida#28]; newer: BLOCKED_PAYLOAD_TYPE [nautilus notes]",
        "reports ``RateLimited`` for both",
        switch="rateRefusal",
        how="The refusals of a large download.",
    ),
    Entry(
        "block-of-type",
        "A type of request that is blocked is refused with ``BLOCKED_PAYLOAD_TYPE`` and the seconds that "
        "are left, while others are answered.",
        Sureness.CONFIRMED,
        "5 [proto; nautilus notes]",
        "sends nothing of that type for as long",
        how="The refusals of a large download.",
    ),
    Entry(
        "block-restarts",
        "A request that is sent while its type is blocked does not make the block longer.",
        Sureness.ASSUMED,
        "5 (assumed)",
        "sends none",
        switch="blockRestarts",
        how="The refusals of a large download.",
    ),
    Entry(
        "heartbeats-free",
        "Heartbeats do not count into the limits.",
        Sureness.ASSUMED,
        "2, 5 (assumed)",
        "sends few",
        switch="heartbeatsCount",
        how="A client that is near the limit of requests, and sends heartbeats besides.",
    ),
    Entry(
        "connection-limit",
        "At most 25 connections of an application, then ``CONNECTIONS_LIMIT_EXCEEDED``. (An older figure.)",
        Sureness.DOCUMENTED,
        "3.1 [Mida#28 quoting docs]",
        "tries again later",
        switch="maxConnections",
        how="Open connections one by one until one is refused; other programs of the application go on.",
    ),
)
"""
The entries of this section.
"""
