"""
What there is to trade, and the state of the account.
"""

from __future__ import annotations

from ctrader_twisted.simulator.ledger.entry import Entry, Sureness

__all__ = ["REFERENCE"]

REFERENCE = (
    Entry("assets", "Assets have an id and a name.", Sureness.CONFIRMED, "6.2 [proto]", "nothing"),
    Entry(
        "hierarchy",
        "Symbols belong to categories, and these to asset classes.",
        Sureness.CONFIRMED,
        "9.7 [proto]",
        "nothing",
    ),
    Entry(
        "light-symbols",
        "The list of symbols holds ids, names and assets only; it has no pages.",
        Sureness.CONFIRMED,
        "6.2, 9.7 [proto]",
        "asks for the rest when it is needed",
    ),
    Entry(
        "archived-symbols",
        "Symbols that are not offered any more are listed only for who asks for them, and come apart from the others"
        " when they are asked for by id.",
        Sureness.DOCUMENTED,
        "6.2 [proto]",
        "leaves them out",
    ),
    Entry(
        "archived-is-unknown",
        "For all other requests an archived symbol does not exist.",
        Sureness.ASSUMED,
        "6.2 (not told)",
        "does not ask",
        how="Subscribe to the spots of an archived symbol.",
        fixed="any other answer would be another refusal, which is final likewise",
    ),
    Entry(
        "archiving",
        "When a symbol is archived, its waiting orders are cancelled by the server, its subscriptions end, and a"
        " ``SymbolChangedEvent`` names it. A symbol that somebody holds is not archived.",
        Sureness.ASSUMED,
        "7 [proto]: the event",
        "asks for the symbol again, and does not find it",
        how="It takes a broker that archives a symbol.",
        fixed="it happens when nobody trades the symbol any more; a client that asks again finds out in any case",
    ),
    Entry(
        "disabled-symbols",
        "A symbol that is not enabled is listed, has quotes and history, and is not traded: neither opened nor closed."
        " Its specification has the trading mode ``DISABLED_WITHOUT_PENDINGS_EXECUTION``.",
        Sureness.ASSUMED,
        "9.7 [proto]: the field, and no more",
        "says so; reports the refusal",
        how="It takes a broker that lists such a symbol.",
        fixed="the trading mode, which is told, says the same",
    ),
    Entry("symbols-by-id", "Several symbols may be asked for at once.", Sureness.CONFIRMED, "6.2 [proto]", "does so"),
    Entry(
        "unknown-symbols",
        "Of several symbols, those that do not exist are left out of the answer; if none exists, the "
        "request is refused.",
        Sureness.ASSUMED,
        "6.2 (assumed)",
        "reports those that are missing",
        switch="unknownSymbols",
    ),
    Entry(
        "unknown-symbol",
        "A symbol that does not exist is refused with ``SYMBOL_NOT_FOUND``.",
        Sureness.CONFLICTING,
        "9.2 no. 6, 11.2 [proto]: two codes of one meaning",
        "takes both",
        switch="unknownSymbol",
    ),
    Entry(
        "empty-list",
        "A list of no symbols is refused with ``INVALID_REQUEST``.",
        Sureness.ASSUMED,
        "9.2 no. 7 (assumed)",
        "does not send it",
        switch="emptyListRefused",
    ),
    Entry(
        "conversion-of-same",
        "The way from an asset to itself is empty.",
        Sureness.ASSUMED,
        "6.2 (assumed)",
        "does not ask",
        fixed="any other answer would be another refusal, which is final likewise",
    ),
    Entry(
        "conversion-direct",
        "The way between the assets of a symbol is that symbol, in either direction.",
        Sureness.CONFIRMED,
        "6.2 [help: symbol-rate-conversion]",
        "goes by asset ids",
    ),
    Entry(
        "conversion-chain",
        "The way between two assets leads from one to the next.",
        Sureness.CONFIRMED,
        "10.3 [help: symbol-rate-conversion]",
        "goes by asset ids",
    ),
    Entry(
        "leverage",
        "The tiers of a table of leverage are sorted by volume.",
        Sureness.CONFIRMED,
        "9.7 [proto]",
        "sorts them",
    ),
    Entry(
        "reconcile",
        "Open positions and waiting orders are listed; empty positions are not.",
        Sureness.CONFIRMED,
        "6.3 [nautilus rec]",
        "rebuilds its books from it",
    ),
    Entry(
        "unrealised-profit", "Unrealised profit tells its decimals.", Sureness.CONFIRMED, "6.3 [proto]", "reads them"
    ),
    Entry(
        "expected-margin",
        "Expected margins have an entry for each volume.",
        Sureness.CONFIRMED,
        "6.3 [proto]",
        "nothing",
    ),
    Entry(
        "expected-margin-of-nothing",
        "The expected margin of a volume of 0 or below is refused with ``INVALID_REQUEST``.",
        Sureness.ASSUMED,
        "6.3 (not told)",
        "does not ask",
        how="Ask for the margin of a volume of 0.",
        fixed="any other answer would be another refusal, which is final likewise",
    ),
    Entry(
        "balance-update-time",
        "The list of a token's accounts says when each one's money last changed, by a close or otherwise, and names"
        " the broker in short; both can be missing.",
        Sureness.DOCUMENTED,
        "6.1 [proto; nautilus rec]",
        "passes them on",
    ),
    Entry(
        "profit-unsubscribe",
        "Unsubscribing from profit without a subscription: ``NOT_SUBSCRIBED_TO_PNL``.",
        Sureness.DOCUMENTED,
        "11.2 [proto]",
        "nothing",
    ),
    Entry(
        "schedule",
        "The sessions of a symbol are spans of the week, from Sunday midnight of its zone on, in order.",
        Sureness.CONFIRMED,
        "9.7 [nautilus rec]",
        "goes by them",
    ),
    Entry(
        "margin-calls",
        "There are three margin calls, at 100, 80 and 60 %.",
        Sureness.DOCUMENTED,
        "6.3",
        "nothing",
        remark="their levels are assumed",
    ),
    Entry(
        "unknown-leverage",
        "A table of dynamic leverage that does not exist: ``ENTITY_NOT_FOUND``.",
        Sureness.ASSUMED,
        "6.2 (not told)",
        "reports the refusal",
        fixed="any other answer would be another refusal, which is final likewise",
    ),
    Entry(
        "profit-events",
        "Profit comes once after its subscription, and then with changes, once a second at most. A second"
        " subscription: ``ALREADY_SUBSCRIBED``. (Servers may not have it at all.)",
        Sureness.ASSUMED,
        "0.1 (assumed)",
        "nothing",
        fixed="the feature is not public; a rule of a fault can refuse it",
    ),
    Entry(
        "money-digits", "``moneyDigits`` is 2.", Sureness.CONFIRMED, "14 [nautilus rec]", "reads it from each message"
    ),
)
"""
The entries of this section.
"""
