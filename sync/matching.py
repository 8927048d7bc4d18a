"""Who a questioned row is: what waits for a named person, and what they say (`counterpart sync match`)."""

from dataclasses import replace

from ldap_schema.errors import BadValue, NotFound
from ldap_schema.feeds import FeedPart
from ldap_schema.people import DECEASED, Person
from store import ledger, tombstones
from sync.answers import NEW, Question, read_questions, write_questions
from sync.apply import update_part
from sync.context import DONE, Result, SyncContext
from sync.errors import UNCHANGED, InputRefused
from sync.normalise import fold
from sync.reason import needed_reason


def list_questions(context: SyncContext, feed: str) -> Result:
    """List the open questions of a feed, with the people whom each may mean, and what was answered."""
    parts = context.directory.feeds.parts(feed)
    asked = [(part, each) for part in parts for each in read_questions(part.answers)]
    people = context.directory.people.by_uids(
        uid for _, each in asked for uid in (*each.likely, each.who) if uid not in ("", NEW)
    )
    waiting = [(part, each) for part, each in asked if not each.who]
    answered = [(part, each) for part, each in asked if each.who]
    lines = [line for part, each in waiting for line in _open(part, each, people)]
    lines += [
        f"Answered: {part.part} {each.key}, {each.name}: {_who(each.who, people)}" for part, each in answered
    ]
    return Result(
        exit_code=DONE,
        text="\n".join(lines) or f"No row of {feed} is questioned.",
        data={"questions": [_data(part, each, people) for part, each in asked]},
    )


def answer(context: SyncContext, feed: str, key: str, who: str, reason: str, part: str = "") -> Result:
    """Keep what a named person says of a key: a uid, or NEW. The feed's next plan goes by it.

    Raises InputRefused for a key that nobody asked about, a person who is not there, or no reason.
    """
    if not context.actor.strip():
        raise InputRefused(f"Say who answers: it needs a named account. {UNCHANGED}")
    why = needed_reason(reason)
    where, question = _asked(context, feed, key, part)
    if who != NEW:
        who = _person(context, who).uid
    kept = [each for each in read_questions(where.answers) if each.key != question.key]
    answered = replace(question, who=who)
    with context.store.transaction() as tx:
        told = {"part": where.part, "key": question.key, "reason": why}
        subject = f"feed:{feed}" if who == NEW else who
        about = tombstones.marker(tx).row(feed, where.part, question.key) if who == NEW else who
        now = context.clock()
        ledger.append(tx, "feed question answered", context.actor, subject, told, now, about=about)
        update_part(context, where, answers=write_questions([*kept, answered]))
    is_who = "somebody new" if who == NEW else who
    return Result(
        exit_code=DONE,
        text=f"{question.name} under the key {question.key} is {is_who}. The next plan of {feed} goes by it.",
        data={"feed": feed, "part": where.part, "key": question.key, "who": who},
    )


def _asked(context: SyncContext, feed: str, key: str, part: str) -> tuple[FeedPart, Question]:
    found = [
        (each, question)
        for each in context.directory.feeds.parts(feed)
        for question in read_questions(each.answers)
        if question.key == fold(key) and part in ("", each.part)
    ]
    if not found:
        raise InputRefused(
            f'No question of {feed} is about the key "{key}": `counterpart sync match`. {UNCHANGED}'
        )
    if len(found) > 1:
        parts = ", ".join(each.part for each, _ in found)
        raise InputRefused(f"Several parts ask about that key: {parts}. Name one with --part. {UNCHANGED}")
    return found[0]


def _person(context: SyncContext, reference: str) -> Person:
    try:
        found = context.directory.people.get(reference)
    except (NotFound, BadValue):
        raise InputRefused(f"Nobody has the uid {reference}. {UNCHANGED}") from None
    if found.status == DECEASED:
        raise InputRefused(f"{found.full_name} is recorded as deceased. {UNCHANGED}")
    return found


def _open(part: FeedPart, question: Question, people: dict[str, Person]) -> list[str]:
    lines = [
        f"? {question.key}  {question.name}  ({part.part}, line {question.line})",
        f"    {question.asked}",
    ]
    lines += [f"    may be {_who(uid, people)}" for uid in question.likely]
    return lines


def _who(uid: str, people: dict[str, Person]) -> str:
    if uid == NEW:
        return "somebody new"
    found = people.get(uid)
    if found is None:
        return f"{uid} (not there any more)"
    where = ", ".join(filter(None, (found.title, found.organisation_name))) or "no post"
    return f"{uid}  {found.full_name}, {where} ({found.status})"


def _data(part: FeedPart, question: Question, people: dict[str, Person]) -> dict[str, object]:
    likely = [{"uid": uid, "name": people[uid].full_name} for uid in question.likely if uid in people]
    return {
        "part": part.part,
        "key": question.key,
        "name": question.name,
        "line": question.line,
        "asked": question.asked,
        "mend": question.mend,
        "likely": likely,
        "answer": question.who,
    }
