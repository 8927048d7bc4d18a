"""What a given server lacks of schema, overlays, tree and access rules; `counterpart doctor` prints it."""

import re
from collections.abc import Iterator, Sequence

from ldap_schema.configure import SCHEMA_VERSION, access_rules, ldif, shipped_entry
from ldap_schema.entries import Entry
from ldap_schema.errors import NotFound
from ldap_schema.filters import present
from ldap_schema.link import Link
from ldap_schema.operations import Search

CONFIG = "cn=config"
FEATURES = {
    "1.3.6.1.1.21.1": "transactions (RFC 5805)",
    "1.3.6.1.4.1.1466.20037": "StartTLS",
    "2.16.840.1.113730.3.4.18": "proxied authorization (RFC 4370)",
    "1.3.6.1.1.12": "assertions (RFC 4528)",
    "1.3.6.1.4.1.4203.1.9.1.1": "content synchronisation (RFC 4533): load the overlay syncprov",
    "1.3.6.1.4.1.42.2.27.8.5.1": "password policies: load the overlay ppolicy",
}
OVERLAYS = ("syncprov", "unique", "constraint", "ppolicy", "dynlist")
BRANCHES = {
    "portal": ("people", "organisations", "groups", "credentials", "delegations"),
    "sync": ("people", "posts", "feeds", "delegations"),
}
DATABASE_SETTINGS = {"olcLastBind": "TRUE", "olcAddContentAcl": "TRUE"}
REPLICA_SETTINGS = {"olcLastBind": "FALSE"}  # ldif/replica.ldif says why
MEND_RULES = "load ldif/access.ldif"


def missing_parts(link: Link) -> list[str]:
    """Return one sentence for each lack, with what to do; raises DirectoryUnavailable or DirectoryRefused."""
    return [*_features(link), *_schema(link), *_tree(link), *_configuration(link)]


def _features(link: Link) -> Iterator[str]:
    root = _entry(link, "", ["supportedExtension", "supportedControl"])
    offered = {*root.texts("supportedExtension"), *root.texts("supportedControl")} if root else set()
    for oid, name in FEATURES.items():
        if oid not in offered:
            yield f"The server does not offer {name}."


def _schema(link: Link) -> Iterator[str]:
    schema = _entry(link, "cn=Subschema", ["attributeTypes", "objectClasses"])
    there = " ".join((*schema.texts("attributeTypes"), *schema.texts("objectClasses"))) if schema else ""
    lacking = [name for name in defined_names() if f"'{name}'" not in there]
    if lacking:
        yield f"The schema lacks {', '.join(lacking)}: load ldif/schema.ldif."


def _tree(link: Link) -> Iterator[str]:
    top = _entry(link, link.tree.suffix, ["nlcSchemaVersion"])
    version = top.text("nlcSchemaVersion") if top else ""
    if version != str(SCHEMA_VERSION):
        yield f"The top of the tree says schema version {version or 'none'}: {_version_mend(version)}."
    service = link.connections.service
    for name in BRANCHES.get(service, ()):
        # A branch that may only be searched shows no entry of its own, so that what counts is the answer.
        search = Search(
            base=link.tree.branch(name), filter=present("objectClass"), attributes=["1.1"], limit=1
        )
        try:
            link.connections.search(search)
        except NotFound:
            yield f"The tree has no ou={name} that the account cn={service} may search: load ldif/tree.ldif."
    if service == "sync":
        yield from _gate(link)


def _gate(link: Link) -> Iterator[str]:
    """Whom the first access rules let in stands in the tree; without it nobody sees anything."""
    theirs = _entry(link, link.tree.branch("policies"), ["labeledURI"])
    ours = shipped_entry("ou=policies", link.tree.suffix)["labeledURI"]
    if theirs is None or set(theirs.texts("labeledURI")) != set(ours):
        yield (
            "ou=policies does not say whom the access rules let in, and nobody sees anybody: "
            "load what `python -m ldap_schema upgrade` prints."
        )


def _version_mend(version: str) -> str:
    if not version:
        return "load ldif/tree.ldif"
    if int(version) > SCHEMA_VERSION:
        return f"this program knows version {SCHEMA_VERSION} and must be brought up to date"
    return f"bring it to version {SCHEMA_VERSION} (`python -m ldap_schema upgrade`)"


def _configuration(link: Link) -> Iterator[str]:
    databases = link.find(
        CONFIG,
        present("olcSuffix"),
        ["olcSuffix", "olcAccess", "olcUpdateRef", *DATABASE_SETTINGS],
        scope="below",
    )
    ours = [entry for entry in databases if link.tree.suffix in entry.texts("olcSuffix")]
    if not ours:
        yield (
            "The server's configuration can't be read, so that overlays and access rules were not compared: "
            "give the service accounts the access to cn=config that ldif/config.ldif gives."
        )
        return
    database = ours[0]
    yield from _overlays(link, database)
    yield from _rules(link, database)
    settings = DATABASE_SETTINGS | (REPLICA_SETTINGS if database.text("olcUpdateRef") else {})
    for setting, wanted in settings.items():
        if database.text(setting) != wanted:
            yield f"{setting} is not {wanted}: set it on {database.dn}."
    everywhere = _entry(link, CONFIG, ["olcRequires", "olcSecurity", "olcAuthzPolicy"])
    if everywhere is None or "authc" not in everywhere.text("olcRequires").split():
        yield "Anonymous clients are not turned away: set `olcRequires: authc LDAPv3` on cn=config."
    if everywhere is None or "ssf=128" not in everywhere.text("olcSecurity").split():
        yield "Connections without TLS are not turned away: set `olcSecurity: ssf=128` on cn=config."


def _overlays(link: Link, database: Entry) -> Iterator[str]:
    found = link.find(database.dn, present("olcOverlay"), ["olcOverlay"])
    loaded = {_plain(entry.text("olcOverlay")) for entry in found}
    for name in OVERLAYS:
        if name not in loaded:
            yield f"The overlay {name} is not on the database: add it as in ldif/config.ldif."


def _rules(link: Link, database: Entry) -> Iterator[str]:
    """Compare the access rules one by one; their order is part of what they mean."""
    theirs = [" ".join(_plain(rule).split()) for rule in database.texts("olcAccess")]
    ours = access_rules(link.tree.suffix)
    if len(theirs) != len(ours):
        yield f"The server has {len(theirs)} access rules and this version has {len(ours)}: {MEND_RULES}."
        return
    different = [number for number, pair in enumerate(zip(theirs, ours, strict=True)) if not _same(pair)]
    if different:
        numbers = ", ".join(str(number) for number in different)
        yield f"The access rules differ from this version's at {numbers} (counted from 0): {MEND_RULES}."


def _same(rules: Sequence[str]) -> bool:
    theirs, ours = (rule.replace('"', "").replace(" ", "").casefold() for rule in rules)
    return theirs == ours


def _plain(value: str) -> str:
    """Return a value of cn=config without the number that slapd puts in front."""
    return re.sub(r"^\{-?\d+\}", "", value)


def _entry(link: Link, dn: str, attributes: Sequence[str]) -> Entry | None:
    try:
        return link.get(dn, attributes)
    except NotFound:
        return None


def defined_names() -> list[str]:
    """Return the names of our attribute types and object classes, in the order of ldif/schema.ldif."""
    return re.findall(r"\( nlc(?:Attribute|Class):\d+ NAME '(\w+)'", ldif("schema.ldif"))
