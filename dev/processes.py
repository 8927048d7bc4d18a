"""One server process: started, watched, and gone when we are.

Every server that `make run` and the tests use is a `Process`: it has its own folder and log, its wait is
bounded, and `dev/guard.py` ends it when this process is gone, even by SIGKILL.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from dev.errors import PortBusy, ProgramMissing, ServerError, ServerFailed

GUARD = Path(__file__).with_name("guard.py")
# A person's PATH on Debian lacks the folders in which servers live.
SERVER_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))
LOG_LINES = 15
_RESERVED: set[int] = set()  # ports, by this process
LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 108 with the closing NUL


def find_program(*names: str, package: str) -> Path:
    """Return the first installed of the named programs.

    Raises ProgramMissing, naming the package of the system that brings it.
    """
    for name in names:
        if found := shutil.which(name, path=SERVER_PATH):
            return Path(found)
    raise ProgramMissing(
        f"{names[0]} is not installed. Run `make install`, or install the package {package}."
    )


def free_port() -> int:
    """Return a loopback TCP port on which nobody listens, and which no other of our processes is given.

    Between this and the start of its server another worker may ask for a port too, so each one is reserved as
    long as this process lives. It lies below the range from which Linux takes ports for outgoing connections
    (32768 and up), so that none of those can take it before the server does.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if reserve(port):
                return port


def reserve(port: int) -> bool:
    """Reserve a port: its byte of a file that our processes share is locked. False if somebody has it."""
    if port in _RESERVED:  # a process can lock again what it has locked
        return False
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    _RESERVED.add(port)
    return True


@cache
def _reservations() -> int:
    """The shared file, opened once: closing any descriptor of it would end all of this process's locks."""
    path = Path(tempfile.gettempdir()) / f"counterpart-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def listening(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether anybody accepts connections on that port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0


def require_free(port: int, what: str, setting: str = "") -> None:
    """Raise PortBusy with one sentence that names the port and the setting that moves it."""
    if listening(port):
        cure = f" Stop that program, or set {setting} to another port." if setting else ""
        raise PortBusy(f"Port {port}, meant for {what}, is in use by another program.{cure}")


def socket_path(folder: Path, name: str) -> Path:
    """Return where the socket goes: in the folder, or where that is too long a path, under /tmp."""
    path = folder / name
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"counterpart-{os.getuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077 or not stat.S_ISDIR(found.st_mode):
        raise ServerError(f"{short} belongs to somebody else; move the checkout to a shorter path.")
    return short / name


def tail(log: Path, start: int = 0) -> str:
    """Return the last lines that a log got after its first `start` bytes, or a word that there are none."""
    content = log.read_bytes()[start:] if log.exists() else b""
    return "\n".join(content.decode(errors="replace").splitlines()[-LOG_LINES:]) or "(its log is empty)"


class Process:
    """A server as a context manager: `with Process(…) as server:`.

    `name` is what messages call it, `command` its argument list, `folder` where its log `<name>.log` goes,
    `ports` maps each port it listens on to the setting that moves it, and `ready` says whether it can be
    used; without it, a server is ready when it listens on all its ports. Times are seconds.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        *,
        ports: Mapping[int, str] | None = None,
        ready: Callable[[], bool] | None = None,
        environ: Mapping[str, str] | None = None,
        working_folder: Path | None = None,
        start_timeout: float = 20.0,
        stop_timeout: float = 25.0,  # longer than the portal waits for its own workers
    ) -> None:
        self.name = name
        self.folder = folder
        self.log = folder / f"{name.replace(' ', '-')}.log"
        self.command: Sequence[str | Path] = command
        self.ports: Mapping[int, str] = ports or {}
        self.pid = 0  # of the server itself; 0 = never started
        self._ready = ready or self._listens
        self._environ = environ
        self._working_folder = working_folder
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout
        self._log_start = 0  # bytes; what follows in the log was written by this start
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the server has been started and has not ended."""
        return self._guard is not None and self._guard.poll() is None

    @property
    def exit_status(self) -> int | None:
        """The status with which the server ended (128 + signal number), or None while it runs."""
        return self._guard.poll() if self._guard else None

    def start(self) -> None:
        """Start the server and return when it can be used.

        Raises PortBusy, ProgramMissing or ServerFailed; then nothing of it is left running.
        """
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start the server without waiting until it can be used, so that several can get ready together."""
        if self.running:
            return
        self._end()  # of a server that ended by itself: pipes are still to be closed
        for port, setting in self.ports.items():
            require_free(port, self.name, setting)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._prepare()
        self._start_guarded()

    def wait_until_ready(self) -> None:
        """Return when the server can be used; stop it when that does not come true in time."""
        try:
            self._poll_until_ready()
        except BaseException:
            self.stop()
            raise

    def _prepare(self) -> None:
        """Do what must be done before each start, in a folder that exists; for subclasses."""

    def wait_for_end(self, seconds: float) -> int:
        """Return the exit status of a program that ends by itself; raises ServerFailed when it does not."""
        if self._guard is None:
            raise ServerFailed(f"{self.name} was never started.")
        try:
            return self._guard.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ServerFailed(f"{self.name} did not finish within {seconds:.0f} seconds.") from None
        finally:
            self._end()

    def stop(self) -> None:
        """End the server politely, then by force; stopping a stopped server is fine."""
        self._end()

    def kill(self) -> None:
        """End the server the way a crash does (SIGKILL), for tests of what survives."""
        if self.running:
            os.kill(self.pid, signal.SIGKILL)
        self._end()

    def restart(self) -> None:
        """Stop if need be, then start again on the same ports with the same folder."""
        self.stop()
        self.start()

    def last_log_lines(self) -> str:
        """Return the end of what the server wrote since it was last started, for a message."""
        return tail(self.log, self._log_start)

    def _start_guarded(self) -> None:
        command = [str(part) for part in self.command]
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD), str(self._stop_timeout), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self._working_folder,
                env=dict(self._environ) if self._environ is not None else None,
                start_new_session=True,  # so that Ctrl-C reaches only us, and we end servers in order
            )
        assert self._guard.stdout is not None  # noqa: S101  # for the type checker: we asked for a pipe
        line = self._guard.stdout.readline()
        if not line.strip():
            self._end()
            raise ServerFailed(f"{self.name} could not be started:\n{self.last_log_lines()}")
        self.pid = int(line)

    def _poll_until_ready(self) -> None:
        deadline = time.monotonic() + self._start_timeout
        while not self._ready():
            if not self.running:
                raise ServerFailed(f"{self.name} ended while starting:\n{self.last_log_lines()}")
            if time.monotonic() > deadline:
                limit = f"{self._start_timeout:.0f} seconds"
                raise ServerFailed(f"{self.name} was not ready within {limit}:\n{self.last_log_lines()}")
            time.sleep(0.01)

    def _listens(self) -> bool:
        return all(listening(port) for port in self.ports)

    def _end(self) -> None:
        guard = self._guard
        if guard is None:
            return
        for pipe in (guard.stdin, guard.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()  # the guard ends the server when its input closes
        try:
            guard.wait(self._stop_timeout + 5)
        except subprocess.TimeoutExpired:
            guard.kill()
            guard.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # only finds anybody when the guard itself was killed
