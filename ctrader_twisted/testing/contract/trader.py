"""
Orders of the smallest volume, and everything that the server tells of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field
from google.protobuf.message import Message

from ctrader_twisted.schema.messages import (
    ProtoOAClosePositionReq,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOANewOrderReq,
    ProtoOAOrderType,
    ProtoOAReconcileReq,
    ProtoOAReconcileRes,
    ProtoOASpotEvent,
    ProtoOASubscribeSpotsReq,
    ProtoOATradeSide,
)
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.link import Link, codeOf, nameOf

__all__ = ["Course", "Trader", "kindOf"]

_PATIENCE = 20.0
_AFTERWARDS = 1.0
_CLOSED = (
    "MARKET_CLOSED",
    "SYMBOL_HAS_HOLIDAY",
    "NO_QUOTES",
    "TRADING_DISABLED",
    "TRADING_NOT_ALLOWED",
    "NOT_ENOUGH_MONEY",
    "TOO_MANY_POSITIONS",
    "MAX_EXPOSURE_REACHED",
    "CHANNEL_IS_BLOCKED",
)
_SCALE = 100_000

Kind = ProtoOAExecutionType


def kindOf(message: Any) -> str:
    """
    @param message: what came.
    @return: the kind of an execution event without its prefix, the error code of a refusal, or the name.
    """
    if isinstance(message, ProtoOAExecutionEvent):
        return str(ProtoOAExecutionType.Name(message.executionType))
    return codeOf(message) or nameOf(message)


@define
class Course:
    """
    What came of a request to trade.

    @ivar clientMsgId: its id.
    @ivar received: the events that are about its orders and positions, in order, and its refusal.
    """

    clientMsgId: str
    received: list[Any] = field(factory=list)

    @property
    def kinds(self) -> list[str]:
        """
        What happened, in words.
        """
        return [kindOf(each.message) for each in self.received]

    @property
    def messages(self) -> list[Any]:
        """
        The messages.
        """
        return [each.message for each in self.received]

    @property
    def refusal(self) -> Any:
        """
        The refusal; L{None} if there is none.
        """
        events = ProtoOAExecutionEvent
        return next((each for each in self.messages if not isinstance(each, events) and codeOf(each)), None)

    def first(self, kind: int, *, protective: bool | None = None) -> Any:
        """
        Find an event.

        @param kind: its C{executionType}.
        @param protective: whether it must be of a protective order; L{None} for either.
        @return: the first such event; L{None} if there is none.
        """
        for each in self.messages:
            isKind = isinstance(each, ProtoOAExecutionEvent) and each.executionType == kind
            if isKind and protective in (None, each.order.orderType == ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT):
                return each
        return None

    def demanded(self, kind: int, *, protective: bool | None = None) -> Any:
        """
        Demand an event.

        @param kind: its C{executionType}.
        @param protective: whether it must be of a protective order; L{None} for either.
        @raise Broken: if there is none.
        """
        found = self.first(kind, protective=protective)
        demand(found is not None, f"{ProtoOAExecutionType.Name(kind)} did not come, but {', '.join(self.kinds)}")
        return found


class Trader:
    """
    Trades on one account, in one symbol.

    @ivar link: the connection.
    @ivar symbol: the symbol.
    @ivar accountId: the account.
    @ivar point: the smallest step of the symbol's price, in 1/100000 of a price unit.
    """

    def __init__(self, bench: Bench, link: Link, symbol: Any, accountId: int) -> None:
        """
        @param bench: of the case.
        @param link: a connection on which the account is logged in.
        @param symbol: the symbol, with everything.
        @param accountId: the account.
        """
        self.link = link
        self.symbol = symbol
        self.accountId = accountId
        self.point = int(10 ** max(0, 5 - symbol.digits))
        self._label = bench.world.label
        self._prices: tuple[int, int] | None = None

    @classmethod
    async def on(cls, bench: Bench, symbol: Any = None, accountId: int | None = None) -> Trader:
        """
        Log in, and see whether the symbol has prices.

        @param bench: of the case.
        @param symbol: the symbol; by default the one that is used.
        @param accountId: the account; by default the one that is used.
        """
        chosen = bench.world.accountId if accountId is None else accountId
        trader = cls(bench, await bench.account(chosen), symbol or bench.world.symbol, chosen)
        await trader.quote()
        if chosen == bench.world.nettedId:
            await trader._demandNothingHeld()
        return trader

    async def quote(self) -> tuple[int, int]:
        """
        @return: the newest bid and ask, in 1/100000 of a price unit.
        """
        if self._prices is None:
            request = ProtoOASubscribeSpotsReq(
                ctidTraderAccountId=self.accountId, symbolId=[self.symbol.symbolId], subscribeToSpotTimestamp=True
            )
            await self.link.ask(request)
            await self.link.until(self._newest, 15)
        self._prices = self._newest() or undecided("the symbol has no price")
        return self._prices

    @property
    def now(self) -> int:
        """
        When the newest price was, in milliseconds since 1970.
        """
        return int(max(each.timestamp for each in self._spots()))

    async def _demandNothingHeld(self) -> None:
        """
        On a netted account an order would change what somebody else holds.
        """
        answer = expect(
            await self.link.ask(ProtoOAReconcileReq(ctidTraderAccountId=self.accountId)), ProtoOAReconcileRes
        )
        if any(each.tradeData.symbolId == self.symbol.symbolId for each in answer.position):
            undecided("the account is netted, and has a position in the symbol already")

    def _spots(self) -> list[Any]:
        return [each for each in self.link.messages() if isinstance(each, ProtoOASpotEvent)]

    def _newest(self) -> tuple[int, int] | None:
        bid = ask = 0
        for each in self._spots():
            bid, ask = each.bid or bid, each.ask or ask
        return (bid, ask) if bid and ask else None

    def price(self, wanted: float) -> float:
        """
        Make a price of an order.

        @param wanted: about which, in 1/100000 of a price unit.
        @return: the nearest price that the symbol has.
        """
        return float(round(round(wanted / self.point) * self.point / _SCALE, self.symbol.digits))

    def distance(self, price: int, share: float = 0.02) -> int:
        """
        Make a distance of a level.

        @param price: a price, in 1/100000 of a price unit.
        @param share: which part of the price.
        @return: a distance that the symbol has, in 1/100000 of a price unit.
        """
        return max(1, round(price * share / self.point)) * self.point

    def order(self, **fields: Any) -> ProtoOANewOrderReq:
        """
        Make an order to buy at the market, of the smallest volume, with the mark of the suite.

        @param fields: more, or others.
        """
        given = {
            "ctidTraderAccountId": self.accountId,
            "symbolId": self.symbol.symbolId,
            "orderType": ProtoOAOrderType.MARKET,
            "tradeSide": ProtoOATradeSide.BUY,
            "volume": self.symbol.minVolume,
            "label": self._label,
            **fields,
        }
        return ProtoOANewOrderReq(**given)

    async def follow(
        self, request: Message, until: Callable[[Course], object], *, seconds: float = _PATIENCE, anyway: bool = False
    ) -> Course:
        """
        Send a request, and gather what comes of it.

        @param request: the request.
        @param until: whether everything has come.
        @param seconds: how long to wait for it.
        @param anyway: whether a refusal since the market is closed, or the like, is what the case is about.
        @return: what came; if it was refused, nothing more is waited for.
        """
        mark = self.link.mark
        await self.link.pace.take(request)
        course = Course(self.link.send(request))

        def hasCome() -> object:
            self._gather(course, mark)
            return course.refusal or until(course) or None

        await self.link.until(hasCome, seconds)
        if not anyway and course.refusal is not None and codeOf(course.refusal) in _CLOSED:
            undecided(f"an order was refused with {codeOf(course.refusal)}")
        rejected = course.first(Kind.ORDER_REJECTED)
        if not anyway and rejected is not None and codeOf(rejected) in _CLOSED:
            undecided(f"an order was rejected with {codeOf(rejected)}")
        return course

    async def linger(self, course: Course, seconds: float = _AFTERWARDS) -> None:
        """
        Gather what else comes.

        @param course: what has come of a request.
        @param seconds: how long to wait.
        """
        mark = self.link.received.index(course.received[0]) if course.received else self.link.mark
        await self.link.rest(seconds)
        self._gather(course, mark)

    async def market(self, **fields: Any) -> Course:
        """
        Send an order at the market, and wait for its execution, and for its protection if it has some.

        @param fields: more of the order.
        @return: what came.
        @raise Broken: if it was not executed.
        """
        isProtected = "relativeStopLoss" in fields or "relativeTakeProfit" in fields

        def isDone(course: Course) -> bool:
            filled = course.first(Kind.ORDER_FILLED, protective=False)
            return bool(filled and (not isProtected or course.first(Kind.ORDER_ACCEPTED, protective=True)))

        course = await self.follow(self.order(**fields), lambda each: isDone(each) or _isOver(each))
        course.demanded(Kind.ORDER_FILLED, protective=False)
        return course

    async def pending(self, kind: int = ProtoOAOrderType.LIMIT, **fields: Any) -> Course:
        """
        Place an order that is not executed: a limit to buy far below the market, or a stop far above.

        @param kind: its type.
        @param fields: more of the order.
        @return: what came; its acceptance, or its refusal.
        """
        bid, ask = await self.quote()
        prices: dict[str, Any] = {"limitPrice": self.price(bid * 0.9)}
        if kind != ProtoOAOrderType.LIMIT:
            prices = {"stopPrice": self.price(ask * 1.1)}
        if kind == ProtoOAOrderType.STOP_LIMIT:
            prices["slippageInPoints"] = 10
        request = self.order(orderType=kind, **{**prices, **fields})
        return await self.follow(request, lambda course: course.received)

    async def placed(self, kind: int = ProtoOAOrderType.LIMIT, **fields: Any) -> Any:
        """
        Place an order that is not executed.

        @param kind: its type.
        @param fields: more of the order.
        @return: the event of its acceptance.
        @raise Broken: if it is refused.
        """
        return (await self.pending(kind, **fields)).demanded(Kind.ORDER_ACCEPTED)

    async def close(self, positionId: int, volume: int, until: Callable[[Course], object] | None = None) -> Course:
        """
        Close a position, or a part of it.

        @param positionId: the position.
        @param volume: how much.
        @param until: whether everything has come; by default the execution.
        @return: what came.
        """
        request = ProtoOAClosePositionReq(ctidTraderAccountId=self.accountId, positionId=positionId, volume=volume)
        return await self.follow(request, until or (lambda course: course.first(Kind.ORDER_FILLED, protective=False)))

    def _gather(self, course: Course, mark: int) -> None:
        orders = {each.order.orderId for each in course.messages if isinstance(each, ProtoOAExecutionEvent)}
        positions = {each.position.positionId for each in course.messages if isinstance(each, ProtoOAExecutionEvent)}
        for each in self.link.received[mark:]:
            if each in course.received or each.message is None:
                continue
            isOurs = each.clientMsgId == course.clientMsgId
            if isinstance(each.message, ProtoOAExecutionEvent):
                event = each.message
                isOurs = isOurs or event.order.orderId in orders
                isOurs = isOurs or (event.HasField("position") and event.position.positionId in positions)
                if isOurs:
                    orders.add(event.order.orderId)
                    positions.add(event.position.positionId)
            if isOurs:
                course.received.append(each)


def _isOver(course: Course) -> bool:
    return any(course.first(kind) for kind in (Kind.ORDER_CANCELLED, Kind.ORDER_REJECTED, Kind.ORDER_EXPIRED))
