"""The addresses below `/scim/`, known from the start; what answers there is loaded for the first client.

Most portals have no such client or few, and the libraries for SCIM take as long to load as all of the rest.
"""

from threading import Lock
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response
from werkzeug.wrappers import Response as AnyResponse

from app.permissions import public

if TYPE_CHECKING:
    from app.scim.server import FeedServer

PATHS = "/scim/"
NAME = "scim"
CLIENTS = (
    "Departments' provisioning clients show a token; no person signs in here, and no cookie is looked at."
)
RECORDS, RECORD = "/<kind>", "/<kind>/<id>"
# What RFC 7644 calls the operations (section 3.2): metrics and the log name them. Each address is looked at
# again by scim2-server, which knows all of them.
OPERATIONS = {
    "search": ("GET", RECORDS),
    "create": ("POST", RECORDS),
    "query": ("GET", RECORD),
    "replace": ("PUT", RECORD),
    "patch": ("PATCH", RECORD),
    "delete": ("DELETE", RECORD),
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class FeedAddresses:
    """The views of these addresses, and the server behind them once somebody has come."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loaded: FeedServer | None = None

    def blueprint(self) -> Blueprint:
        """Return the addresses below `/scim/<feed>/v2`, for whoever shows that feed's token."""
        blueprint = Blueprint(NAME, __name__, url_prefix="/scim/<feed>/v2")
        blueprint.register_error_handler(Exception, scim_error)

        @public(CLIENTS)
        def view(feed: str, **_: str) -> AnyResponse:
            return self._server().answer(feed)

        for name, (method, rule) in OPERATIONS.items():
            blueprint.add_url_rule(rule, name, view, methods=[method])
        blueprint.add_url_rule("/", "fallback", view, methods=METHODS)
        blueprint.add_url_rule("/<path:path>", "fallback", view, methods=METHODS)
        return blueprint

    def _server(self) -> "FeedServer":
        with self._lock:
            if self._loaded is None:
                from app.scim.server import FeedServer

                self._loaded = FeedServer()
            return self._loaded


def add_scim(app: Flask) -> None:
    """Register the addresses of SCIM clients."""
    app.register_blueprint(FeedAddresses().blueprint())


def is_scim(path: str) -> bool:
    """Say whether an address is a SCIM client's and no person's."""
    return path.startswith(PATHS)


def scim_error(error: Exception) -> Response:
    """Return the answer that tells a SCIM client what went wrong."""
    from app.scim.errors import told

    return told(error)
