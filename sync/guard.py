"""Whether a plan may go ahead by itself. Pure: counts in, a verdict with reasons out.

From twenty people on, shares decide; below twenty, counts do, because 5 % of twelve people is nobody. What
the file says of columns and organisations is asked at any size.
"""

from dataclasses import dataclass
from fractions import Fraction

from sync.mapping import Limits, exact
from sync.measures import Measures

SMALL = 20  # a part with fewer people is judged by counts
TWO_AT_ONCE = 2  # one namesake joins now and then
SMALL_GONE, SMALL_UPDATES, SMALL_IDENTITY, SMALL_BLANKED = 2, 3, 1, 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """Passes when there is no reason; each reason is a sentence fragment for the alert."""

    reasons: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether the plan may be applied without anybody's approval."""
        return not self.reasons


def judge(measures: Measures, limits: Limits) -> Verdict:
    """Hold a plan that would do more than a feed of its size does in an ordinary run.

    The first file of a part passes: there is nobody yet whom it could harm, and whoever it finds elsewhere in
    the directory it can only ask about.
    """
    if limits.open or not measures.size:
        return Verdict()
    reasons = _any_size(measures, limits)
    reasons += _small(measures) if measures.size < SMALL else _large(measures, limits)
    return Verdict(tuple(reasons))


def _any_size(counts: Measures, limits: Limits) -> list[str]:
    reasons = [
        f"the column for {_word(name)} used to vary and now says the same in every row"
        for name in counts.constant
    ]
    reasons += [f"the column for {_word(name)} is suddenly blank in every row" for name in counts.blank]
    if counts.doubled >= TWO_AT_ONCE:
        reasons.append(f"{counts.doubled} people would be listed twice, under keys of the same name")
    reasons += [
        f"everybody in {name} would move to an organisation that is new here; if it was renamed, say so with "
        "`counterpart sync organisations`"
        for name in counts.emptied
    ]
    of = counts.size + counts.gone_lately
    reasons += _drip(
        "be absent or gone", counts.absent, counts.gone_lately, of, limits.allowed(limits.drip, of)
    )
    # Dates are answers, and a term may end for several: twice what one file may say.
    most = limits.allowed(2 * limits.leave, counts.size)
    reasons += _drip("leave by a date", counts.leaving, counts.let_go_lately, counts.size, most)
    return reasons


def _drip(what: str, now: int, lately: int, of: int, most: int) -> list[str]:
    """Hold what no file says at once and several say together."""
    if not (now and lately) or now + lately <= most:
        return []
    return [f"little by little, {now + lately} of {of} people would {what} within 30 days, more than {most}"]


def _small(counts: Measures) -> list[str]:
    gone = counts.absent + counts.leaving
    reasons = []
    if gone >= SMALL_GONE:
        reasons.append(
            f"{gone} of {counts.size} people are absent or leaving; in a feed this small, "
            f"{SMALL_GONE} are enough to ask"
        )
    if counts.identity >= SMALL_IDENTITY:
        reasons.append(f"{counts.identity} of {counts.size} people would change name, key or sign-in address")
    if counts.updated > SMALL_UPDATES:
        reasons.append(
            f"{counts.updated} of {counts.size} people would be updated; up to {SMALL_UPDATES} pass"
        )
    if counts.joined >= SMALL:
        reasons.append(f"{counts.joined} people would join a feed of {counts.size}")
    reasons += [
        f"{_word(name)} would be emptied for {count} of {counts.size} people"
        for name, count in counts.blanked.items()
        if count >= SMALL_BLANKED
    ]
    return reasons


def _large(counts: Measures, limits: Limits) -> list[str]:
    watched = [
        ("absent", counts.absent, limits.absent),
        ("leaving by a date", counts.leaving, limits.leave),
        ("updated", counts.updated, limits.update),
        ("changing name, key or sign-in address", counts.identity, limits.identity),
        ("rejected rows", counts.rejected, limits.reject),
    ]
    watched += [
        (f"losing their {_word(name)}", count, limits.blanked) for name, count in counts.blanked.items()
    ]
    reasons = [
        f"{what}: {count} of {counts.size}, more than {limits.allowed(share, counts.size)}"
        for what, count, share in watched
        if count > limits.allowed(share, counts.size)
    ]
    usual = counts.usual_rows
    if usual and abs(counts.rows - usual) > exact(limits.rows) * Fraction(usual):
        reasons.append(f"the file has {counts.rows} rows, and the last ones had about {usual:g}")
    return reasons


def _word(name: str) -> str:
    return name.replace("_", " ")
