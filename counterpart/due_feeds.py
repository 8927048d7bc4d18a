"""Looks after HR feeds: a thread of the worker that fetches what is new, takes it, and misses the rest."""

import logging
from threading import Event

from counterpart.attempts import attempt
from sync.context import DONE, Result, SyncContext
from sync.due import NOTHING_NEW, run_due
from sync.erasures import replay
from sync.retention import clear_away

ACTOR = "worker"

log = logging.getLogger(__name__)


def keep_feeds(context: SyncContext, stop: Event) -> None:
    """Look until `stop` is set. No failure ends it: what was not taken is taken by the next look."""
    told = ""
    while not stop.is_set():
        attempt("erasures", lambda: replay(context))  # before any file could bring somebody back
        result = attempt("HR feeds", lambda: _look(context))
        told = _tell(result, told) if result else told
        stop.wait(context.settings.due_seconds)


def _look(context: SyncContext) -> Result:
    """Look after the feeds; where none has a mapping here, delete at least what was taken by hand."""
    if context.settings.mappings.is_dir():
        return run_due(context, context.settings.mappings)
    cleared = clear_away(context, (), every=False)
    return Result(exit_code=DONE, text="\n".join(each.text for each in cleared))


def _tell(result: Result, before: str) -> str:
    """Log what a look gave, unless the last one gave the same."""
    if result.text not in (before, NOTHING_NEW, ""):
        level = logging.INFO if result.exit_code == DONE else logging.WARNING
        log.log(level, "HR feeds: %s", " | ".join(result.text.splitlines()))
    return result.text
