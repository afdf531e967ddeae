"""
The simulator's certificates.
"""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator.authority import Authority

_NOW = datetime(2026, 3, 4, tzinfo=UTC)


def _isPrivate(path: Path) -> bool:
    return os.name == "nt" or stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


class AuthorityTests(SynchronousTestCase):
    """
    The certificates.
    """

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir()

    def serial(self, name: str) -> int:
        return x509.load_pem_x509_certificate((self.directory / name).read_bytes()).serial_number

    def test_names(self) -> None:
        """
        The server's certificate is signed by the authority and names this computer.
        """
        Authority(self.directory, _NOW).serverOptions()
        authority = x509.load_pem_x509_certificate((self.directory / "ca.pem").read_bytes())
        server = x509.load_pem_x509_certificate((self.directory / "server.pem").read_bytes())
        server.verify_directly_issued_by(authority)
        names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual(names.get_values_for_type(x509.DNSName), ["localhost"])
        addresses = [str(each) for each in names.get_values_for_type(x509.IPAddress)]
        self.assertEqual(addresses, ["127.0.0.1", "::1"])
        self.assertTrue(_isPrivate(self.directory / "ca.key"))
        self.assertTrue(_isPrivate(self.directory / "server.pem"))

    def test_kept(self) -> None:
        """
        What is there and good is used again.
        """
        Authority(self.directory, _NOW).serverOptions()
        before = self.serial("ca.pem"), self.serial("server.pem")
        Authority(self.directory, _NOW + timedelta(days=300)).serverOptions()
        self.assertEqual((self.serial("ca.pem"), self.serial("server.pem")), before)

    def test_renewed(self) -> None:
        """
        A server certificate that ends soon is renewed under the same authority; an authority that ends is replaced.
        """
        Authority(self.directory, _NOW).serverOptions()
        authority, server = self.serial("ca.pem"), self.serial("server.pem")
        Authority(self.directory, _NOW + timedelta(days=340)).serverOptions()
        self.assertEqual(self.serial("ca.pem"), authority)
        self.assertNotEqual(self.serial("server.pem"), server)
        Authority(self.directory, _NOW + timedelta(days=3_640)).serverOptions()
        self.assertNotEqual(self.serial("ca.pem"), authority)

    def test_broken(self) -> None:
        """
        Files that are no certificates are an error of configuration.
        """
        Authority(self.directory, _NOW).serverOptions()
        (self.directory / "ca.pem").write_text("nonsense")
        self.assertRaises(ConfigurationError, Authority(self.directory, _NOW).serverOptions)
