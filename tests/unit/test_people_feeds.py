"""The written feeds: the same bytes for the same seed, readable as declared, understood by their mappings."""

import re
import zipfile
from collections import Counter
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from dev import people
from dev.leaders import Line
from dev.names import can_write
from dev.senders import Sender, senders
from sync.mapping_reader import load_feed
from tests.unit.people_fixtures import SentFile, invention, sent_files, written

IDS = [sender.id for sender in senders()]


@pytest.fixture(params=range(len(IDS)), ids=IDS)
def sent(request: pytest.FixtureRequest) -> SentFile:
    """Each sender's file in turn."""
    index: int = request.param
    return sent_files()[index]


def lines_of(sender: Sender) -> list[Line]:
    return [line for line in invention().lines if line.post.organisation.feed == sender.id]


def test_the_same_seed_writes_the_same_bytes() -> None:
    with written() as files, written() as again:
        assert [each.path.name for each in files] == [each.path.name for each in again]
        for one, other in zip(files, again, strict=True):
            assert one.path.read_bytes() == other.path.read_bytes(), one.path.name


def test_parents_are_written_before_the_bodies_that_name_them() -> None:
    parents = ("public-leadership", "rivers-and-coasts", "civil-service")
    assert IDS.index("public-bodies") > max(map(IDS.index, parents))


def test_every_row_of_the_invention_is_in_its_senders_file(sent: SentFile) -> None:
    assert len(sent.records) == len(lines_of(sent.sender)) > 3


def test_every_column_of_the_mapping_is_in_the_file(sent: SentFile) -> None:
    feed = load_feed(sent.sender.mapping)
    assert feed.id == sent.sender.id
    assert feed.columns().keys() <= set(sent.sender.columns)
    assert feed.format.skip_rows == len(sent.sender.preamble)
    assert feed.format.footer_rows == len(sent.sender.footer)


def test_every_file_has_private_columns_that_the_mapping_leaves_out(sent: SentFile) -> None:
    idle = sent.sender.idle_columns()
    assert len(idle) >= 2
    assert not load_feed(sent.sender.mapping).columns().keys() & set(idle)
    private = [column for column in idle if not re.search("known|preferred", column, re.IGNORECASE)]
    named = [row for row in sent.records if row[sent.sender.name_column] != sent.sender.nobody]
    for column in private:
        assert all(row[column] for row in named), column


def test_what_a_row_says_is_what_was_invented(sent: SentFile) -> None:
    feed = load_feed(sent.sender.mapping)
    title, address = feed.post["title"].column, feed.person["sign_in_address"].column
    for row, line in zip(sent.records, lines_of(sent.sender), strict=True):
        assert row[title] == line.post.title
        assert row[address] == (line.person.sign_in_address if line.person else "")
        if line.person:
            assert line.person.name.family in row[sent.sender.name_column]


def test_nothing_in_a_windows_1252_feed_is_beyond_its_letters() -> None:
    narrow = [sender for sender in senders() if sender.encoding == "cp1252"]
    assert {sender.id for sender in narrow} >= {"local-government", "northmere-constabulary"}
    for sender in narrow:
        for line in lines_of(sender):
            name = line.person.name.in_use if line.person else ""
            assert can_write(f"{line.post.organisation.name} {line.post.title} {name}", "cp1252")


def test_wide_letters_are_in_the_feeds_that_can_write_them() -> None:
    cells = {each.sender.id: "".join("".join(row) for row in each.rows) for each in sent_files()}
    wide = {feed for feed, text in cells.items() if not can_write(text, "cp1252")}
    assert {"civil-service", "health", "education"} <= wide


def test_healthcares_staff_numbers_count_within_one_trust_only() -> None:
    (health,) = (each for each in sent_files() if each.sender.id == "health")
    named = [row for row in health.records if row["Staff no"]]
    assert max(Counter(row["Staff no"] for row in named).values()) > 1
    assert max(Counter((row["Trust code"], row["Staff no"]) for row in named).values()) == 1


def test_a_workbook_opens_elsewhere_with_real_days_and_a_fixed_time() -> None:
    with written() as files:
        (path,) = (each.path for each in files if each.path.name.startswith("rivers"))
        with zipfile.ZipFile(path) as archive:
            assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        sheet = openpyxl.load_workbook(path)["Senior staff"]
        header = [cell.value for cell in sheet[4]]
        assert header[:4] == ["Staff Number", "Title", "Forename", "Surname"]
        assert isinstance(sheet.cell(5, header.index("In Post From") + 1).value, datetime)
        assert sheet.cell(5, header.index("Surname") + 1).value == "Marchbank"


def test_the_command_writes_into_a_new_folder_and_names_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people.main(["--out", str(tmp_path / "feeds"), "--leaders", "90", "--as-of", "2026-11-02"])
    named = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert len(named) == len(IDS)
    assert all(path.is_file() for path in named)


def test_the_command_says_when_too_few_leaders_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        people.main(["--out", str(tmp_path), "--leaders", "3"])
    assert stopped.value.code == 1
    assert "At least 60 leaders" in capsys.readouterr().err
