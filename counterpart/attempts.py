"""What the worker's threads do again and again: no failure ends them, and each is told."""

import logging
from collections.abc import Callable
from typing import TypeVar

from ldap_schema.errors import DirectoryError
from saml.errors import speakable_reference
from store.errors import StoreError
from sync.errors import SyncError

log = logging.getLogger(__name__)
T = TypeVar("T")


def attempt(what: str, look: Callable[[], T]) -> T | None:
    """Give what a look gives; None where it failed, which is logged: the next look does what was left."""
    try:
        return look()
    except (SyncError, DirectoryError, StoreError, OSError) as error:
        log.error("%s: %s", what, error)
    except Exception:  # a mistake of ours must not end it
        log.exception("%s failed, reference %s", what, speakable_reference())
    return None
