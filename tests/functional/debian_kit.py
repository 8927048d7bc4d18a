"""A machine on which Debian's slapd was installed, and the commands that make the directory of it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dev.certificates import ensure_certificate
from dev.processes import Process, find_program, free_port, listening, socket_path
from dev.slapd import APPARMOR_PROFILE, private_program
from ldap_schema.__main__ import main
from ldap_schema.configure import ACCOUNTS, peer_identity
from ldap_schema.settings import DirectorySettings

DEBIANS_OWN = Path("/usr/share/slapd/slapd.init.ldif")


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

    def printed(self, what: str, *more: str) -> str:
        """Return what `python -m ldap_schema` prints for this machine."""
        if what != "config":
            return main([what, *more, "--secrets", str(self.root / "secrets")])
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

    def load(self, config: str, tree: str) -> None:
        """Put configuration and tree in the place of what is there, which is kept beside."""
        self.move_away(self.config)
        self.move_away(self.root / "var/lib/ldap")
        self.tool("slapadd", "-n", "0", given=config)
        self.tool("slapadd", "-q", "-n", "1", given=tree)

    @contextmanager
    def started(self) -> Iterator[DirectorySettings]:
        program = private_program(find_program("slapd", package="slapd"), self.root, APPARMOR_PROFILE)
        port, socket = free_port(), socket_path(self.root, "ldapi")
        urls = f"ldap://127.0.0.1:{port} {self.local_uri}"
        socket.unlink(missing_ok=True)
        command = [program, "-F", self.config, "-h", urls, "-d", "none"]
        with Process("slapd", command, self.root / "run", ready=lambda: listening(port)):
            yield DirectorySettings(
                uri=self.local_uri,
                ca_file=self.root / "tls/ca.pem",
                portal_password_file=self.root / "secrets/directory-portal",
                sync_password_file=self.root / "secrets/directory-sync",
                index_password_file=self.root / "secrets/directory-index",
            )

    @property
    def local_uri(self) -> str:
        return f"ldapi://{str(socket_path(self.root, 'ldapi')).replace('/', '%2F')}"


def debian(root: Path) -> Machine:
    """Return a machine on which Debian's package was installed and nothing else happened."""
    made = Machine(root)
    theirs = DEBIANS_OWN.read_text()
    for place, value in {"BACKEND": "mdb", "SUFFIX": "dc=nodomain", "PASSWORD": "x"}.items():
        theirs = theirs.replace(f"@{place}@", value)
    made.tool("slapadd", "-n0", given=theirs.replace("/var/lib/ldap", str(made.root / "var/lib/ldap")))
    return made
