"""What several files of tests stand on: a whole house for the journeys, the same one as `make run`, on free
ports and started once per test worker; providers and a portal over them; the gateway to a provider; a feed.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from dev.house import House
from dev.identity_provider.config import Config
from dev.servers import Redis, Slapd
from dev.settings import of_a_test
from ldap_schema.directory import Directory, Service
from store.database import Store
from sync.context import SyncContext
from sync.settings import SyncSettings
from tests.conftest import SettableClock
from tests.functional.directory_kit import opened
from tests.functional.pages import WATCHED, chromium, watch
from tests.functional.replica_kit import as_service
from tests.functional.saml_world import running_providers
from tests.functional.sign_in_kit import Site, site
from tests.functional.visitor import Visitor
from tests.sync_world import write_mapping

LEADERS = 150


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Directory, Redis, mail catcher, identity providers, portal and worker, with fewer leaders."""
    with House(of_a_test(tmp_path_factory.mktemp("house"), LEADERS), os.environ) as running:
        yield running


@pytest.fixture(scope="session")
def https_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The same over HTTPS."""
    settings = of_a_test(tmp_path_factory.mktemp("https-house"), LEADERS, https=True)
    with House(settings, os.environ) as running:
        yield running


@pytest.fixture
def visitor(house: House) -> Visitor:
    """Somebody who is not signed in, with a browser without JavaScript."""
    return Visitor(house.settings.portal_url)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """Debian's Chromium, kept from calling home."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium()),
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Config]]:
    """The demonstration's identity providers, with their files."""
    with running_providers(tmp_path_factory.mktemp("providers")) as running:
        yield running


@pytest.fixture
def here(
    tmp_path: Path, providers: tuple[Path, Config], fresh_slapd: Slapd, redis_server: Redis
) -> Iterator[Site]:
    """The portal over them, with a directory of the test's own."""
    with site(tmp_path, providers, fresh_slapd, redis_server) as made:
        yield made


@pytest.fixture
def sync(provider: Slapd) -> Iterator[Directory]:
    """The account that writes, at the provider that a file of tests makes for itself."""
    directory = as_service(provider, Service.SYNC)
    yield directory
    directory.close()


@pytest.fixture
def context(fresh_slapd: Slapd, store: Store, clock: SettableClock, tmp_path: Path) -> Iterator[SyncContext]:
    """What feed runs stand on, with a directory and a store of the test's own."""
    settings = SyncSettings(folder=tmp_path / "sync", inbox=tmp_path, lock_seconds=0.2)
    with opened(fresh_slapd, Service.SYNC) as directory:
        yield SyncContext(
            settings=settings, directory=directory, store=store, clock=clock, actor="r.thistlewood"
        )


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """The mapping of the tests' small sender."""
    return write_mapping(tmp_path)


Browse = Callable[..., Page]


@pytest.fixture
def browse(chrome: Browser) -> Iterator[Browse]:
    """Open a page in a context of its own; no script may fail and no policy may be broken in it."""
    opened: list[BrowserContext] = []

    def open_page(width: int = 1280, *, javascript: bool = True) -> Page:
        context = chrome.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=javascript, ignore_https_errors=True
        )
        context.set_default_timeout(15_000)
        opened.append(context)
        page = context.new_page()
        watch(page)
        return page

    yield open_page
    for context in opened:
        context.close()
    problems = [problem for context in opened for problem in WATCHED.pop(context, [])]
    assert not problems, "\n".join(problems)
