"""A portal that uses python3-saml plainly: as its README shows for Flask, its settings read at each request.

What the README leaves to whoever uses it, and ours and Shibboleth's do, is done the shortest way: sessions
are kept on the server, and an assertion counts once. granian serves `application()`.
"""

import json
import os
import secrets
from typing import Any

from flask import Flask, Response, make_response, redirect, request
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from redis import Redis

REPLAY_SECONDS, SESSION_SECONDS = 900, 1800
FOLDER, REDIS, BASE = "PLAIN_PORTAL_FOLDER", "PLAIN_PORTAL_REDIS", "PLAIN_PORTAL_BASE"


def application() -> Flask:
    """Make the portal for one worker process."""
    app, redis, base = Flask("plain"), Redis.from_url(os.environ[REDIS]), os.environ[BASE]

    def begin() -> Any:
        prepared = {
            "https": "off",
            "http_host": base.removeprefix("http://"),
            "script_name": request.path,
            "get_data": request.args.copy(),
            "post_data": request.form.copy(),
        }
        return auth(prepared, custom_base_path=os.environ[FOLDER])

    @app.get("/login")
    def login() -> Response:
        made = begin()
        response = redirect(made.login(), 302)
        _keep(redis, response, {"AuthNRequestID": made.get_last_request_id()})
        return response  # type: ignore[return-value]

    @app.post("/acs")
    def acs() -> Response:
        kept = json.loads(redis.get(f"session:{request.cookies['session']}") or "{}")  # type: ignore[arg-type]
        made = begin()
        made.process_response(request_id=kept["AuthNRequestID"])
        if made.get_errors() or not made.is_authenticated():
            return make_response(str(made.get_last_error_reason()), 403)
        if not redis.set(f"seen:{made.get_last_assertion_id()}", "1", nx=True, ex=REPLAY_SECONDS):
            return make_response("replayed", 403)
        response = redirect("/", 303)
        _keep(redis, response, {
            "samlUserdata": made.get_attributes(),
            "samlNameId": made.get_nameid(),
            "samlSessionIndex": made.get_session_index(),
        })  # fmt: skip
        return response  # type: ignore[return-value]

    return app


def auth(prepared: dict[str, Any], **settings: Any) -> Any:
    """The library's object for one request."""
    return OneLogin_Saml2_Auth(prepared, **settings)


def _keep(redis: "Redis", response: Any, values: dict[str, Any]) -> None:
    """Keep a session under a new id, and give the browser its cookie."""
    cookie = secrets.token_urlsafe(32)
    redis.set(f"session:{cookie}", json.dumps(values), ex=SESSION_SECONDS)
    response.set_cookie("session", cookie, httponly=True, samesite="None", secure=True)
