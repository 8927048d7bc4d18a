"""Sees whether an index is whole: tantivy trusts its files, and a byte that is wrong can end the process.

Each of its files ends with a checksum of the rest (a footer in JSON, the footer's length, and a magic
number); `meta.json` names the parts of the index.
"""

import json
import mmap
import zlib
from pathlib import Path
from typing import Any

from search_index.errors import IndexDamaged

_PARTS = ("term", "idx", "pos", "store", "fast", "fieldnorm")
_MAGIC = (1337).to_bytes(4, "little")
_TAIL = 8  # bytes: length of the footer, and the magic number
_LONGEST_FOOTER = 4096
_AT_ONCE = 1 << 20


def check_files(folder: Path) -> None:
    """Raise IndexDamaged unless every file that the index needs is there and as it was written."""
    try:
        meta = json.loads((folder / "meta.json").read_bytes())
        names = [name for segment in meta["segments"] for name in _files(segment)]
        for name in names:
            _check(folder / name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamaged(f"The search index in {folder.name} is not whole: {error}") from error


def _files(segment: dict[str, Any]) -> list[str]:
    id_ = str(segment["segment_id"]).replace("-", "")
    deletes = segment.get("deletes")
    return [f"{id_}.{part}" for part in _PARTS] + ([f"{id_}.{deletes['opstamp']}.del"] if deletes else [])


def _check(file: Path) -> None:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        size = int.from_bytes(data[-_TAIL:-4], "little")
        if data[-4:] != _MAGIC or size > _LONGEST_FOOTER:
            raise ValueError(f"{file.name} has no end")
        end = len(data) - _TAIL - size
        footer = json.loads(data[end:-_TAIL])
        found = 0
        for start in range(0, end, _AT_ONCE):
            found = zlib.crc32(data[start : min(start + _AT_ONCE, end)], found)
        if found != footer["crc"]:
            raise ValueError(f"{file.name} is not as it was written")
