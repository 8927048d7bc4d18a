"""Changes by hand as plans: what they write, what they ask, what they refuse. No server."""

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest

from ldap_schema.changes import Add, Update
from ldap_schema.organisations import Organisation
from ldap_schema.people import ACTIVE, DECEASED, HELD, LEAVING, LEFT, PENDING, Person
from ldap_schema.posts import ACTING, Post, Tenure
from ldap_schema.provenance import HAND, sources_of
from sync.by_hand import Act, HandPlanner
from sync.errors import InputRefused
from sync.hand_state import Around
from sync.hand_values import Edits, Wanted

TODAY = date(2026, 11, 23)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
COUNCIL = Organisation(id="o1", name="Northmere Council", sector="Local government", region="North")
POST = Post(id="p1", title="Chief executive", organisation_id="o1")
ADA = Person(
    uid="ada", full_name="Ada Quill", family_name="Quill", given_name="Ada", display_name="Ada Quill",
    telephone=("+44 20 7946 0000",), organisation_id="o1", organisation_name="Northmere Council",
    title="Chief executive",
)  # fmt: skip
HERS = Tenure(id="t1", post_id="p1", holder="ada")
FED = replace(ADA, feed="rivers", feed_part="all", feed_key="s1", sign_in_address="ada@rivers.example")


def planner() -> HandPlanner:
    ids = itertools.count(1)
    return HandPlanner(lambda: f"id{next(ids)}", TODAY, ("mail:leaders",))


def wanted(**values: object) -> Wanted:
    good = {"name": "Dame Bo Marsh DBE", "post": "Chief executive", "organisation": "o1"}
    return Wanted(**(good | values))  # type: ignore[arg-type]


def added(act: Act) -> list[object]:
    return [each.record for each in act.plan.changes if isinstance(each, Add)]


def test_adding_somebody_makes_the_person_the_post_and_the_tenure_of_no_feed() -> None:
    act = planner().add(
        wanted(mail=("bo@Northmere.example",), telephone=("020 7946 0001",)), Around(organisation=COUNCIL)
    )
    person, post, tenure = added(act)
    assert isinstance(person, Person)
    assert isinstance(post, Post)
    assert isinstance(tenure, Tenure)
    assert (person.display_name, person.honorific, person.status) == ("Dame Bo Marsh DBE", "Dame", ACTIVE)
    assert (person.mail, person.telephone) == (("bo@northmere.example",), ("+44 20 7946 0001",))
    assert (person.title, person.organisation_id, person.sector) == ("Chief executive", "o1", COUNCIL.sector)
    assert (tenure.post_id, tenure.holder, tenure.kind) == (post.id, person.uid, "substantive")
    assert {person.feed, post.feed, tenure.feed} == {""}
    assert person.show == ("mail:leaders",)
    assert act.holds == ()
    assert {each.by for each in sources_of(person).values()} == {HAND}
    assert sources_of(person)["telephone"].confirmed == TODAY
    assert not set(act.details) & {"name", "mail"}


def test_a_first_day_to_come_keeps_somebody_pending_and_an_existing_post_is_used() -> None:
    around = Around(organisation=COUNCIL, posts=((POST, ()),))
    act = planner().add(wanted(post="CHIEF  Executive", first_day=TOMORROW), around)
    person, tenure = added(act)
    assert isinstance(person, Person)
    assert isinstance(tenure, Tenure)
    assert (person.status, tenure.post_id, tenure.first_day) == (PENDING, "p1", TOMORROW)


def test_a_namesake_is_a_question_until_it_is_answered() -> None:
    around = Around(organisation=COUNCIL, namesakes=(ADA,))
    with pytest.raises(InputRefused, match=r"\? ada .*Chief executive, Northmere Council[\s\S]*--same UID"):
        planner().add(wanted(name="Ada Quill"), around)
    other = planner().add(wanted(name="Ada Quill"), around, different=frozenset({"ada"}))
    assert other.person.uid != "ada"
    same = planner().add(wanted(name="Ada Quill", post="Clerk", kind=ACTING), around, same=ADA)
    assert (same.person, len(added(same))) == (ADA, 2)


def test_a_sign_in_address_of_somebody_else_and_a_post_that_is_held_are_refused_in_words() -> None:
    with pytest.raises(InputRefused, match=r"signs in with that address.*--same ada"):
        planner().add(wanted(), Around(organisation=COUNCIL, owner=ADA))
    held = Around(organisation=COUNCIL, posts=((POST, (HERS,)),), holders={"ada": ADA})
    with pytest.raises(InputRefused, match="Ada Quill holds the post Chief executive"):
        planner().add(wanted(), held)
    assert planner().add(wanted(kind=ACTING), held).person.title == "Chief executive"


def test_whoever_comes_back_has_the_same_id_and_is_kept_by_hand() -> None:
    gone = replace(FED, status=LEFT)
    act = planner().add(wanted(name="Ada Quill"), Around(organisation=COUNCIL), same=gone)
    assert (act.person.uid, act.person.status, act.person.feed) == ("ada", ACTIVE, "")
    with pytest.raises(InputRefused, match="deceased"):
        planner().add(
            wanted(name="Ada Quill"), Around(organisation=COUNCIL), same=replace(ADA, status=DECEASED)
        )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "Quill"}, "not a whole name"),
        ({"name": "=cmd()"}, "formula"),
        ({"post": " "}, "title of the post"),
        ({"mail": ("not an address",)}, "not one mail address"),
        ({"telephone": ("2.07946E+10",)}, "power of ten"),
        ({"mobile": ("x4321",)}, "not a telephone number"),
        ({"sign_in_address": "a b"}, "sign-in address"),
        ({"first_day": TOMORROW, "last_day": TODAY}, "before the first day"),
    ],
)
def test_what_no_feed_could_send_is_refused_from_a_hand_too(values: dict[str, object], words: str) -> None:
    with pytest.raises(InputRefused, match=words) as refused:
        planner().add(wanted(**values), Around(organisation=COUNCIL))
    assert "Nothing was changed" in str(refused.value) or "formula" in str(refused.value)


def test_a_hand_changes_what_no_feed_has() -> None:
    act = planner().edit(ADA, Edits(telephone=("020 7946 0009",)), None)
    assert act.plan.changes == (Update(ADA, act.person),)
    assert act.person.telephone == ("+44 20 7946 0009",)
    assert (act.holds, act.details["fields"]) == ((), "telephone")
    assert planner().edit(ADA, Edits(telephone=()), None).person.telephone == ()
    with pytest.raises(InputRefused, match="so already"):
        planner().edit(ADA, Edits(telephone=ADA.telephone), None)


def test_another_name_or_sign_in_address_needs_a_reason() -> None:
    act = planner().edit(ADA, Edits(name="Ada Marsh"), None)
    assert (act.person.full_name, act.person.display_name) == ("Ada Marsh", "Ada Marsh")
    assert "name, key or sign-in address" in act.holds[0]
    own = replace(ADA, display_name="Dr Ada of Northmere")
    assert planner().edit(own, Edits(name="Ada Marsh"), None).person.display_name == own.display_name
    signs_in = replace(ADA, sign_in_address="ada@n.example")
    assert planner().edit(signs_in, Edits(sign_in_address="Ada.M@n.example"), None).holds
    with pytest.raises(InputRefused, match="Somebody else signs in"):
        planner().edit(ADA, Edits(sign_in_address="bo@n.example"), replace(ADA, uid="bo"))


def test_over_a_feeds_value_a_hand_puts_its_own_only_up_to_a_day() -> None:
    mail = Edits(mail=("office@rivers.example",))
    with pytest.raises(InputRefused, match="next file would undo this"):
        planner().edit(FED, mail, None)
    with pytest.raises(InputRefused, match="is over"):
        planner().edit(FED, mail, None, until=YESTERDAY)
    with pytest.raises(InputRefused, match="ask its sender"):
        planner().edit(FED, Edits(sign_in_address="ada.q@rivers.example"), None, until=TOMORROW)
    with pytest.raises(InputRefused, match="no feed keeps"):
        planner().edit(ADA, mail, None, until=TOMORROW)
    act = planner().edit(FED, mail, None, until=TOMORROW)
    assert sources_of(act.person)["mail"].until == TOMORROW


def test_a_last_day_ends_the_posts_and_hides_from_the_day_after() -> None:
    coming = planner().leave(ADA, ((POST, HERS),), TOMORROW)
    assert (coming.person.status, coming.person.status_since) == (LEAVING, TODAY)
    assert Update(HERS, replace(HERS, last_day=TOMORROW)) in coming.plan.changes
    assert planner().leave(ADA, ((POST, HERS),), YESTERDAY).person.status == LEFT
    assert planner().leave(ADA, ((POST, HERS),), TODAY).person.status == LEAVING
    assert planner().leave(replace(ADA, status=HELD), ((POST, HERS),), TOMORROW).person.status == HELD
    with pytest.raises(InputRefused, match="HR feed rivers"):
        planner().leave(FED, ((POST, HERS),), TOMORROW)
    with pytest.raises(InputRefused, match="left already"):
        planner().leave(replace(ADA, status=LEFT), (), TODAY)


def test_whoever_died_is_hidden_at_once_whichever_feed_keeps_them() -> None:
    act = planner().deceased(FED, ((POST, replace(HERS, feed="rivers")),))
    assert (act.person.status, act.holds) == (DECEASED, ())
    assert len(act.plan.changes) == 2
    with pytest.raises(InputRefused, match="already"):
        planner().deceased(act.person, ())
