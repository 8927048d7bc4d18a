"""How the benchmarks measure and print: CPU of whole process trees, latency, and ratios within one run.

CPU is what the work costs on any machine like this one; wall time depends on who else is at work. Absolute
figures move with the machine, so every table has a row that the others are compared with.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import quantiles

import psutil

from dev.processes import Process


@dataclass(frozen=True)
class Row:
    """One line of a table; times in milliseconds, each of one call."""

    what: str
    values: tuple[float, ...]


def show(title: str, columns: Sequence[str], rows: Sequence[Row], note: str = "") -> None:
    """Print a table whose first column compares each row's first value with the first row's."""
    lines = ["", "", title, f"{'':<44}" + "".join(f"{column:>12}" for column in ("ratio", *columns))]
    for row in rows:
        shown = "".join(f"{value:>12.2f}" if value else f"{'-':>12}" for value in row.values)
        lines.append(f"{row.what:<44}{row.values[0] / rows[0].values[0]:>12.2f}{shown}")
    sys.stdout.write("\n".join([*lines, note, ""]))


def cpu_of(process: Process) -> float:
    """CPU seconds that a server and its children have used so far, to the nanosecond.

    The clock of another process is made of its id (clock_getcpuclockid(3)); /proc counts in 10 ms.
    """
    top = psutil.Process(process.pid)
    pids = [each.pid for each in (top, *top.children(recursive=True))]
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def costs(call: Callable[[], object], count: int, *servers: Process) -> tuple[float, ...]:
    """CPU milliseconds that one call costs each server, then the call's mean wall time in milliseconds."""
    before = [cpu_of(server) for server in servers]
    began = time.perf_counter()
    for _ in range(count):
        call()
    wall = time.perf_counter() - began
    used = [cpu_of(server) - earlier for server, earlier in zip(servers, before, strict=True)]
    return tuple(1000 * each / count for each in (*used, wall))


def own_costs(call: Callable[[], object], count: int) -> tuple[float, float]:
    """CPU and wall milliseconds that one call costs in this process."""
    call()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(count):
        call()
    return 1000 * (time.process_time() - cpu) / count, 1000 * (time.perf_counter() - wall) / count


def latencies(call: Callable[[], object], count: int) -> list[float]:
    """Milliseconds of each of some calls, one after the other."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        found.append(1000 * (time.perf_counter() - began))
    return found


def together(calls: Sequence[Callable[[], object]], count: int) -> list[float]:
    """Latencies of several clients at once, each a thread that makes `count` calls of its own."""
    found: list[float] = []
    threads = [
        threading.Thread(target=lambda call=call: found.extend(latencies(call, count))) for call in calls
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == count * len(calls), "a client failed; its traceback stands above"
    return found


def spread(values: Sequence[float]) -> str:
    """The middle one of several rounds, and between what the middle half of them lies."""
    low, middle, high = quantiles(values, n=4)
    return f"{middle:>8.2f}  ({low:.2f} to {high:.2f})"


@contextmanager
def ahead_of_others(*servers: Process) -> Iterator[str]:
    """Let this process and the servers run before all other work of the machine; give a note that says so.

    A p99 is otherwise how long the neighbours kept the processor. It needs root, as such priorities do.
    """
    tasks = [int(each.name) for server in servers for each in Path(f"/proc/{server.pid}/task").iterdir()]
    try:
        for task in (0, *tasks):
            os.sched_setscheduler(task, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        yield "Other work on the machine had its turn as well (not run as root)."
        return
    try:
        yield "Measured ahead of other work on the machine."
    finally:
        for task in (0, *tasks):
            with suppress(ProcessLookupError):
                os.sched_setscheduler(task, os.SCHED_OTHER, os.sched_param(0))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def program(command: Sequence[str | Path], folder: Path, environ: Mapping[str, str]) -> tuple[float, float]:
    """CPU and wall milliseconds of a whole program, which must end well."""
    before, began = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - began
    after = getrusage(RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout + done.stderr
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), 1000 * wall
