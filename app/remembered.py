"""Through which organisation somebody last signed in on this browser, and whether it has to ask them anew the
next time, each in a cookie of its own.
"""

from flask import request
from werkzeug.wrappers import Response

from app.security import is_https
from app.viewer import services
from saml.provider import LIVE, Provider

COOKIE = "counterpart-organisation"
PATH = "/sign-in"
A_YEAR = 365 * 24 * 3600
ANEW, TEN_MINUTES = "counterpart-anew", 600


def remembered() -> Provider | None:
    """The provider, while it is live."""
    wanted = request.cookies.get(COOKIE, "")
    if not 0 < len(wanted) <= 64:
        return None
    provider = services().sign_on.provider(wanted)
    return provider if provider is not None and provider.state == LIVE else None


def remember(response: Response, provider_id: str) -> Response:
    """Keep which provider it was; nothing about the person."""
    return _keep(response, COOKIE, provider_id, A_YEAR)


def ask_anew(response: Response, provider_id: str) -> Response:
    """Keep that this provider has to ask the person anew, as it knew them from too long ago."""
    return _keep(response, ANEW, provider_id, TEN_MINUTES)


def is_asked_anew(provider_id: str) -> bool:
    """Whether the provider has to; whoever makes the cookie up only has to sign in there again."""
    return request.cookies.get(ANEW, "") == provider_id


def _keep(response: Response, name: str, provider_id: str, seconds: int) -> Response:
    response.set_cookie(
        name, provider_id, max_age=seconds, path=PATH, secure=is_https(services().base_url), httponly=True,
        samesite="Lax",
    )  # fmt: skip
    return response


def forget(response: Response) -> Response:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, path=PATH)
    return response
