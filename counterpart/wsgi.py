"""What the web server loads: `application()` builds the portal from the settings of its environment."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import create_app
from counterpart.compose import Services, build, portal_services
from counterpart.logs import to_stderr
from counterpart.settings import Settings, load

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


@dataclass(frozen=True, slots=True)
class Portal:
    """The web application and what it stands on."""

    application: "WSGIApplication"
    services: Services

    def close(self) -> None:
        """Give the connections back."""
        self.services.close()


def portal(settings: Settings) -> Portal:
    """Build the portal; raises for every file or setting it can't do without, but connects to nothing."""
    services = build(settings)
    return Portal(create_app(settings.portal, portal_services(services)).wsgi_app, services)


def application() -> "WSGIApplication":
    """One portal, for one worker process; called by the web server in each of them."""
    to_stderr()
    return portal(load(os.environ)).application
