"""Whom an assertion may belong to: linked keys, first links by mail, and nobody of another department."""

from dataclasses import replace

import pytest

from dev.identity_provider.messages import MAIL, SUBJECT_ID
from ldap_schema.people import ACTIVE, DECEASED, HELD, LEAVING, LEFT, MISSING, PENDING, Person
from saml import identity
from saml.assertion import Assertion, NameID
from saml.attributes import ENTRA_OBJECT, ENTRA_TENANT, PAIRWISE
from saml.errors import BadAssertion, NotOwned, UnknownPerson
from saml.provider import ENTRA, NAME_ID, PAIRWISE_ID, Provider
from tests.saml_kit import NOW, registered

RIVERS = registered()
TENANT, OBJECT = "6f1b1f0e-0000-4000-8000-0123456789ab", "11111111-2222-4333-8444-555555555555"


def asserting(
    subject_id: str = "rc-1@rivers-and-coasts.example", *mails: str, **more: tuple[str, ...]
) -> Assertion:
    attributes = {SUBJECT_ID: (subject_id,), MAIL: mails} | more
    return Assertion("_a", NameID("n-1", identity.PERSISTENT), "_s", NOW, NOW, "", attributes)


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
    assert found.mail == "ada@rivers-and-coasts.example"


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
    "mails",
    [
        ("ada@rivers-and-coasts.example", "bob@rivers-and-coasts.example"),
        ("аda@rivers-and-coasts.example",),  # noqa: RUF001 - the Cyrillic letter is the attack
        ("ada@rivers-and-cоasts.example",),  # noqa: RUF001 - the Cyrillic letter is the attack
        ("ada@rivers-and-coasts.example@northmere.police.example",),
        ("ada@rivers-and-coasts.example, bob@northmere.police.example",),
        ("ada@rivers-and-coasts.example\x00",),
        ("Ada <ada@rivers-and-coasts.example>",),
    ],
)
def test_several_or_odd_mail_addresses_are_refused(mails: tuple[str, ...]) -> None:
    with pytest.raises(BadAssertion):
        identity.claim(asserting("rc-1@rivers-and-coasts.example", *mails), RIVERS)


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
        identity.check_domain(identity.claim(asserting(), RIVERS), RIVERS)


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

    with pytest.raises(UnknownPerson):
        identity.admit_first(person(), claimed("ada@shared.example"), sharing)


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


@pytest.mark.parametrize("status", [ACTIVE, MISSING])
def test_a_linked_person_comes_in_while_active_or_missing_once(status: str) -> None:
    assert identity.admit(person(status=status), RIVERS).uid == "u-1"


@pytest.mark.parametrize("status", [PENDING, LEAVING, LEFT, HELD, DECEASED])
def test_a_linked_person_who_left_or_is_held_does_not_come_in(status: str) -> None:
    with pytest.raises(UnknownPerson):
        identity.admit(person(status=status), RIVERS)


@pytest.mark.parametrize("organisation", ["org-northmere", ""])
def test_a_linked_person_who_moved_organisation_does_not_come_in(organisation: str) -> None:
    with pytest.raises(NotOwned):
        identity.admit(person(organisation_id=organisation), RIVERS)


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
    for assertion in (transient, replace(asserting(), name_id=None)):
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
