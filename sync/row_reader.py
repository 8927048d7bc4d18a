"""One row as a person in a post, or as the reason why it is nobody for the directory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Generic, TypeVar

from ldap_schema.organisations import SECTORS
from ldap_schema.posts import SUBSTANTIVE
from sync.cells import Cells, RowRefused
from sync.days import read_day
from sync.layout import Line
from sync.mapping import BLANK, KINDS, NOT_ELIGIBLE, VACANT, Column, Feed
from sync.names import Name, names_nobody, person_words, split_name
from sync.normalise import (
    REMEMBERED,
    Value,
    clean,
    domain_name,
    fold,
    is_blank,
    key_text,
    mail_address,
    telephone,
    with_letters,
)
from sync.rows import NONE_REFUSED, Candidate, OfficeFacts, OrganisationFacts, PostFacts, escape_key

# Of the reasons for leaving, only this one is looked at; what the cell says is never kept.
DEATH = frozenset({"deceased", "died", "death", "died in service", "death in service"})
LONGEST_KEY = 200
# What stands in a cell instead when a separator inside another one has moved it along.
_TYPED: Mapping[str, tuple[Callable[[str], Value], ...]] = {
    "mail": (telephone,),
    "sign_in_address": (telephone,),
    "telephone": (mail_address,),
    "mobile": (mail_address,),
    "first_day": (mail_address, telephone),
    "last_day": (mail_address, telephone),
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What some cells of a row say together, with the notes on them and the keys whose value was refused."""

    facts: T
    notes: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()


class RowReader:
    """Reads the rows of one feed. Most rows share organisation and office with others: what was made of the
    same cells before is not made again.
    """

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._names = ("full_name",) if "full_name" in feed.person else ("given_name", "family_name")
        self._organisations: dict[tuple[str, ...], Part[OrganisationFacts]] = {}
        self._offices: dict[tuple[str, ...], Part[OfficeFacts | None]] = {}

    def set_aside(self, line: Line) -> str:
        """Give the reason why this row is nobody for the directory, or nothing."""
        if line.trouble:
            raise RowRefused(line.trouble, "Put quotation marks around cells that contain the separator.")
        person = Cells(self.feed.person, line.cells)
        parts = [clean(person.raw(part)) for part in self._names]
        if any([part.refused for part in parts]):  # that is no name, and is said when the name is taken
            return "" if self.eligible(line) else NOT_ELIGIBLE
        name = " ".join([part.text for part in parts]).strip()
        reason = self.feed.eligible.not_a_person.get(fold(name)) or _nobody(name)
        return reason or ("" if self.eligible(line) else NOT_ELIGIBLE)

    def eligible(self, line: Line) -> bool:
        """Tell whether the row's grade or post makes its holder a leader."""
        column = self.feed.eligible.column
        return not column or fold(line.cells[column]) in self.feed.eligible.any_of

    def candidate(self, line: Line) -> Candidate:
        """Make the row a candidate; RowRefused when name, key, title or organisation can't be read."""
        person, post = Cells(self.feed.person, line.cells), Cells(self.feed.post, line.cells)
        name = self._name(person)
        organisation, office = self._organisation(line), self._office(line)
        facts = self._post(line, post, organisation.facts)
        first, last = _day(post, "first_day"), _day(post, "last_day")
        if first and last and last < first:
            raise RowRefused("the last day is before the first day", "Correct the days.")
        found = Candidate(
            line=line.number,
            key=self.key(line),
            name=name,
            post=facts,
            mail=person.several("mail", mail_address),
            telephone=person.several("telephone", telephone),
            mobile=person.several("mobile", telephone),
            sign_in_address=person.checked("sign_in_address", mail_address).casefold(),
            kind=_kind(post),
            first_day=first,
            last_day=last,
            deceased=fold(post.raw("leaving_reason")) in DEATH,
            office=office.facts,
            refused=frozenset(person.refused | post.refused | organisation.refused) or NONE_REFUSED,
        )
        if len(found.refused & _TYPED.keys()) > 1 and any(map(_misplaced, (person, post))):
            raise RowRefused("its cells stand under other columns' names", "Is a separator inside a cell?")
        before = (line.note,) if line.note else ()
        notes = (*before, *person.notes, *post.notes, *organisation.notes, *office.notes)
        return replace(found, notes=notes) if notes else found

    def vacant_post(self, line: Line) -> PostFacts:
        """Take the post of a row that names nobody."""
        return self._post(line, Cells(self.feed.post, line.cells), self._organisation(line).facts)

    def key(self, line: Line, *, strict: bool = True) -> str:
        """Give the sender's key of the person; not strict: as far as it can be read."""
        return _key(line, "identity.key", self.feed.key, strict)

    def hints(self, line: Line) -> set[str]:
        """Give what a row that can't be taken says, folded: it may name somebody whose key it lost."""
        cells = Cells(self.feed.person, line.cells)
        name = split_name(" ".join(clean(cells.raw(part)).text for part in self._names))
        return {fold(clean(cell).text) for cell in line.cells.values()} | {fold(name.full)}

    def _name(self, person: Cells) -> Name:
        """Take the person's name from one cell or from several."""
        if "full_name" in person.table:
            text = person.needed("full_name", person_words)
            found = split_name(text)
            if "(" in text and not found.known_as:
                person.notes.append("full name: what stood in brackets was left out")
        else:
            given, family = (person.needed(part, person_words) for part in self._names)
            found = Name(family, given)
        if not fold(found.family):
            raise RowRefused("the name has no family name", "Correct the name and send the file again.")
        before, after, called = (person.text(key) for key in ("honorific", "honours", "known_as"))
        return Name(
            found.family,
            found.given,
            before or found.honorific,
            after or found.honours,
            called or found.known_as,
        )

    def _post(self, line: Line, post: Cells, organisation: OrganisationFacts) -> PostFacts:
        """Take the post; without a reference of the sender's, its title and organisation tell it apart."""
        title = post.needed("title", with_letters)
        if self.feed.post_key:
            key = _key(line, "identity.post_key", self.feed.post_key, True)
        else:
            key = escape_key((fold(title), fold(organisation.code or organisation.name)))
        return PostFacts(
            key=key[:400],
            title=title,
            organisation=organisation,
            role=post.text("role"),
            region=post.text("region"),
            keyed_by_title=not self.feed.post_key,
        )

    def _organisation(self, line: Line) -> Part[OrganisationFacts]:
        return _remembered(self._organisations, self.feed.organisation, line, _read_organisation)

    def _office(self, line: Line) -> Part[OfficeFacts | None]:
        return _remembered(self._offices, self.feed.office, line, _read_office)


def _nobody(name: str) -> str:
    if is_blank(name):
        return BLANK
    return VACANT if names_nobody(name) else ""


def _remembered(
    known: dict[tuple[str, ...], Part[T]],
    table: Mapping[str, Column],
    line: Line,
    read: Callable[[Cells], T],
) -> Part[T]:
    said = tuple([line.cells[column.column] for column in table.values() if column.column])
    found = known.get(said)
    if found is None:
        cells = Cells(table, line.cells)
        found = Part(read(cells), tuple(cells.notes), frozenset(cells.refused))
        if len(known) >= REMEMBERED:
            known.clear()
        known[said] = found
    return found


def _read_organisation(cells: Cells) -> OrganisationFacts:
    """Take what a row says of the organisation; it needs a code or a name."""
    code, name = cells.text("code"), ""
    if "name" in cells.table and not (code and not cells.raw("name")):
        name = cells.needed("name", lambda raw: with_letters(raw, name=True))
    if not code and not name:
        raise RowRefused("the row names no organisation", "Fill in the organisation.")
    sector = cells.text("sector")
    if sector and sector not in SECTORS:
        cells.notes.append(f'sector: "{sector}" is not one the directory knows')
        sector = ""
    return OrganisationFacts(
        code=code,
        name=name,
        acronym=cells.text("acronym"),
        sector=sector,
        region=cells.text("region"),
        domains=cells.several("domain", domain_name),
        duty_line=cells.checked("duty_line", telephone),
        parent=cells.text("parent"),
        former_name=cells.text("former_name"),
    )


def _read_office(cells: Cells) -> OfficeFacts | None:
    """Take the private office, when the row says anything of one."""
    facts = OfficeFacts(
        name=cells.text("name"),
        mail=cells.several("mail", mail_address),
        telephone=cells.several("telephone", telephone),
        assistant=cells.text("assistant"),
    )
    return facts if facts != OfficeFacts() else None


def _kind(post: Cells) -> str:
    """Take the kind of tenure; an unknown word is noted and read as substantive."""
    text = post.text("kind").casefold()
    if text and text not in KINDS:
        post.notes.append(f'kind: "{text}" is not known here and was read as "{SUBSTANTIVE}"')
        return SUBSTANTIVE
    return text or SUBSTANTIVE


def _day(post: Cells, key: str) -> date | None:
    """Take a day; one that can't be read is noted, and the directory keeps what it has."""
    text = post.raw(key)
    if is_blank(text):
        return None
    found = read_day(text, post.table[key].date)
    if found.note:
        post.notes.append(f"{key.replace('_', ' ')}: {found.note}")
    if found.refused:
        post.refused.add(key)
    return found.day


def _misplaced(cells: Cells) -> bool:
    """Tell whether a refused cell holds what belongs under another column."""
    return any(check(cells.raw(key)).text for key in cells.refused & _TYPED.keys() for check in _TYPED[key])


def _key(line: Line, label: str, columns: tuple[str, ...], strict: bool) -> str:
    """Join the cells that tell one person or post from another. What is private is never part of it."""
    values = [key_text(line.cells[column]) if strict else clean(line.cells[column]) for column in columns]
    parts = tuple([fold(value.text) for value in values])
    if strict:
        # "N/A" tells nobody apart; beside another column's value it may be a code ("ND", "X").
        none = all(map(is_blank, parts))
        for column, value, part in zip(columns, values, parts, strict=True):
            if value.refused:
                raise RowRefused(f"{column}: {value.note}", f"Correct the {column} or agree on another key.")
            if none or not part:
                raise RowRefused(f"the row has no {column}", "Every row needs the key agreed for this feed.")
        if sum(map(len, parts)) > LONGEST_KEY:
            raise RowRefused(f"{label} is over-long", "Check the columns for shifted cells.")
    return escape_key(parts)
