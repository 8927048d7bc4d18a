"""Signs of life of the background processes, so that `doctor` and the desk notice one that stopped."""

from datetime import datetime

from sqlalchemy.orm import Session

from store.models import Heartbeat


def beat(tx: Session, name: str, now: datetime) -> None:
    """Say that the named process is alive."""
    tx.merge(Heartbeat(name=name, seen=now))


def last(tx: Session, name: str) -> datetime | None:
    """When the named process last said so, or None if it never did."""
    row = tx.get(Heartbeat, name)
    return row.seen if row else None
