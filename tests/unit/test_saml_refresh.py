"""Metadata that is read again: good changes are taken over, doubtful ones wait, the last good stays."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from saml.ends import warnings
from saml.errors import ProviderRefused
from saml.notices import Correspondence
from saml.provider import Provider
from saml.refresh import FAILED, HELD_BACK, NOT_READ, RENEWED, UNCHANGED, Refresher
from saml.registry import Registry
from saml.renewal import UNDATED_DAYS
from store import ledger, waiting
from store.database import Store
from store.models import OutboxMail
from store.providers import metadata_versions
from tests.conftest import SettableClock
from tests.metadata_kit import FEDERATION, MD, described, signed
from tests.saml_kit import key_pair, registered
from tests.unit.test_saml_registry import Organisations
from tests.web_server import WebServer, web_server

TOML = """
id = "rivers"
name = "Department for Rivers and Coasts"
metadata = "{address}/rivers"
metadata_tls_authority = "{authority}"
organisations = ["demo:rivers"]
domains = ["rivers-and-coasts.example"]
contact = "the IT desk"
alert_mail = ["it@rivers-and-coasts.example"]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with web_server(tmp_path_factory.mktemp("web")) as made:
        yield made


class World:
    """One registered provider whose metadata is at an address."""

    def __init__(self, folder: Path, store: Store, server: WebServer, clock: SettableClock) -> None:
        self.folder, self.store, self.server, self.clock = folder, store, server, clock
        self.registry = Registry(store)
        self.refresher = Refresher(
            store, clock, Correspondence(manager_mail="desk@leadership.example", address="https://c.example")
        )

    def publish(self, document: bytes | etree._Element) -> None:
        data = document if isinstance(document, bytes) else etree.tostring(document)
        self.server.pages["/rivers"] = data

    def register(self, more: str = "") -> Provider:
        file = self.folder / "rivers.toml"
        authority = str(self.server.certificate.ca_file)
        file.write_text(TOML.format(address=self.server.address, authority=authority) + more)
        return self.registry.add_from_toml(file, Organisations(), self.clock())

    @property
    def provider(self) -> Provider:
        found = self.registry.get("rivers")
        assert found is not None
        return found

    def desk(self) -> list[str]:
        with self.store.reading() as tx:
            return [f"{item.kind}: {item.summary}" for item in waiting.open_items(tx)]

    def mails(self) -> list[tuple[str, str]]:
        with self.store.reading() as tx:
            return [(row.recipient, row.subject) for row in tx.query(OutboxMail).order_by(OutboxMail.id)]

    def history(self) -> list[str]:
        with self.store.reading() as tx:
            return [version.state for version in metadata_versions(tx, "rivers")]


@pytest.fixture
def world(tmp_path: Path, store: Store, server: WebServer, clock: SettableClock) -> World:
    made = World(tmp_path, store, server, clock)
    made.publish(described())
    return made


def two_keys() -> etree._Element:
    root = described()
    extra = next(described(key="next").iter(f"{MD}KeyDescriptor"))
    root[0].insert(2, extra)  # after the first, which follows the Extensions
    return root


OLD, NEW = key_pair("rivers")[1], key_pair("next")[1]


def test_nothing_new_is_noted_and_keeps_what_is_believed_believed(world: World) -> None:
    world.register()
    world.clock.advance(days=20)

    assert world.refresher.refresh("rivers").result == UNCHANGED
    assert world.provider.believed_until == world.clock() + timedelta(days=UNDATED_DAYS)
    assert (world.desk(), world.mails(), world.history()) == ([], [], ["applied"])


def test_a_new_key_from_a_pinned_address_is_believed_recorded_and_told(world: World) -> None:
    world.register()
    world.publish(two_keys())

    assert world.refresher.refresh("rivers").result == RENEWED
    assert world.provider.certificates == (OLD, NEW)
    assert world.history() == ["applied", "applied"]
    assert "new signing certificate" in world.desk()[0]
    told = ["it@rivers-and-coasts.example", "desk@leadership.example"]
    assert [to for to, _ in world.mails()] == told
    with world.store.reading() as tx:
        assert "keys changed" in ledger.latest(tx, 1)[0].event


def test_a_new_key_that_only_a_web_server_vouches_for_waits_for_a_person(world: World) -> None:
    world.register('new_keys = "hold"')
    world.publish(two_keys())

    for _ in range(3):
        assert world.refresher.refresh("rivers").result == HELD_BACK
    assert world.provider.certificates == (OLD,)
    assert world.history() == ["applied", "held"]
    assert len(world.mails()) == 2  # each of two people once
    assert "--accept" in world.desk()[0]
    world.clock.advance(days=20)
    world.refresher.refresh("rivers")
    assert world.provider.believed_until == world.clock() + timedelta(days=UNDATED_DAYS)

    assert world.refresher.refresh("rivers", accept=True).result == RENEWED
    assert world.provider.certificates == (OLD, NEW)
    assert not [matter for matter in world.desk() if "not believed yet" in matter]


def test_a_held_change_that_drops_our_key_keeps_it_only_until_its_end(world: World) -> None:
    world.register('new_keys = "hold"')
    until = world.provider.believed_until
    world.publish(described(key="next"))
    world.clock.advance(days=5)

    assert world.refresher.refresh("rivers").result == HELD_BACK
    assert (world.provider.certificates, world.provider.believed_until) == ((OLD,), until)


def test_people_are_not_sent_to_another_host_unasked(world: World) -> None:
    world.register('new_keys = "hold"')
    moved = described()
    next(moved.iter(f"{MD}SingleSignOnService")).set("Location", "https://elsewhere.example/sso")
    world.publish(moved)

    assert world.refresher.refresh("rivers").result == HELD_BACK
    assert "elsewhere.example" in world.desk()[0]
    assert "127.0.0.1" in world.provider.sso_url


def broken() -> dict[str, bytes | etree._Element]:
    other = described("northmere")
    ended = described()
    ended.set("validUntil", "2026-11-22T00:00:00Z")
    weak = described()
    next(weak.iter("{*}X509Certificate")).text = "rubbish"
    return {
        "gone": b"",
        "cut short": etree.tostring(described())[:500],
        "a bomb": b'<!DOCTYPE a [<!ENTITY b "c">]><a/>',
        "of another entity": other,
        "ended": ended,
        "without a usable key": weak,
        "huge": b"<a>" + b"x" * 2**21 + b"</a>",
    }


@pytest.mark.parametrize("what", broken(), ids=str)
def test_a_broken_source_leaves_the_last_good_in_force_and_says_so_once(world: World, what: str) -> None:
    world.register()
    before = world.provider
    world.publish(broken()[what])

    for _ in range(3):
        assert world.refresher.refresh("rivers").result == FAILED
    assert world.provider == before
    assert len(world.desk()) == 1
    assert len(world.mails()) == 2
    watched = world.registry.watched()["rivers"]
    assert (watched.failures, watched.good) == (3, world.clock())
    assert watched.due > world.clock()

    world.publish(described())
    assert world.refresher.refresh("rivers").result == UNCHANGED
    assert world.desk() == []
    assert world.registry.watched()["rivers"].problem == ""


def test_signed_metadata_is_renewed_only_as_its_publisher_signs_it(world: World) -> None:
    (world.folder / "federation.pem").write_text(FEDERATION)
    world.publish(signed(described(until=world.clock() + timedelta(days=14))))
    world.register('metadata_certificate = "federation.pem"\n')

    world.publish(signed(two_keys(), key="forger"))
    assert world.refresher.refresh("rivers").result == FAILED
    world.publish(signed(two_keys()))
    assert world.refresher.refresh("rivers").result == RENEWED
    assert world.provider.certificates == (OLD, NEW)


def test_only_what_is_due_is_read_and_by_one_worker(world: World) -> None:
    world.register()
    assert world.refresher.run_due() == {}
    world.clock.advance(hours=7)

    assert set(world.refresher.run_due()) == {"rivers"}
    assert world.refresher.run_due() == {}


def test_a_cache_duration_is_followed_between_an_hour_and_a_day(world: World) -> None:
    for text, hours in (("PT5S", 1), ("PT2H", 2), ("P30D", 24), ("soon", 6)):
        root = described()
        root.set("cacheDuration", text)
        world.publish(root)
        world.register()
        assert world.registry.watched()["rivers"].due - world.clock() == timedelta(hours=hours)


def test_metadata_from_a_file_is_left_to_its_operator(world: World) -> None:
    (world.folder / "rivers.xml").write_bytes(etree.tostring(described()))
    file = world.folder / "rivers.toml"
    text = TOML.format(address="", authority=str(world.server.certificate.ca_file))
    file.write_text(text.replace('"/rivers"', '"rivers.xml"'))
    world.registry.add_from_toml(file, Organisations(), world.clock())

    assert world.refresher.refresh("rivers").result == NOT_READ
    assert world.provider.believed_until is None


def test_pasted_metadata_takes_the_place_of_what_the_file_names(world: World) -> None:
    file = world.folder / "rivers.toml"
    file.write_text(TOML.format(address="https://nowhere.example", authority=""))
    file.write_text(file.read_text().replace('metadata_tls_authority = ""\n', ""))

    found = world.registry.add_from_toml(
        file, Organisations(), world.clock(), pasted=etree.tostring(two_keys())
    )

    assert (found.certificates, found.source.kind) == ((OLD, NEW), "paste")


def test_each_end_is_warned_of_at_60_30_7_and_1_days_and_once(world: World) -> None:
    world.register()
    end = world.clock() + timedelta(days=100)
    until = replace(registered(), certificates=(), believed_until=end)
    told: dict[str, str] = {}
    days = []
    for day in range(110):
        now = world.clock() + timedelta(days=day)
        for warning in warnings(until, world.clock(), told, now):
            days.append((day, warning.days))
            told |= dict.fromkeys(warning.marks, "")

    assert days == [(40, 60), (70, 30), (93, 7), (99, 1)]


def test_metadata_made_anew_for_a_fortnight_is_no_news_until_it_grows_old(world: World) -> None:
    start = world.clock()
    until = replace(registered(), certificates=(), believed_until=start + timedelta(days=14))

    assert warnings(until, start, {}, start) == []
    assert [w.days for w in warnings(until, start, {}, start + timedelta(days=8))] == [7]


def test_a_certificate_that_ends_is_told_to_people_and_the_desk(world: World) -> None:
    world.register()
    world.clock.advance(days=3650 - 29)

    world.refresher.refresh("rivers")
    world.refresher.refresh("rivers")

    endings = [matter for matter in world.desk() if matter.startswith("sign-in ending")]
    assert len(endings) == 1
    assert "signing certificate" in endings[0]
    assert len([subject for _, subject in world.mails() if "ends in 2" in subject]) == 2


def test_renewing_by_hand_is_refused_for_another_entity(world: World) -> None:
    world.register()
    world.registry.set_state("rivers", "live")
    world.publish(described("northmere"))

    with pytest.raises(ProviderRefused, match="another entity ID"):
        world.register()
