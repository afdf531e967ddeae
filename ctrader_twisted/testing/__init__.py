"""
For tests of programs that use this package: the simulated exchange under the real client, in one process, without
sockets, on virtual time.
"""

from ctrader_twisted.testing.driving import NothingHappens
from ctrader_twisted.testing.exchange import VirtualExchange
from ctrader_twisted.testing.loopback import LoopbackExchange
from ctrader_twisted.testing.memory import MemoryEndpoint, MemoryLink

__all__ = ["LoopbackExchange", "MemoryEndpoint", "MemoryLink", "NothingHappens", "VirtualExchange"]
