"""
Tests of L{ctrader_twisted.wire.reasons}.
"""

from __future__ import annotations

from OpenSSL.SSL import Error as TlsError
from service_identity import VerificationError
from twisted.internet import error as network
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import (
    CertificateRefused,
    ConnectFailed,
    CTraderError,
    HostNameRefused,
    NotConnected,
    RateLimited,
)
from ctrader_twisted.wire.reasons import explain


class ExplainTests(SynchronousTestCase):
    """
    Twisted's reasons in our words.
    """

    def explained(self, error: Exception, kind: type[CTraderError], words: str) -> None:
        """
        Check the class and the words for a reason.
        """
        result = explain(Failure(error))
        self.assertIs(type(result), kind)
        self.assertIn(words, str(result))

    def test_certificate(self) -> None:
        """
        An untrusted certificate and one for another name are errors of their own; other TLS failures are not.
        """
        refused = TlsError([("SSL routines", "", "certificate verify failed")])
        self.explained(refused, CertificateRefused, "not to be trusted")
        self.explained(VerificationError(errors=[]), HostNameRefused, "another host name")
        self.explained(TlsError([("SSL routines", "", "wrong version number")]), ConnectFailed, "wrong version number")
        self.explained(TlsError(), ConnectFailed, "no details")
        self.explained(TlsError(104, "ECONNRESET"), ConnectFailed, "ECONNRESET")

    def test_unreached(self) -> None:
        """
        What keeps a connection from being made is told apart in words.
        """
        self.explained(network.DNSLookupError("no such host"), ConnectFailed, "cannot be resolved")
        self.explained(network.TimeoutError(), ConnectFailed, "does not answer")
        self.explained(network.ConnectionRefusedError(), ConnectFailed, "no connection could be made")

    def test_ended(self) -> None:
        """
        So is what ends one.
        """
        self.explained(network.ConnectionDone(), NotConnected, "closed the connection")
        self.explained(network.ConnectionLost(), NotConnected, "was cut")
        self.explained(OSError("odd"), NotConnected, "odd")

    def test_own(self) -> None:
        """
        An error of this package stays as it is.
        """
        own = RateLimited("REQUEST_FREQUENCY_EXCEEDED")
        self.assertIs(explain(Failure(own)), own)
