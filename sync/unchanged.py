"""Most rows of most files say what the directory says already: they are recognised without making a record.

It is an exact test, not a stored hash (decision 0041): every value that `records.py` would set is compared.
Whoever doesn't pass goes the long way, so that leaving a case out here costs time and nothing else.
"""

from ldap_schema.organisations import Organisation
from ldap_schema.people import ACTIVE, Person
from ldap_schema.posts import Post, Tenure
from sync.fingerprint import fingerprint
from sync.mapping import Feed
from sync.records import DETAILS
from sync.rows import Candidate


class Unchanged:
    """Compares rows of one feed with what the directory has of their people."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.details = tuple(each for each in DETAILS if each in feed.person)
        self.parts = tuple((name, name in feed.person) for name in ("honorific", "honours", "known_as"))

    def says(self, person: Person, tenure: Tenure, row: Candidate, place: tuple[Post, Organisation]) -> bool:
        """Tell whether the person's only row and only open tenure say what is there already."""
        return (
            person.status == ACTIVE
            and not (row.deceased or row.last_day or row.refused or tenure.last_day)
            and person.feed_key == row.key
            and tenure.feed_key == row.row_key
            and self._same_name(person, row)
            and all(getattr(person, each) == getattr(row, each) for each in self.details)
            and self._same_place(person, *place)
            and (tenure.kind == row.kind or "kind" not in self.feed.post)
            and (row.first_day is None or row.first_day == tenure.first_day)
            and tenure.digest == fingerprint(self.feed, tenure, person)
        )

    def _same_name(self, person: Person, row: Candidate) -> bool:
        name = row.name
        return (
            person.family_name == name.family
            and person.given_name == name.given
            and person.full_name == name.full
            and bool(person.display_name)
            and all(
                getattr(person, part) == getattr(name, part) or not (mapped or getattr(name, part))
                for part, mapped in self.parts
            )
        )

    def _same_place(self, person: Person, post: Post, organisation: Organisation) -> bool:
        return (
            person.title == post.title
            and person.organisation_id == organisation.id
            and person.organisation_name == organisation.name
            and person.sector == organisation.sector
            and person.region == (post.region or organisation.region)
        )
