"""Notices who takes the directory away person by person, slows that down, and tells the desk once a day.

What is kept to tell it is in Redis alone and ends by itself: for each viewer, how many different people were
shown today, how many people's pages were opened and pages of results turned this hour, as HyperLogLogs over
keyed digests: they tell a number, and not who somebody looked at. And of searches for a letter or two the
last one, and how many followed the alphabet. Other searching is written down nowhere.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Flask, Response, g, request
from redis import Redis
from werkzeug.exceptions import TooManyRequests

from app.finding import Question
from app.services import PortalServices
from app.settings import PortalSettings
from app.viewer import NOTE_SECONDS, Viewer
from ldap_schema.clock import london_today
from store import waiting
from store.errors import StoreError

HOUR, DAY = 3600, 24 * 3600
SHORT = 2  # letters: who looks for somebody types more; who walks the alphabet does not
WALK = "asked for {} beginnings of a letter or two in the order of the alphabet"
SLOWED_FOR = HOUR  # after the last page that was too many
# Views that show people, which somebody who is slowed down opens one at a time.
WATCHED = (
    "search.results", "suggestions.index", "people.profile", "people.card", "organisations.organisation",
    "posts.post", "a_to_z.people", "a_to_z.my_cohorts", "counterparts.index", "export.ask", "export.send",
)  # fmt: skip


class SlowedDown(TooManyRequests):
    """Somebody asks for more people than anybody needs, and sooner than they may."""


@dataclass(slots=True)
class Shown:
    """What one request showed of people."""

    listed: set[str] = field(default_factory=set)  # uids in lists of many, that nobody's name was typed for
    opened: set[str] = field(default_factory=set)  # uids of those whose page or card it was
    turned: str = ""  # the address of a page of results after the first
    short: str = ""  # a search for a letter or two that found somebody


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of something one person may do in a day or an hour, and what the desk is told beyond it."""

    what: str
    most: int
    seconds: int
    words: str


def limits(settings: PortalSettings) -> tuple[Limit, ...]:
    """Return what is counted of each viewer."""
    return (
        Limit("listed", settings.harvest_listed_per_day, DAY,
              "was shown more than {} different people in a day"),
        Limit("opened", settings.harvest_opened_per_hour, HOUR,
              "opened more than {} people's pages in an hour"),
        Limit("turned", settings.harvest_turned_per_hour, HOUR,
              "turned more than {} pages of results in an hour"),
    )  # fmt: skip


class Tallies:
    """The counters; one object for all requests, which keeps nothing of anybody itself."""

    def __init__(self, redis: Redis, secret: bytes, settings: PortalSettings) -> None:
        self._redis = redis
        self._secret = secret
        self._limits = limits(settings)
        self._in_order = settings.harvest_in_order
        self._pace = settings.harvest_seconds

    def may_go_on(self, uid: str) -> bool:
        """Whether this viewer may open another page now: always, unless they are slowed down."""
        who = self._digest(uid)
        if not self._redis.exists(f"harvest:{who}:slowed"):
            return True
        return bool(self._redis.set(f"harvest:{who}:pace", b"1", nx=True, ex=self._pace))

    def count(self, uid: str, shown: Shown, now: datetime) -> str:
        """Count what a request showed; return in words what was too much, or nothing."""
        who, pipe = self._digest(uid), self._redis.pipeline(transaction=False)
        counted = [limit for limit in self._limits if getattr(shown, limit.what)]
        for limit in counted:
            span = str(london_today(now)) if limit.seconds == DAY else str(int(now.timestamp()) // HOUR)
            key, values = f"harvest:{who}:{limit.what}:{span}", getattr(shown, limit.what)
            pipe.pfadd(key, *self._members(values, uid, span))
            pipe.expire(key, limit.seconds)
            pipe.pfcount(key)
        found: list[Any] = pipe.execute() if counted else []
        over = [one for one, many in zip(counted, found[2::3], strict=True) if many > one.most]
        too_much = [one.words.format(f"{one.most:,}") for one in over]
        if shown.short and self._walks(f"harvest:{who}:walk", shown.short):
            too_much.append(WALK.format(self._in_order))
        if too_much:
            self._redis.set(f"harvest:{who}:slowed", b"1", ex=SLOWED_FOR)
        return next(iter(too_much), "")

    def _walks(self, key: str, text: str) -> bool:
        """Whether so many short searches each came after the one before by the alphabet; the last is kept."""
        kept: Any = self._redis.get(key)
        last, _, run = (kept or b" 0").decode().rpartition(" ")
        many = int(run) + 1 if text > last else 1 if text < last else int(run)
        self._redis.set(key, f"{text} {many}", ex=HOUR)
        return many >= self._in_order

    def _members(self, values: str | set[str], uid: str, span: str) -> list[bytes]:
        """Give what a counter counts, each value once; the same value is another one for somebody else."""
        several = [values] if isinstance(values, str) else values
        return [bytes.fromhex(self._digest(f"{uid} {span} {value}")) for value in several]

    def _digest(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:24]


def listed(uids: Iterable[str]) -> None:
    """Say that this page lists these people, for whose names nobody asked."""
    _shown().listed.update(uids)


def suggested(text: str, uids: Iterable[str]) -> None:
    """Say whom a half-typed text leads to: it asks for somebody once it has more than a letter or two."""
    if len(text) <= SHORT:
        listed(uids)


def opened(uid: str) -> None:
    """Say that this page is all about one person, or their card."""
    _shown().opened.add(uid)


def searched(question: Question, page: int, uids: Sequence[str]) -> None:
    """Say whom a page of results shows. Those on the first page of a search for words are not counted:
    whoever knows a name may look for it, as often as they like."""
    short = len(question.text) <= SHORT
    if short or page > 1:
        listed(uids)
    if short and uids and question.text.isascii() and question.text.isalpha():
        _shown().short = question.text.casefold()
    if page > 1:
        _shown().turned = request.full_path


def watch_for_harvest(app: Flask, settings: PortalSettings, services: PortalServices) -> None:
    """Count what every page shows of people, and let whoever was shown too many go on slowly."""
    tallies = Tallies(services.redis, services.secret, settings)

    @app.before_request
    def slow_down() -> None:
        viewer = g.get("viewer")
        if viewer is not None and request.endpoint in WATCHED and not tallies.may_go_on(viewer.uid):
            raise SlowedDown(retry_after=settings.harvest_seconds)

    @app.after_request
    def count(response: Response) -> Response:
        viewer, shown = g.get("viewer"), g.pop("shown", None)
        if viewer is not None and shown is not None:
            too_much = tallies.count(viewer.uid, shown, services.clock())
            if too_much:
                _tell_the_desk(app, services, viewer, too_much)
        return response


def _shown() -> Shown:
    if "shown" not in g:
        g.shown = Shown()
    shown: Shown = g.shown
    return shown


def _tell_the_desk(app: Flask, services: PortalServices, viewer: Viewer, too_much: str) -> None:
    """Put it on the desk once a day for each person; it passes by itself, like all that names somebody."""
    now = services.clock()
    key = waiting.about(viewer.uid, str(london_today(now)))
    summary = f"{viewer.name} ({viewer.organisation}) {too_much}. Pages open slowly for them now."
    try:
        with services.store.transaction(patience=NOTE_SECONDS) as tx:
            if not waiting.was_raised(tx, waiting.HARVEST, key):
                waiting.raise_item(tx, waiting.HARVEST, key, summary, now)
    except StoreError as error:
        app.logger.error("Somebody who seems to take the directory away was not put on the desk: %s", error)
