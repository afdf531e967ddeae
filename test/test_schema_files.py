"""
Tests that what the package ships of the schema is what the C{.proto} files say.
"""

from __future__ import annotations

import importlib.util
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from twisted.python.filepath import FilePath
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.pool import loadDescriptors

PROJECT = Path(__file__).resolve().parent.parent
BUILD = PROJECT / "proto" / "build.py"


def facts(descriptors: FileDescriptorSet) -> Iterator[tuple[object, ...]]:
    """
    Take from a schema what matters for its users.

    @param descriptors: the schema.
    @return: one tuple for each message, field and enum value.
    """
    for file in descriptors.file:
        yield (file.name, file.package, file.syntax, tuple(file.dependency))
        for enum in file.enum_type:
            for value in enum.value:
                yield (file.name, enum.name, value.name, value.number)
        for message in file.message_type:
            yield (file.name, message.name)
            for field in message.field:
                default = field.default_value if field.HasField("default_value") else None
                kind = (field.label, field.type, field.type_name, default, field.options.packed)
                yield (file.name, message.name, field.number, field.name, *kind)


class ShippedFilesTests(SynchronousTestCase):
    """
    The descriptors and stubs in the package are those of the C{.proto} files.
    """

    if importlib.util.find_spec("grpc_tools") is None:
        skip = "the package grpcio-tools is not installed"

    def setUp(self) -> None:
        """
        Load the build command, which is a script outside of the package.
        """
        self.build: dict[str, Any] = runpy.run_path(str(BUILD))

    def test_descriptors(self) -> None:
        """
        The shipped descriptors mean the same as the compiled files; the bytes may differ with the compiler.
        """
        compiled = set(facts(self.build["compileProto"]()))
        shipped = set(facts(loadDescriptors()))
        self.assertEqual(sorted(map(repr, compiled ^ shipped)), [])
        self.assertGreater(len(shipped), 877)

    def test_stubs(self) -> None:
        """
        The shipped stubs are what the build command writes for the shipped descriptors.
        """
        shipped = (PROJECT / "ctrader_twisted" / "schema" / "messages.pyi").read_text(encoding="utf-8")
        self.assertEqual(self.build["stubs"](loadDescriptors()), shipped)

    def test_aFaultyFile(self) -> None:
        """
        Files that do not compile end the build with a sentence that names their folder.
        """
        folder = FilePath(self.mktemp())
        folder.makedirs()
        folder.child("wrong.proto").setContent(b'syntax = "proto2"; message {')
        compileProto: Callable[[Path], FileDescriptorSet] = self.build["compileProto"]
        error = self.assertRaises(SystemExit, compileProto, Path(folder.path))
        self.assertIn(folder.path, str(error))


class ReleaseTests(SynchronousTestCase):
    """
    The project says which release of the API it describes.
    """

    def test_version(self) -> None:
        """
        The file beside the schema holds the number of the release, which the package's documentation names too.
        """
        version = (PROJECT / "proto" / "VERSION").read_text(encoding="utf-8").strip()
        self.assertTrue(version.isdigit())
        self.assertIn(f"release {version}", (PROJECT / "ctrader_twisted" / "schema" / "__init__.py").read_text())
