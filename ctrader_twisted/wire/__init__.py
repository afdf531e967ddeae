"""
One connection: the protocol, its outstanding requests and liveness, and the verified TLS endpoints.
"""

from ctrader_twisted.wire.counters import Counters
from ctrader_twisted.wire.endpoints import demo, hostEndpoint, live, trustFile
from ctrader_twisted.wire.listener import ConnectionListener
from ctrader_twisted.wire.protocol import OpenApiProtocol
from ctrader_twisted.wire.throttle import Throttle
from ctrader_twisted.wire.timing import Timing

__all__ = [
    "ConnectionListener",
    "Counters",
    "OpenApiProtocol",
    "Throttle",
    "Timing",
    "demo",
    "hostEndpoint",
    "live",
    "trustFile",
]
