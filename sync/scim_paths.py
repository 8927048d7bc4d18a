"""The attributes of SCIM that a mapping may name (RFC 7643, and our extension), and what a record says there.

A path is written as in a SCIM filter (RFC 7644 section 3.10): `name.familyName`,
`emails[type eq "work"].value`, `urn:ietf:params:scim:schemas:extension:nlc:2.0:Leader:post`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LEADER = "urn:ietf:params:scim:schemas:extension:nlc:2.0:Leader"
# Attribute -> its parts. What is not listed (passwords, photographs, entitlements, a manager…) the directory
# has no use for.
_NAME = ("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")
_PLACE = ("formatted", "streetAddress", "locality", "region", "postalCode", "country")
KNOWN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    CORE: {
        "userName": (), "externalId": (), "displayName": (), "name": _NAME, "nickName": (), "title": (),
        "userType": (), "preferredLanguage": (), "emails": ("value",), "phoneNumbers": ("value",),
        "addresses": _PLACE,
    },
    ENTERPRISE: dict.fromkeys(
        ("employeeNumber", "organization", "division", "department", "costCenter"), ()
    ),
    LEADER: dict.fromkeys(
        ("post", "postKey", "role", "grade", "kind", "firstDay", "lastDay", "organisation",
         "organisationCode", "sector", "region", "honours", "knownAs", "signInAddress", "officeName",
         "officeMail", "officeTelephone", "assistant"), (),
    ),
}  # fmt: skip
SEVERAL = frozenset({"emails", "phoneNumbers", "addresses"})
EVERY = tuple(
    ("" if schema == CORE else f"{schema}:") + ".".join(filter(None, (name, part)))
    for schema, attributes in KNOWN.items()
    for name, parts in attributes.items()
    for part in parts or ("",)
)
_FORM = re.compile(
    r'(?:(?P<schema>urn:[^\[\]]+):)?(?P<name>[A-Za-z]\w*)'
    r'(?:\[(?P<by>type|primary) eq (?P<word>"[^"\]]{1,40}"|true)\])?(?:\.(?P<part>[A-Za-z]\w*))?',
    re.ASCII,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScimPath:
    """One value of a SCIM resource: whose schema, which attribute, which of several, which part of it."""

    schema: str
    name: str
    part: str = ""
    by: str = ""  # "type", "primary", or nothing: all that are there
    word: str = ""  # the type

    def values(self, resource: Mapping[str, Any]) -> list[str]:
        """Return what a resource (its JSON as SCIM writes it) says at the path, as texts."""
        within = resource if self.schema == CORE else resource.get(self.schema) or {}
        found = within.get(self.name)
        entries = found if isinstance(found, list) else [found]
        chosen = [each for each in entries if each is not None and self._is_meant(each)]
        texts = [each.get(self.part) if self.part else each for each in chosen]
        return [str(each) for each in texts if each is not None and not isinstance(each, bool | dict)]

    def _is_meant(self, entry: Any) -> bool:
        if not self.by:
            return True
        given = entry.get(self.by) if isinstance(entry, dict) else None
        return bool(given) if self.by == "primary" else str(given).casefold() == self.word.casefold()


def scim_path(text: str) -> ScimPath | None:
    """Read a path; nothing for what is none, or names an attribute that is not taken."""
    match = _FORM.fullmatch(text)
    if not match:
        return None
    schema, name, part = match["schema"] or CORE, match["name"], match["part"] or ""
    parts = KNOWN.get(schema, {}).get(name)
    if parts is None or (part not in parts if parts else part) or (match["by"] and name not in SEVERAL):
        return None
    word = (match["word"] or "").strip('"')
    if match["by"] == "type" and word.casefold() == "home":
        return None  # nobody's private address or number is taken
    return ScimPath(schema, name, part, match["by"] or "", word)
