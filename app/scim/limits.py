"""How often SCIM clients may ask, counted by all portals together."""

from flask import Flask, request
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from app.services import PortalServices
from app.settings import PortalSettings

LIMITS = "counterpart-scim-limits"
WAIT = 60  # seconds, which is how long a window lasts


class ScimLimits:
    """How often a feed's clients may ask, and how often one address may be refused."""

    def __init__(self, counter: FixedWindowRateLimiter, asked: RateLimitItem, refused: RateLimitItem) -> None:
        self._counter, self._asked, self._refused = counter, asked, refused

    def count(self, feed: str) -> None:
        """Count a request of a feed's client; raise TooManyRequests if it is one too many."""
        self._hit(self._asked, "scim", feed)

    def count_refusal(self) -> None:
        """Count a request without a good token; raise TooManyRequests if it is one too many."""
        self._hit(self._refused, "scim-refused", request.remote_addr or "unknown")

    def _hit(self, limit: RateLimitItem, *names: str) -> None:
        if not self._counter.hit(limit, *names):
            raise TooManyRequests(f"Wait {WAIT} seconds before you ask again.", retry_after=WAIT)


def limit_scim(app: Flask, settings: PortalSettings, services: PortalServices) -> None:
    """Keep the counters in Redis, so that all portals count together."""
    pool = services.redis.connection_pool
    counter = FixedWindowRateLimiter(RedisStorage("redis://", connection_pool=pool))
    app.extensions[LIMITS] = ScimLimits(
        counter, parse(settings.scim_limit), parse(settings.scim_refusal_limit)
    )
