"""Runs several calls of the product's command line one after the other, so that its packages are loaded once.

    python -m dev.batch '[["sync", "apply", …], ["idp", "add", …]]'

Exit code: that of the first call that ended with anything but "done" or "some rows rejected".
"""

import json
import sys

from counterpart.command import run
from counterpart.exit_codes import DONE, PARTLY


def main(calls: list[list[str]]) -> int:
    """Make the calls, and print each before its own output."""
    for arguments in calls:
        print("$ counterpart", *arguments, flush=True)
        status = run(arguments)
        if status not in (DONE, PARTLY):
            return status
    return DONE


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
