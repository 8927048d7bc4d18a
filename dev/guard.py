"""Runs one program and makes sure that it ends when whoever asked for it is gone, however that one ended.

    python -I -S guard.py SECONDS PROGRAM [ARGUMENT…]

The asker holds the other end of our standard input. When it closes (the asker stopped us, crashed, or was
killed with SIGKILL), the program and everything it started are told to end, and after SECONDS are made to.
A pipe rather than Linux's parent-death signal alone, because that one fires when the *thread* that started
a program ends. We print the program's process id, and take over its exit status. This file imports nothing
of ours, so that it is up in some 30 ms and can be run by any Python.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 1.0  # how soon we see a dead asker whose pipe somebody else still holds


def die_with_guard() -> None:
    """Have Linux kill the program should this guard itself be killed; elsewhere do without."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def wake_on_signals() -> socket.socket:
    """Return a socket that becomes readable when the program ended or we are told to stop."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno())
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the asker's to answer
    wake_on_signals.kept = writer  # type: ignore[attr-defined]  # closed with the process
    return reader


def wait(program: "subprocess.Popen[bytes]", asker: int, wake: socket.socket) -> None:
    """Return when the program ended, or when it should: asker gone, or a signal to stop."""
    while program.poll() is None:
        readable, _, _ = select.select([0, wake.fileno()], [], [], POLL_SECONDS)
        if os.getppid() != asker or (0 in readable and not os.read(0, 64)):
            return
        if wake.fileno() in readable and set(wake.recv(64)) & {signal.SIGTERM, signal.SIGHUP}:
            return


def end(program: "subprocess.Popen[bytes]", patience: float) -> None:
    """End the program's whole process group: politely, then not."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while program.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def main() -> int:
    """Start the program, print its process id, wait, and end what is left of it."""
    asker = os.getppid()
    patience, command = float(sys.argv[1]), sys.argv[2:]
    wake = wake_on_signals()
    program = subprocess.Popen(  # preexec_fn is safe: this process has one thread
        command,
        stdin=subprocess.DEVNULL,
        stdout=2,
        stderr=2,
        start_new_session=True,
        preexec_fn=die_with_guard,
    )
    sys.stdout.write(f"{program.pid}\n")
    sys.stdout.flush()
    wait(program, asker, wake)
    end(program, patience)
    return program.returncode if program.returncode >= 0 else 128 - program.returncode


if __name__ == "__main__":
    sys.exit(main())
