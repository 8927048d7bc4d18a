"""The gateway on a real server: records come back as they went in, writes are all or nothing, outages end."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.servers import Slapd
from ldap_schema.changes import Add, Change, Remove, Update
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import (
    AccountRefused,
    AlreadyThere,
    BadValue,
    DirectoryRefused,
    DirectoryUnavailable,
    Moved,
    NotFound,
)
from ldap_schema.feeds import FeedPart
from ldap_schema.groups import AUDITORS
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from tests.conftest import SettableClock


@contextmanager
def opened(slapd: Slapd, service: Service, **changed: object) -> Iterator[Directory]:
    directory = Directory.open(replace(slapd.settings(), **changed), service)
    try:
        yield directory
    finally:
        directory.close()


@pytest.fixture
def sync(slapd: Slapd) -> Iterator[Directory]:
    with opened(slapd, Service.SYNC) as directory:
        yield directory


@pytest.fixture
def portal(slapd: Slapd) -> Iterator[Directory]:
    with opened(slapd, Service.PORTAL) as directory:
        yield directory


def leader(uid: str, **more: object) -> Person:
    return Person(**{"uid": uid, "full_name": f"Ada {uid}", "family_name": uid, **more})  # type: ignore[arg-type]


# fmt: off
FULL = {
    "person": Person(
        uid="g-full", full_name="Zoë Ångström-O'Neil", family_name="Ångström-O'Neil", given_name="Zoë",
        display_name="Dame Zoë Ångström-O'Neil DBE", honorific="Dame", honours="DBE",
        title="Chief (acting), *north*",
        organisation_name="Department", organisation_id="g-org", sector="Police", region="Alba/Scotland",
        mail=("a@x.example", "b@x.example"), telephone=("+44 (0)20 7946 0000 ext. 12",),
        mobile=("+44 7700 900000",),
        show=("mail:leaders", "mobile:sector"), status="leaving", kind="leader",
        sign_in_address="zoe@x.example",
        federated_ids=("rivers|subject-id|Ab=*)(",), feed="f", feed_part="p", feed_key="k,1+2=\\3",
    ),
    "organisation": Organisation(
        id="g-org", name="Département des Eaux", former_names=("Water Office",), acronyms=("DdE",),
        codes=("demo:eaux", "x:1"), sector="Civil service", region="Wales", domains=("eaux.example",),
        duty_line="+44 20 7946 0999", parent_id="g-parent",
    ),
    "post": Post(id="g-post", title="Chief", organisation_id="g-org", role="chief", region="Wales", feed="f",
                 feed_part="p", feed_key="k"),
    "tenure": Tenure(id="g-tenure", post_id="g-post", holder="g-full", kind="job share",
    first_day=date(2026, 2, 28),
                     last_day=date(2028, 2, 29), feed="f", feed_part="p", feed_key="k", digest="d"),
    "office": Office(id="g-office", name="Private office", serves=("g-full",), mail=("office@x.example",),
                     telephone=("+44 20 7946 0001",), assistant="Bo", feed="f", feed_part="p", feed_key="k"),
    "part": FeedPart(feed="g-feed", part="p", as_of=date(2026, 11, 1), file_digest="a", mapping_digest="b",
    rows=7,
                     run="r", applied_at=datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC), hold_run="h",
                     hold_reason="two\nlines", hold_at=datetime(2026, 11, 2, tzinfo=UTC),
                     approved_by="g-full",
                     approved_until=datetime(2026, 11, 3, tzinfo=UTC)),
}
# fmt: on


def test_every_field_of_every_record_comes_back_as_it_went_in_and_goes_when_emptied(sync: Directory) -> None:
    sync.feeds.ensure("g-feed")
    sync.feeds.ensure("g-feed")
    sync.write([Add(FULL[kind]) for kind in ("organisation", "person", "post", "tenure", "office", "part")])

    assert sync.people.get("g-full") == FULL["person"]
    assert sync.organisations.get("g-org") == FULL["organisation"]
    assert sync.posts.get("g-post") == FULL["post"]
    assert sync.posts.tenures("g-post") == [FULL["tenure"]]
    assert sync.offices.serving("g-full") == [FULL["office"]]
    assert sync.feeds.part("g-feed", "p") == FULL["part"]

    bare = Person(uid="g-full", full_name="Zoë", family_name="Ångström", kind="")
    sync.write([Update(FULL["person"], bare), Update(FULL["part"], FeedPart(feed="g-feed", part="p"))])
    assert sync.people.get("g-full") == bare
    assert sync.feeds.part("g-feed", "p") == FeedPart(feed="g-feed", part="p")
    sync.write([Remove(FULL[kind]) for kind in ("tenure", "post", "office", "organisation", "person")])
    with pytest.raises(NotFound):
        sync.people.get("g-full")


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Add(leader("t-first")), AlreadyThere),
        (Add(leader("t-new", sign_in_address="T-FIRST@x.example")), AlreadyThere),
        (Update(leader("t-first", title="Wrong"), leader("t-first", title="x")), Moved),
        (Update(leader("t-gone", title="a"), leader("t-gone", title="b")), NotFound),
        (Remove(leader("t-gone")), NotFound),
        (Add(leader("t-new", title="a\nb")), BadValue),
        (Add(leader("t-new", mail=("é@x.example",))), BadValue),
        (Add(leader("t-new", status="odd")), BadValue),
        (Add(leader("t,new")), BadValue),
    ],
)  # fmt: skip
def test_one_change_that_fails_leaves_nothing_of_the_others(
    fresh_slapd: Slapd, bad: Change, error: type
) -> None:
    with opened(fresh_slapd, Service.SYNC) as sync:
        first = leader("t-first", sign_in_address="t-first@x.example", title="Right")
        post, tenure = (
            Post(id="t-post", title="P", organisation_id="o"),
            Tenure(id="t", post_id="t-post", holder="h"),
        )
        sync.write([Add(first), Add(post), Add(tenure)])
        before = sync.context_csn()
        good = [Add(leader("t-a")), Update(first, replace(first, region="Wales"))]
        with pytest.raises(error) as raised:
            sync.write([*good, bad, Add(leader("t-b"))])
        assert type(raised.value) is error
        assert sync.people.get("t-first") == first
        assert sync.people.by_uids(["t-a", "t-b"]) == {}
        sync.write(good)  # the connection's neighbours are fine, and the good ones do apply by themselves
        assert sync.context_csn() > before


def test_attributes_that_only_a_failed_transaction_used_can_be_used_and_read_after(
    fresh_slapd: Slapd,
) -> None:
    kinds = ("organisation", "person", "post", "tenure", "office")
    records = [Add(FULL[kind]) for kind in kinds]
    with opened(fresh_slapd, Service.SYNC) as sync:
        sync.feeds.ensure("g-feed")
        with pytest.raises(NotFound):
            sync.write([*records, Add(FULL["part"]), Remove(leader("none"))])
        sync.write([*records, Add(FULL["part"])])
        fresh_slapd.restart()
        assert sync.people.get("g-full") == FULL["person"]
        assert sync.posts.tenures("g-post") == [FULL["tenure"]]
        assert sync.feeds.parts() == [FULL["part"]]


def test_an_update_that_changes_nothing_writes_nothing(sync: Directory) -> None:
    person = leader("n-same")
    sync.write([Add(person)])
    before = sync.context_csn()
    sync.write([Update(person, replace(person))])
    assert sync.context_csn() == before
    sync.write([Update(person, replace(person, title="New"))])
    assert sync.context_csn() > before


def test_lists_of_people_have_what_lists_show_as_it_is_now(sync: Directory) -> None:
    person = leader("li-a", title="Director", mail=("li@a.example",), mail_source=("of=mail;by=hand",))
    sync.write([Add(person)])
    assert sync.people.by_uids(["li-a"]) == {"li-a": person}
    shown = replace(person, kind="", mail=(), mail_source=())
    assert sync.people.listed(["li-a", "li-nobody"]) == {"li-a": shown}
    assert sync.people.listed(["li-a"])["li-a"] is sync.people.listed(["li-a"])["li-a"], "read once"
    sync.write([Update(person, replace(person, title="Warden"))])
    assert sync.people.listed(["li-a"]) == {"li-a": replace(shown, title="Warden")}


def test_too_many_changes_for_one_transaction_are_refused_before_anything_is_sent(sync: Directory) -> None:
    with pytest.raises(BadValue):
        sync.write([Add(leader(f"m-{number}")) for number in range(10_001)])
    assert sync.people.by_uids(["m-0"]) == {}


def test_a_whole_directory_is_written_in_one_transaction(fresh_slapd: Slapd) -> None:
    with opened(fresh_slapd, Service.SYNC) as sync:
        sync.write([Add(leader(f"l-{number}", feed="f", feed_part="all")) for number in range(1500)])
        assert len(sync.people.all_of_feed("f")) == 1500
        assert len(sync.people.by_uids(f"l-{number}" for number in range(250))) == 250
    with opened(fresh_slapd, Service.PORTAL) as portal:
        assert portal.people.count_active() == 1500


def test_people_are_found_by_words_in_any_field_and_by_their_organisations_acronym(
    sync: Directory, portal: Directory
) -> None:
    sync.write([
        Add(Organisation(id="s-org", name="Office for Zymurgy", acronyms=("OZYM",))),
        Add(leader("s-1", full_name="Ada Quillfeather", title="Chief brewer", organisation_id="s-org",
        sector="Police")),
        Add(leader("s-2", full_name="Bo Quillfeather", title="Deputy", region="Wales", sector="Housing")),
        Add(leader("s-3", full_name="Cy Quillfeather", status="left")),
    ])  # fmt: skip
    people = portal.as_viewer("s-1").people

    def found(*words: str, **filters: str) -> set[str]:
        return {person.uid for person in people.search(words, filters, 50)}

    assert found("quillf") == {"s-1", "s-2"}
    assert found("QUILLFEATHER", "brewer") == {"s-1"}
    assert found("feather", "bo") == {"s-2"}
    assert found("quillfeather", "ozym") == {"s-1"}
    assert found("quillfeather", sector="housing") == {"s-2"}
    assert found("quillfeather", region="Wales", sector="Police") == set()
    assert found(organisation_id="s-org") == {"s-1"}
    assert found("*") == found("(cn=*)") == found(")(uid=*") == set()
    assert found() == found(" ") == set()
    assert len(people.search(["quillfeather"], {}, 1)) == 1
    with pytest.raises(BadValue):
        found("quillfeather", nlcStatus="left")


def test_an_address_finds_who_signs_in_with_it_and_who_publishes_it(
    sync: Directory, portal: Directory
) -> None:
    shared = ("desk@x.example",)
    sync.write([
        Add(leader("a-1", mail=shared, sign_in_address="one@x.example")),
        Add(leader("a-2", mail=("DESK@x.example",), sign_in_address="two@x.example")),
    ])  # fmt: skip
    found = sync.people.by_mail_or_sign_in(["Desk@X.example", "two@x.example", "none@x.example"])
    uids = {address: sorted(person.uid for person in people) for address, people in found.items()}
    assert uids == {"desk@x.example": ["a-1", "a-2"], "two@x.example": ["a-2"]}
    signs_in = portal.people.by_sign_in_address("ONE@x.example")
    assert signs_in is not None
    assert signs_in.uid == "a-1"
    assert portal.people.by_sign_in_address("desk@x.example") is None


def test_a_federated_id_is_linked_once_and_to_one_person(sync: Directory, portal: Directory) -> None:
    sync.write([Add(leader("f-1")), Add(leader("f-2"))])
    first, second = portal.people.get("f-1"), portal.people.get("f-2")
    linked = replace(first, federated_ids=("rivers|subject-id|Qx",))
    portal.write([Update(first, linked)])
    person = portal.people.by_federated_id("rivers|subject-id|Qx")
    assert person is not None
    assert (person.uid, person.federated_ids) == ("f-1", ("rivers|subject-id|Qx",))
    assert portal.people.by_federated_id("rivers|subject-id|qx") is None
    with pytest.raises(AlreadyThere):
        portal.write([Update(second, replace(second, federated_ids=("rivers|subject-id|Qx",)))])
    with pytest.raises(Moved):  # of two first links at once, one wins
        portal.write([Update(first, replace(first, federated_ids=("rivers|subject-id|other",)))])


def test_posts_organisations_and_offices_are_found_from_each_other(
    sync: Directory, portal: Directory
) -> None:
    organisation = Organisation(
        id="p-org", name="Ministry of Pins", former_names=("Pin Office",), codes=("demo:pins",)
    )
    sync.write([
        Add(organisation), Add(leader("p-1", organisation_id="p-org")),
        Add(Post(id="p-b", title="B", organisation_id="p-org", feed="pf", feed_part="x")),
        Add(Post(id="p-a", title="A", organisation_id="p-org", feed="pf", feed_part="y")),
        Add(Tenure(id="p-t", post_id="p-b", holder="p-1", feed="pf", feed_part="x")),
    ])  # fmt: skip
    viewer = portal.as_viewer("p-1")
    for reference in ("p-org", "DEMO:pins", "ministry of PINS", "pin office"):
        assert viewer.organisations.find(reference).id == "p-org"
    with pytest.raises(NotFound):
        viewer.organisations.find("no such thing")
    assert [(post.id, [t.id for t in tenures]) for post,
    tenures in viewer.posts.of_organisation("p-org")] == [
        ("p-a", []), ("p-b", ["p-t"]),
    ]  # fmt: skip
    assert [(post.id, tenure.id) for post, tenure in viewer.posts.held_by("p-1")] == [("p-b", "p-t")]
    assert {post.id for post in sync.posts.all_of_feed("pf")} == {"p-a", "p-b"}
    assert [tenure.id for tenure in sync.posts.tenures_of_feed("pf", "x")] == ["p-t"]
    assert sync.posts.tenures_of_feed("pf", "y") == []


def test_credentials_are_listed_and_revoked_by_their_owner_and_expire(
    slapd: Slapd, clock: SettableClock
) -> None:
    with opened(slapd, Service.SYNC) as sync:
        sync.write([Add(leader("c-1")), Add(leader("c-2"))])
    portal = Directory.open(slapd.settings(), Service.PORTAL)
    with closing(portal):
        issued = portal.credentials.issue("c-1", "Thunderbird at home", clock(), days=30)
        portal.credentials.issue("c-1", "Phone", clock())
        assert [each.label for each in portal.credentials.of("c-1")] == ["Thunderbird at home", "Phone"]
        assert issued.credential.expires == clock() + timedelta(days=30)
        assert portal.credentials.of("c-2") == []
        with pytest.raises(NotFound):
            portal.credentials.revoke(issued.credential.id, "c-2")
        portal.credentials.revoke(issued.credential.id, "c-1")
        assert portal.credentials.purge("c-1") == 1
        assert portal.credentials.purge("c-1") == 0


def test_roles_are_granted_and_revoked_by_the_command_line_and_not_by_the_portal(
    sync: Directory, portal: Directory
) -> None:
    sync.write([Add(leader("r-1"))])
    sync.groups.grant(AUDITORS, "r-1")
    sync.groups.grant(AUDITORS, "r-1")
    assert sync.groups.members(AUDITORS) == {"r-1"}
    assert portal.groups.roles_of("r-1") == {AUDITORS}
    with pytest.raises(DirectoryRefused):
        portal.groups.grant(AUDITORS, "r-1")
    sync.groups.revoke(AUDITORS, "r-1")
    sync.groups.revoke(AUDITORS, "r-1")
    assert portal.groups.roles_of("r-1") == set()
    with pytest.raises(NotFound):
        sync.groups.grant("no-such-role", "r-1")


def test_an_outage_is_said_and_ends_by_itself(fresh_slapd: Slapd) -> None:
    with opened(fresh_slapd, Service.PORTAL) as portal, opened(fresh_slapd, Service.SYNC) as sync:
        sync.write([Add(leader("u-1"))])
        portal.probe()
        fresh_slapd.kill()
        for call in (portal.probe, portal.people.count_active, lambda: sync.write([Add(leader("u-2"))])):
            with pytest.raises(DirectoryUnavailable):
                call()
        fresh_slapd.restart()
        assert portal.people.count_active() == 1
        sync.write([Add(leader("u-2"))])
        fresh_slapd.restart()  # the kept connections are dead now, and nobody has noticed yet
        assert portal.people.count_active() == 2
        fresh_slapd.restart()
        sync.write([Add(leader("u-3"))])
        assert portal.people.count_active() == 3


def test_a_server_with_a_certificate_of_another_authority_is_not_spoken_to(
    slapd: Slapd, fresh_slapd: Slapd
) -> None:
    for uri in (slapd.uri, slapd.ldaps_uri):
        with opened(slapd, Service.PORTAL, uri=uri) as good:
            good.probe()
        with (
            opened(slapd, Service.PORTAL, uri=uri, ca_file=fresh_slapd.ca_file) as wrong,
            pytest.raises(DirectoryUnavailable, match="certificate"),
        ):
            wrong.probe()


def test_a_wrong_missing_or_empty_password_is_a_clear_refusal(slapd: Slapd, tmp_path: Path) -> None:
    file = tmp_path / "password"
    for content, match in (
        (None, "can't be read"),
        ("", "is empty"),
        ("wrong", "password of the account is wrong"),
    ):
        if content is not None:
            file.write_text(content)
        with (
            opened(slapd, Service.PORTAL, portal_password_file=file) as directory,
            pytest.raises(AccountRefused, match=match),
        ):
            directory.probe()


def test_many_threads_share_few_connections_and_each_sees_its_own_viewers_answer(
    sync: Directory, slapd: Slapd
) -> None:
    everybody = [leader(f"th-{number}", mobile=(f"+44 7700 9{number:05}",)) for number in range(8)]
    sync.write([Add(person) for person in everybody])
    wrong: list[str] = []

    def look(portal: Directory, uid: str) -> None:
        for _ in range(20):
            seen = portal.as_viewer(uid).people.by_uids(person.uid for person in everybody)
            if {other for other, person in seen.items() if person.mobile} != {uid}:
                wrong.append(uid)

    with opened(slapd, Service.PORTAL, pool_size=2) as portal:
        threads = [threading.Thread(target=look, args=(portal, person.uid)) for person in everybody]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


@pytest.mark.parametrize("kind", ["tenure", "post", "office", "organisation", "person"])
def test_the_last_record_of_a_kind_can_be_removed_together_with_something_else(
    fresh_slapd: Slapd, kind: str
) -> None:
    with opened(fresh_slapd, Service.SYNC) as sync:
        sync.write([Add(FULL[kind])])
        sync.write([Remove(FULL[kind]), Add(leader("after"))])
        sync.write([Add(FULL[kind])])
        assert sync.people.get("after")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60))
def test_a_hostile_value_finds_itself_or_is_refused_and_never_finds_another(
    sync: Directory, value: str
) -> None:
    person = leader("h-value", title=value, feed_key=value)
    with suppress(NotFound):
        sync.write([Remove(person)])
    sync.organisations.by_name(value)  # no entry, no error
    try:
        sync.write([Add(person)])
    except BadValue:
        return
    assert sync.people.get("h-value").title == value
    found = sync.people.by_uids(["h-value", value]) if value.isascii() and value.isalnum() else {}
    assert set(found) <= {"h-value"}
    others = [person for person in sync.people.search([value], {}, 50) if person.uid != "h-value"]
    # Other tests' people may hold the very letters, and one or two letters are in many words.
    assert all(value.casefold() in repr(person).casefold() for person in others) or len(value) < 3
