"""To whom a believed assertion may belong. Decided purely; `link` alone writes, and nothing is ever created.

A person is found by the provider's stable key. Mail is a hint for the very first time only, and only for a
domain that the provider owns: elsewhere, trusting asserted mail let one department sign in as another's
people.
"""

import re
from dataclasses import dataclass
from typing import Protocol

from ldap_schema.people import ACTIVE, MISSING, Person
from saml.assertion import Assertion
from saml.attributes import ENTRA_OBJECT, ENTRA_TENANT, MAIL_NAMES, PAIRWISE, SUBJECT
from saml.errors import BadAssertion, NotOwned, SignInRefused, UnknownPerson
from saml.provider import ENTRA, NAME_ID, PAIRWISE_ID, SUBJECT_ID, Provider

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
_SCOPED = re.compile(r"([a-z0-9][a-z0-9=-]{0,126})@([a-z0-9][a-z0-9.-]{0,126})")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})"
)


class PeopleDirectory(Protocol):
    """What this package needs of the directory's people."""

    def by_federated_id(self, federated_id: str) -> Person | None:
        """Whom the stable key is linked to."""

    def by_sign_in_address(self, address: str) -> Person | None:
        """Whose unique sign-in address this is."""

    def link(self, uid: str, federated_id: str) -> None:
        """Record the stable key with the person."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the provider says of who is there: the stable key, and a mail address if it gave one we can
    read."""

    federated_id: str
    mail: str  # lower case; empty if there is none

    @property
    def domain(self) -> str:
        """The mail address's domain."""
        return self.mail.partition("@")[2]


def claim(assertion: Assertion, provider: Provider) -> Claim:
    """Read who is meant. Raises BadAssertion for a missing or unreadable key, NotOwned for a foreign
    scope."""
    readers = {PAIRWISE_ID: _scoped, SUBJECT_ID: _scoped, ENTRA: _entra, NAME_ID: _persistent}
    value = readers[provider.identity_attribute](assertion, provider)
    return Claim(f"{provider.id}|{provider.identity_attribute}|{value}", _mail(assertion, provider))


def _single(assertion: Assertion, name: str, provider: Provider) -> str:
    values = assertion.attributes.get(name, ())
    if len(values) != 1 or not values[0]:
        raise BadAssertion(f"the assertion does not have exactly one value of {name}", provider.id)
    return values[0]


def _scoped(assertion: Assertion, provider: Provider) -> str:
    name = PAIRWISE if provider.identity_attribute == PAIRWISE_ID else SUBJECT
    value = _single(assertion, name, provider)
    match = _SCOPED.fullmatch(value.lower()) if value.isascii() else None
    if match is None:
        raise BadAssertion("the subject id is malformed", provider.id)
    if match.group(2) not in provider.owned_scopes():
        raise NotOwned("the scope of the subject id is not the provider's", provider.id)
    return value.lower()


def _entra(assertion: Assertion, provider: Provider) -> str:
    tenant = _single(assertion, ENTRA_TENANT, provider).lower()
    person = _single(assertion, ENTRA_OBJECT, provider).lower()
    if not _UUID.fullmatch(tenant) or not _UUID.fullmatch(person):
        raise BadAssertion("the tenant or object id is malformed", provider.id)
    if tenant not in provider.entity_id.lower():
        raise NotOwned("the tenant is not the provider's", provider.id)
    return f"{tenant}/{person}"


def _persistent(assertion: Assertion, provider: Provider) -> str:
    if assertion.name_id is None or assertion.name_id.format != PERSISTENT:
        raise BadAssertion("the assertion has no persistent NameID", provider.id)
    return assertion.name_id.value


def _mail(assertion: Assertion, provider: Provider) -> str:
    """The one asserted mail address, or nothing. Several, or letters that only look Latin, refuse the
    message."""
    names = MAIL_NAMES if provider.mail_attribute == "mail" else (provider.mail_attribute,)
    values = {value.lower() for name in names for value in assertion.attributes.get(name, ()) if value}
    if not values:
        return ""
    if len(values) > 1:
        raise BadAssertion("the assertion has several mail addresses", provider.id)
    mail = values.pop()
    if not mail.isascii() or not _MAIL.fullmatch(mail):
        raise BadAssertion("the mail address is malformed or not plain ASCII", provider.id)
    return mail


def admit(person: Person, provider: Provider) -> Person:
    """Someone linked before may come in while active and still of an organisation listed for the provider.
    Raises NotOwned, or UnknownPerson for one who left or is suspended."""
    if person.organisation_id not in provider.organisations:
        raise NotOwned(
            f"the linked person {person.uid} is no longer of an organisation listed for the provider",
            provider.id,
        )
    if person.status not in (ACTIVE, MISSING):
        raise _unknown(provider, "", f"the linked person {person.uid} is {person.status}")
    return person


def admit_first(person: Person | None, claimed: Claim, provider: Provider) -> Person:
    """Whether the person with the asserted mail as sign-in address may be linked now. Raises NotOwned,
    UnknownPerson."""
    check_domain(claimed, provider)
    if person is None:
        raise _unknown(provider, claimed.domain, "nobody has the asserted mail as sign-in address")
    if person.organisation_id not in provider.organisations:
        raise NotOwned(f"{person.uid} is of an organisation not listed for the provider", provider.id)
    if person.status != ACTIVE:
        raise _unknown(provider, claimed.domain, f"{person.uid} is {person.status}")
    if person.federated_ids:
        raise _unknown(provider, claimed.domain, f"{person.uid} is linked to another key already")
    return person


def check_domain(claimed: Claim, provider: Provider) -> None:
    """Mail may only introduce somebody in a domain that is the provider's alone. Raises NotOwned,
    UnknownPerson."""
    if not claimed.mail:
        raise _unknown(provider, "", "the key is not linked and no mail address was asserted")
    if claimed.domain in provider.shared_domains:
        raise _unknown(
            provider, claimed.domain, "the mail domain is shared, so it introduces nobody by itself"
        )
    if claimed.domain not in provider.domains:
        raise NotOwned("the asserted mail's domain is not the provider's", provider.id)


def _unknown(provider: Provider, domain: str, reason: str) -> SignInRefused:
    return UnknownPerson(reason, provider.id, provider.name, domain, provider.contact)
