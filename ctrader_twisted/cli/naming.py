"""
What accounts, symbols and volumes are called, and finding a symbol by the name that somebody typed.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ctrader_twisted.cli.gathering import gathered
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import ConfigurationError, CTraderError, SymbolNotFound
from ctrader_twisted.session.grants import AccountInfo
from ctrader_twisted.trading import PendingOrder, Position
from ctrader_twisted.trading.quantities import lotsOf, unitsOf
from ctrader_twisted.units import Quantity, Symbol

__all__ = ["accountInfo", "accountWords", "lookUp", "priceWords", "quantityOf", "symbolName", "symbolNamed"]


async def accountInfo(client: Client, account: Account) -> AccountInfo:
    """
    @param client: the client.
    @param account: one of its accounts.
    @return: what the tokens tell of it.
    @raise ConfigurationError: if they tell nothing of it any more.
    """
    for info in await client.accounts():
        if info.accountId == account.accountId:
            return info
    raise ConfigurationError(f"the stored tokens do not cover account {account.accountId} any more")


def accountWords(info: AccountInfo) -> str:
    """
    @param info: an account.
    @return: what it is called.
    """
    return f"{'Live' if info.isLive else 'Demo'} account {info.accountId}, login {info.traderLogin}"


async def symbolNamed(account: Account, name: str) -> Symbol:
    """
    Find a symbol.

    @param account: the account.
    @param name: its name, exactly as the broker writes it.
    @return: the symbol.
    @raise CTraderError: if there is none; the message tells similar names.
    """
    try:
        return await account.symbol(name)
    except SymbolNotFound as error:
        raise CTraderError(f"{error.description}; ctrader symbols lists all") from None


async def lookUp(account: Account, held: Iterable[Position | PendingOrder]) -> None:
    """
    Look up the symbols of positions and orders, so that these know them. One that cannot be looked up is left alone.

    @param account: the account.
    @param held: its positions and orders.
    """
    await gathered({symbolId: account.symbol(symbolId) for symbolId in {each.symbolId for each in held}})


def symbolName(held: Position | PendingOrder) -> str:
    """
    @param held: a position or an order.
    @return: what its symbol is called.
    """
    return f"symbol {held.symbolId}" if held.symbol is None else held.symbol.name


def priceWords(held: Position | PendingOrder, price: Decimal | None) -> str | None:
    """
    @param held: a position or an order.
    @param price: a price of its symbol, or L{None}.
    @return: the price with all its digits, or L{None}.
    """
    if price is None:
        return None
    # One that was read before the symbol was known may lack zeros at its end; a mean of several fills is finer.
    own = -int(price.as_tuple().exponent)
    return f"{price:.{max(own, held.symbol.digits if held.symbol else 0)}f}"


def quantityOf(symbol: Symbol | None, volume: int) -> Quantity:
    """
    @param symbol: the symbol, if it is known.
    @param volume: a volume of it, in hundredths of a unit.
    @return: the same in lots, or in units where it cannot be written in lots.
    """
    return lotsOf(symbol, volume) or unitsOf(volume)
