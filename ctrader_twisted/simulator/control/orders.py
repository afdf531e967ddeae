"""
What the owner of a running simulator can have done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ctrader_twisted.simulator.control.status import status
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.faults.naming import known
from ctrader_twisted.simulator.faults.script import parseScript, readDisturbance

__all__ = ["obey"]


def obey(exchange: Exchange, order: object) -> dict[str, Any]:
    """
    Do what is ordered: C{{"status": {}}}, C{{"happen": DISTURBANCE}} with a disturbance as in a script,
    C{{"run": {"script": TOML, "source": NAME}}} or C{{"clear": {}}}.

    @param exchange: where.
    @param order: what JSON can hold.
    @return: how the exchange is afterwards, see L{status}.
    @raise ValueError: if the order makes no sense, or cannot be done.
    @raise ConfigurationError: if a script makes no sense.
    """
    if not isinstance(order, Mapping) or len(order) != 1:
        raise ValueError(f"an order is an object with one of the keys {', '.join(_ORDERS)}")
    [(name, details)] = order.items()
    known(name, _ORDERS, "order")
    _ORDERS[name](exchange, details)
    return status(exchange)


def _look(exchange: Exchange, details: object) -> None:
    """
    The answer tells it all.
    """


def _happen(exchange: Exchange, details: object) -> None:
    disturbance = readDisturbance(details)
    disturbance.check(exchange)
    disturbance.happen(exchange)


def _run(exchange: Exchange, details: object) -> None:
    if not isinstance(details, Mapping) or not isinstance(details.get("script"), str):
        raise ValueError("run needs an object with a text named script")
    exchange.faults.run(parseScript(details["script"], str(details.get("source", "the script"))))


def _clear(exchange: Exchange, details: object) -> None:
    exchange.faults.clear()


_ORDERS: Mapping[str, Callable[[Exchange, object], None]] = {
    "status": _look,
    "happen": _happen,
    "run": _run,
    "clear": _clear,
}
