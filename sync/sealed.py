"""Papers (plans, receipts) tell of people in sealed pieces: each under the key of the person it is about.

A piece is an object of JSON with what may stay in the clear, `of`, whose key it needs, and `sealed`. Papers
written before there were keys have the same objects without `sealed`, and are read as they are.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from store import tombstones
from store.database import Store
from store.errors import KeyDestroyed
from store.person_keys import Keyring
from sync.errors import PlanRefused, RunOvertaken

Piece = dict[str, Any]
Opened = Mapping[str, Any]


class Sealer:
    """Seals and opens the pieces of one paper. Without a store its keys die with it."""

    def __init__(self, store: Store | None = None) -> None:
        self._store, self._ring = store, Keyring(store)
        self._marker: tombstones.Marker | None = None

    def row(self, feed: str, part: str, key: str) -> str:
        """Give the holder of what is told of a row, by its sender's key; none for a row without one."""
        if not key:
            return ""
        if self._marker is None:
            self._marker = tombstones.Marker((os.urandom(32),))
            if self._store:
                with self._store.reading() as tx:
                    self._marker = tombstones.marker(tx)
        return self._marker.row(feed, part, key)

    def seal(self, holder: str, value: object, **clear: object) -> Piece:
        """Make a piece; what is nobody's stays as it is."""
        if not holder:
            return {**clear, **msgspec.to_builtins(value)}
        return {**clear, "of": holder, "sealed": self._ring.seal(holder, msgspec.json.encode(value))}

    def look_up(self, holders: Iterable[str]) -> None:
        """Read the keys of many at once, before they are asked for one by one."""
        self._ring.look_up({each for each in holders if each})

    def open_all(self, pieces: Sequence[Piece]) -> list[Opened | None]:
        """Open pieces; None stands for one whose person was erased."""
        self.look_up(each["of"] for each in pieces if "sealed" in each)
        return [self._open(each) for each in pieces]

    def keep(self) -> None:
        """Keep the keys that were made, before the paper is: RunOvertaken where others' came first."""
        if not self._ring.keep():
            raise RunOvertaken(
                "Another run, or an erasure, was about the same people just now. Nothing was changed. Run "
                "the same command again: it plans afresh."
            )

    def are_erased(self, uids: Iterable[str], paper: str) -> tuple[str, ...]:
        """Give the uids back, of whom no key is here; PlanRefused unless they were erased."""
        missing = tuple(dict.fromkeys(uids))
        if missing and self._store:
            with self._store.reading() as tx:
                strangers = set(missing) - tombstones.erased(tx, set(missing))
            if strangers:
                raise PlanRefused(
                    f"{paper} was sealed with keys that this store does not have: it is of another "
                    "installation, or the store was put back from an older backup."
                )
        return missing

    def _open(self, piece: Piece) -> Opened | None:
        if "sealed" not in piece:
            return piece
        try:
            value: Opened = msgspec.json.decode(self._ring.open(piece["of"], piece["sealed"]))
        except KeyDestroyed:
            return None
        return {**{name: each for name, each in piece.items() if name not in ("of", "sealed")}, **value}
