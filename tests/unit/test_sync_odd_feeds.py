"""Odd files after good ones: what a plan makes of them beside what the directory already holds."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from ldap_schema.people import Person
from sync.errors import FileRefused
from sync.guard import judge
from tests.sync_world import DAY, HEADER, World, people, row, write_file

LATER = DAY + timedelta(days=7)
Rows = list[dict[str, str]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Thirty people whom the file of the first day brought."""
    found = World(tmp_path)
    found.take(people(30))
    return found


def held(world: World, rows: Rows) -> tuple[str, ...]:
    """Give why the guard would hold the file of a week later; nothing means that it passes."""
    return judge(world.plan(write_file(world.folder, rows, LATER)).measures, world.feed.limits).reasons


def outcomes(world: World, rows: Rows) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in world.plan(write_file(world.folder, rows, LATER)).outcomes:
        found[each.outcome] = found.get(each.outcome, 0) + 1
    return found


def saved_again(path: Path, change: Callable[[str], str | bytes]) -> Path:
    changed = change(path.read_text(encoding="utf-8"))
    path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text + "\n\n",
        lambda text: "\n".join([text.splitlines()[0], *reversed(text.splitlines()[1:])]) + "\n",
        lambda text: text.replace("Staff No", "STAFF NO"),
        lambda text: text.replace("020 7946 0000", "+44 (0)20 7946-0000"),
        lambda text: text.replace("Department for Rivers", " Department  for Rivers "),
        lambda text: text.replace("rivers.example", "RIVERS.example"),
    ],
)
def test_the_same_content_saved_again_changes_nobody(
    world: World, change: Callable[[str], str | bytes]
) -> None:
    plan = world.plan(saved_again(write_file(world.folder, people(30), LATER), change))
    assert plan.changes == ()
    assert {each.outcome for each in plan.outcomes} == {"unchanged"}


@pytest.mark.parametrize(
    "rows",
    [
        people(15),  # a partial upload with whole lines
        people(27)[:27],  # three people absent of thirty
        [each | {"Phone": ""} for each in people(30)],
        [each | {"Mail": "desk@rivers.example"} for each in people(30)],
        [each | {"Title": "Director"} for each in people(30)],
        [each | {"Title": ""} if number < 28 else each for number, each in enumerate(people(30))],
        [each | {"Name": other["Name"]} for each, other in zip(people(30), people(31)[1:], strict=True)],
        [each | {"To": "01/10/2026"} for each in people(30)],
    ],
    ids=["half", "absent", "no phones", "one mailbox", "one title", "no titles", "names moved", "all left"],
)  # fmt: skip
def test_a_file_that_would_do_much_at_once_is_held_or_changes_nobody(world: World, rows: Rows) -> None:
    before = {each.uid: each for each in world.all(Person)}
    plan = world.plan(write_file(world.folder, rows, LATER))
    assert judge(plan.measures, world.feed.limits).reasons or not plan.changes
    assert {each.uid: each for each in world.all(Person)} == before


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"Name": "Baroness Okafor of Rivers"}, "updated"),  # ennobled, at the same sign-in address
        ({"Name": "Bram Okafor-Vale"}, "updated"),  # married
        ({"Name": "BRAM OKAFOR"}, "updated"),
        ({"Name": "Sir Bram Okafor KCB"}, "updated"),
        ({"Name": "Cleo Farthing", "Sign_in": "", "Mail": ""}, "question"),  # a staff number used again
        ({"Sign_in": "person2@rivers.example"}, "question"),  # somebody else's address
        ({"Mail": "desk@rivers.example"}, "updated"),  # a mailbox may be shared
        ({"Phone": "2.07946E+10"}, "unchanged"),  # what can't be read takes nothing away
        ({"Phone": "#N/A"}, "unchanged"),
        ({"From": "31/02/2026"}, "unchanged"),
        ({"Name": "\u0411ram Okafor"}, "rejected"),
        ({"Title": ""}, "rejected"),
        ({"Staff_No": "QQ123456C"}, "rejected"),
    ],
)
def test_a_change_of_one_person_has_its_one_outcome(
    world: World, change: dict[str, str], outcome: str
) -> None:
    rows = people(30)
    rows[0] = row(1, **change)
    found = outcomes(world, rows)
    assert found.pop(outcome) in (1, 30, 29, 28)
    assert found.get("unchanged", 30) >= 28


def test_a_rejected_row_is_no_absence(world: World) -> None:
    rows = people(30)
    rows[0]["Title"] = "=1+1"
    assert world.plan(write_file(world.folder, rows, LATER)).measures.absent == 0


@pytest.mark.parametrize("key", ["", "N/A", "1.23457E+11", "#REF!"])
def test_whose_key_alone_is_lost_is_not_absent(world: World, key: str) -> None:
    rows = people(30)
    rows[0]["Staff No"] = key
    plan = world.plan(write_file(world.folder, rows, LATER))
    assert (plan.measures.absent, plan.measures.rejected) == (0, 1)


def test_a_file_cut_anywhere_changes_nobody_by_itself(world: World) -> None:
    whole = write_file(world.folder, people(30), LATER).read_bytes()
    for cut in range(0, len(whole), 97):
        path = saved_again(write_file(world.folder, people(30), LATER), lambda _, cut=cut: whole[:cut])  # type: ignore[misc]
        try:
            plan = world.plan(path)
        except FileRefused:
            continue
        assert plan.measures.absent <= 2 or judge(plan.measures, world.feed.limits).reasons


@pytest.mark.parametrize("column", HEADER)
def test_what_ldap_reads_as_more_than_text_is_text_in_every_column(world: World, column: str) -> None:
    odd = r"x,ou=people+cn=*)(uid=*))\00#;<>" + '"= '
    rows = people(30)
    rows[0][column] = odd if column not in ("Grade",) else "SCS3"
    plan = world.plan(write_file(world.folder, rows, LATER))
    assert len(plan.outcomes) == 30
