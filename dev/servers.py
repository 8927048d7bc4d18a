"""The servers Counterpart needs, private to one folder each: `make run` and the tests use the same ones.

    with Slapd(folder) as slapd:
        directory = Directory.open(slapd.settings(), Service.PORTAL)

Each is a context manager with `stop()`, `kill()` (as a crash does), `restart()` on the same data, bounded
waits, and the last log lines in every error. None listens beyond this machine, and none outlives the
process that started it.
"""

import email
import email.policy
import socket
import sys
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from dev.errors import PortBusy, ProgramMissing, ServerError, ServerFailed
from dev.processes import Process, find_program, free_port, listening, require_free, socket_path
from dev.slapd import Slapd

__all__ = [
    "MailCatcher",
    "PortBusy",
    "Process",
    "ProgramMissing",
    "Redis",
    "ServerError",
    "ServerFailed",
    "Slapd",
    "free_port",
    "listening",
    "require_free",
]
ROOT = Path(__file__).resolve().parent.parent


class Redis(Process):
    """A private Redis on a unix socket that only this account can open; it keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        folder = folder.absolute()
        self.socket = socket_path(folder, "redis.sock")
        super().__init__("redis", (), folder, ready=self._answers)

    @property
    def url(self) -> str:
        """The URL that redis clients understand."""
        return f"unix://{self.socket}"

    def _prepare(self) -> None:
        program = find_program("redis-server", package="redis-server")
        self.socket.unlink(missing_ok=True)  # left by a crash
        options = ["--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        options += ["--save", "", "--appendonly", "no", "--dir", str(self.folder), "--daemonize", "no"]
        self.command = [program, "-", *options]

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(self.socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(16).startswith(b"+PONG")
            except OSError:
                return False


class MailCatcher(Process):
    """A mail server on 127.0.0.1 that keeps every message as an `.eml` file in `mail`."""

    def __init__(self, folder: Path, *, port: int = 0, mail: Path | None = None) -> None:
        folder = folder.absolute()
        self.port = port or free_port()
        self.mail = mail.absolute() if mail else folder / "mail"
        command: list[str | Path]
        command = [sys.executable, "-m", "dev.mail_catcher", "--port", str(self.port), "--folder", self.mail]
        super().__init__(
            "mail catcher", command, folder, ports={self.port: "COUNTERPART_SMTP_PORT"}, working_folder=ROOT
        )

    def messages(self) -> list[EmailMessage]:
        """Return what was caught so far, oldest first."""
        files = sorted(self.mail.glob("[0-9]*.eml"))
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]

    def wait_for(self, wanted: Callable[[EmailMessage], bool], seconds: float = 10.0) -> EmailMessage:
        """Return the first message that is wanted, waiting for it; raises ServerFailed when none comes."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for message in self.messages():
                if wanted(message):
                    return message
            time.sleep(0.05)
        raise ServerFailed(
            f"No such message was caught within {seconds:.0f} seconds; {len(self.messages())} others were."
        )
