"""Mail programs in the portal: a password shown once, each program's needs, a device that was suspended."""

import logging
import plistlib
import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from app.mail_programs import PROFILE_TYPE, PROGRAMS
from dev.servers import Redis, Slapd
from store import ledger, waiting
from store.database import Store
from tests.conftest import SettableClock
from tests.portal_kit import Portal, close, make_portal


@pytest.fixture
def portal(slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock) -> Iterator[Portal]:
    made = make_portal(slapd, redis_server, store, clock, directory_host="directory.example")
    yield made
    close(made)


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return portal.browser(portal.person())


def made(portal: Portal, client: FlaskClient, program: str, label: str = "Mine") -> str:
    form = {"csrf_token": portal.token(client, "/devices"), "label": label, "program": program}
    answer = client.post("/devices", data=form)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def secret_of(page: str) -> str:
    found = re.search(r"<code[^>]*>([a-z2-7-]{31})</code>", page)
    assert found is not None
    return found.group(1)


def id_of(page: str) -> str:
    found = re.search(r"uid=(\w+),ou=credentials", page)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("program", [program.key for program in PROGRAMS])
def test_the_program_chosen_stands_first_with_its_values(
    portal: Portal, client: FlaskClient, program: str
) -> None:
    page = made(portal, client, program)
    main = page.split("<main")[1]
    first = re.findall(r"<h2[^>]*>([^<]+)</h2>", main)[0]
    assert first == next(each.name for each in PROGRAMS if each.key == program)
    assert main.count("<details") >= len(PROGRAMS) - 1
    assert "directory.example" in main


def test_the_apple_profile_is_an_answer_to_a_form_and_holds_the_password(
    portal: Portal, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page = made(portal, client, "apple", "<Ada's> & phone")
    id_, password = id_of(page), secret_of(page)
    form = {"csrf_token": portal.token(client), "password": password}
    answer = client.post(f"/devices/{id_}/profile", data=form)
    assert answer.mimetype == PROFILE_TYPE
    assert answer.headers["Cache-Control"] == "no-store"
    assert ".mobileconfig" in answer.headers["Content-Disposition"]
    profile = plistlib.loads(answer.data)
    assert profile["PayloadContent"][0]["LDAPAccountPassword"] == password
    assert profile["PayloadDisplayName"] == "Counterpart: <Ada's> & phone"
    assert client.get(f"/devices/{id_}/profile").status_code == 405
    assert password not in caplog.text


def test_a_profile_is_made_for_ones_own_device_and_a_password_of_ours_only(
    portal: Portal, client: FlaskClient
) -> None:
    page = made(portal, client, "apple")
    own = f"/devices/{id_of(page)}/profile"
    form = {"csrf_token": portal.token(client), "password": "<b>not ours</b>"}
    assert client.post(own, data=form).status_code == 400
    stranger = portal.browser(portal.person())
    form = {"csrf_token": portal.token(stranger), "password": secret_of(page)}
    assert stranger.post(own, data=form).status_code == 404


def test_the_steps_can_be_read_again_and_the_password_can_not(portal: Portal, client: FlaskClient) -> None:
    page = made(portal, client, "mutt")
    for program in PROGRAMS:
        again = client.get(f"/devices/{id_of(page)}/set-up/{program.key}")
        assert again.status_code == 200
        assert program.name in again.get_data(as_text=True)
        assert secret_of(page) not in again.get_data(as_text=True)
    assert client.get(f"/devices/{id_of(page)}/set-up/pine").status_code == 404
    stranger = portal.browser(portal.person())
    assert stranger.get(f"/devices/{id_of(page)}/set-up/mutt").status_code == 404


def test_a_suspended_device_says_so_and_its_owner_restores_it_with_one_click(
    portal: Portal, client: FlaskClient, store: Store, clock: SettableClock
) -> None:
    id_ = id_of(made(portal, client, "other", "Laptop"))
    portal.services.directory.credentials.suspend(id_)
    with store.transaction() as tx:
        waiting.raise_item(tx, waiting.SUSPENDED_DEVICE, id_, "A device was suspended.", clock())
    assert "Suspended" in client.get("/devices").get_data(as_text=True)
    stranger = portal.browser(portal.person())
    refused = stranger.post(f"/devices/{id_}/restore", data={"csrf_token": portal.token(stranger)})
    assert refused.status_code == 404
    assert portal.services.directory.credentials.get(id_).suspended
    answer = client.post(f"/devices/{id_}/restore", data={"csrf_token": portal.token(client)})
    assert answer.status_code == 303
    assert "can use the directory again" in client.get(answer.location).get_data(as_text=True)
    assert not portal.services.directory.credentials.get(id_).suspended
    with store.transaction() as tx:
        assert waiting.open_items(tx, waiting.SUSPENDED_DEVICE) == []
        assert ledger.latest(tx, 1)[0].event == "device restored"
