"""
One connection: the protocol, its outstanding requests and liveness, and the verified TLS endpoints.
"""

from ctrader_twisted.wire.endpoints import demo, hostEndpoint, live, trustFile
from ctrader_twisted.wire.protocol import ConnectionListener, Counters, OpenApiProtocol, Timing
from ctrader_twisted.wire.throttle import Throttle

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
