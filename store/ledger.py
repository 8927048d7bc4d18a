"""The ledger: an append-only list of acts, each sealed with the digest of the one before.

Changing, removing or reordering an entry breaks the chain from there on. Cutting off its end does not, so
`verify` also takes a seal noted elsewhere (`counterpart ledger verify` prints one), and signed checkpoints
(`store/checkpoints.py`) let old entries be deleted. What an entry tells of a person beside ids is sealed
under that person's key, so that an erasure makes it unreadable and the chain still holds.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from store import person_keys
from store.errors import BadRecord, KeyDestroyed
from store.models import LedgerEntry

# Details in which somebody may be named or told of: sealed in an entry that is about a person.
PERSONAL = ("reason", "key", "asked")
SEALED = "sealed "  # before the holder and what is sealed

BEGINNING = "0" * 64
MERGED = "person merged"  # the subject is the id that went, the detail "into" the one that stayed
MOST_MERGED = 10_000  # that are looked through for one person
LONGEST = {"event": 80, "actor": 200, "subject": 200, "details": 8000}


@dataclass(frozen=True, slots=True)
class Seal:
    """The end of the ledger at some moment; noted elsewhere it proves that nothing was cut off since."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found; `broken_at` is the number of the first entry that does not hold."""

    entries: int
    seal: Seal
    broken_at: int | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether every entry is as it was written."""
        return self.broken_at is None


def append(
    tx: Session,
    event: str,
    actor: str,
    subject: str,
    details: Mapping[str, str],
    now: datetime,
    *,
    about: str = "",
) -> Seal:
    """Add one act at the end; it is kept if and only if the caller's transaction commits.

    `actor` and `subject` are opaque ids ("uid", "feed:northern-forces", "command line"), never names. `about`
    is the uid, or the mark of a row, of the person under whose key the PERSONAL details are sealed.
    """
    told = _sealed(tx, about, details) if about else dict(details)
    wrapped = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    _must_fit(event=event, actor=actor, subject=subject, details=wrapped)
    last = _last(tx)
    entry = LedgerEntry(
        number=last.number + 1,
        instant=now.astimezone(UTC).isoformat(timespec="microseconds"),
        event=event,
        actor=actor,
        subject=subject,
        details=wrapped,
        previous=last.digest,
        digest="",
    )
    entry.digest = _digest(entry)
    tx.add(entry)
    tx.flush()
    return Seal(entry.number, entry.digest)


def verify(tx: Session, noted: Seal | None = None, begin: Seal | None = None) -> Verdict:
    """Walk the whole chain; with a seal noted earlier, also see that the ledger still contains it.

    `begin` is the signed checkpoint up to which older entries were deleted.
    """
    end = begin or Seal(0, BEGINNING)
    noted_seen = noted is None or noted == end
    for entry in tx.scalars(
        select(LedgerEntry).order_by(LedgerEntry.number).execution_options(yield_per=500)
    ):
        reason = _wrong(entry, end)
        if reason:
            return Verdict(end.number, end, end.number + 1, reason)
        end = Seal(entry.number, entry.digest)
        noted_seen = noted_seen or end == noted
    if noted is not None and not noted_seen:
        return Verdict(
            end.number, end, min(noted.number, end.number + 1), "the noted seal is not in the ledger"
        )
    return Verdict(end.number, end)


def latest(tx: Session, count: int) -> list[LedgerEntry]:
    """The last entries, in the order they were written."""
    found = select(LedgerEntry).order_by(LedgerEntry.number.desc()).limit(count)
    return list(tx.scalars(found))[::-1]


def of_events(tx: Session, events: Sequence[str], subject: str, count: int) -> list[LedgerEntry]:
    """The last entries of such events, of one subject if it is given; the latest first."""
    found = select(LedgerEntry).where(LedgerEntry.event.in_(events))
    if subject:
        found = found.where(LedgerEntry.subject == subject)
    return list(tx.scalars(found.order_by(LedgerEntry.number.desc()).limit(count)))


def details_of(entry: LedgerEntry) -> dict[str, str]:
    """What an entry says beside event, actor and subject; what is sealed is left as it is."""
    told: dict[str, str] = json.loads(entry.details)
    return told


def opened(tx: Session, entries: Sequence[LedgerEntry]) -> list[dict[str, str]]:
    """What entries say, with what is sealed in them, or "erased" where the key is gone."""
    all_details = [details_of(each) for each in entries]
    holders = {value.split(" ")[1] for told in all_details for value in told.values() if _is_sealed(value)}
    keys = person_keys.found(tx, holders)
    return [{name: _open(keys, value) for name, value in told.items()} for told in all_details]


def _sealed(tx: Session, holder: str, details: Mapping[str, str]) -> dict[str, str]:
    personal = {name: value for name, value in details.items() if name in PERSONAL and value}
    if not personal:
        return dict(details)
    key = person_keys.of(tx, holder)
    return dict(details) | {
        name: f"{SEALED}{holder} {person_keys.seal(key, holder, value.encode())}"
        for name, value in personal.items()
    }


def _is_sealed(value: str) -> bool:
    return value.startswith(SEALED) and value.count(" ") == SEALED.count(" ") + 1


def _open(keys: Mapping[str, bytes], value: str) -> str:
    if not _is_sealed(value):
        return value
    _, holder, text_ = value.split(" ")
    try:
        return person_keys.unseal(keys[holder], holder, text_).decode()
    except (KeyError, KeyDestroyed):
        return person_keys.DESTROYED


def about(tx: Session, subject: str) -> list[LedgerEntry]:
    """Everything that was written down of a subject, in that order."""
    found = select(LedgerEntry).where(LedgerEntry.subject == subject)
    return list(tx.scalars(found.order_by(LedgerEntry.number)))


def kept_for(tx: Session, uid: str) -> str:
    """Whose entry answers for an id that was merged into another, however often; nothing if it was not."""
    seen, kept = {uid}, ""
    while found := of_events(tx, (MERGED,), kept or uid, 1):
        kept = details_of(found[0])["into"]
        if kept in seen:  # merged there and back: whichever is left answers itself
            return kept
        seen.add(kept)
    return kept


def merged_into(tx: Session, uid: str) -> set[str]:
    """Give the ids of all entries that were merged into this one, one after the other."""
    into = {each.subject: details_of(each)["into"] for each in of_events(tx, (MERGED,), "", MOST_MERGED)}
    found, waiting = set[str](), {uid}
    while waiting:
        waiting = {old for old, kept in into.items() if kept in waiting} - found - {uid}
        found |= waiting
    return found


def last(tx: Session, event: str, subject: str) -> datetime | None:
    """When this was last written down of that subject; nothing if it never was."""
    found = select(LedgerEntry.instant).where(LedgerEntry.event == event, LedgerEntry.subject == subject)
    instant = tx.scalar(found.order_by(LedgerEntry.number.desc()).limit(1))
    return datetime.fromisoformat(instant) if instant else None


def holds(tx: Session, event: str, subject: str, name: str, value: str, since: datetime) -> bool:
    """Whether this was written down of that subject with that detail, at that instant or later."""
    detail = json.dumps({name: value}, ensure_ascii=False, separators=(",", ":"))[1:-1]
    found = select(LedgerEntry.number).where(
        LedgerEntry.event == event,
        LedgerEntry.subject == subject,
        LedgerEntry.details.contains(detail, autoescape=True),
        LedgerEntry.instant >= since.astimezone(UTC).isoformat(timespec="microseconds"),
    )
    return tx.scalar(found.limit(1)) is not None


def actors(tx: Session, event: str, subjects: Sequence[str]) -> dict[str, str]:
    """Who did this to each of the subjects, last; those to whom nobody did it are left out."""
    columns = select(LedgerEntry.subject, LedgerEntry.actor)
    found = columns.where(LedgerEntry.event == event, LedgerEntry.subject.in_(subjects))
    return {row.subject: row.actor for row in tx.execute(found.order_by(LedgerEntry.number))}


def first(tx: Session) -> int:
    """The number of the oldest entry there is; 0 for an empty ledger."""
    return tx.scalar(select(LedgerEntry.number).order_by(LedgerEntry.number).limit(1)) or 0


def parse_seal(words: str) -> Seal:
    """Read a seal as printed, "<number>:<64 hex digits>"; BadRecord otherwise."""
    number, _, digest = words.strip().partition(":")
    if (
        not (number.isascii() and number.isdecimal() and len(number) < 19)
        or len(digest) != 64
        or set(digest) - set("0123456789abcdef")
    ):
        raise BadRecord("A seal looks like 128:9f2c…, a number, a colon and 64 hexadecimal digits.")
    return Seal(int(number), digest)


def _last(tx: Session) -> Seal:
    if tx.get_bind().dialect.name == "postgresql":
        # Two writers must not both continue from the same entry; SQLite's transactions exclude each other
        # already.
        tx.execute(text("LOCK TABLE ledger IN EXCLUSIVE MODE"))
    columns = select(LedgerEntry.number, LedgerEntry.digest).order_by(LedgerEntry.number.desc()).limit(1)
    row = tx.execute(columns).first()
    return Seal(row.number, row.digest) if row else Seal(0, BEGINNING)


def _digest(entry: LedgerEntry) -> str:
    sealed = [
        entry.number, entry.instant, entry.event, entry.actor, entry.subject, entry.details, entry.previous,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(sealed, ensure_ascii=True).encode("ascii")).hexdigest()


def _wrong(entry: LedgerEntry, before: Seal) -> str:
    if entry.number != before.number + 1:
        return "an entry is missing"
    if entry.previous != before.digest:
        return "the entry does not follow the one before it"
    return "" if entry.digest == _digest(entry) else "the entry was changed"


def _must_fit(**values: str) -> None:
    for name, value in values.items():
        if len(value) > LONGEST[name]:
            raise BadRecord(f"A ledger entry's {name} may have {LONGEST[name]} characters, not {len(value)}.")
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise BadRecord(f"A ledger entry's {name} holds half a character.")
