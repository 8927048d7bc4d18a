"""Forks a process for each command of the product that a test runs, from one with its modules loaded.

    python -m tests.functional.fork_server DESCRIPTOR

DESCRIPTOR is a socket (AF_UNIX, SOCK_SEQPACKET). Each message on it is one call: JSON with its arguments,
folder, environment and umask, and beside it the descriptors of its stdin, stdout and stderr, and of the pipe
that is told the process id, and at the end how the process ended. When the socket closes, so do we, and with
us whatever still runs. `command_line.py` asks; decision 0062 says what is the same as in a new program.
"""

import atexit
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass, field
from functools import cache

import click

from counterpart import command

LARGEST_CALL = 1 << 17  # bytes
STREAMS = 3  # stdin, stdout, stderr


@dataclass(frozen=True)
class Call:
    """One command, as its caller wants it started."""

    arguments: list[str]
    folder: str
    environ: dict[str, str]
    umask: int


@dataclass
class Children:
    """The processes that run; each with the descriptor that tells its end, and the pipe to its caller."""

    ends: dict[int, int] = field(default_factory=dict)  # descriptor of the process -> process id
    callers: dict[int, int] = field(default_factory=dict)  # the same -> pipe

    def add(self, process: int, caller: int) -> None:
        """Tell the caller who runs, and remember to tell the end."""
        end = os.pidfd_open(process)
        self.ends[end], self.callers[end] = process, caller
        _tell(caller, process)

    def collect(self, end: int) -> None:
        """Tell the caller how its process ended: the exit code, or minus the signal's number."""
        _, status = os.waitpid(self.ends.pop(end), 0)
        caller = self.callers.pop(end)
        _tell(caller, os.waitstatus_to_exitcode(status))
        os.close(caller)
        os.close(end)

    def kill(self) -> None:
        """End them all, as their caller is gone."""
        for process in self.ends.values():
            os.kill(process, signal.SIGKILL)


@cache
def load(group: str) -> None:
    """Load what the group of commands itself loads, the first time that it is called."""
    if group in command.COMMANDS:
        importlib.import_module("counterpart.failures")
        command.root.get_command(click.Context(command.root), group)
        gc.collect()
        gc.freeze()  # otherwise each child's first collection would copy all of it


def serve(asked: socket.socket) -> Call | None:
    """Fork for each call; return the call in the new process, and None in this one when nobody asks any more.

    A fork copies only the thread that forks, so there must be no other.
    """
    children = Children()
    while True:
        readable, _, _ = select.select([asked.fileno(), *children.ends], [], [])
        for end in children.ends.keys() & readable:
            children.collect(end)
        if asked.fileno() not in readable:
            continue
        message, descriptors, _, _ = socket.recv_fds(asked, LARGEST_CALL, STREAMS + 1)
        if not message:
            children.kill()
            return None
        call = Call(**json.loads(message))
        load(next((word for word in call.arguments[1:] if not word.startswith("-")), ""))
        if _threads() > 1:
            raise RuntimeError("A module of the product starts a thread when it is loaded.")
        process = os.fork()
        if not process:
            asked.detach()  # its descriptor is about to be another file's, or nobody's
            return _become(call, descriptors)
        children.add(process, descriptors[STREAMS])
        for each in descriptors[:STREAMS]:
            os.close(each)


def _become(call: Call, descriptors: list[int]) -> Call:
    """Make this process what a new program would be: its streams and no other files, its folder and so on."""
    for number, descriptor in enumerate(descriptors[:STREAMS]):
        os.dup2(descriptor, number)
    os.closerange(STREAMS, os.sysconf("SC_OPEN_MAX"))
    os.chdir(call.folder)
    os.umask(call.umask)
    os.environ.clear()
    os.environ.update(call.environ)
    sys.argv = call.arguments
    return call


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _tell(caller: int, number: int) -> None:
    try:
        os.write(caller, b"%d\n" % number)
    except BrokenPipeError:
        return  # it stopped waiting


def leave(code: object) -> None:
    """Leave as a program does that ends, but for taking all its modules apart: ten times the command's work.

    With threads left, or a code that Python would print, it is left to Python.
    """
    if _threads() > 1 or not isinstance(code, int):
        sys.exit(code)  # type: ignore[arg-type]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Serve; and in a process that was forked, be the program `counterpart`."""
    if serve(socket.socket(fileno=int(sys.argv[1]))):
        try:
            command.main()
        except SystemExit as ended:
            leave(ended.code)


if __name__ == "__main__":
    main()
