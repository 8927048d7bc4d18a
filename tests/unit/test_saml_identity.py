"""Whom an assertion may belong to: linked keys, first links by mail, and nobody of another department."""

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from dev.identity_provider import messages
from dev.identity_provider.messages import MAIL, SUBJECT_ID
from ldap_schema.people import ACTIVE, DECEASED, HELD, LEAVING, LEFT, MISSING, PENDING, Person
from saml import contexts, identity
from saml.assertion import Assertion, NameID
from saml.attributes import ENTRA_OBJECT, ENTRA_TENANT, PAIRWISE, TARGETED
from saml.errors import BadAssertion, MovedAway, NotAssured, NotOwned, UnknownPerson
from saml.identity import PERSISTENT
from saml.impersonation import organisations_meant
from saml.provider import ENTRA, NAME_ID, PAIRWISE_ID, TARGETED_ID, Provider
from tests.saml_kit import NOW, SAML, SETTINGS, Judgement, believe, registered, signed, signed_after

RIVERS = registered()
TENANT, OBJECT = "6f1b1f0e-0000-4000-8000-0123456789ab", "11111111-2222-4333-8444-555555555555"


def asserting(
    subject_id: str = "rc-1@rivers-and-coasts.example", *mails: str, **more: tuple[str, ...]
) -> Assertion:
    attributes = {SUBJECT_ID: (subject_id,), MAIL: mails} | more
    return Assertion("_a", NameID("n-1", identity.PERSISTENT), "_s", NOW, NOW, (), attributes)


def person(**changes: object) -> Person:
    base = Person(
        uid="u-1", full_name="Ada Quill", family_name="Quill", organisation_id="org-rivers",
        sign_in_address="ada.quill@rivers-and-coasts.example",
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def claimed(mail: str = "ada.quill@rivers-and-coasts.example") -> identity.Claim:
    return identity.claim(asserting("rc-1@rivers-and-coasts.example", mail), RIVERS)


def test_the_key_is_provider_kind_and_value_and_ignores_case() -> None:
    found = identity.claim(
        asserting("RC-1@Rivers-and-Coasts.example", "Ada@Rivers-and-Coasts.example"), RIVERS
    )

    assert found.federated_id == "rivers|subject-id|rc-1@rivers-and-coasts.example"
    assert found.mails == ("ada@rivers-and-coasts.example",)


@pytest.mark.parametrize(
    "subject_id",
    [
        "np-1@northmere.police.example",
        "rc-1@sub.rivers-and-coasts.example",
        "rc-1@rivers-and-coasts.example.evil.example",
        "rc-1@xrivers-and-coasts.example",
    ],
)
def test_a_subject_id_of_anothers_scope_is_not_owned(subject_id: str) -> None:
    with pytest.raises(NotOwned):
        identity.claim(asserting(subject_id), RIVERS)


@pytest.mark.parametrize(
    "subject_id",
    [
        "",
        "rc-1",
        "@rivers-and-coasts.example",
        "rc 1@rivers-and-coasts.example",
        "rc|1@rivers-and-coasts.example",
        "rc-1@rivers-and-cоasts.example",  # noqa: RUF001 - the Cyrillic letter is the attack
        "rc-1@rivers-and-coasts.example@rivers-and-coasts.example",
        "rc-1@rivers-and-coasts.example\n",
        "x" * 200 + "@rivers-and-coasts.example",
    ],
)
def test_a_malformed_subject_id_is_refused(subject_id: str) -> None:
    with pytest.raises(BadAssertion):
        identity.claim(asserting(subject_id), RIVERS)


def test_two_subject_ids_are_refused() -> None:
    two = asserting()
    doubled = replace(
        two, attributes={SUBJECT_ID: ("a@rivers-and-coasts.example", "b@rivers-and-coasts.example")}
    )

    with pytest.raises(BadAssertion):
        identity.claim(doubled, RIVERS)


@pytest.mark.parametrize(
    "mail",
    [
        "аda@rivers-and-coasts.example",  # noqa: RUF001 - the Cyrillic letter is the attack
        "ada@rivers-and-cоasts.example",  # noqa: RUF001 - the Cyrillic letter is the attack
        "ada@rivers-and-coasts.example@northmere.police.example",
        "ada@rivers-and-coasts.example, bob@northmere.police.example",
        "ada.quill@rivers-and-coasts.example".replace("l", "\u2113"),
        "ada.quil\u212a@rivers-and-coasts.example",
        "ada.quill\uff20rivers-and-coasts.example",
        "ada@rivers-and-coasts.example\x00",
        "Ada <ada@rivers-and-coasts.example>",
    ],
)
def test_an_odd_mail_address_introduces_nobody(mail: str) -> None:
    with pytest.raises(BadAssertion):
        identity.admit_first(person(), claimed(mail), RIVERS)


def test_several_mail_addresses_introduce_nobody_and_name_the_foreign_domain() -> None:
    several = identity.claim(
        asserting("rc-1@rivers-and-coasts.example", "ada.quill@rivers-and-coasts.example", "x@other.example"),
        RIVERS,
    )

    with pytest.raises(UnknownPerson) as refused:
        identity.admit_first(person(), several, RIVERS)
    assert refused.value.spoken_of == "other.example"


def test_one_mail_address_under_two_names_is_one() -> None:
    twice = asserting("rc-1@rivers-and-coasts.example", "ada.quill@rivers-and-coasts.example")
    twice = replace(twice, attributes={**twice.attributes, "mail": ("Ada.Quill@rivers-and-coasts.example",)})

    assert identity.admit_first(person(), identity.claim(twice, RIVERS), RIVERS).uid == "u-1"


def test_a_first_sign_in_may_link_the_one_unlinked_active_person_of_the_organisation() -> None:
    assert identity.admit_first(person(), claimed(), RIVERS).uid == "u-1"


def test_an_unknown_person_is_told_whom_to_call() -> None:
    with pytest.raises(UnknownPerson) as refused:
        identity.admit_first(None, claimed(), RIVERS)

    assert refused.value.contact == RIVERS.contact
    assert refused.value.domain == "rivers-and-coasts.example"
    assert "ada" not in str(refused.value.reason)


def test_a_first_sign_in_without_mail_links_nobody() -> None:
    with pytest.raises(UnknownPerson):
        identity.hint(identity.claim(asserting(), RIVERS), RIVERS)


@pytest.mark.parametrize(
    "mail",
    [
        "tamsin@northmere.police.example",
        "ada@mail.rivers-and-coasts.example",
        "ada@rivers-and-coasts.example.northmere.police.example",
        "ada@rivers-and-coast.example",
    ],
)
def test_mail_of_a_domain_that_is_not_the_providers_links_nobody(mail: str) -> None:
    with pytest.raises(NotOwned):
        identity.admit_first(person(sign_in_address=mail), claimed(mail), RIVERS)


def test_a_shared_domain_links_nobody_by_itself() -> None:
    sharing = replace(RIVERS, shared_domains=("shared.example",))

    claim = identity.claim(asserting("rc-1@rivers-and-coasts.example", "ada@shared.example"), sharing)
    with pytest.raises(UnknownPerson) as refused:
        identity.admit_first(person(), claim, sharing)
    # Whoever looks after the directory may: they are told the key, and the one record with that address.
    assert refused.value.federated_id == "rivers|subject-id|rc-1@rivers-and-coasts.example"
    assert refused.value.candidate == "u-1"


@pytest.mark.parametrize("status", [PENDING, MISSING, LEAVING, LEFT, HELD, DECEASED])
def test_only_an_active_person_is_linked(status: str) -> None:
    with pytest.raises(UnknownPerson):
        identity.admit_first(person(status=status), claimed(), RIVERS)


def test_a_person_with_a_link_is_never_linked_again_by_mail() -> None:
    with pytest.raises(UnknownPerson):
        identity.admit_first(person(federated_ids=("rivers|subject-id|other",)), claimed(), RIVERS)


def test_a_person_of_another_organisation_is_not_linked_even_with_an_address_of_ours() -> None:
    with pytest.raises(NotOwned):
        identity.admit_first(person(organisation_id="org-northmere"), claimed(), RIVERS)


@pytest.mark.parametrize("status", [ACTIVE, MISSING, LEAVING])
def test_a_linked_person_comes_in_while_others_see_them(status: str) -> None:
    assert identity.admit(person(status=status), RIVERS).uid == "u-1"


@pytest.mark.parametrize("status", [PENDING, LEFT, HELD, DECEASED])
def test_a_linked_person_who_left_or_is_held_does_not_come_in(status: str) -> None:
    with pytest.raises(UnknownPerson):
        identity.admit(person(status=status), RIVERS)


@pytest.mark.parametrize("organisation", ["org-northmere", ""])
def test_a_linked_person_who_moved_organisation_does_not_come_in(organisation: str) -> None:
    with pytest.raises(MovedAway) as refused:
        identity.admit(person(organisation_id=organisation), RIVERS)
    assert refused.value.organisations == ((organisation,) if organisation else ())


def entra(tenant: str, person_id: str = OBJECT) -> Assertion:
    return replace(asserting(), attributes={ENTRA_TENANT: (tenant,), ENTRA_OBJECT: (person_id,)})


def test_a_tenant_and_object_id_make_one_key() -> None:
    provider = replace(RIVERS, identity_attribute=ENTRA, entity_id=f"https://sts.windows.net/{TENANT}/")

    assert (
        identity.claim(entra(TENANT.upper()), provider).federated_id == f"rivers|entra-oid|{TENANT}/{OBJECT}"
    )
    with pytest.raises(NotOwned):
        identity.claim(entra(OBJECT), provider)
    with pytest.raises(BadAssertion):
        identity.claim(entra(TENANT, "1"), provider)


def test_a_persistent_name_makes_a_key_and_a_transient_one_does_not() -> None:
    provider = replace(RIVERS, identity_attribute=NAME_ID)
    transient = replace(
        asserting(), name_id=NameID("n-1", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient")
    )

    assert identity.claim(asserting(), provider).federated_id == "rivers|name-id|n-1"
    unspecified = replace(transient, name_id=NameID("n-1", ""))
    for assertion in (transient, unspecified, replace(asserting(), name_id=None)):
        with pytest.raises(BadAssertion):
            identity.claim(assertion, provider)


def test_a_provider_of_pairwise_ids_is_not_satisfied_by_a_subject_id() -> None:
    provider: Provider = replace(RIVERS, identity_attribute=PAIRWISE_ID)
    pairwise = replace(asserting(), attributes={PAIRWISE: ("k7@rivers-and-coasts.example",)})

    assert (
        identity.claim(pairwise, provider).federated_id == "rivers|pairwise-id|k7@rivers-and-coasts.example"
    )
    with pytest.raises(BadAssertion):
        identity.claim(asserting(), provider)


def named(value: str) -> str:
    provider = replace(RIVERS, identity_attribute=NAME_ID)
    return identity.claim(
        replace(asserting(), name_id=NameID(value, identity.PERSISTENT)), provider
    ).federated_id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ab", "ab"),
        ("caf\u00e9", "cafe\u0301"),
        ("n 1", "n  1"),
        ("\ufb01", "fi"),
        ("n%201", "n 1"),
        ("%sha256:" + "0" * 64, "\u00e9" * 200),
        ("n|1", "n\u01c01"),
    ],
)
def test_names_that_only_look_or_sort_alike_are_different_keys(one: str, other: str) -> None:
    assert named(one) != named(other)
    assert all(key.isascii() and " " not in key and len(key) <= 512 for key in (named(one), named(other)))


def test_a_targeted_id_makes_a_key_and_is_no_other_kind() -> None:
    provider = replace(RIVERS, identity_attribute=TARGETED_ID)
    targeted = replace(asserting(), targeted_id=NameID("t-9", identity.PERSISTENT))

    assert identity.claim(targeted, provider).federated_id == "rivers|targeted-id|t-9"
    for missing in (None, NameID("t-9", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient")):
        with pytest.raises(BadAssertion):
            identity.claim(replace(asserting(), targeted_id=missing), provider)


def test_during_a_planned_change_the_first_key_decides_and_the_second_is_told_beside_it() -> None:
    changing = replace(RIVERS, next_identity_attribute=PAIRWISE_ID)
    both = asserting()
    both = replace(both, attributes={**both.attributes, PAIRWISE: ("k7@rivers-and-coasts.example",)})

    found = identity.claim(both, changing)
    assert found.federated_id == "rivers|subject-id|rc-1@rivers-and-coasts.example"
    assert found.next_id == "rivers|pairwise-id|k7@rivers-and-coasts.example"
    alone = identity.claim(asserting(), changing)
    assert (alone.federated_id, alone.next_id) == (found.federated_id, "")
    assert "pairwise-id" in alone.next_problem


@pytest.mark.parametrize(
    ("spoken_of", "meant"),
    [
        ("northmere.police.example", True),
        ("mail.northmere.police.example", True),
        ("northmere.police.example.evil.example", True),
        ("n\u043erthmere.police.example", True),
        ("xn--nrthmere-nbh.police.example", True),
        ("n0rthmere.police.example", True),
        ("northrnere.police.example", True),
        ("NORTHMERE.police.example.", True),
        ("https://northmere.example/idp", True),
        ("xnorthmere.police.example", False),
        ("police.example", False),
        ("rivers-and-coasts.example", False),
        ("", False),
    ],
)
def test_the_organisation_that_was_imitated_is_found(spoken_of: str, meant: bool) -> None:
    other = Provider(
        id="northmere", name="Northmere", entity_id="https://northmere.example/idp", sso_url="",
        domains=("northmere.police.example",), organisations=("org-northmere",),
    )  # fmt: skip

    found = organisations_meant(spoken_of, RIVERS.id, [RIVERS, other])
    assert found == (("org-northmere",) if meant else ())


def test_a_required_context_is_read_from_the_answer_and_not_from_what_was_asked() -> None:
    strict = replace(RIVERS, contexts=contexts.expanded(["mfa"]), ask_contexts=True)
    by_methods = replace(
        asserting(), attributes={contexts.MICROSOFT_METHODS: ("urn:x:password", contexts.MICROSOFT_MFA)}
    )

    contexts.check(replace(asserting(), contexts=(contexts.REFEDS_MFA,)), strict)
    contexts.check(by_methods, strict)
    contexts.check(asserting(), RIVERS)
    for context in ("", "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"):
        with pytest.raises(NotAssured):
            contexts.check(replace(asserting(), contexts=(context,)), strict)


def with_targeted_id(**qualifiers: str) -> bytes:
    def edit(root: etree._Element) -> None:
        statement = root.find(f"{SAML}Assertion/{SAML}AttributeStatement")
        assert statement is not None
        attribute = etree.SubElement(statement, f"{SAML}Attribute", Name=TARGETED)
        value = etree.SubElement(attribute, f"{SAML}AttributeValue")
        etree.SubElement(value, f"{SAML}NameID", Format=PERSISTENT, **qualifiers).text = "t-9"

    return signed_after(edit)


KNOWN_BY_TARGETED_ID = Judgement(replace(registered(), identity_attribute=TARGETED_ID))


def test_a_targeted_id_is_read_where_people_are_known_by_it() -> None:
    message = with_targeted_id(NameQualifier=registered().entity_id, SPNameQualifier=SETTINGS.entity_id)

    found = KNOWN_BY_TARGETED_ID.believe(message).targeted_id
    assert found is not None
    assert (found.value, found.format) == ("t-9", PERSISTENT)
    assert believe(message).targeted_id is None


@pytest.mark.parametrize("qualifier", ["NameQualifier", "SPNameQualifier"])
def test_a_targeted_id_of_another_provider_or_for_another_service_is_refused(qualifier: str) -> None:
    message = with_targeted_id(**{qualifier: "https://another.example/"})

    with pytest.raises(BadAssertion):
        KNOWN_BY_TARGETED_ID.believe(message)
    assert believe(message).id  # where people are known by something else it is nobody's business


def test_without_a_targeted_id_nobody_is_known_by_it() -> None:
    with pytest.raises(BadAssertion):
        KNOWN_BY_TARGETED_ID.believe(signed())


def test_the_providers_own_end_of_the_session_is_read() -> None:
    def edit(root: etree._Element) -> None:
        statement = root.find(f"{SAML}Assertion/{SAML}AuthnStatement")
        assert statement is not None
        statement.set("SessionNotOnOrAfter", messages.written(NOW + timedelta(hours=2)))

    assert believe(signed_after(edit)).session_ends_at == NOW + timedelta(hours=2)
    assert believe(signed()).session_ends_at is None
