"""SCIM in the hands of somebody who means harm, of two at once, and without its servers."""

import json
import logging
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from dev.servers import Redis, Slapd
from ldap_schema.changes import Add
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import BadValue, DirectoryError, NotFound
from ldap_schema.feeds import FeedPart
from ldap_schema.people import Person
from ldap_schema.scim_records import ScimRecord
from store.database import Store
from tests.conftest import migrated_store
from tests.portal_kit import Portal
from tests.scim_kit import PATCH, Pushing, pushing, scim_portal, user


@pytest.fixture(scope="module")
def portal(slapd: Slapd, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("scim")
    limit = "100000 per minute"
    with (
        migrated_store(folder) as store,
        scim_portal(slapd, redis_server, store, folder, scim_refusal_limit=limit) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def push(portal: Portal, tmp_path_factory: pytest.TempPathFactory, slapd: Slapd) -> Pushing:
    return pushing(portal, _folder(portal))


@pytest.fixture(scope="module")
def other(portal: Portal) -> Pushing:
    return pushing(portal, _folder(portal))


def _folder(portal: Portal) -> Path:
    assert portal.services.scim is not None
    return Path(portal.services.scim.find.__self__.folder)  # type: ignore[attr-defined]


def _is_scim_error(answer: TestResponse, status: int) -> bool:
    return (
        answer.status_code == status
        and answer.content_type == "application/scim+json"
        and answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        and answer.json["status"] == str(status)
        and "Set-Cookie" not in answer.headers
    )


def test_every_request_without_a_good_token_is_refused_in_the_same_words(
    portal: Portal, push: Pushing, other: Pushing
) -> None:
    now = datetime.now(UTC)
    expired = portal.sync.scim_tokens.issue(push.feed, now - timedelta(days=30), 30)
    gone = pushing(portal, _folder(portal))
    gone.mapping.unlink()  # the feed is stopped
    revoked = portal.sync.scim_tokens.issue(other.feed, now, 30)
    portal.sync.scim_tokens.revoke(other.feed, revoked.token.id)
    shown = [
        (push.feed, None),
        (push.feed, ""),
        (push.feed, "Bearer"),
        (push.feed, "Bearer wrong"),
        (push.feed, f"Basic {push.token.text}"),
        (push.feed, f"Bearer {push.token.text}x"),
        (push.feed, f"Bearer {push.token.text[:-1]}"),
        (push.feed, f"Bearer scim-{push.token.token.id}-{secrets.token_urlsafe(32)}"),
        (push.feed, f"Bearer {other.token.text}"),
        (push.feed, f"Bearer {push.token.token.digest}"),
        (push.feed, f"Bearer {expired.text}"),
        (other.feed, f"Bearer {revoked.text}"),
        (gone.feed, f"Bearer {gone.token.text}"),
        ("no-such-feed", f"Bearer {push.token.text}"),
        ("..", f"Bearer {push.token.text}"),
        ("a*)(objectClass=*", f"Bearer {push.token.text}"),
    ]
    said = set()
    for feed, header in shown:
        for path in ("/Users", "/ServiceProviderConfig", "/nothing"):
            headers = {"Authorization": header} if header is not None else {}
            answer = push.client.get(f"/scim/{feed}/v2{path}", headers=headers)
            assert _is_scim_error(answer, 401), (feed, header, answer.text)
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="SCIM"'
            said.add(answer.text)
    assert len(said) == 1
    assert push.send("GET", "/Users").status_code == 200  # and with its token it is let in
    assert other.send("GET", "/Users").status_code == 200


def test_two_tokens_are_good_at_once_and_a_third_is_not_made(portal: Portal) -> None:
    push, now = pushing(portal, _folder(portal)), datetime.now(UTC)
    second = portal.sync.scim_tokens.issue(push.feed, now, 30)
    for text in (push.token.text, second.text):
        assert push.send("GET", "/Users", Authorization=f"Bearer {text}").status_code == 200
    with pytest.raises(BadValue, match="Revoke one first"):
        portal.sync.scim_tokens.issue(push.feed, now, 30)
    portal.sync.scim_tokens.revoke(push.feed, push.token.token.id)
    assert push.send("GET", "/Users").status_code == 401
    left = portal.sync.scim_tokens.of(push.feed)
    assert [each.id for each in left] == [second.token.id]
    assert left[0].last_used is not None
    assert second.text not in repr(left)


def test_a_feed_sees_and_changes_nothing_of_another(push: Pushing, other: Pushing) -> None:
    created = other.create(title="Theirs")
    assert push.send("GET", f"/Users/{created['id']}").status_code == 404
    assert push.patch(created["id"], {"op": "replace", "path": "title", "value": "Ours"}).status_code == 404
    assert push.send("DELETE", f"/Users/{created['id']}").status_code == 404
    assert push.send("GET", '/Users?filter=title eq "Theirs"').json["totalResults"] == 0
    assert other.seen(created["id"])["title"] == "Theirs"
    same = push.send("POST", "/Users", user(userName=created["userName"]))
    assert same.status_code == 201  # somebody may work for two departments


def test_the_directory_itself_keeps_a_feed_to_its_own_snapshot(
    slapd: Slapd, portal: Portal, push: Pushing, other: Pushing
) -> None:
    theirs = other.create()
    scim = Directory.open(slapd.settings(), Service.SCIM)
    mine, now = scim.as_feed(push.feed), datetime.now(UTC).replace(microsecond=0)
    head = mine.scim_snapshots.head(push.feed)
    record = ScimRecord(feed=other.feed, id="x1", user_name="x", resource="{}", changed_at=now)
    person = Person(
        uid=f"t{secrets.token_hex(5)}", full_name="Ada Quill", family_name="Quill", status="active"
    )
    portal.sync.write([Add(person)])
    refused: list[Callable[[], Any]] = [
        lambda: mine.scim_snapshots.head(other.feed),
        lambda: mine.scim_snapshots.record(other.feed, theirs["id"]),
        lambda: mine.scim_snapshots.add(portal.sync.scim_snapshots.head(other.feed), record),
        lambda: mine._link.write(mine.scim_snapshots._add(record)),
        lambda: mine.scim_tokens.issue(push.feed, now, 1),
        lambda: mine.scim_tokens.revoke(push.feed, push.token.token.id),
        lambda: mine.write([Add(FeedPart(feed=push.feed, part="all"))]),
        lambda: mine.write([Add(Person(uid="t-made", full_name="A", family_name="A"))]),
        lambda: mine.people.get(person.uid),
        lambda: scim.people.get(person.uid),
        lambda: scim.as_viewer(person.uid).people.get(person.uid),
        lambda: scim.scim_snapshots.head(push.feed),
        lambda: scim.scim_tokens.issue(push.feed, now, 1),
        lambda: portal.services.directory.as_feed(push.feed).scim_snapshots.head(push.feed),
    ]
    for attempt in refused:
        with pytest.raises((DirectoryError, BadValue, NotFound)):
            attempt()
    assert mine.scim_snapshots.records(other.feed) == scim.scim_snapshots.records(push.feed) == []
    assert mine.scim_tokens.of(push.feed) == portal.services.directory.scim_tokens.of(push.feed) == []
    assert mine.feeds.parts() == []
    assert portal.sync.people.get(person.uid).uid == person.uid  # they are there for who may see them
    assert mine.scim_snapshots.head(push.feed) == head
    scim.close()


def test_a_directory_manager_reads_no_pushed_record(portal: Portal, push: Pushing) -> None:
    push.create()
    manager = portal.person()
    portal.sync.groups.grant("directory-managers", manager.uid)
    seen = portal.services.directory.as_viewer(manager.uid)
    assert seen.scim_snapshots.records(push.feed) == []
    assert seen.scim_tokens.of(push.feed) == []


LONG = "x" * 300
HOSTILE: dict[str, tuple[str, str, Any, int]] = {
    "no JSON": ("POST", "/Users", b"{", 400),
    "not UTF-8": ("POST", "/Users", b'{"userName": "\xff\xfe"}', 400),
    "a list": ("POST", "/Users", [], 400),
    "nothing": ("POST", "/Users", b"", 400),
    "a number for a name": ("POST", "/Users", user(userName=7), 400),
    "an object for a name": ("POST", "/Users", user(userName={"a": 1}), 400),
    "no name": ("POST", "/Users", user(userName=None), 400),
    "a name of spaces": ("POST", "/Users", user(userName="   "), 400),
    "a name too long": ("POST", "/Users", user(userName=LONG), 400),
    "an external id too long": ("POST", "/Users", user(externalId=LONG), 400),
    "a value too long": ("POST", "/Users", user(title="y" * 2000), 400),
    "NUL": ("POST", "/Users", user(userName="a\0b"), 400),
    "half a character": ("POST", "/Users", b'{"schemas":[],"userName":"\\ud800"}', 400),
    "a terminal's escape": ("POST", "/Users", user(title="\x1b[31mred"), 400),
    "too many values": (
        "POST",
        "/Users",
        user(emails=[{"value": f"a{n}@x.example", "type": "work"} for n in range(60)]),
        400,
    ),
    "depth": ("POST", "/Users", b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
    "depth in objects": ("POST", "/Users", b'{"a":' * 3000 + b"1" + b"}" * 3000, 400),
    "a body too large": ("POST", "/Users", user(title="z" * 1_000_000), 413),
    "too many operations": (
        "PATCH",
        "/Users/x1",
        {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "title"}] * 101},
        413,
    ),
    "another format": ("POST", "/Users", b"<user/>", 400),
    "an unknown operation": (
        "PATCH",
        "/Users/ID",
        {"schemas": [PATCH], "Operations": [{"op": "explode", "path": "title"}]},
        400,
    ),
    "a filter without end": ("GET", "/Users?filter=" + "(" * 5000, None, 400),
    "a filter of many brackets": ("GET", "/Users?filter=" + "(" * 400 + "title pr" + ")" * 400, None, 400),
    "a filter of many words": ("GET", "/Users?filter=" + " or ".join(["title pr"] * 2000), None, 400),
    "a broken filter": ("GET", '/Users?filter=userName eq "', None, 400),
    "a filter on nothing": ("GET", "/Users?filter=shoeSize eq 9", None, 400),
    "a filter on a bar": ("GET", "/Users?filter=userName eq eq", None, 400),
    "a count in words": ("GET", "/Users?count=many", None, 400),
    "a huge count": ("GET", "/Users?count=99999999999999999999", None, 200),
    "a negative start": ("GET", "/Users?startIndex=-5", None, 200),
    "an id of a filter": ("GET", "/Users/*)(objectClass=*", None, 404),
    "an id of a DN": ("GET", "/Users/x,ou=people", None, 404),
    "the head's id": ("GET", "/Users/snapshot", None, 404),
    "the id of a token": ("DELETE", "/Users/TOKEN", None, 404),
    "an encoded slash": ("GET", "/Users/..%2f..%2fUsers", None, 404),
    "an unknown place": ("GET", "/nothing/at/all", None, 404),
    "an unknown method": ("PUT", "/Users", {}, 405),
}


@pytest.mark.parametrize(("method", "path", "body", "status"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_requests_get_a_scim_error_and_change_nothing(
    push: Pushing, method: str, path: str, body: Any, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    created = push.create()
    before = push.directory.scim_snapshots.records(push.feed)
    path = path.replace("ID", created["id"]).replace("TOKEN", push.token.token.id)
    answer = push.send(method, path, body)
    assert _is_scim_error(answer, status) if status >= 400 else answer.status_code == status, answer.text[
        :500
    ]
    assert push.directory.scim_snapshots.records(push.feed) == before
    assert "Traceback" not in answer.text
    assert push.token.text not in caplog.text
    assert status < 400 or len(answer.text) < 2_000


@pytest.mark.parametrize(
    "name",
    [
        "a*)(uid=*",
        "x,ou=people,dc=leaders",
        "ünïcödé é",
        "=HYPERLINK(1)",
        "#comment",
        "  two  spaces ",
        "' OR 1=1 --",
        "{{7*7}}",
    ],
)
def test_what_means_something_to_a_directory_or_a_spreadsheet_is_a_name_like_any_other(
    push: Pushing, name: str
) -> None:
    created = push.create(userName=name, title=name)
    assert created["userName"] == name
    assert push.seen(created["id"])["title"] == name
    quoted = json.dumps(name, ensure_ascii=False)
    found = push.send("POST", "/Users/.search", {"filter": f"userName eq {quoted}"}).json
    assert [each["id"] for each in found["Resources"]] == [created["id"]]
    assert push.send("DELETE", f"/Users/{created['id']}").status_code == 204


def test_addresses_beside_a_feed_answer_scim_clients_too(push: Pushing) -> None:
    for path in ("/scim/", "/scim/x", "/scim/x/v1/Users", "/scim/x/v2/a/b/c/d"):
        answer = push.client.get(path, headers={"Authorization": f"Bearer {push.token.text}"})
        assert answer.content_type == "application/scim+json", path
        assert answer.status_code in (401, 404), path
    for host in ("evil.example",):
        answer = push.client.get(push.base + "/Users", headers={"Host": host})
        assert _is_scim_error(answer, 400)


def test_of_many_who_create_one_name_at_once_one_succeeds(portal: Portal, push: Pushing) -> None:
    def create(number: int) -> int:
        return push_of(portal, push).send("POST", "/Users", user(userName="race@harbour.example")).status_code

    with ThreadPoolExecutor(8) as threads:
        answers = sorted(threads.map(create, range(8)))
    assert answers == [201, *[409] * 7]
    assert push.send("GET", '/Users?filter=userName eq "race@harbour.example"').json["totalResults"] == 1


def test_no_write_is_lost_when_several_change_one_record_at_once(portal: Portal, push: Pushing) -> None:
    created = push.create()
    changes = [
        ("title", "Chief"),
        ("displayName", "Ada"),
        ("name.givenName", "Bram"),
        ("externalId", "E-race"),
    ]

    def change(each: tuple[str, str]) -> int:
        operation = {"op": "replace", "path": each[0], "value": each[1]}
        return push_of(portal, push).patch(created["id"], operation).status_code

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(change, changes)) == [200] * 4
    seen = push.seen(created["id"])
    assert (seen["title"], seen["displayName"], seen["name"]["givenName"], seen["externalId"]) == (
        "Chief", "Ada", "Bram", "E-race",
    )  # fmt: skip


def push_of(portal: Portal, push: Pushing) -> Pushing:
    """The same client on a connection of its own."""
    return Pushing(push.feed, push.token, portal.app.test_client(), push.directory, push.mapping)


def test_a_feed_that_asks_too_often_is_told_to_wait_and_no_other_feed_is(
    slapd: Slapd, redis_server: Redis, store: Store, tmp_path: Path
) -> None:
    limits = {"scim_limit": "5 per minute", "scim_refusal_limit": "3 per minute"}
    with scim_portal(slapd, redis_server, store, tmp_path, **limits) as portal:
        eager, calm = pushing(portal, tmp_path), pushing(portal, tmp_path)
        answers = [eager.send("GET", "/Users") for _ in range(11)]  # a minute may begin in between
        assert answers[0].status_code == 200
        assert _is_scim_error(answers[-1], 429)
        assert answers[-1].headers["Retry-After"] == "60"
        assert calm.send("GET", "/Users").status_code == 200
        address = {"REMOTE_ADDR": f"198.51.100.{secrets.randbelow(250)}"}
        refused = [
            eager.client.get(eager.base + "/Users", environ_base=address).status_code for _ in range(7)
        ]
        assert (refused[0], refused[-1]) == (401, 429)
        assert calm.send("GET", "/Users").status_code == 200


def test_without_its_servers_it_says_so_and_works_again_when_they_are_back(
    fresh_slapd: Slapd, fresh_redis: Redis, store: Store, tmp_path: Path
) -> None:
    with scim_portal(fresh_slapd, fresh_redis, store, tmp_path) as portal:
        push = pushing(portal, tmp_path)
        created = push.create()
        for server in (fresh_redis, fresh_slapd):
            server.stop()
            answer = push.patch(created["id"], {"op": "replace", "path": "title", "value": "Lost"})
            assert _is_scim_error(answer, 503)
            assert answer.headers["Retry-After"] == "30"
            server.start()
            assert "Lost" not in push.send("GET", f"/Users/{created['id']}").text
            assert (
                push.patch(created["id"], {"op": "replace", "path": "title", "value": "Kept"}).status_code
                == 200
            )


def test_a_cookie_is_neither_looked_at_nor_set(portal: Portal, push: Pushing) -> None:
    leader = portal.browser(portal.person())
    answer = leader.get(push.base + "/Users")
    assert _is_scim_error(answer, 401)
    assert "Cookie" not in answer.headers.get("Vary", "")


WORDS = st.sampled_from(
    "userName name emails value type active schemas op path Operations externalId addresses meta id".split()
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(body=ANYTHING, method=st.sampled_from(["POST", "PUT", "PATCH"]))
def test_any_json_gets_an_answer_of_scim_and_never_a_mistake_of_ours(
    push: Pushing, body: Any, method: str
) -> None:
    path = "/Users" if method == "POST" else f"/Users/{_somebody(push)}"
    answer = push.send(method, path, json.dumps(body).encode("utf-8", "surrogatepass"))
    assert answer.status_code in (200, 201, 204, 400, 404, 409, 413), (body, answer.text)
    assert answer.content_type == "application/scim+json"


def _somebody(push: Pushing) -> str:
    found = push.send("GET", "/Users?count=1&attributes=userName").json or {}
    return str(found["Resources"][0]["id"]) if found.get("Resources") else str(push.create()["id"])


FILTERS = r"(userName|title|emails\[type) (eq|co|pr|gt) \"?[\w@.]*\"?\]?( and .*)?"


@given(text=st.text(max_size=60) | st.from_regex(FILTERS, fullmatch=True))
def test_any_filter_gets_an_answer_of_scim(push: Pushing, text: str) -> None:
    answer = push.send("POST", "/Users/.search", {"filter": text})
    assert answer.status_code in (200, 400), (text, answer.text)
