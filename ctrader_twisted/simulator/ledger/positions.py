"""
Positions: how they are closed, protected and netted.
"""

from __future__ import annotations

from ctrader_twisted.simulator.ledger.entry import Entry, Sureness

__all__ = ["POSITIONS"]

POSITIONS = (
    Entry(
        "full-close",
        "A full close brings two events: accepted, filled.",
        Sureness.CONFIRMED,
        "8.5 [ftmo notes; nautilus rec]",
        "the closing deal is the answer",
    ),
    Entry(
        "close-locked",
        "While a close is under way, another close is refused with ``POSITION_LOCKED`` and a change of "
        "the levels with ``PENDING_EXECUTION``. In the moment between the fill of an order and the event "
        "with the protective levels, their change is refused likewise, and a close is not.",
        Sureness.ASSUMED,
        "8.7 no. 10, 8.9 (assumed)",
        "waits for levels that are due; reports the refusal",
        switch="closeLocked",
    ),
    Entry(
        "empty-position",
        "A created or closed position has the price 0.",
        Sureness.CONFIRMED,
        "8.10 [nautilus rec]",
        "keeps the price that it knows",
    ),
    Entry(
        "levels-trigger",
        "A change of levels that leaves the trigger method out makes it the usual one; one that leaves "
        "the guarantee out keeps it.",
        Sureness.ASSUMED,
        "8.7 (not told)",
        "sends both again",
        how="Change the levels of a position that has another trigger method.",
        fixed="the alternative is a loss that no source reports",
    ),
    Entry(
        "increase",
        "An order with a position's id adds to it at the mean price by volume, which is rounded to "
        "1/100000, or closes as much of it. It must be of the same symbol (``INVALID_REQUEST``) and close"
        " no more than there is (``TRADING_BAD_VOLUME``). If the position is closed before, a waiting "
        "order is cancelled and one under way is rejected.",
        Sureness.DOCUMENTED,
        "8.3 [proto; help: model]",
        "follows the events",
        remark="the refusals, the rounding and the end are assumed",
    ),
    Entry(
        "increase-levels",
        "The levels of an order that adds to a position replace those of the position; what it leaves out"
        " stays. The protective order follows the volume.",
        Sureness.ASSUMED,
        "8.6 (not told)",
        "follows the events",
        how="Add to a protected position with an order that has levels.",
        fixed="the alternative is a loss that no source reports",
    ),
    Entry(
        "netted-flip",
        "On a netted account an order works on the symbol's position at the time of its execution. One "
        "that is larger makes two deals: the first closes and is told by ``ORDER_PARTIAL_FILL``, the "
        "second opens a position with a new id.",
        Sureness.ASSUMED,
        "8.6 (assumed); 14.1 no. 10",
        "follows the events",
        fixed="one deal for both parts would not tell what was made",
    ),
    Entry(
        "trailing-removal",
        "A trailing stop loss can be removed only after it has stopped trailing.",
        Sureness.CONFIRMED,
        "8.7 no. 2 [PyneSys src; nautilus notes]",
        "sends two changes",
    ),
    Entry(
        "least-distance",
        "The least distance of a level counts from the order's price, for positions from the market's. It"
        " is given in points, steps of the last digit, or in percent, whose scale is not known.",
        Sureness.ASSUMED,
        "9.7 (assumed)",
        "checks points before sending, and leaves percents to the server",
        how="A level one point nearer than the symbol allows.",
        fixed="the scale of percentages is not known at all",
    ),
    Entry(
        "nothing-to-amend",
        "A change of a position's levels that changes nothing is refused with ``INVALID_REQUEST``, "
        '"Nothing to amend."',
        Sureness.CONFIRMED,
        "8.7 no. 3 [PyneSys src]",
        "takes it as done",
    ),
    Entry(
        "guaranteed-stop",
        "A guaranteed stop loss is executed at its own price. It may not be moved away or given up: "
        "``WORSE_GSL_NOT_ALLOWED``. Where a symbol does not offer it, ``INVALID_REQUEST``; where it is "
        "too near, ``PROTECTION_IS_TOO_CLOSE_TO_MARKET``.",
        Sureness.DOCUMENTED,
        "8.7 no. 11 [proto]",
        "checks before sending",
        remark="the forms of the refusals are assumed",
        how="A symbol that offers guaranteed stops.",
    ),
    Entry(
        "protection-third",
        "The levels of a market order come with a third event, of the server, for an order that protects "
        "the position; the fill does not have them yet.",
        Sureness.CONFIRMED,
        "8.4 [nautilus rec]",
        "the levels appear on the position with the third event",
    ),
    Entry(
        "close-ends-protection",
        "A full close is followed by the cancellation of the protective order.",
        Sureness.ASSUMED,
        "8.5 [ftmo notes] (the third event assumed)",
        "takes the closing deal as the answer",
        switch="closeEndsProtection",
    ),
    Entry(
        "partial-close",
        "A partial close: accepted, filled, and the protective order replaced, its volume reduced.",
        Sureness.CONFIRMED,
        "8.5 [nautilus rec]",
        "the closing deal is the answer",
    ),
    Entry(
        "close-too-much",
        "More than a position holds cannot be closed: ``TRADING_BAD_VOLUME``.",
        Sureness.ASSUMED,
        "8.9 (assumed)",
        "does not send it",
        fixed="any other answer would be another refusal, which is final likewise",
    ),
    Entry(
        "close-unknown",
        "A position that does not exist cannot be closed: an order error event ``POSITION_NOT_FOUND``.",
        Sureness.CONFIRMED,
        "6.4 [nautilus notes]",
        "takes it for closed",
    ),
    Entry(
        "decrease",
        "An order with a position's id on the other side closes as much of it.",
        Sureness.DOCUMENTED,
        "8.3 [proto; help: model]",
        "follows the events",
    ),
    Entry(
        "netted-increase",
        "On a netted account an order on the same side adds to the symbol's position.",
        Sureness.CONFIRMED,
        "8.6 [proto]",
        "follows the events",
        how="``ctrader verify --account`` on a netted demo account.",
    ),
    Entry(
        "flip-new-id",
        "A netted position that is turned round has a new id.",
        Sureness.ASSUMED,
        "8.6 (assumed); 14.1 no. 10",
        "follows the events",
        switch="flipNewId",
        how="``ctrader verify --account`` on a netted demo account.",
    ),
    Entry(
        "first-protection",
        "The first protection of a position is told by ``ORDER_ACCEPTED`` of a new order.",
        Sureness.CONFIRMED,
        "8.5 [Mida src; nautilus notes]",
        "follows the events",
    ),
    Entry(
        "protection-amended",
        "Changed levels are told by ``ORDER_REPLACED`` of the same order.",
        Sureness.CONFIRMED,
        "8.5 [nautilus rec]",
        "follows the events",
    ),
    Entry(
        "protection-overwrites",
        "A level that a change leaves out is removed.",
        Sureness.CONFIRMED,
        "8.7 no. 1 [nautilus notes; skills]",
        "always sends both",
    ),
    Entry(
        "protection-removed",
        "The end of all levels is told by ``ORDER_CANCELLED`` of the protective order.",
        Sureness.ASSUMED,
        "8.5 (assumed)",
        "follows the events",
        fixed="no other event could tell it",
    ),
    Entry(
        "trailing-needs-stop",
        "Trailing without a stop loss: ``INVALID_REQUEST``.",
        Sureness.CONFIRMED,
        "8.7 no. 2 [PyneSys src]",
        "does not send it",
    ),
    Entry(
        "protection-wrong-side",
        "A stop loss on the wrong side of the market: an order error event ``TRADING_BAD_STOPS``.",
        Sureness.CONFIRMED,
        "8.7 no. 5 [proto#23]",
        "checks it before",
    ),
    Entry(
        "protection-atomic",
        "One bad level refuses both.",
        Sureness.CONFIRMED,
        "8.7 no. 4 [nautilus notes]",
        "expects it",
    ),
    Entry(
        "protect-unknown",
        "A position that does not exist cannot be protected: ``POSITION_NOT_FOUND``.",
        Sureness.CONFIRMED,
        "8.9 [proto]",
        "reports the refusal",
    ),
    Entry(
        "trailing",
        "A trailing stop loss is set on the position and on its order.",
        Sureness.CONFIRMED,
        "8.13 [proto]",
        "reads it from both",
    ),
    Entry(
        "clean-up-server",
        "The cancellation of the protective order after a full close is an event of the server.",
        Sureness.ASSUMED,
        "8.5 (assumed)",
        "does not go by it",
        switch="cleanUpIsServerEvent",
    ),
    Entry(
        "first-protection-server",
        "The first protection of a bare position is no event of the server.",
        Sureness.ASSUMED,
        "8.5 (assumed false)",
        "does not go by it",
        switch="firstProtectionIsServerEvent",
    ),
    Entry(
        "trailing-step",
        "A trailing stop loss follows each price that improves it.",
        Sureness.ASSUMED,
        "8.13 (assumed); 14.1 no. 15",
        "takes the stop loss from each event",
        switch="trailsByPip",
    ),
    Entry(
        "level-hit",
        "A level that is hit closes the position by a fill of the protective order, an event of the server.",
        Sureness.CONFIRMED,
        "8.5 [nautilus rec]",
        "follows the events",
    ),
    Entry(
        "levels-from-fill",
        "Relative distances count from the fill price of a market order.",
        Sureness.CONFIRMED,
        "8.3 [proto; nautilus rec]",
        "nothing",
    ),
)
"""
The entries of this section.
"""
