"""People between two feeds: one entry, the same id, no gap, no duplicate, in whatever order files come."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from ldap_schema.organisations import Organisation
from ldap_schema.people import ACTIVE, HELD, LEFT, MISSING, VISIBLE, Person
from ldap_schema.posts import Tenure
from sync.answers import NEW
from sync.plan import Plan
from sync.standing import successor
from tests.sync_world import World, people, row

DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(20)]
KIND = '[post]\ntitle = "Title"\nkind = { column = "Phone", default = "substantive" }'


@pytest.fixture
def rivers(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.take(people(5), DAYS[0])
    world.owns("rivers.example")
    return world


@pytest.fixture
def coasts(rivers: World) -> World:
    other = rivers.beside("coasts")
    other.take([there(40)], DAYS[0])
    rivers.owns("rivers.example", "coasts.example")
    return other


def there(number: int, **values: str) -> dict[str, str]:
    """A row of the other department: its own key and post."""
    own = {"Staff_No": f"C{number}", "Post_Ref": f"CP{number}", "Organisation": "Coasts Agency"}
    return row(number, **{**own, **values})


def outcomes(plan: Plan) -> list[str]:
    return [each.outcome for each in plan.outcomes]


def without(number: int) -> list[dict[str, str]]:
    return [row(each) for each in range(1, 6) if each != number]


def only(world: World, name: str) -> Person:
    (found,) = [each for each in world.people() if each.full_name == name]
    return found


def test_seen_first_in_the_new_feed_with_the_same_address(rivers: World, coasts: World) -> None:
    uid = rivers.person("S2").uid
    plan = coasts.take([there(40), there(2)], DAYS[1])
    assert outcomes(plan) == ["unchanged", "updated"]
    assert (only(rivers, "Cleo Farthing").feed, only(rivers, "Cleo Farthing").title) == (
        "rivers",
        "Director 2",
    )
    rivers.take(without(2), DAYS[2])
    assert only(rivers, "Cleo Farthing").status == MISSING
    coasts.take([there(40), there(2)], DAYS[3])
    moved = only(rivers, "Cleo Farthing")
    assert (moved.uid, moved.feed, moved.organisation_name, moved.status) == (
        uid,
        "coasts",
        "Coasts Agency",
        ACTIVE,
    )
    rivers.take(without(2), DAYS[4])
    assert (only(rivers, "Cleo Farthing").uid, only(rivers, "Cleo Farthing").status) == (uid, ACTIVE)
    assert len(rivers.tenures(moved)) == 2


def test_the_new_feed_becomes_the_source_even_if_it_sends_nothing_more(rivers: World, coasts: World) -> None:
    uid = rivers.person("S2").uid
    coasts.take([there(40), there(2)], DAYS[1])
    for day in DAYS[2:4]:
        rivers.take(without(2), day)
    moved = only(rivers, "Cleo Farthing")
    assert (moved.uid, moved.feed, moved.status) == (uid, "coasts", ACTIVE)
    assert (moved.title, moved.organisation_name) == ("Director 2", "Coasts Agency")


@pytest.mark.parametrize("files", [1, 2])
def test_first_gone_from_the_old_feed_with_the_same_address(rivers: World, coasts: World, files: int) -> None:
    uid = rivers.person("S2").uid
    for day in DAYS[1 : 1 + files]:
        rivers.take(without(2), day)
    coasts.take([there(40), there(2)], DAYS[5])
    moved = only(rivers, "Cleo Farthing")
    assert (moved.uid, moved.status, moved.feed) == (uid, ACTIVE, "coasts")


@pytest.mark.parametrize("gone_first", [False, True])
def test_a_new_address_is_a_question_with_a_suggestion_and_leaves_no_gap(
    rivers: World, coasts: World, gone_first: bool
) -> None:
    uid = rivers.person("S2").uid
    moved = [there(40), there(2, Sign_in="cleo@coasts.example", Mail="cleo@coasts.example")]
    if gone_first:
        rivers.take(without(2), DAYS[1])
    plan = coasts.take(moved, DAYS[2])
    assert outcomes(plan) == ["unchanged", "question"]
    assert plan.lines[-1].likely[0][1] == "Cleo Farthing, Department for Rivers"
    assert "Rivers" not in plan.outcomes[1].reason + plan.outcomes[1].mend, "no receipt says who is elsewhere"
    for day in DAYS[3:6]:
        rivers.take(without(2), day)
        assert only(rivers, "Cleo Farthing").status in VISIBLE, (
            "nobody is let go while somebody asks about them"
        )
    coasts.say("C2", uid)
    assert outcomes(coasts.take(moved, DAYS[6])) == ["unchanged", "updated"]
    after = only(rivers, "Cleo Farthing")
    assert (after.uid, after.feed, after.sign_in_address) == (uid, "coasts", "cleo@coasts.example")
    rivers.take(without(2), DAYS[7])
    assert only(rivers, "Cleo Farthing").status == ACTIVE
    assert coasts.take(moved, DAYS[7]).changes == ()


def test_two_people_of_one_name_become_two_when_a_named_person_says_so(rivers: World, coasts: World) -> None:
    rows = [there(40), there(2, Sign_in="cleo@coasts.example")]
    coasts.take(rows, DAYS[1])
    coasts.say("C2", NEW)
    assert outcomes(coasts.take(rows, DAYS[2])) == ["unchanged", "joined"]
    assert len([each for each in rivers.people() if each.full_name == "Cleo Farthing"]) == 2
    assert coasts.take(rows, DAYS[3]).changes == ()


def test_an_answer_holds_for_one_name_only(rivers: World, coasts: World) -> None:
    uid = rivers.person("S2").uid
    coasts.take([there(40), there(2, Sign_in="")], DAYS[1])
    coasts.say("C2", uid)
    plan = coasts.take([there(40), there(2, Sign_in="", Name="Oskar Pym")], DAYS[2])
    assert outcomes(plan) == ["unchanged", "joined"], "another name under that key is another row"
    assert only(rivers, "Cleo Farthing").feed == "rivers"


def test_a_number_used_again_is_somebody_new_when_a_named_person_says_so(rivers: World) -> None:
    old = rivers.person("S1")
    rows = [row(1, Name="Oskar Pym", Sign_in="oskar@rivers.example"), *without(1)]
    assert outcomes(rivers.take(rows, DAYS[1]))[0] == "question"
    rivers.say("S1", NEW)
    rivers.take(rows, DAYS[2])
    assert rivers.person("S1").full_name == "Oskar Pym"
    gone = next(each for each in rivers.people() if each.uid == old.uid)
    assert (gone.status, gone.full_name, gone.feed_key) == (MISSING, old.full_name, "")
    rivers.take(rows, DAYS[3])
    assert next(each for each in rivers.people() if each.uid == old.uid).status == LEFT
    assert rivers.take(rows, DAYS[4]).changes == ()


def test_no_feed_overwrites_what_another_says_of_a_person(rivers: World, coasts: World) -> None:
    before = rivers.person("S2")
    coasts.take([there(40), there(2, Phone="020 7946 0999", Mail="x@coasts.example", Title="Chair")], DAYS[9])
    after = only(rivers, "Cleo Farthing")
    assert (after.telephone, after.mail, after.title) == (before.telephone, before.mail, before.title)
    theirs = [each for each in rivers.all(Tenure) if each.feed == "rivers"]
    coasts.take([there(40)], DAYS[10])
    coasts.take([there(40)], DAYS[11])
    assert [each for each in rivers.all(Tenure) if each.feed == "rivers"] == theirs
    assert only(rivers, "Cleo Farthing").status == ACTIVE


def test_the_home_employer_is_the_source_whoever_came_first(tmp_path: Path) -> None:
    host = World(tmp_path).beside("host", '[post]\ntitle = "Title"', KIND)
    host.take([row(2, Phone="secondment", Title="Adviser", Organisation="Number Ten")], DAYS[0])
    host.owns("rivers.example")
    home = host.beside("home")
    home.take([row(2)], DAYS[1])
    home.owns("rivers.example")
    home.take([row(2)], DAYS[2])
    person = only(host, "Cleo Farthing")
    assert (person.feed, person.title) == ("home", "Director 2")
    host.take([row(2, Phone="secondment", Title="Adviser", Organisation="Number Ten")], DAYS[3])
    assert only(host, "Cleo Farthing").feed == "home"
    assert {each.kind for each in host.tenures(person)} == {"secondment", "substantive"}


def test_a_suspended_person_who_moves_stays_suspended(rivers: World, coasts: World) -> None:
    rivers.change(rivers.person("S2"), status=HELD)
    coasts.take([there(40), there(2)], DAYS[1])
    for day in DAYS[2:5]:
        rivers.take(without(2), day)
    assert (only(rivers, "Cleo Farthing").status, only(rivers, "Cleo Farthing").feed) == (HELD, "coasts")


@pytest.mark.parametrize(
    ("domains", "shared", "linked", "name", "outcome"),
    [
        (("rivers.example",), (), False, "Cleo Farthing", "updated"),
        (("rivers.example",), (), False, "Cleo Marriedname", "question"),
        (("rivers.example",), (), True, "Cleo Marriedname", "updated"),
        (("rivers.example",), (), True, "Oskar Pym", "question"),
        (("rivers.example",), ("rivers.example",), True, "Cleo Farthing", "question"),
        (("example",), (), True, "Cleo Farthing", "updated"),
        (("elsewhere.example",), (), True, "Cleo Farthing", "question"),
        ((), (), True, "Cleo Farthing", "question"),
    ],
)
def test_what_a_sign_in_address_proves(
    rivers: World, domains: tuple[str, ...], shared: tuple[str, ...], linked: bool, name: str, outcome: str
) -> None:
    rivers.owns(*domains, shared=shared)
    if linked:
        rivers.change(rivers.person("S2"), federated_ids=("idp|subject-id|2",))
    rows = [row(1), row(2, Staff_No="S902", Name=name), row(3), row(4), row(5)]
    plan = rivers.take(rows, DAYS[1])
    assert outcomes(plan)[1] == outcome
    assert len(rivers.people()) == 5


def test_an_address_that_one_file_moves_to_another_key_makes_nobody_of_two_keys(rivers: World) -> None:
    had, given = ({"Name": "Ada Quillon", "Sign_in": each} for each in ("a@rivers.example", ""))
    rivers.take([*people(5), row(8, **had)], DAYS[1])
    plan = rivers.take([*people(5), row(8, **given), row(9, **had)], DAYS[2])
    assert outcomes(plan)[5:] == ["updated", "question"]
    (ada,) = (each for each in rivers.people() if each.full_name == "Ada Quillon")
    assert {each.feed_key.partition(" ")[0] for each in rivers.tenures(ada)} == {"s8"}


def test_twins_with_one_sign_in_address_are_both_asked_about(rivers: World) -> None:
    twins = [
        row(8, Name="Ann Smith", Sign_in="smith@rivers.example"),
        row(9, Name="Amy Smith", Sign_in="smith@rivers.example"),
    ]
    plan = rivers.take([*people(5), *twins], DAYS[1])
    assert outcomes(plan)[5:] == ["question", "question"]
    rivers.say("S8", NEW)
    rivers.say("S9", NEW)
    assert outcomes(rivers.take([*people(5), *twins], DAYS[2]))[5:] == ["joined", "joined"]


def test_a_shared_mailbox_never_says_who_somebody_is(rivers: World, coasts: World) -> None:
    plan = coasts.take([there(40), there(41, Mail=row(2)["Mail"], Sign_in="")], DAYS[1])
    assert outcomes(plan) == ["unchanged", "joined"]


def test_people_who_moved_to_nobody_have_no_successor() -> None:
    assert successor(Person(uid="a", full_name="A B", family_name="B"), (), DAYS[0]) is None


def test_an_organisation_that_says_other_domains_holds_only_that_row(rivers: World) -> None:
    plan = rivers.take([*people(5), row(6, Sign_in="f@elsewhere.example")], DAYS[1])
    assert outcomes(plan)[5] == "question"
    assert rivers.all(Organisation)[0].domains == ("rivers.example",)


def test_a_key_that_a_named_person_gives_to_another_is_nobody_elses_any_more(rivers: World) -> None:
    second = rivers.person("S2")
    rows = [row(1, Name="Cleo Farthing", Sign_in=""), *(row(number) for number in (3, 4, 5))]
    rivers.take(rows, DAYS[1])
    rivers.say("S1", second.uid)
    rivers.take(rows, DAYS[2])
    assert rivers.person("S1").uid == second.uid
    assert [each.feed_key for each in rivers.people()].count("s1") == 1
    assert rivers.plan_of(rows, DAYS[2]).changes == ()
