"""Who is concealed is nowhere for others: in no result, count, facet, suggestion, list, file or page."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from counterpart.clock import system_clock
from dev.servers import Redis, Slapd
from ldap_schema.changes import Add, Update
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import HELD, LEFT, PENDING, SEALED_ALL, SEALED_POST, Person
from ldap_schema.posts import Post, Tenure
from search_index.reader import SearchIndex
from store import kept
from tests.conftest import migrated_store
from tests.functional.index_kit import agrees, following, people
from tests.functional.replica_kit import eventually
from tests.portal_kit import Portal, close, make_portal

FAMILY = "Zephyrine"
STATES: dict[str, dict[str, str]] = {
    "sealed, post shown": {"sealed": SEALED_POST},
    "sealed with post": {"sealed": SEALED_ALL},
    "held": {"status": HELD},
    "pending": {"status": PENDING},
    "left": {"status": LEFT},
}


@dataclass
class World:
    """A force with somebody whom everybody sees, a neighbour who looks, and one who is concealed in turn."""

    portal: Portal
    index: SearchIndex
    slapd: Slapd
    viewer: Person
    hidden: Person
    office: Office
    force: Organisation

    def become(self, **state: str) -> None:
        """Give the person this state, and wait until the index names them or does not."""
        now = self.portal.sync.people.get(self.hidden.uid)
        plain = replace(now, sealed="", status="active")
        self.portal.sync.write([Update(now, replace(plain, **state))])
        assert eventually(lambda: (self.hidden.uid in people(self.index)) is not bool(state))


@pytest.fixture(scope="module")
def world(slapd: Slapd, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with migrated_store(tmp_path_factory.mktemp("betrays")) as store:
        portal = make_portal(slapd, redis_server, store, system_clock)
        force, beside = (
            Organisation(
                id=f"{portal.organisation.id}{number}", name=f"Zephyr Force {number}", sector="Police",
                areas_served=("zephyr Zephyr",),
            )
            for number in range(2)
        )  # fmt: skip
        portal.sync.write([Add(force), Add(beside)])
        of: dict[str, Any] = {"organisation_id": force.id, "organisation_name": force.name}
        of["family_name"] = FAMILY
        shown = portal.person(full_name=f"Ada {FAMILY}", title="Chief Constable", **of)
        hidden = portal.person(
            full_name=f"Beatrix {FAMILY}", given_name="Beatrix", title="Deputy Chief Constable",
            region="Wales", telephone=("+44 29 2018 0777",), mail=("beatrix@zephyr.example",), **of,
        )  # fmt: skip
        peer = portal.person(full_name="Cy Peer", family_name="Peer", title="Deputy Chief Constable",
                             organisation_id=beside.id, organisation_name=beside.name)  # fmt: skip
        office = Office(id=f"o{force.id}", name="Zephyr private office", serves=(hidden.uid,),
                        assistant="Quentilda Marl", telephone=("+44 29 2018 0778",))  # fmt: skip
        portal.sync.write([Add(office)])
        for number, one in enumerate((shown, hidden)):
            post = Post(id=f"p{number}{force.id}", title=one.title, organisation_id=force.id)
            tenure = Tenure(id=f"t{number}{force.id}", post_id=post.id, holder=one.uid)
            portal.sync.write([Add(post), Add(tenure)])
        with following(slapd, slapd.folder / "index") as index:
            assert agrees(slapd, index)
            made = World(portal, index, slapd, peer, hidden, office, force)
            with store.transaction() as tx:
                kept.note_view(tx, peer.uid, hidden.uid, system_clock())
                kept.note_view(tx, peer.uid, shown.uid, system_clock())
                kept.save(tx, peer.uid, FAMILY, f"q={FAMILY}", system_clock())
            yield made
        (slapd.folder / "index" / "step.json").unlink(missing_ok=True)
        close(portal)


def json_of(query: str) -> Callable[[FlaskClient, World], str]:
    def ask(client: FlaskClient, world: World) -> str:
        return client.get(f"/search?{query}", headers={"Accept": "application/json"}).text

    return ask


def page_of(path: str) -> Callable[[FlaskClient, World], str]:
    def ask(client: FlaskClient, world: World) -> str:
        return str(client.get(path.format(force=world.force.id, viewer=world.viewer.uid)).text)

    return ask


def file_of(kind: str) -> Callable[[FlaskClient, World], str]:
    def ask(client: FlaskClient, world: World) -> str:
        token = world.portal.token(client, f"/export?q={FAMILY}")
        return str(client.post("/export", data={"csrf_token": token, "q": FAMILY, "kind": kind}).text)

    return ask


CHANNELS = {
    "page of results": page_of(f"/search?q={FAMILY}"),
    "results as data": json_of(f"q={FAMILY}"),
    "facets": json_of("q=zephyr+force"),
    "by region": json_of("q=zephyr&region=Wales"),
    "by number": json_of("q=2018+0777"),
    "by address": json_of("q=beatrix@zephyr"),
    "by office's number": json_of("q=2018+0778"),
    "by assistant": json_of("q=quentilda"),
    "by role": json_of("role=Deputy+chief+constable&q=zephyr"),
    "suggestions": page_of("/suggestions?q=zephyri"),
    "counterparts": page_of("/people/{viewer}/counterparts"),
    "profile of a counterpart": page_of("/people/{viewer}"),
    "organisation": page_of("/organisations/{force}"),
    "A to Z": page_of("/people?letter=Z"),
    "table": file_of("csv"),
    "contacts": file_of("vcard"),
    "what was viewed": page_of("/saved"),
    "start page": page_of("/"),
}
# Shown where only the holder is concealed: that there is such a post, and that it is held.
OF_THE_POST = ("organisation",)


def asked(world: World, viewer: Person, channels: Iterable[str] = CHANNELS) -> dict[str, str]:
    """What channels answer, without form tokens and what differs each time."""
    client = world.portal.browser(viewer)
    answers = {name: CHANNELS[name](client, world) for name in channels}
    return {name: re.sub(r'name="csrf_token" value="[^"]*"', "", text) for name, text in answers.items()}


def test_nobody_concealed_appears_anywhere_and_answers_are_as_if_they_did_not_exist(world: World) -> None:
    world.become()
    seen = asked(world, world.viewer)
    marks = (world.hidden.uid, "Beatrix", "beatrix@", "0777")
    found_in = {name for name, text in seen.items() if any(mark in text for mark in marks[:2])}
    assert found_in == set(CHANNELS), "the control: everywhere, while they are there for everybody"
    without: dict[str, str] = {}
    for state, values in {"left": STATES["left"], **STATES}.items():
        world.become(**values)
        told = asked(world, world.viewer)
        for name, text in told.items():
            typed = name in ("by address", "by number")
            assert not [mark for mark in marks if mark in text and not typed], (state, name)
            assert world.hidden.uid not in text, (state, name)
            if not (state.startswith("sealed") and name in OF_THE_POST):
                assert text == without.setdefault(name, text), (state, name)
    assert f"Ada {FAMILY}" in told["page of results"], "the control: the others are there as ever"


def test_a_sealed_person_finds_themself_and_their_office(world: World) -> None:
    world.become(sealed=SEALED_POST)
    told = asked(world, world.hidden, ("results as data", "by number", "table"))
    for name, text in told.items():
        assert world.hidden.uid in text, name
