"""Who may push to a feed: whoever shows one of its tokens (RFC 6750), and not too often.

Every refusal looks alike, so that nobody learns which feeds there are or what is wrong with a token.
"""

import logging
from typing import cast

from flask import Flask, current_app, request
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from scim2_models import UnauthorizedException
from werkzeug.exceptions import TooManyRequests

from app.scim.feeds import PushedFeed, ScimParts
from app.services import PortalServices
from app.settings import PortalSettings
from app.viewer import services
from ldap_schema.errors import DirectoryError
from ldap_schema.scim_tokens import ScimToken

LIMITS = "counterpart-scim-limits"
WAIT = 60  # seconds, which is how long a window lasts
log = logging.getLogger(__name__)


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


def admitted(feed: str) -> tuple[PushedFeed, ScimParts]:
    """Return the feed whose token was shown; raise UnauthorizedException for everything else."""
    limits, parts = cast(ScimLimits, current_app.extensions[LIMITS]), services().scim
    token = _recognised(parts, feed) if parts else None
    pushed = parts.find(feed) if parts and token else None
    if parts is None or token is None or pushed is None:
        limits.count_refusal()
        raise UnauthorizedException(detail="Show a token that is good for this address.")
    limits.count(feed)
    _note_use(parts, token)
    return pushed, parts


def _recognised(parts: ScimParts, feed: str) -> ScimToken | None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    shown = text.strip() if scheme.casefold() == "bearer" else ""
    return parts.directory.scim_tokens.recognise(feed, shown, services().clock())


def _note_use(parts: ScimParts, token: ScimToken) -> None:
    try:
        parts.directory.scim_tokens.used(token, services().clock())
    except DirectoryError as error:  # the request itself will say if the directory is away
        log.warning("The use of a SCIM token of %s was not noted: %s", token.feed, error)
