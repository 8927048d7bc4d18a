"""Settings of the store."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Which database holds what has a history."""

    url: str = field(
        default="sqlite:///var/counterpart.db",
        metadata={
            "meaning": "The database, as an SQLAlchemy URL. SQLite is enough for one portal; several portals "
            "share a PostgreSQL (`postgresql+psycopg://…`), which our tests do not run."
        },
    )
    password_file: str = field(
        default="",
        metadata={
            "meaning": "File with the database's password, for a PostgreSQL. It may not stand in the URL."
        },
    )
    timeout: float = field(
        default=10.0,
        metadata={
            "meaning": "Seconds to wait for another writer, or for the database to answer, before giving up."
        },
    )
