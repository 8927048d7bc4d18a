"""The keys on a person's record, and the mark that stays when the last of them is cut off.

The mark is kept where the keys are (`nlcFederatedId`), so both change in one write that holds only while
neither was changed meanwhile, and a restored directory has both as they were. No provider can assert it: the
id of a provider is never empty, and the mark begins with `|`.
"""

from collections.abc import Iterable
from dataclasses import replace

from ldap_schema.people import Person

_MARK = "|cut-off|"  # the uid follows, since the directory keeps no value with two people


def keys_of(person: Person) -> tuple[str, ...]:
    """The keys that may open the record, the mark left out."""
    return tuple(key for key in person.federated_ids if not key.startswith("|"))


def of_kind(person: Person, provider_id: str, kind: str) -> tuple[str, ...]:
    """The keys by which one provider knows the person in one way."""
    return tuple(key for key in person.federated_ids if key.startswith(f"{provider_id}|{kind}|"))


def was_cut_off(person: Person) -> bool:
    """Whether the record had keys and lost the last one: then mail introduces its person no more."""
    return any(key.startswith(_MARK) for key in person.federated_ids)


def with_keys(person: Person, keys: Iterable[str]) -> Person:
    """The record with these keys instead of its own; the mark, if that takes the last one from it."""
    wanted = tuple(keys)
    if not wanted and person.federated_ids:
        wanted = (f"{_MARK}{person.uid}",)
    return replace(person, federated_ids=wanted)
