"""Whether a plan may go ahead by itself. Pure: counts in, a verdict with reasons out.

From twenty people on, shares decide; below twenty, counts do, because 5 % of twelve people is nobody.
"""

from dataclasses import dataclass

from sync.mapping import Limits
from sync.measures import Measures

SMALL = 20  # a part with fewer people is judged by counts
SMALL_ABSENT, SMALL_UPDATES, SMALL_IDENTITY, SMALL_BLANKED = 2, 3, 1, 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Passes when there is no reason; each reason is a sentence fragment for the alert."""

    reasons: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether the plan may be applied without anybody's approval."""
        return not self.reasons


def judge(measures: Measures, limits: Limits) -> Verdict:
    """Hold a plan that would do more than a feed of its size does in an ordinary run."""
    if limits.open:
        return Verdict()
    reasons = [
        f"the column for {name} used to vary and now says the same in every row" for name in measures.constant
    ]
    reasons += _small(measures) if measures.size < SMALL else _large(measures, limits)
    return Verdict(tuple(reasons))


def _small(counts: Measures) -> list[str]:
    if not counts.size:
        return []
    gone = counts.absent + counts.leaving
    reasons = []
    if gone >= SMALL_ABSENT:
        reasons.append(
            f"{gone} of {counts.size} people are absent or leaving; in a feed this small, "
            f"{SMALL_ABSENT} are enough to ask"
        )
    if counts.identity >= SMALL_IDENTITY:
        reasons.append(f"{counts.identity} of {counts.size} people would change name, key or sign-in address")
    if counts.updated > SMALL_UPDATES:
        reasons.append(
            f"{counts.updated} of {counts.size} people would be updated; up to {SMALL_UPDATES} pass"
        )
    reasons += [
        f"{name.replace('_', ' ')} would be emptied for {count} of {counts.size} people"
        for name, count in counts.blanked.items()
        if count >= SMALL_BLANKED
    ]
    return reasons


def _large(counts: Measures, limits: Limits) -> list[str]:
    watched = [
        ("absent", counts.absent, limits.absent, counts.size),
        ("leaving by a date", counts.leaving, limits.leave, counts.size),
        ("updated", counts.updated, limits.update, counts.size),
        ("changing name, key or sign-in address", counts.identity, limits.identity, counts.size),
        ("rejected rows", counts.rejected, limits.reject, counts.rows),
    ]
    watched += [
        (f"losing their {name.replace('_', ' ')}", count, limits.blanked, counts.size)
        for name, count in counts.blanked.items()
    ]
    reasons = [
        f"{what}: {count} of {of}, more than {allowed(share, of, limits.floor)}"
        for what, count, share, of in watched
        if count > allowed(share, of, limits.floor)
    ]
    if counts.rows_before and abs(counts.rows - counts.rows_before) > allowed(
        limits.rows, counts.rows_before, limits.floor
    ):
        reasons.append(f"the file has {counts.rows} rows, the one before had {counts.rows_before}")
    return reasons


def allowed(share: float, size: int, floor: int) -> int:
    """Give the largest count that passes: a share of the size, and never less than the floor."""
    return max(floor, int(share * size))
