"""Our portal beside Canaille, another one over LDAP: pages per second, and who is among the first three."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from random import Random
from urllib.parse import quote

import pytest

from counterpart.settings import load
from dev.chance import plain, stream
from dev.house import House
from dev.processes import Process
from ldap_schema.directory import Directory, Service
from ldap_schema.people import Person
from search_index.names import other_forms
from tests.bench.canaille import Canaille, Session
from tests.bench.measure import Row, cpu_of, show, together
from tests.bench.test_portal import CLIENTS, Page, signed_in
from tests.functional.visitor import Visitor

EACH, OF_A_CLASS, BEST = 15, 10, 3
LARGE_SECTORS = (
    "Healthcare",
    "Education",
    "Local+government",
    "Civil+service",
    "Arm%27s-length+bodies",
    "Police",
)


@pytest.fixture(scope="module")
def people(house: House) -> list[Person]:
    """Everybody whom both show, by uid, with the contact details that all leaders see."""
    directory = Directory.open(load({}, house.settings.settings_file).directory, Service.SYNC)
    everybody = [one for one in directory.people.everybody() if one.status == "active" and one.title]
    directory.close()
    return sorted(everybody, key=lambda one: one.uid)


@pytest.fixture(scope="module")
def canaille(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaille]:
    with Canaille(house.slapd, tmp_path_factory.mktemp("canaille")) as running:
        yield running


def test_pages_per_second(house: House, canaille: Canaille, people: list[Person]) -> None:
    """Four people at once, one process each, the same entries in the same slapd; no query comes twice."""
    names = sorted({one.family_name for one in people})
    words = stream(11, "words").sample(names, CLIENTS * (EACH + 1))
    mine = [words[client::CLIENTS] for client in range(CLIENTS)]
    lists, searches = ([Page(signed_in(house), "/") for _ in range(CLIENTS)] for _ in range(2))
    theirs = [canaille.session(people[number].uid) for number in range(CLIENTS)]
    pages = [f"/search?sector={sector}&page={page}" for page in range(1, 12) for sector in LARGE_SECTORS]
    rows = [
        _row(
            "Counterpart: a page of a list",
            [_turning(one, pages[client::CLIENTS]) for client, one in enumerate(lists)],
            house.portal, house,
        ),
        _row(
            "Counterpart: a search",
            [_turning(one, [f"/search?q={quote(word)}" for word in typed])
             for one, typed in zip(searches, mine, strict=True)],
            house.portal, house,
        ),
        _row("Canaille: a page of a list", [one.everybody for one in theirs], canaille.process, house),
        _row(
            "Canaille: a search",
            [_asking(one, typed) for one, typed in zip(theirs, mine, strict=True)], canaille.process, house,
        ),
    ]  # fmt: skip
    for one in theirs:
        one.close()
    for page in (*lists, *searches):
        page.close()
    show(
        "Beside Canaille 0.3.6: CPU milliseconds a page, pages a second of 4 clients",
        ("portal CPU", "slapd CPU", "pages/s"),
        rows,
        f"Pages of ours per page of theirs: list {rows[0].values[2] / rows[2].values[2]:.1f}, "
        f"search {rows[1].values[2] / rows[3].values[2]:.1f}.",
    )


def _turning(page: Page, paths: Sequence[str]) -> Callable[[], object]:
    """Ask for one path after the other."""
    left = cycle(paths)

    def ask() -> str:
        page.path = next(left)
        return page()

    return ask


def _asking(session: Session, words: Sequence[str]) -> Callable[[], object]:
    left = cycle(words)
    return lambda: session.search(next(left))


def _row(name: str, calls: Sequence[Callable[[], object]], portal: Process, house: House) -> Row:
    for call in calls:
        call()
    before = cpu_of(portal), cpu_of(house.slapd)
    began = time.perf_counter()
    together(calls, EACH)
    wall = time.perf_counter() - began
    pages = EACH * len(calls)
    used = cpu_of(portal) - before[0], cpu_of(house.slapd) - before[1]
    return Row(name, (1000 * used[0] / pages, 1000 * used[1] / pages, pages / wall))


def test_who_is_found(house: House, canaille: Canaille, people: list[Person]) -> None:
    visitor, theirs = signed_in(house), canaille.session(people[0].uid)
    rows = []
    for name, queries in queries_about(people).items():
        ours = sum(uid in _ours(visitor, query)[:BEST] for uid, query in queries)
        other = sum(uid in theirs.search(query)[:BEST] for uid, query in queries)
        rows.append(Row(name, (100 * ours / len(queries), 100 * other / len(queries))))
    theirs.close()
    rows.insert(0, Row("all", tuple(sum(row.values[at] for row in rows) / len(rows) for at in (0, 1))))
    show("Among the first three, per cent of queries", ("Counterpart", "Canaille"), rows)
    assert rows[0].values[0] > rows[0].values[1]


def queries_about(people: Sequence[Person]) -> dict[str, list[tuple[str, str]]]:
    """Return class -> (who is meant, what is typed); who is meant can be told from the query alone."""
    chance = stream(11, "queries beside Canaille")
    shown = [one for one in people if {"mail:leaders", "telephoneNumber:leaders"} <= set(one.show)]
    family, title = _counted(people, "family_name"), _counted(people, "title", "organisation_name")
    one_of = [one for one in people if family[one.family_name,] == 1 and len(plain(one.family_name)) > 5]
    only = [one for one in people if title[one.title, one.organisation_name] == 1]
    known = [one for one in one_of if other_forms(plain(one.given_name))]
    marked = [one for one in one_of if not (one.given_name + one.family_name).isascii()]
    kinds: dict[str, tuple[Sequence[Person], Callable[[Person], str]]] = {
        "full name": (one_of, lambda one: f"{one.given_name} {one.family_name}"),
        "reversed": (one_of, lambda one: f"{one.family_name}, {one.given_name}"),
        "family name": (one_of, lambda one: one.family_name),
        "half-typed": (one_of, lambda one: f"{one.given_name} {one.family_name[:-2]}"),
        "nickname": (known, lambda one: f"{min(other_forms(plain(one.given_name)))} {one.family_name}"),
        "one typo": (one_of, lambda one: f"{one.given_name} {_mistyped(one.family_name, chance)}"),
        "accents off": (marked or one_of, lambda one: plain(f"{one.given_name} {one.family_name}")),
        "post and organisation": (only, lambda one: f"{one.title} {one.organisation_name}"),
        "piece of an address": (shown, lambda one: one.mail[0].partition("@")[0] + "@"),
        "piece of a number": (shown, lambda one: "0" + one.telephone[0].replace(" ", "")[3:]),
    }
    return {
        name: [(one.uid, typed(one)) for one in chance.sample(list(some), min(OF_A_CLASS, len(some)))]
        for name, (some, typed) in kinds.items()
    }


def _counted(people: Sequence[Person], *fields: str) -> dict[tuple[str, ...], int]:
    counts: dict[tuple[str, ...], int] = {}
    for one in people:
        key = tuple(getattr(one, field) for field in fields)
        counts[key] = counts.get(key, 0) + 1
    return counts


def _mistyped(name: str, chance: Random) -> str:
    """Two letters in the wrong order, neither of them the first."""
    at = chance.randrange(1, len(name) - 1)
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def _ours(visitor: Visitor, query: str) -> list[str]:
    answer = visitor.get(f"/search?q={quote(query)}", Accept="application/json")
    return [one["uid"] for one in json.loads(answer.text)["results"]]
