"""The one place that opens the database: connections, transactions, and whether the tables are ours."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from store.errors import Conflict, StoreDamaged, StoreError, StoreNotReady, StoreUnavailable
from store.settings import StoreSettings

# What SQLite says, and what it means for whoever runs the service.
SENTENCES = {
    "locked": "The store {place} is kept busy by another program; try again.",
    "is full": "There is no room left on the disk for the store {place}. Make room and try again.",
    "disk I/O": "The disk under the store {place} can't be used: it is full, or failing. Look at it.",
    "readonly": "The store {place} can be read but not written: look at who owns the file and its folder.",
}
TABLES = "0009"  # the version of the tables this program knows; a test compares it with the newest migration


class Store:
    """The database, opened once per process and passed to whoever needs it; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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
    def transaction(self, patience: float | None = None) -> Iterator[Session]:
        """One transaction: committed at the end of the block, rolled back by any exception.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so two of them never fail by meeting
        halfway. Another writer is waited for as long as the settings say, or for `patience` seconds where
        what is written matters less than whoever waits.
        """
        with self._session({"patience": patience}) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent look; on SQLite no writer, however long it takes, keeps it waiting."""
        with self._session({"reading": True}) as session:
            yield session

    def glance(self, statement: str) -> Any:
        """One value, for what is asked at every request: by the driver alone it costs a fifth of `reading`.

        What goes wrong so is asked for in the usual way, which says what it is.
        """
        try:
            with _in_our_words(self.place), closing(self._engine.raw_connection()) as connection:
                cursor = connection.cursor()
                cursor.execute(statement)
                return cursor.fetchall()[0][0]
        except (self._engine.dialect.loaded_dbapi.Error, IndexError):
            with self.reading() as tx:
                return tx.execute(text(statement)).scalar_one()

    @contextmanager
    def _session(self, options: dict[str, Any]) -> Iterator[Session]:
        begun = Session(self._engine.execution_options(**options), expire_on_commit=False)
        with _in_our_words(self.place), begun as session, session.begin():
            yield session

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One transaction without the mapped classes, for migrations."""
        with _in_our_words(self.place), self._engine.begin() as connection:
            yield connection

    @property
    def place(self) -> str:
        """Where the store is, for messages; without a password."""
        return str(self.file or self._engine.url.render_as_string())

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None for a server."""
        url = self._engine.url
        return _sqlite_file(url) if url.get_backend_name() == "sqlite" else None

    def check(self) -> None:
        """Raise StoreNotReady unless the tables are exactly those this version of the program knows."""
        if self.file and not self.file.exists():
            raise StoreNotReady(_missing(self.place))
        with self.reading() as tx:
            found = tx.scalar(text("SELECT version_num FROM alembic_version"))
        if found != TABLES:
            raise StoreNotReady(
                f"The store {self.place} has the tables of version {found or 'none'}; "
                f"this program needs {TABLES}. Run `counterpart migrate`."
            )

    def scrub(self) -> None:
        """Let what was deleted leave the file and its log, as far as readers at work allow it just now.

        SQLite overwrites what is deleted; a copy of it may still stand in the write-ahead log. A database
        server does the like in its own time.
        """
        if self.file:
            with _in_our_words(self.place), closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def _sqlite(url: URL, settings: StoreSettings) -> Engine:
    """An engine whose file must exist already: a mistyped path is an error, not a new empty database."""
    if not url.database or url.database == ":memory:":
        raise ValueError("a database in memory forgets everything; name a file")
    path = Path(url.database.removeprefix("file:")).absolute()
    opened = url.set(database=f"file:{path}", query={"mode": "rw", "uri": "true"})
    engine = create_engine(opened, connect_args={"timeout": settings.timeout}, hide_parameters=True)

    def prepare(connection: Any, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, see below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        record.info["file"] = _identity(path)

    def look_at_file(_connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        # A connection would go on writing into a file that was taken away or replaced by a backup.
        if record.info["file"] != _identity(path):
            raise exc.DisconnectionError

    def begin(connection: Connection) -> None:
        _begin(connection, settings.timeout)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "checkout", look_at_file)
    event.listen(engine, "begin", begin)
    return engine


def _begin(connection: Connection, timeout: float) -> None:
    """Begin what the options ask for. The pragmas outlive a transaction, so most find them right."""
    options = connection.get_execution_options()
    patience, reading = options.get("patience"), bool(options.get("reading"))
    seconds = timeout if patience is None else patience
    wanted = f"PRAGMA busy_timeout={int(seconds * 1000)}", f"PRAGMA query_only={int(reading)}"
    if connection.info.get("pragmas") != wanted:
        for pragma in wanted:
            connection.exec_driver_sql(pragma)
        connection.info["pragmas"] = wanted
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


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


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file stands there: its device and number on it; None for no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _missing(place: str) -> str:
    return (
        f"There is no store at {place}. Run `counterpart migrate` if this installation is new; "
        "otherwise put the file back, or a backup of it."
    )


def _sqlite_file(url: URL) -> Path:
    return Path((url.database or "").removeprefix("file:"))


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
    if "unable to open" in words and not Path(place).exists():
        return StoreUnavailable(_missing(place))
    for sign, sentence in SENTENCES.items():
        if sign in words:
            return StoreUnavailable(sentence.format(place=place))
    return StoreUnavailable(f"The store {place} does not answer: {words}")


def _first_line(error: BaseException | None) -> str:
    return (str(error).splitlines() or ["no reason given"])[0].strip().rstrip(".") + "."
