"""What it costs to refuse (or to believe) each message: CPU, and how far the process grew meanwhile.

`python -m tests.attacks.cost KIND NAME` judges one message in a process of its own and prints both.
"""

import base64
import json
import resource
import sys
import time
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
    message = as_posted(make())
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        try:
            kind.judge(message)
        except kind.refusals:
            pass
        spent.append(1000 * (time.process_time() - began))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Cost(kind.name, name, max(spent), (after - grown) / 1024)


def as_posted(message: Any) -> Any:
    """As it arrives, so that encoding it is not counted."""
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


def main(arguments: list[str]) -> None:
    """Judge one message of the suite, alone in this process, and print what it cost."""
    from tests.attacks.suite import KINDS

    kind = next(one for one in KINDS if one.name == arguments[0])
    warm(kind)
    found = cost(kind, arguments[1], {**kind.controls, **kind.cases}[arguments[1]])
    sys.stdout.write(json.dumps([found.cpu, found.memory]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
