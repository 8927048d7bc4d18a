"""Every failure below `/scim/` as a SCIM error (RFC 7644 section 3.12): no page, no value, no token.

What is logged is what kind of error it was and where; messages of libraries hold pieces of what was sent.
"""

import traceback

from flask import Response, current_app, jsonify, request
from redis.exceptions import RedisError
from scim2_models import Error, InvalidSyntaxException, InvalidValueException, SCIMException
from scim2_server.errors import MethodNotAllowedException
from werkzeug.exceptions import HTTPException

from app.scim.storage import SnapshotBusy
from ldap_schema.errors import BadValue, DirectoryError
from saml.errors import speakable_reference

MEDIA_TYPE = "application/scim+json"
AWAY = "The service is not available for the moment. Nothing was changed; send the request again."
BUSY = "Too many ask at the same moment. Nothing was changed; send the request again."
RETRY_SECONDS = {429: "60", 503: "30"}


def told(error: Exception) -> Response:
    """Return the answer that tells a SCIM client what went wrong; `addresses.py` asks for it."""
    said = _in_scim(error)
    _log(error, said.status or 500)
    response = jsonify(said.model_dump())
    response.status_code = said.status or 500
    response.headers["Content-Type"] = MEDIA_TYPE
    for name, value in _headers(error, response.status_code).items():
        response.headers[name] = value
    return response


def _in_scim(error: Exception) -> Error:
    match error:
        case SCIMException():
            return error.to_error()
        case BadValue():
            return InvalidValueException(detail="A value can't be kept.").to_error()
        case RecursionError():
            return InvalidSyntaxException(detail="The request is nested too deep.").to_error()
        case SnapshotBusy():
            return Error(status=503, detail=BUSY)
        case DirectoryError() | RedisError():
            return Error(status=503, detail=AWAY)
        case HTTPException():
            return Error(status=error.code or 500, detail=error.description)
        case _:
            return Error(status=500, detail="Something went wrong inside. It was written down.")


def _headers(error: Exception, status: int) -> dict[str, str]:
    headers = {"Retry-After": RETRY_SECONDS[status]} if status in RETRY_SECONDS else {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="SCIM"'
    if isinstance(error, MethodNotAllowedException):
        headers["Allow"] = ", ".join(error.allowed)
    return headers


def _log(error: Exception, status: int) -> None:
    kind, where = type(error).__name__, (request.method, request.endpoint or "no such address")
    if status == 503:
        reason = error if isinstance(error, DirectoryError | RedisError) else ""
        current_app.logger.error("%s %s %s: %s %s", status, *where, kind, reason)
    elif status == 500:
        frames = "".join(traceback.format_tb(error.__traceback__))  # where, and not what was sent
        current_app.logger.error(
            "%s %s %s %s: %s\n%s", speakable_reference(), status, *where, kind, frames.rstrip()
        )
    else:
        current_app.logger.info("%s %s %s: %s", status, *where, kind)
