"""
Requests that trade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from ctrader_twisted.requests.asking import AccountAsking
from ctrader_twisted.schema.messages import (
    ProtoOAAmendOrderReq,
    ProtoOAAmendPositionSLTPReq,
    ProtoOACancelOrderReq,
    ProtoOAClosePositionReq,
    ProtoOAExecutionEvent,
    ProtoOANewOrderReq,
)

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import (
        ProtoOAOrderTriggerMethod,
        ProtoOAOrderType,
        ProtoOATimeInForce,
        ProtoOATradeSide,
    )

__all__ = ["TradingRequests"]


class TradingRequests(AccountAsking):
    """
    The requests that trade. All need the scope to trade, and none is ever sent twice.

    Each fires with its first execution event; what comes later, such as the fill after the acceptance, is an event for
    the account's listeners. A rejection fails with L{ctrader_twisted.errors.OrderRejected}, whose C{code} tells the
    reason. After L{ctrader_twisted.errors.ConnectionLost} or L{ctrader_twisted.errors.RequestTimedOut} the request may
    have been executed: look at orders and positions before anything is sent again. Through a
    L{ctrader_twisted.client.Account} its limits and its halt hold here too, and fail with
    L{ctrader_twisted.errors.LimitReached}.

    Volumes are hundredths of a unit of the base asset. Prices are floats with no more decimals than the symbol has
    digits. Distances are positive integers of 1/100000 of a unit of price, multiples of 10^(5-digits).
    """

    def newOrder(
        self,
        *,
        symbolId: int,
        orderType: ProtoOAOrderType,
        tradeSide: ProtoOATradeSide,
        volume: int,
        limitPrice: float | None = None,
        stopPrice: float | None = None,
        timeInForce: ProtoOATimeInForce | None = None,
        expirationTimestamp: int | None = None,
        stopLoss: float | None = None,
        takeProfit: float | None = None,
        comment: str | None = None,
        baseSlippagePrice: float | None = None,
        slippageInPoints: int | None = None,
        label: str | None = None,
        positionId: int | None = None,
        clientOrderId: str | None = None,
        relativeStopLoss: int | None = None,
        relativeTakeProfit: int | None = None,
        guaranteedStopLoss: bool | None = None,
        trailingStopLoss: bool | None = None,
        stopTriggerMethod: ProtoOAOrderTriggerMethod | None = None,
        timeout: float | None = None,
    ) -> Deferred[ProtoOAExecutionEvent]:
        """
        Send an order.

        @param symbolId: the symbol.
        @param orderType: C{MARKET}, C{LIMIT}, C{STOP}, C{STOP_LIMIT} or C{MARKET_RANGE}.
        @param tradeSide: C{BUY} or C{SELL}.
        @param volume: in hundredths of a unit; within the symbol's minimum and maximum, and a multiple of its step.
        @param limitPrice: of a C{LIMIT} order, in units of price.
        @param stopPrice: of a C{STOP} or C{STOP_LIMIT} order, in units of price.
        @param timeInForce: by default C{GOOD_TILL_CANCEL}; market orders ignore it.
        @param expirationTimestamp: with C{GOOD_TILL_DATE}, in milliseconds since 1970.
        @param stopLoss: in units of price; refused for C{MARKET} and C{MARKET_RANGE}.
        @param takeProfit: likewise.
        @param comment: up to 512 characters.
        @param baseSlippagePrice: of a C{MARKET_RANGE} order, the price that its range is counted from.
        @param slippageInPoints: of a C{MARKET_RANGE} or C{STOP_LIMIT} order, the range in points.
        @param label: up to 100 characters; the position bears it too.
        @param positionId: an open position to increase or decrease.
        @param clientOrderId: up to 50 characters; finds the order again after a lost connection.
        @param relativeStopLoss: the distance from the entry, in 1/100000 of a unit of price.
        @param relativeTakeProfit: likewise.
        @param guaranteedStopLoss: demanded where the account's risk is limited.
        @param trailingStopLoss: whether the stop loss follows the market.
        @param stopTriggerMethod: which price, how often, triggers a stop; by default C{TRADE}.
        @param timeout: seconds to wait for the first event.
        @return: fires with the acceptance, or with the fill if that comes first.
        @raise OrderRejected: (as a failure) if the order is refused.
        @raise SymbolNotFound: (as a failure) if there is no such symbol.
        @raise NotFound: (as a failure) if there is no such position.
        """
        return self._ask(
            lambda: ProtoOANewOrderReq(
                ctidTraderAccountId=self.accountId,
                symbolId=symbolId,
                orderType=orderType,
                tradeSide=tradeSide,
                volume=volume,
                limitPrice=limitPrice,
                stopPrice=stopPrice,
                timeInForce=timeInForce,
                expirationTimestamp=expirationTimestamp,
                stopLoss=stopLoss,
                takeProfit=takeProfit,
                comment=comment,
                baseSlippagePrice=baseSlippagePrice,
                slippageInPoints=slippageInPoints,
                label=label,
                positionId=positionId,
                clientOrderId=clientOrderId,
                relativeStopLoss=relativeStopLoss,
                relativeTakeProfit=relativeTakeProfit,
                guaranteedStopLoss=guaranteedStopLoss,
                trailingStopLoss=trailingStopLoss,
                stopTriggerMethod=stopTriggerMethod,
            ),
            timeout,
        )

    def cancelOrder(self, *, orderId: int, timeout: float | None = None) -> Deferred[ProtoOAExecutionEvent]:
        """
        Cancel a pending order.

        @param orderId: the order.
        @param timeout: seconds to wait for the first event.
        @return: fires with the cancellation.
        @raise NotFound: (as a failure) if the order is not pending any more.
        @raise OrderRejected: (as a failure) if it cannot be cancelled, for instance because it is being executed.
        """
        return self._ask(lambda: ProtoOACancelOrderReq(ctidTraderAccountId=self.accountId, orderId=orderId), timeout)

    def amendOrder(
        self,
        *,
        orderId: int,
        volume: int | None = None,
        limitPrice: float | None = None,
        stopPrice: float | None = None,
        expirationTimestamp: int | None = None,
        stopLoss: float | None = None,
        takeProfit: float | None = None,
        slippageInPoints: int | None = None,
        relativeStopLoss: int | None = None,
        relativeTakeProfit: int | None = None,
        guaranteedStopLoss: bool | None = None,
        trailingStopLoss: bool | None = None,
        stopTriggerMethod: ProtoOAOrderTriggerMethod | None = None,
        timeout: float | None = None,
    ) -> Deferred[ProtoOAExecutionEvent]:
        """
        Change a pending order. What is left out may be taken away by the server: give protection, trailing and
        expiration again.

        @param orderId: the order; it keeps its id.
        @param volume: the new volume, in hundredths of a unit.
        @param limitPrice: of a C{LIMIT} order, in units of price.
        @param stopPrice: of a C{STOP} or C{STOP_LIMIT} order, in units of price.
        @param expirationTimestamp: in milliseconds since 1970.
        @param stopLoss: in units of price; not together with a relative one.
        @param takeProfit: likewise.
        @param slippageInPoints: of a C{STOP_LIMIT} order, the range in points.
        @param relativeStopLoss: the distance from the order's price, in 1/100000 of a unit of price.
        @param relativeTakeProfit: likewise.
        @param guaranteedStopLoss: whether the stop loss is guaranteed.
        @param trailingStopLoss: whether the stop loss follows the market.
        @param stopTriggerMethod: which price, how often, triggers a stop.
        @param timeout: seconds to wait for the first event.
        @return: fires with the replacement.
        @raise NotFound: (as a failure) if the order is not pending any more.
        @raise OrderRejected: (as a failure) if the change is refused.
        """
        return self._ask(
            lambda: ProtoOAAmendOrderReq(
                ctidTraderAccountId=self.accountId,
                orderId=orderId,
                volume=volume,
                limitPrice=limitPrice,
                stopPrice=stopPrice,
                expirationTimestamp=expirationTimestamp,
                stopLoss=stopLoss,
                takeProfit=takeProfit,
                slippageInPoints=slippageInPoints,
                relativeStopLoss=relativeStopLoss,
                relativeTakeProfit=relativeTakeProfit,
                guaranteedStopLoss=guaranteedStopLoss,
                trailingStopLoss=trailingStopLoss,
                stopTriggerMethod=stopTriggerMethod,
            ),
            timeout,
        )

    def amendPositionSLTP(
        self,
        *,
        positionId: int,
        stopLoss: float | None = None,
        takeProfit: float | None = None,
        guaranteedStopLoss: bool | None = None,
        trailingStopLoss: bool | None = None,
        stopLossTriggerMethod: ProtoOAOrderTriggerMethod | None = None,
        timeout: float | None = None,
    ) -> Deferred[ProtoOAExecutionEvent]:
        """
        Set the protection of a position. A leg that is left out is taken away; trailing that is left out stays.

        @param positionId: the position.
        @param stopLoss: in units of price; below the bid for what was bought, above the ask for what was sold.
        @param takeProfit: in units of price, on the other side.
        @param guaranteedStopLoss: whether the stop loss is guaranteed.
        @param trailingStopLoss: whether the stop loss follows the market; refused without a stop loss.
        @param stopLossTriggerMethod: which price, how often, triggers the stop loss.
        @param timeout: seconds to wait for the first event.
        @return: fires with the replacement of the protecting order, with its acceptance if it is the first, or with its
            cancellation if no protection is left.
        @raise NotFound: (as a failure) if the position is not open any more.
        @raise OrderRejected: (as a failure) if the change is refused, also if it changes nothing.
        """
        return self._ask(
            lambda: ProtoOAAmendPositionSLTPReq(
                ctidTraderAccountId=self.accountId,
                positionId=positionId,
                stopLoss=stopLoss,
                takeProfit=takeProfit,
                guaranteedStopLoss=guaranteedStopLoss,
                trailingStopLoss=trailingStopLoss,
                stopLossTriggerMethod=stopLossTriggerMethod,
            ),
            timeout,
        )

    def closePosition(
        self, *, positionId: int, volume: int, timeout: float | None = None
    ) -> Deferred[ProtoOAExecutionEvent]:
        """
        Close a position, or a part of it.

        @param positionId: the position.
        @param volume: what to close, in hundredths of a unit: a multiple of the symbol's step, or all that is open.
        @param timeout: seconds to wait for the first event.
        @return: fires with the acceptance of the closing order.
        @raise NotFound: (as a failure) if the position is not open any more.
        @raise Busy: (as a failure) if another operation on it is in progress.
        @raise OrderRejected: (as a failure) if the close is refused.
        """
        return self._ask(
            lambda: ProtoOAClosePositionReq(ctidTraderAccountId=self.accountId, positionId=positionId, volume=volume),
            timeout,
        )
