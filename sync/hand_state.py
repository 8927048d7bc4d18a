"""What the directory holds around one person: all that a change by hand depends on."""

from dataclasses import dataclass
from difflib import get_close_matches

from ldap_schema.directory import Directory
from ldap_schema.errors import NotFound
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from sync.errors import InputRefused
from sync.names import Name, same_person
from sync.normalise import fold

Held = tuple[tuple[Post, Tenure], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Plain records, so that what is planned by hand can be tested without a server."""

    organisation: Organisation
    posts: tuple[tuple[Post, tuple[Tenure, ...]], ...] = ()  # of the organisation
    holders: dict[str, Person] | None = None  # of those posts, by uid
    namesakes: tuple[Person, ...] = ()  # of every status
    owner: Person | None = None  # whose sign-in address it is already


def look_around(directory: Directory, reference: str, name: Name, address: str) -> Around:
    """Read what adding somebody depends on; InputRefused for an organisation that is not there."""
    organisation = find_organisation(directory, reference)
    posts = directory.posts.of_organisation(organisation.id)
    uids = {tenure.holder for _, tenures in posts for tenure in tenures}
    return Around(
        organisation=organisation,
        posts=tuple((post, tuple(tenures)) for post, tenures in posts),
        holders=directory.people.by_uids(sorted(uids)),
        namesakes=_namesakes(directory, name),
        owner=directory.people.by_sign_in_address(address) if address else None,
    )


def find_organisation(directory: Directory, reference: str) -> Organisation:
    """Find what somebody means by an id, code or name; InputRefused names those that are spelled alike."""
    try:
        return directory.organisations.find(reference)
    except NotFound:
        names = {each.name.casefold(): each.name for each in directory.organisations.all()}
        alike = get_close_matches(reference.casefold(), list(names), n=3)
        meant = f" Did you mean {' or '.join(names[each] for each in alike)}?" if alike else ""
        raise InputRefused(
            f'The organisation "{reference}" is not in the directory.{meant} Nothing was changed.'
        ) from None


def _namesakes(directory: Directory, name: Name) -> tuple[Person, ...]:
    """Give the people whose names may be the same person's: one family name, one first initial."""
    found = directory.people.search(name.family.split(), {}, limit=50)
    alike = [each for each in found if fold(each.family_name) == fold(name.family)]
    return tuple(each for each in alike if _may_be(name, each))


def _may_be(name: Name, person: Person) -> bool:
    first = fold(name.given)[:1]
    other = Name(person.family_name, person.given_name)
    return same_person(name, other) and first in {
        fold(person.given_name)[:1],
        fold(person.known_as)[:1],
    }
