"""One invention and its files, made once for the tests of the invented people."""

import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from python_calamine import CalamineWorkbook

from dev.feeds_out import FeedFile, write_invention
from dev.leaders import Invention, invent
from dev.senders import Sender, encodings, senders

AS_OF = date(2026, 11, 2)


@cache
def invention(seed: int = 7, leaders: int = 1500) -> Invention:
    """Give an invention, which nobody changes."""
    return invent(seed, leaders, AS_OF, encodings())


@contextmanager
def written(seed: int = 7, leaders: int = 1500) -> Iterator[list[FeedFile]]:
    """Give the written files for as long as they are needed."""
    with tempfile.TemporaryDirectory() as folder:
        yield write_invention(Path(folder), invention(seed, leaders), seed=seed, as_of=AS_OF)


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file as text, read without the product's own readers."""

    sender: Sender
    rows: list[list[str]]  # with what stands above the header and below the last row

    @property
    def records(self) -> list[dict[str, str]]:
        """The rows between header and footer, by column."""
        start = len(self.sender.preamble)
        end = len(self.rows) - len(self.sender.footer)
        return [dict(zip(self.rows[start], row, strict=True)) for row in self.rows[start + 1 : end]]


@cache
def sent_files() -> tuple[SentFile, ...]:
    """Read every file in the encoding its sender declares."""
    with written() as files:
        return tuple(
            SentFile(sender, _rows(sender, each.path)) for sender, each in zip(senders(), files, strict=True)
        )


def _rows(sender: Sender, path: Path) -> list[list[str]]:
    if sender.type == "xlsx":
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_name(sender.sheet)
        return [[str(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    text = path.read_bytes().decode(sender.encoding)
    return list(csv.reader(text.splitlines(), delimiter=sender.delimiter, strict=True))
