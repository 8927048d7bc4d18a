"""For machines: is the portal alive, can it serve, and what does it count."""

import time
from collections.abc import Callable
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, g, jsonify, make_response, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from redis.exceptions import RedisError

from app.feed_metrics import FeedsComing
from app.permissions import public
from app.security import was_forwarded
from app.sign_in_metrics import SignInEnds
from app.viewer import portal_settings, services
from ldap_schema.errors import DirectoryError
from store.errors import StoreError

bp = Blueprint("health", __name__)

MACHINES = "Machines that watch the portal have no account; it says nothing about anybody."


class Counts:
    """What one portal process counts since it began."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("endpoint", "status")
        self.requests = Counter("counterpart_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "counterpart_seconds", "Seconds an answer took.", ("endpoint",), registry=self.registry
        )
        self.behind = Gauge(
            "counterpart_index_behind_seconds",
            "Seconds since this machine's search index was in step with the directory; +Inf if it never was.",
            registry=self.registry,
        )
        self.mended = Gauge(
            "counterpart_index_mended",
            "Entries of the search index that differed from the directory without a word from it.",
            registry=self.registry,
        )
        self.registry.register(SignInEnds())
        self.registry.register(FeedsComing())


def count_requests(app: Flask) -> None:
    """Count every answer by view and status; never by person."""
    counts = app.extensions["counterpart-counts"] = Counts()

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        counts.requests.labels(endpoint, str(response.status_code)).inc()
        counts.seconds.labels(endpoint).observe(time.perf_counter() - g.get("began", time.perf_counter()))
        return response


@bp.get("/healthz")
@public(MACHINES)
def healthz() -> Response:
    """Say that this process answers; it asks no other server, so a restart is only done when it helps."""
    return jsonify(status="alive")


@bp.get("/readyz")
@public(MACHINES)
def readyz() -> Response:
    """Say which of the servers behind the portal answer; 503 when one does not.

    A search index that nobody keeps fresh is told and does no harm: searching asks the directory then.
    """
    given = services()
    parts = {
        "directory": _answers(given.directory.probe),
        "sessions": _answers(given.redis.ping),
        "database": _answers(given.store.check),
    }
    status = "ready" if all(parts.values()) else "not ready"
    response = jsonify(status=status, **parts, search_index="fresh" if given.index.usable else "behind")
    response.status_code = 200 if all(parts.values()) else 503
    return response


@bp.get("/metrics")
@public("Read by the monitoring machines listed in the settings; for others it does not exist.")
def metrics() -> Response:
    """Give the counts in Prometheus' format.

    A proxy of which the settings know nothing hides who asks, and may stand on a listed machine.
    """
    settings = portal_settings()
    unknown = was_forwarded() and not settings.proxies
    if unknown or request.remote_addr not in settings.metrics_from:
        abort(404)
    counts = cast(Counts, current_app.extensions["counterpart-counts"])
    counts.behind.set(services().index.behind())
    counts.mended.set(services().index.mended())
    response = make_response(generate_latest(counts.registry))
    response.headers["Content-Type"] = CONTENT_TYPE_LATEST
    return response


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except (DirectoryError, RedisError, StoreError) as error:
        current_app.logger.warning("Not ready: %s", error)
        return False
    return True
