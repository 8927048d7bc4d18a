"""Our own certificates' ends: told at 60, 30, 7 and 1 days, each once, and settled by a rollover."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from dev.identity_provider.demo import DAYS, ensure_key
from saml import rollover
from saml.notices import Correspondence
from saml.own_ends import OwnEnds
from saml.settings import SAMLSettings
from store import waiting
from store.database import Store
from store.models import OutboxMail
from tests.conftest import SettableClock


@pytest.fixture
def settings(tmp_path: Path, clock: SettableClock) -> SAMLSettings:
    files = {
        f"{prefix}{end}_file": tmp_path / f"{prefix or 'current'}.{end}"
        for prefix in ("", "next_", "previous_")
        for end in ("key", "certificate")
    }
    made = replace(SAMLSettings(), **files)
    ensure_key(made.key_file, made.certificate_file, "Counterpart", clock())
    return made


def subjects(store: Store) -> list[str]:
    with store.reading() as tx:
        return list(tx.scalars(select(OutboxMail.subject).order_by(OutboxMail.id)))


def on_the_desk(store: Store) -> list[str]:
    with store.reading() as tx:
        return [item.summary for item in waiting.open_items(tx, waiting.PROVIDER_ENDING)]


def test_each_threshold_is_told_once_and_the_desk_shows_the_last(
    settings: SAMLSettings, store: Store, clock: SettableClock
) -> None:
    own = OwnEnds(settings, store, clock, Correspondence(manager_mail="manager@l.example"))
    start: datetime = clock()
    told = []
    for day in (1, DAYS - 61, DAYS - 59, DAYS - 58, DAYS - 29, DAYS - 6, DAYS - 5, DAYS - 0.5, DAYS - 0.2):
        clock.now = start + timedelta(days=day)
        told.append(own.run_due())

    assert told == [0, 0, 1, 0, 1, 1, 0, 1, 0]
    assert len(subjects(store)) == 4
    [words] = on_the_desk(store)
    assert words.startswith("Our own current signing certificate")
    assert "counterpart idp rollover" in words


def test_a_certificate_that_is_published_no_longer_is_taken_off_the_desk(
    settings: SAMLSettings, store: Store, clock: SettableClock
) -> None:
    own = OwnEnds(settings, store, clock, Correspondence())
    clock.now += timedelta(days=DAYS - 20)
    assert (own.run_due(), len(on_the_desk(store)), subjects(store)) == (1, 1, [])

    rollover.start(settings, clock())
    assert (own.run_due(), len(on_the_desk(store))) == (0, 1)
    rollover.switch(settings, clock(), early=True)
    assert (own.run_due(), on_the_desk(store)) == (0, [])


def test_keys_that_cannot_be_read_are_logged_and_nothing_else(
    settings: SAMLSettings, store: Store, clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    settings.key_file.write_text("nonsense")

    assert OwnEnds(settings, store, clock, Correspondence()).run_due() == 0
    assert "current.key" in caplog.text
