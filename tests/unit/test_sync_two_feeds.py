"""What holds for any files of two feeds: one outcome a row, nobody else's people are lost, plans settle."""

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ldap_schema.people import DECEASED, HELD, LEAVING, VISIBLE, Person
from ldap_schema.posts import Tenure
from sync.answers import NEW, read_questions
from sync.errors import FileRefused
from sync.plan import Plan
from sync.standing import due
from tests.sync_world import DAY, World, row

CELLS: dict[str, Sequence[object]] = {
    "number": [1, 2, 3],
    "Name": ["Ada Quill", "Bram Okafor", "Cleo Farthing", "Ada Quill-Vale"],
    "Sign_in": ["", "a@rivers.example", "b@rivers.example", "c@elsewhere.example"],
    "Post_Ref": ["P1", "P2"],
    "From": ["", "08/11/2026"],
    "To": ["", "04/11/2026", "31/12/2026"],
    "Organisation": ["Department for Rivers", "Coasts Agency"],
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CELLS.items()}),
    min_size=1,
    max_size=4,
)
FILES = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.sampled_from(["", NEW, "likely"]), ROWS),
    min_size=1,
    max_size=6,
)


def answered(sender: World, who: str) -> None:
    """Somebody answers the first open question of a feed, in one way or the other."""
    memory = next((each for each in sender.parts() if each.feed == sender.feed.id), None)
    asked = [each for each in read_questions(memory.answers if memory else ()) if not each.who]
    if not asked or not who or (who == "likely" and not asked[0].likely):
        return
    sender.say(asked[0].key, NEW if who == NEW else asked[0].likely[0])


def check(world: World, plan: Plan, before: dict[str, Person], others: list[Tenure]) -> None:
    lines = [each.line for each in plan.outcomes]
    assert len(lines) == plan.rows == len(set(lines))
    after = {each.uid: each for each in world.people()}
    assert before.keys() <= after.keys(), "nobody is ever deleted"
    assert [each for each in world.all(Tenure) if each.feed != plan.feed] == others
    for uid, was in before.items():
        if was.status in (HELD, DECEASED):
            assert after[uid].status == was.status
        if was.feed != plan.feed == after[uid].feed:
            assert any(each.feed == plan.feed for each in world.tenures(was)), "a source gives a post"
    addresses = [each.sign_in_address for each in after.values() if each.sign_in_address]
    assert len(addresses) == len(set(addresses)), "nobody shares a sign-in address"
    keys = [(each.feed, each.feed_key) for each in after.values() if each.feed_key]
    assert len(keys) == len(set(keys))
    for each in after.values():
        lasting = [tenure for tenure in world.tenures(each) if tenure.lasts(world.today)]
        if each.status == LEAVING:
            assert lasting, "whoever is leaving has a post until then"
        if each.status in VISIBLE and each.feed == plan.feed:
            assert lasting or each.status != "active"


@given(FILES)
def test_two_feeds_never_lose_each_others_people(
    files: list[tuple[bool, bool, str, list[dict[str, str]]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rivers = World(Path(folder))
        senders = [rivers, rivers.beside("coasts")]
        for number, (second, owning, who, rows) in enumerate(files):
            day = DAY + timedelta(days=number)
            sender = senders[second]
            sender.today = day
            if owning:
                rivers.owns("rivers.example")
            answered(sender, who)
            before = {each.uid: each for each in rivers.people()}
            others = [each for each in rivers.all(Tenure) if each.feed != sender.feed.id]
            sent = [row(**{key: value for key, value in each.items()}) for each in rows]  # type: ignore[arg-type]
            try:
                plan = sender.take(sent, day)
            except FileRefused:
                continue
            for each in rivers.people():  # as the worker does at night
                rivers.records[Person, each.uid] = due(each, rivers.tenures(each), day)
            check(sender, plan, before, others)
            if sender.plan_of(sent, day).changes:  # a row asked for an address that this file has just freed
                check(sender, sender.take(sent, day), before, others)
            assert sender.plan_of(sent, day).changes == (), "a plan applied leaves nothing to do"
