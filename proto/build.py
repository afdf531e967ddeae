"""
Rebuild what the package ships of the schema, from the C{.proto} files beside this script.

Usage: C{python proto/build.py} (needs the package C{grpcio-tools}). It writes, in C{ctrader_twisted/schema/}:

  - C{openapi.binpb}, the serialised FileDescriptorSet that the message classes are made from;
  - C{messages.pyi}, the stubs by which type checkers and editors know those classes.

To use a newer release of the API, put its C{.proto} files here, write its number into C{VERSION}, add its new requests
to C{ctrader_twisted/schema/table.py}, and run this again.
"""

from __future__ import annotations

import runpy
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
)

HERE = Path(__file__).resolve().parent
SCHEMA = HERE.parent / "ctrader_twisted" / "schema"

_SCALARS = {
    FieldDescriptorProto.TYPE_DOUBLE: "float",
    FieldDescriptorProto.TYPE_INT64: "int",
    FieldDescriptorProto.TYPE_UINT64: "int",
    FieldDescriptorProto.TYPE_INT32: "int",
    FieldDescriptorProto.TYPE_UINT32: "int",
    FieldDescriptorProto.TYPE_BOOL: "bool",
    FieldDescriptorProto.TYPE_STRING: "str",
    FieldDescriptorProto.TYPE_BYTES: "bytes",
}

_HEAD = '''\
"""
Stubs of the message classes. Written by C{proto/build.py}; do not edit.
"""

from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer, RepeatedScalarFieldContainer
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import Message

_AnswerT = TypeVar("_AnswerT", bound=Message, covariant=True)

class Request(Message, Generic[_AnswerT]):
    """
    For type checkers only: a request whose answer is of a known class.
    """
'''


def compileProto(folder: Path = HERE) -> FileDescriptorSet:
    """
    Compile all C{.proto} files of a folder.

    @param folder: where the files are.
    @return: their descriptors, each file after those that it imports.
    @raise SystemExit: if the files do not compile.
    """
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "all.binpb"
        names = sorted(path.name for path in folder.glob("*.proto"))
        status = protoc.main(["protoc", f"-I{folder}", "--include_imports", f"--descriptor_set_out={target}", *names])
        if status:
            raise SystemExit(f"the .proto files in {folder} do not compile")
        return FileDescriptorSet.FromString(target.read_bytes())


def stubs(descriptors: FileDescriptorSet) -> str:
    """
    Write the stubs for all messages and enums.

    @param descriptors: the compiled schema.
    @return: the text of C{messages.pyi}.
    """
    requests = runpy.run_path(str(SCHEMA / "table.py"))["REQUESTS"]
    lines = [_HEAD]
    names = ["Request"]
    for file in descriptors.file:
        for enum in file.enum_type:
            names.append(enum.name)
            lines.extend(_enumStub(enum))
        for message in file.message_type:
            names.append(message.name)
            row = requests.get(message.name)
            lines.extend(_messageStub(message, f"Request[{row.answers[0]}]" if row else "Message"))
    lines.append("__all__ = [")
    lines.extend(f'    "{name}",' for name in sorted(names))
    lines.append("]")
    return "\n".join(lines) + "\n"


def _enumStub(enum: EnumDescriptorProto) -> Iterator[str]:
    yield f"class {enum.name}(int, metaclass=EnumTypeWrapper):"
    for value in enum.value:
        yield f"    {value.name}: ClassVar[{enum.name}]"
    yield ""


def _messageStub(message: DescriptorProto, base: str) -> Iterator[str]:
    yield f"class {message.name}({base}):"
    arguments = []
    for field in message.field:
        held, taken = _fieldTypes(field)
        if field.label == FieldDescriptorProto.LABEL_REPEATED or field.type == FieldDescriptorProto.TYPE_MESSAGE:
            yield "    @property"
            yield f"    def {field.name}(self) -> {held}: ..."
        else:
            yield f"    {field.name}: {held}"
        arguments.append(f"        {field.name}: {taken} | None = ...,")
    yield "    def __init__("
    yield "        self,"
    if arguments:
        yield "        *,"
        yield from arguments
    yield "    ) -> None: ..."
    yield ""


def _fieldTypes(field: FieldDescriptorProto) -> tuple[str, str]:
    """
    @return: the type that reading the field gives, and the type that the constructor takes.
    """
    plain = _SCALARS.get(field.type, field.type_name.rpartition(".")[2])
    if field.label != FieldDescriptorProto.LABEL_REPEATED:
        return plain, plain
    container = "Composite" if field.type == FieldDescriptorProto.TYPE_MESSAGE else "Scalar"
    return f"Repeated{container}FieldContainer[{plain}]", f"Iterable[{plain}]"


def main() -> None:
    """
    Compile the schema and write both files.
    """
    descriptors = compileProto()
    (SCHEMA / "openapi.binpb").write_bytes(descriptors.SerializeToString(deterministic=True))
    (SCHEMA / "messages.pyi").write_text(stubs(descriptors), encoding="utf-8")
    print(f"wrote {SCHEMA / 'openapi.binpb'} and {SCHEMA / 'messages.pyi'}", file=sys.stderr)


if __name__ == "__main__":
    main()
