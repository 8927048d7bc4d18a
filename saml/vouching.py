"""Whether a session may go on: asked once a minute of every session, by what its record kept.

`provider`; `link` and `next_link`, fingerprints of the keys that the provider gave; or, for one that a mailed
link began, `by` and the instant (`authenticated`) at which the link was used.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ldap_schema.people import Person
from saml.held_keys import of_kind
from saml.linking import fingerprint
from saml.provider import LIVE, Provider

BY_LINK = "link"  # how a session began that nobody's provider vouches for


def links_of(session: Mapping[str, Any]) -> frozenset[str]:
    """Fingerprints of the keys that the session came with: two while the provider changes by what people are
    known, none for a mailed link."""
    return frozenset({session.get("link", ""), session.get("next_link", "")} - {""})


def still_vouches(provider: Provider | None, person: Person, session: Mapping[str, Any]) -> bool:
    """Whether the provider is live and still speaks for the person's organisation, and what the session began
    with still opens the person's record."""
    if provider is None or provider.state != LIVE or person.organisation_id not in provider.organisations:
        return False
    if session.get("by") == BY_LINK:
        return _link_counts(provider, float(session.get("authenticated", 0)))
    links = links_of(session)
    return not links or not links.isdisjoint(_deciding(provider, person))


def _deciding(provider: Provider, person: Person) -> set[str]:
    """Fingerprints of the person's keys by which the provider's people are known at present."""
    return set(map(fingerprint, of_kind(person, provider.id, provider.identity_attribute)))


def _link_counts(provider: Provider, used: float) -> bool:
    """A session outlives the hours for which links were on, and ends when somebody switches them off. That it
    began before then is compared, because they may have been switched on again since."""
    off = provider.fallback_off
    return bool(provider.fallback_until) and (not off or used > datetime.fromisoformat(off).timestamp())
