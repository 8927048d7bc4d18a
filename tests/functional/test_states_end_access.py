"""Each way into a state that hides somebody ends access: mail programs at once, sessions in a minute."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from dev.servers import Redis, Slapd
from ldap_schema.changes import Add, Update
from ldap_schema.people import DECEASED, HELD, LEAVING, LEFT, Person
from ldap_schema.posts import Post, Tenure
from store.database import Store
from sync import hand_acts, runs
from sync.context import SyncContext
from sync.settings import SyncSettings
from sync.turning import turn_days
from tests.conftest import SettableClock
from tests.functional.directory_kit import INVALID_CREDENTIALS, bind_code
from tests.portal_kit import Portal, close, make_portal
from tests.sync_world import mapping_of, people_of, write_file

YESTERDAY = date(2026, 11, 22)
DIED = {"Office mail": "Deceased", "To": "22/11/2026"}


@pytest.fixture
def portal(slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock) -> Iterator[Portal]:
    made = make_portal(slapd, redis_server, store, clock)
    yield made
    close(made)


@pytest.fixture
def context(portal: Portal, store: Store, clock: SettableClock, tmp_path: Path) -> SyncContext:
    settings = SyncSettings(folder=tmp_path / "sync", inbox=tmp_path)
    return SyncContext(settings=settings, directory=portal.sync, store=store, clock=clock, actor="rt")


class Feed:
    """A sender who loaded three people, and sends later files in which the first is told of otherwise."""

    def __init__(self, context: SyncContext, name: str) -> None:
        self.context, self.name, self.folder = context, name, context.settings.inbox
        text = mapping_of(name, "").replace('[office]\nmail = "Office mail"\n', "")
        last_day = 'last_day = { column = "To", date = "%d/%m/%Y" }'
        text = text.replace(last_day, f'{last_day}\nleaving_reason = "Office mail"')
        self.mapping = self.folder / f"{name}.toml"
        self.mapping.write_text(text)
        self.send(date(2026, 11, 1))
        self.first = context.directory.people.by_sign_in_address(f"{name}1@rivers.example")

    def send(self, day: date, without: int = 0, **first: str) -> None:
        rows = people_of(self.name, 3)
        rows[0] |= first
        file = write_file(self.folder, rows[without:], day, self.name)
        assert runs.apply_run(self.context, self.mapping, file).exit_code == 0


def by_feed(context: SyncContext, name: str, **told: str) -> tuple[Person, Callable[[], object]]:
    feed = Feed(context, name)
    assert feed.first
    return feed.first, lambda: feed.send(YESTERDAY, **told)


def by_absence(context: SyncContext) -> tuple[Person, Callable[[], object]]:
    feed = Feed(context, "awayleaver")
    assert feed.first

    def misses() -> None:
        for day in (date(2026, 11, 8), YESTERDAY):
            feed.send(day, without=1)

    return feed.first, misses


def by_date(context: SyncContext, person: Person) -> tuple[Person, Callable[[], object]]:
    post = Post(id=f"p-{person.uid}", title="Adviser", organisation_id=person.organisation_id)
    held = Tenure(id=f"t-{person.uid}", post_id=post.id, holder=person.uid, last_day=YESTERDAY)
    leaving = replace(person, status=LEAVING)
    context.directory.write([Add(post), Add(held), Update(person, leaving)])
    return leaving, lambda: turn_days(context.directory, context.store, context.clock, "worker")


def by_hand(context: SyncContext, person: Person, state: str) -> tuple[Person, Callable[[], object]]:
    def acts() -> None:
        if state == HELD:
            context.directory.write([Update(person, replace(person, status=HELD))])
            return
        dead = state == DECEASED
        deceased, leave = hand_acts.plan_deceased, hand_acts.plan_leave
        act = deceased(context, person) if dead else leave(context, person, YESTERDAY)
        hand_acts.carry_out(context, act, "told by HR")

    return person, acts


def test_whoever_is_hidden_has_no_access_whichever_way_it_came(
    context: SyncContext, portal: Portal, slapd: Slapd, clock: SettableClock
) -> None:
    ways = {
        "last day in a feed": (LEFT, *by_feed(context, "datedleaver", To="22/11/2026")),
        "death in a feed": (DECEASED, *by_feed(context, "deadleaver", **DIED)),
        "twice absent": (LEFT, *by_absence(context)),
        "first and last days": (LEFT, *by_date(context, portal.person())),
        **{
            f"by hand: {each}": (each, *by_hand(context, portal.person(), each))
            for each in (LEFT, HELD, DECEASED)
        },
    }
    undated = portal.person(status=LEFT)  # as earlier versions' undo left somebody
    open_ = {}
    for way, (_, person, _act) in ways.items():
        device = portal.services.directory.credentials.issue(
            person.uid, "Laptop", clock() + timedelta(days=9)
        )
        open_[way] = portal.browser(person), device
        assert open_[way][0].get("/search?q=a").status_code == 200, way
        assert bind_code(slapd, device) == 0, way
    for way, (state, person, act) in ways.items():
        act()
        assert context.directory.people.get(person.uid).status == state, way
        assert bind_code(slapd, open_[way][1]) == INVALID_CREDENTIALS, f"{way}: at once"
    assert context.directory.people.get(undated.uid).status_since == date(2026, 11, 23)
    clock.advance(seconds=61)
    for way, (browser, _) in open_.items():
        assert browser.get("/search?q=a").status_code == 303, f"{way}: within a minute"
