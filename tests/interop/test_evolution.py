"""Evolution's address books (evolution-data-server), with the very file that the portal hands out for it."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.mail_programs import Access, evolution
from tests.interop.mail_desk import CLOSED_MAIL, MOBILE, PHOTO, SHOWN_MAIL, Desk, furnished

pytestmark = pytest.mark.third_party

CLIENT = Path(__file__).with_name("evolution_client.py")
BOOK = ".config/evolution/sources/counterpart.source"
# What Evolution makes of words typed into "Name contains", "Any field contains" and a recipient's field.
NAME = '(contains "full_name" "{0}")'
ANY_FIELD = '(contains "x-evolution-any-field" "{0}")'
RECIPIENT = (
    '(or (beginswith "nickname" "{0}") (beginswith "email" "{0}") (beginswith "full_name" "{0}")'
    ' (beginswith "file_as" "{0}"))'
)


@dataclass(frozen=True)
class Evolution:
    """Somebody's home folder, with one address book."""

    home: Path
    authority: Path

    def asks(self, password: str, *queries: str) -> "subprocess.CompletedProcess[str]":
        """Run the queries in a session of their own, of which nothing is left."""
        environment = {
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.home),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "LDAPTLS_CACERT": str(self.authority),
            "DESK_PASSWORD": password,
        }
        command = ["dbus-run-session", "--", "/usr/bin/python3", str(CLIENT), *queries]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    def finds(self, password: str, *queries: str) -> list[dict[str, Any]]:
        """Return what each query found, and the first of them opened."""
        done = self.asks(password, *queries)
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))


def configured(home: Path, access: Access, authority: Path) -> Evolution:
    (home / BOOK).parent.mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    (home / BOOK).write_text(evolution(access))
    return Evolution(home, authority)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with furnished(tmp_path_factory.mktemp("evolution") / "slapd") as running:
        yield running


def names(cards: list[str]) -> set[str]:
    return {
        line.removeprefix("FN:") for card in cards for line in card.splitlines() if line.startswith("FN:")
    }


def test_evolution_finds_offers_and_opens_whom_a_leader_may_find(desk: Desk, tmp_path: Path) -> None:
    program = configured(tmp_path / "home", desk.access, desk.slapd.ca_file)
    before = desk.log_length()
    queries = [query.format("lovel") for query in (NAME, ANY_FIELD)]
    answers = program.finds(desk.access.password, *queries, RECIPIENT.format("ada"))
    both = {"Ada Lovelight", "Bea Lovelight"}
    assert [names(answer["found"]) for answer in answers] == [both, both, {"Ada Lovelight"}]
    opened = answers[2]["opened"]
    for part in (SHOWN_MAIL, "Chief Tester", "Office for Pins"):
        assert part in opened
    for closed in (MOBILE, CLOSED_MAIL, PHOTO, "PHOTO"):
        assert closed not in json.dumps(answers)
    asked = desk.asked(before)
    assert asked[0] == "(cn=*lovel*)"
    assert "(title=*lovel*)" in asked[1]
    assert asked[2] == "(|(displayName=ada*)(mail=ada*)(|(cn=ada*)(sn=ada*)))"
    assert desk.bound_over_tls(before)


def test_a_wrong_password_and_an_impostor_s_certificate_open_nothing(desk: Desk, tmp_path: Path) -> None:
    program = configured(tmp_path / "home", desk.access, desk.slapd.ca_file)
    assert program.asks("wrong", NAME.format("lovel")).returncode != 0
    with furnished(tmp_path / "impostor") as other:
        before = other.log_length()
        access = replace(desk.access, port=other.slapd.ldap_port)
        misled = configured(tmp_path / "misled", access, desk.slapd.ca_file)
        assert misled.asks(desk.access.password, NAME.format("lovel")).returncode != 0
        assert "BIND" not in other.slapd.log.read_text(errors="replace")[before:]


def test_no_process_of_evolution_s_is_left(desk: Desk, tmp_path: Path) -> None:
    program = configured(tmp_path / "home", desk.access, desk.slapd.ca_file)
    assert program.finds(desk.access.password, NAME.format("ada"))
    left = [
        status for status in Path("/proc").glob("[0-9]*/environ")
        if os.access(status, os.R_OK) and str(program.home).encode() in _read(status)
    ]  # fmt: skip
    assert left == []


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # it ended meanwhile
