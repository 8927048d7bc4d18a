"""A workbook made to break whoever opens it is refused, and whoever asked lives on."""

import zipfile
from pathlib import Path

import pytest

from sync.errors import FileRefused
from sync.workbook import read_workbook

LARGEST = 50_000_000
CONTENT = "application/vnd.openxmlformats-"
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Default Extension="rels" ContentType="{CONTENT}package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{RELATIONS}">'
        f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{OFFICE}">'
        '<sheets><sheet name="Staff" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{RELATIONS}">'
        f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def workbook(folder: Path, rows: str, before: str = "") -> bytes:
    path = folder / "staff.xlsx"
    sheet = f'{before}<worksheet xmlns="{SPREADSHEET}"><sheetData>{rows}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, content)
    return path.read_bytes()


HEADER = f'<row r="1">{cell("A1", "Name")}{cell("B1", "Title")}</row>'


def test_the_same_workbook_without_the_trick_is_read(tmp_path: Path) -> None:
    raw = workbook(tmp_path, HEADER + f'<row r="3">{cell("B3", "Chief")}</row>')
    found = read_workbook(raw, "staff.xlsx", "Staff", LARGEST)
    assert (found.sheets, found.rows) == (["Staff"], [["Name", "Title"], ["", ""], ["", "Chief"]])
    assert read_workbook(raw, "staff.xlsx", "", LARGEST).rows == found.rows


@pytest.mark.parametrize(
    "rows",
    [
        HEADER + f'<row r="1048576">{cell("XFD1048576", "far")}</row>',  # 550 GB when it is laid out
        HEADER + f'<row r="40000">{cell("XFD40000", "far")}</row>',
        HEADER + f'<row r="2">{cell("ZZZZZZZZ99999999999", "nowhere")}</row>',  # the reader panics
    ],
)
def test_a_cell_far_away_costs_a_sentence_and_not_the_machine(tmp_path: Path, rows: str) -> None:
    raw = workbook(tmp_path, rows)
    assert len(raw) < 2000
    with pytest.raises(FileRefused, match="more memory or time") as refused:
        read_workbook(raw, "staff.xlsx", "Staff", LARGEST)
    assert "staff.xlsx" in str(refused.value)


def test_entities_open_no_file_and_do_not_multiply(tmp_path: Path) -> None:
    before = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    raw = workbook(tmp_path, HEADER + f'<row r="2">{cell("A2", "&x;")}</row>', before)
    with pytest.raises(FileRefused, match="not a whole XLSX workbook"):
        read_workbook(raw, "staff.xlsx", "Staff", LARGEST)


def test_a_sheet_s_name_is_never_read_as_anything_else(tmp_path: Path) -> None:
    raw = workbook(tmp_path, HEADER)
    for name in ("--help", "-c", "\0", "\n", "../../Staff", "x" * 100_000):
        assert read_workbook(raw, "staff.xlsx", name, LARGEST).rows == []
