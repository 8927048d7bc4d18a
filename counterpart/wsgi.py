"""What the web server loads: `application()` builds the portal from the settings of its environment."""

import os
from typing import TYPE_CHECKING

from app import create_app
from counterpart.compose import build, portal_services
from counterpart.settings import load

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def application() -> "WSGIApplication":
    """One portal, for one worker process; called by the web server in each of them."""
    settings = load(os.environ)
    return create_app(settings.portal, portal_services(build(settings)))
