"""
How the simulated server behaves where the real one leaves a choice.
"""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from ctrader_twisted.framing import MAX_FRAME

__all__ = ["BarsWithoutSpots", "RotationMoment", "RotationOrder", "Settings", "TierRule"]


class BarsWithoutSpots(Enum):
    """
    What a subscription to live trendbars without one to spots draws: one of two errors, named by its code, or an
    answer after which no bar ever comes. All three were reported of the real servers.
    """

    NOT_SUBSCRIBED = "NOT_SUBSCRIBED_TO_SPOTS"
    INVALID = "INVALID_REQUEST"
    ACCEPT = "accept"


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
    @ivar maxConnections: connections of one application at a time.
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
    @ivar pendingFillsAreServerEvents: whether the execution of an order that has waited counts as the server's doing.
    @ivar cleanUpIsServerEvent: whether the end of the protection of a closed position does.
    @ivar firstProtectionIsServerEvent: whether the first protection of a position, which a request asks for, does.
    @ivar amendmentsReset: whether a change of an order ends levels, trailing and expiration that it leaves out.
    @ivar trailsByPip: whether a trailing stop loss moves by whole pips, and not with each better price.
    @ivar withdrawalsAreNegative: whether the delta of a withdrawal is below zero.
    @ivar balanceUpdatesTrader: whether each change of a balance is told by a trader update, too.
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
    maxConnections: int = 25
    tokenLifetime: int = 2_628_000
    codeLifetime: float = 60.0
    tokenErrorStatus: int = 400
    echoState: bool = False
    rotationOrder: RotationOrder = RotationOrder.INVALIDATED_FIRST
    rotationMoment: RotationMoment = RotationMoment.AFTER_ANSWER
    refreshNeedsApplication: bool = True
    grantsReplace: bool = False
    grantLimit: int = 50
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
    pendingFillsAreServerEvents: bool = True
    cleanUpIsServerEvent: bool = True
    firstProtectionIsServerEvent: bool = False
    amendmentsReset: bool = True
    trailsByPip: bool = False
    withdrawalsAreNegative: bool = True
    balanceUpdatesTrader: bool = False
    clientOrderIdsAreUnique: bool = False
    barsWithoutSpots: BarsWithoutSpots = BarsWithoutSpots.NOT_SUBSCRIBED
    barChunk: int = 5_000
    tickChunk: int = 5_000
    dealChunk: int = 10_000
    historyLimit: int = 10_000
    seenLimit: int = 1_000
