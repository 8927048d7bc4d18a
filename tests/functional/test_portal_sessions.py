"""Sessions on a real Redis: what is over stays over, whatever is still under way."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Response

from app.permissions import leader_signed_in
from app.viewer import portal_session, sign_in_session, viewer
from dev.servers import Redis, Slapd
from ldap_schema.changes import Update
from store.database import Store
from tests.conftest import SettableClock
from tests.portal_kit import Portal, close, make_portal


@pytest.fixture
def portal(slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock) -> Iterator[Portal]:
    made = make_portal(slapd, redis_server, store, clock)
    yield made
    close(made)


def test_signed_out_stays_signed_out_with_a_request_under_way(portal: Portal) -> None:
    began, go_on = threading.Event(), threading.Event()

    @leader_signed_in
    def slow() -> Response:
        portal_session()["touched"] = "yes"
        began.set()
        assert go_on.wait(10)
        return Response(viewer().uid)

    portal.app.add_url_rule("/slow", "slow", slow)
    person = portal.person()
    cookie = portal.session_of(person)
    under_way, leaving = portal.browser(), portal.browser()
    for client in (under_way, leaving):
        client.set_cookie(portal.sessions.cookie_name, cookie)
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(under_way.get("/slow").status_code))
    token = portal.token(leaving)
    thread.start()
    assert began.wait(10)
    assert leaving.post("/sign-out", data={"csrf_token": token}).status_code == 303
    go_on.set()
    thread.join(10)
    assert statuses == [200]
    again = portal.browser()
    again.set_cookie(portal.sessions.cookie_name, cookie)
    assert again.get("/sessions").status_code == 303


def test_signing_in_gives_a_new_id_and_forgets_the_old_one(portal: Portal) -> None:
    person = portal.person()
    with portal.app.test_client() as client:
        client.get("/sign-in")  # a session for the form's token
        before = client.get_cookie(portal.sessions.cookie_name)
    assert before is not None
    headers = {"Cookie": f"{portal.sessions.cookie_name}={before.value}"}
    with portal.app.test_request_context("/saml/acs", method="POST", headers=headers):
        sign_in_session(person.uid, {"provider": portal.provider_of(person.organisation_id)})
        portal.sessions.save_session(portal.app, portal_session(), Response())
        after = portal_session().cookie
    assert after != before.value
    old = portal.browser()
    old.set_cookie(portal.sessions.cookie_name, before.value)
    assert old.get("/sessions").status_code == 303


def test_an_id_chosen_by_the_browser_is_never_adopted(portal: Portal) -> None:
    client = portal.browser()
    client.set_cookie(portal.sessions.cookie_name, "chosen-by-an-attacker")
    client.get("/sign-in")
    given = client.get_cookie(portal.sessions.cookie_name)
    assert given is not None
    assert given.value != "chosen-by-an-attacker"


def test_redis_never_holds_the_cookie_itself(portal: Portal) -> None:
    cookie = portal.session_of(portal.person())
    keys = b" ".join(map(bytes, portal.services.redis.scan_iter("session*")))
    assert hashlib.sha256(cookie.encode()).hexdigest().encode() in keys
    assert cookie.encode() not in keys


def test_signing_out_everywhere_ends_every_session_of_the_person_and_of_nobody_else(portal: Portal) -> None:
    person, other = portal.person(), portal.person()
    here, there, theirs = portal.browser(person), portal.browser(person), portal.browser(other)
    token = portal.token(here, "/sessions")
    assert here.post("/sessions/end-all", data={"csrf_token": token}).status_code == 303
    assert here.get("/sessions").status_code == 303
    assert there.get("/sessions").status_code == 303
    assert theirs.get("/sessions").status_code == 200


def test_one_person_cannot_end_another_ones_session(portal: Portal) -> None:
    person, other = portal.person(), portal.person()
    cookie = portal.session_of(other)
    mine = portal.browser(person)
    digest = hashlib.sha256(cookie.encode()).hexdigest()
    mine.post(f"/sessions/{digest}/end", data={"csrf_token": portal.token(mine)})
    assert portal.sessions.places(other.uid, "")


def test_a_providers_logout_ends_only_the_session_it_names(portal: Portal) -> None:
    person = portal.person()
    portal.session_of(person, session_index="one")
    portal.session_of(person, session_index="two")
    ended = portal.sessions.end_all(person.uid, lambda values: values.get("session_index") == "one")
    assert ended == 1
    assert len(portal.sessions.places(person.uid, "")) == 1


def test_a_session_ends_after_half_an_hour_without_a_page(portal: Portal, clock: SettableClock) -> None:
    client = portal.browser(portal.person())
    clock.advance(minutes=29)
    assert client.get("/sessions").status_code == 200
    clock.advance(minutes=29)
    assert client.get("/sessions").status_code == 200
    clock.advance(minutes=30)
    assert client.get("/sessions").status_code == 303


def test_a_session_ends_after_twelve_hours_however_busy_it_is(portal: Portal, clock: SettableClock) -> None:
    client = portal.browser(portal.person())
    for _ in range(35):
        clock.advance(minutes=20)
        assert client.get("/sessions/stay").status_code == 303
    clock.advance(minutes=20)
    assert client.get("/sessions").status_code == 303


def test_somebody_suspended_loses_the_session_within_a_minute(portal: Portal, clock: SettableClock) -> None:
    person = portal.person()
    client = portal.browser(person)
    assert client.get("/").status_code == 200
    portal.sync.write([Update(person, replace(person, status="held"))])
    clock.advance(seconds=61)
    answer = client.get("/sessions", follow_redirects=True)
    assert "Sign in" in answer.get_data(as_text=True)
    assert not portal.sessions.places(person.uid, "")


def test_a_role_taken_away_is_gone_within_a_minute(portal: Portal, clock: SettableClock) -> None:
    person = portal.person()
    portal.sync.groups.grant("directory-managers", person.uid)
    client = portal.browser(person)
    assert client.get("/desk").status_code == 200
    portal.sync.groups.revoke("directory-managers", person.uid)
    clock.advance(seconds=61)
    assert client.get("/desk").status_code == 403


def test_the_portal_says_what_is_away_and_recovers_when_redis_is_back(
    slapd: Slapd, fresh_redis: Redis, store: Store, clock: SettableClock
) -> None:
    portal = make_portal(slapd, fresh_redis, store, clock)
    person = portal.person()
    client = portal.browser(person)
    assert client.get("/").status_code == 200
    fresh_redis.stop()
    answer = client.get("/")
    assert client.get("/help").status_code == 200  # pages for everybody go on
    assert client.get("/sessions").status_code == 503
    assert client.get("/sign-in").status_code == 503
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    assert answer.status_code == 200  # the start page, as for somebody signed out
    assert "sessions store" in client.get("/sessions").get_data(as_text=True)
    fresh_redis.start()
    client.set_cookie(portal.sessions.cookie_name, portal.session_of(person))
    assert client.get("/sessions").status_code == 200
    close(portal)


def test_the_portal_says_that_the_directory_is_away_and_recovers(
    fresh_slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock
) -> None:
    portal = make_portal(fresh_slapd, redis_server, store, clock)
    person = portal.person()
    client = portal.browser(person)
    assert client.get(f"/people/{person.uid}").status_code == 200
    fresh_slapd.stop()
    answer = client.get(f"/people/{person.uid}")
    assert answer.status_code == 503
    assert "The directory" in answer.get_data(as_text=True)
    assert answer.headers["Retry-After"]
    assert client.get("/accessibility").status_code == 200
    fresh_slapd.start()
    assert client.get(f"/people/{person.uid}").status_code == 200
    close(portal)
