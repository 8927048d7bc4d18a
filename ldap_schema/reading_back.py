"""Reads records again by their ids: to see that a write did what it should, and what became of them since."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime

from ldap_schema.changes import Add, Change, Record, Remove, codec_of, dn_of
from ldap_schema.feeds import FeedPart
from ldap_schema.filters import any_of, equals
from ldap_schema.link import Link
from ldap_schema.tree import id_of

AT_ONCE = 100  # entries asked for in one filter; a longer one blocks a thread of the server


def current(link: Link, records: Iterable[Record]) -> list[Record | None]:
    """Return each record as it stands now, None where there is none; in the order given."""
    records = list(records)
    wanted = {dn_of(each, link.tree): each for each in records}
    branches: dict[tuple[type[Record], str], list[str]] = {}
    for dn, each in wanted.items():
        branches.setdefault((type(each), _above(dn)), []).append(dn)
    found: dict[str, Record] = {}
    for (_, branch), dns in branches.items():
        for start in range(0, len(dns), AT_ONCE):
            some = dns[start : start + AT_ONCE]
            for entry in link.find(branch, any_of(*map(_named, some)), codec_of(wanted[some[0]]).asked):
                like = wanted.get(entry.dn)
                if like is not None:
                    parent = {"feed": like.feed} if isinstance(like, FeedPart) else {}
                    found[entry.dn] = codec_of(like).decode(entry, **parent)
    return [found.get(dn_of(each, link.tree)) for each in records]


def not_as_written(link: Link, changes: Sequence[Change]) -> list[str]:
    """Return the DNs where the directory is not as the changes leave it.

    Only what they wrote is looked at, and what another account wrote over it meanwhile is left out.
    """
    last = {dn_of(record_of(each), link.tree): each for each in changes}
    stand = current(link, map(record_of, last.values()))
    wrong = [dn for (dn, change), now in zip(last.items(), stand, strict=True) if not _done(change, now)]
    ours = link.tree.service(link.connections.service)
    return [dn for dn in wrong if _last_written(link, dn)[0] in ("", ours)]


def record_of(change: Change) -> Record:
    """Return what a change adds, removes or leaves behind."""
    return change.record if isinstance(change, Add | Remove) else change.after


def written(before: Record, after: Record) -> list[str]:
    """Return the fields in which two states of a record differ: what an update writes."""
    return [each.name for each in fields(before) if getattr(before, each.name) != getattr(after, each.name)]


def _done(change: Change, now: Record | None) -> bool:
    if isinstance(change, Remove):
        return now is None
    if now is None or isinstance(change, Add):
        return now == change.record if isinstance(change, Add) else False
    names = written(change.before, change.after)
    return all(getattr(now, name) == getattr(change.after, name) for name in names)


def last_written(link: Link, record: Record) -> tuple[str, datetime | None]:
    """Return the id of whoever wrote the record's entry last, and when; nothing if there is none."""
    dn, instant = _last_written(link, dn_of(record, link.tree))
    return id_of(dn), instant


def _last_written(link: Link, dn: str) -> tuple[str, datetime | None]:
    for entry in link.find(_above(dn), _named(dn), ["modifiersName", "modifyTimestamp"]):
        return entry.text("modifiersName"), entry.instant("modifyTimestamp")
    return "", None


def _above(dn: str) -> str:
    return dn.partition(",")[2]


def _named(dn: str) -> str:
    return equals(dn.partition("=")[0], id_of(dn))
