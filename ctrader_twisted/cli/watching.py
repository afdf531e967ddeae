"""
Watching something live until somebody ends it, and what becomes of the connection meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Generic, TypeVar

from twisted.internet.defer import DeferredQueue
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.client import Account, Client
from ctrader_twisted.client.status import ClientStatus
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.session.link import Registration
from ctrader_twisted.session.tables import AccountState, State
from ctrader_twisted.units import Symbol

__all__ = ["Watch"]

_NewsT = TypeVar("_NewsT")


class Watch(Generic[_NewsT]):
    """
    Hears what there is of some symbols, and what becomes of the connection.

    @ivar news: what was heard and has not been shown: items, sentences, and the error that ends it. Whoever shows them
        takes them all at each turn.
    @ivar account: the account.
    @ivar symbols: the symbols, by their ids.
    """

    def __init__(
        self,
        client: Client,
        account: Account,
        clock: IReactorTime,
        symbols: Iterable[Symbol],
        listen: Callable[..., Registration],
    ) -> None:
        """
        @param client: the client.
        @param account: its account.
        @param clock: the reactor.
        @param symbols: the symbols.
        @param listen: how to hear of one of them, such as C{account.onQuote}.
        """
        self.news: DeferredQueue[_NewsT | str | CTraderError] = DeferredQueue()
        self.account = account
        self.symbols = {symbol.symbolId: symbol for symbol in symbols}
        self._clock = clock
        self._lost: float | None = None
        self._registrations = [client.onStatus(self._changed)]
        for symbol in self.symbols.values():
            told = listen(symbol, self.news.put, onRefused=partial(self._refused, symbol.name))
            self._registrations.append(told)

    async def take(self) -> _NewsT | str:
        """
        Wait for the next news.

        @return: an item, or a sentence for whoever watches.
        @raise CTraderError: if the client will not come back by itself.
        """
        news = await self.news.get()
        if isinstance(news, CTraderError):
            raise news
        return news

    def stop(self) -> None:
        """
        Hear no more.
        """
        for registration in self._registrations:
            registration.stop()

    def _refused(self, name: str, error: CTraderError) -> None:
        self.news.put(f"{name}: {error}")

    def _changed(self, status: ClientStatus) -> None:
        standing = status.accounts[self.account.accountId]
        isUp = status.connection is State.UP
        reason = standing.reason if isUp else status.reason
        if standing.state is AccountState.REFUSED or status.connection is State.FAILED:
            self.news.put(reason or CTraderError("the client has given up"))
        elif standing.state is AccountState.READY and self._lost is not None:
            self.news.put(f"Connected again after {self._clock.seconds() - self._lost:.1f} s.")
            self._lost = None
        elif standing.state is not AccountState.READY and self._lost is None:
            self._lost = self._clock.seconds()
            lost = "login" if isUp else "connection"
            self.news.put(f"The {lost} is lost, and is tried again: {reason or 'nobody said why'}")
