"""The portal starts, stops and refuses to start, each with one clear sentence."""

import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from counterpart.commands.serve import GRACE
from dev.certificates import ensure_certificate
from dev.commands import COUNTERPART
from dev.servers import MailCatcher, Redis, Slapd, free_port, listening
from tests.functional.command_line import Installed
from tests.functional.replica_kit import eventually

PATIENCE = 30.0  # for a busy machine


@pytest.fixture
def installed(tmp_path: Path, slapd: Slapd, fresh_redis: Redis, mail_catcher: MailCatcher) -> Installed:
    made = Installed(tmp_path, slapd, fresh_redis, mail_catcher)
    made.store().close()
    return made


def ask(port: int, path: str, trusted: Path | None = None) -> tuple[int, Any]:
    """Ask the portal as its own host name and give status and JSON."""
    context = ssl.create_default_context(cafile=trusted) if trusted else None
    address = f"{'https' if trusted else 'http'}://localhost:{port}{path}"
    request = urllib.request.Request(address, headers={"Accept": "application/json"})  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:  # noqa: S310 - our own
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_the_portal_serves_recovers_and_leaves_no_process(installed: Installed, fresh_redis: Redis) -> None:
    port = installed.house.portal_port
    with installed.start("portal", "serve", "--port", str(port), "--workers", "2", port=port) as portal:
        assert ask(port, "/healthz") == (200, {"status": "alive"})
        assert ask(port, "/readyz")[0] == 200
        fresh_redis.kill()
        status, parts = ask(port, "/readyz")
        assert (status, parts["sessions"], parts["directory"]) == (503, False, True)
        fresh_redis.start()
        assert ask(port, "/readyz")[0] == 200
        family = [psutil.Process(portal.pid), *psutil.Process(portal.pid).children(recursive=True)]
        assert len(family) >= 3
    assert portal.exit_status == 0
    assert [process for process in family if process.is_running() and process.status() != "zombie"] == []
    assert not listening(port)
    assert "Traceback" not in portal.log.read_text()


UNFINISHED = {
    "a connection without a word": b"",
    "half a header": b"GET / HT",
    "half a form": b"POST /sign-in HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 100\r\n\r\naddress=",
    "a kept connection": b"GET /healthz HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n",
}


def test_nobody_who_sends_half_a_request_keeps_the_portal_from_stopping(installed: Installed) -> None:
    port = installed.house.portal_port
    with (
        installed.start("portal", "serve", "--port", str(port), port=port) as portal,
        ExitStack() as lines,
    ):
        for sent in UNFINISHED.values():
            line = lines.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            line.sendall(sent.replace(b"{port}", str(port).encode()))
        assert line.recv(1_000).startswith(b"HTTP/1.1 200"), "it answers beside them, the last one at least"
        family = [psutil.Process(portal.pid), *psutil.Process(portal.pid).children(recursive=True)]
        os.kill(portal.pid, signal.SIGTERM)
        _, alive = psutil.wait_procs(family, timeout=PATIENCE)
        assert alive == []
        assert GRACE < 10, "whoever stops it may kill it then"
        assert eventually(lambda: not portal.running)
        assert portal.exit_status == 0


def test_workers_end_when_the_one_that_started_them_was_killed(installed: Installed) -> None:
    port = installed.house.portal_port
    portal = subprocess.Popen(  # without the guard that our development servers have
        [COUNTERPART, "serve", "--port", str(port)], cwd=installed.folder, env=installed.environ,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not listening(port) and time.monotonic() < deadline:
        time.sleep(0.1)
    workers = psutil.Process(portal.pid).children(recursive=True)
    portal.kill()
    portal.wait()
    gone, alive = psutil.wait_procs(workers, timeout=10)
    for worker in alive:
        worker.kill()
    assert gone
    assert not alive


def test_the_portal_speaks_https(installed: Installed, tmp_path: Path) -> None:
    port = installed.house.portal_port
    made = ensure_certificate(tmp_path / "tls", datetime.now(UTC))
    installed.set("SAML_BASE_URL", f"https://localhost:{port}")
    tls = ("--certificate", made.certificate_file, "--key", made.key_file)
    with installed.start("portal", "serve", "--port", str(port), *tls, port=port):
        assert ask(port, "/healthz", made.ca_file)[0] == 200


def test_a_busy_port_is_one_sentence(installed: Installed, mail_catcher: MailCatcher) -> None:
    answer = installed.run("serve", "--port", str(mail_catcher.port))
    assert answer.code == 1
    assert answer.err == (
        f"Port {mail_catcher.port} is taken by another program. Nothing was started. "
        "Choose another with --port.\n"
    )


def test_a_host_that_is_not_here_is_one_sentence(installed: Installed) -> None:
    for host in ("192.0.2.1", "no such host"):
        answer = installed.run("serve", "--host", host, "--port", str(free_port()))
        assert (answer.code, answer.err.count("\n")) == (1, 1)
        assert "Nothing was started" in answer.err


def test_a_store_of_another_version_stops_the_start(installed: Installed) -> None:
    (installed.var / "counterpart.db").unlink()
    answer = installed.run("serve", "--port", str(free_port()))
    assert answer.code == 1
    assert "counterpart migrate" in answer.err


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("PORTAL_BRAND", "crown", "COUNTERPART_PORTAL_BRAND"),
        ("PORTAL_SECRET_FILE", "/nowhere", "/nowhere can't be read"),
        ("SAML_KEY_FILE", "/nowhere", "/nowhere can't be read"),
        ("DIRECTORY_CA_FILE", "/nowhere", "/nowhere"),
    ],
)
def test_a_wrong_setting_stops_the_start_in_one_line(
    installed: Installed, setting: str, value: str, words: str
) -> None:
    installed.set(setting, value)
    answer = installed.run("serve", "--port", str(free_port()))
    assert answer.code == 1
    assert words in answer.err
    assert answer.err.count("\n") == 1


def test_a_key_of_another_certificate_is_refused(installed: Installed, tmp_path: Path) -> None:
    made = ensure_certificate(tmp_path / "tls", datetime.now(UTC))
    other = ensure_certificate(tmp_path / "other", datetime.now(UTC))
    answer = installed.run("serve", "--certificate", made.certificate_file, "--key", other.key_file)
    assert "are not a certificate and its key" in answer.err
    answer = installed.run("serve", "--certificate", made.certificate_file)
    assert "HTTPS needs both" in answer.err
    answer = installed.run("serve", "--certificate", "nowhere.crt", "--key", "nowhere.key")
    assert (answer.code, "nowhere.crt" in answer.err) == (1, True)
