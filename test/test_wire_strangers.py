"""
Tests of what is counted as unknown to the schema.
"""

from __future__ import annotations

from google.protobuf.message import Message
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema import messages as m
from ctrader_twisted.wire.strangers import strangers


def withBytes(message: Message, data: bytes) -> Message:
    """
    @return: the message with more bytes in its serialised form, parsed again.
    """
    return type(message).FromString(message.SerializeToString() + data)


class StrangersTests(SynchronousTestCase):
    """
    Unknown fields and values.
    """

    def test_nothing(self) -> None:
        """
        Scenario 9: In what the schema knows there is nothing to count.
        """
        self.assertEqual(strangers(m.ProtoHeartbeatEvent()), (0, 0))
        spot = m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, trendbar=[m.ProtoOATrendbar(volume=1)])
        self.assertEqual(strangers(spot), (0, 0))

    def test_fieldsAndValues(self) -> None:
        """
        An unknown field is told from an unknown value of a known field, and both are counted.
        """
        asset = m.ProtoOAAssetListReq(ctidTraderAccountId=7)
        self.assertEqual(strangers(withBytes(asset, b"\xf8\x06\x05\xf8\x06\x06")), (2, 0))
        # Field 3 of the answer is the scope of a token.
        answer = withBytes(m.ProtoOAGetAccountListByAccessTokenRes(accessToken="x"), b"\x18\x63\xf8\x06\x05")
        self.assertEqual(strangers(answer), (1, 1))

    def test_inside(self) -> None:
        """
        Parts of a message are looked at too; of a list only the first.
        """
        trader = m.ProtoOATrader(ctidTraderAccountId=7, balance=1, depositAssetId=1)
        newer = withBytes(trader, b"\xb8\x01\x04")
        assert isinstance(newer, m.ProtoOATrader)
        self.assertEqual(strangers(m.ProtoOATraderRes(ctidTraderAccountId=7, trader=newer)), (1, 0))
        bar = withBytes(m.ProtoOATrendbar(volume=1), b"\xf8\x06\x05")
        assert isinstance(bar, m.ProtoOATrendbar)
        for bars, expected in (([bar, bar], (1, 0)), ([m.ProtoOATrendbar(volume=1), bar], (0, 0))):
            spot = m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, trendbar=bars)
            self.assertEqual(strangers(spot), expected)
