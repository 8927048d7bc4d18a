"""The one place that opens the database: connections, transactions, migrations."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.orm import Session, sessionmaker

from store.errors import Conflict, StoreDamaged, StoreError, StoreNotReady, StoreUnavailable
from store.settings import StoreSettings

MIGRATIONS = Path(__file__).parent / "alembic"


class Store:
    """The database, opened once per process and passed to whoever needs it; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)

    @classmethod
    def open(cls, settings: StoreSettings) -> Self:
        """Prepare connections without making one; the first transaction finds out whether the database is
        there.
        """
        try:
            url = make_url(settings.url)
            engine = _sqlite(url, settings) if url.get_backend_name() == "sqlite" else _server(url, settings)
        except (exc.ArgumentError, ImportError, ValueError) as error:
            raise StoreUnavailable(f"The store's URL can't be used: {_first_line(error)}") from None
        return cls(engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, rolled back by any exception.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so two of them never fail by meeting
        halfway.
        """
        with _in_our_words(self.place), self._sessions.begin() as session:
            yield session

    @property
    def place(self) -> str:
        """Where the store is, for messages; without a password."""
        url = self._engine.url
        return str(_sqlite_file(url)) if url.get_backend_name() == "sqlite" else url.render_as_string()

    def check(self) -> None:
        """Raise StoreNotReady unless the tables are exactly those this version of the program knows."""
        self._must_exist()
        with _in_our_words(self.place), self._engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
        expected = ScriptDirectory(str(MIGRATIONS)).get_current_head()
        if found != expected:
            raise StoreNotReady(
                f"The store {self.place} has the tables of version {found or 'none'}; "
                f"this program needs {expected}. Run `counterpart migrate`."
            )

    def migrate(self) -> None:
        """Bring the tables to this version, in one transaction; does nothing when they are there already."""
        if self._engine.url.get_backend_name() == "sqlite":
            _make_private_file(_sqlite_file(self._engine.url))
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with _in_our_words(self.place), self._engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _must_exist(self) -> None:
        if self._engine.url.get_backend_name() == "sqlite" and not _sqlite_file(self._engine.url).exists():
            raise StoreNotReady(f"There is no store at {self.place} yet. Run `counterpart migrate`.")


def _sqlite(url: URL, settings: StoreSettings) -> Engine:
    """An engine whose file must exist already: a mistyped path is an error, not a new empty database."""
    if not url.database or url.database == ":memory:":
        raise ValueError("a database in memory forgets everything; name a file")
    path = Path(url.database.removeprefix("file:")).absolute()
    opened = url.set(database=f"file:{path}", query={"mode": "rw", "uri": "true"})
    engine = create_engine(opened, connect_args={"timeout": settings.timeout}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediately)
    return engine


def _server(url: URL, settings: StoreSettings) -> Engine:
    """An engine for a database server; the password comes from a file and never stands in the URL."""
    if url.password:
        raise ValueError(
            "put the password into the file named by COUNTERPART_STORE_PASSWORD_FILE, not into the URL"
        )
    if settings.password_file:
        try:
            url = url.set(password=Path(settings.password_file).read_text(encoding="utf-8").strip())
        except OSError as error:
            raise ValueError(f"the password file {settings.password_file}: {error.strerror}") from None
    return create_engine(url, pool_pre_ping=True, pool_timeout=settings.timeout, hide_parameters=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_immediately
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediately(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _sqlite_file(url: URL) -> Path:
    return Path((url.database or "").removeprefix("file:"))


def _make_private_file(path: Path) -> None:
    """Make an empty database that only its owner reads; SQLite gives its companions the same permissions."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"The store can't be made at {path}: {error.strerror}.") from None


@contextmanager
def _in_our_words(place: str) -> Iterator[None]:
    """Turn the driver's errors into ours; its messages may hold values, so only the first line's words are
    kept.
    """
    try:
        yield
    except exc.IntegrityError as error:
        raise Conflict(f"The store refused a value: {_first_line(error.orig)}") from error
    except (exc.OperationalError, exc.ProgrammingError) as error:
        raise _unavailable(place, _first_line(error.orig)) from error
    except exc.DatabaseError as error:
        raise StoreDamaged(f"The store {place} can't be read: {_first_line(error.orig)}") from error
    except (exc.TimeoutError, exc.InterfaceError) as error:
        raise StoreUnavailable(f"The store {place} does not answer: {_first_line(error)}") from error


def _unavailable(place: str, words: str) -> StoreError:
    if "no such table" in words or "does not exist" in words:
        return StoreNotReady(f"The store {place} has no tables yet. Run `counterpart migrate`.")
    if "locked" in words:
        return StoreUnavailable(f"The store {place} is kept busy by another program; try again.")
    return StoreUnavailable(f"The store {place} does not answer: {words}")


def _first_line(error: BaseException | None) -> str:
    return (str(error).splitlines() or ["no reason given"])[0].strip().rstrip(".") + "."
