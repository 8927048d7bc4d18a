"""docs/operations.md command by command: a standby is filled, follows the provider, and takes its place."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from dev.processes import find_program, free_port
from ldap_schema.changes import Add
from ldap_schema.directory import Directory, Service
from ldap_schema.settings import DirectorySettings
from tests.functional.debian_kit import Machine, debian
from tests.functional.directory_kit import leader
from tests.functional.documented import ROOT, commands
from tests.functional.load_kit import LONGEST_SILENCE, Reader, Writer
from tests.functional.replica_kit import eventually

WRITES = 20


def typed(line: str, at: Machine, cat: Machine, places: dict[str, str]) -> None:
    """Type one command at a machine; slapcat runs at the other one, as the text says."""
    for written, meant in places.items():
        line = line.replace(written, meant)
    programs = {
        "slapcat": f'exec {find_program("slapcat", package="slapd")} -F {cat.config} "$@"',
        "slapadd": f'exec {find_program("slapadd", package="slapd")} -F {at.config} "$@"',
        "python": f'exec {sys.executable} "$@"',
    }
    folder = at.root / "bin"
    folder.mkdir(exist_ok=True)
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    environ = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", line],
        cwd=at.root,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stderr}"


def standby_beside(provider: Machine, root: Path) -> Machine:
    """Another machine with Debian's slapd, the same secrets and authority, and config.ldif loaded."""
    made = debian(root)
    for name in ("secrets", "tls"):
        subprocess.run(["cp", "-rT", provider.root / name, root / name], check=True)
    made.move_away(made.config)
    made.move_away(made.root / "var/lib/ldap")
    made.tool("slapadd", "-n", "0", given=made.printed("config"))
    return made


def started_under_load(directories: Sequence[Directory]) -> tuple[list[Writer], list[threading.Thread]]:
    writers = [Writer(directory, f"w{number}") for number, directory in enumerate(directories)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    return writers, threads


def opened(stack: ExitStack, settings: DirectorySettings, service: Service) -> Directory:
    directory = Directory.open(replace(settings, timeout=2.0), service)
    stack.callback(directory.close)
    return directory


def test_a_standby_filled_and_promoted_as_documented_takes_over_while_the_portal_reads(
    tmp_path: Path,
) -> None:
    first = debian(tmp_path / "first")
    first.load(first.printed("config"), first.printed("tree"))
    second = standby_beside(first, tmp_path / "second")
    port, standby_port = free_port(), free_port()
    places = {
        "ldaps://directory.example": f"ldap://localhost:{port}",
        "/etc/ldap/tls/ca.pem": str(first.root / "tls/ca.pem"),
        "ldapi:///": second.local_uri,
    }
    with ExitStack() as stack:
        settings = stack.enter_context(first.started(port))
        sync = opened(stack, settings, Service.SYNC)
        sync.write([Add(leader("reader")), Add(leader("somebody"))])

        for line in commands("A replica"):
            if line == "systemctl start slapd":
                theirs = stack.enter_context(second.started(standby_port))
            else:
                typed(line, second, first, places)
        portal = replace(settings, replicas=(f"ldap://localhost:{standby_port}",))
        reader = Reader(opened(stack, portal, Service.PORTAL).as_viewer("reader"))
        watching = threading.Thread(target=reader.run)
        watching.start()
        writers, threads = started_under_load([opened(stack, settings, Service.SYNC) for _ in range(2)])
        standby = opened(stack, theirs, Service.SYNC)
        try:
            assert eventually(lambda: sum(len(writer.sure) for writer in writers) >= WRITES)
            early = {uid for writer in writers for uid, title in list(writer.sure.items())[:5] if title}
            assert eventually(lambda: len(standby.people.by_uids(early)) == len(early))
            os.kill(int((first.root / "run/slapd.pid").read_text()), signal.SIGKILL)
        finally:
            for writer in writers:
                writer.stopped.set()
            for thread in threads:
                thread.join()

        for line in commands("Promote"):
            typed(line, second, first, places)
        standby.write([Add(leader("after")), Add(leader("promoted"))])
        again = opened(stack, replace(theirs, replicas=(f"ldap://localhost:{standby_port}",)), Service.PORTAL)
        assert again.as_viewer("reader").people.get("after").uid == "after"
        assert len(standby.people.by_uids(early)) == len(early)
        assert standby.missing_parts() == []
        reads = reader.reads
        assert eventually(lambda: reader.reads > reads), "and the portal that knows of nothing reads on"
        reader.stopped.set()
        watching.join()
    assert reader.longest < LONGEST_SILENCE
