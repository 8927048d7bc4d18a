"""The addresses `/scim/<feed>/v2/…`: scim2-flask's blueprint, once for all feeds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

from flask import Blueprint, Flask, request
from scim2_flask import ScimServer
from scim2_flask.extension import METHODS, flask_rule
from scim2_models import PreconditionFailedException
from scim2_server.requests import ScimRequest
from scim2_server.routing import ROUTES
from werkzeug.wrappers import Response

from app.permissions import public
from app.scim.access import admitted
from app.scim.errors import MEDIA_TYPE, scim_error
from app.scim.service import LARGEST_BODY, FeedBase, base_of, check
from app.scim.storage import SnapshotBusy
from app.viewer import services

NAME = "scim"
CLIENTS = (
    "Departments' provisioning clients show a token; no person signs in here, and no cookie is looked at."
)
AT_ONCE = 4  # requests of clients that one process handles; its other threads are for people
PATIENCE = 5.0  # seconds to wait for one of these places
TRIES = 5  # at a record that another request changed at the same moment


class FeedServer(ScimServer):
    """scim2-flask's server, which knows one service, for the services of all feeds."""

    def __init__(self) -> None:
        self.name = NAME
        self._slots = BoundedSemaphore(AT_ONCE)
        self._bases: dict[str, FeedBase] = {}  # by feed; made anew when the mapping has changed

    def blueprint(self) -> Blueprint:
        """Return scim2-server's addresses below `/scim/<feed>/v2`, for whoever shows that feed's token."""
        blueprint = Blueprint(NAME, __name__, url_prefix="/scim/<feed>/v2")
        blueprint.register_error_handler(Exception, scim_error)
        for route in ROUTES:
            view = _for_clients(self._view(route.operation.value))
            blueprint.add_url_rule(flask_rule(route), route.name, view, methods=[route.method])
        others = _for_clients(self._view("handle"))
        blueprint.add_url_rule("/", "fallback", others, methods=METHODS, defaults={"path": ""})
        blueprint.add_url_rule("/<path:path>", "fallback", others, methods=METHODS)
        return blueprint

    def _view(self, operation: str) -> Callable[..., Response]:
        def view(feed: str, **_: str) -> Response:
            base = self._base(feed)
            asked = self._asked(feed)
            with self._slot():
                response = self._to_response(_carried_out(base, operation, asked))
            if response.data:
                response.headers["Content-Type"] = MEDIA_TYPE
            return response

        return view

    @contextmanager
    def _slot(self) -> Iterator[None]:
        """Take one of the few places that clients have together: searching all records takes its time."""
        if not self._slots.acquire(timeout=PATIENCE):
            raise SnapshotBusy
        try:
            yield
        finally:
            self._slots.release()

    def _base(self, feed: str) -> FeedBase:
        pushed, parts = admitted(feed)
        base = self._bases.get(feed)
        if base is None or base.feed.digest != pushed.digest:
            base = self._bases[feed] = base_of(pushed, parts, services().clock)
        return base

    @staticmethod
    def _asked(feed: str) -> ScimRequest:
        """Return the request as scim2-server reads it; raise for one that is too much."""
        prefix = f"/scim/{feed}/v2"
        asked = ScimRequest(
            method=request.method,
            base_url=f"{services().base_url}{prefix}",
            path=request.path.removeprefix(prefix),
            query=request.args.to_dict(),
            headers=list(request.headers.items()),
            body=request.stream.read(LARGEST_BODY + 1),
        )
        check(asked)
        return asked


def _carried_out(base: FeedBase, operation: str, asked: ScimRequest) -> Any:
    """Do what is asked; once more if somebody else changed the record meanwhile and no version was named."""
    for _ in range(TRIES):
        try:
            return getattr(base.handler, operation)(asked)
        except PreconditionFailedException:
            if asked.header("If-Match") or asked.header("If-None-Match"):
                raise
    raise SnapshotBusy


def _for_clients(view: Callable[..., Response]) -> Callable[..., Response]:
    return public(CLIENTS)(view)


def add_scim(app: Flask) -> None:
    """Register the addresses of SCIM clients."""
    app.register_blueprint(FeedServer().blueprint())
