"""Organisation maps: rename, merge, split, move; nobody leaves or joins, and old names are understood."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ldap_schema.organisations import Organisation
from ldap_schema.people import ACTIVE, Person
from ldap_schema.posts import Post, Tenure
from sync.errors import InputRefused, MappingRefused
from sync.organisation_map import load_map
from sync.reorganise import Around, Reorganised, reorganise
from tests.sync_world import World, row

FIRST, LATER = date(2026, 11, 1), date(2026, 11, 20)


@pytest.fixture(params=['post_key = ["Post Ref"]', ""], ids=["references for posts", "titles for posts"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> World:
    found = World(tmp_path).beside("rivers", 'post_key = ["Post Ref"]', request.param)
    found.take(ROWS, FIRST)
    return found


ROWS = [
    *(row(number, Organisation="Rivers") for number in (1, 2, 3)),
    *(row(number, Organisation="Coasts") for number in (4, 5)),
    row(6, Organisation="Harbours"),
]


def mapped(world: World, text: str) -> Reorganised:
    path = world.folder / "map.toml"
    path.write_text(f"[map]\nday = 2026-11-10\n{text}")
    around = Around(
        organisations=tuple(world.all(Organisation)),
        posts=tuple(world.all(Post)),
        tenures=tuple(world.all(Tenure)),
        people=tuple(world.people()),
    )
    done = reorganise(load_map(path), around, lambda: next(world.ids))
    world.write(done.changes)
    return done


def organisation(world: World, name: str) -> Organisation:
    (found,) = [each for each in world.all(Organisation) if each.name == name]
    return found


def where(world: World) -> dict[str, str]:
    return {each.feed_key: each.organisation_name for each in world.people()}


def renamed(rows: list[dict[str, str]], **names: str) -> list[dict[str, str]]:
    return [each | {"Organisation": names.get(each["Organisation"], each["Organisation"])} for each in rows]


def nobody_came_or_went(world: World, before: list[Person]) -> None:
    assert {each.uid for each in world.people()} == {each.uid for each in before}
    assert {each.status for each in world.people()} == {ACTIVE}
    assert all(each.last_day is None for each in world.all(Tenure))


@pytest.mark.parametrize("sends", ["Rivers", "Water and Rivers"])
def test_a_renamed_organisation_is_one_whichever_name_the_feed_sends(world: World, sends: str) -> None:
    before = world.people()
    mapped(world, '[[rename]]\norganisation = "Rivers"\nname = "Water and Rivers"\ndomains = ["war.example"]')
    after = organisation(world, "Water and Rivers")
    assert (after.former_names, after.former_name_days) == (("Rivers",), ("/2026-11-09 Rivers",))
    assert after.domains == ("war.example",)
    assert where(world)["s1"] == "Water and Rivers"
    plan = world.take(renamed(ROWS, Rivers=sends), LATER)
    assert {each.outcome for each in plan.outcomes} == {"unchanged"}
    nobody_came_or_went(world, before)
    assert len(world.all(Post)) == 6


@pytest.mark.parametrize("sends", [{}, {"Rivers": "Land and Sea", "Coasts": "Land and Sea"}])
def test_two_departments_become_one(world: World, sends: dict[str, str]) -> None:
    world.owns("old.example")
    before = world.people()
    done = mapped(world, '[[merge]]\norganisations = ["Rivers", "coasts"]\ninto = "Land and Sea"')
    assert any(
        '"Rivers" becomes part of "Land and Sea"' in each and "3 people" in each for each in done.lines
    )
    heir, old = organisation(world, "Land and Sea"), organisation(world, "Rivers")
    assert (old.successor_ids, old.domains, heir.domains) == ((heir.id,), (), ("old.example",))
    assert {"Rivers", "Coasts"} <= set(heir.former_names)
    assert [where(world)[key] for key in ("s1", "s4", "s6")] == ["Land and Sea", "Land and Sea", "Harbours"]
    plan = world.take(renamed(ROWS, **sends), LATER)
    assert {each.outcome for each in plan.outcomes} == {"unchanged"}
    nobody_came_or_went(world, before)
    assert len(world.all(Post)) == 6


def test_one_absorbs_another_and_its_children(world: World) -> None:
    harbours = organisation(world, "Harbours")
    world.records[Organisation, harbours.id] = replace(harbours, parent_id=organisation(world, "Coasts").id)
    mapped(world, '[[merge]]\norganisations = ["Coasts"]\ninto = "Rivers"')
    assert organisation(world, "Harbours").parent_id == organisation(world, "Rivers").id
    assert where(world)["s4"] == "Rivers"


def test_a_split_gives_each_post_to_one_and_a_feed_may_go_on_with_the_old_name(world: World) -> None:
    before = world.people()
    mapped(
        world,
        '[[split]]\norganisation = "Rivers"\ninto = ["Up", "Down"]\nrest = "Up"\n'
        'posts = { Down = ["Director 2"] }',
    )
    assert [where(world)[key] for key in ("s1", "s2", "s3")] == ["Up", "Down", "Up"]
    plan = world.take(ROWS, LATER)
    assert {each.outcome for each in plan.outcomes} == {"unchanged"}
    nobody_came_or_went(world, before)
    plan = world.plan_of([*ROWS, row(9, Organisation="Rivers")], LATER)
    assert plan.outcomes[-1].outcome == "rejected"
    assert 'its posts went to "Up" and "Down"' in plan.outcomes[-1].reason.replace(
        '"Down" and "Up"', '"Up" and "Down"'
    )
    assert world.plan_of([*ROWS, row(9, Organisation="Up")], LATER).outcomes[-1].outcome == "joined"


def test_a_chain_of_successors_is_followed(world: World) -> None:
    mapped(world, '[[merge]]\norganisations = ["Coasts"]\ninto = "Sea"')
    mapped(world, '[[merge]]\norganisations = ["Sea"]\ninto = "Land and Sea"')
    assert {each.outcome for each in world.take(ROWS, LATER).outcomes} == {"unchanged"}
    assert where(world)["s4"] == "Land and Sea"


def test_a_map_with_every_table_in_one(world: World) -> None:
    done = mapped(
        world,
        '[[rename]]\norganisation = "Rivers"\nname = "Water"\n'
        '[[merge]]\norganisations = ["Coasts"]\ninto = "Water"\nacronym = "W"\n'
        '[[move]]\norganisation = "Harbours"\nparent = "Water"\n',
    )
    assert len(done.lines) == 3
    assert organisation(world, "Harbours").parent_id == organisation(world, "Water").id
    assert set(where(world).values()) == {"Water", "Harbours"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[rename]]\norganisation = "Nowhere"\nname = "X"', 'no organisation "Nowhere"'),
        ('[[rename]]\norganisation = "Rivers"\nname = "Coasts"', "is another organisation: use"),
        ('[[rename]]\norganisation = "Rivers"\nname = "rivers"', "has that name already"),
        ('[[move]]\norganisation = "Rivers"\nparent = "Rivers"', "its own parent"),
        (
            '[[split]]\norganisation = "Rivers"\ninto = ["A", "B"]\nrest = "A"\nposts = { B = ["Nobody"] }',
            'no post "Nobody"',
        ),
    ],
)
def test_what_can_not_be_done_changes_nothing(world: World, text: str, said: str) -> None:
    before = dict(world.records)
    with pytest.raises(InputRefused, match=said):
        mapped(world, text)
    assert world.records == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"map.day: write the first day"),
        ("[map]\nday = 2026-11-10", "it changes nothing"),
        ("[map]\nday = 2026-11-10\n[[renam]]", r'no such table. Did you mean "rename"'),
        ("[map]\nday = 2026-11-10\n[[rename]]\norganistion = 1", r'Did you mean "organisation"'),
        ("[map]\nday = 2026-11-10\n[rename]\nname = 1", "two brackets"),
        ('[map]\nday = 2026-11-10\n[[split]]\norganisation = "A"\ninto = ["B"]\nrest = "C"', "split.rest"),
        ('[map]\nday = 2026-11-10\n[[merge]]\norganisations = "A"\ninto = "B"', "write a list"),
        ('[map]\nday = 2026-11-10\n[[rename]]\norganisation = "A"\nname = "B"\nsector = "Polic"', '"Police"'),
        ("[map", "not a TOML file"),
    ],
)
def test_a_wrong_map_names_the_key_and_the_closest_word(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text)
    with pytest.raises(MappingRefused, match=said):
        load_map(path)
