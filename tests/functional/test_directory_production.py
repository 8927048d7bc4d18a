"""The commands of docs/operations-directory.md, on a server laid out as Debian's package leaves it."""

from pathlib import Path

from ldap_schema.directory import Directory, Service
from tests.functional.debian_kit import debian


def test_debians_server_becomes_the_directory_and_doctor_misses_nothing(tmp_path: Path) -> None:
    machine = debian(tmp_path / "machine")
    machine.load(machine.printed("config"), machine.printed("tree"))
    with machine.started() as settings:
        for service in (Service.PORTAL, Service.SYNC):
            directory = Directory.open(settings, service)
            assert directory.missing_parts() == []
            directory.close()
