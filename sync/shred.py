"""Takes an erased person out of papers that earlier versions wrote in the clear; sealed ones need their key.

A plan that names the person goes, and such a run can't be undone any more; rows of receipts are blanked.

What is remembered of settled rows goes as well; the next runs plan whole files.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from ldap_schema.people import Person
from ldap_schema.posts import Tenure
from store.person_keys import DESTROYED
from sync.plan_file import write_private
from sync.receipt import APPLYING, row_keys
from sync.settled import forget_all

_OLD = b'"version": 1,'


def shred(folder: Path, person: Person, tenures: Iterable[Tenure]) -> tuple[int, int]:
    """Remove such plans that name the person, blank their rows in such receipts; return how many of each."""
    keys = row_keys(person, tenures)
    forget_all(folder)
    papers = sorted((folder / "receipts").glob("*.json"))
    return _plans(folder / "plans", person), sum(_blank(each, keys) for each in papers)


def _plans(folder: Path, person: Person) -> int:
    """A plan's name is its digest: it can't be changed, only go."""
    marks = [f'"{text}"'.encode() for text in (person.uid, person.sign_in_address) if text]
    found = [path for path in sorted(folder.glob("*.json")) if _names(path.read_bytes(), marks)]
    for path in found:
        path.unlink()
    return len(found)


def _names(raw: bytes, marks: list[bytes]) -> bool:
    return _OLD in raw[:100] and any(mark in raw for mark in marks)


def _blank(path: Path, keys: set[tuple[str, str]]) -> bool:
    try:
        receipt: dict[str, Any] = msgspec.json.decode(path.read_bytes())
        hers = [each for each in receipt["outcomes"] if (receipt["feed"], each.get("key", "")) in keys]
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        return False  # no receipt
    if not hers or receipt["status"] == APPLYING:
        return False  # under way; nobody is erased while their feed's run is
    for each in hers:
        each |= {"key": "", "reason": DESTROYED, "mend": ""}
        if 0 < each["line"] <= len(receipt.get("names", ())):
            receipt["names"][each["line"] - 1] = DESTROYED
    write_private(path, msgspec.json.encode(receipt))
    for suffix in (".csv", ".txt"):
        path.with_suffix(suffix).unlink(missing_ok=True)
    return True
