"""The directory's answers from a table of records: a part's state is read without a server."""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import TypeVar, cast

from ldap_schema.directory import Directory
from ldap_schema.feeds import FeedPart
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from tests.sync_world import World

T = TypeVar("T", Person, Post, Tenure, Office)


def directory_of(world: World) -> Directory:
    """The directory that holds what the world does; it answers what `read_state` asks."""
    table = _Table(world)
    return cast(
        Directory,
        SimpleNamespace(
            feeds=SimpleNamespace(part=table.part, asking=lambda: world.all(FeedPart)),
            people=SimpleNamespace(
                all_of_feed=lambda feed, part: table.owned(Person, feed, part),
                by_uids=table.people, by_names=table.by_names, everybody=world.people,
                by_mail_or_sign_in=table.by_address,
            ),
            posts=SimpleNamespace(
                all_of_feed=lambda feed, part: table.owned(Post, feed, part),
                tenures_of_feed=lambda feed, part: table.owned(Tenure, feed, part),
                tenures_of=table.tenures_of, held_by_any=table.held_by_any, with_keys=table.with_keys,
                by_ids=lambda ids: {each.id: each for each in world.all(Post) if each.id in ids},
            ),
            offices=SimpleNamespace(all_of_feed=lambda feed, part: table.owned(Office, feed, part)),
            organisations=SimpleNamespace(
                all=lambda: world.all(Organisation), by_code=table.by_code, by_name=table.by_name,
                get=lambda id_: world.records[Organisation, id_],
            ),
        ),
    )  # fmt: skip


class _Table:
    def __init__(self, world: World) -> None:
        self.world = world

    def owned(self, kind: type[T], feed: str, part: str) -> list[T]:
        return [each for each in self.world.all(kind) if (each.feed, each.feed_part) == (feed, part)]

    def part(self, feed: str, part: str) -> FeedPart | None:
        return next((each for each in self.world.parts() if (each.feed, each.part) == (feed, part)), None)

    def people(self, uids: Iterable[str]) -> dict[str, Person]:
        wanted = set(uids)
        return {each.uid: each for each in self.world.people() if each.uid in wanted}

    def by_names(self, names: Sequence[str]) -> list[Person]:
        wanted = {each.casefold() for each in names}
        return [each for each in self.world.people() if each.full_name.casefold() in wanted]

    def by_address(self, addresses: Iterable[str]) -> dict[str, list[Person]]:
        found: dict[str, list[Person]] = {}
        for address in {each.casefold() for each in addresses}:
            for each in self.world.people():
                if address in {mail.casefold() for mail in (*each.mail, each.sign_in_address)}:
                    found.setdefault(address, []).append(each)
        return found

    def tenures_of(self, uids: Iterable[str]) -> list[Tenure]:
        wanted = set(uids)
        return [each for each in self.world.all(Tenure) if each.holder in wanted]

    def held_by_any(self, uids: Iterable[str]) -> list[tuple[Post, Tenure]]:
        posts = {each.id: each for each in self.world.all(Post)}
        return [(posts[each.post_id], each) for each in self.tenures_of(uids)]

    def with_keys(self, feed: str, part: str, keys: Sequence[str]) -> list[Post]:
        return [each for each in self.owned(Post, feed, part) if each.feed_key in keys]

    def by_code(self, code: str) -> Organisation | None:
        return next((each for each in self.world.all(Organisation) if code in each.codes), None)

    def by_name(self, name: str) -> Organisation | None:
        found = (
            each
            for each in self.world.all(Organisation)
            if name.casefold() in {known.casefold() for known in (each.name, *each.former_names)}
        )
        return next(found, None)
