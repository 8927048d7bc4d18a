"""To whom a believed assertion may belong. Decided purely, and nobody is ever created.

A person is found by the provider's stable key. Mail is a hint for the very first time only, and only for a
domain that the provider owns: elsewhere, trusting asserted mail let one department sign in as another's
people.
"""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import quote

from ldap_schema.people import ACTIVE, VISIBLE, Person
from saml.assertion import Assertion, NameID
from saml.attributes import ENTRA_OBJECT, ENTRA_TENANT, MAIL_NAMES, PAIRWISE, SUBJECT
from saml.errors import BadAssertion, MovedAway, NotOwned, SignInRefused, UnknownPerson
from saml.held_keys import keys_of, was_cut_off
from saml.provider import ENTRA, NAME_ID, PAIRWISE_ID, SUBJECT_ID, TARGETED_ID, Provider

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
MAY_SIGN_IN = VISIBLE  # whoever others see, those with a last day to come included
LONGEST_KEY = 400  # characters of a value; the directory takes 512 with provider and kind before it
_SCOPED = re.compile(r"([a-z0-9][a-z0-9=-]{0,126})@([a-z0-9][a-z0-9.-]{0,126})")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})"
)
# Printable ASCII but the per cent sign: what the directory compares letter by letter, as it stands.
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")


@dataclass(frozen=True, slots=True)
class Claim:
    """What the provider says of who is there. `next_id` is the key by which it will know people after a
    planned change; `next_problem` says why there is none, for the log."""

    federated_id: str
    mails: tuple[str, ...] = ()  # in lower case, each once; nothing in them is checked yet
    next_id: str = ""
    next_problem: str = ""


def claim(assertion: Assertion, provider: Provider) -> Claim:
    """Read who is meant. Raises BadAssertion for a missing or unreadable key, NotOwned for a foreign
    scope."""
    key = _key(assertion, provider, provider.identity_attribute)
    next_id, problem = _next_key(assertion, provider)
    return Claim(key, _mails(assertion, provider), next_id, problem)


def _key(assertion: Assertion, provider: Provider, kind: str) -> str:
    """`<provider>|<kind>|<value>`, as the directory keeps it."""
    return f"{provider.id}|{kind}|{READERS[kind](assertion, provider)}"


def _next_key(assertion: Assertion, provider: Provider) -> tuple[str, str]:
    """The second key during a planned change; without it the first still counts, so nobody is locked out."""
    if not provider.next_identity_attribute:
        return "", ""
    try:
        return _key(assertion, provider, provider.next_identity_attribute), ""
    except SignInRefused as refused:
        return "", refused.reason


def _single(assertion: Assertion, name: str, provider: Provider) -> str:
    values = assertion.attributes.get(name, ())
    if len(values) != 1 or not values[0]:
        raise BadAssertion(f"the assertion does not have exactly one value of {name}", provider.id)
    return values[0]


def _pairwise(assertion: Assertion, provider: Provider) -> str:
    return _scoped(_single(assertion, PAIRWISE, provider), provider)


def _subject(assertion: Assertion, provider: Provider) -> str:
    return _scoped(_single(assertion, SUBJECT, provider), provider)


def _scoped(value: str, provider: Provider) -> str:
    """A subject identifier is compared without regard to case (SAML subject-id profile, 3.3.2)."""
    match = _SCOPED.fullmatch(value.lower()) if value.isascii() else None
    scope = value.rpartition("@")[2][:253]
    if match is None:
        raise BadAssertion("the subject id is malformed", provider.id, spoken_of=scope)
    if match.group(2) not in provider.owned_scopes():
        raise NotOwned("the scope of the subject id is not the provider's", provider.id, spoken_of=scope)
    return value.lower()


def _entra(assertion: Assertion, provider: Provider) -> str:
    tenant = _single(assertion, ENTRA_TENANT, provider).lower()
    person = _single(assertion, ENTRA_OBJECT, provider).lower()
    if not _UUID.fullmatch(tenant) or not _UUID.fullmatch(person):
        raise BadAssertion("the tenant or object id is malformed", provider.id)
    # Tenants share signing keys, so only the issuer says whose message it is: https://sts.windows.net/<tid>/
    if tenant not in provider.entity_id.lower().split("/"):
        raise NotOwned("the tenant is not the provider's", provider.id, spoken_of=tenant)
    return f"{tenant}/{person}"


def _persistent(assertion: Assertion, provider: Provider) -> str:
    return _opaque(assertion.name_id, "NameID", provider)


def _targeted(assertion: Assertion, provider: Provider) -> str:
    return _opaque(assertion.targeted_id, "eduPersonTargetedID", provider)


def _opaque(name: NameID | None, what: str, provider: Provider) -> str:
    """A persistent name; its qualifiers were compared when it was read, so the value alone tells people
    apart."""
    if name is None or name.format != PERSISTENT:
        raise BadAssertion(f"the assertion has no persistent {what}", provider.id)
    return exact(name.value)


READERS = {
    PAIRWISE_ID: _pairwise,
    SUBJECT_ID: _subject,
    ENTRA: _entra,
    NAME_ID: _persistent,
    TARGETED_ID: _targeted,
}


def exact(value: str) -> str:
    """A value in letters that the directory compares exactly: it would take composed and decomposed letters,
    or one space and two, for the same (RFC 4518)."""
    quoted = quote(value, safe=_PLAIN)
    if len(quoted) <= LONGEST_KEY:
        return quoted
    return f"%sha256:{hashlib.sha256(value.encode()).hexdigest()}"  # no quoted value begins like this


def _mails(assertion: Assertion, provider: Provider) -> tuple[str, ...]:
    names = MAIL_NAMES if provider.mail_attribute == "mail" else (provider.mail_attribute,)
    values = [value for name in names for value in assertion.attributes.get(name, ()) if value]
    # Some letters only become ASCII when they are made small (the Kelvin sign is one), so others stay as
    # they are and are refused where they would count.
    return tuple(dict.fromkeys(value.lower() if value.isascii() else value for value in values))


def admit(person: Person, provider: Provider) -> Person:
    """Someone linked before may come in while others see them and while they are of an organisation listed
    for the provider. Raises MovedAway, or UnknownPerson for one who left or is suspended."""
    if person.organisation_id not in provider.organisations:
        refused = MovedAway(
            f"the linked person {person.uid} is no longer of an organisation listed for the provider",
            provider.id,
        )
        refused.organisations = (person.organisation_id,) if person.organisation_id else ()
        raise refused
    if person.status not in MAY_SIGN_IN:
        raise unknown(provider, f"the linked person {person.uid} is {person.status}")
    return person


def hint(claimed: Claim, provider: Provider) -> str:
    """The one asserted mail address by which somebody may be introduced. Raises BadAssertion for several or
    for letters that only look Latin, NotOwned for a domain that is not the provider's, UnknownPerson."""
    if not claimed.mails:
        raise unknown(provider, "the key is not linked and no mail address was asserted", claimed=claimed)
    if len(claimed.mails) > 1:
        raise _several(claimed, provider)
    mail = claimed.mails[0]
    domain = mail.rpartition("@")[2][:253]
    if not mail.isascii() or not _MAIL.fullmatch(mail):
        raise BadAssertion("the mail address is malformed or not plain ASCII", provider.id, spoken_of=domain)
    if domain not in (*provider.domains, *provider.shared_domains):
        raise NotOwned("the asserted mail's domain is not the provider's", provider.id, spoken_of=domain)
    return mail


def _several(claimed: Claim, provider: Provider) -> UnknownPerson:
    refused = unknown(
        provider, "the key is not linked and several mail addresses were asserted", claimed=claimed
    )
    domains = (mail.rpartition("@")[2][:253] for mail in claimed.mails)
    refused.spoken_of = next((name for name in domains if name not in provider.domains), "")
    return refused


def admit_first(person: Person | None, claimed: Claim, provider: Provider) -> Person:
    """Whether the person with the asserted mail as sign-in address may be linked now. Raises NotOwned, or
    UnknownPerson, which names the record that the directory manager may link instead."""
    domain = hint(claimed, provider).partition("@")[2]
    if person is not None and person.organisation_id not in provider.organisations:
        refused = NotOwned(f"{person.uid} is of an organisation not listed for the provider", provider.id)
        refused.organisations = (person.organisation_id,) if person.organisation_id else ()
        raise refused
    reason = _why_not_first(person, domain, provider)
    if person is None or reason:
        candidate = person.uid if person is not None and person.status in MAY_SIGN_IN else ""
        raise unknown(provider, reason, domain, claimed, candidate)
    return person


def _why_not_first(person: Person | None, domain: str, provider: Provider) -> str:
    if domain in provider.shared_domains:
        return "the mail domain is shared, so it introduces nobody by itself"
    if person is None:
        return "nobody has the asserted mail as sign-in address"
    if person.status != ACTIVE:
        return f"{person.uid} is {person.status}"
    if was_cut_off(person):
        return f"{person.uid} is not introduced again by mail, since its last sign-in was cut off"
    return f"{person.uid} is linked to another key already" if keys_of(person) else ""


def unknown(
    provider: Provider,
    reason: str,
    domain: str = "",
    claimed: Claim | None = None,
    candidate: str = "",
) -> UnknownPerson:
    """The refusal of somebody whom the directory does not know, with what the manager needs to link them."""
    refused = UnknownPerson(reason, provider.id, provider.name, domain, provider.contact)
    if claimed is not None:
        refused.federated_id, refused.candidate = claimed.federated_id, candidate
    return refused
