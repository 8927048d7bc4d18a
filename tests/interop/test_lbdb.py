"""lbdb, through which Mutt looks people up, with the very file that the portal hands out for it."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.mail_programs import Access, mutt
from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add
from ldap_schema.directory import Service
from tests.functional.directory_kit import leader, opened

pytestmark = pytest.mark.third_party


@dataclass(frozen=True)
class Mutt:
    """Somebody's home folder, set up for one credential."""

    home: Path

    def looks_up(self, word: str) -> tuple[int, str]:
        """Return the exit code and what lbdbq prints."""
        environment = {**os.environ, "HOME": str(self.home)}
        done = subprocess.run(
            ["lbdbq", word], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout


def _set_up(home: Path, access: Access) -> Mutt:
    home.mkdir()
    (home / ".lbdbrc").write_text('METHODS="m_ldap"\n')
    (home / ".mutt_ldap_query.rc").write_text(mutt(access))
    return Mutt(home)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mutt, Mutt]]:
    folder = tmp_path_factory.mktemp("lbdb")
    with Slapd(folder / "slapd") as server:
        with opened(server, Service.SYNC) as sync:
            shown = leader(
                "lb-1",
                full_name="Quilla Marsh",
                organisation_name="Office for Pins",
                mail=("q.marsh@x.example",),
                show=("mail:leaders",),
            )
            sync.write([Add(shown), Add(leader("lb-2", full_name="Quillon Reed", mail=("reed@x.example",)))])
        with opened(server, Service.PORTAL) as portal:
            issued = portal.credentials.issue("lb-1", "mutt", system_clock())
        access = Access(
            service="Counterpart", host="localhost", tls_port=server.ldaps_port, port=server.ldap_port,
            base_dn=issued.base_dn, bind_dn=issued.bind_dn, password=issued.password,
        )  # fmt: skip
        wrong = Access(
            service="Counterpart", host="localhost", tls_port=server.ldaps_port, port=server.ldap_port,
            base_dn=issued.base_dn, bind_dn=issued.bind_dn, password="wrong",
        )  # fmt: skip
        yield _set_up(folder / "home", access), _set_up(folder / "wrong", wrong)


def test_lbdbq_finds_whoever_shows_an_address_and_nothing_without_the_password(
    homes: tuple[Mutt, Mutt],
) -> None:
    good, wrong = homes
    code, printed = good.looks_up("quilla")
    assert (code, "q.marsh@x.example\tQuilla Marsh\tOffice for Pins" in printed) == (0, True), printed
    _, printed = good.looks_up("quill")
    assert "q.marsh@x.example" in printed
    assert "reed@x.example" not in printed, "an address that is shown to nobody"
    assert "@x.example" not in wrong.looks_up("quilla")[1]
