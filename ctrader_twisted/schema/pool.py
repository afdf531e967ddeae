"""
Message classes from the shipped FileDescriptorSet, in a descriptor pool of our own.

Generated C{_pb2} modules live in protobuf's default pool, where the official SDK has registered files of the same
names; a private pool lets both live in one process, and loads on every protobuf release from 4.25 on.
"""

from __future__ import annotations

from importlib.resources import files

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

__all__ = ["loadDescriptors", "makeClasses"]


def loadDescriptors() -> FileDescriptorSet:
    """
    Read the schema that ships with the package.

    @return: the descriptors of its four files, each file after those that it imports.
    """
    return FileDescriptorSet.FromString((files("ctrader_twisted.schema") / "openapi.binpb").read_bytes())


def makeClasses(descriptors: FileDescriptorSet) -> dict[str, type[Message] | EnumTypeWrapper]:
    """
    Make the classes of all messages and the wrappers of all enums of a schema.

    @param descriptors: the schema, each file after those that it imports.
    @return: classes and enum wrappers by name.
    """
    pool = DescriptorPool()
    made: dict[str, type[Message] | EnumTypeWrapper] = {}
    for file in descriptors.file:
        pool.AddSerializedFile(file.SerializeToString())
        for enum in file.enum_type:
            made[enum.name] = _wrapped(pool.FindEnumTypeByName(enum.name))
        for message in file.message_type:
            made[message.name] = GetMessageClass(pool.FindMessageTypeByName(message.name))
    return made


def _wrapped(enum: EnumDescriptor) -> EnumTypeWrapper:
    wrapper = EnumTypeWrapper(enum)
    # Otherwise it asks the descriptors, in Python, each time that one is named.
    for name, number in wrapper.items():
        setattr(wrapper, name, number)
    return wrapper
