"""From a SCIM record to a row of the pipeline; no server."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ldap_schema.scim_records import ScimRecord
from sync.canonical import canonical
from sync.errors import FileRefused, MappingRefused
from sync.mapping import Feed
from sync.mapping_reader import load_feed
from sync.readers import read_table
from sync.rows import Reading
from sync.scim_paths import EVERY, scim_path
from sync.scim_snapshot import names_of, paths_of, write_snapshot
from sync.settings import SyncSettings
from sync.source import source_of
from tests.scim_kit import ENTERPRISE, LEADER, MAPPING, user

DAY = date(2026, 11, 25)


def _feed(folder: Path, old: str = "", new: str = "") -> Feed:
    path = folder / "harbour.toml"
    path.write_text(MAPPING.replace("FEED", "harbour").replace(old, new))
    return load_feed(path)


def _record(id_: str, inactive: str | None = None, **values: object) -> ScimRecord:
    resource = user(**values)
    kept = {"version": 1, "created": "2026-11-01T00:00:00Z", "inactive_since": inactive, "resource": resource}
    name = str(resource["userName"])
    return ScimRecord(
        feed="harbour", id=id_, user_name=name, resource=json.dumps(kept), changed_at=datetime.now(UTC)
    )


def _read(folder: Path, *records: ScimRecord) -> Reading:
    feed = _feed(folder)
    path = write_snapshot(folder, feed.id, records, DAY)
    source = source_of(feed, path, DAY)
    return canonical(feed, read_table(feed, path, SyncSettings()), source.part, source.as_of)


def test_a_record_becomes_a_candidate_with_what_the_mapping_reads(tmp_path: Path) -> None:
    pushed = _record(
        "r1",
        userName="Ada.Quill@harbour.example",
        externalId="E-1",
        title="Harbour Master",
        name={"familyName": "Quill", "givenName": "Ada", "honorificPrefix": "Dame"},
        emails=[
            {"value": "ada@harbour.example", "type": "Work"},
            {"value": "private@home.example", "type": "home"},
        ],
        phoneNumbers=[{"value": "07700 900123", "type": "mobile"}],
    )
    (found,) = _read(tmp_path, pushed).candidates
    assert (found.key, found.name.family, found.post.title) == ("e-1", "Quill", "Harbour Master")
    assert found.mail == ("ada@harbour.example",)
    assert found.mobile == ("+44 7700 900123",)
    assert found.telephone == ()
    assert found.sign_in_address == "ada.quill@harbour.example"
    assert found.post.organisation.name == "Harbour Authority"
    assert found.last_day is None


@pytest.mark.parametrize(
    ("inactive", "mapped", "last"),
    [
        (None, None, None),
        ("2026-11-25", None, date(2026, 11, 25)),
        (None, "2026-12-31", date(2026, 12, 31)),
        (None, "2026-12-31T00:00:00Z", date(2026, 12, 31)),
        ("2026-11-25", "2026-12-31", date(2026, 11, 25)),
        ("2026-11-25", "2026-10-31", date(2026, 10, 31)),
    ],
)
def test_not_active_is_a_last_day_unless_an_earlier_one_is_sent(
    tmp_path: Path, inactive: str | None, mapped: str | None, last: date | None
) -> None:
    extension = {LEADER: {"lastDay": mapped}} if mapped else {}
    (found,) = _read(tmp_path, _record("r1", inactive, active=not inactive, **extension)).candidates
    assert found.last_day == last


def test_the_same_snapshot_is_the_same_file_in_whatever_order_it_was_read(tmp_path: Path) -> None:
    one, two = _record("r1"), _record("r2")
    first = write_snapshot(tmp_path, "harbour", [one, two], DAY)
    assert write_snapshot(tmp_path, "harbour", [two, one], DAY) == first
    assert write_snapshot(tmp_path, "harbour", [two], DAY) != first
    assert first.name == "harbour-2026-11-25.scim"
    assert first.stat().st_mode & 0o077 == 0


def test_an_empty_snapshot_never_changes_anything(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="never changes anything"):
        _read(tmp_path)


def test_a_damaged_snapshot_is_refused(tmp_path: Path) -> None:
    path = write_snapshot(tmp_path, "harbour", [_record("r1")], DAY)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(FileRefused, match="no"):
        read_table(_feed(tmp_path), path, SyncSettings())


def test_rows_are_named_as_the_client_names_them(tmp_path: Path) -> None:
    records = [
        _record("r1", userName="ada", externalId="E-1"),
        _record("r2", userName="bram", externalId=None),
    ]
    assert names_of(write_snapshot(tmp_path, "harbour", records, DAY)) == ("ada (E-1)", "bram")
    assert names_of(tmp_path / "staff.csv") == ()


@pytest.mark.parametrize("path", EVERY)
def test_every_attribute_that_is_taken_can_be_named(path: str) -> None:
    assert scim_path(path)


@pytest.mark.parametrize(
    "path",
    ["", "password", "name", "name.nickname", "emails", "emails.display", 'emails[type eq "home"].value',
     "Title", 'title[type eq "work"]', f"{ENTERPRISE}:manager", f"{ENTERPRISE}:salary", "urn:acme:x:y",
     "photos.value",
     'emails[value eq "x"].value', "emails[type eq work].value", "userName.value", "id", "meta.created"],
)  # fmt: skip
def test_what_is_no_attribute_that_is_taken_is_none(path: str) -> None:
    assert scim_path(path) is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"title"', '"titel"', 'post.title.*"titel" is no attribute.*Did you mean "title"'),
        ('emails[type eq "work"]', 'emails[type eq "home"]', "person.mail"),
        ('"externalId"', '"staffNumber"', "identity.key"),
        ('"name.familyName"', f'"{ENTERPRISE}:dateOfBirth"', "person.family_name"),
    ],
)
def test_a_mapping_is_refused_with_the_key_and_the_closest_right_word(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(MappingRefused, match=words):
        _feed(tmp_path, old, new)


def test_what_the_portal_keeps_is_what_the_mapping_reads(tmp_path: Path) -> None:
    paths = paths_of(_feed(tmp_path))
    assert 'emails[type eq "work"].value' in paths
    assert f"{LEADER}:lastDay" in paths
    assert not any(path.startswith("active") for path in paths)
    assert all(map(scim_path, paths))
