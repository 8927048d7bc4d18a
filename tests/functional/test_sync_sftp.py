"""Fetching a sender's files from a real OpenSSH server."""

import asyncio
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from typing import Any, ClassVar

import asyncssh
import pytest

from dev.servers import free_port
from dev.sshd import SSHServer, make_key
from sync.errors import SourceFailed
from sync.mapping import Feed
from sync.mapping_reader import load_feed
from sync.settings import SyncSettings
from sync.sources.sftp import pull
from tests.sync_world import write_mapping

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OLD = NOW.timestamp() - 3600
FILE = 'file = "rivers-{as_of}.csv"'
NAME = "rivers-2026-11-23.csv"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SSHServer]:
    with SSHServer(tmp_path_factory.mktemp("sshd")) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> SyncSettings:
    return SyncSettings(inbox=tmp_path / "inbox", private_hosts=("127.0.0.1",), max_file_bytes=5_000_000)


@pytest.fixture
def feed(tmp_path: Path, server: SSHServer) -> Feed:
    for path in server.files.iterdir():
        path.unlink()
    lines = f"""{FILE}
type = "sftp"
host = "127.0.0.1"
port = {server.port}
user = "{server.user}"
folder = "{server.files}"
known_hosts = "{server.known_hosts}"
key_file = "{server.client_key}"
seconds = 20"""
    return load_feed(write_mapping(tmp_path, old=FILE, new=lines))


def put(server: SSHServer, name: str, text: str = "a,b\n1,2\n", at: float = OLD) -> Path:
    path = server.files / name
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def test_what_is_new_and_named_as_agreed_lands_whole_and_only_once(
    server: SSHServer, feed: Feed, settings: SyncSettings
) -> None:
    large = "".join(f"{number},x\n" for number in range(300_000))
    put(server, NAME, large)
    put(server, "rivers-2026-11-22.csv")
    put(server, "payroll.csv")
    (server.files / "rivers-2026-11-21.csv").symlink_to("/etc/passwd")
    first = pull(feed, settings, {}, NOW)
    assert first.names == ("rivers-2026-11-22.csv", NAME)
    landed = settings.inbox / NAME
    assert landed.read_text() == large
    assert stat.S_IMODE(landed.stat().st_mode) == 0o600
    assert sorted(os.listdir(settings.inbox)) == ["rivers-2026-11-22.csv", NAME]
    again = pull(feed, settings, first.known, NOW)
    assert again.names == ()
    put(server, NAME, "a,b\n1,3\n", at=OLD + 60)
    assert pull(feed, settings, again.known, NOW).names == (NAME,)


def test_a_file_that_is_still_being_written_waits_for_its_marker_or_for_stillness(
    server: SSHServer, feed: Feed, settings: SyncSettings
) -> None:
    put(server, NAME, at=NOW.timestamp() - 5)
    first = pull(feed, settings, {}, NOW)
    assert first.names == ()
    assert pull(feed, settings, first.known, datetime.fromtimestamp(NOW.timestamp() + 60, UTC)).names
    marked = replace(feed, origin=replace(feed.origin, ready="*.done"))
    put(server, NAME, "half", at=OLD)
    assert pull(marked, settings, {}, NOW).names == ()
    put(server, "rivers-2026-11-23.done", "", at=OLD - 60)
    assert pull(marked, settings, {}, NOW).names == (), "yesterday's marker"
    put(server, "rivers-2026-11-23.done", "", at=OLD + 1)
    assert pull(marked, settings, {}, NOW).names == (NAME,)


def test_a_clock_that_runs_ahead_makes_two_looks_agree(
    server: SSHServer, feed: Feed, settings: SyncSettings
) -> None:
    put(server, NAME, at=NOW.timestamp() + 3600)
    first = pull(feed, settings, {}, NOW)
    assert first.names == ()
    put(server, NAME, "a,b\n1,2\n3,4\n", at=NOW.timestamp() + 3660)
    second = pull(feed, settings, first.known, NOW)
    assert second.names == ()
    assert pull(feed, settings, second.known, NOW).names == (NAME,)


def test_a_file_that_is_too_large_is_named_and_keeps_no_other_back(
    server: SSHServer, feed: Feed, settings: SyncSettings
) -> None:
    put(server, "rivers-2026-11-22.csv", "x" * 101)
    put(server, NAME, "y" * 100)
    found = pull(feed, replace(settings, max_file_bytes=100), {}, NOW)
    assert found.names == (NAME,)
    assert "larger than 100 bytes: rivers-2026-11-22.csv" in found.problem


def test_a_server_whose_key_is_not_the_pinned_one_is_refused_with_what_to_do(
    server: SSHServer, feed: Feed, settings: SyncSettings, tmp_path: Path
) -> None:
    put(server, NAME)
    make_key(tmp_path / "other")
    kind, key, *_ = (tmp_path / "other.pub").read_text().split()
    changed = tmp_path / "known"
    changed.write_text(f"[127.0.0.1]:{server.port} {kind} {key}\n")
    with pytest.raises(SourceFailed) as refused:
        pull(replace(feed, origin=replace(feed.origin, known_hosts=changed)), settings, {}, NOW)
    for said in ("another key (SHA256:", "Nothing was fetched", "by telephone", "ssh-keyscan", str(changed)):
        assert said in str(refused.value)
    changed.write_text("")
    with pytest.raises(SourceFailed, match="has no key of"):
        pull(replace(feed, origin=replace(feed.origin, known_hosts=changed)), settings, {}, NOW)
    with pytest.raises(SourceFailed, match="can't be read"):
        pull(replace(feed, origin=replace(feed.origin, known_hosts=tmp_path / "none")), settings, {}, NOW)
    assert not settings.inbox.exists()
    assert pull(feed, settings, {}, NOW).names == (NAME,), "the control"


def test_whatever_else_can_be_wrong_is_a_sentence(
    server: SSHServer, feed: Feed, settings: SyncSettings, tmp_path: Path
) -> None:
    make_key(tmp_path / "stranger")
    (tmp_path / "rubbish").write_text("no key")
    (tmp_path / "rubbish").chmod(0o600)
    (tmp_path / "open").write_text("no key")
    (tmp_path / "open").chmod(0o644)
    dead = free_port()
    nobody = tmp_path / "known"
    nobody.write_text(server.known_line("127.0.0.1").replace(f":{server.port} ", f":{dead} "))
    for changes, words in (
        ({"key_file": tmp_path / "stranger"}, "refuses .* with this key"),
        ({"key_file": tmp_path / "rubbish"}, "no private key"),
        ({"key_file": tmp_path / "open"}, "chmod 600"),
        ({"folder": "/nowhere"}, "/nowhere"),
        ({"port": dead, "known_hosts": nobody}, "can't be used"),
    ):
        origin = replace(feed.origin, **changes)
        with pytest.raises(SourceFailed, match=words):
            pull(replace(feed, origin=origin), settings, {}, NOW)
    with pytest.raises(SourceFailed, match="COUNTERPART_SYNC_PRIVATE_HOSTS"):
        pull(feed, replace(settings, private_hosts=()), {}, NOW)


def test_a_server_that_was_replaced_is_refused_until_its_key_is_pinned(tmp_path: Path) -> None:
    with SSHServer(tmp_path / "sshd") as server:
        put(server, NAME)
        server.stop()
        server.change_host_key()
        old = tmp_path / "old_known_hosts"
        old.write_text(server.known_hosts.read_text())
        server.start()
        lines = f'{FILE}\ntype = "sftp"\nhost = "127.0.0.1"\nport = {server.port}\nuser = "{server.user}"\n'
        lines += f'folder = "{server.files}"\nkey_file = "{server.client_key}"\nknown_hosts = "{old}"'
        feed = load_feed(write_mapping(tmp_path, old=FILE, new=lines))
        settings = SyncSettings(inbox=tmp_path / "inbox", private_hosts=("127.0.0.1",))
        with pytest.raises(SourceFailed, match="another key"):
            pull(feed, settings, {}, NOW)
        new = replace(feed, origin=replace(feed.origin, known_hosts=server.known_hosts))
        assert pull(new, settings, {}, NOW).names == (NAME,)


class _OnePassword(asyncssh.SSHServer):
    """Lets one account in by its password; tells which passwords were tried."""

    tried: ClassVar[list[str]] = []

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self.tried.append(password)
        return (username, password) == ("hr", "correct horse")


@pytest.fixture
def password_server(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A server for passwords: OpenSSH asks the accounts of the machine for theirs, and a test has none."""
    make_key(tmp_path / "host")
    (tmp_path / "files").mkdir()
    ports, stop = Queue[int](), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(tmp_path, ports, stop)), daemon=True)
    thread.start()
    yield ports.get(timeout=10), tmp_path
    stop.set()
    thread.join(10)
    _OnePassword.tried.clear()


async def _serve(folder: Path, ports: "Queue[int]", stop: threading.Event) -> None:
    def inside(channel: Any) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(folder / "files").encode())

    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[str(folder / "host")], server_factory=_OnePassword,
        sftp_factory=inside,
    )  # fmt: skip
    ports.put(server.get_port())
    await asyncio.to_thread(stop.wait, 60)
    server.close()


def test_a_password_opens_the_pinned_server_and_is_shown_to_no_other(
    password_server: tuple[int, Path], settings: SyncSettings
) -> None:
    port, folder = password_server
    (folder / "files" / NAME).write_text("a,b\n1,2\n")
    os.utime(folder / "files" / NAME, (OLD, OLD))
    secret, known = folder / "password", folder / "known_hosts"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    kind, key, *_ = (folder / "host.pub").read_text().split()
    make_key(folder / "other")
    other = (folder / "other.pub").read_text().split()[1]
    lines = f"""{FILE}
type = "sftp"
host = "127.0.0.1"
port = {port}
user = "hr"
folder = "/"
known_hosts = "{known}"
password_file = "{secret}"
seconds = 20"""
    feed = load_feed(write_mapping(folder, old=FILE, new=lines))
    known.write_text(f"[127.0.0.1]:{port} {kind} {other}\n")
    with pytest.raises(SourceFailed, match="Nothing was fetched, and nothing was sent to it"):
        pull(feed, settings, {}, NOW)
    assert _OnePassword.tried == [], "another server never sees the password"
    known.write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    assert pull(feed, settings, {}, NOW).names == (NAME,)
    assert _OnePassword.tried == ["correct horse"]
    secret.write_text("wrong horse\n")
    with pytest.raises(SourceFailed, match="refuses hr with this key or password") as refused:
        pull(feed, settings, {}, NOW)
    assert "horse" not in str(refused.value)
    secret.chmod(0o644)
    with pytest.raises(SourceFailed, match="chmod 600"):
        pull(feed, settings, {}, NOW)
