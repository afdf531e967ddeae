"""
Orders: how they are placed, changed, executed and refused.
"""

from __future__ import annotations

from ctrader_twisted.simulator.ledger.entry import Entry, Sureness

__all__ = ["ORDERS"]

ORDERS = (
    Entry(
        "market-order",
        "A market order is accepted at once, and filled about 140 ms later. Both events carry the request's id.",
        Sureness.CONFIRMED,
        "8.4 [nautilus rec]",
        "the levels appear on the position with the third event",
    ),
    Entry(
        "accepted-names-position",
        "The first event of a market order names a position, an empty one.",
        Sureness.CONFLICTING,
        "8.4 (conflict)",
        "handles both",
        switch="acceptanceNamesPosition",
    ),
    Entry(
        "absolute-levels",
        "Absolute stop loss and take profit on a market order are refused with ``INVALID_REQUEST``.",
        Sureness.CONFIRMED,
        "8.3 [gh-code; PyneSys src]",
        "refuses them too, or sends their distances from the newest quote if asked",
    ),
    Entry(
        "absolute-levels-form",
        "That refusal, and others of requests that make no sense, is an error answer, and no order error event.",
        Sureness.CONFLICTING,
        "8.3 (conflict)",
        "handles both",
        switch="absoluteLevelsAreOrderErrors",
    ),
    Entry(
        "pending-accepted",
        "A pending order is accepted with an empty position of its own. Its protection follows its fill, "
        "counted from the order's price.",
        Sureness.CONFIRMED,
        "8.5 [nautilus rec]",
        "takes the levels from the distances",
        remark="for limit orders (assumed for the others)",
    ),
    Entry(
        "missing-price",
        "Missing prices, and an absolute and a relative level for one leg: ``INVALID_REQUEST``.",
        Sureness.ASSUMED,
        "8.3 (assumed)",
        "checks before sending",
        fixed="any other answer would be another refusal, which is final likewise",
    ),
    Entry(
        "stop-beyond",
        "A stop that the market has reached is refused with ``TRADING_BAD_PRICES``.",
        Sureness.ASSUMED,
        "8.3 (assumed reject)",
        "refuses such a stop before sending, if it knows a quote",
        switch="reachedStopsTrigger",
    ),
    Entry(
        "pending-while-closed",
        "Pending orders can be placed while the market is closed. They block no margin; without free "
        "margin at the execution they are rejected by an event.",
        Sureness.ASSUMED,
        "8.3 (not told)",
        "follows the events",
        how="Place an order at a weekend.",
        fixed="it is what these types of order are for",
    ),
    Entry(
        "pending-fill",
        "A stop is executed at the market's price, a limit at its own or a better one. The fill of a "
        "pending order is an event of the server and has no request's id.",
        Sureness.ASSUMED,
        "8.5, 8.12 [nautilus notes; ftmo notes]",
        "follows the events",
        remark="the price of stops is confirmed",
        fixed="it is what these types of order are for",
    ),
    Entry(
        "pending-fill-server",
        "The fill of a pending order is an event of the server.",
        Sureness.ASSUMED,
        "8.5 (assumed true)",
        "does not go by it",
        switch="pendingFillsAreServerEvents",
    ),
    Entry(
        "stop-limit-missed",
        "A triggered stop limit order beyond its slippage waits in the book as it was. The distances of "
        "its levels count from its stop price.",
        Sureness.ASSUMED,
        "8.5 (assumed)",
        "nothing",
        how="A stop limit order without slippage, before news.",
        fixed="it is what these types of order are for",
    ),
    Entry(
        "market-time-in-force",
        "Immediate or cancel, and fill or kill, hold for market and limit orders at their acceptance and "
        "for stops when they are triggered. Market orders come back as immediate or cancel unless they "
        "are fill or kill, or wait for the opening of the market.",
        Sureness.ASSUMED,
        "8.3 [proto]; 12.1 no. 20",
        "reads it from the order",
        fixed="it is what these types of order are for",
    ),
    Entry(
        "missed-range",
        "What is not executed of an order that may not wait is told by ``ORDER_CANCELLED``; so is a "
        "market range order beyond its range.",
        Sureness.ASSUMED,
        "8.5 (assumed); 14.1 no. 9",
        "the order ends with what was filled",
        switch="missIsRejected",
    ),
    Entry(
        "turned-down",
        "An order that a liquidity provider turns down after its acceptance is told by ``ORDER_REJECTED`` with a deal"
        " that has executed nothing and says why: ``REJECTED``, ``INTERNALLY_REJECTED`` (with the code ``NO_QUOTES``),"
        " ``ERROR`` or ``MISSED`` (with ``TIMEOUT_ERROR``); the list of deals has it, too. The code of the other two is"
        " ``UNKNOWN_ERROR``.",
        Sureness.ASSUMED,
        "8.2 [proto]: the statuses; 8.5 (possibly with a deal)",
        "ends the order; counts no deal that has executed nothing",
        switch="rejectionsHaveDeals",
        untried="it takes a liquidity provider that turns an order down",
        remark="the codes are assumed, and that a waiting order ends so, too",
        how="It takes a liquidity provider that rejects.",
    ),
    Entry(
        "expired",
        "An expired order is told by ``ORDER_EXPIRED``, by the server, with a closed position.",
        Sureness.DOCUMENTED,
        "8.5 [proto]; 14.1 no. 9",
        "ends the order",
        remark="the position is assumed",
    ),
    Entry(
        "cancel-race",
        "An order that is just being executed: its cancellation draws ``ORDER_CANCEL_REJECTED`` with "
        "``UNABLE_TO_CANCEL_ORDER``, its change ``UNABLE_TO_AMEND_ORDER``. So does a protective order.",
        Sureness.CONFLICTING,
        "8.5 [proto; PyneSys src]",
        "handles both",
        switch="cancelRejectedByEvent",
        remark="an order error event is possible, too",
    ),
    Entry(
        "amend-resets",
        "A changed order loses the levels, the trailing, the guarantee and the expiration that the "
        "request leaves out; the trigger method is the usual one again.",
        Sureness.ASSUMED,
        "8.8 [api-client src]; 14.1 no. 11",
        "sends the whole order again",
        switch="amendmentsReset",
        remark="it is reported that levels and expiration may be lost",
    ),
    Entry(
        "client-order-id",
        "The server does not check that client order ids are unique.",
        Sureness.ASSUMED,
        "8.3 (assumed); 14.1 no. 16",
        "refuses one that it has used before",
        switch="clientOrderIdsAreUnique",
    ),
    Entry(
        "bad-volume",
        "A volume outside the symbol's limits, or off its step: an order error event ``TRADING_BAD_VOLUME``.",
        Sureness.CONFIRMED,
        "8.3 [nautilus notes; gh-code]",
        "does not send it",
    ),
    Entry(
        "long-texts",
        "A comment or client order id that is too long: ``INVALID_REQUEST``.",
        Sureness.ASSUMED,
        "8.3 (assumed)",
        "does not send it",
        fixed="any other answer would be another refusal, which is final likewise",
    ),
    Entry(
        "relative-precision",
        "A relative level that is finer than the symbol: ``INVALID_REQUEST``.",
        Sureness.CONFIRMED,
        "8.3 [gh-code]",
        "rounds it",
    ),
    Entry(
        "label-travels",
        "Label and comment go from the order to its position.",
        Sureness.CONFIRMED,
        "8.3 [nautilus rec]",
        "recognises its positions by them",
    ),
    Entry(
        "fill-or-kill",
        "A fill or kill order at the market is filled as a whole.",
        Sureness.CONFIRMED,
        "8.2 [proto]",
        "follows the events",
    ),
    Entry(
        "market-range",
        "A market range order within its range is filled.",
        Sureness.DOCUMENTED,
        "8.5 [proto]",
        "follows the events",
    ),
    Entry(
        "not-enough-money",
        "What the free margin does not cover is refused with ``NOT_ENOUGH_MONEY``.",
        Sureness.CONFIRMED,
        "11.2 [proto; gh-code]",
        "estimates it before",
        how="``ctrader order`` with the largest volume, on a small demo account.",
    ),
    Entry(
        "foreign-ids",
        "Events of one connection's orders come on others, with the ids of their requests.",
        Sureness.CONFIRMED,
        "1.4 no. 6 [nautilus notes]",
        "takes an unknown id for an event",
    ),
    Entry(
        "levels-as-distances",
        "The levels of a pending order are told as distances, however they were given.",
        Sureness.CONFIRMED,
        "8.5 [nautilus rec]",
        "takes the levels from the distances",
    ),
    Entry(
        "pending-cancelled",
        "A cancelled order is told by ``ORDER_CANCELLED``, with a closed position.",
        Sureness.CONFIRMED,
        "8.5 [nautilus rec]",
        "ends the order",
    ),
    Entry(
        "cancel-unknown",
        "An order that does not exist cannot be cancelled: an order error event ``ORDER_NOT_FOUND``.",
        Sureness.CONFIRMED,
        "6.4 [nautilus rec]",
        "takes it for ended",
    ),
    Entry(
        "pending-amended",
        "A changed order keeps its id, and is told by ``ORDER_REPLACED``.",
        Sureness.CONFIRMED,
        "8.8 [nautilus rec]",
        "follows the events",
    ),
    Entry(
        "amend-keeps",
        "A changed order keeps volume, prices and slippage that the request leaves out.",
        Sureness.ASSUMED,
        "8.8 (assumed)",
        "sends the whole order again",
        fixed="the alternative is a loss that no source reports",
    ),
    Entry(
        "amend-unknown",
        "An order that does not exist cannot be changed: an order error event ``ORDER_NOT_FOUND``.",
        Sureness.CONFIRMED,
        "8.8 [proto]",
        "reports the refusal",
    ),
    Entry(
        "too-many-digits",
        "A price with too many digits: ``INVALID_REQUEST``.",
        Sureness.ASSUMED,
        "8.3 (assumed)",
        "rounds or refuses it",
        switch="digitsAreBadPrices",
    ),
    Entry(
        "both-levels",
        "An absolute and a relative level for one leg: ``INVALID_REQUEST``.",
        Sureness.ASSUMED,
        "8.3 (assumed)",
        "does not send both",
        fixed="any other answer would be another refusal, which is final likewise",
    ),
    Entry(
        "wrong-side-level",
        "A level on the wrong side of the order's price: ``TRADING_BAD_STOPS``.",
        Sureness.ASSUMED,
        "11.2 [proto]",
        "does not send it",
        fixed="any other answer would be another refusal, which is final likewise",
    ),
    Entry(
        "bad-expiration",
        "A missing or past expiration: ``TRADING_BAD_EXPIRATION_DATE``.",
        Sureness.ASSUMED,
        "11.2 [proto]",
        "does not send it",
        fixed="any other answer would be another refusal, which is final likewise",
    ),
    Entry(
        "marketable-limit",
        "A limit order that the market has reached is executed at the market.",
        Sureness.ASSUMED,
        "8.3 (assumed)",
        "follows the events",
        fixed="it is what these types of order are for",
    ),
    Entry(
        "limit-immediate",
        "A limit order that may not wait, and is not executed at once, is cancelled.",
        Sureness.ASSUMED,
        "8.5 (assumed); 12.1 no. 20 saw it rest",
        "reads the time in force from the order",
        fixed="it is what these types of order are for",
    ),
    Entry(
        "reconcile-orders",
        "Protective orders are listed only if they are asked for.",
        Sureness.CONFIRMED,
        "6.3, 8.14 [nautilus rec]",
        "asks for them",
    ),
    Entry(
        "trading-modes",
        "Where a symbol's trading is disabled or close only, orders are refused with "
        "``TRADING_DISABLED``; levels can be changed and orders cancelled always.",
        Sureness.DOCUMENTED,
        "9.7 [proto]: the modes",
        "reports the refusal",
        how="It takes a broker that sets a mode.",
    ),
    Entry(
        "holidays",
        "On a holiday of the symbol orders are refused with ``SYMBOL_HAS_HOLIDAY``, also where its "
        "session is closed; nothing is executed, although quotes may flow.",
        Sureness.DOCUMENTED,
        "9.7, 11.2 [proto] (which of two codes is assumed)",
        "knows the holidays",
        how="An order on a bank holiday.",
    ),
    Entry(
        "quotes-in-breaks",
        "Quotes flow in the daily breaks, in which orders draw ``MARKET_CLOSED``.",
        Sureness.CONFIRMED,
        "9.7, 12.1 no. 22 [gh-code]",
        "goes by the sessions",
        how="An order in gold in its daily break.",
    ),
)
"""
The entries of this section.
"""
