"""Properly signed messages that are old, for somebody else, or about another request are refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from saml.attributes import SUBJECT
from saml.errors import BadAssertion, ClocksDiffer, Expired
from tests.saml_kit import (
    ISOLDE,
    NOW,
    SAML,
    SAMLP,
    SETTINGS,
    Judgement,
    believe,
    edited,
    honest,
    registered,
    signed,
    signed_after,
)

ACS = SETTINGS.acs_url
ENTITY = SETTINGS.entity_id
PARTS: dict[str, dict[str, Any]] = {
    "no InResponseTo in the signed part": {"confirmed_request": None},
    "another InResponseTo in the signed part": {"confirmed_request": "_another"},
    "no InResponseTo of the Response": {"in_response_to": None},
    "another InResponseTo of the Response": {"in_response_to": "_another"},
    "no Recipient": {"recipient": None},
    "Recipient longer": {"recipient": ACS + "/x"},
    "Recipient with ours inside": {"recipient": f"https://evil.example/?{ACS}"},
    "Recipient with another host": {"recipient": ACS.replace("localhost", "127.0.0.1")},
    "no Destination": {"destination": None},
    "Destination longer": {"destination": ACS + "x"},
    "Destination in capitals": {"destination": ACS.upper()},
    "no audience": {"audience": None},
    "another audience": {"audience": "https://other.example/metadata"},
    "audience longer": {"audience": ENTITY + "/"},
    "another issuer": {"issuer": "http://127.0.0.1:5001/northmere/metadata"},
    "issuer longer": {"issuer": "http://127.0.0.1:5001/rivers/metadata/"},
    "empty issuer": {"issuer": ""},
    "no end": {"minutes": None},
    "over": {"minutes": -10},
    "valid for a day": {"minutes": 24 * 60},
    "valid for ten years": {"minutes": 10 * 365 * 24 * 60},
    "signed in forty days ago": {"authenticated_minutes_ago": 40 * 24 * 60},
    "will sign in tomorrow": {"authenticated_minutes_ago": -24 * 60},
    "sender vouches": {"method": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"},
    "issued yesterday": {"now": NOW - timedelta(days=1), "minutes": 2 * 24 * 60},
    "issued tomorrow": {"now": NOW + timedelta(days=1)},
    "empty name": {"name_id": ""},
    "name of a page": {"name_id": "x" * 5000},
}


@pytest.mark.parametrize("whole", [False, True], ids=["assertion signed", "response signed"])
@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS.keys())
def test_a_signed_answer_with_a_wrong_part_is_refused(parts: dict[str, Any], whole: bool) -> None:
    with pytest.raises((BadAssertion, Expired)):
        believe(signed(honest(**parts), whole=whole))


def find(root: etree._Element, name: str) -> etree._Element:
    return next(root.iter(f"{SAML}{name}"))


def remove(name: str) -> Callable[[etree._Element], None]:
    def edit(root: etree._Element) -> None:
        node = find(root, name)
        parent = node.getparent()
        assert parent is not None
        parent.remove(node)

    return edit


def twice(name: str) -> Callable[[etree._Element], None]:
    def edit(root: etree._Element) -> None:
        node = find(root, name)
        node.addnext(etree.fromstring(etree.tostring(node)))

    return edit


def attribute(name: str, key: str, value: str) -> Callable[[etree._Element], None]:
    return lambda root: find(root, name).set(key, value)


def second_audience_restriction(root: etree._Element) -> None:
    restriction = etree.SubElement(find(root, "Conditions"), f"{SAML}AudienceRestriction")
    etree.SubElement(restriction, f"{SAML}Audience").text = "https://other.example/"


def unknown_condition(root: etree._Element) -> None:
    etree.SubElement(find(root, "Conditions"), "{urn:example}Condition")


def element_in_value(root: etree._Element) -> None:
    value = find(root, "AttributeValue")
    etree.SubElement(value, "{urn:example}b").tail = "@northmere.police.example"


def element_in_issuer(root: etree._Element) -> None:
    etree.SubElement(find(root, "Issuer"), "{urn:example}b")


def encrypted_attribute(root: etree._Element) -> None:
    etree.SubElement(find(root, "AttributeStatement"), f"{SAML}EncryptedAttribute")


EDITS: dict[str, Callable[[etree._Element], None]] = {
    "no subject": remove("Subject"),
    "no confirmation": remove("SubjectConfirmation"),
    "no confirmation data": remove("SubjectConfirmationData"),
    "no conditions": remove("Conditions"),
    "no authentication statement": remove("AuthnStatement"),
    "no issuer of the assertion": lambda root: find(root, "Assertion").remove(
        find(find(root, "Assertion"), "Issuer")
    ),
    "two subjects": twice("Subject"),
    "two names": twice("NameID"),
    "two confirmations": twice("SubjectConfirmation"),
    "two conditions": twice("Conditions"),
    "an attribute twice": twice("Attribute"),
    "second audience restriction without us": second_audience_restriction,
    "unknown condition": unknown_condition,
    "element in a value": element_in_value,
    "element in the issuer": element_in_issuer,
    "encrypted attribute": encrypted_attribute,
    "name of another provider": attribute(
        "NameID", "NameQualifier", "http://127.0.0.1:5001/northmere/metadata"
    ),
    "name for another service": attribute("NameID", "SPNameQualifier", "https://other.example/"),
    "SAML 1.1": attribute("Assertion", "Version", "1.1"),
    "not valid before tomorrow": attribute("Conditions", "NotBefore", "2026-11-24T09:00:00Z"),
    "confirmation not before tomorrow": attribute(
        "SubjectConfirmationData", "NotBefore", "2026-11-24T09:00:00Z"
    ),
    "provider's session over": attribute("AuthnStatement", "SessionNotOnOrAfter", "2026-11-23T08:00:00Z"),
    "local time": attribute("Conditions", "NotOnOrAfter", "2026-11-23T09:05:00+01:00"),
    "no such day": attribute("Conditions", "NotOnOrAfter", "2026-11-31T09:05:00Z"),
    "issuer format": attribute("Issuer", "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
}


@pytest.mark.parametrize("whole", [False, True], ids=["assertion signed", "response signed"])
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_provider_that_signs_nonsense_is_refused(
    edit: Callable[[etree._Element], None], whole: bool
) -> None:
    assert believe(signed_after(lambda root: None, whole=whole)).attributes[SUBJECT] == (ISOLDE.subject_id,)

    with pytest.raises((BadAssertion, Expired)):
        believe(signed_after(edit, whole=whole))


def test_the_provider_is_the_one_that_was_asked_whatever_the_message_says() -> None:
    asked = replace(registered("northmere"), certificates=registered("northmere").certificates)

    with pytest.raises(BadAssertion):
        Judgement(asked).believe(signed())


def test_a_provider_whose_key_signs_for_another_entity_is_refused() -> None:
    """Two tenants of one cloud share its key, so the issuer still has to be the one that was asked."""
    tenant = replace(registered("northmere"), certificates=registered("rivers").certificates)

    with pytest.raises(BadAssertion, match="Issuer"):
        Judgement(tenant).believe(signed())


@pytest.mark.parametrize("minutes", [10, -10], ids=["our clock ahead", "our clock behind"])
def test_clocks_ten_minutes_apart_are_refused_with_a_word_about_clocks(minutes: int) -> None:
    with pytest.raises((ClocksDiffer, Expired), match="clock"):
        believe(signed(), now=NOW + timedelta(minutes=minutes))


def test_a_certificate_that_has_expired_vouches_for_nothing() -> None:
    later = NOW + timedelta(days=4000)

    with pytest.raises(BadAssertion, match="expired"):
        believe(signed(honest(now=later)), now=later)


def test_unsigned_parts_of_the_envelope_can_not_be_changed_either() -> None:
    def version(root: etree._Element) -> None:
        root.set("Version", "1.1")

    def issuer(root: etree._Element) -> None:
        next(root.iter(f"{SAML}Issuer")).text = "https://evil.example/"

    for edit in (version, issuer):
        with pytest.raises(BadAssertion):
            believe(edited(signed(), edit))


def test_a_status_without_a_code_is_refused() -> None:
    def empty(root: etree._Element) -> None:
        status = next(root.iter(f"{SAMLP}Status"))
        status.clear()

    with pytest.raises(BadAssertion):
        believe(signed_after(empty, whole=True))
