"""Logout messages are believed only with the provider's signature over the query as it arrived."""

import base64
import re
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote, quote_plus

import pytest
from lxml import etree

from dev.identity_provider import messages, redirect
from saml import bindings, slo
from saml.assertion import NameID
from saml.engine import sign_bytes
from saml.errors import BadLogout
from saml.messages import logout_request, redirect_url
from saml.postcheck import read_name_id
from tests.saml_kit import (
    NOW,
    SAML,
    SAMLP,
    SETTINGS,
    decryption,
    identity_provider,
    key_pair,
    keys,
    registered,
    service,
)

PROVIDER = registered()


def wish(now: datetime = NOW) -> etree._Element:
    return messages.logout_request(identity_provider(), service(), "name-1", "_session", now)


def query(root: etree._Element | None = None, key: str = "rivers", kind: str = "SAMLRequest") -> str:
    message = etree.tostring(wish() if root is None else root)
    return redirect.query(kind, message, "their state", key_pair(key)[0])


def judge(text: str) -> slo.LogoutRequest:
    root = bindings.believed(bindings.read_redirect(text), PROVIDER, NOW)
    return slo.read_request(root, PROVIDER, SETTINGS, decryption(), NOW)


def test_a_signed_logout_request_is_believed() -> None:
    believed = judge(query())

    assert believed.name_id.value == "name-1"
    assert believed.session_indexes == ("_session",)


def test_the_name_compares_with_that_of_the_sign_in_although_its_qualifiers_were_left_out() -> None:
    qualified = etree.Element(f"{SAML}NameID")
    qualified.text = "name-1"
    qualified.set("Format", messages.PERSISTENT)
    qualified.set("NameQualifier", PROVIDER.entity_id)

    signed_in = read_name_id(qualified, PROVIDER.entity_id, SETTINGS.entity_id)

    assert judge(query()).name_id == signed_in
    assert NameID.from_text(signed_in.text()) == signed_in


def test_a_signature_over_lower_case_encoding_is_believed_as_it_arrived() -> None:
    """Some senders escape in lower case; decoding and encoding again would break their signature."""
    packed = base64.b64encode(deflated(etree.tostring(wish()))).decode()
    text = f"SAMLRequest={lower(quote_plus(packed))}&SigAlg={lower(quote(redirect.RSA_SHA256, safe=''))}"

    assert judge(f"{text}&Signature={lower(quote_plus(signature(text)))}").name_id.value == "name-1"


def lower(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), text)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def signature(text: str) -> str:
    return base64.b64encode(sign_bytes(text.encode(), key_pair("rivers")[0])).decode()


def without(name: str) -> Callable[[str], str]:
    return lambda text: "&".join(part for part in text.split("&") if not part.startswith(f"{name}="))


QUERIES: dict[str, Callable[[str], str]] = {
    "unsigned": without("Signature"),
    "no algorithm": without("SigAlg"),
    "no message": without("SAMLRequest"),
    "RelayState removed": without("RelayState"),
    "RelayState changed": lambda text: text.replace("RelayState=their", "RelayState=other"),
    "message twice": lambda text: text.split("&")[0] + "&" + text,
    "message in disguise": lambda text: text + "&SAML%52equest=x",
    "a response beside": lambda text: text + "&SAMLResponse=x",
    "SHA-1": lambda text: text.replace("xmldsig-more%23rsa-sha256", "xmldsig%23rsa-sha1"),
    "no known algorithm": lambda text: text.replace("rsa-sha256", "none"),
    "signature not base64": lambda text: text.rpartition("=")[0] + "=%%%",
    "empty signature": lambda text: text.rpartition("=")[0] + "=",
    "empty": lambda text: "",
    "not ASCII": lambda text: text + "é",
    "long": lambda text: text + "&x=" + "x" * 70_000,
    "percent rubbish": lambda text: text.replace("SAMLRequest=", "SAMLRequest=%zz%"),
}


@pytest.mark.parametrize("change", QUERIES.values(), ids=QUERIES.keys())
def test_a_query_changed_after_signing_is_refused(change: Callable[[str], str]) -> None:
    assert judge(query()).id

    with pytest.raises(BadLogout):
        judge(change(query()))


def test_another_providers_key_signs_nobody_out() -> None:
    with pytest.raises(BadLogout, match="registered key"):
        judge(query(key="forger"))


def test_a_request_of_another_entity_is_refused_even_by_the_right_key() -> None:
    root = wish()
    next(root.iter(f"{SAML}Issuer")).text = "http://127.0.0.1:5001/northmere/metadata"

    with pytest.raises(BadLogout, match="issuer"):
        judge(query(root))


def drop(tag: str) -> Callable[[etree._Element], None]:
    def edit(root: etree._Element) -> None:
        node = next(root.iter(tag))
        parent = node.getparent()
        assert parent is not None
        parent.remove(node)

    return edit


def put(key: str, value: str) -> Callable[[etree._Element], None]:
    return lambda root: root.set(key, value)


EDITS: dict[str, Callable[[etree._Element], None]] = {
    "no name": drop(f"{SAML}NameID"),
    "no issuer": drop(f"{SAML}Issuer"),
    "another destination": put("Destination", "https://other.example/slo"),
    "destination longer": put("Destination", SETTINGS.slo_url + "/x"),
    "no ID": put("ID", ""),
    "SAML 1.1": put("Version", "1.1"),
    "old": put("IssueInstant", "2026-11-23T08:00:00Z"),
    "future": put("IssueInstant", "2026-11-23T10:00:00Z"),
    "over": put("NotOnOrAfter", "2026-11-23T08:50:00Z"),
    "two names": lambda root: root.append(etree.fromstring(etree.tostring(next(root.iter(f"{SAML}NameID"))))),
    "comment in the name": lambda root: next(root.iter(f"{SAML}NameID")).insert(0, etree.Comment("x")),
    "element in the name": lambda root: next(root.iter(f"{SAML}NameID")).append(etree.Element("x")),
    "name of another provider": lambda root: next(root.iter(f"{SAML}NameID")).set("NameQualifier", "x"),
    "another message": lambda root: setattr(root, "tag", f"{SAMLP}AuthnRequest"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_signed_request_that_makes_no_sense_is_refused(edit: Callable[[etree._Element], None]) -> None:
    root = wish()
    edit(root)

    with pytest.raises(BadLogout):
        judge(query(root))


def test_a_dtd_is_refused() -> None:
    with pytest.raises(BadLogout):
        judge(
            redirect.query("SAMLRequest", b"<!DOCTYPE a>" + etree.tostring(wish()), "", key_pair("rivers")[0])
        )


def test_a_message_that_inflates_enormously_is_refused_in_little_memory() -> None:
    bomb = quote_plus(base64.b64encode(deflated(b"<a>" + b" " * 20_000_000)).decode())
    text = f"SAMLRequest={bomb}&SigAlg=x&Signature=eA=="
    tracemalloc.start()

    with pytest.raises(BadLogout, match="inflates"):
        bindings.read_redirect(text)

    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("data", [b"", b"\x00", deflated(b"<a/>")[:-2], deflated(b"<a/>") + b"x", b"hello"])
def test_bytes_that_are_not_deflated_whole_are_refused(data: bytes) -> None:
    with pytest.raises(BadLogout):
        bindings.read_redirect(
            f"SAMLRequest={quote_plus(base64.b64encode(data).decode())}&SigAlg=x&Signature=eA=="
        )


def answer(**changes: str) -> str:
    root = messages.logout_response(identity_provider(), service(), "_ours", NOW)
    for key, value in changes.items():
        root.set(key, value)
    return query(root, kind="SAMLResponse")


def complete(text: str) -> bool:
    root = bindings.believed(bindings.read_redirect(text), PROVIDER, NOW)
    return slo.read_response(root, "_ours", PROVIDER, SETTINGS, NOW)


def test_an_answer_to_our_request_is_believed_and_another_is_not() -> None:
    assert complete(answer())
    with pytest.raises(BadLogout):
        complete(answer(InResponseTo="_other"))
    with pytest.raises(BadLogout):
        complete(query())


def test_a_partial_logout_is_told() -> None:
    root = messages.logout_response(identity_provider(), service(), "_ours", NOW)
    code = next(root.iter(f"{SAMLP}StatusCode"))
    partial = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
    etree.SubElement(code, f"{SAMLP}StatusCode").set("Value", partial)

    assert not complete(query(root, kind="SAMLResponse"))


def test_our_own_request_is_signed_so_that_a_provider_can_verify_it() -> None:
    name = NameID("name-1", messages.PERSISTENT, PROVIDER.entity_id, SETTINGS.entity_id)
    message = logout_request("_ours", PROVIDER.slo_url, name, "_session", SETTINGS, NOW)
    url = redirect_url(PROVIDER.slo_url, "SAMLRequest", message, "opaque", keys())

    arrived = redirect.read(url.partition("?")[2], service(), PROVIDER.slo_url)

    assert arrived.relay_state == "opaque"
    assert arrived.root.findtext(f"{SAML}NameID") == "name-1"


def test_our_request_names_the_person_as_the_provider_did() -> None:
    written = etree.Element(f"{SAML}NameID")
    written.text = "name-1"
    bare = read_name_id(written, PROVIDER.entity_id, SETTINGS.entity_id)
    written.set("Format", messages.PERSISTENT)
    written.set("SPNameQualifier", SETTINGS.entity_id)
    half = read_name_id(written, PROVIDER.entity_id, SETTINGS.entity_id)

    def sent(name: NameID) -> dict[str, str]:
        kept = NameID.from_text(name.text(), name.omitted)
        message = logout_request("_ours", PROVIDER.slo_url, kept, "", SETTINGS, NOW)
        node = etree.fromstring(message).find(f"{SAML}NameID")
        assert node is not None
        return dict(node.attrib)

    assert sent(bare) == {}
    assert sent(half) == {"Format": messages.PERSISTENT, "SPNameQualifier": SETTINGS.entity_id}


def test_an_expired_certificate_signs_nobody_out() -> None:
    arrived = bindings.read_redirect(query())

    with pytest.raises(BadLogout):
        bindings.believed(arrived, PROVIDER, NOW + timedelta(days=4000))
    with pytest.raises(BadLogout):
        bindings.believed(arrived, replace(PROVIDER, certificates=()), NOW)
