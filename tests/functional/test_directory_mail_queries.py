"""What mail programs ask, sent by ldapsearch as they send it: everybody meant is found, and no photos."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import ldap3
import pytest

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add
from ldap_schema.credentials import NewCredential
from ldap_schema.directory import Service
from tests.functional.directory_kit import bound, leader, opened
from tests.mail_queries import FILTERS

PEOPLE = "ou=people,dc=leaders,dc=gov,dc=uk"


@dataclass(frozen=True)
class Desk:
    """A filled server and one mail program's way in."""

    slapd: Slapd
    issued: NewCredential

    def ask(self, filter_: str, *attributes: str, most: int = 100) -> list[str]:
        """Return the lines that ldapsearch prints, as the mail program, over TLS that it verifies."""
        command = ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-o", "nettimeout=10"]
        command += ["-H", self.slapd.ldaps_uri, "-D", self.issued.bind_dn, "-w", self.issued.password]
        command += ["-b", PEOPLE, "-s", "sub", "-z", str(most), filter_, *attributes]
        environment = {**os.environ, "LDAPTLS_CACERT": str(self.slapd.ca_file), "LDAPTLS_REQCERT": "demand"}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def uids(self, filter_: str) -> set[str]:
        """Return whom the filter finds."""
        return {line.removeprefix("uid: ") for line in self.ask(filter_, "uid") if line.startswith("uid: ")}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    shown = {"show": ("mail:leaders",)}
    quills = [
        leader("mq-1", full_name="Quilla Marsh", family_name="Marsh", given_name="Quilla",
               mail=("q.marsh@x.example",), **shown),
        leader("mq-2", full_name="Quillon Reed", family_name="Reed", given_name="Quillon",
               mail=("quillon@x.example",), **shown),
        leader("mq-hidden", full_name="Quilla Hidden", status="left", mail=("quilla@x.example",), **shown),
    ]  # fmt: skip
    others = [
        leader(f"mq-o{n}", full_name=f"Bo Other{n}", mail=(f"bo{n}@x.example",), **shown) for n in range(150)
    ]
    with Slapd(tmp_path_factory.mktemp("desk"), durable=False) as server:
        with opened(server, Service.SYNC) as sync:
            sync.write([Add(each) for each in (*quills, *others)])
        settings = server.settings()
        portrait = {"jpegPhoto": [(ldap3.MODIFY_REPLACE, [b"\xff\xd8\xff\xe0portrait"])]}
        dn, password = f"cn=sync,ou=services,{server.suffix}", settings.sync_password_file.read_text().strip()
        with bound(server, dn, password, local=True) as connection:
            connection.modify(f"uid=mq-1,{PEOPLE}", portrait)
            assert connection.result["result"] == 0
        with opened(server, Service.PORTAL) as portal:
            yield Desk(server, portal.credentials.issue("mq-o0", "device", system_clock()))


@pytest.mark.parametrize("word", ["quill", "Quil", "QUILL", "qui"])
@pytest.mark.parametrize("program", FILTERS)
def test_a_mail_program_finds_everybody_meant_and_nobody_hidden(desk: Desk, program: str, word: str) -> None:
    assert desk.uids(FILTERS[program].format(word)) == {"mq-1", "mq-2"}


@pytest.mark.parametrize("program", FILTERS)
def test_a_mail_program_that_asks_for_all_attributes_gets_what_it_shows_and_no_photo(
    desk: Desk, program: str
) -> None:
    lines = desk.ask(FILTERS[program].format("quilla"))
    names = {line.partition(":")[0] for line in lines if line}
    assert names == {"dn", "objectClass", "uid", "cn", "sn", "givenName", "mail"}
    assert "mail: q.marsh@x.example" in lines
    assert not [line for line in desk.ask(FILTERS[program].format("quilla"), "jpegPhoto") if "jpeg" in line]


def test_thunderbird_finds_by_two_words_and_by_part_of_an_address(desk: Desk) -> None:
    assert desk.uids("(|(cn=*quilla*marsh-*)(cn=*quilla*marsh*)(mail=*quilla marsh*))") == {"mq-1"}
    assert desk.uids(FILTERS["Thunderbird, autocomplete"].format("q.mar")) == {"mq-1"}
    assert desk.uids(FILTERS["Outlook"].format("quillon@")) == {"mq-2"}
