"""`make run`: up with one command, a sentence when it can't, and nothing left when it ends."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from dev.processes import listening
from dev.settings import HouseSettings, of_a_test

ROOT = Path(__file__).resolve().parents[2]
FIRST_START = 120.0
START = 60.0  # much more than it takes; a busy machine is no mistake of ours
STOP = 30.0
LEADERS = 60


def environment(house: HouseSettings) -> dict[str, str]:
    return {
        **os.environ,
        "COUNTERPART_VAR": str(house.var),
        "COUNTERPART_PORTAL_PORT": str(house.portal_port),
        "COUNTERPART_IDP_PORT": str(house.idp_port),
        "COUNTERPART_LDAP_PORT": str(house.ldap_port),
        "COUNTERPART_LDAPS_PORT": str(house.ldaps_port),
        "COUNTERPART_SMTP_PORT": str(house.smtp_port),
        "COUNTERPART_LEADERS": str(house.leaders),
    }


class Run:
    """A `make run` of the test's own: what it says, and every process that belongs to it."""

    def __init__(self, house: HouseSettings) -> None:
        self.house = house
        self.said = house.var.parent / f"said-{time.monotonic_ns()}"
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dev.run"],
                cwd=ROOT,
                env=environment(house),
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def says(self, words: str, seconds: float) -> bool:
        """Wait until it has said that."""
        deadline = time.monotonic() + seconds
        while words not in self.said.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                return words in self.said.read_text()
            time.sleep(0.05)
        return True

    def family(self) -> list[psutil.Process]:
        """Return all its processes: guards, servers, and what these started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def listeners(self) -> list[int]:
        """Return those of its ports on which somebody listens."""
        house = self.house
        ports = (house.portal_port, house.idp_port, house.ldap_port, house.ldaps_port, house.smtp_port)
        return [port for port in ports if listening(port)]


def runs(one: psutil.Process) -> bool:
    """Tell whether a process runs; it may end between one look and the next."""
    try:
        return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def still_there(family: list[psutil.Process], seconds: float = STOP) -> list[psutil.Process]:
    """Return who of the family has not ended in time; the ended one nobody has asked about has ended."""
    deadline = time.monotonic() + seconds
    while left := [one for one in family if runs(one)]:
        if time.monotonic() > deadline:
            return left
        time.sleep(0.05)
    return []


def ends_clean(run: Run, number: signal.Signals) -> int:
    """Send the signal, and return the exit status after making sure that nothing of the run is left."""
    family = run.family()
    assert len(family) >= 12  # six servers, six guards
    assert len(run.listeners()) == 5
    run.process.send_signal(number)
    status = run.process.wait(STOP)
    assert not still_there(family)
    assert not run.listeners()
    return status


@contextmanager
def running(house: HouseSettings, seconds: float = START) -> Iterator[Run]:
    run = Run(house)
    try:
        assert run.says("Ctrl-C stops everything.", seconds), run.said.read_text()
        yield run
        if run.process.poll() is None:
            assert ends_clean(run, signal.SIGTERM) == 0
    finally:
        run.process.terminate()
        run.process.wait(STOP)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> HouseSettings:
    """A house whose first run is over."""
    house = of_a_test(tmp_path_factory.mktemp("run") / "var", LEADERS)
    with running(house, FIRST_START) as run:
        assert "Inventing" in run.said.read_text()
    return house


@pytest.fixture(scope="module")
def second(furnished: HouseSettings) -> Iterator[Run]:
    """A second run of that house."""
    with running(furnished) as run:
        yield run


def test_a_second_run_keeps_what_the_first_made(second: Run) -> None:
    assert "Inventing" not in second.said.read_text()
    log = (second.house.var / "log" / "commands.log").read_text()
    assert log.count("$ counterpart person role") == 1
    assert log.count("$ counterpart idp add") == 4


def test_a_run_beside_the_first_is_refused_in_one_sentence(second: Run) -> None:
    other = Run(second.house)
    assert other.process.wait(STOP) == 1
    assert re.fullmatch(r"\nCounterpart already runs from .*COUNTERPART_VAR.*\n", other.said.read_text())
    assert second.process.poll() is None


def test_a_server_that_dies_is_reported_and_started_again(second: Run) -> None:
    slapd = next(one for one in second.family() if one.name().startswith("slapd"))
    slapd.kill()
    assert second.says("The slapd ended (exit status 137); starting it again.", STOP)
    deadline = time.monotonic() + STOP
    while len(second.listeners()) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(second.listeners()) == 5


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_however_a_run_ends_no_process_and_no_listener_is_left(
    tmp_path: Path, furnished: HouseSettings, number: signal.Signals, expected: int
) -> None:
    house = replace(of_a_test(tmp_path, LEADERS), var=tmp_path / "var")
    shutil.copytree(
        furnished.var, house.var, symlinks=True, ignore=shutil.ignore_patterns("redis", "run.lock", "ldapi")
    )
    with running(house) as run:
        assert ends_clean(run, number) == expected


def test_what_the_run_keeps_can_be_read_by_its_owner_only(furnished: HouseSettings) -> None:
    assert furnished.var.stat().st_mode & 0o077 == 0
    assert furnished.settings_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("field", "setting"),
    [
        ("portal_port", "COUNTERPART_PORTAL_PORT"),
        ("idp_port", "COUNTERPART_IDP_PORT"),
        ("ldap_port", "COUNTERPART_LDAP_PORT"),
        ("ldaps_port", "COUNTERPART_LDAPS_PORT"),
        ("smtp_port", "COUNTERPART_SMTP_PORT"),
    ],
)
def test_a_busy_port_is_one_sentence_and_nothing_is_started(tmp_path: Path, field: str, setting: str) -> None:
    house = of_a_test(tmp_path / "var", LEADERS)
    port = getattr(house, field)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        run = Run(house)
        assert run.process.wait(STOP) == 1
    said = run.said.read_text()
    assert re.fullmatch(rf"\nPort {port}, .*{setting} .*\n", said)
    assert {path.name for path in house.var.iterdir()} == {"run.lock"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("COUNTERPART_PORTAL_PORT", "eighty"), ("COUNTERPART_IDP_PORT", "5000"), ("COUNTERPART_LEADERS", "-1")],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    environ = {
        **os.environ,
        "COUNTERPART_VAR": str(tmp_path / "var"),
        "COUNTERPART_PORTAL_PORT": "5000",
        name: value,
    }
    done = subprocess.run(
        [sys.executable, "-m", "dev.run"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert name in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert not (tmp_path / "var").exists()
