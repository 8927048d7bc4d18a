"""What a server lacks of the protocol and of our schema."""

import re
from collections.abc import Iterable, Iterator

from ldap_schema.entries import Entry
from ldap_schema.errors import DirectoryRefused, NotFound
from ldap_schema.filters import present
from ldap_schema.inspection.lack import ANEW, LOAD, Lack, printed
from ldap_schema.link import Link
from ldap_schema.shipped import shipped_schema

FEATURES = {
    "1.3.6.1.1.21.1": ("transactions (RFC 5805)", "Install OpenLDAP 2.5 or later."),
    "1.3.6.1.4.1.1466.20037": ("StartTLS", f"Give it a certificate. {ANEW}"),
    "2.16.840.1.113730.3.4.18": ("proxied authorization (RFC 4370)", "Install OpenLDAP 2.5 or later."),
    "1.3.6.1.1.12": ("assertions (RFC 4528)", "Install OpenLDAP 2.5 or later."),
}
SCHEMA = "cn=schema,cn=config"
_TOKEN = re.compile(r"'[^']*'|[^\s()$]+")
_SAID = {"DESC", "X-ORIGIN"}  # followed by words for people


def features(link: Link) -> Iterator[Lack]:
    """Yield what the server can't do at all."""
    root = entry(link, "", ["supportedExtension", "supportedControl"])
    offered = {*root.texts("supportedExtension"), *root.texts("supportedControl")} if root else set()
    for oid, (name, mend) in FEATURES.items():
        if oid not in offered:
            yield Lack(f"The server does not offer {name}.", mend)


def schema(link: Link) -> Iterator[Lack]:
    """Yield which attribute types and object classes are not there, or otherwise."""
    found = entry(link, "cn=Subschema", ["attributeTypes", "objectClasses"])
    theirs = definitions((*found.texts("attributeTypes"), *found.texts("objectClasses")) if found else ())
    lacking = [name for name in defined() if name not in theirs]
    if lacking:
        ours = [
            each.dn for each in link.find(SCHEMA, present("cn"), ["cn"]) if each.text("cn").endswith("}nlc")
        ]
        make = printed(
            "schema", link.tree.suffix, "--into", ours[0] if ours else f"cn=nlc,{SCHEMA}", *lacking
        )
        yield Lack(f"The schema lacks {', '.join(lacking)}.", f"{make} | {LOAD}")
    different = [name for name, ours in defined().items() if theirs.get(name, ours) != ours]
    if different:
        yield Lack(f"The schema defines otherwise than this version: {', '.join(different)}.", ANEW)


def defined() -> dict[str, tuple[str, ...]]:
    """Return what schema.ldif defines by name, attribute types first."""
    ours = shipped_schema()
    return definitions((*ours["olcAttributeTypes"], *ours["olcObjectClasses"]))


def definitions(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return name -> what it says, without its number and the words for people (RFC 4512, 4.1)."""
    found = {}
    for text in texts:
        tokens = _TOKEN.findall(text)
        said = {at + 1 for at, token in enumerate(tokens) if token in _SAID}
        kept = tuple(token for at, token in enumerate(tokens) if at not in said and token not in _SAID)
        if kept[1:2] == ("NAME",):
            found[kept[2].strip("'")] = kept[3:]
    return found


def entry(link: Link, dn: str, attributes: list[str]) -> Entry | None:
    """Return the entry if it is there for this account to see."""
    try:
        return link.get(dn, attributes)
    except (NotFound, DirectoryRefused):
        return None
