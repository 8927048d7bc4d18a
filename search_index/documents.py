"""What the index holds: one document for each entry it is made from. Pure: records in, documents out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from ldap_schema.snapshots import Snapshot
from search_index.names import initials
from search_index.vocabulary import vocabulary
from search_index.words import spaced, tokens

PERSON, ORGANISATION, POST, TENURE, OFFICE = "person", "organisation", "post", "tenure", "office"
# Folded words by where they stand: names, the given names one goes by, the post, its organisation, what that
# is or was called else, its initials, where it is, how somebody is addressed, the office with its assistant.
FAMILY, GIVEN, NAME, TITLE, EMPLOYER, FORMERLY, ACRONYM, PLACE, HONOURS, ASSISTED = WORDS = (
    "family", "given", "name", "title", "employer", "formerly", "acronym", "place", "honours", "assisted",
)  # fmt: skip
# Kept as they are: by the first four results are counted and narrowed; a tenure has the last three.
SECTOR, REGION, EMPLOYER_ID, ROLE = COUNTED = ("sector", "region", "organisation", "role")
REMEMBERED = 20_000  # texts that many entries share
TITLE_AS_IT_IS, EMPLOYER_AS_IT_IS, TENURE_KIND, FIRST_DAY, LAST_DAY = (
    "post", "organisation name", "tenure", "first", "last",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """One entry in the index; fields that are empty are left out of `words` and `facets`."""

    uuid: UUID
    csn: str
    kind: str
    id: str
    refs: tuple[str, ...] = ()  # "<kind>:<id>" of entries it depends on; of an organisation, its successors
    words: Mapping[str, str] = field(default_factory=dict)
    facets: Mapping[str, str] = field(default_factory=dict)
    label: str = ""  # the name or title as it is written


@dataclass(frozen=True, slots=True)
class Around:
    """What documents say beside their own entry: organisations by id, and by uid the offices that serve."""

    organisations: Mapping[str, Organisation]
    offices: Mapping[str, Sequence[Office]]


def reference(kind: str, id_: str) -> str:
    """Return how one document names another's entry."""
    return f"{kind}:{id_}"


def referred(document: Document, kind: str) -> list[str]:
    """Return the ids of the entries of one kind that a document names."""
    return [id_ for ref in document.refs for found, _, id_ in (ref.partition(":"),) if found == kind]


def make(snapshots: Iterable[Snapshot], around: Around) -> list[Document]:
    """Return the documents of the entries."""
    return [_document(snapshot, around) for snapshot in snapshots]


def kind_and_id(record: object) -> tuple[str, str]:
    """Return what kind of document a record becomes, and its id."""
    if isinstance(record, Person):
        return PERSON, record.uid
    for kind, cls in ((ORGANISATION, Organisation), (POST, Post), (TENURE, Tenure), (OFFICE, Office)):
        if isinstance(record, cls):
            return kind, str(record.id)
    raise TypeError(f"{type(record).__name__} is no record of the index")


def _document(snapshot: Snapshot, around: Around) -> Document:
    record = snapshot.record
    kind, id_ = kind_and_id(record)
    refs: tuple[str, ...] = ()
    words: dict[str, str] = {}
    facets: dict[str, str] = {}
    label = ""
    if isinstance(record, Person):
        label = record.display_name or record.full_name
        words, facets = _person_words(record, around), _person_facets(record)
    elif isinstance(record, Organisation):
        label, words = record.name, dict(_organisation_words(record))
        refs = tuple(sorted(reference(ORGANISATION, one) for one in record.successor_ids))
        facets = {SECTOR: record.sector, REGION: record.region}
    elif isinstance(record, Post):
        label, words, facets = record.title, _post_words(record, around), _post_facets(record, around)
    elif isinstance(record, Tenure):
        # A holder who may not be named is empty.
        refs = (reference(POST, record.post_id), *(reference(PERSON, one) for one in (record.holder,) if one))
        facets = {
            TENURE_KIND: record.kind,
            FIRST_DAY: record.first_day.isoformat() if record.first_day else "",
            LAST_DAY: record.last_day.isoformat() if record.last_day else "",
        }
    else:
        refs = tuple(sorted(reference(PERSON, uid) for uid in record.serves))
        words = {ASSISTED: _folded(record.name, record.assistant)}
    return Document(snapshot.uuid, snapshot.csn, kind, id_, refs, _filled(words), _filled(facets), label)


def _person_words(person: Person, around: Around) -> dict[str, str]:
    employer = around.organisations.get(person.organisation_id)
    words = dict(_organisation_words(employer)) if employer else {}
    if person.organisation_name:
        words[EMPLOYER] = _shared(person.organisation_name)
    if offices := around.offices.get(person.uid):
        words[ASSISTED] = _folded(*(text for each in offices for text in (each.name, each.assistant)))
    return words | {
        FAMILY: _shared(person.family_name),
        GIVEN: _shared(person.given_name, person.known_as),
        NAME: _folded(person.full_name),
        TITLE: _shared(person.title),
        PLACE: _shared(person.region, person.town, words.get(PLACE, "")),
        HONOURS: _folded(person.display_name, person.honorific, person.honours),
    }


def _person_facets(person: Person) -> dict[str, str]:
    return {
        SECTOR: person.sector,
        REGION: person.region,
        EMPLOYER_ID: person.organisation_id,
        ROLE: role_of(person.title),
        TITLE_AS_IT_IS: person.title,
        EMPLOYER_AS_IT_IS: person.organisation_name,
    }


def _post_words(post: Post, around: Around) -> dict[str, str]:
    employer = around.organisations.get(post.organisation_id)
    words = dict(_organisation_words(employer)) if employer else {}
    place = _shared(post.region, post.town, words.get(PLACE, ""))
    return words | {TITLE: _shared(post.title, post.role), PLACE: place}


def _post_facets(post: Post, around: Around) -> dict[str, str]:
    employer = around.organisations.get(post.organisation_id)
    return {
        SECTOR: employer.sector if employer else "",
        EMPLOYER_ID: post.organisation_id,
        REGION: post.region,
        ROLE: role_of(post.title),
        TITLE_AS_IT_IS: post.title,
        EMPLOYER_AS_IT_IS: employer.name if employer else "",
    }


@lru_cache(maxsize=REMEMBERED)
def _organisation_words(organisation: Organisation) -> Mapping[str, str]:
    # Sorted: the directory keeps several values in no order, and equal documents must be equal.
    former, given = sorted(organisation.former_names), sorted(organisation.acronyms)
    made = sorted({one for name in (organisation.name, *former) for one in initials(spaced(name).split())})
    return {
        EMPLOYER: _folded(organisation.name),
        FORMERLY: _folded(*former),
        ACRONYM: _folded(*given, *made),
        PLACE: _folded(organisation.region, organisation.town, *sorted(organisation.areas_served)),
    }


@lru_cache(maxsize=REMEMBERED)
def role_of(title: str) -> str:
    """Return the role a post's title is a case of; a title of its own kind is its own role."""
    found = vocabulary().roles_of(spaced(title).split())
    return found[0] if found else title


def _folded(*texts: str) -> str:
    """Return the words of the texts, each once."""
    return " ".join(dict.fromkeys(word for text in texts if text for word in tokens(text)))


# Titles, organisations and places come again with thousands of people; their words are worked out once.
_shared = lru_cache(maxsize=REMEMBERED)(_folded)


def _filled(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
