"""Roundcube's own code asks the directory, with the very lines that the portal hands out for it."""

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.mail_programs import roundcube
from tests.interop.mail_desk import CLOSED_MAIL, MOBILE, SHOWN_MAIL, Desk, furnished

pytestmark = pytest.mark.third_party

DRIVER = Path(__file__).with_name("roundcube.php")
TABLES = Path("/usr/share/roundcube/SQL/sqlite.initial.sql")
USER = (
    "INSERT INTO users (user_id, username, mail_host, created) VALUES (1, 'owen', 'x.example', '2020-01-01')"
)


@dataclass(frozen=True)
class Webmail:
    """Roundcube with a configuration and a database of its own."""

    folder: Path
    desk: Desk

    def asks(self, task: str, words: str) -> Any:
        """Do as a page of Roundcube's does, and return the JSON that comes of it."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "ROUNDCUBE_CONFIG_DIR": str(self.folder),
            "LDAPTLS_CACERT": str(self.desk.slapd.ca_file),
            "LDAPTLS_REQCERT": "demand",
        }
        command = ["php", "-d", "display_errors=stderr", str(DRIVER), task, words]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def offered(self, words: str) -> list[str]:
        """Return what is offered while somebody types a recipient."""
        call = self.asks("autocomplete", words)["exec"]
        offers = json.JSONDecoder().raw_decode(call.removeprefix("this.ksearch_query_results("))[0]
        return [offer["name"] for offer in offers]


def configured(folder: Path, desk: Desk) -> Webmail:
    folder.mkdir()
    database = folder / "roundcube.sqlite"
    with sqlite3.connect(database) as tables:
        tables.executescript(TABLES.read_text())
        tables.execute(USER)
    tables.close()
    own = {
        "db_dsnw": f"sqlite:///{database}",
        "temp_dir": str(folder),
        "log_driver": "stdout",
        "des_key": "x" * 24,
    }
    lines = [f"$config['{name}'] = '{value}';\n" for name, value in own.items()]
    (folder / "config.inc.php").write_text("<?php\n" + "".join(lines) + roundcube(desk.access))
    return Webmail(folder, desk)


@pytest.fixture(scope="module")
def webmail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webmail]:
    folder = tmp_path_factory.mktemp("roundcube")
    with furnished(folder / "slapd") as desk:
        yield configured(folder / "webmail", desk)


def test_a_recipient_is_offered_while_the_name_is_typed(webmail: Webmail) -> None:
    before = webmail.desk.log_length()
    for words in ("lov", "lovelight", "Ada Love"):
        assert webmail.offered(words) == [f"Ada Lovelight <{SHOWN_MAIL}>"], words
    assert webmail.offered("nobody") == []
    asked = webmail.desk.asked(before)
    assert "(cn=*lov*)" in asked[0]
    assert "(mail=*lov*)" in asked[0]
    assert webmail.desk.bound_over_tls(before)


def test_the_contacts_page_finds_and_opens_people_and_shows_what_is_open(webmail: Webmail) -> None:
    answer = webmail.asks("search", "lovelight")
    assert {each["name"] for each in answer["found"]} == {"Ada Lovelight", "Bea Lovelight"}
    opened = answer["opened"]
    assert (opened["name"], opened["email"], opened["jobtitle"], opened["organization"]) == (
        "Ada Lovelight", SHOWN_MAIL, "Chief Tester", "Office for Pins",
    )  # fmt: skip
    for closed in (MOBILE, CLOSED_MAIL, "photo"):
        assert closed not in json.dumps(answer)


def test_an_impostor_s_certificate_is_refused(webmail: Webmail, tmp_path: Path) -> None:
    with furnished(tmp_path / "impostor") as other:
        misled = configured(tmp_path / "misled", Desk(other.slapd, webmail.desk.issued))
        before, trusting = other.log_length(), Webmail(misled.folder, webmail.desk)
        assert trusting.offered("lovelight") == []
        assert "BIND" not in other.slapd.log.read_text(errors="replace")[before:]
