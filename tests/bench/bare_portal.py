"""The least that a page of the portal can be: Flask, and the session read from Redis, on the same web server.

`application()` is what granian loads; the settings are those of the portal that it is compared with.
"""

import os

from flask import Flask, session

from app.sessions import keep_sessions
from counterpart.compose import build, portal_services
from counterpart.settings import load


def application() -> Flask:
    """Make the portal for one worker process."""
    settings = load(os.environ)
    app = Flask("bare", static_folder=None)
    keep_sessions(app, settings.portal, portal_services(build(settings)))

    @app.get("/")
    def hello() -> str:
        return f"Hello {session['uid']}"

    return app
