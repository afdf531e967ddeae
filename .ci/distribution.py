"""
Check what the built distributions hold.

Usage: C{python distribution.py WHEEL SDIST}.
"""

import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

PLUGIN = "twisted/plugins/ctrader_twisted_plugin.py"
DATA = {
    "ctrader_twisted/cli/first_script.py.txt",
    "ctrader_twisted/py.typed",
    "ctrader_twisted/schema/messages.pyi",
    "ctrader_twisted/schema/openapi.binpb",
}
SOURCES = {
    "CHANGELOG.rst",
    "LICENSE",
    "README.rst",
    "docs/conf.py",
    "proto/OpenApiMessages.proto",
    "proto/build.py",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "test/__init__.py",
}


def checkWheel(path: str) -> list[str]:
    """
    Check a wheel.

    @param path: the file.
    @return: a sentence for each fault.
    """
    with ZipFile(path) as wheel:
        names = set(wheel.namelist())
    own = {name for name in names if ".dist-info/" not in name}
    present = {file.as_posix() for file in Path("ctrader_twisted").rglob("*.py")} | DATA | {PLUGIN}
    wrong = [f"the wheel lacks {name}" for name in sorted(present - own)]
    wrong += [f"the wheel should not hold {name}" for name in sorted(own - present)]
    if not any(name.endswith("/LICENSE") for name in names):
        wrong.append("the wheel lacks the licence")
    return wrong


def checkSources(path: str) -> list[str]:
    """
    Check a source distribution.

    @param path: the file.
    @return: a sentence for each fault.
    """
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tests = {file.as_posix() for file in Path("test").rglob("*.py")}
    wrong = [f"the source distribution lacks {name}" for name in sorted((SOURCES | tests | DATA | {PLUGIN}) - names)]
    wrong += [f"the source distribution should not hold {name}" for name in sorted(names) if "__pycache__" in name]
    return wrong


def main(wheel: str, sources: str) -> int:
    """
    Check both.

    @param wheel: the wheel.
    @param sources: the source distribution.
    @return: 0 if they hold what they should, else 1.
    """
    wrong = checkWheel(wheel) + checkSources(sources)
    for sentence in wrong:
        print(sentence)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
