"""Sign-in addresses and federated ids change like all else, but never to another's or from a stale state.

slapd's overlay `unique` makes that harder than it sounds; see `UNIQUE` in ldap_schema/changes.py.
"""

from dataclasses import replace

import pytest

from dev.servers import Slapd
from ldap_schema.changes import Add, Remove, Update
from ldap_schema.directory import Service
from ldap_schema.errors import AlreadyThere, Moved
from tests.functional.directory_kit import leader, opened

SIGNS_IN = ({"sign_in_address": "new@u.example"}, {"federated_ids": ("rivers|s|new", "rivers|t|new")})


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside another change"])
@pytest.mark.parametrize("changed", [*SIGNS_IN, {**SIGNS_IN[0], **SIGNS_IN[1], "title": "Chief"}])
@pytest.mark.parametrize("was_empty", [False, True])
def test_what_must_be_unique_is_changed_and_emptied_like_anything_else(
    fresh_slapd: Slapd, changed: dict[str, object], was_empty: bool, beside: bool
) -> None:
    old = {} if was_empty else {"sign_in_address": "old@u.example", "federated_ids": ("rivers|s|old",)}
    before, other = leader("q-1", **old), leader("q-2", title="Deputy")
    after = replace(before, **changed)  # type: ignore[arg-type]
    with opened(fresh_slapd, Service.SYNC) as sync:
        sync.write([Add(before), Add(other)])
        sync.write([Update(before, after), *([Update(other, replace(other, title="Chief"))] * beside)])
        assert sync.people.get("q-1") == after
        emptied = replace(after, sign_in_address="", federated_ids=())
        sync.write([Update(after, emptied)])
        assert sync.people.get("q-1") == emptied


@pytest.mark.parametrize("changed", SIGNS_IN)
def test_a_unique_value_is_not_changed_from_a_stale_state_or_to_anothers(
    fresh_slapd: Slapd, changed: dict[str, object]
) -> None:
    person = leader("v-1", sign_in_address="v@u.example", federated_ids=("rivers|s|v",))
    stale = replace(person, sign_in_address="w@u.example", federated_ids=("rivers|s|w",))
    taken = leader("v-2", **changed)
    with opened(fresh_slapd, Service.SYNC) as sync:
        sync.write([Add(person), Add(taken)])
        with pytest.raises(Moved):
            sync.write([Update(stale, replace(stale, title="x", **changed))])  # type: ignore[arg-type]
        with pytest.raises(AlreadyThere):
            sync.write([Update(person, replace(person, title="x", **changed))])  # type: ignore[arg-type]
        assert sync.people.get("v-1") == person
        sync.write([Remove(taken)])
        sync.write([Update(person, replace(person, title="x", **changed))])  # type: ignore[arg-type]
