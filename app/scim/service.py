"""The SCIM protocol as scim2-server has it, within our limits, with the answers that Entra and Okta read."""

import json
from dataclasses import dataclass
from typing import Any

from scim2_models import (
    Context,
    InvalidFilterException,
    InvalidSyntaxException,
    PayloadTooLargeException,
    Resource,
    ResponseParameters,
)
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService

from app.scim.feeds import PushedFeed, ScimParts
from app.scim.schemas import provider_of
from app.scim.storage import SnapshotStorage
from ldap_schema.clock import Clock

LARGEST_BODY = 100_000  # bytes
LONGEST_EXPRESSION = 1_000  # characters of a filter or of a path
MOST_OPERATIONS = 100  # in one PATCH
DEEPEST = 20  # objects and lists within each other
EXPRESSIONS = ("filter", "attributes", "excludedattributes", "sortby", "path")


class FeedService(ScimService):
    """Answers a PATCH with the resource: RFC 7644 section 3.5.2 allows 200 and 204, and clients read it."""

    def patch_response(
        self, base_url: str, resource: Resource[Any], response_parameters: ResponseParameters[Any]
    ) -> ScimResponse:
        """Return 200 with the whole resource, or with the attributes that were asked for."""
        published = self.publish(base_url, resource)
        return self.resource_response(published, Context.RESOURCE_REPLACEMENT_RESPONSE, response_parameters)

    def max_body_size(self, request: ScimRequest) -> int | None:
        """Return how much is read of any request; `check` refuses what is longer."""
        return LARGEST_BODY


@dataclass(frozen=True, slots=True)
class FeedBase:
    """One feed's SCIM service, ready to handle requests."""

    feed: PushedFeed
    handler: ScimHandler


def base_of(feed: PushedFeed, parts: ScimParts, clock: Clock) -> FeedBase:
    """Make the service of a feed; it takes some milliseconds, and is good until the mapping changes."""
    service = FeedService(provider_of(feed))
    model = service.get_models()[0]
    snapshots = parts.directory.as_feed(feed.id).scim_snapshots
    return FeedBase(feed, ScimHandler(service, SnapshotStorage(feed, snapshots, model, clock)))


def check(request: ScimRequest) -> None:
    """Refuse what could keep a process busy, before it is taken apart."""
    if len(request.body) > LARGEST_BODY:
        raise PayloadTooLargeException(detail=f"A request may have {LARGEST_BODY} bytes.")
    for name, value in request.query.items():
        if name.casefold() in EXPRESSIONS:
            _check_expression(value)
    if request.body:
        _check_body(request.body)


def _check_body(raw: bytes) -> None:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidSyntaxException(detail="The body is no JSON in UTF-8.") from None
    if not isinstance(body, dict):
        raise InvalidSyntaxException(detail="The body is no JSON object.")
    _check_depth(body, DEEPEST)
    for name, value in body.items():
        if name.casefold() == "operations" and isinstance(value, list):
            if len(value) > MOST_OPERATIONS:
                raise PayloadTooLargeException(detail=f"One PATCH may have {MOST_OPERATIONS} operations.")
            for operation in value:
                _check_names(operation)
    _check_names(body)


def _check_names(value: Any) -> None:
    for name, content in value.items() if isinstance(value, dict) else ():
        if name.casefold() in EXPRESSIONS and isinstance(content, str):
            _check_expression(content)


def _check_expression(text: str) -> None:
    if len(text) > LONGEST_EXPRESSION or text.count("(") > DEEPEST:
        raise InvalidFilterException(detail=f"A filter or path may have {LONGEST_EXPRESSION} characters.")


def _check_depth(value: Any, left: int) -> None:
    if not left:
        raise InvalidSyntaxException(detail=f"The body is nested more than {DEEPEST} deep.")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(each, left - 1)
