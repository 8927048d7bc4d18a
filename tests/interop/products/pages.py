"""Pages around a provider that is a library: metadata, sign-in, sign-out; run by the library's own Python.

Only the standard library is used here, because this runs outside our environment too. Settings and people are
read from the folder at every request, so that a test can change them.
"""

import json
import secrets
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from http import cookies
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Given:
    """A SAML message as it arrived."""

    posted: bool
    fields: dict[str, str]
    query: str = ""  # the raw query string, over which HTTP-Redirect signs


@dataclass(frozen=True)
class Onward:
    """Where the browser goes next: an address, a form with these fields to it, or the library's own page."""

    url: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    page: str = ""


class Library(Protocol):
    """What a library must do; anything raised is a refusal."""

    def metadata(self) -> bytes:
        """What the provider publishes."""

    def asked(self, given: Given) -> Any:
        """Believe an AuthnRequest; whatever it gives is handed to `answer`."""

    def answer(self, asked: Any, account: dict[str, str]) -> tuple[Onward, Any]:
        """The Response, and what the session must remember for logout."""

    def logout_asked(self, given: Given, remembered: Any) -> Onward:
        """Believe a LogoutRequest and answer it; `remembered` is None for a browser without a session."""

    def log_out(self, remembered: Any) -> Onward:
        """Ask the service to end its session."""

    def logged_out(self, given: Given) -> None:
        """Believe the LogoutResponse."""


@dataclass(frozen=True)
class Settings:
    """The folder of the product, read anew each time."""

    folder: Path
    origin: str

    @property
    def behaviour(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "behaviour.json").read_text())
        return found

    def account(self, login: str) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "people.json").read_text())[login]
        return found

    @property
    def service_metadata(self) -> str:
        """What the administrator gave it; empty before."""
        file = self.folder / "counterpart.xml"
        return file.read_text("utf-8") if file.exists() else ""

    def key(self, name: str) -> str:
        return str(self.folder / f"{name}.key")

    def certificate(self, name: str) -> str:
        return str(self.folder / f"{name}.crt")


class Pages(BaseHTTPRequestHandler):
    """One request."""

    make: Callable[[], Library]
    settings: Settings
    pending: ClassVar[dict[str, Any]] = {}  # requests whose person has not signed in yet
    sessions: ClassVar[dict[str, Any]] = {}  # by cookie

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._serve(parts.path, Given(posted=False, fields=_fields(parts.query), query=parts.query))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._serve(urlsplit(self.path).path, Given(posted=True, fields=_fields(body)))

    def _serve(self, path: str, given: Given) -> None:
        try:
            {"/metadata": self._metadata, "/sso": self._sso, "/login": self._login, "/slo": self._slo,
             "/logout": self._logout}[path](given)  # fmt: skip
        except Exception as error:
            traceback.print_exc()
            self._page(400, f"<h1>Refused</h1><p>{escape(repr(error))}</p>")

    def _metadata(self, given: Given) -> None:
        self._send(200, "application/samlmetadata+xml", self.make().metadata())

    def _sso(self, given: Given) -> None:
        asked = self.make().asked(given)
        session = self.sessions.get(self._cookie())
        if session is not None:
            self._answer(asked, session["account"])
            return
        token = secrets.token_hex(8)
        self.pending[token] = asked
        self._page(
            200,
            f'<h1>Sign in</h1><form method="post" action="/login"><input type="hidden" name="pending" '
            f'value="{token}"><input type="text" name="login"><button>Sign in</button></form>',
        )

    def _login(self, given: Given) -> None:
        account = self.settings.account(given.fields["login"])
        self._answer(self.pending.pop(given.fields["pending"]), account)

    def _answer(self, asked: Any, account: dict[str, str]) -> None:
        onward, remembered = self.make().answer(asked, account)
        token = secrets.token_hex(16)
        self.sessions[token] = {"account": account, "remembered": remembered}
        self._onward(onward, f"session={token}; Path=/; HttpOnly")

    def _slo(self, given: Given) -> None:
        if "SAMLResponse" in given.fields:
            self.make().logged_out(given)
            self._page(200, "<h1>You are signed out everywhere</h1>")
            return
        session = self.sessions.pop(self._cookie(), None)
        self._onward(self.make().logout_asked(given, session and session["remembered"]))

    def _logout(self, given: Given) -> None:
        session = self.sessions.pop(self._cookie())
        self._onward(self.make().log_out(session["remembered"]))

    def _cookie(self) -> str:
        found = cookies.SimpleCookie(self.headers.get("Cookie", "")).get("session")
        return found.value if found else ""

    def _onward(self, onward: Onward, cookie: str = "") -> None:
        if onward.page:
            self._send(200, "text/html; charset=utf-8", onward.page.encode(), cookie)
            return
        if not onward.fields:
            self.send_response(302)
            self.send_header("Location", onward.url)
            self._end(b"", cookie)
            return
        fields = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in onward.fields
        )
        form = f'<form method="post" action="{escape(onward.url)}">{fields}<button>Continue</button></form>'
        self._page(200, form, cookie)

    def _page(self, status: int, body: str, cookie: str = "") -> None:
        self._send(
            status, "text/html; charset=utf-8", f"<!DOCTYPE html><title>x</title>{body}".encode(), cookie
        )

    def _send(self, status: int, kind: str, body: bytes, cookie: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self._end(body, cookie)

    def _end(self, body: bytes, cookie: str) -> None:
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _fields(encoded: str) -> dict[str, str]:
    return dict(parse_qsl(encoded, keep_blank_values=True, strict_parsing=bool(encoded)))


def serve(library: Callable[[Settings], Library]) -> None:
    """Serve the library's pages until somebody ends the process; arguments are folder and port."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    settings = Settings(folder, f"http://127.0.0.1:{port}")
    handler = type("Handler", (Pages,), {"make": lambda _: library(settings), "settings": settings})
    ThreadingHTTPServer(("127.0.0.1", port), handler).serve_forever()
