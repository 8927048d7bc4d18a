"""Signing on and off: the one class that the portal uses, and the order in which a message is believed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis
from redis.client import Pipeline

from ldap_schema.errors import DirectoryUnavailable
from ldap_schema.people import Person
from saml import bindings, contexts, discovery, fallback, identity, messages, slo, vouching
from saml.assertion import Assertion, NameID
from saml.certificates import ends as certificate_ends
from saml.encryption import Decryption
from saml.engine import assert_pair
from saml.errors import (
    BadLogout,
    NotFresh,
    SignInRefused,
    SomebodyElse,
    Unavailable,
    UnknownProvider,
)
from saml.impersonation import organisations_meant
from saml.keys import Keys, OwnKeys
from saml.linking import DirectoryOfPeople, Linking, fingerprint
from saml.our_metadata import Publisher, service_metadata
from saml.outcomes import Begun, Onward, SignedIn, SLOOutcome
from saml.postcheck import Expected, check
from saml.precheck import check_response
from saml.provider import LIVE, Provider
from saml.registry import Registry
from saml.return_paths import local_path
from saml.settings import SAMLSettings
from saml.state import CONFIRM, CONNECT, SIGN_IN, RequestState, StoredRequest, remember_whose
from saml.verify import verify_response

__all__ = ["Begun", "Onward", "SLOOutcome", "SignOn", "SignedIn"]


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
        publisher: Publisher | None = None,
    ) -> None:
        assert_pair()
        self._settings = settings
        self._registry = registry
        self._directory = directory
        self.linking = Linking(directory)
        self._clock = clock
        self._keys = OwnKeys(settings)
        self._publisher = publisher
        self._published: tuple[Keys | None, bytes] = (None, b"")
        self._state = RequestState(redis, settings.request_minutes)

    def providers(self) -> list[Provider]:
        """Through whom one can sign in, by name."""
        return self._registry.live()

    def provider(self, provider_id: str) -> Provider | None:
        """The provider of that id in any state, for its name and whom its people call."""
        return self._registry.get(provider_id)

    def find(self, address: str) -> discovery.Found:
        """The live providers that serve the address's mail domain; whether the person exists is not looked
        at."""
        return discovery.find(address, self._registry.live())

    def metadata(self) -> bytes:
        """Our metadata for providers' administrators, signed once for the same keys. Raises KeyUnusable."""
        keys, (known, document) = self._keys(), self._published
        if keys is not known:
            document = service_metadata(self._settings, keys, self._publisher)
            self._published = keys, document
        return document

    def own_ends(self) -> dict[str, datetime]:
        """When our published certificates end: `current`, in a rollover `next` too. Raises KeyUnusable."""
        return dict(zip(("current", "next"), map(certificate_ends, self._keys().certificates), strict=False))

    def begin(
        self,
        provider_id: str,
        return_to: str = "/",
        *,
        purpose: str = SIGN_IN,
        uid: str = "",
        session: str = "",
        known: float = 0.0,
    ) -> Begun:
        """Ask a provider to sign somebody in; for every purpose but SIGN_IN anew, whatever session it has. To
        confirm who is there (CONFIRM), or to add a provider to one's record (CONNECT), `uid` says whose
        browser this is. `session` is handed back as `replaces`; `known` is when (in seconds) they signed in
        by what the provider told before, which is no new sign-in. Raises UnknownProvider, Unavailable."""
        provider, now = self._live(provider_id), self._clock()
        path = local_path(return_to)
        request = StoredRequest(
            messages.new_id(), provider.id, path, uid, purpose, now.timestamp(), session, known
        )
        kept = self._state.keep(request)

        def write(address: str) -> bytes:
            return messages.authn_request(
                request.request_id, address, self._settings, now,
                contexts=provider.contexts if provider.ask_contexts else (), force=purpose != SIGN_IN,
            )  # fmt: skip

        onward = messages.sent(provider.sso, "SAMLRequest", write, kept.relay_state, self._keys())
        return Begun(onward, kept.cookie_name, kept.cookie_value, self._settings.request_minutes * 60)

    def finish(self, saml_response: str, relay_state: str, cookies: Mapping[str, str]) -> SignedIn:
        """Believe, or refuse, what a provider answered. The provider is the one our stored request names,
        whatever the message says. For CONNECT nothing is linked yet. Raises SignInRefused, LinkRefused."""
        request = self._state.take(relay_state, cookies)
        provider = self._live(request.provider_id)
        try:
            assertion = self._believe(saml_response, request, provider)
            claimed = identity.claim(assertion, provider)
            person, linked_now = self._person(claimed, provider, request)
        except DirectoryUnavailable as error:
            raise Unavailable("the directory does not answer", provider.id) from error
        except SignInRefused as refused:
            refused.provider_id = refused.provider_id or provider.id
            refused.organisations = refused.organisations or organisations_meant(
                refused.spoken_of, provider.id, self._registry.all()
            )
            raise
        name_id = assertion.name_id.text() if assertion.name_id else ""
        return SignedIn(
            person=person,
            provider=provider,
            return_to=request.return_to,
            name_id=name_id,
            name_omits=" ".join(assertion.name_id.omitted) if assertion.name_id else "",
            session_index=assertion.session_index,
            instant=assertion.authenticated_at,
            linked_now=linked_now,
            federated_id=claimed.federated_id,
            next_link=fingerprint(claimed.next_id),
            ends_at=_end_of_session(assertion, provider, self._clock()),
            purpose=request.purpose,
            replaces=request.session,
            note=claimed.next_problem,
        )

    def _believe(self, saml_response: str, request: StoredRequest, provider: Provider) -> Assertion:
        """Shape, signature, meaning, replay: in this order, because each step is safe only after the one
        before."""
        now, skew = self._clock(), timedelta(seconds=self._settings.skew_seconds)
        own = self._decryption()
        try:
            verified = verify_response(check_response(saml_response), provider.certificates, own, now)
        except SignInRefused as refused:
            refused.anybodys = True
            raise
        expected = Expected(
            provider, request.request_id, self._settings.entity_id, self._settings.acs_url, now, skew, own,
            datetime.fromtimestamp(request.asked_at, UTC),
        )  # fmt: skip
        assertion = check(verified, expected)
        self._state.use_once(
            provider.id, assertion.id, int((assertion.ends_at - now + 2 * skew).total_seconds())
        )
        contexts.check(assertion, provider)
        signed_in_at = assertion.authenticated_at.timestamp()
        earliest = request.asked_at - skew.total_seconds()  # by their clock, which may be behind ours
        if request.purpose != SIGN_IN and (signed_in_at < earliest or signed_in_at <= request.known):
            raise NotFresh("the provider was asked to sign the person in anew, and did not", provider.id)
        return assertion

    def _person(
        self, claimed: identity.Claim, provider: Provider, request: StoredRequest
    ) -> tuple[Person, bool]:
        if request.purpose == CONNECT:
            return self.linking.record(request.uid), False
        person, linked_now = self.linking.person(claimed, provider)
        if request.purpose == CONFIRM and person.uid != request.uid:
            raise SomebodyElse("another person signed in than the one who had to confirm", provider.id)
        return person, linked_now

    def remember_whose(self, signed_in: SignedIn, pipe: Pipeline) -> None:
        """Add to what writes the session: under which name the provider may ask for its end."""
        if signed_in.name_id:
            remember_whose(pipe, signed_in.provider.id, signed_in.name_id, signed_in.person.uid)

    def link(self, uid: str, federated_id: str) -> Person:
        """Make a key the one that opens a record, because the directory manager says whose it is; what it
        takes the place of is cut off at once. Raises LinkRefused."""
        return self.linking.replace(uid, federated_id, {each.id: each for each in self._registry.all()})

    def still_vouches(self, person: Person, session: Mapping[str, Any]) -> bool:
        """Whether a person's session may go on; `session` is what it kept (see `vouching`)."""
        return vouching.still_vouches(self._registry.get(session.get("provider", "")), person, session)

    def fallback_is_offered(self) -> bool:
        """Whether any provider's people may sign in by a mailed link now."""
        return any(provider.fallback_is_on(self._clock()) for provider in self._registry.live())

    def fallback_for(self, address: str) -> fallback.Entitled | None:
        """Who may be mailed a link at that address; None for everybody else, whatever the reason. Raises
        Unavailable."""
        try:
            found = self.find(address).providers
            return fallback.entitled(address, found, self._directory.people, self._clock())
        except DirectoryUnavailable as error:
            raise Unavailable("the directory does not answer") from error

    def logout(self, session: Mapping[str, str]) -> Onward | None:
        """Where to send the browser to sign out at the provider too, or None when it offers no logout.
        `session` is what the session kept of SignedIn: `provider`, `name_id`, `name_omits`, `session_index`.
        Raises Unavailable."""
        provider = self._registry.get(session.get("provider", ""))
        name_id = session.get("name_id", "")
        if provider is None or provider.state != LIVE or not any(provider.slo) or not name_id:
            return None
        request = StoredRequest(messages.new_id(), provider.id)
        self._state.keep_logout(request)
        name = NameID.from_text(name_id, session.get("name_omits", "").split())
        index, now = session.get("session_index", ""), self._clock()

        def write(address: str) -> bytes:
            return messages.logout_request(request.request_id, address, name, index, self._settings, now)

        return messages.sent(provider.slo, "SAMLRequest", write, "", self._keys())

    def handle_slo(self, method: str, message: str | Mapping[str, str]) -> SLOOutcome:
        """Believe, or refuse, a logout message: the raw query string of a GET, or the fields of a POST, of
        which none came twice. Raises BadLogout and its siblings."""
        if isinstance(message, str):
            if method != "GET":
                raise BadLogout("a logout message in an address comes by GET")
            arrived = bindings.read_redirect(message)
        else:
            arrived = bindings.read_post(message)
        if arrived.kind == "SAMLRequest":
            return self._logout_asked(arrived)
        return self._logout_answered(arrived)

    def _logout_asked(self, arrived: bindings.Arrived) -> SLOOutcome:
        provider = self._registry.by_entity_id(arrived.issuer)
        if provider is None:
            raise UnknownProvider("the logout message is not from a live provider")
        self._current(provider)
        now = self._clock()
        root = bindings.believed(arrived, provider, now)
        request = slo.read_request(root, provider, self._settings, self._decryption(), now)
        seconds = 2 * self._settings.skew_seconds + self._settings.request_minutes * 60
        self._state.use_once(provider.id, request.id, seconds)

        def write(address: str) -> bytes:
            return messages.logout_response(request.id, address, self._settings, now)

        answer = None
        if any(provider.slo_answers):
            answer = messages.sent(
                provider.slo_answers, "SAMLResponse", write, arrived.relay_state, self._keys()
            )
        name_id = request.name_id.text()
        uid = self._state.whose(provider.id, name_id)
        return SLOOutcome("request", provider.id, uid, name_id, request.session_indexes, answer)

    def _logout_answered(self, arrived: bindings.Arrived) -> SLOOutcome:
        request = self._state.take_logout(str(arrived.root.get("InResponseTo") or ""))
        provider = self._live(request.provider_id)
        root = bindings.believed(arrived, provider, self._clock())
        complete = slo.read_response(root, request.request_id, provider, self._settings, self._clock())
        return SLOOutcome("response", provider.id, complete=complete)

    def _decryption(self) -> Decryption:
        return Decryption(tuple(self._keys().decryption_keys()), self._settings.entity_id)

    def _live(self, provider_id: str) -> Provider:
        provider = self._registry.get(provider_id)
        if provider is None or provider.state != LIVE:
            raise UnknownProvider("there is no such provider, or it is not live", provider_id)
        return self._current(provider)

    def _current(self, provider: Provider) -> Provider:
        """The provider, unless its metadata has ended: then its keys may have been taken from it."""
        if provider.outdated(self._clock()):
            raise UnknownProvider(f"its metadata ended on {provider.believed_until}", provider.id)
        return provider


def _end_of_session(assertion: Assertion, provider: Provider, now: datetime) -> datetime | None:
    """When our session must end at the latest, by the provider's word or by its registration."""
    ends = [assertion.session_ends_at] if assertion.session_ends_at else []
    if provider.max_session_hours:
        ends.append(now + timedelta(hours=provider.max_session_hours))
    return min(ends) if ends else None
