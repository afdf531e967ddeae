"""
For tests of programs that use this package: the simulated exchange under the real client, in one process, without
sockets, on virtual time.
"""

from ctrader_twisted.testing.exchange import NothingHappens, VirtualExchange
from ctrader_twisted.testing.memory import MemoryEndpoint, MemoryLink

__all__ = ["MemoryEndpoint", "MemoryLink", "NothingHappens", "VirtualExchange"]
