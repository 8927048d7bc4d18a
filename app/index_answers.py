"""What the search index says, asked once: a page that is opened again, or gone back to, costs no search.

An answer is kept for whoever asked, and for as long as nothing was committed to the index since. Kept for
all alike, the time that a page takes would tell what somebody else has looked for.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from flask import Flask, current_app, g

from app.viewer import services, viewer
from search_index.contents import Contents
from search_index.errors import IndexFailed

MOST = 500  # answers that a process keeps
T = TypeVar("T")


class Answers:
    """The answers kept; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: WeakKeyDictionary[Contents, OrderedDict[Hashable, Any]] = WeakKeyDictionary()

    def get(self, contents: Contents, key: Hashable, ask: Callable[[], T]) -> T:
        """Return what was answered to this before, or ask."""
        with self._lock:
            kept = self._of.setdefault(contents, OrderedDict())
            if key in kept:
                kept.move_to_end(key)
                return cast(T, kept[key])
        found = ask()
        with self._lock:
            kept[key] = found
            while len(kept) > MOST:
                kept.popitem(last=False)
        return found


def keep_answers(app: Flask) -> None:
    """Give the portal a place for them."""
    app.extensions["counterpart-index-answers"] = Answers()


def of_index(key: Hashable, ask: Callable[[Contents], T]) -> T | None:
    """Return what the index says to what the key names, of the viewer; None where it can't be used."""
    contents = _contents()
    if contents is None:
        return None
    kept = cast(Answers, current_app.extensions["counterpart-index-answers"])
    try:
        return kept.get(contents, (viewer().uid, key), lambda: ask(contents))
    except IndexFailed as error:
        current_app.logger.warning("The search index was not used: %s", error)
        return None


def _contents() -> Contents | None:
    """The index as this request found it first: one page, one state."""
    if "index_contents" not in g:
        index = services().index
        try:
            g.index_contents = index.contents() if index.usable else None
        except IndexFailed as error:
            current_app.logger.warning("The search index was not used: %s", error)
            g.index_contents = None
    return cast(Contents | None, g.index_contents)
