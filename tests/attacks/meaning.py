"""Protocol semantics: properly signed messages that are old, for somebody else, or about another request."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lxml import etree

from saml.errors import SignInRefused
from tests.attacks import Kind, Make
from tests.attacks.edits import (
    BASES,
    Edit,
    drop,
    find,
    inside,
    misbehaving,
    parts,
    put,
    text,
    twice,
)
from tests.saml_kit import (
    NOW,
    REQUEST_ID,
    SAML,
    SAMLP,
    SETTINGS,
    Judgement,
    edited,
    honest,
    registered,
    signed,
    signed_after,
)

ACS, ENTITY = SETTINGS.acs_url, SETTINGS.entity_id
OURS = "http://127.0.0.1:5001/rivers/metadata"
OTHER = "http://127.0.0.1:5001/northmere/metadata"
SAML_NS = SAML[1:-1]


def addresses(ours: str) -> dict[str, str | None]:
    """What is not our address, however close."""
    return {
        "absent": None,
        "empty": "",
        "longer": ours + "/x",
        "with a slash at the end": ours + "/",
        "shorter": ours[:-1],
        "in capitals": ours.upper(),
        "with a query": ours + "?x=y",
        "with a fragment": ours + "#x",
        "with a port": ours.replace("localhost:5000", "localhost:50000"),
        "on another host": ours.replace("localhost", "127.0.0.1"),
        "over https": ours.replace("http:", "https:"),
        "inside another": f"https://evil.example/?{ours}",
        "after our host as a name": ours.replace("localhost:5000", "localhost:5000.evil.example"),
        "with somebody in front": ours.replace("http://", "http://x@"),
        "with a space": ours + " ",
        "with a line break": ours + "\n",
        "with dots": ours.replace("/saml/", "/saml/./"),
        "percent-encoded": ours.replace("/saml/", "/%73aml/"),
        "two of them": f"{ours} {ours}",
        "of another": "https://other.example/",
    }


# Audience and Issuer are texts, around which white space is not part of the value.
SPACED = ("with a space", "with a line break")
PARTS: dict[str, dict[str, Any]] = {
    **{f"Destination {name}": {"destination": one} for name, one in addresses(ACS).items()},
    **{f"Recipient {name}": {"recipient": one} for name, one in addresses(ACS).items()},
    **{
        f"audience {name}": {"audience": one} for name, one in addresses(ENTITY).items() if name not in SPACED
    },
    **{
        f"issuer {name}": {"issuer": one}
        for name, one in addresses(OURS).items()
        if one and one != OURS and name not in SPACED
    },
    "an empty issuer": {"issuer": ""},
    "another provider's issuer": {"issuer": OTHER},
    "no InResponseTo in the signed part": {"confirmed_request": None},
    "another InResponseTo in the signed part": {"confirmed_request": "_another"},
    "an empty InResponseTo in the signed part": {"confirmed_request": ""},
    "no InResponseTo of the Response": {"in_response_to": None},
    "another InResponseTo of the Response": {"in_response_to": "_another"},
    "no InResponseTo anywhere: nobody asked": {"in_response_to": None, "confirmed_request": None},
    "InResponseTo longer": {"confirmed_request": REQUEST_ID + "x"},
    "InResponseTo with a space": {"confirmed_request": f" {REQUEST_ID}"},
    "InResponseTo of two": {"confirmed_request": f"{REQUEST_ID} _another"},
    "no end": {"minutes": None},
    "over": {"minutes": -10},
    "valid for a day": {"minutes": 24 * 60},
    "valid for ten years": {"minutes": 10 * 365 * 24 * 60},
    "signed in forty days ago": {"authenticated_minutes_ago": 40 * 24 * 60},
    "will sign in tomorrow": {"authenticated_minutes_ago": -24 * 60},
    "clock ten minutes ahead": {"now": NOW + timedelta(minutes=10)},
    "clock ten minutes behind": {"now": NOW - timedelta(minutes=10)},
    "issued yesterday": {"now": NOW - timedelta(days=1), "minutes": 2 * 24 * 60},
    "issued tomorrow": {"now": NOW + timedelta(days=1)},
    "sender vouches": {"method": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"},
    "holder of key": {"method": "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"},
    "no method of confirmation": {"method": ""},
    "bearer in capitals": {"method": "URN:OASIS:NAMES:TC:SAML:2.0:CM:BEARER"},
    "an empty name": {"name_id": ""},
    "a name of white space": {"name_id": " \n"},
    "a name as long as a page": {"name_id": "x" * 5000},
}


def of_issuer_only(root: etree._Element) -> object:
    """The Response is from somebody else than the assertion in it."""
    return setattr(find(root, f"{SAML}Issuer"), "text", OTHER)


def second_restriction(root: etree._Element) -> None:
    restriction = etree.SubElement(find(root, f"{SAML}Conditions"), f"{SAML}AudienceRestriction")
    etree.SubElement(restriction, f"{SAML}Audience").text = "https://other.example/"


def alter(node: etree._Element, changes: Mapping[str, str | None]) -> None:
    for key, value in changes.items():
        if value is not None:
            node.set(key, value)
        elif key in node.attrib:
            del node.attrib[key]


def second(name: str, **changes: str | None) -> Edit:
    """Another element of that name after the first, changed."""

    def edit(root: etree._Element) -> None:
        twice(f"{SAML}{name}")(root)
        alter(list(root.iter(f"{SAML}{name}"))[1], changes)

    return edit


def two_bearers(*changes: Mapping[str, str | None]) -> Edit:
    """Two confirmations, both changed."""

    def edit(root: etree._Element) -> None:
        twice(f"{SAML}SubjectConfirmation")(root)
        for data, change in zip(root.iter(f"{SAML}SubjectConfirmationData"), changes, strict=True):
            alter(data, change)

    return edit


EDITS: dict[str, Edit] = {
    **{
        f"no {name}": drop(f"{SAML}{name}")
        for name in (
            "Subject", "SubjectConfirmation", "SubjectConfirmationData", "Conditions", "AuthnStatement",
        )
    },
    "a second statement of tomorrow": second("AuthnStatement", AuthnInstant="2026-11-24T09:00:00Z"),
    "a second statement without time": second("AuthnStatement", AuthnInstant=None),
    "a second session that is over": second("AuthnStatement", SessionNotOnOrAfter="2026-11-23T08:00:00Z"),
    "eleven statements": lambda root: [twice(f"{SAML}AuthnStatement")(root) for _ in range(10)],
    "eleven confirmations": lambda root: [twice(f"{SAML}SubjectConfirmation")(root) for _ in range(10)],
    "two bearers for others": two_bearers(
        {"Recipient": "https://other.example/"}, {"InResponseTo": "_another"}
    ),
    "one bearer's address and another's request": two_bearers(
        {"InResponseTo": "_another"}, {"Recipient": "https://other.example/"}
    ),
    "our bearer is over, another's is not": two_bearers(
        {"NotOnOrAfter": "2026-11-23T08:00:00Z"}, {"Recipient": "https://other.example/"}
    ),
    "two bearers, neither with an end": two_bearers({"NotOnOrAfter": None}, {"NotOnOrAfter": None}),
    "holder of key for us, bearer for another": lambda root: (
        two_bearers({}, {"Recipient": "https://other.example/"})(root),
        put(f"{SAML}SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")(root),
    ),
    "no issuer of the assertion": lambda root: find(root, f"{SAML}Assertion").remove(
        find(find(root, f"{SAML}Assertion"), f"{SAML}Issuer")
    ),
    **{
        f"two {name}": twice(f"{SAML}{name}")
        for name in (
            "Subject", "NameID", "SubjectConfirmationData", "Conditions", "Attribute",
        )
    },
    "two issuers of the Response": twice(f"{SAML}Issuer"),
    "two statuses": twice(f"{SAMLP}Status"),
    "two status codes": twice(f"{SAMLP}StatusCode"),
    "no status": drop(f"{SAMLP}Status"),
    "no status code": drop(f"{SAMLP}StatusCode"),
    "no value of the status": lambda root: find(root, f"{SAMLP}StatusCode").attrib.clear(),
    "a failure": put(f"{SAMLP}StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:Requester"),
    "success in capitals": put(f"{SAMLP}StatusCode", "Value", "URN:OASIS:NAMES:TC:SAML:2.0:STATUS:SUCCESS"),
    "success in part": put(f"{SAMLP}StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:Success2"),
    "a failure inside the success": inside(
        f"{SAMLP}StatusCode",
        f'<StatusCode xmlns="{SAMLP[1:-1]}" Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/>',
    ),
    "a second audience restriction without us": second_restriction,
    "an audience restriction without audience": drop(f"{SAML}Audience"),
    "an unknown condition": inside(f"{SAML}Conditions", '<Condition xmlns="urn:example"/>'),
    "an abstract condition": inside(f"{SAML}Conditions", f'<Condition xmlns="{SAML_NS}"/>'),
    "an encrypted attribute": inside(f"{SAML}AttributeStatement", f'<EncryptedAttribute xmlns="{SAML_NS}"/>'),
    "an element in a value": inside(f"{SAML}AttributeValue", '<b xmlns="urn:example"/>'),
    "a name of another provider": put(f"{SAML}NameID", "NameQualifier", OTHER),
    "a name for another service": put(f"{SAML}NameID", "SPNameQualifier", "https://other.example/"),
    "a BaseID": lambda root: setattr(find(root, f"{SAML}NameID"), "tag", f"{SAML}BaseID"),
    "a name that can't be seen": text(f"{SAML}NameID", "a\u200bb"),
    "SAML 1.1 assertion": put(f"{SAML}Assertion", "Version", "1.1"),
    "SAML 2.1 assertion": put(f"{SAML}Assertion", "Version", "2.1"),
    "assertion without version": lambda root: find(root, f"{SAML}Assertion").attrib.pop("Version"),
    "SAML 1.1 Response": lambda root: root.set("Version", "1.1"),
    "not valid before tomorrow": put(f"{SAML}Conditions", "NotBefore", "2026-11-24T09:00:00Z"),
    "not before its own end": put(f"{SAML}Conditions", "NotBefore", "2026-11-23T09:10:00Z"),
    "confirmation not before tomorrow": put(
        f"{SAML}SubjectConfirmationData", "NotBefore", "2026-11-24T09:00:00Z"
    ),
    "conditions without end": lambda root: find(root, f"{SAML}Conditions").attrib.pop("NotOnOrAfter"),
    "confirmation without end": lambda root: find(root, f"{SAML}SubjectConfirmationData").attrib.pop(
        "NotOnOrAfter"
    ),
    "conditions for a year": put(f"{SAML}Conditions", "NotOnOrAfter", "2027-11-23T09:00:00Z"),
    "confirmation for a year": put(f"{SAML}SubjectConfirmationData", "NotOnOrAfter", "2027-11-23T09:00:00Z"),
    "the provider's session is over": put(
        f"{SAML}AuthnStatement", "SessionNotOnOrAfter", "2026-11-23T08:00:00Z"
    ),
    "no AuthnInstant": lambda root: find(root, f"{SAML}AuthnStatement").attrib.pop("AuthnInstant"),
    "no IssueInstant": lambda root: find(root, f"{SAML}Assertion").attrib.pop("IssueInstant"),
    "local time": put(f"{SAML}Conditions", "NotOnOrAfter", "2026-11-23T09:05:00+01:00"),
    "time without zone": put(f"{SAML}Conditions", "NotOnOrAfter", "2026-11-23T09:05:00"),
    "no such day": put(f"{SAML}Conditions", "NotOnOrAfter", "2026-11-31T09:05:00Z"),
    "no such hour": put(f"{SAML}Conditions", "NotOnOrAfter", "2026-11-23T24:05:00Z"),
    "the year ten thousand": put(f"{SAML}Conditions", "NotOnOrAfter", "10000-01-01T00:00:00Z"),
    "the year nought": put(f"{SAML}Conditions", "NotOnOrAfter", "0000-01-01T00:00:00Z"),
    "Arabic digits": put(f"{SAML}Conditions", "NotOnOrAfter", "٢٠٢٦-11-23T09:05:00Z"),
    "a date alone": put(f"{SAML}Conditions", "NotOnOrAfter", "2026-11-24"),
    "the issuer's format": put(
        f"{SAML}Issuer", "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    ),
}  # fmt: skip


def envelope(change: Mapping[str, str]) -> Edit:
    return lambda root: [root.set(name, value) for name, value in change.items()]


# The Response around a signed assertion is not signed itself, and may still not be changed.
ENVELOPES: dict[str, Edit] = {
    "Destination": envelope({"Destination": "https://other.example/"}),
    "InResponseTo": envelope({"InResponseTo": "_another"}),
    "Version": envelope({"Version": "1.1"}),
    "IssueInstant": envelope({"IssueInstant": "2026-11-22T09:00:00Z"}),
    "issuer": of_issuer_only,
}
one_time = f'<OneTimeUse xmlns="{SAML_NS}"/>'
proxy = f'<ProxyRestriction xmlns="{SAML_NS}" Count="0"/>'
another_audience = f'<Audience xmlns="{SAML_NS}">https://other.example/</Audience>'


def other_provider() -> bytes:
    return signed(honest(issuer=OTHER), key="northmere")


CONTROLS: dict[str, Make] = {
    **BASES,
    "clock two minutes ahead": lambda: signed(honest(now=NOW + timedelta(minutes=2))),
    "clock two minutes behind": lambda: signed(honest(now=NOW - timedelta(minutes=2))),
    "seventy minutes of validity": lambda: signed(honest(minutes=70)),
    "signed in three days ago": lambda: signed(honest(authenticated_minutes_ago=3 * 24 * 60)),
    "no name": lambda: signed(honest(name_id=None)),
    "for one use": lambda: signed_after(inside(f"{SAML}Conditions", one_time)),
    "not for proxies": lambda: signed_after(inside(f"{SAML}Conditions", proxy)),
    "one of two audiences": lambda: signed_after(inside(f"{SAML}AudienceRestriction", another_audience)),
    "fractions of a second": lambda: signed_after(
        put(f"{SAML}Conditions", "NotOnOrAfter", "2026-11-23T09:05:00.1234567Z")
    ),
    "two bearers, ours first": lambda: signed_after(two_bearers({}, {"InResponseTo": "_another"})),
    "two bearers, ours last": lambda: signed_after(two_bearers({"Recipient": "https://other.example/"}, {})),
    "two statements": lambda: signed_after(second("AuthnStatement", SessionIndex="_another")),
    "two statements, one of last month": lambda: signed_after(
        second("AuthnStatement", AuthnInstant="2026-10-23T09:00:00Z")
    ),
    "two attribute statements": lambda: signed_after(
        lambda root: find(root, f"{SAML}AttributeStatement").addnext(
            etree.Element(f"{SAML}AttributeStatement")
        )
    ),
}


def believe(message: bytes) -> object:
    """Judge a message; one may say when, and by whom it was asked."""
    return Judgement(registered()).believe(message)


KIND = Kind(
    "meaning: for whom, about what, from whom, when",
    believe,
    (SignInRefused,),
    CONTROLS,
    {
        **parts(PARTS),
        **misbehaving(EDITS),
        **{
            f"{name} of the unsigned envelope": lambda one=one: edited(signed(), one)
            for name, one in ENVELOPES.items()
        },
        "another provider's honest answer": other_provider,
    },
)
# Two tenants of one cloud share a key, so the issuer still has to be the one that was asked.
TENANT = replace(registered("northmere"), certificates=registered("rivers").certificates)
LATER = NOW + timedelta(days=4000)
TENANTS = Kind(
    "meaning: a key that is right for somebody or something else",
    lambda given: Judgement(given[0], now=given[2]).believe(given[1]),
    (SignInRefused,),
    {"the provider itself": lambda: (registered(), signed(), NOW)},
    {
        "a neighbour on the same cloud": lambda: (TENANT, signed(), NOW),
        "a key that is not registered any more": lambda: (
            replace(registered(), certificates=registered("northmere").certificates), signed(), NOW,
        ),
        "no registered key": lambda: (replace(registered(), certificates=()), signed(), NOW),
        "a certificate that has expired": lambda: (registered(), signed(honest(now=LATER)), LATER),
    },
)  # fmt: skip
