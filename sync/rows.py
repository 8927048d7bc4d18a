"""One file as the pipeline sees it: candidates for the directory, posts without a holder, and rows set
aside with a reason.
"""

from dataclasses import dataclass
from datetime import date

from ldap_schema.people import Person
from sync.names import Name

# What became of a row. Every row of a file has exactly one of these; the receipt's counts add up to the
# rows sent.
JOINED, RETURNED, UPDATED, MOVED, UNCHANGED, LEAVING, LEFT = (
    "joined",
    "returned",
    "updated",
    "moved",
    "unchanged",
    "leaving",
    "left",
)
REJECTED, QUESTION = "rejected", "question"
SHARED = "shared mailbox: kept as a contact detail, it identifies nobody"  # a note on a row
TAKEN = (JOINED, RETURNED, UPDATED, MOVED, UNCHANGED, LEAVING, LEFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOutcome:
    """What happened to one row, why, and how the sender can mend it."""

    line: int
    outcome: str
    reason: str = ""
    mend: str = ""
    key: str = ""  # the sender's own key, so that they find the row again


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationFacts:
    """What a row says about the organisation."""

    code: str = ""
    name: str = ""
    acronym: str = ""
    sector: str = ""
    region: str = ""
    domains: tuple[str, ...] = ()
    duty_line: str = ""
    parent: str = ""
    former_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFacts:
    """What a row says about the post."""

    key: str
    title: str
    organisation: OrganisationFacts
    role: str = ""
    region: str = ""
    keyed_by_title: bool = False  # the sender has no reference for posts: the key is title and organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeFacts:
    """What a row says about the private office."""

    name: str = ""
    mail: tuple[str, ...] = ()
    telephone: tuple[str, ...] = ()
    assistant: str = ""


NONE_REFUSED: frozenset[str] = frozenset()  # one for all rows: an empty set of its own takes 216 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A named, eligible person in a post, every value normalised."""

    line: int
    key: str
    name: Name
    post: PostFacts
    mail: tuple[str, ...] = ()
    telephone: tuple[str, ...] = ()
    mobile: tuple[str, ...] = ()
    sign_in_address: str = ""
    kind: str = ""
    first_day: date | None = None
    last_day: date | None = None
    deceased: bool = False  # the mapped reason for leaving says so
    office: OfficeFacts | None = None
    refused: frozenset[str] = NONE_REFUSED  # fields whose value was refused: the directory keeps what it has
    notes: tuple[str, ...] = ()

    @property
    def row_key(self) -> str:
        """The sender's key of person and post together; a tenure's key."""
        return f"{self.key} @ {self.post.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """A row and the records that say what it says (settled.py)."""

    row: Candidate
    person: Person
    post_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One file, read and normalised; nothing in it depends on the directory."""

    feed: str
    part: str
    as_of: date
    file_digest: str
    mapping_digest: str
    rows: int
    candidates: tuple[Candidate, ...] = ()
    vacant: tuple[PostFacts, ...] = ()
    set_aside: tuple[RowOutcome, ...] = ()
    present: frozenset[str] = frozenset()  # keys of rejected rows: a faulty row is not an absence
    hints: frozenset[str] = frozenset()  # what rejected rows say, folded: their key may be what is faulty


def escape_key(parts: tuple[str, ...]) -> str:
    """Join key values so that neither "|" nor "@" in a value can be taken for the joint."""
    return "|".join(part.replace("%", "%25").replace("|", "%7C").replace("@", "%40") for part in parts)


def person_key(row_key: str) -> str:
    """Give the person's part of a tenure's key."""
    return row_key.split(" @ ", 1)[0]
