"""Metadata, ours and the providers': read strictly, written so that the other side accepts it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from dev.identity_provider import messages
from dev.identity_provider.demo import ensure_key
from saml import metadata
from saml.errors import ProviderRefused
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
    "no sign-in address": drop("SingleSignOnService"),
    "POST only": put("SingleSignOnService", "Binding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"),
    "plain http": put("SingleSignOnService", "Location", "http://idp.example/sso"),
    "a script": put("SingleSignOnService", "Location", "javascript:alert(1)"),
    "a password in the address": put("SingleSignOnService", "Location", "https://a:b@idp.example/"),
    "header injection": put("SingleSignOnService", "Location", "https://idp.example/;form-action"),
    "no key": drop("KeyDescriptor"),
    "encryption key only": put("KeyDescriptor", "use", "encryption"),
    "certificate rubbish": certificate("rubbish"),
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

    assert metadata.read(signed, NOW, key_pair("federation")[1]).entity_id
    with pytest.raises(ProviderRefused):
        metadata.read(signed, NOW, key_pair("forger")[1])
    with pytest.raises(ProviderRefused, match="not signed"):
        metadata.read(HONEST, NOW, key_pair("federation")[1])
    changed = edited(signed, put("SingleSignOnService", "Location", "https://evil.example/"))
    with pytest.raises(ProviderRefused):
        metadata.read(changed, NOW, key_pair("federation")[1])


@pytest.mark.parametrize(
    "address", ["https://localhost:1/", "http://127.0.0.1:1/", "http://other.example/", "file:///etc"]
)
def test_an_address_without_metadata_is_refused_in_a_sentence(address: str) -> None:
    with pytest.raises(ProviderRefused):
        metadata.fetch(address, timeout=1)


def test_a_demonstration_key_is_for_its_owner_only_and_is_kept(tmp_path: Path) -> None:
    ensure_key(tmp_path / "key", tmp_path / "crt", "Counterpart", NOW)
    before = (tmp_path / "key").read_text()
    ensure_key(tmp_path / "key", tmp_path / "crt", "Counterpart", NOW)

    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "key").read_text() == before
