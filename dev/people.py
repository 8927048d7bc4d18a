"""`python -m dev.people --out DIR` invents leaders and writes them as HR feeds, as senders write theirs."""

import argparse
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from dev.feeds_out import write_feeds


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the feeds into a folder and print the files, in the order in which to apply them."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.people", description="Write invented leaders as HR feeds."
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the files; made when it is missing"
    )
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same files (7)")
    parser.add_argument("--leaders", type=int, default=1500, help="how many leaders to invent (1500)")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, default=None, help="the day they describe (today)"
    )
    chosen = parser.parse_args(arguments)
    as_of = chosen.as_of or datetime.now(UTC).date()
    try:
        written = write_feeds(chosen.out, seed=chosen.seed, leaders=chosen.leaders, as_of=as_of)
    except (ValueError, OSError) as error:
        parser.exit(1, f"{error}\n")
    for each in written:
        print(each.path)


if __name__ == "__main__":
    main()
