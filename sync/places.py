"""Organisations and posts that rows speak of: found, or made when the mapping allows it."""

from collections.abc import Callable
from dataclasses import replace

from ldap_schema.organisations import Organisation
from ldap_schema.posts import Post
from sync.draft import Draft
from sync.normalise import fold
from sync.rows import OrganisationFacts, PostFacts


class UnknownOrganisation(Exception):
    """The row's organisation isn't in the directory and this feed may not add any."""


class Places:
    """Finds organisations by code, then by current or former name; a feed never changes one that exists."""

    def __init__(self, draft: Draft, create: bool, mint_id: Callable[[], str]) -> None:
        self.draft, self.create, self.mint_id = draft, create, mint_id
        self.by_name: dict[str, Organisation] = {}
        self.by_code: dict[str, Organisation] = {}
        self.posts: dict[str, Post] = {}
        for each in draft.all(Organisation):
            if isinstance(each, Organisation):
                self._know(each)
        for post in draft.all(Post):
            if isinstance(post, Post):
                self.posts[post.feed_key] = post

    def _know(self, organisation: Organisation) -> Organisation:
        for code in organisation.codes:
            self.by_code[code] = organisation
        for name in organisation.former_names:
            self.by_name.setdefault(fold(name), organisation)
        self.by_name[fold(organisation.name)] = organisation
        return organisation

    def find(self, facts: OrganisationFacts) -> Organisation:
        """Give the organisation a row names; UnknownOrganisation when it is new and may not be added."""
        found = self.by_code.get(facts.code) if facts.code else None
        if not found and facts.name:
            found = self.by_name.get(fold(facts.name))
        if found:
            return found
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
        known = self.posts.get(facts.key)
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
        post = replace(
            known,
            title=facts.title,
            organisation_id=organisation.id,
            role=facts.role or known.role,
            region=facts.region or known.region,
        )
        self.posts[facts.key] = post
        self.draft.put(post)
        return post
