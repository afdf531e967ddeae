"""
Tests that the rooms of the package stand on their floors: who may import what, and when.

The imports are read from the source, those inside functions too, so that a forbidden one is found even on a path that
no other test takes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from twisted.trial.unittest import SynchronousTestCase

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = "ctrader_twisted"
PLUGIN = "twisted/plugins/ctrader_twisted_plugin.py"

FLOORS = {
    "credentials": 0,
    "errors": 0,
    "interfaces": 0,
    "secret": 0,
    "schema": 0,
    "units": 1,
    "framing": 1,
    "durable": 1,
    "private": 1,
    "eventual": 1,
    "blocking": 1,
    "columns": 1,
    "requests": 2,
    "wire": 2,
    "oauth": 2,
    "store": 2,
    "simulator": 3,
    "profiles": 3,
    "session": 3,
    "market": 4,
    "trading": 5,
    "client": 6,
    "recorder": 7,
    "testing": 8,
    "cli": 8,
    "notebook": 8,
    "tap": 8,
    # The package itself, which only names what is public, and the plugin.
    "": 9,
}

# Rooms on one floor do not know each other, but for these.
NEIGHBOURS = {
    ("credentials", "secret"),
    ("interfaces", "credentials"),
    ("columns", "units"),
    ("durable", "private"),
    # A command runs the contract suite.
    ("cli", "testing"),
    # Both dial over TLS.
    ("oauth", "wire"),
}

SIMULATOR_MAY = {"durable", "errors", "interfaces", "secret", "schema", "units", "framing", "columns", "store"}

WITHOUT_TWISTED = {"schema", "units", "framing", "columns", "durable", "private", "store"}

# Slow to import or not always installed: at module level nowhere, or only in the rooms named here.
LATE: dict[str, set[str]] = {
    "numpy": set(),
    "pandas": set(),
    "pyarrow": set(),
    "treq": set(),
    "keyring": set(),
    "matplotlib": set(),
    "tomlkit": set(),
    "click": {"cli"},
    "rich": {"cli"},
    "pytest": {"testing"},
}

POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}


class Import(NamedTuple):
    """
    One import in a source file.

    @ivar line: the number of its line.
    @ivar target: the dotted name of what is imported, with the name after C{import} at its end.
    @ivar late: whether it stands in a function.
    @ivar typing: whether only type checkers see it.
    """

    line: int
    target: str
    late: bool
    typing: bool


def importsOf(node: ast.AST, late: bool = False, typing: bool = False) -> Iterator[Import]:
    """
    Find all imports below a node.

    @param node: where to look.
    @param late: whether the node stands in a function.
    @param typing: whether the node is for type checkers only.
    @return: the imports in the order of the source.
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(node.lineno, alias.name, late, typing)
    elif isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        for alias in node.names:
            yield Import(node.lineno, f"{base}.{alias.name}", late, typing)
    elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        for seen in node.body:
            yield from importsOf(seen, late, True)
        for run in node.orelse:
            yield from importsOf(run, late, typing)
    else:
        late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from importsOf(child, late, typing)


def roomOf(dotted: str) -> str:
    """
    Find the room that a dotted name of the package lies in.

    @param dotted: a name that begins with the package's.
    @return: the room; empty for the package itself.
    """
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS else ""


def floorFault(room: str, other: str) -> str | None:
    """
    Judge an import of one room by another.

    @param room: the room that imports.
    @param other: the room that is imported.
    @return: what is wrong with it, or L{None}.
    """
    if other == room or (room, other) in NEIGHBOURS:
        return None
    if room == "simulator" and other not in SIMULATOR_MAY:
        return f"the simulator knows nothing of {other or PACKAGE}"
    if FLOORS[other] >= FLOORS[room]:
        return f"{other or PACKAGE} (floor {FLOORS[other]}) is not below {room} (floor {FLOORS[room]})"
    return None


def fault(room: str, found: Import) -> str | None:
    """
    Judge one import.

    @param room: the room that imports.
    @param found: the import.
    @return: what is wrong with it, or L{None}.
    """
    top = found.target.split(".")[0]
    if not top:
        return "imports name the package"
    if top == PACKAGE:
        return floorFault(room, roomOf(found.target))
    if top == "test":
        return "the package does not know its tests"
    if found.typing:
        return None
    if found.target == "twisted.internet.reactor" and not (found.late and room in ("cli", "client", "notebook", "tap")):
        return "the reactor is passed in"
    if top == "twisted" and room in WITHOUT_TWISTED:
        return f"{room} knows no Twisted"
    if not found.late and top in LATE and room not in LATE[top]:
        return f"{top} is imported where it is used"
    if not found.late and top in POSIX_ONLY:
        return f"{top} does not exist everywhere"
    return None


def faults(room: str, source: str) -> list[str]:
    """
    Judge a source file.

    @param room: the room that it belongs to.
    @param source: its text.
    @return: a sentence for each import that breaks a rule.
    """
    judged = ((found, fault(room, found)) for found in importsOf(ast.parse(source)))
    return [f"line {found.line}: {found.target}: {wrong}" for found, wrong in judged if wrong]


def sources() -> Iterator[tuple[str, Path]]:
    """
    @return: the room and the path of each module that is installed.
    """
    package = PROJECT / PACKAGE
    for path in sorted(package.rglob("*.py")):
        yield path.relative_to(package).parts[0].removesuffix(".py").replace("__init__", ""), path
    plugin = PROJECT / PLUGIN
    if plugin.exists():
        yield "", plugin


class RoomTests(SynchronousTestCase):
    """
    The package keeps the rules.
    """

    def test_everyRoomHasAFloor(self) -> None:
        """
        There is no module outside of the rooms that the design names.
        """
        self.assertEqual({room for room, _ in sources()} - set(FLOORS), set())

    def test_imports(self) -> None:
        """
        No module imports what it may not.
        """
        wrong = [
            f"{path.relative_to(PROJECT)}: {sentence}"
            for room, path in sources()
            if room in FLOORS
            for sentence in faults(room, path.read_text(encoding="utf-8"))
        ]
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))


class CheckerTests(SynchronousTestCase):
    """
    The check itself finds what it looks for.
    """

    def assertFault(self, room: str, source: str, words: str) -> None:
        """
        Demand that a source breaks exactly one rule.

        @param room: the room that it would belong to.
        @param source: its text.
        @param words: words of the sentence that is expected.
        """
        found = faults(room, source)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_upwards(self) -> None:
        """
        An import from a higher floor is found, however it is written and wherever it stands.
        """
        for source in (
            "from ctrader_twisted.session import Session",
            "from ctrader_twisted import session",
            "import ctrader_twisted.session.link",
            "def f():\n    async def g():\n        from ctrader_twisted.session.link import AccountLink",
            "if TYPE_CHECKING:\n    from ctrader_twisted.session import Session",
            "import typing\nif typing.TYPE_CHECKING:\n    pass\nelse:\n    import ctrader_twisted.session",
            "try:\n    import ctrader_twisted.session\nexcept ImportError:\n    pass",
        ):
            self.assertFault("wire", source, "floor 3")

    def test_sideways(self) -> None:
        """
        Rooms on one floor do not import each other, except where it is agreed.
        """
        self.assertFault("wire", "from ctrader_twisted.oauth import FileTokens", "floor 2")
        self.assertEqual(faults("credentials", "from ctrader_twisted.secret import Secret"), [])

    def test_downwards(self) -> None:
        """
        Imports from lower floors, from the own room and from elsewhere are allowed.
        """
        source = "import os\nfrom ctrader_twisted.market import Quotes\nfrom ctrader_twisted.trading.state import State"
        self.assertEqual(faults("trading", source), [])
        self.assertFault("market", "import ctrader_twisted.trading", "floor 5")

    def test_simulator(self) -> None:
        """
        The simulator imports nothing of the client, though it stands above some of it.
        """
        self.assertFault(
            "simulator", "from ctrader_twisted.wire.protocol import OpenApiProtocol", "knows nothing of wire"
        )
        self.assertEqual(faults("simulator", "from ctrader_twisted.framing import FrameDecoder"), [])

    def test_thePublicFace(self) -> None:
        """
        No room imports the names that the package collects for its users.
        """
        self.assertFault("cli", "from ctrader_twisted import Client", "floor 9")
        self.assertEqual(faults("", "from ctrader_twisted.client import Client"), [])

    def test_reactor(self) -> None:
        """
        The global reactor is found in both spellings; command line and services may reach for it when they run.
        """
        self.assertFault("wire", "from twisted.internet import defer, reactor", "passed in")
        self.assertFault("session", "def f():\n    import twisted.internet.reactor", "passed in")
        self.assertFault("cli", "from twisted.internet import reactor", "passed in")
        self.assertEqual(faults("tap", "def makeService():\n    from twisted.internet import reactor"), [])
        self.assertEqual(faults("wire", "from twisted.internet.interfaces import IReactorTime"), [])

    def test_pureRooms(self) -> None:
        """
        The pure rooms do without Twisted, even in functions.
        """
        self.assertFault("units", "def f():\n    from twisted.python.failure import Failure", "no Twisted")
        self.assertFault("framing", "import twisted", "no Twisted")

    def test_lateImports(self) -> None:
        """
        Heavy packages are imported in functions only, those of the command line in its own room too.
        """
        self.assertFault("columns", "import numpy as np", "where it is used")
        self.assertFault("oauth", "from treq.client import HTTPClient", "where it is used")
        self.assertFault("tap", "class A:\n    import click", "where it is used")
        self.assertEqual(faults("cli", "import click\nimport rich.table"), [])
        self.assertEqual(faults("columns", "def toNumpy():\n    import numpy"), [])
        self.assertEqual(faults("columns", "if TYPE_CHECKING:\n    import numpy"), [])

    def test_posix(self) -> None:
        """
        Modules that do not exist on Windows are not imported at module level.
        """
        self.assertFault("oauth", "import fcntl", "everywhere")
        self.assertEqual(faults("oauth", "def lock():\n    import fcntl"), [])

    def test_testsAndRelatives(self) -> None:
        """
        The package imports nothing from its tests, and always by full names.
        """
        self.assertFault("testing", "from test.fakes import Fake", "tests")
        self.assertFault("wire", "from . import protocol", "name the package")
        self.assertFault("wire", "from ..framing import Envelope", "name the package")
