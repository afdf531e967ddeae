"""
The script that the tour leaves behind.
"""

from __future__ import annotations

from importlib.resources import files
from itertools import count
from pathlib import Path

__all__ = ["NAME", "template", "writeScript"]

NAME = "first_script.py"
"""
How the script is called in the documentation.
"""


def template() -> str:
    """
    @return: the script, as the documentation has it.
    """
    return files("ctrader_twisted.cli").joinpath(f"{NAME}.txt").read_text(encoding="utf-8")


def writeScript(folder: Path) -> Path:
    """
    Write the script into a folder, under a name that is free; one that is there already, unchanged, is good.

    @param folder: where to.
    @return: the script's path.
    @raise OSError: if it cannot be written.
    """
    stem = NAME.removesuffix(".py")
    for number in count(1):
        path = folder / (NAME if number == 1 else f"{stem}_{number}.py")
        content = template().replace(NAME, path.name).encode()
        try:
            with path.open("xb") as file:
                file.write(content)
            break
        except FileExistsError:
            if path.is_file() and path.read_bytes() == content:
                break
    return path
