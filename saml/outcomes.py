"""What signing on and off hands to the portal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ldap_schema.people import Person
from saml.linking import fingerprint
from saml.provider import Provider
from saml.state import SIGN_IN


@dataclass(frozen=True, slots=True)
class Onward:
    """Where the browser takes a message of ours: it is redirected to `url`, or posts the fields there if
    there are any (HTTP-POST binding)."""

    url: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way: send the browser `onward` and set the cookie (HttpOnly, Secure, SameSite=None,
    path /saml, max_age seconds): the provider's POST comes from another site, so a Lax cookie would stay
    at home."""

    onward: Onward
    cookie_name: str
    cookie_value: str
    max_age: int

    @property
    def url(self) -> str:
        """The address of the provider that the browser goes to."""
        return self.onward.url


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody is who they say. `name_id`, `name_omits` and `session_index` belong into the session's record,
    for single logout."""

    person: Person
    provider: Provider
    return_to: str
    name_id: str  # opaque; empty if the provider gave none
    session_index: str
    instant: datetime  # when they signed in at the provider
    linked_now: bool = False  # the first sign-in, which recorded the provider's key for the person
    federated_id: str = ""  # that key; for CONNECT the one to add, once the asking session is seen to stand
    next_link: str = ""  # fingerprint of the one recorded beside it while the provider changes its attribute
    ends_at: datetime | None = None  # when our session must end at the latest; None = by our own limits
    purpose: str = SIGN_IN  # CONFIRM: sign in anew, in place of session `replaces`; CONNECT: signs nobody in
    replaces: str = ""  # digest of the session that the browser had when it asked
    name_omits: str = ""  # which parts of the name the provider left out; kept beside it
    note: str = ""  # for the log: what the provider should mend although the person came in

    @property
    def link(self) -> str:
        """Fingerprint of the key, for the session's record: it ends when the key is cut off."""
        return fingerprint(self.federated_id)


@dataclass(frozen=True, slots=True)
class SLOOutcome:
    """A believed logout message. For a "request": end the sessions of `uid` that it concerns, then send the
    browser `onward`. For a "response": `complete` says whether the provider ended everything it could."""

    kind: str  # "request" | "response"
    provider_id: str
    uid: str = ""  # whose sessions; empty if we know of none
    name_id: str = ""
    session_indexes: tuple[str, ...] = ()  # none = every session of the person through that provider
    onward: Onward | None = None  # None = a page of ours
    complete: bool = True

    def concerns(self, session: Mapping[str, Any]) -> bool:
        """Whether a session's record (`provider`, `name_id`, `session_index`) is one of those to end."""
        return (
            self.kind == "request"
            and session.get("provider") == self.provider_id
            and session.get("name_id") == self.name_id
            # A session whose assertion had no index can't be named by one, so it ends with any.
            and (
                not self.session_indexes
                or not session.get("session_index")
                or session.get("session_index") in self.session_indexes
            )
        )
