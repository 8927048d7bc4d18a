"""Who may push to a feed: whoever shows one of its tokens (RFC 6750), and not too often.

Every refusal looks alike, so that nobody learns which feeds there are or what is wrong with a token.
"""

import logging
from typing import cast

from flask import current_app, request
from scim2_models import UnauthorizedException

from app.scim.feeds import PushedFeed, ScimParts
from app.scim.limits import LIMITS, ScimLimits
from app.viewer import services
from ldap_schema.errors import DirectoryError
from ldap_schema.scim_tokens import ScimToken

log = logging.getLogger(__name__)


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
