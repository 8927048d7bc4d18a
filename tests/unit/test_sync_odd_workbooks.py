"""What people do in spreadsheets: merged and hidden cells, numbers as text, formulas, errors, day numbers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from sync.canonical import canonical
from sync.errors import FileRefused
from sync.mapping import Feed, Format
from sync.mapping_reader import load_feed
from sync.readers import read_table
from sync.rows import Reading
from sync.settings import SyncSettings
from tests.sync_world import DAY, HEADER, row, write_mapping

Change = Callable[[Workbook, Worksheet], None]


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    return replace(load_feed(write_mapping(tmp_path)), format=Format(type="xlsx"))


def read(feed: Feed, folder: Path, change: Change = lambda book, page: None) -> Reading:
    """Two good rows in a workbook, changed as somebody would change them."""
    book = openpyxl.Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    for cells in (HEADER, row(1).values(), row(2).values()):
        page.append(list(cells))
    change(book, page)
    path = folder / "rivers-2026-11-01.xlsx"
    book.save(path)
    return canonical(feed, read_table(feed, path, SyncSettings()), "all", DAY)


def column(name: str) -> int:
    return HEADER.index(name) + 1


def put(name: str, value: object) -> Change:
    """Put a value into the first row's cell."""

    def change(book: Workbook, page: Worksheet) -> None:
        page.cell(2, column(name)).value = value  # type: ignore[assignment]

    return change


def test_a_cell_merged_over_rows_stands_in_each_of_them_and_is_noted(tmp_path: Path, feed: Feed) -> None:
    def merge(book: Workbook, page: Worksheet) -> None:
        page.merge_cells(start_row=2, end_row=3, start_column=column("Organisation"), end_column=5)

    reading = read(feed, tmp_path, merge)
    assert {each.post.organisation.name for each in reading.candidates} == {"Department for Rivers"}
    assert reading.candidates[1].notes[0].startswith("a merged cell was read")
    assert reading.candidates[0].notes == ()


def test_hidden_rows_and_columns_are_rows_and_columns(tmp_path: Path, feed: Feed) -> None:
    def hide(book: Workbook, page: Worksheet) -> None:
        page.row_dimensions[3].hidden = True  # as a filter does; its people did not leave
        page.column_dimensions["C"].hidden = True
        page.auto_filter.ref = "A1:L3"

    plain, hidden = read(feed, tmp_path), read(feed, tmp_path, hide)
    assert hidden.candidates == plain.candidates


def test_a_hidden_sheet_in_front_is_not_the_list(tmp_path: Path, feed: Feed) -> None:
    def hide(book: Workbook, page: Worksheet) -> None:
        notes = book.create_sheet("Old", 0)
        notes.append(["Nobody"])
        notes.sheet_state = "hidden"

    assert len(read(feed, tmp_path, hide).candidates) == 2


def test_title_rows_above_the_header_are_found_past(tmp_path: Path, feed: Feed) -> None:
    def title(book: Workbook, page: Worksheet) -> None:
        page.insert_rows(1, 3)
        page["A1"] = "Senior staff, OFFICIAL"
        page.merge_cells("A1:F1")

    agreed = replace(feed, format=Format(type="xlsx", skip_until="Staff No"))
    assert [each.line for each in read(agreed, tmp_path, title).candidates] == [5, 6]


@pytest.mark.parametrize(
    ("change", "field", "found"),
    [
        (put("Staff No", 10234), "key", "10234"),
        (put("Staff No", 10234.0), "key", "10234"),
        (put("Staff No", "00123"), "key", "00123"),  # a number kept as text keeps its zeros
        (put("Phone", 2079460000), "telephone", ("+44 20 7946 0000",)),  # and a telephone number gets its own
        (put("Phone", 20794600000), "telephone", ()),
        (put("From", date(2026, 3, 1)), "first_day", date(2026, 3, 1)),
        (put("From", datetime(2026, 3, 1, 9, 30)), "first_day", date(2026, 3, 1)),  # noqa: DTZ001
        (put("From", 46082), "first_day", date(2026, 3, 1)),  # the cell lost its form
        (put("From", "01/03/2026"), "first_day", date(2026, 3, 1)),
        (put("From", True), "first_day", None),
        (put("To", date(9999, 12, 31)), "last_day", None),
    ],
)
def test_a_cell_is_read_as_people_see_it(
    tmp_path: Path, feed: Feed, change: Change, field: str, found: object
) -> None:
    assert getattr(read(feed, tmp_path, change).candidates[0], field) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [("Title", "#REF!"), ("Staff No", "#N/A"), ("Name", "#VALUE!"), ("Organisation", "#NAME?")],
)
def test_an_error_cell_that_is_needed_rejects_its_row(
    tmp_path: Path, feed: Feed, name: str, value: str
) -> None:
    def spoil(book: Workbook, page: Worksheet) -> None:
        cell = page.cell(2, column(name))
        cell.value = value
        cell.data_type = "e"

    reading = read(feed, tmp_path, spoil)
    assert [each.outcome for each in reading.set_aside] == ["rejected"]
    assert "could not work this value out" in reading.set_aside[0].reason


def test_a_formula_nobody_worked_out_is_an_error_and_not_a_blank_cell(tmp_path: Path, feed: Feed) -> None:
    reading = read(feed, tmp_path, put("Title", '=HYPERLINK("https://evil.example")'))
    assert "could not work this value out" in reading.set_aside[0].reason
    assert read(feed, tmp_path, put("Phone", "=1+1")).candidates[0].refused == {"telephone"}


def test_a_sheet_that_is_a_chart_is_passed_over(tmp_path: Path, feed: Feed) -> None:
    def chart(book: Workbook, page: Worksheet) -> None:
        book.create_chartsheet("Chart", 0)

    assert len(read(feed, tmp_path, chart).candidates) == 2


def test_private_columns_of_a_workbook_are_nowhere_in_what_is_read(tmp_path: Path, feed: Feed) -> None:
    def private(book: Workbook, page: Worksheet) -> None:
        for number, value in enumerate(("Salary", 99_123, 88_321), start=1):
            page.cell(number, len(HEADER) + 1).value = value

    found = repr(read(feed, tmp_path, private))
    assert "99123" not in found
    assert "Salary" not in found


def test_a_workbook_with_a_header_alone_changes_nothing(tmp_path: Path, feed: Feed) -> None:
    with pytest.raises(FileRefused, match="a header and no rows"):
        read(feed, tmp_path, lambda book, page: page.delete_rows(2, 2))
