"""A directory server's files on its own machine, by slapd's own tools: copied while it runs, then filled.

slapcat reads one consistent state of a running server, with hashes and operational attributes, which no
account may read over the network for this. slapadd fills a stopped one.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ldap_schema.errors import ServerFilesFailed

DATABASE, LOCK = "data.mdb", "lock.mdb"
SAID = 300  # characters repeated of what a tool said


class ServerFiles:
    """The database under one suffix of the server whose cn=config stands in that folder."""

    def __init__(self, program: Path, config: Path, suffix: str) -> None:
        self._program, self._config, self._suffix = program, config, suffix

    def dump(self, into: IO[bytes]) -> int:
        """Write all entries as LDIF and return their number; raises ServerFilesFailed."""
        counted = 0
        with tempfile.TemporaryFile() as errors:
            with self._tool("-Tcat", "-b", self._suffix, errors=errors) as tool:
                assert tool.stdout is not None  # noqa: S101  # for the type checker: we asked for a pipe
                for line in tool.stdout:
                    counted += line.startswith((b"dn: ", b"dn:: "))
                    into.write(line)
        return counted

    def folder(self) -> Path:
        """Return where the database is; raises ServerFilesFailed if there is none under the suffix."""
        with tempfile.TemporaryFile() as errors:
            with self._tool("-Tcat", "-n", "0", "-o", "ldif-wrap=no", errors=errors) as tool:
                assert tool.stdout is not None  # noqa: S101  # as above
                text = tool.stdout.read().decode("utf-8", "replace")
        for block in text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if lines.get("olcSuffix", "").casefold() == self._suffix.casefold():
                return Path(lines["olcDbDirectory"])
        raise ServerFilesFailed(f"{self._config} has no database for {self._suffix}.")

    def running(self) -> bool:
        """Whether a server, or one of its tools, has the database open."""
        lock = self.folder() / LOCK
        if not lock.exists():
            return False
        with lock.open("r+b") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)  # LMDB holds a lock on the first byte
            except OSError:
                return True
        return False

    def empty(self) -> bool:
        """Whether there is no entry yet; a database that can't be read is not empty."""
        if not (self.folder() / DATABASE).exists():
            return True
        with tempfile.TemporaryFile() as sink:
            try:
                return self.dump(sink) == 0
            except ServerFilesFailed:
                return False

    @contextmanager
    def replaced(self, ldif: IO[bytes], aside: str) -> Iterator[Path]:
        """Fill the database of a stopped server anew; what was there goes into the folder `aside` beside it.

        If filling it or the block fails, everything is as it was before. Yields where the old one is.
        """
        folder = self.folder()
        kept = folder / aside
        _move(folder, kept)
        try:
            self._fill(ldif, folder)
            yield kept
        except BaseException:
            for name in (DATABASE, LOCK):
                (folder / name).unlink(missing_ok=True)
            _move(kept, folder)
            kept.rmdir()
            raise
        if not any(kept.iterdir()):
            kept.rmdir()

    def _fill(self, ldif: IO[bytes], folder: Path) -> None:
        with tempfile.TemporaryFile() as errors:
            with self._tool("-Tadd", "-q", "-w", "-b", self._suffix, errors=errors, given=True) as tool:
                assert tool.stdin is not None  # noqa: S101  # as above
                try:
                    shutil.copyfileobj(ldif, tool.stdin)
                    tool.stdin.close()
                except BrokenPipeError:
                    tool.stdin = None  # it has ended; its exit status and words say why
        if os.geteuid() == 0:  # the server runs as whoever owns its folder
            owner = folder.stat()
            for name in (DATABASE, LOCK):
                if (folder / name).exists():
                    os.chown(folder / name, owner.st_uid, owner.st_gid)

    @contextmanager
    def _tool(
        self, *arguments: str, errors: IO[bytes], given: bool = False
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run one of slapd's tools; raises ServerFilesFailed with its last words if it fails."""
        command = [str(self._program), *arguments, "-F", str(self._config)]
        try:
            tool = subprocess.Popen(  # noqa: S603  # the program of the settings, with arguments of ours
                command,
                stdin=subprocess.PIPE if given else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        except OSError as error:
            raise ServerFilesFailed(f"{self._program} can't be started: {error.strerror}.") from None
        with tool:
            yield tool
        if tool.returncode != 0:
            errors.seek(0)
            words = " ".join(errors.read().decode("utf-8", "replace").split())[-SAID:]
            raise ServerFilesFailed(f"slapd's tool failed ({' '.join(arguments)}): {words}")


def _move(here: Path, there: Path) -> None:
    there.mkdir(exist_ok=True, mode=0o700)
    for name in (DATABASE, LOCK):
        if (here / name).exists():
            (here / name).rename(there / name)
