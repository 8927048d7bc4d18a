"""The private servers: none outlives whoever started it, and their data survives what it should."""

import json
import os
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
import redis

from dev.certificates import ensure_certificate, server_names
from dev.processes import Process, free_port, listening
from dev.servers import MailCatcher, PortBusy, ProgramMissing, Redis, ServerFailed, Slapd
from dev.slapd import private_program

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0

# Starts all servers, each in a thread that ends at once, tells their process ids and ports, and waits.
HOLDER = """
import json, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored where the tests were started
from pathlib import Path
from dev.servers import MailCatcher, Redis, Slapd
folder = Path(sys.argv[1])
servers = [Slapd(folder / "slapd"), Redis(folder / "redis"), MailCatcher(folder / "mail")]
for server in servers:
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
ports = [port for server in servers for port in server.ports]
print(json.dumps({"pids": [server.pid for server in servers], "ports": ports}), flush=True)
time.sleep(float(sys.argv[2]))
"""


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and that nobody has asked about counts as ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def eventually(fact: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def guards_of(pids: list[int]) -> list[int]:
    return [psutil.Process(pid).ppid() for pid in pids]


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds one server of each kind."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), "60"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_servers_die_with_their_parent_however_it_dies(
    holder: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert holder.stdout is not None
    told = json.loads(holder.stdout.readline())
    pids: list[int] = told["pids"] + guards_of(told["pids"])
    assert all(alive(pid) for pid in pids)

    holder.send_signal(number)
    holder.wait(PATIENCE)

    assert eventually(lambda: not any(alive(pid) for pid in pids))
    assert not any(listening(port) for port in told["ports"])


def test_a_server_dies_with_its_guard(tmp_path: Path) -> None:
    server = Redis(tmp_path / "redis")
    with server:
        pid = server.pid
        os.kill(psutil.Process(pid).ppid(), signal.SIGKILL)
        assert eventually(lambda: not alive(pid))
        assert not server.running


def test_a_server_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    server = Redis(tmp_path / "redis")
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
    time.sleep(0.2)
    assert server.running
    server.stop()
    assert not server.running


def test_what_a_server_started_ends_with_it(tmp_path: Path) -> None:
    command = ["sh", "-c", "sleep 60 & echo $! > child; wait"]
    child = tmp_path / "child"
    with Process("parent", command, tmp_path, ready=child.exists, working_folder=tmp_path) as server:
        assert eventually(lambda: bool(child.read_text().strip()))
        pid = int(child.read_text())
        assert alive(pid)
        server.kill()
    assert eventually(lambda: not alive(pid))


def test_a_server_that_ignores_polite_words_is_ended(tmp_path: Path) -> None:
    command = ["sh", "-c", "trap '' TERM; touch ready; while :; do sleep 0.1; done"]
    ready = tmp_path / "ready"
    server = Process("deaf", command, tmp_path, ready=ready.exists, working_folder=tmp_path, stop_timeout=0.3)
    with server:
        pid = server.pid
    assert not alive(pid)


def test_a_server_that_ends_while_starting_is_reported_with_its_last_words(tmp_path: Path) -> None:
    server = Process(
        "sayer", ["sh", "-c", "echo the disk is full >&2; exit 3"], tmp_path, ready=lambda: False
    )
    with pytest.raises(ServerFailed, match=r"sayer ended while starting:\nthe disk is full"):
        server.start()
    assert server.exit_status == 3


def test_a_server_that_is_never_ready_is_reported_and_stopped(tmp_path: Path) -> None:
    server = Process("sleeper", ["sleep", "60"], tmp_path, ready=lambda: False, start_timeout=0.3)
    with pytest.raises(ServerFailed, match="sleeper was not ready within"):
        server.start()
    assert not alive(server.pid)


def test_a_program_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dev.processes.SERVER_PATH", str(tmp_path))
    with pytest.raises(ProgramMissing, match="redis-server is not installed"):
        Redis(tmp_path / "redis").start()


def test_a_busy_port_is_one_sentence_that_names_port_and_setting(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortBusy) as failure:
            Slapd(tmp_path / "slapd", ldap_port=port).start()
    assert str(port) in str(failure.value)
    assert "COUNTERPART_LDAP_PORT" in str(failure.value)
    assert "\n" not in str(failure.value)


def search(slapd: Slapd, base: str) -> subprocess.CompletedProcess[str]:
    command = ["ldapsearch", "-Q", "-Y", "EXTERNAL", "-H", slapd.socket_uri, "-LLL", "-s", "base", "-b", base]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def add(slapd: Slapd, ldif: str) -> None:
    command = ["ldapadd", "-Q", "-Y", "EXTERNAL", "-H", slapd.socket_uri]
    subprocess.run(command, input=ldif, capture_output=True, text=True, timeout=30, check=True)


ENTRY = "cn=kept,ou=services,dc=leaders,dc=gov,dc=uk"
LDIF = f"dn: {ENTRY}\nobjectClass: applicationProcess\ncn: kept\n"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_directory_keeps_its_data_when_it_stops_or_crashes(fresh_slapd: Slapd, end: str) -> None:
    add(fresh_slapd, LDIF)
    uri = fresh_slapd.uri
    getattr(fresh_slapd, end)()
    assert not listening(fresh_slapd.ldap_port)
    fresh_slapd.start()
    assert fresh_slapd.uri == uri
    assert f"dn: {ENTRY}" in search(fresh_slapd, ENTRY).stdout


def test_the_directory_keeps_its_data_when_the_configuration_is_made_anew(fresh_slapd: Slapd) -> None:
    add(fresh_slapd, LDIF)
    fresh_slapd.stop()
    (fresh_slapd.folder / "config.loaded").write_text("of another version")
    fresh_slapd.start()
    assert f"dn: {ENTRY}" in search(fresh_slapd, ENTRY).stdout


def test_an_interrupted_first_start_is_made_good_by_the_next(tmp_path: Path) -> None:
    server = Slapd(tmp_path / "slapd")
    server.data.mkdir(parents=True)
    (server.data / "data.mdb").write_bytes(b"half")
    with server:
        assert "dn: ou=people" in search(server, f"ou=people,{server.suffix}").stdout


def test_a_long_folder_is_no_obstacle_to_unix_sockets(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    with Redis(folder / "redis") as server, redis.Redis.from_url(server.url) as client:
        assert client.ping()
        assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
        shutil.rmtree(server.socket.parent)


def test_secrets_and_keys_can_be_read_by_their_owner_only(fresh_slapd: Slapd) -> None:
    files = [fresh_slapd.settings().portal_password_file, fresh_slapd.settings().sync_password_file]
    files.append(fresh_slapd.folder / "tls" / "server.key")
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(fresh_slapd.folder.stat().st_mode) & 0o077 == 0


def test_the_certificate_is_kept_until_it_nears_its_end(tmp_path: Path) -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    made = [
        ensure_certificate(tmp_path / "tls", now + timedelta(days=days)).certificate_file.read_bytes()
        for days in (0, 300, 380)
    ]
    assert made[0] == made[1]
    assert made[1] != made[2]
    assert "localhost" in server_names()


def test_slapd_is_run_as_a_copy_where_a_profile_would_confine_it(tmp_path: Path) -> None:
    program = tmp_path / "slapd"
    program.write_bytes(b"program")
    profile = tmp_path / "usr.sbin.slapd"
    assert private_program(program, tmp_path, profile) == program
    profile.touch()
    copy = private_program(program, tmp_path, profile)
    assert copy != program
    assert copy.read_bytes() == b"program"


def test_a_copied_slapd_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = tmp_path / "usr.sbin.slapd"
    profile.touch()
    monkeypatch.setattr("dev.slapd.APPARMOR_PROFILE", profile)
    with Slapd(tmp_path / "slapd") as server:
        assert Path(psutil.Process(server.pid).exe()).parent == server.folder


def test_caught_mail_can_be_waited_for(mail_catcher: MailCatcher) -> None:
    with smtplib.SMTP("127.0.0.1", mail_catcher.port) as connection:
        text = "Subject: Grüße\r\nTo: ada@example.example\r\n\r\nHello\r\n".encode()
        connection.sendmail("bo@example.example", ["ada@example.example"], text)
    caught = mail_catcher.wait_for(lambda message: message["To"] == "ada@example.example")
    assert caught["X-Caught-For"] == "ada@example.example"
    with pytest.raises(ServerFailed, match="No such message"):
        mail_catcher.wait_for(lambda message: False, seconds=0.2)


def test_free_ports_differ_and_are_free() -> None:
    ports = {free_port() for _ in range(20)}
    assert len(ports) == 20
    assert not any(listening(port) for port in ports)


def test_a_port_that_was_given_to_one_process_is_given_to_no_other_while_it_lives() -> None:
    asked = "import sys; from dev.processes import free_port, reserve\n"
    asked += "print(reserve(int(sys.argv[1])), free_port())"

    def another_process(port: int) -> list[str]:
        command = [sys.executable, "-c", asked, str(port)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    assert another_process(free_port())[0] == "False"
    given = int(another_process(free_port())[1])
    assert another_process(given)[0] == "True"
