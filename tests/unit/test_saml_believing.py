"""Honest messages are believed, whichever of the usual ways the provider signs and writes them."""

from dataclasses import replace
from datetime import timedelta

import pytest
import xmlsec
from lxml import etree

from dev.identity_provider import messages
from saml.attributes import MAIL_NAMES, SUBJECT
from saml.errors import ClocksDiffer, Expired, ProviderSaidNo
from tests.saml_kit import (
    ISOLDE,
    NOW,
    REQUEST_ID,
    SAML,
    Judgement,
    believe,
    edited,
    honest,
    identity_provider,
    key_pair,
    registered,
    service,
    sign_oddly,
    signed,
    signed_after,
)


@pytest.mark.parametrize("whole", [False, True], ids=["assertion signed", "response signed"])
def test_an_honest_answer_is_believed(whole: bool) -> None:
    believed = believe(signed(whole=whole))

    assert believed.attributes[SUBJECT] == (ISOLDE.subject_id,)
    assert believed.attributes[MAIL_NAMES[0]] == (ISOLDE.mail,)
    assert believed.name_id is not None
    assert believed.ends_at == NOW + timedelta(minutes=5)


def test_an_answer_with_both_parts_signed_is_believed() -> None:
    root = etree.fromstring(signed())

    assert believe(messages.sign(root, identity_provider())).attributes[SUBJECT] == (ISOLDE.subject_id,)


def test_an_answer_without_a_name_id_is_believed() -> None:
    assert believe(signed(honest(name_id=None))).name_id is None


@pytest.mark.parametrize("strength", ["Sha384", "Sha512"])
def test_stronger_digests_are_believed(strength: str) -> None:
    message = sign_oddly(
        messages.response(honest()),
        method=getattr(xmlsec.constants, f"TransformRsa{strength}"),
        digest=getattr(xmlsec.constants, f"Transform{strength}"),
    )

    assert believe(message).attributes[SUBJECT] == (ISOLDE.subject_id,)


def test_either_of_two_certificates_may_have_signed() -> None:
    both = replace(registered(), certificates=(key_pair("retired")[1], key_pair("rivers")[1]))

    assert Judgement(both).believe(signed()).attributes[SUBJECT] == (ISOLDE.subject_id,)


def test_white_space_around_a_value_is_not_part_of_it() -> None:
    def pad(root: etree._Element) -> None:
        for value in root.iter(f"{SAML}AttributeValue"):
            value.text = f"\n  {value.text}\n"

    assert believe(signed_after(pad)).attributes[SUBJECT] == (ISOLDE.subject_id,)


def test_prefixes_named_by_the_canonicalisation_are_kept() -> None:
    """OpenSAML types its values with a prefix that only InclusiveNamespaces keeps."""
    root = etree.fromstring(
        etree.tostring(messages.response(honest())).replace(
            b"<samlp:Response ", b'<samlp:Response xmlns:xs="http://www.w3.org/2001/XMLSchema" ', 1
        )
    )
    for value in root.iter(f"{SAML}AttributeValue"):
        value.set("{http://www.w3.org/2001/XMLSchema-instance}type", "xs:string")
    target = root.find(f"{SAML}Assertion")
    assert target is not None
    signature = xmlsec.template.create(
        target, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256, ns="ds"
    )
    target.insert(1, signature)
    reference = xmlsec.template.add_reference(
        signature, xmlsec.constants.TransformSha256, uri=f"#{target.get('ID')}"
    )
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    c14n = xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    xmlsec.template.transform_add_c14n_inclusive_namespaces(c14n, "xs")
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key_pair("rivers")[0], xmlsec.constants.KeyDataFormatPem, None)
    xmlsec.tree.add_ids(root, ["ID"])
    context.sign(signature)

    assert believe(etree.tostring(root)).attributes[SUBJECT] == (ISOLDE.subject_id,)


def test_an_answer_that_only_passed_through_another_writer_is_believed() -> None:
    assert believe(edited(signed(), lambda root: None)).attributes[SUBJECT] == (ISOLDE.subject_id,)


@pytest.mark.parametrize("minutes", [2, -2], ids=["clock ahead", "clock behind"])
def test_clocks_may_differ_by_two_minutes(minutes: int) -> None:
    assert believe(signed(), now=NOW + timedelta(minutes=minutes)).id


def test_seventy_minutes_of_validity_are_accepted_as_one_large_provider_gives_them() -> None:
    assert believe(signed(honest(minutes=70))).id


def test_a_provider_that_reports_a_failure_is_told_apart_and_signs_nobody_in() -> None:
    refusal = messages.refusal(identity_provider(), service(), REQUEST_ID, NOW)

    with pytest.raises(ProviderSaidNo, match="AuthnFailed"):
        believe(messages.sign(refusal, identity_provider()))


@pytest.mark.parametrize("minutes", [10, -10], ids=["our clock ahead", "our clock behind"])
def test_clocks_ten_minutes_apart_are_refused_with_a_word_about_clocks(minutes: int) -> None:
    with pytest.raises((ClocksDiffer, Expired), match="clock"):
        believe(signed(), now=NOW + timedelta(minutes=minutes))
