"""A CSV file as rows of cells, decoded as the mapping says and read as it is asked for."""

import csv
import io
from collections.abc import Iterator

from sync.errors import FileRefused
from sync.layout import Row
from sync.mapping import Feed

_END_OF_FILE = b"\x1a\x0c"  # how old programs end a file, or its last page
_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def csv_rows(feed: Feed, raw: bytes, name: str) -> Iterator[Row]:
    """Give each row with the number of its first line, as an editor counts; FileRefused for what is not text
    in the agreed encoding, for quotes that don't match, and for a file that ends in the middle of a row.
    """
    _check_mark(feed, raw, name)
    if not feed.format.encoding.startswith("utf-16"):
        raw = raw.rstrip(_END_OF_FILE)
    text = _Text(feed, raw, name)
    form = feed.format
    reader = csv.reader(text.lines(), delimiter=form.delimiter, quotechar=form.quote, strict=True)
    start, before, last = 1, 0, 0
    try:
        for cells in reader:
            before, last, first = last, len(cells), start
            start = reader.line_num + 1
            yield first, cells
    except csv.Error as error:
        raise FileRefused(
            f"{name} can't be read from line {start} on ({error}). Was it cut short, or is a "
            "quotation mark not doubled?"
        ) from error
    except UnicodeError as error:
        raise FileRefused(
            f"{name} is not {form.encoding}, as the mapping says ({feed.path}: format.encoding): a "
            f"letter after line {start - 1} can't be read.{_other_encoding(form.encoding, raw)}"
        ) from error
    # A footer that counts the rows tells better, and is shorter than a row.
    if not text.ended and last < before and not form.footer_count:
        raise FileRefused(
            f"{name} ends in the middle of line {first}: it was cut short. Nothing was taken "
            "from it; send it again."
        )


class _Text:
    """The lines of the file, and whether the last one had an end."""

    def __init__(self, feed: Feed, raw: bytes, name: str) -> None:
        encoding = "utf-8-sig" if feed.format.encoding == "utf-8" else feed.format.encoding
        self.file = io.TextIOWrapper(io.BytesIO(raw), encoding=encoding, newline="")
        self.encoding, self.name, self.mapping = encoding, name, feed.path
        self.ended = True

    def lines(self) -> Iterator[str]:
        """Give line after line; the csv module must not see zero bytes, which it would keep."""
        line = ""
        for line in self.file:
            if "\0" in line:
                raise FileRefused(
                    f"{self.name} has zero bytes: it is not text in {self.encoding} ({self.mapping}: "
                    "format.encoding)."
                )
            yield line
        self.ended = line.endswith(("\n", "\r"))


def _check_mark(feed: Feed, raw: bytes, name: str) -> None:
    """A byte order mark says what a file is in; an agreement that says otherwise is wrong."""
    for mark, encoding in _MARKS.items():
        if raw.startswith(mark) and not feed.format.encoding.startswith(encoding):
            raise FileRefused(
                f"{name} is not {feed.format.encoding}, as the mapping says ({feed.path}: format.encoding): "
                f'it begins as {encoding} does. Write encoding = "{encoding}".'
            )


def _other_encoding(declared: str, raw: bytes) -> str:
    """Suggest the encoding that the file is likely to be in."""
    if declared == "utf-16" and raw[1:2] == b"\0":
        return ' It has no byte order mark: write encoding = "utf-16-le".'
    try:
        raw.decode()
        return ' It is UTF-8: write encoding = "utf-8".'
    except UnicodeDecodeError:
        return ' Is it from Windows? Then write encoding = "cp1252".' if declared.startswith("utf-8") else ""
