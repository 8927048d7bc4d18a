"""Where the registry of identity providers is kept; what a provider means is the business of the package
`saml`.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from store.database import Store
from store.errors import BadRecord
from store.models import ProviderMetadata, ProviderRow, ProviderVersion

APPLIED, HELD = "applied", "held"
MOST_VERSIONS = 100  # of one provider
_VERSION = select(ProviderVersion.version)
_VERSION_IN_WORDS = str(_VERSION)  # it has no parameters


@dataclass(frozen=True, slots=True)
class MetadataVersion:
    """One version of a provider's metadata as it was received."""

    digest: str
    document: str
    received: datetime
    state: str = APPLIED
    words: str = ""


def save(tx: Session, provider: Mapping[str, Any]) -> None:
    """Add a provider or replace the one of the same id. It needs `id`, `entity_id` and `state`; the rest is
    kept.

    Tuples come back as lists. Another provider with the same entity id is a Conflict.
    """
    missing = [name for name in ("id", "entity_id", "state") if not provider.get(name)]
    if missing:
        raise BadRecord(f"A provider can't be kept without its {' and '.join(missing)}.")
    details = {key: list(value) if isinstance(value, tuple) else value for key, value in provider.items()}
    row = tx.get(ProviderRow, provider["id"])
    if row is None:
        row = ProviderRow(id=provider["id"])
        tx.add(row)
    row.state, row.entity_id, row.details = provider["state"], provider["entity_id"], details
    tx.execute(update(ProviderVersion).values(version=secrets.token_hex(16)))
    tx.flush()


def version(tx: Session) -> str:
    """What is another one after every change: equal versions are equal registries, in every process."""
    return tx.scalars(_VERSION).one()


def version_now(store: Store) -> str:
    """The same at this moment, as it is asked for at every sign-in and every page."""
    return str(store.glance(_VERSION_IN_WORDS))


def get(tx: Session, id: str) -> dict[str, Any] | None:
    """The provider as it was saved, or None."""
    row = tx.get(ProviderRow, id)
    return dict(row.details) if row else None


def all(tx: Session) -> list[dict[str, Any]]:
    """Every provider, in the order of ids."""
    return [dict(row.details) for row in tx.scalars(select(ProviderRow).order_by(ProviderRow.id))]


def keep_metadata(
    tx: Session,
    provider_id: str,
    document: str,
    now: datetime,
    *,
    digest: str = "",
    state: str = APPLIED,
    words: str = "",
) -> bool:
    """Keep this version of a saved provider's metadata; False if it is the one kept last, in the same state.

    `digest` tells versions apart where a document changes without saying anything new; else the document's.
    """
    digest = digest or hashlib.sha256(document.encode("utf-8")).hexdigest()
    kept = metadata_versions(tx, provider_id)
    if kept and (kept[-1].digest, kept[-1].state) == (digest, state):
        return False
    tx.add(
        ProviderMetadata(
            provider_id=provider_id,
            digest=digest,
            document=document,
            received=now,
            state=state,
            words=words,
        )
    )
    tx.flush()
    _forget_oldest(tx, provider_id)
    return True


def metadata_versions(tx: Session, provider_id: str) -> list[MetadataVersion]:
    """All versions kept, the oldest first."""
    found = (
        select(ProviderMetadata)
        .where(ProviderMetadata.provider_id == provider_id)
        .order_by(ProviderMetadata.id)
    )
    return [
        MetadataVersion(row.digest, row.document, row.received, row.state, row.words)
        for row in tx.scalars(found)
    ]


def _forget_oldest(tx: Session, provider_id: str) -> None:
    """A source that says something new at every reading must not fill the disk."""
    newest = (
        select(ProviderMetadata.id)
        .where(ProviderMetadata.provider_id == provider_id)
        .order_by(ProviderMetadata.id.desc())
        .limit(MOST_VERSIONS)
    )
    tx.execute(
        delete(ProviderMetadata).where(
            ProviderMetadata.provider_id == provider_id, ProviderMetadata.id.not_in(newest)
        )
    )
