"""
The account's money, by the newest version that the server told.
"""

from __future__ import annotations

from decimal import Decimal

from ctrader_twisted.schema.messages import ProtoOAExecutionEvent, ProtoOATrader
from ctrader_twisted.trading.amounts import Amounts
from ctrader_twisted.units import moneyFromWire

__all__ = ["Balance"]


class Balance:
    """
    What closed trades, deposits and withdrawals have left.

    @ivar amount: the balance in the deposit asset; L{None} before the first login.
    """

    def __init__(self, amounts: Amounts) -> None:
        """
        @param amounts: reads the numbers.
        """
        self.amount: Decimal | None = None
        self._amounts = amounts
        self._version = 0

    def reconciled(self, trader: ProtoOATrader) -> None:
        """
        Take in what the server says after a login.

        @param trader: the account there.
        """
        self._amounts.moneyDigits = self._amounts.digits(trader, 2)
        self._version = trader.balanceVersion
        self.amount = self._amounts.money(trader.balance, trader)

    def traderChanged(self, trader: ProtoOATrader) -> None:
        """
        Something about the account has changed.

        @param trader: the account.
        """
        version = trader.balanceVersion if trader.HasField("balanceVersion") else None
        self._take(trader.balance, self._amounts.digits(trader), version)

    def executed(self, event: ProtoOAExecutionEvent) -> None:
        """
        Take in what an execution has left: the close of a position, a deposit or a withdrawal.

        @param event: the event.
        """
        if event.HasField("depositWithdraw"):
            flow = event.depositWithdraw
            version = flow.balanceVersion if flow.HasField("balanceVersion") else None
            self._take(flow.balance, self._amounts.digits(flow), version)
        if event.HasField("deal") and event.deal.HasField("closePositionDetail"):
            detail = event.deal.closePositionDetail
            version = detail.balanceVersion if detail.HasField("balanceVersion") else None
            self._take(detail.balance, self._amounts.digits(detail, self._amounts.digits(event.deal)), version)

    def _take(self, raw: int, digits: int, version: int | None) -> None:
        if version is not None:
            if version < self._version:
                return
            self._version = version
        self.amount = moneyFromWire(raw, digits)
