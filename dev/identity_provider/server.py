"""The provider as a WSGI application: sign-in page, signed answers, single logout, metadata."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

from dev.identity_provider import messages, pages, posting, redirect
from dev.identity_provider.config import Config, Identity, IdentityProvider

STATIC = {
    "/static/provider.css": "text/css; charset=utf-8",
    "/static/continue.js": "text/javascript; charset=utf-8",
}
LARGEST_FORM = 128 * 1024
MOST_SESSIONS = 1000
SAML_SESSION = "SessionIndex"
CARRIED = ("query", "request", "relay")  # fields in which the service's request travels through our pages


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody's session at a provider."""

    provider_id: str
    identity: Identity
    name_id: str
    index: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to the browser."""

    status: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def page(text: str, status: str = "200 OK", *headers: tuple[str, str]) -> Reply:
    """Wrap HTML text as an answer, 200 unless told otherwise."""
    return Reply(status, text.encode(), (("Content-Type", "text/html; charset=utf-8"), *headers))


class Application:
    """Several identity providers under one address. Sessions live in memory and end with the process."""

    def __init__(self, config: Config, clock: Callable[[], datetime]) -> None:
        self._config = config
        self._clock = clock
        self._providers = {provider.id: provider for provider in config.providers}
        self._sessions: dict[str, Session] = {}
        self._lock = Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        reply = self._answer(environ)
        parts = urlsplit(self._config.service.acs_url)
        policy = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; base-uri 'none'; "
            f"frame-ancestors 'none'; form-action 'self' {parts.scheme}://{parts.netloc}"
        )
        common = [("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff")]
        common += [("Cache-Control", "no-store"), ("Content-Length", str(len(reply.body)))]
        start_response(reply.status, [*reply.headers, *common])
        return [reply.body]

    def _answer(self, environ: WSGIEnvironment) -> Reply:
        path = str(environ.get("PATH_INFO", "/"))
        if path in STATIC:
            content = (Path(__file__).parent / path.lstrip("/")).read_bytes()
            return Reply("200 OK", content, (("Content-Type", STATIC[path]),))
        if path == "/":
            return page(pages.index(self._config.providers))
        provider_id, _, action = path.lstrip("/").partition("/")
        provider = self._providers.get(provider_id)
        actions = {"metadata": self._metadata, "sso": self._sso, "slo": self._slo}
        if provider is None or action not in actions:
            return page(
                pages.told("Identity providers", "Page not found", "There is nothing here."), "404 Not Found"
            )
        try:
            return actions[action](provider, environ)
        except redirect.BadRequest as error:
            return page(
                pages.told(provider.name, "This request was not accepted", str(error)), "400 Bad Request"
            )

    def _metadata(self, provider: IdentityProvider, environ: WSGIEnvironment) -> Reply:
        kind = ("Content-Type", "application/samlmetadata+xml")
        return Reply("200 OK", messages.metadata(provider), (kind,))

    def _sso(self, provider: IdentityProvider, environ: WSGIEnvironment) -> Reply:
        form = _form(environ) if environ["REQUEST_METHOD"] == "POST" else {}
        if not form:
            carried = {"query": str(environ.get("QUERY_STRING", ""))}
        elif "SAMLRequest" in form:
            carried = {"request": form["SAMLRequest"], "relay": form.get("RelayState", "")}
        else:
            return self._chosen(provider, form)
        self._asked(provider, carried)
        _, session = self._session(provider, environ)
        return page(pages.choose(provider, carried, session.identity.subject_id if session else ""))

    def _chosen(self, provider: IdentityProvider, form: dict[str, str]) -> Reply:
        asked = self._asked(provider, form)
        request_id = str(asked.root.get("ID", ""))
        if "cancel" in form:
            refusal = messages.refusal(provider, self._config.service_today(), request_id, self._clock())
            return self._hand_over(provider, messages.sign(refusal, provider), asked.relay_state)
        number = form.get("identity", "")
        if not number.isdecimal() or int(number) >= len(provider.identities):
            carried = {name: form[name] for name in form if name in CARRIED}
            return page(pages.choose(provider, carried, nothing_chosen=True), "400 Bad Request")
        return self._signed_in(provider, provider.identities[int(number)], request_id, asked.relay_state)

    def _asked(self, provider: IdentityProvider, carried: Mapping[str, str]) -> redirect.Message:
        """The request. It travels in the page and is verified each time, so that no form can forge one."""
        if "request" in carried:
            form = {"SAMLRequest": carried["request"], "RelayState": carried.get("relay", "")}
            return posting.read(form, self._config.service_today(), provider.sso_url)
        return redirect.read(carried.get("query", ""), self._config.service_today(), provider.sso_url)

    def _signed_in(
        self, provider: IdentityProvider, identity: Identity, request_id: str, relay: str
    ) -> Reply:
        answer = messages.answer_for(
            provider, self._config.service_today(), identity, request_id, self._clock()
        )
        token = secrets.token_urlsafe(24)
        with self._lock:
            while len(self._sessions) >= MOST_SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))
            self._sessions[token] = Session(provider.id, identity, str(answer.name_id), answer.session_index)
        cookie = f"provider-{provider.id}={token}; Path=/{provider.id}; HttpOnly; SameSite=Lax"
        encrypt_for = self._config.service_today().encryption if provider.encrypts else ""
        message = messages.signed_response(answer, provider, encrypt_for=encrypt_for)
        return self._hand_over(provider, message, relay, ("Set-Cookie", cookie))

    def _hand_over(
        self, provider: IdentityProvider, message: bytes, relay_state: str, *headers: tuple[str, str]
    ) -> Reply:
        fields = {"SAMLResponse": messages.encoded(message), "RelayState": relay_state}
        text = pages.hand_over(provider, self._config.service_today().acs_url, fields)
        return page(text, "200 OK", *headers)

    def _slo(self, provider: IdentityProvider, environ: WSGIEnvironment) -> Reply:
        token, session = self._session(provider, environ)
        query = str(environ.get("QUERY_STRING", ""))
        form = _form(environ) if environ["REQUEST_METHOD"] == "POST" else {}
        if set(posting.KINDS) & set(form):
            return self._told(
                provider, posting.read(form, self._config.service_today(), provider.slo_url), True
            )
        if environ["REQUEST_METHOD"] == "POST":
            return self._sign_out_everywhere(provider, token, session)
        if not query:
            return page(pages.sign_out(provider, session.identity.name if session else ""))
        return self._told(
            provider, redirect.read(query, self._config.service_today(), provider.slo_url), False
        )

    def _told(self, provider: IdentityProvider, message: redirect.Message, posted: bool) -> Reply:
        """Do what a logout message says, and answer it in the binding by which it came."""
        if message.kind == "SAMLResponse":
            sentence = f"You are signed out of {provider.name} and of the services that you used through it."
            return page(pages.told(provider.name, "You are signed out", sentence))
        self._end(message.root)
        service = self._config.service_today()
        answer = messages.logout_response(provider, service, str(message.root.get("ID")), self._clock())
        if not posted:
            return _go(redirect.url(service.slo_url, "SAMLResponse", answer, message.relay_state, provider))
        signed = messages.encoded(messages.sign(answer, provider))
        fields = {"SAMLResponse": signed, "RelayState": message.relay_state}
        return page(pages.hand_over(provider, service.slo_url, fields))

    def _sign_out_everywhere(self, provider: IdentityProvider, token: str, session: Session | None) -> Reply:
        if session is None:
            return page(pages.sign_out(provider, ""))
        with self._lock:
            self._sessions.pop(token, None)
        service = self._config.service_today()
        wish = messages.logout_request(provider, service, session.name_id, session.index, self._clock())
        return _go(redirect.url(service.slo_url, "SAMLRequest", wish, "", provider))

    def _end(self, root: Any) -> None:
        """End the session that a LogoutRequest names; never the one of the browser that carries it."""
        name = root.findtext(f"{{{messages.SAML}}}NameID")
        index = root.findtext(f"{{{messages.SAMLP}}}{SAML_SESSION}")
        with self._lock:
            ended = [
                token
                for token, one in self._sessions.items()
                if one.name_id == name and index in (None, one.index)
            ]
            for token in ended:
                del self._sessions[token]

    def _session(self, provider: IdentityProvider, environ: WSGIEnvironment) -> tuple[str, Session | None]:
        try:
            cookie = SimpleCookie(str(environ.get("HTTP_COOKIE", "")))
        except CookieError:
            return "", None
        morsel = cookie.get(f"provider-{provider.id}")
        token = morsel.value if morsel else ""
        with self._lock:
            return token, self._sessions.get(token)


def _go(address: str) -> Reply:
    return Reply("303 See Other", b"", (("Location", address),))


def _form(environ: WSGIEnvironment) -> dict[str, str]:
    try:
        length = min(int(environ.get("CONTENT_LENGTH") or 0), LARGEST_FORM)
    except ValueError:
        length = 0
    body = environ["wsgi.input"].read(length).decode("utf-8", "replace")
    return dict(_first_values(body))


def _first_values(body: str) -> Iterator[tuple[str, str]]:
    for name, values in parse_qs(body, keep_blank_values=True).items():
        yield name, values[0]
