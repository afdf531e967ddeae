"""
For tests of programs that use this package: the simulated exchange under the real client, in one process, without
sockets, on virtual time; the same on sockets with TLS, for programs that make their own connections; and traffic that
was recorded. The names here are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctrader_twisted.testing.driving import NothingHappens
    from ctrader_twisted.testing.exchange import VirtualExchange
    from ctrader_twisted.testing.loopback import LoopbackExchange
    from ctrader_twisted.testing.memory import MemoryEndpoint, MemoryLink
    from ctrader_twisted.testing.recording import Frame, Recording, RecordingEndpoint, readRecording
    from ctrader_twisted.testing.replaying import ReplayedServer, ReplayFactory

_HOMES = {
    "Frame": "recording",
    "LoopbackExchange": "loopback",
    "MemoryEndpoint": "memory",
    "MemoryLink": "memory",
    "NothingHappens": "driving",
    "Recording": "recording",
    "RecordingEndpoint": "recording",
    "ReplayFactory": "replaying",
    "ReplayedServer": "replaying",
    "VirtualExchange": "exchange",
    "readRecording": "recording",
}

__all__ = [
    "Frame",
    "LoopbackExchange",
    "MemoryEndpoint",
    "MemoryLink",
    "NothingHappens",
    "Recording",
    "RecordingEndpoint",
    "ReplayFactory",
    "ReplayedServer",
    "VirtualExchange",
    "readRecording",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = found
    return found
