"""Keeps a crowd from waiting for a server that has stopped answering, so that everybody else's pages go on.

A server that is gone refuses at once. One that hangs keeps whoever asks it until the timeout, and soon all
threads of the portal, also those for pages that need nothing of it. So after a failure that took long, one
caller at a time tries the server, and the others are told at once; the first answer opens the gate again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

LONG = 0.9  # seconds until a failure counts as the silence of a hanging server
PATIENCE = 0.25  # seconds to wait for the one who tries; a server that is well answers sooner


class GateClosed(Exception):
    """The server has stopped answering, and somebody else is trying it at this moment."""


class Gate:
    """One for each server; safe to share between threads."""

    def __init__(self, long: float = LONG, patience: float = PATIENCE) -> None:
        self._long, self._patience = long, patience
        self._one = Lock()
        self._silent = False

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Ask the server inside this block; raises GateClosed where asking would only mean waiting."""
        alone = self._silent
        if alone and not self._one.acquire(timeout=self._patience):
            raise GateClosed
        began = time.monotonic()
        try:
            yield
        except BaseException:
            self._silent = time.monotonic() - began >= self._long
            raise
        else:
            self._silent = False
        finally:
            if alone:
                self._one.release()
