"""Plans and receipts tell of people under their keys: of whoever is erased they say "erased"."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ldap_schema.changes import Add
from ldap_schema.people import Person
from store import person_keys, tombstones
from store.database import Store
from sync.errors import PlanRefused, RunOvertaken
from sync.plan import Plan
from sync.plan_file import keep_plan, name_plan, read_plan, whole_plan
from sync.receipt import APPLIED, as_csv, as_text, receipt_of
from sync.receipt_file import load_receipt, save_receipt
from sync.sealed import Sealer
from tests.sync_world import DAY, World, people, row, write_file

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = (b"Quill", b"Okafor", b"Farthing", b"person1@", b"020 7946", b"Emrys")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A joiner, a rejected row, a question about somebody known; one who is absent and one renamed."""
    world = World(tmp_path)
    world.take(people(4))
    rows = [row(1, Phone="020 7946 0999"), row(2, Name="Brom Okafor"), row(4, Title=""), row(5)]
    rows.append(row(6, Name="Cleo Farthing", Mail="x@rivers.example", Sign_in=""))
    return world.plan(write_file(tmp_path, rows, date(2026, 11, 8)))


def erase(store: Store, uid: str, *keys: str) -> None:
    with store.transaction() as tx:
        marker = tombstones.marker(tx)
        marks = [marker.row("rivers", "all", key) for key in keys]
        tombstones.add(tx, uid, marks, DAY)
        person_keys.destroy(tx, [uid, *marks])


def joiner(plan: Plan) -> Person:
    added = (each.record for each in plan.changes if isinstance(each, Add))
    return next(each for each in added if isinstance(each, Person))


def test_a_sealed_plan_tells_nobody_anything_and_comes_back_whole(
    tmp_path: Path, store: Store, plan: Plan
) -> None:
    saved = name_plan(plan, "/f.csv", "/f.toml", "Rivers HR", sealer=Sealer(store))
    keep_plan(saved, tmp_path / "p.json")
    raw = (tmp_path / "p.json").read_bytes()
    assert not [name for name in NAMES if name.lower() in raw.lower()]
    again = read_plan(tmp_path / "p.json", Sealer(store))
    assert (again.plan.changes, again.plan.lines) == (plan.changes, plan.lines)
    quiet = tuple(replace(each, key="") if each.outcome == "unchanged" else each for each in plan.outcomes)
    assert (again.plan.outcomes, again.plan.questions, again.run) == (quiet, plan.questions, saved.run)
    assert name_plan(plan, "/f.csv", "/f.toml", "Rivers HR", sealer=Sealer(store)).run == saved.run


def test_a_plan_lacks_whoever_was_erased_and_is_not_carried_out_any_more(
    tmp_path: Path, store: Store, plan: Plan
) -> None:
    path, gone = tmp_path / "p.json", joiner(plan)
    keep_plan(name_plan(plan, "/f.csv", "/f.toml", "Rivers HR", sealer=Sealer(store)), path)
    erase(store, gone.uid, "s5")
    left = read_plan(path, Sealer(store))
    assert left.erased == (gone.uid,)
    assert gone not in [getattr(each, "record", None) for each in left.plan.changes]
    assert "erased" in [each.who for each in left.plan.lines]
    assert len(left.plan.lines) == len(plan.lines)
    with pytest.raises(PlanRefused, match="erased since"):
        whole_plan(path, Sealer(store))


def test_a_plan_of_another_store_is_refused_and_nobody_is_said_to_be_erased(
    tmp_path: Path, store: Store, plan: Plan
) -> None:
    path = tmp_path / "p.json"
    keep_plan(name_plan(plan, "/f.csv", "/f.toml", "Rivers HR", sealer=Sealer()), path)
    with pytest.raises(PlanRefused, match="keys that this store does not have"):
        read_plan(path, Sealer(store))


def test_a_plan_about_somebody_erased_meanwhile_is_made_anew(
    tmp_path: Path, store: Store, plan: Plan
) -> None:
    saved = name_plan(plan, "/f.csv", "/f.toml", "Rivers HR", sealer=Sealer(store))
    erase(store, joiner(plan).uid)
    with pytest.raises(RunOvertaken, match="plans afresh"):
        keep_plan(saved, tmp_path / "p.json")
    assert not (tmp_path / "p.json").exists()


def test_a_receipt_says_erased_in_that_row_and_keeps_the_others(
    tmp_path: Path, store: Store, plan: Plan
) -> None:
    saved = name_plan(plan, "/f.csv", "/f.toml", "Rivers HR", sealer=Sealer(store))
    names = tuple(f"person{number}@rivers.example (E{number})" for number in range(1, 7))
    kept = {"kept": ("Ada Quill: mail changed since",), "kept_of": (joiner(plan).uid,)}
    receipt = replace(receipt_of(saved, APPLIED, NOON), names=names, **kept)  # type: ignore[arg-type]
    save_receipt(tmp_path, receipt, Sealer(store))
    files = list((tmp_path / "receipts").iterdir())
    assert [each.suffix for each in files] == [".json"]
    assert not [name for name in NAMES if name.lower() in files[0].read_bytes().lower()]
    erase(store, joiner(plan).uid, "s4")
    read = load_receipt(tmp_path, receipt.run, Sealer(store))
    assert read.counts() == receipt.counts()
    assert read.kept == ("erased",)
    hers = next(each for each in read.outcomes if each.line == 4)
    assert (hers.outcome, hers.reason, hers.key) == ("rejected", "erased", "")
    assert [each for each in read.outcomes if each.reason == "erased"] == [hers]
    assert "erased" in as_csv(read)
    assert as_text(read)
