"""Who takes the directory away is slowed and told to the desk once; who works hard is not."""

import random
from collections.abc import Iterator

import pytest
from redis import Redis as RedisClient

from app.harvest import Shown, Tallies
from app.settings import PortalSettings
from dev.servers import Redis, Slapd
from store import waiting
from store.database import Store
from tests.conftest import SettableClock
from tests.portal_kit import Portal, close, make_portal

SECRET = b"s" * 32
EVERYBODY = [f"p{number}" for number in range(1500)]


@pytest.fixture
def portal(slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock) -> Iterator[Portal]:
    made = make_portal(slapd, redis_server, store, clock, harvest_opened_per_hour=3, harvest_listed_per_day=4)
    yield made
    close(made)


@pytest.fixture
def redis(redis_server: Redis) -> Iterator[RedisClient]:
    opened = RedisClient.from_url(redis_server.url)
    yield opened
    opened.close()


def on_desk(portal: Portal) -> list[str]:
    with portal.services.store.reading() as tx:
        return [item.summary for item in waiting.open_items(tx, waiting.HARVEST)]


@pytest.fixture
def usual(slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock) -> Iterator[Portal]:
    """A portal with the limits that one has without settings."""
    made = make_portal(slapd, redis_server, store, clock)
    yield made
    close(made)


def test_walking_the_alphabet_is_slowed_and_raised_once_a_day(usual: Portal) -> None:
    portal, viewer = usual, usual.person()
    for letter in "bcdefghijklmn":
        portal.person(family_name=f"{letter}ork", full_name=f"Ada {letter}ork")
    client, other = portal.browser(viewer), portal.browser(portal.person())
    statuses = [client.get("/search", query_string={"q": letter}).status_code for letter in "abcdefghijklmn"]
    first = statuses.index(429)
    assert set(statuses[:first]) == {200}
    assert first <= 12, "ten, and the one that used the pause up"
    refused = client.get("/search?q=zz")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "10"
    assert "One page at a time" in refused.text
    assert client.get("/search?q=zz", headers={"Accept": "application/json"}).get_json()["error"]
    for page in ("/", "/saved", "/help"):
        assert client.get(page).status_code == 200, "pages about nobody open as ever"
    assert other.get("/search?q=zzq").status_code == 200
    [summary] = on_desk(portal)
    assert viewer.full_name in summary
    assert "10 beginnings of a letter or two in the order of the alphabet" in summary


def test_profiles_and_cards_are_counted_as_people_and_not_as_pages(portal: Portal) -> None:
    people = [portal.person() for _ in range(4)]
    viewer = portal.person()
    client = portal.browser(viewer)
    for _ in range(3):
        for one in people[:3]:
            assert client.get(f"/people/{one.uid}").status_code == 200
            assert client.get(f"/people/{one.uid}.vcf").status_code == 200
        assert client.get(f"/people/{viewer.uid}").status_code == 200
    assert on_desk(portal) == []
    assert client.get(f"/people/{people[3].uid}").status_code == 200
    assert len(on_desk(portal)) == 1
    assert [client.get(f"/people/{people[0].uid}.vcf").status_code for _ in range(2)] == [200, 429]


def test_people_in_lists_are_counted_each_once_and_the_desk_is_told_once_a_day(
    portal: Portal, redis: RedisClient
) -> None:
    viewer, *people = (portal.person() for _ in range(4))
    client = portal.browser(viewer)

    def look(**asked: str) -> None:
        assert client.get("/search", query_string=asked).status_code == 200
        for key in redis.keys("harvest:*:pace"):
            redis.delete(key)

    for _ in range(3):
        look(organisation=portal.organisation.id)
    people += [portal.person() for _ in range(3)]
    for one in people:
        look(q=one.family_name)
        assert client.get("/suggestions", query_string={"q": one.family_name[:9]}).status_code == 200
    assert on_desk(portal) == [], "who is looked for by name is not counted"
    for _ in range(2):
        look(organisation=portal.organisation.id)
    assert len(on_desk(portal)) == 1
    for key in redis.keys("harvest:*"):
        assert viewer.uid.encode() not in key
        assert 0 < redis.ttl(key) <= 24 * 3600, key


def test_a_private_office_that_prepares_a_dinner_for_sixty_is_left_alone(
    redis: RedisClient, clock: SettableClock
) -> None:
    """One morning: lists of four sectors, sixty names with what each search shows beside them, most twice,
    ninety profiles, a card of each guest. The control: all pages of everybody.
    """
    tallies, chance = Tallies(redis, SECRET, PortalSettings()), random.Random(60)  # noqa: S311 - for repeating
    guests = chance.sample(EVERYBODY, 60)
    said = []
    for sector in range(4):
        for page in range(1, 6):
            some = EVERYBODY[sector * 200 + page * 20 : sector * 200 + page * 20 + 20]
            turned = f"/search?sector={sector}&page={page}" if page > 1 else ""
            said.append(tallies.count("office", Shown(listed=set(some), turned=turned), clock()))
    for number, guest in enumerate(guests):
        clock.advance(minutes=2)
        for _ in range(2):
            namesakes = chance.sample(EVERYBODY, 7)
            said.append(tallies.count("office", Shown(listed={guest, *namesakes}), clock()))
        opened = {guest, *chance.sample(EVERYBODY, number % 2)}
        said.append(tallies.count("office", Shown(opened=opened, short="ng" if number < 5 else ""), clock()))
    assert set(said) == {""}
    assert tallies.may_go_on("office")
    assert tallies.may_go_on("office")
    told = [
        tallies.count(
            "thief", Shown(listed=set(EVERYBODY[at : at + 20]), turned=f"/search?page={at}"), clock()
        )
        for at in range(0, 1500, 20)
    ]
    assert "was shown more than 1,000 different people in a day" in told
    assert [tallies.may_go_on("thief"), tallies.may_go_on("thief")] == [True, False]
