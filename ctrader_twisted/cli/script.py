"""
The script that the tour leaves behind, and how to run it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from importlib.resources import files
from itertools import count
from pathlib import Path

__all__ = ["NAME", "commands", "template", "writeScript"]

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


def commands(script: Path) -> tuple[str, str]:
    """
    Say how to run it, from the folder in which we are.

    @param script: the script.
    @return: two lines for a shell: one starts the simulator, the other one the script.
    """
    scripts = sysconfig.get_path("scripts")
    simulator = [_program(Path(scripts, "twistd")), "--nodaemon", "ctrader-sim", "--directory", "sim"]
    client = [_program(Path(sys.executable)), _fromHere(script), "sim"]
    join = subprocess.list2cmdline if os.name == "nt" else shlex.join
    return join(simulator), join(client)


def _program(path: Path) -> str:
    """
    A name is enough if the shell finds this very program by it, and not another installation's.
    """
    found = shutil.which(path.stem if os.name == "nt" else path.name)
    if found is not None and Path(found).parent == path.parent:
        return path.stem if os.name == "nt" else path.name
    return _fromHere(path)


def _fromHere(path: Path) -> str:
    whole, here = path.absolute(), Path.cwd()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)
