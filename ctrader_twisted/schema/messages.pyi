"""
Stubs of the message classes. Written by C{proto/build.py}; do not edit.
"""

from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer, RepeatedScalarFieldContainer
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import Message

_AnswerT = TypeVar("_AnswerT", bound=Message, covariant=True)

class Request(Message, Generic[_AnswerT]):
    """
    For type checkers only: a request whose answer is of a known class.
    """

class ProtoPayloadType(int, metaclass=EnumTypeWrapper):
    PROTO_MESSAGE: ClassVar[ProtoPayloadType]
    ERROR_RES: ClassVar[ProtoPayloadType]
    HEARTBEAT_EVENT: ClassVar[ProtoPayloadType]

class ProtoErrorCode(int, metaclass=EnumTypeWrapper):
    UNKNOWN_ERROR: ClassVar[ProtoErrorCode]
    UNSUPPORTED_MESSAGE: ClassVar[ProtoErrorCode]
    INVALID_REQUEST: ClassVar[ProtoErrorCode]
    TIMEOUT_ERROR: ClassVar[ProtoErrorCode]
    ENTITY_NOT_FOUND: ClassVar[ProtoErrorCode]
    CANT_ROUTE_REQUEST: ClassVar[ProtoErrorCode]
    FRAME_TOO_LONG: ClassVar[ProtoErrorCode]
    MARKET_CLOSED: ClassVar[ProtoErrorCode]
    CONCURRENT_MODIFICATION: ClassVar[ProtoErrorCode]
    BLOCKED_PAYLOAD_TYPE: ClassVar[ProtoErrorCode]

class ProtoMessage(Message):
    payloadType: int
    payload: bytes
    clientMsgId: str
    def __init__(
        self,
        *,
        payloadType: int | None = ...,
        payload: bytes | None = ...,
        clientMsgId: str | None = ...,
    ) -> None: ...

class ProtoErrorRes(Message):
    payloadType: ProtoPayloadType
    errorCode: str
    description: str
    maintenanceEndTimestamp: int
    def __init__(
        self,
        *,
        payloadType: ProtoPayloadType | None = ...,
        errorCode: str | None = ...,
        description: str | None = ...,
        maintenanceEndTimestamp: int | None = ...,
    ) -> None: ...

class ProtoHeartbeatEvent(Message):
    payloadType: ProtoPayloadType
    def __init__(
        self,
        *,
        payloadType: ProtoPayloadType | None = ...,
    ) -> None: ...

class ProtoOAPayloadType(int, metaclass=EnumTypeWrapper):
    PROTO_OA_APPLICATION_AUTH_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_APPLICATION_AUTH_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ACCOUNT_AUTH_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ACCOUNT_AUTH_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_VERSION_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_VERSION_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_NEW_ORDER_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_TRAILING_SL_CHANGED_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_CANCEL_ORDER_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_AMEND_ORDER_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_AMEND_POSITION_SLTP_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_CLOSE_POSITION_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ASSET_LIST_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ASSET_LIST_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SYMBOLS_LIST_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SYMBOLS_LIST_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SYMBOL_BY_ID_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SYMBOL_BY_ID_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SYMBOLS_FOR_CONVERSION_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SYMBOLS_FOR_CONVERSION_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SYMBOL_CHANGED_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_TRADER_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_TRADER_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_TRADER_UPDATE_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_RECONCILE_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_RECONCILE_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_EXECUTION_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SUBSCRIBE_SPOTS_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SUBSCRIBE_SPOTS_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_UNSUBSCRIBE_SPOTS_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_UNSUBSCRIBE_SPOTS_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SPOT_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ORDER_ERROR_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_DEAL_LIST_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_DEAL_LIST_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SUBSCRIBE_LIVE_TRENDBAR_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_UNSUBSCRIBE_LIVE_TRENDBAR_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_TRENDBARS_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_TRENDBARS_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_EXPECTED_MARGIN_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_EXPECTED_MARGIN_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_MARGIN_CHANGED_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ERROR_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_CASH_FLOW_HISTORY_LIST_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_CASH_FLOW_HISTORY_LIST_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_TICKDATA_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_TICKDATA_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ACCOUNTS_TOKEN_INVALIDATED_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_CLIENT_DISCONNECT_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_ACCOUNTS_BY_ACCESS_TOKEN_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_ACCOUNTS_BY_ACCESS_TOKEN_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_CTID_PROFILE_BY_TOKEN_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_CTID_PROFILE_BY_TOKEN_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ASSET_CLASS_LIST_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ASSET_CLASS_LIST_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_DEPTH_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SUBSCRIBE_DEPTH_QUOTES_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SUBSCRIBE_DEPTH_QUOTES_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_UNSUBSCRIBE_DEPTH_QUOTES_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_UNSUBSCRIBE_DEPTH_QUOTES_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SYMBOL_CATEGORY_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SYMBOL_CATEGORY_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ACCOUNT_LOGOUT_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ACCOUNT_LOGOUT_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ACCOUNT_DISCONNECT_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_SUBSCRIBE_LIVE_TRENDBAR_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_UNSUBSCRIBE_LIVE_TRENDBAR_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_MARGIN_CALL_LIST_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_MARGIN_CALL_LIST_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_MARGIN_CALL_UPDATE_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_MARGIN_CALL_UPDATE_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_MARGIN_CALL_UPDATE_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_MARGIN_CALL_TRIGGER_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_REFRESH_TOKEN_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_REFRESH_TOKEN_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ORDER_LIST_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ORDER_LIST_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_DYNAMIC_LEVERAGE_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_DYNAMIC_LEVERAGE_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_DEAL_LIST_BY_POSITION_ID_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_DEAL_LIST_BY_POSITION_ID_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ORDER_DETAILS_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ORDER_DETAILS_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ORDER_LIST_BY_POSITION_ID_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_ORDER_LIST_BY_POSITION_ID_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_DEAL_OFFSET_LIST_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_DEAL_OFFSET_LIST_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_POSITION_UNREALIZED_PNL_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_GET_POSITION_UNREALIZED_PNL_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_V1_PNL_CHANGE_EVENT: ClassVar[ProtoOAPayloadType]
    PROTO_OA_V1_PNL_CHANGE_SUBSCRIBE_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_V1_PNL_CHANGE_SUBSCRIBE_RES: ClassVar[ProtoOAPayloadType]
    PROTO_OA_V1_PNL_CHANGE_UN_SUBSCRIBE_REQ: ClassVar[ProtoOAPayloadType]
    PROTO_OA_V1_PNL_CHANGE_UN_SUBSCRIBE_RES: ClassVar[ProtoOAPayloadType]

class ProtoOADayOfWeek(int, metaclass=EnumTypeWrapper):
    NONE: ClassVar[ProtoOADayOfWeek]
    MONDAY: ClassVar[ProtoOADayOfWeek]
    TUESDAY: ClassVar[ProtoOADayOfWeek]
    WEDNESDAY: ClassVar[ProtoOADayOfWeek]
    THURSDAY: ClassVar[ProtoOADayOfWeek]
    FRIDAY: ClassVar[ProtoOADayOfWeek]
    SATURDAY: ClassVar[ProtoOADayOfWeek]
    SUNDAY: ClassVar[ProtoOADayOfWeek]

class ProtoOACommissionType(int, metaclass=EnumTypeWrapper):
    USD_PER_MILLION_USD: ClassVar[ProtoOACommissionType]
    USD_PER_LOT: ClassVar[ProtoOACommissionType]
    PERCENTAGE_OF_VALUE: ClassVar[ProtoOACommissionType]
    QUOTE_CCY_PER_LOT: ClassVar[ProtoOACommissionType]

class ProtoOASymbolDistanceType(int, metaclass=EnumTypeWrapper):
    SYMBOL_DISTANCE_IN_POINTS: ClassVar[ProtoOASymbolDistanceType]
    SYMBOL_DISTANCE_IN_PERCENTAGE: ClassVar[ProtoOASymbolDistanceType]

class ProtoOAMinCommissionType(int, metaclass=EnumTypeWrapper):
    CURRENCY: ClassVar[ProtoOAMinCommissionType]
    QUOTE_CURRENCY: ClassVar[ProtoOAMinCommissionType]

class ProtoOATradingMode(int, metaclass=EnumTypeWrapper):
    ENABLED: ClassVar[ProtoOATradingMode]
    DISABLED_WITHOUT_PENDINGS_EXECUTION: ClassVar[ProtoOATradingMode]
    DISABLED_WITH_PENDINGS_EXECUTION: ClassVar[ProtoOATradingMode]
    CLOSE_ONLY_MODE: ClassVar[ProtoOATradingMode]

class ProtoOASwapCalculationType(int, metaclass=EnumTypeWrapper):
    PIPS: ClassVar[ProtoOASwapCalculationType]
    PERCENTAGE: ClassVar[ProtoOASwapCalculationType]
    POINTS: ClassVar[ProtoOASwapCalculationType]

class ProtoOAAccessRights(int, metaclass=EnumTypeWrapper):
    FULL_ACCESS: ClassVar[ProtoOAAccessRights]
    CLOSE_ONLY: ClassVar[ProtoOAAccessRights]
    NO_TRADING: ClassVar[ProtoOAAccessRights]
    NO_LOGIN: ClassVar[ProtoOAAccessRights]

class ProtoOATotalMarginCalculationType(int, metaclass=EnumTypeWrapper):
    MAX: ClassVar[ProtoOATotalMarginCalculationType]
    SUM: ClassVar[ProtoOATotalMarginCalculationType]
    NET: ClassVar[ProtoOATotalMarginCalculationType]

class ProtoOAAccountType(int, metaclass=EnumTypeWrapper):
    HEDGED: ClassVar[ProtoOAAccountType]
    NETTED: ClassVar[ProtoOAAccountType]
    SPREAD_BETTING: ClassVar[ProtoOAAccountType]

class ProtoOAPositionStatus(int, metaclass=EnumTypeWrapper):
    POSITION_STATUS_OPEN: ClassVar[ProtoOAPositionStatus]
    POSITION_STATUS_CLOSED: ClassVar[ProtoOAPositionStatus]
    POSITION_STATUS_CREATED: ClassVar[ProtoOAPositionStatus]
    POSITION_STATUS_ERROR: ClassVar[ProtoOAPositionStatus]

class ProtoOATradeSide(int, metaclass=EnumTypeWrapper):
    BUY: ClassVar[ProtoOATradeSide]
    SELL: ClassVar[ProtoOATradeSide]

class ProtoOAOrderType(int, metaclass=EnumTypeWrapper):
    MARKET: ClassVar[ProtoOAOrderType]
    LIMIT: ClassVar[ProtoOAOrderType]
    STOP: ClassVar[ProtoOAOrderType]
    STOP_LOSS_TAKE_PROFIT: ClassVar[ProtoOAOrderType]
    MARKET_RANGE: ClassVar[ProtoOAOrderType]
    STOP_LIMIT: ClassVar[ProtoOAOrderType]

class ProtoOATimeInForce(int, metaclass=EnumTypeWrapper):
    GOOD_TILL_DATE: ClassVar[ProtoOATimeInForce]
    GOOD_TILL_CANCEL: ClassVar[ProtoOATimeInForce]
    IMMEDIATE_OR_CANCEL: ClassVar[ProtoOATimeInForce]
    FILL_OR_KILL: ClassVar[ProtoOATimeInForce]
    MARKET_ON_OPEN: ClassVar[ProtoOATimeInForce]

class ProtoOAOrderStatus(int, metaclass=EnumTypeWrapper):
    ORDER_STATUS_ACCEPTED: ClassVar[ProtoOAOrderStatus]
    ORDER_STATUS_FILLED: ClassVar[ProtoOAOrderStatus]
    ORDER_STATUS_REJECTED: ClassVar[ProtoOAOrderStatus]
    ORDER_STATUS_EXPIRED: ClassVar[ProtoOAOrderStatus]
    ORDER_STATUS_CANCELLED: ClassVar[ProtoOAOrderStatus]

class ProtoOAOrderTriggerMethod(int, metaclass=EnumTypeWrapper):
    TRADE: ClassVar[ProtoOAOrderTriggerMethod]
    OPPOSITE: ClassVar[ProtoOAOrderTriggerMethod]
    DOUBLE_TRADE: ClassVar[ProtoOAOrderTriggerMethod]
    DOUBLE_OPPOSITE: ClassVar[ProtoOAOrderTriggerMethod]

class ProtoOAExecutionType(int, metaclass=EnumTypeWrapper):
    ORDER_ACCEPTED: ClassVar[ProtoOAExecutionType]
    ORDER_FILLED: ClassVar[ProtoOAExecutionType]
    ORDER_REPLACED: ClassVar[ProtoOAExecutionType]
    ORDER_CANCELLED: ClassVar[ProtoOAExecutionType]
    ORDER_EXPIRED: ClassVar[ProtoOAExecutionType]
    ORDER_REJECTED: ClassVar[ProtoOAExecutionType]
    ORDER_CANCEL_REJECTED: ClassVar[ProtoOAExecutionType]
    SWAP: ClassVar[ProtoOAExecutionType]
    DEPOSIT_WITHDRAW: ClassVar[ProtoOAExecutionType]
    ORDER_PARTIAL_FILL: ClassVar[ProtoOAExecutionType]
    BONUS_DEPOSIT_WITHDRAW: ClassVar[ProtoOAExecutionType]

class ProtoOAChangeBonusType(int, metaclass=EnumTypeWrapper):
    BONUS_DEPOSIT: ClassVar[ProtoOAChangeBonusType]
    BONUS_WITHDRAW: ClassVar[ProtoOAChangeBonusType]

class ProtoOAChangeBalanceType(int, metaclass=EnumTypeWrapper):
    BALANCE_DEPOSIT: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_STRATEGY_COMMISSION_INNER: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_STRATEGY_COMMISSION_INNER: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_IB_COMMISSIONS: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_IB_SHARED_PERCENTAGE: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_IB_SHARED_PERCENTAGE_FROM_SUB_IB: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_IB_SHARED_PERCENTAGE_FROM_BROKER: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_REBATE: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_REBATE: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_STRATEGY_COMMISSION_OUTER: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_STRATEGY_COMMISSION_OUTER: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_BONUS_COMPENSATION: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_IB_SHARED_PERCENTAGE_TO_BROKER: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_DIVIDENDS: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_DIVIDENDS: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_GSL_CHARGE: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_ROLLOVER: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_NONWITHDRAWABLE_BONUS: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_NONWITHDRAWABLE_BONUS: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_SWAP: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_SWAP: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_MANAGEMENT_FEE: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_MANAGEMENT_FEE: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_PERFORMANCE_FEE: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_FOR_SUBACCOUNT: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_TO_SUBACCOUNT: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_FROM_SUBACCOUNT: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_FROM_SUBACCOUNT: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_COPY_FEE: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_INACTIVITY_FEE: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_TRANSFER: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_WITHDRAW_TRANSFER: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_CONVERTED_BONUS: ClassVar[ProtoOAChangeBalanceType]
    BALANCE_DEPOSIT_NEGATIVE_BALANCE_PROTECTION: ClassVar[ProtoOAChangeBalanceType]

class ProtoOADealStatus(int, metaclass=EnumTypeWrapper):
    FILLED: ClassVar[ProtoOADealStatus]
    PARTIALLY_FILLED: ClassVar[ProtoOADealStatus]
    REJECTED: ClassVar[ProtoOADealStatus]
    INTERNALLY_REJECTED: ClassVar[ProtoOADealStatus]
    ERROR: ClassVar[ProtoOADealStatus]
    MISSED: ClassVar[ProtoOADealStatus]

class ProtoOATrendbarPeriod(int, metaclass=EnumTypeWrapper):
    M1: ClassVar[ProtoOATrendbarPeriod]
    M2: ClassVar[ProtoOATrendbarPeriod]
    M3: ClassVar[ProtoOATrendbarPeriod]
    M4: ClassVar[ProtoOATrendbarPeriod]
    M5: ClassVar[ProtoOATrendbarPeriod]
    M10: ClassVar[ProtoOATrendbarPeriod]
    M15: ClassVar[ProtoOATrendbarPeriod]
    M30: ClassVar[ProtoOATrendbarPeriod]
    H1: ClassVar[ProtoOATrendbarPeriod]
    H4: ClassVar[ProtoOATrendbarPeriod]
    H12: ClassVar[ProtoOATrendbarPeriod]
    D1: ClassVar[ProtoOATrendbarPeriod]
    W1: ClassVar[ProtoOATrendbarPeriod]
    MN1: ClassVar[ProtoOATrendbarPeriod]

class ProtoOAQuoteType(int, metaclass=EnumTypeWrapper):
    BID: ClassVar[ProtoOAQuoteType]
    ASK: ClassVar[ProtoOAQuoteType]

class ProtoOAClientPermissionScope(int, metaclass=EnumTypeWrapper):
    SCOPE_VIEW: ClassVar[ProtoOAClientPermissionScope]
    SCOPE_TRADE: ClassVar[ProtoOAClientPermissionScope]

class ProtoOANotificationType(int, metaclass=EnumTypeWrapper):
    MARGIN_LEVEL_THRESHOLD_1: ClassVar[ProtoOANotificationType]
    MARGIN_LEVEL_THRESHOLD_2: ClassVar[ProtoOANotificationType]
    MARGIN_LEVEL_THRESHOLD_3: ClassVar[ProtoOANotificationType]

class ProtoOAErrorCode(int, metaclass=EnumTypeWrapper):
    OA_AUTH_TOKEN_EXPIRED: ClassVar[ProtoOAErrorCode]
    ACCOUNT_NOT_AUTHORIZED: ClassVar[ProtoOAErrorCode]
    RET_NO_SUCH_LOGIN: ClassVar[ProtoOAErrorCode]
    ALREADY_LOGGED_IN: ClassVar[ProtoOAErrorCode]
    RET_ACCOUNT_DISABLED: ClassVar[ProtoOAErrorCode]
    CH_CLIENT_AUTH_FAILURE: ClassVar[ProtoOAErrorCode]
    CH_CLIENT_NOT_AUTHENTICATED: ClassVar[ProtoOAErrorCode]
    CH_CLIENT_ALREADY_AUTHENTICATED: ClassVar[ProtoOAErrorCode]
    CH_ACCESS_TOKEN_INVALID: ClassVar[ProtoOAErrorCode]
    CH_SERVER_NOT_REACHABLE: ClassVar[ProtoOAErrorCode]
    CH_CTID_TRADER_ACCOUNT_NOT_FOUND: ClassVar[ProtoOAErrorCode]
    CH_OA_CLIENT_NOT_FOUND: ClassVar[ProtoOAErrorCode]
    REQUEST_FREQUENCY_EXCEEDED: ClassVar[ProtoOAErrorCode]
    SERVER_IS_UNDER_MAINTENANCE: ClassVar[ProtoOAErrorCode]
    CHANNEL_IS_BLOCKED: ClassVar[ProtoOAErrorCode]
    CONNECTIONS_LIMIT_EXCEEDED: ClassVar[ProtoOAErrorCode]
    WORSE_GSL_NOT_ALLOWED: ClassVar[ProtoOAErrorCode]
    SYMBOL_HAS_HOLIDAY: ClassVar[ProtoOAErrorCode]
    NOT_SUBSCRIBED_TO_SPOTS: ClassVar[ProtoOAErrorCode]
    ALREADY_SUBSCRIBED: ClassVar[ProtoOAErrorCode]
    SYMBOL_NOT_FOUND: ClassVar[ProtoOAErrorCode]
    UNKNOWN_SYMBOL: ClassVar[ProtoOAErrorCode]
    INCORRECT_BOUNDARIES: ClassVar[ProtoOAErrorCode]
    NO_QUOTES: ClassVar[ProtoOAErrorCode]
    NOT_ENOUGH_MONEY: ClassVar[ProtoOAErrorCode]
    MAX_EXPOSURE_REACHED: ClassVar[ProtoOAErrorCode]
    POSITION_NOT_FOUND: ClassVar[ProtoOAErrorCode]
    ORDER_NOT_FOUND: ClassVar[ProtoOAErrorCode]
    POSITION_NOT_OPEN: ClassVar[ProtoOAErrorCode]
    POSITION_LOCKED: ClassVar[ProtoOAErrorCode]
    TOO_MANY_POSITIONS: ClassVar[ProtoOAErrorCode]
    TRADING_BAD_VOLUME: ClassVar[ProtoOAErrorCode]
    TRADING_BAD_STOPS: ClassVar[ProtoOAErrorCode]
    TRADING_BAD_PRICES: ClassVar[ProtoOAErrorCode]
    TRADING_BAD_STAKE: ClassVar[ProtoOAErrorCode]
    PROTECTION_IS_TOO_CLOSE_TO_MARKET: ClassVar[ProtoOAErrorCode]
    TRADING_BAD_EXPIRATION_DATE: ClassVar[ProtoOAErrorCode]
    PENDING_EXECUTION: ClassVar[ProtoOAErrorCode]
    TRADING_DISABLED: ClassVar[ProtoOAErrorCode]
    TRADING_NOT_ALLOWED: ClassVar[ProtoOAErrorCode]
    UNABLE_TO_CANCEL_ORDER: ClassVar[ProtoOAErrorCode]
    UNABLE_TO_AMEND_ORDER: ClassVar[ProtoOAErrorCode]
    SHORT_SELLING_NOT_ALLOWED: ClassVar[ProtoOAErrorCode]
    NOT_SUBSCRIBED_TO_PNL: ClassVar[ProtoOAErrorCode]

class ProtoOALimitedRiskMarginCalculationStrategy(int, metaclass=EnumTypeWrapper):
    ACCORDING_TO_LEVERAGE: ClassVar[ProtoOALimitedRiskMarginCalculationStrategy]
    ACCORDING_TO_GSL: ClassVar[ProtoOALimitedRiskMarginCalculationStrategy]
    ACCORDING_TO_GSL_AND_LEVERAGE: ClassVar[ProtoOALimitedRiskMarginCalculationStrategy]

class ProtoOAStopOutStrategy(int, metaclass=EnumTypeWrapper):
    MOST_MARGIN_USED_FIRST: ClassVar[ProtoOAStopOutStrategy]
    MOST_LOSING_FIRST: ClassVar[ProtoOAStopOutStrategy]

class ProtoOAAsset(Message):
    assetId: int
    name: str
    displayName: str
    digits: int
    def __init__(
        self,
        *,
        assetId: int | None = ...,
        name: str | None = ...,
        displayName: str | None = ...,
        digits: int | None = ...,
    ) -> None: ...

class ProtoOASymbol(Message):
    symbolId: int
    digits: int
    pipPosition: int
    enableShortSelling: bool
    guaranteedStopLoss: bool
    swapRollover3Days: ProtoOADayOfWeek
    swapLong: float
    swapShort: float
    maxVolume: int
    minVolume: int
    stepVolume: int
    maxExposure: int
    @property
    def schedule(self) -> RepeatedCompositeFieldContainer[ProtoOAInterval]: ...
    commission: int
    commissionType: ProtoOACommissionType
    slDistance: int
    tpDistance: int
    gslDistance: int
    gslCharge: int
    distanceSetIn: ProtoOASymbolDistanceType
    minCommission: int
    minCommissionType: ProtoOAMinCommissionType
    minCommissionAsset: str
    rolloverCommission: int
    skipRolloverDays: int
    scheduleTimeZone: str
    tradingMode: ProtoOATradingMode
    rolloverCommission3Days: ProtoOADayOfWeek
    swapCalculationType: ProtoOASwapCalculationType
    lotSize: int
    preciseTradingCommissionRate: int
    preciseMinCommission: int
    @property
    def holiday(self) -> RepeatedCompositeFieldContainer[ProtoOAHoliday]: ...
    pnlConversionFeeRate: int
    leverageId: int
    swapPeriod: int
    swapTime: int
    skipSWAPPeriods: int
    chargeSwapAtWeekends: bool
    measurementUnits: str
    def __init__(
        self,
        *,
        symbolId: int | None = ...,
        digits: int | None = ...,
        pipPosition: int | None = ...,
        enableShortSelling: bool | None = ...,
        guaranteedStopLoss: bool | None = ...,
        swapRollover3Days: ProtoOADayOfWeek | None = ...,
        swapLong: float | None = ...,
        swapShort: float | None = ...,
        maxVolume: int | None = ...,
        minVolume: int | None = ...,
        stepVolume: int | None = ...,
        maxExposure: int | None = ...,
        schedule: Iterable[ProtoOAInterval] | None = ...,
        commission: int | None = ...,
        commissionType: ProtoOACommissionType | None = ...,
        slDistance: int | None = ...,
        tpDistance: int | None = ...,
        gslDistance: int | None = ...,
        gslCharge: int | None = ...,
        distanceSetIn: ProtoOASymbolDistanceType | None = ...,
        minCommission: int | None = ...,
        minCommissionType: ProtoOAMinCommissionType | None = ...,
        minCommissionAsset: str | None = ...,
        rolloverCommission: int | None = ...,
        skipRolloverDays: int | None = ...,
        scheduleTimeZone: str | None = ...,
        tradingMode: ProtoOATradingMode | None = ...,
        rolloverCommission3Days: ProtoOADayOfWeek | None = ...,
        swapCalculationType: ProtoOASwapCalculationType | None = ...,
        lotSize: int | None = ...,
        preciseTradingCommissionRate: int | None = ...,
        preciseMinCommission: int | None = ...,
        holiday: Iterable[ProtoOAHoliday] | None = ...,
        pnlConversionFeeRate: int | None = ...,
        leverageId: int | None = ...,
        swapPeriod: int | None = ...,
        swapTime: int | None = ...,
        skipSWAPPeriods: int | None = ...,
        chargeSwapAtWeekends: bool | None = ...,
        measurementUnits: str | None = ...,
    ) -> None: ...

class ProtoOALightSymbol(Message):
    symbolId: int
    symbolName: str
    enabled: bool
    baseAssetId: int
    quoteAssetId: int
    symbolCategoryId: int
    description: str
    sortingNumber: float
    def __init__(
        self,
        *,
        symbolId: int | None = ...,
        symbolName: str | None = ...,
        enabled: bool | None = ...,
        baseAssetId: int | None = ...,
        quoteAssetId: int | None = ...,
        symbolCategoryId: int | None = ...,
        description: str | None = ...,
        sortingNumber: float | None = ...,
    ) -> None: ...

class ProtoOAArchivedSymbol(Message):
    symbolId: int
    name: str
    utcLastUpdateTimestamp: int
    description: str
    def __init__(
        self,
        *,
        symbolId: int | None = ...,
        name: str | None = ...,
        utcLastUpdateTimestamp: int | None = ...,
        description: str | None = ...,
    ) -> None: ...

class ProtoOASymbolCategory(Message):
    id: int
    assetClassId: int
    name: str
    sortingNumber: float
    def __init__(
        self,
        *,
        id: int | None = ...,
        assetClassId: int | None = ...,
        name: str | None = ...,
        sortingNumber: float | None = ...,
    ) -> None: ...

class ProtoOAInterval(Message):
    startSecond: int
    endSecond: int
    def __init__(
        self,
        *,
        startSecond: int | None = ...,
        endSecond: int | None = ...,
    ) -> None: ...

class ProtoOATrader(Message):
    ctidTraderAccountId: int
    balance: int
    balanceVersion: int
    managerBonus: int
    ibBonus: int
    nonWithdrawableBonus: int
    accessRights: ProtoOAAccessRights
    depositAssetId: int
    swapFree: bool
    leverageInCents: int
    totalMarginCalculationType: ProtoOATotalMarginCalculationType
    maxLeverage: int
    frenchRisk: bool
    traderLogin: int
    accountType: ProtoOAAccountType
    brokerName: str
    registrationTimestamp: int
    isLimitedRisk: bool
    limitedRiskMarginCalculationStrategy: ProtoOALimitedRiskMarginCalculationStrategy
    moneyDigits: int
    fairStopOut: bool
    stopOutStrategy: ProtoOAStopOutStrategy
    def __init__(
        self,
        *,
        ctidTraderAccountId: int | None = ...,
        balance: int | None = ...,
        balanceVersion: int | None = ...,
        managerBonus: int | None = ...,
        ibBonus: int | None = ...,
        nonWithdrawableBonus: int | None = ...,
        accessRights: ProtoOAAccessRights | None = ...,
        depositAssetId: int | None = ...,
        swapFree: bool | None = ...,
        leverageInCents: int | None = ...,
        totalMarginCalculationType: ProtoOATotalMarginCalculationType | None = ...,
        maxLeverage: int | None = ...,
        frenchRisk: bool | None = ...,
        traderLogin: int | None = ...,
        accountType: ProtoOAAccountType | None = ...,
        brokerName: str | None = ...,
        registrationTimestamp: int | None = ...,
        isLimitedRisk: bool | None = ...,
        limitedRiskMarginCalculationStrategy: ProtoOALimitedRiskMarginCalculationStrategy | None = ...,
        moneyDigits: int | None = ...,
        fairStopOut: bool | None = ...,
        stopOutStrategy: ProtoOAStopOutStrategy | None = ...,
    ) -> None: ...

class ProtoOAPosition(Message):
    positionId: int
    @property
    def tradeData(self) -> ProtoOATradeData: ...
    positionStatus: ProtoOAPositionStatus
    swap: int
    price: float
    stopLoss: float
    takeProfit: float
    utcLastUpdateTimestamp: int
    commission: int
    marginRate: float
    mirroringCommission: int
    guaranteedStopLoss: bool
    usedMargin: int
    stopLossTriggerMethod: ProtoOAOrderTriggerMethod
    moneyDigits: int
    trailingStopLoss: bool
    def __init__(
        self,
        *,
        positionId: int | None = ...,
        tradeData: ProtoOATradeData | None = ...,
        positionStatus: ProtoOAPositionStatus | None = ...,
        swap: int | None = ...,
        price: float | None = ...,
        stopLoss: float | None = ...,
        takeProfit: float | None = ...,
        utcLastUpdateTimestamp: int | None = ...,
        commission: int | None = ...,
        marginRate: float | None = ...,
        mirroringCommission: int | None = ...,
        guaranteedStopLoss: bool | None = ...,
        usedMargin: int | None = ...,
        stopLossTriggerMethod: ProtoOAOrderTriggerMethod | None = ...,
        moneyDigits: int | None = ...,
        trailingStopLoss: bool | None = ...,
    ) -> None: ...

class ProtoOATradeData(Message):
    symbolId: int
    volume: int
    tradeSide: ProtoOATradeSide
    openTimestamp: int
    label: str
    guaranteedStopLoss: bool
    comment: str
    measurementUnits: str
    closeTimestamp: int
    def __init__(
        self,
        *,
        symbolId: int | None = ...,
        volume: int | None = ...,
        tradeSide: ProtoOATradeSide | None = ...,
        openTimestamp: int | None = ...,
        label: str | None = ...,
        guaranteedStopLoss: bool | None = ...,
        comment: str | None = ...,
        measurementUnits: str | None = ...,
        closeTimestamp: int | None = ...,
    ) -> None: ...

class ProtoOAOrder(Message):
    orderId: int
    @property
    def tradeData(self) -> ProtoOATradeData: ...
    orderType: ProtoOAOrderType
    orderStatus: ProtoOAOrderStatus
    expirationTimestamp: int
    executionPrice: float
    executedVolume: int
    utcLastUpdateTimestamp: int
    baseSlippagePrice: float
    slippageInPoints: int
    closingOrder: bool
    limitPrice: float
    stopPrice: float
    stopLoss: float
    takeProfit: float
    clientOrderId: str
    timeInForce: ProtoOATimeInForce
    positionId: int
    relativeStopLoss: int
    relativeTakeProfit: int
    isStopOut: bool
    trailingStopLoss: bool
    stopTriggerMethod: ProtoOAOrderTriggerMethod
    def __init__(
        self,
        *,
        orderId: int | None = ...,
        tradeData: ProtoOATradeData | None = ...,
        orderType: ProtoOAOrderType | None = ...,
        orderStatus: ProtoOAOrderStatus | None = ...,
        expirationTimestamp: int | None = ...,
        executionPrice: float | None = ...,
        executedVolume: int | None = ...,
        utcLastUpdateTimestamp: int | None = ...,
        baseSlippagePrice: float | None = ...,
        slippageInPoints: int | None = ...,
        closingOrder: bool | None = ...,
        limitPrice: float | None = ...,
        stopPrice: float | None = ...,
        stopLoss: float | None = ...,
        takeProfit: float | None = ...,
        clientOrderId: str | None = ...,
        timeInForce: ProtoOATimeInForce | None = ...,
        positionId: int | None = ...,
        relativeStopLoss: int | None = ...,
        relativeTakeProfit: int | None = ...,
        isStopOut: bool | None = ...,
        trailingStopLoss: bool | None = ...,
        stopTriggerMethod: ProtoOAOrderTriggerMethod | None = ...,
    ) -> None: ...

class ProtoOABonusDepositWithdraw(Message):
    operationType: ProtoOAChangeBonusType
    bonusHistoryId: int
    managerBonus: int
    managerDelta: int
    ibBonus: int
    ibDelta: int
    changeBonusTimestamp: int
    externalNote: str
    introducingBrokerId: int
    moneyDigits: int
    def __init__(
        self,
        *,
        operationType: ProtoOAChangeBonusType | None = ...,
        bonusHistoryId: int | None = ...,
        managerBonus: int | None = ...,
        managerDelta: int | None = ...,
        ibBonus: int | None = ...,
        ibDelta: int | None = ...,
        changeBonusTimestamp: int | None = ...,
        externalNote: str | None = ...,
        introducingBrokerId: int | None = ...,
        moneyDigits: int | None = ...,
    ) -> None: ...

class ProtoOADepositWithdraw(Message):
    operationType: ProtoOAChangeBalanceType
    balanceHistoryId: int
    balance: int
    delta: int
    changeBalanceTimestamp: int
    externalNote: str
    balanceVersion: int
    equity: int
    moneyDigits: int
    def __init__(
        self,
        *,
        operationType: ProtoOAChangeBalanceType | None = ...,
        balanceHistoryId: int | None = ...,
        balance: int | None = ...,
        delta: int | None = ...,
        changeBalanceTimestamp: int | None = ...,
        externalNote: str | None = ...,
        balanceVersion: int | None = ...,
        equity: int | None = ...,
        moneyDigits: int | None = ...,
    ) -> None: ...

class ProtoOADeal(Message):
    dealId: int
    orderId: int
    positionId: int
    volume: int
    filledVolume: int
    symbolId: int
    createTimestamp: int
    executionTimestamp: int
    utcLastUpdateTimestamp: int
    executionPrice: float
    tradeSide: ProtoOATradeSide
    dealStatus: ProtoOADealStatus
    marginRate: float
    commission: int
    baseToUsdConversionRate: float
    @property
    def closePositionDetail(self) -> ProtoOAClosePositionDetail: ...
    moneyDigits: int
    def __init__(
        self,
        *,
        dealId: int | None = ...,
        orderId: int | None = ...,
        positionId: int | None = ...,
        volume: int | None = ...,
        filledVolume: int | None = ...,
        symbolId: int | None = ...,
        createTimestamp: int | None = ...,
        executionTimestamp: int | None = ...,
        utcLastUpdateTimestamp: int | None = ...,
        executionPrice: float | None = ...,
        tradeSide: ProtoOATradeSide | None = ...,
        dealStatus: ProtoOADealStatus | None = ...,
        marginRate: float | None = ...,
        commission: int | None = ...,
        baseToUsdConversionRate: float | None = ...,
        closePositionDetail: ProtoOAClosePositionDetail | None = ...,
        moneyDigits: int | None = ...,
    ) -> None: ...

class ProtoOADealOffset(Message):
    dealId: int
    volume: int
    executionTimestamp: int
    executionPrice: float
    def __init__(
        self,
        *,
        dealId: int | None = ...,
        volume: int | None = ...,
        executionTimestamp: int | None = ...,
        executionPrice: float | None = ...,
    ) -> None: ...

class ProtoOAClosePositionDetail(Message):
    entryPrice: float
    grossProfit: int
    swap: int
    commission: int
    balance: int
    quoteToDepositConversionRate: float
    closedVolume: int
    balanceVersion: int
    moneyDigits: int
    pnlConversionFee: int
    def __init__(
        self,
        *,
        entryPrice: float | None = ...,
        grossProfit: int | None = ...,
        swap: int | None = ...,
        commission: int | None = ...,
        balance: int | None = ...,
        quoteToDepositConversionRate: float | None = ...,
        closedVolume: int | None = ...,
        balanceVersion: int | None = ...,
        moneyDigits: int | None = ...,
        pnlConversionFee: int | None = ...,
    ) -> None: ...

class ProtoOATrendbar(Message):
    volume: int
    period: ProtoOATrendbarPeriod
    low: int
    deltaOpen: int
    deltaClose: int
    deltaHigh: int
    utcTimestampInMinutes: int
    def __init__(
        self,
        *,
        volume: int | None = ...,
        period: ProtoOATrendbarPeriod | None = ...,
        low: int | None = ...,
        deltaOpen: int | None = ...,
        deltaClose: int | None = ...,
        deltaHigh: int | None = ...,
        utcTimestampInMinutes: int | None = ...,
    ) -> None: ...

class ProtoOAExpectedMargin(Message):
    volume: int
    buyMargin: int
    sellMargin: int
    def __init__(
        self,
        *,
        volume: int | None = ...,
        buyMargin: int | None = ...,
        sellMargin: int | None = ...,
    ) -> None: ...

class ProtoOATickData(Message):
    timestamp: int
    tick: int
    def __init__(
        self,
        *,
        timestamp: int | None = ...,
        tick: int | None = ...,
    ) -> None: ...

class ProtoOACtidProfile(Message):
    userId: int
    def __init__(
        self,
        *,
        userId: int | None = ...,
    ) -> None: ...

class ProtoOACtidTraderAccount(Message):
    ctidTraderAccountId: int
    isLive: bool
    traderLogin: int
    lastClosingDealTimestamp: int
    lastBalanceUpdateTimestamp: int
    brokerTitleShort: str
    def __init__(
        self,
        *,
        ctidTraderAccountId: int | None = ...,
        isLive: bool | None = ...,
        traderLogin: int | None = ...,
        lastClosingDealTimestamp: int | None = ...,
        lastBalanceUpdateTimestamp: int | None = ...,
        brokerTitleShort: str | None = ...,
    ) -> None: ...

class ProtoOAAssetClass(Message):
    id: int
    name: str
    sortingNumber: float
    def __init__(
        self,
        *,
        id: int | None = ...,
        name: str | None = ...,
        sortingNumber: float | None = ...,
    ) -> None: ...

class ProtoOADepthQuote(Message):
    id: int
    size: int
    bid: int
    ask: int
    def __init__(
        self,
        *,
        id: int | None = ...,
        size: int | None = ...,
        bid: int | None = ...,
        ask: int | None = ...,
    ) -> None: ...

class ProtoOAMarginCall(Message):
    marginCallType: ProtoOANotificationType
    marginLevelThreshold: float
    utcLastUpdateTimestamp: int
    def __init__(
        self,
        *,
        marginCallType: ProtoOANotificationType | None = ...,
        marginLevelThreshold: float | None = ...,
        utcLastUpdateTimestamp: int | None = ...,
    ) -> None: ...

class ProtoOAHoliday(Message):
    holidayId: int
    name: str
    description: str
    scheduleTimeZone: str
    holidayDate: int
    isRecurring: bool
    startSecond: int
    endSecond: int
    def __init__(
        self,
        *,
        holidayId: int | None = ...,
        name: str | None = ...,
        description: str | None = ...,
        scheduleTimeZone: str | None = ...,
        holidayDate: int | None = ...,
        isRecurring: bool | None = ...,
        startSecond: int | None = ...,
        endSecond: int | None = ...,
    ) -> None: ...

class ProtoOADynamicLeverage(Message):
    leverageId: int
    @property
    def tiers(self) -> RepeatedCompositeFieldContainer[ProtoOADynamicLeverageTier]: ...
    def __init__(
        self,
        *,
        leverageId: int | None = ...,
        tiers: Iterable[ProtoOADynamicLeverageTier] | None = ...,
    ) -> None: ...

class ProtoOADynamicLeverageTier(Message):
    volume: int
    leverage: int
    def __init__(
        self,
        *,
        volume: int | None = ...,
        leverage: int | None = ...,
    ) -> None: ...

class ProtoOAPositionUnrealizedPnL(Message):
    positionId: int
    grossUnrealizedPnL: int
    netUnrealizedPnL: int
    def __init__(
        self,
        *,
        positionId: int | None = ...,
        grossUnrealizedPnL: int | None = ...,
        netUnrealizedPnL: int | None = ...,
    ) -> None: ...

class ProtoOAApplicationAuthReq(Request[ProtoOAApplicationAuthRes]):
    payloadType: ProtoOAPayloadType
    clientId: str
    clientSecret: str
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        clientId: str | None = ...,
        clientSecret: str | None = ...,
    ) -> None: ...

class ProtoOAApplicationAuthRes(Message):
    payloadType: ProtoOAPayloadType
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
    ) -> None: ...

class ProtoOAAccountAuthReq(Request[ProtoOAAccountAuthRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    accessToken: str
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        accessToken: str | None = ...,
    ) -> None: ...

class ProtoOAAccountAuthRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAErrorRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    errorCode: str
    description: str
    maintenanceEndTimestamp: int
    retryAfter: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        errorCode: str | None = ...,
        description: str | None = ...,
        maintenanceEndTimestamp: int | None = ...,
        retryAfter: int | None = ...,
    ) -> None: ...

class ProtoOAClientDisconnectEvent(Message):
    payloadType: ProtoOAPayloadType
    reason: str
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        reason: str | None = ...,
    ) -> None: ...

class ProtoOAAccountsTokenInvalidatedEvent(Message):
    payloadType: ProtoOAPayloadType
    @property
    def ctidTraderAccountIds(self) -> RepeatedScalarFieldContainer[int]: ...
    reason: str
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountIds: Iterable[int] | None = ...,
        reason: str | None = ...,
    ) -> None: ...

class ProtoOAVersionReq(Request[ProtoOAVersionRes]):
    payloadType: ProtoOAPayloadType
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
    ) -> None: ...

class ProtoOAVersionRes(Message):
    payloadType: ProtoOAPayloadType
    version: str
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        version: str | None = ...,
    ) -> None: ...

class ProtoOANewOrderReq(Request[ProtoOAExecutionEvent]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    symbolId: int
    orderType: ProtoOAOrderType
    tradeSide: ProtoOATradeSide
    volume: int
    limitPrice: float
    stopPrice: float
    timeInForce: ProtoOATimeInForce
    expirationTimestamp: int
    stopLoss: float
    takeProfit: float
    comment: str
    baseSlippagePrice: float
    slippageInPoints: int
    label: str
    positionId: int
    clientOrderId: str
    relativeStopLoss: int
    relativeTakeProfit: int
    guaranteedStopLoss: bool
    trailingStopLoss: bool
    stopTriggerMethod: ProtoOAOrderTriggerMethod
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolId: int | None = ...,
        orderType: ProtoOAOrderType | None = ...,
        tradeSide: ProtoOATradeSide | None = ...,
        volume: int | None = ...,
        limitPrice: float | None = ...,
        stopPrice: float | None = ...,
        timeInForce: ProtoOATimeInForce | None = ...,
        expirationTimestamp: int | None = ...,
        stopLoss: float | None = ...,
        takeProfit: float | None = ...,
        comment: str | None = ...,
        baseSlippagePrice: float | None = ...,
        slippageInPoints: int | None = ...,
        label: str | None = ...,
        positionId: int | None = ...,
        clientOrderId: str | None = ...,
        relativeStopLoss: int | None = ...,
        relativeTakeProfit: int | None = ...,
        guaranteedStopLoss: bool | None = ...,
        trailingStopLoss: bool | None = ...,
        stopTriggerMethod: ProtoOAOrderTriggerMethod | None = ...,
    ) -> None: ...

class ProtoOAExecutionEvent(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    executionType: ProtoOAExecutionType
    @property
    def position(self) -> ProtoOAPosition: ...
    @property
    def order(self) -> ProtoOAOrder: ...
    @property
    def deal(self) -> ProtoOADeal: ...
    @property
    def bonusDepositWithdraw(self) -> ProtoOABonusDepositWithdraw: ...
    @property
    def depositWithdraw(self) -> ProtoOADepositWithdraw: ...
    errorCode: str
    isServerEvent: bool
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        executionType: ProtoOAExecutionType | None = ...,
        position: ProtoOAPosition | None = ...,
        order: ProtoOAOrder | None = ...,
        deal: ProtoOADeal | None = ...,
        bonusDepositWithdraw: ProtoOABonusDepositWithdraw | None = ...,
        depositWithdraw: ProtoOADepositWithdraw | None = ...,
        errorCode: str | None = ...,
        isServerEvent: bool | None = ...,
    ) -> None: ...

class ProtoOACancelOrderReq(Request[ProtoOAExecutionEvent]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    orderId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        orderId: int | None = ...,
    ) -> None: ...

class ProtoOAAmendOrderReq(Request[ProtoOAExecutionEvent]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    orderId: int
    volume: int
    limitPrice: float
    stopPrice: float
    expirationTimestamp: int
    stopLoss: float
    takeProfit: float
    slippageInPoints: int
    relativeStopLoss: int
    relativeTakeProfit: int
    guaranteedStopLoss: bool
    trailingStopLoss: bool
    stopTriggerMethod: ProtoOAOrderTriggerMethod
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        orderId: int | None = ...,
        volume: int | None = ...,
        limitPrice: float | None = ...,
        stopPrice: float | None = ...,
        expirationTimestamp: int | None = ...,
        stopLoss: float | None = ...,
        takeProfit: float | None = ...,
        slippageInPoints: int | None = ...,
        relativeStopLoss: int | None = ...,
        relativeTakeProfit: int | None = ...,
        guaranteedStopLoss: bool | None = ...,
        trailingStopLoss: bool | None = ...,
        stopTriggerMethod: ProtoOAOrderTriggerMethod | None = ...,
    ) -> None: ...

class ProtoOAAmendPositionSLTPReq(Request[ProtoOAExecutionEvent]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    positionId: int
    stopLoss: float
    takeProfit: float
    guaranteedStopLoss: bool
    trailingStopLoss: bool
    stopLossTriggerMethod: ProtoOAOrderTriggerMethod
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        positionId: int | None = ...,
        stopLoss: float | None = ...,
        takeProfit: float | None = ...,
        guaranteedStopLoss: bool | None = ...,
        trailingStopLoss: bool | None = ...,
        stopLossTriggerMethod: ProtoOAOrderTriggerMethod | None = ...,
    ) -> None: ...

class ProtoOAClosePositionReq(Request[ProtoOAExecutionEvent]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    positionId: int
    volume: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        positionId: int | None = ...,
        volume: int | None = ...,
    ) -> None: ...

class ProtoOATrailingSLChangedEvent(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    positionId: int
    orderId: int
    stopPrice: float
    utcLastUpdateTimestamp: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        positionId: int | None = ...,
        orderId: int | None = ...,
        stopPrice: float | None = ...,
        utcLastUpdateTimestamp: int | None = ...,
    ) -> None: ...

class ProtoOAAssetListReq(Request[ProtoOAAssetListRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAAssetListRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def asset(self) -> RepeatedCompositeFieldContainer[ProtoOAAsset]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        asset: Iterable[ProtoOAAsset] | None = ...,
    ) -> None: ...

class ProtoOASymbolsListReq(Request[ProtoOASymbolsListRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    includeArchivedSymbols: bool
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        includeArchivedSymbols: bool | None = ...,
    ) -> None: ...

class ProtoOASymbolsListRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def symbol(self) -> RepeatedCompositeFieldContainer[ProtoOALightSymbol]: ...
    @property
    def archivedSymbol(self) -> RepeatedCompositeFieldContainer[ProtoOAArchivedSymbol]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbol: Iterable[ProtoOALightSymbol] | None = ...,
        archivedSymbol: Iterable[ProtoOAArchivedSymbol] | None = ...,
    ) -> None: ...

class ProtoOASymbolByIdReq(Request[ProtoOASymbolByIdRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def symbolId(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolId: Iterable[int] | None = ...,
    ) -> None: ...

class ProtoOASymbolByIdRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def symbol(self) -> RepeatedCompositeFieldContainer[ProtoOASymbol]: ...
    @property
    def archivedSymbol(self) -> RepeatedCompositeFieldContainer[ProtoOAArchivedSymbol]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbol: Iterable[ProtoOASymbol] | None = ...,
        archivedSymbol: Iterable[ProtoOAArchivedSymbol] | None = ...,
    ) -> None: ...

class ProtoOASymbolsForConversionReq(Request[ProtoOASymbolsForConversionRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    firstAssetId: int
    lastAssetId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        firstAssetId: int | None = ...,
        lastAssetId: int | None = ...,
    ) -> None: ...

class ProtoOASymbolsForConversionRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def symbol(self) -> RepeatedCompositeFieldContainer[ProtoOALightSymbol]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbol: Iterable[ProtoOALightSymbol] | None = ...,
    ) -> None: ...

class ProtoOASymbolChangedEvent(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def symbolId(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolId: Iterable[int] | None = ...,
    ) -> None: ...

class ProtoOAAssetClassListReq(Request[ProtoOAAssetClassListRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAAssetClassListRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def assetClass(self) -> RepeatedCompositeFieldContainer[ProtoOAAssetClass]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        assetClass: Iterable[ProtoOAAssetClass] | None = ...,
    ) -> None: ...

class ProtoOATraderReq(Request[ProtoOATraderRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOATraderRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def trader(self) -> ProtoOATrader: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        trader: ProtoOATrader | None = ...,
    ) -> None: ...

class ProtoOATraderUpdatedEvent(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def trader(self) -> ProtoOATrader: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        trader: ProtoOATrader | None = ...,
    ) -> None: ...

class ProtoOAReconcileReq(Request[ProtoOAReconcileRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    returnProtectionOrders: bool
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        returnProtectionOrders: bool | None = ...,
    ) -> None: ...

class ProtoOAReconcileRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def position(self) -> RepeatedCompositeFieldContainer[ProtoOAPosition]: ...
    @property
    def order(self) -> RepeatedCompositeFieldContainer[ProtoOAOrder]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        position: Iterable[ProtoOAPosition] | None = ...,
        order: Iterable[ProtoOAOrder] | None = ...,
    ) -> None: ...

class ProtoOAOrderErrorEvent(Message):
    payloadType: ProtoOAPayloadType
    errorCode: str
    orderId: int
    ctidTraderAccountId: int
    positionId: int
    description: str
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        errorCode: str | None = ...,
        orderId: int | None = ...,
        ctidTraderAccountId: int | None = ...,
        positionId: int | None = ...,
        description: str | None = ...,
    ) -> None: ...

class ProtoOADealListReq(Request[ProtoOADealListRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    fromTimestamp: int
    toTimestamp: int
    maxRows: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        fromTimestamp: int | None = ...,
        toTimestamp: int | None = ...,
        maxRows: int | None = ...,
    ) -> None: ...

class ProtoOADealListRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def deal(self) -> RepeatedCompositeFieldContainer[ProtoOADeal]: ...
    hasMore: bool
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        deal: Iterable[ProtoOADeal] | None = ...,
        hasMore: bool | None = ...,
    ) -> None: ...

class ProtoOAOrderListReq(Request[ProtoOAOrderListRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    fromTimestamp: int
    toTimestamp: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        fromTimestamp: int | None = ...,
        toTimestamp: int | None = ...,
    ) -> None: ...

class ProtoOAOrderListRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def order(self) -> RepeatedCompositeFieldContainer[ProtoOAOrder]: ...
    hasMore: bool
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        order: Iterable[ProtoOAOrder] | None = ...,
        hasMore: bool | None = ...,
    ) -> None: ...

class ProtoOAExpectedMarginReq(Request[ProtoOAExpectedMarginRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    symbolId: int
    @property
    def volume(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolId: int | None = ...,
        volume: Iterable[int] | None = ...,
    ) -> None: ...

class ProtoOAExpectedMarginRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def margin(self) -> RepeatedCompositeFieldContainer[ProtoOAExpectedMargin]: ...
    moneyDigits: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        margin: Iterable[ProtoOAExpectedMargin] | None = ...,
        moneyDigits: int | None = ...,
    ) -> None: ...

class ProtoOAMarginChangedEvent(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    positionId: int
    usedMargin: int
    moneyDigits: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        positionId: int | None = ...,
        usedMargin: int | None = ...,
        moneyDigits: int | None = ...,
    ) -> None: ...

class ProtoOACashFlowHistoryListReq(Request[ProtoOACashFlowHistoryListRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    fromTimestamp: int
    toTimestamp: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        fromTimestamp: int | None = ...,
        toTimestamp: int | None = ...,
    ) -> None: ...

class ProtoOACashFlowHistoryListRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def depositWithdraw(self) -> RepeatedCompositeFieldContainer[ProtoOADepositWithdraw]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        depositWithdraw: Iterable[ProtoOADepositWithdraw] | None = ...,
    ) -> None: ...

class ProtoOAGetAccountListByAccessTokenReq(Request[ProtoOAGetAccountListByAccessTokenRes]):
    payloadType: ProtoOAPayloadType
    accessToken: str
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        accessToken: str | None = ...,
    ) -> None: ...

class ProtoOAGetAccountListByAccessTokenRes(Message):
    payloadType: ProtoOAPayloadType
    accessToken: str
    permissionScope: ProtoOAClientPermissionScope
    @property
    def ctidTraderAccount(self) -> RepeatedCompositeFieldContainer[ProtoOACtidTraderAccount]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        accessToken: str | None = ...,
        permissionScope: ProtoOAClientPermissionScope | None = ...,
        ctidTraderAccount: Iterable[ProtoOACtidTraderAccount] | None = ...,
    ) -> None: ...

class ProtoOARefreshTokenReq(Request[ProtoOARefreshTokenRes]):
    payloadType: ProtoOAPayloadType
    refreshToken: str
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        refreshToken: str | None = ...,
    ) -> None: ...

class ProtoOARefreshTokenRes(Message):
    payloadType: ProtoOAPayloadType
    accessToken: str
    tokenType: str
    expiresIn: int
    refreshToken: str
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        accessToken: str | None = ...,
        tokenType: str | None = ...,
        expiresIn: int | None = ...,
        refreshToken: str | None = ...,
    ) -> None: ...

class ProtoOASubscribeSpotsReq(Request[ProtoOASubscribeSpotsRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def symbolId(self) -> RepeatedScalarFieldContainer[int]: ...
    subscribeToSpotTimestamp: bool
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolId: Iterable[int] | None = ...,
        subscribeToSpotTimestamp: bool | None = ...,
    ) -> None: ...

class ProtoOASubscribeSpotsRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAUnsubscribeSpotsReq(Request[ProtoOAUnsubscribeSpotsRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def symbolId(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolId: Iterable[int] | None = ...,
    ) -> None: ...

class ProtoOAUnsubscribeSpotsRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOASpotEvent(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    symbolId: int
    bid: int
    ask: int
    @property
    def trendbar(self) -> RepeatedCompositeFieldContainer[ProtoOATrendbar]: ...
    sessionClose: int
    timestamp: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolId: int | None = ...,
        bid: int | None = ...,
        ask: int | None = ...,
        trendbar: Iterable[ProtoOATrendbar] | None = ...,
        sessionClose: int | None = ...,
        timestamp: int | None = ...,
    ) -> None: ...

class ProtoOASubscribeLiveTrendbarReq(Request[ProtoOASubscribeLiveTrendbarRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    period: ProtoOATrendbarPeriod
    symbolId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        period: ProtoOATrendbarPeriod | None = ...,
        symbolId: int | None = ...,
    ) -> None: ...

class ProtoOASubscribeLiveTrendbarRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAUnsubscribeLiveTrendbarReq(Request[ProtoOAUnsubscribeLiveTrendbarRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    period: ProtoOATrendbarPeriod
    symbolId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        period: ProtoOATrendbarPeriod | None = ...,
        symbolId: int | None = ...,
    ) -> None: ...

class ProtoOAUnsubscribeLiveTrendbarRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAGetTrendbarsReq(Request[ProtoOAGetTrendbarsRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    fromTimestamp: int
    toTimestamp: int
    period: ProtoOATrendbarPeriod
    symbolId: int
    count: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        fromTimestamp: int | None = ...,
        toTimestamp: int | None = ...,
        period: ProtoOATrendbarPeriod | None = ...,
        symbolId: int | None = ...,
        count: int | None = ...,
    ) -> None: ...

class ProtoOAGetTrendbarsRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    period: ProtoOATrendbarPeriod
    timestamp: int
    @property
    def trendbar(self) -> RepeatedCompositeFieldContainer[ProtoOATrendbar]: ...
    symbolId: int
    hasMore: bool
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        period: ProtoOATrendbarPeriod | None = ...,
        timestamp: int | None = ...,
        trendbar: Iterable[ProtoOATrendbar] | None = ...,
        symbolId: int | None = ...,
        hasMore: bool | None = ...,
    ) -> None: ...

class ProtoOAGetTickDataReq(Request[ProtoOAGetTickDataRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    symbolId: int
    type: ProtoOAQuoteType
    fromTimestamp: int
    toTimestamp: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolId: int | None = ...,
        type: ProtoOAQuoteType | None = ...,
        fromTimestamp: int | None = ...,
        toTimestamp: int | None = ...,
    ) -> None: ...

class ProtoOAGetTickDataRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def tickData(self) -> RepeatedCompositeFieldContainer[ProtoOATickData]: ...
    hasMore: bool
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        tickData: Iterable[ProtoOATickData] | None = ...,
        hasMore: bool | None = ...,
    ) -> None: ...

class ProtoOAGetCtidProfileByTokenReq(Request[ProtoOAGetCtidProfileByTokenRes]):
    payloadType: ProtoOAPayloadType
    accessToken: str
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        accessToken: str | None = ...,
    ) -> None: ...

class ProtoOAGetCtidProfileByTokenRes(Message):
    payloadType: ProtoOAPayloadType
    @property
    def profile(self) -> ProtoOACtidProfile: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        profile: ProtoOACtidProfile | None = ...,
    ) -> None: ...

class ProtoOADepthEvent(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    symbolId: int
    @property
    def newQuotes(self) -> RepeatedCompositeFieldContainer[ProtoOADepthQuote]: ...
    @property
    def deletedQuotes(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolId: int | None = ...,
        newQuotes: Iterable[ProtoOADepthQuote] | None = ...,
        deletedQuotes: Iterable[int] | None = ...,
    ) -> None: ...

class ProtoOASubscribeDepthQuotesReq(Request[ProtoOASubscribeDepthQuotesRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def symbolId(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolId: Iterable[int] | None = ...,
    ) -> None: ...

class ProtoOASubscribeDepthQuotesRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAUnsubscribeDepthQuotesReq(Request[ProtoOAUnsubscribeDepthQuotesRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def symbolId(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolId: Iterable[int] | None = ...,
    ) -> None: ...

class ProtoOAUnsubscribeDepthQuotesRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOASymbolCategoryListReq(Request[ProtoOASymbolCategoryListRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOASymbolCategoryListRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def symbolCategory(self) -> RepeatedCompositeFieldContainer[ProtoOASymbolCategory]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        symbolCategory: Iterable[ProtoOASymbolCategory] | None = ...,
    ) -> None: ...

class ProtoOAAccountLogoutReq(Request[ProtoOAAccountLogoutRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAAccountLogoutRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAAccountDisconnectEvent(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAMarginCallListReq(Request[ProtoOAMarginCallListRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAMarginCallListRes(Message):
    payloadType: ProtoOAPayloadType
    @property
    def marginCall(self) -> RepeatedCompositeFieldContainer[ProtoOAMarginCall]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        marginCall: Iterable[ProtoOAMarginCall] | None = ...,
    ) -> None: ...

class ProtoOAMarginCallUpdateReq(Request[ProtoOAMarginCallUpdateRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def marginCall(self) -> ProtoOAMarginCall: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        marginCall: ProtoOAMarginCall | None = ...,
    ) -> None: ...

class ProtoOAMarginCallUpdateRes(Message):
    payloadType: ProtoOAPayloadType
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
    ) -> None: ...

class ProtoOAMarginCallUpdateEvent(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def marginCall(self) -> ProtoOAMarginCall: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        marginCall: ProtoOAMarginCall | None = ...,
    ) -> None: ...

class ProtoOAMarginCallTriggerEvent(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def marginCall(self) -> ProtoOAMarginCall: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        marginCall: ProtoOAMarginCall | None = ...,
    ) -> None: ...

class ProtoOAGetDynamicLeverageByIDReq(Request[ProtoOAGetDynamicLeverageByIDRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    leverageId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        leverageId: int | None = ...,
    ) -> None: ...

class ProtoOAGetDynamicLeverageByIDRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def leverage(self) -> ProtoOADynamicLeverage: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        leverage: ProtoOADynamicLeverage | None = ...,
    ) -> None: ...

class ProtoOADealListByPositionIdReq(Request[ProtoOADealListByPositionIdRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    positionId: int
    fromTimestamp: int
    toTimestamp: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        positionId: int | None = ...,
        fromTimestamp: int | None = ...,
        toTimestamp: int | None = ...,
    ) -> None: ...

class ProtoOADealListByPositionIdRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def deal(self) -> RepeatedCompositeFieldContainer[ProtoOADeal]: ...
    hasMore: bool
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        deal: Iterable[ProtoOADeal] | None = ...,
        hasMore: bool | None = ...,
    ) -> None: ...

class ProtoOAOrderDetailsReq(Request[ProtoOAOrderDetailsRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    orderId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        orderId: int | None = ...,
    ) -> None: ...

class ProtoOAOrderDetailsRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def order(self) -> ProtoOAOrder: ...
    @property
    def deal(self) -> RepeatedCompositeFieldContainer[ProtoOADeal]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        order: ProtoOAOrder | None = ...,
        deal: Iterable[ProtoOADeal] | None = ...,
    ) -> None: ...

class ProtoOAOrderListByPositionIdReq(Request[ProtoOAOrderListByPositionIdRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    positionId: int
    fromTimestamp: int
    toTimestamp: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        positionId: int | None = ...,
        fromTimestamp: int | None = ...,
        toTimestamp: int | None = ...,
    ) -> None: ...

class ProtoOAOrderListByPositionIdRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def order(self) -> RepeatedCompositeFieldContainer[ProtoOAOrder]: ...
    hasMore: bool
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        order: Iterable[ProtoOAOrder] | None = ...,
        hasMore: bool | None = ...,
    ) -> None: ...

class ProtoOADealOffsetListReq(Request[ProtoOADealOffsetListRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    dealId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        dealId: int | None = ...,
    ) -> None: ...

class ProtoOADealOffsetListRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def offsetBy(self) -> RepeatedCompositeFieldContainer[ProtoOADealOffset]: ...
    @property
    def offsetting(self) -> RepeatedCompositeFieldContainer[ProtoOADealOffset]: ...
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        offsetBy: Iterable[ProtoOADealOffset] | None = ...,
        offsetting: Iterable[ProtoOADealOffset] | None = ...,
    ) -> None: ...

class ProtoOAGetPositionUnrealizedPnLReq(Request[ProtoOAGetPositionUnrealizedPnLRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAGetPositionUnrealizedPnLRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    @property
    def positionUnrealizedPnL(self) -> RepeatedCompositeFieldContainer[ProtoOAPositionUnrealizedPnL]: ...
    moneyDigits: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        positionUnrealizedPnL: Iterable[ProtoOAPositionUnrealizedPnL] | None = ...,
        moneyDigits: int | None = ...,
    ) -> None: ...

class ProtoOAv1PnLChangeEvent(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    grossUnrealizedPnL: int
    netUnrealizedPnL: int
    moneyDigits: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
        grossUnrealizedPnL: int | None = ...,
        netUnrealizedPnL: int | None = ...,
        moneyDigits: int | None = ...,
    ) -> None: ...

class ProtoOAv1PnLChangeSubscribeReq(Request[ProtoOAv1PnLChangeSubscribeRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAv1PnLChangeSubscribeRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAv1PnLChangeUnSubscribeReq(Request[ProtoOAv1PnLChangeUnSubscribeRes]):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

class ProtoOAv1PnLChangeUnSubscribeRes(Message):
    payloadType: ProtoOAPayloadType
    ctidTraderAccountId: int
    def __init__(
        self,
        *,
        payloadType: ProtoOAPayloadType | None = ...,
        ctidTraderAccountId: int | None = ...,
    ) -> None: ...

__all__ = [
    "ProtoErrorCode",
    "ProtoErrorRes",
    "ProtoHeartbeatEvent",
    "ProtoMessage",
    "ProtoOAAccessRights",
    "ProtoOAAccountAuthReq",
    "ProtoOAAccountAuthRes",
    "ProtoOAAccountDisconnectEvent",
    "ProtoOAAccountLogoutReq",
    "ProtoOAAccountLogoutRes",
    "ProtoOAAccountType",
    "ProtoOAAccountsTokenInvalidatedEvent",
    "ProtoOAAmendOrderReq",
    "ProtoOAAmendPositionSLTPReq",
    "ProtoOAApplicationAuthReq",
    "ProtoOAApplicationAuthRes",
    "ProtoOAArchivedSymbol",
    "ProtoOAAsset",
    "ProtoOAAssetClass",
    "ProtoOAAssetClassListReq",
    "ProtoOAAssetClassListRes",
    "ProtoOAAssetListReq",
    "ProtoOAAssetListRes",
    "ProtoOABonusDepositWithdraw",
    "ProtoOACancelOrderReq",
    "ProtoOACashFlowHistoryListReq",
    "ProtoOACashFlowHistoryListRes",
    "ProtoOAChangeBalanceType",
    "ProtoOAChangeBonusType",
    "ProtoOAClientDisconnectEvent",
    "ProtoOAClientPermissionScope",
    "ProtoOAClosePositionDetail",
    "ProtoOAClosePositionReq",
    "ProtoOACommissionType",
    "ProtoOACtidProfile",
    "ProtoOACtidTraderAccount",
    "ProtoOADayOfWeek",
    "ProtoOADeal",
    "ProtoOADealListByPositionIdReq",
    "ProtoOADealListByPositionIdRes",
    "ProtoOADealListReq",
    "ProtoOADealListRes",
    "ProtoOADealOffset",
    "ProtoOADealOffsetListReq",
    "ProtoOADealOffsetListRes",
    "ProtoOADealStatus",
    "ProtoOADepositWithdraw",
    "ProtoOADepthEvent",
    "ProtoOADepthQuote",
    "ProtoOADynamicLeverage",
    "ProtoOADynamicLeverageTier",
    "ProtoOAErrorCode",
    "ProtoOAErrorRes",
    "ProtoOAExecutionEvent",
    "ProtoOAExecutionType",
    "ProtoOAExpectedMargin",
    "ProtoOAExpectedMarginReq",
    "ProtoOAExpectedMarginRes",
    "ProtoOAGetAccountListByAccessTokenReq",
    "ProtoOAGetAccountListByAccessTokenRes",
    "ProtoOAGetCtidProfileByTokenReq",
    "ProtoOAGetCtidProfileByTokenRes",
    "ProtoOAGetDynamicLeverageByIDReq",
    "ProtoOAGetDynamicLeverageByIDRes",
    "ProtoOAGetPositionUnrealizedPnLReq",
    "ProtoOAGetPositionUnrealizedPnLRes",
    "ProtoOAGetTickDataReq",
    "ProtoOAGetTickDataRes",
    "ProtoOAGetTrendbarsReq",
    "ProtoOAGetTrendbarsRes",
    "ProtoOAHoliday",
    "ProtoOAInterval",
    "ProtoOALightSymbol",
    "ProtoOALimitedRiskMarginCalculationStrategy",
    "ProtoOAMarginCall",
    "ProtoOAMarginCallListReq",
    "ProtoOAMarginCallListRes",
    "ProtoOAMarginCallTriggerEvent",
    "ProtoOAMarginCallUpdateEvent",
    "ProtoOAMarginCallUpdateReq",
    "ProtoOAMarginCallUpdateRes",
    "ProtoOAMarginChangedEvent",
    "ProtoOAMinCommissionType",
    "ProtoOANewOrderReq",
    "ProtoOANotificationType",
    "ProtoOAOrder",
    "ProtoOAOrderDetailsReq",
    "ProtoOAOrderDetailsRes",
    "ProtoOAOrderErrorEvent",
    "ProtoOAOrderListByPositionIdReq",
    "ProtoOAOrderListByPositionIdRes",
    "ProtoOAOrderListReq",
    "ProtoOAOrderListRes",
    "ProtoOAOrderStatus",
    "ProtoOAOrderTriggerMethod",
    "ProtoOAOrderType",
    "ProtoOAPayloadType",
    "ProtoOAPosition",
    "ProtoOAPositionStatus",
    "ProtoOAPositionUnrealizedPnL",
    "ProtoOAQuoteType",
    "ProtoOAReconcileReq",
    "ProtoOAReconcileRes",
    "ProtoOARefreshTokenReq",
    "ProtoOARefreshTokenRes",
    "ProtoOASpotEvent",
    "ProtoOAStopOutStrategy",
    "ProtoOASubscribeDepthQuotesReq",
    "ProtoOASubscribeDepthQuotesRes",
    "ProtoOASubscribeLiveTrendbarReq",
    "ProtoOASubscribeLiveTrendbarRes",
    "ProtoOASubscribeSpotsReq",
    "ProtoOASubscribeSpotsRes",
    "ProtoOASwapCalculationType",
    "ProtoOASymbol",
    "ProtoOASymbolByIdReq",
    "ProtoOASymbolByIdRes",
    "ProtoOASymbolCategory",
    "ProtoOASymbolCategoryListReq",
    "ProtoOASymbolCategoryListRes",
    "ProtoOASymbolChangedEvent",
    "ProtoOASymbolDistanceType",
    "ProtoOASymbolsForConversionReq",
    "ProtoOASymbolsForConversionRes",
    "ProtoOASymbolsListReq",
    "ProtoOASymbolsListRes",
    "ProtoOATickData",
    "ProtoOATimeInForce",
    "ProtoOATotalMarginCalculationType",
    "ProtoOATradeData",
    "ProtoOATradeSide",
    "ProtoOATrader",
    "ProtoOATraderReq",
    "ProtoOATraderRes",
    "ProtoOATraderUpdatedEvent",
    "ProtoOATradingMode",
    "ProtoOATrailingSLChangedEvent",
    "ProtoOATrendbar",
    "ProtoOATrendbarPeriod",
    "ProtoOAUnsubscribeDepthQuotesReq",
    "ProtoOAUnsubscribeDepthQuotesRes",
    "ProtoOAUnsubscribeLiveTrendbarReq",
    "ProtoOAUnsubscribeLiveTrendbarRes",
    "ProtoOAUnsubscribeSpotsReq",
    "ProtoOAUnsubscribeSpotsRes",
    "ProtoOAVersionReq",
    "ProtoOAVersionRes",
    "ProtoOAv1PnLChangeEvent",
    "ProtoOAv1PnLChangeSubscribeReq",
    "ProtoOAv1PnLChangeSubscribeRes",
    "ProtoOAv1PnLChangeUnSubscribeReq",
    "ProtoOAv1PnLChangeUnSubscribeRes",
    "ProtoPayloadType",
    "Request",
]
