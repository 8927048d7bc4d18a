"""The commands of docs/operations-directory.md, on a server laid out as Debian's package leaves it."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dev.certificates import ensure_certificate
from dev.processes import Process, find_program, free_port, listening, socket_path
from dev.slapd import APPARMOR_PROFILE, private_program
from ldap_schema.__main__ import main
from ldap_schema.changes import Add
from ldap_schema.configure import ACCOUNTS, peer_identity
from ldap_schema.directory import Directory, Service
from ldap_schema.settings import DirectorySettings
from tests.functional.directory_kit import leader

DEBIANS_OWN = Path("/usr/share/slapd/slapd.init.ldif")
NEW = "nlcKnownAs"  # what an older directory does not have


@dataclass(frozen=True)
class Machine:
    """Debian's folders under one of ours, and the account that runs slapd."""

    root: Path

    def __post_init__(self) -> None:
        for name in ("etc/slapd.d", "var/lib/ldap", "run", "secrets"):
            (self.root / name).mkdir(parents=True)
        for account in ACCOUNTS:
            (self.root / "secrets" / f"directory-{account}").write_text(f"password-of-{account}\n")

    @property
    def config(self) -> Path:
        return self.root / "etc/slapd.d"

    def tool(self, name: str, *arguments: str | Path, given: str = "") -> str:
        """Run one of slapd's tools as the documentation does."""
        program = private_program(find_program("slapd", package="slapd"), self.root, APPARMOR_PROFILE)
        command = [program, f"-T{name.removeprefix('slap')}", "-F", self.config, *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def printed(self, what: str) -> str:
        """Return what `python -m ldap_schema` prints for this machine."""
        if what != "config":
            return main([what] if what == "upgrade" else [what, "--secrets", str(self.root / "secrets")])
        tls = ensure_certificate(self.root / "tls", datetime.now(UTC))
        return main(
            ["config", "--certificate", str(tls.certificate_file), "--key", str(tls.key_file),
             "--authority", str(tls.ca_file), "--folder", str(self.root / "run"), "--gigabytes", "1",
             "--data", str(self.root / "var/lib/ldap"),
             "--administrator", peer_identity(os.getuid(), os.getgid())]
        )  # fmt: skip

    def move_away(self, folder: Path) -> None:
        folder.rename(folder.with_name(folder.name + ".before"))
        folder.mkdir(mode=0o750)

    @contextmanager
    def started(self) -> Iterator[DirectorySettings]:
        program = private_program(find_program("slapd", package="slapd"), self.root, APPARMOR_PROFILE)
        port, socket = free_port(), socket_path(self.root, "ldapi")
        urls = f"ldap://127.0.0.1:{port} {self.local_uri}"
        socket.unlink(missing_ok=True)
        command = [program, "-F", self.config, "-h", urls, "-d", "none"]
        with Process("slapd", command, self.root / "run", ready=lambda: listening(port)):
            yield DirectorySettings(
                uri=f"ldap://localhost:{port}",
                ca_file=self.root / "tls/ca.pem",
                portal_password_file=self.root / "secrets/directory-portal",
                sync_password_file=self.root / "secrets/directory-sync",
            )

    @property
    def local_uri(self) -> str:
        return f"ldapi://{str(socket_path(self.root, 'ldapi')).replace('/', '%2F')}"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which Debian's package was installed and nothing else happened."""
    made = Machine(tmp_path / "machine")
    theirs = DEBIANS_OWN.read_text()
    for place, value in {"BACKEND": "mdb", "SUFFIX": "dc=nodomain", "PASSWORD": "x"}.items():
        theirs = theirs.replace(f"@{place}@", value)
    made.tool("slapadd", "-n0", given=theirs.replace("/var/lib/ldap", str(made.root / "var/lib/ldap")))
    return made


def _load(machine: Machine, config: str) -> None:
    machine.move_away(machine.config)
    machine.move_away(machine.root / "var/lib/ldap")
    machine.tool("slapadd", "-n", "0", given=config)
    machine.tool("slapadd", "-q", "-n", "1", given=machine.printed("tree"))


def test_debians_server_becomes_the_directory_and_doctor_misses_nothing(machine: Machine) -> None:
    _load(machine, machine.printed("config"))
    with machine.started() as settings:
        for service in (Service.PORTAL, Service.SYNC):
            directory = Directory.open(settings, service)
            assert directory.missing_parts() == []
            directory.close()


def test_an_older_directory_is_brought_up_to_date_in_place_and_loses_no_entry(machine: Machine) -> None:
    now = machine.printed("config")
    older = re.sub(
        rf"olcAttributeTypes: \( nlcAttribute:\d+ NAME '{NEW}'.*?\)\n(?=olc|#)", "", now, flags=re.S
    )
    older = re.sub(rf" {NEW} \$|,{NEW}", "", older)
    assert NEW in now
    assert NEW not in older
    tree = re.sub(rf"{NEW}: x\n", "", machine.printed("tree"))
    tree = tree.replace("nlcSchemaVersion: 2", "nlcSchemaVersion: 0")
    machine.move_away(machine.config)
    machine.move_away(machine.root / "var/lib/ldap")
    machine.tool("slapadd", "-n", "0", given=older)
    machine.tool("slapadd", "-q", "-n", "1", given=tree)
    person = leader("old-1", title="Chief", mail=("old@x.example",))
    with machine.started() as settings:
        sync = Directory.open(settings, Service.SYNC)
        told = " ".join(sync.missing_parts())
        assert NEW in told
        assert "schema version 0" in told
        sync.write([Add(person)])
        sync.close()
    before = machine.tool("slapcat", "-n", "1")

    (machine.root / "etc/slapd.d.before").rename(machine.root / "etc/debians")
    machine.move_away(machine.config)
    machine.tool("slapadd", "-n", "0", given=now)
    machine.tool("slapindex", "-q")
    with machine.started() as settings:
        command = ["ldapmodify", "-e", "relax", "-Y", "EXTERNAL", "-Q", "-H", machine.local_uri]
        for _ in range(2):  # a second time changes nothing
            done = subprocess.run(
                command, input=machine.printed("upgrade"), capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
        sync = Directory.open(settings, Service.SYNC)
        assert sync.missing_parts() == []
        assert sync.people.get("old-1") == person
        sync.write([Add(leader("new-1", known_as="Addie"))])
        assert sync.people.get("new-1").known_as == "Addie"
        sync.close()
    after = machine.tool("slapcat", "-n", "1")
    assert set(re.findall(r"^dn: .*", before, re.M)) < set(re.findall(r"^dn: .*", after, re.M))
