"""
Classes that parse many messages of one kind in a single call.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

__all__ = ["batchClass"]


@cache
def batchClass(kind: Any) -> Any:
    """
    Make the class for a run of envelopes. Protobuf takes messages that are joined for one message whose repeated
    fields have more elements; so envelopes of one kind without ids, joined, are a message of C{payloadType} and of as
    many C{payload}s.

    @param kind: the class of the payloads.
    @return: a message class, whose field C{payload} has the messages.
    """
    name, file = f"{kind.DESCRIPTOR.name}Batch", kind.DESCRIPTOR.file
    made = FileDescriptorProto(name=f"{name}.proto", package=file.package, dependency=[file.name])
    message = made.message_type.add(name=name)
    message.field.add(
        name="payloadType",
        number=1,
        label=FieldDescriptorProto.LABEL_OPTIONAL,
        type=FieldDescriptorProto.TYPE_UINT32,
    )
    message.field.add(
        name="payload",
        number=2,
        label=FieldDescriptorProto.LABEL_REPEATED,
        type=FieldDescriptorProto.TYPE_MESSAGE,
        type_name=f".{kind.DESCRIPTOR.full_name}",
    )
    pool = cast(DescriptorPool, file.pool)
    pool.AddSerializedFile(made.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{name}".lstrip(".")))
