"""
How much memory a process has.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["residentMemory"]


def residentMemory() -> int | None:
    """
    @return: the memory of this process in bytes, or L{None} where the system does not tell.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024
