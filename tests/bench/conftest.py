"""One whole house of the usual size, on free ports, for all benchmarks that look from outside."""

import os
from collections.abc import Iterator

import pytest

from dev.house import House
from dev.settings import LEADERS, of_a_test

UNLIMITED = {
    "COUNTERPART_PORTAL_SIGN_IN_LIMIT": "100000 per minute",
    **{
        f"COUNTERPART_PORTAL_HARVEST_{what}": "1000000000"
        for what in ("LISTED_PER_DAY", "OPENED_PER_HOUR", "IN_ORDER", "TURNED_PER_HOUR")
    },
}


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Directory, Redis, identity providers, portal and worker, with 1,500 invented leaders."""
    settings = of_a_test(tmp_path_factory.mktemp("house"), LEADERS)
    with House(settings, {**os.environ, **UNLIMITED}) as running:
        yield running
