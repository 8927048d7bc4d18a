"""What every page may use: dates in words, the session's end, the brand; no logic of any one page."""

import re
from typing import Any

from flask import Flask, current_app, g
from govuk_frontend_wtf.main import WTFormsHelpers
from markupsafe import Markup

from app.moments import clock_time, moment
from app.settings import PortalSettings
from app.viewer import portal_session, services, sessions

_ADDRESS = re.compile(r"([\w.+-]+@[\w.-]*\w)")


def prepare_templates(app: Flask, settings: PortalSettings) -> None:
    """Add the filters and values that pages share."""
    WTFormsHelpers(app)
    app.jinja_env.filters.update(moment=moment, clock_time=clock_time, with_addresses=with_addresses)
    app.jinja_env.globals.update(service_name=settings.service_name, portal=settings)
    app.context_processor(about_this_request)


def about_this_request() -> dict[str, Any]:
    """Give pages the viewer and, for somebody signed in, when that ends."""
    known: dict[str, Any] = {"viewer": g.get("viewer"), "asset": _asset}
    if g.get("viewer") is None:
        return known
    idle, absolute = sessions().leaves_at(portal_session())
    left = int((idle - services().clock()).total_seconds())
    return {
        **known,
        "idle_until": idle,
        "absolute_until": absolute,
        "idle_seconds": left,
        "last_stretch": idle == absolute,
    }


def with_addresses(text: str) -> Markup:
    """Return a text in which mail addresses can be pressed; "the IT desk, it-desk@rivers.example" is one."""
    parts = _ADDRESS.split(text)  # every second one is an address
    link = Markup('<a class="govuk-link" href="mailto:{0}">{0}</a>')
    return Markup("").join(link.format(part) if number % 2 else part for number, part in enumerate(parts))


def _asset(name: str) -> str:
    """Return the address of a static file, with its version so that browsers may keep it.

    Written out, because an error page for a refused host has no routes to ask.
    """
    return f"/static/{name}?v={current_app.extensions['counterpart-brand'].digest}"
