"""Signed checkpoints of the ledger: what it was at an entry, so that the entries up to there may be deleted.

A checkpoint signs (Ed25519, RFC 8032) the number and digest of an entry. A ledger whose older entries were
deleted begins at one, and `verify` takes its word for what came before, if an entry says that it was
shortened up to there. The key is a file and never in the store: whoever can write to the store alone can't
make a beginning, nor change or cut off what a later checkpoint signs.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store import ledger
from store.erasure_models import LedgerCheckpoint
from store.errors import BadRecord
from store.ledger import BEGINNING, Seal, Verdict
from store.models import LedgerEntry

MADE, PRUNED = "ledger checkpoint", "ledger pruned"  # in the ledger
# What pages go on asking for, and is entered again when its entry is deleted.
LASTING = (ledger.MERGED,)

_EVER = datetime(2000, 1, 1, tzinfo=UTC)  # before any entry


def read_key(file: Path) -> Ed25519PrivateKey:
    """Read the key of checkpoints; BadRecord where the file has none of its kind."""
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except OSError as error:
        raise BadRecord(f"The ledger's key {file} can't be read: {error.strerror}.") from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadRecord(f"{file} is no Ed25519 key: `openssl genpkey -algorithm ed25519 -out {file}`.")
    return key


def verify(tx: Session, key: Ed25519PrivateKey | None, noted: Seal | None = None) -> Verdict:
    """Walk the chain from its beginning, or from the signed checkpoint that its oldest entry follows.

    With a key, also see that it has every entry that a checkpoint signs.
    """
    oldest = ledger.first(tx)
    if oldest <= 1:
        return _as_signed(tx, key, ledger.verify(tx, noted))
    known = tx.get(LedgerCheckpoint, oldest - 1)
    if known is None:
        return Verdict(0, Seal(0, BEGINNING), 1, "an entry is missing")
    begin = Seal(known.number, known.digest)
    if key is None:
        why = (
            "it begins at a checkpoint, and COUNTERPART_SERVICE_LEDGER_KEY_FILE names no key to check it with"
        )
        return Verdict(0, begin, oldest, why)
    if not _signed(key, known):
        return Verdict(0, begin, oldest, "the signature of the checkpoint it begins at does not hold")
    if noted and noted.number < begin.number:
        return Verdict(0, begin, oldest, f"the noted seal is older than what is kept, from {oldest} on")
    if not ledger.holds(tx, PRUNED, "ledger", "up to", str(begin.number), _EVER):
        return Verdict(
            0, begin, oldest, "entries are missing before it, and none says that they were deleted"
        )
    return _as_signed(tx, key, ledger.verify(tx, noted, begin))


def _as_signed(tx: Session, key: Ed25519PrivateKey | None, verdict: Verdict) -> Verdict:
    """Compare a chain that holds with the checkpoints that were signed since it begins."""
    if key is None or not verdict.holds:
        return verdict
    oldest = ledger.first(tx)
    for point in _later(tx, key, oldest):
        entry = tx.get(LedgerEntry, point.number)
        if entry is None or entry.digest != point.digest:
            why = "the ledger is another than the signed checkpoint says"
            return Verdict(verdict.entries, verdict.seal, max(oldest, 1), why)
    return verdict


def _later(tx: Session, key: Ed25519PrivateKey, oldest: int) -> Iterator[LedgerCheckpoint]:
    found = select(LedgerCheckpoint).where(LedgerCheckpoint.number >= oldest)
    for point in tx.scalars(found.order_by(LedgerCheckpoint.number)):
        if _signed(key, point):
            yield point


def make(tx: Session, key: Ed25519PrivateKey, actor: str, now: datetime) -> Seal:
    """Sign what the ledger is now; BadRecord where it does not hold, or is empty."""
    seal = _held(tx, key).seal
    if not seal.number:
        raise BadRecord("The ledger is empty: there is nothing to sign.")
    if tx.get(LedgerCheckpoint, seal.number) is None:
        made = now.astimezone(UTC).isoformat(timespec="seconds")
        row = LedgerCheckpoint(number=seal.number, digest=seal.digest, made=made, signature="")
        row.signature = key.sign(_words(row)).hex()
        tx.add(row)
        ledger.append(tx, MADE, actor, "ledger", {"seal": str(seal)}, now)
    return seal


def prune(tx: Session, key: Ed25519PrivateKey, before: datetime, actor: str, now: datetime) -> int:
    """Delete the entries up to the newest checkpoint that was made before; return how many there were.

    What pages still ask for is entered again. BadRecord where the ledger does not hold, or no checkpoint is
    so old.
    """
    _held(tx, key)
    day = before.astimezone(UTC).isoformat(timespec="seconds")
    found = select(LedgerCheckpoint).where(LedgerCheckpoint.made < day)
    point = tx.scalar(found.order_by(LedgerCheckpoint.number.desc()).limit(1))
    if point is None or not _signed(key, point):
        raise BadRecord("No checkpoint signed with this key is so old.")
    old = LedgerEntry.number <= point.number
    lasting = list(tx.scalars(select(LedgerEntry).where(old, LedgerEntry.event.in_(LASTING))))
    going = len(tx.scalars(select(LedgerEntry.number).where(old)).all())
    _again(tx, lasting, now)
    ledger.append(tx, PRUNED, actor, "ledger", {"up to": str(point.number), "entries": str(going)}, now)
    tx.execute(delete(LedgerEntry).where(old))
    return going


def _again(tx: Session, entries: Sequence[LedgerEntry], now: datetime) -> None:
    for each in entries:
        told = ledger.details_of(each)
        told.setdefault("first entered", each.instant)
        ledger.append(tx, each.event, each.actor, each.subject, told, now)


def _held(tx: Session, key: Ed25519PrivateKey) -> Verdict:
    verdict = verify(tx, key)
    if not verdict.holds:
        raise BadRecord(f"The ledger does not hold from entry {verdict.broken_at} on: {verdict.reason}.")
    return verdict


def _signed(key: Ed25519PrivateKey, point: LedgerCheckpoint) -> bool:
    try:
        key.public_key().verify(bytes.fromhex(point.signature), _words(point))
    except (InvalidSignature, ValueError):
        return False
    return True


def _words(point: LedgerCheckpoint) -> bytes:
    return f"counterpart ledger checkpoint\n{point.number}\n{point.digest}\n{point.made}\n".encode()
