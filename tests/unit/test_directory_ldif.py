"""The LDIF says what the Python relies on, without a server."""

import re

import pytest

from ldap_schema.configure import ACCOUNTS, access_rules, ldif, tree_ldif
from ldap_schema.credentials import ATTRIBUTES as CREDENTIALS
from ldap_schema.credentials import SUSPENDED
from ldap_schema.delegations import ATTRIBUTES as DELEGATIONS
from ldap_schema.feeds import ATTRIBUTES as FEEDS
from ldap_schema.inspection.schema import defined
from ldap_schema.offices import ATTRIBUTES as OFFICES
from ldap_schema.organisations import ATTRIBUTES as ORGANISATIONS
from ldap_schema.people import ATTRIBUTES as PEOPLE
from ldap_schema.people import VISIBLE
from ldap_schema.posts import POST_ATTRIBUTES, TENURE_ATTRIBUTES
from ldap_schema.shipped import shipped_tree

SUFFIX = "dc=leaders,dc=gov,dc=uk"


def test_every_attribute_a_record_writes_has_its_number_before_any_transaction() -> None:
    entry = ldif("tree.ldif").partition("dn: cn=every-attribute")[2].partition("\n\n")[0]
    there = {line.partition(":")[0] for line in entry.splitlines()}
    tables = (
        PEOPLE, POST_ATTRIBUTES, TENURE_ATTRIBUTES, ORGANISATIONS, OFFICES, DELEGATIONS, FEEDS, CREDENTIALS,
    )  # fmt: skip
    wanted = {attribute for table in tables for attribute in table.values()} | {"member"}
    assert wanted - there == set(), "add them to cn=every-attribute in ldif/tree.ldif"
    schema = ldif("schema.ldif")
    ours = {name for name in defined() if re.search(rf"nlcAttribute:\d+ NAME .{name}.$", schema, re.M)}
    assert ours - there == {"nlcSchemaVersion"}, "only the top of the tree has that one"


def test_an_oid_is_used_once() -> None:
    numbers = re.findall(r"\( (nlc(?:Attribute|Class):\d+) NAME", ldif("schema.ldif"))
    assert len(numbers) == len(set(numbers)) > 40


def test_no_access_rule_uses_a_regular_expression_and_all_end_in_a_last_word() -> None:
    rules = access_rules(SUFFIX)
    assert not [rule for rule in rules if "regex" in rule or 'dn.children=""' in rule]
    assert rules[-1] == "to * by * none"
    for rule in rules:
        assert " by * " in rule, f"say what everybody else gets: {rule}"


def test_the_rules_and_the_code_mean_the_same_people_by_visible() -> None:
    text = "\n".join(access_rules(SUFFIX))
    sets = re.findall(r"nlcStatus & \(((?:\[\w+\](?: \| )?)+)\)", text)
    assert len(sets) >= 4
    assert {frozenset(re.findall(r"\w+", each)) for each in sets} == {frozenset(VISIBLE)}
    (hidden,) = re.findall(r"\(!\(\|(.*?)\)\)\)\"", text)
    assert set(re.findall(r"nlcStatus=(\w+)", hidden)) == set(VISIBLE)
    people, programs = shipped_tree(SUFFIX)[f"ou=policies,{SUFFIX}"]["labeledURI"]
    assert set(re.findall(r"nlcStatus=(\w+)", people)) == set(VISIBLE)
    assert SUSPENDED in programs


def test_passwords_go_into_the_tree_hashed() -> None:
    text = tree_ldif(SUFFIX, {account: f"{account}-passphrase" for account in ACCOUNTS})
    assert "passphrase" not in text
    assert text.count("userPassword: {SSHA}") == len(ACCOUNTS)
    with pytest.raises(ValueError, match="must begin with dc="):
        tree_ldif("o=leaders", dict.fromkeys(ACCOUNTS, "x"))
