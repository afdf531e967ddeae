"""
What ctrader_twisted adds to C{twistd}.
"""

from twisted.application.service import ServiceMaker

from ctrader_twisted.tap.parser import EndpointParser

__all__ = ["endpoints", "recorder", "simulator", "trader"]

simulator = ServiceMaker(  # type: ignore[no-untyped-call]
    "ctrader_twisted simulator",
    "ctrader_twisted.tap.sim",
    "A simulated cTrader server.",
    "ctrader-sim",
)

trader = ServiceMaker(  # type: ignore[no-untyped-call]
    "ctrader_twisted client",
    "ctrader_twisted.tap.client",
    "A client of the cTrader Open API.",
    "ctrader",
)

recorder = ServiceMaker(  # type: ignore[no-untyped-call]
    "ctrader_twisted recorder",
    "ctrader_twisted.tap.record",
    "A recorder of prices from the cTrader Open API.",
    "ctrader-record",
)

endpoints = EndpointParser()
