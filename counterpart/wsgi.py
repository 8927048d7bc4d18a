"""What the web server loads: `application()` builds the portal from the settings of its environment."""

import os
import signal
import time
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from app.factory import create_app
from counterpart.compose import Services, build, check_files, portal_services
from counterpart.logs import to_stderr
from counterpart.settings import Settings, load

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

LOOK_EVERY, GRACE = 1.0, 5.0  # seconds


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
    check_files(settings)
    services = build(settings)
    return Portal(create_app(settings.portal, portal_services(services)).wsgi_app, services)


def application() -> "WSGIApplication":
    """One portal, for one worker process; called by the web server in each of them."""
    to_stderr()
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    return portal(load(os.environ)).application


def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone: killed, it can't tell us, and we would keep the
    port.
    """
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)
