"""Encrypted messages through a rollover, encrypted names, and what a failure to decrypt gives away."""

from collections.abc import Callable

import pytest
from lxml import etree

from dev.identity_provider import messages, redirect
from dev.identity_provider.config import read_service
from saml import bindings, engine, slo, verify
from saml.encryption import CIPHERS
from saml.errors import BadAssertion
from saml.our_metadata import service_metadata
from saml.postcheck import read_name_id
from saml.xml import MD, SAML, q
from tests.attacks.encryption import CBC, USUAL, ciphertext, envelope, flipped, plain_assertion, sent, shaped
from tests.saml_encryption import Recipe, encrypted
from tests.saml_kit import (
    NOW,
    SETTINGS,
    Judgement,
    believe,
    decryption,
    identity_provider,
    key_pair,
    keys,
    registered,
    service,
    signed,
    signed_after,
)


@pytest.mark.parametrize("name", ["portal", "coming", "retired"])
def test_whatever_key_of_a_rollover_a_provider_knows_its_message_is_opened(name: str) -> None:
    judgement = Judgement(registered(), own=decryption(next="coming", previous="retired"))

    assert judgement.believe(sent(Recipe(recipients=(name,)))()).id


def test_a_key_that_was_forgotten_opens_nothing() -> None:
    with pytest.raises(BadAssertion, match="no key of ours"):
        believe(sent(Recipe(recipients=("retired",)))())


def test_our_metadata_asks_for_the_newest_key_and_the_strongest_algorithms_first() -> None:
    both = keys(next="coming")
    described = service_metadata(SETTINGS, both)

    assert "".join(read_service(described).encryption.split()) == "".join(both.certificates[1].split())
    methods = [node.get("Algorithm") for node in etree.fromstring(described).iter(q(MD, "EncryptionMethod"))]
    assert methods[: len(CIPHERS)] == list(CIPHERS)
    assert all("gcm" in str(method) for method in methods[:2])


def with_encrypted_name(root: etree._Element) -> None:
    name = next(root.iter(q(SAML, "NameID")))
    parent = name.getparent()
    assert parent is not None
    parent.replace(name, encrypted(etree.tostring(name, with_tail=False), USUAL, "EncryptedID"))


@pytest.mark.parametrize("whole", [False, True], ids=["assertion signed", "response signed"])
def test_an_encrypted_name_is_read_like_one_in_clear(whole: bool) -> None:
    assert believe(signed_after(with_encrypted_name, whole=whole)).name_id == believe(signed()).name_id


def test_an_encrypted_name_that_is_something_else_is_refused() -> None:
    def edit(root: etree._Element) -> None:
        name = next(root.iter(q(SAML, "NameID")))
        name.tag = q(SAML, "BaseID")
        parent = name.getparent()
        assert parent is not None
        parent.replace(name, encrypted(etree.tostring(name, with_tail=False), USUAL, "EncryptedID"))

    with pytest.raises(BadAssertion, match="not a NameID"):
        believe(signed_after(edit))


def test_an_encrypted_attribute_is_refused_with_a_clear_reason() -> None:
    def edit(root: etree._Element) -> None:
        attribute = next(root.iter(q(SAML, "Attribute")))
        parent = attribute.getparent()
        assert parent is not None
        inside = etree.tostring(attribute, with_tail=False)
        parent.replace(attribute, encrypted(inside, USUAL, "EncryptedAttribute"))

    with pytest.raises(BadAssertion, match="an attribute is encrypted"):
        believe(signed_after(edit))


def test_a_logout_request_may_encrypt_the_name() -> None:
    root = messages.logout_request(identity_provider(), service(), "name-1", "_session", NOW)
    clear = next(root.iter(q(SAML, "NameID")))
    expected = read_name_id(clear, registered().entity_id, SETTINGS.entity_id)
    with_encrypted_name(root)
    query = redirect.query("SAMLRequest", etree.tostring(root), "", key_pair("rivers")[0])
    arrived = bindings.read_redirect(query)

    found = slo.read_request(arrived.root, registered(), SETTINGS, decryption(), NOW)

    assert found.name_id == expected


FAILURES: dict[str, Callable[[], bytes]] = {
    "padding": shaped(
        ciphertext(lambda data: data[:-17] + bytes([data[-17] ^ 0x40]) + data[-16:]), whole=False, recipe=CBC
    ),
    "XML": shaped(ciphertext(flipped(40)), whole=False, recipe=CBC),
    "wrapped key": shaped(ciphertext(flipped(9), "EncryptedKey"), whole=False, recipe=CBC),
    "signature": lambda: envelope(
        encrypted(plain_assertion().replace(b"isolde", b"isolda"), CBC), whole=False
    ),
}


def test_every_way_to_fail_looks_the_same_to_who_sent_it() -> None:
    """One class of error with one code; what differs is the reason, which only the log gets."""
    found = []
    for make in FAILURES.values():
        with pytest.raises(BadAssertion) as refused:
            believe(make())
        found.append(refused.value.code)

    assert set(found) == {"bad-assertion"}


def test_what_can_not_be_opened_is_judged_as_long_as_what_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a timing: each failure goes through exactly one verification of a signature."""
    counted: list[object] = []
    real = engine.bytes_are_signed

    def counting(data: bytes, signature: bytes, algorithm: str, certificate: str) -> bool:
        counted.append(data)
        return real(data, signature, algorithm, certificate)

    monkeypatch.setattr(verify, "bytes_are_signed", counting)
    for make in FAILURES.values():
        counted.clear()
        with pytest.raises(BadAssertion):
            believe(make())
        assert len(counted) == 1
