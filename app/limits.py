"""How often something may be done: counted in Redis, so that all portals count together."""

import functools
import hashlib
from collections.abc import Callable
from typing import Any, cast

from flask import Flask, abort, current_app, request
from limits import parse, parse_many
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

from app.services import PortalServices
from app.settings import PortalSettings

# Views that a stranger can call, and that cost us or a provider something. "sign_in.acs" counts what it
# refuses by itself: what it believes answers a request of ours, which was counted when it began.
LIMITED = (
    "sign_in.find", "sign_in.begin", "sign_out.slo", "mailed_link.send", "mailed_link.use",
    "pages.send_feedback",
)  # fmt: skip
LINKS_TO_ONE = parse("3 per hour")  # mails with a sign-in link to one address
LINKS_IN_ALL = parse("100 per hour")  # by one network address, behind which a whole department may be


class TooManyMessages(Exception):
    """The sender reached a daily limit; the text says which, for the form."""


class MessageLimits:
    """The daily limits on writing to people through the portal."""

    def __init__(self, counter: MovingWindowRateLimiter, settings: PortalSettings) -> None:
        self._counter = counter
        self._in_all = parse(f"{settings.messages_per_day} per day")
        self._to_one = parse(f"{settings.messages_to_one_per_day} per day")

    def count(self, sender: str, recipient: str) -> None:
        """Count one message; raise TooManyMessages instead if it would be one too many."""
        counter = self._counter
        if not counter.test(self._in_all, "messages", sender):
            raise TooManyMessages(
                f"You can write to {self._in_all.amount} people in 24 hours. Try again tomorrow."
            )
        if not counter.hit(self._to_one, "messages-to", sender, recipient):
            raise TooManyMessages(
                f"You can write to the same person {self._to_one.amount} times in 24 hours."
            )
        counter.hit(self._in_all, "messages", sender)


class ExportLimits:
    """How many people one person may save as files in 24 hours."""

    def __init__(self, counter: MovingWindowRateLimiter, settings: PortalSettings) -> None:
        self._counter = counter
        self._limit = parse(f"{settings.export_people_per_day} per day")

    @property
    def most(self) -> int:
        """How many they are at most."""
        return self._limit.amount

    def left(self, uid: str) -> int:
        """How many of them are left for somebody."""
        return self._counter.get_window_stats(self._limit, "export", uid).remaining

    def count(self, uid: str, people: int) -> bool:
        """Count so many; False, and nothing counted, if they would be too many."""
        return self._counter.hit(self._limit, "export", uid, cost=people)


class LinkLimits:
    """How often a sign-in link may be asked for: by one network address, and for one mailbox."""

    def __init__(self, counter: MovingWindowRateLimiter) -> None:
        self._counter = counter

    def count(self, asker: str, address: str) -> bool:
        """Count one; False if it would be one too many, which the asker is not told."""
        counter, mailbox = self._counter, hashlib.sha256(address.encode()).hexdigest()
        return counter.hit(LINKS_IN_ALL, "links-by", asker) and counter.hit(LINKS_TO_ONE, "links-to", mailbox)


def export_limits() -> ExportLimits:
    """Return how many people may be saved as files."""
    return cast(ExportLimits, current_app.extensions["counterpart-export-limits"])


def may_ask_for_link(address: str) -> bool:
    """Count a wish for a sign-in link; False if nobody may have another one there now."""
    limits = cast(LinkLimits, current_app.extensions["counterpart-link-limits"])
    return limits.count(request.remote_addr or "unknown", address)


def count_suggestions(uid: str) -> None:
    """Count a wish of this person for suggestions; answer with 429 if it is one too many."""
    cast(Callable[[str], None], current_app.extensions["counterpart-suggestion-limit"])(uid)


def count_try() -> None:
    """Count a try of whoever asks, of all kinds together; answer with 429 if it is one too many."""
    cast(Callable[[], None], current_app.extensions["counterpart-try-limit"])()


def limit_how_often(app: Flask, settings: PortalSettings, services: PortalServices) -> None:
    """Limit the listed views by network address, and keep the counters of messages."""
    pool: Any = services.redis.connection_pool
    storage = RedisStorage("redis://", connection_pool=pool)
    counter = MovingWindowRateLimiter(storage)
    often = FixedWindowRateLimiter(storage)  # cheaper, and exact enough for what is asked at each key
    allowed = parse_many(settings.sign_in_limit)

    def count() -> None:
        if not all(counter.hit(each, "sign-in", request.remote_addr or "unknown") for each in allowed):
            abort(429)

    suggestions = parse_many(settings.suggestion_limit)

    def count_for(uid: str) -> None:
        if not all(often.hit(each, "suggestions", uid) for each in suggestions):
            abort(429)

    for endpoint in LIMITED:
        app.view_functions[endpoint] = _limited(app.view_functions[endpoint])
    app.extensions["counterpart-try-limit"] = count
    app.extensions["counterpart-suggestion-limit"] = count_for
    app.extensions["counterpart-link-limits"] = LinkLimits(counter)
    app.extensions["counterpart-export-limits"] = ExportLimits(counter, settings)
    app.extensions["counterpart-message-limits"] = MessageLimits(counter, settings)


def _limited(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, while whoever asks from there has not asked too often."""

    @functools.wraps(view)
    def limited(*args: Any, **kwargs: Any) -> Any:
        count_try()
        return view(*args, **kwargs)

    return limited
