"""
Tests of the string that does not show itself.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.secret import Secret, asSecret


class SecretTests(SynchronousTestCase):
    """
    The text is there for those who ask for it by name, and for nobody else.
    """

    def test_reveal(self) -> None:
        """
        The text comes out as it went in.
        """
        self.assertEqual(Secret("hunter2\u00fc").reveal(), "hunter2\u00fc")

    def test_printing(self) -> None:
        """
        No way of printing shows the text or its length.
        """
        secret = Secret("hunter2")
        for printed in (str(secret), repr(secret), f"{secret}", f"{secret!r:>3}", "%s %r" % (secret, secret)):  # noqa: UP031
            self.assertNotIn("hunter2", printed)
            self.assertIn("***", printed)
        self.assertEqual(str(Secret("")), "***")

    def test_nested(self) -> None:
        """
        The text does not show in a container or an error that holds the secret.
        """
        self.assertEqual(repr({"token": [Secret("hunter2")]}), "{'token': [***]}")
        self.assertNotIn("hunter2", repr(ValueError(Secret("hunter2"))))

    def test_noAttributes(self) -> None:
        """
        There is no C{__dict__} that a printer of objects would show.
        """
        self.assertFalse(hasattr(Secret("hunter2"), "__dict__"))

    def test_equality(self) -> None:
        """
        Secrets of one text are equal and hash alike; a secret never equals its bare text.
        """
        self.assertEqual(Secret("a\u00fc"), Secret("a\u00fc"))
        self.assertEqual(hash(Secret("a")), hash(Secret("a")))
        self.assertNotEqual(Secret("a"), Secret("b"))
        self.assertFalse(Secret("a") == "a")

    def test_wrapping(self) -> None:
        """
        A text is wrapped once, however often it is asked for.
        """
        secret = asSecret("hunter2")
        self.assertEqual(secret, Secret("hunter2"))
        self.assertIs(asSecret(secret), secret)

    def test_nothing(self) -> None:
        """
        What is empty or no text is refused, wrapped or not.
        """
        for empty in ("", Secret("")):
            self.assertRaises(ValueError, asSecret, empty)
        for other in (None, b"hunter2", 5):
            self.assertRaises(TypeError, asSecret, other)
