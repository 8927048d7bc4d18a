"""What every page may use: dates in words, the session's end, the brand; no logic of any one page."""

from typing import Any

from flask import Flask, current_app, g
from govuk_frontend_wtf.main import WTFormsHelpers

from app.moments import clock_time, moment
from app.settings import PortalSettings
from app.viewer import portal_session, services, sessions


def prepare_templates(app: Flask, settings: PortalSettings) -> None:
    """Add the filters and values that pages share."""
    WTFormsHelpers(app)
    app.jinja_env.filters.update(moment=moment, clock_time=clock_time)
    app.jinja_env.globals.update(service_name=settings.service_name, portal=settings)
    app.context_processor(_about_this_request)


def _about_this_request() -> dict[str, Any]:
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


def _asset(name: str) -> str:
    """Return the address of a static file, with its version so that browsers may keep it.

    Written out, because an error page for a refused host has no routes to ask.
    """
    return f"/static/{name}?v={current_app.extensions['counterpart-brand'].digest}"
