"""
Requests for the state of an account: terms, positions and orders, profit, margin.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.defer import Deferred

from ctrader_twisted.requests.asking import AccountAsking
from ctrader_twisted.schema.messages import (
    ProtoOAExpectedMarginReq,
    ProtoOAExpectedMarginRes,
    ProtoOAGetPositionUnrealizedPnLReq,
    ProtoOAGetPositionUnrealizedPnLRes,
    ProtoOAMarginCall,
    ProtoOAMarginCallListReq,
    ProtoOAMarginCallListRes,
    ProtoOAMarginCallUpdateReq,
    ProtoOAMarginCallUpdateRes,
    ProtoOAReconcileReq,
    ProtoOAReconcileRes,
    ProtoOATraderReq,
    ProtoOATraderRes,
    ProtoOAv1PnLChangeSubscribeReq,
    ProtoOAv1PnLChangeSubscribeRes,
    ProtoOAv1PnLChangeUnSubscribeReq,
    ProtoOAv1PnLChangeUnSubscribeRes,
)

__all__ = ["StateRequests"]


class StateRequests(AccountAsking):
    """
    The requests for the state of the account. Any scope will do, unless a method says otherwise.
    """

    def trader(self, *, timeout: float | None = None) -> Deferred[ProtoOATraderRes]:
        """
        Get the account's terms and balance.

        @param timeout: seconds to wait for the answer.
        @return: fires with C{trader}: C{balance} in 10^-C{moneyDigits} of the deposit asset, C{leverageInCents}
            (10000 is 1:100), C{accountType}, C{accessRights} and more. Equity and free margin are not in it.
        """
        return self._ask(lambda: ProtoOATraderReq(ctidTraderAccountId=self.accountId), timeout)

    def reconcile(
        self, *, returnProtectionOrders: bool | None = None, timeout: float | None = None
    ) -> Deferred[ProtoOAReconcileRes]:
        """
        Get all open positions and pending orders, in one answer.

        @param returnProtectionOrders: whether to list the orders behind stop losses and take profits, too; by default
            these are only fields of the positions.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{position} and C{order}.
        """
        return self._ask(
            lambda: ProtoOAReconcileReq(
                ctidTraderAccountId=self.accountId, returnProtectionOrders=returnProtectionOrders
            ),
            timeout,
        )

    def getPositionUnrealizedPnL(self, *, timeout: float | None = None) -> Deferred[ProtoOAGetPositionUnrealizedPnLRes]:
        """
        Get the unrealised profit of each open position. It does not count as a request for history, and may be asked
        for every few seconds.

        @param timeout: seconds to wait for the answer.
        @return: fires with C{positionUnrealizedPnL} (for each position its C{grossUnrealizedPnL} and
            C{netUnrealizedPnL}, which holds swap and the opening commission) in 10^-C{moneyDigits} of the deposit
            asset.
        """
        return self._ask(lambda: ProtoOAGetPositionUnrealizedPnLReq(ctidTraderAccountId=self.accountId), timeout)

    def expectedMargin(
        self, *, symbolId: int, volume: Iterable[int], timeout: float | None = None
    ) -> Deferred[ProtoOAExpectedMarginRes]:
        """
        Ask how much margin some volumes of a symbol would take. Guaranteed stops are not considered.

        @param symbolId: the symbol.
        @param volume: the volumes, in hundredths of a unit.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{margin}: for each volume its C{buyMargin} and C{sellMargin} in 10^-C{moneyDigits} of the
            deposit asset.
        @raise SymbolNotFound: (as a failure) if there is no such symbol.
        """
        return self._ask(
            lambda: ProtoOAExpectedMarginReq(ctidTraderAccountId=self.accountId, symbolId=symbolId, volume=volume),
            timeout,
        )

    def marginCallList(self, *, timeout: float | None = None) -> Deferred[ProtoOAMarginCallListRes]:
        """
        List the margin levels at which the account's owner is warned, usually three.

        @param timeout: seconds to wait for the answer.
        @return: fires with C{marginCall}: for each its C{marginCallType} and C{marginLevelThreshold} in percent.
        """
        return self._ask(lambda: ProtoOAMarginCallListReq(ctidTraderAccountId=self.accountId), timeout)

    def marginCallUpdate(
        self, *, marginCall: ProtoOAMarginCall, timeout: float | None = None
    ) -> Deferred[ProtoOAMarginCallUpdateRes]:
        """
        Change one of the margin levels at which the account's owner is warned. It needs the scope to trade.

        @param marginCall: its C{marginCallType} says which one, its C{marginLevelThreshold} is the new level in
            percent.
        @param timeout: seconds to wait for the answer.
        @return: fires with an empty message; the event C{ProtoOAMarginCallUpdateEvent} tells the new level.
        """
        return self._ask(
            lambda: ProtoOAMarginCallUpdateReq(ctidTraderAccountId=self.accountId, marginCall=marginCall), timeout
        )

    def v1PnLChangeSubscribe(self, *, timeout: float | None = None) -> Deferred[ProtoOAv1PnLChangeSubscribeRes]:
        """
        Ask to be told of changes of the account's unrealised profit, by the event C{ProtoOAv1PnLChangeEvent}. Public
        servers may not know this request. The subscription ends with the login and is not restored.

        @param timeout: seconds to wait for the answer.
        @return: fires with the account's id.
        @raise AlreadySo: (as a failure) if it is subscribed already.
        """
        return self._ask(lambda: ProtoOAv1PnLChangeSubscribeReq(ctidTraderAccountId=self.accountId), timeout)

    def v1PnLChangeUnSubscribe(self, *, timeout: float | None = None) -> Deferred[ProtoOAv1PnLChangeUnSubscribeRes]:
        """
        End the subscription of L{v1PnLChangeSubscribe}.

        @param timeout: seconds to wait for the answer.
        @return: fires with the account's id.
        @raise AlreadySo: (as a failure) if it is not subscribed.
        """
        return self._ask(lambda: ProtoOAv1PnLChangeUnSubscribeReq(ctidTraderAccountId=self.accountId), timeout)
