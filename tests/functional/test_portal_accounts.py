"""What opens a record stays its owner's: cut off means cut off, and nobody adds to another's record."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.identity_provider.config import Config
from dev.servers import Redis, Slapd
from ldap_schema.people import People, Person
from saml.held_keys import was_cut_off
from saml.identity_change import IdentityChange
from saml.provider import NAME_ID
from store import waiting
from tests.functional.saml_world import ISOLDE, ROWAN, running_providers
from tests.functional.sign_in_kit import Site, site
from tests.functional.test_portal_linking import keys_of, link


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Config]]:
    with running_providers(tmp_path_factory.mktemp("providers")) as running:
        yield running


@pytest.fixture
def here(
    tmp_path: Path, providers: tuple[Path, Config], fresh_slapd: Slapd, redis_server: Redis
) -> Iterator[Site]:
    with site(tmp_path, providers, fresh_slapd, redis_server) as made:
        yield made


def record(here: Site, uid: str) -> Person:
    return here.world.sync.people.get(uid)


def cut_off(here: Site, uid: str) -> None:
    [key] = record(here, uid).federated_ids
    here.world.sign_on.linking.remove(uid, key)


def test_a_sign_in_that_was_cut_off_does_not_link_itself_again_by_mail(here: Site) -> None:
    here.signed_in("rivers", ISOLDE)
    cut_off(here, "saml-rivers")

    refused = here.browser().sign_in("rivers", ISOLDE)
    assert refused.status_code == 403
    assert "or your account was cut off" in refused.text
    assert was_cut_off(record(here, "saml-rivers"))
    [matter] = here.matters(waiting.UNKNOWN_SIGN_IN)
    assert "its last sign-in was cut off" in matter.summary
    manager = here.signed_in("centre", ROWAN)
    assert "nobody: the last sign-in was cut off" in manager.get(f"/desk/{matter.id}/link").text

    assert link(here, manager, "saml-rivers") == ""
    assert keys_of(here, "saml-rivers") == ["rivers"]
    assert here.signed_in("rivers", ISOLDE).get("/sessions").status_code == 200


def test_a_first_sign_in_that_was_judged_before_a_cut_off_links_nobody(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = People.by_sign_in_address

    def overtaken(people: People, address: str) -> Person | None:
        found = ask(people, address)
        monkeypatch.setattr(People, "by_sign_in_address", ask)
        here.world.sign_on.link("saml-rivers", "rivers|subject-id|first@rivers-and-coasts.example")
        cut_off(here, "saml-rivers")
        return found

    monkeypatch.setattr(People, "by_sign_in_address", overtaken)
    assert here.browser().sign_in("rivers", ISOLDE).status_code == 403
    assert was_cut_off(record(here, "saml-rivers"))


def test_whoever_had_no_second_key_when_a_change_was_finished_is_linked_by_the_manager_alone(
    here: Site,
) -> None:
    here.signed_in("rivers", ISOLDE)
    change = IdentityChange(here.world.registry, here.world.sync)
    change.begin("rivers", NAME_ID)
    change.finish("rivers", 1)

    assert here.browser().sign_in("rivers", ISOLDE).status_code == 403
    assert was_cut_off(record(here, "saml-rivers"))
    assert link(here, here.signed_in("centre", ROWAN), "saml-rivers") == ""
    assert here.signed_in("rivers", ISOLDE).get("/sessions").status_code == 200
