"""Our own key and certificates, read from files when needed and never kept elsewhere."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from saml.certificates import load
from saml.errors import ProviderRefused, SAMLError
from saml.settings import SAMLSettings

SMALLEST_KEY = 2048  # bits


class KeyUnusable(SAMLError):
    """Our key or certificate can't be read, is too weak, or the two do not belong together."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What we sign with, and what we publish: the current certificate and, during a rollover, the next."""

    private_key: str  # PEM
    certificates: tuple[str, ...]  # PEM, current first

    def __repr__(self) -> str:
        """Without the key, so that no log or traceback can show it."""
        return f"Keys({len(self.certificates)} certificates)"


def load_keys(settings: SAMLSettings) -> Keys:
    """Read and check the key files. Raises KeyUnusable with the file's name and what to do."""
    key, current = _read(settings.key_file), _certificate(settings.certificate_file)
    size, certified = _checked(key, current)
    if size < SMALLEST_KEY:
        raise KeyUnusable(
            f"{settings.key_file} is not an RSA key of {SMALLEST_KEY} bits, in PEM without a password."
        )
    if not certified:
        raise KeyUnusable(f"{settings.certificate_file} is not the certificate of {settings.key_file}.")
    following = settings.next_certificate_file
    return Keys(key, (current, _certificate(following)) if following.is_file() else (current,))


@lru_cache(maxsize=2)
def _checked(key: str, certificate: str) -> tuple[int, bool]:
    """Give the RSA key's size in bits (0: none) and whether the certificate is its own.

    The answer is kept for the same texts: checking a key's numbers took 48 ms of each sign-in. The files are
    still read every time, so a new key is noticed.
    """
    try:
        private = serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError):
        return 0, False
    if not isinstance(private, rsa.RSAPrivateKey):
        return 0, False
    return private.key_size, load(certificate).public_key() == private.public_key()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(f"{path} can't be read. It is named by a COUNTERPART_SAML_… setting.") from error


def _certificate(path: Path) -> str:
    text = _read(path)
    try:
        load(text)
    except ProviderRefused as error:
        raise KeyUnusable(f"{path} is not a certificate in PEM.") from error
    return text
