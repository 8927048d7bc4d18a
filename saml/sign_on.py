"""Signing on and off: the one class that the portal uses, and the order in which a message is believed."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from redis import Redis

from ldap_schema.errors import AlreadyThere, DirectoryUnavailable, Moved
from ldap_schema.people import Person
from saml import discovery, identity, messages, slo
from saml.assertion import Assertion, NameID
from saml.engine import assert_pair
from saml.errors import BadLogout, NotOwned, SignInRefused, Unavailable, UnknownProvider
from saml.keys import OwnKeys
from saml.outcomes import Begun, SignedIn, SLOOutcome
from saml.postcheck import Expected, check
from saml.precheck import check_response
from saml.provider import LIVE, Provider
from saml.registry import Registry
from saml.settings import SAMLSettings
from saml.state import RequestState, StoredRequest
from saml.verify import verify_response

__all__ = ["Begun", "SLOOutcome", "SignOn", "SignedIn"]


class DirectoryOfPeople(Protocol):
    """The directory, as far as signing in needs it."""

    @property
    def people(self) -> identity.PeopleDirectory:
        """Those whom a provider may vouch for."""


class SignOn:
    """Begins and finishes sign-ins and logouts. Holds nothing about any person; safe to share between
    threads."""

    def __init__(
        self,
        settings: SAMLSettings,
        registry: Registry,
        redis: "Redis",
        directory: DirectoryOfPeople,
        clock: Callable[[], datetime],
    ) -> None:
        assert_pair()
        self._settings = settings
        self._registry = registry
        self._directory = directory
        self._clock = clock
        self._keys = OwnKeys(settings)
        self._state = RequestState(redis, settings.request_minutes)

    def providers(self) -> list[Provider]:
        """Through whom one can sign in, by name."""
        return self._registry.live()

    def for_address(self, address: str) -> list[Provider]:
        """The live providers that serve the address's mail domain; whether the person exists is not looked
        at."""
        return discovery.for_address(address, self._registry.live())

    def origins(self) -> set[str]:
        """Origins a form of the portal may end at by redirect: those of the live providers, for CSP
        form-action."""
        addresses = [
            url for provider in self._registry.live() for url in (provider.sso_url, provider.slo_url) if url
        ]
        return {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, addresses)}

    def metadata(self) -> bytes:
        """Our metadata for providers' administrators. Raises KeyUnusable."""
        return messages.service_metadata(self._settings, self._keys())

    def begin(self, provider_id: str, return_to: str = "/") -> Begun:
        """Ask a provider to sign somebody in. Raises UnknownProvider, Unavailable."""
        provider = self._live(provider_id)
        request = StoredRequest(messages.new_id(), provider.id, discovery.local_path(return_to))
        kept = self._state.keep(request)
        message = messages.authn_request(request.request_id, provider.sso_url, self._settings, self._clock())
        keys = self._keys()
        url = messages.redirect_url(provider.sso_url, "SAMLRequest", message, kept.relay_state, keys)
        return Begun(url, kept.cookie_name, kept.cookie_value, self._settings.request_minutes * 60)

    def finish(self, saml_response: str, relay_state: str, cookies: Mapping[str, str]) -> SignedIn:
        """Believe, or refuse, what a provider answered. The provider is the one our stored request names,
        whatever the message says. Raises SignInRefused."""
        request = self._state.take(relay_state, cookies)
        provider = self._live(request.provider_id)
        try:
            assertion = self._believe(saml_response, request, provider)
            person, linked_now = self._person(identity.claim(assertion, provider), provider)
        except DirectoryUnavailable as error:
            raise Unavailable("the directory does not answer", provider.id) from error
        except SignInRefused as refused:
            refused.provider_id = refused.provider_id or provider.id
            raise
        name_id = assertion.name_id.text() if assertion.name_id else ""
        if name_id:
            self._state.remember_whose(provider.id, name_id, person.uid)
        return SignedIn(
            person,
            provider,
            request.return_to,
            name_id,
            assertion.session_index,
            assertion.authenticated_at,
            linked_now,
        )

    def _believe(self, saml_response: str, request: StoredRequest, provider: Provider) -> Assertion:
        """Shape, signature, meaning, replay: in this order, because each step is safe only after the one
        before."""
        now, skew = self._clock(), timedelta(seconds=self._settings.skew_seconds)
        verified = verify_response(check_response(saml_response), provider.certificates, now)
        expected = Expected(
            provider, request.request_id, self._settings.entity_id, self._settings.acs_url, now, skew
        )
        assertion = check(verified, expected)
        self._state.use_once(
            provider.id, assertion.id, int((assertion.ends_at - now + 2 * skew).total_seconds())
        )
        return assertion

    def _person(self, claimed: identity.Claim, provider: Provider) -> tuple[Person, bool]:
        """Whose the stable key is; at the very first sign-in the mail may tell, and the key is recorded."""
        people = self._directory.people
        linked = people.by_federated_id(claimed.federated_id)
        if linked is not None:
            return identity.admit(linked, provider), False
        identity.check_domain(claimed, provider)
        person = identity.admit_first(people.by_sign_in_address(claimed.mail), claimed, provider)
        try:
            people.link(person.uid, claimed.federated_id)
        except (AlreadyThere, Moved) as error:
            raise NotOwned(
                f"the key or {person.uid} was linked by another sign-in meanwhile", provider.id
            ) from error
        return person, True

    def logout(self, session: Mapping[str, str]) -> str | None:
        """Where to send the browser to sign out at the provider too, or None when it offers no logout.
        `session` is what the session kept of SignedIn: `provider`, `name_id`, `session_index`.
        Raises Unavailable."""
        provider = self._registry.get(session.get("provider", ""))
        name_id = session.get("name_id", "")
        if provider is None or provider.state != LIVE or not provider.slo_url or not name_id:
            return None
        request = StoredRequest(messages.new_id(), provider.id)
        kept = self._state.keep(request, "logout")
        message = messages.logout_request(
            request.request_id, provider.slo_url, NameID.from_text(name_id), session.get("session_index", ""),
            self._settings, self._clock(),
        )  # fmt: skip
        keys = self._keys()
        return messages.redirect_url(provider.slo_url, "SAMLRequest", message, kept.relay_state, keys)

    def handle_slo(self, method: str, message: str | Mapping[str, str]) -> SLOOutcome:
        """Believe, or refuse, a logout message: the raw query string of a GET. A posted form is refused.
        Raises BadLogout and its siblings."""
        if method != "GET" or not isinstance(message, str):
            raise BadLogout("logout messages come by the HTTP-Redirect binding only")
        query = slo.read_query(message)
        return self._logout_asked(query) if query.kind == "SAMLRequest" else self._logout_answered(query)

    def _logout_asked(self, query: slo.Query) -> SLOOutcome:
        provider = self._registry.by_entity_id(query.issuer)
        if provider is None:
            raise UnknownProvider("the logout message is not from a live provider")
        now = self._clock()
        slo.check_signature(query, provider, now)
        request = slo.read_request(query, provider, self._settings, now)
        seconds = 2 * self._settings.skew_seconds + self._settings.request_minutes * 60
        self._state.use_once(provider.id, request.id, seconds)
        reply = ""
        if provider.slo_url:
            answer = messages.logout_response(request.id, provider.slo_url, self._settings, now)
            keys = self._keys()
            reply = messages.redirect_url(
                provider.slo_url, "SAMLResponse", answer, query.relay_state[:80], keys
            )
        name_id = request.name_id.text()
        uid = self._state.whose(provider.id, name_id)
        return SLOOutcome("request", provider.id, uid, name_id, request.session_indexes, reply)

    def _logout_answered(self, query: slo.Query) -> SLOOutcome:
        request = self._state.take_logout(query.relay_state)
        provider = self._live(request.provider_id)
        slo.check_signature(query, provider, self._clock())
        complete = slo.read_response(query, request.request_id, provider, self._settings, self._clock())
        return SLOOutcome("response", provider.id, complete=complete)

    def _live(self, provider_id: str) -> Provider:
        provider = self._registry.get(provider_id)
        if provider is None or provider.state != LIVE:
            raise UnknownProvider("there is no such provider, or it is not live", provider_id)
        return provider
