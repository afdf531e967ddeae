"""
The ledger: what the real servers do, as far as it is known, how sure that is, and which switch of the simulator's
settings does otherwise. C{docs/ledger.rst} is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ctrader_twisted.simulator.ledger.connection import CONNECTION
from ctrader_twisted.simulator.ledger.entry import Entry, Sureness, defaultOf
from ctrader_twisted.simulator.ledger.limits import LIMITS
from ctrader_twisted.simulator.ledger.logins import LOGINS
from ctrader_twisted.simulator.ledger.money import MONEY
from ctrader_twisted.simulator.ledger.orders import ORDERS
from ctrader_twisted.simulator.ledger.positions import POSITIONS
from ctrader_twisted.simulator.ledger.prices import PRICES
from ctrader_twisted.simulator.ledger.reference import REFERENCE
from ctrader_twisted.simulator.ledger.reports import REPORTS
from ctrader_twisted.simulator.ledger.tokens import TOKENS

__all__ = ["LEDGER", "SECTIONS", "Entry", "Sureness", "defaultOf"]

SECTIONS: Mapping[str, tuple[Entry, ...]] = {
    "Connections": CONNECTION,
    "Logins": LOGINS,
    "Limits": LIMITS,
    "Tokens": TOKENS,
    "Reference data and the account": REFERENCE,
    "Market data": PRICES,
    "Orders": ORDERS,
    "Positions": POSITIONS,
    "History of the account": REPORTS,
    "Accounts and money": MONEY,
}
"""
All entries by section.
"""

LEDGER: Mapping[str, Entry] = {entry.entryId: entry for entries in SECTIONS.values() for entry in entries}
"""
All entries by id.
"""
