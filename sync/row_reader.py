"""The values of one row, as the mapping says: taken, mended with a note, or refused."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from ldap_schema.organisations import SECTORS
from ldap_schema.posts import ACTING, COVER, INTERIM, JOB_SHARE, SECONDMENT, SUBSTANTIVE
from sync.layout import Line
from sync.mapping import NOT_ELIGIBLE, Column, Feed
from sync.names import Name, split_name
from sync.normalise import Value, clean, day, fold, is_blank, mail_address, telephone, words
from sync.rows import Candidate, OfficeFacts, OrganisationFacts, PostFacts, escape_key

KINDS = frozenset({SUBSTANTIVE, ACTING, INTERIM, SECONDMENT, COVER, JOB_SHARE})
# Of the reasons for leaving, only this one is looked at; what the cell says is never kept.
DEATH = frozenset({"deceased", "died", "death", "died in service", "death in service"})


class RowRefused(Exception):
    """This row can't be taken; the message says why, `mend` what the sender can do."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.mend = mend


class RowReader:
    """Reads the values of one row as the mapping says, collecting notes for the receipt."""

    def __init__(self, feed: Feed, line: Line) -> None:
        self.feed = feed
        self.line = line
        self.notes: list[str] = []
        self.refused: set[str] = set()

    def set_aside(self) -> str:
        """Give the reason why this row is nobody for the directory, or nothing."""
        if self.line.trouble:
            raise RowRefused(
                self.line.trouble, "Put quotation marks around cells that contain the separator."
            )
        parts = ("full_name",) if "full_name" in self.feed.person else ("given_name", "family_name")
        name = " ".join(self.raw(self.feed.person, part) for part in parts)
        reason = self.feed.eligible.not_a_person.get(fold(clean(name).text))
        return reason or ("" if self.eligible() else NOT_ELIGIBLE)

    def eligible(self) -> bool:
        """Tell whether the row's grade or post makes its holder a leader."""
        column = self.feed.eligible.column
        return not column or fold(self.line.cells[column]) in self.feed.eligible.any_of

    def candidate(self) -> Candidate:
        """Make the row a candidate; RowRefused when name, key, title or organisation can't be read."""
        name = self.name()
        post = self.post()
        first, last = self.day("first_day"), self.day("last_day")
        if first and last and last < first:
            raise RowRefused("the last day is before the first day", "Correct the days.")
        return Candidate(
            line=self.line.number,
            key=self.key(),
            name=name,
            post=post,
            mail=self.several(self.feed.person, "mail", mail_address),
            telephone=self.several(self.feed.person, "telephone", telephone),
            mobile=self.several(self.feed.person, "mobile", telephone),
            sign_in_address=self.checked(self.feed.person, "sign_in_address", mail_address).casefold(),
            kind=self.kind(),
            first_day=first,
            last_day=last,
            deceased=fold(self.raw(self.feed.post, "leaving_reason")) in DEATH,
            office=self.office(),
            refused=frozenset(self.refused),
            notes=tuple(self.notes),
        )

    def raw(self, table: Mapping[str, Column], key: str) -> str:
        """Give the mapped text of one value before any check."""
        column = table.get(key)
        if column is None:
            return ""
        text = column.value if column.value is not None else self.line.cells[column.column].strip()
        if column.map is not None:
            text = column.map.get(fold(text), column.default)
        elif is_blank(text) and column.default:
            text = column.default
        return f"{column.prefix}{text}" if column.prefix and text else text

    def checked(self, table: Mapping[str, Column], key: str, check: Callable[[str], Value]) -> str:
        """Give one checked value; a refused one is left out with a note."""
        value = check(self.raw(table, key))
        if value.note:
            self.notes.append(f"{key.replace('_', ' ')}: {value.note}")
        if value.refused:
            self.refused.add(key)
        return value.text

    def text(self, table: Mapping[str, Column], key: str) -> str:
        """Give one line of text, blank for the words that mean nothing."""
        text = self.checked(table, key, words)
        return "" if is_blank(text) else text

    def needed(self, table: Mapping[str, Column], key: str, *, name: bool = False) -> str:
        """Give a text without which the row can't be taken."""
        value = words(self.raw(table, key), name=name)
        label = key.replace("_", " ")
        if value.refused:
            raise RowRefused(f"{label}: {value.note}", f"Correct the {label} and send the file again.")
        if is_blank(value.text):
            raise RowRefused(f"the row has no {label}", f"Fill in the {label}.")
        if value.note:
            self.notes.append(f"{label}: {value.note}")
        return value.text

    def several(
        self, table: Mapping[str, Column], key: str, check: Callable[[str], Value]
    ) -> tuple[str, ...]:
        """Give the values of a cell that may hold several, separated by semicolons."""
        found = []
        for piece in self.raw(table, key).split(";"):
            value = check(piece)
            if value.note:
                self.notes.append(f"{key.replace('_', ' ')}: {value.note}")
            if value.refused:
                self.refused.add(key)
            elif value.text:
                found.append(value.text)
        return tuple(dict.fromkeys(found))

    def key(self, *, strict: bool = True) -> str:
        """Give the sender's key of the person."""
        return self._key("identity.key", self.feed.key, strict)

    def _key(self, label: str, columns: tuple[str, ...], strict: bool) -> str:
        parts = tuple(fold(clean(self.line.cells[column]).text) for column in columns)
        if strict and not all(parts):
            raise RowRefused(
                f"the row has no {columns[parts.index('')]}", "Every row needs the key agreed for this feed."
            )
        if strict and sum(map(len, parts)) > 200:
            raise RowRefused(f"{label} is over-long", "Check the columns for shifted cells.")
        return escape_key(parts)

    def name(self) -> Name:
        """Take the person's name from one cell or from several."""
        person = self.feed.person
        if "full_name" in person:
            found = split_name(self.needed(person, "full_name", name=True))
        else:
            found = Name(
                self.needed(person, "family_name", name=True), self.needed(person, "given_name", name=True)
            )
        honorific, honours = self.text(person, "honorific"), self.text(person, "honours")
        return replace(
            found,
            honorific=honorific or found.honorific,
            honours=honours or found.honours,
            known_as=self.text(person, "known_as"),
        )

    def post(self) -> PostFacts:
        """Take post and organisation."""
        title = self.needed(self.feed.post, "title")
        organisation = self.organisation()
        key = escape_key((fold(title), fold(organisation.code or organisation.name)))
        if self.feed.post_key:
            key = self._key("identity.post_key", self.feed.post_key, True)
        return PostFacts(
            key=key[:400],
            title=title,
            organisation=organisation,
            role=self.text(self.feed.post, "role"),
            region=self.text(self.feed.post, "region"),
            keyed_by_title=not self.feed.post_key,
        )

    def organisation(self) -> OrganisationFacts:
        """Take what the row says of the organisation; it needs a code or a name."""
        table = self.feed.organisation
        code, name = self.text(table, "code"), ""
        if "name" in table and not (code and not self.raw(table, "name")):
            name = self.needed(table, "name", name=True)
        sector = self.text(table, "sector")
        if sector and sector not in SECTORS:
            self.notes.append(f'sector: "{sector}" is not one the directory knows')
            sector = ""
        if not code and not name:
            raise RowRefused("the row names no organisation", "Fill in the organisation.")
        domains = (each.strip().lower().lstrip("@") for each in self.text(table, "domain").split(";"))
        return OrganisationFacts(
            code=code,
            name=name,
            acronym=self.text(table, "acronym"),
            sector=sector,
            region=self.text(table, "region"),
            domains=tuple(filter(None, domains)),
            duty_line=self.checked(table, "duty_line", telephone),
            parent=self.text(table, "parent"),
            former_name=self.text(table, "former_name"),
        )

    def office(self) -> OfficeFacts | None:
        """Take the private office, when the row says anything of one."""
        table, refused = self.feed.office, set(self.refused)
        facts = OfficeFacts(
            name=self.text(table, "name"),
            mail=self.several(table, "mail", mail_address),
            telephone=self.several(table, "telephone", telephone),
            assistant=self.text(table, "assistant"),
        )
        self.refused = refused  # these names are the person's
        return facts if facts != OfficeFacts() else None

    def kind(self) -> str:
        """Take the kind of tenure; an unknown word is noted and read as substantive."""
        text = self.text(self.feed.post, "kind").casefold()
        if text and text not in KINDS:
            self.notes.append(f'kind: "{text}" is not known here and was read as "{SUBSTANTIVE}"')
            return SUBSTANTIVE
        return text or SUBSTANTIVE

    def day(self, key: str) -> date | None:
        """Take a day; one that can't be read is noted, and the directory keeps what it has."""
        text = self.raw(self.feed.post, key)
        if is_blank(text):
            return None
        found = day(text, self.feed.post[key].date)
        if found is None:
            self.notes.append(f'{key.replace("_", " ")}: "{text[:20]}" is not a day')
            self.refused.add(key)
        return found
