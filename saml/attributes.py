"""Attributes of an assertion as plain values, whole or not at all."""

from collections.abc import Callable

from lxml import etree

from saml.errors import SignInRefused
from saml.xml import SAML, Unreadable, q

MAX_VALUE = 2048

# Names under which providers send what we use; the registry speaks of the short ones.
PAIRWISE = "urn:oasis:names:tc:SAML:attribute:pairwise-id"
SUBJECT = "urn:oasis:names:tc:SAML:attribute:subject-id"
ENTRA_TENANT = "http://schemas.microsoft.com/identity/claims/tenantid"
ENTRA_OBJECT = "http://schemas.microsoft.com/identity/claims/objectidentifier"
TARGETED = "urn:oid:1.3.6.1.4.1.5923.1.1.1.10"  # eduPersonTargetedID
KEYS = frozenset({PAIRWISE, SUBJECT, ENTRA_TENANT, ENTRA_OBJECT})  # that may decide who somebody is
MAIL_NAMES = (
    "urn:oid:0.9.2342.19200300.100.1.3",
    "mail",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
)


def whole_text(node: etree._Element) -> str:
    """The text of an element that holds nothing but text, without white space around it. Raises
    Unreadable."""
    if len(node):
        raise Unreadable("a value has elements in it")
    return (node.text or "").strip(" \t\r\n")


def attributes(
    assertion: etree._Element, refusal: Callable[[str], SignInRefused]
) -> dict[str, tuple[str, ...]]:
    """Name -> values, together where a name comes again: Keycloak writes an Attribute for each role. One
    that decides who somebody is and comes twice refuses the message: readers disagree on which one counts.

    Values that are not plain text (eduPersonTargetedID, say) are left out, unless they carry a name that
    decides who somebody is.
    """
    found: dict[str, tuple[str, ...]] = {}
    for statement in assertion.findall(q(SAML, "AttributeStatement")):
        for node in statement:
            if node.tag != q(SAML, "Attribute"):
                raise refusal("an attribute is encrypted or of a kind we don't read")
            name = str(node.get("Name") or "")
            if name in found and name in KEYS:
                raise refusal("an identifying attribute comes twice")
            found[name] = (*found.get(name, ()), *_values(name, node, refusal))
    return found


def targeted_id(assertion: etree._Element) -> etree._Element:
    """The one NameID that eduPersonTargetedID (eduPerson 202001) holds as its value. Raises Unreadable."""
    attribute = f"{q(SAML, 'AttributeStatement')}/{q(SAML, 'Attribute')}[@Name='{TARGETED}']"
    path = f"{attribute}/{q(SAML, 'AttributeValue')}"
    values = assertion.findall(path)
    if len(values) != 1 or [child.tag for child in values[0]] != [q(SAML, "NameID")]:
        raise Unreadable("the assertion does not have exactly one eduPersonTargetedID with one NameID")
    return values[0][0]


def _values(name: str, node: etree._Element, refusal: Callable[[str], SignInRefused]) -> tuple[str, ...]:
    values = []
    for value in node.findall(q(SAML, "AttributeValue")):
        if len(value):
            if name in (*KEYS, *MAIL_NAMES):
                raise refusal("an identifying attribute has elements in its value")
            continue
        values.append(whole_text(value)[:MAX_VALUE])
    return tuple(values)
