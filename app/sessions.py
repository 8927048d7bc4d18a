"""Sessions on Redis: signed out stays signed out, and people see and end every place they are signed in.

Kept in Redis:
    session:<sha256 of the cookie>   msgpack of the values, gone by itself after the idle limit
    sessions-of:<uid>                set of those digests, for "sign out everywhere" and for single logout
The cookie's value is never stored, so whoever reads Redis can't sign in with what they find.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError

from app.services import PortalServices
from app.settings import PortalSettings
from ldap_schema.clock import Clock
from ldap_schema.gate import Gate, GateClosed
from saml.vouching import BY_LINK

TOUCH_EVERY = timedelta(seconds=60)  # how exactly the idle limit is kept, so that most requests write nothing
KEEP_AFTER_IDLE = (
    120  # seconds Redis keeps a session beyond the limit; the clock decides, Redis only clears away
)


# What no page stands behind needs nobody to be recognised, and goes on when the sessions store hangs.
FOR_NOBODY = ("/static/", "/assets/", "/healthz", "/readyz", "/metrics", "/scim/")


class SessionsUnavailable(Exception):
    """The sessions store does not answer, so nobody can be recognised."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long somebody stays signed in: without a request, and at all. A session's own `ends` (a moment that
    the provider or its registration set) can make it shorter and never longer."""

    idle: timedelta
    absolute: timedelta


class PortalSession(SessionMixin):
    """The values of one browser's session; only one that was changed is written."""

    def __init__(
        self,
        values: dict[str, Any],
        cookie: str = "",
        *,
        stored: bool = False,
        missing: str = "",
        forgotten: bool = False,
    ) -> None:
        self.kept = values
        self.cookie = cookie  # empty until the session is first written
        self.stored = stored
        self.missing = missing  # why the sessions store can't be asked, for the log; empty when it can
        self.forgotten = forgotten  # the browser shows a cookie whose session is over
        self.modified = False
        self.renewed = False
        self.ended = False
        self.over: set[str] = set()  # digests of sessions that end when this one is written or ended
        self.beside: list[Callable[[Pipeline], object]] = []  # what is written with it, in one transaction

    def __getitem__(self, key: str) -> Any:
        return self.kept[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.require()
        self.kept[key] = value
        self.modified = True

    def __delitem__(self, key: str) -> None:
        del self.kept[key]
        self.modified = True

    def __iter__(self) -> Iterator[str]:
        return iter(self.kept)

    def __len__(self) -> int:
        return len(self.kept)

    def require(self) -> None:
        """Raise SessionsUnavailable when nobody can know whose session this is."""
        if self.missing:
            raise SessionsUnavailable(self.missing)

    def renew(self, replaces: str = "") -> None:
        """Forget everything and take a new id when somebody signs in, so that older ids are worthless.

        `replaces` is the digest of a session that the browser has and did not show.
        """
        self.kept.clear()
        self.renewed = self.modified = True
        self._leave(replaces)

    def end(self) -> None:
        """Delete the session at the end of the request."""
        self.kept.clear()
        self.ended = self.modified = True
        self._leave()

    def _leave(self, other: str = "") -> None:
        self.over |= {self.digest if self.stored else "", other} - {""}

    @property
    def digest(self) -> str:
        """The session's name in Redis; safe to show to its owner."""
        return digest_of(self.cookie)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInPlace:
    """One of the places a person is signed in."""

    id: str
    since: datetime
    seen: datetime
    device: str
    current: bool
    through: str = ""  # the provider's name, or that it was a mailed link


def keep_sessions(app: Flask, settings: PortalSettings, services: PortalServices) -> None:
    """Make the portal keep its sessions on Redis."""
    limits = Limits(timedelta(minutes=settings.idle_minutes), timedelta(hours=settings.absolute_hours))
    secure = services.base_url.startswith("https://")
    app.session_interface = RedisSessions(services.redis, services.clock, limits, secure=secure)


def digest_of(cookie: str) -> str:
    """Return the name under which a cookie's session is kept."""
    return hashlib.sha256(cookie.encode()).hexdigest()


class RedisSessions(SessionInterface):
    """Flask's session interface, and what the account page needs of it."""

    def __init__(self, redis: Redis, clock: Clock, limits: Limits, *, secure: bool) -> None:
        self.redis = redis
        self.gate = Gate()
        self.clock = clock
        self.limits = limits
        self.secure = secure
        # The prefix binds the cookie to this host and to HTTPS; browsers refuse it on plain http.
        self.cookie_name = "__Host-counterpart" if secure else "counterpart"

    def open_session(self, app: Flask, request: Request) -> PortalSession:
        """Find the browser's session; for one unknown, idle or too old begin a new one with an id of ours."""
        cookie = request.cookies.get(self.cookie_name, "")
        if not cookie or len(cookie) > 100 or request.path.startswith(FOR_NOBODY):
            return PortalSession({})
        try:
            with self.gate.passage():
                values = self._read(digest_of(cookie))
        except GateClosed:
            return PortalSession({}, missing="Redis has stopped answering")
        except RedisError as error:
            return PortalSession({}, missing=f"Redis does not answer: {error}")
        if values is None:
            return PortalSession({}, forgotten=True)
        session = PortalSession(values, cookie, stored=True)
        if self.clock().timestamp() - values.get("seen", 0) >= TOUCH_EVERY.total_seconds():
            session.modified = True  # moves the idle limit
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed; an existing session is only updated, so one ended meanwhile stays ended."""
        if not isinstance(session, PortalSession) or session.missing or not session.modified:
            return
        if session.ended:
            self.end(*session.over)
            response.delete_cookie(
                self.cookie_name, path="/", secure=self.secure, httponly=True, samesite="Lax"
            )
        elif session.stored and not session.renewed:
            self._update(session)
        else:
            self._create(session)
            response.set_cookie(
                self.cookie_name, session.cookie, path="/", secure=self.secure, httponly=True, samesite="Lax"
            )
        response.vary.add("Cookie")

    def places(self, uid: str, current: str) -> list[SignedInPlace]:
        """List where a person is signed in, the newest first."""
        found = []
        for digest in self._digests(uid):
            values = self._read(digest)
            if values and values.get("uid") == uid:
                found.append(_place(digest, values, current))
        return sorted(found, key=lambda place: place.seen, reverse=True)

    def standing(self, uid: str, digest: str) -> Mapping[str, Any] | None:
        """Return the values of a session if it has not ended and is this person's own."""
        values = self._read(digest)
        return values if values is not None and values.get("uid") == uid else None

    def end(self, *digests: str) -> None:
        """End sessions; requests of them that are under way can't bring them back."""
        _end(self.redis, digests)

    def end_of(self, uid: str, digest: str) -> bool:
        """End one session if it is this person's own; say whether it was."""
        if digest not in self._digests(uid):
            return False
        self.end(digest)
        self.redis.srem(f"sessions-of:{uid}", digest)
        return True

    def end_all(self, uid: str, which: Callable[[Mapping[str, Any]], bool] = lambda values: True) -> int:
        """Sign a person out everywhere, or in the sessions whose values qualify; return how many ended."""
        ended = 0
        for digest in self._digests(uid):
            values = self._read(digest)
            if values is not None and which(values):
                ended += self.end_of(uid, digest)
        return ended

    def leaves_at(self, session: PortalSession) -> tuple[datetime, datetime]:
        """Return when an unused session ends, and when it ends in any case."""
        now = self.clock()
        absolute = datetime.fromtimestamp(session.get("started", now.timestamp()), UTC) + self.limits.absolute
        if ends := session.get("ends"):
            absolute = min(absolute, datetime.fromtimestamp(ends, UTC))
        return min(now + self.limits.idle, absolute), absolute

    def _digests(self, uid: str) -> list[str]:
        members: Any = self.redis.smembers(f"sessions-of:{uid}")
        return [member.decode() if isinstance(member, bytes) else member for member in members]

    def _read(self, digest: str) -> dict[str, Any] | None:
        raw: Any = self.redis.get(f"session:{digest}")
        if raw is None:
            return None
        values: dict[str, Any] = msgspec.msgpack.decode(raw, type=dict[str, Any])
        now = self.clock().timestamp()
        idle = now - values.get("seen", 0) >= self.limits.idle.total_seconds()
        old = now - values.get("started", 0) >= self.limits.absolute.total_seconds()
        over = values.get("ends") is not None and now >= values["ends"]
        return None if idle or old or over else values

    def _create(self, session: PortalSession) -> None:
        session.cookie = secrets.token_urlsafe(32)
        session.kept["started"] = session.kept["seen"] = self.clock().timestamp()
        pipe = self.redis.pipeline()  # one, so that "sign out everywhere" finds every session there is
        _end(pipe, session.over)
        for write in session.beside:
            write(pipe)
        pipe.set(f"session:{session.digest}", msgspec.msgpack.encode(session.kept), ex=self._keep(), nx=True)
        if uid := session.get("uid"):
            pipe.sadd(f"sessions-of:{uid}", session.digest)
            pipe.expire(f"sessions-of:{uid}", int(self.limits.absolute.total_seconds()) + KEEP_AFTER_IDLE)
        pipe.execute()

    def _update(self, session: PortalSession) -> None:
        session.kept["seen"] = self.clock().timestamp()
        packed = msgspec.msgpack.encode(session.kept)
        self.redis.set(f"session:{session.digest}", packed, ex=self._keep(), xx=True)

    def _keep(self) -> int:
        return int(self.limits.idle.total_seconds()) + KEEP_AFTER_IDLE


def _end(redis: Redis, digests: Collection[str]) -> None:
    if digests:
        redis.delete(*(f"session:{digest}" for digest in digests))


def _place(digest: str, values: dict[str, Any], current: str) -> SignedInPlace:
    return SignedInPlace(
        id=digest,
        since=datetime.fromtimestamp(values["started"], UTC),
        seen=datetime.fromtimestamp(values["seen"], UTC),
        device=str(values.get("device", "")),
        current=digest == current,
        through="a mailed link" if values.get("by") == BY_LINK else str(values.get("provider_name", "")),
    )
