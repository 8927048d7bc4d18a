"""Whatever is typed into the search box, or stands in its address, is answered with a page like any other."""

from collections.abc import Iterator
from itertools import cycle
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from counterpart.clock import system_clock
from dev.servers import Redis, Slapd
from ldap_schema.people import SEALED_ALL
from search_index.reader import SearchIndex
from tests.conftest import migrated_store
from tests.functional.index_kit import agrees, following
from tests.functional.test_directory_hostile import hostile_values
from tests.portal_kit import Portal, close, make_portal
from tests.rounds import FULL, ROUNDS

UNLIMITED = {
    f"harvest_{what}": 10**9 for what in ("listed_per_day", "opened_per_hour", "in_order", "turned_per_hour")
}
# Beside what the directory is fuzzed with: what engines, expressions, pages and spreadsheets may stumble on.
SIGNS = (
    '"><script>alert(1)</script>', "{{7*7}}", "{%raw%}", "a" * 100_000, "a " * 50_000, "(" * 1000, "\x00",
    "q\x00q", "\u202equill\u202c", "title:*", 'name:"', "+-&&||!(){}[]^\"~*?:\\/", "AND OR NOT", "a~99", "*",
    "?" * 200, "[a TO z]", "^" * 50, "(a+)+$" * 30, "(?=" * 60, "0" * 200, "+44" * 60, "@" * 200, ".@" * 100,
    "1-" * 100, "é" * 300, "\ufdfa" * 100, "\U0001f468\u200d\U0001f469" * 30, "' OR 1=1--", "../" * 40,
    "%s%n%x", "office of " * 20, "pa to ", "=1+1", "\ud800", "İ" * 100, "ß" * 150, "\u0345" * 200,
)  # fmt: skip
PLACES = ("q", "sector", "region", "role", "organisation", "cohort", "page")


@pytest.fixture(scope="module")
def portal(slapd: Slapd, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with migrated_store(tmp_path_factory.mktemp("hostile-words")) as store:
        made = make_portal(slapd, redis_server, store, system_clock, **UNLIMITED)
        yield made
        close(made)


@pytest.fixture(scope="module")
def index(portal: Portal, slapd: Slapd) -> Iterator[SearchIndex]:
    with following(slapd, slapd.folder / "index") as followed:
        yield followed
    (slapd.folder / "index" / "step.json").unlink(missing_ok=True)


def address(path: str, **values: str) -> str:
    """An address with any text in it, halves of characters too, which no library would write."""
    written = {name: quote(value.encode("utf-8", "surrogatepass")) for name, value in values.items()}
    return path + "?" + "&".join(f"{name}={value}" for name, value in written.items())


def ask_all(portal: Portal, values: Iterator[str]) -> None:
    sealed = portal.person(sealed=SEALED_ALL, mobile=("+44 7700 900123",), full_name="Hostile Target")
    client = portal.browser(portal.person())
    for value, place in zip(values, cycle(("q", "q", *PLACES)), strict=False):
        text = asked(client, value, place)
        assert sealed.uid not in text, value[:80]
        assert text.startswith("{") or "<script>alert" not in text, value[:80]


def asked(client: FlaskClient, value: str, place: str) -> str:
    accept = "application/json" if len(value) % 2 else "text/html"
    words = {"q": "chief", **{place: value}}
    answer = client.get(address("/search", **words), headers={"Accept": accept})
    assert answer.status_code == 200, (answer.status_code, place, value[:80])
    return str(answer.text)


def test_hostile_words_are_answered_like_any_others(portal: Portal, index: SearchIndex, slapd: Slapd) -> None:
    assert agrees(slapd, index)
    ask_all(portal, iter(SIGNS))
    ask_all(portal, hostile_values(ROUNDS.hostile_search_words))


@pytest.mark.fuzz
def test_ten_thousand_hostile_words_are_answered_like_any_others(
    portal: Portal, index: SearchIndex, slapd: Slapd
) -> None:
    assert agrees(slapd, index)
    ask_all(portal, hostile_values(FULL.hostile_search_words))


def test_hostile_words_break_no_other_page(portal: Portal) -> None:
    client = portal.browser(portal.person())
    token = portal.token(client)
    for value in SIGNS:
        for path in ("/export", "/people", "/organisations"):
            answer = client.get(address(path, q=value, sector=value, letter=value))
            assert answer.status_code in (200, 404), (path, value[:80])
        form = {"csrf_token": token, "q": value.encode("utf-8", "replace").decode(), "kind": "csv"}
        if len(value) < 1000:
            assert client.post("/saved", data=form).status_code in (303, 400), value[:80]
    saved = client.get("/saved")
    assert saved.status_code == 200
    assert "<script>alert" not in saved.text
    client.post("/saved/searches/remove-all", data={"csrf_token": token})
