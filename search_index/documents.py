"""What the index holds: one document for each entry it is made from. Pure: records in, documents out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from ldap_schema.snapshots import Snapshot
from search_index.words import tokens

PERSON, ORGANISATION, POST, TENURE, OFFICE = "person", "organisation", "post", "tenure", "office"
# Fields of folded words, which are searched: names, the given names one goes by, the post, its organisation,
# what that is or was called else, where it is, and the office with its assistant.
FAMILY, GIVEN, NAME, TITLE, EMPLOYER, FORMERLY, PLACE, ASSISTED = WORDS = (
    "family", "given", "name", "title", "employer", "formerly", "place", "assisted",
)  # fmt: skip
# Fields kept as they are, by which results are counted and narrowed.
FACETS = ("sector", "region", "organisation", "post")


@dataclass(frozen=True, slots=True)
class Document:
    """One entry in the index; fields that are empty are left out of `words` and `facets`."""

    uuid: UUID
    csn: str
    kind: str
    id: str
    refs: tuple[str, ...] = ()  # "<kind>:<id>" of entries on which it depends whether this one shows
    words: Mapping[str, str] = field(default_factory=dict)
    facets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Around:
    """What documents say beside their own entry: organisations by id, and by uid the offices that serve."""

    organisations: Mapping[str, Organisation]
    offices: Mapping[str, Sequence[Office]]


def reference(kind: str, id_: str) -> str:
    """Return how one document names another's entry."""
    return f"{kind}:{id_}"


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
    words: dict[str, Sequence[str]] = {}
    facets: dict[str, str] = {}
    if isinstance(record, Person):
        words, facets = _person_words(record, around), _person_facets(record)
    elif isinstance(record, Organisation):
        words = {EMPLOYER: (record.name,), FORMERLY: _other_names(record), PLACE: (record.region,)}
        facets = {"sector": record.sector, "region": record.region}
    elif isinstance(record, Post):
        words = {TITLE: (record.title, record.role), **_employer(record.organisation_id, around)}
        facets = {"organisation": record.organisation_id, "region": record.region, "post": record.title}
    elif isinstance(record, Tenure):
        # A holder who may not be named is empty.
        refs = (reference(POST, record.post_id), *(reference(PERSON, one) for one in (record.holder,) if one))
    else:
        refs = tuple(sorted(reference(PERSON, uid) for uid in record.serves))
        words = {ASSISTED: (record.name, record.assistant)}
    folded = {name: " ".join(tokens(" ".join(texts))) for name, texts in words.items()}
    return Document(snapshot.uuid, snapshot.csn, kind, id_, refs, _filled(folded), _filled(facets))


def _person_words(person: Person, around: Around) -> dict[str, Sequence[str]]:
    employer = _employer(person.organisation_id, around)
    return {
        FAMILY: (person.family_name,),
        GIVEN: (person.given_name, person.known_as),
        NAME: (person.full_name, person.display_name, person.honorific, person.honours),
        TITLE: (person.title,),
        PLACE: (person.region,),
        ASSISTED: [
            text for each in around.offices.get(person.uid, ()) for text in (each.name, each.assistant)
        ],
        **employer,
        EMPLOYER: (person.organisation_name,),
    }


def _person_facets(person: Person) -> dict[str, str]:
    return {
        "sector": person.sector,
        "region": person.region,
        "organisation": person.organisation_id,
        "post": person.title,
    }


def _employer(id_: str, around: Around) -> dict[str, Sequence[str]]:
    found = around.organisations.get(id_)
    return {EMPLOYER: (found.name,), FORMERLY: _other_names(found)} if found else {}


def _other_names(organisation: Organisation) -> tuple[str, ...]:
    # Sorted: the directory keeps several values in no order, and equal documents must be equal.
    return (*sorted(organisation.former_names), *sorted(organisation.acronyms))


def _filled(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
