"""Mail is sent once, kept when the server is away, and never lost when a worker dies."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage

import pytest
from alembic import command
from sqlalchemy import String, select

from store import waiting
from store.database import Store
from store.errors import BadRecord, TryLater, Undeliverable
from store.mail import Mail
from store.migration import migrate, migrations
from store.models import OutboxMail
from store.outbox import (
    DEAD,
    DROPPED,
    MOST_TRIES,
    SENT,
    WAITING,
    Counts,
    deliver_due,
    drop_dead,
    enqueue,
    enqueue_all,
    stuck,
    tally,
)
from tests.conftest import SettableClock

SENDER = "counterpart@leaders.example"
MAIL = Mail(
    to="ada.quill@rivers.example",
    subject="Flood warnings",
    text="Could we talk on Tuesday?",
    reply_to="bo.marsh@rivers.example",
    from_name="Bo Marsh",
)


class Stopped(BaseException):
    """The worker is killed here."""


def put(store: Store, key: str, now: datetime) -> int:
    with store.transaction() as tx:
        return enqueue(tx, MAIL, key, now)


def refuse_with(error: BaseException) -> Callable[[EmailMessage], None]:
    def send(message: EmailMessage) -> None:
        raise error

    return send


def deliver(store: Store, clock: SettableClock, send: Callable[[EmailMessage], None]) -> Counts:
    return deliver_due(store, send, clock, SENDER, lease_seconds=60)


def test_a_queued_mail_is_sent_once(store: Store, clock: SettableClock) -> None:
    sent: list[EmailMessage] = []
    put(store, "a", clock())

    assert deliver(store, clock, sent.append) == Counts(sent=1)
    clock.advance(days=1)
    assert deliver(store, clock, sent.append) == Counts()
    assert [message["To"] for message in sent] == ["ada.quill@rivers.example"]


def test_many_mails_are_queued_at_once_and_none_a_second_time(
    store: Store, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.outbox.AT_ONCE", 3)
    put(store, "0", clock())
    mails = {str(number): replace(MAIL, subject=f"Number {number}") for number in range(5)}
    for _ in range(2):
        with store.transaction() as tx:
            enqueue_all(tx, mails, clock())
    sent: list[str] = []
    assert deliver(store, clock, lambda message: sent.append(message["Subject"])).sent == 5
    assert sorted(sent)[:2] == ["Flood warnings", "Number 1"], "the first of a key stays"
    with store.transaction() as tx, pytest.raises(BadRecord):
        enqueue_all(tx, {"": MAIL}, clock())


def test_the_same_key_is_the_same_mail(store: Store, clock: SettableClock) -> None:
    assert put(store, "a", clock()) == put(store, "a", clock()) != put(store, "b", clock())
    assert deliver(store, clock, lambda message: None) == Counts(sent=2)


def test_a_mail_of_a_transaction_that_failed_is_not_sent(store: Store, clock: SettableClock) -> None:
    with contextlib.suppress(RuntimeError), store.transaction() as tx:
        enqueue(tx, MAIL, "a", clock())
        raise RuntimeError
    assert deliver(store, clock, lambda message: None) == Counts()


def test_a_server_that_is_away_postpones_the_mail_and_ends_the_round(
    store: Store, clock: SettableClock
) -> None:
    put(store, "a", clock())
    put(store, "b", clock())

    assert deliver(store, clock, refuse_with(TryLater("away"))) == Counts(postponed=1)
    assert deliver(store, clock, lambda message: None) == Counts(sent=1)  # the other one was not held up
    clock.advance(seconds=31)
    assert deliver(store, clock, lambda message: None) == Counts(sent=1)


def test_pauses_grow_and_the_last_try_puts_the_mail_on_the_desk(store: Store, clock: SettableClock) -> None:
    put(store, "a", clock())
    for _ in range(MOST_TRIES - 1):
        assert deliver(store, clock, refuse_with(TryLater("away"))) == Counts(postponed=1)
        assert deliver(store, clock, refuse_with(TryLater("away"))) == Counts()  # not due yet
        clock.advance(hours=4)

    assert deliver(store, clock, refuse_with(TryLater("away"))) == Counts(dead=1)
    with store.transaction() as tx:
        assert tally(tx) == {WAITING: 0, SENT: 0, DEAD: 1}
        assert [item.kind for item in waiting.open_items(tx)] == [waiting.STUCK_MAIL]


def test_a_refused_mail_does_not_hold_up_the_others(store: Store, clock: SettableClock) -> None:
    put(store, "a", clock())
    put(store, "b", clock())
    answers = [Undeliverable("550 no such mailbox"), None]

    def send(message: EmailMessage) -> None:
        answer = answers.pop(0)
        if answer:
            raise answer

    assert deliver(store, clock, send) == Counts(sent=1, dead=1)


def test_a_worker_killed_after_sending_repeats_that_mail_alone_with_the_same_id(
    store: Store, clock: SettableClock
) -> None:
    sent: list[EmailMessage] = []
    for key in ("a", "b", "c"):
        put(store, key, clock())

    def send_and_die_at_the_second(message: EmailMessage) -> None:
        sent.append(message)
        if len(sent) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        deliver(store, clock, send_and_die_at_the_second)
    assert deliver(store, clock, sent.append) == Counts(sent=1)  # the other is leased until a minute is over
    clock.advance(seconds=61)
    assert deliver(store, clock, sent.append) == Counts(sent=1)

    ids = [message["Message-ID"] for message in sent]
    assert len(ids) == 4
    assert len(set(ids)) == 3
    assert ids[1] == ids[3]


def test_a_mail_that_always_kills_its_worker_is_given_up_in_the_end(
    store: Store, clock: SettableClock
) -> None:
    put(store, "a", clock())
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(Stopped):
            deliver(store, clock, refuse_with(Stopped()))
        clock.advance(seconds=61)
    assert deliver(store, clock, refuse_with(TryLater("away"))) == Counts(dead=1)


def kept(store: Store) -> str:
    """Everything that the outbox holds in words, beside the keys."""
    beside = {"key", "reference", "state"}
    words = [each for each in OutboxMail.__table__.columns if isinstance(each.type, String)]
    with store.reading() as tx:
        rows = tx.execute(select(*(each for each in words if each.name not in beside)))
        return "".join(word for row in rows for word in row)


def test_of_what_was_sent_neither_words_nor_names_are_kept(store: Store, clock: SettableClock) -> None:
    put(store, "a", clock())
    assert "Flood" in kept(store)
    assert "ada.quill" in kept(store)
    assert "Bo Marsh" in kept(store)
    deliver(store, clock, lambda message: None)
    assert kept(store) == ""
    put(store, "a", clock())
    assert deliver(store, clock, lambda message: None) == Counts()


def test_mail_given_up_is_forgotten_after_a_month_and_not_sent_again(
    store: Store, clock: SettableClock
) -> None:
    def drop() -> int:
        with store.transaction() as tx:
            return drop_dead(tx, clock())

    put(store, "a", clock())
    deliver(store, clock, refuse_with(Undeliverable("550 no such mailbox")))
    clock.advance(days=20)
    put(store, "b", clock())
    deliver(store, clock, refuse_with(Undeliverable("550 no such mailbox")))
    put(store, "c", clock())
    clock.advance(days=10)
    assert drop() == 0
    clock.advance(seconds=1)
    assert drop() == 1
    assert kept(store).count("ada.quill") == 2
    clock.advance(days=20)
    assert drop() == 1
    with store.reading() as tx:
        assert tally(tx) == {WAITING: 1, SENT: 0, DEAD: 0, DROPPED: 2}  # what waits is nobody's to drop
    put(store, "a", clock())
    assert deliver(store, clock, lambda message: None) == Counts(sent=1)
    assert kept(store) == ""


def test_an_older_store_forgets_who_wrote_to_whom_when_it_is_migrated(
    store: Store, clock: SettableClock
) -> None:
    for key in ("sent", "waits"):
        put(store, key, clock())
    config = migrations()
    with store.connection() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0005")
    with store.transaction() as tx:
        tx.connection().exec_driver_sql("UPDATE outbox_mail SET state = 'sent' WHERE key = 'sent'")
        tx.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")
    migrate(store)
    assert kept(store).count("ada.quill") == 1
    assert deliver(store, clock, lambda message: None) == Counts(sent=1)


def test_mail_that_waits_too_long_is_counted(store: Store, clock: SettableClock) -> None:
    put(store, "a", clock())
    clock.advance(minutes=31)
    with store.transaction() as tx:
        assert stuck(tx, clock()) == 1


def test_a_worker_asked_to_stop_takes_no_further_mail(store: Store, clock: SettableClock) -> None:
    for key in ("a", "b"):
        put(store, key, clock())
    sent: list[EmailMessage] = []
    counts = deliver_due(store, sent.append, clock, SENDER, stopping=lambda: bool(sent))
    assert counts == Counts(sent=1)


def test_a_mail_without_a_key_is_refused(store: Store, clock: SettableClock) -> None:
    with pytest.raises(BadRecord, match="1 to 200 characters"):
        put(store, "", clock())
