"""Makes and updates the tables. Apart from the rest: only `counterpart migrate` needs Alembic, which is slow
to load.
"""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config

from store import erasure_models as _erasure_models  # noqa: F401 - its tables are ours too
from store.database import Store
from store.errors import StoreUnavailable

MIGRATIONS = Path(__file__).parent / "alembic"


def migrate(store: Store) -> None:
    """Bring the tables to this version, in one transaction; does nothing when they are there already."""
    if store.file:
        _make_private_file(store.file)
    config = migrations()
    with store.connection() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def migrations() -> Config:
    """Where Alembic finds the migrations, which are packaged with the program."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _make_private_file(path: Path) -> None:
    """Make an empty database that only its owner reads; SQLite gives its companions the same permissions."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"The store can't be made at {path}: {error.strerror}.") from None
