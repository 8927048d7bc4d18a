"""`make run`: the whole of Counterpart with invented people, until Ctrl-C.

    python -m dev.run

It keeps an eye on its servers: one that dies is reported and started again, and one that keeps dying ends
the run with a sentence. Whatever ends it, none of its processes is left.
"""

import fcntl
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from dev.errors import ServerError, ServerFailed
from dev.house import House
from dev.processes import Process
from dev.settings import HouseSettings, from_environment

LOOK_SECONDS = 0.5
MOST_RESTARTS = 3  # of one server within RESTART_WINDOW seconds
RESTART_WINDOW = 120.0
LEAVE_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class AlreadyRunning(ServerError):
    """Another `make run` uses the same folder."""


def main() -> int:
    """Run until told to stop; 0 after that, 1 with a sentence when it can't go on."""
    for number in LEAVE_SIGNALS:
        signal.signal(number, _leave)
    try:
        settings = from_environment(os.environ)
        with only_one(settings.var):
            _run(settings)
    except ServerError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


@contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Hold the folder for this run; raises AlreadyRunning. The hold ends with the process."""
    var.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (var / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Counterpart already runs from {var}. Stop that one, or set COUNTERPART_VAR and the ports."
            ) from None
        yield


def _run(settings: HouseSettings) -> None:
    began = time.monotonic()
    house = House(settings, os.environ, say=_say)
    try:
        house.start()
        _say(f"Ready after {time.monotonic() - began:.0f} seconds.\n")
        _say(welcome(house))
        watch(house)
    except KeyboardInterrupt:
        _say("\nStopping…")
    finally:
        for number in LEAVE_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C does not interrupt the clearing up
        house.stop()
    _say("Stopped. Nothing is left running.")


def watch(house: House) -> None:
    """Look after the processes until a signal, or until whoever started us is gone."""
    # Under make, our parent is make: when it is killed, nobody would be left to stop us.
    parent = os.getppid() if "MAKELEVEL" in os.environ else None
    restarts: dict[str, deque[float]] = {process.name: deque() for process in house.processes}
    while parent is None or os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
        for process in house.processes:
            if not process.running:
                revive(process, restarts[process.name], time.monotonic())


def revive(process: Process, restarts: "deque[float]", now: float) -> None:
    """Report a process that died and start it again; raises ServerFailed when it died too often lately."""
    while restarts and now - restarts[0] > RESTART_WINDOW:
        restarts.popleft()
    how = f"The {process.name} ended (exit status {process.exit_status})"
    if len(restarts) >= MOST_RESTARTS:
        raise ServerFailed(
            f"{how} again and again; giving up. Its log {process.log} ends:\n{process.last_log_lines()}"
        )
    restarts.append(now)
    _say(f"{how}; starting it again. Its log: {process.log}")
    process.start()


def welcome(house: House) -> str:
    """Return what a newcomer needs to know: the addresses, and who to sign in as."""
    settings = house.settings
    var = _short(settings.var)
    places = [
        ("Portal", settings.portal_url),
        ("Directory", f"{house.slapd.uri} (StartTLS), {house.slapd.ldaps_uri}"),
        ("", f"authority to trust: {_short(house.slapd.ca_file)}"),
        ("Identity providers", settings.idp_url),
        ("Caught mail", f"{var}/mail/"),
        ("Logs", f"{var}/log/, {var}/slapd/slapd.log"),
        ("Command line", ".venv/bin/counterpart --help"),
    ]
    lines = ["Counterpart is running.", ""]
    lines += [f"  {name:<20}{text}" for name, text in places]
    lines += ["", "Sign in with one of these addresses:", ""]
    people = house.providers.everybody()
    width = max(len(persona.mail) for persona in people)
    lines += [f"  {persona.mail:<{width}}  {persona.note}" for persona in people]
    lines += ["", "Ctrl-C stops everything."]
    return "\n".join(lines)


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _leave(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    try:
        print(line, flush=True)
    except OSError:  # nobody reads us any more, as after a closed terminal; go on to end the servers
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
