"""What it costs to refuse (or to believe) each message: CPU, and how far the process grew meanwhile."""

import base64
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
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
    before = _forget_peak()
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        with suppress(*kind.refusals):
            kind.judge(message)
        spent.append(1000 * (time.process_time() - began))
    return Cost(kind.name, name, max(spent), max(0, _memory("VmHWM") - before) / 1024)


def _forget_peak() -> int:
    """Let the kernel measure the peak anew (proc(5), clear_refs); gives the KiB in use now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0])


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
