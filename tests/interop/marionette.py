"""Thunderbird without a window, driven over its Marionette socket: frames of `length:JSON`, nothing more.

A profile is made for each run and thrown away; with `-remote-allow-system-access` a script may do what
Thunderbird itself may, so this is for tests only.
"""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dev.processes import Process, find_program, free_port

ANSWER_SECONDS = 30.0
LONGEST_FRAME = 50_000_000  # characters

# Preferences of the throw-away profile: nothing is fetched, nothing is asked, no account is needed.
QUIET = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "signon.rememberSignons": True,
    "toolkit.telemetry.enabled": False,
}


class ScriptFailed(Exception):
    """Thunderbird refused a command, or a script in it threw; the message is Thunderbird's."""


class Marionette:
    """One session in the chrome context; commands are answered one after another."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
        self._unread = b""
        self._number = 0

    def __enter__(self) -> Self:
        self._receive()  # its greeting
        self.command("WebDriver:NewSession", {})
        self.command("Marionette:SetContext", {"value": "chrome"})
        self.command("WebDriver:SetTimeouts", {"script": int(ANSWER_SECONDS * 1000)})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of an async function in Thunderbird and give what it returns."""
        body = (
            "const [arguments_, done] = [arguments[0], arguments[1]];"
            f"(async (...given) => {{ {script} }})(...arguments_)"
            ".then(value => done({value}), error => done({error: String(error) + '\\n' + error.stack}));"
        )
        sent = {"script": body, "args": [list(arguments)], "newSandbox": True}
        answer = self.command("WebDriver:ExecuteAsyncScript", sent)["value"]
        if "error" in answer:
            raise ScriptFailed(answer["error"])
        return answer.get("value")

    def command(self, name: str, parameters: Mapping[str, Any]) -> Any:
        """Send one command and return its result."""
        self._number += 1
        frame = json.dumps([0, self._number, name, dict(parameters)]).encode()
        self._socket.sendall(b"%d:%s" % (len(frame), frame))
        _, _, error, result = self._receive()
        if error:
            raise ScriptFailed(f"{error['error']}: {error['message']}")
        return result

    def _receive(self) -> Any:
        while b":" not in self._unread:
            self._read()
        length, _, self._unread = self._unread.partition(b":")
        assert int(length) < LONGEST_FRAME
        while len(self._unread) < int(length):
            self._read()
        frame, self._unread = self._unread[: int(length)], self._unread[int(length) :]
        return json.loads(frame)

    def _read(self) -> None:
        received = self._socket.recv(65536)
        if not received:
            raise ScriptFailed("Thunderbird closed the connection.")
        self._unread += received


@contextmanager
def thunderbird(folder: Path, preferences: str = "") -> Iterator[Marionette]:
    """Start Thunderbird with a new profile in the folder; `preferences` are lines of `user_pref(…);`."""
    port = free_port()
    profile = folder / "profile"
    profile.mkdir(parents=True)
    own = {**QUIET, "marionette.port": port}
    lines = "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in own.items())
    (profile / "user.js").write_text(lines + preferences, encoding="utf-8")
    command = [find_program("thunderbird", package="thunderbird"), "--headless", "--marionette"]
    command += ["-remote-allow-system-access", "--no-remote", "--profile", profile]
    environ = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    with Process("thunderbird", command, folder, ports={port: ""}, environ=environ, start_timeout=60.0):
        with Marionette(port) as session:
            yield session
