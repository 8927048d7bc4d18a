"""Changing our own keys in three steps, none of which costs anybody a sign-in (saml/keys.py says why).

start   a next pair is made and published beside the current one; providers can encrypt to it already
switch  the next pair signs from now on, the one before it still decrypts
finish  the previous pair is removed
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from saml.certificates import ends, fingerprint
from saml.errors import SAMLError
from saml.keys import Keys, load_keys
from saml.our_metadata import CACHED_FOR
from saml.settings import SAMLSettings

BITS = 3072
DAYS = 3 * 365
WAIT = CACHED_FOR  # as long as a copy of our metadata may be kept
STEPS = ("start", "switch", "finish")


class RolloverRefused(SAMLError):
    """The step is not the next one; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a rollover stands: fingerprints of our certificates, and the step that comes next."""

    current: str
    current_ends: datetime
    following: str = ""
    previous: str = ""
    step: str  # of STEPS
    since: datetime | None = None  # when the step before it was taken


def state(settings: SAMLSettings) -> State:
    """Look at the key files. Raises KeyUnusable."""
    keys = load_keys(settings)
    return State(
        current=fingerprint(keys.current.certificate),
        current_ends=ends(keys.current.certificate),
        following=fingerprint(keys.next.certificate) if keys.next else "",
        previous=fingerprint(keys.previous.certificate) if keys.previous else "",
        step="switch" if keys.next else "finish" if keys.previous else "start",
        since=_since(settings, keys),
    )


def start(settings: SAMLSettings, now: datetime) -> None:
    """Make the next pair and publish it. Raises RolloverRefused, KeyUnusable, OSError."""
    _must_be(state(settings), "start")
    key = rsa.generate_private_key(65537, BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(settings.next_key_file, pem)
    _write(settings.next_certificate_file, _certificate(key, settings, now))  # last: it makes the pair count


def switch(settings: SAMLSettings, now: datetime, *, early: bool = False) -> None:
    """Sign with the next pair from now on. Raises RolloverRefused, KeyUnusable, OSError.

    Interrupted, it can be repeated: each file is replaced whole, and every key decrypts in between.
    """
    if not _interrupted(settings):
        found = state(settings)
        _must_be(found, "switch")
        _must_have_waited(found, now, early=early)
        _write(settings.previous_key_file, settings.key_file.read_bytes())
        _write(settings.previous_certificate_file, settings.certificate_file.read_bytes())
    _write(settings.key_file, settings.next_key_file.read_bytes())
    if settings.next_certificate_file.is_file():  # else it was interrupted before its last step
        _write(settings.certificate_file, settings.next_certificate_file.read_bytes())
        settings.next_certificate_file.unlink()
    settings.next_key_file.unlink()


def finish(settings: SAMLSettings, now: datetime, *, early: bool = False) -> None:
    """Remove the previous pair, which nobody encrypts to any more. Raises RolloverRefused, KeyUnusable."""
    found = state(settings)
    _must_be(found, "finish")
    _must_have_waited(found, now, early=early)
    settings.previous_certificate_file.unlink(missing_ok=True)
    settings.previous_key_file.unlink(missing_ok=True)


def _interrupted(settings: SAMLSettings) -> bool:
    """Whether a switch got as far as the key, so that key and certificate may not fit together."""
    following = settings.next_key_file
    return following.is_file() and following.read_bytes() == settings.key_file.read_bytes()


def _must_be(found: State, step: str) -> None:
    if found.step != step:
        raise RolloverRefused(f"The next step is `counterpart idp rollover --{found.step}`, not --{step}.")


def _must_have_waited(found: State, now: datetime, *, early: bool) -> None:
    if not early and found.since is not None and now - found.since < WAIT:
        raise RolloverRefused(
            f"The step before was taken on {found.since:%d %B %H:%M} UTC. Wait a day, so that providers have "
            "read our new metadata, and give it to those that don't read it by themselves; --early goes on "
            "nevertheless."
        )


def _since(settings: SAMLSettings, keys: Keys) -> datetime | None:
    file = settings.next_certificate_file if keys.next else settings.previous_certificate_file
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _certificate(key: rsa.RSAPrivateKey, settings: SAMLSettings, now: datetime) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, settings.entity_id[:64])])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(hours=1),
        now + timedelta(days=DAYS),
    )  # fmt: skip
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _write(path: Path, content: bytes) -> None:
    """Replace a file whole; only its owner can read it from its first byte on."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
