"""Rows that need no planning again: those with which the directory agrees, as the last run left them.

A row is *settled* when it is the only row of somebody who is active, ours and in one open post, and their
records say exactly what it says (`unchanged.py`). Planned again it gives "unchanged" and touches nothing, as
long as neither the row nor those records are written. `narrow.py` uses that.

The file is a memory and never an authority: bound to the part's last run, and thrown away whenever anything
about it is doubtful (another run, mapping or program, bytes that are not whole). Then the whole file is
planned.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from hashlib import blake2b
from pathlib import Path

import msgspec

from ldap_schema.feeds import FeedPart
from ldap_schema.touched import Window
from sync.layout import Line
from sync.normalise import fold
from sync.plan_file import write_private
from sync.rows import Agreed

MARK_BYTES, CLAIM_BYTES, SALT_BYTES = 16, 8, 16
KEY, ADDRESS, NAME, POST = "key", "address", "name", "post"  # what a row lays claim to

log = logging.getLogger(__name__)


class SettledRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One settled row: the digest of its cells, whose it is, what its receipt says, and its claims."""

    mark: bytes
    uid: str
    key: str
    notes: str
    claims: bytes


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of one part: settled rows, and everybody else of the part by uid."""

    code: str  # `code_digest` of the program that read the rows
    salt: bytes  # goes into the key of marks and claims, so that equal values of two parts look different
    run: str
    mapping: str
    since: str
    until: str
    whole_on: date  # when the whole file was planned last
    erased: int  # how many people had been erased by then
    rows: list[SettledRow]
    others: list[str]

    @property
    def window(self) -> Window:
        """The time of the run, as change numbers of the directory."""
        return Window(since=self.since, until=self.until)


@cache
def code_digest() -> str:
    """Give the digest of the modules that read rows and make records of them.

    What another state of them called settled need not be so any more, and nobody has to remember to say so.
    """
    root, hashed = Path(__file__).parents[1], blake2b(digest_size=MARK_BYTES)
    for package in ("ldap_schema", "sync"):
        for path in sorted((root / package).rglob("*.py")):
            hashed.update(path.read_bytes())
    return hashed.hexdigest()


def digest_key(mapping: str, salt: bytes) -> bytes:
    """Give the key of a part's marks and claims."""
    return salt + mapping.encode()[:48]  # blake2b takes 64 bytes


def mark(line: Line, key: bytes) -> bytes:
    """Give the digest of all that a mapping takes from a row."""
    said = msgspec.msgpack.encode((line.trouble, line.note, list(line.cells.values())))
    return blake2b(said, digest_size=MARK_BYTES, key=key).digest()


def claim(kind: str, text: str, key: bytes) -> bytes:
    """Give the digest of something that another row may lay claim to as well."""
    return blake2b(f"{kind}\0{text}".encode(), digest_size=CLAIM_BYTES, key=key).digest()


def settled_row(mark_: bytes, agreed: Agreed, key: bytes) -> SettledRow:
    """Give what is remembered of a row that is settled; `key` is that of the part's marks and claims."""
    row, person = agreed.row, agreed.person
    said = [(KEY, row.key), (NAME, fold(person.full_name)), (POST, agreed.post_id)]
    said += [(ADDRESS, each) for each in {each.casefold() for each in (*person.mail, person.sign_in_address)}]
    claims = [claim(kind, text, key) for kind, text in said if text]
    return SettledRow(mark_, person.uid, row.key, "; ".join(row.notes), b"".join(claims))


def claims_of(rows: Iterable[SettledRow]) -> Iterator[bytes]:
    """Yield everything that the rows lay claim to."""
    for row in rows:
        for at in range(0, len(row.claims), CLAIM_BYTES):
            yield row.claims[at : at + CLAIM_BYTES]


def recall(folder: Path, part: FeedPart, mapping: str) -> Settled | None:
    """Give what the part's last run left; None where nothing is, or where it can't be relied on."""
    path = _path(folder, part.feed, part.part)
    try:
        raw = path.read_bytes()
        check, body = raw[:MARK_BYTES], memoryview(raw)[MARK_BYTES:]
        if blake2b(body, digest_size=MARK_BYTES).digest() != check:
            raise ValueError("it is not whole")
        found = msgspec.msgpack.decode(body, type=Settled)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        log.warning("%s can't be read (%s): the whole file is planned", path, error)
        return None
    fits = (found.code, found.run, found.mapping) == (code_digest(), part.run, mapping)
    return found if fits and not part.pending_run else None


def remember(folder: Path, feed: str, part: str, settled: Settled) -> None:
    """Keep what a run left; whoever calls has seen the run committed."""
    body = msgspec.msgpack.encode(settled)
    write_private(_path(folder, feed, part), blake2b(body, digest_size=MARK_BYTES).digest() + body)


def forget_all(folder: Path) -> None:
    """Remove what is remembered of rows, as for somebody who is erased: the next runs plan whole files."""
    for path in (folder / "settled").glob("*/*"):
        path.unlink(missing_ok=True)


def _path(folder: Path, feed: str, part: str) -> Path:
    return folder / "settled" / feed / part
