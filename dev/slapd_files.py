"""Fills a private slapd's folders, and brings older ones up to date, while it does not run.

Beside each folder a stamp says what it was completely prepared for; whatever was interrupted is done again.
"""

import hashlib
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from dev.errors import ServerFailed
from dev.processes import Process, find_program
from ldap_schema.configure import ldif, tree_ldif
from ldap_schema.upgrade import upgrade_ldif

SECONDS = 120


class SlapdFiles:
    """The configuration and the data of one server."""

    def __init__(self, program: Path, config: Path, data: Path, socket_file: Path) -> None:
        self._program, self._config, self._data = program, config, data
        self._socket = socket_file

    def configure(self, text: str) -> None:
        """Make cn=config anew if it was not made of this text."""
        self._fill(0, text, self._config, _digest(text))

    def bring_up(self, suffix: str, passwords: Mapping[str, str], config: str) -> None:
        """Fill an empty database with the tree; give an older one what it lacks, and keep the rest.

        It is what docs/operations-directory.md does, command by command.
        """
        wanted = _digest(config + ldif("tree.ldif"))
        if not _stamp(self._data).exists():
            self._fill(1, tree_ldif(suffix, passwords), self._data, wanted)
        elif _stamp(self._data).read_text() != wanted:
            before = self._run("-Tcat", "-n", "1", "-F", self._config)
            self._index()
            if lacking := upgrade_ldif(suffix, before.splitlines(), passwords):
                self._modify(lacking)
            _stamp(self._data).write_text(wanted)

    def copy(self, origin: Path, config: str) -> None:
        """Fill a replica's empty database with what the server configured there has."""
        wanted = _digest(config)
        if not _stamp(self._data).exists():
            self._fill(1, self._run("-Tcat", "-n", "1", "-F", origin), self._data, wanted, "-w")
        elif _stamp(self._data).read_text() != wanted:
            self._index()
            _stamp(self._data).write_text(wanted)

    def _index(self) -> None:
        self._run("-Tindex", "-q", "-F", self._config)  # the new configuration may index more

    def _modify(self, text: str) -> None:
        """Change entries by a server that nobody but ourselves can reach, and that ends at once."""
        where = local_uri(self._socket)
        self._socket.unlink(missing_ok=True)
        command: list[str | Path] = [self._program, "-F", self._config, "-h", where, "-d", "none"]
        with Process("slapd-upgrade", command, self._config.parent, ready=self._accepts):
            program = find_program("ldapmodify", package="ldap-utils")
            _run([program, "-e", "relax", "-Q", "-Y", "EXTERNAL", "-H", where], text)

    def _fill(self, database: int, text: str, into: Path, wanted: str, *options: str) -> None:
        stamp = _stamp(into)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        stamp.unlink(missing_ok=True)
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(mode=0o700, parents=True)
        self._run("-Tadd", "-q", *options, "-n", str(database), "-F", self._config, given=text)
        stamp.write_text(wanted)

    def _run(self, *arguments: str | Path, given: str = "") -> str:
        """Run one of slapd's tools and return what it printed; raise ServerFailed."""
        return _run([self._program, *arguments], given)

    def _accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._socket)) == 0


def local_uri(socket_file: Path) -> str:
    """Return the address of a server's unix socket."""
    return f"ldapi://{quote(str(socket_file), safe='')}"


def _run(command: Sequence[str | Path], given: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise ServerFailed(f"slapd's files could not be prepared ({command[1]}):\n{said}")
    return done.stdout


def _stamp(folder: Path) -> Path:
    return folder.with_name(folder.name + ".loaded")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
