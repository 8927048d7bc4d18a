"""A store of each released version is brought to this one in place and loses nothing."""

import sqlite3
from pathlib import Path

import pytest

from store import checkpoints, ledger, outbox, waiting
from store.database import Store
from store.migration import migrate
from store.settings import StoreSettings
from store.tombstones import everybody, marker

STORES = sorted((Path(__file__).parents[1] / "released" / "stores").glob("*.sql"))


@pytest.mark.parametrize("dump", STORES, ids=lambda path: path.stem)
def test_a_released_store_keeps_its_ledger_and_what_waits(tmp_path: Path, dump: Path) -> None:
    file = tmp_path / "old.db"
    with sqlite3.connect(file) as opened:
        opened.executescript(dump.read_text())
    opened.close()
    store = Store.open(StoreSettings(url=f"sqlite:///{file}"))
    try:
        migrate(store)
        store.check()
        with store.reading() as tx:
            assert (checkpoints.verify(tx, None).entries, len(marker(tx).salts)) == (3, 1)
            assert ledger.kept_for(tx, "9a77") == "4f1c9a"
            first = ledger.about(tx, "4f1c9a")
            assert ledger.opened(tx, first) == [{"reason": "INC-47"}]  # written in the clear, and read
            assert (len(waiting.open_items(tx)), outbox.tally(tx)[outbox.WAITING], everybody(tx)) == (
                1,
                1,
                (),
            )
    finally:
        store.close()
