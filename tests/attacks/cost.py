"""What it costs to refuse (or to believe) each message: CPU, and how far the process grew meanwhile."""

import base64
import resource
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.attacks import Kind, Make

ROUNDS = 3
MOST_CPU, MOST_MEMORY = 50.0, 50.0  # milliseconds, mebibytes


@dataclass(frozen=True)
class Cost:
    """The dearest of three judgements."""

    kind: str
    name: str
    cpu: float  # milliseconds
    memory: float  # mebibytes by which the peak grew


def cost(kind: Kind, name: str, make: Make) -> Cost:
    """Judge the message three times and take the dearest."""
    message = as_posted(make()) if kind.posted else make()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        with suppress(*kind.refusals):
            kind.judge(message)
        spent.append(1000 * (time.process_time() - began))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Cost(kind.name, name, max(spent), (after - grown) / 1024)


def as_posted(message: Any) -> Any:
    """As the portal gets it, so that encoding it is not counted."""
    return base64.b64encode(message).decode() if isinstance(message, bytes) else message


def warm(kind: Kind) -> None:
    """Do what only the first message of a process pays for."""
    for make in list(kind.controls.values())[:3]:
        kind.judge(make())


def every_cost(kinds: tuple[Kind, ...]) -> list[Cost]:
    """The cost of every control and every case, the growth measured from one to the next."""
    found = []
    for kind in kinds:
        warm(kind)
        for name, make in {**kind.controls, **kind.cases}.items():
            found.append(cost(kind, name, make))
    return found
