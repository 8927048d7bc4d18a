"""Providers come back as they were saved, and every version of their metadata is kept."""

import pytest

from store import providers
from store.database import Store
from store.errors import BadRecord, Conflict
from tests.conftest import SettableClock

RIVERS = {
    "id": "rivers",
    "entity_id": "https://idp.rivers.example/metadata",
    "state": "draft",
    "name": "Department for Rivers and Coasts",
    "domains": ("rivers-and-coasts.example",),
    "max_minutes": 90,
}


def test_a_provider_comes_back_with_lists_for_tuples(store: Store) -> None:
    with store.transaction() as tx:
        providers.save(tx, RIVERS)
    with store.transaction() as tx:
        assert providers.get(tx, "rivers") == RIVERS | {"domains": ["rivers-and-coasts.example"]}
        assert providers.get(tx, "nobody") is None


def test_saving_again_replaces(store: Store) -> None:
    with store.transaction() as tx:
        providers.save(tx, RIVERS)
        providers.save(tx, RIVERS | {"state": "live"})
    with store.transaction() as tx:
        assert [each["state"] for each in providers.all(tx)] == ["live"]


def test_two_providers_can_not_have_one_entity_id(store: Store) -> None:
    with store.transaction() as tx:
        providers.save(tx, RIVERS)
    with pytest.raises(Conflict), store.transaction() as tx:
        providers.save(tx, RIVERS | {"id": "other"})
    with store.transaction() as tx:
        assert [each["id"] for each in providers.all(tx)] == ["rivers"]


def test_a_provider_without_entity_id_is_refused(store: Store) -> None:
    with pytest.raises(BadRecord, match="entity_id"), store.transaction() as tx:
        providers.save(tx, RIVERS | {"entity_id": ""})


def test_metadata_is_kept_once_for_each_version(store: Store, clock: SettableClock) -> None:
    with store.transaction() as tx:
        providers.save(tx, RIVERS)
        kept = [
            providers.keep_metadata(tx, "rivers", document, clock())
            for document in ("<a/>", "<a/>", "<b/>", "<a/>")
        ]
        assert kept == [True, False, True, True]
        assert [version.document for version in providers.metadata_versions(tx, "rivers")] == [
            "<a/>",
            "<b/>",
            "<a/>",
        ]
