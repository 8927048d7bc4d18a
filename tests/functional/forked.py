"""Runs the product's commands in processes forked by `fork_server.py`, as `subprocess.run` runs a program."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

# What commands read when they are asked, and what pytest writes for itself; anything else in the environment
# may already matter while a program is loaded: LD_PRELOAD, PYTHONPATH, TZ…
READ_LATER = ("COUNTERPART_", "PYTEST_")


def _loaded_with(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith(READ_LATER)}


class ForkServer:
    """A process with the product's modules loaded, which forks for each call; started at once, once."""

    def __init__(self) -> None:
        self.environ = _loaded_with(os.environ)
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.fork_server", str(theirs.fileno())],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
            start_new_session=True,
        )  # fmt: skip
        theirs.close()
        atexit.register(self.stop)

    def start(
        self, command: Sequence[str | Path], folder: Path, environ: Mapping[str, str], streams: Sequence[int]
    ) -> "Forked":
        """Start a command with these three streams."""
        ours, theirs = os.pipe()
        umask = os.umask(0)
        os.umask(umask)
        typed = [str(each) for each in command]
        call = {"arguments": typed, "folder": str(folder), "environ": dict(environ), "umask": umask}
        try:
            socket.send_fds(self._socket, [json.dumps(call).encode()], [*streams, theirs])
        finally:
            os.close(theirs)
        return Forked(ours)

    def stop(self) -> None:
        """End the server and whatever it still runs."""
        self._socket.close()
        self._process.wait()


class Forked:
    """A process that was forked for a call."""

    def __init__(self, told: int) -> None:
        self._told = os.fdopen(told)
        self.pid = int(self._told.readline())

    def wait(self, seconds: float) -> int:
        """Return its exit code, or minus the number of the signal that ended it; kill it when time is up."""
        with self._told:
            in_time, _, _ = select.select([self._told], [], [], seconds)
            if not in_time:
                os.kill(self.pid, signal.SIGKILL)
            code = int(self._told.readline())
        if not in_time:
            raise subprocess.TimeoutExpired("counterpart", seconds)
        return code


@cache
def _servers() -> "cycle[ForkServer]":
    """Two that take turns: Python orders sets by a seed of each program, so that what one command writes in
    the order of a set, and the next reads, must not pass here and fail in life.
    """
    return cycle([ForkServer(), ForkServer()])


def run_anew(
    program: Path, arguments: Sequence[str | Path], folder: Path, environ: Mapping[str, str], seconds: float
) -> tuple[int, str, str]:
    """Run a program in the usual way; return its exit code and what it wrote to stdout and stderr."""
    ran = subprocess.run(
        [program, *arguments], cwd=folder, env=environ, capture_output=True, text=True, timeout=seconds,
        check=False,
    )  # fmt: skip
    return ran.returncode, ran.stdout, ran.stderr


def run(
    program: Path, arguments: Sequence[str | Path], folder: Path, environ: Mapping[str, str], seconds: float
) -> tuple[int, str, str]:
    """Do the same with a forked process, if the environment is that in which its modules were loaded."""
    server = next(_servers())
    if _loaded_with(environ) != server.environ:
        return run_anew(program, arguments, folder, environ, seconds)
    with open(os.devnull) as nothing, TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        started = server.start(
            [program, *arguments], folder, environ, [each.fileno() for each in (nothing, out, err)]
        )
        return started.wait(seconds), _written(out), _written(err)


def _written(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
