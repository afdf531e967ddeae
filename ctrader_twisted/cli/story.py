"""
What the tour does with its client, step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from rich.table import Table
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from ctrader_twisted.cli.page import Page
from ctrader_twisted.cli.scene import TRADED
from ctrader_twisted.cli.tables import accountTable, moment, quoteTable, symbolTable
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import ConfigurationError, CTraderError, NotFound
from ctrader_twisted.market import Quote
from ctrader_twisted.session.status import Status
from ctrader_twisted.session.tables import State
from ctrader_twisted.trading import Position
from ctrader_twisted.units import Lots, Symbol

__all__ = ["STEPS", "Story"]

STEPS = 7
"""
How many steps it has.
"""

_WATCHED = 3
_LOTS, _STOP, _TARGET = Lots("0.10"), 20, 40
_DAY, _HOUR = 86_400_000, 3_600_000
_FRAME, _FRAMES = 0.15, 10
_GLANCE = 0.01


class Story:
    """
    Logs in, looks around, trades, loses the connection, and ends the trade.

    @ivar quotes: how many quotes came, by the name of the symbol.
    """

    def __init__(self, clock: IReactorTime, page: Page, client: Client, cut: Callable[[], None]) -> None:
        """
        @param clock: the reactor.
        @param page: where to tell of it.
        @param client: the client, not started.
        @param cut: cuts the client's connection from the server's side.
        """
        self.quotes: dict[str, int] = {}
        self._clock = clock
        self._page = page
        self._client = client
        self._cut = cut

    async def tell(self, preferred: Sequence[str] = ()) -> None:
        """
        Do everything.

        @param preferred: the names of symbols to watch; others are added up to three.
        @raise CTraderError: if something does not go as it should.
        """
        self._page.step("Log in, over TLS")
        started = self._clock.seconds()
        async with self._client:
            account = await self._logIn(started)
            symbols = await self._lookAround(account)
            watched = self._watch(account, symbols, preferred)
            await self._stream(account, watched)
            traded = next(symbol for symbol in symbols if symbol.name == TRADED)
            await self._download(account, traded)
            position = await self._trade(account, traded)
            await self._lose(account, watched, position)
            await self._close(account, position)

    async def _logIn(self, started: float) -> Account:
        accounts = await self._client.accounts()
        found = next((each for each in accounts if not each.isLive and each.canTrade), None)
        if found is None:
            raise ConfigurationError("the token gives access to no demo account that may be traded on")
        account = await self._client.account(found.accountId)
        took = self._took(started)
        self._page.say(f"Logged in {took}; the server's certificate and name were verified.")
        self._page.show(accountTable(accounts))
        currency = (await account.depositAsset()).name
        self._page.say(f"We use account {found.traderLogin}; its balance is {account.balance} {currency}.")
        return account

    async def _lookAround(self, account: Account) -> list[Symbol]:
        self._page.step("List the symbols")
        symbols = [await account.symbol(entry.symbolId) for entry in await account.symbols()]
        self._page.show(symbolTable(symbols))
        return symbols

    def _watch(self, account: Account, symbols: Sequence[Symbol], preferred: Sequence[str]) -> list[Symbol]:
        ranked = sorted(symbols, key=lambda symbol: (symbol.name != TRADED, symbol.name not in preferred))
        watched = ranked[:_WATCHED]
        for symbol in watched:
            self.quotes[symbol.name] = 0
            account.onQuote(symbol, partial(self._quoted, symbol.name))
        return watched

    def _quoted(self, name: str, quote: Quote) -> None:
        self.quotes[name] += 1

    async def _stream(self, account: Account, watched: Sequence[Symbol]) -> None:
        self._page.step("Stream quotes")
        with self._page.moving(self._quoteTable(account, watched)) as table:
            for _ in range(_FRAMES):
                await deferLater(self._clock, _FRAME)
                table.change(self._quoteTable(account, watched))

    def _quoteTable(self, account: Account, watched: Sequence[Symbol]) -> Table:
        return quoteTable((symbol, account.quote(symbol), self.quotes[symbol.name]) for symbol in watched)

    async def _download(self, account: Account, symbol: Symbol) -> None:
        self._page.step("Download history")
        await self._until(lambda: account.quote(symbol) is not None)
        quote = account.quote(symbol)
        assert quote is not None
        now = quote.timestamp or quote.received
        bars = await account.trendbars(symbol, "M15", now - _DAY, now + 1)
        if bars:
            first, lowest, highest = bars[0], min(bar.low for bar in bars), max(bar.high for bar in bars)
            self._page.say(
                f"{len(bars)} bars of 15 minutes of {symbol.name} since {moment(first.timestamp):%d %B %Y %H:%M} UTC: "
                f"low {lowest}, high {highest}, last {bars[-1].close}"
            )
            self._page.show(self._page.chart(bars.close))
        ticks = await account.ticks(symbol, "bid", now - _HOUR, now + 1)
        self._page.say(f"{len(ticks)} ticks of the bid in the last hour")

    async def _trade(self, account: Account, symbol: Symbol) -> Position:
        self._page.step(f"Buy {_LOTS} {symbol.name}, with stop loss and take profit")
        started = self._clock.seconds()
        trade = await account.buy(symbol, _LOTS, stopLossPips=_STOP, takeProfitPips=_TARGET, label="tour")
        self._page.say(f"Accepted {self._took(started)}, as order {trade.orderId}.")
        await trade.whenFilled()
        position = trade.position
        assert position is not None
        self._page.say(f"Filled at {position.entryPrice} {self._took(started)}; it is position {position.positionId}.")
        await self._until(lambda: position.stopLoss is not None or position not in account.positions)
        self._page.say(f"Protected: stop loss at {position.stopLoss}, take profit at {position.takeProfit}.")
        return position

    async def _lose(self, account: Account, watched: Sequence[Symbol], position: Position) -> None:
        self._page.step("Lose the connection")
        started = self._clock.seconds()
        lost = self._whenLost()
        self._cut()
        self._page.say(f"It is gone: {await lost}.")
        before = dict(self.quotes)
        await account.whenReady()
        self._page.say(f"Logged in again {self._took(started)}, without our doing anything.")
        await self._until(lambda: all(self.quotes[name] > before[name] for name in before))
        self._page.say(f"The quotes of {', '.join(symbol.name for symbol in watched)} are back {self._took(started)}:")
        self._page.show(self._quoteTable(account, watched))
        held = "is still there" if position in account.positions else "was closed by the market meanwhile"
        self._page.say(f"Position {position.positionId} {held}.")

    async def _close(self, account: Account, position: Position) -> None:
        self._page.step("Close the position")
        try:
            deal = await position.close()
            self._page.say(
                f"Closed at {deal.price}: profit {deal.grossProfit}, commission {deal.totalCommission}, "
                f"swap {deal.swap}; together {deal.netProfit}"
            )
        except NotFound:
            self._page.say("There is nothing to close: its stop loss or take profit was hit.")
        self._page.say(f"The balance is {account.balance} {(await account.depositAsset()).name} now.")

    def _whenLost(self) -> Deferred[CTraderError | None]:
        lost: Deferred[CTraderError | None] = Deferred()

        def changed(status: Status) -> None:
            if status.connection is not State.UP:
                registration.stop()
                lost.callback(status.reason)

        registration = self._client.onStatus(changed)
        return lost

    def _took(self, started: float) -> str:
        return f"after {(self._clock.seconds() - started) * 1000:.0f} ms"

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await deferLater(self._clock, _GLANCE)
