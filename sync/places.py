"""Organisations and posts that rows speak of: found, or made when the mapping allows it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from ldap_schema.organisations import Organisation
from ldap_schema.posts import Post
from sync.draft import Draft
from sync.normalise import fold
from sync.rows import OrganisationFacts, PostFacts


class UnknownOrganisation(Exception):
    """The row's organisation isn't in the directory and this feed may not add any, or it was split up."""

    mend = "Correct the organisation, or ask the directory manager to add it."


class SplitUp(UnknownOrganisation):
    """The row's organisation is no more, several succeeded it, and nothing says which has this post."""

    mend = "Name the organisation that has the post now."


class Places:
    """Finds organisations by code, then by current or former name; a feed never changes one that exists.

    A sender may go on using the name or code of an organisation that is no more: its successor is meant.
    """

    def __init__(self, draft: Draft, create: bool, mint_id: Callable[[], str]) -> None:
        self.draft, self.create, self.mint_id = draft, create, mint_id
        self.by_name: dict[str, Organisation] = {}
        self.by_code: dict[str, Organisation] = {}
        self.by_id: dict[str, Organisation] = {}
        self.posts: dict[str, Post] = {}
        self.same_title: dict[tuple[str, str], list[Post]] = defaultdict(list)
        for each in draft.all(Organisation):
            self._know(each)
        for post in draft.all(Post):
            self.posts[post.feed_key] = post
            self.same_title[fold(post.title), post.organisation_id].append(post)

    def _know(self, organisation: Organisation) -> Organisation:
        self.by_id[organisation.id] = organisation
        for code in organisation.codes:
            self.by_code[code] = organisation
        for name in organisation.former_names:
            self.by_name.setdefault(fold(name), organisation)
        self.by_name[fold(organisation.name)] = organisation
        return organisation

    def find(self, row: PostFacts) -> Organisation:
        """Give the organisation a row names, or its successor.

        Raises UnknownOrganisation when it is new and may not be added, SplitUp when nothing says which of its
        successors has the post.
        """
        facts = row.organisation
        found = self.by_code.get(facts.code) if facts.code else None
        if not found and facts.name:
            found = self.by_name.get(fold(facts.name))
        return self._today(found, row) if found else self._made(facts)

    def _today(self, found: Organisation, row: PostFacts) -> Organisation:
        """Follow an organisation to the one that has this post today."""
        heirs = self._heirs(found, seen=set())
        if len(heirs) == 1:
            return heirs[0]
        post = self.posts.get(row.key)
        if post and any(post.organisation_id == each.id for each in heirs):
            return self.by_id[post.organisation_id]
        titled = [each for each in heirs if self.same_title.get((fold(row.title), each.id))]
        if len(titled) == 1:
            return titled[0]
        names = " and ".join(f'"{each.name}"' for each in heirs)
        raise SplitUp(f'"{found.name}" is no more; its posts went to {names}')

    def _heirs(self, organisation: Organisation, seen: set[str]) -> list[Organisation]:
        if organisation.id in seen:
            return []
        seen.add(organisation.id)
        known = [self.by_id[each] for each in organisation.successor_ids if each in self.by_id]
        return [heir for each in known for heir in self._heirs(each, seen)] or [organisation]

    def _made(self, facts: OrganisationFacts) -> Organisation:
        label = facts.name or facts.code
        if not self.create or not facts.name:
            raise UnknownOrganisation(f'the organisation "{label}" is not in the directory')
        made = Organisation(
            id=self.mint_id(),
            name=facts.name,
            former_names=tuple(filter(None, (facts.former_name,))),
            acronyms=tuple(filter(None, (facts.acronym,))),
            codes=tuple(filter(None, (facts.code,))),
            sector=facts.sector,
            region=facts.region,
            domains=facts.domains,
            duty_line=facts.duty_line,
        )
        self._know(made)
        self.draft.put(made)
        return self._under(made, facts.parent)

    def _under(self, made: Organisation, parent: str) -> Organisation:
        """Put a new organisation under its parent, which is made too when it is unknown; none is its own
        parent.
        """
        above = (self.by_code.get(parent) or self.by_name.get(fold(parent))) if parent else None
        if parent and not above:
            above = self._know(Organisation(id=self.mint_id(), name=parent))
            self.draft.put(above)
        if not above or above.id == made.id:
            return made
        made = self._know(replace(made, parent_id=above.id))
        self.draft.put(made)
        return made

    def post(self, facts: PostFacts, organisation: Organisation, feed: str, part: str) -> Post:
        """Find or make the post a row names, with its title as sent."""
        known = self.posts.get(facts.key) or self._renamed(facts, organisation)
        if known is None:
            known = Post(
                id=self.mint_id(),
                title=facts.title,
                organisation_id=organisation.id,
                role=facts.role,
                region=facts.region,
                feed=feed,
                feed_part=part,
                feed_key=facts.key,
            )
        role, region = facts.role or known.role, facts.region or known.region
        has = (known.title, known.organisation_id, known.role, known.region, known.feed_key)
        if has == (facts.title, organisation.id, role, region, facts.key) and facts.key in self.posts:
            return known
        post = replace(
            known,
            title=facts.title,
            organisation_id=organisation.id,
            role=role,
            region=region,
            feed_key=facts.key,
        )
        self.posts[facts.key] = post
        self.draft.put(post)
        return post

    def _renamed(self, facts: PostFacts, organisation: Organisation) -> Post | None:
        """Find a post that a sender without references for posts keys by another name of its organisation."""
        same = self.same_title.get((fold(facts.title), organisation.id), [])
        return same[0] if facts.keyed_by_title and len(same) == 1 else None
