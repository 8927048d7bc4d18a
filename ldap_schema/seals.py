"""Seals: somebody whose life may be in danger is there for nobody else; see the head of ldif/access.ldif."""

from dataclasses import dataclass, replace
from datetime import date

from ldap_schema.changes import Change, Update, operations
from ldap_schema.errors import BadValue
from ldap_schema.link import Link
from ldap_schema.offices import Office, Offices
from ldap_schema.people import SEALED_ALL, SEALED_POST, People
from ldap_schema.posts import Post, Posts


@dataclass(frozen=True, slots=True)
class Concealed:
    """What is concealed with a sealed person."""

    posts: tuple[Post, ...]  # not listed any more; a post that somebody else holds as well stays listed
    offices: tuple[Office, ...]  # to be seen by nobody but the sealed person, whomever they serve besides


class Seals:
    """Sealing and unsealing, as the sync account; each is one transaction."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._people, self._posts, self._offices = People(link), Posts(link), Offices(link)

    def seal(self, uid: str, kind: str, day: date) -> Concealed:
        """Conceal the person ("post"), and also the posts they hold on that day or later ("all").

        Sealing anew changes the kind. Raise NotFound for nobody, BadValue for another kind, Moved if a
        record changed meanwhile: then nothing was written.
        """
        if kind not in (SEALED_POST, SEALED_ALL):
            raise BadValue("Somebody is sealed by post or in all.")
        posts = self._held_alone(uid, day) if kind == SEALED_ALL else []
        self._write(uid, kind, posts)
        return Concealed(tuple(posts), tuple(self._offices.serving(uid)))

    def renew(self, day: date) -> None:
        """Conceal the posts that people sealed in all have come to hold alone, as after a feed's run."""
        for person in self._people.sealed(SEALED_ALL):
            posts = self._held_alone(person.uid, day)
            if {post.id for post in posts} != {post.id for post in self._posts.sealed_for(person.uid)}:
                self._write(person.uid, SEALED_ALL, posts)

    def unseal(self, uid: str) -> None:
        """Let the person, their posts and offices be seen as everybody's; raise NotFound or Moved."""
        self._write(uid, "", [])

    def _write(self, uid: str, kind: str, posts: list[Post]) -> None:
        person = self._people.get(uid)
        sealed = {post.id for post in posts}
        affected = {post.id: post for post in (*self._posts.sealed_for(uid), *posts)}
        changes: list[Change] = [Update(person, replace(person, sealed=kind))]
        changes += [
            Update(post, replace(post, sealed_for=uid if post.id in sealed else ""))
            for post in affected.values()
        ]
        self._link.write(*operations(changes, self._link.tree))

    def _held_alone(self, uid: str, day: date) -> list[Post]:
        """Return the posts that the person holds on the day or will hold, and nobody else does."""
        held = {post.id: post for post, tenure in self._posts.held_by(uid) if tenure.lasts(day)}
        return [
            post
            for post in held.values()
            if {each.holder for each in self._posts.tenures(post.id) if each.lasts(day)} == {uid}
        ]
