"""Whole files as they should never come: each has its one right outcome, and none ends in a traceback."""

import json
import os
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync import json_child
from sync.canonical import canonical
from sync.errors import FileRefused, InputRefused
from sync.layout import Rows, table_lines
from sync.mapping import Eligible, Feed, Format
from sync.mapping_reader import load_feed
from sync.readers import Table, read_table
from sync.rows import Reading
from sync.settings import SyncSettings
from tests.sync_world import DAY, HEADER, row, write_mapping

ROOT = Path(__file__).parents[2]
HEAD = ",".join(HEADER)
BRAM = ",".join(row(1).values())
CLEO = ",".join(row(2).values())
GOOD = f"{HEAD}\r\n{BRAM}\r\n{CLEO}\r\n"


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    return load_feed(write_mapping(tmp_path))


def read(feed: Feed, folder: Path, raw: bytes | str, settings: SyncSettings | None = None) -> Reading:
    path = folder / "rivers-2026-11-01.csv"
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return canonical(feed, read_table(feed, path, settings or SyncSettings()), "all", DAY)


def outcomes(reading: Reading) -> list[str]:
    found = {each.line: "taken" for each in reading.candidates}
    found |= {each.line: each.outcome for each in reading.set_aside}
    return [found[line] for line in sorted(found)]


@pytest.mark.parametrize(
    "raw",
    [
        GOOD,
        GOOD.replace("\r\n", "\n"),
        GOOD.replace("\r\n", "\r"),
        f"{HEAD}\n{BRAM}\r\n{CLEO}\r",  # three kinds of line ends
        GOOD.rstrip(),
        GOOD + "\r\n\r\n,,,,,,,,,,,\r\n",
        "\ufeff" + GOOD,
        GOOD.upper(),
        '"' + HEAD.replace(",", '","') + '"\r\n' + GOOD.partition("\r\n")[2],
        GOOD.replace("Staff No", " STAFF  no "),
        HEAD + ",,\r\n" + BRAM + ",,\r\n" + CLEO + ",,\r\n",  # blank header cells
        HEAD + ",Notes\r\n" + BRAM + ',"said ""so"",\r\nand again"\r\n' + CLEO + ",\r\n",
        HEAD + ",Salary,Salary\r\n" + BRAM + ",1,2\r\n" + CLEO + ",3,4\r\n",  # doubled, and not mapped
        "\r\n \r\n" + GOOD,
        GOOD.replace("Director 1", "Director\x0cof 1"),
        GOOD + "\x1a",  # how old programs end a file
        GOOD + "\x0c",
    ],
)
def test_a_file_with_harmless_habits_is_read_as_if_it_had_none(tmp_path: Path, feed: Feed, raw: str) -> None:
    assert outcomes(read(feed, tmp_path, raw)) == ["taken", "taken"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\0" * 100_000, "is empty"),
        (b"\xef\xbb\xbf", "no header and no rows"),
        (b"\x1a", "is empty"),
        (HEAD.encode() + b"\r\n" * 1000, "a header and no rows"),
        (GOOD.encode("utf-16"), 'encoding = "utf-16"'),
        (GOOD.encode("utf-16-le"), "zero bytes"),
        (GOOD.encode("utf-32"), 'encoding = "utf-16"|zero bytes'),
        (GOOD.replace("Bram", "Zoë").encode("cp1252"), 'encoding = "cp1252"'),
        (GOOD.encode().replace(b"Bram", b"Br\0am"), "zero bytes"),
        (GOOD.encode()[: -len(CLEO) // 2], "cut short"),
        (f'{HEAD}\r\n{BRAM},"and so\r\n{CLEO}\r\n'.encode(), "cut short, or is a quotation mark"),
        (f'{HEAD}\r\n"Br"am{BRAM}\r\n'.encode(), "quotation mark"),
        (b"PK\x03\x04" + GOOD.encode(), "an XLSX workbook or a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 100, "an old or password-protected workbook"),
        (b"%PDF-1.7\n" + GOOD.encode(), "a PDF"),
        (b"\x1f\x8b\x08" + GOOD.encode(), "a compressed file"),
        (b"<!DOCTYPE HTML><html><body>Sign in</body></html>", "a web page"),
        (b"<html><table><tr><td>Staff No", "a web page"),
        (GOOD.replace(",", ";").encode(), 'separated by ";"'),
        ((GOOD + GOOD.replace("Bram", "Dora")).encode(), "its header again in line 4"),  # leavers, perhaps
        ((HEAD + ",Title\r\n" + BRAM + ",x\r\n").encode(), '2 columns named "Title"'),
        (GOOD.replace("Staff No", "Staff Number").encode(), 'Did you mean "Staff Number"'),
        (GOOD.replace("Name,", "").encode(), 'no column "Name"'),
        (GOOD.partition("\r\n")[2].encode(), 'no column "Staff No"'),  # no header at all
        ((HEAD + ",x" * 100_000 + "\r\n" + BRAM + "\r\n").encode(), "100012 columns"),
        ((f"{HEAD}\r\n" + BRAM.replace("Director 1", "x" * 1_000_000) + "\r\n").encode(), "larger than"),
        ((f"{HEAD}\r\n" + f"{BRAM},\r\n" + f"{CLEO},\r\n").encode(), "No row can be read"),  # trailing commas
    ],
)  # fmt: skip
def test_a_file_that_may_be_another_one_is_refused_whole(
    tmp_path: Path, feed: Feed, raw: bytes, said: str
) -> None:
    with pytest.raises(FileRefused, match=said):
        read(feed, tmp_path, raw)


@pytest.mark.parametrize(
    ("declared", "sent", "said"),
    [
        ("cp1252", "utf-8-sig", 'encoding = "utf-8"'),
        ("utf-16", "utf-8-sig", 'encoding = "utf-8"'),
        ("utf-16", "cp1252", "can't be read|no column|zero bytes|not utf-16"),
        ("ascii", "utf-8", 'It is UTF-8: write encoding = "utf-8"'),
    ],
)
def test_a_wrong_encoding_is_refused_with_the_likely_one(
    tmp_path: Path, feed: Feed, declared: str, sent: str, said: str
) -> None:
    agreed = replace(feed, format=Format(encoding=declared))
    with pytest.raises(FileRefused, match=said):
        read(agreed, tmp_path, GOOD.replace("Bram", "Zoë").encode(sent))


def test_utf_8_read_as_agreed_windows_text_is_mended_and_noted(tmp_path: Path, feed: Feed) -> None:
    agreed = replace(feed, format=Format(encoding="cp1252"))
    reading = read(agreed, tmp_path, GOOD.replace("Bram", "Zoë").encode())
    assert reading.candidates[0].name.given == "Zoë"
    assert "mended" in reading.candidates[0].notes[0]


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "latin-1", "utf-8", "mac-roman", "iso-8859-15"])
def test_every_agreed_encoding_is_read(tmp_path: Path, feed: Feed, encoding: str) -> None:
    agreed = replace(feed, format=Format(encoding=encoding))
    assert (
        read(agreed, tmp_path, GOOD.replace("Bram", "Zoë").encode(encoding)).candidates[0].name.given == "Zoë"
    )


def test_nfd_and_nfc_are_the_same_name(tmp_path: Path, feed: Feed) -> None:
    one, other = (
        read(feed, tmp_path, GOOD.replace("Bram", name)).candidates[0] for name in ("Zo\u00eb", "Zoe\u0308")
    )
    assert one == other


@pytest.mark.parametrize(
    ("column", "value", "outcome"),
    [
        ("Name", "", "blank name"),
        ("Name", "-", "blank name"),
        ("Name", "TBC", "blank name"),
        ("Name", "N/D", "not disclosed"),
        ("Name", "Vacant", "vacant"),
        ("Name", "VACANT - advertised", "vacant"),
        ("Name", "Ada Quill / Bram Okafor", "rejected"),
        ("Name", "Zo\ufffd Okafor", "rejected"),
        ("Name", "\u0410da Quill", "rejected"),  # a Cyrillic letter among Latin ones
        ("Name", '=HYPERLINK(""x"")', "rejected"),
        ("Name", "ada@rivers.example", "rejected"),
        ("Name", "x" * 300, "rejected"),
        ("Name", "QQ123456C", "rejected"),
        ("Name", "\u3164\u3164", "blank name"),
        ("Name", "\u202eAda Quill", "taken"),
        ("Name", "Ada \U0001f600 Quill", "taken"),
        ("Title", "", "rejected"),
        ("Title", "#REF!", "rejected"),
        ("Title", "Director, and more", "taken"),
        ("Title", "Director\nof rivers", "taken"),
        ("Staff No", "", "rejected"),
        ("Staff No", "QQ123456C", "rejected"),
        ("Staff No", "#N/A", "rejected"),
        ("Staff No", "x" * 300, "rejected"),
        ("Staff No", "*)(uid=*", "taken"),
        ("Staff No", "N/A", "rejected"),
        ("Staff No", "0", "rejected"),
        ("Staff No", "1.23457E+11", "rejected"),
        ("Staff No", "=A2+1", "rejected"),
        ("Staff No", "S\ufffd1", "rejected"),
        ("Staff No", "S1\u0430b", "rejected"),  # a Cyrillic letter among Latin ones
        ("Post Ref", "-", "rejected"),
        ("Title", "0", "rejected"),  # a spreadsheet's look-up of a blank cell
        ("Title", "(blank)", "rejected"),
        ("Organisation", "0", "rejected"),
        ("Name", "0", "blank name"),
        ("Post Ref", "", "rejected"),
        ("Organisation", "", "rejected"),
        ("Organisation", "\ufffd", "rejected"),
        ("Organisation", "Rivers, Coasts + \\23 # <>;", "taken"),
        ("Grade", "", "not eligible"),
        ("Grade", "G7", "not eligible"),
        ("Grade", " scs3 ", "taken"),
        ("Grade", "#N/A", "not eligible"),
        ("From", "31/02/2026", "taken"),
        ("From", "46082", "taken"),
        ("To", "01/02/1900", "taken"),
        ("Phone", "2.07946E+10", "taken"),
        ("Phone", "x4321", "taken"),
        ("Phone", "1" + " " * 100_000 + "1", "taken"),  # would take minutes to go through twice
        ("Mail", "a@rivers.example; b@rivers.example", "taken"),
        ("Mail", "not an address", "taken"),
        ("Sign-in", "a@rivers.example; b@rivers.example", "taken"),
    ],
)  # fmt: skip
def test_an_odd_cell_costs_at_most_its_own_row(
    tmp_path: Path, feed: Feed, column: str, value: str, outcome: str
) -> None:
    cells = row(1) | {column: value}
    odd = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells.values())
    reading = read(feed, tmp_path, f"{HEAD}\r\n{odd}\r\n{CLEO}\r\n")
    assert outcomes(reading) == [outcome, "taken"]
    if outcome == "rejected":
        assert reading.set_aside[0].reason
        assert reading.set_aside[0].mend
    assert "123456" not in repr(reading)


def test_a_row_whose_cells_a_separator_has_moved_along_is_rejected(tmp_path: Path, feed: Feed) -> None:
    """The last cell was cut off too, as some spreadsheets do, so that the number of cells is right."""
    moved = BRAM.replace("Director 1", "Director, Rivers").removesuffix(",")
    assert len(moved.split(",")) == len(HEADER)
    feed = replace(feed, eligible=Eligible())
    assert outcomes(read(feed, tmp_path, f"{HEAD}\r\n{moved}\r\n{CLEO}\r\n")) == ["rejected", "taken"]


def test_a_name_that_looks_like_nothing_is_a_name(tmp_path: Path) -> None:
    mapping = write_mapping(
        tmp_path, old='full_name = "Name"', new='given_name = "Name"\nfamily_name = "Grade"'
    )
    feed = replace(load_feed(mapping), eligible=Eligible())
    raw = f"{HEAD}\r\n{BRAM.replace('SCS3', 'Null')}\r\n{CLEO.replace('SCS3', 'NULL')}\r\n"
    assert outcomes(read(feed, tmp_path, raw)) == ["taken", "rejected"]


def test_organisations_whose_code_is_not_known_are_not_one(tmp_path: Path) -> None:
    mapping = write_mapping(
        tmp_path,
        old='name = "Organisation"',
        new='name = "Organisation"\ncode = { column = "Grade", prefix = "GOV:" }',
    )
    feed = replace(load_feed(mapping), eligible=Eligible())
    raw = f"{HEAD}\r\n{BRAM.replace('SCS3', 'N/A')}\r\n{CLEO.replace('SCS3', 'SCS4')}\r\n"
    assert [each.post.organisation.code for each in read(feed, tmp_path, raw).candidates] == ["", "GOV:SCS4"]


def test_a_refused_detail_is_left_out_and_said(tmp_path: Path, feed: Feed) -> None:
    raw = GOOD.replace("020 7946 0000", "2.07946E+10").replace(",SCS3,,", ",SCS3,31/02/2026,")
    bram = read(feed, tmp_path, raw).candidates[0]
    assert bram.refused == {"telephone", "first_day"}
    assert [note.partition(":")[0] for note in bram.notes] == ["telephone", "first day"]


def test_equal_rows_are_one_and_rows_that_contradict_each_other_are_none(tmp_path: Path, feed: Feed) -> None:
    assert outcomes(read(feed, tmp_path, GOOD + BRAM + "\r\n")) == ["taken", "taken", "duplicate"]
    other = BRAM.replace("Director 1", "Chair")
    assert outcomes(read(feed, tmp_path, GOOD + other + "\r\n")) == ["rejected", "taken", "rejected"]


def test_a_file_of_two_gigabytes_is_refused_without_being_read(tmp_path: Path, feed: Feed) -> None:
    path = tmp_path / "rivers-2026-11-01.csv"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)  # sparse: it takes no room on the disk
    with pytest.raises(FileRefused, match="was not read"):
        read_table(feed, path, SyncSettings())


def test_what_is_no_file_is_refused(tmp_path: Path, feed: Feed) -> None:
    pipe = tmp_path / "pipe-2026-11-01.csv"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, Path("/dev/zero"), tmp_path / "nowhere", tmp_path / "a\0b"):
        with pytest.raises(FileRefused):
            read_table(feed, path, SyncSettings())


FORMATS = (
    Format(),
    Format(encoding="utf-16"),
    Format(encoding="cp1252", delimiter=";", skip_rows=1, footer_rows=1),
    Format(skip_until="Staff No", footer_count="Total: {n}"),
)
PIECES = st.sampled_from(
    [
        HEAD,
        BRAM,
        CLEO,
        "\r\n",
        "\n",
        "\r",
        '"',
        ",",
        ";",
        "\0",
        "Total: 2",
        "\ufeff",
        "\u2028",
        "\x85",
        "x" * 200,
    ]
)


def _never_a_traceback(raw: bytes, form: Format) -> None:
    with tempfile.TemporaryDirectory() as folder:
        feed = replace(load_feed(write_mapping(Path(folder))), format=form)
        try:
            reading = read(feed, Path(folder), raw)
        except InputRefused:
            return
        lines = [each.line for each in reading.candidates] + [each.line for each in reading.set_aside]
        assert len(lines) == len(set(lines)) == reading.rows


@given(st.binary(max_size=400), st.sampled_from(FORMATS))
@example(b"\xff\xfe", FORMATS[1])
@example(b"\xff\xfe\x00", FORMATS[1])
def test_any_bytes_are_a_reading_or_a_refusal(raw: bytes, form: Format) -> None:
    _never_a_traceback(raw, form)


@given(st.lists(PIECES, max_size=20).map("".join), st.sampled_from(FORMATS), st.binary(max_size=4))
def test_any_file_put_together_wrongly_is_a_reading_or_a_refusal(text: str, form: Format, end: bytes) -> None:
    _never_a_traceback(text.encode(form.encoding, "replace") + end, form)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(HEADER), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from(HEADER), VALUES, min_size=8), max_size=4))
def test_any_json_is_a_reading_or_a_refusal(records: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        feed = replace(load_feed(write_mapping(Path(folder))), format=Format(type="json"))
    found = json_child.opened(json.dumps(records).encode(), json_child.Wanted("", list(HEADER)))
    msgspec.json.encode(found)
    try:
        reading = canonical(
            feed, Table("", table_lines(feed, Rows(enumerate(found.rows)), "a", 9)), "all", DAY
        )
    except FileRefused:
        return
    assert len(outcomes(reading)) == reading.rows


def test_every_shipped_mapping_refuses_noise(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(bytes(range(256)) * 40)
    for mapping in sorted(
        [*(ROOT / "dev" / "feeds").glob("*.toml"), *(ROOT / "sync" / "feeds").glob("*.toml")]
    ):
        feed = load_feed(mapping)
        with pytest.raises(FileRefused):
            canonical(feed, read_table(feed, path, SyncSettings()), "all", date(2026, 11, 1))
