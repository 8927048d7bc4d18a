"""Who writes and who reads while tests break servers, and what each of them knows afterwards."""

import threading
import time
from dataclasses import dataclass, field, replace

from ldap_schema.changes import Add, Remove, Update
from ldap_schema.directory import Directory
from ldap_schema.errors import DirectoryError, DirectoryUnavailable
from tests.functional.directory_kit import leader

LONGEST_SILENCE = 2.0  # seconds for which the portal's reads may fail


@dataclass
class Writer:
    """Writes without a pause and remembers what was acknowledged and what may have been written."""

    directory: Directory
    name: str
    all_at_once: bool = False  # in transactions only
    sure: dict[str, str | None] = field(default_factory=dict)  # uid -> title; None: removed
    unsure: set[str] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        number = 0
        while not self.stopped.is_set():
            number += 1
            uid = f"{self.name}-{number}"
            try:
                self._one(uid, number)
            except DirectoryUnavailable:
                time.sleep(0.02)

    def _one(self, uid: str, number: int) -> None:
        person = leader(uid, sign_in_address=f"{uid}@x.example")
        changed = replace(person, title=f"Title {number}")
        steps = [([Add(person)], uid, ""), ([Update(person, changed)], uid, changed.title)]
        if number % 3 == 0:
            steps.append(([Remove(changed)], uid, None))
        if self.all_at_once or number % 5 == 0:  # transactions
            twin, again = leader(f"{uid}-twin"), replace(changed, title=f"Again {number}")
            steps = [
                ([Add(changed), Add(twin)], uid, changed.title),
                ([Update(changed, again), Remove(twin)], uid, again.title),
            ]
        for changes, written, title in steps:
            self.unsure.add(written)
            self.directory.write(changes)  # type: ignore[arg-type]
            self.sure[written] = title
            self.unsure.discard(written)


@dataclass
class Reader:
    """Reads as the portal does and notes how long reading failed at most."""

    directory: Directory
    stopped: threading.Event = field(default_factory=threading.Event)
    longest: float = 0.0
    reads: int = 0

    def run(self) -> None:
        failing_since = 0.0
        while not self.stopped.is_set():
            began = time.monotonic()
            try:
                self.directory.people.get("reader")
                self.reads += 1
                since, failing_since = failing_since or began, 0.0
            except DirectoryError:
                since = failing_since = failing_since or began
            self.longest = max(self.longest, time.monotonic() - since)
            time.sleep(0.005)
