"""Through which organisation somebody last signed in on this browser, in a cookie of its own."""

from flask import request
from werkzeug.wrappers import Response

from app.security import is_https
from app.viewer import services
from saml.provider import LIVE, Provider

COOKIE = "counterpart-organisation"
PATH = "/sign-in"
A_YEAR = 365 * 24 * 3600


def remembered() -> Provider | None:
    """The provider, while it is live."""
    wanted = request.cookies.get(COOKIE, "")
    if not 0 < len(wanted) <= 64:
        return None
    provider = services().sign_on.provider(wanted)
    return provider if provider is not None and provider.state == LIVE else None


def remember(response: Response, provider_id: str) -> Response:
    """Keep which provider it was; nothing about the person."""
    response.set_cookie(
        COOKIE, provider_id, max_age=A_YEAR, path=PATH, secure=is_https(services().base_url), httponly=True,
        samesite="Lax",
    )  # fmt: skip
    return response


def forget(response: Response) -> Response:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, path=PATH)
    return response
