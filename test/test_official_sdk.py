"""
The official SDK, unchanged, against the simulator.

It needs other releases of Twisted and protobuf than this project, so it has an interpreter of its own, which
C{CTRADER_OFFICIAL_SDK_PYTHON} names: one of an environment with ctrader-open-api 0.9.2.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet.defer import Deferred

from test.foreigncase import ForeignCase

_PYTHON = os.environ.get("CTRADER_OFFICIAL_SDK_PYTHON")
_SCRIPT = Path(__file__).resolve().parent / "official_sdk_client.py.txt"


class OfficialSdkTests(ForeignCase):
    """
    What its users do, from the tokens to the reports of a day of trading.
    """

    if not _PYTHON:
        skip = "CTRADER_OFFICIAL_SDK_PYTHON names no interpreter"

    def test_day(self) -> Deferred[None]:
        """
        It gets tokens, logs in, learns what there is, hears prices, trades with orders of every kind, and reads the
        reports. It does not verify the server's certificate.
        """
        assert _PYTHON
        return Deferred.fromCoroutine(self.live([_PYTHON, str(_SCRIPT)], before="tokens\n"))
