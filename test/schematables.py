"""
Which test of the simulator shows what of the schema. Tests are named C{module.Class.method}, without what the names of
all modules of such tests begin with.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CODES", "EVENTS", "EXECUTIONS", "FIELDS", "ONLY_BY_FAULTS", "TELLING", "UNTOLD"]

_ACCOUNT = "ctidTraderAccountId"

FIELDS: Mapping[str, Mapping[str, str]] = {
    "ProtoOAApplicationAuthReq": {
        "clientId": "session.ApplicationLoginTests.test_unknownApplication",
        "clientSecret": "session.ApplicationLoginTests.test_wrongSecret",
    },
    "ProtoOAAccountAuthReq": {
        _ACCOUNT: "session.AccountLoginTests.test_accountNotCovered",
        "accessToken": "session.AccountLoginTests.test_unknownToken",
    },
    "ProtoOAVersionReq": {},
    "ProtoOAGetAccountListByAccessTokenReq": {"accessToken": "tokens.TokenTests.test_accountList"},
    "ProtoOAGetCtidProfileByTokenReq": {"accessToken": "tokens.TokenTests.test_profile"},
    "ProtoOARefreshTokenReq": {"refreshToken": "tokens.TokenTests.test_refreshTokenIsGoodOnce"},
    "ProtoOAAccountLogoutReq": {_ACCOUNT: "schema_fields.SessionTests.test_logout"},
    "ProtoOAAssetListReq": {_ACCOUNT: "prices.ReferenceTests.test_hierarchy"},
    "ProtoOAAssetClassListReq": {_ACCOUNT: "prices.ReferenceTests.test_hierarchy"},
    "ProtoOASymbolCategoryListReq": {_ACCOUNT: "prices.ReferenceTests.test_hierarchy"},
    "ProtoOASymbolsListReq": {"includeArchivedSymbols": "schema_fields.ArchivedTests.test_listed"},
    "ProtoOASymbolByIdReq": {"symbolId": "schema_fields.ArchivedTests.test_byId"},
    "ProtoOASymbolsForConversionReq": {
        "firstAssetId": "prices.ReferenceTests.test_conversion",
        "lastAssetId": "prices.ReferenceTests.test_conversion",
    },
    "ProtoOAGetDynamicLeverageByIDReq": {"leverageId": "data_money.LeverageTests.test_table"},
    "ProtoOATraderReq": {_ACCOUNT: "closing.ClosingTests.test_money"},
    "ProtoOAReconcileReq": {"returnProtectionOrders": "schema_fields.RecordTests.test_protectionOrders"},
    "ProtoOAGetPositionUnrealizedPnLReq": {_ACCOUNT: "records.EuroAccountTests.test_valuation"},
    "ProtoOAExpectedMarginReq": {
        "symbolId": "records.EuroAccountTests.test_valuation",
        "volume": "schema_fields.RecordTests.test_expectedMarginOfNothing",
    },
    "ProtoOAMarginCallListReq": {_ACCOUNT: "data_money.MarginCallTests.test_list"},
    "ProtoOAMarginCallUpdateReq": {"marginCall": "data_money.MarginCallTests.test_update"},
    "ProtoOACashFlowHistoryListReq": {
        "fromTimestamp": "data_money.CashFlowTests.test_boundaries",
        "toTimestamp": "data_money.CashFlowTests.test_boundaries",
    },
    "ProtoOADealListReq": {
        "fromTimestamp": "records.RecordTests.test_deals",
        "toTimestamp": "records.RecordTests.test_deals",
        "maxRows": "schema_fields.RecordTests.test_maxRows",
    },
    "ProtoOAOrderListReq": {
        "fromTimestamp": "schema_fields.RecordTests.test_ends",
        "toTimestamp": "schema_fields.RecordTests.test_ends",
    },
    "ProtoOADealListByPositionIdReq": {
        "positionId": "records.RecordTests.test_dealsOfPosition",
        "fromTimestamp": "schema_fields.RecordTests.test_ends",
        "toTimestamp": "schema_fields.RecordTests.test_ends",
    },
    "ProtoOAOrderListByPositionIdReq": {
        "positionId": "trading_changes.RecordTests.test_lists",
        "fromTimestamp": "schema_fields.RecordTests.test_ends",
        "toTimestamp": "schema_fields.RecordTests.test_ends",
    },
    "ProtoOAOrderDetailsReq": {"orderId": "records.RecordTests.test_orders"},
    "ProtoOADealOffsetListReq": {"dealId": "trading_changes.RecordTests.test_offsets"},
    "ProtoOANewOrderReq": {
        "symbolId": "trading.RefusalTests.test_noQuotes",
        "orderType": "trading_pending.AcceptanceTests.test_kinds",
        "tradeSide": "trading_pending.RuleTests.test_wrongSide",
        "volume": "trading.RefusalTests.test_volume",
        "limitPrice": "trading_pending.RuleTests.test_prices",
        "stopPrice": "trading_pending.RuleTests.test_prices",
        "timeInForce": "trading_pending.RuleTests.test_time",
        "expirationTimestamp": "trading_pending.TimeTests.test_expires",
        "stopLoss": "trading_pending.RuleTests.test_levels",
        "takeProfit": "trading_pending.RuleTests.test_levels",
        "comment": "trading.RefusalTests.test_texts",
        "baseSlippagePrice": "trading_pending.TimeTests.test_marketRange",
        "slippageInPoints": "trading_pending.TimeTests.test_marketRange",
        "label": "trading.RefusalTests.test_texts",
        "positionId": "trading_netted.PositionTests.test_refusals",
        "clientOrderId": "trading.RefusalTests.test_texts",
        "relativeStopLoss": "trading.OpeningTests.test_protectedSequence",
        "relativeTakeProfit": "trading.OpeningTests.test_protectedSequence",
        "guaranteedStopLoss": "limits.GuaranteeTests.test_opening",
        "trailingStopLoss": "closing.ProtectionTests.test_trailing",
        "stopTriggerMethod": "trading_pending.TriggerTests.test_methods",
    },
    "ProtoOACancelOrderReq": {"orderId": "trading_changes.CancellingTests.test_gone"},
    "ProtoOAAmendOrderReq": {
        "orderId": "trading_changes.CancellingTests.test_gone",
        "volume": "trading_changes.AmendingTests.test_refusals",
        "limitPrice": "switches.SwitchTests.test_amendmentsReset",
        "stopPrice": "trading_changes.AmendingTests.test_triggeredStop",
        "expirationTimestamp": "trading_changes.AmendingTests.test_everything",
        "stopLoss": "trading_changes.AmendingTests.test_refusals",
        "takeProfit": "schema_fields.RecordTests.test_levelsOfAChange",
        "slippageInPoints": "trading_changes.AmendingTests.test_triggeredStop",
        "relativeStopLoss": "schema_fields.RecordTests.test_levelsOfAChange",
        "relativeTakeProfit": "schema_fields.RecordTests.test_levelsOfAChange",
        "guaranteedStopLoss": "schema_fields.RecordTests.test_levelsOfAChange",
        "trailingStopLoss": "schema_fields.RecordTests.test_levelsOfAChange",
        "stopTriggerMethod": "schema_fields.RecordTests.test_triggerMethodOfAChange",
    },
    "ProtoOAAmendPositionSLTPReq": {
        "positionId": "closing.ClosingTests.test_refusals",
        "stopLoss": "closing.AmendingTests.test_firstProtection",
        "takeProfit": "closing.AmendingTests.test_overwritesBoth",
        "guaranteedStopLoss": "trading_changes.GuaranteeTests.test_notWorse",
        "trailingStopLoss": "closing.AmendingTests.test_dropTrailing",
        "stopLossTriggerMethod": "trading_pending.TriggerTests.test_stopLossMethods",
    },
    "ProtoOAClosePositionReq": {
        "positionId": "closing.ClosingTests.test_refusals",
        "volume": "closing.ClosingTests.test_partial",
    },
    "ProtoOASubscribeSpotsReq": {
        "symbolId": "prices.SpotTests.test_refusals",
        "subscribeToSpotTimestamp": "prices.SpotTests.test_timestamp",
    },
    "ProtoOAUnsubscribeSpotsReq": {"symbolId": "prices.SpotTests.test_unsubscribe"},
    "ProtoOASubscribeLiveTrendbarReq": {
        "period": "data_bars.LiveBarTests.test_severalPeriods",
        "symbolId": "data_bars.LiveBarTests.test_refusals",
    },
    "ProtoOAUnsubscribeLiveTrendbarReq": {
        "period": "data_bars.LiveBarTests.test_severalPeriods",
        "symbolId": "data_bars.LiveBarTests.test_refusals",
    },
    "ProtoOASubscribeDepthQuotesReq": {"symbolId": "data_depth.DepthTests.test_refusals"},
    "ProtoOAUnsubscribeDepthQuotesReq": {"symbolId": "data_depth.DepthTests.test_ends"},
    "ProtoOAGetTrendbarsReq": {
        "fromTimestamp": "prices.TrendbarTests.test_refusals",
        "toTimestamp": "prices.TrendbarTests.test_refusals",
        "period": "prices.TrendbarTests.test_shape",
        "symbolId": "prices.TrendbarTests.test_refusals",
        "count": "schema_fields.PriceTests.test_bars",
    },
    "ProtoOAGetTickDataReq": {
        "symbolId": "prices.TickTests.test_boundaries",
        "type": "prices.TickTests.test_ask",
        "fromTimestamp": "prices.TickTests.test_boundaries",
        "toTimestamp": "prices.TickTests.test_boundaries",
    },
    "ProtoOAv1PnLChangeSubscribeReq": {_ACCOUNT: "data_money.ProfitTests.test_changes"},
    "ProtoOAv1PnLChangeUnSubscribeReq": {_ACCOUNT: "data_money.ProfitTests.test_ends"},
}
"""
For each request, the test that shows what each of its fields does. What becomes of the account is the same for all, and
named only where there is no other field.
"""

EVENTS: Mapping[str, str] = {
    "ProtoErrorRes": "connection.FrameTests.test_unknownMessages",
    "ProtoHeartbeatEvent": "connection.LivenessTests.test_heartbeats",
    "ProtoOAErrorRes": "session.ApplicationLoginTests.test_twice",
    "ProtoOATrailingSLChangedEvent": "closing.ProtectionTests.test_trailing",
    "ProtoOASymbolChangedEvent": "data_broker.SymbolTests.test_change",
    "ProtoOATraderUpdatedEvent": "data_broker.AccountTests.test_leverage",
    "ProtoOAExecutionEvent": "trading.OpeningTests.test_protectedSequence",
    "ProtoOASpotEvent": "prices.SpotTests.test_snapshotAndChanges",
    "ProtoOAOrderErrorEvent": "trading.RefusalTests.test_volume",
    "ProtoOAMarginChangedEvent": "data_broker.AccountTests.test_leverage",
    "ProtoOAAccountsTokenInvalidatedEvent": "tokens.TokenTests.test_rotation",
    "ProtoOAClientDisconnectEvent": "faults.DisturbanceTests.test_disconnectApplication",
    "ProtoOADepthEvent": "data_depth.DepthTests.test_lateSubscriber",
    "ProtoOAAccountDisconnectEvent": "tokens.TokenTests.test_rotation",
    "ProtoOAMarginCallUpdateEvent": "data_money.MarginCallTests.test_update",
    "ProtoOAMarginCallTriggerEvent": "data_money.MarginCallTests.test_trigger",
    "ProtoOAv1PnLChangeEvent": "data_money.ProfitTests.test_changes",
}
"""
For each message that comes unasked, a test in which the exchange sends it.
"""

EXECUTIONS: Mapping[str, str] = {
    "ORDER_ACCEPTED": "trading.OpeningTests.test_protectedSequence",
    "ORDER_FILLED": "trading.OpeningTests.test_protectedSequence",
    "ORDER_REPLACED": "closing.ClosingTests.test_partial",
    "ORDER_CANCELLED": "closing.ClosingTests.test_full",
    "ORDER_EXPIRED": "trading_pending.TimeTests.test_expires",
    "ORDER_REJECTED": "trading.OpeningTests.test_rejectedAtExecution",
    "ORDER_CANCEL_REJECTED": "trading_changes.CancellingTests.test_race",
    "SWAP": "swaps.SwapTests.test_event",
    "DEPOSIT_WITHDRAW": "data_money.CashFlowTests.test_event",
    "ORDER_PARTIAL_FILL": "trading_netted.LiquidityTests.test_waitingRest",
    "BONUS_DEPOSIT_WITHDRAW": "schema_fields.BrokerTests.test_bonus",
}
"""
For each type of execution, a test in which it is told.
"""

CODES: Mapping[str, str] = {
    "UNKNOWN_ERROR": "connection.FrameTests.test_failureInside",
    "UNSUPPORTED_MESSAGE": "connection.FrameTests.test_unknownMessages",
    "INVALID_REQUEST": "connection.FrameTests.test_malformedPayload",
    "ENTITY_NOT_FOUND": "trading_changes.RecordTests.test_offsets",
    "CANT_ROUTE_REQUEST": "session.AccountLoginTests.test_wrongHost",
    "MARKET_CLOSED": "trading.RefusalTests.test_closedMarket",
    "BLOCKED_PAYLOAD_TYPE": "schema.SwitchedCodeTests.test_blocked",
    "OA_AUTH_TOKEN_EXPIRED": "session.AccountLoginTests.test_expiredToken",
    "ACCOUNT_NOT_AUTHORIZED": "schema.SwitchedCodeTests.test_notAuthorised",
    "ALREADY_LOGGED_IN": "session.AccountLoginTests.test_twice",
    "INCORRECT_BOUNDARIES": "schema_fields.RecordTests.test_wrongSpans",
    "RET_ACCOUNT_DISABLED": "data_broker.AccountTests.test_noLogin",
    "CONNECTIONS_LIMIT_EXCEEDED": "session.ApplicationLoginTests.test_tooManyConnections",
    "WORSE_GSL_NOT_ALLOWED": "trading_changes.GuaranteeTests.test_notWorse",
    "SYMBOL_HAS_HOLIDAY": "limits.HolidayTests.test_orders",
    "CH_CLIENT_AUTH_FAILURE": "session.ApplicationLoginTests.test_wrongSecret",
    "CH_CLIENT_NOT_AUTHENTICATED": "session.ApplicationLoginTests.test_nothingBefore",
    "CH_CLIENT_ALREADY_AUTHENTICATED": "session.ApplicationLoginTests.test_twice",
    "CH_ACCESS_TOKEN_INVALID": "session.AccountLoginTests.test_unknownToken",
    "CH_CTID_TRADER_ACCOUNT_NOT_FOUND": "session.AccountLoginTests.test_accountNotCovered",
    "CH_OA_CLIENT_NOT_FOUND": "schema.SwitchedCodeTests.test_unknownClient",
    "REQUEST_FREQUENCY_EXCEEDED": "connection.LimitTests.test_general",
    "SERVER_IS_UNDER_MAINTENANCE": "faults.DisturbanceTests.test_maintenance",
    "NOT_SUBSCRIBED_TO_SPOTS": "data_depth.DepthTests.test_refusals",
    "ALREADY_SUBSCRIBED": "prices.SpotTests.test_refusals",
    "SYMBOL_NOT_FOUND": "prices.SpotTests.test_refusals",
    "UNKNOWN_SYMBOL": "schema.SwitchedCodeTests.test_unknownSymbol",
    "NO_QUOTES": "trading.RefusalTests.test_noQuotes",
    "NOT_ENOUGH_MONEY": "trading.RefusalTests.test_money",
    "MAX_EXPOSURE_REACHED": "limits.RoomTests.test_exposure",
    "POSITION_NOT_FOUND": "closing.ClosingTests.test_refusals",
    "ORDER_NOT_FOUND": "trading_changes.CancellingTests.test_gone",
    "POSITION_NOT_OPEN": "closing.ClosingTests.test_notOpenYet",
    "POSITION_LOCKED": "closing.ClosingTests.test_refusals",
    "TOO_MANY_POSITIONS": "limits.RoomTests.test_positions",
    "TRADING_BAD_VOLUME": "trading.RefusalTests.test_volume",
    "TRADING_BAD_STOPS": "closing.AmendingTests.test_refusals",
    "TRADING_BAD_PRICES": "trading_pending.RuleTests.test_wrongSide",
    "PROTECTION_IS_TOO_CLOSE_TO_MARKET": "trading_pending.RuleTests.test_distances",
    "TRADING_BAD_EXPIRATION_DATE": "trading_pending.RuleTests.test_time",
    "PENDING_EXECUTION": "closing.ClosingTests.test_refusals",
    "TRADING_DISABLED": "trading.RefusalTests.test_tradingMode",
    "TRADING_NOT_ALLOWED": "data_broker.AccountTests.test_noTrading",
    "UNABLE_TO_CANCEL_ORDER": "trading_changes.CancellingTests.test_race",
    "UNABLE_TO_AMEND_ORDER": "trading_changes.CancellingTests.test_race",
    "SHORT_SELLING_NOT_ALLOWED": "trading.RefusalTests.test_tradingMode",
    "NOT_SUBSCRIBED_TO_PNL": "data_money.ProfitTests.test_ends",
}
"""
For each error code, a test in which the exchange sends it by itself.
"""

ONLY_BY_FAULTS: Mapping[str, str] = {
    "TIMEOUT_ERROR": "no execution takes too long",
    "FRAME_TOO_LONG": "a frame that is too long ends the connection",
    "CONCURRENT_MODIFICATION": "what is under way is refused with codes that say more",
    "RET_NO_SUCH_LOGIN": "no account is ever deleted",
    "CH_SERVER_NOT_REACHABLE": "there is no way between a proxy and a server that could break",
    "CHANNEL_IS_BLOCKED": "accounts are blocked by their access rights, which have a code of their own",
    "TRADING_BAD_STAKE": "accounts for spread betting are not simulated",
}
"""
The error codes that only a rule of a fault brings about, and why.
"""

TELLING = (
    "data_money.CashFlowTests.test_history",
    "limits.LimitedRiskTests.test_strategies",
    "schema_fields.BrokerTests.test_bonusOfAnother",
    "schema_fields.BrokerTests.test_listing",
    "schema_fields.SpecificationTests.test_everything",
    "stopout.StopOutTests.test_part",
    "trading.OpeningTests.test_accepted",
)
"""
Tests in which more is told than in those of the other tables.
"""

UNTOLD: Mapping[str, str] = {
    "ProtoOAOrder.stopLoss": "levels of an order that waits come back as distances",
    "ProtoOAOrder.takeProfit": "likewise",
}
"""
The fields of what is sent that the exchange never sets by itself, and why.
"""
