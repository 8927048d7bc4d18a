"""Opens one JSON file; run by `sandbox` in a process of its own, because a short file can ask for all memory.

stdin is Wanted as JSON, a line end and the file; stdout is Opened as JSON.
"""

import json
import math
import sys
from collections.abc import Iterator

import msgspec

from sync.opened import Opened

LONGEST_NUMBER = 40
DEEPEST = 20
MOST_NAMES = 100
_ENCODINGS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class Wanted(msgspec.Struct):
    """Where the records are ("data.people"; nothing: the file is the list), and the paths that are mapped."""

    records: str
    paths: list[str]


class _NotPlain(ValueError):
    """JSON that two programs would read differently, or that no sender means."""


def main() -> None:
    """Read from stdin and write to stdout."""
    wanted = msgspec.json.decode(sys.stdin.buffer.readline(), type=Wanted)
    sys.stdout.buffer.write(msgspec.json.encode(opened(sys.stdin.buffer.read(), wanted)))


def opened(raw: bytes, wanted: Wanted) -> Opened:
    """Read the records; numbers stay as they are written, and only what is mapped comes out."""
    try:
        text = raw.decode(
            next((name for mark, name in _ENCODINGS.items() if raw.startswith(mark)), "utf-8-sig")
        )
        found = json.loads(
            text, object_pairs_hook=_once, parse_int=_number, parse_float=_number, parse_constant=_constant
        )
        records = _records(found, wanted.records)
        known = dict.fromkeys(path for record in records for path in _paths(record))
        header = [path for path in wanted.paths if path in known]
        rows = [
            header or [_text(path) for path in list(known)[:MOST_NAMES]],
            *([_at(record, path) for path in header] for record in records),
        ]
    except UnicodeDecodeError as error:
        return Opened(trouble=f"byte {error.start} is not UTF-8, which JSON is written in")
    except RecursionError:
        return Opened(trouble="it is nested too deep")
    except ValueError as error:
        return Opened(trouble=str(error))
    over = [_text(path) for path in known if path not in header]
    return Opened(sheets=over[:MOST_NAMES], rows=[*rows] if records else [])


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotPlain(f'the key "{twice[:60]}" stands twice in one object')
    return found


def _number(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        raise _NotPlain(f"a number has {len(text)} digits")
    if not math.isfinite(float(text)):
        raise _NotPlain(f"{text} is endless to most programs")
    return text


def _constant(text: str) -> str:
    raise _NotPlain(f"{text} is no value in JSON")


def _records(found: object, path: str) -> list[dict[str, object]]:
    for key in filter(None, path.split(".")):
        if not isinstance(found, dict) or key not in found:
            raise _NotPlain(f'there is no "{path[:60]}" in it')
        found = found[key]
    if not isinstance(found, list):
        raise _NotPlain("the people are not in a list; name its key in format.records")
    if not all(isinstance(record, dict) for record in found):
        raise _NotPlain("the list holds something that is no object")
    return found


def _paths(record: dict[str, object], before: str = "", depth: int = 1) -> Iterator[str]:
    """Name every place of a record, as "name.family"."""
    for key, value in record.items():
        yield before + key
        if isinstance(value, dict) and depth < DEEPEST:
            yield from _paths(value, f"{before}{key}.", depth + 1)


def _at(record: dict[str, object], path: str) -> str:
    """Give what stands at a place as text; a list of values is joined by semicolons."""
    found: object = record
    if path not in record:
        for key in path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
    else:
        found = record[path]
    if isinstance(found, list):
        return ";".join(filter(None, map(_text, found)))
    return _text(found)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # Halves of a pair of surrogates are no letters.
        return (
            value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    return "" if value is None else "\ufffd"  # an object where a value should be is not to be guessed at


if __name__ == "__main__":
    main()
