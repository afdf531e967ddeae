"""
A client in another language, unchanged, against the simulator: @reiryoku/ctrader-layer 2.2.0 from npm, on Node.js.

C{CTRADER_NPM_CLIENT} names a folder into which npm has installed it.
"""

from __future__ import annotations

import os
from pathlib import Path
from shutil import which

from twisted.internet.defer import Deferred

from test.foreigncase import ForeignCase

_FOLDER = os.environ.get("CTRADER_NPM_CLIENT")
_SCRIPT = Path(__file__).resolve().parent / "npm_client.js.txt"
_NODE = which("node")


class NpmClientTests(ForeignCase):
    """
    What its users do, on a day of trading.
    """

    if not _FOLDER or not _NODE:
        skip = "CTRADER_NPM_CLIENT names no folder, or there is no node"

    def test_day(self) -> Deferred[None]:
        """
        It logs in, learns what there is, hears prices, trades with orders of every kind, and reads the reports. It
        verifies the server's certificate.
        """
        assert _NODE
        return Deferred.fromCoroutine(self.live([_NODE, str(_SCRIPT)], trusts="NODE_EXTRA_CA_CERTS"))
