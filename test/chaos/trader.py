"""
The code that trades in a schedule, as a user would write it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater

from ctrader_twisted.client import Account
from ctrader_twisted.columns import Bar
from ctrader_twisted.errors import CTraderError, IllegalValue, OrderRejected, OutcomeUnknown, ServerError
from ctrader_twisted.trading import Deal, OrderKind, Side, Trade, TradeStatus
from ctrader_twisted.units import Lots, Symbol

__all__ = ["AGAIN", "Attempt", "Journal", "Trader"]

AGAIN = ", whose outcome was unknown"
"""
How the words end for those who wait for an order after they were told that its outcome is unknown.
"""

_SYMBOLS = ("EURUSD", "USDJPY")
_LOTS = ("0.01", "0.02", "0.05")


@define(eq=False)
class Attempt:
    """
    An order that a trader wanted to send.

    @ivar clientOrderId: its id.
    @ivar order: sends it on an account, or asks for its trade if it was sent.
    @ivar waits: whether it may wait for its price.
    @ivar trade: what it got, with the answer or with L{OutcomeUnknown}.
    @ivar error: why there is no trade.
    """

    clientOrderId: str
    order: Callable[[Account], Deferred[Trade]]
    waits: bool
    trade: Trade | None = None
    error: Exception | None = None

    @property
    def status(self) -> TradeStatus:
        """
        What its trader takes it for.
        """
        if self.trade is not None:
            return self.trade.status
        code = self.error.code if isinstance(self.error, OrderRejected) else ""
        return {"ORDER_CANCELLED": TradeStatus.CANCELLED, "ORDER_EXPIRED": TradeStatus.EXPIRED}.get(
            code, TradeStatus.REJECTED
        )


@define
class Journal:
    """
    What a schedule has seen of the client.

    @ivar lines: what happened, for whoever looks at a failure.
    @ivar waiting: by a number, the Deferreds that have not fired, in words.
    @ivar lasting: likewise, those that may wait for as long as the client runs.
    @ivar attempts: by account, the orders.
    @ivar deals: by account, the deals that were told.
    @ivar bars: by account, the closed minutes of EURUSD that were told.
    @ivar since: by account, since when deals are told, in milliseconds since 1970.
    @ivar surprises: errors of a kind that no user expects.
    """

    lines: list[str] = field(factory=list)
    waiting: dict[int, str] = field(factory=dict)
    lasting: dict[int, str] = field(factory=dict)
    attempts: dict[int, list[Attempt]] = field(factory=dict)
    deals: dict[int, list[Deal]] = field(factory=dict)
    bars: dict[int, list[Bar]] = field(factory=dict)
    since: dict[int, int] = field(factory=dict)
    surprises: list[str] = field(factory=list)
    _serial: int = 0

    def follow(self, what: str, waiting: Deferred[Any], *, lasts: bool = False) -> None:
        """
        Watch a Deferred. That it fails is no surprise, if it does with an error of the package.

        @param what: what it stands for, in words.
        @param waiting: the Deferred.
        @param lasts: whether it may wait for as long as the client runs.
        """
        self._serial += 1
        number = self._serial
        unfired = self.lasting if lasts else self.waiting
        unfired[number] = what

        def fired(result: Any) -> None:
            del unfired[number]
            error = getattr(result, "value", None)
            if isinstance(error, BaseException) and not isinstance(error, CTraderError):
                self.surprises.append(f"{what}: {error!r}\n{result.getTraceback()}")
            self.lines.append(f"{what}: {error if error is not None else 'done'}")

        waiting.addBoth(fired)


class Trader:
    """
    Trades on one account, at random.
    """

    def __init__(
        self, clock: Clock, now: Callable[[], int], account: Account, journal: Journal, randomness: Random
    ) -> None:
        """
        @param clock: the virtual time.
        @param now: milliseconds since 1970.
        @param account: the account.
        @param journal: where it is written down.
        @param randomness: decides.
        """
        self._clock = clock
        self._now = now
        self._account = account
        self._journal = journal
        self._randomness = randomness
        self._attempts = journal.attempts.setdefault(account.accountId, [])
        # Another client tells nothing of what the one before it has told.
        deals = journal.deals[account.accountId] = []
        journal.bars.pop(account.accountId, None)
        journal.since[account.accountId] = now()
        account.onExecution(deals.append)

    def askAgain(self) -> None:
        """
        Order again what another client has ordered with the same journal: what was sent is not sent twice.
        """
        for attempt in tuple(self._attempts):
            what = f"{self._clock.seconds():.3f} {self._account.accountId} ask for {attempt.clientOrderId}"
            self._journal.follow(what, Deferred.fromCoroutine(self._insist(attempt)))

    async def _insist(self, attempt: Attempt) -> None:
        attempt.trade = None
        while True:
            try:
                await self._place(attempt)
            except IllegalValue:
                # Its price is none any more, and what it was is not told.
                self._attempts.remove(attempt)
            except ServerError:
                # So it is for good, though another order could succeed.
                pass
            except CTraderError:
                if attempt.trade is None:
                    await deferLater(self._clock, 5.0)
                    continue
            return

    async def trade(self, seconds: float) -> None:
        """
        Do one thing after the other, without waiting for its end.

        @param seconds: for how long.
        """
        end = self._clock.seconds() + seconds
        symbols = [await self._lookUp(name) for name in _SYMBOLS]
        for symbol in symbols:
            self._account.onQuote(symbol, lambda quote: None)
        self._hearBars(symbols[0])
        actions: tuple[tuple[str, Callable[[Symbol], Coroutine[Any, Any, None]]], ...] = (
            ("buy", self._buy),
            ("buy and protect", self._protected),
            ("close", self._close),
            ("close a part", self._closePart),
            ("place a limit or stop order", self._wait),
            ("cancel", self._cancel),
            ("amend", self._amend),
            ("protect", self._protect),
            ("listen", self._listen),
            ("read history", self._read),
        )
        while self._clock.seconds() < end:
            await deferLater(self._clock, self._randomness.expovariate(0.25))
            name, action = self._randomness.choices(actions, weights=(4, 2, 4, 1, 4, 2, 2, 2, 1, 1))[0]
            what = f"{self._clock.seconds():.3f} {self._account.accountId} {name}"
            self._journal.follow(what, Deferred.fromCoroutine(action(self._randomness.choice(symbols))))

    async def _lookUp(self, name: str) -> Symbol:
        while True:
            try:
                return await self._account.symbol(name)
            except CTraderError:
                await deferLater(self._clock, 2.0)

    def _hearBars(self, symbol: Symbol) -> None:
        self._account.onBar(symbol, "M1", self._journal.bars.setdefault(self._account.accountId, []).append)

    async def _buy(self, symbol: Symbol, **options: Any) -> None:
        side, lots = self._randomness.choice((Side.BUY, Side.SELL)), self._lots()
        await self._send(
            lambda account, clientOrderId: (account.buy if side is Side.BUY else account.sell)(
                symbol, lots, clientOrderId=clientOrderId, **options
            )
        )

    async def _wait(self, symbol: Symbol) -> None:
        quote = self._account.quote(symbol)
        if quote is None:
            return
        away = symbol.pips(self._randomness.randint(1, 10))
        side, isLimit = self._randomness.choice((Side.BUY, Side.SELL)), self._randomness.random() < 0.5
        price = quote.bid - away if (side is Side.BUY) == isLimit else quote.ask + away
        lots = self._lots()
        await self._send(
            lambda account, clientOrderId: (account.limitOrder if isLimit else account.stopOrder)(
                side, symbol, lots, price, clientOrderId=clientOrderId
            ),
            waits=True,
        )

    def _lots(self) -> Lots:
        return Lots(self._randomness.choice(_LOTS))

    async def _send(self, order: Callable[[Account, str], Deferred[Trade]], *, waits: bool = False) -> None:
        clientOrderId = f"{self._randomness.getrandbits(64):016x}"
        attempt = Attempt(clientOrderId, lambda account: order(account, clientOrderId), waits)
        self._attempts.append(attempt)
        await self._place(attempt)

    async def _place(self, attempt: Attempt) -> None:
        attempt.error = None
        try:
            attempt.trade = await attempt.order(self._account)
        except CTraderError as error:
            attempt.error = error
            if isinstance(error, OutcomeUnknown) and isinstance(error.trade, Trade):
                attempt.trade = error.trade
            raise
        finally:
            self._follow(attempt, attempt.waits)

    def _follow(self, attempt: Attempt, waits: bool) -> None:
        if attempt.trade is None:
            return
        # Who was told that the outcome is unknown may wait again.
        again = isinstance(attempt.error, OutcomeUnknown)
        for name in ("whenAccepted", "whenFilled", "whenDone"):
            what = f"{name} of {attempt.clientOrderId}{AGAIN if again and not waits else ''}"
            self._journal.follow(
                what, getattr(attempt.trade, name)(), lasts=again or (waits and name != "whenAccepted")
            )

    async def _protected(self, symbol: Symbol) -> None:
        await self._buy(symbol, stopLossPips=self._randomness.randint(1, 30), takeProfitPips=20)

    async def _close(self, symbol: Symbol) -> None:
        positions = self._account.positions
        if positions:
            position = self._randomness.choice(positions)
            self._journal.follow(f"whenClosed of {position.positionId}", position.whenClosed(), lasts=True)
            await position.close()

    async def _closePart(self, symbol: Symbol) -> None:
        fitting = [each for each in self._account.positions if each.symbolId == symbol.symbolId]
        larger = [each for each in fitting if each.volume > symbol.volume(Lots("0.01"))]
        if larger:
            await self._randomness.choice(larger).close(Lots("0.01"))

    async def _cancel(self, symbol: Symbol) -> None:
        if self._account.orders:
            await self._randomness.choice(self._account.orders).cancel()

    async def _amend(self, symbol: Symbol) -> None:
        orders = self._account.ordersOf(symbol=symbol)
        if orders:
            order = self._randomness.choice(orders)
            assert order.price is not None
            isBelow = (order.side is Side.BUY) == (order.kind is OrderKind.LIMIT)
            await order.amend(price=order.price - symbol.pips(2) if isBelow else order.price + symbol.pips(2))

    async def _protect(self, symbol: Symbol) -> None:
        positions, quote = self._account.positionsOf(symbol=symbol), self._account.quote(symbol)
        if positions and quote is not None:
            position = self._randomness.choice(positions)
            away = symbol.pips(self._randomness.randint(10, 40))
            await position.protect(stopLoss=quote.bid - away if position.side is Side.BUY else quote.ask + away)

    async def _listen(self, symbol: Symbol) -> None:
        async with self._account.quotes(symbol) as quotes:
            for _ in range(self._randomness.randint(1, 5)):
                await anext(quotes, None)

    async def _read(self, symbol: Symbol) -> None:
        now = self._now()
        await self._account.trendbars(symbol, "M1", now - 3_600_000, now)
