"""An identity provider as registered: what it may say, about whom, and how long we believe it."""

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from saml import source
from saml.source import Source

DRAFT, LIVE, SUSPENDED = STATES = ("draft", "live", "suspended")

# Kinds of stable key a provider can identify people by. Fixed at go-live; mail is never one of them.
PAIRWISE_ID, SUBJECT_ID, ENTRA, NAME_ID, TARGETED_ID = IDENTITY_ATTRIBUTES = (
    "pairwise-id",
    "subject-id",
    "entra-oid",
    "name-id",
    "targeted-id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One department's identity provider. It speaks only for the organisations listed here."""

    id: str  # [a-z0-9-], ours
    name: str  # as its people know it
    entity_id: str
    sso_url: str  # for HTTP-Redirect; empty if it takes HTTP-POST alone
    slo_url: str = ""
    certificates: tuple[str, ...] = ()  # PEM, any of them may have signed
    domains: tuple[str, ...] = ()  # mail domains it owns, lower case, exact (a sub-domain is another domain)
    shared_domains: tuple[str, ...] = ()  # used by others too (nhs.net): help discovery, never link anybody
    scopes: tuple[str, ...] = ()  # scopes its subject ids may carry; nothing said = its domains
    organisations: tuple[str, ...] = ()  # ids of the organisations it may speak for
    identity_attribute: str = SUBJECT_ID  # the only one that decides whom an assertion is about
    # A planned change of it: recorded beside the first at each sign-in, until the change is finished.
    next_identity_attribute: str = ""
    mail_attribute: str = "mail"
    state: str = DRAFT
    max_minutes: int = 90  # longest validity of an assertion; Entra's is 70
    max_sign_in_hours: int = (
        168  # how long ago the person may have signed in there; Entra keeps people for days
    )
    # Authentication contexts of which each sign-in must have had one; none listed = any will do.
    contexts: tuple[str, ...] = ()
    ask_contexts: bool = False  # name them in our requests too; providers that don't know them fail on that
    max_session_hours: int = 0  # a session here ends so long after signing in; 0 = the portal's own limit
    fallback_until: str = ""  # instant until which its people may sign in by a mailed link; empty = never
    fallback_off: str = ""  # instant at which that was last switched off by hand; ends what links began
    contact: str = ""  # whom a person calls who can't get in
    alert_mail: tuple[str, ...] = ()  # who is told when its keys change or end
    # What follows is read from the metadata, and renewed with it.
    source: Source = field(default_factory=Source)
    sso_post_url: str = ""
    slo_post_url: str = ""
    slo_response_url: str = ""  # where answers go over HTTP-Redirect; empty = slo_url
    wants_signed_requests: bool = False
    name_id_formats: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)  # language to the provider's own name
    keywords: tuple[str, ...] = ()
    privacy_url: str = ""
    logo: str = ""  # address in the metadata; never shown, only fetched (saml/logos.py)
    assurance: tuple[str, ...] = ()
    believed_until: datetime | None = None  # the metadata's end; from then on nobody signs in through it

    @property
    def sso(self) -> tuple[str, str]:
        """Where it takes requests to sign somebody in: over HTTP-Redirect, over HTTP-POST."""
        return self.sso_url, self.sso_post_url

    @property
    def slo(self) -> tuple[str, str]:
        """Where it takes requests to sign somebody out, likewise; both empty if it offers none."""
        return self.slo_url, self.slo_post_url

    @property
    def slo_answers(self) -> tuple[str, str]:
        """Where it takes our answers to its own."""
        return self.slo_response_url or self.slo_url, self.slo_post_url

    def owned_scopes(self) -> frozenset[str]:
        """Scopes that subject ids from this provider may end in."""
        return frozenset(scope.lower() for scope in self.scopes or self.domains)

    def fallback_is_on(self, now: datetime) -> bool:
        """Whether its people may sign in by a link to their work address at this moment."""
        return (
            self.state == LIVE
            and bool(self.fallback_until)
            and now < datetime.fromisoformat(self.fallback_until)
        )

    def outdated(self, now: datetime) -> bool:
        """Whether its metadata has ended, so that its keys vouch for nothing any more."""
        return self.believed_until is not None and self.believed_until <= now


def to_plain(provider: Provider) -> dict[str, Any]:
    """As a dictionary of strings, numbers, lists and dictionaries, for storage."""
    plain = {
        name: list(value) if isinstance(value, tuple) else value for name, value in asdict(provider).items()
    }
    until = provider.believed_until
    return plain | {
        "source": source.to_plain(provider.source),
        "believed_until": until.isoformat() if until else None,
    }


def from_plain(data: dict[str, Any]) -> Provider:
    """The inverse of to_plain; keys it does not know (a newer version's) are left out."""
    known = {field.name for field in fields(Provider)}
    values: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known
    }
    if "source" in values:
        values["source"] = source.from_plain(values["source"])
    if values.get("believed_until"):
        values["believed_until"] = datetime.fromisoformat(values["believed_until"])
    return Provider(**values)
