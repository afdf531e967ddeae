"""
Build the reference from the docstrings with pydoctor, and fail if a docstring is faulty or refers to what is not there.

Usage: C{python reference.py PACKAGE TARGET}. It needs no network: the names of Python and of what the package imports
are put into an inventory of our own, where pydoctor would fetch those of Python and Twisted.
"""

import ast
import builtins
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

HEAD = b"""\
# Sphinx inventory version 2
# Project: outside
# Version: 1
# The remainder of this file is compressed using zlib.
"""

# The list of all messages is made at import.
ACCEPTED = 'Cannot parse value assigned to "__all__"'


def outside(package: Path) -> Iterator[str]:
    """
    Find the names that docstrings may refer to outside of a package.

    @param package: its folder.
    @return: dotted names, some more than once.
    """
    yield from dir(builtins)
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] != package.name:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inventory(package: Path) -> bytes:
    """
    Write the inventory of those names, in the second version of Sphinx's format.

    @param package: the folder of the package.
    @return: the contents of the file.
    """
    rows = "".join(f"{name} py:class 1 search.html?q={name} -\n" for name in sorted(set(outside(package))))
    return HEAD + zlib.compress(rows.encode())


def main(package: str, target: str) -> int:
    """
    Build the reference.

    @param package: the folder of the package.
    @param target: the folder to write to.
    @return: 0 if there was nothing to complain about, else 1.
    """
    with tempfile.TemporaryDirectory() as scratch:
        objects = Path(scratch, "objects.inv")
        objects.write_bytes(inventory(Path(package)))
        settings = ["--docformat=epytext", f"--project-name={package}", f"--html-output={target}", "--quiet"]
        known = f"--intersphinx-file={objects}::https://docs.python.org/3/"
        command = [sys.executable, "-m", "pydoctor", *settings, known, package]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    complaints = [line for line in done.stdout.splitlines() if line.strip() and not line.endswith(ACCEPTED)]
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints or done.returncode else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
