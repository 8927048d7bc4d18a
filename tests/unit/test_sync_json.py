"""JSON files: a list of objects, alone or under a key; what two programs read differently is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sync.errors import FileRefused
from sync.layout import Line
from sync.mapping import Feed, Format
from sync.mapping_reader import load_feed
from sync.readers import read_table
from sync.settings import SyncSettings
from tests.sync_world import HEADER, row, write_mapping


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    return replace(load_feed(write_mapping(tmp_path)), format=Format(type="json"))


def read(feed: Feed, folder: Path, raw: bytes) -> list[Line]:
    path = folder / "rivers-2026-11-01.json"
    path.write_bytes(raw)
    return list(read_table(feed, path, SyncSettings()).lines)


def records(*rows: dict[str, object]) -> bytes:
    return json.dumps(rows).encode()


def test_a_list_of_objects_is_read_and_the_rest_is_dropped(tmp_path: Path, feed: Feed) -> None:
    lines = read(feed, tmp_path, records({**row(1), "Salary": 9}, {**row(2), "Phone": None}))
    assert [line.number for line in lines] == [1, 2]
    assert set(lines[0].cells) == set(HEADER)
    assert lines[1].cells["Phone"] == ""


def test_records_under_a_key_and_nested_values_are_found(tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path, old='"Name"', new='"who.name"')
    feed = replace(load_feed(mapping), format=Format(type="json", records="data.people"))
    good = row(1)
    good["who"] = {"name": good.pop("Name")}  # type: ignore[assignment]
    [line] = read(feed, tmp_path, json.dumps({"data": {"people": [good]}}).encode())
    assert line.cells["who.name"] == "Bram Okafor"


def test_numbers_stay_as_they_are_written_and_lists_become_several(tmp_path: Path, feed: Feed) -> None:
    raw = records({**row(1), "Mail": ["a@b.example", "c@d.example"]}).replace(b'"S1"', b"10.50")
    [line] = read(feed, tmp_path, raw)
    assert (line.cells["Staff No"], line.cells["Mail"]) == ("10.50", "a@b.example;c@d.example")


def test_a_byte_order_mark_and_utf_16_are_read(tmp_path: Path, feed: Feed) -> None:
    text = json.dumps([row(1)])
    for raw in (text.encode("utf-8-sig"), text.encode("utf-16")):
        assert len(read(feed, tmp_path, raw)) == 1


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'[{"Staff No": "S1", "Staff No": "S2"}]', 'the key "Staff No" stands twice'),
        (b'[{"Staff No": NaN}]', "NaN is no value in JSON"),
        (b'[{"Staff No": -Infinity}]', "-Infinity is no value"),
        (b'[{"Staff No": ' + b"9" * 5000 + b"}]", "a number has 5000 digits"),
        (b"[" * 100_000, "nested too deep"),
        (b'[{"Staff No": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001 + b"]", "nested too deep"),
        (b'[{"Staff No": "S1"}', "delimiter"),
        (b'[{"Staff No": "S1"}] []', "Extra data"),
        (b'{"people": []}', "not in a list"),
        (b'["S1"]', "no object"),
        (b"[1, 2]", "no object"),
        (b'"text"', "not in a list"),
        (b"\xff\xfe\xfd", "byte|JSON"),
        (b'[{"Staff No": "\xe9"}]', "not UTF-8"),
        (b"[]", "no header and no rows"),
        (b"[{}, {}]", "no header and no rows"),
        (b'[{"Staff Nr": "S1"}]', 'no column "Staff No" .*Did you mean "Staff Nr"'),
        (b"Staff No,Name\n1,Ada", "can't be read as JSON"),
    ],
)
def test_what_is_not_one_plain_list_is_refused(tmp_path: Path, feed: Feed, raw: bytes, said: str) -> None:
    with pytest.raises(FileRefused, match=said):
        read(feed, tmp_path, raw)


def test_a_key_that_is_not_there_is_named(tmp_path: Path, feed: Feed) -> None:
    agreed = replace(feed, format=Format(type="json", records="data.staff"))
    with pytest.raises(FileRefused, match=r'no "data\.staff" in it'):
        read(agreed, tmp_path, b'{"data": {"people": []}}')
