"""The real worker and a real metadata server that changes, hangs and dies: what is good is taken and told."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from lxml import etree

from dev.servers import MailCatcher, Redis, Slapd
from saml.certificates import fingerprint
from saml.provider import LIVE, Provider, to_plain
from saml.registry import Registry
from saml.source import ACCEPT, URL, Source
from store import provider_watch, providers, waiting
from store.database import Store
from store.mail import Mail
from store.outbox import enqueue
from store.provider_watch import Watched
from tests.functional.command_line import Installed
from tests.metadata_kit import described
from tests.saml_kit import identity_provider, key_pair
from tests.web_server import WebServer, web_server

PATH = "/idp.xml"
PATIENCE = 40.0  # seconds; on a machine with other work to do


@pytest.fixture
def installed(tmp_path: Path, slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher) -> Installed:
    made = Installed(tmp_path, slapd, redis_server, mail_catcher)
    made.set("SAML_METADATA_SECONDS", 0.2)
    made.set("SAML_PRIVATE_HOSTS", "localhost")
    made.set("SERVICE_WORKER_SECONDS", 0.1)
    return made


@pytest.fixture
def store(installed: Installed) -> Iterator[Store]:
    opened = installed.store()
    yield opened
    opened.close()


def register(store: Store, web: WebServer) -> None:
    """A live provider whose metadata is at the server, believed for its pinned authority."""
    known = identity_provider("rivers")
    source = Source(kind=URL, location=web.address + PATH, authority=web.authority, new_keys=ACCEPT)
    provider = Provider(
        id="rivers", name="Department for Rivers and Coasts", state=LIVE, entity_id=known.entity_id,
        sso_url=known.sso_url, certificates=(known.certificate.strip() + "\n",), organisations=("rivers",),
        source=source, alert_mail=("it-desk@rivers.example",),
    )  # fmt: skip
    with store.transaction() as tx:
        providers.save(tx, to_plain(provider))
    due(store)


def due(store: Store) -> None:
    """Have it read at the worker's next look, instead of hours from now."""
    now = datetime.now(UTC)
    with store.transaction() as tx:
        before = provider_watch.get(tx, "rivers")
        watched = replace(before, due=now) if before else Watched(provider_id="rivers", due=now)
        provider_watch.save(tx, watched)


def watched(store: Store) -> Watched:
    with store.reading() as tx:
        found = provider_watch.get(tx, "rivers")
    assert found is not None
    return found


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def with_next_key() -> bytes:
    """The provider's metadata with its next certificate beside the present one."""
    root = described()
    [key] = root.iter("{urn:oasis:names:tc:SAML:2.0:metadata}KeyDescriptor")
    [coming] = described("rivers", "rivers-next").iter("{urn:oasis:names:tc:SAML:2.0:metadata}KeyDescriptor")
    key.addnext(coming)
    return etree.tostring(root)


def test_the_worker_takes_what_changes_and_outlives_a_server_that_hangs_or_is_gone(
    installed: Installed, store: Store, mail_catcher: MailCatcher, tmp_path: Path
) -> None:
    released = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        released.wait(PATIENCE)

    registry = Registry(store)

    def certificates() -> tuple[str, ...]:
        found = registry.get("rivers")
        assert found is not None
        return found.certificates

    (tmp_path / "web").mkdir()
    worker = installed.start("worker", "worker")
    with web_server(tmp_path / "web") as web:
        web.pages[PATH] = etree.tostring(described())
        register(store, web)
        with worker:
            wait_until(lambda: watched(store).good is not None, "it was never read")
            assert len(certificates()) == 1

            web.pages[PATH] = with_next_key()
            due(store)
            wait_until(lambda: len(certificates()) == 2, "the new key was not taken")
            told = mail_catcher.wait_for(
                lambda mail: (
                    mail["To"] == "it-desk@rivers.example" and "keys changed" in str(mail["Subject"])
                ),
                PATIENCE,
            )
            text = told.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            assert fingerprint(key_pair("rivers-next")[1]) in text

            asked = len(web.asked)
            web.pages[PATH] = hang
            due(store)
            wait_until(lambda: len(web.asked) > asked, "it was not asked again")
            with store.transaction() as tx:  # mail does not wait for metadata
                mail = Mail(to="leader@rivers.example", subject="While it hangs", text="Could we talk?")
                enqueue(tx, mail, "while it hangs", datetime.now(UTC))
            mail_catcher.wait_for(lambda mail: mail["Subject"] == "While it hangs", PATIENCE)
        assert worker.exit_status == 0  # it ended although the server still hung
        released.set()

    due(store)  # and now nobody listens there at all
    with installed.start("worker", "worker"):
        wait_until(lambda: watched(store).failures > 0, "no failure was noted")
    assert "refuses the connection" in watched(store).problem
    assert len(certificates()) == 2  # the last good one stays in force
    with store.reading() as tx:
        [matter] = waiting.open_items(tx, waiting.PROVIDER_METADATA)
    assert "Department for Rivers and Coasts" in matter.summary
