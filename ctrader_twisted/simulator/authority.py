"""
The simulator's own certificate authority, and the certificate of its server.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL.crypto import Error as CryptoError
from OpenSSL.SSL import Context
from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.internet.ssl import CertificateOptions, PrivateCertificate
from zope.interface import implementer

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator.faults.disturbances import CertificateKind
from ctrader_twisted.simulator.files import replaceFile

__all__ = ["Authority", "ShownCertificate"]

_CA_DAYS, _SERVER_DAYS = 3650, 365
_RENEWAL = timedelta(days=30)
_NAMES = ("localhost",)
_ADDRESSES = ("127.0.0.1", "::1")
_GENERAL_NAMES: tuple[x509.GeneralName, ...] = (
    *map(x509.DNSName, _NAMES),
    *(x509.IPAddress(ip_address(each)) for each in _ADDRESSES),
)
_OTHER_NAMES = (x509.DNSName("simulator.invalid"),)
# Certificates begin a day ago; this one ended an hour later.
_EXPIRED_DAYS = -23 / 24

_Signer = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


class Authority:
    """
    Certificates in a directory: C{ca.pem} is for clients to trust; C{ca.key} and C{server.pem} are secret.

    @ivar caFile: the authority's certificate, as clients need it.
    """

    def __init__(self, directory: Path, now: datetime) -> None:
        """
        @param directory: where the files are, or shall be.
        @param now: the time, with its zone.
        """
        self.caFile = directory / "ca.pem"
        self._keyFile = directory / "ca.key"
        self._serverFile = directory / "server.pem"
        self._now = now

    def serverOptions(self) -> CertificateOptions:
        """
        Give what the server needs for TLS. What is missing, or ends within a month, is made anew; clients must read
        C{ca.pem} again only after ten years.

        @raise ConfigurationError: if the files are there and cannot be read, or cannot be made.
        """
        try:
            if self._isStale(self.caFile) or not self._keyFile.exists():
                self._makeAuthority()
                self._makeServer()
            elif self._isStale(self._serverFile):
                self._makeServer()
            server = PrivateCertificate.loadPEM(self._serverFile.read_bytes())  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TypeError, CryptoError) as error:
            raise ConfigurationError(f"the certificates in {self.caFile.parent} cannot be used: {error!r}") from error
        options: CertificateOptions = server.options()
        return options

    def optionsOf(self, kind: CertificateKind) -> CertificateOptions:
        """
        Make what the server needs to show another certificate. It is not kept.

        @param kind: what is right or wrong with it.
        @raise ConfigurationError: if the authority's files cannot be read.
        """
        try:
            signer = self._newAuthority() if kind is CertificateKind.OTHER_AUTHORITY else self._authority()
        except (OSError, ValueError, TypeError) as error:
            raise ConfigurationError(f"the certificates in {self.caFile.parent} cannot be used: {error!r}") from error
        names = _OTHER_NAMES if kind is CertificateKind.OTHER_NAME else _GENERAL_NAMES
        days = _EXPIRED_DAYS if kind is CertificateKind.EXPIRED else _SERVER_DAYS
        pem = self._serverPem(signer, names, days)
        options: CertificateOptions = PrivateCertificate.loadPEM(pem).options()  # type: ignore[no-untyped-call]
        return options

    def _isStale(self, path: Path) -> bool:
        if not path.exists():
            return True
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        return certificate.not_valid_after_utc - _RENEWAL < self._now

    def _authority(self) -> _Signer:
        key = load_pem_private_key(self._keyFile.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return x509.load_pem_x509_certificate(self.caFile.read_bytes()), key

    def _newAuthority(self) -> _Signer:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("ctrader_twisted simulator authority")
        certificate = (
            self._builder(name, name, key.public_key(), _CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_keyUsage(forAuthority=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return certificate, key

    def _makeAuthority(self) -> None:
        # Whenever the process may end: what is left is never of two authorities.
        for file in (self.caFile, self._serverFile):
            file.unlink(missing_ok=True)
        certificate, key = self._newAuthority()
        replaceFile(self._keyFile, _keyPem(key))
        replaceFile(self.caFile, certificate.public_bytes(Encoding.PEM))

    def _makeServer(self) -> None:
        replaceFile(self._serverFile, self._serverPem(self._authority(), _GENERAL_NAMES, _SERVER_DAYS))

    def _serverPem(self, signer: _Signer, names: Iterable[x509.GeneralName], days: float) -> bytes:
        authority, authorityKey = signer
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder(_name("ctrader_twisted simulator"), authority.subject, key.public_key(), days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_keyUsage(forAuthority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authorityKey.public_key()), critical=False
            )
            .sign(authorityKey, hashes.SHA256())
        )
        return _keyPem(key) + certificate.public_bytes(Encoding.PEM)

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: float
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            # A client's clock may be a little behind.
            .not_valid_before(self._now - timedelta(days=1))
            .not_valid_after(self._now + timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


@implementer(IOpenSSLContextFactory)
class ShownCertificate:
    """
    What the server shows to new connections.
    """

    def __init__(self, authority: Authority) -> None:
        """
        @param authority: where certificates come from.
        @raise ConfigurationError: if the files are there and cannot be read, or cannot be made.
        """
        self._authority = authority
        self._options = authority.serverOptions()

    def show(self, kind: CertificateKind) -> None:
        """
        Show another one from now on.

        @param kind: what is right or wrong with it.
        """
        self._options = self._authority.optionsOf(kind)

    def getContext(self) -> Context:
        """
        Give Twisted the context of the next connection.
        """
        return self._options.getContext()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _keyPem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _keyUsage(*, forAuthority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not forAuthority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=forAuthority,
        crl_sign=forAuthority,
        encipher_only=False,
        decipher_only=False,
    )
