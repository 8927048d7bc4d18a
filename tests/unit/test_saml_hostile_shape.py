"""Forged signatures, wrapped assertions and poisoned XML are refused, each beside an honest control."""

import base64
import copy
import time
from collections.abc import Callable

import pytest
import xmlsec
from lxml import etree

from dev.identity_provider import messages
from saml.errors import BadAssertion, ProviderSaidNo, SignInRefused
from saml.xml import MAX_MESSAGE
from tests.saml_kit import (
    DS,
    NOW,
    REQUEST_ID,
    SAML,
    SAMLP,
    believe,
    edited,
    honest,
    identity_provider,
    service,
    sign_oddly,
    signed,
)

EVIL = "tamsin.okonjo-reed@northmere.police.example"
Edit = Callable[[etree._Element], None]


def assertion_of(root: etree._Element) -> etree._Element:
    found = root.find(f"{SAML}Assertion")
    assert found is not None
    return found


def signature_of(root: etree._Element) -> etree._Element:
    return next(root.iter(f"{DS}Signature"))


def evil_twin(root: etree._Element, *, new_id: bool = True) -> etree._Element:
    """A copy of the assertion that names somebody else and carries no signature."""
    twin = copy.deepcopy(assertion_of(root))
    for signature in list(twin.iter(f"{DS}Signature")):
        twin.remove(signature)
    for value in twin.iter(f"{SAML}AttributeValue"):
        value.text = EVIL
    if new_id:
        twin.set("ID", "_evil")
    return twin


def strip(root: etree._Element) -> None:
    signature = signature_of(root)
    parent = signature.getparent()
    assert parent is not None
    parent.remove(signature)


def change_mail(root: etree._Element) -> None:
    for value in root.iter(f"{SAML}AttributeValue"):
        value.text = EVIL


def sibling_before(root: etree._Element) -> None:
    root.insert(list(root).index(assertion_of(root)), evil_twin(root))


def sibling_after(root: etree._Element) -> None:
    root.append(evil_twin(root))


def same_id_before(root: etree._Element) -> None:
    root.insert(list(root).index(assertion_of(root)), evil_twin(root, new_id=False))


def evil_parent(root: etree._Element) -> None:
    good = assertion_of(root)
    twin = evil_twin(root)
    root.replace(good, twin)
    twin.append(good)


def original_in_object(root: etree._Element) -> None:
    good = assertion_of(root)
    twin = evil_twin(root)
    signature = signature_of(root)
    root.replace(good, twin)
    parent = signature.getparent()
    assert parent is not None
    parent.remove(signature)
    twin.insert(1, signature)
    etree.SubElement(signature, f"{DS}Object").append(good)


def original_in_extensions(root: etree._Element) -> None:
    good = assertion_of(root)
    twin = evil_twin(root)
    root.replace(good, twin)
    extensions = etree.Element(f"{SAMLP}Extensions")
    extensions.append(good)
    root.insert(1, extensions)


def original_in_status_detail(root: etree._Element) -> None:
    good = assertion_of(root)
    root.replace(good, evil_twin(root))
    status = root.find(f"{SAMLP}Status")
    assert status is not None
    etree.SubElement(status, f"{SAMLP}StatusDetail").append(good)


def original_in_advice(root: etree._Element) -> None:
    good = assertion_of(root)
    twin = evil_twin(root)
    root.replace(good, twin)
    etree.SubElement(twin, f"{SAML}Advice").append(good)


def signature_moved_to_evil(root: etree._Element) -> None:
    good = assertion_of(root)
    twin = evil_twin(root, new_id=False)
    twin.insert(1, signature_of(root))
    root.replace(good, twin)


def xml_id_twin(root: etree._Element) -> None:
    assertion_of(root).set("{http://www.w3.org/XML/1998/namespace}id", "_other")


def lower_case_id(root: etree._Element) -> None:
    etree.SubElement(root[1], f"{SAMLP}StatusMessage").set("id", str(assertion_of(root).get("ID")))


def empty_signature_value(root: etree._Element) -> None:
    next(root.iter(f"{DS}SignatureValue")).text = ""


def digest_of_nothing(root: etree._Element) -> None:
    change_mail(root)
    next(root.iter(f"{DS}DigestValue")).text = ""


def second_digest_value(root: etree._Element) -> None:
    value = next(root.iter(f"{DS}DigestValue"))
    value.addnext(copy.deepcopy(value))


def digest_with_a_child(root: etree._Element) -> None:
    value = next(root.iter(f"{DS}DigestValue"))
    etree.SubElement(value, "x").text = value.text
    value.text = ""


def two_signed_infos(root: etree._Element) -> None:
    info = next(root.iter(f"{DS}SignedInfo"))
    info.addnext(copy.deepcopy(info))


def second_signature(root: etree._Element) -> None:
    signature_of(root).addnext(copy.deepcopy(signature_of(root)))


def algorithm(name: str, value: str) -> Edit:
    def edit(root: etree._Element) -> None:
        next(root.iter(f"{DS}{name}")).set("Algorithm", value)

    return edit


def reference(uri: str | None) -> Edit:
    def edit(root: etree._Element) -> None:
        node = next(root.iter(f"{DS}Reference"))
        if uri is None:
            del node.attrib["URI"]
        else:
            node.set("URI", uri)

    return edit


def second_reference(uri: str) -> Edit:
    def edit(root: etree._Element) -> None:
        node = next(root.iter(f"{DS}Reference"))
        twin = copy.deepcopy(node)
        twin.set("URI", uri)
        node.addnext(twin)

    return edit


def transform(markup: str) -> Edit:
    def edit(root: etree._Element) -> None:
        transforms = next(root.iter(f"{DS}Transforms"))
        transforms.append(etree.fromstring(f'<ds:Transform xmlns:ds="{DS[1:-1]}" {markup}</ds:Transform>'))

    return edit


XSLT = (
    'Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet version="1.0" '
    'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"/></xsl:stylesheet>'
)
XPATH = 'Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>true()</ds:XPath>'


def key_info(markup: str) -> Edit:
    def edit(root: etree._Element) -> None:
        info = next(root.iter(f"{DS}KeyInfo"))
        info.append(etree.fromstring(f'<ds:{markup} xmlns:ds="{DS[1:-1]}"/>'))

    return edit


def inclusive_c14n(root: etree._Element) -> None:
    next(root.iter(f"{DS}CanonicalizationMethod")).set(
        "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    )


def hidden_response(root: etree._Element) -> None:
    status = root.find(f"{SAMLP}Status")
    assert status is not None
    etree.SubElement(etree.SubElement(status, f"{SAMLP}StatusDetail"), f"{SAMLP}Response").set("ID", "_x")


def encrypted_beside(root: etree._Element) -> None:
    etree.SubElement(root, f"{SAML}EncryptedAssertion")


def comment_in_mail(root: etree._Element) -> None:
    value = next(root.iter(f"{SAML}AttributeValue"))
    value.insert(0, etree.Comment("cut here"))


def instruction(root: etree._Element) -> None:
    root.insert(0, etree.ProcessingInstruction("php", "x"))


def deep(root: etree._Element) -> None:
    node = root[1]
    for _ in range(60):
        node = etree.SubElement(node, f"{SAMLP}StatusCode")


def wide(root: etree._Element) -> None:
    for _ in range(5000):
        etree.SubElement(root[1], f"{SAMLP}StatusDetail")


RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
HMAC = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
EDITS: dict[str, Edit] = {
    "signature stripped": strip,
    "mail changed": change_mail,
    "evil sibling before": sibling_before,
    "evil sibling after": sibling_after,
    "evil sibling with the same ID": same_id_before,
    "evil assertion around the signed one": evil_parent,
    "signed one in ds:Object": original_in_object,
    "signed one in Extensions": original_in_extensions,
    "signed one in StatusDetail": original_in_status_detail,
    "signed one in Advice": original_in_advice,
    "signature moved to an evil twin": signature_moved_to_evil,
    "xml:id beside ID": xml_id_twin,
    "the ID again as id": lower_case_id,
    "empty signature value": empty_signature_value,
    "empty digest": digest_of_nothing,
    "two digest values": second_digest_value,
    "digest hidden in a child": digest_with_a_child,
    "two SignedInfo": two_signed_infos,
    "two signatures": second_signature,
    "signature by HMAC": algorithm("SignatureMethod", HMAC),
    "signature by SHA-1": algorithm("SignatureMethod", RSA_SHA1),
    "digest by SHA-1": algorithm("DigestMethod", SHA1),
    "inclusive canonicalisation": inclusive_c14n,
    "reference to a file": reference("file:///etc/hostname"),
    "reference to a path": reference("/etc/hostname"),
    "reference to the whole document": reference(""),
    "reference without URI": reference(None),
    "reference by xpointer": reference("#xpointer(/)"),
    "second reference to a file": second_reference("file:///dev/zero"),
    "second reference to the document": second_reference(""),
    "XSLT transform": transform(XSLT),
    "XPath transform": transform(XPATH),
    "RetrievalMethod": key_info('RetrievalMethod URI="http://127.0.0.1:1/"'),
    "DSA key": key_info("DSAKeyValue"),
    "a Response in the Response": hidden_response,
    "an encrypted assertion beside": encrypted_beside,
    "comment in a value": comment_in_mail,
    "processing instruction": instruction,
    "nested too deeply": deep,
    "too many elements": wide,
}


@pytest.fixture(scope="module")
def control() -> bytes:
    """The honest message that every case starts from."""
    message = signed()
    assert believe(message).id
    return message


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_message_changed_after_signing_is_refused(control: bytes, edit: Edit) -> None:
    with pytest.raises(BadAssertion):
        believe(edited(control, edit))


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_changed_message_whose_envelope_was_signed_is_refused(edit: Edit) -> None:
    with pytest.raises(BadAssertion):
        believe(edited(signed(whole=True), edit))


def with_doctype(message: bytes) -> bytes:
    return b'<!DOCTYPE r [<!ENTITY e "x">]>' + message


RAW: dict[str, Callable[[bytes], bytes]] = {
    "DTD": with_doctype,
    "external entity": lambda m: b'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + m,
    "entity bomb": lambda m: b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + m,
    "UTF-16": lambda m: m.decode().encode("utf-16"),
    "UTF-7 declared": lambda m: b'<?xml version="1.0" encoding="UTF-7"?>' + m,
    "latin-1 declared": lambda m: b'<?xml version="1.0" encoding="iso-8859-1"?>' + m,
    "NUL byte": lambda m: m + b"\x00",
    "comment before": lambda m: b"<!-- -->" + m,
    "comment after": lambda m: m + b"<!-- -->",
    "cut short": lambda m: m[: len(m) // 2],
    "two documents": lambda m: m + m,
    "duplicate attribute": lambda m: m.replace(b'Version="2.0"', b'Version="2.0" Version="2.0"', 1),
    "empty": lambda m: b"",
    "not XML": lambda m: b"hello",
    "oversize": lambda m: m + b" " * MAX_MESSAGE,
    "another root": lambda m: b"<a>" + m + b"</a>",
}


@pytest.mark.parametrize("change", RAW.values(), ids=RAW.keys())
def test_bytes_that_are_not_plain_xml_are_refused(control: bytes, change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadAssertion):
        believe(change(control))


@pytest.mark.parametrize("text", ["", "%%%", "PHg+", "é", "A" * (2 * MAX_MESSAGE), "\ud800"])
def test_a_field_that_is_not_base64_of_a_response_is_refused(text: str) -> None:
    with pytest.raises(BadAssertion):
        believe(text)


def test_a_signature_by_another_key_is_refused_though_its_certificate_is_in_the_message() -> None:
    """KeyInfo carries the forger's certificate, which must count for nothing."""
    with pytest.raises(BadAssertion, match="registered key"):
        believe(signed(key="forger"))


ODD: dict[str, dict[str, object]] = {
    "SHA-1 signature": {"method": xmlsec.constants.TransformRsaSha1},
    "SHA-1 digest": {"digest": xmlsec.constants.TransformSha1},
    "inclusive c14n": {"c14n": xmlsec.constants.TransformInclC14N},
    "comments kept": {
        "transforms": (xmlsec.constants.TransformEnveloped, xmlsec.constants.TransformExclC14NWithComments)
    },
    "no c14n transform": {"transforms": (xmlsec.constants.TransformEnveloped,)},
    "whole document": {"uri": ""},
    "second reference": {"twice": True},
}


@pytest.mark.parametrize("oddity", ODD.values(), ids=ODD.keys())
def test_a_weak_or_odd_signature_is_refused_even_by_the_right_key(oddity: dict[str, object]) -> None:
    message = sign_oddly(messages.response(honest()), **oddity)  # type: ignore[arg-type]

    with pytest.raises(BadAssertion):
        believe(message)


def test_a_forger_who_signs_an_evil_response_around_a_signed_assertion_is_refused(control: bytes) -> None:
    root = etree.fromstring(control)
    root.set("ID", messages.new_id())

    with pytest.raises(BadAssertion):
        believe(messages.sign(root, identity_provider(key="forger")))


def test_a_provider_that_reports_a_failure_is_told_apart_and_signs_nobody_in() -> None:
    refusal = messages.refusal(identity_provider(), service(), REQUEST_ID, NOW)

    with pytest.raises(ProviderSaidNo, match="AuthnFailed"):
        believe(messages.sign(refusal, identity_provider()))


def test_a_failure_with_an_assertion_signs_nobody_in(control: bytes) -> None:
    def fail(root: etree._Element) -> None:
        next(root.iter(f"{SAMLP}StatusCode")).set("Value", "urn:oasis:names:tc:SAML:2.0:status:Requester")

    with pytest.raises(ProviderSaidNo):
        believe(edited(control, fail))


def namespaces(count: int) -> bytes:
    return b"".join(b' xmlns:n%d="u:%d"' % (n, n) for n in range(count))


def prefix_list(message: bytes) -> bytes:
    c14n = b'<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"'
    prefixes = b" ".join(b"n%d" % n for n in range(20_000))
    inclusive = b'><e:InclusiveNamespaces xmlns:e="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="'
    return message.replace(c14n + b"/>", c14n + inclusive + prefixes + b'"/></ds:Transform>', 1)


def into_response(text: bytes) -> Callable[[bytes], bytes]:
    return lambda message: message.replace(b"<samlp:Response ", b"<samlp:Response" + text + b" ", 1)


COSTLY: dict[str, Callable[[bytes], bytes]] = {
    "attributes": into_response(b"".join(b' a%d="1"' % n for n in range(18_000))),
    "namespaces": into_response(namespaces(6_000)),
    "namespaced attributes": into_response(
        namespaces(3_000) + b"".join(b' n%d:a="1"' % n for n in range(3_000))
    ),
    "prefixes": prefix_list,
    "text": lambda message: message.replace(b"Success", b"Success" + b"x" * 200_000, 1),
    "elements": lambda message: message.replace(b"<samlp:Status>", b"<samlp:Status>" + b"<a/>" * 50_000, 1),
}


@pytest.mark.parametrize("change", COSTLY.values(), ids=COSTLY.keys())
@pytest.mark.parametrize("whole", [False, True], ids=["assertion signed", "response signed"])
def test_a_message_made_to_be_costly_is_refused_at_little_cost(
    change: Callable[[bytes], bytes], whole: bool
) -> None:
    message = base64.b64encode(change(signed(whole=whole))).decode()
    costs = []
    for _ in range(3):
        start = time.process_time()
        with pytest.raises(SignInRefused):
            believe(message)
        costs.append(time.process_time() - start)

    assert min(costs) < 0.05


def test_an_exponential_transform_is_refused_before_it_runs(control: bytes) -> None:
    message = base64.b64encode(edited(control, transform(XSLT))).decode()

    start = time.process_time()
    with pytest.raises(SignInRefused):
        believe(message)

    assert time.process_time() - start < 0.05
