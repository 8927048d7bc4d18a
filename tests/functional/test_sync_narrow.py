"""Rows that are as the last run left them are not planned again, unless anything about them is in doubt."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ldap_schema.changes import Update
from ldap_schema.people import LEFT, MISSING
from sync import runs, settled
from sync.context import SyncContext
from sync.erasures import erase
from sync.mapping_reader import load_feed
from sync.prepare import Prepared, named_source, prepare
from sync.receipt_file import load_receipt
from tests.functional.sync_kit import SECOND, THIRD
from tests.sync_world import people, row, write_file

MANY = 210  # what is remembered of fewer is not worth looking up


@pytest.fixture
def loaded(context: SyncContext, feed: Path, tmp_path: Path) -> SyncContext:
    assert runs.apply_run(context, feed, write_file(tmp_path, people(MANY))).exit_code == 0
    return context


def looked_at(context: SyncContext, mapping: Path, file: Path) -> Prepared:
    """The next run's plan, as it would be made."""
    feed = load_feed(mapping)
    return prepare(context, feed, named_source(context, feed, file), narrowly=True)


def rows_but(missing: int, **changed: str) -> Sequence[dict[str, str]]:
    return [row(1, **changed), *(row(each) for each in range(2, MANY + 1) if each != missing)]


def test_a_run_plans_what_differs_and_tells_of_every_row(
    loaded: SyncContext, feed: Path, tmp_path: Path
) -> None:
    file = write_file(tmp_path, rows_but(7, Phone="020 7946 0001"), SECOND)
    prepared = looked_at(loaded, feed, file)
    assert len(prepared.sieve.as_before) > MANY / 2
    assert runs.plan_run(loaded, feed, file).data["counts"] == {"updated": 1, "unchanged": MANY - 2}
    result = runs.apply_run(loaded, feed, file)
    assert result.data["counts"] == {"updated": 1, "unchanged": MANY - 2}
    told = load_receipt(loaded.settings.folder, str(result.data["run"]), loaded.sealer())
    assert [each.line for each in told.outcomes] == list(range(2, MANY + 1))
    stand = {each.feed_key: each for each in loaded.directory.people.all_of_feed("rivers")}
    assert (stand["s1"].telephone, stand["s7"].status) == (("+44 20 7946 0001",), MISSING)
    runs.apply_run(loaded, feed, write_file(tmp_path, rows_but(7, Phone="020 7946 0001"), THIRD))
    assert loaded.directory.people.get(stand["s7"].uid).status == LEFT


def test_what_somebody_else_wrote_is_seen_and_put_right(
    loaded: SyncContext, feed: Path, tmp_path: Path
) -> None:
    (edited,) = [each for each in loaded.directory.people.all_of_feed("rivers") if each.feed_key == "s9"]
    loaded.directory.write([Update(edited, replace(edited, title="Somebody else"))])
    file = write_file(tmp_path, people(MANY), SECOND)
    assert looked_at(loaded, feed, file).sieve.as_before, "one edit does not make the others doubtful"
    assert runs.apply_run(loaded, feed, file).data["counts"] == {"updated": 1, "unchanged": MANY - 1}
    assert loaded.directory.people.get(edited.uid).title == edited.title


def test_in_any_doubt_the_whole_file_is_planned(loaded: SyncContext, feed: Path, tmp_path: Path) -> None:
    file = write_file(tmp_path, people(MANY), SECOND)
    memory = loaded.settings.folder / "settled" / "rivers" / "all"
    kept = memory.read_bytes()

    def narrowed() -> bool:
        return bool(looked_at(loaded, feed, file).sieve.as_before)

    assert narrowed()
    for damaged in (kept[:-1], kept[:40], b"", kept[:50] + b"\0" + kept[51:]):
        memory.write_bytes(damaged)
        assert not narrowed()
    memory.write_bytes(kept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settled, "code_digest", lambda: "of another build")
        assert not narrowed(), "rows may be read in another way now"
    assert narrowed()
    feed.write_text(feed.read_text() + "# agreed anew\n")
    assert not narrowed(), "the mapping says something else"
    feed.write_text(feed.read_text().removesuffix("# agreed anew\n"))
    (organisation,) = [each for each in loaded.directory.organisations.all() if "Rivers" in each.name]
    loaded.directory.write(
        [Update(organisation, replace(organisation, name="Department for Rivers and Sea"))]
    )
    assert not narrowed(), "everybody's copies of its name are old"


def test_a_file_is_not_refused_because_none_of_the_few_rows_looked_at_can_be_read(
    loaded: SyncContext, feed: Path, tmp_path: Path
) -> None:
    witnesses = looked_at(loaded, feed, write_file(tmp_path, people(MANY), SECOND)).sieve.witnesses
    rows = [row(each) for each in range(1, MANY + 1) if each + 1 not in witnesses]
    rows[0]["Title"] = ""
    prepared = looked_at(loaded, feed, write_file(tmp_path, rows, SECOND))
    assert (prepared.sieve.as_before, prepared.reading.rows) == ([], len(rows))


def test_nothing_is_remembered_of_rows_once_somebody_is_erased(
    loaded: SyncContext, feed: Path, tmp_path: Path
) -> None:
    (gone,) = [each for each in loaded.directory.people.all_of_feed("rivers") if each.feed_key == "s9"]
    erase(loaded, gone, "They asked for it")
    assert not list((loaded.settings.folder / "settled").glob("*/*"))
    result = runs.apply_run(loaded, feed, write_file(tmp_path, people(MANY), SECOND))
    assert result.data["counts"] == {"unchanged": MANY - 1, "not taken": 1}
