"""
A certificate for the server, which the clients trust and verify.
"""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

__all__ = ["HOST", "Identity", "makeIdentity"]

HOST = "127.0.0.1"


class Identity(NamedTuple):
    """
    Where the server's identity is.

    @ivar certificate: the path of its certificate, in PEM form.
    @ivar key: the path of its private key, likewise.
    """

    certificate: str
    key: str


def makeIdentity(folder: Path) -> Identity:
    """
    Make a key and a certificate that signs itself, for L{HOST}.

    @param folder: where to put both.
    @return: the two files.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    identity = Identity(str(folder / "certificate.pem"), str(folder / "key.pem"))
    Path(identity.certificate).write_bytes(_certificate(key).public_bytes(Encoding.PEM))
    Path(identity.key).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return identity


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "benchmark")])
    public = key.public_key()
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        # It lives as long as one run, so that no clock need be asked.
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
