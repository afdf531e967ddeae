"""
Accounts and their money.
"""

from __future__ import annotations

from ctrader_twisted.simulator.ledger.entry import Entry, Sureness

__all__ = ["MONEY"]

MONEY = (
    Entry(
        "conversion-price",
        "Assets are converted at the middle between bid and ask of each symbol on the way.",
        Sureness.ASSUMED,
        "10.3 (assumed); 14.1 no. 7",
        "estimates so",
        switch="convertsAtBid",
        remark="the samples fit",
        how="Compare ``marginRate`` of deals with the quotes of their moment.",
    ),
    Entry(
        "margin-tiers",
        "Margin is counted slice by slice of a symbol's table of dynamic leverage, by the exposure in the"
        " same direction, and no slice has more than the account's leverage.",
        Sureness.ASSUMED,
        "9.7 (assumed)",
        "estimates so; the used margin of a position is the server's number",
        switch="tierRule",
        how="Open two positions that end in another tier, and compare used margins with expected ones.",
    ),
    Entry(
        "minimum-commission",
        "A minimum of the commission holds for each side of a trade.",
        Sureness.ASSUMED,
        "9.7 [proto]",
        "estimates so",
        how="A small trade in a symbol that has a minimum.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
    Entry(
        "swap-percent",
        "A swap in percent is yearly interest on the present value; a night counts as a 360th of the year.",
        Sureness.ASSUMED,
        "9.7 [proto]",
        "estimates so",
        switch="swapYear",
        how="Hold a position in such a symbol over a night, and divide its swap by the value of the position, the"
        " rate and the number of nights: it is about 1/360 or 1/365.",
        untried="it takes a night",
    ),
    Entry(
        "stakes",
        "The volumes of an account for spread betting are stakes: 1/100 of its deposit asset for each pip, in orders,"
        " positions and deals as in the specifications of symbols that it is sent. Nothing is converted, no fee for"
        " that is due, and margin is counted for what the stake moves. Each order has a position of its own.",
        Sureness.ASSUMED,
        "8.6 [proto]: stake-style volume, and no more",
        "tells no profit, margin or cost of such an account",
        switch="volumesAreStakes",
        untried="it takes an account for spread betting",
        how="An account for spread betting: compare the profit of a close with its volume.",
    ),
    Entry(
        "bad-stakes",
        "What is refused as ``TRADING_BAD_VOLUME`` elsewhere is refused as ``TRADING_BAD_STAKE`` on an account for"
        " spread betting.",
        Sureness.ASSUMED,
        "11.2 [proto]: the code",
        "reports the refusal",
        how="An order with a stake of nothing on an account for spread betting.",
        fixed="both codes are final, and say the same",
    ),
    Entry(
        "bonuses",
        "Manager's, introducing broker's and non-withdrawable bonuses are three amounts that all count as equity.",
        Sureness.ASSUMED,
        "10.2",
        "adds them",
        how="An account with a bonus.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
    Entry(
        "bonus-events",
        "A bonus that is given or taken back is told by ``BONUS_DEPOSIT_WITHDRAW``, and then by a trader update. The"
        " sign of its change is like that of a withdrawal.",
        Sureness.ASSUMED,
        "7, 8.5 [proto]",
        "takes the bonuses from both",
        how="An account whose broker gives a bonus.",
        fixed="the events are the schema's; a client that heeds only one of the two has the bonus all the same",
    ),
    Entry(
        "total-margin",
        "The margins of both sides of a symbol count as the account says: all, the larger, or the difference.",
        Sureness.ASSUMED,
        "10.2 (semantics assumed)",
        "joins the server's numbers so",
        how="Hold both sides of a symbol, and compare used margins.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
    Entry(
        "balance-of-close",
        "The balance changes when a position is closed, by gross profit, swap, both sides' commission and"
        " conversion fee. Opening changes nothing.",
        Sureness.CONFIRMED,
        "8.11 [nautilus rec]",
        "takes the balance from the deal",
    ),
    Entry(
        "money-rounding",
        "Money is rounded to its last digit, half away from zero.",
        Sureness.CONFIRMED,
        "8.11 [our reading of nautilus rec]; 14.1 no. 8",
        "does not compute what the server tells",
        remark="but for one sample",
        how="Compare deals with the formulas of protocol.md 8.11.",
    ),
    Entry(
        "fee-rounding",
        "The conversion fee is rounded away from zero.",
        Sureness.ASSUMED,
        "8.11 (doubt); 14.1 no. 8",
        "takes the fee from the deal",
        switch="feeRoundsAway",
        how="Several small closes in a symbol that is not quoted in the account's money, and has a conversion fee.",
    ),
    Entry(
        "withdrawal-delta",
        "The delta of a withdrawal is below zero.",
        Sureness.ASSUMED,
        "10.4 (assumed)",
        "takes its size, and the sign of the operation's type",
        switch="withdrawalsAreNegative",
        how="Withdraw from the demo account in the terminal; the case finds it for twelve weeks.",
    ),
    Entry(
        "position-limit",
        "An account may have 2,000 positions, open or waiting; then ``TOO_MANY_POSITIONS``.",
        Sureness.ASSUMED,
        "11.2 [proto]: the code exists",
        "reports the refusal",
        switch="positionLimit",
        how="On a demo account of its own, place limit orders of the smallest volume far from the market, some each"
        " second, until one is refused; then cancel them.",
        untried="it takes thousands of orders, more than is polite",
    ),
    Entry(
        "stop-out-level",
        "Positions are closed at a margin level of 50 %.",
        Sureness.ASSUMED,
        "8.5 [proto]; 14.1 no. 9",
        "follows the events",
        switch="stopOutLevel",
        how="On a small demo account that can be spared, open a position that uses nearly all of it, wait for a"
        " stop-out, and look at the margin level before; brokers have different levels.",
        untried="it takes an account that loses nearly all of its money",
    ),
    Entry(
        "stop-out-events",
        "A stop-out is told by the acceptance of its order, and then by the deal, as a close is; both are "
        "events of the server, and the order says what it is.",
        Sureness.ASSUMED,
        "8.5 (assumed); 14.1 no. 9",
        "follows the events",
        switch="stopOutIsAccepted",
        how="On a small demo account that can be spared, open a position that uses nearly all of it, and record"
        " the traffic of a client until there is a stop-out.",
        untried="it takes an account that loses nearly all of its money",
    ),
    Entry(
        "negative-balance",
        "A balance below zero is made up for once nothing is open any more.",
        Sureness.ASSUMED,
        "10.4 [proto]: there is a charge of that name",
        "takes the balance from the events",
        switch="negativeBalanceProtection",
        how="It takes a gap in the market, on an account that can be spared; brokers differ. Where a balance was made"
        " up for, the case finds it for twelve weeks.",
    ),
    Entry(
        "deposit-event",
        "A deposit or withdrawal is an execution event with neither order nor position. Its delta is "
        "negative for a withdrawal.",
        Sureness.CONFIRMED,
        "8.5 [proto]; 10.4 (sign assumed)",
        "nothing",
        remark="for deposits (the sign of withdrawals is assumed)",
        how="Watch the account's events, with the web terminal beside them: deposit on the demo account, and withdraw.",
    ),
    Entry(
        "cash-flow-week",
        "The history of deposits and withdrawals needs both ends of its span, of a week at most, else "
        "``INCORRECT_BOUNDARIES``. The newest come first.",
        Sureness.DOCUMENTED,
        "6.3 [proto]",
        "nothing",
        remark="their order is assumed",
    ),
    Entry(
        "balance-update",
        "A change of the balance alone raises no trader update.",
        Sureness.CONFLICTING,
        "7 [nautilus notes]; 14.1 no. 13",
        "takes the balance from the deal",
        switch="balanceUpdatesTrader",
    ),
    Entry(
        "margin-call-scope",
        "Changing a margin call needs permission to trade. The change is told to all sessions of the account.",
        Sureness.ASSUMED,
        "6.3 (assumed X)",
        "nothing",
        switch="marginCallsNeedTrade",
    ),
    Entry(
        "margin-call-event",
        "A margin call comes when the margin level is at its threshold or below, and not again for ten minutes.",
        Sureness.DOCUMENTED,
        "7 [proto]",
        "nothing",
        remark="that it comes again is assumed",
        how="A position that uses nearly all of a small demo account.",
    ),
    Entry(
        "leverage-change",
        "A new leverage changes the margins of open positions, at the rates of their opening; each is "
        "told of after the trader update.",
        Sureness.ASSUMED,
        "7 (not told)",
        "nothing",
        how="Change the leverage of the demo account in the terminal, with an open position.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
    Entry(
        "access-rights",
        "Access rights that do not allow a trading request: ``TRADING_NOT_ALLOWED``. An account that may "
        "not be logged in to loses its sessions, and its login draws ``RET_ACCOUNT_DISABLED``.",
        Sureness.ASSUMED,
        "3.1, 11.2 [proto]",
        "reports the refusal",
        how="Only the broker can change them.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
    Entry(
        "exposure-of-tiers",
        "The exposure that chooses a tier is counted at the rates of the last deal in the symbol; prices "
        "alone change no margin.",
        Sureness.ASSUMED,
        "9.7 (not told)",
        "estimates with present rates",
        how="Hold a large position while the price moves, and wait for a margin event.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
    Entry(
        "stop-out-choice",
        "A stop-out closes the position with the most margin, or the one that loses most, as the account "
        "says; as much of it as is needed, or the whole with a fair stop-out; one position at a time.",
        Sureness.ASSUMED,
        "8.5, 15.2 [proto]: the fields",
        "follows the events",
        how="A small demo account with two positions.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
    Entry(
        "valuation-pace",
        "Accounts are valued once a second at most: for margin calls, stop-outs and profit.",
        Sureness.ASSUMED,
        "14.1 no. 9 (not told)",
        "values with each quote",
        how="Watch the times of profit events.",
        fixed="the real servers' pace is not known at all",
    ),
    Entry(
        "limited-risk",
        "On an account of limited risk an opening order without a guaranteed stop loss is refused with "
        "``INVALID_REQUEST``.",
        Sureness.DOCUMENTED,
        "8.3 [proto] (the code is assumed)",
        "reports the refusal",
        how="A demo account of limited risk.",
    ),
    Entry(
        "limited-risk-margin",
        "By its guaranteed stop loss, the margin of a position is the loss to it; by that and leverage, "
        "the larger of the two. It follows the stop, and is told of.",
        Sureness.DOCUMENTED,
        "10.2 [proto] (the second is assumed)",
        "takes the server's number",
        how="A demo account of limited risk.",
    ),
    Entry(
        "swap-nights",
        "Swaps are charged at the symbol's time and period, in UTC, on Saturdays and Sundays only if it "
        "says so, and three times on its day.",
        Sureness.ASSUMED,
        "9.7 [proto]: the fields",
        "estimates so",
        how="Hold a position over a Wednesday night.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
    Entry(
        "swap-skipped",
        "The first periods after the opening that a symbol skips are free.",
        Sureness.ASSUMED,
        "9.7 [proto]: the field",
        "does not look at it",
        how="A symbol with that field.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
    Entry(
        "swap-event",
        "A swap is an execution event with the position only, of the server; one that rounds to nothing is not told.",
        Sureness.DOCUMENTED,
        "8.5 [proto; proto-hist] (the flag is assumed)",
        "takes the swap from the position",
        how="Hold a position over a night.",
    ),
    Entry(
        "swap-free",
        "Accounts without swaps pay the symbol's rollover commission out of the balance, after its free "
        "nights, three times on its day.",
        Sureness.ASSUMED,
        "9.7 [proto]: the fields",
        "books the withdrawal",
        how="A swap-free demo account.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
    Entry(
        "guarantee-charge",
        "The charge for a guaranteed stop loss goes out of the balance right after the opening deal.",
        Sureness.ASSUMED,
        "10.4 [proto]: the type",
        "books the withdrawal",
        how="An order with a guaranteed stop loss.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
    Entry(
        "exposure-limit",
        "A symbol's exposure limit holds for the difference of what was bought and sold; waiting orders "
        "are held against it when they are executed.",
        Sureness.ASSUMED,
        "9.7, 11.2 [proto]: field and code",
        "reports the refusal",
        how="It takes a broker that sets one.",
        fixed="the broker's rules are told by the schema; what is assumed is how to read them",
    ),
)
"""
The entries of this section.
"""
