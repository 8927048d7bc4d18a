"""The first file of a sandboxed process: takes its limits, then runs the module.

python -I start.py BYTES SECONDS MODULE [ARGUMENT…]
"""

import resource
import runpy
import sys
from pathlib import Path


def main() -> None:
    """Limit this process for good, then become the module, which is found beside this package."""
    memory, seconds, module = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    sys.argv = sys.argv[3:]
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
