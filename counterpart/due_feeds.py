"""Looks after HR feeds: a thread of the worker that fetches what is new, takes it, and misses the rest."""

import logging
from threading import Event

from ldap_schema.errors import DirectoryError
from saml.errors import speakable_reference
from store.errors import StoreError
from sync.context import DONE, Result, SyncContext
from sync.due import run_due
from sync.errors import SyncError

ACTOR = "worker"

log = logging.getLogger(__name__)


def keep_feeds(context: SyncContext, stop: Event) -> None:
    """Look until `stop` is set. No failure ends it: what was not taken is taken by the next look."""
    told = ""
    while not stop.is_set():
        try:
            result = run_due(context, context.settings.mappings)
            told = _tell(result, told)
        except (SyncError, DirectoryError, StoreError, OSError) as error:
            log.error("HR feeds: %s", error)
        except Exception:  # a mistake of ours must not end it
            log.exception("HR feeds failed, reference %s", speakable_reference())
        stop.wait(context.settings.due_seconds)


def _tell(result: Result, before: str) -> str:
    """Log what a look gave, unless the last one gave the same."""
    if result.text != before and result.data.get("runs"):
        level = logging.INFO if result.exit_code == DONE else logging.WARNING
        log.log(level, "HR feeds: %s", " | ".join(result.text.splitlines()))
    return result.text
