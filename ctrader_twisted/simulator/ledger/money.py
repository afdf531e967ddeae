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
        remark="the simulator has the account's leverage throughout",
        how="Compare expected margins of growing volumes with the table.",
    ),
    Entry(
        "minimum-commission",
        "A minimum of the commission holds for each side of a trade.",
        Sureness.ASSUMED,
        "9.7 [proto]",
        "estimates so",
        how="A small trade in a symbol that has a minimum.",
    ),
    Entry(
        "swap-percent",
        "A swap in percent is yearly interest on the present value; a night counts as a 360th of the year.",
        Sureness.ASSUMED,
        "9.7 [proto]",
        "estimates so",
        how="Hold a position in such a symbol over a night.",
    ),
    Entry(
        "bonuses",
        "Manager's, introducing broker's and non-withdrawable bonuses are three amounts that all count as equity.",
        Sureness.ASSUMED,
        "10.2",
        "adds them",
        how="An account with a bonus.",
    ),
    Entry(
        "total-margin",
        "The margins of both sides of a symbol count as the account says: all, the larger, or the difference.",
        Sureness.ASSUMED,
        "10.2 (semantics assumed)",
        "joins the server's numbers so",
        how="Hold both sides of a symbol, and compare used margins.",
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
    ),
    Entry(
        "access-rights",
        "Access rights that do not allow a trading request: ``TRADING_NOT_ALLOWED``. An account that may "
        "not be logged in to loses its sessions, and its login draws ``RET_ACCOUNT_DISABLED``.",
        Sureness.ASSUMED,
        "3.1, 11.2 [proto]",
        "reports the refusal",
        how="Only the broker can change them.",
    ),
)
"""
The entries of this section.
"""
