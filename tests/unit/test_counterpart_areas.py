"""Published look-ups of areas change what they name, and say what they can't."""

from pathlib import Path

import pytest

from counterpart.areas import Columns, pairs, plan_served, read_rows
from counterpart.refused import Refused
from ldap_schema.organisations import Organisation
from store.areas import neighbours, replace_neighbours
from store.database import Store

KENT = Organisation(id="k1", name="Kent Police", codes=("ons:E23000032",), areas_served=("E1 Ashford",))
ESSEX = Organisation(id="e1", name="Essex Police", areas_served=("E9 Harlow",))
ONS = Columns("PFA23CD", "LAD23CD", "LAD23NM", "ons")
FILE = "LAD23CD,LAD23NM,PFA23CD,other\nE2, Dover ,E23000032,x\nE1,Ashford,E23000032,x\nE5,Derby,E23000018,x\n"


def written(folder: Path, text: str, encoding: str = "utf-8-sig") -> Path:
    file = folder / "lookup.csv"
    file.write_text(text, encoding=encoding)
    return file


def test_a_look_up_gives_the_organisations_it_names_their_areas_and_leaves_others(tmp_path: Path) -> None:
    rows = list(read_rows(written(tmp_path, FILE), ["PFA23CD", "LAD23CD", "LAD23NM"]))
    plan = plan_served(rows, ONS, [KENT, ESSEX])
    [(before, after)] = plan.changes
    assert before == KENT
    assert after.areas_served == ("E1 Ashford", "E2 Dover")
    assert plan.unknown == ("E23000018",)
    assert plan_served(rows, ONS, [after, ESSEX]).changes == (), "twice is once"
    by_name = plan_served([{"o": "essex police", "a": "E7"}], Columns("o", "a"), [KENT, ESSEX])
    assert by_name.changes[0][1].areas_served == ("E7",)


@pytest.mark.parametrize(
    ("text", "encoding", "words"),
    [
        ("a,b\n1,2\n", "utf-8", "has no column 'PFA23CD'"),
        ("", "utf-8", "has no column"),
        (FILE.replace("Dover", "Dôver"), "latin-1", "UTF-8"),
        (FILE.replace(" Dover", '"Dover'), "utf-8", "no CSV file"),
        (FILE.replace("E2,", "E 2 x,"), "utf-8", "is no code of an area"),
    ],
)
def test_a_look_up_that_is_none_is_refused_whole(
    tmp_path: Path, text: str, encoding: str, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        plan_served(
            read_rows(written(tmp_path, text, encoding), ["PFA23CD", "LAD23CD", "LAD23NM"]), ONS, [KENT]
        )
    with pytest.raises(Refused, match="can't be read"):
        list(read_rows(tmp_path / "missing.csv", ["a"]))


def test_two_organisations_of_one_name_are_meant_by_neither() -> None:
    twin = Organisation(id="e2", name="ESSEX POLICE")
    plan = plan_served([{"o": "Essex Police", "a": "E7"}], Columns("o", "a"), [ESSEX, twin])
    assert (plan.changes, plan.unknown) == ((), ("Essex Police",))


def test_neighbours_are_so_in_both_directions_and_replaced_as_a_whole(store: Store) -> None:
    found = pairs(
        [{"one": "a", "other": "b"}, {"one": "b", "other": "c"}, {"one": "a", "other": "a"}], "one", "other"
    )
    with store.transaction() as tx:
        assert replace_neighbours(tx, found) == 3
        assert neighbours(tx, ["b"]) == {"a", "c"}
        assert neighbours(tx, ["a", "b"]) == {"c"}
        assert replace_neighbours(tx, [("x", "y"), ("y", "x")]) == 2
        assert neighbours(tx, ["b"]) == set()
