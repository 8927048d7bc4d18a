"""Saved searches and recently viewed people: private to whoever is signed in, and gone when they say so."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from counterpart.clock import system_clock
from dev.servers import Redis, Slapd
from ldap_schema.changes import Update
from ldap_schema.people import HELD, SEALED_ALL
from store import kept
from tests.conftest import migrated_store
from tests.portal_kit import Portal, close, make_portal


@pytest.fixture(scope="module")
def portal(slapd: Slapd, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with migrated_store(tmp_path_factory.mktemp("saved")) as store:
        made = make_portal(slapd, redis_server, store, system_clock)
        yield made
        close(made)


def test_a_search_is_saved_shown_to_its_owner_alone_and_removed(portal: Portal) -> None:
    ada, other = portal.browser(portal.person()), portal.browser(portal.person())
    token = portal.token(ada)
    form = {"csrf_token": token, "q": " chief  <b>", "sector": "Police", "page": "3", "stray": "x"}
    assert ada.post("/saved", data=form).location.endswith("/saved?done=saved")
    page = ada.get("/saved").text
    assert 'href="/search?q=chief+%3Cb%3E&amp;sector=Police"' in page
    assert "“chief &lt;b&gt;”, Police" in page
    assert "“chief &lt;b&gt;”, Police" in ada.get("/").text
    [id] = re.findall(r"/saved/searches/(\d+)/remove", page)
    assert "None so far" in other.get("/saved").text
    theirs = {"csrf_token": portal.token(other)}
    assert other.post(f"/saved/searches/{id}/remove", data=theirs).status_code == 404
    assert ada.post(f"/saved/searches/{id}/remove", data={"csrf_token": token}).status_code == 303
    assert "None so far" in ada.get("/saved").text
    assert ada.post("/saved", data={"csrf_token": token, "q": "\0 "}).status_code == 400


def test_all_searches_are_removed_at_once_and_one_too_many_is_refused_with_a_sentence(portal: Portal) -> None:
    person = portal.person()
    client = portal.browser(person)
    token = portal.token(client)
    with portal.services.store.transaction() as tx:
        for number in range(kept.MOST_SEARCHES):
            kept.save(tx, person.uid, f"“{number}”", f"q={number}", portal.services.clock())
    refused = client.post("/saved", data={"csrf_token": token, "q": "one more"}, follow_redirects=True)
    assert "no room for another search" in refused.text
    assert "one more" not in refused.text
    client.post("/saved/searches/remove-all", data={"csrf_token": token})
    assert "None so far" in client.get("/saved").text


def test_recently_viewed_lists_whom_the_viewer_may_see_now(portal: Portal) -> None:
    viewer, seen, sealed, held = (portal.person() for _ in range(4))
    client = portal.browser(viewer)
    for one in (seen, sealed, held, viewer):
        assert client.get(f"/people/{one.uid}").status_code == 200
    assert client.get("/people/nobody").status_code == 404
    for page in ("/", "/saved"):
        listed = set(re.findall(r'href="/people/(\w+)"', client.get(page).text))
        assert {seen.uid, sealed.uid, held.uid} <= listed, page
    portal.sync.write([
        Update(sealed, replace(sealed, sealed=SEALED_ALL)), Update(held, replace(held, status=HELD)),
    ])  # fmt: skip
    for page in ("/", "/saved"):
        text = client.get(page).text
        assert seen.full_name in text, "the control"
        for gone in (sealed, held):
            assert gone.uid not in text, page
            assert gone.full_name not in text, page


def test_the_list_is_emptied_in_part_in_whole_and_for_good(portal: Portal) -> None:
    one, other = portal.person(), portal.person()
    client = portal.browser(portal.person())
    token = {"csrf_token": portal.token(client)}

    def look() -> str:
        for each in (one, other):
            client.get(f"/people/{each.uid}")
        return client.get("/saved").text

    assert one.full_name in look()
    client.post(f"/saved/viewed/{one.uid}/remove", data=token)
    assert one.full_name not in client.get("/saved").text
    assert other.full_name in client.get("/saved").text
    client.post("/saved/viewed/remove-all", data=token)
    assert "Nobody so far" in client.get("/saved").text
    client.post("/saved/viewed/keep", data={**token, "keep": "no"})
    assert "You chose not to keep" in look()
    client.post("/saved/viewed/keep", data={**token, "keep": "yes"})
    assert other.full_name in look()


def test_a_profile_is_shown_while_the_store_is_busy_and_nobody_is_named_in_the_log(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    seen = portal.person()
    client = portal.browser(portal.person())
    with portal.services.store.transaction() as tx:  # somebody else writes for a while
        kept.forget(tx, "nobody")
        assert client.get(f"/people/{seen.uid}").status_code == 200
    assert "not put on its viewer" in caplog.text
    assert seen.uid not in caplog.text
