"""The access matrix: every identity, branch, attribute and operation, asked of slapd itself.

`READS` and `WRITES` say who may do what; whoever is not named may not, and is tried all the same. After each
"no" the same connection does something it may, so that a "no" is never a connection that does not work.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from dev.servers import Slapd
from tests.functional.directory_matrix import (
    BRANCHES,
    CHANGES_UNSEEN,
    IDENTITIES,
    Asker,
    Hall,
    as_identity,
    fill_hall,
)

# Authenticate first, constraint, no such object, insufficient access, unwilling, not within this server.
REFUSED = {8, 19, 32, 50, 53, 71}
COMPARED = {5, 6}

LEADERS = "target colleague sector stranger manager auditor"
BODY = "target colleague target-mail colleague-mail"
SECTOR = f"{BODY} sector sector-mail"
PROGRAMS = " ".join(f"{name}-mail" for name in LEADERS.split())

# Branch or sample entry | attributes | who reads them, finds by them and compares them (mail programs
# compare nothing).
# The target is an active Police leader of organisation h-a who shows mail to leaders, telephone to the
# sector and mobile to the organisation. "hidden" is there too, shows everything to leaders, and has left.
READS = f"""
people     | objectClass uid                                  | portal sync {LEADERS} {PROGRAMS}
people     | cn sn givenName displayName title o st           | sync {LEADERS} {PROGRAMS}
people     | businessCategory                                 | sync {LEADERS} {PROGRAMS}
people     | personalTitle nlcHonours nlcKnownAs employeeType | sync {LEADERS}
people     | jpegPhoto                                        | sync {LEADERS}
people     | nlcOrganisation                                  | portal sync {LEADERS}
people     | mail                                             | sync {LEADERS} {PROGRAMS}
people     | telephoneNumber                                  | sync {SECTOR}
people     | mobile                                           | sync {BODY}
people     | nlcShow                                          | sync target
people     | nlcStatus nlcSignInAddress nlcFederatedId        | portal sync
people     | nlcFeed nlcFeedPart nlcFeedKey                   | sync
hidden     | objectClass uid nlcOrganisation                  | portal sync
hidden     | nlcStatus nlcSignInAddress                       | portal sync
hidden     | cn sn title mail telephoneNumber mobile nlcShow  | sync
organisations | objectClass nlcId o nlcFormerName nlcAcronym nlcCode nlcParent | portal sync {LEADERS}
organisations | businessCategory st associatedDomain          | portal sync {LEADERS}
organisations | nlcDutyLine                                   | sync {LEADERS}
posts      | objectClass nlcId cn nlcOrganisation nlcRole st  | sync {LEADERS}
posts      | nlcFeed nlcFeedPart nlcFeedKey                   | sync
tenure     | objectClass nlcId nlcPost roleOccupant nlcTenureKind nlcFirstDay nlcLastDay | sync {LEADERS}
tenure     | nlcFeed nlcFeedPart nlcFeedKey nlcDigest         | sync
hidden-tenure | nlcPost roleOccupant nlcTenureKind            | sync
offices    | objectClass nlcId cn nlcServes mail telephoneNumber nlcAssistantName | sync {LEADERS}
offices    | nlcFeed nlcFeedPart nlcFeedKey                   | sync
hidden-office | cn nlcServes mail                             | sync
credentials | objectClass uid owner                           | portal sync
credentials | description pwdEndTime pwdLastSuccess           | portal
credentials | userPassword                                    |
groups     | objectClass cn member description                | portal sync
feeds      | objectClass nlcId                                | sync manager
feed-part  | cn nlcAsOf nlcRowCount nlcHoldRun nlcHoldReason  | sync manager
services   | objectClass                                      | sync
services   | cn description userPassword authzTo              |
policies   | objectClass cn pwdMaxFailure                     | sync
top        | objectClass nlcSchemaVersion contextCSN          | portal sync
top        | o dc                                             |
"""

# Branch or sample entry | what | who may. "change" is trying to write each attribute of the sample that is
# in READS; "add", "delete" and "rename" are of an entry of that kind.
WRITES = """
people        | change add delete rename | sync
hidden        | change                   | sync
organisations | change add delete rename | sync
posts         | change add delete rename | sync
tenure        | change add delete rename | sync
offices       | change add delete rename | sync
feeds         | change add delete rename | sync
feed-part     | change add delete rename | sync
groups        | change add delete rename | sync
credentials   | add rename               | portal
credentials   | delete                   | portal sync
services      | change add delete rename |
policies      | change add delete rename |
top           | change add delete rename |
"""
# Single attributes that somebody else may write.
WRITES_ALSO = {("people", "nlcFederatedId"): "portal", ("hidden", "nlcFederatedId"): "portal"}
# What slapd keeps to itself for a while, and what it takes away when a password changes.
UNSTORED = {
    "contextCSN": [b"20260101000000.000000Z#000000#000#000000"],
    "pwdLastSuccess": [b"20260101000000Z"],
}
CREDENTIAL_CHANGES = {"objectClass", "uid", "owner", "description", "pwdEndTime", "userPassword"}


@dataclass(frozen=True)
class Rule:
    """One line of a table."""

    where: str
    what: tuple[str, ...]
    who: frozenset[str]


def _rules(table: str) -> list[Rule]:
    lines = [line.split("|") for line in table.strip().splitlines()]
    return [Rule(where.strip(), tuple(what.split()), frozenset(who.split())) for where, what, who in lines]


READ_RULES, WRITE_RULES = _rules(READS), _rules(WRITES)
SAMPLES = list(dict.fromkeys(rule.where for rule in READ_RULES))


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with Slapd(tmp_path_factory.mktemp("matrix"), durable=False) as server:
        yield from fill_hall(server)


def test_the_tables_speak_of_known_identities_and_of_every_attribute_of_the_samples(hall: Hall) -> None:
    for rule in (*READ_RULES, *WRITE_RULES):
        assert rule.who <= set(IDENTITIES), rule
    truth = {dn: {**UNSTORED, **values} for dn, values in hall.first.items()}
    for sample in ("people", "organisations", "posts", "tenure", "offices", "credentials", "groups"):
        told = {attribute for rule in READ_RULES if rule.where == sample for attribute in rule.what}
        there = set(truth[hall.samples[sample]]) - CHANGES_UNSEEN - {"structuralObjectClass", "entryUUID"}
        assert there - told <= {"createTimestamp", "creatorsName", "pwdChangedTime"}, sample
        assert told <= set(truth[hall.samples[sample]]), f"{sample}: nothing is there to be concealed"


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("identity", IDENTITIES)
def test_an_attribute_is_read_found_and_compared_by_those_named_and_nobody_else(
    hall: Hall, identity: str, sample: str
) -> None:
    dn = hall.samples[sample]
    values = {**UNSTORED, **hall.first[dn]}
    with as_identity(hall, "target-mail"):
        pass  # a bind gives the credential its pwdLastSuccess
    with as_identity(hall, identity) as asker:
        for rule in (rule for rule in READ_RULES if rule.where == sample):
            for attribute in rule.what:
                allowed = identity in rule.who
                expected = dict.fromkeys(("read", "present", "equal", "compare"), allowed)
                if identity.endswith("-mail"):
                    expected["compare"] = False  # no mail program compares (access.ldif, section 2)
                assert _looks(asker, dn, attribute, values[attribute][0]) == expected, attribute
                if not allowed:
                    asker.prove()
        asker.prove_at_the_end()


@pytest.mark.parametrize("sample", dict.fromkeys(rule.where for rule in WRITE_RULES))
@pytest.mark.parametrize("identity", IDENTITIES)
def test_an_entry_is_changed_added_deleted_and_renamed_by_those_named_and_nobody_else(
    hall: Hall, identity: str, sample: str
) -> None:
    may = {what: rule.who for rule in WRITE_RULES if rule.where == sample for what in rule.what}
    attributes = [name for rule in READ_RULES if rule.where == sample for name in rule.what]
    dn = hall.samples[sample]
    values = {**UNSTORED, **hall.first[dn]}
    with as_identity(hall, identity) as asker:
        for attribute in attributes:
            allowed = identity in may.get("change", ()) or identity in WRITES_ALSO.get(
                (sample, attribute), ""
            )
            if sample == "credentials":
                allowed = identity == "portal" and attribute in CREDENTIAL_CHANGES
            _expect(asker, asker.change(dn, attribute, values[attribute]), allowed, attribute)
        for what in ("add", "delete", "rename"):
            if what in may or sample in BRANCHES:
                code = getattr(asker, what)(hall, sample)
                _expect(asker, code, identity in may.get(what, ()), what)
        asker.prove_at_the_end()
    hall.clear(sample)
    assert _kept(hall.truth()) == _kept(hall.first)


def _looks(asker: Asker, dn: str, attribute: str, value: bytes) -> dict[str, bool]:
    """Return by which operations something can be learnt of the attribute."""
    seen = {
        "read": asker.reads(dn, attribute),
        "present": asker.finds(dn, f"({attribute}=*)"),
        "equal": False,
        "compare": False,
    }
    if attribute in ("jpegPhoto", "userPassword"):  # without an equality rule of use
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
