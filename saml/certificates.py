"""Certificates of providers: only their keys count, and only strong ones."""

import re
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from saml.errors import ProviderRefused

_PEM_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[^-]{1,20000}-----END CERTIFICATE-----")
_PEM_LINES = re.compile(r"-----(BEGIN|END) CERTIFICATE-----")


def acceptable(text: str, now: datetime) -> str:
    """The certificate (PEM, or the base64 of metadata) as PEM, if its key is RSA of 2048 bits or a 256-bit
    curve, and it has not expired. Raises ProviderRefused."""
    certificate = load(text)
    key = certificate.public_key()
    strong = (isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= 256
    )
    if not strong:
        raise ProviderRefused("A signing key is too weak: RSA needs 2048 bits or more, elliptic curves 256.")
    if has_expired(certificate, now):
        raise ProviderRefused(f"A signing certificate expired on {certificate.not_valid_after_utc:%d %B %Y}.")
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


@lru_cache(maxsize=1024)
def load(text: str) -> x509.Certificate:
    """Read PEM or bare base64. Raises ProviderRefused."""
    body = "".join(_PEM_LINES.sub("", text).split())
    wrapped = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    pem = f"-----BEGIN CERTIFICATE-----\n{wrapped}\n-----END CERTIFICATE-----\n"
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode("utf-8"))
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ProviderRefused("A signing certificate can't be read.") from error
    return certificate


def pem_certificates(text: str) -> tuple[str, ...]:
    """Every certificate of a PEM file, each by itself. Raises ProviderRefused for one that can't be read."""
    blocks = _PEM_BLOCK.findall(text)
    return tuple(load(block).public_bytes(Encoding.PEM).decode("ascii") for block in blocks)


def fingerprint(pem: str) -> str:
    """SHA-256 of the certificate, in hex with colons, as administrators compare it."""
    return load(pem).fingerprint(SHA256()).hex(":").upper()


def ends(pem: str) -> datetime:
    """The certificate's last moment."""
    return load(pem).not_valid_after_utc


def has_expired(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether its last moment has passed; what it signs from then on is not believed."""
    return certificate.not_valid_after_utc <= now
