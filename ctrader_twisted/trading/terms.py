"""
What the server tells of an account, as far as money depends on it.
"""

from __future__ import annotations

from decimal import Decimal

from ctrader_twisted.errors import NotConnected, ValueUnknown
from ctrader_twisted.schema.messages import (
    ProtoOAAccountType,
    ProtoOAExecutionEvent,
    ProtoOATrader,
    ProtoOATraderUpdatedEvent,
)
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.trading.amounts import Amounts
from ctrader_twisted.trading.valuation import total

__all__ = ["AccountTerms"]


class AccountTerms:
    """
    An account's terms, kept current by its events.

    @ivar isCurrent: whether the account is logged in, so that nothing goes unheard.
    """

    def __init__(self, link: AccountLink, amounts: Amounts) -> None:
        """
        @param link: the account.
        @param amounts: reads the numbers.
        """
        self.isCurrent = False
        self._link = link
        self._amounts = amounts
        self._trader: ProtoOATrader | None = None
        self._bonuses: dict[str, Decimal] = {}

    def start(self) -> None:
        """
        Begin to follow the account.
        """
        self._link.onReconcile(lambda trader, state: self._reconciled(trader))
        self._link.onLost(lambda reason: self._lost())
        self._link.listen(ProtoOATraderUpdatedEvent, lambda event: self._take(event.trader))
        self._link.listen(ProtoOAExecutionEvent, self._executed)

    @property
    def trader(self) -> ProtoOATrader:
        """
        @return: what the server told last; its balance and bonuses may be older.
        @raise NotConnected: if the account has never been logged in.
        """
        if self._trader is None:
            raise NotConnected(f"account {self._link.accountId} has not been logged in yet")
        return self._trader

    @property
    def valuedIn(self) -> int:
        """
        @return: the asset in which volumes can be valued: the deposit asset.
        @raise NotConnected: if the account has never been logged in.
        @raise ValueUnknown: if its volumes are not of units, but stakes; what those are worth no document tells.
        """
        if self.trader.accountType == ProtoOAAccountType.SPREAD_BETTING:
            raise ValueUnknown(
                f"account {self._link.accountId} is for spread betting: profit, margin and costs of its stakes cannot "
                "be told; ask the server for them"
            )
        return self.trader.depositAssetId

    @property
    def bonus(self) -> Decimal:
        """
        @return: all bonuses together, in the deposit asset.
        """
        return total(self._bonuses.values(), self._amounts.moneyDigits)

    def _reconciled(self, trader: ProtoOATrader) -> None:
        self.isCurrent = True
        self._take(trader)

    def _lost(self) -> None:
        self.isCurrent = False

    def _take(self, trader: ProtoOATrader) -> None:
        self._trader = trader
        for name in ("managerBonus", "ibBonus", "nonWithdrawableBonus"):
            self._bonuses[name] = self._amounts.money(getattr(trader, name), trader)

    def _executed(self, event: ProtoOAExecutionEvent) -> None:
        if event.HasField("bonusDepositWithdraw"):
            change = event.bonusDepositWithdraw
            self._bonuses["managerBonus"] = self._amounts.money(change.managerBonus, change)
            self._bonuses["ibBonus"] = self._amounts.money(change.ibBonus, change)
