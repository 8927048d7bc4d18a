"""A sign-in tried out without anybody being signed in: what a captured answer says, and whom it would open.

Nothing is written: no request is stored, no assertion used up, nobody linked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ldap_schema.people import Person
from saml import contexts, identity
from saml.assertion import Assertion
from saml.encryption import Decryption
from saml.errors import BadAssertion, SignInRefused
from saml.keys import Keys
from saml.linking import PeopleFinder
from saml.postcheck import Expected, check
from saml.precheck import check_response
from saml.provider import Provider
from saml.settings import SAMLSettings
from saml.verify import verify_response
from saml.xml import Unreadable, instant

OLDEST = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What an answer came to. `refused` is the exact reason if it would not have let anybody in."""

    issued: datetime | None = None
    federated_id: str = ""
    mails: tuple[str, ...] = ()
    context: str = ""
    attributes: Mapping[str, tuple[str, ...]]
    uid: str = ""
    linked: bool = False  # whether the key is linked already; else mail would introduce the person
    refused: str = ""


def rehearse(
    response: str,
    provider: Provider,
    settings: SAMLSettings,
    keys: Keys,
    people: PeopleFinder,
    now: datetime,
) -> Rehearsal:
    """Judge a captured SAMLResponse (base64) as if it had come in time and answered our request."""
    assertion: Assertion | None = None
    claimed = identity.Claim("")
    try:
        issued, assertion = _believe(response, provider, settings, keys, now)
        contexts.check(assertion, provider)
        claimed = identity.claim(assertion, provider)
        person, linked = _whom(claimed, provider, people)
        return _told(assertion, claimed, issued=issued, uid=person.uid, linked=linked)
    except SignInRefused as refused:
        return _told(assertion, claimed, refused=refused.reason)


def _believe(
    response: str, provider: Provider, settings: SAMLSettings, keys: Keys, now: datetime
) -> tuple[datetime, Assertion]:
    shaped = check_response(response)
    try:
        issued = instant(shaped.response.get("IssueInstant"))
    except Unreadable as error:
        raise BadAssertion(str(error)) from error
    if not now - OLDEST <= issued <= now + timedelta(minutes=10):
        raise BadAssertion("the answer was not issued within the last 30 days")
    own = Decryption(tuple(keys.decryption_keys()), settings.entity_id)
    verified = verify_response(shaped, provider.certificates, own, now)
    expected = Expected(
        provider, str(shaped.response.get("InResponseTo") or ""), settings.entity_id, settings.acs_url,
        issued, timedelta(seconds=settings.skew_seconds), own,
    )  # fmt: skip
    return issued, check(verified, expected)


def _whom(claimed: identity.Claim, provider: Provider, people: PeopleFinder) -> tuple[Person, bool]:
    """As at a real sign-in, without the link being made."""
    linked = people.by_federated_id(claimed.federated_id)
    if linked is not None:
        return identity.admit(linked, provider), True
    found = people.by_sign_in_address(identity.hint(claimed, provider))
    return identity.admit_first(found, claimed, provider), False


def _told(
    assertion: Assertion | None,
    claimed: identity.Claim,
    *,
    issued: datetime | None = None,
    uid: str = "",
    linked: bool = False,
    refused: str = "",
) -> Rehearsal:
    return Rehearsal(
        issued=issued,
        federated_id=claimed.federated_id,
        mails=claimed.mails,
        context=", ".join(assertion.contexts) if assertion else "",
        attributes=dict(assertion.attributes) if assertion else {},
        uid=uid,
        linked=linked,
        refused=refused,
    )
