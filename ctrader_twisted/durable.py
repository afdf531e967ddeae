"""
Files that survive a crash: whoever reads one sees the old content or the new one, whole.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["replaceDurably"]


def replaceDurably(path: Path, content: bytes) -> None:
    """
    Write a file that only its owner can read, so that neither a crash nor a power cut loses both the old and the new
    content. It blocks until the disk has it.

    @param path: the file.
    @param content: its new content.
    @raise OSError: if it cannot be written; the old content is still there.
    """
    # mkstemp makes the file private before anything is in it.
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
    if os.name == "posix":
        # A new name lasts only when its folder is written too; Windows cannot be asked for that.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
