"""What every page may use: dates in words, the session's end, the brand; no logic of any one page."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g
from govuk_frontend_wtf.main import WTFormsHelpers

from app.settings import PortalSettings
from app.viewer import portal_session, services, sessions

LONDON = ZoneInfo("Europe/London")


def prepare_templates(app: Flask, settings: PortalSettings) -> None:
    """Add the filters and values that pages share."""
    WTFormsHelpers(app)
    app.jinja_env.filters.update(moment=moment, clock_time=clock_time)
    app.jinja_env.globals.update(service_name=settings.service_name, portal=settings)
    app.context_processor(_about_this_request)


def moment(instant: datetime) -> str:
    """Write an instant as people in the UK say it: 3 March 2026, 2:05pm."""
    local = instant.astimezone(LONDON)
    return f"{local.day} {local:%B %Y}, {clock_time(instant)}"


def clock_time(instant: datetime) -> str:
    """Write a time of day: 2:05pm."""
    local = instant.astimezone(LONDON)
    return f"{local.hour % 12 or 12}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


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
