"""Requests under way, in Redis: single use, a few minutes old at most, bound to the browser that made
them."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from redis import Redis, RedisError
from redis.client import Pipeline

from saml.errors import Expired, LogoutOver, OtherBrowser, Replayed, Unavailable, Unsolicited
from saml.settings import LONGEST_SESSION_HOURS

SUBJECT_SECONDS = LONGEST_SESSION_HOURS * 3600
COOKIE_PREFIX = "counterpart-request-"
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")


# What a request is for: to sign in; the same, whatever session the provider has; to sign in anew before an
# act; to add a second provider to one's record.
SIGN_IN, ANEW, CONFIRM, CONNECT = "sign-in", "anew", "confirm", "connect"


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """What we asked, of whom, and where the person wanted to go."""

    request_id: str
    provider_id: str
    return_to: str = "/"
    uid: str = ""  # who must be there: somebody signed in already, who proves it anew or adds a provider
    purpose: str = SIGN_IN
    asked_at: float = 0.0  # seconds; a fresh sign-in happens after it
    session: str = ""  # digest of the session that a fresh sign-in takes the place of
    known: float = 0.0  # when, by the provider's word, they signed in for that session; a fresh one is later


@dataclass(frozen=True, slots=True)
class Kept:
    """The opaque RelayState under which a request is kept, and the cookie that binds it to the browser."""

    relay_state: str
    cookie_name: str
    cookie_value: str


class RequestState:
    """Keeps requests and remembers assertions. Every failure of Redis is Unavailable: closed, not open."""

    def __init__(self, redis: "Redis", minutes: int) -> None:
        self._redis = redis
        self._seconds = minutes * 60

    def keep(self, request: StoredRequest) -> Kept:
        """Store a request to sign somebody in. Raises Unavailable."""
        relay_state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._keep(_key("sign-in", relay_state), asdict(request) | {"browser": _digest(browser)})
        return Kept(relay_state, cookie_name(relay_state), browser)

    def keep_logout(self, request: StoredRequest) -> None:
        """Store a request to sign somebody out, under its own ID: not every provider gives a RelayState back
        with its answer, and InResponseTo each must. Raises Unavailable."""
        self._keep(_key("logout", _digest(request.request_id)), asdict(request))

    def _keep(self, key: str, record: Mapping[str, Any]) -> None:
        try:
            self._redis.set(key, json.dumps(record), ex=self._seconds)
        except RedisError as error:
            raise Unavailable(
                "Redis does not answer, so no request can be kept", str(record["provider_id"])
            ) from error

    def take(self, relay_state: str, cookies: Mapping[str, str]) -> StoredRequest:
        """Use up the sign-in request of that RelayState, in the browser that made it.
        Raises Unsolicited, Expired, OtherBrowser, Unavailable."""
        if not _KEY.fullmatch(relay_state):
            raise Unsolicited("the RelayState is missing or not one of ours")
        record = self._take(_key("sign-in", relay_state))
        shown = cookies.get(cookie_name(relay_state), "")
        if not hmac.compare_digest(_digest(shown), str(record["browser"])):
            raise OtherBrowser(
                "the request's cookie is missing or of another browser", str(record["provider_id"])
            )
        return _request(record)

    def take_logout(self, request_id: str) -> StoredRequest:
        """Use up a logout request; it needs no cookie, since its answer signs nobody in. Raises LogoutOver,
        Unavailable."""
        return _request(self._take(_key("logout", _digest(request_id)), LogoutOver))

    def _take(self, key: str, missing: type[Expired] = Expired) -> dict[str, Any]:
        try:
            stored = self._redis.getdel(key)
        except RedisError as error:
            raise Unavailable("Redis does not answer, so the request can't be found") from error
        if stored is None:
            raise missing("the request is unknown, was used, or is too old")
        record: dict[str, Any] = json.loads(
            str(stored, "utf-8") if isinstance(stored, bytes) else str(stored)
        )
        return record

    def use_once(self, provider_id: str, message_id: str, seconds: int) -> None:
        """Remember a message until it expires by itself. Raises Replayed if it was seen, Unavailable if
        unsure."""
        name = hashlib.sha256(f"{provider_id}|{message_id}".encode()).hexdigest()
        try:
            fresh = self._redis.set(f"counterpart:saml:seen:{name}", "1", nx=True, ex=max(seconds, 60))
        except RedisError as error:
            raise Unavailable("Redis does not answer, so a replay can't be ruled out", provider_id) from error
        if not fresh:
            raise Replayed("this message was used before", provider_id)

    def whose(self, provider_id: str, name_id: str) -> str:
        """Who signed in under that name, or empty. Raises Unavailable."""
        try:
            found = self._redis.get(_subject_key(provider_id, name_id))
        except RedisError as error:
            raise Unavailable("Redis does not answer, so nobody can be signed out", provider_id) from error
        return str(found, "utf-8") if isinstance(found, bytes) else str(found or "")


def remember_whose(pipe: Pipeline, provider_id: str, name_id: str, uid: str) -> None:
    """Keep whose name this is at the provider, for a logout it may ask for while a session can live. It goes
    into the pipeline that writes the session, as neither is of use without the other."""
    pipe.set(_subject_key(provider_id, name_id), uid, ex=SUBJECT_SECONDS)


def _subject_key(provider_id: str, name_id: str) -> str:
    """A digest, so that names at providers do not stand in Redis in plain."""
    return f"counterpart:saml:subject:{_digest(provider_id + '|' + name_id)}"


def cookie_name(relay_state: str) -> str:
    """One cookie for each request, so that two tabs signing in do not disturb each other."""
    return COOKIE_PREFIX + _digest(relay_state)[:16]


def _key(kind: str, name: str) -> str:
    return f"counterpart:saml:{kind}:{name}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _request(record: Mapping[str, Any]) -> StoredRequest:
    return StoredRequest(**{name: value for name, value in record.items() if name != "browser"})
