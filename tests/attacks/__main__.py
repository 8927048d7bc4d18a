"""Prints how many attacks there are of each kind, and what the dearest of each costs."""

import sys

from tests.attacks.cost import Cost, every_cost
from tests.attacks.suite import KINDS


def table(costs: list[Cost]) -> str:
    """One line a kind: honest controls, attacks, the dearest in CPU and by how much the process grew."""
    lines = [f"{'kind of attack':<58}{'controls':>9}{'attacks':>9}{'CPU ms':>9}{'MiB':>7}  dearest"]
    for kind in KINDS:
        own = [one for one in costs if one.kind == kind.name]
        dearest = max(own, key=lambda one: one.cpu)
        grown = max(one.memory for one in own)
        lines.append(
            f"{kind.name:<58}{len(kind.controls):>9}{len(kind.cases):>9}{dearest.cpu:>9.1f}{grown:>7.1f}"
            f"  {dearest.name}"
        )
    controls, cases = sum(len(k.controls) for k in KINDS), sum(len(k.cases) for k in KINDS)
    return "\n".join([*lines, f"{'all':<58}{controls:>9}{cases:>9}"])


if __name__ == "__main__":
    sys.stdout.write(table(every_cost(KINDS)) + "\n")
