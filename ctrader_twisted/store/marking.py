"""
The file that makes a folder a dataset, and names the version of its layout.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.store.disk import Disk, asStoreErrors, replaceWhole, scratchOf

__all__ = ["LOCK", "MARK", "checkDataset", "checkFree", "makeDataset"]

MARK = "_dataset.json"
LOCK = "_lock"

_FORMAT = "ctrader_twisted dataset"
_VERSION = 1


def checkDataset(root: Path) -> None:
    """
    Demand that a folder is a dataset that can be read here.

    @param root: the folder.
    @raise ConfigurationError: if it is none, or one of a newer version.
    @raise StoreFailed: if that cannot be found out.
    """
    path = root / MARK
    try:
        with asStoreErrors(path, "read"):
            told = json.loads(_read(path))
        isOurs = told["format"] == _FORMAT
        version = int(told["version"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise ConfigurationError(f"{path} is not the mark of a dataset; restore it, or choose another folder") from None
    if not isOurs:
        raise ConfigurationError(f"{path} belongs to another program; choose another folder")
    if version > _VERSION:
        raise ConfigurationError(
            f"{root} is a dataset of version {version}, and this program knows version {_VERSION}: "
            "upgrade ctrader_twisted"
        )


def checkFree(root: Path) -> None:
    """
    Demand that a folder is a dataset, or can become one.

    @param root: the folder.
    @raise ConfigurationError: if it has other content.
    @raise StoreFailed: if it cannot be read.
    """
    path = root / MARK
    with asStoreErrors(root, "read"):
        others = set(os.listdir(root)) - {LOCK, scratchOf(path).name}
    if others and MARK not in others:
        raise ConfigurationError(f"the folder {root} is no dataset, and not empty; choose another folder")


def makeDataset(root: Path, disk: Disk) -> None:
    """
    Make a folder a dataset, unless it is one.

    @param root: the folder.
    @param disk: the file system.
    @raise ConfigurationError: if it is a dataset of a newer version.
    @raise StoreFailed: if it cannot be made.
    """
    path = root / MARK
    if not path.exists():
        content = json.dumps({"format": _FORMAT, "version": _VERSION}).encode()
        with asStoreErrors(path, "write"):
            replaceWhole(disk, path, content)
    checkDataset(root)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigurationError(f"the folder {path.parent} is no dataset: it has no {MARK}") from None
