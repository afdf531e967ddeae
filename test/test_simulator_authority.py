"""
The simulator's certificates.
"""

from __future__ import annotations

import contextlib
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator import authority as authorityModule
from ctrader_twisted.simulator.authority import Authority
from ctrader_twisted.simulator.files import replaceFile

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

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.directory / name).read_bytes())

    def serial(self, name: str) -> int:
        return self.certificate(name).serial_number

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

    def test_killed(self) -> None:
        """
        However few files were renewed when the process was killed, the next one ends up with a server certificate that
        is signed by the authority's own key.
        """
        later = _NOW + timedelta(days=3_640)
        for count in range(4):
            # At last the server's certificate is good for longer than its authority's.
            for days in (3_640, 40):
                Authority(self.directory, later - timedelta(days=days)).serverOptions()
            written: list[Path] = []

            def replaceSome(path: Path, content: bytes, count: int = count, written: list[Path] = written) -> None:
                if len(written) == count:
                    raise KeyboardInterrupt
                written.append(path)
                replaceFile(path, content)

            patch = self.patch(authorityModule, "replaceFile", replaceSome)
            with contextlib.suppress(KeyboardInterrupt):
                Authority(self.directory, later).serverOptions()
            patch.restore()
            self.assertEqual(len(written), min(count, 3))
            Authority(self.directory, later).serverOptions()
            ours, server = (self.certificate(name) for name in ("ca.pem", "server.pem"))
            server.verify_directly_issued_by(ours)
            key = load_pem_private_key((self.directory / "ca.key").read_bytes(), None)
            self.assertEqual(key.public_key(), ours.public_key())
            for file in self.directory.iterdir():
                file.unlink()

    def test_broken(self) -> None:
        """
        Files that are no certificates are an error of configuration.
        """
        Authority(self.directory, _NOW).serverOptions()
        file = self.directory / "server.pem"
        file.write_bytes(b"".join(file.read_bytes().partition(b"-----BEGIN CERT")[1:]))
        self.assertRaises(ConfigurationError, Authority(self.directory, _NOW).serverOptions)
        file.unlink()
        file.mkdir()
        self.assertRaises(ConfigurationError, Authority(self.directory, _NOW).serverOptions)
        file.rmdir()
        Authority(self.directory, _NOW).serverOptions()
        (self.directory / "ca.pem").write_text("nonsense")
        self.assertRaises(ConfigurationError, Authority(self.directory, _NOW).serverOptions)
