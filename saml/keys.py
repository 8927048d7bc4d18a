"""Our own keys: the current pair, the next one during a rollover, and the previous one until it is forgotten.

| pair     | signs | published for signing | published for encryption  | decrypts |
|----------|-------|-----------------------|---------------------------|----------|
| current  | yes   | yes                   | if there is no next one   | yes      |
| next     |       | yes                   | yes                       | yes      |
| previous |       |                       |                           | yes      |

So a rollover has no minute in which a provider is misunderstood, whether it read our metadata long ago or
just now: publish the next pair, wait until providers have read it, move current to previous and next to
current, and remove the previous pair when nobody can still encrypt to it.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from saml.certificates import load
from saml.errors import ProviderRefused, SAMLError
from saml.settings import SAMLSettings

SMALLEST_KEY, LARGEST_KEY = 2048, 8192  # bits; larger ones cost a second of CPU for each message
LARGEST_FILE = 64 * 1024

log = logging.getLogger(__name__)


class KeyUnusable(SAMLError):
    """Our key or certificate can't be read, is too weak, or the two do not belong together."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its certificate."""

    private_key: str = field(repr=False)  # PEM
    certificate: str = field(repr=False)  # PEM
    opened: rsa.RSAPrivateKey = field(repr=False, compare=False)  # the same key, ready to decrypt with


@dataclass(frozen=True, slots=True)
class Keys:
    """Our key pairs by role. No log or traceback can show them."""

    current: KeyPair
    next: KeyPair | None = None
    previous: KeyPair | None = None

    @property
    def private_key(self) -> str:
        """What we sign with (PEM)."""
        return self.current.private_key

    @property
    def certificates(self) -> tuple[str, ...]:
        """What providers verify our signatures with, current first (PEM)."""
        return tuple(pair.certificate for pair in (self.current, self.next) if pair)

    @property
    def encryption_certificate(self) -> str:
        """What providers encrypt for us with: the newest, because every key here can decrypt (PEM)."""
        return (self.next or self.current).certificate

    def decryption_keys(self) -> Iterator[rsa.RSAPrivateKey]:
        """Every key that a provider may still encrypt to, the likeliest first."""
        for pair in (self.next, self.current, self.previous):
            if pair is not None:
                yield pair.opened


class OwnKeys:
    """Our keys while a portal runs: read again when a file changed, checked once for each change.

    Files that do not fit together (someone is in the middle of changing them, or made a mistake) do not stop
    a running portal: the keys it had stay in use, and the log says what is wrong.
    """

    def __init__(self, settings: SAMLSettings) -> None:
        self._settings = settings
        self._known: tuple[object, Keys | None] = (None, None)

    def __call__(self) -> Keys:
        """The keys to use now. Raises KeyUnusable only if there were never good ones."""
        stamp = tuple(_stamp(path) for path in _files(self._settings))
        seen, keys = self._known
        if stamp == seen and keys is not None:
            return keys
        try:
            keys = load_keys(self._settings)
        except KeyUnusable as error:
            if keys is None:
                raise
            log.error("The changed SAML keys can't be used; the ones from before stay in use. %s", error)
        self._known = (stamp, keys)
        return keys


def load_keys(settings: SAMLSettings) -> Keys:
    """Read and check the key files. Raises KeyUnusable with the file's name and what to do."""
    return Keys(
        _pair(settings.key_file, settings.certificate_file),
        _pair_if_there(settings.next_key_file, settings.next_certificate_file),
        _pair_if_there(settings.previous_key_file, settings.previous_certificate_file),
    )


def _files(settings: SAMLSettings) -> tuple[Path, ...]:
    return (
        settings.key_file, settings.certificate_file, settings.next_key_file, settings.next_certificate_file,
        settings.previous_key_file, settings.previous_certificate_file,
    )  # fmt: skip


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What differs after a file was replaced or rewritten."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _pair_if_there(key_file: Path, certificate_file: Path) -> KeyPair | None:
    """The pair, once its certificate is there: who makes one writes the key first."""
    return _pair(key_file, certificate_file) if certificate_file.is_file() else None


def _pair(key_file: Path, certificate_file: Path) -> KeyPair:
    key, certificate = _read(key_file), _read(certificate_file)
    opened = _opened(key)
    if opened is None:
        raise KeyUnusable(
            f"{key_file} is not an RSA key of {SMALLEST_KEY} to {LARGEST_KEY} bits, in PEM without a "
            "password."
        )
    try:
        belongs = load(certificate).public_key() == opened.public_key()
    except ProviderRefused as error:
        raise KeyUnusable(f"{certificate_file} is not a certificate in PEM.") from error
    if not belongs:
        raise KeyUnusable(f"{certificate_file} is not the certificate of {key_file}.")
    return KeyPair(key, certificate, opened)


@lru_cache(maxsize=8)
def _opened(key: str) -> rsa.RSAPrivateKey | None:
    """The RSA key if it is a sound one; kept for the same text, as checking its numbers takes 48 ms."""
    try:
        private = serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if not isinstance(private, rsa.RSAPrivateKey) or not SMALLEST_KEY <= private.key_size <= LARGEST_KEY:
        return None
    return private


def _read(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            return file.read(LARGEST_FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(f"{path} can't be read. It is named by a COUNTERPART_SAML_… setting.") from error
