"""
Tests of L{ctrader_twisted.credentials}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.secret import Secret


class CredentialsTests(SynchronousTestCase):
    """
    What identifies an application, and what was granted to it.
    """

    def test_hidden(self) -> None:
        """
        Neither shows its secrets, and plain strings are wrapped at once.
        """
        application, pair = Application("12_client", "s3cret"), TokenPair("s3cret", "s3cret", scope="trading")
        self.assertNotIn("s3cret", f"{application} {application!r} {pair} {pair!r}")
        self.assertIn("12_client", repr(application))
        secrets = (application.clientSecret, pair.accessToken, pair.refreshToken)
        self.assertEqual(secrets, (Secret("s3cret"),) * 3)

    def test_refused(self) -> None:
        """
        What is empty, or no string, such as a variable of the environment that is not set, is refused.
        """
        wrong: Any
        for wrong in ("", Secret(""), None, 5):
            for make in (
                lambda wrong: Application(wrong, "s3cret"),
                lambda wrong: Application("12_client", wrong),
                TokenPair,
            ):
                self.assertRaises((TypeError, ValueError), make, wrong)
        self.assertIsNone(TokenPair("access", None).refreshToken)
        self.assertRaises(ValueError, TokenPair, "access", "")
