"""A plan in as few transactions as may be: one, or chunks of whole persons when it is too large for that."""

from collections.abc import Iterable, Iterator, Sequence

from ldap_schema.changes import Change, Record, Remove, Update
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from ldap_schema.reading_back import record_of


def in_chunks(changes: Sequence[Change], size: int, most: int) -> list[list[Change]]:
    """Split changes into transactions of about `size` operations, unless they all fit into one of `most`.

    A person, their tenures and the office that serves them stay together, and whatever they refer to comes
    with them or before. The same changes give the same chunks, so that a run can be resumed.
    """
    if sum(map(operations, changes)) <= most:
        return [list(changes)]
    chunks: list[list[Change]] = [[]]
    filled = 0
    for group in _whole_persons(changes):
        cost = sum(map(operations, group))
        if filled and filled + cost > size:
            chunks.append([])
            filled = 0
        chunks[-1] += group
        filled += cost
    return chunks


def operations(change: Change) -> int:
    """Return how many operations a change is: an address that must be unique is emptied first, then given."""
    if isinstance(change, Update) and isinstance(change.before, Person) and isinstance(change.after, Person):
        unique = change.before.sign_in_address != change.after.sign_in_address
        return 2 if unique or change.before.federated_ids != change.after.federated_ids else 1
    return 1


def _whole_persons(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Yield what belongs together: organisations, then each person with their own and the posts they need."""
    posts: dict[str, Change] = {}
    groups: dict[str, list[Change]] = {}
    removed: list[Change] = []
    for each in changes:
        record = record_of(each)
        if isinstance(record, Organisation | Post) and isinstance(each, Remove):
            removed.append(each)  # when nobody refers to it any more
        elif isinstance(record, Organisation):
            yield [each]
        elif isinstance(record, Post):
            posts[record.id] = each
        else:
            groups.setdefault(whose(record), []).append(each)
    for group in groups.values():
        held = [record.post_id for record in map(record_of, group) if isinstance(record, Tenure)]
        yield [*(posts.pop(id_) for id_ in dict.fromkeys(held) if id_ in posts), *group]
    yield from ([each] for each in (*posts.values(), *removed))


def whose(record: Record) -> str:
    """Return whose record it is: the person's own, their tenure's, or their office's."""
    if isinstance(record, Person):
        return record.uid
    if isinstance(record, Tenure):
        return record.holder
    return next(iter(record.serves), "") if isinstance(record, Office) else ""
