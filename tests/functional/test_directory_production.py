"""The commands of docs/operations-directory.md as they stand there, on a server as Debian leaves it."""

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from dev.certificates import ensure_certificate
from ldap_schema.changes import Add
from ldap_schema.directory import Directory, Service
from tests.functional.debian_kit import Machine, debian, documented
from tests.functional.directory_kit import leader

LOAD, UPGRADE = "Load it", "Bring an older directory up to date"


def _prepared(root: Path) -> Machine:
    machine = debian(root / "machine")
    ensure_certificate(machine.root / "tls", datetime.now(UTC))
    shutil.rmtree(machine.root / "secrets")
    return machine


def test_debians_server_becomes_the_directory_by_the_documented_commands(tmp_path: Path) -> None:
    machine = _prepared(tmp_path)
    machine.typed(documented(LOAD))
    assert (machine.root / "etc/slapd.d.debian/cn=config.ldif").exists()
    with machine.started() as settings:
        for service in (Service.PORTAL, Service.SYNC):
            with closing(Directory.open(settings, service)) as directory:
                assert directory.missing_parts() == []
        with closing(Directory.open(settings, Service.SYNC)) as sync:
            sync.write([Add(leader("d-first"))])
            assert sync.people.get("d-first").full_name == "Ada d-first"


def test_the_documented_upgrade_of_what_lacks_nothing_changes_nothing(tmp_path: Path) -> None:
    machine = _prepared(tmp_path)
    load, upgrade = documented(LOAD), documented(UPGRADE)
    (config,) = [line for line in load.splitlines() if line.startswith("python -m ldap_schema config")]
    machine.typed(load)
    with machine.started():
        pass  # its first start notes a change number
    before = machine.tool("slapcat", "-n", "1")

    stopped, started, running = upgrade.partition("sudo systemctl start slapd\n")
    assert started
    machine.typed(stopped.replace("python -m ldap_schema config … > config.ldif", config))
    with machine.started():
        machine.typed(running)

    assert machine.tool("slapcat", "-n", "1") == before
