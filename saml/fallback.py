"""Who may sign in by a link to their work address while their department's provider is down.

It is off unless somebody switches it on for one provider, and then ends by itself. The mailbox becomes the
proof, which is weaker than a sign-in: a session that began so carries no right of a directory manager.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ldap_schema.people import Person
from saml.identity import MAY_SIGN_IN
from saml.linking import PeopleFinder
from saml.provider import Provider


@dataclass(frozen=True, slots=True)
class Entitled:
    """Somebody who may be mailed a link, and the provider in whose place it stands."""

    person: Person
    provider: Provider


def entitled(
    address: str, providers: Iterable[Provider], people: PeopleFinder, now: datetime
) -> Entitled | None:
    """The person whose sign-in address this is, if a provider of its domain that speaks for their
    organisation is switched to links at this moment."""
    switched = [provider for provider in providers if provider.fallback_is_on(now)]
    person = people.by_sign_in_address(address.strip().lower())
    if person is None or person.status not in MAY_SIGN_IN:
        return None
    serving = [provider for provider in switched if person.organisation_id in provider.organisations]
    return Entitled(person, serving[0]) if serving else None
