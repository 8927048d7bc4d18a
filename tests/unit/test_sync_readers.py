"""Files that are not whole, readable tables of the agreed form are refused and change nothing."""

import re
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from sync.errors import FileRefused
from sync.layout import Line
from sync.mapping import Feed, Format
from sync.mapping_reader import load_feed
from sync.readers import read_table
from sync.settings import SyncSettings
from sync.source import find_sources, source_of
from tests.sync_world import DAY, HEADER, TODAY, people, row, write_file, write_mapping

GOOD = "\r\n".join((",".join(HEADER), "S1,Ada Quill,Director,P1,Rivers,a@b.example,,,SCS3,,,", ""))


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    return load_feed(write_mapping(tmp_path))


def read(feed: Feed, folder: Path, raw: bytes, name: str = "rivers-2026-11-01.csv") -> list[Line]:
    path = folder / name
    path.write_bytes(raw)
    return lines_of(feed, path)


def lines_of(feed: Feed, path: Path) -> list[Line]:
    return list(read_table(feed, path, SyncSettings()).lines)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is empty"),
        (b" \r\n\r\n", "is empty"),
        (GOOD.splitlines()[0].encode(), "has a header and no rows"),
        (GOOD.splitlines()[0].encode() + b"\r\n,,,,,,,,,,,\r\n", "has a header and no rows"),
        ((GOOD + 'S2,Bram Okafor,"Director of wat').encode(), "cut short"),
        ((GOOD + "S2,Bram Oka").encode(), "ends in the middle of line 3"),
        (GOOD.encode("utf-16"), "is not utf-8"),
        (GOOD.replace("Quill", "Quéll").encode("cp1252"), "format.encoding"),
        (GOOD.encode().replace(b"Quill", b"Qu\0ll"), "zero bytes"),
        (GOOD.replace("Staff No", "Staff Number").encode(), 'has no column "Staff No"'),
        (GOOD.replace("Grade,", "Grade,Title,").encode(), '2 columns named "Title"'),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is not utf-8"),
    ],
)
def test_a_file_that_is_not_a_whole_table_is_refused(
    tmp_path: Path, feed: Feed, raw: bytes, said: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        read(feed, tmp_path, raw)
    assert said in str(refused.value)


def test_a_renamed_column_is_refused_with_mapping_key_and_the_closest_column(
    tmp_path: Path, feed: Feed
) -> None:
    with pytest.raises(FileRefused) as refused:
        read(feed, tmp_path, GOOD.replace("Staff No", "Staff Number").encode())
    assert str(refused.value).endswith('rivers.toml: identity.key). Did you mean "Staff Number"?')


def test_order_of_columns_extra_columns_and_a_byte_order_mark_do_not_matter(
    tmp_path: Path, feed: Feed
) -> None:
    names, values = GOOD.splitlines()[:2]
    turned = (
        ",".join(reversed(names.split(","))) + ",Salary\n" + ",".join(reversed(values.split(","))) + ",9\n"
    )
    assert read(feed, tmp_path, b"\xef\xbb\xbf" + turned.encode()) == read(feed, tmp_path, GOOD.encode())


def test_unmapped_columns_are_dropped_at_once(tmp_path: Path, feed: Feed) -> None:
    extra = "\n".join(
        line + tail for line, tail in zip(GOOD.splitlines(), (",Salary", ",99999"), strict=True)
    )
    cells = read(feed, tmp_path, extra.encode() + b"\n")[0].cells
    assert set(cells) == set(HEADER)


def test_a_quoted_line_break_stays_in_its_row_and_lines_are_counted_as_in_an_editor(
    tmp_path: Path, feed: Feed
) -> None:
    raw = (
        GOOD.replace("Director", '"Director\r\nof rivers"')
        + "S2,Bram Okafor,Director,P2,Rivers,,,,SCS3,,,\r\n"
    )
    assert [line.number for line in read(feed, tmp_path, raw.encode())] == [2, 4]


def test_an_unquoted_separator_troubles_its_row_only(tmp_path: Path, feed: Feed) -> None:
    raw = GOOD + "S2,Okafor, Bram,Director,P2,Rivers,,,,SCS3,,,\r\n"
    assert [bool(line.trouble) for line in read(feed, tmp_path, raw.encode())] == [False, True]


def test_title_rows_and_footers_are_skipped_as_agreed(tmp_path: Path, feed: Feed) -> None:
    agreed = replace(feed, format=Format(encoding="cp1252", delimiter=";", skip_rows=2, footer_rows=1))
    raw = "Staff list;\nmade today;\n" + GOOD.replace(",", ";").replace("Quill", "Quéll") + "Total;1\n"
    lines = read(agreed, tmp_path, raw.encode("cp1252"))
    assert [line.cells["Name"] for line in lines] == ["Ada Quéll"]


def test_too_large_a_file_is_refused_unread(tmp_path: Path, feed: Feed) -> None:
    path = write_file(tmp_path, people(3))
    with pytest.raises(FileRefused, match="larger than 10 bytes"):
        read_table(feed, path, SyncSettings(max_file_bytes=10))
    with pytest.raises(FileRefused, match="more than 2 rows"):
        list(read_table(feed, path, SyncSettings(max_rows=2)).lines)


def workbook(path: Path, rows: list[list[object]], sheet: str = "Staff") -> Path:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for cells in rows:
        page.append(cells)
    book.save(path)
    return path


def test_a_workbook_is_read_with_days_and_whole_numbers_as_people_see_them(
    tmp_path: Path, feed: Feed
) -> None:
    values = [
        7,
        "Ada Quill",
        "Director",
        "P1",
        "Rivers",
        None,
        None,
        None,
        "SCS3",
        date(2026, 3, 1),
        None,
        None,
    ]
    path = workbook(tmp_path / "a.xlsx", [list(HEADER), values])
    lines = lines_of(replace(feed, format=Format(type="xlsx", sheet="Staff")), path)
    assert (lines[0].cells["Staff No"], lines[0].cells["From"], lines[0].cells["Mail"]) == (
        "7",
        "2026-03-01",
        "",
    )


def test_a_missing_sheet_is_refused_with_the_closest_one(tmp_path: Path, feed: Feed) -> None:
    path = workbook(tmp_path / "a.xlsx", [list(HEADER)], sheet="Staff list")
    with pytest.raises(FileRefused, match=r'no sheet "Staff" .*Did you mean "Staff list"\?'):
        lines_of(replace(feed, format=Format(type="xlsx", sheet="Staff")), path)


def test_a_cut_or_foreign_workbook_is_refused(tmp_path: Path, feed: Feed) -> None:
    xlsx = replace(feed, format=Format(type="xlsx"))
    whole = workbook(tmp_path / "a.xlsx", [list(HEADER)]).read_bytes()
    for raw in (whole[: len(whole) // 2], b"not a workbook", GOOD.encode()):
        with pytest.raises(FileRefused, match="not a whole XLSX workbook"):
            read(xlsx, tmp_path, raw, "b.xlsx")


def test_a_zip_bomb_is_not_opened(tmp_path: Path, feed: Feed) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 3_000_000)
    with pytest.raises(FileRefused, match="unpacks to far more"):
        read_table(replace(feed, format=Format(type="xlsx")), path, SyncSettings(max_file_bytes=100_000))


def test_the_name_says_body_and_day(feed: Feed) -> None:
    archive = replace(feed, file="{part}-{as_of}-senior.csv")
    source = source_of(archive, Path("high_speed_2_limited-2011-09-30-senior.csv"), TODAY)
    assert (source.part, source.as_of) == ("high_speed_2_limited", date(2011, 9, 30))


@pytest.mark.parametrize(
    "name", ["rivers.csv", "rivers-2026-13-01.csv", "rivers-2026-02-30.csv", "Rivers-2026-11-01.csv"]
)
def test_a_file_that_is_not_named_as_agreed_is_refused(feed: Feed, name: str) -> None:
    with pytest.raises(FileRefused, match=r"named as the mapping says|no real date"):
        source_of(feed, Path(name), TODAY)


def test_a_folder_is_taken_in_date_order_and_other_files_are_left_alone(tmp_path: Path, feed: Feed) -> None:
    for day in (date(2026, 11, 8), DAY, date(2026, 10, 30)):
        write_file(tmp_path, [row()], day)
    (tmp_path / "README").write_text("not a feed")
    (tmp_path / "rivers-2026-11-09.csv").symlink_to("/etc/hostname")  # its sender may not read that
    assert [each.as_of.day for each in find_sources(feed, tmp_path, TODAY)] == [30, 1, 8]


def test_a_folder_without_the_feed_is_refused(tmp_path: Path, feed: Feed) -> None:
    with pytest.raises(FileRefused, match="No file in"):
        find_sources(feed, tmp_path, TODAY)
    with pytest.raises(FileRefused, match="There is no folder"):
        find_sources(feed, tmp_path / "nowhere", TODAY)


def test_the_header_is_found_by_its_first_cell(tmp_path: Path, feed: Feed) -> None:
    agreed = replace(feed, format=Format(skip_until="staff no"))
    raw = "Staff list\n\nmade, today\n" + GOOD
    assert [line.number for line in read(agreed, tmp_path, raw.encode())] == [5]
    with pytest.raises(FileRefused, match=r'no row that begins with "staff nr".*Did you mean "Staff No"\?'):
        read(replace(feed, format=Format(skip_until="staff nr")), tmp_path, raw.encode())


@pytest.mark.parametrize(
    "footer",
    ["Total: 1\n", "Total:,1\n", "TOTAL:  1 rows,,,\n\n\n", "Total: 1", "Total: 1,,,,,,,,,,,\n"],
)
def test_a_footer_that_counts_the_rows_is_believed(tmp_path: Path, feed: Feed, footer: str) -> None:
    agreed = replace(feed, format=Format(footer_count="Total: {n}"))
    assert len(read(agreed, tmp_path, (GOOD + footer).encode())) == 1


@pytest.mark.parametrize(
    ("footer", "said"),
    [
        ("Total: 2\n", "has 1 rows and says that it has 2"),
        ("Total: 1,234\n", "says that it has 1234"),
        ("", "Line 2 .* should be the footer"),
        ("End of list\n", 'does not end with "Total: {n}"'),
        ("Total: many\n", "does not end with"),
        ("Total: " + "9" * 5000 + "\n", "does not end with"),
    ],
)
def test_a_file_that_is_not_what_its_footer_says_is_refused(
    tmp_path: Path, feed: Feed, footer: str, said: str
) -> None:
    with pytest.raises(FileRefused, match=said):
        read(replace(feed, format=Format(footer_count="Total: {n}")), tmp_path, (GOOD + footer).encode())


def test_a_last_row_is_never_taken_for_a_footer(tmp_path: Path, feed: Feed) -> None:
    with pytest.raises(FileRefused, match="is a row like those above"):
        read(replace(feed, format=Format(footer_rows=1)), tmp_path, GOOD.encode())


def test_case_and_spacing_of_a_header_do_not_matter(tmp_path: Path, feed: Feed) -> None:
    raw = GOOD.replace("Staff No", '" staff  NO\u200b"').replace("Name", "NAME\u00a0")
    assert read(feed, tmp_path, raw.encode())[0].cells["Staff No"] == "S1"


def test_a_wrong_separator_is_named(tmp_path: Path, feed: Feed) -> None:
    for mark, said in ((";", '";"'), ("\t", "a tab"), ("|", '"|"')):
        with pytest.raises(FileRefused, match=f"separated by {re.escape(said)}"):
            read(feed, tmp_path, GOOD.replace(",", mark).encode())
