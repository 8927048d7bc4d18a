"""Opens one workbook; run by `sandbox` in a process of its own.

stdin is the sheet's name as JSON, a line end and the workbook; stdout is Opened as JSON. A workbook of 1.5 kB
with one cell in its last row and column makes the reader ask for hundreds of gigabytes; others make it panic,
which Python can't catch as an error.
"""

import io
import re
import sys
from datetime import date, datetime
from zipfile import ZipFile

import msgspec
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from sync.opened import Opened

_ERROR_CELL = re.compile(
    rb'<c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3})(\d{1,7})"[^>]*>(?:<f\b[^<]*(?:</f>)?)?<v>#([A-Z0-9/!?_]{1,20})</v>'
)
# A formula that no spreadsheet worked out yet; one whose outcome is an empty text says t="str".
_NO_OUTCOME = re.compile(
    rb'<c\b(?![^>]*\bt="str")[^>]*\br="([A-Z]{1,3})(\d{1,7})"[^>]*>\s*<f\b(?:[^>]*/>|[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>'
)


def main() -> None:
    """Read from stdin and write to stdout."""
    sheet = msgspec.json.decode(sys.stdin.buffer.readline(), type=str)
    sys.stdout.buffer.write(msgspec.json.encode(opened(sys.stdin.buffer.read(), sheet)))


def opened(raw: bytes, sheet: str) -> Opened:
    """Read the sheet of that name, or the first that is not hidden; one that is not there has no rows."""
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        sheets = workbook.sheet_names
        seen = [
            each.name
            for each in workbook.sheets_metadata
            if each.visible == SheetVisibleEnum.Visible and each.typ == SheetTypeEnum.WorkSheet
        ]
        wanted = sheet or next(iter(seen), "")
        if wanted not in sheets:
            return Opened(sheets)
        found = workbook.get_sheet_by_name(wanted)
        table = found.to_python(skip_empty_area=False)
    except CalamineError as error:
        return Opened(trouble=str(error) or "unreadable")
    rows = [[cell(value) for value in cells] for cells in table]
    _write_errors(raw, sheets.index(wanted), rows)
    return Opened(sheets, rows, _fill_merged(found, rows))


def _write_errors(raw: bytes, index: int, rows: list[list[str]]) -> None:
    """Write "#N/A" and the like where calamine gives nothing: a value that was not or could not be worked out
    is not one that somebody took away.
    """
    with ZipFile(io.BytesIO(raw)) as archive:
        sheet = _sheet_file(archive, index)
        content = archive.read(sheet) if sheet in archive.namelist() else b""
    told = [(found, f"#{found.group(3).decode()}") for found in _ERROR_CELL.finditer(content)]
    told += [(found, "#VALUE!") for found in _NO_OUTCOME.finditer(content)]
    for found, error in told:
        letters, number = found.group(1).decode(), int(found.group(2))
        column = 0
        for letter in letters:
            column = column * 26 + ord(letter) - 64
        if number <= len(rows) and column <= len(rows[number - 1]):
            rows[number - 1][column - 1] = error


def _sheet_file(archive: ZipFile, index: int) -> str:
    """Find the file of the sheet in that place, as the workbook's own table of contents says."""
    try:
        listed = re.findall(rb'<sheet\b[^>]*?\br:id="([^"]+)"', archive.read("xl/workbook.xml"))[index]
        links = archive.read("xl/_rels/workbook.xml.rels")
    except (KeyError, IndexError):
        return ""
    for link in re.findall(rb"<Relationship\b[^>]*>", links):
        if b'Id="' + listed + b'"' in link and (target := re.search(rb'Target="/?(?:xl/)?([^"]+)"', link)):
            return f"xl/{target.group(1).decode(errors='replace')}"
    return ""


def _fill_merged(sheet: CalamineSheet, rows: list[list[str]]) -> list[int]:
    """Write what stands in a cell merged over several rows into each of them, as people see it; give the
    numbers of those rows.
    """
    filled = set()
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        for row in range(top + 1, min(bottom, len(rows) - 1) + 1):
            rows[row][left] = rows[top][left]
            filled.add(row + 1)
    return sorted(filled)


def cell(value: object) -> str:
    """Write a workbook's cell as text: whole numbers without ".0", days in ISO form."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
