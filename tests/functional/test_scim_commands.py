"""`counterpart scim token` as an operator uses it."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.directory import Service
from store import ledger
from store.database import Store
from tests.functional.command_line import Installed
from tests.functional.directory_kit import opened
from tests.scim_kit import MAPPING


@pytest.fixture
def installed(slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher, tmp_path: Path) -> Installed:
    made = Installed(tmp_path, slapd, redis_server, mail_catcher)
    (tmp_path / "mappings").mkdir()
    made.set("SYNC_MAPPINGS", tmp_path / "mappings")
    return made


@pytest.fixture
def store(installed: Installed) -> Iterator[Store]:
    made = installed.store()
    yield made
    made.close()


def test_a_token_is_shown_once_listed_without_its_text_and_revoked(
    installed: Installed, store: Store, slapd: Slapd
) -> None:
    feed = f"t{secrets.token_hex(5)}"
    (installed.folder / "mappings" / "feed.toml").write_text(MAPPING.replace("FEED", feed))
    made = installed.run("scim", "token", "add", feed, "--days", "90", "--json").data
    assert made["address"].endswith(f"/scim/{feed}/v2")
    assert made["token"].startswith(f"scim-{made['id']}-")
    shown = installed.run("scim", "token", "list", feed)
    assert made["id"] in shown.out
    assert "never" in shown.out
    kept = installed.run("scim", "token", "list", feed, "--json").out
    secret = made["token"].split("-", 2)[2]
    assert secret not in kept + shown.out
    assert "digest" not in kept
    assert installed.run("scim", "token", "add", feed).code == 0
    third = installed.run("scim", "token", "add", feed)
    assert third.code == 1
    assert "Revoke one first" in third.err
    assert installed.run("scim", "token", "revoke", feed, made["id"]).code == 0
    again = installed.run("scim", "token", "revoke", feed, made["id"])
    assert again.code == 1
    assert "has no token" in again.err
    with opened(slapd, Service.SYNC) as sync:
        assert len(sync.scim_tokens.of(feed)) == 1
    with store.reading() as tx:
        events = [each.event for each in ledger.latest(tx, 9) if each.subject == f"feed:{feed}"]
        written = repr([each.details for each in ledger.latest(tx, 9)])
    assert sorted(events) == ["SCIM token added", "SCIM token added", "SCIM token revoked"]
    assert secret not in written


def test_a_feed_without_such_a_mapping_gets_no_token(installed: Installed, store: Store) -> None:
    (installed.folder / "mappings" / "feed.toml").write_text(MAPPING.replace("FEED", "known-feed"))
    refused = installed.run("scim", "token", "add", "unknown-feed")
    assert refused.code == 1
    assert 'type = "scim"' in refused.err
    assert "It has: known-feed." in refused.err
    assert installed.run("scim", "token", "list", "../x").code == 1
