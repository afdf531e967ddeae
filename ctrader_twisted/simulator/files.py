"""
Files that a crash does not tear, and that only their owner can read.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["replaceFile"]


def replaceFile(path: Path, content: bytes) -> None:
    """
    Write a file in one step: whoever reads it sees the old content or the new one, and nobody but its owner reads it.

    @param path: the file.
    @param content: its new content.
    @raise OSError: if it cannot be written.
    """
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    os.replace(fresh, path)
