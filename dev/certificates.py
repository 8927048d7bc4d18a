"""A private certificate authority and one server certificate, for the development servers only.

The certificate names localhost, this machine's host name and 127.0.0.1, because LDAP clients replace
"localhost" by the machine's own name before they compare.
"""

import ipaddress
import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397  # browsers refuse server certificates that live longer
RENEW_DAYS = 30


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """Paths of PEM files: the authority to trust, the server's certificate and its private key."""

    ca_file: Path
    certificate_file: Path
    key_file: Path


def server_names() -> list[str]:
    """Return the DNS names under which this machine's servers are reached from itself."""
    return list(dict.fromkeys(["localhost", socket.gethostname(), socket.getfqdn()]))


def ensure_certificate(folder: Path, now: datetime) -> ServerCertificate:
    """Return the folder's certificate; make it anew when absent, ending soon or for another machine."""
    made = ServerCertificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    if not _still_good(made, now):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(made, now)
    return made


def _still_good(made: ServerCertificate, now: datetime) -> bool:
    if not (made.ca_file.exists() and made.certificate_file.exists() and made.key_file.exists()):
        return False
    certificate = x509.load_pem_x509_certificate(made.certificate_file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = set(names.get_values_for_type(x509.DNSName))
    return known >= set(server_names()) and certificate.not_valid_after_utc - now > timedelta(days=RENEW_DAYS)


def _make(made: ServerCertificate, now: datetime) -> None:
    """Make both together; the authority's key is not kept, so that it signs nothing else."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _name("Counterpart development authority")
    ca = (
        _builder(authority, authority, authority_key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in server_names()]
    alternatives.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    certificate = (
        _builder(_name("localhost"), authority, key.public_key(), now, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    made.ca_file.unlink(missing_ok=True)
    write_secret(made.key_file, _key_bytes(key))
    made.certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.ca_file.write_bytes(
        ca.public_bytes(serialization.Encoding.PEM)
    )  # last: its presence says that all three belong together


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from its first byte on; replaces an old one whole."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.replace(path)


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # a clock that is a little behind still accepts it
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )
