"""What a hostile leader, sender or stranger tries in the portal, on real servers."""

import io
from collections.abc import Iterator

import pytest

from dev.servers import Redis, Slapd
from ldap_schema.changes import Add
from ldap_schema.offices import Office
from store import waiting
from store.database import Store
from tests.conftest import SettableClock
from tests.portal_kit import Portal, close, make_portal


@pytest.fixture
def portal(slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock) -> Iterator[Portal]:
    made = make_portal(slapd, redis_server, store, clock, sign_in_limit="1000 per minute")
    yield made
    close(made)


@pytest.mark.parametrize("path", ["/devices", "/sign-in", "/feedback"])
def test_a_form_takes_texts_and_neither_files_nor_json(portal: Portal, path: str) -> None:
    person = portal.person()
    client = portal.browser(person)
    token = portal.token(client)
    names = ("label", "address", "text")
    files = {name: (io.BytesIO(b"words"), "words.txt") for name in names}
    assert client.post(path, data={"csrf_token": token, **files}).status_code == 400
    for body in ({name: "words" for name in names}, {name: ["words"] for name in names}, [1, 2], "words", 7):
        answer = client.post(path, json=body, headers={"X-CSRFToken": token})
        assert answer.status_code == 400, body
    assert portal.services.directory.credentials.of(person.uid) == []


@pytest.mark.parametrize("number", ["0", "9223372036854775808", "9" * 400, "9" * 5000])
def test_no_number_of_a_matter_breaks_the_desk(portal: Portal, number: str) -> None:
    manager = portal.person()
    portal.sync.groups.grant("directory-managers", manager.uid)
    client = portal.browser(manager)
    answer = client.post(f"/desk/{number}/settle", data={"csrf_token": portal.token(client)})
    assert answer.status_code == 404


def test_a_stranger_who_sends_feedback_without_end_hides_nothing_on_the_desk(
    portal: Portal, store: Store, clock: SettableClock
) -> None:
    manager = portal.person()
    portal.sync.groups.grant("directory-managers", manager.uid)
    with store.transaction() as tx:
        for number in range(600):
            waiting.raise_item(tx, waiting.FEEDBACK, str(number), f"Buy now, number {number}.", clock())
    clock.advance(minutes=5)
    with store.transaction() as tx:
        waiting.raise_item(tx, waiting.UNKNOWN_SIGN_IN, "rivers", "Somebody new at rivers.", clock())
    page = portal.browser(manager).get("/desk").get_data(as_text=True)
    assert "Somebody new at rivers." in page
    assert "500 more wait" in page


@pytest.mark.parametrize("mail", ["a%0abcc%3aevil@quills.example", "a&bcc=evil@quills.example"])
def test_an_address_can_not_add_headers_to_the_mail_its_link_begins(portal: Portal, mail: str) -> None:
    person = portal.person(mail=(mail,))
    office = Office(id=person.uid, name="Private office", serves=(person.uid,), mail=(mail,))
    portal.sync.write([Add(office)])
    page = portal.browser(portal.person()).get(f"/people/{person.uid}").get_data(as_text=True)
    links = [part.split('"')[0] for part in page.split('href="mailto:')[1:]]
    assert len([link for link in links if link.startswith("a%")]) == 2, links
    assert not any("%0a" in link.lower() or "&" in link or "?" in link for link in links), links
