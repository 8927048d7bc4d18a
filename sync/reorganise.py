"""What an organisation map does to the directory. Pure; nobody leaves and nobody joins by it.

An organisation that ends stays as an entry with its name, its codes and its successors, so that old names and
codes are found, and feeds that go on sending them are understood (`places.py`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from ldap_schema.changes import Change
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from sync.draft import Draft
from sync.errors import UNCHANGED, InputRefused
from sync.normalise import fold
from sync.organisation_map import Merge, More, Move, OrganisationMap, Rename, Split
from sync.records import derived
from sync.standing import rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """All organisations, and the posts, tenures and people of those that the map names."""

    organisations: tuple[Organisation, ...]
    posts: tuple[Post, ...] = ()
    tenures: tuple[Tenure, ...] = ()
    people: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorganised:
    """What changes, told in lines; `ended` maps organisations that are no more to their successors."""

    changes: tuple[Change, ...]
    lines: tuple[str, ...]
    ended: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def reorganise(map_: OrganisationMap, around: Around, mint_id: Callable[[], str]) -> Reorganised:
    """Carry the map out on a draft; InputRefused where it names what is not there or is done already."""
    done = _Reorganiser(map_, around, mint_id)
    for step in map_.steps:
        match step:
            case Rename():
                done.rename(step)
            case Merge():
                done.merge(step)
            case Split():
                done.split(step)
            case Move():
                done.move(step)
    return Reorganised(changes=done.draft.changes(), lines=tuple(done.lines), ended=done.ended)


def named(map_: OrganisationMap) -> set[str]:
    """Give every organisation that the map names."""
    found: set[str] = set()
    for step in map_.steps:
        match step:
            case Rename() | Move():
                found.add(step.organisation)
            case Merge():
                found |= {*step.organisations, step.into}
            case Split():
                found |= {step.organisation, *step.into}
    return found


def find(organisations: Iterable[Organisation], reference: str) -> Organisation | None:
    """Find what a person means by an id, a code, a name or a former name, in this order."""
    known = list(organisations)
    for fits in (
        lambda each: reference == each.id or reference in each.codes,
        lambda each: fold(reference) == fold(each.name),
        lambda each: fold(reference) in map(fold, each.former_names),
    ):
        if found := next(filter(fits, known), None):
            return found
    return None


class _Reorganiser:
    def __init__(self, map_: OrganisationMap, around: Around, mint_id: Callable[[], str]) -> None:
        self.day, self.around, self.mint_id = map_.day, around, mint_id
        self.draft = Draft([*around.organisations, *around.posts, *around.people])
        self.lines: list[str] = []
        self.ended: dict[str, tuple[str, ...]] = {}

    def rename(self, step: Rename) -> None:
        before = self._found(step.organisation)
        if fold(before.name) == fold(step.name):
            raise InputRefused(f'"{before.name}" has that name already. {UNCHANGED}')
        if (other := find(self.draft.every(Organisation), step.name)) and other.id != before.id:
            raise InputRefused(f'"{other.name}" is another organisation: use [[merge]]. {UNCHANGED}')
        after = _formerly(replace(before, name=step.name), [before.name], self.day)
        after = self._with_more(after, step.more)
        self.draft.put(after)
        moved = self._people_to(before, lambda post: after)
        self.lines.append(f'~ "{before.name}" is "{after.name}" from {self.day}; {_counted(moved, "person")}')

    def merge(self, step: Merge) -> None:
        sources = [self._found(each) for each in step.organisations]
        heir = self._heir(step.into, sources[0])
        sources = [each for each in sources if each.id != heir.id]
        names = [name for each in sources for name in (each.name, *each.former_names, *each.acronyms)]
        heir = _formerly(heir, [each for each in names if fold(each) != fold(heir.name)], self.day)
        heir = replace(
            heir,
            domains=_union(heir.domains, *(each.domains for each in sources)),
            shared_domains=_union(heir.shared_domains, *(each.shared_domains for each in sources)),
        )
        heir = self._with_more(heir, step.more)
        self.draft.put(heir)
        for each in sources:
            posts, people = self._end(each, (heir,), lambda post: heir)
            self.lines.append(
                f'→ "{each.name}" becomes part of "{heir.name}" on {self.day}: {_counted(posts, "post")}, '
                f"{_counted(people, 'person')}"
            )

    def split(self, step: Split) -> None:
        before = self._found(step.organisation)
        heirs = {name: self._heir(name, before) for name in step.into}
        self._all_titles_known(step, before)
        for name, heir in heirs.items():
            heir = _formerly(heir, [before.name] if heir.id != before.id else [], self.day)
            # Several have the old domains now, so they prove nothing about any of them.
            both = _union(before.domains, before.shared_domains)
            heirs[name] = replace(heir, shared_domains=_union(heir.shared_domains, both))
            self.draft.put(heirs[name])
        chosen = {fold(title): heirs[heir] for title, heir in step.posts.items()}
        rest = heirs[step.rest]
        posts, people = self._end(
            before,
            tuple(heirs.values()),
            lambda post: chosen.get(fold(post.title), rest) if post else rest,
        )
        names = ", ".join(f'"{each.name}"' for each in heirs.values())
        self.lines.append(
            f'→ "{before.name}" is split up into {names} on {self.day}: {_counted(posts, "post")}, '
            f"{_counted(people, 'person')}"
        )

    def move(self, step: Move) -> None:
        before, parent = self._found(step.organisation), self._found(step.parent)
        self._no_circle(before, parent)
        self.draft.put(replace(before, parent_id=parent.id))
        self.lines.append(f'~ "{before.name}" belongs to "{parent.name}" from {self.day}')

    def _found(self, reference: str) -> Organisation:
        found = find(self.draft.every(Organisation), reference)
        if found is None:
            raise InputRefused(f'The directory has no organisation "{reference}". {UNCHANGED}')
        if found.successor_ids:
            raise InputRefused(f'"{found.name}" has ended already: it has a successor. {UNCHANGED}')
        return found

    def _heir(self, reference: str, like: Organisation) -> Organisation:
        """Find the organisation that takes over, or make one of the kind of another."""
        found = find(self.draft.every(Organisation), reference)
        if found and not found.successor_ids:
            return found
        made = Organisation(
            id=self.mint_id(),
            name=reference,
            sector=like.sector,
            region=like.region,
            parent_id=like.parent_id,
        )
        self.draft.put(made)
        self.lines.append(f'+ "{reference}"')
        return made

    def _with_more(self, organisation: Organisation, more: More) -> Organisation:
        parent = self._found(more.parent) if more.parent else None
        if parent:
            self._no_circle(organisation, parent)
        return replace(
            organisation,
            acronyms=_union(organisation.acronyms, (more.acronym,)),
            codes=_union(organisation.codes, (more.code,)),
            sector=more.sector or organisation.sector,
            region=more.region or organisation.region,
            domains=_union(organisation.domains, more.domains),
            parent_id=parent.id if parent else organisation.parent_id,
        )

    def _no_circle(self, organisation: Organisation, parent: Organisation) -> None:
        by_id = {each.id: each for each in self.draft.every(Organisation)}
        above: Organisation | None = parent
        seen: set[str] = set()
        while above and above.id not in seen:
            if above.id == organisation.id:
                raise InputRefused(f'"{organisation.name}" would be its own parent. {UNCHANGED}')
            seen.add(above.id)
            above = by_id.get(above.parent_id)

    def _end(
        self,
        before: Organisation,
        heirs: tuple[Organisation, ...],
        heir_of: Callable[[Post | None], Organisation],
    ) -> tuple[int, int]:
        """Give posts, people and children of an organisation to its heirs; count posts and people."""
        people = self._people_to(before, heir_of)
        posts = [each for each in self.draft.every(Post) if each.organisation_id == before.id]
        for each in posts:
            self.draft.put(replace(each, organisation_id=heir_of(each).id))
        for child in self.draft.all(Organisation):
            if child.parent_id == before.id:
                self.draft.put(replace(child, parent_id=heir_of(None).id))
        others = tuple(each.id for each in heirs if each.id != before.id)
        if len(others) == len(heirs):  # one that lives on as its own heir has not ended
            self.draft.put(replace(before, successor_ids=others, domains=(), shared_domains=()))
            self.ended[before.id] = others
        return len(posts), people

    def _people_to(self, before: Organisation, heir_of: Callable[[Post | None], Organisation]) -> int:
        """Rewrite the copies that people's entries have of their organisation; count the people."""
        posts = {each.id: each for each in self.draft.every(Post) if each.organisation_id == before.id}
        held: dict[str, list[Tenure]] = {}
        for tenure in self.around.tenures:
            if tenure.post_id in posts:
                held.setdefault(tenure.holder, []).append(tenure)
        count = 0
        for person in self.draft.all(Person):
            if person.organisation_id != before.id:
                continue
            post = _shown(person, held.get(person.uid, []), posts)
            heir = heir_of(post)
            self.draft.put(derived(person, post, heir) if post else _copied(person, heir))
            count += 1
        return count

    def _all_titles_known(self, step: Split, before: Organisation) -> None:
        titles = {fold(each.title) for each in self.draft.every(Post) if each.organisation_id == before.id}
        unknown = [title for title in step.posts if fold(title) not in titles]
        if unknown:
            raise InputRefused(f'"{before.name}" has no post "{unknown[0]}" to give away. {UNCHANGED}')


def _shown(person: Person, tenures: list[Tenure], posts: Mapping[str, Post]) -> Post | None:
    """Give the post that the person's entry shows: the one with its title, else the weightiest."""
    ordered = sorted(tenures, key=lambda each: (-rank([each.kind]), each.id))
    found = [posts[each.post_id] for each in ordered]
    return next((each for each in found if each.title == person.title), None)


def _copied(person: Person, organisation: Organisation) -> Person:
    return replace(
        person,
        organisation_id=organisation.id,
        organisation_name=organisation.name,
        sector=organisation.sector or person.sector,
    )


def _formerly(organisation: Organisation, names: Iterable[str], day: date) -> Organisation:
    """Let an organisation be found by names that were used until the day before."""
    new = [each for each in dict.fromkeys(names) if fold(each) not in map(fold, organisation.former_names)]
    dated = tuple(f"/{day - timedelta(days=1)} {each}" for each in new)
    return replace(
        organisation,
        former_names=(*organisation.former_names, *new),
        former_name_days=(*organisation.former_name_days, *dated),
    )


def _union(*groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for group in groups for each in group if each))


def _counted(number: int, one: str) -> str:
    many = "people" if one == "person" else f"{one}s"
    return f"{number:,} {one if number == 1 else many}"
