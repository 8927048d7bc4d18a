"""What one feed's mapping says, as data. `mapping_reader.py` makes it from TOML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from ldap_schema.posts import ACTING, COVER, INTERIM, JOB_SHARE, SECONDMENT, SUBSTANTIVE
from sync.freshness import NO_RHYTHM, Rhythm
from sync.sources.origin import DEFAULT_ORIGIN, Origin

VACANT, NOT_DISCLOSED, ELIMINATED, BLANK = "vacant", "not disclosed", "eliminated", "blank name"
NOT_ELIGIBLE, DUPLICATE = "not eligible", "duplicate"
KINDS = (SUBSTANTIVE, ACTING, INTERIM, SECONDMENT, COVER, JOB_SHARE)  # how a post may be held


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Where one value comes from: a column of the file, or a constant, and what is done to it on the way."""

    column: str = ""
    value: str | None = None
    map: Mapping[str, str] | None = None
    date: str = ""
    prefix: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How the sender's file is written."""

    type: str = "csv"  # or "xlsx", "json"
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    skip_rows: int = 0  # title rows above the header, by number…
    skip_until: str = ""  # …or by the header's first cell
    footer_rows: int = 0
    footer_count: str = ""  # what the footer says of the number of rows, as "Total: {n}"
    sheet: str = ""
    records: str = ""  # JSON: the key of the list of people, as "data.people"; nothing: the file is the list


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligible:
    """Which rows make somebody a leader; an empty column means every row."""

    column: str = ""
    any_of: frozenset[str] = frozenset()
    not_a_person: Mapping[str, str] = field(default_factory=dict)  # folded name -> reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Shares of the people a part has (1.0 switches a limit off) and the floor below which a share never
    trips.
    """

    absent: float = 0.05
    leave: float = 0.10
    update: float = 0.20
    blanked: float = 0.05
    identity: float = 0.02
    reject: float = 0.03
    rows: float = 0.10
    drip: float = 0.10  # absent and gone within thirty days, a few at a time
    floor: int = 2
    open: bool = False  # replays an archive: only files that can't be read are stopped

    def allowed(self, share: float, size: int) -> int:
        """Give the largest count that passes: a share of the size, and never less than the floor."""
        return max(self.floor, int(exact(share) * size))


def exact(share: float) -> Fraction:
    """Give a share as it was written: 0.29 of 100 is 29, and not 28 as binary fractions have it."""
    return Fraction(str(share))


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One sender's agreement with the directory."""

    id: str
    name: str
    file: str  # pattern with {part} and {as_of}
    path: str  # of the mapping, for messages
    digest: str  # of the mapping's bytes
    contact: str = ""
    origin: Origin = DEFAULT_ORIGIN
    rhythm: Rhythm = NO_RHYTHM
    format: Format = Format()
    key: tuple[str, ...] = ()
    post_key: tuple[str, ...] = ()
    person: Mapping[str, Column] = field(default_factory=dict)
    post: Mapping[str, Column] = field(default_factory=dict)
    organisation: Mapping[str, Column] = field(default_factory=dict)
    office: Mapping[str, Column] = field(default_factory=dict)
    keep_vacant: bool = False
    create_organisations: bool = False
    eligible: Eligible = Eligible()
    limits: Limits = Limits()

    @property
    def numbered(self) -> bool:
        """Whether the sender's key is more than the person's name: with staff numbers, a new number for a
        known name is a question; without, names alone can't raise one.
        """
        names = ("full_name", "family_name", "given_name")
        columns = {self.person[name].column for name in names if name in self.person}
        return not columns & set(self.key)

    def columns(self) -> dict[str, str]:
        """Give every column of the file that the mapping reads, with the mapping key that names it."""
        named = {name: "identity.key" for name in self.key} | {
            name: "identity.post_key" for name in self.post_key
        }
        for table in ("person", "post", "organisation", "office"):
            for key, column in getattr(self, table).items():
                if column.column:
                    named.setdefault(column.column, f"{table}.{key}")
        if self.eligible.column:
            named.setdefault(self.eligible.column, "eligible.column")
        return named
