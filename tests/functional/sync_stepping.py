"""Ends a run, or the directory under it, just before its n-th step: each question to the directory, each
statement and commit of the store, each file that is put in its place is one.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from ldap_schema import completion, exchange, transaction

ALL = 0  # no step at which anything ends: the steps are counted


class Steps:
    """Counts the steps of this process, and does something at one of them."""

    def __init__(self, at: int, then: Callable[[], None]) -> None:
        self.count, self._at, self._then = 0, at, then
        self._inside = False

    def one(self, *_: object, **__: object) -> None:
        """Take one step, unless it is part of a longer one."""
        if self._inside:
            return
        self.count += 1
        if self.count == self._at:
            self._then()

    def install(self) -> None:
        """Take a step before, and where it matters after, everything that leaves this process."""
        for module, name in ((exchange, "search"), (exchange, "write"), (transaction, "_commit")):
            setattr(module, name, self._before(getattr(module, name)))
        transaction._commit = self._after(transaction._commit)  # committed, and nobody here knows
        completion.wait = self._as_one(completion.wait)  # it asks as often as it has to
        Path.replace = self._before(Path.replace)  # type: ignore[method-assign]
        for name in ("before_cursor_execute", "commit"):
            event.listen(Engine, name, self.one)

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **named: Any) -> Any:
            self.one()
            return call(*args, **named)

        return stepped

    def _as_one(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **named: Any) -> Any:
            self.one()
            self._inside = True
            try:
                return call(*args, **named)
            finally:
                self._inside = False

        return stepped

    def _after(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **named: Any) -> Any:
            result = call(*args, **named)
            self.one()
            return result

        return stepped


def in_a_process(action: Callable[[], object], at: int = ALL, kill: int = 0) -> int:
    """Do it in a process of its own, in which (or in whose directory, if `kill` is that) the step at which it
    ends is `at`; return how many steps were taken, 0 if it did not live to say so.
    """
    mine, its = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(mine)
        steps = Steps(at, lambda: os.kill(kill or os.getpid(), signal.SIGKILL))
        steps.install()
        try:
            action()
        except Exception:
            if not kill:  # a directory that was killed is told by an error; the test looks at what it left
                traceback.print_exc(file=sys.stderr)
        os.write(its, str(steps.count).encode())
        os._exit(0)
    os.close(its)
    with os.fdopen(mine) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return int(told or 0)
