"""Commands whose servers, files or settings are broken: one sentence that helps, and nothing is changed."""

import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from dev.certificates import ServerCertificate, ensure_certificate
from dev.identity_provider.demo import ensure_key
from dev.processes import listening
from dev.servers import MailCatcher, Redis, Slapd, free_port
from ldap_schema.directory import Directory, Service
from tests.functional.command_line import Answer, Installed
from tests.functional.replica_kit import eventually
from tests.sync_world import people, write_file, write_mapping

ROOT = Path(__file__).resolve().parents[2]
WHO = "person1@rivers.example"
UNCHANGED = "Nothing more was changed."


def installation(folder: Path, slapd: Slapd, redis: Redis, mail: MailCatcher) -> Installed:
    made = Installed(folder, slapd, redis, mail)
    made.set("DIRECTORY_TIMEOUT", 1)
    made.set("STORE_TIMEOUT", 0.5)
    made.store().close()
    return made


@pytest.fixture
def installed(tmp_path: Path, slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher) -> Installed:
    """One whose servers are others' too."""
    return installation(tmp_path, slapd, redis_server, mail_catcher)


@pytest.fixture
def alone(tmp_path: Path, fresh_slapd: Slapd, fresh_redis: Redis, mail_catcher: MailCatcher) -> Installed:
    """One whose servers may be killed."""
    return installation(tmp_path, fresh_slapd, fresh_redis, mail_catcher)


def fails(answer: Answer, *words: str, code: int = 1) -> None:
    """One line on stderr with these words, nothing on stdout, the documented exit code."""
    assert (answer.code, answer.out, answer.err.count("\n")) == (code, "", 1), answer
    for each in words:
        assert each in answer.err


def mends(installed: Installed, check: str) -> tuple[str, str]:
    """What the doctor finds wrong in one check, and how to mend it."""
    answer = installed.run("doctor", "--json")
    assert answer.code == 1
    (found,) = (each["problems"] for each in answer.data["checks"] if each["name"] == check)
    return found[0]["what"], found[0]["mend"]


def content(installed: Installed) -> bytes:
    store = installed.store()
    with store.reading() as tx:
        rows = tx.connection().exec_driver_sql("SELECT count(*), max(number) FROM ledger").fetchall()
    store.close()
    return repr(rows).encode()


def test_without_a_directory_commands_say_so_and_change_nothing(
    alone: Installed, fresh_slapd: Slapd, tmp_path: Path
) -> None:
    mapping, file = write_mapping(tmp_path), write_file(tmp_path, people(3))
    assert alone.run("sync", "apply", mapping, "--file", file).code == 0
    before = content(alone)
    fresh_slapd.kill()
    for command in (
        ("search", "Director"),
        ("person", "role", WHO, "directory-managers"),
        ("device", "add", WHO, "My laptop"),
        ("sync", "apply", mapping, "--file", file),
        ("sync", "holds"),
    ):
        fails(alone.run(*command), "The directory does not answer", UNCHANGED, "`counterpart doctor`")
    assert "Start slapd" in mends(alone, "directory")[1]
    assert alone.run("ledger", "verify").code == 0
    assert content(alone) == before
    fresh_slapd.start()
    assert alone.run("person", "role", WHO, "directory-managers").code == 0


def test_a_portal_may_start_before_its_servers(
    alone: Installed, fresh_slapd: Slapd, fresh_redis: Redis
) -> None:
    fresh_slapd.kill()
    fresh_redis.kill()
    port = alone.house.portal_port
    with alone.start("portal", "serve", "--port", str(port), port=port) as portal:
        fresh_redis.start()
        fresh_slapd.start()
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(
                f"GET /readyz HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode()
            )
            assert b" 200 " in line.recv(100)
        portal.kill()
    assert eventually(lambda: not listening(port)), "its worker goes a moment later"
    with alone.start("portal", "serve", "--port", str(port), port=port):
        pass  # what a crash left behind does not stop the next start


def test_without_a_store_commands_say_so_and_make_none(installed: Installed, tmp_path: Path) -> None:
    file = installed.var / "counterpart.db"
    backup = file.rename(tmp_path / "backup.db")
    mapping, feed = write_mapping(tmp_path), write_file(tmp_path, people(3))
    for command in (
        ("ledger", "verify"),
        ("worker",),
        ("sync", "apply", mapping, "--file", feed),
        ("serve", "--port", str(free_port())),
    ):
        fails(installed.run(*command), f"There is no store at {file}", "or a backup of it")
    assert not file.exists()
    assert "counterpart migrate" in mends(installed, "store")[1]
    assert "counterpart migrate" in mends(installed, "mail")[1]
    file.write_bytes(b"this is no database" * 100)
    fails(installed.run("ledger", "verify"), "can't be read: file is not a database")
    assert "put a backup in its place" in mends(installed, "store")[1]
    shutil.copy(backup, file)
    assert installed.run("ledger", "verify").code == 0


def test_redis_is_missed_by_the_doctor_and_by_no_command_that_needs_none(
    alone: Installed, fresh_redis: Redis
) -> None:
    fresh_redis.kill()
    assert "Start Redis" in mends(alone, "redis")[1]
    assert alone.run("search", "Director").code == 0


@contextmanager
def impostor(made: ServerCertificate, host: str) -> Iterator[tuple[str, list[bytes]]]:
    """Somebody who speaks TLS with that certificate: its address, and whatever it was told."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate_file, made.key_file)
    told: list[bytes] = []
    listener = socket.create_server((host, 0))

    def listen() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            with caller:
                try:
                    with context.wrap_socket(caller, server_side=True) as line:
                        told.append(line.recv(1000))
                except OSError:
                    pass

    thread = Thread(target=listen)
    thread.start()
    try:
        yield f"ldaps://{host}:{listener.getsockname()[1]}", told
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize(
    ("days_ago", "host", "own_authority", "words"),
    [
        (500, "127.0.0.1", True, "it has run out"),
        (0, "127.0.0.2", True, "it is for another host name"),
        (0, "127.0.0.1", False, "it is not from the authority in"),
    ],
)
def test_a_server_that_can_not_prove_who_it_is_is_told_nothing(
    installed: Installed, tmp_path: Path, days_ago: int, host: str, own_authority: bool, words: str
) -> None:
    made = ensure_certificate(tmp_path / "impostor", datetime.now(UTC) - timedelta(days=days_ago))
    with impostor(made, host) as (uri, told):
        installed.set("DIRECTORY_URI", uri)
        if own_authority:
            installed.set("DIRECTORY_CA_FILE", made.ca_file)
        fails(installed.run("search", "Director"), "certificate can't be verified", words, "Nothing was sent")
        what, mend = mends(installed, "directory")
    assert words in what
    assert "COUNTERPART_DIRECTORY_CA_FILE" in mend
    assert not any(told)


def test_a_wrong_missing_or_open_secret_is_named(installed: Installed, slapd: Slapd, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    shutil.copy(slapd.settings().sync_password_file, file)
    installed.set("DIRECTORY_SYNC_PASSWORD_FILE", file)
    file.chmod(0o644)
    assert mends(installed, "secrets") == (
        f"{file} can be read by other accounts of this machine.",
        f"chmod 600 {file}",
    )
    file.write_text("wrong")
    fails(installed.run("search", "Director"), "password of the account is wrong", str(file), UNCHANGED)
    assert "Put the account's password into that file" in mends(installed, "directory")[1]
    file.write_text("")
    fails(installed.run("search", "Director"), f"The secret file {file} is empty.")
    file.unlink()
    fails(installed.run("search", "Director"), f"The secret file {file} can't be read: No such file")


def test_a_saml_key_of_another_certificate_stops_the_start(installed: Installed, tmp_path: Path) -> None:
    ensure_key(tmp_path / "other.key", tmp_path / "other.crt", "Other", datetime.now(UTC))
    installed.set("SAML_KEY_FILE", tmp_path / "other.key")
    answer = installed.run("serve", "--port", str(free_port()))
    fails(answer, "current.crt is not the certificate of", "other.key")
    assert "COUNTERPART_SAML_" in mends(installed, "SAML keys")[1]


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("DIRECTORY_URL", "ldap://localhost", "Did you mean COUNTERPART_DIRECTORY_URI?"),
        ("DIRECTRY_URI", "ldap://localhost", "Did you mean COUNTERPART_DIRECTORY_URI?"),
        ("DIRECTORY_URI", "http://localhost", "COUNTERPART_DIRECTORY_URI must begin with ldap://"),
        ("DIRECTORY_TIMEOUT", "soon", "COUNTERPART_DIRECTORY_TIMEOUT must be a number"),
        ("DIRECTORY_POOL_SIZE", "0", "COUNTERPART_DIRECTORY_POOL_SIZE must be 1 or more"),
        ("SERVICE_REDIS_URL", "http://localhost", "COUNTERPART_SERVICE_REDIS_URL must begin with redis://"),
        ("SAML_BASE_URL", "leaders.example", "COUNTERPART_SAML_BASE_URL must be like https://"),
        ("SETTINGS", "/nowhere", "The settings file /nowhere can't be read"),
    ],
)
def test_a_setting_that_can_not_be_is_named(
    installed: Installed, setting: str, value: str, words: str
) -> None:
    installed.set(setting, value)
    fails(installed.run("serve"), words)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty. An empty file never changes anything."),
        (b"Staff No,Na\0me\n1,Quill\n", "has zero bytes"),
        (b"\x93Staff\x94,Name\n", "is not utf-8, as the mapping says"),
        (b"Employee,Surname\n1,Quill\n", 'has no column "Staff No"'),
        (None, "There is no file"),
    ],
)
def test_a_file_that_is_no_feed_changes_nothing(
    installed: Installed, slapd: Slapd, tmp_path: Path, raw: bytes | None, words: str
) -> None:
    mapping, file = write_mapping(tmp_path), tmp_path / "rivers-2026-11-01.csv"
    if raw is not None:
        file.write_bytes(raw)
    directory = Directory.open(slapd.settings(), Service.SYNC)
    before = directory.context_csn()
    fails(installed.run("sync", "apply", mapping, "--file", file), words, code=4)
    assert directory.context_csn() == before
    directory.close()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("full_name", "ful_name", 'person.ful_name: there is no such key. Did you mean "full_name"?'),
        ("[person]", "[persn]", '[persn]: there is no such table. Did you mean "person"?'),
        ('"Staff No"', '"Staff Number"', 'has no column "Staff Number"'),
        ('"Name"', '"Nmae"', 'has no column "Nmae" '),
        ("[feed]", "feed", "is not a TOML file"),
    ],
)
def test_a_mapping_that_names_what_is_not_there_is_refused(
    installed: Installed, tmp_path: Path, old: str, new: str, words: str
) -> None:
    mapping, file = write_mapping(tmp_path, old=old, new=new), write_file(tmp_path, people(3))
    fails(installed.run("sync", "plan", mapping, "--file", file), words, str(mapping), code=4)


def test_folders_where_files_belong_are_refused(installed: Installed, tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path)
    for arguments in (("plan", tmp_path), ("plan", mapping, "--file", tmp_path), ("apply", tmp_path)):
        answer = installed.run("sync", *arguments)
        assert answer.code in (1, 4)
        assert "directory" in answer.err


def portal_without(folder: Path, missing: str) -> dict[str, str]:
    """An environment in which the code is as it is here, but one folder of files is missing."""
    for name in ("app", "counterpart", "ldap_schema", "saml", "store", "sync", "templates"):
        ignored = shutil.ignore_patterns("__pycache__", missing)
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    (folder / "templates" / "__init__.py").touch()  # so that none elsewhere is taken instead
    return {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize(
    ("missing", "words"),
    [("base.html", "The portal's pages are missing"), ("govuk", "GOV.UK Frontend is missing")],
)
def test_a_portal_without_its_files_does_not_start(
    installed: Installed, tmp_path: Path, missing: str, words: str
) -> None:
    installed.environ |= portal_without(tmp_path / "code", missing)
    fails(installed.run("serve", "--port", str(free_port())), words, "Nothing was started.")
    assert words in mends(installed, "portal")[0]
