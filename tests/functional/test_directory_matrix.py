"""The access matrix: everybody, every kind of entry, attribute and operation, asked of slapd itself.

`dev/access_matrix.py` says who may do what (docs/access-matrix.md is the same for people to read); whoever is
not named may not, and is tried all the same. After each "no" the same connection does something it may, so
that a "no" is never a connection that does not work.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dev.access_matrix import ALL_READERS, IDENTITIES, READS, WRITES, WRITES_ALSO, Rule, rules
from dev.servers import Slapd
from tests.functional.directory_matrix import (
    BRANCHES,
    CHANGES_UNSEEN,
    EVERYWHERE,
    Asker,
    Hall,
    as_identity,
    fill_hall,
)

# Authenticate first, constraint, no such object, insufficient access, unwilling, not within this server.
REFUSED = {8, 19, 32, 50, 53, 71}
REFERRAL = 10  # what a replica answers to a write
COMPARED = {5, 6}
# What slapd keeps to itself for a while, and what it takes away when a password changes.
UNSTORED = {
    "contextCSN": [b"20260101000000.000000Z#000000#000#000000"],
    "pwdLastSuccess": [b"20260101000000Z"],
}
READ_RULES, WRITE_RULES = rules(READS), rules(WRITES)


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with Slapd(tmp_path_factory.mktemp("matrix"), durable=False) as server:
        yield from fill_hall(server)


@pytest.fixture(scope="module")
def copied(hall: Hall, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """The same, asked at a replica."""
    with Slapd(tmp_path_factory.mktemp("copied"), durable=False, provider=hall.slapd) as replica:
        asked = replace(hall, asked=replica)
        asked.settle()
        yield asked


def test_the_tables_speak_of_every_attribute_of_the_samples(hall: Hall) -> None:
    truth = {dn: {**UNSTORED, **values} for dn, values in hall.first.items()}
    for sample, dn in hall.samples.items():
        told = {attribute for rule in READ_RULES if rule.where == sample for attribute in rule.what}
        assert told <= set(truth[dn]), f"{sample}: nothing is there to be concealed"
        if sample in BRANCHES:
            there = set(truth[dn]) - CHANGES_UNSEEN - {"structuralObjectClass", "entryUUID"}
            assert there - told <= {"createTimestamp", "creatorsName", "pwdChangedTime"}, sample


@pytest.mark.parametrize("identity", IDENTITIES)
def test_an_attribute_is_read_found_and_compared_by_those_named_and_nobody_else(
    hall: Hall, identity: str
) -> None:
    assert _otherwise(hall, identity) == []


@pytest.mark.parametrize("identity", IDENTITIES)
def test_at_a_replica_everybody_reads_the_same_and_nobody_writes(copied: Hall, identity: str) -> None:
    assert _otherwise(copied, identity) == []
    with as_identity(copied, identity) as asker:
        for sample in BRANCHES:
            dn = copied.samples[sample]
            tried = (
                asker.change(dn, "objectClass", copied.first[dn]["objectClass"]),
                asker.add(copied, sample),
                asker.remove(dn),
            )
            assert REFUSED | {REFERRAL} >= set(tried), sample
        asker.prove()
        asker.prove_at_the_end()


@pytest.mark.parametrize("identity", [each for each in IDENTITIES if each != "root"])
def test_an_entry_is_changed_added_deleted_and_renamed_by_those_named_and_nobody_else(
    hall: Hall, identity: str
) -> None:
    with as_identity(hall, identity) as asker:
        for sample in dict.fromkeys(rule.where for rule in WRITE_RULES):
            _tries_to_write(hall, asker, identity, sample)
        asker.prove_at_the_end()
    assert _kept(hall.truth()) == _kept(
        {dn: hall.first[dn] for dn in hall.first.keys() - EVERYWHERE.values()}
    )


def test_root_at_the_socket_writes_what_nobody_else_may(hall: Hall) -> None:
    with as_identity(hall, "root") as asker:
        for sample in ("policies", "services", "top"):
            dn = hall.samples[sample]
            assert asker.change(dn, "objectClass", hall.first[dn]["objectClass"]) == 0
        assert asker.change(EVERYWHERE["configuration"], "olcLastBind", [b"TRUE"]) == 0


def _otherwise(hall: Hall, identity: str) -> list[str]:
    """Return where the identity learns more or less than the table says."""
    found = []
    with as_identity(hall, identity) as asker:
        for rule in READ_RULES:
            dn = hall.samples[rule.where]
            values = {**UNSTORED, **hall.first[dn]}
            allowed = _may_read(identity, rule)
            expected = dict.fromkeys(("read", "present", "equal", "compare"), allowed)
            if identity.endswith("-mail"):
                expected["compare"] = False  # no mail program compares (access.ldif, section 2)
            for attribute in rule.what:
                seen = _looks(asker, dn, attribute, values[attribute][0])
                if seen != expected:
                    found.append(f"{rule.where} {attribute}: {seen}")
                if not allowed:
                    asker.prove()
        asker.prove_at_the_end()
    return found


def _may_read(identity: str, rule: Rule) -> bool:
    everything = ALL_READERS if rule.where not in EVERYWHERE else ("root",)
    return identity in rule.who or identity in everything


def _tries_to_write(hall: Hall, asker: Asker, identity: str, sample: str) -> None:
    may = {what: rule.who for rule in WRITE_RULES if rule.where == sample for what in rule.what}
    dn = hall.samples[sample]
    values = {**UNSTORED, **hall.first[dn]}
    for attribute in [name for rule in READ_RULES if rule.where == sample for name in rule.what]:
        allowed = identity in (*may.get("change", ()), *WRITES_ALSO.get((sample, attribute), ()))
        _expect(asker, asker.change(dn, attribute, values[attribute]), allowed, f"{sample} {attribute}")
    for what in ("add", "delete", "rename"):
        if what in may or sample in BRANCHES:
            code = getattr(asker, what)(hall, sample)
            _expect(asker, code, identity in may.get(what, ()), f"{what} {sample}")
    hall.clear(sample)


def _looks(asker: Asker, dn: str, attribute: str, value: bytes) -> dict[str, bool]:
    """Return by which operations something can be learnt of the attribute."""
    seen = {
        "read": asker.reads(dn, attribute),
        "present": asker.finds(dn, f"({attribute}=*)"),
        "equal": False,
        "compare": False,
    }
    if attribute in ("jpegPhoto", "userPassword", "olcDbDirectory"):  # without an equality rule of use
        return seen | dict.fromkeys(("equal", "compare"), seen["read"])
    if attribute in UNSTORED:  # its value is another each time, and a filter may not find it at all
        learnt = any(seen.values()) or asker.compare(dn, attribute, value) in COMPARED
        return dict.fromkeys(seen, learnt)
    escaped = "".join(f"\\{byte:02x}" for byte in value)
    seen["equal"] = asker.finds(dn, f"({attribute}={escaped})")
    seen["compare"] = asker.compare(dn, attribute, value) in COMPARED
    return seen


def _expect(asker: Asker, code: int, allowed: bool, what: str) -> None:
    if allowed:
        assert code == 0, what
    else:
        assert code in REFUSED, what
        asker.prove()


def _kept(truth: dict[str, dict[str, list[bytes]]]) -> dict[str, dict[str, list[bytes]]]:
    return {
        dn: {name: sorted(given) for name, given in values.items() if name not in CHANGES_UNSEEN}
        for dn, values in truth.items()
    }
