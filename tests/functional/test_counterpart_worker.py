"""Mail leaves through a real worker and a real mail server; killing the worker loses none."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from dev.servers import MailCatcher, Redis, Slapd
from store import waiting
from store.database import Store
from store.mail import Mail
from store.models import OutboxMail
from store.outbox import DEAD, DROPPED, SENT, WAITING, enqueue, tally
from tests.functional.command_line import Installed
from tests.rounds import ROUNDS

MAILS = 20 * ROUNDS.worker_kills
LEASE = 2.0  # seconds


@pytest.fixture
def installed(tmp_path: Path, slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher) -> Installed:
    made = Installed(tmp_path, slapd, redis_server, mail_catcher)
    made.set("SERVICE_SMTP_TIMEOUT", 1)
    made.set("SERVICE_MAIL_LEASE_SECONDS", LEASE)
    made.set("SERVICE_WORKER_SECONDS", 0.1)
    return made


@pytest.fixture
def store(installed: Installed) -> Iterator[Store]:
    opened = installed.store()
    yield opened
    opened.close()


def put(store: Store, count: int) -> None:
    with store.transaction() as tx:
        for number in range(count):
            mail = Mail(to=f"leader{number}@rivers.example", subject=f"Note {number}", text="Could we talk?")
            enqueue(tx, mail, f"note {number}", datetime.now(UTC))


def states(store: Store) -> dict[str, int]:
    with store.transaction() as tx:
        return tally(tx)


def wait_until_sent(store: Store, count: int, seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while states(store)[SENT] < count:
        assert time.monotonic() < deadline, states(store)
        time.sleep(0.1)


def test_killing_the_worker_loses_no_mail_and_repeats_at_most_the_one_in_flight(
    installed: Installed, store: Store, mail_catcher: MailCatcher
) -> None:
    put(store, MAILS)
    chance = random.Random(20261123)  # noqa: S311 - when to kill is no secret
    for _ in range(ROUNDS.worker_kills):
        worker = installed.start("worker", "worker")
        worker.launch()
        wanted = min(len(mail_catcher.messages()) + chance.randint(1, 15), MAILS)
        deadline = time.monotonic() + 20
        while len(list(mail_catcher.mail.glob("*.eml"))) < wanted and time.monotonic() < deadline:
            time.sleep(0.001)
        worker.kill()
    with installed.start("worker", "worker"):
        wait_until_sent(store, MAILS)

    ids = Counter(message["Message-ID"] for message in mail_catcher.messages())
    assert len(ids) == MAILS
    assert sum(ids.values()) - MAILS <= ROUNDS.worker_kills
    assert states(store) == {WAITING: 0, SENT: MAILS, DEAD: 0}


def test_a_worker_stops_politely_and_leaves_with_zero(installed: Installed, store: Store) -> None:
    put(store, 1)
    worker = installed.start("worker", "worker")
    with worker:
        wait_until_sent(store, 1)
    assert worker.exit_status == 0
    assert "worker stopped" in worker.log.read_text()


def test_it_forgets_strangers_and_undeliverable_mail_of_a_month_ago(
    installed: Installed, store: Store
) -> None:
    put(store, 2)
    with store.transaction() as tx:
        old = {"state": DEAD, "finished": datetime.now(UTC) - timedelta(days=31)}
        tx.execute(update(OutboxMail).where(OutboxMail.id == 1).values(old))
        for days in (31, 29):
            tried = datetime.now(UTC) - timedelta(days=days)
            waiting.raise_item(tx, waiting.UNKNOWN_SIGN_IN, f"{days} days", "Somebody tried.", tried)
    with installed.start("worker", "worker"):
        wait_until_sent(store, 1)  # it forgets first

    with store.reading() as tx:
        assert [item.key for item in waiting.open_items(tx)] == ["29 days"]
        assert tally(tx) == {WAITING: 0, SENT: 1, DEAD: 0, DROPPED: 1}
        assert "".join(tx.scalars(select(OutboxMail.recipient + OutboxMail.text))) == ""


def test_mail_waits_while_the_mail_server_is_away(
    installed: Installed, store: Store, mail_catcher: MailCatcher
) -> None:
    put(store, 2)
    mail_catcher.stop()
    assert installed.run("worker", "--once").out.startswith("0 mails sent, 1 postponed")
    mail_catcher.start()
    assert installed.run("worker", "--once", "--json").data == {
        "sent": 1,
        "postponed": 0,
        "dead": 0,
        "purged": 0,
        "days_turned": 0,
        "grants_ended": 0,
    }
    assert states(store) == {WAITING: 1, SENT: 1, DEAD: 0}  # the first is tried again after half a minute


def test_a_worker_without_a_store_says_what_to_do(installed: Installed) -> None:
    answer = installed.run("worker")
    assert answer.code == 1
    assert "counterpart migrate" in answer.err
