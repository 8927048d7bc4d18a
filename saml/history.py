"""Versions of a provider's metadata, told apart by what they say, and when to read the next one."""

import hashlib
from dataclasses import asdict
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.orm import Session

from saml.described import ProviderMetadata
from saml.source import Obtained
from store import providers
from store.providers import APPLIED

LEAST, USUAL, MOST = timedelta(hours=1), timedelta(hours=6), timedelta(hours=24)


def content_digest(described: ProviderMetadata) -> str:
    """SHA-256 over what the metadata says; a federation signs and dates the same words anew every day."""
    said = asdict(described) | {"valid_until": None, "problems": ()}
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


def keep(
    tx: Session, provider_id: str, obtained: Obtained, now: datetime, words: str, state: str = APPLIED
) -> bool:
    """Keep the version if it says something new; False otherwise."""
    document = obtained.document.decode("utf-8")
    digest = content_digest(obtained.described)
    return providers.keep_metadata(tx, provider_id, document, now, digest=digest, state=state, words=words)


def refresh_pause(described: ProviderMetadata, now: datetime) -> timedelta:
    """How long to wait before it is read again: its cacheDuration between an hour and a day, and never
    longer than half of what is left of it.
    """
    wished = USUAL if described.cache_seconds is None else timedelta(seconds=described.cache_seconds)
    pause = min(max(wished, LEAST), MOST)
    if described.valid_until is not None:
        pause = min(pause, max((described.valid_until - now) / 2, timedelta(minutes=15)))
    return pause
