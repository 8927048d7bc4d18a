"""Backups: made while all runs, refused when anything is wrong with them, and a drilled restore."""

import json
import resource
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from counterpart import backup, sealing
from counterpart.clock import system_clock
from dev.commands import COUNTERPART
from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.changes import Add
from ldap_schema.directory import Directory, Service
from ldap_schema.server_files import DATABASE
from store import ledger
from tests.functional.command_line import Answer, Installed
from tests.functional.directory_kit import INVALID_CREDENTIALS, bind_code, leader
from tests.functional.replica_kit import entries

PEOPLE = 30
REFUSED = 4
# Where a bind is noted, the entry says who noted it and when; the drill itself binds.
NOTED = ("pwdLastSuccess", "entryCSN", "modifiersName", "modifyTimestamp")


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Slapd]:
    with Slapd(tmp_path / "slapd") as server:
        sync = Directory.open(server.settings(), Service.SYNC)
        sync.write([Add(leader(f"b-{n}", sign_in_address=f"b-{n}@x.example")) for n in range(PEOPLE)])
        sync.close()
        yield server


@pytest.fixture
def installed(tmp_path: Path, slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher) -> Installed:
    """A filled installation whose backups are encrypted."""
    made = Installed(tmp_path, slapd, redis_server, mail_catcher)
    store = made.store()
    with store.transaction() as tx:
        ledger.append(tx, "kept", "a test", "b-1", {}, system_clock())
    store.close()
    key = tmp_path / "backup.key"
    key.write_text("0123456789abcdef0123456789abcdef\n")
    made.set("SERVICE_BACKUP_KEY_FILE", key)
    return made


def made(installed: Installed, name: str = "one.backup") -> Path:
    file = installed.folder / name
    answer = installed.run("backup", file)
    assert answer.code == 0, answer.err
    return file


def refuses(answer: Answer, words: str, code: int = 1) -> None:
    assert (answer.code, words in answer.err) == (code, True), answer
    assert "Nothing was changed" in answer.err or "Nothing more was changed" in answer.err


def state(slapd: Slapd, installed: Installed) -> tuple[bytes, list[str]]:
    with closing(sqlite3.connect(installed.var / "counterpart.db")) as store:
        return (slapd.data / DATABASE).read_bytes(), list(store.iterdump())


def left_behind(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.glob(".counterpart-backup-*")]


def test_a_restore_brings_back_every_entry_and_the_store_and_people_can_be_found(
    installed: Installed, slapd: Slapd
) -> None:
    portal = Directory.open(slapd.settings(), Service.PORTAL)
    issued = portal.credentials.issue("b-1", "laptop", system_clock())
    assert bind_code(slapd, issued) == 0
    before = entries(slapd)
    file = made(installed)
    sync = Directory.open(slapd.settings(), Service.SYNC)
    sync.write([Add(leader("b-after"))])
    portal.credentials.revoke(issued.credential.id, "b-1")
    store = installed.store()
    with store.transaction() as tx:
        ledger.append(tx, "lost", "a test", "b-1", {}, system_clock())
    store.close()
    slapd.stop()

    answer = installed.run("restore", file, "--replace", "--json")
    assert answer.code == 0, answer.err
    assert answer.data["entries"] == len(before)
    assert all(Path(kept).exists() for kept in answer.data["kept"])
    slapd.start()

    after = entries(slapd)
    assert _lasting(after) == _lasting(before)
    assert "dn: uid=b-after,ou=people," + slapd.suffix not in after
    assert bind_code(slapd, issued) == 0, "hashes came back too"
    assert bind_code(slapd, issued, "wrong") == INVALID_CREDENTIALS
    assert portal.as_viewer("b-2").people.get("b-3").uid == "b-3"
    assert portal.people.by_sign_in_address("b-4@x.example")
    sync.write([Add(leader("b-written-after"))])
    verified = installed.run("ledger", "verify", "--json").data
    assert (verified["holds"], verified["entries"]) == (True, 2), "what was kept, and that it was restored"
    assert not left_behind(installed.folder, slapd.data)
    portal.close()
    sync.close()


def _lasting(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {dn: [line for line in lines if not line.startswith(NOTED)] for dn, lines in found.items()}


def test_a_backup_is_private_encrypted_and_never_written_over(installed: Installed) -> None:
    file = made(installed)
    assert file.stat().st_mode & 0o077 == 0
    content = file.read_bytes()
    assert b"b-1@x.example" not in content
    assert b"SSHA" not in content
    refuses(installed.run("backup", file), "exists already")
    assert file.read_bytes() == content
    assert not left_behind(installed.folder)


def test_without_a_key_it_says_that_it_is_not_encrypted(installed: Installed) -> None:
    installed.set("SERVICE_BACKUP_KEY_FILE", "")
    file = installed.folder / "plain.backup"
    assert "NOT encrypted" in installed.run("backup", file).out
    assert file.stat().st_mode & 0o077 == 0


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _end_cut(content: bytes) -> bytes:
    return content[:-1]


def _flipped(content: bytes) -> bytes:
    at = len(content) * 2 // 3
    return content[:at] + bytes((content[at] ^ 1,)) + content[at + 1 :]


def _longer(content: bytes) -> bytes:
    return content + b"x"


def _nothing(content: bytes) -> bytes:
    return b""


def _another(content: bytes) -> bytes:
    return b"PK" + content


DAMAGES: list[Callable[[bytes], bytes]] = [_cut, _end_cut, _flipped, _longer, _nothing, _another]


@pytest.mark.parametrize("key", [True, False])
def test_a_damaged_backup_changes_nothing(installed: Installed, slapd: Slapd, key: bool) -> None:
    if not key:
        installed.set("SERVICE_BACKUP_KEY_FILE", "")
    file = made(installed)
    content = file.read_bytes()
    slapd.stop()
    before = state(slapd, installed)
    for damage in DAMAGES:
        file.write_bytes(damage(content))
        refuses(installed.run("restore", file, "--replace"), "backup", REFUSED)
        assert state(slapd, installed) == before, damage
        assert not left_behind(installed.folder, slapd.data)


def test_another_key_or_none_opens_nothing(installed: Installed, slapd: Slapd, tmp_path: Path) -> None:
    file = made(installed)
    slapd.stop()
    other = tmp_path / "other.key"
    other.write_text("fedcba9876543210fedcba9876543210")
    installed.set("SERVICE_BACKUP_KEY_FILE", other)
    refuses(installed.run("restore", file, "--replace"), "another key", REFUSED)
    installed.set("SERVICE_BACKUP_KEY_FILE", "")
    refuses(installed.run("restore", file, "--replace"), "COUNTERPART_SERVICE_BACKUP_KEY_FILE", REFUSED)


CHANGED: list[tuple[dict[str, object], str]] = [
    ({"schema_version": 99}, "schema version 99"),
    ({"store_version": "9999"}, "tables of version 9999"),
    ({"suffix": "dc=other"}, "dc=other"),
    ({"format": 2}, "format 2"),
    ({"parts": {}}, "damaged"),
]


def test_a_backup_of_another_version_is_refused_with_a_sentence(installed: Installed, slapd: Slapd) -> None:
    installed.set("SERVICE_BACKUP_KEY_FILE", "")
    file = made(installed)
    content = file.read_bytes()
    slapd.stop()
    before = state(slapd, installed)
    for changed, words in CHANGED:
        file.write_bytes(content)
        _rewrite(file, changed)
        refuses(installed.run("restore", file, "--replace"), words, REFUSED)
        assert state(slapd, installed) == before


def _rewrite(file: Path, changed: dict[str, object]) -> None:
    """Change the manifest of a backup that is not encrypted, as another version would have written it."""
    shop = file.with_suffix(".shop")
    shop.mkdir(exist_ok=True)
    tar = shop / "whole"
    with file.open("rb") as sealed, tar.open("wb") as plain:
        sealing.unseal(sealed, b"", plain.write)
    with tarfile.open(tar) as opened:
        opened.extractall(shop)  # noqa: S202  # our own backup; Python 3.11.2 of Debian 12 knows no filter
    manifest = json.loads((shop / backup.MANIFEST).read_text())
    (shop / backup.MANIFEST).write_text(json.dumps({**manifest, **changed}))
    file.unlink()
    with file.open("wb") as written:
        sealer = sealing.Sealer(written, b"")
        with tarfile.open(fileobj=sealer, mode="w|") as packed:
            for name in (backup.MANIFEST, backup.DIRECTORY, backup.STORE):
                packed.add(shop / name, name)
        sealer.finish()


def test_nothing_is_replaced_unasked_nor_under_a_running_server(installed: Installed, slapd: Slapd) -> None:
    file = made(installed)
    refuses(installed.run("restore", file, "--replace"), "stop slapd first")
    slapd.stop()
    refuses(installed.run("restore", file), "the directory and the store")
    with installed.store().reading() as tx:
        ledger.verify(tx)
        refuses(installed.run("restore", file, "--replace"), "is in use")


def test_an_empty_machine_is_filled_without_a_flag(installed: Installed, slapd: Slapd) -> None:
    before = entries(slapd)
    file = made(installed)
    slapd.stop()
    for path in [*slapd.data.iterdir(), *installed.var.glob("counterpart.db*")]:
        path.unlink()
    answer = installed.run("restore", file, "--json")
    assert (answer.code, answer.data["kept"]) == (0, []), answer.err
    slapd.start()
    assert _lasting(entries(slapd)) == _lasting(before)
    assert installed.run("ledger", "verify").code == 0


def _with_little_room(
    installed: Installed, *arguments: str | Path, most: int
) -> subprocess.CompletedProcess[str]:
    """Run a command that can write no file larger than that, as on a disk that gets full."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    environ = {**installed.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [COUNTERPART, *arguments], cwd=installed.folder, env=environ, capture_output=True, text=True,
        timeout=60, check=False, preexec_fn=limit,
    )  # fmt: skip


def test_a_full_disk_leaves_no_half_backup(installed: Installed) -> None:
    file = installed.folder / "full.backup"
    ran = _with_little_room(installed, "backup", file, most=4000)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert not file.exists()
    assert not left_behind(installed.folder)


def test_a_disk_that_gets_full_while_restoring_leaves_everything_as_it_was(
    installed: Installed, slapd: Slapd
) -> None:
    file = made(installed)
    slapd.stop()
    before = state(slapd, installed)
    ran = _with_little_room(installed, "restore", file, "--replace", most=200_000)
    assert ran.returncode == 1, ran
    assert "Traceback" not in ran.stderr
    assert state(slapd, installed) == before
    assert not left_behind(installed.folder, slapd.data)
    assert not list(slapd.data.glob("before-restore-*"))
    slapd.start()
    assert file.exists()
