"""Metadata, ours and the providers': read strictly, written so that the other side accepts it."""

import base64
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from dev.identity_provider import messages
from dev.identity_provider.demo import ensure_key
from saml import metadata
from saml.errors import ProviderRefused
from saml.fetch import Rules, fetch
from tests.saml_kit import DS, NOW, edited, identity_provider, key_pair, sign_oddly

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
HONEST = messages.metadata(identity_provider())


def test_a_providers_metadata_is_read() -> None:
    found = metadata.read(HONEST, NOW)

    assert found.entity_id == "http://127.0.0.1:5001/rivers/metadata"
    assert found.sso_url == "http://127.0.0.1:5001/rivers/sso"
    assert found.slo_url == "http://127.0.0.1:5001/rivers/slo"
    assert found.certificates == (key_pair("rivers")[1],)


def role(root: etree._Element) -> etree._Element:
    return root[0]


def put(tag: str, key: str, value: str) -> Callable[[etree._Element], None]:
    return lambda root: next(root.iter(f"{MD}{tag}")).set(key, value)


def drop(tag: str) -> Callable[[etree._Element], None]:
    def edit(root: etree._Element) -> None:
        node = next(root.iter(f"{MD}{tag}"))
        parent = node.getparent()
        assert parent is not None
        parent.remove(node)

    return edit


def drop_every(tag: str) -> Callable[[etree._Element], None]:
    def edit(root: etree._Element) -> None:
        for node in list(root.iter(f"{MD}{tag}")):
            role(root).remove(node)

    return edit


def many_certificates(root: etree._Element) -> None:
    key = next(root.iter(f"{MD}KeyDescriptor"))
    role(root).extend(deepcopy(key) for _ in range(500))


def weak_key(root: etree._Element) -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it must be refused
    next(root.iter(f"{DS}X509Certificate")).text = self_signed(key)


def self_signed(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """A certificate of the key, as metadata writes it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(days=90))
    return base64.b64encode(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)).decode()


def second_role(root: etree._Element) -> None:
    root.append(etree.fromstring(etree.tostring(role(root))))


def certificate(text: str) -> Callable[[etree._Element], None]:
    return lambda root: setattr(next(root.iter(f"{DS}X509Certificate")), "text", text)


WRONG: dict[str, Callable[[etree._Element], None]] = {
    "expired": put("EntityDescriptor", "validUntil", "2026-11-22T00:00:00Z"),
    "role expired": put("IDPSSODescriptor", "validUntil", "2026-11-22T00:00:00Z"),
    "no time": put("EntityDescriptor", "validUntil", "soon"),
    "no entity ID": put("EntityDescriptor", "entityID", ""),
    "SAML 1.1 only": put(
        "IDPSSODescriptor", "protocolSupportEnumeration", "urn:oasis:names:tc:SAML:1.1:protocol"
    ),
    "two roles": second_role,
    "no role": drop("IDPSSODescriptor"),
    "no sign-in address": drop_every("SingleSignOnService"),
    "plain http": put("SingleSignOnService", "Location", "http://idp.example/sso"),
    "a script": put("SingleSignOnService", "Location", "javascript:alert(1)"),
    "a password in the address": put("SingleSignOnService", "Location", "https://a:b@idp.example/"),
    "header injection": put("SingleSignOnService", "Location", "https://idp.example/;form-action"),
    "no key": drop("KeyDescriptor"),
    "encryption key only": put("KeyDescriptor", "use", "encryption"),
    "certificate rubbish": certificate("rubbish"),
    "a weak key": weak_key,
    "too many keys": many_certificates,
    "an entity ID with a line end": put("EntityDescriptor", "entityID", "https://idp.example/\na"),
    "an entity ID in Cyrillic": put("EntityDescriptor", "entityID", "https://idp.\u0435xample/"),
    "an address without a host": put("SingleSignOnService", "Location", "https:///sso"),
    "an address of data": put("SingleSignOnService", "Location", "data:text/html,x"),
    "an address of 3,000 letters": put("SingleSignOnService", "Location", "https://a.example/" + "x" * 3000),
    "40 attributes too many": lambda root: [root.set(f"a{n}", "") for n in range(60)] and None,
}


@pytest.mark.parametrize("edit", WRONG.values(), ids=WRONG.keys())
def test_metadata_that_can_not_be_used_is_refused_in_a_sentence(
    edit: Callable[[etree._Element], None],
) -> None:
    with pytest.raises(ProviderRefused) as refused:
        metadata.read(edited(HONEST, edit), NOW)

    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("data", [b"", b"<a/>", b"\xff", b"<!DOCTYPE a><a/>", b"x" * 2_000_000], ids=range(5))
def test_bytes_that_are_not_metadata_are_refused(data: bytes) -> None:
    with pytest.raises(ProviderRefused):
        metadata.read(data, NOW)


def test_an_expired_certificate_is_refused_by_its_date() -> None:
    with pytest.raises(ProviderRefused, match="expired on"):
        metadata.read(HONEST, NOW + timedelta(days=4000))


def test_signed_metadata_is_read_with_the_signers_certificate_only() -> None:
    root = etree.fromstring(HONEST)
    root.set("ID", "_m")
    signed = sign_oddly(root, whole=True, key="federation")

    assert metadata.read(signed, NOW, [key_pair("federation")[1]]).entity_id
    with pytest.raises(ProviderRefused):
        metadata.read(signed, NOW, [key_pair("forger")[1]])
    with pytest.raises(ProviderRefused, match="not signed"):
        metadata.read(HONEST, NOW, [key_pair("federation")[1]])
    changed = edited(signed, put("SingleSignOnService", "Location", "https://evil.example/"))
    with pytest.raises(ProviderRefused):
        metadata.read(changed, NOW, [key_pair("federation")[1]])


@pytest.mark.parametrize(
    "address", ["https://localhost:1/", "http://127.0.0.1:1/", "http://other.example/", "file:///etc"]
)
def test_an_address_without_metadata_is_refused_in_a_sentence(address: str) -> None:
    with pytest.raises(ProviderRefused):
        fetch(address, Rules(most=1000, seconds=1, this_machine=True))


def test_a_demonstration_key_is_for_its_owner_only_and_is_kept(tmp_path: Path) -> None:
    ensure_key(tmp_path / "key", tmp_path / "crt", "Counterpart", NOW)
    before = (tmp_path / "key").read_text()
    ensure_key(tmp_path / "key", tmp_path / "crt", "Counterpart", NOW)

    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "key").read_text() == before


UI = """<md:Extensions xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
 xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" xmlns:shibmd="urn:mace:shibboleth:metadata:1.0"
 xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">
<mdui:UIInfo><mdui:DisplayName xml:lang="en">Rivers &amp;\n  Coasts\u202e</mdui:DisplayName>
<mdui:DisplayName xml:lang="cy">Afonydd ac Arfordiroedd</mdui:DisplayName>
<mdui:DisplayName xml:lang="de">%s</mdui:DisplayName>
<mdui:Keywords xml:lang="en">water flood+defence</mdui:Keywords>
<mdui:PrivacyStatementURL xml:lang="en">javascript:alert(1)</mdui:PrivacyStatementURL>
<mdui:PrivacyStatementURL xml:lang="cy">https://rivers.example/preifatrwydd</mdui:PrivacyStatementURL>
<mdui:Logo height="16" width="16">https://rivers.example/small.png</mdui:Logo>
<mdui:Logo height="100" width="100">https://rivers.example/right.png</mdui:Logo>
<mdui:Logo height="96" width="96">http://rivers.example/plain.png</mdui:Logo></mdui:UIInfo>
<mdattr:EntityAttributes><saml:Attribute Name="urn:oasis:names:tc:SAML:attribute:assurance-certification">
<saml:AttributeValue>https://refeds.org/sirtfi</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="http://macedir.org/entity-category-support">
<saml:AttributeValue>https://refeds.org/category/personalized</saml:AttributeValue></saml:Attribute>
</mdattr:EntityAttributes><shibmd:Scope>Rivers.example</shibmd:Scope>
<shibmd:Scope regexp="true">.*</shibmd:Scope></md:Extensions>"""


def test_what_the_provider_says_of_itself_is_read_cleaned_and_never_leads_astray() -> None:
    def describe(root: etree._Element) -> None:
        role(root).replace(role(root)[0], etree.fromstring(UI % ("x" * 300)))

    found = metadata.read(edited(HONEST, describe), NOW)

    assert found.names == {"en": "Rivers & Coasts", "cy": "Afonydd ac Arfordiroedd"}
    assert found.keywords == ("water", "flood defence")
    assert found.privacy_url == "https://rivers.example/preifatrwydd"
    assert found.logo == "https://rivers.example/right.png"
    assert found.scopes == ("rivers.example",)
    assert found.assurance == ("https://refeds.org/sirtfi",)
    assert found.categories == ("https://refeds.org/category/personalized",)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()], ids=lambda curve: curve.name)
def test_elliptic_keys_and_keys_without_a_stated_use_are_taken(curve: ec.EllipticCurve) -> None:
    def add(root: etree._Element) -> None:
        key = deepcopy(next(root.iter(f"{MD}KeyDescriptor")))
        del key.attrib["use"]
        next(key.iter(f"{DS}X509Certificate")).text = self_signed(ec.generate_private_key(curve))
        role(root).insert(0, key)

    assert len(metadata.read(edited(HONEST, add), NOW).certificates) == 2


def test_an_unusable_key_beside_a_good_one_is_left_out_and_named() -> None:
    def add(root: etree._Element) -> None:
        role(root).insert(0, deepcopy(next(root.iter(f"{MD}KeyDescriptor"))))
        weak_key(root)

    found = metadata.read(edited(HONEST, add), NOW)

    assert found.certificates == (key_pair("rivers")[1],)
    assert "too weak" in found.problems[0]


def test_a_provider_that_takes_http_post_alone_can_be_registered() -> None:
    def post_only(root: etree._Element) -> None:
        drop_every("SingleSignOnService")(root)
        etree.SubElement(
            role(root), f"{MD}SingleSignOnService", Location="https://idp.example/sso",
            Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        )  # fmt: skip

    found = metadata.read(edited(HONEST, post_only), NOW)

    assert (found.sso_url, found.sso_post_url) == ("", "https://idp.example/sso")
