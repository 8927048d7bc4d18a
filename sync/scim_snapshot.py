"""A feed's snapshot as a file: from then on it is planned, judged, held and approved like any sender's file.

One JSON object on each line, in the order of the records' ids; the same snapshot gives the same bytes. The
file is named by the day and stands in a folder named by its digest, so that a held run keeps what it judged.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from ldap_schema.scim_records import ScimRecord, kept_in
from sync.errors import FileRefused
from sync.mapping import Column, Feed
from sync.plan_file import write_private
from sync.scim_paths import scim_path

TYPE = "scim"  # of a source and of a format
SUFFIX = ".scim"
# The column of a last day: the day after which `active` was false, or the mapped one if that is earlier.
LEAVING = "active "


def pushed_feed(feed: Feed) -> Feed:
    """Give the mapping of a SCIM feed its column of last days: `active: false` is a leave notice."""
    mapped = feed.post.get("last_day", Column()).column
    last_day = Column(column=f"{LEAVING}{mapped}", date="%Y-%m-%d")
    return replace(feed, post={**feed.post, "last_day": last_day})


def paths_of(feed: Feed) -> tuple[str, ...]:
    """Return the SCIM paths that a mapping reads; everything else a client sends is dropped unstored."""
    columns = (column.removeprefix(LEAVING) for column in feed.columns())
    return tuple(sorted({column for column in columns if column}))


def write_snapshot(folder: Path, feed: str, records: Iterable[ScimRecord], day: date) -> Path:
    """Write a snapshot as a sender's file about this day; return where it stands."""
    raw = b"".join(_line(each) for each in sorted(records, key=lambda record: record.id))
    path = folder / "pushed" / blake2b(raw, digest_size=8).hexdigest() / f"{feed}-{day}{SUFFIX}"
    if not path.exists():
        write_private(path, raw)
    return path


def old_snapshots(folder: Path, before: datetime) -> set[Path]:
    """Return the snapshots' files that are older than a moment."""
    written = (folder / "pushed").glob(f"*/*{SUFFIX}")
    return {path for path in written if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before}


def remove_feed_snapshots(folder: Path, feed: str) -> None:
    """Delete all files of a feed's snapshots, as when somebody is erased; the next push makes one."""
    for path in (folder / "pushed").glob(f"*/{feed}-*{SUFFIX}"):
        remove_snapshot(path)


def remove_snapshot(path: Path) -> None:
    """Delete a snapshot's file, and its folder unless another day's file is in it."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()


def _line(record: ScimRecord) -> bytes:
    kept = kept_in(record)
    told = {"inactive_since": kept.inactive_since, "resource": kept.resource}
    return msgspec.json.encode(told, order="deterministic") + b"\n"


def rows_of(feed: Feed, raw: bytes, name: str) -> list[dict[str, str]]:
    """Return one row for each record, a cell for each mapped column; FileRefused if it is damaged."""
    try:
        records = [json.loads(line) for line in raw.splitlines()]
        return [_cells(feed, each) for each in records]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileRefused(f"{name} is not a snapshot of what a SCIM client pushed.") from error


def _cells(feed: Feed, record: Mapping[str, Any]) -> dict[str, str]:
    return {column: _cell(column, record) for column in feed.columns()}


def _cell(column: str, record: Mapping[str, Any]) -> str:
    path = scim_path(column.removeprefix(LEAVING))
    values = path.values(record["resource"]) if path else []
    if not column.startswith(LEAVING):
        return ";".join(values)
    days = [each[:10] for each in values] + [record["inactive_since"] or ""]
    return min(filter(None, days), default="")


def names_of(path: Path) -> tuple[str, ...]:
    """Return what a receipt calls each row of a snapshot's file: by userName, and externalId if given."""
    if path.suffix != SUFFIX or not path.exists():
        return ()
    resources = [json.loads(line)["resource"] for line in path.read_bytes().splitlines()]
    return tuple(_name(each) for each in resources)


def _name(resource: Mapping[str, Any]) -> str:
    external = resource.get("externalId")
    return f"{resource.get('userName', '')} ({external})" if external else str(resource.get("userName", ""))
