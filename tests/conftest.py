"""Real servers for the tests, each private to one test worker; only the clock is invented."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from dev.servers import MailCatcher, Redis, Slapd
from store.database import Store
from store.migration import migrate
from store.settings import StoreSettings
from tests.rounds import ROUNDS

settings.register_profile(
    "counterpart",
    max_examples=ROUNDS.hypothesis_examples,
    deadline=None,  # speed is measured by `make bench`, never by a test
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("counterpart")


class SettableClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        """Move on by the given days, hours, minutes or seconds."""
        self.now += timedelta(**amount)


@pytest.fixture
def clock() -> SettableClock:
    """A clock that a test can move; it starts on a Monday morning in winter, when London is on UTC."""
    return SettableClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A running directory with schema, rules and base tree; tests that share it make ids of their own."""
    with Slapd(tmp_path_factory.mktemp("slapd")) as server:
        yield server


@pytest.fixture
def fresh_slapd(tmp_path: Path) -> Iterator[Slapd]:
    """A directory of the test's own, for tests that count, kill or fill it."""
    with Slapd(tmp_path / "slapd") as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A running Redis; tests that share it use keys of their own."""
    with Redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def fresh_redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of the test's own, for tests that kill it."""
    with Redis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def mail_catcher(tmp_path: Path) -> Iterator[MailCatcher]:
    """A real SMTP server that keeps what it is given."""
    with MailCatcher(tmp_path / "mail-catcher") as server:
        yield server


@contextmanager
def migrated_store(folder: Path) -> Iterator[Store]:
    """Yield a migrated SQLite store in the folder."""
    opened = Store.open(StoreSettings(url=f"sqlite:///{folder / 'store.db'}"))
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A migrated SQLite store of the test's own."""
    with migrated_store(tmp_path) as opened:
        yield opened
