"""The outbox: a mail is written in the transaction that decides on it, and a worker hands it to the mail
server.

A worker claims one mail at a time with a lease, sends it, and marks it sent. Killed in between, it leaves a
lease that runs out, and the mail goes out again with the same Message-ID: none is lost, and at most the one
in flight repeats.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from store import waiting
from store.database import Store
from store.errors import BadMail, BadRecord, TryLater, Undeliverable
from store.mail import Mail, as_message, reference_of
from store.models import OutboxMail

WAITING, SENT, DEAD, DROPPED = "waiting", "sent", "dead", "dropped"
AT_ONCE = 500  # keys in one statement
MOST_TRIES = 20  # with the pauses below, about two and a half days
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=4)
DROPPED_AFTER = timedelta(days=30)  # for a mail that could not be delivered
# Other people's words, and who wrote to whom, are not ours to keep. The key alone stays, or the same mail
# could go out again.
_WORDS = ("recipient", "subject", "text", "html", "reply_to", "from_name", "csv", "csv_name")
NOTHING = dict.fromkeys((*_WORDS, "lease", "last_error"), "")

__all__ = [
    "Counts", "Mail", "deliver_due", "drop_dead", "enqueue", "enqueue_all", "forget", "is_known", "stuck",
    "tally",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counts:
    """What one round of delivery did."""

    sent: int = 0
    postponed: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class _Claim:
    id: int
    lease: str
    tries: int
    row: OutboxMail


def enqueue(tx: Session, mail: Mail, key: str, now: datetime) -> int:
    """Put a mail into the outbox; it goes out if and only if the caller's transaction commits.

    `key` says what the mail is about ("introduction 17, first notice"): a second mail with it is not sent,
    and the id of the first is given back.
    """
    _check_key(key)
    known = tx.scalar(select(OutboxMail.id).where(OutboxMail.key == key))
    if known is not None:
        return known
    row = OutboxMail(**_values(mail, key, now))
    tx.add(row)
    tx.flush()
    return row.id


def enqueue_all(tx: Session, mails: Mapping[str, Mail], now: datetime) -> None:
    """Put many mails into the outbox by their keys, each as `enqueue` does, in a handful of statements."""
    keys = list(mails)
    for key in keys:
        _check_key(key)
    for start in range(0, len(keys), AT_ONCE):
        asked = keys[start : start + AT_ONCE]
        known = set(tx.scalars(select(OutboxMail.key).where(OutboxMail.key.in_(asked))))
        if rows := [_values(mails[key], key, now) for key in asked if key not in known]:
            tx.execute(insert(OutboxMail), rows)


def _check_key(key: str) -> None:
    if not 0 < len(key) <= 200:
        raise BadRecord("A mail's key has 1 to 200 characters.")


def _values(mail: Mail, key: str, now: datetime) -> dict[str, Any]:
    return {
        "key": key, "reference": reference_of(key), "state": WAITING, "tries": 0, "due": now, "lease": "",
        "created": now, "finished": None, "last_error": "", "recipient": mail.to, "subject": mail.subject,
        "text": mail.text, "html": mail.html, "reply_to": mail.reply_to, "from_name": mail.from_name,
        "csv": mail.csv, "csv_name": mail.csv_name,
    }  # fmt: skip


def is_known(tx: Session, key: str) -> bool:
    """Whether a mail of that key was ever put into the outbox, whatever has become of it."""
    return tx.scalar(select(OutboxMail.id).where(OutboxMail.key == key)) is not None


def deliver_due(
    store: Store,
    send: Callable[[EmailMessage], None],
    clock: Callable[[], datetime],
    sender: str,
    *,
    lease_seconds: float = 60,
    stopping: Callable[[], bool] = lambda: False,
) -> Counts:
    """Send what is due, one mail after another, until nothing is, the mail server is away, or `stopping` says
    so.

    `send` raises TryLater or Undeliverable; it must give up well before the lease ends. `sender` is the
    address that mails come from.
    """
    sent = postponed = dead = 0
    while not stopping():
        claim = _claim(store, clock(), lease_seconds)
        if claim is None:
            break
        try:
            send(_message(claim.row, sender))
        except TryLater as error:
            gave_up = _postpone(store, claim, str(error), clock())
            postponed, dead = postponed + (not gave_up), dead + gave_up
            break  # whatever is wrong with the server is wrong for the next mail too
        except (BadMail, Undeliverable) as error:
            _bury(store, claim, str(error), clock())
            dead += 1
        else:
            _mark_sent(store, claim, clock())
            sent += 1
    return Counts(sent, postponed, dead)


def tally(tx: Session) -> dict[str, int]:
    """How many mails are in each state, for metrics and the doctor."""
    rows = tx.execute(select(OutboxMail.state, func.count()).group_by(OutboxMail.state))
    return {WAITING: 0, SENT: 0, DEAD: 0} | {state: count for state, count in rows}


def stuck(tx: Session, now: datetime, after: timedelta = timedelta(minutes=30)) -> int:
    """How many mails have waited for longer than they should."""
    late = select(func.count()).where(OutboxMail.state == WAITING, OutboxMail.created < now - after)
    return tx.scalar(late) or 0


def drop_dead(tx: Session, now: datetime) -> int:
    """Forget the mails that could not be delivered and were given up long enough ago; gives how many."""
    old = OutboxMail.state == DEAD, OutboxMail.finished < now - DROPPED_AFTER
    dropped = update(OutboxMail).where(*old).values(NOTHING | {"state": DROPPED})
    return len(tx.scalars(dropped.returning(OutboxMail.id)).all())


def forget(tx: Session, recipient: str, key: str) -> None:
    """Drop what waits for somebody's own address, and the memory that they were told: they were erased."""
    theirs = OutboxMail.recipient == recipient, OutboxMail.state.in_((WAITING, DEAD))
    if recipient:
        tx.execute(update(OutboxMail).where(*theirs).values(NOTHING | {"state": DROPPED}))
    tx.execute(delete(OutboxMail).where(OutboxMail.key == key))


def _claim(store: Store, now: datetime, lease_seconds: float) -> _Claim | None:
    """Take the mail that has been due longest; it counts as a try before it is sent, or a mail that kills the
    worker would kill it for ever."""
    with store.transaction() as tx:
        due = select(OutboxMail).where(OutboxMail.state == WAITING, OutboxMail.due <= now)
        row = tx.scalar(
            due.order_by(OutboxMail.due, OutboxMail.id).limit(1).with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        row.tries += 1
        row.lease = secrets.token_hex(16)
        row.due = now + timedelta(seconds=lease_seconds)
        return _Claim(row.id, row.lease, row.tries, row)


def _message(row: OutboxMail, sender: str) -> EmailMessage:
    """What goes out; checked again, because the rules may have become stricter since it was kept."""
    mail = Mail(
        to=row.recipient, subject=row.subject, text=row.text, html=row.html,
        reply_to=row.reply_to, from_name=row.from_name, csv=row.csv, csv_name=row.csv_name,
    )  # fmt: skip
    return as_message(mail, row.reference, sender, row.created)


def _mark_sent(store: Store, claim: _Claim, now: datetime) -> None:
    """Remember that it went out, whoever holds the lease by now, and forget what it said and to whom."""
    with store.transaction() as tx:
        done = NOTHING | {"state": SENT, "finished": now}
        tx.execute(update(OutboxMail).where(OutboxMail.id == claim.id).values(done))


def _postpone(store: Store, claim: _Claim, reason: str, now: datetime) -> bool:
    """Try again later, each time after a longer pause; True if this was the last try."""
    if claim.tries >= MOST_TRIES:
        _bury(store, claim, f"Given up after {claim.tries} tries: {reason}", now)
        return True
    pause: timedelta = min(FIRST_PAUSE * 2 ** (claim.tries - 1), LONGEST_PAUSE)
    with store.transaction() as tx:
        held = OutboxMail.id == claim.id, OutboxMail.lease == claim.lease
        tx.execute(update(OutboxMail).where(*held).values(due=now + pause, lease="", last_error=reason[:500]))
    return False


def _bury(store: Store, claim: _Claim, reason: str, now: datetime) -> None:
    """Stop trying and put the matter on the desk, in one transaction."""
    with store.transaction() as tx:
        held = OutboxMail.id == claim.id, OutboxMail.lease == claim.lease
        tx.execute(
            update(OutboxMail)
            .where(*held)
            .values(state=DEAD, lease="", finished=now, last_error=reason[:500])
        )
        summary = (
            f"Mail {claim.id} could not be delivered and is not tried again; "
            f"it and the reason are kept for {DROPPED_AFTER.days} days."
        )
        waiting.raise_item(tx, waiting.STUCK_MAIL, str(claim.id), summary, now)
