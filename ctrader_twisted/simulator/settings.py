"""
How the simulated server behaves where the real one leaves a choice.
"""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from ctrader_twisted.framing import MAX_FRAME

__all__ = [
    "BarsWithoutSpots",
    "CloseLocked",
    "MoreFlag",
    "NotAuthorised",
    "RateRefusal",
    "RotationMoment",
    "RotationOrder",
    "SecondLogin",
    "Settings",
    "TierRule",
    "UnknownClient",
    "UnknownSymbol",
    "UnknownSymbols",
    "ViewOnly",
]


class BarsWithoutSpots(Enum):
    """
    What a subscription to live trendbars without one to spots draws: one of two errors, named by its code, or an
    answer after which no bar ever comes. All three were reported of the real servers.
    """

    NOT_SUBSCRIBED = "NOT_SUBSCRIBED_TO_SPOTS"
    INVALID = "INVALID_REQUEST"
    ACCEPT = "accept"


class MoreFlag(Enum):
    """
    What a page of trendbars or ticks says of whether there is more: the truth; or always that there is, until a page is
    empty; or never.
    """

    TRUE = "true"
    ALWAYS = "always"
    NEVER = "never"


class RotationOrder(Enum):
    """
    In which order clients hear that a token has died: the event that names the token's accounts, and the end of each
    account's session.
    """

    INVALIDATED_FIRST = "invalidated first"
    DISCONNECTED_FIRST = "disconnected first"


class RotationMoment(Enum):
    """
    When clients hear that a token has died of a refresh: before or after the answer to the refresh, over the protocol
    and over HTTP alike. An answer over HTTP that a fault delays or loses counts as given.
    """

    AFTER_ANSWER = "after the answer"
    BEFORE_ANSWER = "before the answer"


class UnknownClient(Enum):
    """
    The code of the refusal of an application that does not exist.
    """

    AUTH_FAILURE = "CH_CLIENT_AUTH_FAILURE"
    NOT_FOUND = "CH_OA_CLIENT_NOT_FOUND"


class SecondLogin(Enum):
    """
    The code of the refusal of a second application login on a connection.
    """

    ALREADY_AUTHENTICATED = "CH_CLIENT_ALREADY_AUTHENTICATED"
    ALREADY_LOGGED_IN = "ALREADY_LOGGED_IN"


class NotAuthorised(Enum):
    """
    The code of the refusal of a request for an account that is not logged in on its connection.
    """

    INVALID = "INVALID_REQUEST"
    ACCOUNT = "ACCOUNT_NOT_AUTHORIZED"
    UNSUPPORTED = "UNSUPPORTED_MESSAGE"


class ViewOnly(Enum):
    """
    The code of the refusal of a request to trade with a token that permits looking only.
    """

    INVALID = "INVALID_REQUEST"
    NOT_ALLOWED = "TRADING_NOT_ALLOWED"


class RateRefusal(Enum):
    """
    The code of the refusal of a request that is one too many. The second one names the seconds for which requests of
    that type are refused from then on.
    """

    FREQUENCY = "REQUEST_FREQUENCY_EXCEEDED"
    BLOCKED = "BLOCKED_PAYLOAD_TYPE"


class UnknownSymbol(Enum):
    """
    The code of the refusal of a symbol that does not exist; the schema has two, which mean the same.
    """

    NOT_FOUND = "SYMBOL_NOT_FOUND"
    UNKNOWN = "UNKNOWN_SYMBOL"


class UnknownSymbols(Enum):
    """
    When a request for the specifications of symbols is refused, of which some do not exist; otherwise they are left
    out of the answer.
    """

    IF_ALL = "if all are unknown"
    IF_ANY = "if any is unknown"
    NEVER = "never"


class CloseLocked(Enum):
    """
    The code of the refusal of a close while another one is under way.
    """

    LOCKED = "POSITION_LOCKED"
    PENDING = "PENDING_EXECUTION"


class TierRule(Enum):
    """
    How a table of dynamic leverage is read: each slice of an exposure has the leverage of its own tier, as with a tax;
    or the whole exposure has that of the tier in which it ends.
    """

    SLICES = "slices"
    WHOLE = "whole"


@frozen(kw_only=True)
class Settings:
    """
    The limits and delays of a simulated server. The defaults are what is known, or assumed, of the real one.

    @ivar loginLimit: seconds from the connection to the application's login, after which the server closes.
    @ivar idleLimit: seconds without a frame from the client, after which the server closes.
    @ivar heartbeatInterval: seconds without a frame to the client, after which the server sends a heartbeat.
    @ivar closeGrace: seconds that a client may take to answer the end of the connection before it is aborted.
    @ivar maxFrame: the longest frame that is taken, in bytes.
    @ivar maxBacklog: bytes that may wait for a client which does not read, before the connection is aborted.
    @ivar generalRate: requests a second on one connection that are not historical.
    @ivar historicalRate: historical requests a second on one connection.
    @ivar ratePerApplication: whether the rates hold for all connections of an application together.
    @ivar heartbeatsCount: whether heartbeats count as requests.
    @ivar reportsCountAsHistory: whether the lists of orders, of a position's deals and of offsets, and the details of
        an order, count as historical; the list of deals does in any case.
    @ivar rateRefusal: how a request that is one too many is refused.
    @ivar blockSeconds: for how long a type of request is blocked then, if it is.
    @ivar blockRestarts: whether a request that is sent meanwhile makes the block last as long again.
    @ivar maxConnections: connections of one application at a time.
    @ivar version: what the server says of its version.
    @ivar unknownClient: how an application that does not exist is refused.
    @ivar secondLogin: how a second login of an application is refused.
    @ivar notAuthorised: how a request for an account that is not logged in is refused.
    @ivar viewOnly: how a request to trade is refused where the token permits looking only.
    @ivar marginCallsNeedTrade: whether changing a margin call needs permission to trade.
    @ivar unknownSymbol: how a symbol that does not exist is refused.
    @ivar unknownSymbols: when a request for several symbols is refused of which some do not exist.
    @ivar emptyListRefused: whether a list of no symbols is refused.
    @ivar snapshotFirst: whether the first prices of a subscription come before the answer to its request.
    @ivar sessionCloses: whether the first price of a subscription, and of a trading day, comes with the last bid of the
        day before.
    @ivar mixedBatchFails: whether a subscription to several symbols fails as a whole if there is one to some already.
    @ivar unsubscribeRefused: whether ending a subscription that is not there is refused.
    @ivar weekEnforced: whether the span of ticks, deals and orders may be a week at most.
    @ivar barSpansEnforced: whether the span of trendbars is limited by their period.
    @ivar zeroStartRefused: whether the list of a position's deals may not begin at 0.
    @ivar ordersByUpdate: whether lists of orders choose by the last change of an order, and not by its beginning.
    @ivar newestFirst: whether lists of deals, orders, deposits and withdrawals begin with the newest.
    @ivar ticksSubtract: whether the times of ticks come as positive differences, to be subtracted.
    @ivar shortPages: whether a page of trendbars may be a bar short, though there are more.
    @ivar tornPages: whether a page of ticks may end in the middle of a millisecond.
    @ivar moreFlag: what a page of trendbars or ticks says of whether there is more.
    @ivar flatHighs: whether a trendbar that closes at its low is told with its low for its high, as a server did.
    @ivar tokenLifetime: seconds that an access token is good for.
    @ivar codeLifetime: seconds that an authorisation code is good for.
    @ivar tokenErrorStatus: the HTTP status of a refusal of the token service, 400 or 200.
    @ivar echoState: whether the address to which a browser is sent back repeats the C{state} of the request.
    @ivar rotationOrder: in which order clients hear that a token has died.
    @ivar rotationMoment: when they hear that it died of a refresh.
    @ivar refreshNeedsApplication: whether a refresh over the protocol needs an application's login on its connection.
    @ivar grantsReplace: whether access that a user grants to an application again ends what was granted before.
    @ivar grantLimit: how many grants of one user to one application are kept, without those that the simulation began
        with; the oldest ends when there is one more.
    @ivar closeLocked: how a close is refused while another one is under way.
    @ivar cancelRejectedByEvent: whether the cancellation of an order that is just being executed is rejected by an
        execution event, and not by an order error event.
    @ivar closeEndsProtection: whether the end of the protective order is told after a full close.
    @ivar flipNewId: whether a netted position that is turned round has a new id.
    @ivar formingBars: whether history holds the trendbar that is forming.
    @ivar fillLatency: seconds from the acceptance of a market order to its execution.
    @ivar protectionLatency: seconds from an execution to the order that protects the new position.
    @ivar positionLimit: positions of one account, open or waiting to be.
    @ivar stopOutLevel: the margin level, in percent, at which positions are closed.
    @ivar stopOutIsAccepted: whether a stop-out is told of by the acceptance of its order, and then by the deal.
    @ivar negativeBalanceProtection: whether a balance below zero is made up for once nothing is open any more.
    @ivar swapYear: the days of the year that a yearly swap in percent is divided by.
    @ivar tierRule: how tables of dynamic leverage are read.
    @ivar convertsAtBid: whether assets are converted at the bids of symbols, and not at the middle prices.
    @ivar feeRoundsAway: whether the fee for a conversion is rounded away from zero, and not to the nearest.
    @ivar acceptanceNamesPosition: whether the event that accepts an order names the empty position that it will open.
    @ivar absoluteLevelsAreOrderErrors: whether absolute levels on orders at the market draw an order error event, and
        not an error answer.
    @ivar digitsAreBadPrices: whether too many digits of a price are a bad price, and not an invalid request.
    @ivar reachedStopsTrigger: whether a stop order beyond the market is executed at once, and not refused.
    @ivar missIsRejected: whether an order that cannot be executed at all, and may not wait, ends as rejected, and not
        as cancelled.
    @ivar rejectionsHaveDeals: whether an order that a liquidity provider turns down has a deal that says so.
    @ivar pendingFillsAreServerEvents: whether the execution of an order that has waited counts as the server's doing.
    @ivar cleanUpIsServerEvent: whether the end of the protection of a closed position does.
    @ivar firstProtectionIsServerEvent: whether the first protection of a position, which a request asks for, does.
    @ivar amendmentsReset: whether a change of an order ends levels, trailing and expiration that it leaves out.
    @ivar trailsByPip: whether a trailing stop loss moves by whole pips, and not with each better price.
    @ivar withdrawalsAreNegative: whether the delta of a withdrawal is below zero.
    @ivar balanceUpdatesTrader: whether each change of a balance is told by a trader update, too.
    @ivar volumesAreStakes: whether the volumes of accounts for spread betting are stakes, in 1/100 of the deposit asset
        for each pip, in orders and in the specifications of symbols; and not what they are on other accounts.
    @ivar clientOrderIdsAreUnique: whether the id of an order that is remembered is refused for another one.
    @ivar barsWithoutSpots: what a subscription to live trendbars without one to spots draws.
    @ivar barChunk: the most trendbars in one answer.
    @ivar tickChunk: the most ticks in one answer.
    @ivar dealChunk: the most deals or orders in one answer.
    @ivar historyLimit: deals and ended orders that an account remembers, the newest of each.
    @ivar seenLimit: messages from clients that the exchange remembers for tests.
    """

    loginLimit: float = 30.0
    idleLimit: float = 30.0
    heartbeatInterval: float = 30.0
    closeGrace: float = 5.0
    maxFrame: int = MAX_FRAME
    maxBacklog: int = 16_000_000
    generalRate: int = 50
    historicalRate: int = 5
    ratePerApplication: bool = False
    heartbeatsCount: bool = False
    reportsCountAsHistory: bool = True
    rateRefusal: RateRefusal = RateRefusal.FREQUENCY
    blockSeconds: int = 5
    blockRestarts: bool = False
    maxConnections: int = 25
    version: str = "91"
    unknownClient: UnknownClient = UnknownClient.AUTH_FAILURE
    secondLogin: SecondLogin = SecondLogin.ALREADY_AUTHENTICATED
    notAuthorised: NotAuthorised = NotAuthorised.INVALID
    viewOnly: ViewOnly = ViewOnly.INVALID
    marginCallsNeedTrade: bool = True
    unknownSymbol: UnknownSymbol = UnknownSymbol.NOT_FOUND
    unknownSymbols: UnknownSymbols = UnknownSymbols.IF_ALL
    emptyListRefused: bool = True
    snapshotFirst: bool = False
    sessionCloses: bool = True
    mixedBatchFails: bool = True
    unsubscribeRefused: bool = False
    weekEnforced: bool = False
    barSpansEnforced: bool = False
    zeroStartRefused: bool = False
    ordersByUpdate: bool = True
    newestFirst: bool = True
    ticksSubtract: bool = False
    shortPages: bool = False
    tornPages: bool = False
    moreFlag: MoreFlag = MoreFlag.TRUE
    flatHighs: bool = False
    tokenLifetime: int = 2_628_000
    codeLifetime: float = 60.0
    tokenErrorStatus: int = 400
    echoState: bool = False
    rotationOrder: RotationOrder = RotationOrder.INVALIDATED_FIRST
    rotationMoment: RotationMoment = RotationMoment.AFTER_ANSWER
    refreshNeedsApplication: bool = True
    grantsReplace: bool = False
    grantLimit: int = 50
    closeLocked: CloseLocked = CloseLocked.LOCKED
    cancelRejectedByEvent: bool = True
    closeEndsProtection: bool = True
    flipNewId: bool = True
    formingBars: bool = True
    fillLatency: float = 0.14
    protectionLatency: float = 0.003
    positionLimit: int = 2_000
    stopOutLevel: float = 50.0
    stopOutIsAccepted: bool = True
    negativeBalanceProtection: bool = True
    swapYear: int = 360
    tierRule: TierRule = TierRule.SLICES
    convertsAtBid: bool = False
    feeRoundsAway: bool = True
    acceptanceNamesPosition: bool = True
    absoluteLevelsAreOrderErrors: bool = False
    digitsAreBadPrices: bool = False
    reachedStopsTrigger: bool = False
    missIsRejected: bool = False
    rejectionsHaveDeals: bool = True
    pendingFillsAreServerEvents: bool = True
    cleanUpIsServerEvent: bool = True
    firstProtectionIsServerEvent: bool = False
    amendmentsReset: bool = True
    trailsByPip: bool = False
    withdrawalsAreNegative: bool = True
    balanceUpdatesTrader: bool = False
    volumesAreStakes: bool = True
    clientOrderIdsAreUnique: bool = False
    barsWithoutSpots: BarsWithoutSpots = BarsWithoutSpots.NOT_SUBSCRIBED
    barChunk: int = 5_000
    tickChunk: int = 5_000
    dealChunk: int = 10_000
    historyLimit: int = 10_000
    seenLimit: int = 1_000
