"""What a stranger's messages cost: CPU and memory of every attack, the dearest of three judgements each."""

import sys

from tests.attacks.__main__ import table
from tests.attacks.cost import MOST_CPU, MOST_MEMORY, every_cost
from tests.attacks.suite import KINDS


def test_no_attack_is_dear() -> None:
    costs = every_cost(KINDS)
    note = f"Meant to stay below {MOST_CPU:.0f} ms and {MOST_MEMORY:.0f} MiB each."
    sys.stdout.write(f"\n\nSAML attacks\n{table(costs)}\n{note}\n")
    assert max(one.memory for one in costs) < MOST_MEMORY
