"""The store is made private, migrated in one step, and says in one sentence what is wrong with it."""

import contextlib
import sqlite3
import threading
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from store import heartbeats
from store.database import TABLES, Store
from store.errors import StoreDamaged, StoreNotReady, StoreUnavailable
from store.migration import migrate, migrations
from store.models import Heartbeat, Table
from store.settings import StoreSettings
from tests.conftest import SettableClock


def open_at(path: Path, timeout: float = 0.2) -> Store:
    return Store.open(StoreSettings(url=f"sqlite:///{path}", timeout=timeout))


def test_migrations_and_models_agree(store: Store) -> None:
    with store.transaction() as tx:
        assert compare_metadata(MigrationContext.configure(tx.connection()), Table.metadata) == []


def test_the_program_knows_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(migrations()).get_current_head() == TABLES


def test_migrating_twice_changes_nothing(store: Store) -> None:
    migrate(store)
    store.check()


def test_only_its_owner_reads_the_database_and_its_companions(store: Store, tmp_path: Path) -> None:
    with store.transaction() as tx:
        tx.execute(text("DELETE FROM heartbeat"))
        assert {oct(file.stat().st_mode & 0o777) for file in tmp_path.glob("store.db*")} == {"0o600"}


def test_a_database_survives_a_power_cut_as_far_as_sqlite_can_promise(store: Store) -> None:
    with store.transaction() as tx:
        settings = [
            tx.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous")
        ]
    assert settings == ["wal", 2]  # 2 = FULL


def test_a_mistyped_path_is_an_error_and_not_a_new_database(tmp_path: Path) -> None:
    store = open_at(tmp_path / "nowhere.db")
    with pytest.raises(StoreNotReady, match="counterpart migrate"):
        store.check()
    with pytest.raises(StoreUnavailable), store.transaction() as tx:
        tx.execute(text("SELECT 1"))
    assert list(tmp_path.iterdir()) == []
    store.close()


def test_an_older_database_asks_to_be_migrated(store: Store) -> None:
    with store.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(StoreNotReady, match=r"version 0000.*needs"):
        store.check()


def test_a_database_without_tables_asks_to_be_migrated(tmp_path: Path, clock: SettableClock) -> None:
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    store = open_at(tmp_path / "empty.db")
    with pytest.raises(StoreNotReady, match="counterpart migrate"):
        store.check()
    with pytest.raises(StoreNotReady, match="counterpart migrate"), store.transaction() as tx:
        heartbeats.last(tx, "worker")
    store.close()


def test_a_glance_sees_what_was_committed_last_and_says_what_is_wrong_as_others_do(
    store: Store, tmp_path: Path
) -> None:
    version = "SELECT version_num FROM alembic_version"
    assert store.glance(version) == TABLES
    with store.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = 'other'"))
        assert store.glance(version) == TABLES
    assert store.glance(version) == "other"
    with pytest.raises(StoreNotReady, match="counterpart migrate"):
        store.glance("SELECT one FROM no_table")
    for file in tmp_path.glob("*.db*"):
        file.unlink()
    with pytest.raises(StoreUnavailable, match="There is no store"):
        store.glance(version)


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear Sir or Madam, " * 200)
    store = open_at(tmp_path / "letter.db")
    with pytest.raises(StoreDamaged, match=r"letter\.db can't be read"):
        store.check()
    store.close()


def test_a_folder_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = open_at(tmp_path / "file" / "store.db")
    with pytest.raises(StoreUnavailable, match="can't be made"):
        migrate(store)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "can't be used"),
        ("sqlite://", "in memory"),
        ("postgresql://user:secret@host/db", "password"),
        ("oracle://host/db", "can't be used"),
    ],
)
def test_a_wrong_url_is_one_sentence_without_the_password(url: str, words: str) -> None:
    with pytest.raises(StoreUnavailable, match=words) as caught:
        Store.open(StoreSettings(url=url))
    assert "secret" not in str(caught.value)


def test_a_writer_that_waits_too_long_is_told_so(store: Store, tmp_path: Path) -> None:
    impatient = open_at(tmp_path / "store.db")
    with store.transaction() as tx:
        tx.execute(text("DELETE FROM heartbeat"))
        with pytest.raises(StoreUnavailable, match="kept busy"), impatient.transaction() as other:
            other.execute(text("SELECT 1"))
    impatient.close()


def test_a_reader_waits_for_no_writer_and_sees_one_state(store: Store, clock: SettableClock) -> None:
    with store.reading() as reader:
        assert heartbeats.last(reader, "worker") is None
        with store.transaction() as writer, store.reading() as other:
            heartbeats.beat(writer, "worker", clock())
            assert heartbeats.last(other, "worker") is None
        assert heartbeats.last(reader, "worker") is None
    with store.reading() as reader:
        assert heartbeats.last(reader, "worker") == clock()


def test_nothing_is_written_where_only_reading_was_promised(store: Store, clock: SettableClock) -> None:
    with pytest.raises(StoreUnavailable), store.reading() as tx:
        heartbeats.beat(tx, "worker", clock())
    with store.transaction() as tx:  # the same pooled connection writes again
        heartbeats.beat(tx, "worker", clock())


def test_writers_in_several_threads_lose_nothing(store: Store) -> None:
    def add_twenty() -> None:
        for _ in range(20):
            with store.transaction() as tx:
                count = tx.scalar(text("SELECT count(*) FROM heartbeat"))
                tx.execute(text("INSERT INTO heartbeat VALUES (:name, '2026-01-01')"), {"name": str(count)})

    threads = [threading.Thread(target=add_twenty) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM heartbeat")) == 80


def test_a_failed_transaction_leaves_nothing(store: Store, clock: SettableClock) -> None:
    with contextlib.suppress(KeyError), store.transaction() as tx:
        heartbeats.beat(tx, "worker", clock())
        raise KeyError
    with store.transaction() as tx:
        assert heartbeats.last(tx, "worker") is None


def test_moments_come_back_in_utc_and_naive_ones_are_refused(store: Store, clock: SettableClock) -> None:
    with store.transaction() as tx:
        heartbeats.beat(tx, "worker", clock())
        assert heartbeats.last(tx, "worker") == clock()
    naive = datetime(2026, 11, 23, 9, 0)  # noqa: DTZ001 - the mistake that is refused
    with pytest.raises(Exception, match="without a time zone"), store.transaction() as tx:
        tx.merge(Heartbeat(name="worker", seen=naive))
