"""What a large feed costs beside OpenLDAP's own tools, and what a run makes other writers wait.

Ratios are within one run, first on a slapd without overlays, for which the goals are set, then on
production's. How many rows, and a tenth of them: COUNTERPART_BENCH_FEED_ROWS (10000). 100000 is what the
goals are set for; a million shows that cost stays linear. `--basetemp` on a file system in memory takes the
disk out of it: the tools, which wait for it once for each entry, gain more by that than we do.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.changes import Add, Update, operations
from ldap_schema.directory import Directory, Service
from ldap_schema.operations import ModifyEntry
from ldap_schema.people import Person
from ldap_schema.tree import Tree
from sync.plan_file import read_plan
from sync.sealed import Sealer
from tests.bench.measure import Row, percentile, show
from tests.bench.test_feed import MAPPING, dump, ldapadd, write_rows
from tests.functional.command_line import Installed

ROWS = int(os.environ.get("COUNTERPART_BENCH_FEED_ROWS", "10000"))
CHUNKS, WRITTEN = (250, 1000, 3000, 9000), 9000
LOOK = 0.02  # seconds between two looks at a program's memory
MOST_MEGABYTES = 400


@dataclass(frozen=True)
class Ran:
    """One program from beginning to end."""

    seconds: float
    megabytes: float  # of its own, at its largest


def ran(command: Sequence[str | Path], folder: Path, environ: dict[str, str]) -> Ran:
    """Run a program; what it prints goes to a file, so that nobody has to read it."""
    began = time.perf_counter()
    with (folder / "printed.txt").open("w") as printed:
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=printed, stderr=printed)
        largest = 0
        while process.poll() is None:
            largest = max(largest, _largest_yet(process.pid))
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK)
    assert process.returncode == 0, (folder / "printed.txt").read_text()[-2000:]
    return Ran(time.perf_counter() - began, largest / 1024)


def _largest_yet(pid: int) -> int:
    """The kilobytes a process has had in memory at most (proc(5)).

    What wait4(2) tells is never less than what its parent had: the peak is handed on when a process is made.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


HEADING = f"{'':<20}{'ratio':>8}{'goal':>8}{'seconds':>10}{'peak MB':>10}   beside"


@dataclass(frozen=True)
class Beside:
    """A run of ours and the tool that does the same."""

    what: str
    ours: Ran
    tool: str
    theirs: Ran
    goal: float

    def __str__(self) -> str:
        ratio = self.ours.seconds / self.theirs.seconds
        figures = f"{ratio:>8.2f}{self.goal:>8g}{self.ours.seconds:>10.2f}{self.ours.megabytes:>10.0f}"
        return f"{self.what:<20}{figures}   {self.tool}: {self.theirs.seconds:.2f} s"


@contextmanager
def slapd(folder: Path, overlays: bool) -> Iterator[Slapd]:
    """A directory with production's overlays, or with none."""
    server = Slapd(folder, max_size=1 << 36)
    with server:
        if not overlays:
            server.stop()
            for overlay in server.config.glob("cn=config/olcDatabase=*/olcOverlay=*"):
                shutil.rmtree(overlay) if overlay.is_dir() else overlay.unlink()
            server.start()
        yield server


def reversed_ldif(plan: Path, suffix: str, into: Path, sealer: Sealer) -> int:
    """Write what takes a plan's updates back, as ldapmodify reads it; return how many entries it changes."""
    updates = [
        Update(each.after, each.before)
        for each in read_plan(plan, sealer).plan.changes
        if isinstance(each, Update)
    ]
    blocks = []
    for operation in operations(updates, Tree(suffix)):
        assert isinstance(operation, ModifyEntry)
        lines = [f"dn: {operation.dn}", "changetype: modify"]
        for name, values in operation.replace.items():
            lines += [f"replace: {name}", *(f"{name}: {value.decode()}" for value in values), "-"]
        blocks.append("\n".join(lines))
    into.write_text("\n\n".join(blocks) + "\n")
    return len(blocks)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("overlays", [False, True], ids=["no overlays", "production's overlays"])
def test_a_large_feed(tmp_path: Path, fresh_redis: Redis, mail_catcher: MailCatcher, overlays: bool) -> None:
    for rows in (ROWS // 10, ROWS):
        folder = tmp_path / str(rows)
        with slapd(folder / "one", overlays) as server, slapd(folder / "two", overlays) as empty:
            measure(
                folder, server, empty, rows, Installed(folder, server, fresh_redis, mail_catcher), overlays
            )


def measure(
    folder: Path, server: Slapd, empty: Slapd, rows: int, installed: Installed, overlays: bool
) -> None:
    """Load, run without a change, with 1 % and with 10 % changed; each beside the tool that does the same."""
    installed.store().close()
    mapping = folder / "bench.toml"
    mapping.write_text(MAPPING)
    environ = {**installed.environ, "COUNTERPART_SYNC_MAX_ROWS": str(rows + 1)}
    environ["LDAPTLS_CACERT"] = str(server.ca_file)

    def sync(what: str, file: Path, *more: str | Path) -> Ran:
        return ran([installed.program, "sync", what, mapping, "--file", file, *more], folder, environ)

    def tool(name: str, *more: str | Path) -> Ran:
        account = ["-D", f"cn=sync,ou=services,{server.suffix}", "-y", server.settings().sync_password_file]
        return ran([name, "-x", "-H", server.socket_uri, *account, *more], folder, environ)

    load = sync("apply", write_rows(folder, rows, 4))
    ldif = dump(server, folder / "entries.ldif")
    alone = ran(ldapadd(empty, ldif, environ)[0], folder, environ)
    tenures = ("-LLL", "-b", f"ou=posts,{server.suffix}", "(nlcFeed=bench)", "nlcId", "nlcDigest")
    search = tool("ldapsearch", *tenures)
    same = sync("apply", write_rows(folder, rows, 3))
    table = [
        Beside("first load", load, "ldapadd of the same entries", alone, 0.35),
        Beside("nothing changed", same, "ldapsearch of id and fingerprint", search, 4),
    ]
    for share, days_ago, goal in ((100, 2, 2), (10, 0, 0.4)):
        changed = sync("apply", write_rows(folder, rows, days_ago, rows // share))
        back = folder / f"{share}.ldif"
        with closing(installed.store()) as store:
            count = reversed_ldif(newest_plan(installed), server.suffix, back, Sealer(store))
        modify = tool("ldapmodify", "-f", back)
        if days_ago:  # the next one begins where this one did
            sync("apply", write_rows(folder, rows, days_ago - 1))
        table.append(Beside(f"1 in {share} changed", changed, f"ldapmodify of {count} entries", modify, goal))
    kind = "production's overlays" if overlays else "no overlays"
    title = f"Feed of {rows:,} rows, {kind}: ratio to OpenLDAP's own tool"
    sys.stdout.write("\n".join(["", title, HEADING, *map(str, table), ""]))


def newest_plan(installed: Installed) -> Path:
    """The plan of the run that was applied last."""
    return max((installed.var / "sync" / "plans").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)


def test_what_a_foreign_writer_waits_for_a_chunk(tmp_path: Path) -> None:
    rows = []
    for size in CHUNKS:
        with slapd(tmp_path / str(size), overlays=True) as server:
            directory = Directory.open(replace(server.settings(), timeout=60.0), Service.SYNC)
            other = Directory.open(replace(server.settings(), timeout=60.0), Service.SYNC)
            waits, seconds = beside(directory, other, size)
            directory.close()
            other.close()
        rows.append(Row(f"chunks of {size}", (max(waits), percentile(waits, 0.5), 1000 * seconds)))
    note = f"{WRITTEN:,} people are added in chunks while somebody else changes one entry again and again."
    show("What another writer waits: milliseconds", ("longest", "middle", "whole run"), rows, note)


def beside(directory: Directory, other: Directory, size: int) -> tuple[list[float], float]:
    """Write people in chunks while another writer changes one; return its waits in ms, and our seconds."""
    mine = Person(uid="other", full_name="Other One", family_name="One")
    other.write([Add(mine)])
    over, waits = threading.Event(), []

    def writes() -> None:
        person, number = mine, 0
        while not over.is_set():
            began = time.perf_counter()
            after = replace(person, title=f"Number {number}")
            other.write([Update(person, after)])
            waits.append(1000 * (time.perf_counter() - began))
            person, number = after, number + 1

    writer = threading.Thread(target=writes)
    writer.start()
    began = time.perf_counter()
    for start in range(0, WRITTEN, size):
        people = [
            Person(uid=f"p{number}", full_name=f"Ada Quill {number}", family_name="Quill", title="Director")
            for number in range(start, min(start + size, WRITTEN))
        ]
        directory.write([Add(person) for person in people])
    seconds = time.perf_counter() - began
    over.set()
    writer.join()
    return waits, seconds
