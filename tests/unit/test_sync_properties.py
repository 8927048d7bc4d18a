"""What holds for any file: rows in = outcomes, a plan applied leaves nothing to do, the guard's promises."""

import tempfile
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ldap_schema.people import ACTIVE, LEFT, MISSING, Person
from ldap_schema.posts import Tenure
from sync.errors import FileRefused
from tests.sync_world import DAY, HEADER, World, row, write_file

CELLS = {
    "Name": [
        "Ada Quill",
        "Bram Okafor",
        "QUILL, Ada [Dr]",
        "Vacant",
        "N/D",
        "",
        "Zo\ufffd",
        "=1+1",
        "Dame Cleo Farthing DBE",
    ],
    "Title": ["Director", "Chair", "", "x" * 300],
    "Mail": ["a@rivers.example", "desk@rivers.example", "a @rivers.example", "N/A", "no mail"],
    "Sign-in": ["", "a@rivers.example", "b@rivers.example"],
    "Phone": ["020 7946 0000", "x4321", "2.07946E+10", ""],
    "Grade": ["SCS3", "SCS4", "G7", ""],
    "From": ["", "01/02/2026", "soon", "01/01/2027"],
    "To": ["", "01/10/2026", "31/12/2026"],
    "Organisation": ["Department for Rivers", "Rivers", ""],
    "Post Ref": ["P1", "P2", "P3", ""],
    "Staff No": ["S1", "S2", "S3", "S4", ""],
    "Office mail": ["", "office@rivers.example"],
}
ODD = st.fixed_dictionaries({name: st.sampled_from(CELLS[name]) for name in HEADER})
ANY = st.fixed_dictionaries(
    {name: st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12) for name in HEADER}
)
FILES = st.lists(st.lists(ODD, min_size=1, max_size=8), min_size=1, max_size=5)


@given(st.lists(st.one_of(ODD, ANY), min_size=1, max_size=10))
def test_every_row_has_one_outcome_whatever_it_holds(rows: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            plan = world.plan(write_file(Path(folder), rows))
        except FileRefused:
            return
        lines = [each.line for each in plan.outcomes]
        assert len(lines) == plan.rows == len(set(lines))
        assert all(each.reason for each in plan.outcomes if each.outcome in ("rejected", "question"))


@given(FILES)
def test_a_plan_applied_leaves_nothing_to_do(files: list[list[dict[str, str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for number, rows in enumerate(files):
            try:
                day = DAY + timedelta(days=number)
                world.take(rows, day)
                assert world.plan(write_file(Path(folder), rows, day)).changes == ()
            except FileRefused:
                continue


@given(FILES)
def test_whatever_comes_nobody_is_lost_or_doubled(files: list[list[dict[str, str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        seen: set[str] = set()
        for number, rows in enumerate(files):
            try:
                world.take(rows, DAY + timedelta(days=number))
            except FileRefused:
                continue
            people = world.all(Person)
            assert seen <= {each.uid for each in people}
            seen = {each.uid for each in people}
            addresses = [each.sign_in_address for each in people if each.sign_in_address]
            assert len(addresses) == len(set(addresses))
            keys = [each.feed_key for each in people]
            assert len(keys) == len(set(keys))
            for tenure in world.all(Tenure):
                assert tenure.holder in seen
                assert not (tenure.first_day and tenure.last_day) or tenure.first_day <= tenure.last_day


@given(st.lists(st.sets(st.integers(1, 6), min_size=1), min_size=1, max_size=6))
def test_status_follows_the_files_as_a_model_of_absences_does(files: list[set[int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        model: dict[int, str] = {}
        for number, present in enumerate(files):
            world.take([row(each) for each in sorted(present)], date(2026, 11, 1) + timedelta(days=number))
            for each in model.keys() - present:
                model[each] = {ACTIVE: MISSING, MISSING: LEFT, LEFT: LEFT}[model[each]]
            model |= dict.fromkeys(present, ACTIVE)
            assert {int(person.feed_key[1:]): person.status for person in world.all(Person)} == model
