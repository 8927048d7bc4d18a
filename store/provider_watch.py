"""What is known of each provider's metadata: when it was read, what was wrong, which ends were warned of."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from store.models import ProviderLogo, ProviderWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The state of one provider's metadata."""

    provider_id: str
    due: datetime  # when it is read again
    tried: datetime | None = None
    good: datetime | None = None  # when it was last read and believed
    failures: int = 0  # since then
    problem: str = ""
    warned: dict[str, str] = field(default_factory=dict)  # end that was warned of, and when (ISO 8601)


@dataclass(frozen=True, slots=True)
class KeptLogo:
    """What became of a provider's logo."""

    source: str  # digest of what the metadata says of it
    fetched: datetime
    shown: bool  # False: there is none, or it could not be used


def get(tx: Session, provider_id: str) -> Watched | None:
    """What is known of the provider's metadata, or None."""
    row = tx.get(ProviderWatch, provider_id)
    return _watched(row) if row else None


def every(tx: Session) -> dict[str, Watched]:
    """What is known of all of them, by provider."""
    return {row.provider_id: _watched(row) for row in tx.scalars(select(ProviderWatch))}


def save(tx: Session, watched: Watched) -> None:
    """Keep what is known now."""
    row = tx.get(ProviderWatch, watched.provider_id)
    if row is None:
        row = ProviderWatch(provider_id=watched.provider_id)
        tx.add(row)
    row.due, row.tried, row.good = watched.due, watched.tried, watched.good
    row.failures, row.problem, row.warned = watched.failures, watched.problem[:1000], dict(watched.warned)
    tx.flush()


def claim(tx: Session, now: datetime, lease: timedelta) -> list[str]:
    """The providers that are due, which are nobody else's to look after until the lease ends."""
    due = (
        update(ProviderWatch)
        .where(ProviderWatch.due <= now)
        .values(due=now + lease)
        .returning(ProviderWatch.provider_id)
    )
    return sorted(tx.scalars(due).all())


def keep_logo(tx: Session, provider_id: str, source: str, png: bytes, now: datetime) -> None:
    """Keep the picture that was made of the logo of that source; empty if there is none to show."""
    tx.merge(ProviderLogo(provider_id=provider_id, source=source, png=png, fetched=now))
    tx.flush()


def logo(tx: Session, provider_id: str) -> tuple[str, bytes]:
    """The kept picture and the source it was made of; two empty ones if nothing was kept."""
    row = tx.get(ProviderLogo, provider_id)
    return (row.source, row.png) if row else ("", b"")


def logos(tx: Session, ids: Collection[str] | None = None) -> dict[str, KeptLogo]:
    """What is kept, without the pictures themselves, of these providers or of all."""
    found = select(
        ProviderLogo.provider_id, ProviderLogo.source, ProviderLogo.fetched, func.length(ProviderLogo.png)
    )
    if ids is not None:
        found = found.where(ProviderLogo.provider_id.in_(ids))
    return {id: KeptLogo(source, fetched, length > 0) for id, source, fetched, length in tx.execute(found)}


def _watched(row: ProviderWatch) -> Watched:
    return Watched(
        provider_id=row.provider_id,
        due=row.due,
        tried=row.tried,
        good=row.good,
        failures=row.failures,
        problem=row.problem,
        warned=dict(row.warned),
    )
