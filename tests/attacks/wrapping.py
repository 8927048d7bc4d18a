"""Signature stripping, forging and wrapping: what is read is not what was signed."""

import copy

from lxml import etree

from dev.identity_provider import messages
from saml.errors import BadAssertion
from tests.attacks import Kind, Make
from tests.attacks.edits import (
    BASES,
    Edit,
    assertion_of,
    detach,
    evil_twin,
    find,
    speak_evil,
    stolen,
    text,
    twice,
    without_signature,
)
from tests.saml_kit import DS, SAML, SAMLP, believe, edited, identity_provider, signed

XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


def strip_first(root: etree._Element) -> None:
    detach(find(root, f"{DS}Signature"))
    speak_evil(root)


def strip_all(root: etree._Element) -> None:
    without_signature(root)


def sibling(root: etree._Element, *, before: bool, new_id: bool = True) -> None:
    root.insert(list(root).index(assertion_of(root)) + (not before), evil_twin(root, new_id=new_id))


def evil_around_good(root: etree._Element) -> None:
    good, twin = assertion_of(root), evil_twin(root)
    root.replace(good, twin)
    twin.append(good)


def evil_in_good(root: etree._Element) -> None:
    assertion_of(root).append(evil_twin(root))


def hidden_in(parent: etree._Element, *tags: str) -> etree._Element:
    for tag in tags:
        parent = etree.SubElement(parent, tag)
    return parent


# Where the signed original can be put away, given the Response and the evil twin.
PLACES = {
    "Extensions": lambda root, twin: hidden_in(root, f"{SAMLP}Extensions"),
    "a Response in Extensions": lambda root, twin: hidden_in(root, f"{SAMLP}Extensions", f"{SAMLP}Response"),
    "an EncryptedAssertion in Extensions": lambda root, twin: hidden_in(
        root, f"{SAMLP}Extensions", f"{SAML}EncryptedAssertion"
    ),
    "something unknown in Extensions": lambda root, twin: hidden_in(
        root, f"{SAMLP}Extensions", "{urn:example}Safe"
    ),
    "something unknown in StatusDetail": lambda root, twin: hidden_in(
        find(root, f"{SAMLP}Status"), f"{SAMLP}StatusDetail", "{urn:example}Safe"
    ),
    "StatusDetail": lambda root, twin: hidden_in(find(root, f"{SAMLP}Status"), f"{SAMLP}StatusDetail"),
    "StatusMessage": lambda root, twin: hidden_in(find(root, f"{SAMLP}Status"), f"{SAMLP}StatusMessage"),
    "StatusCode": lambda root, twin: find(root, f"{SAMLP}StatusCode"),
    "Issuer": lambda root, twin: find(root, f"{SAML}Issuer"),
    "Advice": lambda root, twin: hidden_in(twin, f"{SAML}Advice"),
    "SubjectConfirmationData": lambda root, twin: find(twin, f"{SAML}SubjectConfirmationData"),
    "AttributeValue": lambda root, twin: find(twin, f"{SAML}AttributeValue"),
    "NameID": lambda root, twin: find(twin, f"{SAML}NameID"),
    "a condition": lambda root, twin: hidden_in(find(twin, f"{SAML}Conditions"), f"{SAML}Condition"),
    "AuthnContextDecl": lambda root, twin: hidden_in(
        find(twin, f"{SAML}AuthnContext"), f"{SAML}AuthnContextDecl"
    ),
    "an unsigned ds:Signature's Object": lambda root, twin: hidden_in(twin, f"{DS}Signature", f"{DS}Object"),
    "an element of another namespace": lambda root, twin: hidden_in(root, "{urn:example}Safe"),
    "an EncryptedAssertion": lambda root, twin: hidden_in(root, f"{SAML}EncryptedAssertion"),
    "a second Response": lambda root, twin: hidden_in(root, f"{SAMLP}Response"),
}


def hide_good(place: str, *, new_id: bool = True) -> Edit:
    """An evil twin takes the place of the signed assertion, which still is somewhere for its signature."""

    def edit(root: etree._Element) -> None:
        good, twin = assertion_of(root), evil_twin(root, new_id=new_id)
        root.replace(good, twin)
        PLACES[place](root, twin).append(good)

    return edit


def hide_evil(place: str) -> Edit:
    """The evil twin is where a careless reader, who takes the first or the last, would find it."""
    return lambda root: PLACES[place](root, assertion_of(root)).append(evil_twin(root))


def signature_to_evil(where: str, *, new_id: bool) -> Edit:
    """The evil twin carries the signature of the good one, which is put into `where` (XSW 5, 6 and 8)."""

    def edit(root: etree._Element) -> None:
        good, twin = assertion_of(root), evil_twin(root, new_id=new_id)
        signature = copy.deepcopy(find(root, f"{DS}Signature"))
        root.replace(good, twin)
        twin.insert(1, signature)
        without_signature(good)
        if where == "nowhere":
            return
        place = signature if where == "Signature" else hidden_in(signature, f"{DS}{where}")
        (root if where == "Response" else place).append(good)

    return edit


def response_in_response(where: str) -> Edit:
    """An evil Response carries the signature of the good one, which is put into it (XSW 1 and 2)."""

    def edit(root: etree._Element) -> None:
        good = copy.deepcopy(root)
        signatures = root.findall(f"{DS}Signature")
        signature = signatures[0] if signatures else etree.SubElement(root, f"{DS}Signature")
        without_signature(good)
        root.set("ID", "_evil")
        speak_evil(root)
        for nested in assertion_of(root).findall(f"{DS}Signature"):
            detach(nested)
        (root if where == "Response" else hidden_in(signature, f"{DS}{where}")).append(good)

    return edit


XSW: dict[str, Edit] = {
    "XSW1: good Response in its signature's Object": response_in_response("Object"),
    "XSW2: good Response beside its signature": response_in_response("Response"),
    "XSW2 in KeyInfo": response_in_response("KeyInfo"),
    "XSW3: evil assertion before": lambda root: sibling(root, before=True),
    "XSW3 after": lambda root: sibling(root, before=False),
    "XSW3 with the same ID before": lambda root: sibling(root, before=True, new_id=False),
    "XSW3 with the same ID after": lambda root: sibling(root, before=False, new_id=False),
    "XSW4: evil assertion around the good one": evil_around_good,
    "XSW4 the other way round": evil_in_good,
    "XSW5: signature in the evil one, good one after": signature_to_evil("Response", new_id=True),
    "XSW6: good one in the signature": signature_to_evil("Signature", new_id=True),
    "XSW7: good one in Extensions": hide_good("Extensions"),
    "XSW8: good one in the signature's Object": signature_to_evil("Object", new_id=True),
    "XSW8 with the same ID": signature_to_evil("Object", new_id=False),
    "XSW8 in KeyInfo": signature_to_evil("KeyInfo", new_id=True),
    "XSW8 in a Manifest": signature_to_evil("Manifest", new_id=True),
    "signature moved to an evil twin": signature_to_evil("nowhere", new_id=False),
    "signature moved to an evil twin of another ID": signature_to_evil("nowhere", new_id=True),
}
IDS: dict[str, Edit] = {
    "xml:id beside ID": lambda root: assertion_of(root).set(XML_ID, "_other"),
    "the assertion's ID again as xml:id": lambda root: find(root, f"{SAMLP}Status").set(
        XML_ID, str(assertion_of(root).get("ID"))
    ),
    "the assertion's ID again as id": lambda root: find(root, f"{SAMLP}Status").set(
        "id", str(assertion_of(root).get("ID"))
    ),
    "the assertion's ID again as Id": lambda root: find(root, f"{SAMLP}Status").set(
        "Id", str(assertion_of(root).get("ID"))
    ),
    "a prefixed ID beside ID": lambda root: assertion_of(root).set(f"{SAML}ID", "_other"),
    "the Response's ID again on the assertion": lambda root: assertion_of(root).set(
        "ID", str(root.get("ID"))
    ),
    "no ID": lambda root: assertion_of(root).attrib.pop("ID"),
    "an empty ID": lambda root: assertion_of(root).set("ID", ""),
    "an ID that is no name": lambda root: assertion_of(root).set("ID", "'] | //*"),
}
TAMPERED: dict[str, Edit] = {
    "a signature in Extensions": lambda root: hidden_in(root, f"{SAMLP}Extensions", f"{DS}Signature"),
    "the signature moved to Extensions": lambda root: hidden_in(root, f"{SAMLP}Extensions").append(
        find(root, f"{DS}Signature")
    ),
    "the assertion's ID again in Extensions": lambda root: hidden_in(
        root, f"{SAMLP}Extensions", "{urn:example}Safe"
    ).set("ID", str(assertion_of(root).get("ID"))),
    "two details of the status": lambda root: [
        hidden_in(find(root, f"{SAMLP}Status"), f"{SAMLP}StatusDetail") for _ in range(2)
    ],
    "signature stripped, somebody else named": strip_first,
    "every signature stripped": strip_all,
    "somebody else named": speak_evil,
    "signature value empty": text(f"{DS}SignatureValue", ""),
    "signature value of zeros": text(f"{DS}SignatureValue", "A" * 342 + "=="),
    "signature value not base64": text(f"{DS}SignatureValue", "%%%"),
    "digest empty, somebody else named": lambda root: (
        speak_evil(root), text(f"{DS}DigestValue", "")(root)
    ),
    "two digest values": twice(f"{DS}DigestValue"),
    "digest in a child": lambda root: find(root, f"{DS}DigestValue").append(etree.Element("x")),
    "two SignedInfo": twice(f"{DS}SignedInfo"),
    "two signatures": twice(f"{DS}Signature"),
    "two signature values": twice(f"{DS}SignatureValue"),
    "no SignedInfo": lambda root: detach(find(root, f"{DS}SignedInfo")),
    "no signature value": lambda root: detach(find(root, f"{DS}SignatureValue")),
    "the audience changed": text(f"{SAML}Audience", "https://other.example/"),
    "the status failed after signing": lambda root: find(root, f"{SAMLP}Status").append(
        etree.Element(f"{SAMLP}StatusCode")
    ),
    "an attribute added": lambda root: find(root, f"{SAML}AttributeStatement").append(
        copy.deepcopy(find(root, f"{SAML}Attribute"))
    ),
    "a statement added": lambda root: assertion_of(root).append(
        copy.deepcopy(find(root, f"{SAML}AttributeStatement"))
    ),
}  # fmt: skip


def forged_around(control: Make) -> bytes:
    root = etree.fromstring(control())
    root.set("ID", messages.new_id())
    return messages.sign(root, identity_provider(key="forger"))


def two_messages(first: Make, second: Make) -> bytes:
    """The signed assertion of one answer in the Response of another."""
    root, other = etree.fromstring(first()), etree.fromstring(second())
    root.replace(assertion_of(root), assertion_of(other))
    return etree.tostring(root)


FORGED: dict[str, Make] = {
    "by a key whose certificate is in the message, assertion signed": lambda: signed(key="forger"),
    "by a key whose certificate is in the message, response signed": lambda: signed(
        whole=True, key="forger"
    ),
    "evil Response around a good assertion": lambda: forged_around(signed),
    "good assertion in somebody's signed Response": lambda: two_messages(
        BASES["response signed"], signed
    ),
    "honest certificate in KeyInfo of a forger's signature": lambda: edited(
        signed(key="forger"),
        lambda root: setattr(
            find(root, f"{DS}X509Certificate"),
            "text",
            find(etree.fromstring(signed()), f"{DS}X509Certificate").text,
        ),
    ),
}  # fmt: skip

KIND = Kind(
    "signature stripping, forging and wrapping",
    believe,
    (BadAssertion,),
    dict(BASES),
    {
        **stolen(TAMPERED),
        **stolen(XSW),
        **stolen(IDS),
        **stolen({f"good one in {place}": hide_good(place) for place in PLACES}),
        **stolen(
            {f"good one with the same ID in {place}": hide_good(place, new_id=False) for place in PLACES}
        ),
        **stolen({f"evil one in {place}": hide_evil(place) for place in PLACES}),
        **FORGED,
    },
)
