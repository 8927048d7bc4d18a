"""Canaille 0.3.6 (`canaille[front,ldap,server]`) over a directory of ours, with somebody signed in to it.

It looks as the account that sees everybody: our people have no password by which it could sign them in. Its
session is a signed cookie of Flask's, made here with its key.
"""

import http.client
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from dev.processes import Process, free_port
from dev.servers import Slapd
from dev.third_parties import canaille

SECRET = "only-for-this-bench-" + "x" * 20
READ = ("user_name", "formatted_name", "given_name", "family_name", "emails", "phone_numbers", "title",
        "organization", "groups", "lock_date", "photo")  # fmt: skip
CONFIGURATION = """\
SECRET_KEY = "{secret}"
SERVER_NAME = "localhost:{port}"
PREFERRED_URL_SCHEME = "http"
[CANAILLE]
DATABASE = "ldap"
[CANAILLE.ACL.DEFAULT]
PERMISSIONS = ["edit_self", "manage_users"]
READ = {read}
[CANAILLE_LDAP]
URI = "{uri}"
ROOT_DN = "{suffix}"
BIND_DN = "cn=sync,ou=services,{suffix}"
BIND_PW = "{password}"
USER_BASE = "ou=people,{suffix}"
GROUP_BASE = "ou=groups,{suffix}"
"""


class Canaille:
    """The program, run as its documentation says, with one process as our portal has."""

    def __init__(self, slapd: Slapd, folder: Path) -> None:
        self.port = free_port()
        settings = slapd.settings()
        self._search = [
            "ldapsearch", "-LLL", "-x", "-H", settings.uri, "-y", settings.sync_password_file,
            "-D", f"cn=sync,ou=services,{settings.suffix}", "-b", f"ou=people,{settings.suffix}",
        ]  # fmt: skip
        file = folder / "canaille.toml"
        file.write_text(
            CONFIGURATION.format(
                secret=SECRET, port=self.port, read=list(READ), uri=settings.uri, suffix=settings.suffix,
                password=settings.sync_password_file.read_text().strip(),
            )
        )  # fmt: skip
        file.chmod(0o600)
        command = [canaille(), "run", "--bind", f"127.0.0.1:{self.port}"]
        self.process = Process(
            "canaille", command, folder, ports={self.port: ""}, environ={"CANAILLE_CONFIG": str(file)}
        )

    def __enter__(self) -> Self:
        self.process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop()

    def session(self, uid: str) -> "Session":
        """A browser in which that person is signed in."""
        asked = [*self._search, f"(uid={uid})", "entryUUID"]
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        (id,) = re.findall("entryUUID: (.+)", told)
        flask = Flask("canaille")
        flask.secret_key = SECRET
        signer = SecureCookieSessionInterface().get_signing_serializer(flask)
        assert signer is not None
        now = datetime.now(UTC).isoformat()
        held = {"_permanent": True, "sessions": [{"user": id, "last_login_datetime": now}]}
        return Session(self.port, f"canaille={signer.dumps(held)}")


class Session:
    """One browser over one kept connection."""

    def __init__(self, port: int, cookie: str) -> None:
        self._base = f"http://localhost:{port}"
        self._headers = {"Cookie": cookie, "Host": f"localhost:{port}", "Referer": f"{self._base}/users"}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        page = self.everybody()
        (self._token,) = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)[:1]

    def close(self) -> None:
        self._connection.close()

    def everybody(self) -> str:
        """The first page of everybody."""
        return self._ask("GET", "")

    def search(self, words: str) -> list[str]:
        """The uids on the first page of what a search finds, in its order."""
        form = urlencode({"csrf_token": self._token, "query": words, "page": "1"})
        return list(dict.fromkeys(re.findall(r'href="/profile/([^"/]+)"', self._ask("POST", form))))

    def _ask(self, method: str, form: str) -> str:
        headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        if form:
            headers |= {"HX-Request": "true", "HX-Trigger-Name": "query"}
        try:
            self._connection.request(method, "/users", form or None, headers)
            answer = self._connection.getresponse()
        except http.client.RemoteDisconnected:  # it keeps a connection for five seconds
            self._connection.close()
            self._connection.request(method, "/users", form or None, headers)
            answer = self._connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, (answer.status, text[:500])
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            if cookie.startswith("canaille="):
                self._headers["Cookie"] = cookie.partition(";")[0]
        return text
