"""What a file means for the directory: joiners, movers, leavers, questions; no server needed."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import ACTIVE, DECEASED, HELD, LEAVING, LEFT, MISSING, PENDING, Person
from ldap_schema.posts import Post, Tenure
from sync.mapping_reader import load_feed
from sync.plan import Plan
from tests.sync_world import DAY, World, people, row, write_file, write_mapping

WEEK = [date(2026, 11, day) for day in (1, 8, 15, 22)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def outcomes(plan: Plan) -> list[str]:
    return [each.outcome for each in plan.outcomes]


def test_a_joiner_gets_person_post_tenure_and_organisation(world: World) -> None:
    plan = world.take([row(1)])
    assert outcomes(plan) == ["joined"]
    assert [type(change.record).__name__ for change in plan.changes] == [  # type: ignore[union-attr]
        "Organisation",
        "Person",
        "Post",
        "Tenure",
    ]
    person = world.person("S1")
    assert (person.title, person.organisation_name, person.status) == (
        "Director 1",
        "Department for Rivers",
        ACTIVE,
    )
    assert person.show == ("mail:leaders",)
    assert person.telephone == ("+44 20 7946 0000",)


def test_the_same_file_again_changes_nothing(world: World) -> None:
    world.take(people(5))
    again = world.take(people(5))
    assert again.changes == ()
    assert set(outcomes(again)) == {"unchanged"}


def test_an_update_says_old_and_new(world: World) -> None:
    world.take(people(3))
    plan = world.take([row(1, Phone="020 7946 0999"), row(2), row(3)], WEEK[1])
    assert outcomes(plan) == ["updated", "unchanged", "unchanged"]
    assert plan.lines[0].values == (("telephone", "+44 20 7946 0000", "+44 20 7946 0999"),)


def test_a_refused_value_keeps_what_the_directory_has(world: World) -> None:
    world.take([row(1)])
    before = world.person("S1")
    plan = world.take([row(1, Phone="x4321")], WEEK[1])
    assert world.person("S1") == before
    assert "not a telephone number" in plan.outcomes[0].reason


def test_a_leaders_own_choices_are_never_overwritten(world: World) -> None:
    world.take([row(1)])
    own = world.change(
        world.person("S1"),
        show=(),
        display_name="Ada Q",
        federated_ids=("idp|subject-id|1",),
        sign_in_address="person1@rivers.example",
    )
    world.take([row(1, Name="Bram Okafor-Vale", Phone="020 7946 0999")], WEEK[1])
    after = world.person("S1")
    assert (after.show, after.display_name, after.federated_ids) == ((), "Ada Q", own.federated_ids)
    assert after.full_name == "Bram Okafor-Vale"


def test_a_display_name_that_is_only_derived_follows_the_name(world: World) -> None:
    world.take([row(1)])
    world.take([row(1, Name="Sir Bram Okafor-Vale KBE")], WEEK[1])
    assert world.person("S1").display_name == "Sir Bram Okafor-Vale KBE"


def test_one_absence_is_a_question_and_the_second_an_answer(world: World) -> None:
    world.take(people(3))
    world.take(people(2), WEEK[1])
    assert world.person("S3").status == MISSING
    assert all(each.last_day is None for each in world.all(Tenure))
    world.take(people(2), WEEK[2])
    assert world.person("S3").status == LEFT
    gone = next(each for each in world.all(Tenure) if each.holder == world.person("S3").uid)
    assert gone.last_day == date(2026, 11, 15), "the day of the file that settled it"


def test_the_same_day_sent_again_does_not_count_an_absence_twice(world: World) -> None:
    world.take(people(3))
    world.take(people(2), WEEK[1])
    world.take([row(1, Phone=""), row(2)], WEEK[1])
    assert world.person("S3").status == MISSING


def test_whoever_comes_back_has_the_same_id(world: World) -> None:
    world.take(people(3))
    uid = world.person("S3").uid
    for day in WEEK[1:3]:
        world.take(people(2), day)
    plan = world.take(people(3), WEEK[3])
    assert outcomes(plan) == ["unchanged", "unchanged", "returned"]
    assert world.person("S3").uid == uid
    assert world.person("S3").status == ACTIVE
    assert len([each for each in world.all(Tenure) if each.holder == uid]) == 2


def test_whoever_is_seen_again_after_one_absence_is_active(world: World) -> None:
    world.take(people(2))
    world.take(people(1), WEEK[1])
    world.take(people(2), WEEK[2])
    assert world.person("S2").status == ACTIVE
    world.take(people(1), WEEK[3])
    assert world.person("S2").status == MISSING


def test_a_leave_date_is_an_answer(world: World) -> None:
    world.take(people(2))
    world.take([row(1, To="31/12/2026"), row(2)], WEEK[1])
    assert world.person("S1").status == LEAVING
    plan = world.take([row(1, To="10/11/2026"), row(2)], WEEK[2])
    assert outcomes(plan) == ["left", "unchanged"]
    assert world.person("S1").status == LEFT
    assert plan.measures.leaving == 1


def test_somebody_who_left_before_they_were_ever_listed_is_not_listed(world: World) -> None:
    plan = world.take([row(1, To="10/01/2026"), row(2)])
    assert outcomes(plan) == ["left", "joined"]
    assert len(world.all(Person)) == 1


def test_somebody_whose_first_day_is_to_come_is_pending(world: World) -> None:
    world.take([row(1, From="01/12/2026")])
    assert world.person("S1").status == PENDING


def test_a_move_ends_one_tenure_and_begins_another_under_the_same_id(world: World) -> None:
    world.take(people(2))
    uid = world.person("S1").uid
    plan = world.take([row(1, Post_Ref="P9", Title="Permanent Secretary"), row(2)], WEEK[1])
    assert outcomes(plan) == ["moved", "unchanged"]
    mine = sorted(
        (each for each in world.all(Tenure) if each.holder == uid), key=lambda each: str(each.last_day)
    )
    assert [(each.first_day, each.last_day) for each in mine] == [
        (None, date(2026, 11, 7)),
        (date(2026, 11, 8), None),
    ]
    assert world.person("S1").title == "Permanent Secretary"


def test_two_posts_of_one_person_are_two_tenures_and_one_entry(world: World) -> None:
    world.take([row(1), row(1, Post_Ref="P2", Title="Chair")])
    assert len(world.all(Person)) == 1
    assert len(world.all(Tenure)) == 2
    assert world.person("S1").title == "Director 1"


def test_a_job_share_is_one_post_with_two_holders(world: World) -> None:
    world.take([row(1, Post_Ref="P1", Title="Director"), row(2, Post_Ref="P1", Title="Director")])
    assert len(world.all(Post)) == 1
    assert len({each.holder for each in world.all(Tenure)}) == 2


def test_a_vacant_post_is_kept_and_an_undisclosed_one_is_not(world: World) -> None:
    plan = world.take(
        [
            row(1),
            row(2, Name="Vacant"),
            row(3, Name="N/D"),
            row(4, Name=" "),
            row(5, Name="VACANT", Grade="G7"),
        ]
    )
    assert outcomes(plan) == ["joined", "vacant", "not disclosed", "blank name", "vacant"]
    assert sorted(each.title for each in world.all(Post)) == ["Director 1", "Director 2"]


def test_a_grade_that_is_not_eligible_is_counted_and_not_stored(world: World) -> None:
    plan = world.take([row(1, Grade="G7"), row(2)])
    assert outcomes(plan) == ["not eligible", "joined"]
    assert "Ada" not in repr(world.records)


def test_equal_rows_are_one_and_contradicting_rows_are_none(world: World) -> None:
    plan = world.take([row(1), row(1), row(2), row(2, Phone="")])
    assert outcomes(plan) == ["joined", "duplicate", "rejected", "rejected"]
    assert len(world.all(Person)) == 1


def test_a_faulty_row_is_not_an_absence(world: World) -> None:
    world.take(people(3))
    plan = world.take([row(1), row(2), row(3, Name="Zo\ufffd Holt")], WEEK[1])
    assert outcomes(plan) == ["unchanged", "unchanged", "rejected"]
    assert plan.changes == ()


def test_a_staff_number_used_again_is_a_question_and_changes_nothing(world: World) -> None:
    world.take(people(2))
    plan = world.take([row(1, Name="Oskar Pym", Sign_in="oskar@rivers.example"), row(2)], WEEK[1])
    assert outcomes(plan) == ["question", "unchanged"]
    assert plan.changes == ()


def test_a_marriage_is_an_update_of_the_same_person_and_counts_as_identity(world: World) -> None:
    world.take(people(2))
    plan = world.take([row(1, Name=row(1)["Name"].split()[0] + " Newname"), row(2)], WEEK[1])
    assert outcomes(plan) == ["updated", "unchanged"]
    assert plan.measures.identity == 1


def test_a_sign_in_address_of_another_leader_is_a_question(world: World) -> None:
    world.take(people(2))
    taken = row(1)["Sign-in"]
    plan = world.take([row(1), row(2, Sign_in=taken)], WEEK[1])
    assert outcomes(plan) == ["unchanged", "question"]
    plan = world.take([row(1), row(2), row(3, Sign_in=taken)], WEEK[1])
    assert outcomes(plan)[2] == "question"


def test_an_address_outside_the_organisations_domains_is_a_question(world: World) -> None:
    world.take([row(1)])
    world.owns("rivers.example")
    plan = world.take(
        [row(1), row(2, Sign_in="bram@elsewhere.example"), row(3, Sign_in="c@hq.rivers.example")], WEEK[1]
    )
    assert outcomes(plan) == ["unchanged", "question", "joined"]


def test_a_new_key_with_a_verified_address_and_the_same_name_is_the_same_person(world: World) -> None:
    world.take(people(2))
    world.owns("rivers.example")
    uid = world.person("S1").uid
    plan = world.take([row(1, Staff_No="S901"), row(2)], WEEK[1])
    assert outcomes(plan) == ["updated", "unchanged"]
    assert world.person("S901").uid == uid
    assert plan.measures.identity == 1


def test_equal_names_are_a_hint_and_never_a_merge(world: World) -> None:
    plan = world.take([row(1, Name="Ada Quill"), row(2, Name="ADA QUILL")])
    assert outcomes(plan) == ["joined", "joined"]
    assert len(world.all(Person)) == 2
    assert [line.symbol for line in plan.lines].count("?") == 2


@pytest.mark.parametrize("status", [HELD, DECEASED])
def test_no_feed_lifts_a_hold_or_brings_back_the_dead(world: World, status: str) -> None:
    world.take(people(2))
    world.change(world.person("S1"), status=status)
    world.take([row(1, Phone="020 7946 0999"), row(2)], WEEK[1])
    assert world.person("S1").status == status
    for day in WEEK[2:]:
        world.take([row(2)], day)
    assert world.person("S1").status == status


def test_an_organisation_the_feed_may_not_add_rejects_its_row(tmp_path: Path) -> None:
    world = World(tmp_path, load_feed(write_mapping(tmp_path, old="create = true", new="")))
    plan = world.take([row(1)])
    assert outcomes(plan) == ["rejected"]
    assert "is not in the directory" in plan.outcomes[0].reason


def test_a_feed_never_changes_an_organisation_that_exists(world: World) -> None:
    world.records[Organisation, "o1"] = Organisation(
        id="o1", name="Rivers", former_names=("Department for Rivers",)
    )
    world.take([row(1)])
    assert world.all(Organisation) == [
        Organisation(id="o1", name="Rivers", former_names=("Department for Rivers",))
    ]
    assert world.person("S1").organisation_name == "Rivers"


def test_an_office_serves_everybody_whose_rows_name_it_and_goes_with_the_last(world: World) -> None:
    office = "office@rivers.example"
    world.take([row(1, Office_mail=office), row(2, Office_mail=office)])
    (found,) = world.all(Office)
    assert set(found.serves) == {world.person("S1").uid, world.person("S2").uid}
    world.take([row(1, Office_mail=office)], WEEK[1])
    assert len(world.all(Office)[0].serves) == 2
    world.take([row(1, Office_mail="")], WEEK[2])
    assert world.all(Office) == []


def test_a_shared_mailbox_is_kept_and_identifies_nobody(world: World) -> None:
    plan = world.take([row(1, Mail="desk@rivers.example"), row(2, Mail="Desk@rivers.example")])
    assert outcomes(plan) == ["joined", "joined"]
    assert all("shared mailbox" in each.reason for each in plan.outcomes)


def test_a_plan_is_the_same_for_the_same_input_and_ids(tmp_path: Path) -> None:
    plans = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        world = World(tmp_path / name)
        world.take(people(4))
        plan = world.plan(write_file(world.folder, [row(1), *people(9)[5:]], WEEK[1]))
        plans.append((plan.changes, plan.lines, plan.outcomes, plan.state_digest))
    assert plans[0] == plans[1]


def test_the_state_digest_moves_with_the_directory_and_not_with_a_hold(world: World) -> None:
    world.take(people(2))
    reading = world.read(write_file(world.folder, people(2), WEEK[1]))
    before = world.state(reading)
    held = replace(before, part=replace(before.part, hold_run="abc", hold_reason="why"))
    assert held.digest() == before.digest()
    assert replace(before, people=before.people[::-1]).digest() == before.digest()
    world.change(world.person("S1"), mobile=("+44 7700 900000",))
    assert world.state(reading).digest() != before.digest()


def test_values_with_ldap_specials_pass_through_as_they_are(world: World) -> None:
    world.take(
        [row(1, Name='Ada "Q*)(uid=*" Quill\\,', Title="Director (Rivers) *; a=b,c", Staff_No="S|1@x")]
    )
    (person,) = world.all(Person)
    assert person.title == "Director (Rivers) *; a=b,c"
    assert (
        world.take(
            [row(1, Name='Ada "Q*)(uid=*" Quill\\,', Title="Director (Rivers) *; a=b,c", Staff_No="S|1@x")],
            DAY,
        ).changes
        == ()
    )


def test_a_last_day_before_the_first_is_rejected_and_holds_nobody_else(world: World) -> None:
    plan = world.take([row(1, From="02/11/2026", To="01/11/2026"), row(2)])
    assert outcomes(plan) == ["rejected", "joined"]
    assert plan.outcomes[0].reason == "the last day is before the first day"


def test_a_last_day_before_the_assumed_first_day_takes_that_day_along(world: World) -> None:
    world.take([row(1)])
    world.take([row(1), row(2)], WEEK[1])
    world.take([row(1), row(2, To="03/11/2026")], WEEK[2])
    (tenure,) = [each for each in world.all(Tenure) if each.holder == world.person("S2").uid]
    assert tenure.first_day == tenure.last_day == date(2026, 11, 3)


def test_a_post_that_has_ended_is_not_the_one_a_person_is_shown_with(world: World) -> None:
    rows = [row(1, To="01/10/2026"), row(1, Post_Ref="P9", Title="Chair")]
    world.take(rows)
    assert world.person("S1").title == "Chair"
    assert [each.last_day for each in world.all(Tenure)] == [None]
    assert world.take(rows).changes == ()
