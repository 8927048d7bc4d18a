"""Attribute names in Python and in the schema are one list; no field is without one."""

import re
from importlib import import_module

import pytest

from tests.rules.source import ROOT

RECORDS = [
    ("ldap_schema.people", "ATTRIBUTES", "Person"),
    ("ldap_schema.posts", "POST_ATTRIBUTES", "Post"),
    ("ldap_schema.posts", "TENURE_ATTRIBUTES", "Tenure"),
    ("ldap_schema.organisations", "ATTRIBUTES", "Organisation"),
    ("ldap_schema.offices", "ATTRIBUTES", "Office"),
    ("ldap_schema.delegations", "ATTRIBUTES", "Delegation"),
    ("ldap_schema.feeds", "ATTRIBUTES", "FeedPart"),
    ("ldap_schema.scim_records", "ATTRIBUTES", "ScimRecord"),
    ("ldap_schema.scim_tokens", "ATTRIBUTES", "ScimToken"),
    ("ldap_schema.credentials", "ATTRIBUTES", "Credential"),
]
SCHEMA = ROOT / "ldap_schema" / "ldif" / "schema.ldif"
# From core, cosine and inetOrgPerson (RFC 4519, 4524, 2798) and the password policy: slapd brings them.
STANDARD = {
    "uid", "cn", "sn", "givenName", "displayName", "personalTitle", "title", "o", "businessCategory", "st",
    "mail", "telephoneNumber", "mobile", "employeeType", "roleOccupant", "associatedDomain", "owner",
    "l", "secretary", "employeeNumber", "preferredLanguage", "labeledURI", "member",
    "description", "pwdLastSuccess", "pwdEndTime", "pwdAccountLockedTime",
}  # fmt: skip


def _schema_attributes() -> set[str]:
    text = SCHEMA.read_text().replace("\n ", "")
    lines = [line for line in text.splitlines() if line.lower().startswith("olcattributetypes:")]
    return {name for line in lines for name in re.findall(r"'(nlc\w+)'", line.split(" DESC ")[0])}


@pytest.mark.parametrize(("module", "table", "record"), RECORDS)
def test_every_field_has_an_attribute_of_the_schema(module: str, table: str, record: str) -> None:
    home = import_module(module)
    attributes = getattr(home, table)
    unknown = set(attributes.values()) - STANDARD - _schema_attributes()
    assert not unknown, f"add to {SCHEMA.name}, or mend {module}.{table}: {unknown}"
    fields = set(getattr(home, record).__dataclass_fields__)
    below_a_feed = record in ("FeedPart", "ScimRecord", "ScimToken")
    parents = {"feed"} if below_a_feed else set()  # kept as the entry's parent
    assert fields - parents == set(attributes), f"{module}.{table} and the fields of {record} differ"


def test_every_attribute_of_ours_is_used_by_a_record() -> None:
    used = {name for module, table, _ in RECORDS for name in getattr(import_module(module), table).values()}
    code = "\n".join(path.read_text() for path in (ROOT / "ldap_schema").glob("*.py"))
    unused = {name for name in _schema_attributes() - used if name not in code}
    assert not unused, (
        f"an attribute nobody reads or writes is a burden for life; remove from {SCHEMA.name}: {unused}"
    )
