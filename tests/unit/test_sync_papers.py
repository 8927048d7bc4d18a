"""What people read and keep: the printed plan, the saved plan, the receipt."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sync.check import check
from sync.errors import PlanRefused
from sync.mapping_reader import load_feed
from sync.plan import Plan
from sync.plan_file import SavedPlan, name_plan, read_plan, write_private
from sync.receipt import APPLIED, as_csv, as_text, receipt_of
from sync.receipt_file import load_receipt, save_receipt
from sync.render import plan_text, printable, receipt_line
from sync.sealed import Sealer
from sync.settings import SyncSettings
from tests.sync_world import DAY, World, people, row, write_file, write_mapping

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = date(2026, 11, 8)
KEYS = Sealer()  # of this test alone


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    world = World(tmp_path)
    world.take(people(4))
    rows = [
        row(
            1,
            Phone="020 7946 0999",
            Title="Director of a very long list of things that no eighty columns can hold",
        ),
        row(2, Post_Ref="P9"),
        row(5),
        row(6, Name="Vacant"),
        row(7, Title=""),
        row(3, Name="Oskar Pym", Sign_in="o@rivers.example"),
    ]
    return world.plan(write_file(tmp_path, rows, SECOND))


def saved(plan: Plan, holds: tuple[str, ...] = ()) -> SavedPlan:
    return name_plan(plan, "/feeds/rivers.csv", "/feeds/rivers.toml", "Rivers HR", holds, sealer=KEYS)


@pytest.mark.parametrize("width", [80, 120])
def test_a_printed_plan_fits_the_terminal(plan: Plan, width: int) -> None:
    text = plan_text(plan, ("absent: 1 of 4",), "abc123", width)
    assert max(len(line) for line in text.splitlines()) <= width


def test_a_printed_plan_says_who_what_old_and_new_and_sums_up(plan: Plan) -> None:
    text = plan_text(plan, (), "abc123", 120)
    assert {
        line.strip()[0] for line in text.splitlines() if line.startswith("  ") and line[2:3] != " "
    } == set("+~→-!?")
    assert '"+44 20 7946 0000" → "+44 20 7946 0999"' in text
    assert (
        "Plan: 1 to join or return, 1 to update, 1 to move, 1 absent or leaving, 1 rejected, 1 question"
        in text
    )
    assert "1 row set aside (1 vacant)" in " ".join(text.split())
    assert text.endswith("Guard: passes.\n")


def test_a_plan_says_in_how_many_acts_it_is_written(plan: Plan) -> None:
    def said(shown: Plan, transactions: int = 1) -> str:
        return " ".join(plan_text(shown, (), "abc123", 80, transactions=transactions).split())

    assert f" {len(plan.changes)} changes in one transaction. " in said(plan)
    assert f" {len(plan.changes)} changes in 12 transactions of whole persons; " in said(plan, 12)
    assert " Nothing to write. " in said(replace(plan, changes=()))
    assert " 1 change in one transaction. " in said(replace(plan, changes=plan.changes[:1]))


def test_a_run_in_one_line_says_how_many_are_not_in_the_file(plan: Plan) -> None:
    line = receipt_line(receipt_of(saved(plan), APPLIED, NOON))
    assert line.startswith("2026-11-08  all: applied, 6 rows: ")
    assert line.endswith("; 1 not in the file")


def test_a_held_plan_says_that_nothing_is_changed(plan: Plan) -> None:
    text = plan_text(plan, ("absent: 9 of 10, more than 2",), "abc123")
    assert "Guard: HOLDS run abc123. Nothing is changed" in text
    assert "  - absent: 9 of 10, more than 2" in text


def test_a_strangers_text_can_not_steer_the_terminal() -> None:
    assert printable("Ada\x1b[2J\u202eQuill") == "Ada\ufffd[2J\ufffdQuill"


def test_colour_marks_symbols_only(plan: Plan) -> None:
    text = plan_text(plan, (), "abc123", 120, colour=True)
    assert "\x1b[32m+\x1b[0m" in text


def test_a_saved_plan_comes_back_as_it_was(tmp_path: Path, plan: Plan) -> None:
    first = saved(plan, ("why",))
    path = tmp_path / "plan.json"
    write_private(path, first.raw)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_plan(path, KEYS) == first


def test_a_saved_plan_changed_by_hand_is_another_run(tmp_path: Path, plan: Plan) -> None:
    first = saved(plan, ("why",))
    path = tmp_path / "plan.json"
    path.write_bytes(first.raw.replace(b'"why"', b'"wry"'))
    assert read_plan(path, KEYS).run != first.run


@pytest.mark.parametrize("raw", [b"", b"{}", b"not json", b'{"version": 1}', b"\xff\xfe"])
def test_what_is_no_plan_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "plan.json").write_bytes(raw)
    with pytest.raises(PlanRefused, match="not a plan"):
        read_plan(tmp_path / "plan.json", KEYS)
    with pytest.raises(PlanRefused, match="There is no plan"):
        read_plan(tmp_path / "nowhere.json", KEYS)


def test_a_receipt_accounts_for_every_row(tmp_path: Path, plan: Plan) -> None:
    receipt = receipt_of(saved(plan), APPLIED, NOON)
    assert sum(receipt.counts().values()) == receipt.rows == 6
    save_receipt(tmp_path, receipt, KEYS)
    assert load_receipt(tmp_path, receipt.run, KEYS) == receipt
    rows = list(csv.reader(io.StringIO(as_csv(receipt))))
    assert [each[0] for each in rows] == ["line", "2", "3", "4", "5", "6", "7"]


def test_a_receipt_says_how_to_mend_a_row(plan: Plan) -> None:
    text = as_text(receipt_of(saved(plan), APPLIED, NOON))
    assert "line 6: rejected: the row has no title. Fill in the title." in text
    assert "      6  rows in all" in text


def test_a_receipt_runs_no_formula_in_the_senders_spreadsheet(plan: Plan) -> None:
    receipt = receipt_of(saved(plan), APPLIED, NOON)
    outcomes = (replace(receipt.outcomes[0], key="=1+1", reason="@SUM(A1)"),)
    assert "2,'=1+1,updated,'@SUM(A1)" in as_csv(replace(receipt, outcomes=outcomes))
    for cell in ("\t=1+1", "\r\n+1", "  -1", "＝1+1", "＠x"):  # noqa: RUF001
        outcomes = (replace(receipt.outcomes[0], reason=cell),)
        assert f",updated,'{cell.strip()}," in as_csv(replace(receipt, outcomes=outcomes)), repr(cell)


def test_an_unknown_receipt_is_named(tmp_path: Path) -> None:
    for run in ("abc", "../../etc/passwd"):
        with pytest.raises(PlanRefused, match=r"receipt for the run|not the name of a run"):
            load_receipt(tmp_path, run, KEYS)


def test_a_mapping_and_a_sample_are_checked_without_any_server(tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path)
    sample = write_file(
        tmp_path, [row(1), row(2, Phone="x4321"), row(3, Name="Vacant"), row(4, Title="")], DAY
    )
    assert check(SyncSettings(), lambda: NOON, mapping).exit_code == 0
    result = check(SyncSettings(), lambda: NOON, mapping, sample)
    assert result.exit_code == 5
    assert result.data["counts"] == {"taken": 2, "vacant": 1, "rejected": 1}
    assert "line 3: telephone: not a telephone number" in result.text
    assert load_feed(mapping).name in check(SyncSettings(), lambda: NOON, mapping).text


def test_a_check_shows_what_would_be_held_and_which_columns_are_dropped(tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path, old="[eligible]", new="[guard]\nfloor = 3\n[eligible]")
    sample = tmp_path / "rivers-2026-11-01.csv"
    lines = (
        write_file(tmp_path, [row(1, Phone="2079460000"), row(2, Phone="2079460000")])
        .read_text()
        .splitlines()
    )
    sample.write_text(
        "\n".join(line + tail for line, tail in zip(lines, (",Salary", ",1", ",2"), strict=True))
    )
    result = check(SyncSettings(), lambda: NOON, mapping, sample)
    assert result.exit_code == 0
    assert "as of 1 November 2026: 2 rows" in result.text
    assert "name             Bram Okafor" in result.text
    assert 'dropped unread:\n  "Salary"' in result.text
    assert "lines 2, 3: telephone: its leading zero was put back" in result.text
    assert result.data["left_out"] == ["Salary"]


def test_a_sample_may_have_any_name_and_is_told_where_a_file_of_it_would_be_left_alone(
    tmp_path: Path,
) -> None:
    mapping, sample = write_mapping(tmp_path), tmp_path / "sample.csv"
    write_file(tmp_path, [row(1)]).rename(sample)
    result = check(SyncSettings(), lambda: NOON, mapping, sample)
    assert (result.exit_code, result.data["counts"]) == (0, {"taken": 1})
    assert "A file of that name would be left alone" in result.text
    assert (
        "left alone" not in check(SyncSettings(), lambda: NOON, mapping, write_file(tmp_path, [row(1)])).text
    )


def test_a_check_in_which_nobody_is_eligible_says_what_the_column_has(tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path, old="SCS3", new="SC3")
    mapping.write_text(mapping.read_text().replace("SCS4", "SC4"))
    text = check(SyncSettings(), lambda: NOON, mapping, write_file(tmp_path, [row(1), row(2)])).text
    assert 'Nobody is eligible. The column "Grade" has "SCS3" (2)' in " ".join(text.split())


def test_a_check_of_a_mapping_alone_says_what_it_does(tmp_path: Path) -> None:
    text = check(SyncSettings(), lambda: NOON, write_mapping(tmp_path)).text
    assert "is told by Staff No" in text
    assert "rows whose Grade is one of: scs3, scs4" in text
    assert 'full name from "Name"' in text


def test_a_check_of_a_large_file_says_each_thing_once(tmp_path: Path) -> None:
    rows = [row(number, Phone="x4321") for number in range(1, 200)]
    text = check(SyncSettings(), lambda: NOON, write_mapping(tmp_path), write_file(tmp_path, rows)).text
    assert "lines 2, 3, 4, 5, 6, 7, 8, 9 and 191 more: telephone: not a telephone number" in text
    assert max(map(len, text.splitlines())) <= 80
