"""Changes to the directory in terms of records, and what each means for entries."""

from collections.abc import Sequence
from dataclasses import dataclass

from ldap_schema import delegations, feeds, offices, organisations, people, posts
from ldap_schema.delegations import Delegation
from ldap_schema.entries import Codec
from ldap_schema.errors import BadValue
from ldap_schema.feeds import FeedPart
from ldap_schema.filters import LONGEST_VALUE, absent, all_of, equals, present
from ldap_schema.offices import Office
from ldap_schema.operations import AddEntry, DeleteEntry, ModifyEntry, Operation
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from ldap_schema.tree import Tree

Record = Person | Post | Tenure | Organisation | Office | Delegation | FeedPart
# The overlay `unique` watches these (ldif/config.ldif). slapd 2.5 also judges an assertion by the top of the
# branch in which the overlay searches, so an operation that gives one of them a value can't carry one.
UNIQUE = frozenset({"nlcSignInAddress", "nlcFederatedId"})


@dataclass(frozen=True, slots=True)
class Add:
    """A record that is not there yet."""

    record: Record


@dataclass(frozen=True, slots=True)
class Update:
    """From one state of a record to another; only fields that differ are written, and none if none does.

    It applies only while those fields hold what they hold in `before`; otherwise the whole write is Moved.
    """

    before: Record
    after: Record


@dataclass(frozen=True, slots=True)
class Remove:
    """A record that goes, with nothing that refers to it; a feed's memory can be emptied and not removed."""

    record: Record


Change = Add | Update | Remove


def operations(changes: Sequence[Change], tree: Tree) -> list[Operation]:
    """Return what to ask of the server, in the order given; raise BadValue for what it could not store."""
    return [operation for change in changes for operation in _operations(change, tree)]


def _operations(change: Change, tree: Tree) -> Sequence[Operation]:
    if isinstance(change, Add):
        values = codec_of(change.record).encode(change.record, tree)
        return [AddEntry(dn=dn_of(change.record, tree), values=values)]
    if isinstance(change, Remove):
        if isinstance(change.record, FeedPart):  # the last part could not go in a transaction; see tree.ldif
            raise BadValue("What is remembered of a feed can be emptied and not removed.")
        return [DeleteEntry(dn=dn_of(change.record, tree))]
    return _modifications(change, tree)


def _modifications(change: Update, tree: Tree) -> Sequence[ModifyEntry]:
    """Return what an update asks: one operation, and another for new values of what must be unique."""
    dn = dn_of(change.before, tree)
    if type(change.before) is not type(change.after) or dn != dn_of(change.after, tree):
        raise BadValue(f"An update can't turn one record into another ({dn}).")
    different = codec_of(change.before).differences(change.before, change.after, tree)
    if not different:
        return []
    expected = [_still(attribute, before) for attribute, (before, _) in different.items()]
    after = {attribute: values for attribute, (_, values) in different.items()}
    unique = {attribute: values for attribute, values in after.items() if attribute in UNIQUE and values}
    guarded = ModifyEntry(dn=dn, replace={**after, **dict.fromkeys(unique, ())}, assertion=all_of(*expected))
    return [guarded, ModifyEntry(dn=dn, add=unique)] if unique else [guarded]


def _still(attribute: str, before: Sequence[bytes]) -> str:
    """Return a filter that holds while the attribute has these values."""
    if not before:
        return absent(attribute)
    values = [value.decode("utf-8") for value in before if len(value) <= LONGEST_VALUE]
    return all_of(present(attribute), *(equals(attribute, value) for value in values))


def dn_of(record: Record, tree: Tree) -> str:
    """Return where the record stands."""
    match record:
        case people.Person():
            return tree.person(record.uid)
        case Post():
            return tree.post(record.id)
        case Tenure():
            return tree.tenure(record.id)
        case Organisation():
            return tree.organisation(record.id)
        case Office():
            return tree.office(record.id)
        case Delegation():
            return tree.delegation(record.id)
        case FeedPart():
            return tree.feed_part(record.feed, record.part)


def codec_of(record: Record) -> Codec[Record]:
    """Return what turns records of this kind into entries and back."""
    codec: Codec[Record] = {  # type: ignore[assignment]  # each codec fits the class beside it
        Person: people.CODEC,
        Post: posts.POST_CODEC,
        Tenure: posts.TENURE_CODEC,
        Organisation: organisations.CODEC,
        Office: offices.CODEC,
        Delegation: delegations.CODEC,
        FeedPart: feeds.CODEC,
    }[type(record)]
    return codec
