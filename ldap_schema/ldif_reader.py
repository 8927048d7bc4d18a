"""Reads LDIF (RFC 2849), one entry at a time however many there are."""

import base64
from collections.abc import Iterable, Iterator
from itertools import chain

Values = dict[str, list[str]]


def read_entries(lines: Iterable[str]) -> Iterator[tuple[str, Values]]:
    """Yield DN and values of each entry; what can't be told as text loses the letters that are none."""
    values: Values = {}
    for line in chain(_unfolded(lines), [""]):
        if line.startswith("#"):
            continue
        name, _, value = line.partition(":")
        if name:
            values.setdefault(name, []).append(_plain(value))
        elif "dn" in values:
            yield values.pop("dn")[0], values
        if not name:
            values = {}


def _plain(value: str) -> str:
    if value.startswith(":"):
        return base64.b64decode(value[1:]).decode("utf-8", "replace")
    return value.strip()


def _unfolded(lines: Iterable[str]) -> Iterator[str]:
    """Yield whole lines: one that begins with a space goes on from the one before."""
    whole: list[str] = []
    for line in lines:
        text = line.rstrip("\r\n")
        if text.startswith(" ") and whole:
            whole.append(text[1:])
            continue
        if whole:
            yield "".join(whole)
        whole = [text]
    if whole:
        yield "".join(whole)
