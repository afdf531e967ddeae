"""
For tests with pytest. Installed beside it, this is loaded by itself: the fixture C{exchange} is a
L{VirtualExchange <ctrader_twisted.testing.VirtualExchange>}, and an C{async def} test that asks for it is run on its
virtual time::

    import pytest

    async def test_spread(exchange):
        async with exchange.client() as client:
            ...

    @pytest.mark.exchange(seed=7, hours=2)
    async def test_otherPrices(exchange):
        ...

Nothing of the rest, nor a reactor, is imported before a test asks for the fixture.
"""

from __future__ import annotations

from inspect import iscoroutinefunction, signature
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ctrader_twisted.testing.exchange import VirtualExchange

__all__ = ["exchange", "pytest_configure", "pytest_pyfunc_call"]

_MARK = "exchange"


def pytest_configure(config: pytest.Config) -> None:
    """
    Declare the mark.

    @param config: pytest's configuration.
    """
    config.addinivalue_line(
        "markers", f"{_MARK}(hours=24, **options): how long a test may take in virtual time; options of VirtualExchange"
    )


@pytest.fixture
def exchange(request: pytest.FixtureRequest) -> VirtualExchange:
    """
    A simulated exchange on virtual time.
    """
    from ctrader_twisted.testing.exchange import VirtualExchange

    options = _options(request.node)
    options.pop("hours", None)
    return VirtualExchange(**options)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """
    Run a coroutine function that asks for the exchange. What asks for none is left to others.

    @param pyfuncitem: the test.
    @return: L{True} if it was run.
    """
    stage: Any = pyfuncitem.funcargs.get(_MARK)
    if stage is None or not iscoroutinefunction(pyfuncitem.obj):
        return None
    given = {name: pyfuncitem.funcargs[name] for name in signature(pyfuncitem.obj).parameters}
    coroutine = pyfuncitem.obj(**given)
    stage.drive(coroutine, hours=_options(pyfuncitem).get("hours", 24.0))
    return True


def _options(node: Any) -> dict[str, Any]:
    mark = node.get_closest_marker(_MARK)
    if mark is None:
        return {}
    if mark.args:
        pytest.fail(f"the mark {_MARK} takes its options by name only, such as seed=7", pytrace=False)
    return dict(mark.kwargs)
