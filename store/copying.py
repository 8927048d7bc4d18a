"""Copies the store's SQLite file while it is in use, and puts a copy in its place."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from store.database import TABLES
from store.errors import StoreDamaged, StoreUnavailable

COMPANIONS = ("", "-wal", "-shm")


def copy(store: Path, into: Path) -> str:
    """Copy one consistent state of the store and return the version of its tables; raises StoreDamaged."""
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as here:
            with closing(sqlite3.connect(into)) as there:
                here.backup(there)
        return version(into)
    except sqlite3.Error as error:
        raise StoreDamaged(f"The store {store} can't be copied: {error}.") from None


def version(file: Path) -> str:
    """Return the version of the tables in the file, whose pages hold together; raises StoreDamaged."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as opened:
            (sound,) = opened.execute("PRAGMA quick_check").fetchone()
            found = opened.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise StoreDamaged(f"{file.name} is no store: {error}.") from None
    if sound != "ok":
        raise StoreDamaged(f"{file.name} is a damaged store: {sound}.")
    return str(found[0]) if found else ""


def fits(found: str) -> bool:
    """Whether tables of that version are those this program knows."""
    return found == TABLES


def empty(store: Path) -> bool:
    """Whether nothing was ever put in; a file that can't be read is not empty."""
    if not store.exists():
        return True
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as opened:
            named = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            tables = [name for (name,) in named if not name.startswith(("alembic_", "sqlite_"))]
            asked = (f'SELECT 1 FROM "{name}" LIMIT 1' for name in tables)  # noqa: S608  # its own names
            return not any(opened.execute(question).fetchone() for question in asked)
    except sqlite3.Error:
        return False


def release(store: Path) -> None:
    """See that nobody has the store open; raises StoreUnavailable if somebody has.

    A process that went on writing into a store that was replaced under it would damage the new one.
    """
    if not store.exists():
        return
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(store, timeout=0)) as opened:
        try:
            opened.execute("PRAGMA journal_mode=DELETE")  # only possible for whoever is alone
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(
                f"The store {store} is in use ({error}): stop `counterpart serve` and `worker` first."
            ) from None


@contextmanager
def replaced(store: Path, copied: Path, aside: str) -> Iterator[None]:
    """Put a copy in the store's place; the old one stays beside it, its name ending in `aside`.

    If the block fails, the old one is back.
    """
    new = store.with_name(store.name + ".new")
    store.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(copied, new)
    new.chmod(0o600)
    if store.exists():
        owner = store.stat()
        os.chown(new, owner.st_uid, owner.st_gid)
    moved = []
    try:
        for end in COMPANIONS:
            if (old := store.with_name(store.name + end)).exists():
                moved.append((old, old.rename(store.with_name(f"{store.name}{aside}{end}"))))
        new.rename(store)
        yield
    except BaseException:
        new.unlink(missing_ok=True)
        for old, kept in moved:
            kept.rename(old)
        raise
