"""Registrations of providers: wrong ones are refused by key and reason, and nothing is taken from another."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.identity_provider import messages
from ldap_schema.errors import NotFound
from ldap_schema.organisations import Organisation
from saml.contexts import MICROSOFT_MFA, REFEDS_MFA
from saml.errors import ProviderRefused
from saml.provider import DRAFT, LIVE, PAIRWISE_ID, SUSPENDED, from_plain, to_plain
from saml.registry import Registry
from store.database import Store
from tests.many_providers import many, register
from tests.saml_kit import NOW, identity_provider

ROOT = Path(__file__).resolve().parents[2]


class Organisations:
    """The directory's finder of organisations, of which there are two here."""

    def find(self, reference: str) -> Organisation:
        if reference not in ("demo:rivers", "demo:coasts"):
            raise NotFound("There is no such organisation.")
        return Organisation(id=f"id-{reference[5:]}", name=reference)


GOOD = """
id = "rivers"
name = "Department for Rivers and Coasts"
metadata = "rivers.xml"
organisations = ["demo:rivers", "demo:coasts", "demo:rivers"]
domains = ["Rivers-and-Coasts.example"]
contact = "the IT desk"
"""


def write(folder: Path, text: str = GOOD, name: str = "rivers") -> Path:
    (folder / f"{name}.xml").write_bytes(messages.metadata(identity_provider(name)))
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_registration_is_kept_as_a_draft(tmp_path: Path, store: Store) -> None:
    registry = Registry(store)
    added = registry.add_from_toml(write(tmp_path), Organisations(), NOW)

    assert registry.get("rivers") == added
    assert added.state == DRAFT
    assert added.organisations == ("id-rivers", "id-coasts")
    assert added.domains == ("rivers-and-coasts.example",)
    assert registry.live() == []


def test_only_a_live_provider_is_offered_and_renewing_keeps_its_state(tmp_path: Path, store: Store) -> None:
    registry = Registry(store)
    registry.add_from_toml(write(tmp_path), Organisations(), NOW)
    registry.set_state("rivers", LIVE)

    renewed = registry.add_from_toml(write(tmp_path, GOOD + "max_minutes = 70\n"), Organisations(), NOW)

    assert (renewed.state, renewed.max_minutes) == (LIVE, 70)
    assert [one.id for one in registry.live()] == ["rivers"]
    registry.set_state("rivers", SUSPENDED)
    assert registry.live() == []
    with pytest.raises(ProviderRefused):
        registry.set_state("rivers", "open")
    with pytest.raises(ProviderRefused):
        registry.set_state("nobody", LIVE)


CHANGES: dict[str, tuple[str, str, str]] = {
    "not TOML": ('id = "rivers"', "id =", "not TOML"),
    "a key that is none": ("contact =", "kontact =", "contact"),
    "no contact": ('contact = "the IT desk"', "", "contact"),
    "no organisations": ('["demo:rivers", "demo:coasts", "demo:rivers"]', "[]", "no organisations"),
    "an unknown organisation": ("demo:coasts", "demo:nowhere", "demo:nowhere"),
    "id with a slash": ('"rivers"', '"riv/ers"', "id may hold"),
    "a domain with a star": ("Rivers-and-Coasts.example", "*.example", "domains"),
    "a domain in Cyrillic": ("Rivers-and-Coasts.example", "rivers-and-c\u043easts.example", "domains"),
    "mail as identity": ("contact =", 'identity_attribute = "mail"\ncontact =', "mail is never one"),
    "ten years": ("contact =", "max_minutes = 5256000\ncontact =", "max_minutes"),
    "a number as text": ("contact =", 'max_minutes = "90"\ncontact =', "max_minutes"),
    "metadata that is not there": ("rivers.xml", "nowhere.xml", "nowhere.xml"),
}


@pytest.mark.parametrize(("old", "new", "said"), CHANGES.values(), ids=CHANGES.keys())
def test_a_wrong_registration_is_refused_and_changes_nothing(
    tmp_path: Path, store: Store, old: str, new: str, said: str
) -> None:
    with pytest.raises(ProviderRefused, match=said.replace("*", r"\*")):
        Registry(store).add_from_toml(write(tmp_path, GOOD.replace(old, new, 1)), Organisations(), NOW)

    assert Registry(store).all() == []


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, store: Store) -> None:
    with pytest.raises(ProviderRefused, match="No such file"):
        Registry(store).add_from_toml(tmp_path / "none.toml", Organisations(), NOW)


OTHER = GOOD.replace('"rivers"', '"northmere"').replace("rivers.xml", "northmere.xml")
TAKEN: dict[str, Callable[[str], str]] = {
    "domain": lambda text: text,
    "scope": lambda text: text.replace("domains =", "scopes ="),
}


@pytest.mark.parametrize("change", TAKEN.values(), ids=TAKEN.keys())
def test_a_domain_or_scope_has_one_owner(tmp_path: Path, store: Store, change: Callable[[str], str]) -> None:
    registry = Registry(store)
    registry.add_from_toml(write(tmp_path), Organisations(), NOW)

    with pytest.raises(ProviderRefused, match="rivers-and-coasts"):
        registry.add_from_toml(write(tmp_path, change(OTHER), "northmere"), Organisations(), NOW)


def test_a_domain_that_one_shares_can_not_be_owned_by_another(tmp_path: Path, store: Store) -> None:
    registry = Registry(store)
    registry.add_from_toml(
        write(tmp_path, GOOD.replace("domains =", "shared_domains =")), Organisations(), NOW
    )

    with pytest.raises(ProviderRefused, match="shared_domains"):
        registry.add_from_toml(write(tmp_path, OTHER, "northmere"), Organisations(), NOW)


def test_two_providers_may_share_a_domain_that_both_call_shared(tmp_path: Path, store: Store) -> None:
    registry = Registry(store)
    for text, name in ((GOOD, "rivers"), (OTHER, "northmere")):
        shared = text.replace("domains =", "shared_domains =")
        registry.add_from_toml(write(tmp_path, shared, name), Organisations(), NOW)

    assert len(registry.all()) == 2


def test_an_entity_id_is_registered_once(tmp_path: Path, store: Store) -> None:
    registry = Registry(store)
    registry.add_from_toml(write(tmp_path), Organisations(), NOW)
    again = GOOD.replace('id = "rivers"', 'id = "copy"').replace("Rivers-and-Coasts", "copy")

    with pytest.raises(ProviderRefused, match="entity ID"):
        registry.add_from_toml(write(tmp_path, again), Organisations(), NOW)


def test_the_key_that_people_are_linked_by_does_not_change_once_live(tmp_path: Path, store: Store) -> None:
    registry = Registry(store)
    registry.add_from_toml(write(tmp_path), Organisations(), NOW)
    registry.set_state("rivers", LIVE)
    changed = GOOD + 'identity_attribute = "pairwise-id"\n'

    with pytest.raises(ProviderRefused, match="identity attribute"):
        registry.add_from_toml(write(tmp_path, changed), Organisations(), NOW)


def test_what_a_newer_version_stored_does_not_stop_an_older_one(tmp_path: Path, store: Store) -> None:
    provider = Registry(store).add_from_toml(write(tmp_path), Organisations(), NOW)

    assert from_plain(to_plain(provider) | {"unheard_of": 1}) == provider


def test_required_contexts_are_kept_as_uris_and_a_wrong_one_is_refused(tmp_path: Path, store: Store) -> None:
    registry = Registry(store)
    more = 'contexts = ["mfa", "urn:example:strong"]\nask_contexts = true\nmax_session_hours = 4\n'
    added = registry.add_from_toml(write(tmp_path, GOOD + more), Organisations(), NOW)

    assert added.contexts == (REFEDS_MFA, MICROSOFT_MFA, "urn:example:strong")
    assert (added.ask_contexts, added.max_session_hours) == (True, 4)
    for wrong in ('contexts = ["two steps"]', "ask_contexts = 1", "max_session_hours = 25"):
        with pytest.raises(ProviderRefused, match=wrong.partition(" ")[0]):
            registry.add_from_toml(write(tmp_path, f"{GOOD}{wrong}\n"), Organisations(), NOW)


def test_renewing_a_registration_keeps_what_commands_have_set(tmp_path: Path, store: Store) -> None:
    registry = Registry(store)
    registry.add_from_toml(write(tmp_path), Organisations(), NOW)
    registry.change("rivers", next_identity_attribute=PAIRWISE_ID, fallback_until=NOW.isoformat())

    renewed = registry.add_from_toml(write(tmp_path), Organisations(), NOW)
    assert (renewed.next_identity_attribute, renewed.fallback_until) == (PAIRWISE_ID, NOW.isoformat())


ODD: dict[str, tuple[bytes, str]] = {
    "wrong encoding": (GOOD.encode("utf-16"), "UTF-8"),
    "Latin-1": (GOOD.replace("the IT desk", "Se\u00e1n").encode("latin-1"), "line 7"),
    "5,000 lists deep": (GOOD.encode() + b"x = " + b"[" * 5000 + b"]" * 5000, r"deeply \(line 8, key x\)"),
    "5,000 tables deep": (GOOD.encode() + b"x = " + b"{a=" * 5000 + b"1" + b"}" * 5000, "deeply"),
    "5,000 names deep": (GOOD.encode() + b"a" + b".a" * 5000 + b" = 1", "no key 'a'|deeply"),
    "a number for a list": (GOOD.replace("organisations = [", "organisations = 7 #[").encode(), "a list"),
    "lists in a list": (GOOD.replace("organisations = [", "organisations = [[],").encode(), "organisations"),
    "a NUL in a name": (GOOD.replace("rivers.xml", "a\\u0000b").encode(), "metadata"),
    "a megabyte": (GOOD.encode() + b"#" * 1_000_000, "larger than"),
    "a misspelt key": (GOOD.replace("domains", "domain").encode(), "Did you mean 'domains'"),
    "a yes for a number": (GOOD.encode() + b"max_minutes = true", "whole number"),
    "invisible letters": (GOOD.replace("Coasts", "Coasts\u202e").encode(), "name"),
    "a pin that is none": (GOOD.encode() + b'metadata_tls_pin = "abc"', "metadata_tls_pin"),
    "no certificate in the file": (GOOD.encode() + b'metadata_certificate = "rivers.toml"', "no certificate"),
    "scopes of nobody": (GOOD.encode() + b"scopes_from_metadata = true", "nobody vouches"),
    "a query without a key": (
        GOOD.replace("metadata =", "metadata_query =").encode(), "needs entity_id and metadata_certificate",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "said"), ODD.values(), ids=ODD.keys())
def test_an_odd_file_ends_in_a_sentence_that_names_it(
    tmp_path: Path, store: Store, content: bytes, said: str
) -> None:
    path = write(tmp_path)
    path.write_bytes(content)

    with pytest.raises(ProviderRefused, match=said) as refused:
        Registry(store).add_from_toml(path, Organisations(), NOW)

    assert "rivers.toml" in str(refused.value) or "pin" in said
    assert Registry(store).all() == []


OTHER_PROCESS = """
import sys
from saml.registry import Registry
from store.database import Store
from store.settings import StoreSettings
Registry(Store.open(StoreSettings(url=sys.argv[1]))).set_state("council-0007", sys.argv[2])
"""


def test_what_another_process_suspends_is_out_with_the_next_question(store: Store) -> None:
    register(store, many(20))
    registry = Registry(store)
    assert len(registry.live()) == 20

    for state, left in ((SUSPENDED, 19), (LIVE, 20)):
        url = f"sqlite:///{store.file}"
        # Our own interpreter and text.
        subprocess.run([sys.executable, "-c", OTHER_PROCESS, url, state], check=True, cwd=ROOT)
        assert len(registry.live()) == left
        assert (registry.by_entity_id("https://sign-in.council-0007.example/idp") is None) == (left == 19)


def test_the_copy_is_read_anew_only_after_a_change(store: Store) -> None:
    register(store, many(3))
    registry = Registry(store)
    first = registry.all()
    assert all(one is other for one, other in zip(first, registry.all(), strict=True))
    first.clear()
    assert len(registry.all()) == 3

    registry.change("council-0001", contact="somebody else")
    assert registry.all()[1].contact == "somebody else"
