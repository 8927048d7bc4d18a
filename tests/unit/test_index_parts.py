"""The parts of the search index that need no server: words, doubts, documents, settings."""

import itertools
import os
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Tenure
from ldap_schema.snapshots import Snapshot
from search_index import documents, schema
from search_index.documents import Around
from search_index.doubts import GIVE_UP, LONGEST_PAUSE, Doubts
from search_index.folder import IndexFolder
from search_index.settings import IndexSettings
from search_index.words import fold, token, tokens

ID = UUID("53ec0606-7cd7-1041-9d4e-ed4872541cff")
EARLIER, LATER = (f"2026112504492{second}.000000Z#000000#000#000000" for second in (1, 2))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Élise O\u2019Néill", ["elise", "o", "neill", "oneill"]),
        ("Okonjo\u2011Reed", ["okonjo", "reed", "okonjoreed"]),
        ("Søren Łukasz", ["soren", "lukasz"]),
        ("Llŷr ap Iwan, KC", ["llyr", "ap", "iwan", "kc"]),
        ("---", []),
    ],
)
def test_words_are_kept_without_accents_and_in_the_ways_they_are_typed(text: str, found: list[str]) -> None:
    assert tokens(text) == found


@given(st.text())
def test_any_text_becomes_words_that_are_folded_already(text: str) -> None:
    for word in tokens(text):
        assert word == token(word)
        assert word.strip()
        assert not any(map(str.isspace, word))
    assert fold(fold(text)) == fold(text)


def test_an_entry_is_looked_at_until_it_is_as_was_told_and_after_longer_and_longer_pauses() -> None:
    doubts = Doubts()
    doubts.hear([ID], LATER, now=100.0)
    looked_at, now = [], 100.0
    while ID in doubts.due(now):
        looked_at.append(now)
        doubts.judge(ID, EARLIER, now)
        now += doubts.next_look(now)
        if len(looked_at) == 6:
            break
    pauses = [after - before for before, after in itertools.pairwise(looked_at)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 0.01
    doubts.judge(ID, LATER, now)
    assert not doubts


def test_what_never_comes_true_is_given_up_after_a_minute() -> None:
    doubts = Doubts()
    doubts.hear([ID], "", now=0.0)  # is said to be gone, and is not: the removal was rolled back
    now, looks = 0.0, 0
    while doubts:
        now += doubts.next_look(now)
        doubts.judge(ID, EARLIER, now)
        looks += 1
    assert GIVE_UP < now <= GIVE_UP + LONGEST_PAUSE
    assert looks < 40


def test_an_entry_that_is_gone_as_was_told_is_settled() -> None:
    doubts = Doubts()
    doubts.hear([ID], "", now=0.0)
    doubts.judge(ID, "", now=0.0)
    assert not doubts


def test_documents_are_the_same_in_whatever_order_the_directory_gives_values() -> None:
    person = Person(uid="u", full_name="Ada Quill", family_name="Quill", organisation_id="o")
    names = ("Board of Sluices", "Sluice Office")
    made = [
        documents.make([Snapshot(ID, LATER, person)], Around({"o": organisation}, {}))
        for organisation in (
            Organisation(id="o", name="Rivers", former_names=names),
            Organisation(id="o", name="Rivers", former_names=names[::-1]),
        )
    ]
    assert made[0] == made[1]
    assert made[0][0].words["formerly"] == "board of sluices sluice office"


def test_a_tenure_whose_holder_may_not_be_named_names_nobody() -> None:
    (made,) = documents.make([Snapshot(ID, LATER, Tenure(id="t", post_id="p", holder=""))], Around({}, {}))
    assert made.refs == ("post:p",)


def test_a_document_comes_back_as_it_was_stored() -> None:
    person = Person(uid="u", full_name="Ada Quill", family_name="Quill", title="Keeper", sector="Police")
    (made,) = documents.make([Snapshot(ID, LATER, person)], Around({}, {}))
    assert schema.decode(schema.encode(made)) == made


@pytest.mark.parametrize("wrong", [{"compare_seconds": 0.0}, {"usable_seconds": 1.0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="or more"):
        IndexSettings(**wrong)  # type: ignore[arg-type]


def test_an_index_put_away_while_it_is_looked_for_gives_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = IndexFolder(tmp_path)
    with folder.new() as made:
        folder.publish(made)
    read_link = os.readlink

    def overtaken(path: Path) -> str:
        name = read_link(path)
        monkeypatch.setattr(os, "readlink", read_link)
        with folder.new() as made:
            folder.publish(made)
        return name

    monkeypatch.setattr(os, "readlink", overtaken)
    assert (found := folder.current()) is not None
    assert found.is_dir()
    (tmp_path / "current").unlink()
    assert folder.current() is None
