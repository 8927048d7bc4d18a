"""A plan to be read in a terminal, as terraform prints its own."""

import textwrap
import unicodedata
from collections import Counter

from sync.plan import Plan
from sync.receipt import Receipt
from sync.rows import REJECTED, TAKEN
from sync.steps import PlanLine

_COLOURS = {"+": "32", "~": "33", "→": "36", "-": "31", "!": "31;1", "?": "35"}
_NAMES = {
    "+": "to join or return",
    "~": "to update",
    "→": "to move",
    "-": "absent or leaving",
    "!": "rejected",
}


def plan_text(
    plan: Plan,
    holds: tuple[str, ...],
    run: str,
    width: int = 80,
    colour: bool = False,
    transactions: int = 1,
) -> str:
    """Print one plan: what happens to whom, old → new, a summary line and the guard's verdict."""
    heading = f"{plan.feed} · {plan.part} · as of {plan.as_of} · {_counted(plan.rows, 'row')}"
    lines = [heading, ""]
    for each in plan.lines:
        lines += _block(each, width, colour)
    if plan.lines:
        lines.append("")
    lines += textwrap.wrap(_summary(plan, transactions), width, subsequent_indent="      ")
    if holds:
        lines.append(f"Guard: HOLDS run {run}. Nothing is changed until a named person approves it:")
        for reason in holds:
            lines += textwrap.wrap(reason, width, initial_indent="  - ", subsequent_indent="    ")
    else:
        lines.append("Guard: passes.")
    return "\n".join(lines) + "\n"


def _block(line: PlanLine, width: int, colour: bool) -> list[str]:
    """Print one entry: symbol and name, then what happens, then a value per line."""
    symbol = f"\x1b[{_COLOURS[line.symbol]}m{line.symbol}\x1b[0m" if colour else line.symbol
    who = printable(line.who)
    names = " or ".join(words for _, words in line.likely)
    what = printable(". ".join(filter(None, (line.what, f"It may be {names}" if names else ""))))
    lines = [f"  {symbol} {who}"]
    if what and len(who) + len(what) + 6 <= width:
        lines = [f"  {symbol} {who}  {what}"]
    elif what:
        lines += textwrap.wrap(what, width, initial_indent="      ", subsequent_indent="      ")
    longest = max((len(name) for name, _, _ in line.values), default=0)
    for name, old, new in line.values:
        text = f"{name.replace('_', ' '):<{longest}}  {_quoted(old)} → {_quoted(new)}"
        lines += textwrap.wrap(text, width, initial_indent="      ", subsequent_indent=" " * (longest + 8))
    return lines


def _quoted(text: str) -> str:
    return f'"{printable(text)}"' if text else "(nothing)"


def printable(text: str) -> str:
    """Make a stranger's text safe for a terminal: no control characters, no change of direction."""
    return "".join(each if unicodedata.category(each)[0] != "C" else "\ufffd" for each in text)


def _summary(plan: Plan, transactions: int) -> str:
    counts = Counter(each.symbol for each in plan.lines)
    parts = [f"{counts[symbol]} {name}" for symbol, name in _NAMES.items() if counts[symbol]]
    if counts["?"]:
        parts.append(_counted(counts["?"], "question"))
    outcomes = Counter(each.outcome for each in plan.outcomes)
    same = outcomes["unchanged"]
    aside = {each: count for each, count in outcomes.items() if each not in (*TAKEN, REJECTED, "question")}
    text = "Plan: " + (", ".join(parts) or "nothing to do") + f"; {_counted(same, 'row')} unchanged"
    if aside:
        text += f"; {_counted(sum(aside.values()), 'row')} set aside ("
        text += (
            ", ".join(
                f"{count} {reason}" for reason, count in sorted(aside.items(), key=lambda item: -item[1])
            )
            + ")"
        )
    return text + f". {_written(len(plan.changes), transactions)}"


def _written(changes: int, transactions: int) -> str:
    """Say in how many acts it is written: more than one can be cut off between them."""
    if not changes:
        return "Nothing to write."
    if transactions == 1:
        return f"{_counted(changes, 'change')} in one transaction."
    said = f"{_counted(changes, 'change')} in {transactions} transactions of whole persons"
    return f"{said}; if they are cut off, the same command completes them."


def _counted(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def receipt_line(receipt: Receipt) -> str:
    """Sum one run up in one line, for a list of many."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in receipt.counts().items())
    rows = _counted(receipt.rows, "row")
    absent = f"; {receipt.absent} not in the file" if receipt.absent else ""
    return f"{receipt.as_of}  {receipt.part}: {receipt.status}, {rows}: {counts}{absent}"


def undo_text(plan: Plan, receipt: Receipt, applied: bool, width: int = 80) -> str:
    """Print what an undo does, or did: whom it touches, what stays because it was changed since."""
    heading = f"Undo of run {receipt.undoes}: {plan.feed} · {plan.part} · as of {plan.as_of}"
    lines = [heading, "", *(line for each in plan.lines for line in _block(each, width, False))]
    if receipt.kept:
        lines += ["", "Kept, because others changed it since or need it:"]
        for each in receipt.kept:
            lines += textwrap.wrap(printable(each), width, initial_indent="  = ", subsequent_indent="    ")
    lines += [""] if len(lines) > 2 else []
    count = _counted(len(plan.changes), "change")
    if applied and plan.changes:
        lines.append(f"Undone as run {receipt.run}: {count}.")
    elif plan.changes:
        lines.append(f"Undo: {count}. Nothing was changed. To do it:")
        lines.append(f'  counterpart sync undo {receipt.undoes} --apply --reason "…"')
    else:
        lines.append("There is nothing left to undo.")
    return "\n".join(lines) + "\n"
