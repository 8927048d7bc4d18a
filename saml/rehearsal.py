"""A sign-in tried out without anybody being signed in: what a captured answer says, and whom it would open.

Nothing is written: no request is stored, no assertion used up, nobody linked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from saml import contexts, identity
from saml.assertion import Assertion
from saml.encryption import Decryption
from saml.errors import BadAssertion, SignInRefused
from saml.keys import Keys
from saml.linking import PeopleFinder, whom
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
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
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
        person, linked = whom(claimed, provider, people)
        came_to = Rehearsal(issued=issued, uid=person.uid, linked=linked)
    except SignInRefused as refused:
        came_to = Rehearsal(refused=refused.reason)
    return replace(
        came_to,
        federated_id=claimed.federated_id,
        mails=claimed.mails,
        context=", ".join(assertion.contexts) if assertion else "",
        attributes=dict(assertion.attributes) if assertion else {},
    )


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
