"""
Tests of the message classes: where they live, and how they treat what they do not know.
"""

from __future__ import annotations

import pickle

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import Message
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema import messages
from ctrader_twisted.schema.messages import (
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAOrder,
    ProtoOASpotEvent,
    ProtoOATimeInForce,
    ProtoOATradeSide,
    ProtoOATrendbar,
    ProtoOATrendbarPeriod,
)
from ctrader_twisted.schema.pool import loadDescriptors, makeClasses


def madeAgain(name: str) -> type[Message]:
    """
    Make all classes once more, in another pool.

    @param name: the name of a message.
    @return: its new class.
    """
    made = makeClasses(loadDescriptors())[name]
    assert not isinstance(made, EnumTypeWrapper)
    return made


class PoolTests(SynchronousTestCase):
    """
    The classes live in a descriptor pool of their own.
    """

    def test_shippedFiles(self) -> None:
        """
        The four files come in an order in which each follows those that it imports.
        """
        seen: set[str] = set()
        for file in loadDescriptors().file:
            self.assertTrue(set(file.dependency) <= seen, file.name)
            seen.add(file.name)
        self.assertEqual(
            seen,
            {
                "OpenApiCommonMessages.proto",
                "OpenApiCommonModelMessages.proto",
                "OpenApiMessages.proto",
                "OpenApiModelMessages.proto",
            },
        )

    def test_besideTheSameNamesInTheDefaultPool(self) -> None:
        """
        A file of the same name with other contents in protobuf's default pool, as the official SDK has it, disturbs
        neither side.
        """
        other = FileDescriptorProto(name="OpenApiCommonMessages.proto", syntax="proto2")
        other.message_type.add(name="ProtoMessage").field.add(name="alien", number=1, label=1, type=9)
        descriptor_pool.Default().AddSerializedFile(other.SerializeToString())
        alien = descriptor_pool.Default().FindMessageTypeByName("ProtoMessage")
        self.assertEqual([field.name for field in alien.fields], ["alien"])
        for made in (madeAgain("ProtoMessage"), messages.ProtoMessage):
            names = [field.name for field in made.DESCRIPTOR.fields]
            self.assertEqual(names, ["payloadType", "payload", "clientMsgId"])

    def test_poolsDoNotShareClasses(self) -> None:
        """
        Making the classes a second time gives others, whose messages mean the same on the wire.
        """
        other = madeAgain("ProtoOASpotEvent")
        self.assertIsNot(other, ProtoOASpotEvent)
        event = ProtoOASpotEvent(ctidTraderAccountId=1, symbolId=2, bid=3)
        self.assertEqual(other.FromString(event.SerializeToString()).SerializeToString(), event.SerializeToString())

    def test_anyDescriptors(self) -> None:
        """
        Classes are made from whatever schema is given, not only from the shipped one.
        """
        descriptors = FileDescriptorSet()
        file = descriptors.file.add(name="newer.proto", syntax="proto2")
        file.message_type.add(name="ProtoOANewerEvent").field.add(name="answer", number=1, label=1, type=3)
        file.enum_type.add(name="ProtoOANewer").value.add(name="YES", number=1)
        made = makeClasses(descriptors)
        self.assertEqual(set(made), {"ProtoOANewerEvent", "ProtoOANewer"})


class MessageTests(SynchronousTestCase):
    """
    The classes behave as messages of a proto2 schema do.
    """

    def test_pickle(self) -> None:
        """
        A message, with what is nested in it, survives pickling.
        """
        event = ProtoOASpotEvent(ctidTraderAccountId=1, symbolId=2, bid=111968)
        event.trendbar.add(volume=3, low=-4, deltaHigh=5)
        copied = pickle.loads(pickle.dumps(event))
        self.assertEqual(copied, event)
        self.assertIs(type(copied), ProtoOASpotEvent)

    def test_unsetFields(self) -> None:
        """
        A side of a quote that was not sent can be told from one that was sent as zero.
        """
        event = ProtoOASpotEvent.FromString(
            ProtoOASpotEvent(ctidTraderAccountId=1, symbolId=2, ask=0).SerializeToString()
        )
        self.assertTrue(event.HasField("ask"))
        self.assertFalse(event.HasField("bid"))

    def test_enumsByName(self) -> None:
        """
        Enums give the numbers of their names and the names of their numbers.
        """
        self.assertEqual(ProtoOATradeSide.SELL, 2)
        self.assertEqual(ProtoOATradeSide.Name(1), "BUY")

    def test_unknownEnumValue(self) -> None:
        """
        Scenario 9: A value that the schema does not know reads as unset, and goes out again as it came.
        """
        newer = ProtoOATrendbar(volume=7, period=ProtoOATrendbarPeriod.M1).SerializeToString()[:-1] + b"\x63"
        bar = ProtoOATrendbar.FromString(newer)
        self.assertFalse(bar.HasField("period"))
        self.assertEqual(bar.volume, 7)
        self.assertEqual(bar.SerializeToString(), newer)

    def test_unknownValueOfARequiredEnum(self) -> None:
        """
        A message is readable even if the value that is not known stands in a required field.
        """
        data = ProtoOAExecutionEvent(ctidTraderAccountId=1, executionType=ProtoOAExecutionType.SWAP).SerializeToString()
        event = ProtoOAExecutionEvent.FromString(data[:-1] + b"\x63")
        self.assertFalse(event.HasField("executionType"))
        self.assertEqual(event.ctidTraderAccountId, 1)

    def test_unknownFields(self) -> None:
        """
        Scenario 9: A field that the schema does not know is kept and does not disturb the others.
        """
        data = ProtoOASpotEvent(ctidTraderAccountId=1, symbolId=2).SerializeToString() + b"\xf8\x07\x2a"
        event = ProtoOASpotEvent.FromString(data)
        self.assertEqual(event.symbolId, 2)
        self.assertEqual(event.SerializeToString(), data)

    def test_defaultsThatAreNotZero(self) -> None:
        """
        A field that was not sent reads as the default of the schema.
        """
        order = ProtoOAOrder()
        self.assertEqual(order.timeInForce, ProtoOATimeInForce.IMMEDIATE_OR_CANCEL)
        self.assertFalse(order.HasField("timeInForce"))
