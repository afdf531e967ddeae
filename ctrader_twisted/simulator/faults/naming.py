"""
Names in what is to go wrong: whether there is such a thing, and what there is instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from attrs import Attribute
from google.protobuf.message import Message

from ctrader_twisted.schema import messages
from ctrader_twisted.simulator.market.specification import SymbolSpec

if TYPE_CHECKING:
    from ctrader_twisted.simulator.exchange import Exchange

__all__ = ["MESSAGES", "complete", "finite", "known", "knownAccount", "knownApplication", "knownSymbol", "messageName"]

MESSAGES: Mapping[str, type[Message]] = {
    name: made
    for name, made in vars(messages).items()
    if isinstance(made, type) and issubclass(made, Message) and "payloadType" in made.DESCRIPTOR.fields_by_name
}
"""
The messages that travel on their own, by name, and the envelope.
"""

_MANY = 40
_MOST = 10**9


def known(name: str, names: Iterable[str], what: str) -> None:
    """
    Demand that a name is one of several.

    @param name: the name.
    @param names: those that there are.
    @param what: what they are names of.
    @raise ValueError: if it is not, with those that there are, or that are like it if there are many.
    """
    there = list(names)
    if name in there:
        return
    shown = there if len(there) <= _MANY else get_close_matches(name, there) or there[:3]
    some = "known are" if len(there) <= _MANY else "known are, among others,"
    raise ValueError(f"there is no {what} {name}; {some} {', '.join(shown)}")


def knownAccount(exchange: Exchange, accountId: int) -> None:
    """
    Demand that there is an account.

    @param exchange: the exchange.
    @param accountId: the account.
    @raise ValueError: if there is not.
    """
    known(str(accountId), map(str, exchange.venue.accounts), "account")


def knownApplication(exchange: Exchange, name: str) -> None:
    """
    Demand that there is an application.

    @param exchange: the exchange.
    @param name: its name, as the simulator calls it.
    @raise ValueError: if there is not.
    """
    known(name, (each.name for each in exchange.registry.applications.values()), "application")


def knownSymbol(exchange: Exchange, name: str) -> SymbolSpec:
    """
    Find a symbol.

    @param exchange: the exchange.
    @param name: its name.
    @raise ValueError: if there is no such symbol.
    """
    symbols = exchange.catalogue.symbols.values()
    known(name, (each.name for each in symbols), "symbol")
    return next(each for each in symbols if each.name == name)


def messageName(instance: object, attribute: object, name: Any) -> None:
    """
    Demand that something is L{None} or the name of a message. A validator for attrs.

    @param instance: of what it is an attribute.
    @param attribute: which.
    @param name: what is to be a name.
    @raise ValueError: if it is none.
    """
    if name is not None:
        known(name, MESSAGES, "message")


def finite(instance: object, attribute: Attribute[Any], value: float | None) -> None:
    """
    Demand that a number is one that can be counted with, or L{None}. A validator for attrs.

    @param instance: of what it is an attribute.
    @param attribute: which.
    @param value: the number.
    @raise ValueError: if it is infinite, or far too large.
    """
    if value is not None and not abs(value) <= _MOST:
        raise ValueError(f"'{attribute.name}' must be a number up to {_MOST}: {value}")


def complete(instance: object, attribute: object, message: Any) -> None:
    """
    Demand that something is a message with all that it needs. A validator for attrs.

    @param instance: of what it is an attribute.
    @param attribute: which.
    @param message: what is to be a message.
    @raise TypeError: if it is none.
    @raise ValueError: if something is missing in it.
    """
    if not isinstance(message, Message):
        raise TypeError(f"{message!r} is no message")
    if not message.IsInitialized():
        missing = message.FindInitializationErrors()  # type: ignore[attr-defined]
        raise ValueError(f"the {message.DESCRIPTOR.name} lacks {', '.join(missing)}")
