"""What every answer carries so that the browser guards its user, and which requests are refused unread."""

import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from app.services import PortalServices
from app.settings import PortalSettings

# Forms that other sites send by design, each protected by something better than a token of ours.
WITHOUT_FORM_TOKEN = {
    "sign_in.acs": "the provider's page posts it; the answer is signed and bound to the browser by a cookie",
    "sign_out.slo": "the provider's page posts it; the message is signed and names whose session ends",
}
# Parts of the portal that look at no cookie, so that no browser can be made to speak for its user there.
WITHOUT_COOKIES = {"scim": "a client shows a token with every request, which no browser does by itself"}

# A form is read letter by letter: 500 kB of separators or of bare per cent signs cost 150 ms of CPU, and any
# stranger may send one. What browsers send has a few dozen fields, and little that has to be escaped.
MOST_FIELDS, MOST_ESCAPES = 500, 60_000

# With these a proxy says for whom it asks; the last is nginx's custom, RFC 7239 defines the second.
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def believe_only_configuration(app: Flask, settings: PortalSettings, services: PortalServices) -> None:
    """Take scheme and host from the configured address; a request for any other host is refused."""
    address = urlsplit(services.base_url)
    app.config["TRUSTED_HOSTS"] = [address.hostname or "localhost", *settings.extra_hosts]
    app.config["PREFERRED_URL_SCHEME"] = address.scheme
    app.config["MAX_CONTENT_LENGTH"] = settings.largest_request
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.largest_request
    inner: Any = _whole(_with_scheme(app.wsgi_app, address.scheme))
    if settings.proxies:
        inner = ProxyFix(inner, x_for=settings.proxies, x_proto=0, x_host=0)
    app.wsgi_app = inner  # type: ignore[method-assign]


def warn_of_proxies(app: Flask, settings: PortalSettings) -> None:
    """Say once in the log that a proxy stands before the portal of which the settings know nothing."""
    if settings.proxies:
        return
    said = threading.Event()

    @app.before_request
    def warn() -> None:
        if was_forwarded() and not said.is_set():
            said.set()
            app.logger.warning(
                "A request came through a proxy, and COUNTERPART_PORTAL_PROXIES is 0: everybody behind it "
                "shares one limit on signing in, and is refused /metrics. Set it to the number of proxies."
            )


def was_forwarded() -> bool:
    """Say whether a proxy passed the request on, so that its network address is the proxy's own."""
    return any(header in request.headers for header in FORWARDED)


def bound_forms(app: Flask) -> None:
    """Refuse a form with more fields or escapes than any of ours has, before it is taken apart."""

    @app.before_request
    def count() -> None:
        if request.mimetype == "application/x-www-form-urlencoded":
            sent = request.get_data(parse_form_data=False)
            if sent.count(b"&") > MOST_FIELDS or sent.count(b"%") > MOST_ESCAPES:
                abort(413)


def is_https(base_url: str) -> bool:
    """Say whether people reach the portal over HTTPS."""
    return urlsplit(base_url).scheme == "https"


def demand_form_tokens(app: Flask, services: PortalServices) -> None:
    """Refuse every form without its token, but for the views listed above with their reasons."""
    app.secret_key = services.secret
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # a token lives as long as the session it belongs to
    protect = CSRFProtect(app)
    for endpoint in WITHOUT_FORM_TOKEN:
        protect.exempt(app.view_functions[endpoint])
    for blueprint in WITHOUT_COOKIES:
        protect.exempt(app.blueprints[blueprint])


def add_headers(app: Flask, services: PortalServices) -> None:
    """Put the security headers on every answer, error pages included."""
    fixed = _fixed_headers(services.base_url)

    @app.after_request
    def headers(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        response.headers["Content-Security-Policy"] = content_security_policy(g.get("form_target", ""))
        if not request.path.startswith(("/static/", "/assets/")):
            response.headers.setdefault(
                "Cache-Control", "no-store"
            )  # pages name people; no shared computer keeps them
        return response


@lru_cache(maxsize=256)
def content_security_policy(form_target: str = "") -> str:
    """Return the policy: everything from here and nothing inline; forms may reach one origin beside ours."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            f"form-action 'self' {form_target}".rstrip(),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def let_forms_reach(origin: str) -> None:
    """Let the form of this page reach one other origin: the provider to which it carries a message."""
    g.form_target = origin


def _fixed_headers(base_url: str) -> dict[str, str]:
    headers = {
        "Referrer-Policy": "same-origin",  # not "no-referrer": form tokens over HTTPS are checked against it
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if is_https(base_url):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


def _with_scheme(inner: WSGIApp, scheme: str) -> WSGIApp:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.url_scheme"] = scheme
        return inner(environ, start_response)

    return application


def _whole(inner: WSGIApp) -> WSGIApp:
    """Granian says that it bounds a body (`wsgi.input_terminated`), and ends it without a word where its
    sender breaks off: half a message would be taken for all of it. Werkzeug, where it counts, refuses."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH"):
            environ.pop("wsgi.input_terminated", None)
        return inner(environ, start_response)

    return application
