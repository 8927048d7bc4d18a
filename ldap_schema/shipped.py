"""What we ship, read from our own LDIF: the entries that a server must have, for comparing one with it."""

import re
from collections.abc import Sequence
from string import Template

from ldap_schema.configure import ldif
from ldap_schema.ldif_reader import Values, read_entries

_NAME = re.compile(r"NAME '(\w+)'")
PLACE = "${"  # what differs from one server to another is a place in the LDIF, and stays one here


def shipped_config(suffix: str) -> dict[str, Values]:
    """Return the entries of config.ldif by DN, without those values that each server has for itself."""
    text = Template(ldif("config.ldif")).safe_substitute(suffix=suffix, schema="", access="")
    return {dn: _certain(values) for dn, values in read_entries(text.splitlines())}


def shipped_tree(suffix: str) -> dict[str, Values]:
    """Return the entries of tree.ldif by DN, without those values that each server has for itself."""
    text = Template(ldif("tree.ldif")).safe_substitute(suffix=suffix)
    return {dn: _certain(values) for dn, values in read_entries(text.splitlines())}


def shipped_schema() -> Values:
    """Return the entry of schema.ldif: `olcAttributeTypes` and `olcObjectClasses` are its definitions."""
    ((_, values),) = read_entries(ldif("schema.ldif").splitlines())
    return values


def schema_ldif(into: str, names: Sequence[str]) -> str:
    """Return what adds these attribute types and classes to the schema's entry, for ldapmodify.

    Raise ValueError for a name that is not ours.
    """
    ours = shipped_schema()
    known: set[str] = set()
    lines = [f"dn: {into}", "changetype: modify"]
    for attribute in ("olcAttributeTypes", "olcObjectClasses"):
        named = {_NAME.findall(text)[0]: text for text in ours[attribute]}
        wanted = [f"{attribute}: {named[name]}" for name in named if name in names]
        lines += [f"add: {attribute}", *wanted, "-"] if wanted else []
        known |= named.keys()
    if unknown := set(names) - known:
        raise ValueError(f"Counterpart's schema defines no {', '.join(sorted(unknown))}.")
    return "\n".join(lines[:-1]) + "\n"


def _certain(values: Values) -> Values:
    kept = {name: [value for value in given if PLACE not in value] for name, given in values.items()}
    return {name: given for name, given in kept.items() if given}
