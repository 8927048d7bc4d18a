"""What answers below `/scim/<feed>/v2`: scim2-flask's server, once for all feeds."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from flask import request
from scim2_flask import ScimServer
from scim2_models import PreconditionFailedException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from werkzeug.wrappers import Response

from app.scim.access import admitted
from app.scim.addresses import NAME
from app.scim.errors import MEDIA_TYPE
from app.scim.service import LARGEST_BODY, FeedBase, base_of, check
from app.scim.storage import SnapshotBusy
from app.viewer import services

AT_ONCE = 4  # requests of clients that one process handles; its other threads are for people
PATIENCE = 5.0  # seconds to wait for one of these places
TRIES = 5  # at a record that another request changed at the same moment


class FeedServer(ScimServer):
    """scim2-flask's server, which knows one service, for the services of all feeds."""

    def __init__(self) -> None:
        self.name = NAME
        self._slots = BoundedSemaphore(AT_ONCE)
        self._bases: dict[str, FeedBase] = {}  # by feed; made anew when the mapping has changed

    def answer(self, feed: str) -> Response:
        """Answer the request that is being handled, once it has shown a token of the feed."""
        base = self._base(feed)
        asked = self._asked(feed)
        with self._slot():
            response = self._to_response(_carried_out(base, asked))
        if response.data:
            response.headers["Content-Type"] = MEDIA_TYPE
        return response

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
            method="GET" if request.method == "HEAD" else request.method,
            base_url=f"{services().base_url}{prefix}",
            path=request.path.removeprefix(prefix),
            query=request.args.to_dict(),
            headers=list(request.headers.items()),
            body=request.stream.read(LARGEST_BODY + 1),
        )
        check(asked)
        return asked


def _carried_out(base: FeedBase, asked: ScimRequest) -> ScimResponse:
    """Do what is asked; once more if somebody else changed the record meanwhile and no version was named."""
    for _ in range(TRIES):
        try:
            return base.handler.handle(asked)
        except PreconditionFailedException:
            if asked.header("If-Match") or asked.header("If-None-Match"):
                raise
    raise SnapshotBusy
