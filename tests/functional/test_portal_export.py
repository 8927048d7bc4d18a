"""A list of results as a file: what the viewer may see, within a limit, and written in the ledger."""

import csv
import io
import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from counterpart.clock import system_clock
from dev.servers import Redis, Slapd
from ldap_schema.changes import Update
from ldap_schema.people import HELD, SEALED_ALL
from store import ledger
from tests.conftest import migrated_store
from tests.portal_kit import Portal, close, make_portal

MOST = 4


@pytest.fixture(scope="module")
def portal(slapd: Slapd, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with migrated_store(tmp_path_factory.mktemp("export")) as store:
        made = make_portal(slapd, redis_server, store, system_clock, export_people_per_day=MOST)
        yield made
        close(made)


def rows(client: FlaskClient, form: dict[str, str]) -> list[dict[str, str]]:
    answer = client.post("/export", data=form)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="people-')
    assert answer.headers["Cache-Control"] == "no-store"
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def exports(portal: Portal, uid: str) -> list[dict[str, str]]:
    with portal.services.store.reading() as tx:
        return ledger.opened(tx, [each for each in ledger.about(tx, uid) if each.event == "list exported"])


def test_a_list_is_saved_as_the_viewer_sees_it_counted_and_written_down(portal: Portal) -> None:
    word = "Exp" + secrets.token_hex(4)
    people = [portal.person(family_name=word, full_name=f"Ada {word}", given_name=f"A{n}") for n in range(4)]
    shown, shy, sealed, held = people
    portal.sync.write([
        Update(shy, replace(shy, show=())), Update(sealed, replace(sealed, sealed=SEALED_ALL)),
        Update(held, replace(held, status=HELD)),
    ])  # fmt: skip
    viewer = portal.person()
    client = portal.browser(viewer)
    page = client.get("/export", query_string={"q": word}).text
    assert "Save 2 people as a file" in page
    assert "4 are left" in page
    assert "written down" in page
    assert exports(portal, viewer.uid) == [], "asking is not written down"
    form = {"csrf_token": portal.token(client), "q": word, "kind": "csv"}
    table = {row["Page"].rpartition("/")[2]: row for row in rows(client, form)}
    assert set(table) == {shown.uid, shy.uid}
    assert table[shown.uid]["Office line"] == "020 7946 0999"
    assert table[shown.uid]["E-mail"] == shown.mail[0]
    assert table[shown.uid]["Mobile"] == table[shy.uid]["Office line"] == table[shy.uid]["E-mail"] == ""
    cards = client.post("/export", data={**form, "kind": "vcard"})
    assert cards.mimetype == "text/vcard"
    assert cards.text.count("BEGIN:VCARD") == 2
    assert shown.mail[0] in cards.text
    assert shy.mail[0] not in cards.text
    assert exports(portal, viewer.uid) == [
        {"asked": f"q={word}", "people": "2", "kind": kind} for kind in ("csv", "vcf")
    ]
    refused = client.post("/export", data=form)
    assert refused.status_code == 429
    assert "too long to be saved" in refused.text
    assert "0 are left" in refused.text
    assert len(exports(portal, viewer.uid)) == 2


def test_a_list_longer_than_the_limit_is_refused_whole(portal: Portal) -> None:
    word = "Exl" + secrets.token_hex(4)
    for number in range(MOST + 1):
        portal.person(family_name=word, full_name=f"Ada {word}", given_name=f"A{number}")
    viewer = portal.person()
    client = portal.browser(viewer)
    assert "too long to be saved" in client.get("/export", query_string={"q": word}).text
    form = {"csrf_token": portal.token(client), "q": word, "kind": "csv"}
    assert client.post("/export", data=form).status_code == 429
    narrowed = {**form, "q": f"{word} A3"}
    assert len(rows(client, narrowed)) == 1, "the control: nothing was counted for what was refused"
    assert [each["people"] for each in exports(portal, viewer.uid)] == ["1"]


def test_nothing_and_nonsense_are_refused(portal: Portal) -> None:
    client = portal.browser(portal.person())
    form = {"csrf_token": portal.token(client), "q": "nobody-at-all-9", "kind": "csv"}
    assert "nobody to save" in client.post("/export", data=form).text
    assert client.post("/export", data={**form, "kind": "exe"}).status_code == 400
    assert client.post("/export", data={**form, "csrf_token": ""}).status_code == 400
