"""A machine on which Debian's slapd was installed, and the commands that make the directory of it."""

import os
import subprocess
import sys
import textwrap
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
from tests.rules.source import ROOT

DEBIANS_OWN = Path("/usr/share/slapd/slapd.init.ldif")
PAGE = ROOT / "docs" / "operations-directory.md"
# Who runs the commands owns the folders and is the administrator; slapd is started by the test.
SHELL = r"""
sudo() { if [ "$1" = -u ]; then shift 2; fi; "$@"; }
apt-get() { :; }
systemctl() { :; }
counterpart() { :; }
slapadd() { "$SLAPD" -Tadd "$@"; }
slapcat() { "$SLAPD" -Tcat -F "$ROOT/etc/slapd.d" "$@"; }
slapindex() { "$SLAPD" -Tindex "$@"; }
python() {
    "$PYTHON" "$@" | sed "s,/var/lib/ldap,$ROOT/var/lib/ldap,; s,/var/run/slapd,$ROOT/run," |
        sed "s/gidNumber=0+uidNumber=0,[a-z=,]*/$OWN/"
}
"""


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
        command = [self._program(), f"-T{name.removeprefix('slap')}", "-F", self.config, *arguments]
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

    def typed(self, commands: str) -> None:
        """Have a shell do what the documentation says, in the folder that holds `secrets`.

        sudo and the service manager are left out, and Debian's folders are this machine's.
        """
        words = {
            " -o openldap -g openldap": "", "/etc/ldap/tls": str(self.root / "tls"),
            "/etc/ldap/slapd.d": str(self.config), "/var/lib/ldap": str(self.root / "var/lib/ldap"),
            "ldapi:///": self.local_uri,
        }  # fmt: skip
        for theirs, ours in words.items():
            commands = commands.replace(theirs, ours)
        script = SHELL + commands
        own = peer_identity(os.getuid(), os.getgid())
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ROOT": str(self.root), "OWN": own,
            "PYTHON": sys.executable, "PYTHONPATH": str(ROOT), "SLAPD": str(self._program()),
        }  # fmt: skip
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.root, env=environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def _program(self) -> Path:
        return private_program(find_program("slapd", package="slapd"), self.root, APPARMOR_PROFILE)

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
    def started(self, port: int = 0) -> Iterator[DirectorySettings]:
        """Run slapd, at a port of the caller's choice, and yield what the gateway needs to write there."""
        program = self._program()
        port, socket = port or free_port(), socket_path(self.root, "ldapi")
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


def documented(heading: str) -> str:
    """Return the commands that stand first under a heading of docs/operations-directory.md."""
    section = PAGE.read_text().partition(f"## {heading}\n\n")[2]
    blocks = (block for block in section.split("\n\n") if block.startswith("    "))
    return textwrap.dedent(next(blocks))


def debian(root: Path) -> Machine:
    """Return a machine on which Debian's package was installed and nothing else happened."""
    made = Machine(root)
    theirs = DEBIANS_OWN.read_text()
    for place, value in {"BACKEND": "mdb", "SUFFIX": "dc=nodomain", "PASSWORD": "x"}.items():
        theirs = theirs.replace(f"@{place}@", value)
    made.tool("slapadd", "-n0", given=theirs.replace("/var/lib/ldap", str(made.root / "var/lib/ldap")))
    return made
