"""The pieces that plans and receipts have in common: lines, rows' outcomes, questions; sealed and opened."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from store.person_keys import DESTROYED
from sync.answers import Question
from sync.plan import Plan
from sync.rows import UNCHANGED, RowOutcome
from sync.sealed import Piece, Sealer
from sync.steps import PlanLine


def seal_outcomes(sealer: Sealer, feed: str, part: str, outcomes: Sequence[RowOutcome]) -> list[Piece]:
    """Seal rows for whoever has the sender's key. Of a row that changed nothing its line alone is kept."""
    told = [(each, _holder(sealer, feed, part, each)) for each in outcomes]
    sealer.look_up(holder for _, holder in told)
    return [
        sealer.seal(holder, _private(each), line=each.line, outcome=each.outcome)
        if holder
        else {"line": each.line, "outcome": each.outcome, "reason": each.reason, "mend": each.mend}
        for each, holder in told
    ]


def open_outcomes(sealer: Sealer, pieces: Sequence[Piece]) -> tuple[RowOutcome, ...]:
    """Open rows; of an erased person's the line and the outcome are left."""
    opened = sealer.open_all(pieces)
    return tuple(
        RowOutcome(line=piece["line"], outcome=piece["outcome"], reason=DESTROYED)
        if told is None
        else msgspec.convert(told, RowOutcome)
        for piece, told in zip(pieces, opened, strict=True)
    )


def seal_lines(sealer: Sealer, plan: Plan) -> list[Piece]:
    """Seal what a plan says in lines: of people by their id, of rows by their sender's key."""
    keys = {each.line: each.key for each in plan.outcomes if each.reason or each.mend}
    found = []
    for each in plan.lines:
        holder = each.uid or sealer.row(plan.feed, plan.part, keys.get(each.line, ""))
        likely = [sealer.seal(uid, {"uid": uid, "words": words}) for uid, words in each.likely]
        found.append(sealer.seal(holder, replace(each, likely=()), symbol=each.symbol, line=each.line))
        found[-1]["likely"] = likely
    return found


def open_lines(sealer: Sealer, pieces: Sequence[Piece]) -> tuple[PlanLine, ...]:
    """Open lines; one about an erased person says so."""
    found = []
    for piece, told in zip(pieces, sealer.open_all(pieces), strict=True):
        line = PlanLine(symbol=piece["symbol"], line=piece.get("line", 0), who=DESTROYED)
        if told is not None:
            line = msgspec.convert({**told, "likely": ()}, PlanLine)
        likely = [each for each in sealer.open_all(piece.get("likely", ())) if each is not None]
        found.append(replace(line, likely=tuple((each["uid"], each["words"]) for each in likely)))
    return tuple(found)


def seal_questions(sealer: Sealer, feed: str, part: str, texts: Iterable[str]) -> Iterator[Piece | str]:
    """Seal questions and answers, which name whom a row may mean by ids alone."""
    for text in texts:
        question = msgspec.json.decode(text, type=Question)
        yield sealer.seal(sealer.row(feed, part, question.key), {"text": text})


def open_questions(sealer: Sealer, pieces: Sequence[Piece | str]) -> tuple[str, ...]:
    """Open questions; an erased person's are left out."""
    plain: list[Piece] = [{"text": each} if isinstance(each, str) else each for each in pieces]
    return tuple(str(each["text"]) for each in sealer.open_all(plain) if each is not None)


def _holder(sealer: Sealer, feed: str, part: str, row: RowOutcome) -> str:
    quiet = row.outcome == UNCHANGED and not row.reason and not row.mend
    return "" if quiet else sealer.row(feed, part, row.key)


def _private(row: RowOutcome) -> dict[str, Any]:
    return {"reason": row.reason, "mend": row.mend, "key": row.key}
